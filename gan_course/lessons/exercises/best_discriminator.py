"""The best discriminator of notebook 02: as a formula, and a network that has to find it."""
import torch
from torch import nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


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


def densities():
    return {
        "p": torch.tensor([0.3, 0.05, 0.2, 0.01, 0.6]),
        "q": torch.tensor([0.1, 0.35, 0.2, 0.4, 0.003]),
    }


def shares(results, inputs):
    return number_called("D*", results)


def numbers_on_a_line(width):
    return (torch.randn(N, 1),)


EXERCISES = (
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
)
