"""`gan-course evaluate`: a folder of pictures against another, each number beside its floor.

    sliced Wasserstein distance of pixels        per pixel and channel, black to white being 2
    Frechet distance                             on the features of a judge of the course
    distance to the nearest real picture         in the same units; copies give 0
    copies                                       nearer than 1 % of real pictures are to others

The real pictures are cut into two halves at random, A and B. The fakes, and B in their place for
the floor, are compared with A, equally many of each, since these numbers depend on how many there
are. The means over several such cuts are printed, with their standard deviations. Copies are looked
for among all real pictures: a fake is one if it lies as near to a real picture as only 1 % of the
real pictures lie to another.
"""
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from gan_course import data, judge, metrics, saving
from gan_course.data import pictures
from gan_course.data.sets import scale
from gan_course.terminal import run_data

CUTS = 5
"""How often the real pictures are cut into halves."""

MOST = 2000
"""The most pictures in a half; more are left out, for the sake of time."""

PAIRS = 10
"""Generated pictures on the sheet of nearest neighbours."""


@dataclass(frozen=True)
class Row:
    """One number: its name, its mean and standard deviation for the fakes, and the same between
    two halves of the real pictures.
    """

    name: str
    fake: tuple[float, float]
    floor: tuple[float, float]

    def __str__(self) -> str:
        fake, floor = (f"{mean:.4g} ± {sd:.1g}" for mean, sd in (self.fake, self.floor))
        return f"{self.name:<44}{fake:>20}{floor:>20}"


def evaluate(asked) -> int:
    """Print how far two folders of pictures are apart.

    Args:
        asked: the command line, read.

    Returns:
        The exit status, 0.

    Raises:
        ValueError, OSError: there are no pictures, too few, or they do not fit the judge.
    """
    fake = images(asked.fake, asked.size)
    real, fake = alike(images(asked.real, asked.size or fake.shape[2]), fake)
    name = asked.judge or (asked.real if asked.real in (*judge.EPOCHS, *judge.SHARED) else None)
    frozen = judge.load(name) if name else None
    if frozen and frozen.data_shape != tuple(real.shape[1:]):
        if asked.judge:
            raise ValueError(misfit(frozen, name, tuple(real.shape[1:])))
        frozen = None
    rows, n = compare(real, fake, frozen)
    high, wide = real.shape[2:]
    print(f"{len(real):,} real and {len(fake):,} generated pictures of {wide}x{high}; {n:,} of "
          f"each in every comparison, {CUTS} comparisons; copies are looked for among all "
          "real ones.\n")
    print(f"{'':<44}{'generated':>20}{'floor: real':>20}")
    print(*rows, sep="\n")
    if not frozen:
        print("\nNo judge of the course fits these pictures, so there is no Frechet distance; "
              f"--judge takes one of {', '.join([*judge.EPOCHS, *judge.SHARED])}.")
    elif n <= 10 * 64:
        print(f"\nThe judge has 64 features: a Frechet distance from {n} pictures is too large, "
              "and so is its floor. Compare it only at the same number.")
    if asked.nearest:
        saving.save_sheet(asked.nearest, nearest_pairs(real, fake), PAIRS)
        print(f"\n{asked.nearest}: above, the generated pictures that lie nearest to a real one; "
              "below each, this real one.")
    return 0


def misfit(frozen: judge.Judge, name: str, shape: tuple[int, int, int]) -> str:
    """Why a judge cannot read pictures, and what to do.

    Args:
        frozen: the judge.
        name: its name.
        shape: of one of the pictures, (C, H, W), another than the judge's.

    Returns:
        Two sentences.
    """
    channels, high, wide = frozen.data_shape
    if shape[0] != channels:
        return (f"The judge of {name} reads {'grey' if channels == 1 else 'colour'} pictures, and "
                f"these are {'grey' if shape[0] == 1 else 'in colour'}. Choose another --judge, or "
                "leave it out.")
    return (f"The judge of {name} reads pictures of {wide}x{high} pixels, and these are "
            f"{shape[2]}x{shape[1]}. Set --size {high}, or choose another --judge.")


def images(name: str, size: int | None) -> Tensor:
    """All pictures of a folder, or the held-out ones of a data set.

    Args:
        name: the folder, or the name of the data set.
        size: pixels a side, for folders; None: the height of the folder's first picture.

    Returns:
        (N, 1 or 3, H, W) in [-1, 1].

    Raises:
        ValueError, FileNotFoundError: there are no such pictures.
    """
    if name in data.names():
        found = data.load_images(name, "test", size)
        run_data.check_channels(name, found.data_shape[0])
        return scale(found.images)
    return scale(run_data.whole(name, size or _height(name)).images)


