"""How a test that a learner writes is judged: it has to fail on a program with a bug, and to pass
on every program without it.

A test is a function that takes the program and makes `assert` statements about it. It is run on the
buggy program and on several right ones, which differ in what does not matter. A test that always
fails, or never, earns nothing.
"""
from collections.abc import Callable
from dataclasses import dataclass, field

from gan_course.lessons.exercises import _checking, _sandbox
from gan_course.lessons.exercises._before import before_running


@dataclass(frozen=True)
class BugTest:
    """A test to write. The `reference`'s source is the worked solution.

    Attributes:
        key: "18.test_r1".
        reference: the course's own test, a function of one program.
        bug: the program with the bug, as the notebook shows it.
        right: programs without it, the mended one first. The first line of the others' docstrings
            says how they differ.
        missed: what to say of a test that passes on the bug.
        strict: what to say of a test that fails on a right program.
        hints: three: which symptom, which quantity, which numbers to try.
        well_done: a sentence for the learner who got it right.
        outside: names of the notebook that the test must not lean on.
    """

    key: str
    reference: Callable
    bug: Callable
    right: tuple[Callable, ...]
    missed: str
    strict: str
    hints: tuple[str, str, str]
    well_done: str = ""
    outside: frozenset[str] = field(default=frozenset())


def assess(exercise: BugTest, answer: Callable) -> tuple[str, str, str, str]:
    """What to say of a test.

    Args:
        exercise: what was to be written.
        answer: the learner's test.

    Returns:
        The outcome, the id of the message, the message, and what the test printed: a `Verdict`.
    """
    if before := before_running(exercise, answer):
        return *before, ""
    _checking.load_what_torch_loads_late()
    with _sandbox.randomness_untouched():
        on_bug = _run(answer, exercise.bug)
        on_right = [_run(answer, program) for program in exercise.right]
    printed = next((each.printed for each in (on_bug, *on_right) if each.printed), "")
    for outcome in (on_bug, *on_right):
        if broken := _checking.broken(outcome):
            return *broken, printed
    failed = [program for program, outcome in zip(exercise.right, on_right, strict=True)
              if isinstance(outcome.error, AssertionError)]
    for outcome in on_right:
        if outcome.error and not isinstance(outcome.error, AssertionError):
            return "wrong", "error", _stopped(outcome.error, "a program without the bug"), printed
    if len(failed) == len(exercise.right) and on_bug.error:
        return ("wrong", "always_fails", "It fails on every program, with the bug or without it, "
                f"so it tells nothing. {exercise.strict}", printed)
    if failed:
        how = ("the program without its bug." if failed[0] is exercise.right[0]
               else (failed[0].__doc__ or "").strip().splitlines()[0])
        return ("wrong", "too_strict", f"It fails on a program that is right: {how} "
                f"{exercise.strict}", printed)
    if on_bug.error is None and on_bug.result is not None:
        return ("wrong", "no_assert", "It gives its finding back, and nobody reads it. A test "
                "speaks with `assert`.", printed)
    if on_bug.error is None:
        return ("wrong", "missed", "It passes on the program with the bug as well as on the right "
                f"ones. {exercise.missed}", printed)
    if not isinstance(on_bug.error, AssertionError):
        return "wrong", "error", _stopped(on_bug.error, "the program with the bug"), printed
    return "right", "right", exercise.well_done, printed


def evidence(exercise: BugTest, answer: Callable) -> list[dict]:
    """On which programs a test fails, the one with the bug first.

    Args:
        exercise: what was to be written.
        answer: a test.

    Returns:
        A dict for each program, {"it fails": a truth value}.
    """
    _checking.load_what_torch_loads_late()
    with _sandbox.randomness_untouched():
        outcomes = [_run(answer, program) for program in (exercise.bug, *exercise.right)]
    return [{"it fails": isinstance(outcome.error, AssertionError)} for outcome in outcomes]


def _run(test: Callable, program: Callable) -> _sandbox.Outcome:
    _sandbox.seed(1)
    return _sandbox.run(test, [program])


def _stopped(error: BaseException, where: str) -> str:
    return (f"It stopped with an error on {where}, {type(error).__name__}: {str(error)[:200]}. "
            "A test says what it has found with `assert`.")
