"""Folders of pictures of your own: one sub-folder a class (`folder`), or two sides (`sides`)."""
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_course.data.pairs import PairSet
from gan_course.data.pictures import common_white, picture_files, read_all, tell
from gan_course.data.sets import ImageSet, WrongLayout

TRAIN = ("train", "training")                                       # usual names of split folders,
HELD_OUT = ("test", "testing", "val", "valid", "validation")        # the first that is there counts
SIDES = ("trainA", "trainB", "testA", "testB")


class Layout(NamedTuple):
    """What lies in a folder: its picture files, in order, each with the number of its class."""

    classes: tuple[str, ...]
    files: list[Path]
    labels: list[int]
    held_out: list[bool] | None                                     # None: no split of its own


def folder(path: Path | str, size: int = 32, split: str = "train", fit: str = "crop") -> ImageSet:
    """Your own pictures: every picture in a folder, made square and resized.

    Sub-folders with pictures in them are the classes, in alphabetical order; without any, all
    pictures are of one class. A single folder around everything is stepped into. Sub-folders with
    the usual names of splits (train, and test or val) are taken as such; otherwise every sixth
    picture of a fixed shuffle is held out as "test", so that each class gives its share.
    Transparent parts become white. A warning names the files that cannot be read, and says what
    was ignored, left out or converted.

    Args:
        path: the folder.
        size: height and width of the images, in pixels.
        split: "train" or "test".
        fit: what becomes of pictures that are not square. "crop" cuts the central square out,
            "pad" puts the whole picture on white, "stretch" squeezes it.

    Returns:
        An ImageSet of shape (N, 1, size, size) if all pictures are grey, else (N, 3, size, size).

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: there is no such fit, or more than a tenth of the pictures cannot be read.
        WrongLayout: the sub-folders mix splits and classes, or the split has no pictures.
    """
    path = Path(path).expanduser().resolve()
    layout, notes = _layout(path)
    white = common_white(path, layout.files, notes)
    images, good = read_all(path, layout.files, size, white, notes, fit)
    grey = np.array([(image == image[:1]).all() for image in images])    # three equal channels
    if grey.any() and not grey.all():
        notes.append(f"{grey.sum()} of {len(grey)} pictures are grey; they were turned into RGB, "
                     "like the others.")
    tell(path, notes)
    labels = torch.tensor(layout.labels)[good]
    if layout.held_out is None:
        chosen = sixth(path, labels, split)
    else:
        chosen = torch.tensor(layout.held_out)[good] == (split == "test")
    images = torch.from_numpy(images[:, :1] if grey.all() else images)[chosen]
    return ImageSet(path.name, images, labels[chosen], layout.classes)


def sides(path: Path | str, size: int = 32, split: str = "train", fit: str = "crop") -> PairSet:
    """Two kinds of pictures without pairs, from the sub-folders trainA and trainB (as CycleGAN's).

    "test" is what lies in testA and testB; where a side has no such folder, every sixth picture of
    a fixed shuffle is held out. A folder with exactly two classes has two sides as well. The
    pictures are read as `folder` reads them, but both sides are RGB, however they are stored.

    Args:
        path: the folder.
        size: height and width of the images, in pixels.
        split: "train" or "test".
        fit: as of `folder`.

    Returns:
        An unpaired PairSet, (N, 3, size, size) and (M, 3, size, size).

    Raises:
        FileNotFoundError: there is no such folder, or a side or its pictures are missing.
        ValueError: there is no such fit, or more than a tenth of the pictures cannot be read.
        WrongLayout: there are no two sides, or a side has too few pictures to hold some out.
    """
    path = Path(path).expanduser().resolve()
    if is_two_sided(path):
        here = unwrapped(path, picture_files(path)[0])
        x, y = (_side(here, letter, size, split, fit) for letter in "AB")
        return PairSet(path.name, x, y, ("A", "B"), paired=False)
    found = folder(path, size, split, fit)
    if len(found.classes) != 2:
        raise WrongLayout(
            f"{path} has no two sides. Put the pictures of each side into a folder of its own, "
            f"trainA and trainB (and testA and testB, if you like). Found was {_described(found)}.")
    x, y = (found.images[found.labels == number].expand(-1, 3, -1, -1) for number in (0, 1))
    for name, side in zip(found.classes, (x, y), strict=True):
        if not len(side):
            raise WrongLayout(f"{path / name} has too few pictures to hold a sixth out for a test. "
                              "Give at least six.")
    return PairSet(path.name, x, y, found.classes, paired=False)


def is_two_sided(path: Path | str) -> bool:
    """Whether a folder, or the only folder in it, has pictures in trainA or trainB."""
    path = Path(path).expanduser().resolve()
    if not path.is_dir():
        return False
    files, _ = picture_files(path)
    inner = unwrapped(path, files)
    return any(file.relative_to(inner).parts[0] in ("trainA", "trainB") for file in files)


def _described(found: ImageSet) -> str:
    """A folder in words: "one class of 40 pictures" or "4 classes (a, b, c, d)"."""
    if len(found.classes) == 1:
        return f"one class, {found.classes[0]}, with {len(found):,} pictures for training"
    some = ", ".join(found.classes[:5]) + (", …" if len(found.classes) > 5 else "")
    return f"{len(found.classes)} classes ({some})"


