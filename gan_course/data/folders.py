"""Folders of pictures of your own: one sub-folder a class (`folder`), or two sides (`sides`)."""
import warnings
from collections import Counter
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_course.data.pairs import PairSet
from gan_course.data.sets import ImageSet, WrongLayout

ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff",
           ".ppm", ".pgm")
TO_CONVERT = (".heic", ".heif")                                     # Pillow cannot read them
TRAIN = ("train", "training")                                       # usual names of split folders,
HELD_OUT = ("test", "testing", "val", "valid", "validation")        # the first that is there counts
SIDES = ("trainA", "trainB", "testA", "testB")
WHITES = (1, 255, 1023, 4095, 16_383, 65_535)                       # of 1, 8, 10, 12, 14, 16 bits


class Layout(NamedTuple):
    """What lies in a folder: its picture files, in order, each with the number of its class."""

    classes: tuple[str, ...]
    files: list[Path]
    labels: list[int]
    held_out: list[bool] | None                                     # None: no split of its own


def folder(path: Path | str, size: int = 32, split: str = "train") -> ImageSet:
    """Your own pictures: every picture in a folder, cropped to its central square and resized.

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

    Returns:
        An ImageSet of shape (N, 1, size, size) if all pictures are grey, else (N, 3, size, size).

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: more than a tenth of the pictures cannot be read.
        WrongLayout: the sub-folders mix splits and classes, or the split has no pictures.
    """
    path = Path(path).expanduser().resolve()
    layout, notes = _layout(path)
    white = _common_white(path, layout.files, notes)
    images, good = _read(path, layout.files, size, white, notes)
    grey = np.array([(image == image[:1]).all() for image in images])    # three equal channels
    if grey.any() and not grey.all():
        notes.append(f"{grey.sum()} of {len(grey)} pictures are grey; they were turned into RGB, "
                     "like the others.")
    _tell(path, notes)
    labels = torch.tensor(layout.labels)[good]
    if layout.held_out is None:
        chosen = _sixth(path, labels, split)
    else:
        chosen = torch.tensor(layout.held_out)[good] == (split == "test")
    images = torch.from_numpy(images[:, :1] if grey.all() else images)[chosen]
    return ImageSet(path.name, images, labels[chosen], layout.classes)


def sides(path: Path | str, size: int = 32, split: str = "train") -> PairSet:
    """Two kinds of pictures without pairs, from the sub-folders trainA and trainB (as CycleGAN's).

    "test" is what lies in testA and testB; where a side has no such folder, every sixth picture of
    a fixed shuffle is held out. A folder with exactly two classes has two sides as well. The
    pictures are read as `folder` reads them, but both sides are RGB, however they are stored.

    Args:
        path: the folder.
        size: height and width of the images, in pixels.
        split: "train" or "test".

    Returns:
        An unpaired PairSet, (N, 3, size, size) and (M, 3, size, size).

    Raises:
        FileNotFoundError: there is no such folder, or a side or its pictures are missing.
        ValueError: more than a tenth of the pictures cannot be read.
        WrongLayout: there are no two sides, or a side has too few pictures to hold some out.
    """
    path = Path(path).expanduser().resolve()
    if is_two_sided(path):
        here = _unwrapped(path, _pictures(path)[0])
        x, y = (_side(here, letter, size, split) for letter in "AB")
        return PairSet(path.name, x, y, ("A", "B"), paired=False)
    found = folder(path, size, split)
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
    files, _ = _pictures(path)
    inner = _unwrapped(path, files)
    return any(file.relative_to(inner).parts[0] in ("trainA", "trainB") for file in files)


