"""The network of notebook 04: a discriminator that sees how much the samples of a mini-batch
differ.
"""
import math

import torch
from torch import nn

from gan_course.lessons.exercises._checking import Mistake
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class MinibatchStdDiscriminator(nn.Module):
    """x (N, *data_shape) -> logits (N,), which also depend on how much the N samples differ."""

    def __init__(self, data_shape, width):
        super().__init__()
        self.features = nn.Sequential(
            nn.Flatten(),
            nn.Linear(math.prod(data_shape), width), nn.LeakyReLU(0.2),
            nn.Linear(width, width), nn.LeakyReLU(0.2),
        )
        self.last = nn.Linear(2 * width, 1)

    def forward(self, x):
        h = self.features(x)                                        # (N, width)
        s = h.std(dim=0)                                            # (width,), over the samples
        return self.last(torch.cat([h, s.expand(len(h), -1)], dim=1)).squeeze(1)


class _Other(MinibatchStdDiscriminator):
    """A wrong one: `joined` puts features and statistic together in another way."""

    def forward(self, x):
        h = self.features(x)
        return self.last(self.joined(h)).squeeze(1)


class _DividesByN(_Other):
    def joined(self, h):
        return torch.cat([h, h.std(dim=0, correction=0).expand(len(h), -1)], dim=1)


class _Variance(_Other):
    def joined(self, h):
        return torch.cat([h, h.var(dim=0).expand(len(h), -1)], dim=1)


class _Mean(_Other):
    def joined(self, h):
        return torch.cat([h, h.mean(dim=0).expand(len(h), -1)], dim=1)


class _InFront(_Other):
    def joined(self, h):
        return torch.cat([h.std(dim=0).expand(len(h), -1), h], dim=1)


class _OneNumber(_Other):
    def joined(self, h):
        return torch.cat([h, h.std(dim=0).mean().expand(len(h), h.shape[1])], dim=1)


class _AllAtOnce(_Other):
    def joined(self, h):
        return torch.cat([h, h.std().expand(len(h), h.shape[1])], dim=1)


class _Differences(_Other):
    def joined(self, h):
        return torch.cat([h, h - h.mean(dim=0)], dim=1)


MISTAKES = (
    Mistake("divides_by_n", "It divides by n where PyTorch's `std` divides by n - 1. Either would "
            "train as well; asked is `h.std(dim=0)`, so that the numbers can be compared.",
            like=_DividesByN),
    Mistake("variance", "It appends the variance. Asked is the standard deviation, its square "
            "root, which has the scale of the features.",
            like=_Variance),
    Mistake("mean", "It appends the mean of each feature over the mini-batch. That tells where the "
            "samples are, and not how much they differ: asked is the standard deviation.",
            like=_Mean),
    Mistake("in_front", "The standard deviations stand in front of the features. Such a network "
            "would train just as well, but the check compares weights: features first, then the "
            "standard deviations.",
            like=_InFront),
    Mistake("one_number", "It averages the standard deviations to one number, as the paper on "
            "progressive growing does. Here each feature keeps its own.",
            like=_OneNumber),
    Mistake("all_at_once", "It takes one standard deviation over everything, samples and features "
            "together. Asked is one for each feature, over the samples: which dimension are they "
            "in?",
            like=_AllAtOnce),
    Mistake("differences", "It appends how far each sample is from the mean, which differs from "
            "row to row. Asked is one standard deviation for each feature, the same in every row.",
            like=_Differences),
)


def x(data_shape, **others):
    """N samples of data."""
    return (torch.randn(N, *data_shape),)


EXERCISES = (
    Network("04.MinibatchStdDiscriminator",
            MinibatchStdDiscriminator,
            ({"data_shape": (2,), "width": 8}, {"data_shape": (2, 4, 3), "width": 13}),
            x,
            "discriminator",
            ("Everything up to the last layer is the discriminator of notebook 03. Keep its "
             "features h, of shape (N, width), in a name of their own.",
             "`h.std(dim=0)` is the standard deviation of each feature over the samples, (width,). "
             "Every row needs a copy of it behind its own features, so the last layer reads 2 "
             "width numbers.",
             "`s = h.std(dim=0).expand(len(h), -1)`, then `torch.cat([h, s], dim=1)` goes through "
             "`nn.Linear(2 * width, 1)`; `.squeeze(1)` makes (N, 1) into (N,)."),
            over_batch=True,
            mistakes=MISTAKES,
            well_done="Copies of one sample would now have standard deviations of 0, and D can see "
                      "that."),
)
