"""One learner's exercises, judged by a process that never runs the learner's code.

The learner's functions run in another process (`player`), confined as far as the system can
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
from dataclasses import dataclass

from gan_course.lessons import exercises
from gan_course.lessons.exercises import _judging
from gan_course.teaching.classroom import confine
from gan_course.teaching.classroom.player import written
from gan_course.teaching.classroom.process import Message, Player, Ready


@dataclass(frozen=True)
class Result:
    """What came of one exercise: right, wrong, not yet (nothing written), missing, crashed, out of
    time, forged.
    """

    key: str
    outcome: str
    id: str = ""
    says: str = ""
    printed: str = ""


def judge(cells: list[tuple[str, str]],
          limits: confine.Limits) -> tuple[dict[str, Result], list[str]]:
    """What came of the exercises that the cells, (notebook, source), hand to a check, by key; and
    in words how the process was confined.

    A process that dies takes the exercise with it that it was at, and the others go on in a new
    one, until the time is used up. Raises RuntimeError if none can be started on this machine.
    """
    exercises.prepare()                                             # before the clock runs
    results: dict[str, Result] = {}
    found: dict[int, list[str]] = {}
    skip, left, words = [], limits.seconds, []
    while True:
        ended, at, seconds = "", None, 0.0
        with Player(cells, skip, limits, left) as player:
            for message in player:
                if message.ready:
                    words = _in_words(message.ready)
                elif message.found is not None and at is None:  # said before anything of the learner's runs
                    found = {int(cell): keys for cell, keys in message.found.items()}
                elif message.cell is not None:
                    at = min(max(message.cell, 0), len(cells) - 1)
                elif message.done:
                    player.ended = "done"
                elif any(message.key in keys for keys in found.values()):
                    results[message.key] = _believed(message)
            ended, seconds = player.ended, player.seconds
        if not words:
            raise RuntimeError(f"The process for the check did not start. {ended}")
        left -= seconds
        if ended == "done":
            results |= {
                key: Result(key, "crashed", "crashed", "No verdict came.")
                for keys in found.values() for key in keys if key not in results
            }
            break
        lost = [key for key in found.get(at, []) if key not in results]
        results |= {key: Result(key, "crashed", "crashed", ended) for key in lost}
        skip += range(at + 1) if at is not None else []
        waiting = [
            key for cell, keys in found.items() for key in keys
            if key not in results and cell not in skip
        ]
        if at is None or not waiting or left <= 0.5:
            outcome = "out of time" if left <= 0.5 else "crashed"
            results |= {key: Result(key, outcome, outcome, ended) for key in waiting}
            break
    return results, words


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
        return bool(wanted) and len(given) == len(wanted) and all(map(_judging.same, given, wanted))
    except (ValueError, TypeError, OverflowError, RuntimeError):                   # shapes and numbers that do not go together
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
    """What a probe saw, from JSON: see `player.written`."""
    import torch

    return {
        name: value if isinstance(value, str) else torch.tensor(
            value[1], dtype=torch.float64).reshape(tuple(value[0])) for name, value in seen.items()
    }


def _in_words(ready: Ready) -> list[str]:
    cut = "network cut off" if confine.namespaces(
    ) else "TCP cut off, other network not" if ready.landlock >= 4 else "network NOT cut off"
    files = "writes in its own folder only" if ready.landlock else "files NOT protected"
    ends = "none of its processes survives" if confine.namespaces(
    ) else "a process that hides well could survive"
    return [
        cut, files, "memory, CPU and file sizes limited" if ready.limits else "memory NOT limited",
        ends
    ]
