"""Tensors and records in, matplotlib figures out: no training, no widgets. `show` puts a figure on
the page with its description.

One look through the course, safe for the colour-blind and never colour alone: real is blue and
round, fake is orange and crossed, D is green and solid, G is purple and dashed.
"""
import base64
import html
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor, nn

from gan_course import files, nets
from gan_course.data.sets import Density, unscale
from gan_course.losses import CHANCE

REAL = {"color": "#0072B2", "marker": "o"}
FAKE = {"color": "#D55E00", "marker": "x"}
D_LINE = {"color": "#007A5A", "linestyle": "-"}
G_LINE = {"color": "#A03C78", "linestyle": "--"}
THIRD_LINE = {"color": "#444444", "linestyle": "-."}
CHANCE_LINE = {"color": "#777777", "linestyle": ":", "linewidth": 1.2}
DOTS_PER_INCH = 160
STYLE = {
    "font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 11,
    "legend.frameon": False
}


def canvas(columns: int = 1, rows: int = 1, *, width: float = 9.0, height: float = 3.2, **axes):
    """An empty figure in the style of the course, and its axes: `fig, (left, right) = canvas(2)`.

    Args:
        columns, rows: how many axes beside and below each other.
        width, height: the size of the figure in inches; a width of at most 9 fits a laptop.
        axes: further options of matplotlib's `Figure.subplots`, sharex for example.

    Returns:
        The figure, and its axes as `Figure.subplots` gives them.

    Raises:
        ValueError: the figure would be wider than 9 inches.
    """
    import matplotlib

    if width > 9:
        raise ValueError("Figures are at most 9 inches wide, so that they fit a laptop; got "
                         f"{width}.")
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained", facecolor="white")
        return fig, fig.subplots(rows, columns, **axes)


def img(fig: Figure | FigureCanvasAgg, alt: str) -> str:
    """A figure with its description as an HTML image, `<img alt=… src="data:image/png;…">`.

    Args:
        fig: the figure, or a page on which one is drawn already (`page`).
        alt: what there is to see, in a sentence.

    Returns:
        The HTML, escaped.

    Raises:
        ValueError: the description is empty.
    """
    if not alt.strip():
        raise ValueError("A figure needs an alt text: one sentence that says what there is to see.")
    width, height = (round(96 * inches) for inches in fig.figure.get_size_inches())
    return (f'<img class="gan-course-figure" alt="{html.escape(alt, quote=True)}" width="{width}" '
            f'height="{height}" '
            f'style="max-width:100%;height:auto;background:white;border-radius:4px" '
            f'src="data:image/png;base64,{base64.b64encode(png(fig)).decode()}">')


def page(fig: Figure) -> FigureCanvasAgg:
    """The figure drawn on a page of pixels, for `img`, `png` and `show`.

    It is drawn once, where `savefig` draws twice: sliders wait for it.

    Args:
        fig: the figure; its resolution is set to `DOTS_PER_INCH`.

    Returns:
        The page.
    """
    fig.set_dpi(DOTS_PER_INCH)
    page = FigureCanvasAgg(fig)
    page.draw()
    return page


def png(fig: Figure | FigureCanvasAgg) -> bytes:
    """The figure as a PNG file, packed lightly.

    Args:
        fig: the figure, or a page on which one is drawn already.

    Returns:
        The bytes of the file.
    """
    drawn = page(fig) if isinstance(fig, Figure) else fig
    file = io.BytesIO()
    Image.fromarray(np.asarray(drawn.buffer_rgba())).convert("RGB").save(
        file, "PNG", compress_level=1)
    return file.getvalue()


def show(fig: Figure | FigureCanvasAgg, alt: str) -> None:
    """Put a figure into the notebook.

    Args:
        fig: the figure, or a page on which one is drawn already.
        alt: what there is to see, in a sentence, for readers who cannot see it.

    Raises:
        ValueError: the description is empty.
    """
    from IPython.display import display

    display({"text/html": img(fig, alt), "text/plain": f"[figure: {alt}]"}, raw=True)


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


