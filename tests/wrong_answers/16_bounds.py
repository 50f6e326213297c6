"""Answers to the exercise of notebook deeper/16_bounds, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math

import torch


def by_the_largest(log_weights):
    top = log_weights.max(dim=0).values
    return top + (log_weights - top).exp().mean(dim=0).log()


def column_by_column(log_weights):
    return torch.stack([torch.logsumexp(column - math.log(len(column)), dim=0) for column in log_weights.T])


RIGHT = {
    "16.importance_weighted": [by_the_largest, column_by_column],
}
WRONG = {
    "16.importance_weighted": {
        "over_x": [lambda w: torch.logsumexp(w, 1) - math.log(w.shape[1])],
        "one_number": [lambda w: torch.logsumexp(w, (0, 1)) - math.log(w.numel()), lambda w: by_the_largest(w).mean()],
        "elbo": [lambda w: w.mean(0), lambda w: w.exp().log().mean(0)],
        "sum": [lambda w: torch.logsumexp(w, 0), lambda w: w.exp().sum(0).log()],
        "added": [lambda w: torch.logsumexp(w, 0) + math.log(len(w))],
        "divided": [lambda w: torch.logsumexp(w, 0) / len(w)],
        "largest": [lambda w: w.max(0).values, lambda w: w.max(0).values - math.log(len(w))],
        "no_log": [lambda w: w.exp().mean(0)],
        "sign": [lambda w: math.log(len(w)) - torch.logsumexp(w, 0)],
        "underflow": [lambda w: w.exp().mean(0).log(), lambda w: (w.exp().sum(0) / len(w)).log()],
        "unknown": [lambda w: 2 * by_the_largest(w)],
        "error": [lambda w: w[7]],
    },
}
