"""The exercises of notebook 15 on the loss: the relativistic pairing loss, and the penalty that is
R1 on real data and R2 on fakes.

The scores that the penalty is given come from a critic without kinks, which the tensor x brings
along for the check to look at.
"""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._penalty import Watching


def pairing_loss(higher, lower):
    """The mean cost of pairs in which the first score should be the higher one."""
    return softplus(lower - higher).mean()


def penalty(scores, x):
    """E[|grad D(x)|^2]: scores (N,) of x (N, ...) -> a scalar that D can be trained with."""
    slope, = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(dim=1).mean()


# The loss

def _scores(higher: list[float], lower: list[float], gradient: bool = False) -> Callable:
    return lambda: {"higher": torch.tensor(higher, requires_grad=gradient),
                    "lower": torch.tensor(lower, requires_grad=gradient)}


ordinary = _scores([0.3, -0.8, 0.6], [0.2, 0.7, -0.45])
learned = _scores([-1.0, 0.5, 2.0], [1.0, -2.0, 0.1], gradient=True)
extreme = _scores([1000.0, -1000.0, 2.0], [-1000.0, 1000.0, 1.0], gradient=True)


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def gradient(results: list, inputs: dict) -> Seen:
    """The gradient that each of the two arguments gets."""
    result = results[0] if results else None
    if not isinstance(result, Tensor):
        return {"the gradient": f"missing: a {type(result).__name__} has none"}
    found = [None] * len(inputs)
    if result.requires_grad:
        found = torch.autograd.grad(result.sum(), list(inputs.values()), allow_unused=True)
    return {f"the gradient for {name}": "missing" if each is None else as_number(each)
            for name, each in zip(inputs, found, strict=True)}


def at_extremes(results: list, inputs: dict) -> Seen:
    return value(results, inputs) | gradient(results, inputs)


OF_THE_LOSS = (
    Mistake("swapped", "The two are swapped: this is small where the *second* score is the higher "
            "one. The first argument is the one that should win.",
            like=lambda higher, lower: softplus(higher - lower).mean()),
    Mistake("sign", "Its size is right, its sign is not: minimising this would teach a player to "
            "lose.", like=lambda higher, lower: -softplus(lower - higher).mean()),
    Mistake("separate", "It judges each score by itself, as the losses of notebook 02 do. Here "
            "only the difference within a pair counts: adding 5 to all scores must change nothing.",
            like=(lambda higher, lower: softplus(-higher).mean() + softplus(lower).mean(),
                  lambda higher, lower: (softplus(-higher).mean() + softplus(lower).mean()) / 2)),
    Mistake("one_side", "Only one of the two arguments counts. A pair has two members.",
            like=(lambda higher, lower: softplus(-higher).mean(),
                  lambda higher, lower: softplus(lower).mean())),
    Mistake("no_log", "It adds up probabilities that the pair is in the wrong order. The formula "
            "takes the logarithm of the probability of the right order.",
            like=(lambda higher, lower: torch.sigmoid(lower - higher).mean(),
                  lambda higher, lower: -torch.sigmoid(higher - lower).mean())),
    Mistake("wasserstein", "It is the plain difference of the scores, as of a Wasserstein GAN's "
            "critic. Around it the softplus is missing, which stops paying once a pair is clearly "
            "in order.", like=lambda higher, lower: (lower - higher).mean()),
    Mistake("sigmoids", "It subtracts probabilities instead of scores. The difference of two raw "
            "scores goes into softplus.",
            like=lambda higher, lower: softplus(lower.sigmoid() - higher.sigmoid()).mean()),
    Mistake("of_means", "It compares the mean of one side with the other side, or with its mean. "
            "That is the relativistic *average* GAN. Here each score has a partner of its own, the "
            "one in the same row.",
            like=(lambda higher, lower: softplus(lower.mean() - higher.mean()),
                  lambda higher, lower: softplus(lower.mean() - higher).mean(),
                  lambda higher, lower: softplus(lower - higher.mean()).mean(),
                  lambda higher, lower: (softplus(lower.mean() - higher).mean()
                                         + softplus(lower - higher.mean()).mean()) / 2)),
    Mistake("all_pairs", "It pairs every score with every other. Each has one partner, the one in "
            "the same row.",
            like=lambda higher, lower: softplus(lower[None] - higher[:, None]).mean()),
    Mistake("sum", "It adds up over the pairs, so a mini-batch twice as large costs twice as much. "
            "The E in the formula is a mean.",
            like=lambda higher, lower: softplus(lower - higher).sum()),
    Mistake("vector", "There is still one number for each pair. The E in the formula has not been "
            "taken.", like=lambda higher, lower: softplus(lower - higher)),
)
OF_ITS_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and `backward` would "
            "have nothing to follow. Give the tensor itself back.",
            when=lambda seen: "the gradient" in seen),
    Mistake("detached", "The value is right, but a gradient is missing: something in it cuts a "
            "score loose from its history. Both members of a pair teach.",
            when=lambda seen: "missing" in [each for each in seen.values()
                                            if isinstance(each, str)]),
)
AT_EXTREMES = (
    Mistake("unstable", "The formula is right, but for scores of ±1000 it gives infinity or NaN, "
            "and one such number ruins a training. `softplus` computes log(1 + e^t) without ever "
            "overflowing.", when=lambda seen: True),
)


