"""The kinds of question. Each checks its own sense, and marks an answer: `question.mark(given,
value)` gives a `Mark`.

What is `given`: choice and range, the place of the option; choices, a list of places; number, a
number; order, the places of the steps in the order given. `value` is the learner's own number, from
the notebook: a range needs one, and a number is judged by it where there is one.
"""
from bisect import bisect_left
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


@dataclass(frozen=True)
class Said:
    """A sentence of a mark; of which option it speaks, and whether that belonged to the
    answer.
    """

    text: str
    option: int | None = None
    good: bool | None = None


@dataclass(frozen=True)
class Mark:
    """Whether an answer is right, and why."""

    right: bool
    says: tuple[Said, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Strict):
    """One answer to choose."""

    text: Text
    why: Text
    right: bool = False


class Slip(_Strict):
    """A wrong number that has a known cause."""

    answer: FiniteFloat
    why: Text


class Step(_Strict):
    """One step of several; `why` says what has to come before it."""

    text: Text
    why: Text


class Band(_Strict):
    """A range of values, up to and including `upto`."""

    upto: FiniteFloat | None = None
    text: Text | None = None
    why: Text


class Question(_Strict):
    """What every question has."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    title: Text
    ask: Text
    in_text: bool = False

    def texts(self) -> list[str]:
        """The texts of the options, in the order of the file."""
        return []

    def mark(self, given, value: float | None = None) -> Mark:
        """Whether an answer is right, and why.

        Args:
            given: the answer, in the form that the kind of question takes.
            value: the learner's own number, where there is one.

        Returns:
            The mark.

        Raises:
            ValueError: an order has another number of steps than the question.
            IndexError: there is no such option or step.
        """
        raise NotImplementedError

    def examples(self, value: float | None = None) -> tuple[object, list]:
        """A right answer and some wrong ones, for tests and headless runs.

        Args:
            value: the learner's own number, where there is one.

        Returns:
            The right answer, and a list of wrong ones.
        """
        raise NotImplementedError

    def _all_different(self) -> None:
        if len(set(self.texts())) < len(self.texts()):
            raise ValueError("two options have the same text")


class Choice(Question):
    """One option of several is right."""

    kind: Literal["choice"]
    options: list[Option] = Field(min_length=2, max_length=8)

    @model_validator(mode="after")
    def _sense(self):
        self._all_different()
        rights = sum(option.right for option in self.options)
        if rights != 1:
            raise ValueError(f"{rights or 'no'} options are right; a choice needs exactly one with "
                             "“right: true”")
        return self

    def texts(self):
        return [option.text for option in self.options]

    def mark(self, given: int, value=None) -> Mark:
        return Mark(self.options[given].right, (Said(self.options[given].why),))

    def examples(self, value=None):
        """A right answer and every wrong one."""
        rights = [i for i, option in enumerate(self.options) if option.right]
        return rights[0], [i for i in range(len(self.options)) if i not in rights]


class Choices(Question):
    """One option or more are right, and all of them are wanted."""

    kind: Literal["choices"]
    options: list[Option] = Field(min_length=2, max_length=8)

    @model_validator(mode="after")
    def _sense(self):
        self._all_different()
        if not any(option.right for option in self.options):
            raise ValueError("no option is right; choices need one or more with “right: true”")
        return self

    def texts(self):
        return [option.text for option in self.options]

    def mark(self, given: list[int], value=None) -> Mark:
        rights = {i for i, option in enumerate(self.options) if option.right}
        right = set(given) == rights
        says = [
            Said(option.why, i, option.right) for i, option in enumerate(self.options)
            if right or i in given
        ]
        missing = len(rights - set(given))
        more = [Said(f"{missing} more {'belongs' if missing == 1 else 'belong'} to the answer.")
                ] if missing else []
        return Mark(right, (*says, *more))

    def examples(self, value=None):
        """A right answer, and wrong ones that tick each option alone, or all but it."""
        everything = list(range(len(self.options)))
        right = [i for i in everything if self.options[i].right]
        tries = [[i] for i in everything] + [[j for j in everything if j != i]
                                             for i in everything] + [everything]
        return right, [given for given in tries if given and given != right]


class Number(Question):
    """A number, right when it is within `tolerance` of the answer."""

    kind: Literal["number"]
    answer: FiniteFloat
    tolerance: Annotated[FiniteFloat, Field(gt=0)]
    why: Text
    slips: list[Slip] = []
    otherwise: Text

    @model_validator(mode="after")
    def _sense(self):
        for slip in self.slips:
            if abs(slip.answer - self.answer) <= 2 * self.tolerance:
                raise ValueError(f"the slip {slip.answer:g} is too near to the right answer "
                                 f"{self.answer:g} to be told apart")
        return self

    def mark(self, given: float, value: float | None = None) -> Mark:
        def near(number):
            return abs(given - number) <= self.tolerance * (1 + 1e-9)

        if near(self.answer if value is None else value):
            return Mark(True, (Said(self.why),))
        return Mark(
            False,
            (Said(next((slip.why for slip in self.slips if near(slip.answer)), self.otherwise)), ))

    def examples(self, value=None):
        """The right number; each slip, and two numbers outside the tolerance."""
        right = self.answer if value is None else value
        return right, [
            *(slip.answer for slip in self.slips), right - 1.01 * self.tolerance,
            right + 1.01 * self.tolerance
        ]


class Order(Question):
    """Steps to put in order."""

    kind: Literal["order"]
    steps: list[Step] = Field(min_length=3, max_length=8)
    why: Text

    @model_validator(mode="after")
    def _sense(self):
        self._all_different()
        return self

    def texts(self):
        return [step.text for step in self.steps]

    def mark(self, given: list[int], value=None) -> Mark:
        if len(given) != len(self.steps):
            raise ValueError(f"an order has {len(self.steps)} steps; got {len(given)}")
        wrong = next((place for place, step in enumerate(given) if step != place), None)
        if wrong is None:
            return Mark(True, (Said(self.why),))
        good = f"{wrong} of {len(given)} are in their places, counted from the first."
        return Mark(False, (Said(good), Said(f"Number {wrong + 1} comes too early. "
                                                f"{self.steps[given[wrong]].why}")))

    def examples(self, value=None):
        """The right order; each pair of neighbours changed over, and all backwards."""
        right = list(range(len(self.steps)))
        return right, [[*right[:i], i + 1, i, *right[i + 2:]] for i in right[:-1]] + [right[::-1]]


class Range(Question):
    """The range that holds the learner's own value is right.

    Always beside the cell that computes it.
    """

    kind: Literal["range"]
    in_text: Literal[True] = True
    ranges: list[Band] = Field(min_length=2, max_length=8)

    @model_validator(mode="after")
    def _sense(self):
        ends = [band.upto for band in self.ranges]
        if ends[-1] is not None or None in ends[:-1] or ends[:-1] != sorted(set(ends[:-1])):
            raise ValueError("every range but the last needs an upto, from low to high")
        self._all_different()
        return self

    def texts(self):
        ends = [band.upto for band in self.ranges]
        between = [
            f"above {low:g}, at most {high:g}" for low, high in zip(ends, ends[1:-1], strict=False)
        ]
        bounds = [f"at most {ends[0]:g}", *between, f"above {ends[-2]:g}"]
        return [band.text or bound for band, bound in zip(self.ranges, bounds, strict=True)]

    def holds(self, value: float) -> int:
        """The place of the range that holds a value."""
        return bisect_left([band.upto for band in self.ranges[:-1]], value)

    def mark(self, given: int, value: float) -> Mark:
        return Mark(given == self.holds(value), (Said(self.ranges[given].why),))

    def examples(self, value):
        """The range that holds the value; all others."""
        return self.holds(value), [i for i in range(len(self.ranges)) if i != self.holds(value)]
