"""Folders of pictures of your own: one for each class (`folder`), or two sides to translate between (`sides`)."""
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from gan_course.data.pairs import PairSet
from gan_course.data.sets import ImageSet


def folder(path: Path | str, size: int = 32, split: str = "train") -> ImageSet:
    """Your own pictures: every picture in the folder `path`, cropped to its central square, as size x size pixels.

    Sub-folders with pictures in them are the classes, in alphabetical order; without any, all pictures are of one class.
    If all are grey the images are (N, 1, size, size), else (N, 3, size, size). Transparent parts become white. A fixed,
    shuffled sixth is held out as "test". A warning names files that cannot be read, and tells what was ignored or turned
    into RGB. Raises FileNotFoundError where there are no pictures, ValueError when more than a tenth cannot be read.
    """
    path = Path(path).expanduser().resolve()
    classes, files, notes = _find(path)
    images, good = _read(path, [file for file, _ in files], size, notes)
    grey = np.array([(image == image[:1]).all() for image in images])               # three equal channels
    if grey.any() and not grey.all():
        notes.append(f"{grey.sum()} of {len(grey)} pictures are grey; they were turned into RGB, like the others.")
    _tell(path, notes)
    chosen = _split(path, len(images), split)
    images = torch.from_numpy(images[:, :1] if grey.all() else images)[chosen]
    labels = torch.tensor([number for _, number in files])[good][chosen]
    return ImageSet(path.name, images, labels, classes)


def is_two_sided(path: Path | str) -> bool:
    """Whether the folder has a sub-folder trainA or trainB, and so is for `sides`."""
    return any((Path(path).expanduser() / name).is_dir() for name in ("trainA", "trainB"))


def sides(path: Path | str, size: int = 32, split: str = "train") -> PairSet:
    """Two kinds of pictures without pairs, from the sub-folders trainA and trainB, the layout of CycleGAN's archives.

    Both sides are RGB, (N, 3, size, size) and (M, 3, size, size), however they are stored; the pictures are read as `folder` reads them.
    "test" is what lies in testA and testB; where a side has no such folder, a fixed, shuffled sixth is held out.
    Raises FileNotFoundError where a side or its pictures are missing, ValueError when more than a tenth of them cannot be read.
    """
    path = Path(path).expanduser().resolve()
    x, y = (_side(path, letter, size, split) for letter in "AB")
    return PairSet(path.name, x, y, ("A", "B"), paired=False)


def _side(path: Path, letter: str, size: int, split: str) -> Tensor:
    train, test = path / f"train{letter}", path / f"test{letter}"
    if not train.is_dir():
        raise FileNotFoundError(f"{path} has no sub-folder {train.name}. Two sides need trainA and trainB, each with its pictures.")
    here = test if split == "test" and test.is_dir() else train
    _, files, notes = _find(here)
    images, _ = _read(here, [file for file, _ in files], size, notes)
    _tell(here, notes)
    images = torch.from_numpy(images)
    return images if test.is_dir() else images[_split(here, len(images), split)]


def _read(path: Path, files: list[Path], size: int, notes: list[str]) -> tuple[np.ndarray, list[int]]:
    """The pictures that can be read, uint8 (n, 3, size, size), and which of the files they are; the rest is added to the notes."""
    from tqdm.auto import tqdm

    if size < 1:
        raise ValueError(f"Pictures need at least one pixel a side; size is {size}.")
    images, broken = np.empty((len(files), 3, size, size), np.uint8), {}
    for i, file in enumerate(tqdm(files, desc=path.name, unit="picture", disable=len(files) < 500)):
        try:
            images[i] = picture(file, size)
        except Exception as error:                                  # decoders raise whatever they like at a broken file
            broken[i] = f"{file} ({error})"
    if broken:
        some = "; ".join(list(broken.values())[:5]) + ("; …" if len(broken) > 5 else "")
        if len(broken) > len(files) / 10:
            raise ValueError(f"{len(broken)} of {len(files)} pictures in {path} cannot be read: {some}. Repair or remove them.")
        notes.append(f"{len(broken)} of {len(files)} pictures cannot be read and were left out: {some}.")
    good = [i for i in range(len(files)) if i not in broken]
    return images[good] if broken else images, good


def _split(path: Path, n: int, split: str) -> Tensor:
    """Which of n pictures belong to the split, in order: a fixed, shuffled sixth is the test."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    chosen = (order[:n // 6] if split == "test" else order[n // 6:]).sort().values
    if not len(chosen):
        raise ValueError(f"{path} has only {n} pictures, too few to hold a sixth out for a test.")
    return chosen


def _tell(path: Path, notes: list[str]) -> None:
    if notes:
        warnings.warn(f"{path}: {' '.join(notes)}", stacklevel=3)


def _find(path: Path) -> tuple[tuple[str, ...], list[tuple[Path, int]], list[str]]:
    """The classes, the picture files with the number of their class, sorted, and a note on what was ignored."""
    from torchvision.datasets.folder import IMG_EXTENSIONS

    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {path}.")
    found, ignored = {}, Counter()                                  # by class: its files; by file ending: how many
    for here, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            ending = "hidden" if name.startswith(".") else Path(name).suffix.lower()
            if ending in IMG_EXTENSIONS:
                parts = Path(here, name).relative_to(path).parts
                found.setdefault(parts[0] if len(parts) > 1 else "", []).append(Path(here, name))
            else:
                ignored[ending or "no ending"] += 1
    others = ", ".join(f"{count} {ending}" for ending, count in sorted(ignored.items()))
    if not found:
        raise FileNotFoundError(f"There are no pictures in {path}{f' (ignored: {others})' if others else ''}. "
                                f"Pictures are files that end in {', '.join(IMG_EXTENSIONS)}.")
    loose = found.pop("", []) if len(found) > 1 else []
    notes = [f"Files that are no pictures were ignored: {others}."] if set(ignored) - {"hidden"} else []
    if loose:
        notes.append(f"{len(loose)} pictures beside the sub-folders have no class and were ignored.")
    classes = sorted(found)
    files = [(file, number) for number, name in enumerate(classes) for file in found[name]]
    return tuple(name or path.name for name in classes), files, notes


def picture(file: Path | BinaryIO, size: int) -> np.ndarray:
    """One picture upright, its central square in RGB: uint8 (3, size, size)."""
    from PIL import Image, ImageOps

    with Image.open(file) as picture:
        picture.draft(None, (4 * size, 4 * size))                   # lets a large JPEG decode at a fraction of its size
        picture = ImageOps.exif_transpose(picture)
        if picture.mode == "F":
            raise ValueError("it has floating-point pixels, whose range nobody knows")
        if picture.mode.startswith("I"):                            # 16-bit grey
            picture = Image.fromarray((np.asarray(picture).clip(0, 65_535) / 257).round().astype(np.uint8))
        elif "transparency" in picture.info or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        square = ImageOps.fit(picture.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(square).transpose(2, 0, 1)
