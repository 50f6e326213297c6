"""The exercises of notebook 13: the layer with an equalised learning rate, the mapping network,
AdaIN, the noise, the styled layer, and the loss of D with the penalty R1; and of deeper/13_growing,
the fading.

The parameters of a learner's module are set by the check, so that only what it does with them
counts, and how they began.
"""
import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
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
from gan_course.style_networks import EqualisedConv


class EqualisedLinear(nn.Module):
    """(N, inputs) -> (N, outputs): the weights are scaled each time the layer runs."""

    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__()
        self.scale, self.lr_multiplier = gain / math.sqrt(inputs), lr_multiplier
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return self.lr_multiplier * (self.scale * F.linear(x, self.weight) + self.bias)


class MappingNetwork(nn.Module):
    """z (N, z_dim) -> w (N, w_dim): `depth` layers, which learn a hundred times more slowly."""

    def __init__(self, z_dim, w_dim, depth):
        super().__init__()
        sizes = [z_dim] + depth * [w_dim]
        self.layers = nn.ModuleList(EqualisedLinear(a, b, math.sqrt(2), 0.01)
                                    for a, b in pairwise(sizes))

    def forward(self, z):
        w = z / z.square().mean(dim=1, keepdim=True).sqrt()
        for layer in self.layers:
            w = F.leaky_relu(layer(w), 0.2)
        return w


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


def discriminator_loss(D, x, fake, gamma):
    """The log loss of D for real x and for fakes, plus gamma / 2 times R1 -> scalar."""
    x = x.detach().requires_grad_(True)
    real_scores = D(x)
    slope, = torch.autograd.grad(real_scores.sum(), x, create_graph=True)
    r1 = slope.flatten(1).square().sum(dim=1).mean()
    return softplus(-real_scores).mean() + softplus(D(fake)).mean() + gamma / 2 * r1


def faded(low, high, alpha):
    """low (N, C, H, W), high (N, C, 2H, 2W) -> alpha times high, the rest the doubled low."""
    return (1 - alpha) * F.interpolate(low, scale_factor=2) + alpha * high


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def outcome_of(net: nn.Module, *inputs: Tensor) -> Seen:
    """What comes out in float64, or the error that it stops with."""
    try:
        with torch.no_grad():
            return {"the output": as_number(net.double()(*(each.double() for each in inputs)))}
    except Exception as error:
        return {"the error": f"{type(error).__name__}: {error}"}


def set_parameters(net: nn.Module, size: float = 1.0) -> None:
    """Known values for all parameters, in the order of their registration."""
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.copy_(size * drawn(number, *parameter.shape))


NOT_A_MODULE = Mistake("not_a_module", "It has to be a class derived from `nn.Module`, whose "
                       "`__init__` begins with that of its parent.",
                       when=lambda seen: "a module" in seen or "Module.__init__" in seen.get(
                           "the error", ""))


def module_or(look: Callable) -> Callable:
    """`look(net, inputs)` where the answer has made a module."""
    def looked(results: list, inputs: dict) -> Seen:
        if results and not isinstance(results[0], nn.Module):
            return {"a module": False}
        return look(results[0], inputs) if results else {}
    return looked


# The layer with an equalised learning rate

@module_or
def linear_seen(layer: nn.Module, inputs: dict) -> Seen:
    shapes = {name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}
    if shapes != {"weight": (inputs["outputs"], inputs["inputs"]), "bias": (inputs["outputs"],)}:
        return {"its parameters": str(shapes)}
    spread = layer.weight.std().item()
    seen = {"the weights start at 1 / lr_multiplier":
            abs(spread * inputs["lr_multiplier"] - 1) < 0.05,
            "the bias starts at 0": not layer.bias.any(), "_spread": spread}
    set_parameters(layer, 3.0)
    return seen | outcome_of(layer, drawn(7, 5, inputs["inputs"]))


class _Linear(EqualisedLinear):
    """A wrong one: `made` computes something else from x, the weights and the constants."""

    def forward(self, x):
        return self.made(F.linear(x, self.weight), self.scale, self.lr_multiplier)


class _BiasAsItIs(_Linear):
    def made(self, y, scale, m):
        return m * scale * y + self.bias


class _NoMultiplier(_Linear):
    def made(self, y, scale, m):
        return scale * y + self.bias


class _NoScale(_Linear):
    def made(self, y, scale, m):
        return m * (y + self.bias)


class _NoGain(EqualisedLinear):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__(inputs, outputs, 1.0, lr_multiplier)


