"""The exercises of notebook deeper/17_detectors: a threshold chosen with a few known fakes, and the
AUC of each detector on each source.
"""
from collections.abc import Callable

import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
    numbers_called,
)


def retuned_threshold(fakes, real):
    """The threshold that tells a few known fakes best from real pictures: (N,), (M,) -> scalar."""
    caught = (fakes[:, None] <= fakes).float().mean(dim=1)         # (N,): one for each threshold
    alarms = (fakes[:, None] <= real).float().mean(dim=1)
    return fakes[(caught - alarms).argmax()]


def auc_matrix(detectors, sources, real):
    """The AUC of each of R detectors on the fakes of each of C sources, against real pictures."""
    rows = []
    for D in detectors:
        known = D(real)                                             # (M,)
        logits = [D(fakes)[:, None] for fakes in sources]           # each (N, 1)
        rows.append([((one > known) + 0.5 * (one == known)).mean().item() for one in logits])
    return torch.tensor(rows)


# The threshold

def two_overlapping_groups() -> dict:
    """Logits of seven fakes and of eleven real pictures, five of them among the fakes."""
    return {"fakes": torch.tensor([2.2, -2.1, -1.2, -3.4, 0.9, -1.6, -0.2]),
            "real": torch.tensor([-4.0, 0.2, -3.1, 0.7, -5.2, -2.8, 0.0, 0.4, 0.5, -2.3, -6.0])}


def fewer_real_ones() -> dict:
    """Nine fakes beside four real pictures: rates and counts would choose differently."""
    return {"fakes": torch.tensor([3.0, 2.5, 1.1, 0.7, 0.4, 0.1, -0.6, -0.9, -1.3]),
            "real": torch.tensor([0.6, -1.0, -1.5, -0.7])}


def value(results: list, inputs: dict) -> Seen:
    return number_called("the threshold", results)


def _rates(fakes: Tensor, real: Tensor, tried: Tensor) -> tuple[Tensor, Tensor]:
    return tuple((each >= tried[:, None]).double().mean(dim=1) for each in (fakes, real))


def choosing(score: Callable[[Tensor, Tensor], Tensor],
             tried: Callable[[Tensor, Tensor], Tensor] = lambda fakes, real: fakes) -> Callable:
    """The threshold with the highest score of the two rates, among those that are tried."""
    def retuned_threshold(fakes, real):
        candidates = tried(fakes, real)
        return candidates[score(*_rates(fakes, real, candidates)).argmax()]
    return retuned_threshold


def _counts(fakes: Tensor, real: Tensor) -> Tensor:
    caught, alarms = _rates(fakes, real, fakes)
    return fakes[(caught * len(fakes) - alarms * len(real)).argmax()]


OF_THE_THRESHOLD = (
    Mistake("rate", "It gives back how well the best threshold does. Asked is that threshold, one "
            "of the fakes' logits.",
            like=lambda fakes, real: (lambda c, a: (c - a).max())(*_rates(fakes, real, fakes))),
    Mistake("which", "It gives back which fake it is. Asked is that fake's logit.",
            like=lambda fakes, real: (lambda c, a: (c - a).argmax())(*_rates(fakes, real, fakes))),
    Mistake("caught_only", "It looks at the fakes alone. A threshold below all of them flags every "
            "fake, and every real picture with them.",
            like=(choosing(lambda c, a: c), lambda fakes, real: fakes.min())),
    Mistake("counts", "It subtracts counts. There are more pictures of one sort than of the other, "
            "and these would decide. Compare shares.", like=_counts),
    Mistake("alarms_only", "It looks at the real pictures alone. A threshold above all of them has "
            "no false alarms, and flags no fake either.",
            like=(choosing(lambda c, a: -a), lambda fakes, real: fakes.max(),
                  lambda fakes, real: real.max())),
    Mistake("worst", "It takes the worst of all thresholds. The share of flagged fakes should be "
            "large and that of flagged real pictures small.",
            like=(choosing(lambda c, a: a - c), choosing(lambda c, a: c + a))),
    Mistake("real_ones", "It tries the real pictures' logits. The best threshold is always one of "
            "the fakes': moving it up to the next fake costs none and lets real pictures pass.",
            like=choosing(lambda c, a: c - a, lambda fakes, real: real)),
    Mistake("middle", "It takes the middle between the two groups. Where they overlap, or one of "
            "them is broad, another threshold makes fewer mistakes.",
            like=(lambda fakes, real: (fakes.mean() + real.mean()) / 2,
                  lambda fakes, real: (fakes.median() + real.median()) / 2,
                  lambda fakes, real: (fakes.min() + real.max()) / 2)),
)


