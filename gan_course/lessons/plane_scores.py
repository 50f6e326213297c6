"""The three numbers by which notebook 16 compares generators of points, whose density is known."""
from typing import NamedTuple

import torch
from torch import Tensor

from gan_course import metrics
from gan_course.data import Density


class Score(NamedTuple):
    """Mean log density of the samples, coverage, and sliced Wasserstein distance."""

    log_density: float
    coverage: float
    distance: float


class PlaneScores:
    """Scores samples in the plane against the density that they should have.

    The log density says how good single samples are, and is highest for samples that all lie at the
    top of one mode. The coverage is the share of real points with a sample nearby. The distance
    sees both.

        score = PlaneScores(data.load("moons"))
        tables.show({"real": score.real(), "samples": score(x)}, score.columns)

    Args:
        density: what the samples should come from.
        n: how many real points they are compared with.

    Attributes:
        columns: the names of the three numbers.
    """

    columns = ("log density", "coverage", "sliced Wasserstein distance")

    def __init__(self, density: Density, n: int = 2000):
        self.density, draw = density, torch.Generator().manual_seed(0)
        self.known, self.held_out = (density.sample(n, draw).x for _ in range(2))

    def __call__(self, x: Tensor) -> Score:
        """The score of samples.

        Args:
            x: points, (N, 2), on the CPU; at most as many are looked at as there are real ones.

        Returns:
            The mean of log p(x) in nats, the coverage from 0 to 1, the distance of at least 0.
        """
        x = x[:len(self.known)]
        return Score(self.density.log_prob(x).mean().item(),
                     metrics.precision_recall(self.known, x).coverage,
                     metrics.sliced_wasserstein(self.known, x))

    def real(self) -> Score:
        """The score of other real points: the best that a generator can expect."""
        return self(self.held_out)

    def spread(self) -> Score:
        """The score of points spread evenly over the smallest box around the real ones."""
        low, high = self.known.min(dim=0).values, self.known.max(dim=0).values
        draw = torch.Generator().manual_seed(1)
        return self(low + (high - low) * torch.rand(self.known.shape, generator=draw))
