"""A finished batch as one small file: what sliders show of it, without training anything.

    sweep = load("03")                              the one in data/sweeps
    sweep = load("out/where_gans_train")            a batch's folder, or a file that `save` wrote
    sweep.at(latent_dim=2, lr_D=1e-3)               the runs with these settings, one for each seed
    fig = picture(sweep, "agreement", latent_dim=2, lr_D=1e-3)

    gan-course sweep out/where_gans_train -o data/sweeps/03_first_gan.json
"""
import base64
import io
import json
from pathlib import Path
from statistics import fmean
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from pydantic import BaseModel, ValidationError

from gan_course import files, plots
from gan_course.lessons.results import REPEATED, Curve, Value
from gan_course.paths import DATA, ROOT

FOLDER = DATA / "sweeps"
CURVE_POINTS = 60
COLOURS = 128


class SweepRun(BaseModel):
    """What a sweep keeps of the record of a run (`batch.record.RunRecord`)."""

    name: str
    notebook: str
    profile: str
    status: str
    axes: dict[str, Value]
    metrics: dict[str, float | None]
    curves: dict[str, Curve]
    images: dict[str, str]                                          # PNG in base64
    versions: dict[str, str]


class Sweep(BaseModel):
    """The runs of one notebook with different settings, from several seeds each."""

    version: Literal[1] = 1
    runs: list[SweepRun]

    @property
    def notebook(self) -> str:
        """The notebook of all runs, "03_first_gan"."""
        return self.runs[0].notebook

    @property
    def axes(self) -> dict[str, list[Value]]:
        """What varies but for the seed, with its values in order.

        What only varies together is there once, under its first name.
        """
        found = {}
        for name in self.runs[0].axes:
            values = sorted({run.axes[name] for run in self.runs}, key=lambda value:
                            (isinstance(value, str), value))
            if name not in REPEATED and len(values) > 1 and not any(
                    self._together(name, other) for other in found):
                found[name] = values
        return found

    def twins(self, axis: str) -> list[str]:
        """The names of what varies together with `axis`, itself first."""
        return [
            axis, *(name for name in self.runs[0].axes
                    if name not in (axis, *REPEATED) and self._together(axis, name))
        ]

    @property
    def numbers(self) -> list[str]:
        """The names of the collected numbers, in order."""
        return list(dict.fromkeys(name for run in self.runs for name in run.metrics))

    def at(self, **settings: Value) -> list[SweepRun]:
        """The runs with these settings, in the order of their names; none if there are none."""
        return [
            run for run in self.runs if all(
                run.axes.get(name) == value for name, value in settings.items())
        ]

    def values(self, number: str, **settings: Value) -> list[float]:
        """A number of each run with these settings, but for runs that failed or do not have it."""
        return [run.metrics[number] for run in self.at(**settings)
                if run.status in ("ok", "claim failed") and run.metrics.get(number) is not None]

    def _together(self, one: str, other: str) -> bool:
        """Whether two axes have the same value in every run."""
        return all(run.axes[one] == run.axes[other] for run in self.runs)


def load(source: str | Path) -> Sweep:
    """The sweep in a file, in a batch's folder, or the one that comes with the course.

    Args:
        source: a path, or the number of a notebook ("03"). A relative path is looked for where the
            user stands, and then in the course's folder.

    Raises:
        ValueError: a file is damaged or missing, which the message names; or the batch has no run
            that has ended, several notebooks, no setting that varies, or no number.
    """
    if len(str(source)) == 2:
        path = next(FOLDER.glob(f"{source}_*.json"), FOLDER / f"{source}.json")
    else:
        path = Path(source).expanduser()
        # notebooks run in their own folder
        path = path if path.exists() or path.is_absolute() else ROOT / path
    records = path / "runs"
    if not path.is_file() and not records.is_dir():
        raise ValueError(f"There is no sweep at {path}. Give the folder of a finished batch, which "
                         "has runs/ in it, or a file that gan-course sweep wrote.")
    files = sorted(records.glob("*/run.json")) if records.is_dir() else [path]
    found = []
    for file in files:
        try:
            content = file.read_bytes()
            found += [SweepRun.model_validate_json(content)
                      ] if records.is_dir() else Sweep.model_validate_json(content).runs
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(map(str, wrong["loc"]))
            raise ValueError(f"{file} is not a sweep and not the record of a run "
                             f"({where + ': ' * bool(where)}{wrong['msg']}).") from None
    notebooks = {run.notebook for run in found}
    if len(notebooks) != 1:
        raise ValueError(f"A sweep is of one notebook, {path} has "
                         f"{', '.join(sorted(notebooks)) or 'no run that has ended'}.")
    if any(run.axes.keys() != found[0].axes.keys() for run in found):
        raise ValueError(f"The runs in {path} do not vary in the same settings; they are of "
                         "different batches.")
    sweep = Sweep(runs=found)
    if not sweep.axes or not sweep.numbers:
        why = "collected no number" if sweep.axes else "differ in nothing but their seed"
        raise ValueError(f"The runs in {path} {why}: there is nothing to put under sliders.")
    return sweep


