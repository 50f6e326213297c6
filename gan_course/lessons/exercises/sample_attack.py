"""The exercise of notebook deeper/17_memorisation: a membership attack that has samples alone."""
from collections.abc import Callable

import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called


def sample_attack(members, others, samples):
    """The AUC of the attack that believes the nearest sample: members come closer to one."""
    def score(x):
        return -torch.cdist(x.flatten(1), samples.flatten(1)).amin(dim=1)

    first, second = score(members)[:, None], score(others)
    return ((first > second) + 0.5 * (first == second)).mean()


def pictures() -> dict:
    """Six members, four others and nine samples: some near members, one a copy of another picture,
    and one member twice among the others' distances.
    """
    dice = torch.Generator().manual_seed(12)
    members, others = (torch.randn(n, 1, 2, 3, generator=dice) for n in (6, 4))
    near = members[:3] + 0.4 * torch.randn(3, 1, 2, 3, generator=dice)
    samples = torch.cat([near, members[3:4], others[:1], torch.randn(4, 1, 2, 3, generator=dice)])
    return {"members": members, "others": others, "samples": samples}


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def attacking(score: Callable[[Tensor, Tensor], Tensor], tie: float = 0.5) -> Callable:
    """The AUC of an attack with this score of a table of distances, pictures x samples."""
    def sample_attack(members, others, samples):
        a, b = (score(torch.cdist(x.flatten(1), samples.flatten(1)).double(), samples)
                for x in (members, others))
        return ((a[:, None] > b).double() + tie * (a[:, None] == b)).mean()
    return sample_attack


def _nearest(distances: Tensor, samples: Tensor) -> Tensor:
    return -distances.amin(dim=1)


def _of_each_sample(members: Tensor, others: Tensor, samples: Tensor) -> Tensor:
    a, b = (torch.cdist(samples.flatten(1), x.flatten(1)).amin(dim=1) for x in (members, others))
    return (a < b).double().mean()


def _scores(members: Tensor, others: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
    return tuple(-torch.cdist(x.flatten(1), samples.flatten(1)).amin(dim=1).double()
                 for x in (members, others))


OF_THE_ATTACK = (
    Mistake("sign", "It takes a large distance for a sign of membership. A picture that was "
            "trained on should have a sample near to it.",
            like=attacking(lambda d, samples: d.amin(dim=1))),
    Mistake("mean_distance", "It takes the mean distance to all samples. A copy shows in the "
            "nearest one alone.", like=attacking(lambda d, samples: -d.mean(dim=1))),
    Mistake("farthest", "It takes the farthest sample. A copy shows in the nearest one.",
            like=(attacking(lambda d, samples: -d.amax(dim=1)),
                  attacking(lambda d, samples: d.amax(dim=1)))),
    Mistake("of_each_sample", "It asks of each *sample* how near the members and the other "
            "pictures are. That is a measure of memorisation, too. The attack asks of each "
            "picture.", like=(_of_each_sample, attacking(lambda d, samples: -d.amin(dim=0)))),
    Mistake("ties", "Nearly right. In a pair with equal scores, two copies for example, the attack "
            "can only guess and is right half of the time.",
            like=(attacking(_nearest, 0.0), attacking(_nearest, 1.0))),
    Mistake("rows_of_pixels", "It compares rows of pixels, or picture i with sample i alone. Each "
            "picture has to become one row of numbers, and meets every sample.",
            when=lambda seen: "tensor b (9)" in seen.get("the error", "")
            or isinstance(seen.get("the value"), Tensor) and seen["the value"].dim() > 0),
    Mistake("means", "It compares mean scores. Asked is a probability over pairs.",
            like=(lambda members, others, samples: (lambda a, b: a.mean() - b.mean())(
                *_scores(members, others, samples)),
                  lambda members, others, samples: (lambda a, b: (a > b.mean()).double().mean())(
                *_scores(members, others, samples)))),
    Mistake("counts", "It counts pairs. Asked is their share of all pairs.",
            like=lambda members, others, samples: 24 * attacking(_nearest)(
                members, others, samples)),
    Mistake("one_by_one", "It compares row i with row i, and the two groups need not be equally "
            "large. Every member meets every other picture.",
            when=lambda seen: "size of tensor" in seen.get("the error", "")),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


EXERCISES = (
    Exercise("17.sample_attack", sample_attack, (Probe(pictures, value, OF_THE_ATTACK),), (
        "First a score for each picture: high if a sample lies near to it.",
        "`-torch.cdist(x.flatten(1), samples.flatten(1)).amin(dim=1)` is such a score. The AUC of "
        "two groups of scores you wrote in notebook 17.",
        "`((a[:, None] > b) + 0.5 * (a[:, None] == b)).mean()` with the scores a of the members "
        "and b of the others."),
        "It needs nothing but samples, which are what gets published.",
        frozenset({"game", "games", "known"})),
)
