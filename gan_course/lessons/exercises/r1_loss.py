"""The exercise of notebook 13 on D's loss with the penalty R1."""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._losses import LOG_OF_LOGITS, WHERE_D_IS_SURE
from gan_course.lessons.exercises._modules import drawn


def discriminator_loss(D, x, fake, gamma):
    """The log loss of D for real x and for fakes, plus gamma / 2 times R1 -> scalar."""
    x = x.detach().requires_grad_(True)
    real_scores = D(x)
    slope, = torch.autograd.grad(real_scores.sum(), x, create_graph=True)
    r1 = slope.flatten(1).square().sum(dim=1).mean()
    return softplus(-real_scores).mean() + softplus(D(fake)).mean() + gamma / 2 * r1


# The loss of D

class Bent(nn.Module):
    """D for rows or images of 12 numbers, curved, so that its slope differs from place to place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(0.3 * drawn(4, 12, 5))

    def forward(self, x):
        return (x.flatten(1) @ self.weight).tanh().sum(dim=1)


class Sure(Bent):
    """A D whose logits are some hundreds."""

    def forward(self, x):
        return 100 * super().forward(x)


def with_penalty(measured: Callable = lambda slope: slope.flatten(1).square().sum(1).mean(),
                 scored: Callable = lambda scores: scores.sum(), half: float = 0.5,
                 where: str = "real", real: int = -1, graph: bool = True) -> Callable:
    """A loss of D that is right but for what is changed."""
    def loss(D, x, fake, gamma):
        x, fake = x.detach().requires_grad_(True), fake.detach().requires_grad_(True)
        point = x if where == "real" else fake
        scores = D(x), D(fake)
        slope, = torch.autograd.grad(scored(scores[where != "real"]), point, create_graph=graph)
        return (softplus(real * scores[0]).mean() + softplus(-real * scores[1]).mean()
                + half * gamma * measured(slope))
    return loss


def away_from_one(slope: Tensor) -> Tensor:
    """The penalty of WGAN-GP."""
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


LOSS_MISTAKES = (
    Mistake("not_a_scalar", "`autograd.grad` begins at one number, and there are N scores. Each "
            "depends on its own x alone, so they can be added up.",
            when=lambda seen: "implicitly created only for scalar" in seen.get("the error", "")),
    Mistake("no_grad_of_x", "PyTorch has not kept track of x. Before D sees it, say that a "
            "gradient with respect to it will be asked for.",
            when=lambda seen: any(words in seen.get("the error", "") for words in (
                "does not require grad", "not have been used"))),
    Mistake("tuple", "`autograd.grad` gives back a tuple, even for one input.",
            when=lambda seen: "'tuple' object" in seen.get("the error", "")),
    LOG_OF_LOGITS,
    Mistake("no_r1", "R1 is missing.", like=with_penalty(half=0.0)),
    Mistake("through_softplus", "It differentiates the loss of the real images. R1 is about the "
            "slope of the *scores*; through the softplus it fades as soon as D is sure. This bug "
            "stood in a public StyleGAN.",
            like=(with_penalty(scored=lambda scores: softplus(-scores).sum()),
                  with_penalty(scored=lambda scores: softplus(-scores).mean()))),
    Mistake("no_half", "The weight is gamma / 2.", like=with_penalty(half=1.0)),
    Mistake("at_fakes", "It takes the slope at the fakes, which is R2. R1 looks at real images.",
            like=with_penalty(where="fake")),
    Mistake("mean_of_scores", "It differentiates the mean of the scores, which makes each slope N "
            "times too small.", like=with_penalty(scored=lambda scores: scores.mean())),
    Mistake("mean_over_pixels", "It takes the mean over the pixels of one image. A squared length "
            "is the sum.", like=with_penalty(lambda slope: slope.square().mean())),
    Mistake("sum_over_batch", "It adds up over the mini-batch. Another public StyleGAN does so, "
            "and its gamma then depends on the batch size.",
            like=with_penalty(lambda slope: slope.square().sum())),
    Mistake("length", "It takes the length of the slope. R1 is its square.",
            like=with_penalty(lambda slope: slope.flatten(1).norm(dim=1).mean())),
    Mistake("wgan_gp", "That is the penalty of notebook 05, which wants slopes of length 1. R1 "
            "wants them short: the squared length itself.",
            like=(with_penalty(away_from_one), with_penalty(away_from_one, half=1.0))),
    Mistake("swapped", "Real and fake are exchanged: the scores of real images should be high.",
            like=with_penalty(real=1)),
)


GRADIENT_MISTAKES = (
    Mistake("no_create_graph", "The value is right, but nothing flows back from R1 to D: the "
            "penalty would be shown and never felt. The slope has to stay part of the graph.",
            like=(with_penalty(graph=False),
                  with_penalty(lambda slope: slope.detach().flatten(1).square().sum(1).mean()))),
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and D cannot learn from "
            "it.", when=lambda seen: "missing" in str(seen.get("D's gradient"))),
)


def images(seed: int) -> Callable:
    return lambda: {"D": Bent(), "x": drawn(seed, 6, 3, 2, 2), "fake": drawn(seed + 1, 6, 3, 2, 2),
                    "gamma": 3.0}


def judged_by_a_sure_one() -> dict:
    """Images for a D that is sure and often wrong, and no penalty."""
    return images(5)() | {"D": Sure(), "gamma": 0.0}


def loss_seen(results: list, inputs: dict) -> Seen:
    return number_called("the loss", results)


def gradient_seen(results: list, inputs: dict) -> Seen:
    if not results or not isinstance(results[0], Tensor) or not results[0].requires_grad:
        return {"D's gradient": "missing"}
    try:
        slope, = torch.autograd.grad(results[0], inputs["D"].weight)
    except RuntimeError:                                            # its graph is gone
        return {"D's gradient": "cut off"}
    return {"D's gradient": as_number(slope)}


EXERCISES = (
    Exercise("13.discriminator_loss", discriminator_loss,
             (Probe(images(1), loss_seen, LOSS_MISTAKES),
              Probe(judged_by_a_sure_one, loss_seen, WHERE_D_IS_SURE),
              Probe(images(3), gradient_seen, GRADIENT_MISTAKES)),
             ("Three terms: real, fake, and the penalty on the slope at real images.",
              "`x.detach().requires_grad_(True)` before D sees it; `torch.autograd.grad(..., "
              "create_graph=True)` afterwards.",
              "`slope.flatten(1).square().sum(dim=1).mean()` is R1; its weight is gamma / 2."),
             "D is free to be sure, and has to be flat where the data are."),
)
