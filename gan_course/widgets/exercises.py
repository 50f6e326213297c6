"""Checks of the code that a learner writes: they say at once, and in words, what is wrong. They
never raise and never train.

    discriminator_loss = exercises.check("02.discriminator_loss", discriminator_loss)

gives back the learner's function if it is right, and else the course's own, so that the notebook
goes on. `hint("02.…")` gives three hints, one at a time; `solution("02.…")` the worked solution.
What there is to write, and how it is judged, lies in `lessons.exercises`.

What comes back is an ordinary function or class, so it can be trained in several processes:

    runs = side_by_side(run, [(seed,) for seed in seeds])

where `run(seed)` seeds everything, builds the networks and trains them. `lessons.side_by_side` is
joblib's `Parallel`, which sends functions and classes of the notebook along by value.
"""
import html
import re
from collections.abc import Callable, Sequence

import ipywidgets
from IPython.display import display

from gan_course.lessons import exercises, progress
from gan_course.lessons.exercises import Exercise, Verdict, _sandbox
from gan_course.profile import headless
from gan_course.widgets import cells

SIGNS = {
    "right": ("✓ right", "#007A5A"), "wrong": ("✗ not right", "#C03000"),
    "not yet": ("– not yet", "#888888")
}


def check(key: str, answer: Callable) -> Callable:
    """Say what is right or wrong about an answer, and go on with code that is right.

    It takes milliseconds, and two seconds if the answer never ends. The notebook's random numbers
    and data stay as they were.

    Args:
        key: the exercise, "NN.name".
        answer: the learner's function, or class derived from `nn.Module`.

    Returns:
        The answer if it is right, else the course's own; for an unknown key the answer. Either can
        be copied, pickled (by joblib) and trained.
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
    _written[key] = exercises.written(answer)
    _show_verdict(exercise, verdict)
    _record(key, verdict)
    return answer if verdict.outcome == "right" else exercise.reference


def run_test(test: Callable, program: Callable) -> str:
    """What a test says of a program. It never raises, and leaves the random numbers as they were.

        print(exercises.run_test(test_bounded, real_loss))

    Args:
        test: a function of the program, with `assert` statements.
        program: what it is to be tried on.

    Returns:
        "it passes", "it fails: …" with the message of the `assert`, or how it went wrong.
    """
    with _sandbox.randomness_untouched():
        outcome = _sandbox.run(test, [program])
    if outcome.endless:
        return "it does not end"
    if outcome.error is None:
        return "it passes"
    if isinstance(outcome.error, AssertionError):
        return f"it fails: {outcome.error}" if str(outcome.error) else "it fails"
    return f"it stops with an error, {type(outcome.error).__name__}: {outcome.error}"


_given: dict[str, int] = {}
"""How many hints of an exercise were shown."""
_written: dict[str, str] = {}
"""What the learner last handed to `check`, as source."""


def hint(key: str) -> None:
    """Show the next of an exercise's three hints; after the third it begins again.

    Args:
        key: the exercise, "NN.name".
    """
    exercise = _find(key)
    if exercise is None:
        return
    number = _given[key] = _given.get(key, 0) % 3 + 1
    text = exercise.hints[number - 1]
    if number == 3:
        text += f' Still stuck? `exercises.solution("{key}")` shows the worked solution.'
    _show(f"Hint {number} of 3", text, "#888888")


def solution(key: str) -> None:
    """Show the worked solution of an exercise, beside what was last checked."""
    exercise = _find(key)
    if exercise is not None:
        _show("One way to write it", "", "#888888", exercises.source(key), _beside(key))


def _find(key: str) -> Exercise | None:
    exercise = exercises.find(key)
    if exercise is None:
        _show("– no such exercise", f"There is no exercise called {key!r}. Exercises: "
                                    f"{', '.join(exercises.names())}.", "#888888")
    return exercise


def _show_verdict(exercise: Exercise, verdict: Verdict) -> None:
    sign, colour = SIGNS[verdict.outcome]
    title = f"{sign}: {exercise.key}"
    printed = f"It printed:\n{verdict.printed.rstrip()}" if verdict.printed.strip() else ""
    _show(title, verdict.says, colour, printed)
    if verdict.outcome == "right":
        _show_comparison(exercise.key)
    elif not headless():
        _help([_marked_up(text) for text in exercise.hints], _beside(exercise.key))


def _show_comparison(key: str) -> None:
    """The course's source beside the learner's, folded away until it is asked for."""
    summary = "Compare with the course's version"
    _display(f'<details style="margin:0 0 4px 14px"><summary>{summary}</summary>{_beside(key)}'
             "</details>", f"The course's version:\n{exercises.source(key)}")


def _beside(key: str) -> str:
    """What the learner last wrote and what the course wrote, as two columns of HTML.

    One column where the page is narrow, or where nothing was written.
    """
    sources = {"Yours": _written.get(key), "The course's": exercises.source(key)}
    columns = "".join(
        f'<figure style="margin:0;min-width:0"><figcaption><b>{title}</b></figcaption>'
        f'<pre tabindex="0" aria-label="{title}" style="white-space:pre;overflow-x:auto;'
        f'margin:2px 0;font-size:85%;line-height:1.4">{html.escape(text)}</pre></figure>'
        for title, text in sources.items() if text)
    return ('<div class="gan-course-beside" style="display:grid;gap:4px 24px;'
            f'grid-template-columns:repeat(auto-fit,minmax(min(100%,26em),1fr))">{columns}</div>')


def _show(title: str, text: str, colour: str, verbatim: str = "", block: str = "") -> None:
    """A framed note on the page, with plain text for where there is no page.

    Args:
        title, text: words; `code` in the text is set as code. Both are escaped.
        colour: of the frame.
        verbatim: what follows as it is. It is escaped.
        block: HTML to show in place of `verbatim`.
    """
    block = block or verbatim and f'<pre style="margin:4px 0">{html.escape(verbatim)}</pre>'
    page = ('<div class="gan-course-exercise" role="status" style="border-left:4px solid '
            f'{colour};padding:2px 10px;margin:4px 0">'
            f'<b>{html.escape(title)}</b><br>{_marked_up(text)}{block}</div>')
    _display(page, "\n".join(filter(None, [f"{title}. {text}".rstrip(), verbatim])))


def _display(page: str, plain: str) -> None:
    """HTML where somebody watches, else plain text."""
    if headless():
        print(plain)
    else:
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
    """Show the buttons Hint and Show the solution; `hints` and `solution` are HTML. Tab reaches
    the buttons, Space or Enter presses them.
    """
    shown, solved = 0, False
    text = ipywidgets.HTML()
    hint = ipywidgets.Button(tooltip="Shows one more hint below")
    solve = ipywidgets.Button(tooltip="Shows the worked solution below")

    def redraw():
        hint.description = (f"Hint {shown + 1} of {len(hints)}" if shown < len(hints)
                            else "That was the last")
        solve.description = "Hide the solution" if solved else "Show the solution"
        rows = [f"<p><b>Hint {number}.</b> {words}</p>"
                for number, words in enumerate(hints[:shown], start=1)]
        rows += [f"<p><b>One way to write it:</b></p>{solution}"] if solved else []
        text.value = f'<div role="status">{"".join(rows)}</div>'

    def more(button):
        nonlocal shown
        shown = min(shown + 1, len(hints))
        redraw()

    def toggle(button):
        nonlocal solved
        solved = not solved
        redraw()

    hint.on_click(more)
    solve.on_click(toggle)
    redraw()
    box = ipywidgets.VBox([ipywidgets.HBox([hint, solve]), text])
    cells.display(box)
    return box
