"""How the course draws thousands of small pictures at once.

Shapes are distances, and a picture is a stack of layers. A shape is the signed distance of every
pixel to its edge, in pixels, negative inside. `cover` turns it into the share of each pixel that
the shape covers, which gives soft edges. `visible` stacks the shapes, and `paint` gives each layer
a colour. All are NumPy arrays that broadcast: pixels (1, 32, 1) and (1, 1, 32), numbers that belong
to a scene (n, 1, 1), layers (n, 32, 32).
"""
import numpy as np
import torch
from torch import Tensor

SIZE = 32
X = np.arange(SIZE, dtype=np.float32).reshape(1, 1, SIZE)           # pixel columns, to the right
Y = np.arange(SIZE, dtype=np.float32).reshape(1, SIZE, 1)           # pixel rows, downwards


def uniform(rng: np.random.Generator, n: int, low: float, high: float) -> np.ndarray:
    """One number between `low` and `high` for each of n scenes: float32 (n, 1, 1)."""
    return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)


def ellipse(x, y, radius_x, radius_y):
    """About the distance of places (x, y) to an ellipse around (0, 0); exact for a circle."""
    return (np.sqrt((x / radius_x) ** 2 + (y / radius_y) ** 2) - 1) * np.minimum(radius_x, radius_y)


def box(x, y, half_width, half_height):
    """The distance of places (x, y) to an upright rectangle around (0, 0), with sharp corners."""
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def triangle(x, y, half_width, height):
    """The distance of places (x, y) to a triangle with its tip at (0, 0), its base at y = height.
    """
    side = (np.abs(x) * height - y * half_width) / np.hypot(height, half_width)
    return np.maximum(side, y - height)


def capsule(x, y, start, end, radius):
    """The distance of places to a stroke with round ends.

    Args:
        x, y: the places.
        start, end: the middle line of the stroke, each end a pair of numbers or of arrays.
        radius: half its width.

    Returns:
        An array of the shape to which all of these broadcast, negative inside.
    """
    to_x, to_y = end[0] - start[0], end[1] - start[1]
    x, y = x - start[0], y - start[1]
    along = ((x * to_x + y * to_y) / (to_x ** 2 + to_y ** 2)).clip(0, 1)
    return np.sqrt((x - along * to_x) ** 2 + (y - along * to_y) ** 2) - radius


def ridge(rng: np.random.Generator, n: int, highest: float, lowest: float, waves: float):
    """The line of a hill against what is behind it: a sine, another one in every scene.

    Args:
        rng: where the random numbers come from.
        n: how many scenes.
        highest, lowest: the range of its middle, in pixels from the top.
        waves: its height, in pixels, is a third of this up to all of it.

    Returns:
        A function from x, in pixels, to y, (n, 1, ...).
    """
    middle, height = uniform(rng, n, highest, lowest), uniform(rng, n, waves / 3, waves)
    turn, length = uniform(rng, n, 0, 2 * np.pi), uniform(rng, n, 18, 40)
    return lambda x: middle + height * np.sin(2 * np.pi * x / length + turn)


def cover(distance):
    """The share of each pixel that a shape covers, 0 to 1; one half where its edge runs through."""
    return (0.5 - distance).clip(0, 1)


def visible(covers: list[np.ndarray]) -> np.ndarray:
    """How much of each layer is seen: what covers a pixel hides what is behind it.

    Args:
        covers: the cover of each layer, 0 to 1, the front layer first.

    Returns:
        (n, layers, 32, 32). Sums to one over the layers if the last one covers everything.
    """
    left, seen = np.float32(1), []
    for layer in covers:
        seen.append(left * layer)
        left = left * (1 - layer)
    return np.stack(np.broadcast_arrays(*seen), axis=1)


def paint(seen: np.ndarray, colours: np.ndarray) -> Tensor:
    """Pictures from what is seen of each layer and its colour.

    Args:
        seen: how much of each layer is seen, (n, layers, 32, 32).
        colours: red, green and blue of each layer, 0 to 1, (n, layers, 3) or (layers, 3).

    Returns:
        uint8 (n, 3, 32, 32).
    """
    pixels = np.swapaxes(colours, -1, -2) @ seen.reshape(*seen.shape[:2], -1)   # (n, 3, 32 * 32)
    bytes_ = np.rint(pixels.clip(0, 1) * 255).astype(np.uint8)
    return torch.from_numpy(bytes_.reshape(-1, 3, SIZE, SIZE))


def mask(seen: np.ndarray) -> Tensor:
    """The pixels that some layers fill for the most part.

    Args:
        seen: how much of these layers is seen, (n, some layers, 32, 32).

    Returns:
        bool (n, 32, 32).
    """
    return torch.from_numpy(seen.sum(axis=1) > 0.5)
