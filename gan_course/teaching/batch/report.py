"""The report on a batch: one page, with all that it needs inside, and the runs as tables.

    report.html                what happened, where GANs train, curves, samples, claims, failures,
                               what it cost
    runs.csv, runs.parquet     a row for each run
    runs/<name>/notebook.html  with `html`: each executed notebook, to read without Jupyter and
                               without a network
"""
import itertools
import re
from pathlib import Path
from typing import get_args

from gan_course.teaching import pages
from gan_course.teaching.batch import record, tables
from gan_course.teaching.batch.record import RunRecord, Status

SIGNS = dict.fromkeys(get_args(Status), "✗") | {
    "ok": "✓", "claim failed": "≠", "interrupted": "‖"
}
FIGURES = r"\bsamples?\b"


def read(out: Path) -> tuple[list[RunRecord], list[str]]:
    """The records of the runs that have ended.

    Args:
        out: the batch's folder.

    Returns:
        The records in the order of their settings, and what is wrong with damaged ones, in words.

    Raises:
        ValueError: there is nothing to report on.
    """
    found, damaged = [], []
    folders = sorted(path for path in (out / "runs").glob("*/") if not path.is_symlink())
    for folder in folders:
        try:
            if (one := record.read(folder)) and one.name != folder.name:
                raise ValueError(f"{folder / record.RECORD} says that it is of the run {one.name}. "
                                 "Was the folder renamed or copied?")
            found += [one] if one else []
        except (ValueError, OSError) as error:
            damaged.append(str(error))
    if not found and not damaged:
        raise ValueError(f"{out / 'runs'} holds no run that has ended. A batch writes there: "
                         f"gan-course batch MANIFEST.yaml -o {out}.")
    return sorted(found, key=tables.order), damaged


def write(out: Path, x: str | None = None, y: str | None = None, value: str | None = None,
          figures: str = FIGURES, html: bool = False) -> Path:
    """Write the report and the tables into the batch's folder.

    Args:
        out: the batch's folder.
        x, y: the axes of the heat map that comes first; by default the first two that vary.
        value: the number that it shows; by default the first that was collected.
        figures: a pattern for the descriptions of the notebooks' figures that are shown.
        html: whether to render the executed notebooks, too.

    Returns:
        The page.

    Raises:
        ValueError: there is no such axis or number, the pattern is none, or there are no runs.
        ModuleNotFoundError: a package is missing; the message says what to install.
    """
    try:
        wanted = re.compile(figures, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"--figures {figures!r} is not a pattern: {error}.") from None
    records, damaged = read(out)
    by_notebook = {
        name: list(group) for name, group in itertools.groupby(records, lambda run: run.notebook)
    }
    maps = _maps(by_notebook, x, y, value)
    tables.save(out, records)
    from gan_course.teaching.batch import figures as pictures

    galleries, unread = pictures.samples(out, records, wanted)
    galleries += pictures.collected(records)
    notebooks = _notebooks(out, records, damaged) if html else set()
    page = out / "report.html"
    pages.write(
        page, "report.html", out=out.resolve().name, records=records, damaged=damaged + unread,
        signs=SIGNS, maps=maps, curves=[(notebook, name, pictures.curves(runs, name))
                                        for notebook, runs in by_notebook.items()
                                        for name in _curves(runs)], galleries=galleries,
        claims=_claims(records), cost=_cost(records), notebooks=notebooks, in_words=tables.in_words,
        colour=pictures.colour, varied=list(_axes(records)), numbers=tables.names(records),
        number_of=tables.number, most_memory=max((run.peak_memory_mb or 0 for run in records),
                                                 default=0))
    return page


def _maps(by_notebook: dict[str, list[RunRecord]], x, y, value) -> list[tuple[str, tables.Map]]:
    """(notebook, map) of every number over every pair of axes, those that were asked for first."""
    found = []
    for notebook, runs in by_notebook.items():
        for number, pair in itertools.product(tables.names(runs),
                                              itertools.combinations(tables.axes(runs), 2)):
            across, down = pair[::-1] if x == pair[1] or y == pair[0] else pair
            found.append((notebook, tables.heat_map(runs, across, down, number)))
    axes = dict.fromkeys(name for runs in by_notebook.values() for name in tables.axes(runs))
    numbers = dict.fromkeys(name for runs in by_notebook.values() for name in tables.names(runs))
    for name in filter(None, (x, y)):
        if name not in axes:
            raise ValueError(f"{name} does not vary in this batch. What varies: "
                             f"{', '.join(axes) or 'nothing but seeds'}.")
    if value and value not in numbers:
        raise ValueError(f"No run has a number called {value!r}. There are: {', '.join(numbers)}.")

    def asked(map):
        return all(wish in (None, has)
                   for wish, has in ((x, map.x), (y, map.y), (value, map.value)))

    if any((x, y, value)) and not any(asked(map) for _, map in found):
        raise ValueError("No notebook of this batch has that number over these two axes.")
    return sorted(found, key=lambda pair: not asked(pair[1]))


def _curves(runs: list[RunRecord]) -> list[str]:
    """The names of the curves that have a finite point in some run."""
    return list(dict.fromkeys(
        name for run in runs for name, curve in run.curves.items()
        if any(None not in point for point in zip(curve.x, curve.y, strict=False))))


def _axes(records: list[RunRecord]) -> dict[str, None]:
    return dict.fromkeys(name for record in records for name in record.axes)


def _claims(records: list[RunRecord]) -> list[dict]:
    """Each claim over all runs that judged it, those that missed most often first."""
    found: dict[tuple, dict] = {}
    for run in records:
        for claim in run.claims:
            row = found.setdefault((run.notebook, claim.text), {
                "notebook": run.notebook, "text": claim.text, "held": 0, "judged": 0,
                "precomputed": claim.precomputed, "missed": []
            })
            row["judged"] += claim.judged
            row["held"] += claim.judged and claim.held
            if claim.judged and not claim.held:
                row["missed"].append((run, claim.numbers))
    return sorted(found.values(), key=lambda row:
                  (-len(row["missed"]) / max(row["judged"], 1), row["notebook"]))


def _cost(records: list[RunRecord]) -> list[dict]:
    """What the runs of each notebook took."""
    rows = []
    for notebook in dict.fromkeys(run.notebook for run in records):
        runs = [run for run in records if run.notebook == notebook]
        cpu = [run.cpu_seconds for run in runs]
        memory = [run.peak_memory_mb for run in runs if run.peak_memory_mb is not None]
        rows.append({
            "notebook": notebook, "runs": len(runs), "seconds": sum(run.seconds for run in runs),
            "each": sum(run.seconds for run in runs) / len(runs), "longest": max(run.seconds
                                                                                 for run in runs),
            "overhead": sum(run.overhead_seconds for run in runs) / len(runs),
            "cpu": None if None in cpu else sum(cpu), "memory": max(memory, default=None),
            "threads": ", ".join(sorted({str(run.threads or "all") for run in runs
                                         })), "machines": len({run.worker for run in runs})
        })
    return rows


def _notebooks(out: Path, records: list[RunRecord], damaged: list[str]) -> set[str]:
    """Render the executed notebooks; the names of the runs that have one."""
    from gan_course.teaching.batch.reading import render

    found = set()
    for run in records:
        folder = out / "runs" / run.name
        try:
            if (folder / record.NOTEBOOK).exists():
                render(folder / record.NOTEBOOK, folder / "notebook.html",
                       f"{run.notebook}: {tables.in_words(run.axes.items())}")
                found.add(run.name)
        except ValueError as error:
            damaged.append(str(error))
    return found
