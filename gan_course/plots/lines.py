"""Two distributions on the line: their densities, their distribution functions, and the pairs
of their points.
"""
import torch
from matplotlib.axes import Axes
from torch import Tensor

from gan_course.plots.figures import FAKE, REAL


def densities(ax: Axes, x: Tensor, real: Tensor, fake: Tensor) -> None:
    """Two densities on a line: the real one, p(x), filled; the fake one, q(x), dashed.

    Args:
        ax: where to draw.
        x: places in order, (N,) or (N, 1).
        real, fake: p and q at these places, (N,).
    """
    places = x.flatten()
    ax.fill_between(places, real, color=REAL["color"], alpha=0.35, linewidth=0, label="real, p(x)")
    ax.plot(places, fake, color=FAKE["color"], linestyle="--", label="fake, q(x)")
    ax.set(xlabel="x", ylabel="density")
    ax.legend(loc="upper left", fontsize=9)


def distribution_functions(ax: Axes, real: Tensor, fake: Tensor) -> None:
    """The distribution functions of two samples as stairs, with the area between them in grey.

    Args:
        ax: where to draw.
        real, fake: numbers, (N,) and (M,).
    """
    ends = torch.cat([real, fake]).sort().values
    places = torch.cat([ends[:1] - 1, ends, ends[-1:] + 1])
    P, Q = (torch.searchsorted(sample.sort().values, places, right=True) / len(sample)
            for sample in (real, fake))
    ax.fill_between(places, P, Q, color="#BBBBBB", step="post", label="area = W")
    ax.step(places, P, where="post", color=REAL["color"], label="P, real")
    ax.step(places, Q, where="post", color=FAKE["color"], linestyle="--", label="Q, fake")
    ax.set(xlabel="x", ylabel="share to the left")
    ax.legend(loc="upper left", fontsize=9)


def pairing(ax: Axes, real: Tensor, fake: Tensor) -> None:
    """Real numbers above, fakes below, and lines from each to its partner: the first real number
    belongs to the first fake, and so on.

    Args:
        ax: where to draw.
        real, fake: as many numbers of each, (N,).
    """
    ax.plot(torch.stack([real, fake]), [1, 0], color="#888888", linewidth=0.8)
    ax.plot(real, torch.ones_like(real), linestyle="none", label="real x", **REAL)
    ax.plot(fake, torch.zeros_like(fake), linestyle="none", label="fake G(z)", **FAKE)
    ax.set(xlabel="x", yticks=[], ylim=(-0.2, 1.5))
    ax.legend(loc="upper center", ncols=2, fontsize=9)