class _BiasScaled(_Linear):
    def made(self, y, scale, m):
        return m * scale * (y + self.bias)


class _NoRoot(EqualisedLinear):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__(inputs, outputs, gain / math.sqrt(inputs), lr_multiplier)


class _ByOutputs(EqualisedLinear):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__(inputs, outputs, gain * math.sqrt(inputs / outputs), lr_multiplier)


def starts_at(value: Callable[[dict], float]) -> Callable[[Seen], bool]:
    """Whether the weights' standard deviation at the start is near this."""
    return lambda seen: "_spread" in seen and abs(seen["_spread"] / value(LINEAR) - 1) < 0.05


LINEAR = {"inputs": 60, "outputs": 90, "gain": 1.5, "lr_multiplier": 0.1}
LINEAR_MISTAKES = (
    NOT_A_MODULE,
    Mistake("names", "The check sets the parameters itself, so it needs their names and shapes: "
            "`self.weight` (outputs, inputs) and `self.bias` (outputs,), both `nn.Parameter`.",
            when=lambda seen: "its parameters" in seen),
    Mistake("starts_small", "The constants are already in the weights at the start, as in an "
            "ordinary layer. Here the weights begin with the spread 1 / m, and the constants come "
            "in each time the layer runs.",
            when=starts_at(lambda l: l["gain"] / math.sqrt(l["inputs"]))),
    Mistake("starts_at_1", "The weights start with the spread 1. Divide them by the multiplier, or "
            "the outputs are m times too small at the start.", when=starts_at(lambda l: 1.0)),
    Mistake("starts_otherwise", "The weights do not start as asked: standard normal, divided by "
            "the multiplier.",
            when=lambda seen: seen.get("the weights start at 1 / lr_multiplier") is False),
    Mistake("bias_start", "The bias should start at 0.",
            when=lambda seen: seen.get("the bias starts at 0") is False),
    Mistake("bias_as_it_is", "The bias is not multiplied by m, so it would learn at full speed "
            "while the weights are slowed down.", like=_BiasAsItIs),
    Mistake("no_multiplier", "The multiplier is missing in `forward`: the large weights act as "
            "they are.", like=_NoMultiplier),
    Mistake("no_scale", "gain / √inputs is missing in `forward`: the more inputs, the larger the "
            "outputs.", like=_NoScale),
    Mistake("no_gain", "The gain is missing.", like=_NoGain),
    Mistake("bias_scaled", "The constant of the weights also multiplies the bias. It gets m only.",
            like=_BiasScaled),
    Mistake("no_root", "It divides by the number of inputs, not by its square root. The spread of "
            "a sum of n numbers grows as √n.", like=_NoRoot),
    Mistake("by_outputs", "It divides by √outputs. Each output is a sum over the inputs, and their "
            "number sets its spread.", like=_ByOutputs),
)


# The mapping network

@module_or
def mapping_seen(net: nn.Module, inputs: dict) -> Seen:
    shapes = [tuple(parameter.shape) for parameter in net.parameters()]
    sizes = [inputs["z_dim"]] + inputs["depth"] * [inputs["w_dim"]]
    if shapes != [shape for a, b in pairwise(sizes) for shape in ((b, a), (b,))]:
        return {"its parameters": str(shapes)}
    set_parameters(net, 100.0)
    return outcome_of(net, 3 * drawn(5, 4, inputs["z_dim"]))


class _Mapping(MappingNetwork):
    """A wrong one: another normalisation, other layers, or another activation."""

    multiplier, gain = 0.01, math.sqrt(2)

    def __init__(self, z_dim, w_dim, depth):
        super().__init__(z_dim, w_dim, depth)
        for layer in self.layers:
            layer.scale *= self.gain / math.sqrt(2)
            layer.lr_multiplier = self.multiplier

    def normalised(self, z):
        return z / z.square().mean(dim=1, keepdim=True).sqrt()

    def activated(self, h, last):
        return F.leaky_relu(h, 0.2)

    def forward(self, z):
        w = self.normalised(z)
        for layer in self.layers:
            w = self.activated(layer(w), layer is self.layers[-1])
        return w


class _NotNormalised(_Mapping):
    def normalised(self, z):
        return z


class _UnitLength(_Mapping):
    def normalised(self, z):
        return F.normalize(z, dim=1)


class _OverBatch(_Mapping):
    def normalised(self, z):
        return z / z.square().mean(dim=0, keepdim=True).sqrt()


