"""The look of every figure, and how a figure gets onto the page with its description.

One look through the course, safe for the colour-blind and never colour alone: real is blue and
round, fake is orange and crossed, D is green and solid, G is purple and dashed.
"""
import base64
import html
import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

REAL = {"color": "#0072B2", "marker": "o"}
FAKE = {"color": "#D55E00", "marker": "x"}
D_LINE = {"color": "#007A5A", "linestyle": "-"}
G_LINE = {"color": "#A03C78", "linestyle": "--"}
THIRD_LINE = {"color": "#444444", "linestyle": "-."}
CHANCE_LINE = {"color": "#777777", "linestyle": ":", "linewidth": 1.2}
REAL_FAKE = LinearSegmentedColormap.from_list(
    "real_fake", [FAKE["color"], "#ffffff", REAL["color"]])
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