def picture(file: Path | BinaryIO, size: int, white: int | None = None) -> np.ndarray:
    """One picture upright, its central square in RGB; of an animation the first frame.

    Args:
        file: where it lies, or an open file.
        size: height and width of the result, in pixels.
        white: the value of white where grey is stored in more than 8 bits. By default the
            smallest white of 1, 8, 10, 12, 14 or 16 bits that holds the picture's own values.

    Returns:
        The pixels, uint8 (3, size, size).

    Raises:
        ValueError: its numbers are in no range that we know.
        OSError: it cannot be read as a picture.
    """
    from PIL import Image, ImageOps

    with Image.open(file) as picture:
        picture.draft(None, (4 * size, 4 * size))       # a large JPEG decodes at a fraction of it
        picture = ImageOps.exif_transpose(picture)
        if picture.mode == "F":
            raise ValueError("it has floating-point pixels, whose range nobody knows")
        if picture.mode.startswith("I"):                # grey in 16 or 32 bits
            values = np.asarray(picture)
            white = white or _white(values.min(), values.max())
            grey = (values.clip(0, white) * (255 / white)).round().astype(np.uint8)
            picture = Image.fromarray(grey)
        elif ("transparency" in picture.info
              or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa")):
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        square = ImageOps.fit(picture.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(square).transpose(2, 0, 1)


def _white(lowest: int, highest: int) -> int:
    """The white of the fewest bits that hold these values. Raises ValueError where none does."""
    if lowest < 0 or highest > WHITES[-1]:
        raise ValueError(f"its pixels run from {lowest:,} to {highest:,}, and nobody knows which "
                         f"of them is white; 0 to {WHITES[-1]:,} can be read")
    return next(white for white in WHITES if highest <= white)


def _described(found: ImageSet) -> str:
    """A folder in words: "one class of 40 pictures" or "4 classes (a, b, c, d)"."""
    if len(found.classes) == 1:
        return f"one class, {found.classes[0]}, with {len(found):,} pictures for training"
    some = ", ".join(found.classes[:5]) + (", …" if len(found.classes) > 5 else "")
    return f"{len(found.classes)} classes ({some})"


def _side(path: Path, letter: str, size: int, split: str) -> Tensor:
    """The pictures of one side in one split: uint8 (N, 3, size, size)."""
    train, test = path / f"train{letter}", path / f"test{letter}"
    if not train.is_dir():
        raise FileNotFoundError(f"{path} has no sub-folder {train.name}. Two sides need trainA and "
                                "trainB, each with its pictures.")
    here = test if split == "test" and test.is_dir() else train
    files, notes = _pictures(here)
    both = files if here == train else files + _pictures(train)[0]  # one white for both splits
    images, _ = _read(here, files, size, _common_white(here, both, notes), notes)
    _tell(here, notes)
    images = torch.from_numpy(images)
    if test.is_dir():
        return images
    return images[_sixth(here, torch.zeros(len(images), dtype=torch.long), split)]


# --- what lies where ---------------------------------------------------------------------------

def _pictures(path: Path) -> tuple[list[Path], list[str]]:
    """Every picture file under a folder, in order and once, and notes on what was ignored."""
    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {path}.")
    found: dict[Path, Path] = {}                                    # a file: how we came there
    ignored, closed = Counter(), []

    def walk(folder: Path, above: tuple[Path, ...]) -> None:
        real = folder.resolve()
        if real in above:                                           # a link that leads back up
            return
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            closed.append(str(folder))
            return
        for entry in entries:
            ending = entry.suffix.lower() or "no ending"
            if entry.name.startswith("."):
                ignored.update([] if entry.is_dir() else ["hidden"])
            elif entry.is_dir():
                walk(entry, (*above, real))
            elif ending in ENDINGS:
                itself = entry.resolve() if entry.is_symlink() else real / entry.name
                if itself not in found or entry == itself:          # without a detour by a link
                    found[itself] = entry
            else:
                ignored[ending] += 1

    walk(path, ())
    notes = []
    if closed:
        notes.append(f"These folders cannot be opened and were left out: {', '.join(closed)}.")
    to_convert = sum(ignored.pop(ending, 0) for ending in TO_CONVERT)
    if to_convert:
        notes.append(f"{to_convert} files that end in .heic or .heif cannot be read here. Convert "
                     "them to JPEG or PNG first.")
    others = ", ".join(f"{count} {ending}" for ending, count in sorted(ignored.items()))
    if not found:
        ignoring = f" (ignored: {others})" if others else ""
        raise FileNotFoundError(" ".join([
            f"There are no pictures in {path}{ignoring}. Pictures are files that end in "
            f"{', '.join(ENDINGS)}.", *notes]))
    if set(ignored) - {"hidden"}:
        notes.append(f"Files that are no pictures were ignored: {others}.")
    return sorted(found.values()), notes


def _unwrapped(path: Path, files: list[Path]) -> Path:
    """The folder itself, or the folder in which all the pictures are, step by step."""
    while True:
        tops = {file.relative_to(path).parts[0] for file in files}
        if len(tops) != 1 or (inner := path / tops.pop()) in files or inner.name in SIDES:
            return path
        path = inner


def _layout(path: Path) -> tuple[Layout, list[str]]:
    """The classes and splits of a folder, and notes on what was left out."""
    files, notes = _pictures(path)
    path = _unwrapped(path, files)
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


# --- reading -----------------------------------------------------------------------------------

def _read(path: Path, files: list[Path], size: int, white: int | None, notes: list[str]
          ) -> tuple[np.ndarray, list[int]]:
    """The pictures that can be read, uint8 (n, 3, size, size), and which of the files they are."""
    from tqdm.auto import tqdm

    if size < 1:
        raise ValueError(f"Pictures need at least one pixel a side; size is {size}.")
    images, broken = np.empty((len(files), 3, size, size), np.uint8), {}
    for i, file in enumerate(tqdm(files, desc=path.name, unit="picture", disable=len(files) < 500)):
        try:
            images[i] = picture(file, size, white)
        except Exception as error:                      # decoders raise whatever they like
            broken[i] = f"{file} ({error})"
    if broken:
        some = "; ".join(list(broken.values())[:5]) + ("; …" if len(broken) > 5 else "")
        if len(broken) > len(files) / 10:
            raise ValueError(f"{len(broken)} of {len(files)} pictures in {path} cannot be read: "
                             f"{some}. Repair or remove them.")
        notes.append(f"{len(broken)} of {len(files)} pictures cannot be read and were left out: "
                     f"{some}.")
    good = [i for i in range(len(files)) if i not in broken]
    return images[good] if broken else images, good


def _common_white(path: Path, files: list[Path], notes: list[str]) -> int | None:
    """The value of white in all grey pictures of more than 8 bits; None if there are none.

    Scanners and microscopes store 10 or 12 bits in files of 16, and no file says so: the highest
    value in the folder has to tell. Pillow keeps the upper 8 of 16 bits of a *colour*, and then
    nothing is left of 10 or 12; such folders are refused.
    """
    from PIL import Image

    grey, colour = [], []                                           # the highest value of each
    for file in files:
        try:
            with Image.open(file) as picture:
                sixteen = picture.tile and ";16" in str(picture.tile[0].args)
                if picture.mode.startswith("I"):
                    values = np.asarray(picture)
                    _white(values.min(), values.max())
                    grey.append(values.max())
                elif sixteen:
                    colour.append(np.asarray(picture.convert("RGB")).max())
        except Exception:                               # said when it is read
            continue
    if colour and max(colour) < 64:
        raise ValueError(f"{path} has {len(colour)} colour pictures of 16 bits that are all but "
                         "black: probably they use only 10, 12 or 14 of the bits. Convert them to "
                         "8 bits a channel.")
    if not grey:
        return None
    white = _white(0, max(grey))
    if white < WHITES[-1]:
        notes.append(f"{len(grey)} grey pictures have room for more than 8 bits a pixel, but no "
                     f"value above {max(grey):,}: {white:,} was taken for white.")
    return white


def _sixth(path: Path, labels: Tensor, split: str) -> Tensor:
    """Which of the pictures belong to the split, in order; the test is a sixth of each class.

    Shuffled, then sorted by class, every sixth is the test: a class gives its sixth, rounded up
    or down, and all together give n // 6.
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


def _tell(path: Path, notes: list[str]) -> None:
    if notes:
        warnings.warn(f"{path}: {' '.join(notes)}", stacklevel=3)
