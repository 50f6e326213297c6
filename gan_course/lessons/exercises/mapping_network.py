"""The exercises of notebook 13 on the mapping network: the layer with an equalised learning rate,
and the network.
"""
import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
)
from gan_course.lessons.exercises._gradients import OF_A_LAYER
from gan_course.lessons.exercises._modules import NOT_A_MODULE, drawn, module_or, outcome_of


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


def set_parameters(net: nn.Module, size: float = 1.0) -> None:
    """Known values for all parameters: matrices first, each kind in the order of registration."""
    with torch.no_grad():
        parameters = sorted(net.parameters(), key=Tensor.dim, reverse=True)
        for number, parameter in enumerate(parameters):
            parameter.copy_(size * drawn(number, *parameter.shape))


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
            "the outputs are 1 / m times too small at the start.", when=starts_at(lambda l: 1.0)),
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
    *OF_A_LAYER,
)


# The mapping network

@module_or
def mapping_seen(net: nn.Module, inputs: dict) -> Seen:
    shapes = sorted((tuple(each.shape) for each in net.parameters()), key=len, reverse=True)
    sizes = list(pairwise([inputs["z_dim"]] + inputs["depth"] * [inputs["w_dim"]]))
    if shapes != [(b, a) for a, b in sizes] + [(b,) for _, b in sizes]:
        return {"its parameters": str(shapes)}
    set_parameters(net, 100.0)
    return outcome_of(net, 3 * drawn(5, 4, inputs["z_dim"]), learned_inputs=False)


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
    *OF_A_LAYER,
)


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
)
