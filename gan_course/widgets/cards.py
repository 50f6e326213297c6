"""Questions on the page.

What is right, and why, stays in the kernel until it is answered; everything works by keyboard.
"""
import html
import re
from collections.abc import Callable

from ipywidgets import HTML, Box, Button, HTMLMath, VBox

from gan_course.lessons.quizzes.kinds import Mark, Number, Question, Range
from gan_course.widgets.answers import NotYet, answer_by
from gan_course.widgets.cells import close, in_words

CONFIDENCES = {"a guess": 0.3, "perhaps": 0.5, "rather sure": 0.7, "quite sure": 0.9}
RIGHT, WRONG, NEUTRAL = "#007A5A", "#C03000", "#888888"
_MARKUP = ((r"\*\*(.+?)\*\*", r"<b>\1</b>"), (r"\*(.+?)\*", r"<i>\1</i>"))


def markup(text: str) -> str:
    """A question's text as HTML.

    Args:
        text: it may hold $maths$, `code`, *emphasis* and **weight**.

    Returns:
        The HTML, escaped, with maths left for the page to typeset.
    """
    def one(part):
        if part.startswith("`"):
            return f"<code>{html.escape(part[1:-1])}</code>"
        part, prose = html.escape(part), not part.startswith("$")
        for pattern, marked in _MARKUP if prose else ():
            part = re.sub(pattern, marked, part)
        return part

    return "".join(map(one, re.split(r"(\$[^$]+\$|`[^`]+`)", text)))


def words(text: str, **layout) -> HTMLMath:
    """A text on the page, its maths typeset; `layout` holds options of the widget's layout."""
    return HTMLMath(_block(markup(text)), layout={"width": "auto", **layout})


def _block(content: str, edge: str | None = None, role: str = "") -> str:
    bar = f"border-left:4px solid {edge};padding:4px 12px;margin:4px 0;" if edge else ""
    role = f' role="{role}"' if role else ""
    style = f"{bar}line-height:1.5;white-space:normal;font-size:var(--jp-content-font-size1)"
    return f'<div class="gan-course-quiz"{role} style="{style}">{content}</div>'


class _Card:
    """A question with a way to answer it and room for what is said about the answer.

    `error` is the last thing that went wrong.
    """

    def __init__(self, key: str, question: Question, heading: str, label: str = "Check"):
        self.question, self.heading, self.error = question, heading, None
        self.result, self.trouble = HTMLMath(layout={"width": "auto"}), HTML()
        self.answer = answer_by(question, key, self.guarded(lambda: self.given(self.answer.read())),
                                words, label)
        title = HTMLMath(
            _block(f"<b>{heading} · "
                   f"{markup(question.title)}</b><br>{markup(question.ask)}"),
            layout={"width": "auto"})
        self.parts = [title, self.answer.box, self.result, self.trouble]
        self.box = VBox(self.parts, layout={"margin": "8px 0 16px 0", "max_width": "60em"})
        self.box.add_class("gan-course-card")

    def guarded(self, action: Callable) -> Callable:
        """`action`, with every error shown in words on the card and raised again."""
        def run(*arguments):
            try:
                self.trouble.value = ""
                action(*arguments)
            except NotYet as hint:
                self.say(markup(str(hint)), NEUTRAL)
            except Exception as error:
                self.error = error
                self.trouble.value = in_words(error)
                raise
        return run

    def say(self, content: str, edge: str) -> None:
        """Show something under the answer; a screen reader reads it out."""
        self.result.value = _block(content, edge, role="alert")

    def remark(self, note: str | None) -> None:
        """Show a sentence below everything else, if there is one: what was not recorded."""
        if note:
            self.trouble.value = f'<p role="status">{html.escape(note)}</p>'

    def given(self, given) -> None:
        """What happens with an answer."""

    def plain(self) -> str:
        """The question as plain text."""
        options = [f"  {letter}  {text}" for letter, text in self.answer.listed()]
        return "\n".join([f"{self.heading} · {self.question.title}", self.question.ask, *options])

    def drive(self) -> None:
        """Use the card as a learner would, rightly and wrongly.

        Raises whatever goes wrong on it.
        """
        if self.error:
            raise self.error

    def close(self) -> None:
        """Take the card, and everything on it, away."""
        close(self.box)


class Card(_Card):
    """A question that says at once whether the answer is right, and why. Other answers may be tried
    after; each explains itself.

    Args:
        key: the question's key, "NN.id".
        question: the question.
        heading: what stands above it.
        value: the learner's own number, which a range needs.
        note: a text under the question.
        on_answer: called as on_answer(given, right, first) for every answer until the right one is
            found; the text that it returns is shown.
    """

    def __init__(self, key, question, heading="Question", *, value=None, note="",
                 on_answer: Callable = lambda *_: None):
        super().__init__(key, question, heading)
        self.value, self.on_answer, self.tries, self.solved = value, on_answer, 0, False
        if note:
            self.box.children = (self.parts[0], words(note), *self.parts[1:])

    def given(self, given):
        """Mark an answer, and say why it is right or wrong."""
        mark = self.question.mark(given, self.value)
        number = [] if self.value is None else [f"Your number is {self.value:.4g}."]
        self.say("<br>".join([*told(self.answer, given, mark), *number]),
                 RIGHT if mark.right else WRONG)
        self.tries += 1
        if not self.solved:
            self.solved = mark.right
            self.remark(self.on_answer(given, mark.right, self.tries == 1))

    def drive(self):
        right, wrong = self.question.examples(self.value)
        for given in (*wrong, right):
            self.answer.fill(given)
        assert self.solved and self.tries == len(
            wrong) + 1 or self.error, f"{self.question.id}: an answer was not taken"
        super().drive()


