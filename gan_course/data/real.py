"""Real pictures: MNIST, Fashion-MNIST and CIFAR-10, downloaded on first use.

Downloads go to the folder in the environment variable GAN_COURSE_DATA, else to data/downloads, in
torchvision's layout.
Files that you put there yourself are used as they are, and nothing is ever written beside them
unless something is missing.
"""
import gzip
import math
import os
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_course.data.download import fetch, mismatch, only_one
from gan_course.data.sets import ImageSet
from gan_course.paths import DATA

MNIST_BYTES = (9_912_422, 28_881, 1_648_877, 4_542)     # of the .gz files, in torchvision's order
FASHION_BYTES = (26_421_880, 29_515, 4_422_102, 5_148)
CIFAR_BYTES = 170_498_071
AGAIN = "Delete it and load the set again: it is then downloaded anew."


def data_folder() -> Path:
    """Where downloads are kept: GAN_COURSE_DATA if set, else data/downloads."""
    given = os.environ.get("GAN_COURSE_DATA")
    return Path(given).expanduser() if given else DATA / "downloads"


def mnist(split: str = "train") -> ImageSet:
    """MNIST: 60,000 handwritten digits and 10,000 for "test" (LeCun, Cortes and Burges, 1998).

    The first 5,000 test images are harder than the last 5,000: shuffle before you take a part
    (`ImageSet.take` does).

    Args:
        split: "train" or "test".

    Returns:
        Images of shape (N, 1, 28, 28); ten classes.

    Raises:
        DownloadError: a file is not there and cannot be fetched.
        ValueError: a file is damaged, or two do not belong together.
    """
    from torchvision.datasets import MNIST
    return _idx_set("mnist", MNIST, MNIST_BYTES, split)


def fashion_mnist(split: str = "train") -> ImageSet:
    """Fashion-MNIST: 60,000 articles of clothing and 10,000 for "test" (arXiv:1708.07747).

    Args:
        split: "train" or "test".

    Returns:
        Images of shape (N, 1, 28, 28); ten classes.

    Raises:
        DownloadError: a file is not there and cannot be fetched.
        ValueError: a file is damaged, or two do not belong together.
    """
    from torchvision.datasets import FashionMNIST
    return _idx_set("fashion_mnist", FashionMNIST, FASHION_BYTES, split)


def cifar10(split: str = "train") -> ImageSet:
    """CIFAR-10: 50,000 small colour photographs and 10,000 for "test" (Krizhevsky, 2009).

    It comes as pickles, so torchvision checks the checksum of every part before it opens it; parts
    that are missing or broken are unpacked again.

    Args:
        split: "train" or "test".

    Returns:
        Images of shape (N, 3, 32, 32); ten classes.

    Raises:
        DownloadError: the archive is not there and cannot be fetched.
        ValueError: the archive is damaged.
    """
    from torchvision.datasets import CIFAR10

    root, train = data_folder(), split == "train"
    with warnings.catch_warnings():
        # about the age of the pickles
        warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
        try:
            raw = CIFAR10(root, train)
        except RuntimeError:                            # a part is missing or its checksum is wrong
            archive = fetch(CIFAR10.url, root / CIFAR10.filename, CIFAR_BYTES, CIFAR10.tgz_md5)
            if problem := mismatch(archive, CIFAR_BYTES, CIFAR10.tgz_md5):
                raise ValueError(f"{archive} is damaged: {problem}. {AGAIN}") from None
            with only_one(root / CIFAR10.base_folder):  # two would write over each other
                raw = CIFAR10(root, train, download=True)           # finds the archive, unpacks it
    images = torch.from_numpy(raw.data).permute(0, 3, 1, 2).contiguous()
    return ImageSet("cifar10", images, torch.tensor(raw.targets), tuple(raw.classes))


def _idx_set(name: str, source, sizes: tuple[int, ...], split: str) -> ImageSet:
    """MNIST or one of its kin; torchvision's class `source` knows mirrors, checksums, classes."""
    folder = data_folder() / source.__name__ / "raw"
    files = [file for file, _ in source.resources]
    paths = []
    for (file, md5), size in zip(source.resources, sizes, strict=True):
        if file.startswith("train") == (split == "train"):
            unpacked = folder / file.removesuffix(".gz")
            urls = [mirror + file for mirror in source.mirrors]
            paths.append(unpacked if unpacked.exists() else
                         fetch(urls, folder / file, size, md5, by_hand=files))
    images, labels = read_idx(paths[0], 3), read_idx(paths[1], 1)
    if len(images) != len(labels):
        raise ValueError(f"{paths[0]} has {len(images)} images, but {paths[1]} has {len(labels)} "
                         "labels. They do not belong together. Delete both and load the set again: "
                         "they are then downloaded anew.")
    if len(labels) and labels.max() >= len(source.classes):
        raise ValueError(f"{paths[1]} is damaged: it has the label {labels.max()} of "
                         f"{len(source.classes)} classes. {AGAIN}")
    classes = tuple(title.split(" - ")[0] for title in source.classes)      # "7 - seven" -> "7"
    return ImageSet(name, images.unsqueeze(1), labels.long(), classes)


def read_idx(path: Path, dims: int) -> Tensor:
    """The bytes of an idx file, MNIST's format.

    The file begins with two zeros, 8 for "bytes", and the number of dimensions; then comes each
    dimension in four bytes, big end first.

    Args:
        path: the file, packed (.gz) or not.
        dims: how many dimensions it should have.

    Returns:
        A uint8 tensor with that many dimensions.

    Raises:
        ValueError: the file, which is named, is cut short or is something else.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            raw = file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged or cut short ({error}). {AGAIN}") from error
    start = 4 + 4 * dims
    if raw[:4] != bytes([0, 0, 8, dims]) or len(raw) < start:
        begin = f"it begins with {raw[:4].hex()}" if raw else "it is empty"
        raise ValueError(f"{path} is no idx file of bytes in {dims} dimension(s): {begin}. "
                         f"{AGAIN}")
    shape = np.frombuffer(raw, ">u4", dims, 4).tolist()
    if len(raw) != start + math.prod(shape):
        raise ValueError(f"{path} is damaged: {len(raw) - start:,} values, its header says "
                         f"{math.prod(shape):,}. {AGAIN}")
    values = np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
    return torch.from_numpy(values.copy())
