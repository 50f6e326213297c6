"""Checks of the code that a learner writes: they say at once, and in words, what is wrong. They never raise and never train.

    discriminator_loss = exercises.check("02.discriminator_loss", discriminator_loss)

gives back the learner's function if it is right, and else the course's own, so that the notebook goes on. `hint("02.…")` gives three hints,
one at a time; `solution("02.…")` the worked solution. The files of this folder list their exercises in
`EXERCISES`, mostly a file for a notebook; a file is found by being there.
"""
import functools
import html
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable

from gan_course.exercises import _judging
from gan_course.exercises._judging import Exercise, Mistake, Probe, Verdict
from gan_course.profile import headless

__all__ = ["Exercise", "Mistake", "Probe", "Verdict", "check", "evidence", "hint", "judge", "names", "prepare",
           "reference", "solution"]
SIGNS = {"right": ("✓ right", "#007A5A"), "wrong": ("✗ not right", "#C03000"), "not yet": ("– not yet", "#888888")}


@functools.cache
def _all() -> dict[str, Exercise]:
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [exercise for name in modules for exercise in importlib.import_module(f"{__name__}.{name}").EXERCISES]
    return {exercise.key: exercise for exercise in sorted(found, key=lambda exercise: exercise.key)}


def names() -> tuple[str, ...]:
    """The exercises there are, as "NN.function", in order of their notebooks."""
    return tuple(_all())


def judge(key: str, answer: Callable) -> Verdict:
    """What `check` would say of an answer, without showing or recording it. Raises KeyError for an unknown key."""
    return _judging.judge(_all()[key], answer)


def prepare() -> None:
    """Load what the first check would load, so that no answer is charged for it."""
    _all()
    _judging.load_what_torch_loads_late()


def reference(key: str) -> Callable:
    """The course's own function. Raises KeyError for an unknown key."""
    return _all()[key].reference


def evidence(key: str, answer: Callable) -> list[dict]:
    """What the check sees of an answer, for a judge who did not watch: [{words: a tensor, a truth value or words}], equal to that of the
    `reference` if the answer is right. Raises KeyError for an unknown key."""
    return _judging.evidence(_all()[key], answer)


def check(key: str, answer: Callable) -> Callable:
    """Say what is right or wrong about `answer`, and return it if it is right, else the course's own function.

    Takes milliseconds, and two seconds if `answer` never ends. The notebook's random numbers and data stay as they were.
    """
    exercise = _find(key)
    if exercise is None:
        return answer
    try:
        verdict = _judging.judge(exercise, answer)
    except Exception as error:
        verdict = Verdict("wrong", "unjudged", "The check itself stumbled over this answer, which is our mistake and not yours: "
                                               f"{type(error).__name__}: {error}")
    _show_verdict(exercise, verdict)
    _record(key, verdict)
    return answer if verdict.outcome == "right" else exercise.reference


_given: dict[str, int] = {}


def hint(key: str) -> None:
    """Show the next of an exercise's three hints; after the third it says where the solution is, and begins again."""
    exercise = _find(key)
    if exercise is None:
        return
    number = _given[key] = _given.get(key, 0) % 3 + 1
    more = f' Still stuck? `exercises.solution("{key}")` shows the worked solution.' if number == 3 else ""
    _show(f"Hint {number} of 3", exercise.hints[number - 1] + more, "#888888")


def solution(key: str) -> None:
    """Show the worked solution of an exercise."""
    exercise = _find(key)
    if exercise is not None:
        _show("One way to write it", "", "#888888", _source(exercise))


def _find(key: str) -> Exercise | None:
    if key not in _all():
        _show("– no such exercise", f"There is no exercise called {key!r}. Exercises: {', '.join(names())}.", "#888888")
    return _all().get(key)


def _source(exercise: Exercise) -> str:
    return inspect.getsource(exercise.reference).strip()


def _show_verdict(exercise: Exercise, verdict: Verdict) -> None:
    sign, colour = SIGNS[verdict.outcome]
    printed = f"It printed:\n{verdict.printed.rstrip()}" if verdict.printed.strip() else ""
    _show(f"{sign}: {exercise.key}", verdict.says, colour, printed)
    if not headless():
        from gan_course.widgets.exercise import help_with

        hints = [] if verdict.outcome == "right" else [_marked_up(text) for text in exercise.hints]
        help_with(hints, f"<pre>{html.escape(_source(exercise))}</pre>")


def _show(title: str, text: str, colour: str, verbatim: str = "") -> None:
    """A framed note on the page, with plain text for where there is no page. Everything is escaped."""
    plain = "\n".join(filter(None, [f"{title}. {text}".rstrip(), verbatim]))
    if headless():
        print(plain)
        return
    from IPython.display import display

    block = f'<pre style="margin:4px 0">{html.escape(verbatim)}</pre>' if verbatim else ""
    page = (f'<div class="gan-course-exercise" role="status" style="border-left:4px solid {colour};padding:2px 10px;margin:4px 0">'
            f'<b>{html.escape(title)}</b><br>{_marked_up(text)}{block}</div>')
    display({"text/html": page, "text/plain": plain}, raw=True)


def _marked_up(text: str) -> str:
    """Text as HTML: escaped, and `code` set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _record(key: str, verdict: Verdict) -> None:
    """Note the outcome in the learner's own record. That it cannot be written is said, and is no reason to stop."""
    from gan_course import progress

    try:
        progress.record("exercise", key, outcome=verdict.outcome, message_id=verdict.id)
    except OSError as error:
        _show("– not recorded", f"Your record of what you have done could not be written: {error}", "#888888")
