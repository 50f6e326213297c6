"""Checks of the code that a learner writes: they say at once, and in words, what is wrong. They
never raise and never train.

    discriminator_loss = exercises.check("02.discriminator_loss", discriminator_loss)

gives back the learner's function if it is right, and else the course's own, so that the notebook
goes on. `hint("02.…")` gives three hints, one at a time; `solution("02.…")` the worked solution.
What there is to write, and how it is judged, lies in `lessons.exercises`.
"""
import html
import re
from collections.abc import Callable, Sequence

import ipywidgets
from IPython.display import display

from gan_course.lessons import exercises, progress
from gan_course.lessons.exercises import Exercise, Verdict
from gan_course.profile import headless
from gan_course.widgets import cells

SIGNS = {
    "right": ("✓ right", "#007A5A"), "wrong": ("✗ not right", "#C03000"),
    "not yet": ("– not yet", "#888888")
}


def check(key: str, answer: Callable) -> Callable:
    """Say what is right or wrong about `answer`, and return it if it is right, else the course's
    own function.

    Takes milliseconds, and two seconds if `answer` never ends. The notebook's random numbers and
    data stay as they were.
    """
    exercise = _find(key)
    if exercise is None:
        return answer
    try:
        verdict = exercises.assess(key, answer)
    except Exception as error:
        verdict = Verdict("wrong", "unjudged", "The check itself stumbled over this answer, which "
                                               "is our mistake and not yours: "
                                               f"{type(error).__name__}: {error}")
    _show_verdict(exercise, verdict)
    _record(key, verdict)
    return answer if verdict.outcome == "right" else exercise.reference


_given: dict[str, int] = {}


def hint(key: str) -> None:
    """Show the next of an exercise's three hints; after the third it says where the solution is,
    and begins again.
    """
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
        _show("One way to write it", "", "#888888", exercises.source(exercise.key))


def _find(key: str) -> Exercise | None:
    exercise = exercises.find(key)
    if exercise is None:
        _show("– no such exercise", f"There is no exercise called {key!r}. Exercises: "
                                    f"{', '.join(exercises.names())}.", "#888888")
    return exercise


def _show_verdict(exercise: Exercise, verdict: Verdict) -> None:
    sign, colour = SIGNS[verdict.outcome]
    printed = f"It printed:\n{verdict.printed.rstrip()}" if verdict.printed.strip() else ""
    _show(f"{sign}: {exercise.key}", verdict.says, colour, printed)
    if not headless():
        hints = [] if verdict.outcome == "right" else [_marked_up(text) for text in exercise.hints]
        _help(hints, f"<pre>{html.escape(exercises.source(exercise.key))}</pre>")


def _show(title: str, text: str, colour: str, verbatim: str = "") -> None:
    """A framed note on the page, with plain text for where there is no page.

    Everything is escaped.
    """
    plain = "\n".join(filter(None, [f"{title}. {text}".rstrip(), verbatim]))
    if headless():
        print(plain)
        return
    block = f'<pre style="margin:4px 0">{html.escape(verbatim)}</pre>' if verbatim else ""
    page = ('<div class="gan-course-exercise" role="status" style="border-left:4px solid '
            f'{colour};padding:2px 10px;margin:4px 0">'
            f'<b>{html.escape(title)}</b><br>{_marked_up(text)}{block}</div>')
    display({"text/html": page, "text/plain": plain}, raw=True)


def _marked_up(text: str) -> str:
    """Text as HTML: escaped, and `code` set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _record(key: str, verdict: Verdict) -> None:
    """Note the outcome in the learner's own record, and say so where that cannot be written."""
    note = progress.note("exercise", key, outcome=verdict.outcome, message_id=verdict.id)
    if note:
        _show("– your record", note, "#888888")


def _help(hints: Sequence[str], solution: str) -> ipywidgets.VBox:
    """Show the buttons Hint (if there are hints) and Show the solution; `hints` and `solution` are
    HTML. Tab reaches the buttons, Space or Enter presses them.
    """
    shown = 0
    text = ipywidgets.HTML()
    hint = ipywidgets.Button(description=f"Hint 1 of {len(hints)}",
                             tooltip="Shows one more hint below")
    solve = ipywidgets.Button(description="Show the solution",
                              tooltip="Shows the worked solution below")

    def redraw():
        rows = [
            f"<p><b>Hint {number}.</b> {words}</p>"
            for number, words in enumerate(hints[:shown], start=1)
        ]
        rows += [f"<p><b>One way to write it:</b></p>{solution}"
                 ] if solve.description.startswith("Hide") else []
        text.value = f'<div role="status">{"".join(rows)}</div>'

    def more(button):
        nonlocal shown
        shown = min(shown + 1, len(hints))
        hint.description = f"Hint {shown + 1} of {len(hints)}" if shown < len(
            hints) else "That was the last"
        redraw()

    def toggle(button):
        solve.description = "Hide the solution" if solve.description.startswith(
            "Show") else "Show the solution"
        redraw()

    hint.on_click(more)
    solve.on_click(toggle)
    box = ipywidgets.VBox([ipywidgets.HBox([hint, solve] if hints else [solve]), text])
    cells.display(box)
    return box
