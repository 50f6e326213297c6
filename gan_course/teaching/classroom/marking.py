"""One learner's exercises, marked by a process that never runs the learner's code.

The learner's functions run in another process (`replay`), confined as far as the system can
(`confine`). It may say whatever it likes, on a channel that is read up to a limit and never
unpickled. A verdict of "right" counts only with its evidence: what the learner's functions gave for
the inputs of the check, which is compared here with what the course's own give. So a function that
changes the checker, prints a verdict or writes to the channel has to come up with the right numbers
all the same. What remains possible: to fetch them from the course's own solutions, which every
learner can read anyway. "Right" says that right answers came, not who wrote them.
"""
import functools
import json
import threading
from dataclasses import dataclass, field

from gan_course.lessons import exercises
from gan_course.teaching.classroom import confine
from gan_course.teaching.classroom.process import Message, Replay
from gan_course.teaching.classroom.replay import written

LEAST_SECONDS = 0.5
"""With less than this left no other process is started."""


@dataclass(frozen=True)
class Result:
    """What came of one exercise.

    Args:
        key: the exercise.
        outcome: right, wrong, not yet (nothing written), missing, crashed, out of time or forged.
        id: the message of the check, by its name.
        says: the message itself.
        printed: what the learner's code printed.
    """

    key: str
    outcome: str
    id: str = ""
    says: str = ""
    printed: str = ""


Results = dict[tuple[str, str], Result]
"""What came of each exercise of each notebook, by (file name, key)."""


def mark(cells: list[tuple[str, str]],
          allowed: confine.Allowance) -> tuple[Results, list[str]]:
    """Mark the functions that a learner's notebooks hand to a check.

    A process that dies takes the exercise with it that it was at; the others go on in a new one,
    until the time is used up.

    Args:
        cells: (notebook, source) of each code cell.
        allowed: what the learner's code may take.

    Returns:
        The results, and how the process was shut in, in words.

    Raises:
        RuntimeError: no process can be started on this machine.
    """
    exercises.prepare()                                             # before the clock runs
    sheet, left, words = _Sheet(cells), allowed.seconds, []
    while True:
        task = {"cells": cells, "known": sheet.known, "dead": sheet.dead}
        with Replay(task, allowed, left) as replay:
            for message in replay:
                sheet.take(message)
        if replay.ready is None:
            raise RuntimeError(f"The process for the check did not start. {replay.ended}")
        words, left = confine.in_words(replay.ready.limits), left - replay.seconds
        if replay.done:
            sheet.give_up("crashed", "No verdict came.")
        elif left <= LEAST_SECONDS:
            sheet.give_up("out of time", replay.ended)
        elif not sheet.passes_over_the_cell(replay.ended):
            sheet.give_up("crashed", replay.ended)
        if not sheet.open():
            return sheet.results, words


@dataclass
class _Sheet:
    """What is known so far of the checks in a submission.

    `keys` are those of the checks by the place of their cell, said before anything of the learner's
    runs; `at` is the cell at which the process is by its own account.
    """

    cells: list[tuple[str, str]]
    keys: dict[int, list[str]] | None = None
    at: int | None = None
    dead: list[int] = field(default_factory=list)
    results: Results = field(default_factory=dict)

    @property
    def known(self) -> list[int]:
        """The cells whose checks have all a result."""
        return [place for place in self.keys or {} if not self._waiting(place)]

    def take(self, message: Message) -> None:
        """Take down what the process said."""
        if message.found is not None and self.keys is None:
            self.keys = {int(place): keys for place, keys in message.found.items()}
        elif message.cell is not None:
            self.at = min(max(message.cell, 0), len(self.cells) - 1)
        elif message.key and self.at is not None:
            its = self.cells[self.at][0], message.key
            if its in self._expected():
                self.results[its] = _believed(message)

    def open(self) -> bool:
        """Whether a check still waits for its result."""
        return any(self._waiting(place) for place in self.keys or {})

    def passes_over_the_cell(self, why: str) -> bool:
        """Note that the process ended at its cell, which takes the checks there with it; False if
        it is no use to begin again.
        """
        if self.at is None or self.at in self.dead:
            return False
        self._close(self.at, "crashed", why)
        self.dead, self.at = [*self.dead, self.at], None
        return True

    def give_up(self, outcome: str, why: str) -> None:
        """Give every check that waits this outcome."""
        for place in self.keys or {}:
            self._close(place, outcome, why)

    def _close(self, place: int, outcome: str, why: str) -> None:
        self.results |= {its: Result(its[1], outcome, outcome, why) for its in self._waiting(place)}

    def _waiting(self, place: int) -> list[tuple[str, str]]:
        its = [(self.cells[place][0], key) for key in (self.keys or {}).get(place, [])]
        return [one for one in its if one not in self.results]

    def _expected(self) -> set[tuple[str, str]]:
        return {(self.cells[place][0], key) for place, keys in self.keys.items() for key in keys}


def _believed(message: Message) -> Result:
    """The result as it counts: a "right" without the right evidence is forged."""
    if message.outcome != "right":
        return Result(message.key, message.outcome, message.id, message.says, message.printed)
    if _proven(message):
        return Result(message.key, "right", "right", printed=message.printed)
    return Result(message.key, "forged", "forged", "The submission reported itself right, but what "
                                                   "it gave on the inputs of the check is "
                  "not what a right function gives.", message.printed)


def _proven(message: Message) -> bool:
    wanted = _reference(message.key)
    try:
        given = [_read(seen) for seen in message.evidence]
        return bool(wanted) and len(given) == len(wanted) and all(
            map(exercises.same, given, wanted))
    except (ValueError, TypeError, OverflowError, RuntimeError):
        # shapes and numbers that do not go together
        return False


_lock = threading.Lock()  # the check's random numbers are those of the whole process


@functools.cache
def _reference(key: str) -> list[dict]:
    if key not in exercises.names():
        return []
    with _lock:
        return [
            _read(json.loads(json.dumps(written(seen))))
            for seen in exercises.evidence(key, exercises.reference(key))
        ]


def _read(seen: dict) -> dict:
    """What a probe saw, from JSON: see `replay.written`."""
    import torch

    return {
        name: value if isinstance(value, str) else torch.tensor(
            value[1], dtype=torch.float64).reshape(tuple(value[0])) for name, value in seen.items()
    }
