"""The exercises of notebook 13 on the styled layer: AdaIN, the noise, and the layer of both."""
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
)
from gan_course.lessons.exercises._gradients import OF_A_LAYER, flowing_back
from gan_course.lessons.exercises._modules import (
    NOT_A_MODULE,
    drawn,
    maps_seen,
    module_or,
    outcome_of,
    same_size,
)
from gan_course.lessons.exercises.mapping_network import EqualisedLinear
from gan_course.style_networks import EqualisedConv


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


class StyledLayer(nn.Module):
    """h (N, inputs, H, W), w (N, w_dim) -> (N, outputs, H', W'), H' = 2H where it doubles."""

    def __init__(self, inputs, outputs, w_dim, doubles=False):
        super().__init__()
        self.doubles = doubles
        self.conv = EqualisedConv(inputs, outputs)
        self.strength = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.style = EqualisedLinear(w_dim, 2 * outputs, 1.0, 1.0)

    def forward(self, h, w, noise=None):
        if self.doubles:
            h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        h = add_noise(self.conv(h), self.strength, noise) + self.bias
        gain, shift = self.style(w).chunk(2, dim=1)
        return adain(F.leaky_relu(h, 0.2), gain, shift)


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


# The styled layer

@module_or
def layer_seen(layer: nn.Module, inputs: dict) -> Seen:
    shapes = {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}
    n, outputs = inputs["inputs"], inputs["outputs"]
    wanted = {"conv.weight": (outputs, n, 3, 3), "strength": (outputs, 1, 1),
              "bias": (outputs, 1, 1), "style.weight": (2 * outputs, inputs["w_dim"]),
              "style.bias": (2 * outputs,)}
    if shapes != wanted or not hasattr(layer, "doubles"):
        return {"its parameters": str(shapes)}
    seen = {"strength and bias start at 0": not (layer.strength.any() or layer.bias.any())}
    with torch.no_grad():
        for number, name in enumerate(sorted(shapes)):
            # feature maps so large that no small number added to their sd in AdaIN shows
            size = 1 if name.startswith("style") else 1000
            layer.get_parameter(name).copy_(size * drawn(number, *shapes[name]))
    size = 12 if layer.doubles else 6
    return seen | outcome_of(layer, drawn(7, 2, n, 6, 6), drawn(8, 2, inputs["w_dim"]),
                             2 * drawn(9, 2, 1, size, size))


class _Layer(StyledLayer):
    """A wrong one: `drawn` does the steps in another way."""

    def forward(self, h, w, noise=None):
        if self.doubles:
            h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        return self.drawn(self.conv(h), self.style(w).chunk(2, dim=1), noise)


class _NoActivation(_Layer):
    def drawn(self, h, style, noise):
        return adain(add_noise(h, self.strength, noise) + self.bias, *style)


class _OtherSlope(_Layer):
    def drawn(self, h, style, noise):
        return adain(F.leaky_relu(add_noise(h, self.strength, noise) + self.bias), *style)


class _StyleFirst(_Layer):
    def drawn(self, h, style, noise):
        return F.leaky_relu(adain(add_noise(h, self.strength, noise) + self.bias, *style), 0.2)


class _LateNoise(_Layer):
    def drawn(self, h, style, noise):
        return adain(add_noise(F.leaky_relu(h + self.bias, 0.2), self.strength, noise), *style)


class _NoNoise(_Layer):
    def drawn(self, h, style, noise):
        return adain(F.leaky_relu(h + self.bias, 0.2), *style)


class _NoBias(_Layer):
    def drawn(self, h, style, noise):
        return adain(F.leaky_relu(add_noise(h, self.strength, noise), 0.2), *style)


class _ShiftFirst(_Layer):
    def drawn(self, h, style, noise):
        h = F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2)
        return adain(h, *reversed(style))


class _Plain(_Layer):
    def drawn(self, h, style, noise):
        return F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2)


class _LateDoubling(StyledLayer):
    def forward(self, h, w, noise=None):
        h = self.conv(h)
        if self.doubles:
            h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        h = F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2)
        return adain(h, *self.style(w).chunk(2, dim=1))


class _Nearest(StyledLayer):
    def forward(self, h, w, noise=None):
        h = F.interpolate(h, scale_factor=2) if self.doubles else h
        h = F.leaky_relu(add_noise(self.conv(h), self.strength, noise) + self.bias, 0.2)
        return adain(h, *self.style(w).chunk(2, dim=1))


LAYER_MISTAKES = (
    NOT_A_MODULE,
    Mistake("names", "The check sets the parameters itself, so it needs their names: `self.conv`, "
            "`self.style`, `self.strength` and `self.bias`, the last two of shape (outputs, 1, 1). "
            "The attribute `doubles` is kept, too.",
            when=lambda seen: "its parameters" in seen),
    Mistake("start", "Strength and bias should start at 0: at first there is no noise, and the "
            "layer learns how much it wants.",
            when=lambda seen: seen.get("strength and bias start at 0") is False),
    Mistake("no_activation", "The LeakyReLU is missing.", like=_NoActivation),
    Mistake("slope", "PyTorch's default slope is 0.01. Asked is 0.2.", like=_OtherSlope),
    Mistake("style_first", "AdaIN comes before the LeakyReLU, which then cuts what the style has "
            "set. AdaIN is the last step.", like=_StyleFirst),
    Mistake("late_noise", "The noise comes after the LeakyReLU. It is added right after the "
            "convolution.", like=_LateNoise),
    Mistake("no_noise", "The noise is missing.", like=_NoNoise),
    Mistake("no_bias", "The bias is missing.", like=_NoBias),
    Mistake("shift_first", "Gain and shift have changed places: the first half of the style is the "
            "gain.", like=_ShiftFirst),
    Mistake("plain", "w has no effect: AdaIN is missing.", like=_Plain),
    *OF_A_LAYER,
)


DOUBLING_MISTAKES = (
    Mistake("not_doubled", "Where it `doubles`, the image has to become twice as large before the "
            "convolution.", when=same_size),
    Mistake("late_doubling", "It doubles after the convolution. Asked is before it, so that the "
            "convolution can draw finer details.", like=_LateDoubling),
    Mistake("nearest", "It doubles by repeating pixels. Asked is bilinear: `mode=\"bilinear\", "
            "align_corners=False`.", like=_Nearest),
    *OF_A_LAYER,
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
    Exercise("13.StyledLayer", StyledLayer,
             (Probe(lambda: {"inputs": 3, "outputs": 4, "w_dim": 5, "doubles": False}, layer_seen,
                    LAYER_MISTAKES),
              Probe(lambda: {"inputs": 4, "outputs": 2, "w_dim": 3, "doubles": True}, layer_seen,
                    DOUBLING_MISTAKES)),
             ("Five steps: double, convolve, noise and bias, LeakyReLU, AdaIN.",
              "`self.style(w)` gives 2 outputs numbers: `.chunk(2, dim=1)` cuts them into gain and "
              "shift.",
              "`h = add_noise(self.conv(h), self.strength, noise) + self.bias`, then "
              "`adain(F.leaky_relu(h, 0.2), gain, shift)`."),
             "That is the whole generator, seven times over."),
)