class _Standardised(_Mapping):
    def normalised(self, z):
        return (z - z.mean(1, keepdim=True)) / z.std(1, correction=0, keepdim=True)


class _BareEnd(_Mapping):
    def activated(self, h, last):
        return h if last else F.leaky_relu(h, 0.2)


class _ReLU(_Mapping):
    def activated(self, h, last):
        return F.relu(h)


class _OtherSlope(_Mapping):
    def activated(self, h, last):
        return F.leaky_relu(h)


class _FullSpeed(_Mapping):
    multiplier = 1.0


class _GainOne(_Mapping):
    gain = 1.0


MAPPING_MISTAKES = (
    NOT_A_MODULE,
    Mistake("layers", "It should have `depth` layers, the first from z_dim to w_dim and the others "
            "from w_dim to w_dim, in an `nn.ModuleList` or `nn.Sequential`.",
            when=lambda seen: "its parameters" in seen),
    Mistake("not_normalised", "z goes into the first layer as it is. Divide it by its root mean "
            "square first, so that only its direction counts.", like=_NotNormalised),
    Mistake("unit_length", "It divides z by its length, so each coordinate is about 1 / √z_dim. "
            "Divide by the root *mean* square: then the coordinates keep the size 1.",
            like=_UnitLength),
    Mistake("over_batch", "The root mean square is taken over the mini-batch. Each z is divided by "
            "its own.", like=_OverBatch),
    Mistake("standardised", "The mean of z is taken away as well. Asked is the division only.",
            like=_Standardised),
    Mistake("bare_end", "The last layer has no LeakyReLU. In this network every layer has one.",
            like=_BareEnd),
    Mistake("relu", "It uses ReLU. Asked is LeakyReLU with the slope 0.2.", like=_ReLU),
    Mistake("slope", "PyTorch's default slope is 0.01. Asked is 0.2.", like=_OtherSlope),
    Mistake("full_speed", "The layers have the multiplier 1, so they learn at full speed. Asked is "
            "0.01.", like=_FullSpeed),
    Mistake("gain", "The gain of the layers is √2, which makes up for what LeakyReLU takes away.",
            like=_GainOne),
)


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


def maps_seen(results: list, inputs: dict) -> Seen:
    return number_called("the feature maps", results)


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
            "standard deviation 1": abs(first.std().item() - 1) < 0.1}


NOISE_MISTAKES = (
    Mistake("times", "It multiplies h by the noise. The noise is added.",
            like=(lambda h, strength, noise: h * (1 + strength * noise),
                  lambda h, strength, noise: h * strength * noise)),
    Mistake("no_strength", "The strength is missing: every channel would get all of the noise.",
            like=lambda h, strength, noise: h + noise),
    Mistake("all_scaled", "The strength belongs to the noise alone, not to the sum.",
            like=lambda h, strength, noise: strength * (h + noise)),
    Mistake("own_noise", "It draws noise although some was given. Only `None` asks for a new one.",
            when=lambda seen: isinstance(seen.get("the feature maps"), Tensor)
                              and seen["the feature maps"].dim() == 4),
)
DRAWN_MISTAKES = (
    Mistake("none", "`noise=None` means that it has to be drawn here.",
            when=lambda seen: "NoneType" in seen.get("the error", "")),
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
            layer.get_parameter(name).copy_(drawn(number, *shapes[name]))
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


def same_size(seen: Seen) -> bool:
    return "must match" in seen.get("the error", "")


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
    Mistake("style_first", "AdaIN comes before the LeakyReLU, which then cuts what the style has "
            "set. AdaIN is the last step.", like=_StyleFirst),
    Mistake("late_noise", "The noise comes after the LeakyReLU. It is added right after the "
            "convolution.", like=_LateNoise),
    Mistake("no_noise", "The noise is missing.", like=_NoNoise),
    Mistake("no_bias", "The bias is missing.", like=_NoBias),
    Mistake("shift_first", "Gain and shift have changed places: the first half of the style is the "
            "gain.", like=_ShiftFirst),
    Mistake("plain", "w has no effect: AdaIN is missing.", like=_Plain),
)
DOUBLING_MISTAKES = (
    Mistake("not_doubled", "Where it `doubles`, the image has to become twice as large before the "
            "convolution.", when=same_size),
    Mistake("late_doubling", "It doubles after the convolution. Asked is before it, so that the "
            "convolution can draw finer details.", like=_LateDoubling),
    Mistake("nearest", "It doubles by repeating pixels. Asked is bilinear: `mode=\"bilinear\", "
            "align_corners=False`.", like=_Nearest),
)


