"""Outlines and what fills them, drawn by a recipe: hearts are red, stars are yellow, more or less.

The outline gives the shape to the pixel. The colour follows from the kind of shape, but every shape
has a tint of its own that its outline does not tell: a translator can know the kind's colour, and
the rest it has to choose.
"""
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from gan_course.data.drawing import X, Y, box, cover, ellipse, paint, triangle, uniform
from gan_course.data.pairs import PairSet
from gan_course.data.sets import ImageSet, scale

SCENES = {"train": 8000, "test": 400}
PART = 400                                                          # scenes drawn at once
COLOURS = {
    "circle": (0.20, 0.45, 0.88), "square": (0.25, 0.65, 0.32), "triangle": (0.55, 0.30, 0.78),
    "star": (0.89, 0.75, 0.15), "heart": (0.85, 0.18, 0.28), "house": (0.60, 0.40, 0.22),
}
KINDS = tuple(COLOURS)
TINT = 0.1                                      # each channel of a shape is off by up to this
INK = (0.10, 0.10, 0.12)


@cache
def edges(split: str = "train") -> PairSet:
    """Pairs of an outline and the filled shape, always the same.

    Shapes differ in kind, place, size, rotation and tint; paper is white.

    Args:
        split: "train" or "test".

    Returns:
        8,000 pairs for training or 400 others, (N, 3, 32, 32) twice. Mask: "shape". Fact: "kind",
        the shape's number in KINDS.
    """
    rng = np.random.default_rng({"train": 4, "test": 5}[split])
    parts = [_draw(rng, PART) for _ in range(SCENES[split] // PART)]
    outline, filled, kind, shape = (torch.cat(part) for part in zip(*parts, strict=True))
    return PairSet("edges", outline, filled, ("outline", "filled"), paired=True,
                   masks={"shape": shape}, facts={"kind": kind})


def shapes(split: str = "train") -> ImageSet:
    """The filled shapes of `edges` alone, in the same order.

    Args:
        split: "train" or "test".

    Returns:
        8,000 images for training or 400 others, (N, 3, 32, 32); the classes are the KINDS of shape.
    """
    pairs = edges(split)
    return ImageSet("shapes", pairs.y, pairs.facts["kind"], KINDS)


def tints(pairs: PairSet) -> Tensor:
    """The colour of each shape of `edges`: the median inside it.

    Args:
        pairs: what `edges` gives, or some of its rows.

    Returns:
        (N, 3) in [-1, 1].
    """
    filled = scale(pairs.y)
    return torch.stack([picture[:, mask].median(dim=1).values
                        for picture, mask in zip(filled, pairs.masks["shape"], strict=True)])


def repainted(pairs: PairSet, colours: Tensor) -> Tensor:
    """The filled shapes of `edges` in other colours, on the same white paper.

    Args:
        pairs: what `edges` gives, or some of its rows.
        colours: one for each shape, (N, 3) in [-1, 1].

    Returns:
        Pictures, (N, 3, H, W) in [-1, 1].
    """
    filled, old = scale(pairs.y), tints(pairs)
    ink = (1 - old)[..., None, None]                    # how far the colour is from white
    share = ((1 - filled) * ink).sum(1, keepdim=True) / ink.square().sum(1, keepdim=True)
    share = share.clamp(0, 1)                           # a pixel on the edge is part shape
    return share * colours[..., None, None] + 1 - share


def _draw(rng: np.random.Generator, n: int) -> tuple[Tensor, ...]:
    """n scenes: outline, filled, the kind of shape, and its mask."""
    kind = rng.integers(len(KINDS), size=n)
    size, angle = uniform(rng, n, 7, 11), uniform(rng, n, -0.7, 0.7)
    x, y = (side - 15.5 - (13.5 - size) * uniform(rng, n, -1, 1) for side in (X, Y))
    x, y = ((np.cos(angle) * x + np.sin(angle) * y) / size,        # the shape's own
            (np.cos(angle) * y - np.sin(angle) * x) / size)
    distance = np.empty((n, *x.shape[1:]), np.float32)
    for number, name in enumerate(KINDS):
        rows = kind == number
        distance[rows] = SHAPES[name](x[rows], y[rows])

    shape = torch.from_numpy(cover(distance * size))
    inner = -max_pool2d(-shape, 3, stride=1, padding=1)     # eroded: the least of 3x3 neighbours
    tints = np.float32([COLOURS[KINDS[number]] for number in kind])
    tints += rng.uniform(-TINT, TINT, (n, 3)).astype(np.float32)
    outline, filled = _on_white(shape - inner, np.float32(INK)[None]), _on_white(shape, tints)
    return outline, filled, torch.from_numpy(kind), shape > 0.5


def _on_white(layer: Tensor, colour: np.ndarray) -> Tensor:
    """One layer on white paper: layer (n, 32, 32) from 0 to 1, colour (n, 3) or (1, 3)."""
    layer = layer.numpy()[:, None]
    colours = np.stack([colour, np.ones_like(colour)], axis=1)      # (n, 2, 3)
    return paint(np.concatenate([layer, 1 - layer], axis=1), colours)


def _star(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Five points: all edges are one edge, mirrored.

    It runs from a tip at radius 1 to a notch at radius 0.45, 36 degrees further on.
    """
    fifth = 2 * np.pi / 5
    angle = np.arctan2(x, -y)                                       # 0 is up
    angle, radius = np.abs(angle - np.rint(angle / fifth) * fifth), np.hypot(x, y)
    along_x, along_y = 0.45 * np.cos(fifth / 2) - 1, 0.45 * np.sin(fifth / 2)
    beside = (radius * np.cos(angle) - 1) * along_y - radius * np.sin(angle) * along_x
    return beside / np.hypot(along_x, along_y)


def _heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    lobes, tip = ellipse(np.abs(x) - 0.46, y + 0.35, 0.5, 0.5), triangle(x, 0.95 - y, 0.93, 1.4)
    return np.minimum(lobes, tip)


def _house(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(box(x, y - 0.275, 0.7, 0.625), triangle(x, y + 0.95, 1.0, 0.85))


SHAPES = {                                                  # distances to shapes of radius about 1
    "circle": lambda x, y: ellipse(x, y, 0.95, 0.95),
    "square": lambda x, y: box(x, y, 0.8, 0.8),
    "triangle": lambda x, y: triangle(x, y + 0.95, 0.95, 1.6),
    "star": _star,
    "heart": _heart,
    "house": _house,
}
