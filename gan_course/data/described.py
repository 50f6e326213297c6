"""Images with several labels each, for a generator that can be asked for them:

    digits = Described(data.load("glyphs"), ["character", "bold"])
    digits.sizes                            (10, 2)
    digits.combinations()                   every pair of a character and a weight, (20, 2)
    data.batches(digits, 16)                x (16, 1, 28, 28) and y (16, 2), the labels of each
"""
import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_course.data.sets import Batch, ImageSet, scale

WEIGHTS = ("regular", "bold")


class Described:
    """The images of a set, each with the labels that are named.

    Args:
        images: the set.
        names: which labels, in order: "class", or of printed characters "character", "bold" and
            "family".

    Attributes:
        names: those of the labels.
        values: for each label, what its numbers 0, 1, … mean.
        sizes: how many values each label has.
        y: the labels of each image, int64 (N, labels).

    Raises:
        ValueError: the set has no such label.
    """

    def __init__(self, images: ImageSet, names: Sequence[str]):
        known = _labels(images)
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{images.name} has no label {unknown[0]!r}. It has: "
                             f"{', '.join(known)}.")
        self.name, self.names, self.data_shape = images.name, tuple(names), images.data_shape
        self.values = tuple(known[name][1] for name in names)
        self.sizes = tuple(map(len, self.values))
        self.x, self.y = images.images, torch.stack([known[name][0] for name in names], dim=1)

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device) -> "Described":
        """The same images and labels on another device."""
        moved = copy.copy(self)
        moved.x, moved.y = self.x.to(device), self.y.to(device)
        return moved

    def sample(self, n: int, generator: torch.Generator | None = None) -> Batch:
        """Images drawn with replacement.

        Args:
            n: how many.
            generator: where the random numbers come from.

        Returns:
            x in [-1, 1], (n, C, H, W), and its labels y, int64 (n, labels).
        """
        rows = torch.randint(len(self), (n,), generator=generator, device=self.x.device)
        return Batch(scale(self.x[rows]), self.y[rows])

    def combinations(self) -> Tensor:
        """Every combination of labels once, int64 (product of the sizes, labels)."""
        every = torch.cartesian_prod(*map(torch.arange, self.sizes))
        return every.view(-1, len(self.sizes))

    def joint(self) -> "Described":
        """The same images with one label instead of several: the row of `combinations()` in which
        its labels stand.
        """
        one = copy.copy(self)
        one.names = (" and ".join(self.names),)
        one.values = (tuple(map(self.words, self.combinations())),)
        one.sizes = (len(one.values[0]),)
        one.y = torch.zeros(len(self), 1, dtype=torch.long, device=self.y.device)
        for f, size in enumerate(self.sizes):
            one.y = one.y * size + self.y[:, f:f + 1]
        return one

    def sheet(self, least: int = 4) -> tuple[Tensor, list[str]]:
        """Labels for a sheet of images: a column for each value of the first label, a row for each
        combination of the others.

        Args:
            least: how many rows it has at least; fewer combinations are repeated.

        Returns:
            The labels, row after row, (rows * columns, labels), and the names of the rows.
        """
        every = self.combinations().view(self.sizes[0], -1, len(self.sizes)).transpose(0, 1)
        every = every.repeat(-(-least // len(every)), 1, 1)[:max(least, len(every))]
        names = [" ".join(each[number] for each, number in
                          zip(self.values[1:], row[0, 1:].tolist(), strict=True)) for row in every]
        return every.flatten(0, 1), names

    def having(self, *labels: int) -> Tensor:
        """Which images have these labels: bool (N,).

        Args:
            labels: a number for each label, in the order of `names`.
        """
        return (self.y == torch.tensor(labels, device=self.y.device)).all(dim=1)

    def examples(self, asked: Tensor, seed: int = 0) -> Tensor:
        """One image for each row of labels, drawn from those that have them.

        Args:
            asked: int64 (n, labels).
            seed: which of the images that fit.

        Returns:
            (n, C, H, W) in [-1, 1].

        Raises:
            ValueError: no image has these labels.
        """
        fits = (self.y.cpu() == asked[:, None]).all(dim=2)              # (n, N)
        if not fits.any(dim=1).all():
            missing = asked[~fits.any(dim=1)][0]
            raise ValueError(f"No image of {self.name} is “{self.words(missing)}”.")
        dice = torch.rand(fits.shape, generator=torch.Generator().manual_seed(seed))
        return scale(self.x[(fits * (1 + dice)).argmax(dim=1).to(self.x.device)])

    def words(self, labels: Tensor) -> str:
        """Some labels in words, such as "7 bold DejaVu Serif".

        Args:
            labels: a number for each label, (labels,).
        """
        return " ".join(each[number] for each, number in zip(self.values, labels.tolist(),
                                                             strict=True))


def _labels(images: ImageSet) -> dict[str, tuple[Tensor, tuple[str, ...]]]:
    """The labels that a set has: the value of each image, (N,), and what the values are called."""
    found = {"class": (images.labels, images.classes)}
    if images.factors is not None:
        names, units = images.factors.names, images.factors.units
        families = tuple(each.split(" ", 1)[1] for each in units[names.index("family")].split(", "))
        found |= {"character": found.pop("class"),
                  "bold": (images.factors["bold"].long(), WEIGHTS),
                  "family": (images.factors["family"].long(), families)}
    return found
