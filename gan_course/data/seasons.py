"""Landscapes in summer and in winter, drawn by a recipe, so that the true partner is known.

The two seasons of one scene differ by their palette only: hills turn white, trees lose their
leaves, the sky turns grey. A house keeps the colour of its walls, which can be any hue: it is the
one thing that a translator cannot guess and has to carry over.
"""
from functools import cache

import numpy as np
import torch
from torch import Tensor

from gan_course.data.drawing import (
    X,
    Y,
    box,
    cover,
    ellipse,
    mask,
    paint,
    ridge,
    triangle,
    uniform,
    visible,
)
from gan_course.data.pairs import PairSet

SCENES = {"train": 8000, "test": 400}
PART = 400                                                          # scenes drawn at once
PLACES = np.float32([5.5, 12.5, 19, 26])            # one is for the house, three are for trees

# layer: its colour in summer, its colour in winter; from front to back
PALETTE = {
    "window": ((0.20, 0.20, 0.20), (0.20, 0.20, 0.20)),
    "walls": ((0, 0, 0), (0, 0, 0)),                        # every house has its own colour instead
    "roof": ((0.36, 0.27, 0.26), (0.97, 0.98, 1.00)),
    "top": ((0.36, 0.66, 0.24), (0.90, 0.92, 0.96)),        # of a tree: leaves in the sun, or snow
    "crown": ((0.13, 0.42, 0.16), (0.47, 0.42, 0.44)),      # the rest: leaves, or bare twigs
    "trunk": ((0.35, 0.21, 0.10), (0.29, 0.23, 0.23)),
    "meadow": ((0.45, 0.72, 0.20), (0.96, 0.97, 1.00)),
    "hill": ((0.24, 0.52, 0.28), (0.80, 0.85, 0.92)),
    "sun": ((1.00, 0.86, 0.15), (0.98, 0.96, 0.88)),
    "zenith": ((0.16, 0.47, 0.92), (0.55, 0.61, 0.69)),
    "horizon": ((0.68, 0.87, 0.98), (0.78, 0.82, 0.87)),
}
LAYERS = {name: number for number, name in enumerate(PALETTE)}


@cache
def seasons(split: str = "train") -> PairSet:
    """Pairs of a summer and its winter, always the same.

    Args:
        split: "train" or "test".

    Returns:
        8,000 pairs for training or 400 others, (N, 3, 32, 32) twice. Masks: "sun", "trees",
        "house" and, inside it, "walls"; any of them can be empty in a scene. Fact: "hue", of the
        walls, 0 to 1 (0 red, 1/3 green, 2/3 blue), nan where there is no house.
    """
    rng = np.random.default_rng({"train": 0, "test": 1}[split])
    parts = [_draw(rng, PART) for _ in range(SCENES[split] // PART)]
    summer, winter, hue, *masks = (torch.cat(part) for part in zip(*parts, strict=True))
    return PairSet("seasons", summer, winter, ("summer", "winter"), paired=True,
                   masks=dict(zip(("sun", "trees", "house", "walls"), masks, strict=True)),
                   facts={"hue": hue})


def _draw(rng: np.random.Generator, n: int) -> tuple[Tensor, ...]:
    """n scenes: summer, winter, hue, and the masks of sun, trees, house and walls."""
    places = rng.permuted(np.tile(PLACES, (n, 1)), axis=1).T.reshape(4, n, 1, 1)
    hill, meadow = ridge(rng, n, 13, 17, 2.5), ridge(rng, n, 20, 24, 1.5)
    lives_here = rng.random((n, 1, 1)) < 0.7
    covers = _sky(rng, n) | {"hill": cover(hill(X) - Y), "meadow": cover(meadow(X) - Y)}
    house = _house(rng, n, places[0], meadow)
    covers |= {name: layer * lives_here for name, layer in house.items()}
    trees = [_tree(rng, n, place, meadow) for place in places[1:]]
    covers |= {name: np.maximum.reduce([tree[name] for tree in trees]) for name in trees[0]}
    seen = visible([covers[name] for name in PALETTE])

    hue = rng.random(n)                     # red, green and blue stand a third of a turn apart
    walls = 0.55 + 0.4 * np.cos(2 * np.pi * (hue[:, None] - np.float32([0, 1 / 3, 2 / 3])))
    light = uniform(rng, n, 0.85, 1.0)                      # of the day: the same in both seasons
    pictures = []
    for season in (0, 1):
        colours = np.float32([pair[season] for pair in PALETTE.values()])
        colours = colours[None].repeat(n, axis=0)                   # (n, layers, 3)
        colours[:, LAYERS["walls"]] = walls
        pictures.append(paint(seen, light * colours))

    def where(*names):
        return mask(seen[:, [LAYERS[name] for name in names]])
    hue = torch.from_numpy(np.where(lives_here[:, 0, 0], hue, np.nan)).float()
    return (*pictures, hue, where("sun"), where("top", "crown", "trunk"),
            where("window", "walls", "roof"), where("window", "walls"))


def _sky(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    radius = uniform(rng, n, 1.8, 3.2)
    x, y = X - uniform(rng, n, 3, 29), Y - uniform(rng, n, 3, 8)
    return {"sun": cover(ellipse(x, y, radius, radius)),
            "zenith": 1 - (Y / 18).clip(0, 1),          # fades into the horizon behind everything
            "horizon": np.ones((1, 1, 1), np.float32)}


def _house(rng: np.random.Generator, n: int, place: np.ndarray, ground) -> dict[str, np.ndarray]:
    x = place + uniform(rng, n, -1.5, 1.5)
    half_width, half_height = uniform(rng, n, 3.2, 4.5), uniform(rng, n, 2.5, 3.2)
    roof = uniform(rng, n, 3, 4.5)
    y = ground(x) + uniform(rng, n, 2.5, 5) - half_height           # the middle of the walls
    return {"window": cover(box(X - x - half_width / 4, Y - y, 0.9, 0.9)),
            "walls": cover(box(X - x, Y - y, half_width, half_height)),
            "roof": cover(triangle(X - x, Y - (y - half_height - roof), half_width + 1, roof))}


def _tree(rng: np.random.Generator, n: int, place: np.ndarray, ground) -> dict[str, np.ndarray]:
    """A round tree or a fir; in one scene of three it is not there."""
    grows_here, fir = rng.random((n, 1, 1)) < 2 / 3, rng.random((n, 1, 1)) < 1 / 2
    x = place + uniform(rng, n, -1.5, 1.5)
    foot, height = ground(x) + uniform(rng, n, 0.5, 3), uniform(rng, n, 7, 11)
    half_width = uniform(rng, n, 2.4, 3.6)
    round_crown = ellipse(X - x, Y - (foot - 0.65 * height), half_width, 0.38 * height)
    round_top = ellipse(X - x + 0.25 * half_width, Y - (foot - 0.75 * height),
                        0.6 * half_width, 0.22 * height)
    fir_crown = triangle(X - x, Y - (foot - 1.1 * height), half_width, 0.9 * height)
    fir_top = np.maximum(fir_crown, Y - (foot - 0.65 * height))
    crown = cover(np.where(fir, fir_crown, round_crown))
    top = np.minimum(cover(np.where(fir, fir_top, round_top)), crown)
    trunk = cover(box(X - x, Y - (foot - 0.2 * height), 0.7, 0.2 * height))
    return {"top": top * grows_here, "crown": crown * grows_here, "trunk": trunk * grows_here}
