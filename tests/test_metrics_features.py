"""Metrics on features against closed forms, torchmetrics, scipy, and definitions written out in NumPy."""
import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from gan_course import metrics


class AsTheyAre(nn.Module):
    """The "network" that torchmetrics asks for: its features are what it is given."""

    def __init__(self, num_features):
        super().__init__()
        self.num_features = num_features

    def forward(self, x):
        return x


def features(n, d, seed, spread=1.0, shift=0.0):
    draw = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=draw, dtype=torch.float64) / math.sqrt(d)
    return spread * torch.randn(n, d, generator=draw, dtype=torch.float64) @ mix + shift


def probabilities(n, k, seed, sharpness=3.0):
    return (sharpness * torch.randn(n, k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)).softmax(dim=1)


def with_moments(mean, sds, n=200, seed=0):
    """A sample whose mean and covariance, with n - 1, are exactly these."""
    x = features(n, len(sds), seed)
    x = x - x.mean(0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(x.T @ x / (n - 1))).T
    return x * torch.tensor(sds, dtype=torch.float64) + torch.tensor(mean, dtype=torch.float64)


def fill(metric, real, fake):
    metric.set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return metric.compute()


PAIRS = [(features(300, 16, 0), features(200, 16, 1, 1.5, 0.3)), (features(100, 4, 2, 20.0), features(400, 4, 3, 10.0, -5.0)),
         (features(500, 40, 4).relu(), features(500, 40, 5).relu())]


# Frechet distance


def test_frechet_distance_of_gaussians_is_the_formula():
    real, fake = with_moments([1.0, 2.0, 3.0], [1.0, 2.0, 5.0]), with_moments([0.0, 0.0, 3.0], [3.0, 2.0, 0.5], n=150, seed=1)
    assert metrics.frechet_distance(real, fake) == pytest.approx(1 + 4 + 0 + (3 - 1) ** 2 + 0 + (5 - 0.5) ** 2)


def test_frechet_distance_of_a_moved_copy_is_the_square_of_the_move():
    x = features(100, 5, 0)
    assert metrics.frechet_distance(x, x + torch.tensor([3.0, 0, 4.0, 0, 0])) == pytest.approx(25)
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-10)


def test_frechet_distance_rotated_covariances_need_the_root_of_a_product():
    angle = torch.tensor(0.7, dtype=torch.float64)
    turn = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    real = with_moments([0.0, 0.0], [3.0, 1.0])
    S = np.diag([9.0, 1.0])
    T = turn.numpy() @ S @ turn.numpy().T
    expected = 20 - 2 * math.sqrt(np.trace(S @ T) + 2 * 9)          # in the plane: Tr M^1/2 = sqrt(Tr M + 2 sqrt(det M))
    assert metrics.frechet_distance(real, real @ turn.T) == pytest.approx(expected)


@pytest.mark.parametrize("real, fake", PAIRS)
def test_frechet_distance_equals_torchmetrics_and_scipy(real, fake):
    found = metrics.frechet_distance(real, fake)
    theirs = fill(FrechetInceptionDistance(feature=AsTheyAre(real.shape[1]), input_img_size=(real.shape[1],)), real, fake)
    S, T = np.cov(real.numpy().T), np.cov(fake.numpy().T)
    by_scipy = (real.mean(0) - fake.mean(0)).square().sum().item() + np.trace(S + T - 2 * scipy.linalg.sqrtm(S @ T).real)
    assert found == pytest.approx(theirs.item(), rel=1e-6)
    assert found == pytest.approx(by_scipy, rel=1e-9)
    assert metrics.frechet_distance(fake, real) == pytest.approx(found)


