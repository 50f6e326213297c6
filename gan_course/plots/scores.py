"""Numbers that were measured: of several runs, methods, modes or classes."""
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_course.plots.figures import CHANCE_LINE, D_LINE, FAKE, G_LINE, REAL, canvas


def dots(ax: Axes, values: Mapping[str, Sequence[float]], truth: float,
         floor: float | None = None) -> None:
    """One dot for each run of each method, the mean of a method as a bar, a dotted line at the
    value of the truth, and a dashed one at the floor.

    Args:
        ax: where to draw.
        values: for each method the value of each of its runs.
        truth: the value that a perfect one would have.
        floor: the value without any method; by default no such line is drawn.
    """
    for place, each in enumerate(values.values()):
        ax.plot(each, np.full(len(each), place), "o", color=G_LINE["color"], alpha=0.6)
        ax.plot(np.mean(each), place, "|", color="black", markersize=16)
    ax.axvline(truth, **CHANCE_LINE)
    if floor is not None:
        ax.axvline(floor, **CHANCE_LINE | {"linestyle": "--"})
    ax.set_yticks(range(len(values)), list(values))
    ax.yaxis.set_inverted(True)


def bars(ax: Axes, values: Mapping[str, Mapping[int, float]]) -> None:
    """Bars of several series side by side, with their heights written above.

    Args:
        ax: where to draw.
        values: for each series its name, and a height for each place, {"p": {1: 0.25, 2: 0.4}}; at
            most four series.

    Raises:
        ValueError: there are more than four series.
    """
    width = 0.8 / len(values)
    looks = (FAKE, REAL, D_LINE, G_LINE)
    if len(values) > len(looks):
        raise ValueError(f"Four series of bars can be told apart; got {len(values)}.")
    for i, ((name, heights), look) in enumerate(zip(values.items(), looks, strict=False)):
        places = np.array(list(heights)) + (i - (len(values) - 1) / 2) * width
        drawn = ax.bar(places, list(heights.values()), width, label=name, color=look["color"])
        ax.bar_label(drawn, fmt="%.3f", fontsize=8)
        ax.set_xticks(list(heights))
    ax.legend(loc="upper left", fontsize=9)


def matrix(ax: Axes, values: np.ndarray | Tensor, rows: Sequence[str], columns: Sequence[str],
           top: float | None = None) -> None:
    """A table of numbers as grey cells, darker where a number is larger, with the numbers in them.

    Args:
        ax: where to draw.
        values: numbers of at least 0, (R, C); whole numbers are counts, others get two digits, and
            a count of 0 is left empty.
        rows, columns: the names of the R rows and C columns.
        top: the number whose cell is black; by default the largest.
    """
    values = np.asarray(values)
    top = values.max() if top is None else top
    ax.imshow(values, cmap="Greys", vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.2f}" if values.dtype.kind == "f" else f"{value:d}" if value else ""
        ax.text(column, row, text, ha="center", va="center", fontsize=9,
                color="white" if value > top / 2 else "black")
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def share_matrices(matrices: Mapping[str, Tensor], row: str = "asked",
                   column: str = "drawn") -> Figure:
    """Square matrices of shares, in per cent; the darker, the larger. Zeros stay empty.

    Args:
        matrices: for each name its shares from 0 to 1, (K, K); K may differ.
        row, column: what rows and columns stand for.

    Returns:
        The figure, at most 9 inches wide; matrices with more rows are larger.
    """
    sizes = [max(len(shares), 4) for shares in matrices.values()]
    width = min(4.5 * len(matrices), 9)
    fig, axes = canvas(len(matrices), width=width, squeeze=False, width_ratios=sizes,
                       height=1.0 + (width - 0.8) * max(sizes) / sum(sizes))
    for ax, (name, shares) in zip(axes[0], matrices.items(), strict=True):
        ax.imshow(shares.numpy(), cmap="Greys", vmin=0, vmax=1)
        for (i, j), share in np.ndenumerate(shares.numpy()):
            if round(100 * share):
                ax.text(j, i, f"{100 * share:.0f}", ha="center", va="center", size=8,
                        color="white" if share > 0.5 else "black")
        ax.set(title=name, xlabel=column, xticks=range(len(shares)), yticks=range(len(shares)))
    axes[0, 0].set_ylabel(row)
    return fig


def shares_over_time(ax: Axes, shares: Tensor, label: str = "nearest mode") -> None:
    """How a training divides its points among the modes: one row for each mode, darker where more
    of the points are.

    Args:
        ax: where to draw.
        shares: the share of the points at each mode, from 0 to 1, (moments, K).
        label: what the rows are.
    """
    image = ax.imshow(shares.T, aspect="auto", cmap="Greys", vmin=0, vmax=1, origin="lower")
    moments, K = shares.shape
    marks = np.linspace(0, moments - 1, 5).round().astype(int)
    ax.set_xticks(marks, [f"{(mark + 1) / moments:.0%}" for mark in marks])
    ax.set_yticks(range(K), range(1, K + 1))
    ax.set(xlabel="training", ylabel=label)
    ax.figure.colorbar(image, label="share of the points")


def hues(ax: Axes, before: Tensor, after: Tensor) -> None:
    """Hues before and after a translation, each dot in its hue before; where nothing changes they
    lie on the dotted diagonal.

    Args:
        ax: where to draw.
        before, after: degrees from 0 (red) over 120 (green) and 240 (blue) to 360, (N,).
    """
    ax.scatter(before, after, s=14, c=before, cmap="hsv", vmin=0, vmax=360, edgecolors="#444444",
               linewidths=0.3)
    ax.plot([0, 360], [0, 360], **CHANCE_LINE)
    ax.set(xticks=range(0, 361, 120), yticks=range(0, 361, 120), aspect="equal")
