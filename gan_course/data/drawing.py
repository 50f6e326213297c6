"""How the course draws thousands of small pictures at once: shapes are distances, a picture is a stack of layers.

A shape is the signed distance of every pixel to its edge, in pixels, negative inside. `cover` turns it into the share of each pixel that
the shape covers, which gives soft edges. `visible` stacks the shapes, and `paint` gives each layer a colour. All are NumPy arrays
that broadcast: pixels (1, 32, 1) and (1, 1, 32), numbers that belong to a scene (n, 1, 1), layers (n, 32, 32).
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
    """About the distance to an ellipse around (0, 0); exact for a circle."""
    return (np.sqrt((x / radius_x) ** 2 + (y / radius_y) ** 2) - 1) * np.minimum(radius_x, radius_y)


def box(x, y, half_width, half_height):
    """The distance to an upright rectangle around (0, 0), with sharp corners."""
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def triangle(x, y, half_width, height):
    """The distance to a triangle with its tip at (0, 0) and its base below, at y = height."""
    side = (np.abs(x) * height - y * half_width) / np.hypot(height, half_width)
    return np.maximum(side, y - height)


def capsule(x, y, start, end, radius):
    """The distance to a stroke from one point (x, y) to another with round ends, 2 radius wide."""
    to_x, to_y = end[0] - start[0], end[1] - start[1]
    x, y = x - start[0], y - start[1]
    along = ((x * to_x + y * to_y) / (to_x ** 2 + to_y ** 2)).clip(0, 1)
    return np.sqrt((x - along * to_x) ** 2 + (y - along * to_y) ** 2) - radius


def ridge(rng: np.random.Generator, n: int, highest: float, lowest: float, waves: float):
    """The line of a hill against what is behind it, x -> y: a sine with a height, a length and a place of its own in every scene."""
    middle, height = uniform(rng, n, highest, lowest), uniform(rng, n, waves / 3, waves)
    turn, length = uniform(rng, n, 0, 2 * np.pi), uniform(rng, n, 18, 40)
    return lambda x: middle + height * np.sin(2 * np.pi * x / length + turn)


def cover(distance):
    """The share of each pixel that a shape covers, 0 to 1: one half where its edge runs through the middle."""
    return (0.5 - distance).clip(0, 1)


def visible(covers: list[np.ndarray]) -> np.ndarray:
    """How much of each layer is seen, front layer first: (n, layers, 32, 32). What covers a pixel hides what is behind it.

    Sums to one over the layers if the last one covers everything.
    """
    left, seen = np.float32(1), []
    for layer in covers:
        seen.append(left * layer)
        left = left * (1 - layer)
    return np.stack(np.broadcast_arrays(*seen), axis=1)


def paint(seen: np.ndarray, colours: np.ndarray) -> Tensor:
    """Pictures uint8 (n, 3, 32, 32) from what is seen of each layer and its colour, (n, layers, 3) or (layers, 3), 0 to 1."""
    pixels = np.swapaxes(colours, -1, -2) @ seen.reshape(*seen.shape[:2], -1)       # (n, 3, 32 * 32)
    return torch.from_numpy(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8).reshape(-1, 3, SIZE, SIZE))


def mask(seen: np.ndarray) -> Tensor:
    """The pixels that some layers fill for the most part: (n, some layers, 32, 32) -> bool (n, 32, 32)."""
    return torch.from_numpy(seen.sum(axis=1) > 0.5)