def test_fewer_samples_than_features_are_warned_about_and_still_right():
    a, b = torch.tensor([[3.0, 0, 4, 0]]), torch.tensor([[1.0, 2, 0, 2]])
    with pytest.warns(UserWarning, match="2 samples do not determine the covariance of 4 features"):
        found = metrics.frechet_distance(torch.cat([a, -a]), torch.cat([b, -b]))
    # the covariances are 2 a a^T and 2 b b^T: the root of their product has the trace 2 |a.b|
    assert found == pytest.approx(2 * 25 + 2 * 9 - 4 * 3, rel=1e-6)


@pytest.mark.parametrize("n, m", [(5, 50), (50, 5)])
def test_as_many_samples_as_features_are_one_too_few(n, m):
    with pytest.warns(UserWarning, match="5 samples do not determine the covariance of 5 features"):
        metrics.frechet_distance(features(n, 5, 0), features(m, 5, 1))
    metrics.frechet_distance(features(n + 1, 5, 0), features(m + 1, 5, 1))                          # a warning would be an error


@pytest.mark.parametrize("real, fake", [(features(30, 64, 0), features(40, 64, 1)), (features(10, 200, 2), features(300, 200, 3, 2.0))])
@pytest.mark.filterwarnings("ignore:.*do not determine:UserWarning")
def test_rank_deficient_frechet_distance_equals_the_one_from_singular_values(real, fake):
    found = metrics.frechet_distance(real, fake)
    expected = (real.mean(0) - fake.mean(0)).square().sum()
    real, fake = ((x - x.mean(0)) / math.sqrt(len(x) - 1) for x in (real, fake))                    # S = x^T x
    expected += real.square().sum() + fake.square().sum() - 2 * torch.linalg.svdvals(real @ fake.T).sum()
    assert found == pytest.approx(expected.item(), rel=1e-6)


def test_constant_features_do_no_harm_and_no_warning_comes_with_enough_samples():
    real, fake = features(100, 6, 0), features(100, 6, 1)
    expected = metrics.frechet_distance(real[:, :4], fake[:, :4])
    real[:, 4:], fake[:, 4:] = 2.0, 2.0
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


def test_one_feature_is_enough():
    assert metrics.frechet_distance(with_moments([1.0], [2.0]), with_moments([0.0], [5.0])) == pytest.approx(1 + 9)


# kernel distance


def mmd2(real, fake):
    """The definition: averages over pairs of two different samples, and over all mixed pairs."""
    def k(x, y):
        return (float(x @ y) / len(x) + 1) ** 3
    within = [np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j]) for a in (real, fake)]
    return sum(within) - 2 * np.mean([k(x, y) for x in real for y in fake])


