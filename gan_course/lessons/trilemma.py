"""Quality, coverage and speed of GAN, VAE and diffusion in one figure: the plot of notebook 16."""
import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_course import plots

FAMILIES = {"GAN": {"color": plots.FAKE["color"], "marker": "X"},
            "VAE": {"color": plots.G_LINE["color"], "marker": "s"},
            "diffusion": {"color": plots.D_LINE["color"], "marker": "D"}}
SIDES = {"GAN": {"xytext": (-9, -4), "ha": "right"}, "VAE": {"xytext": (0, -18), "ha": "center"},
         "diffusion": {"xytext": (6, 9), "ha": "left"}}              # where the names stand
LIMITS = {"floor": {"color": "#777777", "marker": "+"}, "real": plots.REAL}


def plot(found: Mapping[str, Mapping[str, Sequence[float]]], floors: Mapping[str, str],
         distances: Mapping[str, str]) -> Figure:
    """Distance to real data against coverage, for each data set in axes of its own; the area of a
    mark grows with the logarithm of the seconds for 1,000 samples, which stand beside it.

    Args:
        found: for each data set the distance, the coverage and the seconds for 1,000 samples of
            "GAN", "VAE" and "diffusion", and the distance and the coverage of "floor" and "real".
        floors: for each data set what its floor is.
        distances: for each data set the name of its distance.

    Returns:
        The figure.
    """
    fig, axes = plots.canvas(len(found), width=9, height=3.8, squeeze=False)
    for ax, (data, points) in zip(axes[0], found.items(), strict=True):
        for family, look in FAMILIES.items():
            _mark(ax, family, points[family], look)
        for limit, look in LIMITS.items():
            at, real = points[limit][:2], limit == "real"
            ax.plot(*at, linestyle="", markersize=10, **look)
            ax.annotate("real" if real else floors[data], at, textcoords="offset points",
                        xytext=(6, 9 if real else -18), ha="left" if real else "right", fontsize=9)
        ax.set(title=data, xscale="log", ylim=(-0.15, 1.15),
               xlabel=f"{distances[data]} (better: left)")
        ax.tick_params(which="minor", labelbottom=False)
        low, high = (round(math.log10(edge), 1) for edge in ax.get_xlim())
        ticks = [digit * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1)
                 for digit in ((1,) if high - low > 1.5 else (1, 2, 5))]
        shown = [tick for tick in ticks if 10**low <= tick <= 10**high]
        ax.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes[0][0].set_ylabel("coverage (better: up)")
    return fig


def _mark(ax: Axes, family: str, point: Sequence[float], look: dict) -> None:
    distance, coverage, seconds = point
    ax.scatter(distance, coverage, s=40 * max(0.5, 4 + math.log10(seconds)), zorder=3,
               edgecolors="white", **look)
    ax.annotate(f"{family}, {seconds:.2g} s", (distance, coverage), textcoords="offset points",
                fontsize=9, **SIDES[family])
