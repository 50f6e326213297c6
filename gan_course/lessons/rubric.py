"""The rubric of the capstone: five criteria, 4 points each, 20 in all. One peer needs about twenty
minutes to apply it.

    rubric.table()                                          # the criteria and their levels
    rubric.add_up(question=4, baselines=2, seeds=4, measures=2, refutation=0)
"""
from dataclasses import dataclass

from gan_course.lessons import results, tables

LEVELS = (0, 2, 4)
"""The points that a criterion can have."""


@dataclass(frozen=True)
class Criterion:
    """One criterion: what it asks, and what each of `LEVELS` looks like."""

    asks: str
    levels: tuple[str, str, str]


CRITERIA = {
    "question": Criterion("Is there a question, and a prediction that could have been wrong?", (
        "There is no question, or the prediction was written after the result.",
        "There is a question, and a prediction in words: “better”, “it should work”.",
        "The prediction is a number, written before the run, and the run could have missed it.")),
    "baselines": Criterion("Does each number stand between a floor and a ceiling?", (
        "There is neither a floor nor a ceiling.",
        "One of the two is missing, or was measured on another number of samples, or no simple "
        "method stands beside it.",
        "It has both, measured on the same number of samples, and a simple method beside it.")),
    "seeds": Criterion("How many trainings stand behind it, and are all of them shown?", (
        "It is one training, or failed and worse ones were left out.",
        "There are at least three trainings, and only their mean is shown.",
        "There are at least three, each is shown, failed ones count, and the margin of the claim "
        "comes from their spread.")),
    "measures": Criterion("Is there a second measure that could disagree with the first?", (
        "There is one measure.",
        "There are two, but both reward the same thing, or nobody looked for copies.",
        "There are two that a bad model could not please together, and the samples nearest to the "
        "training data are shown.")),
    "refutation": Criterion("Was there an honest attempt to show that the story is wrong?", (
        "There is none.",
        "A control or an ablation is described, and was not run; or it could not have failed.",
        "A control, an ablation or a test that could have refuted the story was run, and its "
        "result is told, whatever it is.")),
}
MOST = max(LEVELS) * len(CRITERIA)


def table() -> None:
    """Show the criteria, and what earns 0, 2 and 4 points."""
    tables.show({f"{key}: {criterion.asks}": criterion.levels
                 for key, criterion in CRITERIA.items()}, [f"{level} points" for level in LEVELS])


def total(**points: int) -> int:
    """The sum of the points.

    Args:
        **points: 0, 2 or 4 for each of `CRITERIA`.

    Returns:
        0 to 20.

    Raises:
        ValueError: a criterion is missing or unknown, or a number of points is not 0, 2 or 4.
    """
    if points.keys() != CRITERIA.keys():
        raise ValueError(f"Points are needed for {', '.join(CRITERIA)}; got "
                         f"{', '.join(points) or 'none'}.")
    for key, value in points.items():
        if value not in LEVELS:
            raise ValueError(f"{key} is {value!r}; a criterion has 0, 2 or 4 points.")
    return sum(points.values())


def add_up(**points: int) -> None:
    """Show the points of a report with their reasons, what the next level asks, and the sum.

    Args:
        **points: 0, 2 or 4 for each of `CRITERIA`.

    Raises:
        ValueError: as of `total`.
    """
    points_in_all = total(**points)
    rows = {}
    for key, criterion in CRITERIA.items():
        place = LEVELS.index(points[key])
        missing = criterion.levels[place + 1] if place + 1 < len(LEVELS) else ""
        rows[key] = [points[key], criterion.levels[place], missing]
    rows["in all"] = [points_in_all, f"of {MOST} points", ""]
    tables.show(rows, ["points", "because", "the next level"])
    results.collect(points=points_in_all)
