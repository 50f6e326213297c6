"""What exercises on losses have in common: how to look at a loss, and what goes wrong with any of
them.

A loss of the course is a sum of means, one for each argument: loss(a, b) = mean(cost_a(a)) +
mean(cost_b(b)). From the costs alone follow the wrong solutions that every such loss has: a sum, a
vector, one term only, the other sign.
"""
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import Mistake, Probe, Seen, as_number, number_called

ORDINARY = {"real_logits": [0.3, 0.8, 0.6], "fake_logits": [0.2, 0.7, 0.45, 0.9]}
"""Logits that are probabilities too, so that whoever mixes up the two gets a number that gives them
away, not NaN.
"""
WIDE = {"real_logits": [-4.0, 0.5, 6.0], "fake_logits": [3.0, -5.0, 0.1, 1.7]}
EXTREME = {"real_logits": [1000.0, -1000.0, 2.0], "fake_logits": [-1000.0, 1000.0, 1.0, 3.0]}

SIGMOID_TWICE = ("It sends the logits through a sigmoid, and then into a formula that has the "
                 "sigmoid inside: twice is once too often. The loss can then never come near 0, "
                 "and the gradients are small everywhere. Count the sigmoids on the way from logit "
                 "to logarithm.")
SIGMOID_FORGOTTEN = ("It takes the logarithm of the logits themselves. A logit can be any number, "
                     "also a negative one; only D(x), a probability, belongs inside the logarithm "
                     "of the formula. What lies between the two?")
NO_LOG = ("It adds up probabilities. The formula has logarithms of them: they are what makes being "
          "sure and wrong so expensive.")
WASSERSTEIN = ("It takes the logits as they are, without logarithm or probability: so does the "
               "critic of a Wasserstein GAN, which notebook 05 needs further rules for. This "
               "formula has logarithms of probabilities.")
LEAST_SQUARES = ("It measures squared distances. That is a loss of another GAN (the least-squares "
                 "one), with another divergence; this formula has logarithms.")


def probes(costs: dict[str, Callable[[Tensor], Tensor]],
           mistakes: tuple[Mistake, ...]) -> tuple[Probe, ...]:
    """How to look at the loss whose arguments and costs these are: its value, its gradient, then
    logits of ±1000.
    """
    names = tuple(costs)
    value = (*_in_its_form(costs), *mistakes, *_in_its_reduction(costs))
    return (Probe(_inputs(ORDINARY, names),
                  _value,
                  value), Probe(_inputs(WIDE, names), _value, value),
            Probe(_inputs(ORDINARY, names, gradient=True),
                  _gradient,
                  IN_THE_GRADIENT[:1 + len(names)]),
            Probe(_inputs(EXTREME, names, gradient=True), _both, AT_THE_EXTREMES))


def of_its_gradient(probe: Probe, *arguments: str) -> Probe:
    """Another look at a loss whose value is right: the gradients that reach these arguments.

    For a network among them, those of its parameters.
    """
    def inputs() -> dict:
        made = probe.inputs()
        for name in arguments:
            made[name].requires_grad_(True)
        return made

    def look(results: list, inputs: dict) -> Seen:
        wanted = {}
        for name in arguments:
            each = inputs[name]
            wanted |= dict(each.named_parameters() if isinstance(each, nn.Module)
                           else {name: each})
        return _gradient(results, wanted)

    return replace(probe, inputs=inputs, look=look, mistakes=OF_A_GRADIENT)


def of(costs: dict[str, Callable], reduce: Callable = torch.mean) -> Callable:
    """The loss with these costs."""
    return lambda *logits: sum(reduce(cost(l)) for cost, l in zip(costs.values(), logits,
                                                                  strict=True))


def _inputs(numbers: dict[str, list[float]], names: tuple[str, ...],
            gradient: bool = False) -> Callable[[], dict[str, Tensor]]:
    return lambda: {name: torch.tensor(numbers[name], requires_grad=gradient) for name in names}


def _value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def _gradient(results: list, inputs: dict) -> Seen:
    seen: Seen = {}
    for result in results:
        if not isinstance(result, Tensor):
            return {"the gradient": f"missing: a {type(result).__name__} has none"}
        gradients = [None] * len(inputs)
        if result.requires_grad:
            gradients = torch.autograd.grad(result.sum(), list(inputs.values()), allow_unused=True)
        seen |= {f"the gradient for {name}": "missing" if gradient is None else as_number(gradient)
                 for name, gradient in zip(inputs, gradients, strict=True)}
    return seen


def _both(results: list, inputs: dict) -> Seen:
    return _value(results, inputs) | _gradient(results, inputs)


def _missing(seen: Seen) -> list[bool]:
    return [isinstance(value, str) and value == "missing" for name, value in seen.items()
            if name.startswith("the gradient for")]


def _finite(seen: Seen) -> bool:
    return all(torch.isfinite(value).all() for value in seen.values() if isinstance(value, Tensor))


def _in_its_form(costs: dict[str, Callable]) -> tuple[Mistake, ...]:
    right = of(costs)

    def backward_inside(*logits):
        right(*logits).backward()

    def joined(*logits):
        return torch.cat([cost(l) for cost, l in zip(costs.values(), logits, strict=True)])

    return (
        Mistake("backward_inside", "A loss function only computes a number. Calling `backward` is "
                "the training loop's affair, and it cannot work for a caller who only wants to "
                "read the value.",
                like=backward_inside),
        Mistake("several_values", "It gives back several things instead of one number. An "
                "optimizer can only make one number small: how do the terms of the formula become "
                "one?",
                when=lambda seen: seen.get("the value") in ("a tuple", "a list", "a dict")),
        Mistake("vector", "There is still one number for each example, but a loss is one number "
                "for the whole batch. The E in the formula stands for something that has not been "
                "done yet.",
                like=joined),
    )


