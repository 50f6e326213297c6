"""Answers to the exercises of notebook deeper/17_signals, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch


def one_by_one(x, bits, patterns, amplitude):
    marked = x.clone()
    for n, message in enumerate(bits):
        for bit, pattern in zip(message, patterns, strict=True):
            marked[n, 0] += amplitude * bit * pattern.view(x.shape[2:])
    return marked


def mark(x, bits, patterns):
    return torch.einsum("nk,kp->np", bits, patterns).reshape(x.shape)


def correlations(x, patterns, mean):
    return torch.stack([torch.stack([((picture - mean)[0].flatten() * p).sum() for p in patterns]) for picture in x])


def by_numpy(x, patterns, mean):
    return np.where((x.numpy() - mean.numpy()).reshape(len(x), -1) @ patterns.numpy().T > 0, 1, -1)


RIGHT = {
    "17.add_bits": [one_by_one, lambda x, bits, patterns, amplitude: x + amplitude * mark(x, bits, patterns)],
    "17.read_bits": [by_numpy, lambda x, patterns, mean: correlations(x, patterns, mean).sign()],
}
WRONG = {
    "17.add_bits": {
        "flat": [lambda x, bits, patterns, amplitude: x.flatten(1) + amplitude * bits @ patterns],
        "broadcast": [lambda x, bits, patterns, amplitude: x + amplitude * mark(x, bits, patterns)[:, 0]],
        "no_amplitude": [lambda x, bits, patterns, amplitude: x + mark(x, bits, patterns)],
        "no_picture": [lambda x, bits, patterns, amplitude: amplitude * mark(x, bits, patterns)],
        "average": [lambda x, bits, patterns, amplitude: x + amplitude * (bits[:, :, None] * patterns).mean(1).view_as(x)],
        "ones_only": [lambda x, bits, patterns, amplitude: x + amplitude * mark(x, (bits > 0).float(), patterns)],
        "sign": [lambda x, bits, patterns, amplitude: one_by_one(x, -bits, patterns, amplitude)],
        "one_message": [lambda x, bits, patterns, amplitude: one_by_one(x, bits[[0, 0, 0]], patterns, amplitude)],
        "unknown": [lambda x, bits, patterns, amplitude: x + amplitude * mark(x, bits, patterns.roll(1, 0))],
    },
    "17.read_bits": {
        "one_picture": [lambda x, patterns, mean: correlations(x, patterns, mean).sign()[0]],
        "other_way_round": [lambda x, patterns, mean: correlations(x, patterns, mean).sign().T],
        "not_bits": [correlations, lambda x, patterns, mean: correlations(x, patterns, mean) / patterns.shape[1]],
        "zero_one": [lambda x, patterns, mean: correlations(x, patterns, mean) > 0],
        "with_the_mean": [lambda x, patterns, mean: correlations(x, patterns, torch.zeros_like(mean)).sign()],
        "own_mean": [lambda x, patterns, mean: torch.stack([correlations(p[None], patterns, p.mean())[0] for p in x]).sign()],
        "sign": [lambda x, patterns, mean: -correlations(x, patterns, mean).sign()],
        "unknown": [lambda x, patterns, mean: correlations(x, patterns.roll(1, 0), mean).sign()],
    },
}
