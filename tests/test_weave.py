"""The data set of notebook 12 keeps what its text promises, to the last bit."""
import math

import pytest
import torch

from gan_course import likeness
from gan_course.data.sets import scale
from gan_course.data.weave import (
    AMPLITUDE,
    blow_up,
    guessed_pattern,
    posterior,
    shrink,
    texture_energy,
    waves,
    weave,
)

TEST = weave("test")
X, Y, ROOF = scale(TEST.x), scale(TEST.y), TEST.masks["roof"]


def test_the_small_scene_is_the_same_for_every_pattern_in_bytes():
    assert torch.equal(shrink(TEST.y.double()), shrink(TEST.x.double()))
    assert torch.equal(blow_up(shrink(TEST.y.double())), TEST.x.double())


def test_the_eight_scenes_of_the_posterior_shrink_to_the_same_and_one_is_the_truth():
    scenes = posterior(X, ROOF)
    small = shrink(scenes.flatten(0, 1)).unflatten(0, (len(X), 8))
    assert (small - small[:, :1]).abs().max() < 1e-6
    assert torch.allclose(scenes[torch.arange(len(X)), TEST.facts["pattern"]], Y, atol=1e-6)
    assert torch.allclose(scenes.mean(1), X, atol=1e-6)


def test_a_plain_roof_costs_half_of_a_squared_and_one_pattern_all_of_it():
    plain = likeness.psnr(X, Y, ROOF)
    assert plain == pytest.approx(10 * math.log10(4 / (AMPLITUDE**2 / 2)), abs=1e-4)
    scenes = posterior(X, ROOF)
    error = (scenes - Y[:, None]).square().mean(2).permute(0, 2, 3, 1)[ROOF].mean()
    assert error.item() == pytest.approx(AMPLITUDE**2, rel=1e-4)
    # the loss of a fixed pattern against plain, over all eight truths: 3.01 dB
    assert 10 * math.log10(error.item() / (AMPLITUDE**2 / 2)) == pytest.approx(3.0103, abs=1e-3)


def test_patterns_are_eight_different_and_equally_frequent_and_the_median_is_grey():
    assert len({tuple(wave.flatten().tolist()) for wave in waves()}) == 8
    assert torch.bincount(TEST.facts["pattern"]).tolist() == [50] * 8
    assert waves()[:4].sort(0).values[1:3].abs().max() == 0         # the median over phases


def test_texture_energy_is_one_for_every_pattern_and_nothing_without():
    assert torch.allclose(texture_energy(Y, ROOF), torch.ones(len(Y)), atol=1e-4)
    assert texture_energy(X, ROOF).max() < 1e-6
    half = X + (Y - X) / 2
    assert torch.allclose(texture_energy(half, ROOF), torch.full((len(Y),), 0.25), atol=1e-4)


def test_the_pattern_is_read_off_a_roof():
    assert torch.equal(guessed_pattern(Y, ROOF), TEST.facts["pattern"])


def test_scenes_of_training_and_test_differ_and_roofs_are_about_a_quarter():
    train = weave("train")
    assert len(train) == 8000 and len(TEST) == 400
    assert not {row.numpy().tobytes() for row in train.y} & {row.numpy().tobytes() for row in TEST.y}
    assert 0.15 < ROOF.float().mean() < 0.3
    assert ROOF.flatten(1).any(1).all()
