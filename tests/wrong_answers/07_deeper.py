"""Answers to the exercises of the deeper notebooks of 07, as learners write them."""
import torch
import torch.nn.functional as F
from torch import nn

x, D = torch.zeros(1), nn.Linear(1, 1)


# BatchNorm

def norm(dims=(0, 2, 3), unbiased=False, root=True, eps_in=True, minus=True, out=lambda n, g, b: g * n + b):
    def batch_norm(h, gamma, beta, eps):
        g, b = gamma.view(1, -1, 1, 1), beta.view(1, -1, 1, 1)
        m = h.mean(dims, keepdim=True)
        s2 = ((h - m) ** 2).mean(dims, keepdim=True)
        if unbiased:
            s2 = h.var(dims, keepdim=True)
        by = s2 + eps if eps_in else s2
        return out((h - m if minus else h) / (by ** 0.5 if root else by), g, b)
    return batch_norm


def by_torch(h, gamma, beta, eps):
    return F.batch_norm(h, None, None, gamma, beta, training=True, eps=eps)


def channel_by_channel(h, gamma, beta, eps):
    y = torch.empty_like(h)
    for c in range(h.shape[1]):
        one = h[:, c]
        y[:, c] = (one - one.mean()) / torch.sqrt(one.var(correction=0) + eps) * gamma[c] + beta[c]
    return y


def vectors_as_they_are(h, gamma, beta, eps):
    return gamma * norm(out=lambda n, g, b: n)(h, gamma, beta, eps) + beta


# Receptive fields

def step_by_step(kernels, strides):
    r, jump, found = 1, 1, []
    for k, s in zip(kernels, strides, strict=True):
        r = r + (k - 1) * jump
        jump = jump * s
        found.append(r)
    return found


def from_the_top(kernels, strides):
    found = []
    for top in range(1, len(kernels) + 1):
        width = 1
        for k, s in reversed(list(zip(kernels[:top], strides[:top], strict=True))):
            width = (width - 1) * s + k
        found.append(width)
    return tuple(found)


def growing(more, start=1, before=False, jump_of=lambda jump, s: jump * s, give=lambda found: found):
    def receptive_fields(kernels, strides):
        r, jump, found = start, 1, []
        for k, s in zip(kernels, strides, strict=True):
            jump = jump_of(jump, s) if before else jump
            r = more(r, k, s, jump)
            jump = jump if before else jump_of(jump, s)
            found.append(r)
        return give(found)
    return receptive_fields


def plus(r, k, s, jump):
    return r + (k - 1) * jump


# Features

def in_a_loop(activations):
    parts = []
    for layer in activations:
        small = F.adaptive_max_pool2d(layer, (4, 4))
        parts.append(small.reshape(len(layer), -1))
    return torch.hstack(parts)


def stops_early(activations):
    for layer in activations:
        return F.adaptive_max_pool2d(layer, 4).flatten(1)


def grids(activations):
    return torch.cat([F.adaptive_max_pool2d(layer, 4) for layer in activations], dim=1)


RIGHT = {
    "07.batch_norm": [norm(), by_torch, channel_by_channel],
    "07.receptive_fields": [step_by_step, from_the_top, lambda kernels, strides: torch.tensor(step_by_step(kernels, strides))],
    "07.pooled_features": [in_a_loop, lambda activations: grids(activations).flatten(1)],
}
WRONG = {
    "07.batch_norm": {
        "each_image": [norm((2, 3))],
        "each_pixel": [norm((0,))],
        "all_channels": [norm((0, 1, 2, 3))],
        "layer_norm": [norm((1, 2, 3))],
        "channels_averaged": [norm((1,)), norm((0, 1))],
        "correction": [norm(unbiased=True)],
        "no_root": [norm(root=False)],
        "eps_outside": [lambda h, gamma, beta, eps: gamma[:, None, None] * (h - h.mean((0, 2, 3), keepdim=True))
                        / (h.std((0, 2, 3), keepdim=True, correction=0) + eps) + beta[:, None, None]],
        "no_eps": [norm(eps_in=False)],
        "detached": [lambda h, gamma, beta, eps: gamma[:, None, None] * (h - h.mean((0, 2, 3), keepdim=True).detach())
                     / (h.var((0, 2, 3), keepdim=True, correction=0).detach() + eps).sqrt() + beta[:, None, None]],
        "multiplied": [lambda h, gamma, beta, eps: gamma[:, None, None] * (h - h.mean((0, 2, 3), keepdim=True))
                       * (h.var((0, 2, 3), keepdim=True, correction=0) + eps).sqrt() + beta[:, None, None]],
        "not_centred": [norm(minus=False)],
        "exchanged": [norm(out=lambda n, g, b: b * n + g)],
        "no_gamma_beta": [norm(out=lambda n, g, b: n), norm(out=lambda n, g, b: g * n)],
        "gamma_along_width": [vectors_as_they_are],
        "no_return": [lambda h, gamma, beta, eps: print("done")],
        "changed_inputs": [lambda h, gamma, beta, eps: by_torch(h.mul_(2), gamma, beta, eps)],
        "unknown": [lambda h, gamma, beta, eps: 2 * by_torch(h, gamma, beta, eps)],
        "outside": [lambda h, gamma, beta, eps: by_torch(h, gamma, beta, eps) + x],
    },
    "07.receptive_fields": {
        "only_last": [growing(plus, give=lambda found: found[-1])],
        "whole_kernel": [growing(lambda r, k, s, jump: r + k * jump), growing(lambda r, k, s, jump: r + k * jump, start=0)],
        "own_stride": [growing(plus, before=True)],
        "no_strides": [growing(lambda r, k, s, jump: r + k - 1)],
        "last_stride": [growing(plus, jump_of=lambda jump, s: s)],
        "added_strides": [growing(plus, jump_of=lambda jump, s: jump + s)],
        "starts_at_0": [growing(plus, start=0)],
        "downwards": [growing(lambda r, k, s, jump: r * s + k - s)],
        "lengths": [growing(plus, give=lambda found: [1, *found]), growing(plus, give=lambda found: found[1:])],
        "no_return": [growing(plus, give=lambda found: None)],
        "unknown": [growing(plus, start=2)],
        "outside": [lambda kernels, strides: D(x) and step_by_step(kernels, strides)],
    },
    "07.pooled_features": {
        "average": [lambda activations: torch.cat([F.adaptive_avg_pool2d(a, 4).flatten(1) for a in activations], 1)],
        "last_layer": [lambda activations: F.adaptive_max_pool2d(activations[-1], 4).flatten(1)],
        "first_layer": [stops_early],
        "global": [lambda activations: torch.cat([a.amax((2, 3)) for a in activations], 1)],
        "unpooled": [lambda activations: torch.cat([a.flatten(1) for a in activations], 1)],
        "not_flat": [grids],
        "all_pictures_mixed": [lambda activations: torch.cat([F.adaptive_max_pool2d(a, 4).flatten() for a in activations])],
        "below_each_other": [lambda activations: torch.cat([F.adaptive_max_pool2d(a, 4).flatten(1) for a in activations])],
        "a_list": [lambda activations: [F.adaptive_max_pool2d(a, 4).flatten(1) for a in activations]],
        "no_return": [lambda activations: print("done")],
        "unknown": [lambda activations: 2 * in_a_loop(activations)],
        "outside": [lambda activations: in_a_loop(activations) + x],
    },
}
