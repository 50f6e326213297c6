"""Answers to the exercises of notebook deeper/14_attention, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math
from functools import partial

import torch
from torch import nn

from gan_course.lessons.exercises.attention import attention_map, gather


def scores(f, g):
    return torch.einsum("nkj,nki->nji", g.flatten(2), f.flatten(2))


def rows(maps):
    n, c, height, width = maps.shape
    return maps.reshape(n, c, height * width).permute(0, 2, 1)


def by_permuting(f, g):
    return torch.softmax(torch.bmm(rows(g), rows(f).permute(0, 2, 1)), 2)


def summed(beta, h):
    return torch.einsum("nji,nci->ncj", beta, h.flatten(2)).reshape(h.shape)


def layer(forward, k=lambda c: c // 8, kernel=1, gamma=lambda: nn.Parameter(torch.zeros(1)), bias=True):
    """A learner's class with this forward(self, x, f, g, h)."""
    class SelfAttention(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.gamma = gamma()
            self.h = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=bias)
            self.f = nn.Conv2d(channels, k(channels), 1, bias=bias)
            self.g = nn.Conv2d(channels, k(channels), 1, bias=bias)

        def forward(self, x):
            return forward(self, x, self.f(x), self.g(x), self.h(x))
    return SelfAttention


def gated(self, x, f, g, h):
    return self.gamma * gather(attention_map(f, g), h) + x


def by_torch(self, x, f, g, h):
    o = nn.functional.scaled_dot_product_attention(rows(g), rows(f), rows(h), scale=1.0)
    return x + self.gamma * o.transpose(1, 2).reshape(x.shape)


def gate(shape):
    return nn.Parameter(torch.zeros(shape))


RIGHT = {
    "14.attention_map": [by_permuting, lambda f, g: scores(f, g).softmax(2)],
    "14.gather": [summed, lambda beta, h: (beta @ rows(h)).transpose(1, 2).reshape(h.shape)],
    "14.SelfAttention": [layer(gated), layer(by_torch), *(layer(gated, gamma=partial(gate, shape)) for shape in ((), (1, 1, 1)))],
}
WRONG = {
    "14.attention_map": {
        "wrong_axis": [lambda f, g: torch.softmax(scores(f, g), 1)],
        "swapped": [lambda f, g: torch.softmax(scores(g, f), -1)],
        "both_swapped": [lambda f, g: torch.softmax(scores(g, f), 1), lambda f, g: torch.softmax(scores(f, g), 2).mT],
        "no_softmax": [scores],
        "scaled": [lambda f, g: torch.softmax(scores(f, g) / math.sqrt(f.shape[1]), 2)],
        "mixed_up": [lambda f, g: torch.softmax(g.view(2, 6, -1) @ f.view(2, 6, -1).mT, 2)],
        "columns_first": [lambda f, g: scores(f.mT, g.mT).softmax(2)],
        "whole_map": [lambda f, g: scores(f, g).view(2, 36).softmax(1).view(2, 6, 6)],
        "over_channels": [lambda f, g: torch.softmax(rows(g).mT @ rows(f), 2)],
        "not_differentiable": [lambda f, g: by_permuting(f.detach(), g), torch.no_grad()(by_permuting)],
        "unknown": [lambda f, g: torch.softmax(2 * scores(f, g), 2)],
        "error": [lambda f, g: torch.softmax(rows(g) @ rows(f), 2)],
    },
    "14.gather": {
        "transposed": [lambda beta, h: summed(beta.mT, h)],
        "mixed_up": [lambda beta, h: (beta @ rows(h)).reshape(h.shape), lambda beta, h: (beta @ h.view(2, 6, 4)).view(h.shape)],
        "columns_first": [lambda beta, h: summed(beta, h.mT).mT],
        "mean": [lambda beta, h: h.mean((2, 3), keepdim=True).expand(h.shape)],
        "not_a_feature_map": [lambda beta, h: beta @ rows(h), lambda beta, h: summed(beta, h).flatten(2)],
        "not_differentiable": [lambda beta, h: summed(beta.detach(), h), lambda beta, h: summed(beta, h.data)],
        "unknown": [lambda beta, h: 2 * summed(beta, h)],
        "error": [lambda beta, h: beta @ h.flatten(2)],
    },
    "14.SelfAttention": {
        "not_a_layer": [lambda channels: channels],
        "kernel": [layer(gated, kernel=3)],
        "no_gamma": [layer(gated, gamma=lambda: torch.zeros(1)), layer(gated, gamma=lambda: 0.0)],
        "parameters": [layer(gated, k=lambda c: c), layer(gated, bias=False), layer(gated, gamma=partial(gate, (16, 1, 1)))],
        "starts_open": [layer(gated, gamma=lambda: nn.Parameter(torch.ones(1)))],
        "no_residual": [layer(lambda self, x, f, g, h: self.gamma * gather(attention_map(f, g), h))],
        "gate_on_x": [layer(lambda self, x, f, g, h: self.gamma * x + gather(attention_map(f, g), h))],
        "ungated": [layer(lambda self, x, f, g, h: x + gather(attention_map(f, g), h))],
        "mixed": [layer(lambda self, x, f, g, h: torch.lerp(x, gather(attention_map(f, g), h), self.gamma))],
        "no_values": [layer(lambda self, x, f, g, h: gated(self, x, f, g, x))],
        "exchanged": [layer(lambda self, x, f, g, h: gated(self, x, g, f, h))],
        "no_gradient": [layer(torch.no_grad()(gated))],
        "idle": [layer(lambda self, x, f, g, h: gated(self, x, f.detach(), g.detach(), h)), layer(lambda self, x, f, g, h: x + (self.gamma * gather(attention_map(f, g), h)).detach())],
        "unknown": [layer(lambda self, x, f, g, h: gated(self, 2 * x, f, g, h))],
    },
}
