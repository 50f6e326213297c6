"""Answers to the exercises of notebook deeper/17_detectors, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
from sklearn.metrics import roc_auc_score


def share(logits, threshold):
    return sum(1.0 for each in logits if each >= threshold) / len(logits)


def tries(score, candidates=lambda fakes, real: fakes):
    return lambda fakes, real: max(candidates(fakes, real), key=lambda t: score(share(fakes, t), share(real, t)))


def youden(fakes, real):
    best, found = -1.0, None
    for t in fakes.sort().values:
        gain = (fakes >= t).float().mean() - (real >= t).float().mean()
        if gain > best:
            best, found = gain, t.item()
    return found


def balanced(fakes, real):
    scores = torch.stack([((fakes >= t).double().mean() + (real < t).double().mean()) / 2 for t in fakes])
    return fakes[scores.argmax()]


def in_numbers(fakes, real):
    return max(fakes, key=lambda t: (fakes >= t).sum() - (real >= t).sum())


def auc(fakes, real):
    return roc_auc_score([1] * len(fakes) + [0] * len(real), torch.cat([fakes, real]).numpy())


def by_sklearn(detectors, sources, real):
    return [[auc(D(x), D(real)) for x in sources] for D in detectors]


def cells(cell):
    return lambda detectors, sources, real: torch.tensor([[float(cell(D(x), D(real))) for x in sources] for D in detectors])


def pairs(f, r):
    return (f[:, None] > r[None]).float() + (f[:, None] == r[None]).float() / 2


RIGHT = {
    "17.retuned_threshold": [youden, balanced, tries(lambda c, a: c - a)],
    "17.auc_matrix": [by_sklearn, cells(auc), cells(lambda f, r: pairs(f, r).mean())],
}
WRONG = {
    "17.retuned_threshold": {
        "rate": [lambda fakes, real: max((fakes >= t).double().mean() - (real >= t).double().mean() for t in fakes)],
        "which": [lambda fakes, real: torch.stack([(fakes >= t).double().mean() - (real >= t).double().mean() for t in fakes]).argmax()],
        "caught_only": [tries(lambda c, a: c), lambda fakes, real: fakes.sort().values[0]],
        "alarms_only": [tries(lambda c, a: 1 - a), lambda fakes, real: real.max()],
        "worst": [tries(lambda c, a: a - c)],
        "real_ones": [tries(lambda c, a: c - a, lambda fakes, real: real)],
        "counts": [in_numbers],
        "middle": [lambda fakes, real: (fakes.mean() + real.mean()) / 2],
        "unknown": [lambda fakes, real: fakes.quantile(0.05)],
    },
    "17.auc_matrix": {
        "transposed": [lambda detectors, sources, real: torch.tensor(by_sklearn(detectors, sources, real)).T],
        "one_row": [lambda detectors, sources, real: torch.tensor([auc(D(x), D(real)) for D, x in zip(detectors, sources, strict=False)])],
        "swapped": [cells(lambda f, r: auc(r, f))],
        "ties": [cells(lambda f, r: (f[:, None] > r).float().mean()), cells(lambda f, r: (f[:, None] >= r).float().mean())],
        "flagged": [cells(lambda f, r: (f > 0).float().mean()), cells(lambda f, r: (f >= 0).float().mean()), cells(lambda f, r: ((f >= 0).float().mean() + (r < 0).float().mean()) / 2)],
        "one_by_one": [cells(lambda f, r: (f > r).float().mean())],
        "means": [cells(lambda f, r: f.mean() - r.mean())],
        "counts": [cells(lambda f, r: pairs(f, r).sum())],
        "booleans": [cells(lambda f, r: (f[:, None] > r).mean())],
        "unknown": [cells(lambda f, r: f.median())],
    },
}
