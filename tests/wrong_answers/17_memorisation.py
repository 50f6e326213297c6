"""Answers to the exercise of notebook deeper/17_memorisation, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
from sklearn.metrics import roc_auc_score


def flat(x):
    return x.reshape(len(x), -1)


def nearest(x, samples):
    return (flat(x)[:, None] - flat(samples)[None]).norm(dim=2).min(dim=1).values


def pairs(a, b, tie=0.5):
    return sum(1.0 if m > o else tie if m == o else 0.0 for m in a for o in b) / (len(a) * len(b))


def attack(score, tie=0.5):
    return lambda members, others, samples: pairs(score(members, samples), score(others, samples), tie)


def by_sklearn(members, others, samples):
    scores = torch.cat([-nearest(members, samples), -nearest(others, samples)])
    return roc_auc_score([1] * len(members) + [0] * len(others), scores.numpy())


def distances(x, samples):
    return torch.cdist(flat(x), flat(samples))


def table(members, others, samples):
    return -nearest(members, samples)[:, None] > -nearest(others, samples)


def rows_of_pixels(members, others, samples):
    a, b = (-torch.cdist(x, samples[:1]).amin(dim=-1) for x in (members, others))
    return (a[:, None] > b[None]).float().mean(dim=(0, 1))


RIGHT = {"17.sample_attack": [by_sklearn, attack(lambda x, samples: -nearest(x, samples)),
                              attack(lambda x, samples: 1 / (1e-6 + distances(x, samples).min(1).values))]}
WRONG = {
    "17.sample_attack": {
        "sign": [attack(nearest)],
        "mean_distance": [attack(lambda x, samples: -distances(x, samples).mean(1))],
        "farthest": [attack(lambda x, samples: -distances(x, samples).amax(1))],
        "of_each_sample": [lambda members, others, samples: (nearest(samples, members) < nearest(samples, others)).float().mean(),
                           attack(lambda x, samples: -distances(x, samples).min(0).values)],
        "ties": [attack(lambda x, samples: -nearest(x, samples), 0.0)],
        "rows_of_pixels": [rows_of_pixels, attack(lambda x, samples: -torch.cdist(x, samples).min(1).values), attack(lambda x, samples: -(x - samples).flatten(1).norm(dim=1))],
        "means": [lambda members, others, samples: nearest(others, samples).mean() - nearest(members, samples).mean()],
        "counts": [lambda members, others, samples: table(members, others, samples).sum() + 0.5 * (nearest(members, samples)[:, None] == nearest(others, samples)).sum()],
        "one_by_one": [lambda members, others, samples: (nearest(members, samples) < nearest(others, samples)).float().mean()],
        "booleans": [lambda members, others, samples: table(members, others, samples).mean()],
        "unknown": [lambda members, others, samples: 1 - nearest(members, samples).mean()],
    },
}