# The matrix

def three_detectors() -> dict:
    """Three detectors of points, two sources of different size, and real points; some logits tie.
    """
    dice = torch.Generator().manual_seed(4)

    def points(n: int, at: float) -> Tensor:
        return (2 * torch.randn(n, 2, generator=dice) + at).round()
    detectors = [lambda x: x[:, 0], lambda x: x.sum(dim=1), lambda x: x[:, 1] - 2 * x[:, 0]]
    return {"detectors": detectors, "sources": [points(5, 1.0), points(8, -0.5)],
            "real": points(6, 0.0)}


def table(results: list, inputs: dict) -> Seen:
    seen = numbers_called("the matrix", results)
    found = seen.get("the matrix")
    seen["_shape"] = tuple(found.shape) if isinstance(found, Tensor) else ()
    return seen


def filling(cell: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A matrix with this number of each detector's logits of fakes and of real pictures."""
    def auc_matrix(detectors, sources, real):
        return torch.stack([torch.stack([cell(D(x).double(), D(real).double()) for x in sources])
                            for D in detectors])
    return auc_matrix


def _higher(a: Tensor, b: Tensor) -> Tensor:
    return (a[:, None] > b).double() + 0.5 * (a[:, None] == b).double()


OF_THE_MATRIX = (
    Mistake("transposed", "Rows and columns are exchanged: each detector has a row.",
            when=lambda seen: seen["_shape"] == (2, 3)),
    Mistake("one_row", "There is one list of numbers. Every detector meets every source, so there "
            "is a row for each detector.", when=lambda seen: len(seen["_shape"]) == 1),
    Mistake("swapped", "It counts the pairs in which the *real* picture has the higher logit. "
            "Positive means fake.", like=filling(lambda f, r: 1 - _higher(f, r).mean())),
    Mistake("ties", "Nearly right. In a pair with equal logits the detector can only guess, and is "
            "right half of the time.",
            like=(filling(lambda f, r: (f[:, None] > r).double().mean()),
                  filling(lambda f, r: (f[:, None] >= r).double().mean()))),
    Mistake("flagged", "It counts logits above 0: that is the share that is flagged, and it hangs "
            "on the threshold. The AUC compares each fake with each real picture.",
            like=(filling(lambda f, r: (f > 0).double().mean()),
                  filling(lambda f, r: (f >= 0).double().mean()),
                  filling(lambda f, r: ((f >= 0).double().mean() + (r < 0).double().mean()) / 2),
                  filling(lambda f, r: ((f > 0).double().mean() + (r <= 0).double().mean()) / 2))),
    Mistake("one_by_one", "It compares row i with row i, and there need not be equally many fakes "
            "and real pictures. Every fake meets every real one: `logits[:, None] > known`.",
            when=lambda seen: "size of tensor" in seen.get("the error", "")),
    Mistake("means", "It compares mean logits. One extreme logit could decide that.",
            like=(filling(lambda f, r: f.mean() - r.mean()),
                  filling(lambda f, r: (f > r.mean()).double().mean()))),
    Mistake("counts", "It counts the pairs. Asked is their share of all pairs.",
            like=filling(lambda f, r: _higher(f, r).sum())),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


EXERCISES = (
    Exercise("17.retuned_threshold", retuned_threshold,
             (Probe(two_overlapping_groups, value, OF_THE_THRESHOLD),
              Probe(fewer_real_ones, value, OF_THE_THRESHOLD)), (
                 "Try each fake's logit as the threshold. How many of the fakes does it flag, and "
                 "how many of the real pictures?",
                 "`(fakes[:, None] <= fakes).float().mean(dim=1)` has the share of flagged fakes "
                 "for each threshold. The same with `real` on the right has the false alarms.",
                 "Take the difference of the two shares, and give back `fakes[...]` at its "
                 "`argmax()`."),
             "Twenty fakes moved the threshold; the network is still the old one.",
             frozenset({"known", "rest"})),
    Exercise("17.auc_matrix", auc_matrix, (Probe(three_detectors, table, OF_THE_MATRIX),), (
        "Two loops: over the detectors, and inside over the sources.",
        "The real pictures' logits are the same for all sources: `known = D(real)`. In one cell, "
        "`D(fakes)[:, None] > known` is the table of all pairs.",
        "`((one > known) + 0.5 * (one == known)).mean()` for each source makes a row; "
        "`torch.tensor(rows)` makes the matrix."),
        "Read along a row to see how far one detector travels.", frozenset({"matrix", "aucs"})),
)
