"""Samples in, numbers out. Every number is worth little without its floor and its ceiling: print them beside it."""
import math
from typing import NamedTuple

import torch
from torch import Tensor


class ModeCoverage(NamedTuple):
    """How much of a mixture the samples cover; see `mode_coverage`."""

    modes: int                                                      # modes with at least one high-quality sample
    high_quality: float                                             # share of samples near a centre, 0 to 1
    reverse_kl: float                                               # nats; 0 when the modes get equal shares, log K when one gets all


def mode_coverage(samples: Tensor, centres: Tensor, sd: float) -> ModeCoverage:
    """Modes found, share of good samples, and evenness, by the protocol of VEEGAN (arXiv:1705.07761) and PacGAN (arXiv:1712.04086).

    A sample is of high quality if its nearest centre is within 3 sd; a mode is found if a high-quality sample is nearest to it;
    reverse KL = sum_k h_k log(h_k K), with h the shares of the K modes among the high-quality samples (infinite if there are none).
    Shapes: samples (N, d), centres (K, d). In the plane a perfect sampler scores 1 - exp(-9/2) = 98.89 % high quality,
    and a reverse KL of about (K - 1) / 2N. Raises ValueError for empty or mismatched input.
    """
    if samples.dim() != 2 or centres.dim() != 2 or samples.shape[1] != centres.shape[1] or 0 in (len(samples), len(centres)):
        raise ValueError(f"Need samples (N, d) and centres (K, d), neither empty; got {tuple(samples.shape)} and {tuple(centres.shape)}.")
    distance, nearest = torch.cdist(samples, centres.to(samples), compute_mode="donot_use_mm_for_euclid_dist").min(dim=1)
    counts = torch.bincount(nearest[distance <= 3 * sd], minlength=len(centres)).double()
    good = counts.sum()
    if good == 0:
        return ModeCoverage(0, 0.0, math.inf)
    shares = counts / good
    reverse_kl = torch.special.xlogy(shares, shares * len(centres)).sum()
    return ModeCoverage(int((counts > 0).sum()), (good / len(samples)).item(), max(reverse_kl.item(), 0.0))


def nearest_distance(samples: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance from each sample to its nearest neighbour in `reference`, and that neighbour's index: (N,), (N,).

    Both (N, ...) of the same data shape, in the same units; images are compared pixel by pixel. Raises ValueError for empty or
    mismatched input.
    """
    if samples.shape[1:] != reference.shape[1:] or 0 in (len(samples), len(reference)):
        raise ValueError("Need samples and reference of one data shape, neither empty; "
                         f"got {tuple(samples.shape)} and {tuple(reference.shape)}.")
    parts = [torch.cdist(part, reference.flatten(1)).min(dim=1) for part in samples.flatten(1).split(1024)]
    return torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts])