def dots(ax: Axes, values: Mapping[str, Sequence[float]], truth: float) -> None:
    """One dot for each run of each method, the mean of a method as a bar, and a dotted line at the
    value of the truth.

    Args:
        ax: where to draw.
        values: for each method the value of each of its runs.
        truth: the value that a perfect one would have.
    """
    for place, each in enumerate(values.values()):
        ax.plot(each, np.full(len(each), place), "o", color=G_LINE["color"], alpha=0.6)
        ax.plot(np.mean(each), place, "|", color="black", markersize=16)
    ax.axvline(truth, **CHANCE_LINE)
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()


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


def bars(ax: Axes, values: Mapping[str, Mapping[int, float]]) -> None:
    """Bars of several series side by side, with their heights written above.

    Args:
        ax: where to draw.
        values: for each series its name, and a height for each place, {"p": {1: 0.25, 2: 0.4}}.
    """
    width = 0.8 / len(values)
    looks = (FAKE, REAL, D_LINE, G_LINE)
    for i, ((name, heights), look) in enumerate(zip(values.items(), looks, strict=False)):
        places = np.array(list(heights)) + (i - (len(values) - 1) / 2) * width
        drawn = ax.bar(places, list(heights.values()), width, label=name, color=look["color"])
        ax.bar_label(drawn, fmt="%.3f", fontsize=8)
        ax.set_xticks(list(heights))
    ax.legend(loc="upper left", fontsize=9)


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