# The penalty

def _scene(data_shape: tuple[int, ...]) -> Callable[[], dict]:
    def inputs():
        _sandbox.seed(5)
        critic = Watching(data_shape)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.mul_(2.0)
        x = torch.randn(5, *data_shape).requires_grad_(True)
        x.critic = critic
        return {"scores": critic(x), "x": x}
    return inputs


rows, images = _scene((3,)), _scene((2, 3, 4))


def penalty_seen(results: list, inputs: dict) -> Seen:
    left = any(parameter.grad is not None for parameter in inputs["x"].critic.parameters())
    return number_called("the penalty", results) | {
        "gradients left behind": "some" if left or inputs["x"].grad is not None else "none"}


def critics_gradient(results: list, inputs: dict) -> Seen:
    """The gradient of the penalty by the critic's weights."""
    result, weights = results[0] if results else None, list(inputs["x"].critic.parameters())
    if not isinstance(result, Tensor):
        return {"the gradient": f"missing: a {type(result).__name__} has none"}
    found = [None] * len(weights)
    if result.requires_grad:
        found = torch.autograd.grad(result.sum(), weights, allow_unused=True)
    return {"the critic's gradient": as_number(torch.cat([
        (0 * weight if each is None else each).flatten()
        for weight, each in zip(weights, found, strict=True)]))}


def _of(change: Callable[[Tensor], Tensor],
        gather: Callable[[Tensor], Tensor] = torch.sum) -> Callable:
    """A penalty that is wrong in what it makes of the slopes, or of the scores before."""
    def penalty(scores, x):
        slope, = torch.autograd.grad(gather(scores), x, create_graph=True)
        return change(slope)
    return penalty


def right(slope: Tensor) -> Tensor:
    return slope.flatten(1).square().sum(dim=1).mean()


def lengths(slope: Tensor) -> Tensor:
    return slope.flatten(1).norm(dim=1)


def error_says(*words: str) -> Callable[[Seen], bool]:
    return lambda seen: any(word in seen.get("the error", "") for word in words)


