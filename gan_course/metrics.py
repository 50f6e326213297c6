"""Samples in, numbers out. A number says little without its floor and its ceiling, so print them
beside it.

`mode_coverage` measures points in the plane, `nearest_distance` and `memorisation_ratio` compare
pixels, `inception_score` takes probabilities, and all others take features, one row for each
sample, (N, d). Numbers on the features of one network cannot be compared with numbers on those of
another. What takes features or probabilities computes in float64 on the CPU.
"""
import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor


class ModeCoverage(NamedTuple):
    """How much of a mixture the samples cover; see `mode_coverage`."""

    modes: int  # modes with at least one high-quality sample
    high_quality: float  # share of samples near a centre, 0 to 1
    reverse_kl: float  # nats; 0 when the modes get equal shares, log K when one gets all


class InceptionScore(NamedTuple):
    """Mean and standard deviation over the parts; see `inception_score`."""

    mean: float                                                     # 1 to K, the number of classes
    sd: float


class KernelDistance(NamedTuple):
    """Mean and standard deviation over the subsets; see `kernel_distance`."""

    mean: float  # about 0 for two samples of one distribution, also below it
    sd: float


class PrecisionRecall(NamedTuple):
    """How much of the fakes is real, and how much of the real is faked; see `precision_recall`."""

    precision: float  # share of fakes near a real sample, 0 to 1
    recall: float  # share of real samples near a fake, 0 to 1
    density: float  # as precision, but counts how many are near: about 1, or above
    coverage: float  # share of real samples with a fake nearby, 0 to 1


def mode_coverage(samples: Tensor, centres: Tensor, sd: float) -> ModeCoverage:
    """Modes found, share of good samples, and evenness, by the protocol of VEEGAN
    (arXiv:1705.07761) and PacGAN (arXiv:1712.04086).

    A sample is of high quality if its nearest centre is within 3 sd; a mode is found if a
    high-quality sample is nearest to it; reverse KL = sum_k h_k log(h_k K), with h the shares of
    the K modes among the high-quality samples (infinite if there are none). In the plane a perfect
    sampler scores 1 - exp(-9/2) = 98.89 % high quality, and a reverse KL of about (K - 1) / 2N. A
    sample with NaN or infinity in it is not of high quality.

    Args:
        samples: (N, d), floats, on any device.
        centres: the means of the K modes, (K, d).
        sd: the standard deviation of each mode, positive.

    Returns:
        Modes found, share of high quality and reverse KL.

    Raises:
        ValueError: one of the two is empty, they are not floats, or their shapes do not match.
    """
    if samples.dim() != 2 or centres.dim() != 2 or samples.shape[1] != centres.shape[1] or 0 in (
            len(samples), len(centres)):
        raise ValueError("Need samples (N, d) and centres (K, d), neither empty; got "
                         f"{tuple(samples.shape)} and {tuple(centres.shape)}.")
    if not samples.is_floating_point():
        raise ValueError(f"Need samples of floats; got {samples.dtype} of shape "
                         f"{tuple(samples.shape)}.")
    samples = samples.detach().cpu()
    distance, nearest = torch.cdist(samples, centres.to(samples),
                                    compute_mode="donot_use_mm_for_euclid_dist").min(dim=1)
    counts = torch.bincount(nearest[distance <= 3 * sd], minlength=len(centres)).double()
    good = counts.sum()
    if good == 0:
        return ModeCoverage(0, 0.0, math.inf)
    shares = counts / good
    reverse_kl = torch.special.xlogy(shares, shares * len(centres)).sum()
    return ModeCoverage(int((counts > 0).sum()), (good / len(samples)).item(),
                        max(reverse_kl.item(), 0.0))


