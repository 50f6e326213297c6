"""The exercises of notebook 02: both losses, the best discriminator, a network that has to find it,
and one round of the smallest GAN.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, softplus

from gan_course.lessons.exercises import _losses
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._losses import (
    LEAST_SQUARES,
    NO_LOG,
    SIGMOID_FORGOTTEN,
    SIGMOID_TWICE,
    WASSERSTEIN,
)
from gan_course.lessons.exercises._networks import Network


def discriminator_loss(real_logits, fake_logits):
    """-V(D, G): what D minimises. Logits (N,) and (M,) -> scalar."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def non_saturating_generator_loss(fake_logits):
    """-E[log D(G(z))]: what G minimises in practice. Logits (N,) -> scalar."""
    return softplus(-fake_logits).mean()


def best_discriminator(p, q):
    """D*(x) from the densities of real and fake at the same places: (N,), (N,) -> (N,)."""
    return p / (p + q)


class Discriminator(nn.Module):
    """x (N, 1) -> logits (N,), through two hidden layers with ReLU."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(1, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.layers(x).squeeze(1)


def dirac_step(psi, theta, h):
    """One alternating round with learning rate h: (psi, theta) before -> (psi, theta) after."""
    psi = psi - h * theta / (1 + np.exp(-psi * theta))  # D climbs V
    theta = theta + h * psi / (1 + np.exp(-psi * theta))  # G descends, and meets the new psi
    return psi, theta


def real_cost(logits):
    return softplus(-logits)


def fake_cost(logits):
    return softplus(logits)


D_MISTAKES = (
    Mistake(
        "labels",
        "Real and fake are exchanged: a D that is right about everything would pay the most. Think"
        " of a clever D, with high logits on real and low ones on fake. What should it pay?",
        like=lambda r, f: fake_cost(r).mean() + real_cost(f).mean(),
    ),
    Mistake(
        "both_real",
        "It rewards high logits on the fakes too, so calling everything real would be perfect "
        "play. Look at the second term of V: what does D earn for a fake?",
        like=lambda r, f: real_cost(r).mean() + real_cost(f).mean(),
    ),
    Mistake(
        "both_fake",
        "It rewards low logits on real examples too, so calling everything fake would be perfect "
        "play. Look at the first term of V: what does D earn for a real one?",
        like=lambda r, f: fake_cost(r).mean() + fake_cost(f).mean(),
    ),
    Mistake(
        "sigmoid_twice",
        SIGMOID_TWICE,
        like=(
            lambda r, f: discriminator_loss(r.sigmoid(), f.sigmoid()),
            lambda r, f: discriminator_loss(r.sigmoid(), f),
            lambda r, f: discriminator_loss(r, f.sigmoid()),
        ),
    ),
    Mistake(
        "sigmoid_forgotten",
        SIGMOID_FORGOTTEN,
        like=(
            lambda r, f: -r.log().mean() - (1 - f).log().mean(),
            lambda r, f: r.log().mean() + (1 - f).log().mean(),
            lambda r, f: real_cost(r).mean() - (1 - f).log().mean(),
            lambda r, f: -r.log().mean() + fake_cost(f).mean(),
        ),
    ),
    Mistake(
        "no_log",
        NO_LOG,
        like=(
            lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean(),
            lambda r, f: -r.sigmoid().mean() - (1 - f.sigmoid()).mean(),
            lambda r, f: r.sigmoid().mean() + (1 - f.sigmoid()).mean(),
            lambda r, f: f.sigmoid().mean() - r.sigmoid().mean(),
        ),
    ),
    Mistake(
        "wasserstein",
        WASSERSTEIN,
        like=(lambda r, f: f.mean() - r.mean(), lambda r, f: r.mean() - f.mean()),
    ),
    Mistake(
        "least_squares",
        LEAST_SQUARES,
        like=(
            lambda r, f: (r - 1).square().mean() + f.square().mean(),
            lambda r, f: (r.sigmoid() - 1).square().mean() + f.sigmoid().square().mean(),
        ),
    ),
)
G_MISTAKES = (
    Mistake(
        "saturating",
        "This is the other generator loss, the minimax one: its value falls too when D is fooled, "
        "but its gradient vanishes just where the fakes are worst. The one asked for has its "
        "logarithm around D itself.",
        like=lambda f: -fake_cost(f).mean(),
    ),
    Mistake(
        "labels",
        "This is what D pays for the fakes: it falls when they are spotted, so G would learn to be"
        " caught. G wants D to take them for real: which target belongs to that?",
        like=lambda f: fake_cost(f).mean(),
    ),
    Mistake("sigmoid_twice", SIGMOID_TWICE, like=lambda f: real_cost(f.sigmoid()).mean()),
    Mistake(
        "sigmoid_forgotten",
        SIGMOID_FORGOTTEN,
        like=(
            lambda f: -f.log().mean(),
            lambda f: f.log().mean(),
            lambda f: binary_cross_entropy(f, torch.ones_like(f)),
        ),
    ),
    Mistake(
        "no_log",
        NO_LOG,
        like=(
            lambda f: -f.sigmoid().mean(),
            lambda f: (1 - f.sigmoid()).mean(),
            lambda f: f.sigmoid().mean(),
        ),
    ),
    Mistake("wasserstein", WASSERSTEIN, like=(lambda f: -f.mean(), lambda f: f.mean())),
    Mistake(
        "least_squares",
        LEAST_SQUARES,
        like=(lambda f: (f - 1).square().mean(), lambda f: (f.sigmoid() - 1).square().mean()),
    ),
)
BEST_MISTAKES = (
    Mistake(
        "inverted",
        "This is the probability of being fake. Where real examples are much denser than fakes, D*"
        " should be near 1.",
        like=lambda p, q: q / (p + q),
    ),
    Mistake(
        "ratio",
        "This is the odds: three real for each fake give 3. D* is a probability: of four examples "
        "that turn up there, how many are real?",
        like=(lambda p, q: p / q, lambda p, q: q / p),
    ),
    Mistake(
        "logit",
        "This is the logit of D*, the log of the density ratio. One function is missing that turns"
        " any number into a probability.",
        like=(lambda p, q: p.log() - q.log(), lambda p, q: q.log() - p.log()),
    ),
    Mistake(
        "brackets",
        "Python divides before it adds. Put brackets around what belongs together below the line.",
        like=lambda p, q: p / p + q,
    ),
    Mistake(
        "sigmoid_of_densities",
        "A sigmoid is a good idea, but it wants a logit, and a difference or a ratio of densities "
        "is none: it can never come near both 0 and 1. Which number has the best probability as "
        "its sigmoid? It is made of the logarithms of both densities.",
        like=(
            lambda p, q: torch.sigmoid(p - q),
            lambda p, q: torch.sigmoid(p / q),
            lambda p, q: torch.sigmoid(p),
        ),
    ),
    Mistake(
        "difference",
        "A difference of densities is negative where fakes dominate, and no probability. D* "
        "compares them as a share.",
        like=(lambda p, q: p - q, lambda p, q: (p - q) / (p + q)),
    ),
    Mistake(
        "over_all_places",
        "It divides by something summed over all places. D is asked about one place at a time: "
        "only the two densities there count.",
        like=(
            lambda p, q: p / (p + q).sum(),
            lambda p, q: p / p.sum(),
            lambda p, q: p.sum() / (p + q).sum(),
        ),
    ),
    Mistake(
        "mean",
        "It gives one number for all places together. D* is a function: it has an answer of its "
        "own for each x.",
        like=lambda p, q: (p / (p + q)).mean(),
    ),
    Mistake(
        "one_half",
        "That is D* at the equilibrium, where p = q. Here the two differ, and the best D knows "
        "more than one half.",
        like=(lambda p, q: torch.full_like(p, 0.5), lambda p, q: 0.5),
    ),
    Mistake(
        "hard",
        "It decides yes or no. Where real examples are only a little denser, the best D is only a "
        "little surer than one half: a wrong answer given with certainty would cost an infinite "
        "amount.",
        like=(lambda p, q: p > q, lambda p, q: p >= q),
    ),
    Mistake(
        "half_mixture",
        "It divides by the mean of the two densities instead of by both together, so that it "
        "reaches 2. The mixture m = (p + q)/2 belongs to the JSD; D* is a share of the whole.",
        like=lambda p, q: p / ((p + q) / 2),
    ),
)


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


def densities():
    return {
        "p": torch.tensor([0.3, 0.05, 0.2, 0.01, 0.6]),
        "q": torch.tensor([0.1, 0.35, 0.2, 0.4, 0.003]),
    }


def shares(results, inputs):
    return number_called("D*", results)


def numbers_on_a_line(width):
    return (torch.randn(N, 1),)


def two_numbers(results, inputs):
    for result in results:
        numbers = (
            [as_number(part) for part in result]
            if np.ndim(result) == 1 and len(result) == 2
            else []
        )
        if len(numbers) != 2 or any(isinstance(number, str) for number in numbers):
            return {"what it returns": type(result).__name__}
        return {"the new psi": numbers[0], "the new theta": numbers[1]}
    return {}


EXERCISES = (
    Exercise(
        "02.discriminator_loss",
        discriminator_loss,
        _losses.probes({"real_logits": real_cost, "fake_logits": fake_cost}, D_MISTAKES),
        (
            "Begin with one example. V gives D log D(x) for a real one; the loss is minus that. "
            "Which function of the logit is it?",
            "The text above has both pieces: `softplus` of one sign for real examples, of the "
            "other for fakes. A clever D pays nearly nothing.",
            "One cost for each example, then one mean over real and one over fake, then both "
            "added. Two calls of `softplus`, two of `mean`.",
        ),
        "It is -V(D, G) in a form that does not overflow. An undecided D pays 1.386.",
    ),
    Exercise(
        "02.non_saturating_generator_loss",
        non_saturating_generator_loss,
        _losses.probes({"fake_logits": real_cost}, G_MISTAKES),
        (
            "G wants its fakes to be taken for real. Which of D's two costs would say how far they"
            " are from that?",
            "It is -log D of the fakes, on average. You wrote -log D for real examples a moment "
            "ago.",
            "The same `softplus` that D pays for real examples, on the fakes' logits, and its "
            "mean.",
        ),
        "Its gradient is largest where D is sure of a fake. Later in the notebook you see why that"
        " matters.",
    ),
    Exercise(
        "02.best_discriminator",
        best_discriminator,
        (Probe(densities, shares, BEST_MISTAKES),),
        (
            "Think of one place x where three real examples turn up for each fake. Someone shows "
            "you one from there: how likely is it real?",
            "Real ones as a share of all that turn up there. Nothing from other places is needed.",
            "All that turn up at x have density p(x) + q(x). Mind the brackets.",
        ),
        "Where p = q it says 1/2, whatever their size: only the ratio counts.",
    ),
    Network(
        "02.Discriminator",
        Discriminator,
        ({"width": 8}, {"width": 13}),
        numbers_on_a_line,
        "discriminator",
        (
            "`__init__` makes the layers, `forward` sends x through them.",
            "`nn.Sequential` takes the layers in order: from 1 number to width, ReLU, from width "
            "to width, ReLU, from width to 1.",
            "The last layer is the output, without a sigmoid: a logit may be any number. "
            "`.squeeze(1)` makes (N, 1) into (N,).",
        ),
        well_done="Numbers in, one logit for each of them out.",
    ),
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
