"""Records as tables: one row a run, and one cell for each pair of settings, with the spread over
what else varies (seeds, as a rule).
"""
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev

from gan_course import files
from gan_course.lessons.results import REPEATED, Value
from gan_course.teaching.batch.record import RunRecord

DERIVED = ("claims held", "seconds")                                # numbers that every run has


def number(record: RunRecord, name: str) -> float | None:
    """A number of a run.

    Args:
        record: the run.
        name: a collected metric, or one of `DERIVED`.

    Returns:
        The number; None if there is none, as with a run that failed.
    """
    if name in record.metrics:
        return record.metrics[name]
    if name == "claims held":
        judged = [claim.held for claim in record.claims if claim.judged]
        return fmean(judged) if judged else None
    return record.seconds if name == "seconds" else None


def names(records: Iterable[RunRecord]) -> list[str]:
    """The names of the numbers that some run has, the collected ones first, in the order in which
    they came.
    """
    found = dict.fromkeys(name for record in records for name in record.metrics)
    return [
        *found,
        *(name for name in DERIVED
          if name not in found and any(number(record, name) is not None for record in records))
    ]


def axes(records: Iterable[RunRecord]) -> dict[str, list[Value]]:
    """What varies in a batch, without seed and repeat.

    Args:
        records: the runs.

    Returns:
        The values of each setting that has several, in order.
    """
    found: dict[str, list] = {}
    for record in records:
        for name, value in record.axes.items():
            if name not in REPEATED and value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: sorted(values, key=_order) for name, values in found.items() if len(values) > 1}


def setting(record: RunRecord) -> tuple[tuple[str, Value], ...]:
    """The settings of a run, without seed and repeat: runs with the same differ by chance only."""
    return tuple((name, value) for name, value in record.axes.items() if name not in REPEATED)


def order(record: RunRecord) -> tuple:
    """What to sort runs by: the notebook, then the settings, numbers by their size, then the name.
    """
    return record.notebook, [(name, _order(value))
                             for name, value in record.axes.items()], record.name


def in_words(setting: Iterable[tuple[str, Value]]) -> str:
    """Settings as “latent_dim 2, lr_D 0.001”."""
    return ", ".join(f"{name} {_value(value)}"
                     for name, value in setting) or "as the notebook has it"


@dataclass
class MapCell:
    """All runs with the same two settings.

    Args:
        values: their numbers.
        runs: how many there are.
        failed: how many of them did not end well.
    """

    values: list[float] = field(default_factory=list)
    runs: int = 0
    failed: int = 0

    @property
    def mean(self) -> float | None:
        """The mean of the numbers; None without any."""
        return fmean(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """The standard deviation of two or more numbers."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass
class Map:
    """One number over two axes.

    Args:
        x, y: the axes, across and down.
        value: the number.
        columns, rows: the values of the two axes.
        cells: `cells[row][column]`, top row first.
        others: what else varied, and is averaged over.
    """

    x: str
    y: str
    value: str
    columns: list[Value]
    rows: list[Value]
    cells: list[list[MapCell]]
    others: list[str]

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest mean."""
        means = [cell.mean for row in self.cells for cell in row if cell.mean is not None]
        return (min(means), max(means)) if means else (0.0, 0.0)

    def place(self, cell: MapCell) -> float:
        """Where the cell's mean stands between the ends, 0 to 1."""
        low, high = self.ends
        return (cell.mean - low) / (high - low) if high > low else 0.5


def heat_map(records: list[RunRecord], x: str, y: str, value: str) -> Map:
    """A number over two settings.

    Args:
        records: runs of one notebook.
        x, y: the settings across and down, both of which vary.
        value: the number.

    Returns:
        The map, each cell with the runs that have its two settings.
    """
    known = axes(records)
    cells = [[MapCell() for _ in known[x]] for _ in known[y]]
    for record in records:
        if x in record.axes and y in record.axes:
            cell = cells[known[y].index(record.axes[y])][known[x].index(record.axes[x])]
            found = number(record, value)
            cell.runs += 1
            cell.failed += not record.ok
            cell.values += [
                found
            ] if found is not None and (record.ok or record.status == "claim failed") else []
    shown = [[record.axes.get(name) for record in records] for name in (x, y)]
    # but what goes with x or y
    others = [name for name in known if [record.axes.get(name) for record in records] not in shown]
    return Map(x, y, value, known[x], known[y], cells, others)


def save(out: Path, records: list[RunRecord]) -> None:
    """Write runs.csv and runs.parquet, a row for each run.

    Args:
        out: the folder.
        records: the runs.

    Raises:
        ModuleNotFoundError: pandas or pyarrow is missing; the message says what to install.
    """
    try:
        import pandas
        import pyarrow  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Tables need pandas and pyarrow: pip install -e '.[batch]' in "
                                  "the course's folder brings them.") from None
    frame = pandas.DataFrame([_row(record) for record in records])
    for name in frame.columns[[kind.kind == "O" for kind in frame.dtypes]]:
        # numbers and words in one column: Parquet takes one kind only
        if frame[name].dropna().map(type).nunique() > 1:
            frame[name] = frame[name].map(lambda value: value
                                          if value is None or value != value else str(value))
    for name, write in (("runs.csv", lambda file: frame.to_csv(file, index=False)),
                        ("runs.parquet", frame.to_parquet)):
        with files.written_whole(out / name) as temporary:
            write(temporary)


def _row(record: RunRecord) -> dict:
    known = {
        "name", "notebook", "status", "message", "profile", "device", "started", "seconds",
        "overhead_seconds", "cpu_seconds", "peak_memory_mb", "threads", "hash", "worker"
    }
    judged = [claim for claim in record.claims if claim.judged]
    row = record.model_dump(include=known, mode="json")
    row |= {f"parameter.{name}": value for name, value in record.parameters.items()}
    row |= {
        f"axis.{name}": value for name, value in record.axes.items()
        if name not in record.parameters
    }
    row |= {f"metric.{name}": value for name, value in record.metrics.items()}
    row |= {"claims judged": len(judged), "claims held": sum(claim.held for claim in judged)}
    return row | {f"version.{name}": value for name, value in record.versions.items()}


def _order(value: Value):
    """Numbers before words, each in their own order."""
    return (0, value,
            "") if isinstance(value, int | float) and not math.isnan(value) else (1, 0, str(value))


def _value(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
