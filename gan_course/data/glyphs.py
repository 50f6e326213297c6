"""Printed digits and letters, drawn with fonts, so that everything that varies in them is known.

Each character of each font is drawn once, large. A picture is that drawing stretched, slanted,
turned and moved by an affine map, and averaged down to its few pixels. The numbers behind it are
the set's `factors`: which character in which face, and how it was transformed.

    glyphs          digits, 28x28 grey: all factors vary
    glyphs_plain    digits of one upright face: only slant and width vary
    glyphs_colour   digits, 32x32 RGB: ink of any hue on light, grainy paper of any other hue
    letters         A to Z, 28x28 grey: all factors vary
"""
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

from gan_course.data.factors import Scenes, counts
from gan_course.data.fonts import TILE, faces
from gan_course.data.sets import ImageSet

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLAIN = {"family": "DejaVu Sans", "bold": 0, "italic": 0, "slant": (-0.5, 0.5), "width": (0.6, 1.3),
         "height": 1, "rotation": 0, "x": 0, "y": 0}
SIZES = range(8, 65)
PICTURES = {"train": 10_000, "test": 2_000}
PART = 50                                                           # few enough for the cache
GRAIN = 0.03                                                        # standard deviation; white is 1


def glyphs(split: str = "train", *, characters: str = DIGITS, size: int = 28, colour: bool = False,
           n: int | None = None, seed: int = 0, present: dict | None = None,
           absent: dict | Sequence[dict] = (), shares: dict[str, float] | None = None,
           correlate: tuple[str, str, float] | None = None,
           fonts: str | Path | None = None) -> ImageSet:
    """Printed characters with known factors, white on black or in colour.

    Every factor is drawn independently of the others, unless you ask for something else:

        glyphs(absent={"character": "7", "bold": 1})            no bold sevens
        glyphs(characters="37", shares={"7": 0.05})             19 threes for each seven
        glyphs(correlate=("bold", "slant", 0.8))                bold digits lean to the right
        glyphs(present={"italic": 0, "rotation": (-45, 45)})    upright faces, turned further
        glyphs(fonts="path/to/folder")                          your own fonts

    The same arguments give the same factors on every machine. They give the same images too, except
    for single grey levels where another FreeType or another processor rounds differently.

    Args:
        split: "train" or "test"; the two are drawn from different random numbers.
        characters: the classes. Some look alike when mixed, such as the letter O and the digit 0.
        size: pixels a side, 8 to 64. The factors do not depend on it.
        colour: whether the images are RGB, with two more factors, ink_hue and paper_hue.
        n: how many; by default 10,000 (2,000 for "test"), or the next multiple of the number of
            classes.
        seed: another seed gives other pictures.
        present: factor -> what it may be: one value, several values of family, bold or italic, or
            (low, high) of a factor that is a number.
        absent: a combination of factors that is left out, or a list of them, written like
            `present`. Pictures that have it are drawn anew, after correlating, and keep their
            character.
        shares: character -> its share of the pictures, 0 to 1. The other characters share the rest
            equally.
        correlate: two factors, and the correlation of their ranks, -1 to 1 (a Gaussian copula: the
            second factor's numbers are rearranged, and each factor alone keeps its distribution).
        fonts: a folder with .ttf or .otf files, instead of the 16 faces that come with matplotlib.

    Returns:
        uint8 images (n, 1 or 3, size, size) in random order. The columns of `factors`: character,
        family, bold, italic, slant, width, height, rotation, x, y; in colour ink_hue and paper_hue.

    Raises:
        ValueError: an argument or a font cannot be used.
        FileNotFoundError: there is no folder `fonts`, or no font in it.
    """
    if split not in PICTURES:
        raise ValueError(f"There is no split {split!r}; choose train or test.")
    if size not in SIZES:
        raise ValueError(f"size is {size}; choose a whole number of pixels from {SIZES[0]} to "
                         f"{SIZES[-1]}.")
    if not characters or len(set(characters)) < len(characters):
        raise ValueError(f"characters are {characters!r}; give each that you want once.")
    if n is None:
        n = -(-PICTURES[split] // len(characters)) * len(characters)
    if n < 1:
        raise ValueError(f"n is {n}; a set needs at least one picture.")

    every_face = faces(characters, fonts)
    scenes = Scenes(characters, every_face, colour, present or {})
    stream = [seed, list(PICTURES).index(split)]
    rng = np.random.default_rng(stream)
    labels = np.repeat(np.arange(len(characters)), counts(n, characters, shares or {}))
    drawn = scenes.draw(rng, rng.permutation(labels))
    if correlate is not None:
        scenes.correlate(rng, drawn, *correlate)
    scenes.leave_out(rng, drawn, [absent] if isinstance(absent, dict) else absent)

    tiles = torch.stack([face.tiles for face in every_face])
    cover = torch.cat([_cover(tiles, part, size) for part in _parts(drawn)])
    images = _coloured(cover, drawn, np.random.default_rng([*stream, 1])) if colour else cover
    return ImageSet("glyphs", images.mul(255).round().to(torch.uint8),
                    torch.from_numpy(drawn["character"]), tuple(characters), scenes.table(drawn))


def glyphs_plain(split: str = "train", *, present: dict | None = None, **options) -> ImageSet:
    """`glyphs` of one face, centred: only slant, -0.5 to 0.5, and width, 0.6 to 1.3, vary.

    Args:
        split, present, options: as of `glyphs`.

    Returns:
        An ImageSet, as of `glyphs`.
    """
    dataset = glyphs(split, present=PLAIN | (present or {}), **options)
    return replace(dataset, name="glyphs_plain")


def glyphs_colour(split: str = "train", *, size: int = 32, **options) -> ImageSet:
    """`glyphs` in an ink of any hue, on light, grainy paper of any other hue.

    Args:
        split, size, options: as of `glyphs`.

    Returns:
        An ImageSet, as of `glyphs`, in RGB.
    """
    return replace(glyphs(split, size=size, colour=True, **options), name="glyphs_colour")


def letters(split: str = "train", **options) -> ImageSet:
    """`glyphs` with the letters A to Z.

    Args:
        split, options: as of `glyphs`.

    Returns:
        An ImageSet, as of `glyphs`.
    """
    return replace(glyphs(split, characters=LETTERS, **options), name="letters")


def _parts(drawn: dict[str, np.ndarray]):
    """The columns in pieces of `PART` pictures."""
    for start in range(0, len(drawn["face"]), PART):
        yield {name: column[start:start + PART] for name, column in drawn.items()}


def _cover(tiles: Tensor, drawn: dict[str, np.ndarray], size: int) -> Tensor:
    """How much of each pixel the ink covers, 0 to 1: (n, 1, size, size).

    Each pixel looks up several places of the large drawing, through the inverse of the map

        rotate(slant(stretch(place))) + (x, y)
    """
    large = tiles[drawn["face"], drawn["character"]].unsqueeze(1).float() / 255
    angle = np.deg2rad(drawn["rotation"])
    cos, sin, slant = np.cos(angle), np.sin(angle), drawn["slant"]
    inverse = np.stack([(cos + slant * sin) / drawn["width"], (slant * cos - sin) / drawn["width"],
                        sin / drawn["height"], cos / drawn["height"]], axis=1).reshape(-1, 2, 2)
    shift = 2 * np.stack([drawn["x"], drawn["y"]], axis=1)[..., None]       # a side is 2 for torch
    theta = torch.from_numpy(np.concatenate([inverse, -inverse @ shift], axis=2)).float()
    fine = TILE // size                                             # places in a pixel, each way
    grid = affine_grid(theta, (len(theta), 1, fine * size, fine * size), align_corners=False)
    return avg_pool2d(grid_sample(large, grid, align_corners=False), fine)


def _coloured(cover: Tensor, drawn: dict[str, np.ndarray], rng: np.random.Generator) -> Tensor:
    """Ink where there is cover, grainy paper elsewhere: (n, 3, size, size), 0 to 1."""
    ink, paper = _colour(drawn["ink_hue"], 0.35, 0.35), _colour(drawn["paper_hue"], 0.84, 0.10)
    grain = torch.from_numpy(rng.standard_normal(cover.shape, dtype=np.float32))
    return (cover * ink + (1 - cover) * (paper + GRAIN * grain)).clamp(0, 1)


def _colour(hue: np.ndarray, grey: float, strength: float) -> Tensor:
    """Red, green and blue at their third of the circle of hues: (n, 3, 1, 1)."""
    turn = np.deg2rad(hue[:, None] - np.array([0, 120, 240]))
    return torch.from_numpy(grey + strength * np.cos(turn)).float()[..., None, None]
