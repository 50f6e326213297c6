"""The class as tables and as one page.

    learners.csv    a row for each learner
    exercises.csv   a row for each learner and exercise
    questions.csv   a row for each question and exercise: where the class struggles
    capstones.csv   a row for each claim of each capstone: whether it held there and here
    class.html      all of it to read
"""
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gan_course import files
from gan_course.lessons import exercises
from gan_course.teaching import pages
from gan_course.teaching.classroom import records
from gan_course.teaching.classroom.collect import Learner

SIGNS = {
    "right": "✓", "wrong": "✗", "not yet": "–", "missing": "∅", "crashed": "!", "out of time": "!",
    "forged": "‼"
}
MEANINGS = {
    "right": "right", "wrong": "not right", "not yet": "nothing written yet",
    "missing": "its cell is not there", "crashed": "ended its process, or ran out of time",
    "forged": "reported itself right, and is not"
}


@dataclass(frozen=True)
class Item:
    """A question or an exercise over the whole class.

    Args:
        key, title: which.
        tried: how many tried it.
        right: how many were right; of a question, at the first try.
        slip: the message or the option that came up most often among the others.
        slips: how often.
    """

    key: str
    title: str
    tried: int
    right: int
    slip: str = ""  # the message or the option that came up most often
    slips: int = 0

    @property
    def share(self) -> float:
        """The share that was right, 0 to 1."""
        return self.right / self.tried


def write(out: Path, learners: list[Learner]) -> Path:
    """Write the tables and the page.

    Args:
        out: the folder; it is made if it is missing.
        learners: the class.

    Returns:
        The page.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "learners": learner_rows(learners), "exercises": exercise_rows(learners),
        "questions": item_rows(learners), "capstones": capstone_rows(learners)
    }
    for name, rows in tables.items():
        files.write(out / f"{name}.csv", _csv(rows))
    page = out / "class.html"
    confined = sorted({" · ".join(learner.confined) for learner in learners if learner.confined})
    pages.write(page, "class.html", learners=learners, rows=tables["learners"],
                exercises=exercise_items(learners), questions=questions(learners),
                slips=misconceptions(learners), calibration=calibration(learners),
                confined=confined,
                keys=sorted({key for learner in learners
                             for key in learner.results}), signs=SIGNS, meanings=MEANINGS)
    return page


def learner_rows(learners: list[Learner]) -> list[dict]:
    """What there is to say of each learner, as columns."""
    return [{
        "learner": learner.name, "notebooks": len(learner.notebooks), "record": learner.has_record,
        "exercises": len(learner.results),
        **{f"exercises {outcome}": learner.count(outcome) for outcome in SIGNS}, "questions": len(
            learner.record.first), "right at first try": sum(learner.record.first.values()),
        "predictions": len(learner.record.predictions),
        "came true": sum(right for _, right in learner.record.predictions),
        "how sure": _mean([sure for sure, _ in learner.record.predictions
                           ]), "problems": " ".join(learner.problems)
    } for learner in learners]


def capstone_rows(learners: list[Learner]) -> list[dict]:
    """A row for each claim of each capstone."""
    return [{"learner": learner.name, "capstone": capstone.name, "brief": capstone.brief, **row}
            for learner in learners for capstone in learner.capstones for row in capstone.rows()]


def exercise_rows(learners: list[Learner]) -> list[dict]:
    """A row for each exercise of each learner: those checked here, and those that only the record
    knows of.
    """
    rows = []
    for learner in learners:
        for key in sorted({*learner.results, *learner.record.tries}):
            result = learner.results.get(key)
            rows.append({
                "learner": learner.name, "exercise": key,
                "outcome": result.outcome if result else "not handed in",
                "message": result.id if result else "", "says": result.says if result else "",
                "record says solved": key in learner.record.solved,
                "tries in the record": learner.record.tries[key]
            })
    return rows


def item_rows(learners: list[Learner]) -> list[dict]:
    """A row for each question and each exercise, over the class."""
    kinds = {"question": questions(learners), "exercise": exercise_items(learners)}
    return [{
        "key": item.key, "title": item.title, "kind": kind, "tried": item.tried,
        "right": item.right, "share": item.share, "most common slip": item.slip, "times": item.slips
    } for kind, items in kinds.items() for item in items]


def exercise_items(learners: list[Learner]) -> list[Item]:
    """The exercises over the class, the hardest first.

    Tried counts those handed in with something written that could be marked.

    Args:
        learners: the class.
    """
    items = []
    for key in exercises.names():
        results = [learner.results[key] for learner in learners if key in learner.results]
        tried = [result for result in results if result.outcome in ("right", "wrong")]
        (slip, slips), = Counter(
            result.id for result in tried if result.outcome != "right").most_common(1) or [("", 0)]
        if tried:
            items.append(
                Item(key,
                     key.partition(".")[2].replace("_", " "), len(tried),
                     len(tried) - _not_right(tried), slip, slips))
    return sorted(items, key=lambda item: (item.share, item.key))


def misconceptions(learners: list[Learner]) -> list[tuple[str, str, str, int]]:
    """What was wrong with exercises, the most common first.

    Args:
        learners: the class.

    Returns:
        (exercise, message, what it says, how many) of each.
    """
    found, says = Counter(), {}
    for learner in learners:
        for result in learner.results.values():
            if result.outcome == "wrong":
                found[result.key, result.id] += 1
                says.setdefault((result.key, result.id), result.says)
    return [(key, id, says[key, id], times)
            for (key, id), times in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]


def questions(learners: list[Learner]) -> list[Item]:
    """The questions, the hardest first."""
    items = []
    for key, question in records.questions().items():
        answers = [learner.record.first[key] for learner in learners if key in learner.record.first]
        chosen = Counter(learner.record.chosen[key] for learner in learners
                         if key in learner.record.chosen)
        (slip, slips), = chosen.most_common(1) or [("", 0)]
        if answers:
            items.append(Item(key, question.title, len(answers), sum(answers), slip, slips))
    return sorted(items, key=lambda item: (item.share, item.key))


def calibration(learners: list[Learner]) -> list[tuple[float, int, float]]:
    """How the predictions of the class fared.

    Args:
        learners: the class.

    Returns:
        (how sure, how many predictions, the share that came true), from least to most sure.
    """
    said: dict[float, list[bool]] = {}
    for learner in learners:
        for sure, right in learner.record.predictions:
            said.setdefault(round(sure, 2), []).append(right)
    return [(sure, len(rights), sum(rights) / len(rights)) for sure, rights in sorted(said.items())]


def _not_right(results: list) -> int:
    return sum(result.outcome != "right" for result in results)


def _mean(values: list[float]) -> float | str:
    return sum(values) / len(values) if values else ""


def _csv(rows: list[dict]) -> bytes:
    """A table for spreadsheets: a text that one would take for a formula gets an apostrophe in
    front.
    """
    def safe(value):
        return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t",
                                                                       "\r") else value

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: safe(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")