def sheet(images: Tensor, columns: int = 10) -> np.ndarray:
    """Images side by side, with a white line between them, as one picture.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1], on any device.
        columns: how many stand in a row.

    Returns:
        RGB pixels, uint8 (height, width, 3).
    """
    pixels = unscale(images).cpu().permute(0, 2, 3, 1).numpy()       # (N, H, W, C)
    n, high, wide, _ = pixels.shape
    page = np.full((-(-n // columns) * (high + 1) - 1, columns * (wide + 1) - 1, 3), 255, np.uint8)
    for i, picture in enumerate(pixels):
        top, left = (i // columns) * (high + 1), (i % columns) * (wide + 1)
        page[top:top + high, left:left + wide] = picture  # one channel spreads over three
    return page


def gallery(images: Tensor, columns: int = 10, titles: Sequence[str] | None = None) -> Figure:
    """A figure of images, row after row.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1], on any device.
        columns: how many stand in a row.
        titles: the names of the rows, on their left.

    Returns:
        The figure, at most 9 inches wide.
    """
    rows, high = -(-len(images) // columns), images.shape[2] + 1
    beside = 0.3 + 0.095 * max(map(len, titles)) if titles else 0.0 # inches for the titles
    side = min(0.62, (9.0 - beside) / columns)
    fig, ax = canvas(width=min(9.0, columns * side + beside),
                     height=rows * side * images.shape[2] / images.shape[3])
    ax.imshow(sheet(images, columns), interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([(row + 0.5) * high for row in range(rows)] if titles else [], titles or [])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


def translations(rows: Mapping[str, Tensor], n: int = 10) -> Figure:
    """A figure with a row for each name, such as x, G(x) and y: the first pictures of each.

    Args:
        rows: for each name its pictures, (N, 3, H, W) in [-1, 1], of the same scenes.
        n: how many of them to show, if there are so many.

    Returns:
        The figure, at most 9 inches wide.
    """
    shown = [images[:n] for images in rows.values()]
    return gallery(torch.cat(shown), len(shown[0]), list(rows))


def patch(ax: Axes, picture: Tensor, gradient: Tensor, corner: int, side: int) -> None:
    """How strongly one unit depends on each pixel of a picture, in greys over the picture's own
    grey, and the square that is its receptive field.

    Args:
        ax: where to draw.
        picture: (1, 3, H, W) in [-1, 1].
        gradient: the size of the unit's gradient at each pixel, (H, W).
        corner: the first row and column of the square.
        side: its pixels a side.
    """
    high, wide = gradient.shape
    page = np.concatenate([sheet(picture, 1), np.full((high, 2, 3), 255, np.uint8),
                           sheet(1 - 2 * (gradient / gradient.max())[None, None], 1)], axis=1)
    ax.imshow(page, extent=(0, 2 * wide + 2, high, 0), interpolation="nearest")
    for left in (corner, wide + 2 + corner):
        ax.add_patch(Rectangle((left, corner), side, side, fill=False, linewidth=2,
                               edgecolor=FAKE["color"]))
    ax.set_axis_off()


def galleries(sheets: Mapping[str, Tensor], columns: int,
              titles: Sequence[str] | None = None) -> Figure:
    """Sheets of images beside each other, with as many rows each and a name above each sheet.

    Args:
        sheets: for each name its images, (N, 1 or 3, H, W) in [-1, 1].
        columns: how many images stand in a row of a sheet.
        titles: the names of the rows, on the left of the first sheet.

    Returns:
        The figure, 9 inches wide.
    """
    first = next(iter(sheets.values()))
    rows, (high, wide) = -(-len(first) // columns), first.shape[2:]
    beside = 0.3 + 0.095 * max(map(len, titles)) if titles else 0.0 # inches for the titles
    side = (9.0 - beside) / len(sheets)
    fig, axes = canvas(len(sheets), height=0.35 + side * rows * high / (columns * wide),
                       squeeze=False)
    for ax, (name, images) in zip(axes[0], sheets.items(), strict=True):
        ax.imshow(sheet(images, columns), interpolation="nearest")
        ax.set(title=name, xticks=[], yticks=[])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    if titles:
        axes[0, 0].set_yticks([(row + 0.5) * (high + 1) for row in range(rows)], titles)
    return fig


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


def scored_gallery(images: Mapping[str, Tensor], numbers: Mapping[str, Sequence[float]],
                   columns: Sequence[str]) -> Figure:
    """A figure of images, a row for each set, with the set's numbers at the right.

    Args:
        images: for each set the images to show, equally many, (N, 1 or 3, H, W) in [-1, 1].
        numbers: for each set its numbers, one for each of `columns`.
        columns: what the numbers are called.

    Returns:
        The figure, 9 inches wide.
    """
    high, wide = next(iter(images.values())).shape[2:]
    n = len(next(iter(images.values())))
    fig, ax = canvas(height=0.5 * len(images) + 0.4)
    ax.imshow(sheet(torch.cat(list(images.values())), n), interpolation="nearest")
    right, step = n * (wide + 1), 2.2 * wide
    for place, name in enumerate(columns, start=1):
        ax.text(right + place * step, -high / 3, name, ha="right", va="bottom")
    for row, name in enumerate(images):
        for place, value in enumerate(numbers[name], start=1):
            ax.text(right + place * step, (row + 0.5) * (high + 1), f"{value:,.2f}", ha="right",
                    va="center")
    ax.set(xlim=(0, right + len(columns) * step), xticks=[])
    ax.set_yticks([(row + 0.5) * (high + 1) for row in range(len(images))], list(images))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
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


def captioned(images: Tensor, captions: Sequence[str]) -> Figure:
    """A figure of images in one row, with a caption above each.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1], on any device; N from 2 to 12 can be read.
        captions: N short texts, of one line or two.

    Returns:
        The figure.
    """
    fig, axes = canvas(len(images), height=0.5 + 9 / len(images))
    for ax, image, caption in zip(axes, images, captions, strict=True):
        ax.imshow(sheet(image[None], 1), interpolation="nearest")
        ax.set_title(caption, fontsize=10)
        ax.set_axis_off()
    return fig


def curve(ax: Axes, records: Iterable, terms: Sequence[str], label: str, window: int = 50,
          **look) -> None:
    """The sum of some terms of the records over the rounds: every round pale, and a moving average
    in full colour.

    Args:
        ax: where to draw.
        records: the rounds of a training.
        terms: which terms to add up, ["D/real", "D/fake"].
        label: the name of the curve in the legend.
        window: how many rounds are averaged; at most a quarter of them all.
        look: colour and style of the line, such as `D_LINE`; color has to be given.
    """
    records = list(records)
    values = np.array([sum(record[term] for term in terms) for record in records])
    rounds = np.array([record["round"] for record in records])
    window = max(1, min(window, len(values) // 4))
    smooth = np.convolve(values, np.ones(window) / window, mode="valid")
    ax.plot(rounds, values, alpha=0.18, linewidth=0.7, color=look["color"])
    ax.plot(rounds[window - 1:], smooth, linewidth=1.8, label=label, **look)


def level(ax: Axes, height: float, name: str) -> tuple[Artist, Artist]:
    """A dotted line at a height that means something (a chance level, a floor, a ceiling), with its
    name at the right.

    Args:
        ax: where to draw.
        height: in the units of the vertical axis.
        name: what the height means.

    Returns:
        The line and its name, which can be removed again.
    """
    line = ax.axhline(height, **CHANCE_LINE)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
    text = ax.annotate(name, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, 3),
                       textcoords="offset points", ha="right", va="bottom", fontsize=9,
                       color="#333333", bbox=box, zorder=5)
    return line, text


def loss_curves(ax: Axes, records: Iterable, chance: dict[str, float]) -> None:
    """D's and G's losses, each with its chance level as a dotted line.

    The level, not the slope, is what to read.

    Args:
        ax: where to draw.
        records: the rounds of a training, at least one.
        chance: what `Game.chance` returns; a player without a level there has no line.
    """
    records = list(records)
    for player, look in (("D", D_LINE), ("G", G_LINE)):
        terms = [term for term in records[0] if term.startswith(f"{player}/")]
        curve(ax, records, terms, f"{player}: " + " + ".join(term.split("/")[1] for term in terms),
              **look)
        if player in chance:
            level(ax, chance[player], f"{player} at chance, {chance[player]:.2f}")
    ax.set(xlabel="round", ylabel="loss (nats)")
    ax.legend(loc="upper left", fontsize=9)


def two_losses(ax: Axes, history: np.ndarray, chance: dict[str, float] = CHANCE) -> None:
    """The losses of a loop written by hand, over its iterations, with the level of pure chance of
    each player as a dotted line.

    Args:
        ax: where to draw.
        history: D's losses and G's, (iterations, 2), in nats.
        chance: the loss of "D" and of "G" against a D that cannot tell, or of one of the two.
    """
    loss_curves(ax, [{"round": i + 1, "D/loss": of_D, "G/loss": of_G}
                     for i, (of_D, of_G) in enumerate(history)], chance)
    ax.set(xlabel="iteration")


def save_gif(path: Path, pages: Sequence[np.ndarray], alt: str, seconds: float = 6.0) -> None:
    """Save pages as an animated GIF, and show it.

    Args:
        path: the file to write; one that is there is replaced.
        pages: RGB pictures of equal size, uint8 (height, width, 3), as `sheet` makes them.
        alt: what there is to see, for those who cannot see it.
        seconds: how long the film lasts, before it begins anew.
    """
    from IPython.display import display

    film = gif(pages, seconds)
    files.write(path, film)
    source = "data:image/gif;base64," + base64.b64encode(film).decode()
    text = html.escape(f"{alt} Saved as {path}.", quote=True)
    picture = f'<img src="{source}" alt="{text}" width="{2 * pages[0].shape[1]}">'
    display({"text/html": f"{picture}<br>Saved as {html.escape(str(path))}",
             "text/plain": f"{alt} Saved as {path}."}, raw=True)


def gif(pages: Sequence[np.ndarray], seconds: float = 6.0) -> bytes:
    """Pages as an animated GIF that begins anew without end.

    Args:
        pages: RGB pictures of equal size, uint8 (height, width, 3), as `sheet` makes them.
        seconds: how long the film lasts.

    Returns:
        The bytes of the file.
    """
    first, *others = [Image.fromarray(page) for page in pages]
    film = io.BytesIO()
    first.save(film, "gif", save_all=True, append_images=others, loop=0,
               duration=max(20, round(1000 * seconds / len(pages))))
    return film.getvalue()


def _real_fake_colours():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("real_fake", [FAKE["color"], "#ffffff", REAL["color"]])


REAL_FAKE = _real_fake_colours()


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