def _in_its_reduction(costs: dict[str, Callable]) -> tuple[Mistake, ...]:
    shared = (
        Mistake("sum", "It adds up over the examples, so a batch twice as large costs twice as "
                "much, and no chance level could be given. The E in the formula is another way of "
                "gathering them.",
                like=(of(costs, torch.sum), _one_sum(costs))),
        Mistake("log_of_mean", "It averages the probabilities first and takes the logarithm "
                "afterwards. The formula averages logarithms: every example pays for itself, and "
                "an example that D gets badly wrong is not hidden by the others.",
                like=_log_of_mean(costs)),
        Mistake("sign", "Its size is right, its sign is not. Code minimises, and minimising this "
                "would teach the player to play as badly as it can. Which way should this number "
                "go as the player gets better?",
                like=lambda *logits: -of(costs)(*logits)),
    )
    if len(costs) == 1:
        return shared
    real, fake = costs.values()
    return (
        Mistake("half", "Right up to a factor: this is exactly half of it. The mean of the two "
                "halves is common in code, and it trains. But the formula adds: with half of it "
                "chance is 0.693 and not 1.386, and D's curves in this course would mislead you.",
                like=lambda r, f: (real(r).mean() + fake(f).mean()) / 2),
        Mistake("pooled", "All examples go into one mean. The value has two means, one over real "
                "and one over fake, so that neither counts more because its batch is larger.",
                like=lambda r, f: torch.cat([real(r), fake(f)]).mean()),
        Mistake("one_by_one", "It puts real and fake examples together one by one, and here there "
                "are 3 of one kind and 4 of the other. They are no pairs: each kind has an E of "
                "its own in the formula.",
                like=lambda r, f: real(r) + fake(f)),
        Mistake("real_only", "Only the real examples count. A D that calls everything real would "
                "pay nothing: which term of V would object?",
                like=lambda r, f: real(r).mean()),
        Mistake("fake_only", "Only the fakes count. A D that calls everything fake would pay "
                "nothing: which term of V would object?",
                like=lambda r, f: fake(f).mean()),
        Mistake("subtracted", "One of the two terms has the wrong sign: being wrong about it is "
                "rewarded. Write each term so that it alone is small when D is right, and only "
                "then put them together.",
                like=(lambda r, f: real(r).mean() - fake(f).mean(),
                      lambda r, f: fake(f).mean() - real(r).mean())),
        *shared,
    )


def _one_sum(costs: dict[str, Callable]) -> Callable:
    """A sum where the last term has a mean: half forgotten."""
    def loss(*logits):
        *first, last = [(cost(l).sum(), cost(l).mean()) for cost, l in zip(costs.values(), logits,
                                                                           strict=True)]
        return sum(total for total, _ in first) + (last[1] if first else last[0])
    return loss


def _log_of_mean(costs: dict[str, Callable]) -> Callable:
    """Each cost is -log of a probability."""
    return lambda *logits: -sum((-cost(l)).exp().mean().log() for cost, l in zip(costs.values(),
                                                                                 logits,
                                                                                 strict=True))


IN_THE_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number. A plain number does not "
            "remember where it came from, so `backward` would have nothing to follow. Which call "
            "turns the tensor into a number?",
            when=lambda seen: "the gradient" in seen),
    Mistake("detached", "The value is right, but no gradient flows back from it: training would "
            "not move anything. Something in it cuts the tensor loose from its history.",
            when=lambda seen: bool(_missing(seen)) and all(_missing(seen))),
    Mistake("detached_part", "The value is right, but no gradient reaches one of the two "
            "arguments, so D would learn from half of what it sees. It is the fakes that are "
            "detached, in the training loop; the logits are not.",
            when=lambda seen: any(_missing(seen))),
)
OF_A_GRADIENT = (
    IN_THE_GRADIENT[0],
    Mistake("detached", "The value is right, but a gradient is missing, so training would move "
            "nothing, or not what it should. Something in it cuts a tensor loose from its history "
            "(`.detach()`, `torch.no_grad()`).", when=lambda seen: "the error" not in seen),
)
LOG_OF_LOGITS = Mistake(
    "sigmoid_forgotten", SIGMOID_FORGOTTEN,
    when=lambda seen: not _finite(seen) or "between 0 and 1" in seen.get("the error", ""))
"""Where some logits are below 0: their logarithm is NaN, and `binary_cross_entropy` refuses them.
"""
WHERE_D_IS_SURE = (
    Mistake("unstable", "The formula is right, but for large logits it gives infinity, or stops "
            "growing. The sigmoid rounds to 0 or 1 before the logarithm sees it: `softplus` does "
            "both in one, on logits.", when=lambda seen: "the error" not in seen),
)
AT_THE_EXTREMES = (
    Mistake("unstable", "The formula is right, but at logits of ±1000 it gives infinity or NaN, "
            "and one such number ruins a training. The sigmoid has rounded to 0 before the "
            "logarithm sees it: notebook 02, section 2, has a form on logits in which nothing "
            "needs rounding.",
            when=lambda seen: not _finite(seen)),
    Mistake("clamped", "The formula is right for ordinary logits, but at ±1000 it stops growing, "
            "and its gradient dies just where a player is most wrong. An epsilon or a clamp hides "
            "the trouble; a form on logits does not have it.",
            when=_finite),
)
