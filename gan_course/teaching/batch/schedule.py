"""A batch from its first run to its last: what is still to do, who does it, and every end written
down at once.

A run counts as done when its record is there and its hash is that of today: a batch that was broken
off, even by signal 9, goes on where it was. What does the runs is a pool: `local.Local` on this
machine, `cluster.Cluster` on others.
"""
import queue
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from gan_course import files, jobs
from gan_course.teaching.batch.execute import Finished, lost
from gan_course.teaching.batch.record import LOG, NOTEBOOK, RECORD, RunRecord, read, write
from gan_course.teaching.batch.run import Run, package_hash
from gan_course.teaching.batch.screen import Screen


def missing(runs: list[Run], out: Path, retry: bool = False, force: bool = False) -> list[Run]:
    """The runs still to do: those without a record, those that were broken off, and those done with
    other code.

    Args:
        runs: all runs of the batch.
        out: the batch's folder.
        retry: those that failed, too.
        force: all of them.

    Raises:
        ValueError: a record is damaged, or a run's folder leads out of `out`.
    """
    package, inside = package_hash(), (out / "runs").resolve()

    def done(run):
        folder = out / "runs" / run.name
        if folder.resolve().parent != inside or not inside.is_relative_to(out.resolve()):
            raise ValueError(f"{folder} is a link that leads out of {out}. Remove it.")
        record = read(folder)
        if force or record is None or record.status == "interrupted" or record.hash != run.hash(
                package):
            return False
        return record.ok or not retry
    return [run for run in runs if not done(run)]


def work(todo: list[Run], out: Path, pool, screen: Screen) -> bool:
    """Do the runs, as many at a time as the pool has slots, and write each down as it ends.

    Ctrl-C once begins no more runs, twice stops those that run.

    Args:
        todo: the runs.
        out: the batch's folder.
        pool: what does them, `Local` or `Cluster`.
        screen: what shows how it goes.

    Returns:
        False when someone stopped it before every run had come to its end.
    """
    waiting, running, ended = deque(todo), {}, queue.SimpleQueue()
    cut_off = False
    with jobs.requests_to_stop() as asked:
        while running or (waiting and not asked):
            while waiting and not asked and len(running) < pool.slots():
                future = pool.submit(run := waiting.popleft())
                running[future] = run, time.monotonic()
                future.add_done_callback(ended.put)
            screen.draw(len(waiting), {run.name: began for run, began in running.values()},
                        pool.slots(), len(asked))
            if len(asked) > 1:
                pool.stop()
            try:
                future = ended.get(timeout=0.2)
            except queue.Empty:
                continue
            run, _ = running.pop(future)
            finished = _finished(run, future)
            save(out, finished)
            screen.ended(finished.record)
            cut_off |= finished.record.status == "interrupted"
    return not (waiting or cut_off)


def save(out: Path, finished: Finished) -> None:
    """Write a run's notebook and log, and then its record, which says that all is there.

    Args:
        out: the batch's folder.
        finished: the run that has ended.
    """
    folder = out / "runs" / finished.record.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).unlink(missing_ok=True)
    (folder / NOTEBOOK).unlink(missing_ok=True)
    if finished.notebook:
        files.write(folder / NOTEBOOK, finished.notebook)
    files.write(folder / LOG, finished.log)
    write(folder, finished.record)


def records(runs: list[Run], out: Path) -> list[RunRecord]:
    """The records of those of the runs that have ended.

    Args:
        runs: the runs.
        out: the batch's folder.
    """
    return [record for run in runs if (record := read(out / "runs" / run.name))]


def _finished(run: Run, future: Future) -> Finished:
    if future.cancelled():
        return lost(run, "interrupted", "Stopped before it had ended.")
    try:
        return future.result()
    except Exception as error:  # the disk is full, or worker after worker died under this run
        return lost(run, "kernel died", f"The run was lost: {type(error).__name__}: {error}")
