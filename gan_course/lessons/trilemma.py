"""The stored comparison of notebook 16, GAN, VAE and diffusion over several seeds: its tables and
its plot. `benchmarks/trilemma.py` makes what is stored.
"""
import math
import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_course import plots

FAMILIES = {"GAN": {"color": plots.FAKE["color"], "marker": "X"},
            "VAE": {"color": plots.G_LINE["color"], "marker": "s"},
            "diffusion": {"color": plots.D_LINE["color"], "marker": "D"}}
SIDES = {"GAN": {"xytext": (-9, -4), "ha": "right"}, "VAE": {"xytext": (0, -18), "ha": "center"},
         "diffusion": {"xytext": (6, 9), "ha": "left"}}              # where the names stand
TICKS = {"pictures": [1, 10, 100], "plane": [0.02, 0.05, 0.1]}
LIMITS = {"pictures": {"floor": "each pixel from another picture", "real": "real, held out"},
          "plane": {"floor": "spread evenly", "real": "real"}}
COST = {"parameters": "parameters", "seconds": "seconds of training",
        "per_thousand": "seconds for 1,000 samples"}
QUALITY = {
    "pictures": {"distance": "Fréchet distance", "agreement": "agreement", "coverage": "coverage",
                 "sliced": "sliced Wasserstein distance", "elbo": "ELBO",
                 "importance_weighted": "importance-weighted bound"},
    "plane": {"distance": "sliced Wasserstein distance", "log_density": "log density",
              "coverage": "coverage", "elbo": "ELBO",
              "importance_weighted": "importance-weighted bound"}}


def values(runs: Sequence[dict], data: str, family: str, name: str, longer: int = 1) -> list:
    """One number of all trainings of a family.

    Args:
        runs: the stored table, one dictionary for each training.
        data: "pictures" or "plane".
        family: "GAN", "VAE", "diffusion", or one of the limits "floor" and "real".
        name: what was measured.
        longer: how many times the usual number of iterations.

    Returns:
        The values in the order of the table; those that a family does not have are left out.
    """
    return [run[name] for run in runs if (run["data"], run["family"], run["longer"])
            == (data, family, longer) and name in run]


def costs(runs: Sequence[dict], data: str) -> tuple[dict[str, list], list[str]]:
    """What each family needs, and how many of its trainings failed.

    Args:
        runs, data: as of `values`.

    Returns:
        Named rows and the names of their columns, as `tables.show` takes them.
    """
    rows = {family: [_spread(values(runs, data, family, name)) for name in COST]
            + [f"{sum(failed)} of {len(failed)}"]
            for family in FAMILIES if (failed := values(runs, data, family, "failed"))}
    return rows, [*COST.values(), "failed"]


def qualities(runs: Sequence[dict], data: str) -> tuple[dict[str, list], list[str]]:
    """What each family reaches, between the floor and real data; longer trainings, if there are
    any, have rows of their own.

    Args:
        runs, data: as of `values`.

    Returns:
        Named rows and the names of their columns, as `tables.show` takes them: the median, with
        the lowest and the highest value of several trainings.
    """
    columns, limits = QUALITY[data], LIMITS[data]
    lengths = sorted({run["longer"] for run in runs if run["data"] == data})
    kinds = [(limits["floor"], "floor", 1),
             *((family if longer == 1 else f"{family}, {longer} times as long", family, longer)
               for longer in lengths for family in FAMILIES),
             (limits["real"], "real", 1)]
    rows = {title: [_spread(values(runs, data, family, name, longer)) for name in columns]
            for title, family, longer in kinds if values(runs, data, family, "distance", longer)}
    return rows, list(columns.values())


def plot(runs: Sequence[dict]) -> Figure:
    """Quality against coverage, on pictures and in the plane; the size of a mark is the logarithm
    of the seconds for 1,000 samples. Bars reach from the lowest to the highest training.

    Args:
        runs: the stored table.

    Returns:
        The figure.
    """
    fig, axes = plots.canvas(2, width=9, height=3.8)
    for ax, (data, columns) in zip(axes, QUALITY.items(), strict=True):
        for family, look in FAMILIES.items():
            _mark(ax, runs, data, family, look)
        for limit, look in (("real", plots.REAL), ("floor", {"color": "#777777", "marker": "+"})):
            at = [values(runs, data, limit, name)[0] for name in ("distance", "coverage")]
            ax.plot(*at, linestyle="", markersize=10, **look)
            ax.annotate(LIMITS[data][limit], at, xytext=(6, 9 if limit == "real" else -18),
                        textcoords="offset points", fontsize=9,
                        ha="left" if limit == "real" else "right")
        ax.set(title=data, xscale="log", ylim=(-0.15, 1.15),
               xlabel=f"{columns['distance']} (better: left)")
        ax.set_xticks(TICKS[data], [f"{tick:g}" for tick in TICKS[data]])
        ax.tick_params(which="minor", labelbottom=False)
    axes[0].set_ylabel("coverage (better: up)")
    return fig


def _mark(ax: Axes, runs: Sequence[dict], data: str, family: str, look: dict) -> None:
    """A family's medians, with bars, and its name with the seconds for 1,000 samples."""
    distance, coverage = (values(runs, data, family, name) for name in ("distance", "coverage"))
    seconds = statistics.median(values(runs, data, family, "per_thousand"))
    x, y = statistics.median(distance), statistics.median(coverage)
    ax.plot([min(distance), max(distance)], [y, y], color=look["color"])
    ax.plot([x, x], [min(coverage), max(coverage)], color=look["color"])
    size = 40 * max(0.5, 4 + math.log10(seconds))
    ax.scatter(x, y, s=size, zorder=3, edgecolors="white", **look)
    ax.annotate(f"{family}, {seconds:.2g} s", (x, y), textcoords="offset points", fontsize=9,
                **SIDES[family])


def _spread(found: list) -> str:
    """The median of some numbers, with the lowest and the highest if they differ."""
    if not found:
        return ""
    middle, low, high = (_short(value) for value in (statistics.median(found), min(found),
                                                     max(found)))
    return middle if low == high else f"{middle} ({low} to {high})"


def _short(value: float) -> str:
    """A number with three digits; large ones as whole numbers."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
