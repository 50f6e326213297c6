"""How long a batch will take, from the runs that there have been."""
from collections.abc import Iterable
from pathlib import Path

from gan_course.lessons import catalogue
from gan_course.teaching.batch.record import read_all
from gan_course.teaching.batch.run import Run
from gan_course.teaching.formats import duration


def seconds(runs: Iterable[Run], out: Path) -> list[float | None]:
    """How long each run may take.

    Args:
        runs: the runs.
        out: the batch's folder, in which earlier runs may lie.

    Returns:
        Of each run the mean time of the earlier runs with its notebook and profile; without any,
        what a notebook of the course says of itself for a laptop; None where nothing is known.
    """
    earlier: dict[tuple[str, str], list[float]] = {}
    for record in read_all(out):
        if record.ok:
            earlier.setdefault((record.notebook, record.profile), []).append(record.seconds)
    known = {kind: sum(each) / len(each) for kind, each in earlier.items()}
    for entry in catalogue.notebooks():
        known.setdefault((entry.path.stem, "laptop"), 60.0 * entry.minutes)
    return [known.get((run.notebook, run.profile)) for run in runs]


def words(runs: list[Run], todo: list[Run], out: Path, slots: int) -> str:
    """How much there is to do, in a sentence.

    Args:
        runs: all runs of the batch.
        todo: those still to do.
        out: the batch's folder.
        slots: how many run at a time.
    """
    known = seconds(todo, out)
    if None in known:
        time = "; how long they take is not known yet"
    else:
        time = f", about {duration(sum(known) / max(slots, 1))}" if todo else ""
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return (f"{count} in {out}: {len(runs) - len(todo)} done before, {len(todo)} to do, "
            f"{slots} at a time{time}.")
