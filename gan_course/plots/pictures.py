"""Images beside each other: sheets, galleries with names and numbers, and films."""
import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from gan_course import files
from gan_course.data.sets import unscale
from gan_course.plots.figures import FAKE, canvas


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
    ax.set_anchor("E")                                              # room for the titles is left
    ax.set_xticks([])
    ax.set_yticks([(row + 0.5) * high for row in range(rows)] if titles else [], titles or [])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return fig


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
