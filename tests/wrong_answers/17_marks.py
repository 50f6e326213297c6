"""Answers to the exercise of notebook deeper/17_marks, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch


def places(x, pattern):
    h, w = x.shape[2:]
    return [pattern[i:i + h, j:j + w] for i in range(len(pattern) - h + 1) for j in range(pattern.shape[1] - w + 1)]


def correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / (a.square().sum() * b.square().sum()).sqrt()


def table(x, pattern, compare=correlation):
    return torch.stack([torch.stack([compare(picture[0], window) for window in places(x, pattern)]) for picture in x])


def by_numpy(x, pattern):
    return np.array([max(np.corrcoef(picture.flatten(), window.flatten())[0, 1] for window in places(x, pattern)) for picture in x])


def inner(a, b):
    return ((a - a.mean()) * (b - b.mean())).sum()


RIGHT = {"17.best_match": [by_numpy, lambda x, pattern: table(x, pattern).max(dim=1).values]}
WRONG = {
    "17.best_match": {
        "over_pictures": [lambda x, pattern: table(x, pattern).amax(dim=0)],
        "all_windows": [table],
        "one_number": [lambda x, pattern: table(x, pattern).max()],
        "one_window": [lambda x, pattern: table(x, pattern)[:, 0]],
        "which": [lambda x, pattern: table(x, pattern).argmax(dim=1)],
        "absolute": [lambda x, pattern: table(x, pattern).abs().amax(dim=1)],
        "average": [lambda x, pattern: table(x, pattern).mean(dim=1)],
        "not_centred": [lambda x, pattern: table(x, pattern, lambda a, b: (a * b).sum() / a.norm() / b.norm()).amax(dim=1)],
        "not_normalised": [lambda x, pattern: table(x, pattern, inner).amax(dim=1), lambda x, pattern: table(x, pattern, lambda a, b: (a * b).sum()).amax(dim=1)],
        "one_length": [lambda x, pattern: table(x, pattern, lambda a, b: inner(a, b) / (a - a.mean()).norm()).amax(dim=1)],
        "unknown": [lambda x, pattern: table(x, pattern).amin(dim=1)],
    },
}