OF_THE_PENALTY = (
    Mistake("backward_inside", "It calls `backward`, which leaves gradients behind that nobody "
            "asked for. `torch.autograd.grad` only hands the gradient over.",
            when=lambda seen: seen["gradients left behind"] == "some"),
    Mistake("not_a_scalar", "`autograd.grad` begins at one number, and there are N scores. Each "
            "score depends on its own x alone, so adding them up first loses nothing.",
            when=error_says("implicitly created only for scalar")),
    Mistake("tuple", "`autograd.grad` gives back a tuple, even for a single input. Take its first "
            "entry.", when=error_says("'tuple' object", "must be Tensor, not tuple")),
    Mistake("mean_of_scores", "It differentiates the mean of the scores, which makes every slope N "
            "times too small, and the penalty N² times. Which way of gathering the scores leaves "
            "each slope as it is?", like=_of(right, torch.mean)),
    Mistake("through_softplus", "It differentiates a loss or a probability instead of the scores. "
            "Then the penalty fades as soon as D is sure, which is when it is needed most. This "
            "bug stood in a public StyleGAN.",
            like=tuple(_of(right, gather) for gather in (
                lambda scores: softplus(-scores).sum(), lambda scores: softplus(scores).sum(),
                lambda scores: scores.sigmoid().sum()))),
    Mistake("one_centred", "It wants slopes of length 1, as WGAN-GP does. R1 and R2 want slopes "
            "to be 0.", like=_of(lambda slope: (lengths(slope) - 1).square().mean())),
    Mistake("not_squared", "It takes the lengths of the slopes. The formula has their squares, "
            "whose pull fades smoothly towards 0.", like=_of(lambda slope: lengths(slope).mean())),
    Mistake("squared_sum", "It adds up the partial derivatives of one x and squares afterwards, so "
            "that they can cancel out. A squared length is a sum of squares.",
            like=_of(lambda slope: slope.flatten(1).sum(dim=1).square().mean())),
    Mistake("squared_mean", "It takes the mean length and squares it. Every x pays for itself: "
            "square first.", like=_of(lambda slope: lengths(slope).mean().square())),
    Mistake("mean_over_numbers", "It averages over the numbers of one x, where the squared length "
            "adds them up. For a picture of 28 x 28 that makes the penalty 784 times too small.",
            like=_of(lambda slope: slope.square().mean())),
    Mistake("sum", "It adds up over the mini-batch, so a batch twice as large punishes twice as "
            "much. Over the numbers of one x it is a sum, over the mini-batch a mean.",
            like=_of(lambda slope: slope.square().sum())),
    Mistake("half", "The factor gamma / 2 belongs to the caller. The penalty itself is the mean "
            "squared length.", like=_of(lambda slope: right(slope) / 2)),
    Mistake("sign", "The sign is turned round: D would be paid for being steep.",
            like=_of(lambda slope: -right(slope))),
    Mistake("vector", "There is still one number for each x. The E in the formula has not been "
            "taken.", like=_of(lambda slope: slope.flatten(1).square().sum(dim=1))),
)
ON_IMAGES = (
    Mistake("of_images", "It is right for rows of numbers. A picture's slope has numbers in "
            "several dimensions, and all of them belong into one squared length: `flatten(1)` "
            "lays them side by side.", when=lambda seen: True),
)
IN_THE_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and D cannot learn from "
            "it. Give the tensor itself back.", when=lambda seen: "the gradient" in seen),
    Mistake("no_create_graph", "The value is right, but nothing flows back from it to D: the "
            "penalty would be shown and never felt. The slope is differentiated once more, so it "
            "has to stay part of the graph.",
            when=lambda seen: not seen["the critic's gradient"].any()),
)


EXERCISES = (
    Exercise("15.pairing_loss", pairing_loss,
             (Probe(ordinary, value, OF_THE_LOSS), Probe(learned, gradient, OF_ITS_GRADIENT),
              Probe(extreme, at_extremes, AT_EXTREMES)), (
                 "Begin with the difference of the two scores in a pair. In which order is it "
                 "subtracted, if it should be very negative where the pair is in order?",
                 "softplus of the difference, then the mean over the pairs.",
                 "`return softplus(lower - higher).mean()`"),
             "Only differences count."),
    Exercise("15.penalty", penalty,
             (Probe(rows, penalty_seen, OF_THE_PENALTY), Probe(images, penalty_seen, ON_IMAGES),
              Probe(rows, critics_gradient, IN_THE_GRADIENT)), (
                 "It is the gradient penalty of notebook 05 without the points in between, and "
                 "with 0 in place of 1.",
                 "`torch.autograd.grad(one number, x, create_graph=True)` gives a tuple with the "
                 "slope, of x's shape. Square it, add up over the numbers of each x, and take the "
                 "mean over the mini-batch.",
                 "`slope, = torch.autograd.grad(scores.sum(), x, create_graph=True)`, then "
                 "`slope.flatten(1).square().sum(dim=1).mean()`"),
             "Squared slopes, summed over each x, averaged over the mini-batch.",
             frozenset({"D", "G", "fake", "gamma"})),
)
