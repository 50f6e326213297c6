"""Answers to the exercise of notebook deeper/14_stability, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch


def products(weight):
    rows = weight.reshape(len(weight), -1)
    return torch.einsum("if,jf->ij", rows, rows)


def others(weight):
    return products(weight) * (1 - torch.eye(len(weight)))


def in_a_loop(weight):
    total, rows = 0, [row.reshape(-1) for row in weight]
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                total = total + (a * b).sum() ** 2
    return total


RIGHT = {"14.orthogonal_penalty": [in_a_loop, lambda weight: others(weight).pow(2).sum(), lambda weight: others(weight).norm() ** 2]}
WRONG = {
    "14.orthogonal_penalty": {
        "matrix": [lambda weight: others(weight) ** 2],
        "not_a_tensor": [lambda weight: float(others(weight).pow(2).sum())],
        "detached": [lambda weight: others(weight.detach()).pow(2).sum()],
        "unit_length": [lambda weight: (products(weight) - torch.eye(len(weight))).pow(2).sum()],
        "diagonal": [lambda weight: products(weight).pow(2).sum()],
        "columns": [lambda weight: others(weight.reshape(len(weight), -1).T).pow(2).sum()],
        "not_squared": [lambda weight: others(weight).sum(), lambda weight: others(weight).abs().sum()],
        "root": [lambda weight: others(weight).norm()],
        "mean": [lambda weight: others(weight).pow(2).mean()],
        "once": [lambda weight: others(weight).pow(2).sum() / 2],
        "cosines": [lambda weight: others(weight / weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.dim() - 1))).pow(2).sum()],
        "not_flat": [lambda weight: ((weight @ weight.T) * (1 - torch.eye(len(weight)))).pow(2).sum()],
        "unknown": [lambda weight: 3 * others(weight).pow(2).sum()],
    },
}
