"""The small drawing kit: shapes with the area they should have, layers that share each pixel, colours that arrive as asked."""
import math

import numpy as np
import pytest

from gan_course.data.drawing import (
    X,
    Y,
    box,
    capsule,
    cover,
    ellipse,
    paint,
    ridge,
    triangle,
    uniform,
    visible,
)


@pytest.mark.parametrize(("distance", "area"), [
    (ellipse(X - 15.3, Y - 14.8, 8, 8), math.pi * 64),
    (ellipse(X - 15, Y - 15, 9, 5), math.pi * 45),
    (box(X - 15.5, Y - 15.5, 6, 4), 96),
    (triangle(X - 15, Y - 5, 8, 20), 160),
    (capsule(X, Y, (8, 9), (20, 14), 3), 6 * 13 + math.pi * 9),
], ids=["circle", "ellipse", "box", "triangle", "capsule"])
def test_a_shape_covers_its_area(distance, area):
    assert cover(distance).sum() == pytest.approx(area, rel=0.03)


def test_a_capsule_runs_from_one_point_to_the_other():
    for x, y, distance in ((8, 9, -3), (20, 14, -3), (14, 11.5, -3), (5, 9, 0), (20, 17, 0), (14 - 5, 11.5 + 12, 10)):
        assert capsule(np.float64(x), np.float64(y), (8, 9), (20, 14), 3) == pytest.approx(distance)


def test_half_a_pixel_is_half_covered():
    assert cover(np.float32([-3, -0.5, -0.25, 0, 0.25, 0.5, 3])).tolist() == [1, 1, 0.75, 0.5, 0.25, 0, 0]


def test_what_is_in_front_hides_what_is_behind():
    front, middle, back = np.full((1, 32, 32), 0.25), np.full((1, 32, 32), 0.5), np.ones((1, 1, 1))
    seen = visible([front, middle, back])
    assert seen.shape == (1, 3, 32, 32)
    assert seen[0, :, 0, 0].tolist() == [0.25, 0.75 * 0.5, 0.75 * 0.5] and np.allclose(seen.sum(axis=1), 1)


def test_colours_arrive_as_asked():
    left = np.broadcast_to(X < 16, (2, 32, 32)).astype(np.float32)
    colours = np.array([[(1, 0, 0.2), (0, 1, 0)], [(0, 0, 0), (1, 1, 1)]])          # two pictures, two layers
    pictures = paint(visible([left, np.ones((1, 1, 1))]), colours)
    assert pictures.shape == (2, 3, 32, 32)
    assert pictures[:, :, 5, 15].tolist() == [[255, 0, 51], [0, 0, 0]]
    assert pictures[:, :, 5, 16].tolist() == [[0, 255, 0], [255, 255, 255]]


def test_every_scene_has_numbers_and_a_ridge_of_its_own():
    rng = np.random.default_rng(0)
    numbers = uniform(rng, 1000, 3, 5)
    assert numbers.shape == (1000, 1, 1) and numbers.min() >= 3 and numbers.max() <= 5 and len(np.unique(numbers)) > 990
    lines = ridge(rng, 1000, 10, 12, 2)(X)
    assert lines.shape == (1000, 1, 32) and lines.min() >= 8 and lines.max() <= 14
    assert (np.ptp(lines, axis=2) > 0.5).all()
