"""Answers to the exercises of notebook deeper/17_truncation, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
from math import log

import torch
from torch.nn.functional import cosine_similarity, normalize


def rows(x):
    return x.view(len(x), -1)


def by_torch(ink, known):
    table = cosine_similarity(rows(ink)[:, None], rows(known)[None], dim=2)
    return table.amax(1), table.argmax(1)


def by_hand(ink, known):
    length = lambda x: rows(x).norm(dim=1).clamp(min=1e-8)  # noqa: E731
    table = rows(ink) @ rows(known).T / (length(ink)[:, None] * length(known))
    return table.max(dim=1)


def without_care(ink, known):
    a, b = rows(ink), rows(known)
    return ((a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T).max(1)


def squares(ink, known):
    a, b = rows(ink), rows(known)
    return (a @ b.T / (a.square().sum(1, keepdim=True) + 1e-9) / b.square().sum(1)).max(1)


def centred(ink, known):
    a, b = (rows(x) - rows(x).mean(1, keepdim=True) for x in (ink, known))
    return (normalize(a) @ normalize(b).T).max(1)


def entropy(counts):
    p = counts[counts > 0] / counts.sum()
    return -(p * p.log()).sum()


def from_shares(counts):
    p = counts.double() / counts.sum()
    return float(-torch.special.xlogy(p, p).sum() / log(len(counts)))


RIGHT = {
    "17.most_alike": [by_torch, by_hand],
    "17.evenness": [from_shares, lambda counts: entropy(counts) / log(len(counts))],
}
WRONG = {
    "17.most_alike": {
        "not_two": [lambda ink, known: by_torch(ink, known)[1]],
        "black": [without_care],
        "inner_product": [lambda ink, known: (rows(ink) @ rows(known).T).max(1)],
        "one_length": [lambda ink, known: (normalize(rows(ink)) @ rows(known).T).max(1), lambda ink, known: (rows(ink) @ normalize(rows(known)).T).max(1)],
        "squares": [squares],
        "least": [lambda ink, known: (normalize(rows(ink)) @ normalize(rows(known)).T).min(1)],
        "distance": [lambda ink, known: torch.cdist(rows(ink), rows(known)).min(1)],
        "for_the_known": [lambda ink, known: (normalize(rows(ink)) @ normalize(rows(known)).T).max(0)],
        "order": [lambda ink, known: by_torch(ink, known)[::-1]],
        "correlation": [centred],
        "unknown": [lambda ink, known: (0.5 * by_torch(ink, known)[0], by_torch(ink, known)[1])],
    },
    "17.evenness": {
        "nan": [lambda counts: -(counts / counts.sum() * (counts / counts.sum()).log()).sum() / log(5)],
        "sign": [lambda counts: -entropy(counts) / log(len(counts))],
        "entropy": [entropy],
        "those_that_occur": [lambda counts: entropy(counts) / log(int((counts > 0).sum()))],
        "by_k": [lambda counts: entropy(counts) / len(counts)],
        "counts": [lambda counts: -torch.special.xlogy(counts.double(), counts.double()).sum() / log(len(counts))],
        "exponential": [lambda counts: entropy(counts).exp() / len(counts)],
        "unknown": [lambda counts: entropy(counts) / log(10)],
    },
}
