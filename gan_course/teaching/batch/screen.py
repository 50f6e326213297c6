"""What a batch shows in the terminal: a live table where there is one, a line for each end
elsewhere.
"""
import sys
import time
from pathlib import Path

from gan_course.teaching.batch.record import RunRecord
from gan_course.teaching.formats import duration

MANY = 40                                                           # rows for runs at work


class Screen:
    """A line for each run that has ended, and a word when someone wants to stop.

    Args:
        total: how many runs there are to do.
        expected: the seconds that a run may take, from earlier ones.
    """

    def __init__(self, total: int, expected: float | None = None):
        # how many runs to do; seconds a run may take, from earlier ones
        self.total, self.expected = total, expected
        self.records: list[RunRecord] = []                             # of those that have ended
        self.asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def ended(self, record: RunRecord) -> None:
        """Take down a run that has ended, and say so."""
        self.records.append(record)
        self.say(f"[{len(self.records)}/{self.total}] {describe(record)}")

    def draw(self, waiting: int, running: dict[str, float], slots: int, asked: int) -> None:
        """Show how things stand.

        Args:
            waiting: how many runs wait.
            running: the runs under way, name -> since when, in `time.monotonic()`'s seconds.
            slots: how many can run at a time.
            asked: how often someone pressed Ctrl-C.
        """
        if asked and not self.asked:
            self.say(f"Begins no more; waits for the {len(running)} that run. Ctrl-C again stops "
                     "them.")
        self.asked = asked

    def say(self, text: str) -> None:
        """Print a text that stays."""
        print(text, flush=True)

    def left(self, waiting: int, running: dict[str, float], slots: int) -> float | None:
        """How long the batch still takes, judged by the runs that have ended.

        Args:
            waiting, running, slots: as of `draw`.

        Returns:
            Seconds; None while there is nothing to go by.
        """
        seconds = [record.seconds for record in self.records]
        each = sum(seconds) / len(seconds) if seconds else self.expected
        if each is None:
            return None
        begun = sum(max(each - (time.monotonic() - began), 0) for began in running.values())
        return (begun + each * waiting) / max(slots, 1)


class Table(Screen):
    """The same as a table that stays where it is, with what runs and the time left.

    Needs the package rich.
    """

    def __enter__(self):
        from rich.live import Live

        self.live = Live(auto_refresh=False, transient=True)
        self.live.start()
        self.drawn = 0.0
        return self

    def __exit__(self, *_):
        self.live.stop()

    def say(self, text: str) -> None:
        self.live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def draw(self, waiting: int, running: dict[str, float], slots: int, asked: int) -> None:
        super().draw(waiting, running, slots, asked)
        if time.monotonic() - self.drawn > 0.5:
            self.drawn = time.monotonic()
            self.live.update(self.table(waiting, running, slots), refresh=True)

    def table(self, waiting: int, running: dict[str, float], slots: int):
        """The runs under way as a table of rich, with a line above that counts all."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        left, failed = self.left(waiting, running,
                                 slots), sum(not record.ok for record in self.records)
        counts = (f"{len(self.records) - failed} ok · {failed} failed · {len(running)} running · "
                  f"{waiting} waiting")
        table = Table.grid("run", "time", padding=(0, 2))
        for name, began in list(running.items())[:MANY]:
            table.add_row(Text(name), duration(time.monotonic() - began))
        return Group(
            Text(counts + (f" · about {duration(left)} left" if left is not None else ""),
                 style="bold"), table)


def screen(total: int, expected: float | None) -> Screen:
    """What suits where the output goes: a table in a terminal, lines elsewhere.

    Args:
        total, expected: as of `Screen`.

    Returns:
        A `Table` in a terminal where rich is installed, else a `Screen`.
    """
    try:
        import rich  # noqa: F401
    except ImportError:
        return Screen(total, expected)
    return (Table if sys.stdout.isatty() else Screen)(total, expected)


def describe(record: RunRecord) -> str:
    """An ended run in a line, and why it failed in a second one."""
    why = "" if record.ok else f"\n    {record.message[:300]}"
    return f"{record.status:<13} {duration(record.seconds):>7}  {record.name}{why}"


def summary(records: list[RunRecord], total: int, out: Path) -> str:
    """How all the runs of a manifest stand, and where the results lie.

    Args:
        records: of the runs that have ended.
        total: how many runs there are in all.
        out: the batch's folder.
    """
    well = [record for record in records if record.ok]
    bad = [record for record in records if record.status not in ("ok", "interrupted")]
    counts = (f"{len(well)} of {total} runs are well, {len(bad)} failed, "
              f"{total - len(well) - len(bad)} are still to do.")
    failures = ["Not well (--retry does these again):", *map(describe, bad), ""] if bad else []
    return "\n".join(["", *failures, f"{counts} Results: {out}"])
