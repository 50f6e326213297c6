"""The three numbers of points in the plane: each sees what the others do not."""
import pytest
import torch

from gan_course import data
from gan_course.data.toy import Mixture
from gan_course.lessons.plane_scores import PlaneScores


@pytest.fixture(scope="module")
def density():
    return Mixture("wide ring", data.load("ring").centres, 0.1)


@pytest.fixture(scope="module")
def score(density):
    return PlaneScores(density, n=600)


def test_real_points_score_better_than_points_spread_evenly_in_every_number(score):
    real, spread = score.real(), score.spread()
    assert real.log_density > spread.log_density + 3
    assert real.coverage > 0.9 > spread.coverage and real.distance < spread.distance / 2


def test_one_mode_alone_has_the_log_density_of_all_and_is_seen_by_the_two_others(score, density):
    one = density.centres[0] + 0.1 * torch.randn(600, 2, generator=torch.Generator().manual_seed(3))
    assert score(one).log_density == pytest.approx(score.real().log_density, abs=0.15)
    assert score(one).coverage < 0.2 and score(one).distance > 5 * score.real().distance


def test_as_many_points_are_looked_at_as_there_are_real_ones(score, density):
    x = density.sample(900, torch.Generator().manual_seed(4)).x
    assert score(x) == score(x[:600])
