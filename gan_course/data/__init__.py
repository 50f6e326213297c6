"""Everything the course learns from: `load(name)`, `names()`, `batches(dataset, batch_size)`.

Without a network: printed characters with known factors, `glyphs`, `glyphs_plain`, `glyphs_colour`
and `letters`; the densities of `toy`; scikit-learn's `digits`, also in pairs (`stacked_digits`);
pictures with a partner each, drawn by a recipe, `seasons`, `animals`, `edges`, and the filled side
of the last alone, `shapes`. Downloaded once, on first use: mnist, fashion_mnist, cifar10, and
photographs of two kinds without pairs, like horse2zebra. And any folder of pictures of your own:
`load("path/to/folder")`.

A notebook that needs pictures, or two sides of them, says so: `load_images`, `load_sides`.
"""
from functools import cache
from pathlib import Path

from gan_course.data.pairs import PairSet
from gan_course.data.sets import Batch, Batches, Density, ImageSet, WrongLayout
from gan_course.profile import by_profile, pick_device

GLYPHS = ("glyphs", "glyphs_colour", "glyphs_plain", "letters")
OFFLINE = ("animals", "animals_body", "bumps", "digits", "edges", *GLYPHS, "grid", "moons", "ring",
           "seasons", "shapes", "spiral", "stacked_digits")
DOWNLOADED = ("cifar10", "fashion_mnist", "mnist")
ARCHIVES = ("apple2orange", "cezanne2photo", "facades", "horse2zebra", "iphone2dslr_flower", "maps",
            "monet2photo", "summer2winter_yosemite", "ukiyoe2photo",
            "vangogh2photo")                                        # downloaded too, without pairs
SPLITS = ("train", "test")


def names() -> tuple[str, ...]:
    """Every name that `load` knows, those that need no network first."""
    return OFFLINE + DOWNLOADED + ARCHIVES


def load(name: str | Path, split: str = "train", size: int | None = None
         ) -> ImageSet | PairSet | Density:
    """A data set by its name, or a folder of pictures by its path.

    Args:
        name: one of `names()`, or the path of a folder.
        split: "train" or "test". Of a density there is no end in either; of a folder without a
            split of its own a sixth is held out.
        size: height and width, in pixels, of the pictures of a folder or an archive (default 32),
            and of glyphs and letters (default 28, in colour 32; `gan_course.data.glyphs` can do
            more with them). In the smoke profile a fifth of the glyphs and letters is drawn.

    Returns:
        A Density, an ImageSet, or a PairSet; of a folder with sub-folders trainA and trainB a
        PairSet without pairs.

    Raises:
        ValueError: an unknown name or split; the message says what there is.
        FileNotFoundError: pictures or a network are missing; the message says what to do.
    """
    name = str(name)
    if split not in SPLITS:
        raise ValueError(f"There is no split {split!r}; choose train or test.")
    if name in DOWNLOADED:
        from gan_course.data import real
        return getattr(real, name)(split)
    if name in ARCHIVES:
        from gan_course.data import archives
        return archives.archive(name, size=size or 32, split=split)
    if name in GLYPHS:
        few = {"train": 2080, "test": 520}[split]                   # as many of each of 10 or 26
        return _glyphs(name, split, size or (32 if name == "glyphs_colour" else 28),
                       by_profile(smoke=few, laptop=None, gpu=None))
    if name in OFFLINE:
        from gan_course.data import animals, digits, edges, seasons, toy
        if name in toy.DENSITIES:
            return toy.DENSITIES[name]()
        recipes = (animals.animals, animals.animals_body, digits.digits, digits.stacked_digits,
                   edges.edges, edges.shapes, seasons.seasons)
        return {recipe.__name__: recipe for recipe in recipes}[name](split)
    if Path(name).expanduser().is_dir():
        from gan_course.data import folders
        read = folders.sides if folders.is_two_sided(name) else folders.folder
        return read(name, size=size or 32, split=split)
    raise ValueError(f"There is no data set and no folder called {name!r}. "
                     f"Data sets: {', '.join(names())}.")


@cache
def _glyphs(name: str, split: str, size: int, n: int | None) -> ImageSet:
    """One of `GLYPHS`, drawn once."""
    from gan_course.data import glyphs
    return getattr(glyphs, name)(split, size=size, n=n)