def alike(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both in RGB, if one of them is.

    Args:
        real, fake: pictures, (N, 1 or 3, H, W) each.

    Returns:
        The two, with equally many channels.

    Raises:
        ValueError: they differ in height or width.
    """
    if real.shape[2:] != fake.shape[2:]:
        raise ValueError(f"The real pictures are {tuple(real.shape[2:])} high and wide, the "
                         f"generated ones {tuple(fake.shape[2:])}. Set --size.")
    channels = max(real.shape[1], fake.shape[1])
    return real.expand(-1, channels, -1, -1), fake.expand(-1, channels, -1, -1)


def compare(real: Tensor, fake: Tensor, frozen: judge.Judge | None) -> tuple[list[Row], int]:
    """Every number for the fakes and, as its floor, for real pictures in their place.

    Args:
        real, fake: pictures, (N, C, H, W) and (M, C, H, W) in [-1, 1].
        frozen: a judge for them, if there is one.

    Returns:
        A row for each number, and how many pictures of each took part in a comparison.

    Raises:
        ValueError: there are fewer than four real pictures, or fewer than two fakes.
    """
    n = min(len(real) // 2, len(fake), MOST)
    if n < 2:
        raise ValueError(f"There are {len(real)} real and {len(fake)} generated pictures. To score "
                         "them, give at least four real ones, to be cut into halves, and two "
                         "generated ones; hundreds are better.")
    found: dict[str, list[tuple[float, float]]] = {}
    draw = torch.Generator().manual_seed(0)
    some = torch.randperm(len(real), generator=draw)[:MOST]
    usual = distance_to_others(real, some).quantile(0.01)
    copied = metrics.nearest_distance(fake, real)[0] <= usual
    for _ in range(CUTS):
        order = torch.randperm(len(real), generator=draw)
        a, b = real[order[:n]], real[order[n:2 * n]]
        some = torch.randperm(len(fake), generator=draw)[:n]
        of_fake, of_real = (scores(a, each, frozen) for each in (fake[some], b))
        of_fake["copies, %"], of_real["copies, %"] = (
            100 * copied[some].double().mean().item(), 1.0)
        for name, value in of_fake.items():
            found.setdefault(name, []).append((value, of_real[name]))
    return [Row(name, *(_mean_and_sd(column) for column in zip(*values, strict=True)))
            for name, values in found.items()], n


def distance_to_others(real: Tensor, index: Tensor) -> Tensor:
    """How far some of the real pictures lie from the nearest other one, in Euclidean distance.

    Args:
        real: all pictures, (N, C, H, W).
        index: which of them, int64 (n,).

    Returns:
        The distances, (n,); 0 where a picture is there twice.
    """
    flat, found = real.flatten(1), []
    for part in index.split(1024):
        distance = torch.cdist(flat[part], flat)
        distance[torch.arange(len(part)), part] = torch.inf             # not to itself
        found.append((flat[part] - flat[distance.argmin(dim=1)]).norm(dim=1))
    return torch.cat(found)


def scores(real: Tensor, other: Tensor, frozen: judge.Judge | None) -> dict[str, float]:
    """The numbers of one comparison, by their names.

    Args:
        real, other: pictures, (n, C, H, W) each.
        frozen: as of `compare`.
    """
    root = real[0].numel() ** 0.5                       # a distance per pixel, not one that grows
    nearest = metrics.nearest_distance(other, real)[0] / root
    found = {"sliced Wasserstein distance of pixels": metrics.sliced_wasserstein(
        real.flatten(1), other.flatten(1))}
    if frozen:
        with warnings.catch_warnings():                 # about few pictures: said below the table
            warnings.simplefilter("ignore")
            found["Frechet distance under the judge"] = judge.frechet_classifier_distance(
                frozen, real, other)
    return found | {"distance to the nearest real picture": nearest.median().item()}


def nearest_pairs(real: Tensor, fake: Tensor) -> Tensor:
    """The fakes that lie nearest to a real picture, and then these real pictures in the same order:
    (2 * PAIRS, C, H, W), or fewer where there are fewer fakes.
    """
    distance, index = metrics.nearest_distance(fake, real)
    first = distance.argsort()[:PAIRS]
    return torch.cat([fake[first], real[index[first]]])


def _height(folder: str) -> int:
    """The height of the first picture of a folder. Raises ValueError where it cannot be read."""
    files, _ = pictures.picture_files(Path(folder).expanduser().resolve())
    try:
        with Image.open(files[0]) as first:
            return first.height
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(f"{files[0]} cannot be read ({error}). Remove it, or set --size."
                         ) from None


def _mean_and_sd(values: tuple[float, ...]) -> tuple[float, float]:
    table = torch.tensor(values, dtype=torch.float64)
    return table.mean().item(), table.std(correction=0).item()