# The loss of D

class Bent(nn.Module):
    """D for rows or images of 12 numbers, curved, so that its slope differs from place to place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(0.3 * drawn(4, 12, 5))

    def forward(self, x):
        return (x.flatten(1) @ self.weight).tanh().sum(dim=1)


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
    Mistake("no_r1", "R1 is missing.", like=with_penalty(half=0.0)),
    Mistake("through_softplus", "It differentiates the loss of the real images. R1 is about the "
            "slope of the *scores*; through the softplus it fades as soon as D is sure. This bug "
            "stood in a public StyleGAN.",
            like=with_penalty(scored=lambda scores: softplus(-scores).sum())),
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
    Mistake("swapped", "Real and fake are exchanged: the scores of real images should be high.",
            like=with_penalty(real=1)),
)
GRADIENT_MISTAKES = (
    Mistake("no_create_graph", "The value is right, but nothing flows back from R1 to D: the "
            "penalty would be shown and never felt. The slope has to stay part of the graph.",
            like=with_penalty(graph=False)),
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and D cannot learn from "
            "it.", when=lambda seen: "missing" in str(seen.get("D's gradient"))),
)


def images(seed: int) -> Callable:
    return lambda: {"D": Bent(), "x": drawn(seed, 6, 3, 2, 2), "fake": drawn(seed + 1, 6, 3, 2, 2),
                    "gamma": 3.0}


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
    Exercise("13.EqualisedLinear", EqualisedLinear,
             (Probe(lambda: LINEAR, linear_seen, LINEAR_MISTAKES),
              Probe(lambda: {"inputs": 70, "outputs": 50, "gain": 1.0, "lr_multiplier": 1.0},
                    linear_seen)),
             ("Two parameters, the weights and the bias; what multiplies them is a constant.",
              "`nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)` are the weights. "
              "`F.linear(x, weight, bias)` is W x + b.",
              "`F.linear(x, lr_multiplier * gain / math.sqrt(inputs) * self.weight, "
              "lr_multiplier * self.bias)`"),
             "Wide or narrow, every layer now moves at the pace that its multiplier says."),
    Exercise("13.MappingNetwork", MappingNetwork,
             (Probe(lambda: {"z_dim": 6, "w_dim": 5, "depth": 3}, mapping_seen, MAPPING_MISTAKES),
              Probe(lambda: {"z_dim": 4, "w_dim": 7, "depth": 1}, mapping_seen)),
             ("z is divided first; then come `depth` pairs of a layer and a LeakyReLU.",
              "`z.square().mean(dim=1, keepdim=True).sqrt()` is the root mean square of each z.",
              "`EqualisedLinear(z_dim, w_dim, math.sqrt(2), 0.01)` is the first layer; put all of "
              "them into an `nn.ModuleList`."),
             "Only the direction of z counts, and w may have any distribution."),
    Exercise("13.adain", adain, (Probe(feature_maps, maps_seen, ADAIN_MISTAKES),),
             ("First take the mean and the spread away, then put new ones in.",
              "Mean and sd belong to one channel of one image: `dim=(2, 3)`, `keepdim=True`.",
              "`(1 + gain)[:, :, None, None] * (h - mean) / sd + shift[:, :, None, None]`"),
             "What the layers before did to mean and spread is gone."),
    Exercise("13.add_noise", add_noise,
             (Probe(given_noise, maps_seen, NOISE_MISTAKES),
              Probe(no_noise, noise_seen, DRAWN_MISTAKES)),
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
    Exercise("13.discriminator_loss", discriminator_loss,
             (Probe(images(1), loss_seen, LOSS_MISTAKES),
              Probe(images(3), gradient_seen, GRADIENT_MISTAKES)),
             ("Three terms: real, fake, and the penalty on the slope at real images.",
              "`x.detach().requires_grad_(True)` before D sees it; `torch.autograd.grad(..., "
              "create_graph=True)` afterwards.",
              "`slope.flatten(1).square().sum(dim=1).mean()` is R1; its weight is gamma / 2."),
             "D is free to be sure, and has to be flat where the data are."),
    Exercise("13.faded", faded, (Probe(two_sizes, maps_seen, FADING_MISTAKES),),
             ("A mean of two images, with the weights 1 - alpha and alpha.",
              "The small image becomes as large as the other one with `F.interpolate`.",
              "`(1 - alpha) * doubled + alpha * high`"),
             "At alpha 0 nothing new is seen, at alpha 1 nothing old."),
)
