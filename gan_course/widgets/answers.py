"""Ways to answer a question, by mouse or by keyboard: press a letter, tick boxes, write a number,
move steps up and down. Each is an `Answer`.
"""
import asyncio
import math
import random
import re
from collections.abc import Callable
from pathlib import Path

from ipywidgets import Box, Button, Checkbox, HBox, HTMLMath, Text, VBox

from gan_course.lessons.quizzes.kinds import Choices, Number, Order, Question, Range

LETTERS = "ABCDEFGH"
_NARROW = {"width": "4em", "min_width": "4em"}
_FLEX = {"flex": "1 1 0%", "min_width": "0", "margin": "2px 8px"}


class NotYet(Exception):
    """Nothing that could be judged has been given; the message is for the learner."""


def answer_by(question: Question, key: str, give: Callable, words: Callable[..., HTMLMath],
              label: str):
    """The way to answer a question, as its kind wants.

    Args:
        question: the question.
        key: its key, "NN.id", which decides the order of the options.
        give: called without arguments when there is an answer to read.
        words: puts a text on the page.
        label: what stands on the button.

    Returns:
        The `Answer`.
    """
    way = {Choices: Ticks, Number: Field, Order: Steps}.get(type(question), Letters)
    return way(question, shuffled(question, key), give, words, label)


def shuffled(question: Question, key: str) -> list[int]:
    """The order in which the options are shown: each learner's own, always the same.

    Ranges stay in the order of their values; steps never begin in the right order.

    Args:
        question: the question.
        key: its key, "NN.id".

    Returns:
        The places of the options in the question's file, in the order of the page.
    """
    order = list(range(len(question.texts())))
    draw = random.Random(f"{Path.home()} {key}")
    while not isinstance(question, Range):
        draw.shuffle(order)
        if not isinstance(question, Order) or order != sorted(order):
            break
    return order


def soon(action: Callable) -> None:
    """Do something in a moment: when Enter is pressed in a field, the browser sends the key first
    and what was written after it.

    Args:
        action: what to do, without arguments.
    """
    try:
        asyncio.get_running_loop().call_later(0.1, action)
    except RuntimeError:                                            # no loop, as in a test
        action()


class Answer:
    """A way to answer a question. What is given has the form that `Question.mark` takes.

    Attributes:
        box: the widgets to show.
        letters: the letter of each option, where options have letters.
    """

    box: Box
    letters: dict[int, str] = {}

    def listed(self) -> list[tuple[str, str]]:
        """The options as they stand on the page, each with its letter or place."""
        return []

    def read(self):
        """What has been given so far. Raises NotYet where that cannot be judged."""
        raise NotImplementedError

    def fill(self, given) -> None:
        """Answer as a learner would, by the same callbacks; for tests and headless runs."""
        raise NotImplementedError

    def short(self, given) -> str:
        """An answer in a word or two."""
        raise NotImplementedError

    def name(self, given) -> str:
        """An answer in full."""
        return self.short(given)


class _Options(Answer):
    def __init__(self, question, order, words):
        self.texts = question.texts()
        self.letters = {i: letter for letter, i in zip(LETTERS, order, strict=False)}
        self.words = words

    def listed(self):
        return [(letter, self.texts[i]) for i, letter in self.letters.items()]

    def row(self, control, i):
        return HBox([control, self.words(self.texts[i], **_FLEX)],
                    layout={"align_items": "flex-start"})


class Letters(_Options):
    """One button for each option; pressing it is the answer."""

    def __init__(self, question, order, give, words, label):
        super().__init__(question, order, words)
        self.last, self.buttons = None, {}

        def press(i):
            self.last = i
            give()

        for i in order:
            self.buttons[i] = Button(description=self.letters[i],
                                     tooltip=f"Answer {self.letters[i]}: {self.texts[i]}",
                                     layout=_NARROW)
            self.buttons[i].on_click(lambda _, i=i: press(i))
        self.box = VBox([self.row(self.buttons[i], i) for i in order])

    def read(self):
        if self.last is None:
            raise NotYet("Choose one of the answers first.")
        return self.last

    def fill(self, given):
        self.buttons[given].click()

    def short(self, given):
        return self.letters[given]

    def name(self, given):
        return f"{self.letters[given]}, {self.texts[given]}"


