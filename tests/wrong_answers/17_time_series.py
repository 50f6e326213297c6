"""Answers to the exercises of notebook deeper/17_time_series, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from gan_course.lessons.exercises.time_series import SignalGenerator


def squares(x):
    return np.abs(np.fft.rfft(x.numpy(), axis=1))**2


def with_waves(x):
    """No fast Fourier transform: sums over cosines and sines."""
    T = x.shape[1]
    angle = 2 * math.pi * torch.arange(T // 2 + 1.0)[:, None] * torch.arange(float(T)) / T
    return ((x @ angle.cos().T)**2 + (x @ angle.sin().T)**2).mean(0) / T


def one_at_a_time(x):
    return sum(torch.fft.rfft(row).abs()**2 for row in x) / (len(x) * len(x[0]))


def measured(up, down):
    """A bicoherence from NumPy's coefficients at k and 2k."""
    def bicoherence(x, k):
        X = np.fft.rfft(x.numpy())
        return up(X[:, k], X[:, 2 * k]) / down(X[:, k], X[:, 2 * k])
    return bicoherence


def up(f, h):
    return abs(np.mean(f**2 * np.conj(h)))


def down(f, h):
    return math.sqrt(np.mean(np.abs(f)**4) * np.mean(np.abs(h)**2))


def by_sums(x, k):
    X = torch.fft.fft(x)
    total = sum(row[k] * row[k] * row[2 * k].conj() for row in X).abs()
    return total / (sum(row[k].abs()**4 for row in X) * sum(row[2 * k].abs()**2 for row in X))**0.5


def generator(kernel=8, padding=3, act=lambda: nn.LeakyReLU(0.2), norm=lambda a: nn.Identity(), end=(), last=True, keep=True, shape=lambda z: z[:, :, None]):
    class Own(nn.Module):
        def __init__(self, z_dim, widths, start):
            super().__init__()
            if keep:
                self.z_dim = z_dim
            first, ends = [nn.ConvTranspose1d(z_dim, widths[0], start)], [*widths, widths[-1]]
            pairs = list(pairwise(ends))[:None if last else -1]
            for a, b in pairs:
                first += [norm(a), act(), nn.ConvTranspose1d(a, b, kernel, 2, padding)]
            self.net = nn.Sequential(*first, norm(widths[-1]), act(), nn.Conv1d(widths[-1], 1, 9, padding=4), *end)

        def forward(self, z):
            return self.net(shape(z))
    return Own


def unsqueezed(self, z):
    return self.layers(z.unsqueeze(2))


RIGHT = {
    "17.power_spectrum": [with_waves, one_at_a_time, lambda x: squares(x).mean(0) / x.shape[1]],
    "17.bicoherence": [by_sums, measured(up, down)],
    "17.SignalGenerator": [generator(), generator(shape=lambda z: z.view(*z.shape, 1)), type("SignalGenerator", (SignalGenerator,), {"forward": unsqueezed})],
}
WRONG = {
    "17.power_spectrum": {
        "complex": [lambda x: (torch.fft.rfft(x)**2).mean(0) / x.shape[1]],
        "one_number": [lambda x: torch.fft.rfft(x).abs().square().mean() / x.shape[1]],
        "not_averaged": [lambda x: torch.fft.rfft(x).abs().square() / x.shape[1]],
        "over_frequencies": [lambda x: torch.fft.rfft(x).abs().square().mean(1) / x.shape[1]],
        "two_sided": [lambda x: torch.fft.fft(x).abs().square().mean(0) / x.shape[1]],
        "mean_first": [lambda x: torch.fft.rfft(x).mean(0).abs()**2 / x.shape[1], lambda x: squares(x.mean(0, keepdim=True))[0] / x.shape[1]],
        "not_squared": [lambda x: torch.fft.rfft(x).abs().mean(0) / x.shape[1], lambda x: torch.fft.rfft(x).abs().mean(0)],
        "not_divided": [lambda x: squares(x).mean(0)],
        "divided_twice": [lambda x: squares(x).mean(0) / x.shape[1]**2],
        "divided_by_n": [lambda x: squares(x).mean(0) / len(x), lambda x: squares(x).mean(0) / x.numel()],
        "in_decibels": [lambda x: 10 * np.log10(squares(x).mean(0) / x.shape[1]), lambda x: with_waves(x).log()],
        "centred": [lambda x: with_waves(x - x.mean(1, keepdim=True))],
        "unknown": [lambda x: 2 * with_waves(x)],
    },
    "17.bicoherence": {
        "complex": [lambda x, k: (torch.fft.rfft(x)[:, k]**2 * torch.fft.rfft(x)[:, 2 * k].conj()).mean(), lambda x, k: complex(measured(lambda f, h: np.mean(f**2 * np.conj(h)), down)(x, k))],
        "one_each": [measured(lambda f, h: np.abs(f**2 * np.conj(h)), down)],
        "absolute_first": [measured(lambda f, h: np.mean(np.abs(f**2 * h)), down)],
        "not_conjugated": [measured(lambda f, h: abs(np.mean(f**2 * h)), down)],
        "not_squared": [measured(lambda f, h: abs(np.mean(f * np.conj(h))), lambda f, h: math.sqrt(np.mean(np.abs(f)**2) * np.mean(np.abs(h)**2)))],
        "not_normalised": [measured(up, lambda f, h: 1)],
        "other_size": [measured(up, lambda f, h: np.mean(np.abs(f)**2) * math.sqrt(np.mean(np.abs(h)**2)))],
        "size_of_the_mean": [measured(up, lambda f, h: np.mean(np.abs(f**2 * h))), measured(up, lambda f, h: np.mean(np.abs(f)**2) * np.mean(np.abs(h)))],
        "no_root": [measured(up, lambda f, h: down(f, h)**2)],
        "squared": [lambda x, k: by_sums(x, k)**2],
        "angles_only": [lambda x, k: torch.exp(1j * (2 * torch.fft.rfft(x)[:, k].angle() - torch.fft.rfft(x)[:, 2 * k].angle())).mean().abs()],
        "next_frequency": [lambda x, k: neighbour(x, k, k + 1), lambda x, k: neighbour(x, k, 2 * k + 1)],
        "unknown": [lambda x, k: by_sums(x, k) / 2],
    },
    "17.SignalGenerator": {
        "z_not_reshaped": [generator(shape=lambda z: z), generator(shape=lambda z: z[:, :, None, None])],
        "unwanted_tanh": [generator(end=(nn.Tanh(),))],
        "size": [generator(last=False), generator(kernel=10)],
        "convolution": [generator(4, 1)],
        "batchnorm_at_the_edge": [generator(norm=nn.BatchNorm1d)],
        "slope": [generator(act=nn.LeakyReLU)],
        "relu_for_leaky": [generator(act=nn.ReLU)],
        "not_kept": [generator(keep=False)],
    },
}


def neighbour(x, k, other):
    X = torch.fft.rfft(x)
    return up(X[:, k].numpy(), X[:, other].numpy()) / down(X[:, k].numpy(), X[:, other].numpy())
