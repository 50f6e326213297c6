"""The exercises of notebook 13 on the two parts of a styled layer: AdaIN, and the noise."""
from collections.abc import Callable

import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
)
from gan_course.lessons.exercises._gradients import flowing_back
from gan_course.lessons.exercises._modules import (
    drawn,
    maps_seen,
)


def adain(h, gain, shift):
    """h (N, C, H, W), gain and shift (N, C) -> each channel of each image with a new mean and sd.
    """
    mean, sd = h.mean(dim=(2, 3), keepdim=True), h.std(dim=(2, 3), correction=0, keepdim=True)
    normalised = (h - mean) / (sd + 1e-5)
    return (1 + gain)[:, :, None, None] * normalised + shift[:, :, None, None]


def add_noise(h, strength, noise=None):
    """h (N, C, H, W) plus noise (N, 1, H, W), drawn here if it is None, times strength (C, 1, 1).
    """
    if noise is None:
        noise = torch.randn_like(h[:, :1])
    return h + strength * noise


# AdaIN

def normal(h: Tensor, over: tuple[int, ...], correction: int = 0) -> Tensor:
    return (h - h.mean(over, keepdim=True)) / h.std(over, correction=correction, keepdim=True)


def up(each: Tensor) -> Tensor:
    return each[:, :, None, None]


def restyled(over: tuple[int, ...], correction: int = 0) -> Callable:
    """A wrong answer: normalised over other dimensions."""
    return lambda h, gain, shift: (1 + up(gain)) * normal(h, over, correction) + up(shift)


ADAIN_MISTAKES = (
    Mistake("broadcast", "Gain and shift have the shape (N, C), and h has (N, C, H, W). They need "
            "two more dimensions: `[:, :, None, None]`.",
            when=lambda seen: "must match" in seen.get("the error", "")),
    Mistake("batch", "Mean and sd are taken over the mini-batch too, as in BatchNorm. In AdaIN "
            "each image is normalised by itself.", like=restyled((0, 2, 3))),
    Mistake("all_channels", "It takes one mean and one sd for all channels of an image. Each "
            "channel has its own.", like=restyled((1, 2, 3))),
    Mistake("over_channels", "Mean and sd run over the channels of one place. They belong to one "
            "channel, over all its places.", like=restyled((1,))),
    Mistake("n_minus_1", "PyTorch's `std` divides by n - 1. Asked is the division by n "
            "(`correction=0`), as in normalisation layers, so that the numbers can be compared.",
            like=restyled((2, 3), 1)),
    Mistake("no_one", "The gain itself multiplies the channels. Asked is 1 + gain, so that a gain "
            "near 0 changes nothing.",
            like=lambda h, gain, shift: up(gain) * normal(h, (2, 3)) + up(shift)),
    Mistake("swapped", "Gain and shift have changed places.",
            like=lambda h, gain, shift: (1 + up(shift)) * normal(h, (2, 3)) + up(gain)),
    Mistake("not_normalised", "h is not normalised first. Then the statistics of all earlier "
            "layers shine through.",
            like=lambda h, gain, shift: (1 + up(gain)) * h + up(shift)),
    Mistake("mean_stays", "It divides by the sd, but the mean has to go as well.",
            like=lambda h, gain, shift: (1 + up(gain)) * h / h.std((2, 3), correction=0,
                                                                   keepdim=True) + up(shift)),
    Mistake("variance", "It divides by the variance. Its square root, the sd, has the scale of h.",
            like=lambda h, gain, shift: (1 + up(gain)) * (h - h.mean((2, 3), keepdim=True))
                                        / h.var((2, 3), correction=0, keepdim=True) + up(shift)),
)


def feature_maps():
    h, gain, shift = 20 + 30 * drawn(1, 3, 4, 5, 7), drawn(2, 3, 4), drawn(3, 3, 4)
    return {"h": h.double(), "gain": gain.double(), "shift": shift.double()}


# The noise

def given_noise():
    return {"h": drawn(1, 3, 4, 5, 7), "strength": drawn(2, 4, 1, 1), "noise": drawn(3, 3, 1, 5, 7)}