@pytest.mark.parametrize("seed", range(3))
def test_kernel_distance_is_its_definition(seed):
    real, fake = features(12, 3, seed), features(12, 3, seed + 10, 2.0, 0.5)
    found = metrics.kernel_distance(real, fake, subsets=3)
    assert found.mean == pytest.approx(mmd2(real.numpy(), fake.numpy())) and found.sd == pytest.approx(0, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Metric .* will save all:UserWarning")
@pytest.mark.parametrize("real, fake", PAIRS)
def test_kernel_distance_equals_torchmetrics(real, fake):
    n = min(len(real), len(fake))
    real, fake = real[:n], fake[:n]                                 # one subset of everything leaves nothing to chance
    theirs = fill(KernelInceptionDistance(feature=AsTheyAre(real.shape[1]), subsets=1, subset_size=n), real, fake)
    assert metrics.kernel_distance(real, fake).mean == pytest.approx(theirs[0].item(), rel=1e-5)


def test_kernel_distance_is_unbiased_where_the_frechet_distance_is_not():
    draw = torch.Generator().manual_seed(0)
    draws = torch.randn(100, 2, 20, 8, generator=draw)              # a hundred pairs of samples of one distribution
    kernel = np.array([metrics.kernel_distance(a, b, subsets=1).mean for a, b in draws])
    frechet = np.array([metrics.frechet_distance(a, b) for a, b in draws])
    assert abs(kernel.mean()) < 3 * kernel.std() / math.sqrt(len(draws)) and (kernel < 0).mean() > 0.3
    assert frechet.min() > 0


def test_kernel_distance_draws_its_subsets_from_the_seed():
    real, fake = features(80, 4, 0), features(60, 4, 1)
    first = metrics.kernel_distance(real, fake, subsets=20, subset_size=30)
    assert first.sd > 0
    assert metrics.kernel_distance(real, fake, subsets=20, subset_size=30) == first
    assert metrics.kernel_distance(real, fake, subsets=20, subset_size=30, seed=1) != first
    draw = torch.Generator().manual_seed(2)
    r, f = real[torch.randperm(80, generator=draw)[:10]], fake[torch.randperm(60, generator=draw)[:10]]
    assert metrics.kernel_distance(real, fake, subsets=1, subset_size=10, seed=2).mean == pytest.approx(mmd2(r.numpy(), f.numpy()))


# inception score


def test_inception_score_runs_from_one_to_the_number_of_classes():
    assert metrics.inception_score(torch.eye(7).repeat(5, 1)) == (pytest.approx(7), 0.0)            # sure, and every class
    assert metrics.inception_score(torch.full((20, 7), 1 / 7)).mean == pytest.approx(1)             # never sure
    assert metrics.inception_score(torch.eye(7)[:1].repeat(20, 1)).mean == pytest.approx(1)         # sure, one class only


@pytest.mark.filterwarnings("ignore:Metric .* will save all:UserWarning", "ignore:std:UserWarning")
@pytest.mark.parametrize("n, k, sharpness", [(200, 10, 3.0), (1000, 5, 0.5), (50, 100, 10.0)])
def test_inception_score_equals_torchmetrics(n, k, sharpness):
    p = probabilities(n, k, 0, sharpness)
    theirs = InceptionScore(feature=AsTheyAre(k), splits=1).set_dtype(torch.float64)
    theirs.update(p.log())
    assert metrics.inception_score(p).mean == pytest.approx(theirs.compute()[0].item(), rel=1e-6)


def test_inception_score_of_parts_is_the_mean_and_spread_of_their_scores():
    p = probabilities(103, 6, 1)
    each = [metrics.inception_score(part).mean for part in (p[:35], p[35:69], p[69:])]
    found = metrics.inception_score(p, splits=3)
    assert found == (pytest.approx(np.mean(each)), pytest.approx(np.std(each)))


@pytest.mark.parametrize("wrong", [torch.tensor([[0.5, 0.6]]), torch.tensor([[1.5, -0.5]]), torch.tensor([[2.0, -1.0], [0.1, 0.3]])])
def test_inception_score_refuses_rows_that_are_no_distributions(wrong):
    with pytest.raises(ValueError, match=r"sum to 1: use softmax"):
        metrics.inception_score(wrong)


@pytest.mark.parametrize("splits", [0, 11])
def test_inception_score_refuses_more_parts_than_samples(splits):
    with pytest.raises(ValueError, match=f"10 samples cannot be cut into {splits} parts"):
        metrics.inception_score(probabilities(10, 3, 0), splits=splits)


# precision, recall, density, coverage


def prdc(real, fake, k):
    """The definitions, pair by pair."""
    def distances(a, b):
        return np.sqrt(np.square(a[:, None] - b[None]).sum(-1))
    real_radius, fake_radius = (np.sort(distances(x, x), axis=1)[:, k] for x in (real, fake))       # 0 is the sample itself
    between = distances(real, fake)
    return (np.mean([(between[:, j] < real_radius).any() for j in range(len(fake))]),
            np.mean([(between[i] < fake_radius).any() for i in range(len(real))]),
            sum((between[:, j] < real_radius).sum() for j in range(len(fake))) / (k * len(fake)),
            np.mean([between[i].min() < real_radius[i] for i in range(len(real))]))


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("real, fake", [*PAIRS, (features(60, 2, 6), features(700, 2, 7, 0.5, 0.4))])
def test_precision_and_recall_are_their_definitions(real, fake, k):
    assert metrics.precision_recall(real, fake, k) == pytest.approx(prdc(real.numpy(), fake.numpy(), k), abs=1e-12)


def test_a_copy_of_the_real_set_scores_one_in_everything():
    x = features(200, 8, 0)
    assert metrics.precision_recall(x, x.clone()) == pytest.approx((1, 1, 1, 1))


def test_one_repeated_image_has_all_precision_and_no_recall():
    real = features(200, 8, 0)
    found = metrics.precision_recall(real, real[:1].repeat(100, 1))
    assert found.precision == 1 and found.recall == 0 and found.coverage < 0.1


def test_half_of_the_modes_is_half_of_the_recall():
    near, far = features(100, 2, 0), features(100, 2, 1, shift=100.0)
    found = metrics.precision_recall(torch.cat([near, far]), near)
    assert found == (1.0, 0.5, pytest.approx(1), 0.5)


def test_a_cloud_elsewhere_scores_zero():
    assert metrics.precision_recall(features(50, 3, 0), features(40, 3, 1, shift=100.0)) == (0, 0, 0, 0)


def test_precision_and_recall_need_more_samples_than_neighbours():
    with pytest.raises(ValueError, match=r"at least 6 rows each; got \(5, 3\) and \(9, 3\)"):
        metrics.precision_recall(torch.rand(5, 3), torch.rand(9, 3), k=5)
    with pytest.raises(ValueError, match="at least one neighbour; k is 0"):
        metrics.precision_recall(torch.rand(5, 3), torch.rand(9, 3), k=0)


# sliced Wasserstein distance


@pytest.mark.parametrize("n, m", [(50, 50), (50, 70), (7, 1000), (1, 3), (12, 18)])
def test_in_one_dimension_it_is_the_earth_movers_distance(n, m):
    x, y = features(n, 1, 0), features(m, 1, 1, 2.0, 0.7)
    expected = scipy.stats.wasserstein_distance(x[:, 0], y[:, 0])
    assert metrics.sliced_wasserstein(x, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n, m", [(100, 100), (100, 130)])
def test_in_more_dimensions_it_is_the_mean_over_the_directions(n, m):
    x, y = features(n, 5, 0), features(m, 5, 1, 2.0)
    found = metrics.sliced_wasserstein(x, y, projections=4, seed=3)
    w = torch.randn(5, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    each = [scipy.stats.wasserstein_distance(x @ v, y @ v) for v in (w / w.norm(dim=0)).T]
    assert found == pytest.approx(np.mean(each), rel=1e-9)
    assert metrics.sliced_wasserstein(x, y, projections=4, seed=4) != found


def test_with_p_two_a_moved_copy_is_as_far_as_the_move_over_root_d():
    x = features(50, 10, 0)
    moved = x + torch.tensor([3.0, 4.0] + [0.0] * 8)
    assert metrics.sliced_wasserstein(x, moved, projections=20_000, p=2) == pytest.approx(5 / math.sqrt(10), rel=0.02)
    assert metrics.sliced_wasserstein(x, x.flip(0), p=2) == pytest.approx(0, abs=1e-12)
    assert metrics.sliced_wasserstein(torch.zeros(3, 1), torch.tensor([[1.0], [3.0], [5.0]]), p=2) == pytest.approx(math.sqrt(35 / 3))


def test_repeating_every_sample_changes_nothing():
    x, y = features(30, 4, 0), features(20, 4, 1)
    assert metrics.sliced_wasserstein(x.repeat(3, 1), y) == pytest.approx(metrics.sliced_wasserstein(x, y))


@pytest.mark.parametrize("wrong", [dict(projections=0), dict(p=0.5)])
def test_sliced_wasserstein_refuses_what_is_no_distance(wrong):
    with pytest.raises(ValueError, match="at least 1 projection and p at least 1"):
        metrics.sliced_wasserstein(torch.rand(5, 2), torch.rand(5, 2), **wrong)


# input


TWO_SETS = [metrics.frechet_distance, metrics.kernel_distance, metrics.precision_recall, metrics.sliced_wasserstein]
GOOD = torch.rand(20, 3, generator=torch.Generator().manual_seed(0))
BAD = GOOD.clone()
BAD[4, 1], BAD[7, 2] = math.nan, math.inf


@pytest.mark.parametrize("metric", TWO_SETS)
@pytest.mark.parametrize("wrong, says", [
    (torch.rand(20, 4), r"same number of columns.*\(20, 3\) and \(20, 4\)"),
    (torch.empty(0, 3), r"The second set must be floats, one row a sample, not empty; got torch.float32 of shape \(0, 3\)"),
    (torch.ones(20, 3, dtype=torch.int64), r"must be floats.*got torch.int64 of shape \(20, 3\)"),
    (torch.rand(20, 1, 3), r"one row a sample.*\(20, 1, 3\)"),
    (BAD, r"The second set of shape \(20, 3\): 2 rows are not finite"),
])
def test_two_sets_that_cannot_be_compared_are_refused(metric, wrong, says):
    with pytest.raises(ValueError, match=says):
        metric(GOOD, wrong)
    with pytest.raises(ValueError, match=says.replace("second", "first").replace(r"\(20, 3\) and \(20, 4\)", r"\(20, 4\) and \(20, 3\)")):
        metric(wrong, GOOD)


@pytest.mark.parametrize("wrong, says", [
    (torch.empty(0, 3), "not empty"),
    (torch.rand(3), r"of shape \(3,\)"),
    (BAD, "2 rows are not finite"),
    (torch.eye(3).long(), "torch.int64"),
])
def test_inception_score_refuses_what_is_no_table_of_probabilities(wrong, says):
    with pytest.raises(ValueError, match=says):
        metrics.inception_score(wrong)


@pytest.mark.parametrize("metric", [metrics.frechet_distance, metrics.kernel_distance])
def test_a_single_sample_has_no_spread(metric):
    with pytest.raises(ValueError, match=r"at least 2 rows each; got \(20, 3\) and \(1, 3\)"):
        metric(GOOD, GOOD[:1])


@pytest.mark.parametrize("wrong", [dict(subsets=0), dict(subset_size=1)])
def test_kernel_distance_refuses_empty_subsets(wrong):
    with pytest.raises(ValueError, match="at least 1 subset of at least 2 samples"):
        metrics.kernel_distance(GOOD, GOOD, **wrong)


@pytest.mark.parametrize("metric", TWO_SETS)
def test_single_precision_features_give_the_same_number(metric):
    real, fake = (x.float() for x in PAIRS[0])
    low, high = metric(real, fake.requires_grad_()), metric(real.double(), fake.double())
    assert low == high


# Wasserstein distance by assignment

def test_wasserstein_is_the_mean_distance_of_the_cheapest_pairing():
    x, moved = torch.rand(60, 3), torch.tensor([3.0, 0.0, 4.0])
    assert metrics.wasserstein(x, (x + moved)[torch.randperm(60)]) == pytest.approx(5, rel=1e-6)
    line = torch.randn(40, 1), torch.randn(40, 1) * 2 + 1
    assert metrics.wasserstein(*line) == pytest.approx(metrics.sliced_wasserstein(*line), rel=1e-6)
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 0.9], [2.0, 0.0]])
    assert metrics.wasserstein(*corners) == pytest.approx((0.1 + 2) / 2, rel=1e-6)


def test_wasserstein_refuses_samples_of_different_sizes():
    with pytest.raises(ValueError, match="as many samples of one as of the other; got 5 and 6"):
        metrics.wasserstein(torch.rand(5, 2), torch.rand(6, 2))