def _side(path: Path, letter: str, size: int, split: str, fit: str) -> Tensor:
    """The pictures of one side in one split: uint8 (N, 3, size, size)."""
    train, test = path / f"train{letter}", path / f"test{letter}"
    if not train.is_dir():
        raise FileNotFoundError(f"{path} has no sub-folder {train.name}. Two sides need trainA and "
                                "trainB, each with its pictures.")
    here = test if split == "test" and test.is_dir() else train
    files, notes = picture_files(here)
    both = files if here == train else files + picture_files(train)[0]  # one white for both splits
    images, _ = read_all(here, files, size, common_white(here, both, notes), notes, fit)
    tell(here, notes)
    images = torch.from_numpy(images)
    if test.is_dir():
        return images
    return images[sixth(here, torch.zeros(len(images), dtype=torch.long), split)]


# --- what lies where ---------------------------------------------------------------------------

def unwrapped(path: Path, files: list[Path]) -> Path:
    """The folder itself, or the folder in which all the pictures are, step by step.

    Args:
        path: the folder.
        files: the pictures under it.

    Returns:
        The innermost folder around all of them that is no side.
    """
    while True:
        tops = {file.relative_to(path).parts[0] for file in files}
        if len(tops) != 1 or (inner := path / tops.pop()) in files or inner.name in SIDES:
            return path
        path = inner


def _layout(path: Path) -> tuple[Layout, list[str]]:
    """The classes and splits of a folder, and notes on what was left out."""
    files, notes = picture_files(path)
    path = unwrapped(path, files)
    found: dict[str, list[Path]] = {}                               # sub-folder, "" for none: files
    for file in files:
        top, *rest = file.relative_to(path).parts
        found.setdefault(top if rest else "", []).append(file)
    names = {name.lower(): name for name in found}
    splits = [names[name] for name in TRAIN + HELD_OUT if name in names]
    if len(splits) < 2:                                             # one alone may be a class
        classes, labels, files = _classes(path, files, notes)
        return Layout(classes, files, labels, None), notes
    others = sorted(set(found) - set(splits) - {""})
    if others:
        raise WrongLayout(f"{path} has the split folders {', '.join(splits)} beside "
                          f"{', '.join(others)}. Put each class into the split folders, or rename "
                          "those that are classes.")
    train, *held_out = splits
    if train.lower() not in TRAIN:
        raise WrongLayout(f"{path} has the split folders {', '.join(splits)}, but no train.")
    left_out = {name: len(found[name]) for name in (*held_out[1:], "") if name in found}
    if left_out:
        told = ", ".join(f"{n} {f'in {name}' if name else 'beside the sub-folders'}"
                         for name, n in left_out.items())
        notes.append(f"{train} is for training and {held_out[0]} is held out; these pictures were "
                     f"left out: {told}.")
    classes, labels, files = _classes(path / train, found[train], notes, path.name)
    test_classes, test_labels, test_files = _classes(path / held_out[0], found[held_out[0]], notes,
                                                     path.name)
    if strangers := sorted(set(test_classes) - set(classes)):
        raise WrongLayout(f"{path / held_out[0]} has classes that {train} does not have: "
                          f"{', '.join(strangers)}. Both need the same sub-folders.")
    labels = labels + [classes.index(test_classes[number]) for number in test_labels]
    split = [False] * len(files) + [True] * len(test_files)
    return Layout(classes, files + test_files, labels, split), notes


def _classes(path: Path, files: list[Path], notes: list[str], alone: str = ""
             ) -> tuple[tuple[str, ...], list[int], list[Path]]:
    """The classes of the files under a folder, the number of each file's class, and the files.

    `alone` is the name of the class if there is only one; by default the name of the folder.
    """
    parts = [file.relative_to(path).parts for file in files]
    loose = sum(len(part) == 1 for part in parts)
    if loose == len(files):
        return (alone or path.name,), [0] * loose, files
    if loose:
        notes.append(f"{loose} pictures beside the sub-folders have no class and were ignored.")
    classes = sorted({part[0] for part in parts if len(part) > 1})
    files, parts = zip(*((file, part) for file, part in zip(files, parts, strict=True)
                         if len(part) > 1), strict=True)
    return tuple(classes), [classes.index(part[0]) for part in parts], list(files)


def sixth(path: Path, labels: Tensor, split: str) -> Tensor:
    """Which of the pictures belong to the split, in order; the test is a sixth of each class.

    Shuffled, then sorted by class, every sixth is the test: a class gives its sixth, rounded up
    or down, and all together give n // 6.

    Args:
        path: the folder that messages name.
        labels: the class of each picture, (n,).
        split: "train" or "test".

    Returns:
        The places of the chosen pictures, in order.

    Raises:
        WrongLayout: there are too few pictures.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    order = order[labels[order].argsort(stable=True)]
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    held_out[order[5::6]] = True
    chosen = (held_out if split == "test" else ~held_out).nonzero().flatten()
    if not len(chosen):
        raise WrongLayout(f"{path} has only {len(labels)} pictures, too few to hold a sixth out "
                          "for a test. Give at least six.")
    return chosen
