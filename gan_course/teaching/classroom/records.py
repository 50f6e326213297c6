"""What a learner's record says, and where it says more than is true.

The record is a file on the learner's machine: the learner can write anything into it. So every
answer that can be marked again is; a solved exercise counts as solved only if the submitted
function is right (`collect` compares the two); and what cannot be checked is told apart from what
was.
"""
import functools
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from gan_course.lessons import exercises, progress, quizzes
from gan_course.lessons.quizzes.kinds import Choice, Choices, Order, Question


@dataclass
class LearnerRecord:
    """What the events say, corrected where they can be checked.

    Keys are those of questions and exercises.
    """

    first: dict[str, bool] = field(default_factory=dict)  # question: right at the first try
    # question: the wrong option chosen at the first try, in its words
    chosen: dict[str, str] = field(default_factory=dict)
    # (how sure, whether it came true)
    predictions: list[tuple[float, bool]] = field(default_factory=list)
    solved: set[str] = field(default_factory=set)  # exercises that the record calls right
    tries: Counter = field(default_factory=Counter)  # exercise: checks up to the first right one
    problems: list[str] = field(default_factory=list)


@functools.cache
def questions() -> dict[str, Question]:
    """Every question of the course by its key."""
    return quizzes.every()


def read(events: list[progress.Event]) -> LearnerRecord:
    """What a record says, as far as it counts.

    Events that make no sense are left out and counted among the problems.

    Args:
        events: the learner's record.
    """
    record, senseless, untrue = LearnerRecord(), 0, []
    for event in events:
        try:
            if not _take(record, event):
                untrue.append(str(event["key"]))
        except (ValueError, TypeError, KeyError, IndexError, OverflowError):
            senseless += 1
    if untrue:
        record.problems.append("The record calls answers right or wrong that are not: "
                               f"{', '.join(dict.fromkeys(untrue))}. The answers "
                               "given were marked again.")
    if senseless:
        record.problems.append(f"{senseless} of {len(events)} entries of the record make no sense, "
                               "and were left out.")
    if _backwards(events):
        record.problems.append("The times of the record run backwards: it was put together, or the "
                               "clock was changed.")
    return record


def _take(record: LearnerRecord, event: progress.Event) -> bool:
    """Add an event; False if what it says of itself is not true."""
    kind, key = event["kind"], event["key"]
    if kind == "answer" and event.get("first"):
        question, said = questions()[key], event["right"] is True
        right = question.mark(event["given"]).right if isinstance(question, Choice | Choices
                                                                   | Order) else said
        if key not in record.first:
            record.first[key] = right
            if isinstance(question, Choice) and not right:
                record.chosen[key] = question.options[event["given"]].text
        return right == said
    if kind == "outcome":
        sure, value = float(event["confidence"]), float(event["value"])
        if not (0 <= sure <= 1 and math.isfinite(value)):
            raise ValueError
        right = questions()[key].mark(event["given"], value).right
        if key not in record.first:
            record.first[key] = right
            record.predictions.append((sure, right))
        return right == (event["right"] is True)
    if kind == "exercise":
        if key not in exercises.names():
            raise ValueError
        record.tries[key] += key not in record.solved
        if event["outcome"] == "right":
            record.solved.add(key)
    return True


def _backwards(events: list[progress.Event]) -> bool:
    try:
        times = [datetime.fromisoformat(event["time"]).timestamp() for event in events]
    except (ValueError, OverflowError):
        return False
    return any(later < earlier - 3600 for earlier, later in zip(times, times[1:], strict=False))
