"""Every submission of a class, read and marked again: a hostile or broken one costs its own row
only.
"""
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from gan_course.lessons import catalogue, exercises
from gan_course.teaching.classroom import capstones, confine, marking, records, submissions
from gan_course.teaching.classroom.capstones import Capstone
from gan_course.teaching.classroom.marking import Result

BEST_FIRST = ("right", "wrong", "not yet", "out of time", "crashed", "forged")


@dataclass
class Learner:
    """One row of the report.

    Args:
        name: of the learner's folder.
        notebooks: what was handed in.
        results: of each exercise of these notebooks.
        capstones: those that were handed in, as they ran here.
        record: what the learner's record says, as far as it is true.
        has_record: whether there is one.
        problems: what an instructor should look at, in words.
        confined: how the learner's code was shut in, in words.
    """

    name: str
    notebooks: list[str] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    capstones: list[Capstone] = field(default_factory=list)
    record: records.LearnerRecord = field(default_factory=records.LearnerRecord)
    has_record: bool = False
    problems: list[str] = field(default_factory=list)
    confined: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many exercises came out so: "right", "wrong" or another of `BEST_FIRST`."""
        return sum(result.outcome == outcome for result in self.results.values())


def collect(folder: Path, allowed: confine.Allowance, jobs: int = 1, capstone_seconds: float = 0.0,
            done: Callable[[Learner], None] = lambda learner: None) -> list[Learner]:
    """Mark what a class handed in.

    Args:
        folder: a folder of folders, one for each learner.
        allowed: what one learner's code may take.
        jobs: how many learners are marked at a time.
        capstone_seconds: what the second run of one capstone may take; with 0 none runs.
        done: told of each learner when it is marked.

    Returns:
        The learners in the order of their names.

    Raises:
        ValueError: the folder holds no submissions.
    """
    folders = submissions.learners(folder)
    exercises.prepare()

    def one(folder):
        try:
            learner = _learner(folder, allowed, capstone_seconds)
        except Exception as error:  # whatever it was, the others go on
            learner = Learner(
                submissions.shown(folder.name), problems=[
                    "It could not be marked: "
                    f"{type(error).__name__}: {error}"[:500],
                    traceback.format_exc(limit=-2)
                ])
        done(learner)
        return learner

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, folders))


def _learner(folder: Path, allowed: confine.Allowance, capstone_seconds: float) -> Learner:
    submission = submissions.read(folder)
    learner = Learner(submission.name, list(submission.notebooks), has_record=submission.events
                      is not None, problems=submission.problems, capstones=submission.capstones)
    for capstone in learner.capstones if capstone_seconds else []:
        learner.confined = capstones.rerun(capstone, replace(allowed, seconds=capstone_seconds))
        if capstone.stopped:
            learner.problems.append(f"{capstone.name} did not run to its end. {capstone.stopped}")
    if submission.notebooks:
        cells = [(name, source) for name, sources in submission.notebooks.items()
                 for source in sources]
        results, learner.confined = marking.mark(cells, allowed)
        found, remarks = best(results)
        learner.problems += remarks
        missing = {key: Result(key, "missing", "missing", "No cell that was handed in gives this "
                                                          "function to the check.")
                   for key in _expected(submission.notebooks, found)}
        learner.results = dict(sorted((missing | found).items()))
        if strangers := sorted(set(learner.results) - set(exercises.names())):
            some = ", ".join(strangers[:5]) + ", …" * (len(strangers) > 5)
            learner.problems.append(f"It has checks of exercises that there are not: {some}.")
            learner.results = {
                key: result for key, result in learner.results.items() if key not in strangers
            }
    if submission.events is not None:
        learner.record = records.read(submission.events)
        learner.problems += learner.record.problems
    learner.problems += _contradictions(learner)
    return learner


def _expected(notebooks: Iterable[str], found: Iterable[str]) -> set[str]:
    """The exercises of the course's notebooks that were handed in, known by their file names or by
    an exercise. Deeper notebooks are optional: one that was not handed in is not missed.
    """
    keys = {entry: catalogue.exercises(entry) for entry in catalogue.notebooks()}
    deeper = [entry for entry in keys if entry.deeper]
    expected = set()
    for name in notebooks:
        stem, number = Path(name.replace("\\", "/")).stem, submissions.number(name)
        own = [entry for entry in deeper if stem.startswith(entry.path.stem)] or [
            entry for entry in keys if entry.number == number and not entry.deeper]
        expected.update(*(keys[entry] for entry in own))
    return expected.union(*(keys[entry] for entry in keys if keys[entry] & set(found)))


def best(results: marking.Results) -> tuple[dict[str, Result], list[str]]:
    """The best result of each exercise.

    Args:
        results: of every exercise in every notebook of a learner.

    Returns:
        The results by key; and a remark on each exercise that came from several notebooks
        (“03_first_gan.ipynb” and its “-Copy1”) with different results.
    """
    found: dict[str, dict[str, Result]] = {}
    for (notebook, key), result in results.items():
        found.setdefault(key, {})[notebook] = result
    chosen, remarks = {}, []
    for key, each in sorted(found.items()):
        notebook = min(each, key=lambda name: BEST_FIRST.index(each[name].outcome))
        chosen[key] = each[notebook]
        others = ", ".join(f"{result.outcome} in {name}" for name, result in each.items()
                           if result.outcome != chosen[key].outcome)
        if others:
            remarks.append(f"{key} is in {len(each)} notebooks; the better one counts: "
                           f"{chosen[key].outcome} in {notebook}, {others}.")
    return chosen, remarks


def _contradictions(learner: Learner) -> list[str]:
    """Where the record says solved, and the submitted function is not right."""
    found = [
        f"The record says that {key} is solved; the check says {result.outcome}."
        for key, result in learner.results.items()
        if key in learner.record.solved and result.outcome != "right"
    ]
    found += [
        f"{key}: {result.says}" for key, result in learner.results.items()
        if result.outcome in ("forged", "crashed", "out of time")
    ]
    return found
