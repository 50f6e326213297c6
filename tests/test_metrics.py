"""Metrics of points and pixels against closed forms and independent references; those on features have test_metrics_features.py."""
import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_course import data, metrics


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_a_perfect_sampler_scores_what_the_formulas_say(name):
    mixture = data.load(name)
    draw = torch.Generator().manual_seed(0)
    results = [metrics.mode_coverage(mixture.sample(2500, draw).x, mixture.centres, mixture.sd) for _ in range(40)]
    k = len(mixture.centres)
    assert {result.modes for result in results} == {k}
    assert np.mean([result.high_quality for result in results]) == pytest.approx(1 - math.exp(-9 / 2), abs=0.001)
    assert np.mean([result.reverse_kl for result in results]) == pytest.approx((k - 1) / (2 * 2500), rel=0.25)


def test_a_generator_stuck_on_one_mode_has_reverse_kl_log_k():
    ring = data.load("ring")
    result = metrics.mode_coverage(ring.centres[:1].repeat(100, 1), ring.centres, ring.sd)
    assert result == (1, 1.0, pytest.approx(math.log(8)))


def test_uniform_noise_finds_modes_but_hardly_any_good_sample():
    ring = data.load("ring")
    noise = torch.rand(2500, 2, generator=torch.Generator().manual_seed(0)) * 3 - 1.5
    result = metrics.mode_coverage(noise, ring.centres, ring.sd)
    assert result.modes >= 4 and result.high_quality < 0.01         # why modes are never printed alone


def test_only_samples_within_three_standard_deviations_count():
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    samples = torch.tensor([[0.29, 0.0], [0.31, 0.0], [10.0, 0.0], [10.0, 0.1]])
    result = metrics.mode_coverage(samples, centres, sd=0.1)
    assert result.modes == 2 and result.high_quality == 0.75
    assert result.reverse_kl == pytest.approx(1 / 3 * math.log(2 / 3) + 2 / 3 * math.log(4 / 3))


def test_no_good_sample_at_all():
    assert metrics.mode_coverage(torch.full((5, 2), 9.0), torch.zeros(2, 2), 0.1) == (0, 0.0, math.inf)


@pytest.mark.parametrize("samples, centres", [(torch.empty(0, 2), torch.zeros(3, 2)), (torch.zeros(3, 2), torch.zeros(3, 1)),
                                              (torch.zeros(3), torch.zeros(3, 2))])
def test_mode_coverage_refuses_empty_and_mismatched_input(samples, centres):
    with pytest.raises(ValueError, match="neither empty"):
        metrics.mode_coverage(samples, centres, 0.1)


def test_samples_that_are_not_finite_are_not_good():
    samples = torch.tensor([[math.nan, 0.0], [math.inf, 0.0], [0.0, 0.0], [0.0, 0.1]])
    assert metrics.mode_coverage(samples, torch.zeros(1, 2), 0.1) == (1, 0.5, 0.0)


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"samples of floats; got torch.int64 of shape \(3, 2\)"):
        metrics.mode_coverage(torch.ones(3, 2).long(), torch.zeros(3, 2), 0.1)
    with pytest.raises(ValueError, match=r"floats; got torch.float32 and torch.uint8 of shapes \(2, 1, 8, 8\) and \(3, 1, 8, 8\)"):
        metrics.nearest_distance(torch.zeros(2, 1, 8, 8), data.load("digits").images[:3])


def test_nearest_distance_agrees_with_scikit_learn():
    draw = torch.Generator().manual_seed(0)
    samples, reference = torch.rand(1500, 1, 4, 4, generator=draw), torch.rand(300, 1, 4, 4, generator=draw)
    distance, index = metrics.nearest_distance(samples, reference)
    expected, where = NearestNeighbors(n_neighbors=1).fit(reference.flatten(1)).kneighbors(samples.flatten(1))
    assert torch.allclose(distance, torch.tensor(expected[:, 0], dtype=torch.float32), atol=1e-4)
    assert (index.numpy() == where[:, 0]).all()


def test_a_copy_is_at_distance_zero():
    images = data.load("digits").take(50)
    distance, index = metrics.nearest_distance(images[:7], images)
    assert distance.max() == 0 and index.tolist() == list(range(7))


def test_nearest_distance_refuses_images_of_another_size():
    with pytest.raises(ValueError, match="one data shape"):
        metrics.nearest_distance(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 28, 28))


def test_the_memorisation_ratio_is_0_for_copies_and_1_for_new_samples_and_wants_equal_sets():
    x = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
    train, held_out, new = x.chunk(3)
    assert metrics.memorisation_ratio(train, train, held_out) == 0
    assert metrics.memorisation_ratio(new, train, held_out) == pytest.approx(1, abs=0.15)
    half = (new + train) / 2                                        # each sample half way to a training image
    assert metrics.memorisation_ratio(train + 0.1 * half, train, held_out) < 0.7
    with pytest.raises(ValueError, match="equally many"):
        metrics.memorisation_ratio(new, train, held_out[:50])
