"""Whether there is enough: what an experiment wants, cut down to what a small data set has."""
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gan_course.data.sets import ImageSet


def at_most(wanted: Sequence[int], available: int) -> list[int]:
    """The numbers that are wanted, none larger than what there is, and none twice.

    `at_most((10, 100, 1000), 649)` is [10, 100, 649].

    Args:
        wanted: sizes of batches, numbers of labels.
        available: how many there are, at least 1.

    Returns:
        The numbers in ascending order, at least one.
    """
    return sorted({min(number, available) for number in wanted})


def with_classes(train: ImageSet, test: ImageSet, least: int) -> tuple[ImageSet, ImageSet]:
    """Both sets without the classes that have too few training images; prints what it leaves out.

    Args:
        train, test: the same classes, different images.
        least: how many training images a class needs.

    Returns:
        The two sets, the classes numbered anew.
    """
    counts = train.labels.bincount(minlength=len(train.classes)).tolist()
    kept = [number for number, count in enumerate(counts) if count >= least]
    if len(kept) == len(counts):
        return train, test
    left_out = ", ".join(name for name, count in zip(train.classes, counts, strict=True)
                         if count < least)
    print(f"Left out, with fewer than {least} training images: {left_out}.")
    return _only(train, kept), _only(test, kept)


def _only(images: ImageSet, kept: list[int]) -> ImageSet:
    """The images of some classes, which are numbered anew."""
    rows = torch.isin(images.labels, torch.tensor(kept, dtype=torch.long))
    numbers = torch.full((len(images.classes),), -1)
    numbers[kept] = torch.arange(len(kept))
    classes = tuple(images.classes[number] for number in kept)
    factors = images.factors and replace(images.factors, table=images.factors.table[rows])
    labels = numbers[images.labels[rows]]
    return ImageSet(images.name, images.images[rows], labels, classes, factors)


def equal_shares(labels: Tensor, each: int, seed: int = 0) -> Tensor:
    """Which images to take for equally many of each class, drawn without replacement.

    Args:
        labels: int64 (N,), at least one of each class 0 to K - 1.
        each: how many of each class; fewer where the rarest class has fewer.
        seed: where the random numbers start.

    Returns:
        The numbers of K * min(each, rarest) images, class by class: int64.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    counts = labels.bincount()
    each = min(each, int(counts.min()))
    return torch.cat([order[labels[order] == k][:each] for k in range(len(counts))])


def some_labelled(labels: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Which n images to label, drawn without replacement, of at least two classes.

    A draw of a single class, which no classifier can learn from, is drawn again.

    Args:
        labels: (N,), of at least two classes.
        n: how many, 2 to N.
        seed: where the random numbers start.

    Returns:
        Their numbers, (n,).

    Raises:
        ValueError: there is only one class, or n is less than 2.
    """
    if n < 2 or len(np.unique(labels)) < 2:
        raise ValueError("Two classes at least, and two labels, are needed to learn to tell them "
                         "apart.")
    dice = np.random.default_rng(seed)
    while True:
        rows = dice.choice(len(labels), n, replace=False)
        if len(np.unique(labels[rows])) > 1:
            return rows
