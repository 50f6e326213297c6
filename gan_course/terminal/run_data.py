"""The data of a run of `gan-course train`: read, and checked against what the game needs."""
import hashlib
from pathlib import Path

import torch

from gan_course import data
from gan_course.data import ImageSet, PairSet, WrongLayout, pictures
from gan_course.data.weave import FACTOR, shrunk_pairs


def load(needs: str, names: list[str], size: int | None, split: str = "train",
         fit: str = "crop") -> ImageSet | PairSet:
    """The data of a run.

    Args:
        needs: as of `recipes.Recipe`.
        names: one name of a data set or path of a folder; two of them are the two sides.
        size: pixels a side, for folders and what is drawn or fetched; None: as `data.load` has it.
        split: "train" or "test".
        fit: what becomes of a folder's pictures that are not square, as of `data.load_images`.

    Returns:
        The set.

    Raises:
        ValueError: it is not what is needed; the message says what is.
        FileNotFoundError: pictures are missing.
    """
    if len(names) > 2 or len(names) == 2 and needs != "sides":
        raise ValueError(f"--data was given {len(names)} times. Two folders are for cyclegan, and "
                         "every other game has one.")
    if needs == "sides":
        found = (data.load_sides(names[0], split, size, fit) if len(names) == 1 else
                 _two_sides([load("pictures", [name], size, split, fit) for name in names]))
    elif needs == "pairs":
        found = data.load_pairs(names[0], split, size, fit=fit)     # or a folder of pairs
    else:
        found = data.load_images(names[0], split, size, fit)
        if needs == "classes" and len(found.classes) < 2:
            raise WrongLayout(f"{names[0]} has one class, so there is nothing to ask a conditional "
                              "generator for. Put the pictures of each class into a sub-folder of "
                              "its own, or take dcgan.")
    if size and found.data_shape[1] != size:
        raise ValueError(f"The pictures of {names[0]} are {found.data_shape[1]} pixels high and "
                         f"cannot be loaded at {size}. Leave --size out.")
    for side in (found.x, found.y) if isinstance(found, PairSet) else (found.images,):
        check_channels(names[0], side.shape[1])
    return shrunk(found) if needs == "enlarge" else found


def check_channels(name: str, channels: int) -> None:
    """Refuse pictures that are neither grey nor in colour, such as the digits of `stacked_digits`.

    Args:
        name: what the message calls them.
        channels: how many they have.

    Raises:
        WrongLayout: it is not 1 or 3.
    """
    if channels not in (1, 3):
        raise WrongLayout(f"{name} has {channels} channels, which are no colours. Choose another "
                          "data set.")


def shrunk(images: ImageSet) -> PairSet:
    """Pictures beside themselves shrunk by 4, for srgan.

    Args:
        images: the pictures.

    Returns:
        Pairs of a shrunk picture, blown up again, and the picture.

    Raises:
        ValueError: their side is not a multiple of 4.
    """
    if images.data_shape[1] % FACTOR:
        raise ValueError(f"srgan shrinks pictures by {FACTOR}, so their side has to be a multiple "
                         f"of {FACTOR}; got {images.data_shape[1]}. Set --size.")
    return shrunk_pairs(images)


def whole(path: str | Path, size: int, fit: str = "crop") -> ImageSet:
    """Every picture in a folder and its sub-folders, as one class, with none held out.

    Args:
        path: the folder.
        size: pixels a side.
        fit: what becomes of pictures that are not square, as of `data.load_images`.

    Returns:
        An ImageSet, (N, 3, size, size), or (N, 1, size, size) if all pictures are grey.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: more than a tenth of the pictures cannot be read.
    """
    path = Path(path).expanduser().resolve()
    files, notes = pictures.picture_files(path)
    white = pictures.common_white(path, files, notes)
    images, _ = pictures.read_all(path, files, size, white, notes, fit)
    pictures.tell(path, notes)
    grey = (images == images[:, :1]).all()                          # three equal channels
    images = torch.from_numpy(images[:, :1] if grey else images)
    return ImageSet(path.name, images, torch.zeros(len(images), dtype=torch.long), (path.name,))


def _two_sides(images: list[ImageSet]) -> PairSet:
    """Two sets of pictures as the two sides of an unpaired set, in RGB."""
    a, b = images
    names = (a.name, b.name) if a.name != b.name else ("A", "B")
    if a.data_shape[1:] != b.data_shape[1:]:
        raise ValueError(f"The two sides differ in size: {a.data_shape[1:]} and "
                         f"{b.data_shape[1:]} pixels. Set --size.")
    x, y = (each.images.expand(-1, 3, -1, -1) for each in images)
    return PairSet(" and ".join(names), x, y, names, paired=False)


def facts(dataset: ImageSet | PairSet, needs: str) -> dict:
    """What the settings keep of the data: shapes, names, number, and a checksum of the pixels.

    Args:
        dataset: as `load` gives it.
        needs: as of `load`.

    Returns:
        The settings x_shape, data_shape, classes, pictures and checksum.
    """
    images = isinstance(dataset, ImageSet)
    sides = [dataset.images] if images else [dataset.x, dataset.y]
    if needs == "enlarge":
        sides = [dataset.y]                             # x is made of it
    pixels = hashlib.sha256()
    for side in sides:
        pixels.update(side.contiguous().numpy())
    return {"x_shape": tuple(sides[0].shape[1:]), "data_shape": dataset.data_shape,
            "classes": list(dataset.classes if images else dataset.domains),
            "pictures": sum(map(len, sides)), "checksum": pixels.hexdigest()[:16]}
