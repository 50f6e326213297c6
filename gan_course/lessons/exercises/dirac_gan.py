"""One round of the smallest GAN, in notebook 02."""
import numpy as np

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
)


def dirac_step(psi, theta, h):
    """One alternating round with learning rate h: (psi, theta) before -> (psi, theta) after."""
    psi = psi - h * theta / (1 + np.exp(-psi * theta))  # D climbs V
    theta = theta + h * psi / (1 + np.exp(-psi * theta))  # G descends, and meets the new psi
    return psi, theta


def sigma(l):
    return 1 / (1 + np.exp(-l))


def two_moves(psi, theta, h, up=-1.0, down=+1.0, squash=sigma):
    psi = psi + up * h * theta * squash(psi * theta)
    return psi, theta + down * h * psi * squash(psi * theta)


def simultaneous(psi, theta, h):
    return psi - h * theta * sigma(psi * theta), theta + h * psi * sigma(psi * theta)


def G_first(psi, theta, h):
    theta = theta + h * psi * sigma(psi * theta)
    return psi - h * theta * sigma(psi * theta), theta


def half_new(psi, theta, h):
    new = psi - h * theta * sigma(psi * theta)
    return new, theta + h * new * sigma(psi * theta)


def half_old(psi, theta, h):
    new = psi - h * theta * sigma(psi * theta)
    return new, theta + h * psi * sigma(new * theta)


def non_saturating(psi, theta, h):
    psi = psi - h * theta * sigma(psi * theta)
    return psi, theta + h * psi * sigma(-psi * theta)


def exchanged(psi, theta, h):
    new = psi - h * psi * sigma(psi * theta)
    return new, theta + h * theta * sigma(new * theta)


DIRAC_MISTAKES = (
    Mistake(
        "not_two",
        "It should give back two numbers, psi and theta after the round, in this order.",
        when=lambda seen: "what it returns" in seen,
    ),
    Mistake(
        "simultaneous",
        "That is the simultaneous game: both looked, then both moved. In the alternating one G "
        "sees where D stands now. Which value of psi does G's line use?",
        like=simultaneous,
    ),
    Mistake(
        "G_first",
        "G moves first here. A round of the course begins with D, and G answers.",
        like=G_first,
    ),
    Mistake(
        "half_new",
        "G's gradient has psi in it twice, and one of them is still the old one. Compute the whole"
        " gradient after D has moved.",
        like=(half_new, half_old),
    ),
    Mistake(
        "D_descends",
        "D goes down V here, which makes it worse at telling the two apart. Who climbs, who "
        "descends?",
        like=lambda *now: two_moves(*now, up=+1.0),
    ),
    Mistake(
        "G_ascends",
        "G climbs V here, which makes its fakes easier to spot. Who climbs, who descends?",
        like=lambda *now: two_moves(*now, down=-1.0),
    ),
    Mistake(
        "both_signs",
        "Both players run the wrong way: each makes its own score worse. Who climbs V, who "
        "descends?",
        like=lambda *now: two_moves(*now, up=+1.0, down=-1.0),
    ),
    Mistake(
        "linearised",
        "The sigmoid is replaced by one half. That is right close to the equilibrium only; here "
        "psi and theta are large.",
        like=lambda *now: two_moves(*now, squash=lambda l: 0.5),
    ),
    Mistake(
        "no_sigmoid",
        "The sigmoid is missing: each derivative is one number times the sigmoid of D's logit on "
        "the fake.",
        like=(
            lambda *now: two_moves(*now, squash=lambda l: 1.0),
            lambda *now: two_moves(*now, squash=lambda l: l),
        ),
    ),
    Mistake(
        "sigmoid_sign",
        "The sign inside the sigmoid is turned round: that is how sure D is that the fake is a "
        "fake, and the derivative of log(1 - D) has D itself.",
        like=lambda *now: two_moves(*now, squash=lambda l: sigma(-l)),
    ),
    Mistake(
        "non_saturating",
        "G follows the non-saturating loss. A good idea in practice, but in this game both players"
        " follow the gradient of the same V.",
        like=non_saturating,
    ),
    Mistake(
        "slopes_exchanged",
        "The two derivatives are exchanged: the one by psi has theta in front of the sigmoid, and "
        "the other way round. Differentiate V by psi once more.",
        like=exchanged,
    ),
    Mistake(
        "no_h",
        "The learning rate h does not count: a step is h times the derivative.",
        like=lambda psi, theta, h: two_moves(psi, theta, 1.0),
    ),
    Mistake(
        "order",
        "The two numbers come back in the wrong order: psi first, then theta.",
        like=lambda *now: two_moves(*now)[::-1],
    ),
    Mistake(
        "D_only",
        "Only D has moved. A round is one move of each.",
        like=lambda psi, theta, h: (two_moves(psi, theta, h)[0], theta),
    ),
    Mistake(
        "G_only",
        "Only G has moved. A round is one move of each.",
        like=lambda *now: two_moves(*now, up=0.0),
    ),
    Mistake(
        "only_the_steps",
        "It gives back how far the two move instead of where they arrive.",
        like=lambda psi, theta, h: tuple(
            new - old for new, old in zip(two_moves(psi, theta, h), (psi, theta), strict=True)
        ),
    ),
)


def two_numbers(results, inputs):
    for result in results:
        row = isinstance(result, list | tuple) or getattr(result, "ndim", 0) == 1
        numbers = [as_number(part) for part in result] if row else []
        if len(numbers) != 2 or any(isinstance(each, str) or each.dim() for each in numbers):
            return {"what it returns": type(result).__name__}
        return {"the new psi": numbers[0], "the new theta": numbers[1]}
    return {}


EXERCISES = (
    Exercise(
        "02.dirac_step",
        dirac_step,
        (
            Probe(lambda: {"psi": 0.7, "theta": -1.9, "h": 0.6}, two_numbers, DIRAC_MISTAKES),
            Probe(lambda: {"psi": -1.3, "theta": 0.4, "h": 0.3}, two_numbers, DIRAC_MISTAKES),
        ),
        (
            "With all real data at 0 and all fakes at theta, V = log(1/2) + log(1 - sigmoid(psi "
            "theta)). Differentiate it by psi and by theta.",
            "Both derivatives are minus (the other player's number) times sigmoid(psi theta). D "
            "adds h times its own, G subtracts h times its own.",
            "Three lines: psi after D's move; theta after G's move, its derivative computed with "
            "that new psi; give both back.",
        ),
        "Call it again and again from (0, 1) and the path circles.",
    ),
)
