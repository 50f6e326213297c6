"""Densities we know: mixtures of round Gaussians, so that samples, density and best D are exact.

    p(x) = sum_k w_k N(x; c_k, s^2 I)
"""
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_course.data.sets import Batch


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of K round Gaussians in d dimensions.

    Args:
        name: what it is called.
        centres: the means c_k, (K, d).
        sd: the standard deviation s of all of them, positive.
        weights: w_k, (K,), summing to 1; by default all are equal.

    Raises:
        ValueError: sd is not positive.
    """

    name: str
    centres: Tensor
    sd: float
    weights: Tensor | None = None

    def __post_init__(self):
        if self.sd <= 0:
            raise ValueError(f"The standard deviation must be positive; got {self.sd}.")
        if self.weights is None:
            equal = torch.full((len(self.centres),), 1 / len(self.centres))
            object.__setattr__(self, "weights", equal.to(self.centres.device))

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one x: (d,)."""
        return (self.centres.shape[1],)

    def to(self, device: torch.device | str) -> "Mixture":
        """The same mixture on another device. `sample` draws where the mixture is."""
        return Mixture(self.name, self.centres.to(device), self.sd, self.weights.to(device))

    def sample(self, n: int, generator: torch.Generator | None = None) -> Batch:
        """Independent draws, on the device of the mixture.

        Args:
            n: how many.
            generator: where the random numbers come from, on the device of the mixture; by
                default PyTorch's own.

        Returns:
            x, (n, d), and y, (n,), the number of the component that each came from.
        """
        y = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.centres.shape[1], generator=generator, device=y.device)
        return Batch(self.centres[y] + self.sd * noise, y)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats.

        Args:
            x: points, (N, d), on any device.

        Returns:
            One number for each point, (N,).
        """
        centres, weights = self.centres.to(x), self.weights.to(x)
        squares = (x[:, None, :] - centres).square().sum(-1)        # (N, K)
        constant = -0.5 * x.shape[1] * math.log(2 * math.pi * self.sd ** 2)
        return torch.logsumexp(weights.log() - squares / (2 * self.sd ** 2) + constant, dim=1)


def _angles(k: int, start: float, stop: float) -> list[float]:
    return [start + (stop - start) * i / (k - 1) for i in range(k)]


def ring() -> Mixture:
    """Eight Gaussians on the unit circle, sd 0.01.

    The benchmark of VEEGAN (arXiv:1705.07761) and PacGAN (arXiv:1712.04086).
    """
    angles = [2 * math.pi * k / 8 for k in range(8)]
    return Mixture("ring", torch.tensor([(math.cos(a), math.sin(a)) for a in angles]), 0.01)


def grid() -> Mixture:
    """Twenty-five Gaussians at {-4, -2, 0, 2, 4}^2, sd 0.05: the second benchmark of the two."""
    sides = range(-4, 5, 2)
    return Mixture("grid", torch.tensor([(float(i), float(j)) for i in sides for j in sides]), 0.05)


def moons() -> Mixture:
    """Two interleaved half circles, as a chain of 2 x 40 small Gaussians."""
    upper = [(math.cos(a) - 0.5, math.sin(a) - 0.25) for a in _angles(40, 0, math.pi)]
    lower = [(0.5 - math.cos(a), 0.25 - math.sin(a)) for a in _angles(40, 0, math.pi)]
    return Mixture("moons", torch.tensor(upper + lower), 0.07)


def spiral() -> Mixture:
    """One arm that winds out from near the origin, as a chain of 80 small Gaussians.

    They are evenly spaced along the arm.
    """
    turns = [math.sqrt(0.75**2 + (3.5**2 - 0.75**2) * i / 79) for i in range(80)]
    points = [(0.45 * t * math.cos(math.pi * t), 0.45 * t * math.sin(math.pi * t)) for t in turns]
    return Mixture("spiral", torch.tensor(points), 0.06)


def bumps() -> Mixture:
    """Two bumps on a line, 0.4 N(-1.5, 0.5^2) + 0.6 N(1.5, 0.5^2): the density of notebook 02."""
    return Mixture("bumps", torch.tensor([[-1.5], [1.5]]), 0.5, torch.tensor([0.4, 0.6]))


DENSITIES = {make.__name__: make for make in (ring, grid, moons, spiral, bumps)}
