"""A class of thirty submissions, six of them hostile, written into a folder: for the tests, and to try `gan-course class collect` by hand.

    python tests/classroom_of_thirty.py out/submissions
"""
import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gan_course.lessons import quizzes
from gan_course.lessons.quizzes.kinds import Choice, Choices, Number, Order

IMPORTS = "import torch\nfrom gan_course.widgets import exercises\n%matplotlib inline"
ANSWERS = {  # exercise: the parameters, a right body, and wrong ones as learners write them
    "00.between": ("value, floor, ceiling", "return (value - floor) / (ceiling - floor)", [
        "return value / ceiling", "return (value - floor) / ceiling", "return value - floor", "..."]),
    "00.accuracy": ("D_on_real, D_on_fake",
                    "return ((D_on_real > 0.5).float().mean() + (D_on_fake < 0.5).float().mean()) / 2", [
                        "return (D_on_real > 0.5).float().mean()", "return (D_on_real.mean() + D_on_fake.mean()) / 2"]),
}
HOSTILE = {  # the body of `between`, by the learner's name
    "endless": "while True: pass",
    "bomb": "import os\n    while True: os.fork()",
    "flood": "import os\n    while True:\n        for handle in range(1, 20):\n            try: os.write(handle, b'x' * 65536)\n"
             "            except OSError: pass",
    "filler": "with open('huge', 'wb') as file:\n        while True: file.write(bytes(10**6))",
    "forger": "import gan_course.lessons.exercises as course, gan_course.lessons.exercises._checking as checking\n"
              "    checking.same = lambda *_: True\n"
              "    course.assess = lambda *_: checking.Verdict('right', 'right', 'of course')\n    return 0.5",
    "<b>quitter</b>": "import os; os._exit(0)",
}


def function(key, body):
    """A cell that defines the exercise's function with this body, and hands it to the check."""
    name, parameters = key[3:], ANSWERS[key][0]
    return f'def {name}({parameters}):\n    """As I understand it."""\n    {body}\n\n\n{name} = exercises.check("{key}", {name})'


def notebook(*cells):
    """A notebook of these code cells, as JSON."""
    made = [{"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": cell}
            for i, cell in enumerate(cells)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def record(draw, skill, solved=()):
    """A learner's record as JSON: answers to questions of 00, 01 and 02 right with the probability `skill`, predictions, exercises."""
    time, events = datetime(2026, 3, 2, 9, tzinfo=UTC), []

    def event(kind, key, **what):
        nonlocal time
        time += timedelta(seconds=draw.randrange(20, 400))
        events.append({"time": time.isoformat(timespec="seconds"), "kind": kind, "key": key} | what)

    for number in ("00", "01", "02"):
        for key, question in quizzes.load(number).items():
            if isinstance(question, Choice | Choices | Order | Number):
                right, wrong = question.examples()
                good = draw.random() < skill
                event("answer", key, given=right if good else draw.choice(wrong), right=good, first=True)
    for key, value in (("02.value_at_one_half", -1.386), ("02.alternating", 0.0)):
        question, sure = quizzes.find(key), draw.choice([0.5, 0.7, 0.9])
        right, wrong = question.examples(value)
        given = right if draw.random() < skill else draw.choice(wrong)
        event("prediction", key, given=given, confidence=sure)
        event("outcome", key, given=given, confidence=sure, value=value, right=question.mark(given, value).right)
    for key in solved:
        for _ in range(draw.randrange(3)):
            event("exercise", key, outcome="wrong", message_id="unknown")
        event("exercise", key, outcome="right", message_id="right")
    return json.dumps({"version": 1, "events": events})


def write(folder: Path, seed: int = 0) -> None:
    """Write the thirty folders: 18 ordinary ones, of which most hand in only the record, six broken ones, and six hostile ones."""
    draw = random.Random(seed)
    for i in range(18):
        own, skill = folder / f"learner-{i + 1:02}", draw.uniform(0.4, 0.95)
        own.mkdir(parents=True)
        good = [key for key in ANSWERS if draw.random() < skill]
        (own / "progress.json").write_text(record(draw, skill, good), encoding="utf-8")
        if i % 6 == 0:                                              # the others have only answered questions
            cells = [function(key, ANSWERS[key][1] if key in good else draw.choice(ANSWERS[key][2])) for key in ANSWERS]
            (own / "00_start_here.ipynb").write_text(notebook(IMPORTS, *cells), encoding="utf-8")
    for name, body in HOSTILE.items():
        own = folder / name.replace("/", "∕")
        own.mkdir(parents=True)
        (own / "progress.json").write_text(record(draw, 0.6, ANSWERS), encoding="utf-8")
        (own / "00_start_here.ipynb").write_text(
            notebook(IMPORTS, function("00.between", body), function("00.accuracy", ANSWERS["00.accuracy"][1])), encoding="utf-8")
    broken(folder, draw)


def broken(folder: Path, draw: random.Random) -> None:
    """Six that mean no harm, or little: cells deleted, a forged record, binary junk, a link, an archive, a folder with nothing."""
    for name in ("deleted", "boaster", "junk", "linker", "nothing"):
        (folder / name).mkdir(parents=True)
    (folder / "deleted" / "00_start_here.ipynb").write_text(notebook(IMPORTS, function("00.accuracy", ANSWERS["00.accuracy"][1])))
    (folder / "deleted" / "progress.json").write_text(record(draw, 0.7, ["00.between", "00.accuracy"]))
    boast = json.loads(record(draw, 0.0, ANSWERS))
    for event in boast["events"]:
        event |= {"right": True} if "right" in event else {}
    (folder / "boaster" / "progress.json").write_text(json.dumps(boast))
    (folder / "boaster" / "00_start_here.ipynb").write_text(notebook(IMPORTS, function("00.between", "return 1.0")))
    (folder / "junk" / "00_start_here.ipynb").write_bytes(random.Random(1).randbytes(4000))
    (folder / "junk" / "progress.json").write_text("[" * 100_000)
    if hasattr(os, "symlink"):
        (folder / "linker" / "progress.json").symlink_to(folder / "learner-01" / "progress.json")
        (folder / "linker" / "00_start_here.ipynb").symlink_to("/etc/passwd")
    (folder / "class.zip").write_bytes(b"PK\x03\x04 and so on")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