def no_noise():
    return {"h": drawn(1, 6, 4, 30, 30), "strength": 1 + drawn(2, 4, 1, 1).abs(), "noise": None}


def noise_seen(results: list, inputs: dict) -> Seen:
    """What was added, over the strength: is it one image for all channels, of N(0, 1)?"""
    h = inputs["h"]
    if not results or not isinstance(results[0], Tensor) or results[0].shape != h.shape:
        return {"feature maps": False}
    added = (results[0] - h) / inputs["strength"]
    first = added[:, :1]
    return {"one noise for all channels": torch.allclose(added, first.expand_as(added), atol=1e-4),
            "a noise for each image": not torch.allclose(added[0], added[1], atol=1e-3),
            "a value for each place": bool(first.std(dim=(2, 3)).min() > 1e-3),
            "mean 0": abs(first.mean().item()) < 0.1,
            "standard deviation 1": abs(first.std().item() - 1) < 0.1, "_some": bool(added.any())}


NOISE_MISTAKES = (
    Mistake("times", "It multiplies h by the noise. The noise is added.",
            like=(lambda h, strength, noise: h * (1 + strength * noise),
                  lambda h, strength, noise: h * strength * noise)),
    Mistake("no_strength", "The strength is missing: every channel would get all of the noise.",
            like=lambda h, strength, noise: h + noise),
    Mistake("all_scaled", "The strength belongs to the noise alone, not to the sum.",
            like=lambda h, strength, noise: strength * (h + noise)),
    Mistake("own_noise", "It draws noise although some was given. Only `None` asks for a new one.",
            like=(lambda h, strength, noise: h + strength * torch.randn_like(h[:, :1]),
                  lambda h, strength, noise: h + strength * torch.randn_like(h))),
)


DRAWN_MISTAKES = (
    Mistake("none", "`noise=None` means that it has to be drawn here.",
            when=lambda seen: "NoneType" in seen.get("the error", "")),
    Mistake("none_added", "Where no noise comes in, none is added. `None` asks for fresh noise, "
            "drawn here.", when=lambda seen: seen.get("_some") is False),
    Mistake("each_channel", "Each channel gets a noise of its own. It is *one* image for all "
            "channels; their strengths differ.",
            when=lambda seen: seen.get("one noise for all channels") is False),
    Mistake("one_for_all", "All images of the mini-batch get the same noise.",
            when=lambda seen: seen.get("a noise for each image") is False),
    Mistake("one_number", "It draws one number for a whole image. Every place has its own.",
            when=lambda seen: seen.get("a value for each place") is False),
    Mistake("not_normal", "The noise should have mean 0 and standard deviation 1: `randn`, not "
            "`rand`.", when=lambda seen: seen.get("mean 0") is False
                                         or seen.get("standard deviation 1") is False),
)


EXERCISES = (
    Exercise("13.adain", adain,
             (Probe(feature_maps, maps_seen, ADAIN_MISTAKES),
              flowing_back(Probe(feature_maps, maps_seen), "h", "gain", "shift")),
             ("First take the mean and the spread away, then put new ones in.",
              "Mean and sd belong to one channel of one image: `dim=(2, 3)`, `keepdim=True`.",
              "`(1 + gain)[:, :, None, None] * (h - mean) / sd + shift[:, :, None, None]`"),
             "What the layers before did to mean and spread is gone."),
    Exercise("13.add_noise", add_noise,
             (Probe(given_noise, maps_seen, NOISE_MISTAKES),
              Probe(no_noise, noise_seen, DRAWN_MISTAKES),
              flowing_back(Probe(given_noise, maps_seen), "h", "strength")),
             ("h plus strength times noise; and where no noise came, draw it.",
              "One channel for all: the noise has the shape (N, 1, H, W), like `h[:, :1]`.",
              "`noise = torch.randn_like(h[:, :1])` if it is None; broadcasting does the rest."),
             "Each channel takes as much of the one noise image as it has learned to use."),
)