def nearest_distance(samples: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """The Euclidean distance from each sample to its nearest neighbour in `reference`.

    Images are compared pixel by pixel.

    Args:
        samples: (N, *data_shape), floats.
        reference: (M, *data_shape), in the same units and on the same device.

    Returns:
        The distances, (N,), exactly 0 for a copy (unless another image is so near to it that the
        search, which rounds, cannot tell the two apart), and the neighbours' indices, (N,).

    Raises:
        ValueError: one of the two is empty, they are not floats, or their shapes do not match.
    """
    if samples.shape[1:] != reference.shape[1:] or 0 in (len(samples), len(reference)):
        raise ValueError("Need samples and reference of one data shape, neither empty; "
                         f"got {tuple(samples.shape)} and {tuple(reference.shape)}.")
    if not (samples.is_floating_point() and reference.is_floating_point()):
        raise ValueError(f"Need samples and reference of floats; got {samples.dtype} and "
                         f"{reference.dtype} "
                         f"of shapes {tuple(samples.shape)} and {tuple(reference.shape)}.")
    index = torch.cat([
        torch.cdist(part, reference.flatten(1)).argmin(dim=1)
        for part in samples.flatten(1).split(1024)
    ])
    return (samples - reference[index]).flatten(1).norm(dim=1), index  # exactly 0 for a copy


def memorisation_ratio(samples: Tensor, train: Tensor, held_out: Tensor) -> float:
    """How much nearer samples lie to training images than to others: median d(sample, train) /
    median d(sample, held out), d being the distance to the nearest neighbour.

    The sets must be equally large, because nearest neighbours are nearer in a larger set. Real, new
    images have a ratio of about 1; copies have 0.

    Args:
        samples: (N, *data_shape), floats.
        train: images that were trained on, (M, *data_shape).
        held_out: as many images of the same origin that were not, (M, *data_shape).

    Returns:
        The ratio, at least 0; infinite if half of the samples are copies of held-out images, and
        NaN if half of them are copies from both sets.

    Raises:
        ValueError: the two sets differ in size, or the shapes do not match.
    """
    if len(train) != len(held_out):
        raise ValueError(f"There are {len(train)} training images and {len(held_out)} held-out "
                         "ones; the ratio needs equally many of both.")
    to_train, to_others = (nearest_distance(samples, each)[0] for each in (train, held_out))
    return (to_train.median() / to_others.median()).item()


def inception_score(probabilities: Tensor, *, splits: int = 1) -> InceptionScore:
    """exp(E_x[KL(p(y|x) || p(y))]): high when each image is of one class for sure, and all classes
    come (arXiv:1606.03498).

    p(y) is the mean of p(y|x) over the samples. No real image takes part.

    Args:
        probabilities: p(y|x), (N, K); each row is a distribution over K classes.
        splits: into how many parts the samples are cut, in the order they have, 1 to N.

    Returns:
        Mean and standard deviation of the scores of the parts, each from 1 to K.

    Raises:
        ValueError: a row is no distribution, or there are more parts than rows.
    """
    p = _table("Probabilities", probabilities)
    if p.min() < 0 or (p.sum(dim=1) - 1).abs().max() > 1e-3:
        raise ValueError(f"Each row of probabilities {tuple(p.shape)} must be at least 0 and sum "
                         "to 1: use softmax(logits, dim=1).")
    if not 1 <= splits <= len(p):
        raise ValueError(f"{len(p)} samples cannot be cut into {splits} parts.")
    scores = []
    for part in p.tensor_split(splits):
        # 0 log 0 = 0
        kl = (torch.special.xlogy(part, part) -
              torch.special.xlogy(part, part.mean(dim=0))).sum(dim=1)
        scores.append(kl.mean().exp())
    return InceptionScore(*_mean_and_sd(scores))


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """|mu_r - mu_f|^2 + Tr(S_r + S_f - 2 (S_r^1/2 S_f S_r^1/2)^1/2): between the Gaussians with
    these means and covariances.

    On Inception features it is the FID (arXiv:1706.08500). Its bias is upwards and about C / N
    (arXiv:1801.01401), so compare only numbers at equal N. It warns when N <= d or M <= d, since
    the covariance is not determined then.

    Args:
        real, fake: features, (N, d) and (M, d), with at least two rows each.

    Returns:
        The distance, at least 0, in squared units of the features.

    Raises:
        ValueError: they are not two 2-D arrays of finite floats with the same number of columns, or
            one of them has fewer than two rows.
    """
    real, fake = _pair(real, fake, rows=2)
    n, d = min(len(real), len(fake)), real.shape[1]
    if n <= d:
        warnings.warn(f"{n} samples do not determine the covariance of {d} features: the Frechet "
                      "distance is far too large. "
                      f"Use more than {d} samples, better ten times as many.", stacklevel=2)
    S_r, S_f = torch.cov(real.T).view(d, d), torch.cov(fake.T).view(d, d)  # with n - 1
    root = _root(S_r)
    distance = (real.mean(0) -
                fake.mean(0)).square().sum() + (S_r + S_f - 2 * _root(root @ S_f @ root)).trace()
    return max(distance.item(), 0.0)                                # rounding may leave -1e-9


def kernel_distance(real: Tensor, fake: Tensor, *, subsets: int = 100, subset_size: int = 1000,
                    seed: int = 0) -> KernelDistance:
    """E k(r, r') + E k(f, f') - 2 E k(r, f), the squared MMD with k(x, y) = (x.y / d + 1)^3: on
    Inception features, KID (arXiv:1801.01401).

    Pairs of a sample with itself are left out, so the estimate is unbiased at any size: near 0 for
    equal distributions, and often below. It grows with the sixth power of the features, so scale
    them first if the numbers are to be read by people.

    Args:
        real, fake: features, (N, d) and (M, d), with at least two rows each.
        subsets: how many random subsets to compare, at least 1.
        subset_size: samples of each set in a subset, or all if there are fewer.
        seed: which subsets.

    Returns:
        Mean and standard deviation over the subsets.

    Raises:
        ValueError: they are not two 2-D arrays of finite floats with the same number of columns, or
            one of them has fewer than two rows, or a subset would be empty.
    """
    real, fake = _pair(real, fake, rows=2)
    n = min(subset_size, len(real), len(fake))
    if n < 2 or subsets < 1:
        raise ValueError(f"Need at least 1 subset of at least 2 samples; got subsets={subsets}, "
                         f"subset_size={subset_size}.")
    draw = torch.Generator().manual_seed(seed)
    distances = []
    for _ in range(subsets):
        r, f = (x[torch.randperm(len(x), generator=draw)[:n]] for x in (real, fake))
        # (n, n) each
        rr, ff, rf = (((x @ y.T) / x.shape[1] + 1) ** 3 for x, y in ((r, r), (f, f), (r, f)))
        within = rr.sum() - rr.trace() + ff.sum() - ff.trace()
        distances.append(within / (n * (n - 1)) - 2 * rf.mean())
    return KernelDistance(*_mean_and_sd(distances))


def precision_recall(real: Tensor, fake: Tensor, k: int = 5) -> PrecisionRecall:
    """Precision and recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797), from balls
    around the samples.

    The ball of a sample reaches to its k-th nearest neighbour in its own set; the rim is outside.

        precision = share of fakes in some real ball
        recall    = share of real samples in some fake ball
        density   = mean number of real balls that a fake lies in, divided by k
        coverage  = share of real balls with a fake inside

    A copy of the real set scores 1 in all four, so none of them notices memorisation.

    Args:
        real, fake: features, (N, d) and (M, d), with more than k rows each.
        k: which neighbour the balls reach to, at least 1.

    Returns:
        The four numbers.

    Raises:
        ValueError: they are not two 2-D arrays of finite floats with the same number of columns, or
            one of them has at most k rows.
    """
    if k < 1:
        raise ValueError(f"Need at least one neighbour; k is {k}.")
    real, fake = _pair(real, fake, rows=k + 1)
    in_real_ball = _inside(fake, real, k)                           # (M, N)
    in_fake_ball = _inside(real, fake, k)                           # (N, M)
    return PrecisionRecall(
        precision=in_real_ball.any(dim=1).double().mean().item(),
        recall=in_fake_ball.any(dim=1).double().mean().item(),
        density=in_real_ball.sum(dim=1).double().mean().item() / k,
        coverage=in_real_ball.any(dim=0).double().mean().item(),
    )


def sliced_wasserstein(x: Tensor, y: Tensor, *, projections: int = 128, p: float = 1,
                       seed: int = 0) -> float:
    """(E_w[W_p(w.x, w.y)^p])^(1/p) over random directions w of length 1: the mean of earth mover's
    distances in one dimension, where sorting finds them.

    W_p^p is the integral of |F^-1(u) - G^-1(u)|^p over u in (0, 1), with the quantile functions
    F^-1 and G^-1 of the two sets. For d = 1 it is the earth mover's distance itself.

    Args:
        x, y: samples, (N, d) and (M, d).
        projections: how many directions, at least 1.
        p: the exponent, at least 1.
        seed: which directions.

    Returns:
        The distance, at least 0, in the units of the samples.

    Raises:
        ValueError: they are not two 2-D arrays of finite floats with the same number of columns, or
            projections or p is below 1.
    """
    x, y = _pair(x, y, rows=1)
    if projections < 1 or p < 1:
        raise ValueError("Need at least 1 projection and p at least 1; got "
                         f"projections={projections}, p={p}.")
    w = torch.randn(x.shape[1], projections, generator=torch.Generator().manual_seed(seed),
                    dtype=torch.float64)
    w = w / w.norm(dim=0)                                           # (d, L)
    n, m = len(x), len(y)
    # the quantile functions are stairs; between two levels, counted in steps of 1 / nm, both are
    # flat
    levels = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()
    widths = levels.diff(prepend=levels.new_zeros(1)).double() / (n * m)
    gaps = (x @ w).sort(dim=0).values[(levels - 1) //
                                      m] - (y @ w).sort(dim=0).values[(levels - 1) // n]
    return (widths @ gaps.abs() ** p).mean().item() ** (1 / p)


def wasserstein(x: Tensor, y: Tensor) -> float:
    """The Wasserstein-1 distance of two samples of the same size: the mean distance of the pairs in
    the cheapest one-to-one pairing, found exactly.

        W = min over pairings s of (1/n) sum_i |x_i - y_s(i)|

    This is the assignment problem, which takes about n^3 steps: a fraction of a second for 1000.

    Args:
        x, y: samples, both (n, d).

    Returns:
        The distance, at least 0, in the units of the samples.

    Raises:
        ValueError: they are not two 2-D arrays of finite floats of the same shape.
    """
    from scipy.optimize import linear_sum_assignment

    x, y = _pair(x, y, rows=1)
    if len(x) != len(y):
        raise ValueError(f"Need as many samples of one as of the other; got {len(x)} and {len(y)}.")
    cost = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    return float(cost[linear_sum_assignment(cost)].mean())


def _table(name: str, x: Tensor) -> Tensor:
    """x as float64 on the CPU, once it is sure that it is a table of finite floats."""
    if x.dim() != 2 or 0 in x.shape or not x.is_floating_point():
        raise ValueError(f"{name} must be floats, one row a sample, not empty; got {x.dtype} of "
                         f"shape {tuple(x.shape)}.")
    if not x.isfinite().all():
        raise ValueError(f"{name} of shape {tuple(x.shape)}: {(~x.isfinite()).any(dim=1).sum()} "
                         "rows are not finite (nan or inf).")
    return x.detach().to("cpu", torch.float64)


def _pair(first: Tensor, second: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Two such tables with equally many columns, and at least `rows` rows each."""
    first, second = _table("The first set", first), _table("The second set", second)
    if first.shape[1] != second.shape[1] or min(len(first), len(second)) < rows:
        raise ValueError("Need two sets with the same number of columns, "
                         f"and at least {rows} rows each; got {tuple(first.shape)} and "
                         f"{tuple(second.shape)}.")
    return first, second


def _root(S: Tensor) -> Tensor:
    """The symmetric root of a covariance matrix: R = R^T with R R = S. Eigenvalues that rounding
    left below 0 count as 0.
    """
    values, vectors = torch.linalg.eigh(S)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def _inside(points: Tensor, centres: Tensor, k: int) -> Tensor:
    """Which points lie in which centre's ball: (points, centres) of booleans, a few rows at a time
    to save memory.
    """
    def distances(part):  # each pair by itself: exactly 0 between copies
        return torch.cdist(part, centres, compute_mode="donot_use_mm_for_euclid_dist")

    radii = torch.cat(
        [distances(part).kthvalue(k + 1, dim=1).values for part in centres.split(512)])
    return torch.cat([distances(part) < radii for part in points.split(512)])


def _mean_and_sd(values: list[Tensor]) -> tuple[float, float]:
    values = torch.stack(values)
    return values.mean().item(), values.std(correction=0).item()