def load_images(name: str | Path, split: str = "train", size: int | None = None,
                fit: str = "crop") -> ImageSet:
    """`load`, where single pictures are needed and neither pairs nor a density will do.

    Args:
        name, split, size: as of `load`.
        fit: what becomes of a folder's pictures that are not square: "crop" cuts the central
            square out, "pad" puts the whole picture on white, "stretch" squeezes it.

    Returns:
        An ImageSet.

    Raises:
        WrongLayout: it has two sides, or is no set of pictures; the message says what to give.
        ValueError, FileNotFoundError: as of `load`.
    """
    if _is_folder(name):
        from gan_course.data import folders
        if not folders.is_two_sided(name):
            return folders.folder(name, size or 32, split, fit)
    found = None if str(name) in ARCHIVES else load(name, split, size)     # no vain fetching
    if isinstance(found, ImageSet):
        return found
    if found is not None and not isinstance(found, PairSet):
        raise WrongLayout(f"{name} is a density of points, and pictures are needed. Give digits, "
                          "shapes, mnist, or a folder of pictures.")
    domains = " and ".join(found.domains if found else ("A", "B"))
    raise WrongLayout(f"{name} has two sides, {domains}, for a translator (notebooks 10 and 11). "
                      "Here pictures of one kind are needed: a folder of pictures, or of "
                      "sub-folders, one for each class. One side alone is such a folder, trainA "
                      "say; without folders of your own choose digits, shapes or mnist.")


def load_sides(name: str | Path, split: str = "train", size: int | None = None,
               fit: str = "crop") -> PairSet:
    """`load`, where two kinds of pictures without pairs are needed.

    Args:
        name, split, size: as of `load`. A folder with exactly two classes will do as well.
        fit: as of `load_images`.

    Returns:
        A PairSet without pairs.

    Raises:
        WrongLayout: there are no two sides, or too few pictures on one; the message says what is
            needed and what was found.
        ValueError, FileNotFoundError: as of `load`.
    """
    if _is_folder(name):
        from gan_course.data import folders
        return folders.sides(name, size or 32, split, fit)
    found = load(name, split, size)
    if isinstance(found, PairSet):
        return found.unpaired()
    raise WrongLayout(f"{name} has no two sides. Give a folder with sub-folders trainA and trainB, "
                      f"or one of {', '.join(ARCHIVES)}.")


def load_pairs(name: str | Path, split: str = "train", size: int | None = None,
               direction: str = "AtoB", fit: str = "crop") -> PairSet:
    """`load`, where pairs are needed: two pictures of the same scene, row by row.

    Args:
        name, split, size: as of `load`. A folder has pairs in one of the layouts of
            `own_pairs.own_pairs`.
        direction: "AtoB", or "BtoA" to translate the second side into the first.
        fit: as of `load_images`.

    Returns:
        A paired PairSet; x is given and y is wanted.

    Raises:
        WrongLayout: it has no pairs; the message says what is needed.
        ValueError, FileNotFoundError: as of `load`.
    """
    if _is_folder(name):
        from gan_course.data import own_pairs
        return own_pairs.own_pairs(name, size or 32, split, direction, fit)
    found = None if str(name) in ARCHIVES else load(name, split, size)     # no vain fetching
    if not isinstance(found, PairSet) or not found.paired:
        raise WrongLayout(f"{name} has no pairs of pictures. Choose seasons, animals or edges, or "
                          "give a folder with pairs of your own.")
    if direction == "AtoB":
        return found
    return PairSet(f"{found.name}, backwards", found.y, found.x, found.domains[::-1], True,
                   found.masks, found.facts)


def _is_folder(name: str | Path) -> bool:
    """Whether it is no data set of the course, and a folder that is there."""
    return str(name) not in names() and Path(name).expanduser().is_dir()


def batches(dataset: ImageSet | PairSet | Density | str | Path, batch_size: int, *, seed: int = 0,
            device=None) -> Batches:
    """An endless, seeded, resumable iterator of `Batch(x, y)`.

    Args:
        dataset: a data set or its name.
        batch_size: N, at least 1 and at most the length of the set.
        seed: where the random numbers start.
        device: where the batches are; by default `pick_device()`.

    Returns:
        The iterator.

    Raises:
        ValueError: the batch size is not in its range, or the name is unknown.
    """
    if isinstance(dataset, str | Path):
        dataset = load(dataset)
    device = pick_device() if device is None else device
    return Batches(dataset, batch_size, seed=seed, device=device)


__all__ = ["Batch", "Batches", "Density", "ImageSet", "PairSet", "WrongLayout", "batches", "load",
           "load_images", "load_pairs", "load_sides", "names"]
