"""The exercises of notebook deeper/13_growing: fading a larger image in, and the entry of a
discriminator that grows.
"""
from collections.abc import Callable

import torch.nn.functional as F
from torch import nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
)
from gan_course.lessons.exercises._gradients import flowing_back
from gan_course.lessons.exercises._modules import drawn, maps_seen, same_size


def faded(low, high, alpha):
    """low (N, C, H, W), high (N, C, 2H, 2W) -> alpha times high, the rest the doubled low."""
    return (1 - alpha) * F.interpolate(low, scale_factor=2) + alpha * high


def entry(D, x, stage, alpha):
    """Images at the size of a stage -> features of half that size, faded in."""
    new = D.halve[stage](D.read[stage](x))
    if alpha == 1:
        return new
    old = D.read[stage - 1](F.avg_pool2d(x, 2))
    return (1 - alpha) * old + alpha * new


# Fading
FADING_MISTAKES = (
    Mistake("not_doubled", "The small images have to be doubled before the two can be added.",
            when=same_size),
    Mistake("swapped", "The shares are exchanged: alpha grows from 0 to 1, and with it what comes "
            "from the larger images.",
            like=lambda low, high, alpha: (alpha * F.interpolate(low, scale_factor=2)
                                           + (1 - alpha) * high)),
    Mistake("added", "The small images keep their full strength. The two shares add up to 1.",
            like=lambda low, high, alpha: F.interpolate(low, scale_factor=2) + alpha * high),
    Mistake("bilinear", "It doubles by linear interpolation. Asked is the default of "
            "`F.interpolate`, which repeats pixels.",
            like=lambda low, high, alpha: (1 - alpha) * F.interpolate(
                low, scale_factor=2, mode="bilinear") + alpha * high),
)


def two_sizes():
    return {"low": drawn(1, 2, 3, 3, 4), "high": drawn(2, 2, 3, 6, 8), "alpha": 0.3}


# The entry
class Stages(nn.Module):
    """Three stages whose layers are small and all different."""

    def __init__(self):
        super().__init__()
        self.read, self.halve = nn.ModuleList(), nn.ModuleList()
        for k, c in enumerate((4, 3, 2)):
            weight = {"read": drawn(10 + k, c, 3, 1, 1), "halve": drawn(20 + k, c + 1, c, 2, 2)}
            for name, stride in (("read", 1), ("halve", 2)):
                layer = nn.Conv2d(*weight[name].shape[1::-1], stride, stride, bias=False)
                layer.weight.data = weight[name]
                getattr(self, name).append(nn.Sequential(layer, nn.LeakyReLU(0.2)))


def at(stage: int, alpha: float) -> Callable:
    return lambda: {"D": Stages(), "x": drawn(3, 2, 3, 8, 16), "stage": stage, "alpha": alpha}


def entered(new: Callable = lambda D, x, k: D.halve[k](D.read[k](x)),
            old: Callable = lambda D, x, k: D.read[k - 1](F.avg_pool2d(x, 2)),
            mean: Callable = lambda old, new, alpha: (1 - alpha) * old + alpha * new) -> Callable:
    """An entry that is right but for what is changed."""
    def entry(D, x, stage, alpha):
        return mean(old(D, x, stage), new(D, x, stage), alpha)
    return entry


ENTRY_MISTAKES = (
    Mistake("swapped", "The shares are exchanged: alpha grows from 0 to 1, and with it what comes "
            "from the new layers.",
            like=entered(mean=lambda old, new, alpha: alpha * old + (1 - alpha) * new)),
    Mistake("added", "The old features keep their full strength. The two shares add up to 1.",
            like=entered(mean=lambda old, new, alpha: old + alpha * new)),
    Mistake("not_faded", "Only one of the two ways is there. While alpha is below 1, the features "
            "are a mean of the old way, which reads the halved image, and of the new one.",
            like=(entered(mean=lambda old, new, alpha: new),
                  entered(mean=lambda old, new, alpha: old))),
    Mistake("other_layer", "The halved image is read by a layer of another stage. The stage before "
            "knows images of that size: `D.read[stage - 1]`.",
            like=entered(old=lambda D, x, k: D.read[0](F.avg_pool2d(x, 2)))),
    Mistake("other_halving", "The image is not halved by the mean of 2x2 pixels, as real images "
            "are at the stage before. Use `F.avg_pool2d(x, 2)`.",
            like=(entered(old=lambda D, x, k: D.read[k - 1](x[..., ::2, ::2])),
                  entered(old=lambda D, x, k: D.read[k - 1](F.max_pool2d(x, 2))))),
    Mistake("halved_later", "The old way reads the large image and halves the features. The layer "
            "of the stage before has learned on halved images: halve first, then read.",
            like=entered(old=lambda D, x, k: F.avg_pool2d(D.read[k - 1](x), 2))),
    Mistake("sizes", "The two ways give features of different sizes. Both give half the size of x: "
            "the new one by `D.halve[stage]`, the old one by halving the image.",
            when=same_size),
)
NOTHING_OLD = (
    Mistake("no_stage_before", "At stage 0 there is no stage before, and `D.read[-1]` is the "
            "*last* layer of the list. Where alpha is 1 the new features are the answer.",
            when=lambda seen: "the error" in seen),
)

EXERCISES = (
    Exercise("13.faded", faded, (Probe(two_sizes, maps_seen, FADING_MISTAKES),
                                 flowing_back(Probe(two_sizes, maps_seen), "low", "high")),
             ("A mean of two images, with the weights 1 - alpha and alpha.",
              "The small image becomes as large as the other one with `F.interpolate`.",
              "`(1 - alpha) * doubled + alpha * high`"),
             "At alpha 0 nothing new is seen, at alpha 1 nothing old."),
    Exercise("13.entry", entry, (Probe(at(2, 0.3), maps_seen, ENTRY_MISTAKES),
                                 Probe(at(1, 0.7), maps_seen),
                                 Probe(at(0, 1.0), maps_seen, NOTHING_OLD),
                                 Probe(at(2, 1.0), maps_seen),
                                 flowing_back(Probe(at(2, 0.3), maps_seen), "x")),
             ("There are two ways from x to features of half its size: a new one through two "
              "layers of this stage, and an old one through one layer of the stage before.",
              "The new way: `D.halve[stage](D.read[stage](x))`. The old way halves the image with "
              "`F.avg_pool2d(x, 2)` and reads it with `D.read[stage - 1]`.",
              "Where alpha is 1, give back the new features. Otherwise give back "
              "`(1 - alpha) * old + alpha * new`."),
             "D grows at its entry as G does at its exit."),
)
