"""The exercise of notebook 13 on the styled layer: convolution, noise, LeakyReLU and AdaIN."""

import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
)
from gan_course.lessons.exercises._gradients import OF_A_LAYER
from gan_course.lessons.exercises._modules import (
    NOT_A_MODULE,
    drawn,
    module_or,
    outcome_of,
    same_size,
)
from gan_course.lessons.exercises.mapping_network import EqualisedLinear
from gan_course.lessons.exercises.style_and_noise import adain, add_noise
from gan_course.style_networks import EqualisedConv


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
