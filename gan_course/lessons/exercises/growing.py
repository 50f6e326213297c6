"""The exercise of notebook deeper/13_growing: fading a larger image in."""
import torch.nn.functional as F

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
)
from gan_course.lessons.exercises._modules import drawn, maps_seen, same_size


def faded(low, high, alpha):
    """low (N, C, H, W), high (N, C, 2H, 2W) -> alpha times high, the rest the doubled low."""
    return (1 - alpha) * F.interpolate(low, scale_factor=2) + alpha * high


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


EXERCISES = (
    Exercise("13.faded", faded, (Probe(two_sizes, maps_seen, FADING_MISTAKES),),
             ("A mean of two images, with the weights 1 - alpha and alpha.",
              "The small image becomes as large as the other one with `F.interpolate`.",
              "`(1 - alpha) * doubled + alpha * high`"),
             "At alpha 0 nothing new is seen, at alpha 1 nothing old."),
)