class Prediction(_Card):
    """A question that takes an answer and how sure the learner is of it, and does not say what is
    right.

    Args:
        key: the question's key, "NN.id".
        question: a question about a number.
        on_keep: called as on_keep(given, confidence); the text that it returns is shown.
        kept: the answer and the confidence of a prediction made before.
    """

    def __init__(self, key, question, *, on_keep: Callable, kept: tuple | None = None):
        super().__init__(key, question, "Predict", label="Take this")
        self.on_keep = on_keep
        self.buttons = {
            confidence: Button(description=f"{name}, {100 * confidence:.0f} %",
                               tooltip=f"How sure: {name}", layout={"width": "auto"})
            for name, confidence in CONFIDENCES.items()
        }
        keep = self.guarded(self.keep)
        for confidence, button in self.buttons.items():
            button.on_click(lambda _, confidence=confidence: keep(confidence))
        row = Box(list(self.buttons.values()), layout={"flex_flow": "row wrap"})
        self.box.children = (*self.parts[:2], words("How sure are you?"), row, *self.parts[2:])
        if kept:
            self.say(self.kept(*kept), NEUTRAL)

    def given(self, given):
        """Ask how sure the learner is of an answer."""
        self.say(f"You predict: {markup(self.answer.name(given))}. How sure are you?", NEUTRAL)

    def keep(self, confidence: float) -> None:
        """Keep the answer as a prediction, with the confidence, 0 to 1."""
        given = self.answer.read()
        self.say(self.kept(given, confidence), NEUTRAL)
        self.remark(self.on_keep(given, confidence))

    def kept(self, given, confidence: float) -> str:
        """What is said about a prediction that is kept, as HTML."""
        return (f"✓ Kept. You predict: {markup(self.answer.name(given))}, and you are "
                f"{100 * confidence:.0f} % sure. Now run on.")

    def drive(self):
        right, wrong = self.question.examples(0.0 if isinstance(self.question, Range) else None)
        for given in (*wrong, right):
            self.answer.fill(given)
            for button in self.buttons.values():
                button.click()
        super().drive()


class Outcome(_Card):
    """What came of a prediction. Without one it waits, and can be told not to.

    Args:
        key: the question's key, "NN.id".
        question: the question that was predicted.
        value: what came out.
    """

    def __init__(self, key, question, value: float):
        super().__init__(key, question, "What came out")
        self.value = value
        self.anyway = Button(description="Show it without a prediction",
                             layout={"width": "auto", "align_self": "flex-start"})
        self.anyway.on_click(lambda _: self.guarded(self.reveal)())
        self.box.children = (self.result, self.anyway, self.trouble)
        self.say(f"<b>{markup(question.title)}</b><br>You have not predicted yet. Do it above, and "
                 "your prediction will be shown here "
                 "beside the outcome.", NEUTRAL)

    def plain(self):
        return f"{self.heading} · {self.question.title}: {self.value:.4g}"

    def drive(self):
        self.anyway.click()
        super().drive()

    def reveal(self, given=None, confidence: float | None = None) -> None:
        """Show what came out, beside the prediction if there is one.

        Args:
            given: the predicted answer; None without a prediction.
            confidence: how sure the learner was of it, 0 to 1.
        """
        self.anyway.layout.display = "none"
        best = self.question.examples(self.value)[0]
        said, edge = [f"<b>{markup(self.question.title)}</b>"], NEUTRAL
        if given is not None:
            mark = self.question.mark(given, self.value)
            head, edge = ("✓ As you predicted",
                          RIGHT) if mark.right else ("✗ Not as you predicted", WRONG)
            said += [f"<b>{head}.</b> You were {100 * confidence:.0f} % sure of: "
                     f"{markup(self.answer.name(given))}."]
            said += [markup(each.text) for each in mark.says if not mark.right]
        named = "" if isinstance(self.question, Number) else f" ({markup(self.answer.name(best))})"
        said += [
            f"What came out: {self.value:.4g}{named}.",
            *(markup(each.text) for each in self.question.mark(best, self.value).says)
        ]
        self.say("<br>".join(said), edge)


def told(answer, given, mark: Mark) -> list[str]:
    """A mark in words and symbols.

    Args:
        answer: the way in which the question was answered.
        given: the answer.
        mark: what the question says about it.

    Returns:
        Lines of HTML.
    """
    head = "✓ Right" if mark.right else "✗ Not quite"
    said = [f"<b>{head}: {html.escape(answer.short(given))}</b>"]
    for each in mark.says:
        sign = ""
        if each.option is not None:
            sign = f"{'✓' if each.good else '✗'} {answer.letters[each.option]}: "
        said.append(sign + markup(each.text))
    return said


def column(cards: list) -> VBox:
    """Several cards below each other."""
    return VBox([card.box for card in cards])
