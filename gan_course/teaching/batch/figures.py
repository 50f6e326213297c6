"""Pictures for the report: curves with their spread over seeds, and the figures of the executed
notebooks, found by what their descriptions say."""
import base64
import io
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from gan_course import plots
from gan_course.teaching.batch import tables
from gan_course.teaching.batch.record import NOTEBOOK, RunRecord

MOST_PANELS = 24
WIDEST = 900  # pixels; figures of notebooks have up to 1440


def curves(records: list[RunRecord], name: str) -> str:
    """A collected curve as an HTML image: a panel for each setting, with the mean over its runs and
    a band from lowest to highest.

    All panels have the same axes; every other setting is drawn in pale grey behind.

    Args:
        records: runs of one notebook.
        name: what the curve is called; in at least one run it has a finite point.

    Returns:
        The HTML.
    """
    groups: dict[tuple, list] = {}
    for record in records:
        if curve := record.curves.get(name):
            points = [(x, y) for x, y in zip(curve.x, curve.y, strict=False)
                      if x is not None and y is not None]
            if points:
                groups.setdefault(tables.setting(record), []).append(np.array(sorted(points)).T)
    means = {setting: _mean(lines) for setting, lines in groups.items()}
    shown = dict(list(means.items())[:MOST_PANELS])
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    fig, axes = plots.canvas(columns, rows, width=min(9.0, 2.25 * columns + 1.5),
                             height=2.1 * rows + 0.4, sharex=True, sharey=True, squeeze=False)
    for ax, (setting, (x, middle, low, high, n)) in zip(axes.flat, shown.items(), strict=False):
        for other, (x_other, middle_other, *_) in shown.items():
            if other != setting:
                ax.plot(x_other, middle_other, color="#bbbbbb", linewidth=0.6, zorder=1)
        ax.fill_between(x, low, high, color=plots.REAL["color"], alpha=0.25, linewidth=0, zorder=2)
        ax.plot(x, middle, color=plots.REAL["color"], linewidth=1.6, zorder=3)
        ax.set_title(f"{tables.in_words(setting)}\n{n} run{'s' * (n > 1)}", fontsize=8)
        ax.tick_params(labelsize=8)
    for ax in axes.flat[len(shown):]:
        ax.set_visible(False)
    fig.supylabel(name, fontsize=9)
    said = "; ".join(f"{tables.in_words(setting)}: {middle[0]:.3g} to {middle[-1]:.3g}"
                     for setting, (_, middle, *_) in shown.items())
    return plots.img(fig, f"The curve {name} for {len(shown)} of {len(means)} settings, mean and "
                          f"range over runs. First to last: {said}.")


def _mean(lines: list[np.ndarray]) -> tuple:
    """Lines (2, n) at the points of the first, as far as all reach: x, mean, lowest, highest, and
    how many lines.
    """
    x = lines[0][0]
    x = x[(x >= max(line[0][0] for line in lines)) & (x <= min(line[0][-1] for line in lines))]
    x = x if len(x) else lines[0][0]
    heights = np.stack([np.interp(x, *line) for line in lines])
    return x, heights.mean(0), heights.min(0), heights.max(0), len(lines)


def colour(place: float) -> tuple[str, str]:
    """Colours of a cell of the heat map, the same to the colour-blind.

    Args:
        place: where its number stands, 0 (dark) to 1 (light).

    Returns:
        The background, and the colour of text that is legible on it, as "#rrggbb".
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    background = colormaps["cividis"](place)
    linear = [(part / 12.92) if part <= 0.04045 else ((part + 0.055) / 1.055)**2.4
              for part in background[:3]]
    # as WCAG has it: above 0.179 black has the higher contrast
    luminance = np.dot(linear, (0.2126, 0.7152, 0.0722))
    return to_hex(background), "#000000" if luminance > 0.179 else "#ffffff"


class _Images(HTMLParser):
    """The images of a piece of HTML: (alt, PNG in base64)."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        head, _, data = (given.get("src") or "").partition("base64,")
        if tag == "img" and head == "data:image/png;" and given.get("alt"):
            self.found.append((given["alt"], data))


def of_notebook(path: Path, wanted: re.Pattern) -> list[tuple[int, str, str]]:
    """The figures of an executed notebook whose description matches.

    Args:
        path: the notebook.
        wanted: a pattern for the description.

    Returns:
        The place of the cell, the description, and the image as a data: address, of each.

    Raises:
        ValueError: the notebook is damaged; the message names it.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        pages = [(place, "".join(output.get("data", {}).get("text/html", "")))
                 for place, cell in enumerate(cells) for output in cell.get("outputs", [])]
        return [(place, alt, _small(data)) for place, page in pages if "<img" in page
                for alt, data in _Images(page).found if wanted.search(alt)]
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a notebook: {type(error).__name__}.") from None


def _small(data: str) -> str:
    """A PNG, at most WIDEST pixels wide and well packed: a report holds hundreds."""
    from PIL import Image

    picture = Image.open(io.BytesIO(base64.b64decode(data)), formats=["PNG"])
    picture.thumbnail((WIDEST, 4 * WIDEST))
    file = io.BytesIO()
    picture.convert("RGB").quantize(128).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def collected(records: Iterable[RunRecord]) -> list[dict]:
    """The images that the runs collected, those of one name together.

    Args:
        records: the runs.

    Returns:
        [{"notebook", "runs": [(record, name, image)], "small": True}]; they are shown enlarged.
    """
    groups: dict[tuple, list] = {}
    for record in records:
        for name, png in record.images.items():
            groups.setdefault((record.notebook, name), []).append(
                (record, name, f"data:image/png;base64,{png}"))
    return [{"notebook": notebook, "runs": runs, "small": True}
            for (notebook, _), runs in sorted(groups.items(), key=lambda pair: pair[0])]


def samples(out: Path, records: Iterable[RunRecord],
            wanted: re.Pattern) -> tuple[list[dict], list[str]]:
    """The matching figures of all runs, the same figure of every run together.

    Args:
        out: the batch's folder.
        records: the runs.
        wanted: a pattern for the descriptions.

    Returns:
        [{"notebook", "runs": [(record, description, image)], "small": False}], and what could not
        be read, in words.
    """
    groups: dict[tuple, list] = {}
    problems = []
    for record in records:
        path = out / "runs" / record.name / NOTEBOOK
        try:
            for number, (place, alt,
                         image) in enumerate(of_notebook(path, wanted) if path.exists() else []):
                groups.setdefault((record.notebook, place, number), []).append((record, alt, image))
        except ValueError as error:
            problems.append(str(error))
    shown = sorted(groups.items(), key=lambda pair: pair[0])
    return [{"notebook": notebook, "runs": runs, "small": False}
            for (notebook, *_), runs in shown], problems
