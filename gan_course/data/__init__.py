"""Everything the course learns from: `load(name)`, `names()`, `batches(dataset, batch_size)`.

Without a network: printed characters with known factors, `glyphs`, `glyphs_plain`, `glyphs_colour` and `letters`; the densities of
`toy`; scikit-learn's `digits`, also in pairs (`stacked_digits`); pictures with a partner each, drawn by a recipe, `seasons`, `animals`,
`edges`, and the filled side of the last alone, `shapes`. Downloaded once, on first use: mnist,
fashion_mnist, cifar10, and photographs of two kinds without pairs, like horse2zebra. And any folder of pictures of your own:
`load("path/to/folder")`.
"""
from functools import cache
from pathlib import Path

from gan_course.data.pairs import PairSet
from gan_course.data.sets import Batch, Batches, Density, ImageSet
from gan_course.profile import pick_device

GLYPHS = ("glyphs", "glyphs_colour", "glyphs_plain", "letters")
OFFLINE = ("animals", "animals_body", "bumps", "digits", "edges", *GLYPHS, "grid", "moons", "ring", "seasons",
           "shapes", "spiral", "stacked_digits")
DOWNLOADED = ("cifar10", "fashion_mnist", "mnist")
ARCHIVES = ("apple2orange", "cezanne2photo", "facades", "horse2zebra", "iphone2dslr_flower", "maps", "monet2photo",
            "summer2winter_yosemite", "ukiyoe2photo", "vangogh2photo")                              # downloaded too, without pairs
SPLITS = ("train", "test")


def names() -> tuple[str, ...]:
    """Every name that `load` knows, those that need no network first."""
    return OFFLINE + DOWNLOADED + ARCHIVES


def load(name: str | Path, split: str = "train", size: int | None = None) -> ImageSet | PairSet | Density:
    """The data set called `name`, or the folder of pictures at the path `name`.

    `split` is "train" or "test" (of a density there is no end in either; of a folder one sixth is held out). `size` resizes the
    pictures of a folder or an archive to size x size pixels (default 32), and is the size at which glyphs and letters are drawn
    (default 28, in colour 32; `gan_course.data.glyphs` can do more with them). A folder with sub-folders trainA and trainB is a `PairSet`
    without pairs. Raises ValueError for an unknown name or split, FileNotFoundError
    where pictures or a network are missing; both say what to do.
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
        return _glyphs(name, split, size or (32 if name == "glyphs_colour" else 28))
    if name in OFFLINE:
        from gan_course.data import animals, digits, edges, seasons, toy
        if name in toy.DENSITIES:
            return toy.DENSITIES[name]()
        recipes = (animals.animals, animals.animals_body, digits.digits, digits.stacked_digits, edges.edges, edges.shapes,
                   seasons.seasons)
        return {recipe.__name__: recipe for recipe in recipes}[name](split)
    if Path(name).expanduser().is_dir():
        from gan_course.data import folders
        read = folders.sides if folders.is_two_sided(name) else folders.folder
        return read(name, size=size or 32, split=split)
    raise ValueError(f"There is no data set and no folder called {name!r}. Data sets: {', '.join(names())}.")


@cache
def _glyphs(name: str, split: str, size: int) -> ImageSet:
    """One of `GLYPHS`, drawn once."""
    from gan_course.data import glyphs
    return getattr(glyphs, name)(split, size=size)


def batches(dataset: ImageSet | PairSet | Density | str | Path, batch_size: int, *, seed: int = 0, device=None) -> Batches:
    """An endless, seeded, resumable iterator of `Batch(x, y)` from a data set or its name, on `device` (default: `pick_device()`)."""
    if isinstance(dataset, str | Path):
        dataset = load(dataset)
    return Batches(dataset, batch_size, seed=seed, device=pick_device() if device is None else device)


__all__ = ["Batch", "Batches", "Density", "ImageSet", "PairSet", "batches", "load", "names"]
