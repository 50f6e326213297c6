"""Pairs of pictures of your own, for pix2pix: two folders with equal names, or A and B side by side
in one picture.
"""
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from gan_course.data.folders import HELD_OUT, TRAIN, sixth, unwrapped
from gan_course.data.pairs import PairSet
from gan_course.data.pictures import common_white, picture_files, read_all, squared, tell, upright
from gan_course.data.sets import WrongLayout

DIRECTIONS = ("AtoB", "BtoA")
LAYOUTS = ("Pairs lie in two folders, A and B, in which both pictures of a pair have the same "
           "name; or each pair is one picture, A on the left and B on the right, each a square.")


def own_pairs(path: Path | str, size: int = 32, split: str = "train", direction: str = "AtoB",
              fit: str = "crop") -> PairSet:
    """Your own pairs, in one of two layouts.

        A/cat.png  B/cat.png           two folders (any two names): equal file names are a pair
        train/1.jpg  test/2.jpg        A and B side by side in one picture, as in the files of the
                                       authors of pix2pix: twice as wide as high

    Folders with the usual names of splits (train, and test or val) are taken as such, inside A and
    B, or around the pictures that hold both; otherwise every sixth pair of a fixed shuffle is held
    out as "test". Pictures are read as `folders.folder` reads them.

    Args:
        path: the folder.
        size: height and width of each side, in pixels.
        split: "train" or "test".
        direction: "AtoB" if A is given and B is wanted, "BtoA" the other way round.
        fit: what becomes of pictures in two folders that are not square, as of `folders.folder`.

    Returns:
        A paired PairSet, RGB, (N, 3, size, size) twice.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: there is no such direction or fit, or more than a tenth cannot be read.
        WrongLayout: names do not match, shapes do not match, or no pair is to be found; the message
            names the files.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"There is no direction {direction!r}; choose AtoB or BtoA.")
    path = Path(path).expanduser().resolve()
    files, notes = picture_files(path)
    here = unwrapped(path, files)
    tops = sorted({file.relative_to(here).parts[0] for file in files if file.parent != here})
    if len(tops) == 2 and not any(_is_split(top) for top in tops):
        domains = tuple(tops)
        x, y, chosen = _two_folders(here, domains, files, size, split, fit, notes)
    else:
        domains = ("A", "B")
        x, y, chosen = _side_by_side(here, files, size, split, notes)
    tell(path, notes)
    sides = list(zip(domains, (x[chosen], y[chosen]), strict=True))
    (a, x), (b, y) = sides if direction == "AtoB" else reversed(sides)
    return PairSet(path.name, x, y, (a, b), paired=True)


def _is_split(name: str) -> bool:
    return name.lower() in TRAIN + HELD_OUT


def _two_folders(here, names, files, size, split, fit, notes):
    """x, y and the chosen rows; a picture's partner has the same path, ending aside."""
    sides = [_by_name(here / name, [file for file in files if (here / name) in file.parents])
             for name in names]
    lonely = {name: sorted(set(own) - set(other))
              for name, own, other in zip(names, sides, reversed(sides), strict=True)}
    if any(lonely.values()):
        told = "; ".join(f"{len(lost)} in {name} ({_some(lost)})"
                         for name, lost in lonely.items() if lost)
        raise WrongLayout(f"{here}: pictures without a partner of the same name in the other "
                          f"folder: {told}. {LAYOUTS}")
    pairs = sorted(sides[0])
    a, b = ([side[name] for name in pairs] for side in sides)
    _check_shapes(a, b)
    read = [read_all(here / name, side, size, common_white(here / name, side, notes), notes, fit)
            for name, side in zip(names, (a, b), strict=True)]
    good = sorted(set(read[0][1]) & set(read[1][1]))
    x, y = (torch.from_numpy(images[[rows.index(row) for row in good]]) for images, rows in read)
    return x, y, _chosen(here, [pairs[row].split("/")[:-1] for row in good], split)


def _by_name(folder: Path, files: list[Path]) -> dict[str, Path]:
    """The pictures of one side by their path in it, without the ending."""
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise WrongLayout(f"{folder} has more than one picture called {_some(twice)}, with "
                          "different endings. Each pair needs a name of its own.")
    return dict(zip(names, files, strict=True))


def _check_shapes(a: list[Path], b: list[Path]) -> None:
    """Both pictures of a pair show the same scene, so they have the same proportions."""
    for one, other in zip(a, b, strict=True):
        sizes = [_shape(file) for file in (one, other)]
        if None not in sizes:
            (w, h), (w_other, h_other) = sizes
            if abs(w * h_other - w_other * h) > 0.02 * w * h_other:
                raise WrongLayout(f"{one} is {w} x {h} pixels and {other} {w_other} x {h_other}. "
                                  "Both pictures of a pair show the same scene, place by place, "
                                  "so they need the same proportions.")


def _side_by_side(here, files, size, split, notes):
    """x, y and the chosen rows; each picture holds a pair."""
    wrong = {file: shape for file in files if (shape := _shape(file)) and shape[0] != 2 * shape[1]}
    if wrong:
        told = "; ".join(f"{file.relative_to(here)} is {w} x {h}" for file, (w, h) in
                         list(wrong.items())[:3])
        raise WrongLayout(f"{here}: {len(wrong)} of {len(files)} pictures are not twice as wide as "
                          f"high, so they are no pairs side by side ({told}). {LAYOUTS}")
    white = common_white(here, files, notes)
    images, good = read_all(here, files, size, white, notes, one=_halves)
    x, y = torch.from_numpy(images).chunk(2, dim=1)
    folders = [files[row].relative_to(here).parts[:-1] for row in good]
    return x, y, _chosen(here, folders, split)


def _halves(file: Path, size: int, white: int | None, fit: str) -> np.ndarray:
    """The left and the right half of a picture, one behind the other: uint8 (6, size, size)."""
    both = upright(file, 8 * size, white)
    middle = both.width // 2
    halves = [(0, 0, middle, both.height), (middle, 0, both.width, both.height)]
    return np.concatenate([squared(both.crop(half), size, fit) for half in halves])


def _shape(file: Path) -> tuple[int, int] | None:
    """Width and height of a picture as it is to be looked at; None if it cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            return ImageOps.exif_transpose(picture).size
    except Exception:                                   # said when it is read
        return None


def _chosen(path: Path, folders: list, split: str) -> torch.Tensor:
    """The rows of a split: those under folders with its name, else all but a sixth, or a sixth."""
    splits = [next((part.lower() for part in parts if _is_split(part)), None) for parts in folders]
    held_out = next((name for name in HELD_OUT if name in splits), None)
    train = next((name for name in TRAIN if name in splits), None)
    if train is None or held_out is None:
        return sixth(path, torch.zeros(len(folders), dtype=torch.long), split)
    wanted = train if split == "train" else held_out
    return torch.tensor([name == wanted for name in splits]).nonzero().flatten()


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