class Ticks(_Options):
    """A box to tick for each option, and a button."""

    def __init__(self, question, order, give, words, label):
        super().__init__(question, order, words)
        self.ticks = {
            i: Checkbox(description=self.letters[i], indent=False, layout=_NARROW) for i in order
        }
        self.check = Button(description=label)
        self.check.on_click(lambda _: give())
        self.box = VBox([*(self.row(self.ticks[i], i) for i in order), self.check])

    def read(self):
        given = [i for i in sorted(self.ticks) if self.ticks[i].value]
        if not given:
            raise NotYet("Tick every answer that is right: one or more.")
        return given

    def fill(self, given):
        for i, tick in self.ticks.items():
            tick.value = i in given
        self.check.click()

    def short(self, given):
        return ", ".join(sorted(self.letters[i] for i in given))


def number_in(text: str) -> float:
    """The number that a person wrote, with a decimal point or comma.

    Args:
        text: what was written.

    Returns:
        A finite number.

    Raises:
        NotYet: for what is no number, and for 1,386, which is one thing to an English reader and
            another to a German one.
    """
    text = re.sub(r"\s", "", text).replace("−", "-")
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text):
        whole, decimal = text.replace(",", ""), text.replace(",", ".")
        raise NotYet(f"{text} can be read as {whole} or as {decimal}. Write one of these two.")
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", text):
        text = text.replace(",", "")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise NotYet("Write a number, such as -0.25, 1000 or 3e-4.")
    return number


class Field(Answer):
    """A field for a number, and a button; Enter will do as well."""

    def __init__(self, question, order, give, words, label):
        self.field = Text(description="Number", placeholder="such as -0.25",
                          continuous_update=False, layout={"width": "16em"},
                          style={"description_width": "auto"})
        self.check = Button(description=label)
        self.check.on_click(lambda _: give())
        self.field.on_msg(lambda _, content, __: soon(give)
                          if content.get("event") == "submit" else None)
        self.box = Box([self.field, self.check], layout={"flex_flow": "row wrap"})

    def read(self):
        return number_in(self.field.value)

    def fill(self, given):
        self.field.value = repr(given)
        self.check.click()

    def short(self, given):
        return f"{given:g}"


class Steps(Answer):
    """The steps in a column, each with a button up and one down, and a button to check."""

    def __init__(self, question, order, give, words, label):
        self.texts, self.order, self.words = question.texts(), list(order), words
        self.places, self.rows = [], []
        for place in range(len(order)):
            up, down = Button(description="▲ up",
                              layout={"width": "5em"}), Button(description="▼ down",
                                                               layout={"width": "6em"})
            up.on_click(lambda _, place=place: self.move(place, -1))
            down.on_click(lambda _, place=place: self.move(place, +1))
            self.places.append((up, down))
            self.rows.append(words("", **_FLEX))
        self.places[0][0].disabled = self.places[-1][1].disabled = True
        self.check = Button(description=label)
        self.check.on_click(lambda _: give())
        lines = [
            HBox([*buttons, row], layout={"align_items": "flex-start"})
            for buttons, row in zip(self.places, self.rows, strict=True)
        ]
        self.box = VBox([*lines, self.check])
        self.show()

    def move(self, place: int, by: int) -> None:
        """Change a step with its neighbour; the keyboard stays with the step."""
        other = place + by
        self.order[place], self.order[other] = self.order[other], self.order[place]
        self.show()
        same, back = self.places[other][::-by]
        (back if same.disabled else same).focus()

    def show(self):
        """Write the steps in their present order."""
        for place, (step, row) in enumerate(zip(self.order, self.rows, strict=True)):
            row.value = self.words(f"{place + 1}. {self.texts[step]}").value
            for button, way in zip(self.places[place], ("up", "down"), strict=True):
                button.tooltip = f"Move {way}: {self.texts[step]}"

    def listed(self):
        return [(f"{place}.", self.texts[step]) for place, step in enumerate(self.order, start=1)]

    def read(self):
        return list(self.order)

    def fill(self, given):
        for place, step in enumerate(given):
            for at in range(self.order.index(step), place, -1):
                self.places[at][0].click()
        self.check.click()

    def short(self, given):
        return "your order"

    def name(self, given):
        return "; ".join(self.texts[i] for i in given)
