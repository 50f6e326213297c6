"""Crops of photographs for super-resolution: left halves to learn from, right halves to test.

Without a folder they are the two photographs that come with scikit-learn, a Chinese temple and a
flower, 640x427 pixels.
"""
from pathlib import Path

import numpy as np
import torch

from gan_course.data.pictures import picture_files, upright
from gan_course.data.sets import ImageSet


def photographs(split: str = "train", n: int = 4000, size: int = 32, folder: str | Path = "",
                seed: int = 0) -> ImageSet:
    """Square crops at random places, as many from each photograph.

    Args:
        split: "train", from the left half of each photograph, or "test", from the right half.
        n: how many crops.
        size: height and width of the crops, in pixels.
        folder: where your own photographs are; "": the two of scikit-learn.
        seed: which crops.

    Returns:
        An ImageSet, (n, 3, size, size); the classes are the photographs.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: there is no such split, or a photograph cannot be read or is too small for the
            crops.
    """
    if split not in ("train", "test"):
        raise ValueError(f"There is no split {split!r}; choose train or test.")
    photos = _own(folder) if folder else _of_scikit_learn()
    dice = np.random.default_rng([seed, split == "test"])
    crops = []
    for i in range(n):
        name, photo = photos[i % len(photos)]
        height, middle = photo.shape[0], photo.shape[1] // 2
        if min(height, middle) < size:
            raise ValueError(f"{name} is {photo.shape[1]}x{height} pixels, and half of it has to "
                             f"hold crops of {size}x{size}. Take it out, or choose a smaller size.")
        half = photo[:, :middle] if split == "train" else photo[:, -middle:]
        top, left = dice.integers(0, height - size + 1), dice.integers(0, middle - size + 1)
        crops.append(half[top:top + size, left:left + size])
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
    labels = torch.arange(n) % len(photos)
    return ImageSet("photographs", images, labels, tuple(name for name, _ in photos))


def _of_scikit_learn() -> list[tuple[str, np.ndarray]]:
    from sklearn.datasets import load_sample_images

    return list(zip(("temple", "flower"), load_sample_images().images, strict=True))


def _own(folder: str | Path) -> list[tuple[str, np.ndarray]]:
    """Every picture of a folder, upright, in RGB and as large as it is."""
    path = Path(folder).expanduser().resolve()
    files, _ = picture_files(path)
    photos = []
    for file in files:
        try:
            photos.append((file.stem, np.asarray(upright(file, enough=10**6))))
        except Exception as error:                      # decoders raise whatever they like
            raise ValueError(f"{file} cannot be read ({error}). Repair or remove it.") from error
    return photos
