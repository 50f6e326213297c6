"""The exercise of notebook deeper/17_marks: finding a watermark in a picture that was cropped."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def best_match(x, pattern):
    """The largest correlation of each picture (N, 1, h, w) with a window of the pattern: (N,)."""
    h, w = x.shape[2:]
    windows = pattern.unfold(0, h, 1).unfold(1, w, 1).reshape(-1, h * w)

    def standard(rows):
        rows = rows - rows.mean(dim=1, keepdim=True)
        return rows / rows.norm(dim=1, keepdim=True)

    return (standard(x.flatten(1)) @ standard(windows).T).amax(dim=1)


def cropped_pictures() -> dict:
    """Three pictures of 3 x 4 pixels with grain, and a pattern of 5 x 5 that two of them carry."""
    dice = torch.Generator().manual_seed(4)
    pattern = torch.randn(5, 5, generator=dice)
    x = 0.7 + 0.5 * torch.randn(3, 1, 3, 4, generator=dice)
    x[0, 0] += pattern[2:5, 1:5]
    x[1, 0] += 2 * pattern[1:4, 0:4]
    x[2, 0] -= 2 * pattern[0:3, 1:5]                        # the negative of a window
    return {"x": x, "pattern": pattern}


def correlations(results: list, inputs: dict) -> Seen:
    return number_called("the correlations", results)


def _windows(x: Tensor, pattern: Tensor) -> Tensor:
    h, w = x.shape[2:]
    return pattern.unfold(0, h, 1).unfold(1, w, 1).reshape(-1, h * w)


def _centred(rows: Tensor) -> Tensor:
    return rows - rows.mean(dim=1, keepdim=True)


def _unit(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=1, keepdim=True)


def _table(x: Tensor, pattern: Tensor) -> Tensor:
    """The correlation of each picture with each window: (N, windows)."""
    return _unit(_centred(x.flatten(1))) @ _unit(_centred(_windows(x, pattern))).T


def _shape(seen: Seen) -> tuple:
    value = seen.get("the correlations")
    return tuple(value.shape) if isinstance(value, Tensor) else ()


OF_THE_MATCH = (
    Mistake("over_pictures", "There is a number for each window. Asked is one for each *picture*, "
            "the largest over all windows.", when=lambda seen: _shape(seen) == (6,)),
    Mistake("all_windows", "There is a number for each picture and each window. The best window of "
            "each picture is left to find.", when=lambda seen: len(_shape(seen)) > 1),
    Mistake("one_number", "There is one number for all pictures. Each needs its own.",
            when=lambda seen: isinstance(seen.get("the correlations"), Tensor)
            and _shape(seen) == ()),
    Mistake("one_window", "It compares with the upper left window alone. Where the picture was cut "
            "is not known, so every window of the pattern has to be tried.",
            like=lambda x, pattern: _table(x, pattern)[:, 0]),
    Mistake("which", "It says *which* window fits best. Asked is how well it fits.",
            like=lambda x, pattern: _table(x, pattern).argmax(dim=1)),
    Mistake("absolute", "It takes absolute values. The negative of the mark is not the mark, and "
            "would be found as well.",
            like=lambda x, pattern: _table(x, pattern).abs().amax(dim=1)),
    Mistake("average", "It averages over the windows. In all but one of them the picture is in the "
            "wrong place, and the mark drowns.",
            like=lambda x, pattern: _table(x, pattern).mean(dim=1)),
    Mistake("not_centred", "It does not subtract the mean of the pixels. A bright picture would "
            "match every bright window.",
            like=lambda x, pattern: (_unit(x.flatten(1)) @ _unit(_windows(x, pattern)).T
                                     ).amax(dim=1)),
    Mistake("not_normalised", "It gives inner products. A picture with strong contrast would match "
            "everything: divide by the length of both, so that the result lies between -1 and 1.",
            like=(lambda x, pattern: (_centred(x.flatten(1)) @ _centred(_windows(x, pattern)).T
                                      ).amax(dim=1),
                  lambda x, pattern: (_centred(x.flatten(1)) @ _centred(_windows(x, pattern)).T
                                      ).amax(dim=1) / 12,
                  lambda x, pattern: (x.flatten(1) @ _windows(x, pattern).T).amax(dim=1))),
    Mistake("one_length", "It divides by the length of one of the two. Divide by both.",
            like=(lambda x, pattern: (_unit(_centred(x.flatten(1)))
                                      @ _centred(_windows(x, pattern)).T).amax(dim=1),
                  lambda x, pattern: (_centred(x.flatten(1))
                                      @ _unit(_centred(_windows(x, pattern))).T).amax(dim=1))),
)


EXERCISES = (
    Exercise("17.best_match", best_match, (Probe(cropped_pictures, correlations, OF_THE_MATCH),), (
        "Every window of the pattern that is as large as the picture becomes a row of numbers, and "
        "so does every picture.",
        "`pattern.unfold(0, h, 1).unfold(1, w, 1).reshape(-1, h * w)` has a row for each window. A "
        "correlation is the inner product of two rows without their means, divided by both "
        "lengths.",
        "Subtract `rows.mean(dim=1, keepdim=True)`, divide by `rows.norm(dim=1, keepdim=True)`, "
        "multiply pictures by `windows.T`, and take `amax(dim=1)`."),
        "Now the picture may have been cut out anywhere.", frozenset({"fakes"})),
)
