"""Points in the plane, and what a network says of every point of it."""
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator
from torch import Tensor, nn

from gan_course import nets
from gan_course.data.sets import Density
from gan_course.plots.figures import FAKE, REAL, REAL_FAKE, canvas


def scatter(ax: Axes, real: Tensor | None = None, fake: Tensor | None = None,
            extent: float = 2.0) -> None:
    """Points in the plane, real ones round and blue, fake ones crossed and orange.

    Args:
        ax: where to draw.
        real, fake: points, (N, 2), on any device; None: left out.
        extent: the axes run from -extent to extent.
    """
    for points, look, label in ((real, REAL, "real x"), (fake, FAKE, "fake G(z)")):
        if points is not None:
            size = 9 if look is REAL else 14
            ax.scatter(*points.detach().cpu().T.numpy(), s=size, alpha=0.55,
                       linewidths=0.8 if look is FAKE else 0, label=label, **look)
    square(ax, extent)
    ax.legend(loc="upper right", fontsize=9)


def square(ax: Axes, extent: float = 2.0) -> None:
    """Axes from -extent to extent, equal in scale, with ticks at whole numbers.

    Args:
        ax: the axes.
        extent: half their length, positive.
    """
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=5))


def plane(extent: float = 2.0, steps: int = 80) -> tuple[Tensor, np.ndarray]:
    """A grid of points over the square from -extent to extent.

    Args:
        extent: half the side of the square.
        steps: the number of points along a side.

    Returns:
        The points to feed to a network, (steps^2, 2) on the CPU, and the ticks of a side, (steps,).
    """
    ticks = torch.linspace(-extent, extent, steps)
    return torch.cartesian_prod(ticks, ticks), ticks.numpy()


@torch.no_grad()
def discriminator_map(ax: Axes, D: nn.Module, extent: float = 2.0):
    """D(x) = sigmoid(logit) over the plane: blue where D says real, orange where it says fake,
    white at 1/2.

    Args:
        ax: where to draw.
        D: a discriminator of points in the plane, on any device.
        extent: the axes run from -extent to extent.

    Returns:
        Matplotlib's image, for a colour bar.
    """
    points, ticks = plane(extent)
    device = nets.device_of(D)
    with nets.evaluating(D):
        probability = torch.sigmoid(D(points.to(device))).cpu().view(len(ticks), -1).T
    image = ax.imshow(probability.numpy(), cmap=REAL_FAKE, vmin=0, vmax=1, origin="lower",
                      extent=(ticks[0], ticks[-1]) * 2, interpolation="bilinear")
    square(ax, extent)
    return image


@torch.no_grad()
def density_map(ax: Axes, density: Density, extent: float = 2.0):
    """The density p(x) of a known distribution over the plane, in greys.

    Args:
        ax: where to draw.
        density: a distribution in the plane, on any device.
        extent: the axes run from -extent to extent.
    """
    points, ticks = plane(extent, 160)
    p = density.log_prob(points).exp().view(len(ticks), -1).T
    ax.imshow(p.numpy(), cmap="Greys", origin="lower", extent=(ticks[0], ticks[-1]) * 2,
              interpolation="bilinear")
    square(ax, extent)


@torch.no_grad()
def landscape(ax: Axes, critic: nn.Module, extent: float = 2.0) -> None:
    """A critic's scores over the plane as contours: the darker, the higher.

    Args:
        ax: where to draw.
        critic: a network that scores points in the plane, on any device.
        extent: the axes run from -extent to extent.
    """
    points, ticks = plane(extent)
    with nets.evaluating(critic):
        scores = critic(points.to(nets.device_of(critic))).cpu().view(len(ticks), -1).T
    ax.contourf(ticks, ticks, scores.numpy(), levels=14, cmap="Greys")
    square(ax, extent)


def snapshots(rows: Mapping[str, Sequence[Tensor]], titles: Sequence[str], centres: Tensor,
              extent: float = 1.8) -> Figure:
    """Fakes in the plane over a training, as in figure 2 of the unrolled GAN (arXiv:1611.02163):
    one row of panels for each training, with the modes as blue circles.

    Args:
        rows: for each name its points, (N, 2) for each panel.
        titles: what stands above each column, such as the iteration.
        centres: the modes of the data, (K, 2).
        extent: the axes run from -extent to extent.

    Returns:
        The figure, at most 9 inches wide.
    """
    fig, axes = canvas(len(titles), len(rows), height=0.3 + 8.6 / len(titles) * len(rows),
                       squeeze=False)
    for line, (name, panels) in zip(axes, rows.items(), strict=True):
        for ax, points in zip(line, panels, strict=True):
            ax.scatter(*centres.cpu().T.numpy(), s=60, facecolors="none",
                       edgecolors=REAL["color"], linewidths=0.8, zorder=3)
            ax.scatter(*points.detach().cpu().T.numpy(), s=3, alpha=0.4, linewidths=0,
                       color=FAKE["color"])
            ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xticks=[],
                   yticks=[])
            ax.spines[:].set_visible(True)
        line[0].set_ylabel(name)
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title)
    return fig


def balls(ax: Axes, centres: Tensor, k: int, look: dict) -> None:
    """Around each point in the plane, a ball that reaches to its k-th nearest neighbour.

    Args:
        ax: where to draw.
        centres: the points, (N, 2), more than k of them.
        k: which neighbour, at least 1; a point is not its own neighbour.
        look: `REAL` or `FAKE`, whose colour the balls have.
    """
    radii = torch.cdist(centres, centres).kthvalue(k + 1, dim=1).values
    for centre, radius in zip(centres.tolist(), radii.tolist(), strict=True):
        ax.add_patch(Circle(centre, radius, color=look["color"], alpha=0.08, linewidth=0))


def phase_plot(ax: Axes, directions: Callable, path: np.ndarray, extent: float = 2.3) -> None:
    """A game in which each player has one number: arrows show where both move, and a path of the
    game runs from light to dark. A cross marks the origin.

    Args:
        ax: where to draw.
        directions: from arrays psi and theta, of one shape, to the two directions of the moves.
        path: psi and theta after each round, (T, 2).
        extent: both axes run from -extent to extent.
    """
    psi, theta = np.meshgrid(*[np.linspace(-0.95, 0.95, 15) * extent] * 2)
    ax.quiver(psi, theta, *directions(psi, theta), color="#999999", width=0.004)
    ax.plot(*path.T, color="#444444", linewidth=0.8)
    ax.scatter(*path.T, c=np.arange(len(path)), cmap="viridis_r", s=10, zorder=3)
    ax.plot(0, 0, "k+", markersize=14)
    square(ax, extent)
    ax.set(xlabel="ψ, the discriminator", ylabel="θ, the generator")