def save(sweep: Sweep, path: Path) -> None:
    """Write the sweep as one JSON file, whole or not at all.

    Of each setting the images of one run are kept, in `COLOURS` colours, and the curves are thinned
    to `CURVE_POINTS` points and four digits.

    Args:
        sweep: the sweep.
        path: the file.

    Raises:
        OSError: it cannot be written.
    """
    content, seen = sweep.model_dump(), set()
    for run in content["runs"]:
        setting = tuple(run["axes"][axis] for axis in sweep.axes)
        run["images"] = {} if setting in seen else {
            name: _fewer_colours(png) for name, png in run["images"].items()
        }
        seen |= {setting} if run["images"] else set()
        for curve in run["curves"].values():
            kept = np.unique(np.linspace(0,
                                         len(curve["x"]) -
                                         1, CURVE_POINTS).astype(int)) if curve["x"] else []
            curve |= {
                axis: [
                    None if curve[axis][i] is None else float(f"{curve[axis][i]:.4g}") for i in kept
                ] for axis in "xy"
            }
    files.write(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


def _fewer_colours(png: str) -> str:
    file = io.BytesIO()
    _opened(png).convert("RGB").quantize(COLOURS).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _opened(png: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(png)), formats=["PNG"])


# the picture

def picture(sweep: Sweep, number: str, **settings: Value) -> Figure:
    """One place of the sweep: the map of a number with this place marked, the curves of its runs,
    and the images of the first of them.

    Args:
        sweep: the sweep.
        number: which of `sweep.numbers` the map shows.
        settings: the place, a value for each of `sweep.axes`.

    Returns:
        The figure.
    """
    here = sweep.at(**settings)
    shown = next((run for run in here if run.images), None)
    fig, axes = plots.canvas(2, 2 if shown else 1, height=5.2 if shown else 2.8, squeeze=False)
    _map(axes[0][0], sweep, number, settings)
    _curves(axes[0][1], here)
    if shown:
        for ax in axes[1]:
            ax.remove()
        ax = fig.add_subplot(axes[1][0].get_gridspec()[1, :])
        name, png = next(iter(shown.images.items()))
        ax.imshow(np.asarray(_opened(png).convert("RGB")), interpolation="nearest")
        ax.set_title(f"{name} (seed {shown.axes['seed']})" if "seed" in shown.axes else name,
                     fontsize=10)
        ax.axis("off")
    return fig


def describe(sweep: Sweep, number: str, **settings: Value) -> str:
    """What `picture` shows, in a sentence.

    Args:
        sweep, number, settings: as of `picture`.
    """
    here = sweep.at(**settings)
    where = ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                      for name, value in settings.items())
    values = sweep.values(number, **settings)
    if not here:
        return f"At {where} nothing was run."
    found = f"no {number}"
    if values:
        found = (f"{number.replace('_', ' ')} {fmean(values):.3g} "
                 f"({min(values):.3g} to {max(values):.3g})")
    well = sum(run.status == "ok" for run in here)
    return f"At {where}: {found} over {len(here)} runs, {well} of which held all claims."


def _map(ax, sweep: Sweep, number: str, settings: dict[str, Value]) -> None:
    """The mean of `number` over the first two axes, the others as they are set; over one axis a
    row.
    """
    across, *down = [name for name in sweep.axes][::-1][:2]
    columns, rows = sweep.axes[across], sweep.axes[down[0]] if down else [None]
    means = np.full((len(rows), len(columns)), np.nan)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            place = settings | {across: column} | ({down[0]: row} if down else {})
            values = sweep.values(number, **place)
            means[i, j] = np.mean(values) if values else np.nan
    ax.imshow(means, cmap="cividis", aspect="auto")
    low, high = (np.nanmin(means), np.nanmax(means)) if np.isfinite(means).any() else (0, 1)
    for i, j in np.ndindex(means.shape):
        dark = np.isfinite(means[i, j]) and means[i, j] < (low + high) / 2
        ax.text(j, i, f"{means[i, j]:.3g}" if np.isfinite(means[i, j]) else "–", ha="center",
                va="center", fontsize=9, color="white" if dark else "black")
    ax.set_xticks(range(len(columns)), [_short(value) for value in columns])
    ax.set_yticks(range(len(rows)), [_short(value) for value in rows] if down else [])
    ax.set(xlabel=" = ".join(sweep.twins(across)),
           ylabel=" = ".join(sweep.twins(down[0])) if down else "",
           title=f"{number.replace('_', ' ')}, mean over seeds")
    x, y = columns.index(settings[across]), rows.index(settings[down[0]]) if down else 0
    ax.add_patch(_frame(x, y))
    ax.spines[:].set_visible(False)


def _frame(x: int, y: int):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, fill=False, edgecolor=plots.FAKE["color"],
                     linewidth=3)


def _curves(ax, here: list[SweepRun]) -> None:
    """Each collected curve: the mean over the runs and a band from the lowest to the highest."""
    looks = [plots.D_LINE, plots.G_LINE, plots.THIRD_LINE]
    names = list(dict.fromkeys(name for run in here for name in run.curves))
    for name, look in zip(names, looks, strict=False):
        lines = [(run.curves[name].x, np.array(run.curves[name].y, float)) for run in here
                 if name in run.curves]
        x, heights = lines[0][0], np.stack(
            [line for _, line in lines if len(line) == len(lines[0][0])])
        ax.fill_between(x, heights.min(0), heights.max(0), color=look["color"], alpha=0.2,
                        linewidth=0)
        ax.plot(x, heights.mean(0), label=name, **look)
    ax.set(xlabel="round", title=f"{len(here)} run{'s' * (len(here) != 1)}: mean, lowest and "
                                 "highest" if here else "not run")
    if names:
        ax.legend(fontsize=9)


def _short(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
