"""Answers to the exercises of notebook 13, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons.exercises import mapping_network
from gan_course.lessons.exercises.style_and_noise import adain, add_noise
from gan_course.style_networks import EqualisedConv

# the layer

class Linear(nn.Module):
    """As asked, but for what a class below changes."""

    start, slow_bias, slow, gained, root = "1/m", True, True, True, math.sqrt

    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__()
        c = gain if self.gained else 1
        self.m, self.c = lr_multiplier, c / type(self).root(inputs)
        spread = {"1/m": 1 / lr_multiplier, "1": 1.0, "he": self.c, "5": 5.0}[self.start]
        self.weight = nn.Parameter(spread * torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        m = self.m if self.slow else 1
        return F.linear(x, m * self.c * self.weight, (m if self.slow_bias else 1) * self.bias)


def linear(**changed):
    return type("EqualisedLinear", (Linear,), changed)


class BiasAtOne(Linear):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        nn.init.ones_(self.bias)


class BiasFirst(nn.Module):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.constants = lr_multiplier, gain / inputs ** 0.5

    def forward(self, x):
        m, c = self.constants
        return m * (c * x @ self.weight.T + self.bias)


class Unscaled(Linear):
    def forward(self, x):
        return self.m * F.linear(x, self.weight, self.bias)


class BiasScaled(Linear):
    def forward(self, x):
        return self.m * self.c * F.linear(x, self.weight, self.bias)


class ByOutputs(Linear):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__(inputs, outputs, gain, lr_multiplier)
        self.c = gain / math.sqrt(outputs)


class Inside(nn.Module):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)

    def forward(self, x):
        return self.layer(x)


class Doubled(Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class Frozen(Linear):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


class FixedBias(Linear):
    def forward(self, x):
        return F.linear(x, self.m * self.c * self.weight, self.m * self.bias.data)


class Plain:
    def __init__(self, *sizes):
        self.sizes = sizes

    def forward(self, *inputs):
        return inputs[0] * 1.0


class NoSuper(nn.Module):
    def __init__(self, inputs, outputs, gain, lr_multiplier):
        self.weight = nn.Parameter(torch.randn(outputs, inputs))

    def forward(self, x):
        return F.linear(x, self.weight)


# the mapping network

class Mapping(nn.Module):
    def __init__(self, z_dim, w_dim, depth, m=0.01, gain=2 ** 0.5, of=mapping_network.EqualisedLinear):
        super().__init__()
        self.net = nn.Sequential(*[of(z_dim if k == 0 else w_dim, w_dim, gain, m) for k in range(depth)])

    def norm(self, z):
        return z * z.pow(2).mean(1, keepdim=True).rsqrt()

    def act(self, h, last):
        return F.leaky_relu(h, 0.2)

    def forward(self, z):
        w = self.norm(z)
        for k, layer in enumerate(self.net):
            w = self.act(layer(w), k == len(self.net) - 1)
        return w


def mapping(norm=None, act=None, **options):
    class MappingNetwork(Mapping):
        def __init__(self, z_dim, w_dim, depth):
            super().__init__(z_dim, w_dim, depth, **options)

        def norm(self, z):
            return norm(z) if norm else super().norm(z)

        def act(self, h, last):
            return act(h, last) if act else super().act(h, last)
    return MappingNetwork


class OneMore(Mapping):
    def __init__(self, z_dim, w_dim, depth):
        super().__init__(z_dim, w_dim, depth + 1)


class InSequence(nn.Module):
    def __init__(self, z_dim, w_dim, depth):
        super().__init__()
        layers = []
        for k in range(depth):
            layers += [mapping_network.EqualisedLinear(z_dim if k == 0 else w_dim, w_dim, math.sqrt(2), 0.01), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z):
        return self.layers(z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt())


# AdaIN

def standard(h, over, correction=0):
    return (h - h.mean(over, keepdim=True)) / h.std(over, correction=correction, keepdim=True)


def tall(each):
    return each.unsqueeze(-1).unsqueeze(-1)


def with_small_number(outside=0.0, inside=0.0):
    def adain(h, gain, shift):
        mean, sd = h.mean((2, 3), keepdim=True), (h.var((2, 3), correction=0, keepdim=True) + inside).sqrt()
        return tall(1 + gain) * (h - mean) / (sd + outside) + tall(shift)
    return adain


ADAINS = [with_small_number(), with_small_number(1e-8), with_small_number(1e-5), with_small_number(inside=1e-5),
          lambda h, gain, shift: tall(1 + gain) * F.instance_norm(h) + tall(shift)]
"""Right ones, each with another small number against a division by 0."""


def by_hand(h, gain, shift):
    flat = h.flatten(2)
    flat = (flat - flat.mean(2, keepdim=True)) / (flat.var(2, correction=0, keepdim=True) + 1e-8).sqrt()
    return (flat * (1 + gain[..., None]) + shift[..., None]).view_as(h)


# the noise

def drawing(draw):
    def add(h, strength, noise=None):
        return h + strength * (draw(h) if noise is None else noise)
    return add


# the styled layer

class Layer(nn.Module):
    """As asked, but for what a class below changes in `steps`."""

    strength_start, interpolation = 0.0, {"mode": "bilinear", "align_corners": False}

    def __init__(self, inputs, outputs, w_dim, doubles=False):
        super().__init__()
        self.doubles, self.conv, self.style = doubles, EqualisedConv(inputs, outputs), mapping_network.EqualisedLinear(w_dim, 2 * outputs, 1, 1)
        self.bias, self.strength = nn.Parameter(torch.zeros(outputs, 1, 1)), nn.Parameter(torch.full((outputs, 1, 1), self.strength_start))

    def larger(self, h):
        return F.interpolate(h, scale_factor=2, **self.interpolation) if self.doubles else h

    def forward(self, h, w, noise=None):
        gain, shift = self.style(w).chunk(2, 1)
        return self.steps(self.conv(self.larger(h)), gain, shift, noise)

    def steps(self, h, gain, shift, noise):
        return adain(F.leaky_relu(h + self.bias + self.strength * noise, 0.2), gain, shift)


def layer(steps=None, **changed):
    return type("StyledLayer", (Layer,), changed | ({"steps": steps} if steps else {}))


class OwnName(nn.Module):
    def __init__(self, inputs, outputs, w_dim, doubles=False):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, h, w, noise=None):
        return self.convolution(h)


class WithOwnAdain(Layer):
    adain = staticmethod(adain)

    def steps(self, h, gain, shift, noise):
        return self.adain(F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2), gain, shift)


class WithModules(Layer):
    """Modules and loops in place of functions."""

    def __init__(self, inputs, outputs, w_dim, doubles=False):
        super().__init__(inputs, outputs, w_dim, doubles)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False) if doubles else nn.Identity()
        self.act, self.norm = nn.LeakyReLU(0.2), nn.InstanceNorm2d(outputs)

    def forward(self, h, w, noise=None):
        h = self.norm(self.act(self.conv(self.up(h)) + self.strength * noise + self.bias))
        style = tall(self.style(w))
        return (1 + style[:, :h.shape[1]]) * h + style[:, h.shape[1]:]


class LateDoubling(Layer):
    def forward(self, h, w, noise=None):
        gain, shift = self.style(w).chunk(2, 1)
        return self.steps(self.larger(self.conv(h)), gain, shift, noise)


# R1

def r1(D, x, fake, gamma, scored=torch.sum, measured=lambda s: s.pow(2).sum((1, 2, 3)).mean(), half=0.5, graph=True, where=0, sign=1, first=lambda t: t[0]):
    both = [x.clone().requires_grad_(), fake.clone().requires_grad_()]
    scores = [D(each) for each in both]
    slope = first(torch.autograd.grad(scored(scores[where]), both[where], create_graph=graph))
    return F.softplus(-sign * scores[0]).mean() + F.softplus(sign * scores[1]).mean() + half * gamma * measured(slope)


def loss(**changed):
    return lambda D, x, fake, gamma: r1(D, x, fake, gamma, **changed)


def forgotten(D, x, fake, gamma):
    slope = torch.autograd.grad(D(x).sum(), x, create_graph=True)[0]
    return F.softplus(-D(x)).mean() + F.softplus(D(fake)).mean() + gamma / 2 * slope.pow(2).sum((1, 2, 3)).mean()


def entry(D, x, stage, alpha, small=lambda x: F.interpolate(x, scale_factor=0.5, mode="area"), shares=None, back=1):
    new = D.halve[stage](D.read[stage](x))
    if alpha == 1 or stage == 0:
        return new
    a, b = shares(alpha) if shares else (1 - alpha, alpha)
    return a * D.read[stage - back](small(x)) + b * new


def enter(**changed):
    return lambda D, x, stage, alpha: entry(D, x, stage, alpha, **changed)


def late(D, x, stage, alpha):
    return torch.lerp(F.avg_pool2d(D.read[stage - 1](x), 2), D.halve[stage](D.read[stage](x)), alpha)


def always_both(D, x, stage, alpha):
    return (1 - alpha) * D.read[stage - 1](F.avg_pool2d(x, 2)) + alpha * D.halve[stage](D.read[stage](x))


RIGHT = {
    "13.EqualisedLinear": [Linear, BiasFirst],
    "13.MappingNetwork": [Mapping, InSequence, mapping(of=BiasFirst)],
    "13.adain": [by_hand, *ADAINS],
    "13.add_noise": [lambda h, strength, noise=None: h + (torch.randn(len(h), 1, *h.shape[2:]) if noise is None else noise) * strength],
    "13.StyledLayer": [Layer, WithModules, *[type("StyledLayer", (WithOwnAdain,), {"adain": staticmethod(each)}) for each in [by_hand, *ADAINS]]],
    "13.discriminator_loss": [r1],
    "13.entry": [entry],
    "13.faded": [lambda low, high, alpha: torch.lerp(low.repeat_interleave(2, 2).repeat_interleave(2, 3), high, alpha)],
}
WRONG = {
    "13.entry": {
        "swapped": [enter(shares=lambda alpha: (alpha, 1 - alpha))],
        "added": [enter(shares=lambda alpha: (1, alpha))],
        "not_faded": [lambda D, x, stage, alpha: D.halve[stage](D.read[stage](x)), lambda D, x, stage, alpha: D.read[stage - 1](F.avg_pool2d(x, 2))],
        "other_layer": [lambda D, x, stage, alpha: torch.lerp(D.read[0](F.avg_pool2d(x, 2)), D.halve[stage](D.read[stage](x)), alpha)],
        "other_halving": [enter(small=lambda x: x[:, :, ::2, ::2]), enter(small=lambda x: F.max_pool2d(x, 2)), enter(small=lambda x: F.interpolate(x, scale_factor=0.5))],
        "halved_later": [late],
        "sizes": [enter(small=lambda x: x)],
        "no_stage_before": [always_both],
        "unknown": [enter(shares=lambda alpha: (2 - 2 * alpha, 2 * alpha))],
        "not_differentiable": [torch.no_grad()(entry), lambda D, x, stage, alpha: entry(D, x.detach(), stage, alpha)],
    },
    "13.EqualisedLinear": {
        "not_a_module": [Plain, NoSuper],
        "names": [Inside],
        "starts_small": [linear(start="he")],
        "starts_at_1": [linear(start="1")],
        "starts_otherwise": [linear(start="5")],
        "bias_start": [BiasAtOne],
        "bias_as_it_is": [linear(slow_bias=False)],
        "no_multiplier": [linear(slow=False, slow_bias=False)],
        "no_scale": [Unscaled],
        "no_gain": [linear(gained=False)],
        "bias_scaled": [BiasScaled],
        "no_root": [linear(root=float)],
        "by_outputs": [ByOutputs],
        "no_gradient": [Frozen],
        "idle": [FixedBias],
        "unknown": [Doubled],
    },
    "13.MappingNetwork": {
        "not_a_module": [Plain],
        "layers": [OneMore],
        "not_normalised": [mapping(lambda z: z)],
        "unit_length": [mapping(lambda z: z / z.norm(dim=1, keepdim=True))],
        "over_batch": [mapping(lambda z: z / z.pow(2).mean(0).sqrt())],
        "standardised": [mapping(lambda z: standard(z, 1))],
        "bare_end": [mapping(act=lambda h, last: h if last else F.leaky_relu(h, 0.2))],
        "relu": [mapping(act=lambda h, last: h.relu())],
        "slope": [mapping(act=lambda h, last: F.leaky_relu(h, 0.01))],
        "full_speed": [mapping(m=1.0)],
        "gain": [mapping(gain=1.0)],
        "no_gradient": [mapping(act=lambda h, last: F.leaky_relu(h, 0.2).detach() if last else F.leaky_relu(h, 0.2))],
        "idle": [mapping(act=lambda h, last: F.leaky_relu(h if last else h.detach(), 0.2))],
        "unknown": [mapping(act=lambda h, last: h.tanh())],
    },
    "13.adain": {
        "broadcast": [lambda h, gain, shift: (1 + gain) * standard(h, (2, 3)) + shift],
        "batch": [lambda h, gain, shift: tall(1 + gain) * standard(h, (0, 2, 3)) + tall(shift), lambda h, gain, shift: tall(1 + gain) * F.batch_norm(h, None, None, training=True) + tall(shift)],
        "all_channels": [lambda h, gain, shift: tall(1 + gain) * standard(h, (1, 2, 3)) + tall(shift)],
        "over_channels": [lambda h, gain, shift: tall(1 + gain) * standard(h, 1) + tall(shift)],
        "n_minus_1": [lambda h, gain, shift: tall(1 + gain) * standard(h, (2, 3), 1) + tall(shift)],
        "no_one": [lambda h, gain, shift: tall(gain) * F.instance_norm(h) + tall(shift)],
        "swapped": [lambda h, gain, shift: tall(1 + shift) * F.instance_norm(h) + tall(gain)],
        "not_normalised": [lambda h, gain, shift: tall(1 + gain) * h + tall(shift)],
        "mean_stays": [lambda h, gain, shift: tall(1 + gain) * h / h.std((2, 3), correction=0, keepdim=True) + tall(shift)],
        "variance": [lambda h, gain, shift: tall(1 + gain) * (h - h.mean((2, 3), keepdim=True)) / h.var((2, 3), correction=0, keepdim=True) + tall(shift)],
        "not_differentiable": [lambda h, gain, shift: tall(1 + gain) * F.instance_norm(h).detach() + tall(shift), torch.no_grad()(by_hand), lambda h, gain, shift: by_hand(h, gain.detach(), shift), lambda h, gain, shift: torch.from_numpy(by_hand(h, gain, shift).numpy())],
        "unknown": [lambda h, gain, shift: tall(1 + gain) * standard(h, 2) + tall(shift)],
    },
    "13.add_noise": {
        "times": [lambda h, strength, noise=None: h * strength * noise],
        "no_strength": [lambda h, strength, noise=None: h + noise],
        "all_scaled": [lambda h, strength, noise=None: strength * (h + noise)],
        "own_noise": [lambda h, strength, noise=None: h + strength * torch.randn_like(h[:, :1]), lambda h, strength, noise=None: h + strength * torch.randn_like(h)],
        "unknown": [lambda h, strength, noise=None: h - strength * noise, lambda h, strength, noise=None: h + strength ** 2 * noise],
        "none": [lambda h, strength, noise=None: h + strength * noise],
        "none_added": [lambda h, strength, noise=None: h if noise is None else h + strength * noise],
        "each_channel": [drawing(torch.randn_like)],
        "one_for_all": [drawing(lambda h: torch.randn(1, 1, *h.shape[2:]))],
        "one_number": [drawing(lambda h: torch.randn(len(h), 1, 1, 1))],
        "not_normal": [drawing(lambda h: torch.rand_like(h[:, :1]))],
        "not_differentiable": [lambda h, strength, noise=None: add_noise(h.data, strength, noise), lambda h, strength, noise=None: add_noise(h, strength.data, noise)],
        "error": [lambda h, strength, noise=None: h + strength[:, 0] @ noise],
    },
    "13.StyledLayer": {
        "not_a_module": [Plain],
        "names": [OwnName],
        "start": [layer(strength_start=1.0)],
        "no_activation": [layer(lambda self, h, gain, shift, noise: adain(add_noise(h, self.strength, noise) + self.bias, gain, shift))],
        "slope": [layer(lambda self, h, gain, shift, noise: adain(F.leaky_relu(add_noise(h, self.strength, noise) + self.bias), gain, shift))],
        "style_first": [layer(lambda self, h, gain, shift, noise: F.leaky_relu(adain(add_noise(h, self.strength, noise) + self.bias, gain, shift), 0.2))],
        "late_noise": [layer(lambda self, h, gain, shift, noise: adain(add_noise(F.leaky_relu(h + self.bias, 0.2), self.strength, noise), gain, shift))],
        "no_noise": [layer(lambda self, h, gain, shift, noise: adain(F.leaky_relu(h + self.bias, 0.2), gain, shift))],
        "no_bias": [layer(lambda self, h, gain, shift, noise: adain(F.leaky_relu(add_noise(h, self.strength, noise), 0.2), gain, shift))],
        "shift_first": [layer(lambda self, h, gain, shift, noise: adain(F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2), shift, gain))],
        "plain": [layer(lambda self, h, gain, shift, noise: F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.2))],
        "not_doubled": [layer(larger=lambda self, h: h)],
        "late_doubling": [LateDoubling],
        "nearest": [layer(interpolation={"mode": "nearest"})],
        "no_gradient": [layer(lambda self, h, gain, shift, noise: Layer.steps(self, h, gain, shift, noise).detach())],
        "idle": [layer(larger=torch.no_grad()(Layer.larger), steps=lambda self, h, gain, shift, noise: Layer.steps(self, h, gain.detach(), shift, noise)),
                 layer(larger=torch.no_grad()(Layer.larger))],
        "unknown": [layer(lambda self, h, gain, shift, noise: adain(F.leaky_relu(add_noise(h, self.strength, noise) + self.bias, 0.1), gain, shift))],
    },
    "13.discriminator_loss": {
        "unstable": [lambda D, x, fake, gamma: r1(D, x, fake, gamma) - F.softplus(D(fake)).mean() - torch.log(1 - D(fake).sigmoid()).mean()],
        "not_a_scalar": [loss(scored=lambda s: s)],
        "no_grad_of_x": [forgotten],
        "tuple": [loss(first=lambda t: t)],
        "sigmoid_forgotten": [lambda D, x, fake, gamma: r1(D, x, fake, gamma) - F.softplus(-D(x)).mean() - torch.log(D(x)).mean()],
        "no_r1": [loss(half=0.0)],
        "through_softplus": [loss(scored=lambda s: F.softplus(-s).sum()), loss(scored=lambda s: F.softplus(-s).mean())],
        "no_half": [loss(half=1.0)],
        "at_fakes": [loss(where=1)],
        "mean_of_scores": [loss(scored=torch.mean)],
        "mean_over_pixels": [loss(measured=lambda s: s.pow(2).mean())],
        "sum_over_batch": [loss(measured=lambda s: s.pow(2).sum())],
        "length": [loss(measured=lambda s: s.flatten(1).norm(dim=1).mean())],
        "wgan_gp": [loss(measured=lambda s: (s.flatten(1).norm(2, 1) - 1).pow(2).mean(), half=half) for half in (0.5, 1.0)],
        "swapped": [loss(sign=-1)],
        "no_create_graph": [loss(graph=False), loss(measured=lambda s: s.detach().pow(2).sum((1, 2, 3)).mean())],
        "not_a_tensor": [lambda D, x, fake, gamma: r1(D, x, fake, gamma).item()],
        "unknown": [loss(half=0.25)],
    },
    "13.faded": {
        "not_doubled": [lambda low, high, alpha: (1 - alpha) * low + alpha * high],
        "swapped": [lambda low, high, alpha: torch.lerp(high, F.interpolate(low, scale_factor=2), alpha)],
        "added": [lambda low, high, alpha: F.interpolate(low, scale_factor=2) + alpha * high],
        "bilinear": [lambda low, high, alpha: torch.lerp(F.interpolate(low, scale_factor=2, mode="bilinear"), high, alpha)],
        "not_differentiable": [lambda low, high, alpha: torch.lerp(F.interpolate(low.detach(), scale_factor=2), high, alpha)],
        "unknown": [lambda low, high, alpha: high],
    },
}
