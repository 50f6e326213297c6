"""Answers to the exercises of notebook deeper/17_correlation, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch
import torch.nn.functional as F


def margins(t):
    p = t / t.sum()
    return p, p[1, 0] + p[1, 1], p[0, 1] + p[1, 1]


def by_numpy(table):
    t = table.numpy().astype(int)
    rows = np.array([(i, j) for i in (0, 1) for j in (0, 1) for _ in range(t[i, j])])
    return np.corrcoef(rows.T)[0, 1]


def by_counts(table):
    (a, b), (c, d) = table.tolist()
    return (a * d - b * c) / ((a + b) * (c + d) * (a + c) * (b + d)) ** 0.5


def of(f):
    return lambda table: f(*margins(table))


def sd(a, b):
    return torch.sqrt(a * (1 - a)) * torch.sqrt(b * (1 - b))


def by_inverse(said, confusion):
    s = said @ torch.linalg.inv(confusion)
    s = torch.where(s < 0, torch.zeros_like(s), s)
    return s / s.sum()


def by_least_squares(said, confusion):
    s = np.linalg.lstsq(confusion.numpy().T, said.numpy(), rcond=None)[0].clip(0)
    return s / s.sum()


def inverse(said, confusion, end):
    return end(said @ torch.linalg.inv(confusion))


def by_loop(pairs):
    counts = {int(k): int((pairs == k).sum()) for k in pairs}
    return torch.tensor([1 / counts[int(k)] / len(counts) for k in pairs])


def each(f):
    def pair_weights(pairs):
        n = (pairs[:, None] == pairs).sum(1).float()
        w = f(n)
        return w / w.sum()
    return pair_weights


def bce(logits, target, weight=None):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target), weight=weight)


RIGHT = {
    "17.phi": [by_numpy, by_counts],
    "17.without_errors": [by_inverse, by_least_squares],
    "17.pair_weights": [by_loop, each(lambda n: 1 / n)],
    "17.weighted_loss": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0, weights) + bce(logits_fake, 0.0), lambda logits_real, logits_fake, weights: -(weights * F.logsigmoid(logits_real)).sum() / len(logits_real) - F.logsigmoid(-logits_fake).mean()],
}
WRONG = {
    "17.phi": {
        "covariance": [of(lambda p, a, b: p[1, 1] - a * b)],
        "counts": [lambda table: table[1, 1] - table[1].sum() * table[:, 1].sum()],
        "variances": [of(lambda p, a, b: (p[1, 1] - a * b) / (a * (1 - a) * b * (1 - b)))],
        "one_margin": [of(lambda p, a, b: (p[1, 1] - a * b) / (a - a ** 2)), of(lambda p, a, b: (p[1, 1] - a * b) / (b - b ** 2)), lambda table: table[1, 1] / table[1].sum() - table[0, 1] / table[0].sum()],
        "sign": [lambda table: -by_counts(table), lambda table: abs(by_counts(table))],
        "squared": [lambda table: by_counts(table) ** 2],
        "agreement": [of(lambda p, a, b: p.trace()), of(lambda p, a, b: 2 * p.trace() - 1)],
        "unknown": [lambda table: by_counts(table) / 2],
    },
    "17.without_errors": {
        "not_transposed": [lambda said, confusion: torch.linalg.inv(confusion) @ said],
        "forwards": [lambda said, confusion: said @ confusion, lambda said, confusion: confusion @ said],
        "diagonal": [lambda said, confusion: said / torch.diag(confusion), lambda said, confusion: F.normalize(said / torch.diag(confusion), p=1, dim=0)],
        "uncorrected": [lambda said, confusion: said.clone()],
        "negative": [lambda said, confusion: inverse(said, confusion, lambda s: s)],
        "no_sum": [lambda said, confusion: inverse(said, confusion, lambda s: s.clamp(0))],
        "absolute": [lambda said, confusion: inverse(said, confusion, torch.abs), lambda said, confusion: inverse(said, confusion, lambda s: s.abs() / s.abs().sum())],
        "softmax": [lambda said, confusion: by_inverse(said, confusion) if said[1] > 0.1 else inverse(said, confusion, lambda s: s.softmax(0))],
        "unknown": [lambda said, confusion: by_inverse(said, confusion) / 2],
    },
    "17.pair_weights": {
        "per_pair": [lambda pairs: 1 / pairs.bincount(minlength=4), lambda pairs: 1 / pairs.unique(return_counts=True)[1]],
        "frequency": [each(lambda n: n), lambda pairs: pairs.bincount()[pairs] / len(pairs)],
        "no_sum": [lambda pairs: 1 / pairs.bincount()[pairs], lambda pairs: len(pairs) / pairs.bincount()[pairs]],
        "empty_pair": [lambda pairs: 1 / (len(pairs.bincount()) * pairs.bincount()[pairs])],
        "root": [each(lambda n: 1 / n.sqrt())],
        "squared": [each(lambda n: 1 / n ** 2)],
        "equal": [each(torch.ones_like)],
        "linear": [each(lambda n: 1 - n / len(n))],
        "unknown": [each(lambda n: 1 / (n + 1))],
    },
    "17.weighted_loss": {
        "on_fakes": [lambda logits_real, logits_fake, weights: (weights * F.softplus(-logits_real)).mean() + (weights * F.softplus(logits_fake)).mean()],
        "sigmoid_forgotten": [lambda logits_real, logits_fake, weights: -(weights * logits_real.log()).mean() - (1 - logits_fake).log().mean()],
        "no_weights": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0) + bce(logits_fake, 0.0)],
        "unstable": [lambda logits_real, logits_fake, weights: -(weights * logits_real.sigmoid().log()).mean() - (1 - logits_fake.sigmoid()).log().mean()],
        "not_a_tensor": [lambda logits_real, logits_fake, weights: (bce(logits_real, 1.0, weights) + bce(logits_fake, 0.0)).item()],
        "detached": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0, weights) + bce(logits_fake.detach(), 0.0)],
        "normalised": [lambda logits_real, logits_fake, weights: (weights / weights.sum() * F.softplus(-logits_real)).sum() + bce(logits_fake, 0.0)],
        "sums": [lambda logits_real, logits_fake, weights: (weights * F.softplus(-logits_real)).sum() + F.softplus(logits_fake).sum()],
        "inside": [lambda logits_real, logits_fake, weights: bce(weights * logits_real, 1.0) + bce(logits_fake, 0.0)],
        "swapped": [lambda logits_real, logits_fake, weights: bce(logits_real, 0.0, weights) + bce(logits_fake, 1.0)],
        "both_real": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0, weights) + bce(logits_fake, 1.0)],
        "means_apart": [lambda logits_real, logits_fake, weights: weights.mean() * bce(logits_real, 1.0) + bce(logits_fake, 0.0)],
        "only_real": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0, weights)],
        "vector": [lambda logits_real, logits_fake, weights: weights * F.softplus(-logits_real) + bce(logits_fake, 0.0)],
        "unknown": [lambda logits_real, logits_fake, weights: bce(logits_real, 1.0, weights) + 2 * bce(logits_fake, 0.0)],
    },
}
