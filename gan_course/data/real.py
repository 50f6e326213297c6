"""Real pictures: MNIST, Fashion-MNIST and CIFAR-10, downloaded on first use, and folders of your own.

Downloads go to the folder in the environment variable GAN_COURSE_DATA, else to data/downloads, in torchvision's layout.
Files that you put there yourself are used as they are, and nothing is ever written beside them unless something is missing.
"""
import gzip
import math
import os
import warnings
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_course.data.download import fetch, mismatch
from gan_course.data.sets import ImageSet
from gan_course.paths import DATA

MNIST_BYTES = (9_912_422, 28_881, 1_648_877, 4_542)                 # of the four .gz files, in torchvision's order
FASHION_BYTES = (26_421_880, 29_515, 4_422_102, 5_148)
CIFAR_BYTES = 170_498_071
AGAIN = "Delete it and load the set again: it is then downloaded anew."


def data_folder() -> Path:
    """Where downloads are kept: GAN_COURSE_DATA if set, else data/downloads."""
    given = os.environ.get("GAN_COURSE_DATA")
    return Path(given).expanduser() if given else DATA / "downloads"


def mnist(split: str = "train") -> ImageSet:
    """MNIST: 60,000 handwritten digits and 10,000 for "test", (N, 1, 28, 28) (LeCun, Cortes and Burges, 1998).

    The first 5,000 test images are harder than the last 5,000: shuffle before you take a part (`ImageSet.take` does).
    """
    from torchvision.datasets import MNIST
    return _idx_set("mnist", MNIST, MNIST_BYTES, split)


def fashion_mnist(split: str = "train") -> ImageSet:
    """Fashion-MNIST: 60,000 articles of clothing and 10,000 for "test", (N, 1, 28, 28) (Xiao and others, arXiv:1708.07747)."""
    from torchvision.datasets import FashionMNIST
    return _idx_set("fashion_mnist", FashionMNIST, FASHION_BYTES, split)


def cifar10(split: str = "train") -> ImageSet:
    """CIFAR-10: 50,000 small colour photographs and 10,000 for "test", (N, 3, 32, 32) (Krizhevsky, 2009).

    It comes as pickles, so torchvision checks the checksum of every part before it opens it; parts that are missing or
    broken are unpacked again. Raises ValueError for a damaged archive.
    """
    from torchvision.datasets import CIFAR10

    root, train = data_folder(), split == "train"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)    # about the pickles' age
        try:
            raw = CIFAR10(root, train)
        except RuntimeError:                                        # a part is missing or its checksum is wrong
            archive = fetch(CIFAR10.url, root / CIFAR10.filename, CIFAR_BYTES, CIFAR10.tgz_md5)
            if problem := mismatch(archive, CIFAR_BYTES, CIFAR10.tgz_md5):
                raise ValueError(f"{archive} is damaged: {problem}. {AGAIN}") from None
            raw = CIFAR10(root, train, download=True)               # finds the archive, unpacks it
    images = torch.from_numpy(raw.data).permute(0, 3, 1, 2).contiguous()
    return ImageSet("cifar10", images, torch.tensor(raw.targets), tuple(raw.classes))


def _idx_set(name: str, source, sizes: tuple[int, ...], split: str) -> ImageSet:
    """MNIST or one of its kin; `source` is torchvision's class, which knows mirrors, checksums and class names."""
    folder, files = data_folder() / source.__name__ / "raw", [file for file, _ in source.resources]
    paths = []
    for (file, md5), size in zip(source.resources, sizes, strict=True):
        if file.startswith("train") == (split == "train"):
            unpacked = folder / file.removesuffix(".gz")
            urls = [mirror + file for mirror in source.mirrors]
            paths.append(unpacked if unpacked.exists() else fetch(urls, folder / file, size, md5, by_hand=files))
    images, labels = read_idx(paths[0], 3), read_idx(paths[1], 1)
    if len(images) != len(labels):
        raise ValueError(f"{paths[0]} has {len(images)} images, but {paths[1]} has {len(labels)} labels. "
                         "They do not belong together. Delete both and load the set again: they are then downloaded anew.")
    if len(labels) and labels.max() >= len(source.classes):
        raise ValueError(f"{paths[1]} is damaged: it has the label {labels.max()} of {len(source.classes)} classes. {AGAIN}")
    classes = tuple(title.split(" - ")[0] for title in source.classes)              # "7 - seven" -> "7"
    return ImageSet(name, images.unsqueeze(1), labels.long(), classes)


