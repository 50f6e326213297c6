"""Animals with a plain coat and with a striped one, a horse and a zebra, drawn by a recipe.

The partner of a plain animal is the same scene with stripes. Where the stripes begin, their phase,
is drawn anew for every animal and cannot be seen in the plain picture. So the way from plain to
striped has many right answers, and the way back only one.
"""
from functools import cache, reduce

import numpy as np
import torch
from torch import Tensor

from gan_course.data.drawing import X, Y, capsule, cover, mask, paint, ridge, uniform, visible
from gan_course.data.pairs import PairSet

SCENES = {"train": 8000, "test": 400}
PART = 400                                                          # scenes drawn at once
PERIOD, LEAN = 4.2, 0.3            # from stripe to stripe, how far they lean, in the animal's units

COLOURS = {                                                         # from front to back
    "mane": (0.20, 0.14, 0.12),
    "coat": (0.55, 0.33, 0.16),                                     # of a plain animal
    "meadow": (0.55, 0.68, 0.25),
    "hill": (0.38, 0.56, 0.33),
    "zenith": (0.33, 0.60, 0.92),
    "horizon": (0.80, 0.91, 0.98),
}
COAT = list(COLOURS).index("coat")
DARK, BRIGHT = (0.10, 0.09, 0.10), (0.96, 0.95, 0.92)               # of a striped animal


@cache
def animals(split: str = "train", phase: str = "random") -> PairSet:
    """Pairs of a plain animal and its striped twin, always the same.

    Args:
        split: "train" or "test".
        phase: "random", or "body": then the phase is 0 for all of them, so the stripes follow from
            where the animal stands, and there is one right answer. The plain pictures are the same.

    Returns:
        8,000 pairs for training or 400 others, (N, 3, 32, 32) twice. Mask: "coat", without mane
        and tail. Fact: "phase", of the stripes, 0 to 1.

    Raises:
        ValueError: there is no such phase.
    """
    if phase not in ("random", "body"):
        raise ValueError(f"There is no phase {phase!r}; choose random or body.")
    rng = np.random.default_rng({"train": 2, "test": 3}[split])
    parts = [_draw(rng, PART, phase) for _ in range(SCENES[split] // PART)]
    plain, striped, phases, coat = (torch.cat(part) for part in zip(*parts, strict=True))
    name = "animals" if phase == "random" else "animals_body"
    return PairSet(name, plain, striped, ("plain", "striped"), paired=True,
                   masks={"coat": coat}, facts={"phase": phases})


def animals_body(split: str = "train") -> PairSet:
    """`animals` with phase="body": the stripes follow from where the animal stands.

    Args:
        split: "train" or "test".

    Returns:
        What `animals` gives.
    """
    return animals(split, "body")


def _draw(rng: np.random.Generator, n: int, phase: str) -> tuple[Tensor, ...]:
    """n scenes: plain, striped, the phase of the stripes, and the mask of the coat."""
    meadow, hill = ridge(rng, n, 19, 22, 1), ridge(rng, n, 14, 17, 2.5)
    scale, facing = uniform(rng, n, 0.9, 1.2), rng.choice(np.float32([-1, 1]), (n, 1, 1))
    x = facing * (X - uniform(rng, n, 14, 17)) / scale          # the animal's own: it looks along x
    y = (Y - uniform(rng, n, 26, 30)) / scale                       # and stands at y = 0
    mane, coat = _animal(rng, n, x, y)
    light = uniform(rng, n, 0.85, 1.0)
    phases = uniform(rng, n, 0, 1) * (phase == "random")

    seen = visible([cover(mane * scale), cover(coat * scale),
                    cover(meadow(X) - Y), cover(hill(X) - Y),
                    1 - (Y / 18).clip(0, 1), np.ones((1, 1, 1), np.float32)])
    colours = light * np.float32(list(COLOURS.values()))            # (n, layers, 3)
    plain = paint(seen, colours)

    turn = (x + LEAN * y) / PERIOD + phases     # whole numbers in the middle of the dark stripes
    dark = cover((np.abs(turn - np.rint(turn)) - 0.25) * PERIOD * scale)
    seen = np.concatenate([seen[:, [COAT]] * dark[:, None], seen], axis=1)
    seen[:, COAT + 1] *= 1 - dark
    colours = np.concatenate([light * np.float32(DARK), colours], axis=1)
    colours[:, COAT + 1] = light[:, 0] * np.float32(BRIGHT)
    striped, seen_coat = paint(seen, colours), mask(seen[:, [0, COAT + 1]])
    return plain, striped, torch.from_numpy(phases[:, 0, 0]), seen_coat


def _animal(rng: np.random.Generator, n: int, x: np.ndarray, y: np.ndarray
            ) -> tuple[np.ndarray, np.ndarray]:
    """The distances to mane and tail, and to the coat, of an animal that walks along x.

    Each leg is where it happens to be in its step.
    """
    step = [uniform(rng, n, -1.2, 1.2) for _ in range(4)]
    legs = [capsule(x, y, (hip, -7), (hip + swing, -0.8), 0.8)
            for hip, swing in zip((-5.5, -3.8, 2.8, 4.5), step, strict=True)]
    body = capsule(x, y, (-4.5, -8.5), (4, -8.5), 2.8)
    neck = capsule(x, y, (4.5, -9.5), (7.5, -14.2), 1.6)
    head = capsule(x, y, (7.5, -14.6), (10.5, -13.2), 1.25)
    ear = capsule(x, y, (7.2, -15.5), (6.8, -17), 0.65)
    mane = capsule(x, y, (3.4, -11.4), (6, -15.6), 0.7)
    tail = capsule(x, y, (-7, -9.5), (-8.8, -5), 0.6)
    return np.minimum(mane, tail), reduce(np.minimum, (*legs, body, neck, head, ear))
