"""The three numbers of samples: real images score best, and one class alone has a distance."""
import math
from dataclasses import replace

import pytest
import torch

from gan_course import data
from gan_course.lessons.image_scores import ImageScores


@pytest.fixture(scope="module")
def digits():
    return data.load("digits"), data.load("digits", "test")


@pytest.fixture(scope="module")
def score(digits):
    return ImageScores("digits", *digits)


def test_real_images_score_better_than_shuffled_ones_in_every_number(score):
    real, shuffled = score.real(), score.shuffled()
    assert real.distance < shuffled.distance / 5
    assert real.agreement > 0.9 > shuffled.agreement
    assert real.rarest > 0.05


def test_a_class_that_is_missing_is_seen(score, digits):
    x, y = digits[1].draw(len(digits[1]))
    assert score(x[y != 3]).rarest < 0.02 < score(x).rarest


def test_as_many_images_are_compared_as_there_are(digits, score):
    assert score.n == len(digits[1])
    assert ImageScores("digits", *digits, n=100).n == 100


def test_one_class_alone_has_a_distance_of_pixels_and_no_agreement(digits):
    one = [replace(part, labels=torch.zeros_like(part.labels), classes=("digit",)) for part in digits]
    score = ImageScores("mine", *one)
    assert score.judge is None and score.columns[0].startswith("sliced")
    assert score.real().distance < score.shuffled().distance
    assert math.isnan(score.real().agreement)