def read_idx(path: Path, dims: int) -> Tensor:
    """The bytes of an idx file, MNIST's format, packed (.gz) or not: a uint8 tensor with `dims` dimensions.

    The file begins with two zeros, 8 for "bytes", and the number of dimensions; then comes each dimension in four bytes,
    big end first. Raises ValueError for a file that is cut short or is something else; it names the file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            raw = file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged or cut short ({error}). {AGAIN}") from error
    start = 4 + 4 * dims
    if raw[:4] != bytes([0, 0, 8, dims]) or len(raw) < start:
        begin = f"it begins with {raw[:4].hex()}" if raw else "it is empty"
        raise ValueError(f"{path} is no idx file of bytes in {dims} dimension(s): {begin}. {AGAIN}")
    shape = np.frombuffer(raw, ">u4", dims, 4).tolist()
    if len(raw) != start + math.prod(shape):
        raise ValueError(f"{path} is damaged: {len(raw) - start:,} values, its header says {math.prod(shape):,}. {AGAIN}")
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=start).reshape(shape).copy())


def folder(path: Path | str, size: int = 32, split: str = "train") -> ImageSet:
    """Your own pictures: every picture in the folder `path`, cropped to its central square, as size x size pixels.

    Sub-folders with pictures in them are the classes, in alphabetical order; without any, all pictures are of one class.
    If all are grey the images are (N, 1, size, size), else (N, 3, size, size). Transparent parts become white. A fixed,
    shuffled sixth is held out as "test". A warning names files that cannot be read, and tells what was ignored or turned
    into RGB. Raises FileNotFoundError where there are no pictures, ValueError when more than a tenth cannot be read.
    """
    from tqdm.auto import tqdm

    path = Path(path).expanduser().resolve()
    if size < 1:
        raise ValueError(f"Pictures need at least one pixel a side; size is {size}.")
    classes, files, notes = _find(path)
    images, grey, broken = np.empty((len(files), 3, size, size), np.uint8), np.zeros(len(files), bool), {}
    for i, (file, _) in enumerate(tqdm(files, desc=path.name, unit="picture", disable=len(files) < 500)):
        try:
            images[i] = _picture(file, size)
            grey[i] = (images[i] == images[i, :1]).all()            # three equal channels
        except Exception as error:                                  # decoders raise whatever they like at a broken file
            broken[i] = f"{file} ({error})"
    if broken:
        some = "; ".join(list(broken.values())[:5]) + ("; …" if len(broken) > 5 else "")
        if len(broken) > len(files) / 10:
            raise ValueError(f"{len(broken)} of {len(files)} pictures in {path} cannot be read: {some}. Repair or remove them.")
        notes.append(f"{len(broken)} of {len(files)} pictures cannot be read and were left out: {some}.")
    good = torch.tensor([i for i in range(len(files)) if i not in broken])
    all_grey = bool(grey[good.numpy()].all())
    if grey.any() and not all_grey:
        notes.append(f"{grey.sum()} of {len(good)} pictures are grey; they were turned into RGB, like the others.")
    if notes:
        warnings.warn(f"{path}: {' '.join(notes)}", stacklevel=2)
    held_out = len(good) // 6
    order = good[torch.randperm(len(good), generator=torch.Generator().manual_seed(0))]
    chosen = (order[:held_out] if split == "test" else order[held_out:]).sort().values
    if not len(chosen):
        raise ValueError(f"{path} has only {len(good)} pictures, too few to hold a sixth out for a test.")
    images = torch.from_numpy(images[:, :1] if all_grey else images)[chosen]
    labels = torch.tensor([number for _, number in files])[chosen]
    return ImageSet(path.name, images, labels, classes)


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


def _picture(file: Path, size: int) -> np.ndarray:
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
