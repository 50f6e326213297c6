"""Questions inside a notebook and at its end, and predictions that meet their outcome.

    quiz.ask("03.copies", value=copies)            one question in the text; a range is judged by
                                                   the learner's own value
    quiz.predict("02.value_at_one_half")           before the cell that shows it …
    quiz.outcome("02.value_at_one_half", value)    … and after
    quiz.show("03")                                the self-check at the end, with a question or
                                                   two from earlier notebooks

The questions lie in `quizzes/`. Answers go into the learner's own record (`progress`), and nowhere
else. Where nobody watches, a question is printed, and a right and some wrong answers are given
through the same buttons, so that a test meets the code; nothing is recorded then.
"""
import math

from gan_course.lessons import progress, quizzes
from gan_course.lessons.quizzes.kinds import Number, Question, Range
from gan_course.profile import headless
from gan_course.widgets import cells
from gan_course.widgets.cards import Card, Outcome, Prediction, column

_predictions: dict[str, tuple] = {}  # key -> (given, confidence)
_outcomes: dict = {}  # key -> the card on the page that shows, or will show, what came out


def ask(key: str, value: float | None = None) -> None:
    """Ask one question here.

    Args:
        key: the question, "NN.id".
        value: the learner's own number, which a range needs.

    Raises:
        ValueError: there is no such question, or the value will not do.
    """
    question = quizzes.find(key)
    _display([_card(key, question, progress.read(), _own(key, question, value))])


def show(notebook: str) -> None:
    """The self-check of a notebook: its questions, and on the main path up to two of earlier
    notebooks that are due again.

    Args:
        notebook: its number, "03", or "deeper/03_settings".

    Raises:
        ValueError: the notebook has no questions for a self-check.
    """
    questions = {
        key: question for key, question in quizzes.load(notebook).items() if not question.in_text
    }
    if not questions:
        raise ValueError(f"Notebook {notebook!r} has no questions for a self-check. Those that "
                         f"have: {', '.join(quizzes.numbers())}.")
    events = progress.read()
    cards = [_card(key, question, events) for key, question in questions.items()]
    cards += [
        _card(key, quizzes.find(key), events, heading=f"Again, from notebook {key[:2]}")
        for key in ([] if notebook.startswith("deeper/") else quizzes.due(notebook, events))
    ]
    _display(cards)


def predict(key: str) -> None:
    """Take a prediction, with how sure the learner is, before the cell that shows what comes out.

    Args:
        key: a question about a number, "NN.id".

    Raises:
        ValueError: there is no such question, or it is not about a number.
    """
    question = _to_predict(key)

    def keep(given, confidence):
        _predictions[key] = (given, confidence)
        note = _record("prediction", key, given=given, confidence=confidence)
        if key in _outcomes:
            _reveal(key)
        return note

    _display([Prediction(key, question, on_keep=keep, kept=_prediction(key))])


def outcome(key: str, value: float) -> None:
    """Show what came out, beside the prediction. Without a prediction it waits for one.

    Args:
        key: the question that was predicted, "NN.id".
        value: what came out.

    Raises:
        ValueError: there is no such question, it is not about a number, or the value is not finite.
    """
    question = _to_predict(key)
    _outcomes[key] = Outcome(key, question, _own(key, question, value, function="outcome"))
    if _prediction(key):
        _reveal(key)
    _display([_outcomes[key]])


def _to_predict(key: str) -> Number | Range:
    question = quizzes.find(key)
    if not isinstance(question, Number | Range):
        raise ValueError(f"{key} is not a question to predict: only a number or a range can be "
                         "held against an outcome.")
    return question


def _prediction(key: str) -> tuple | None:
    """The prediction that is open: one made in this kernel, or recorded before the kernel was
    started again.
    """
    if key not in _predictions and (event := progress.pending(key)):
        _predictions[key] = (event["given"], event["confidence"])
    return _predictions.get(key)


def _reveal(key: str) -> None:
    given, confidence = _predictions[key]
    shown = _outcomes[key]
    shown.reveal(given, confidence)
    if progress.pending(key):
        shown.remark(_record("outcome", key, given=given, confidence=confidence,
                             value=shown.value,
                             right=shown.question.mark(given, shown.value).right))


def _card(key: str, question: Question, events: list, value: float | None = None,
          heading: str = "Question"):
    def answered(given, right, first):
        return _record("answer", key, given=given, right=right, first=first)

    before = [
        event for event in events
        if event["kind"] == "answer" and event["key"] == key and event.get("first")
    ]
    note = ""
    if before:
        result = "✓ right" if before[-1].get("right") else "✗ not right"
        note = f"*Last time: {result} at the first try.*"
    return Card(key, question, heading, value=value, note=note, on_answer=answered)


def _own(key: str, question: Question, value, function: str = "ask") -> float | None:
    """The learner's own value as a finite number, or None where the question has no use for one.

    `function` is the one of this module that the learner called.
    """
    if value is None and (isinstance(question, Range) or function == "outcome"):
        raise ValueError(f"{key} is about a number of your own: hand it over as "
                         f"quiz.{function}({key!r}, value=…).")
    if value is not None and not isinstance(question, Number | Range):
        raise ValueError(f"{key} has no use for a value: its answer stands in the questions' file.")
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{key} needs a finite number, and got {value}. Did the cell above run to "
                         "its end?")
    return None if value is None else float(value)


def _record(kind: str, key: str, **what) -> str:
    """Note it in the learner's record; returns what to say if that cannot be written, or ""."""
    return "" if headless() else progress.note(kind, key, **what)


def _display(cards: list) -> None:
    if headless():
        for card in cards:
            print(card.plain())
            card.drive()
            card.close()
        return
    cells.display(column(cards))
