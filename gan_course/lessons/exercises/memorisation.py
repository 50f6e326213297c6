"""The exercises of notebook 17 on memorisation: a ratio of distances, and an attack."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def memory_ratio(samples, train, held_out):
    """Median distance to the nearest training image, over that to the nearest held-out image."""
    held_out = held_out[:len(train)]                # a larger set has nearer neighbours

    def nearest(images):
        return torch.cdist(samples.flatten(1), images.flatten(1)).amin(dim=1)

    return nearest(train).median() / nearest(held_out).median()


def attack_auc(members, others):
    """How often a member's score is higher than that of another image; a tie counts half."""
    higher = members[:, None] > others[None, :]
    equal = members[:, None] == others[None, :]
    return (higher + 0.5 * equal).mean()


# The memorisation ratio

def _images(n: int, seed: int, at: float = 0.0) -> Tensor:
    return torch.randn(n, 1, 2, 3, generator=torch.Generator().manual_seed(seed)) + at


def unequal_sets() -> dict:
    """Seven samples, four training images, and eleven that were held out."""
    train = _images(4, 1)
    samples = torch.cat([train[:3] + 0.1 * _images(3, 2), _images(4, 3, 0.5)])
    return {"samples": samples, "train": train, "held_out": _images(11, 4)}


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def _nearest(samples: Tensor, images: Tensor, p: float = 2.0) -> Tensor:
    return torch.cdist(samples.flatten(1), images.flatten(1), p=p).amin(dim=1)


OF_THE_RATIO = (
    Mistake("unequal", "It searches all held-out images, and there are more of them than training "
            "images. In a larger set the nearest neighbour is nearer, so the ratio comes out too "
            "large and memorisation is hidden. Take equally many of both.",
            like=(lambda samples, train, held_out: _nearest(samples, train).median()
                  / _nearest(samples, held_out).median())),
    Mistake("upside_down", "It is turned round. Near copies of the training images should give a "
            "number close to 0.",
            like=(lambda samples, train, held_out: _nearest(samples, held_out[:len(train)]).median()
                  / _nearest(samples, train).median(),
                  lambda samples, train, held_out: _nearest(samples, held_out).median()
                  / _nearest(samples, train).median())),
    Mistake("from_the_images", "It asks for each *image* which sample is nearest. A generator that "
            "copies one image over and over would look innocent to all others. Ask for each "
            "sample.", like=lambda samples, train, held_out: _nearest(train, samples).median()
            / _nearest(held_out[:len(train)], samples).median()),
    Mistake("ratios_first", "It divides sample by sample and takes the median afterwards. Asked is "
            "the ratio of two medians.",
            like=lambda samples, train, held_out: (_nearest(samples, train)
                                                   / _nearest(samples, held_out[:len(train)])
                                                   ).median()),
    Mistake("mean", "It takes means. A few samples far from everything would count most; the "
            "median is the usual sample.",
            like=lambda samples, train, held_out: _nearest(samples, train).mean()
            / _nearest(samples, held_out[:len(train)]).mean()),
    Mistake("squared", "It compares squared distances. The ratio would be squared, too.",
            like=lambda samples, train, held_out: (
                _nearest(samples, train).median()
                / _nearest(samples, held_out[:len(train)]).median()).square()),
    Mistake("all_distances", "It takes the median over *all* pairs. Memorisation shows in the "
            "nearest image alone: first the smallest distance of each sample.",
            like=lambda samples, train, held_out: (
                torch.cdist(samples.flatten(1), train.flatten(1)).median()
                / torch.cdist(samples.flatten(1), held_out[:len(train)].flatten(1)).median())),
    Mistake("rows_of_pixels", "It compares rows of pixels instead of images. Each image has to "
            "become one row of numbers before distances are taken.",
            when=lambda seen: (isinstance(seen.get("the value"), Tensor)
                               and seen["the value"].dim() > 0)
            or "size of tensor" in seen.get("the error", "")),
)


# The membership attack

def some_scores() -> dict:
    return {"members": torch.tensor([0.4, 2.0, 1.0, -0.3]),
            "others": torch.tensor([1.0, -1.5, 0.2, 0.4, -0.3, 3.0, 0.1])}


def _share(higher: Tensor, equal: Tensor | None = None) -> Tensor:
    total = higher.double() if equal is None else higher.double() + 0.5 * equal.double()
    return total.mean()


def _pairs(members: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    return members[:, None] > others, members[:, None] == others


OF_THE_ATTACK = (
    Mistake("swapped", "It counts the pairs that the attack gets wrong. A discriminator gives its "
            "training images *high* scores.",
            like=(lambda members, others: 1 - _share(*_pairs(members, others)),
                  lambda members, others: _share(members[:, None] < others))),
    Mistake("ties", "Nearly right. In a pair with equal scores the attack can only guess, and is "
            "right half of the time. Two networks that say the same of every image should reach "
            "0.5.",
            like=(lambda members, others: _share(members[:, None] > others),
                  lambda members, others: _share(members[:, None] >= others))),
    Mistake("threshold", "It compares scores with a fixed threshold. The AUC asks about *pairs*, "
            "one member and one other image, so that no threshold is needed.",
            like=(lambda members, others: (_share(members > 0) + _share(others <= 0)) / 2,
                  lambda members, others: _share(members > 0),
                  lambda members, others: _share(members > others.mean()),
                  lambda members, others: (_share(members > 0) * len(members) + _share(others <= 0)
                                           * len(others)) / (len(members) + len(others)))),
    Mistake("difference", "It compares the mean scores. The result is not a probability, and one "
            "extreme score could decide it.",
            like=(lambda members, others: members.mean() - others.mean(),
                  lambda members, others: members.median() - others.median())),
    Mistake("count", "It counts the pairs. Asked is their share of all pairs.",
            like=(lambda members, others: _share(*_pairs(members, others)) * 28,
                  lambda members, others: _share(*_pairs(members, others)) * 7,
                  lambda members, others: _share(*_pairs(members, others)) * 4)),
    Mistake("one_by_one", "It compares row i with row i, and the two groups need not be equally "
            "large. Every member meets every other image: `members[:, None]` against "
            "`others[None, :]`.", when=lambda seen: "size of tensor" in seen.get("the error", "")),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


EXERCISES = (
    Exercise("17.memory_ratio", memory_ratio,
             (Probe(unequal_sets, value, OF_THE_RATIO),), (
                 "First make the two sets equally large.",
                 "`torch.cdist(samples.flatten(1), train.flatten(1))` has a row for each sample; "
                 "`amin(dim=1)` is its nearest image.",
                 "Cut `held_out[:len(train)]`, take the nearest distances to both sets, and divide "
                 "the one median by the other."),
             "Below 1, the samples are nearer to what was trained on than to what was not.",
             frozenset({"test_set", "train_set"})),
    Exercise("17.attack_auc", attack_auc, (Probe(some_scores, value, OF_THE_ATTACK),), (
        "Make a table with a row for each member and a column for each other image.",
        "`members[:, None] > others[None, :]` is that table, of truth values. Ties need half a "
        "point.", "Add `0.5 * (members[:, None] == others[None, :])` and take the mean."),
        "One half is guessing, 1 is certainty."),
)
