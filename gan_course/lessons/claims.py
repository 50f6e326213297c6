"""What a notebook says about its own run. A sentence of the prose that says how something behaves
is a claim:

    claim("The digits look like digits to a classifier", confidence > 0.9,
          confidence=confidence, ceiling=0.98, floor=0.4)

Claims are judged on the `laptop` and `gpu` profiles; `smoke` runs are too short for them and only
show that they can be computed. A claim that does not hold stops nothing: beside it stands how often
it held in the course's own runs, from `calibration`.
"""
import html
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from gan_course.lessons import calibration
from gan_course.lessons.calibration import Calibration
from gan_course.profile import profile

MIME = "application/vnd.gan-course.claims+json"
FEWEST_TRAININGS = 5


@dataclass(frozen=True)
class Claim:
    """A sentence about a run, and whether it held.

    Args:
        text: the sentence.
        held: whether it held in this run.
        judged: whether this run was long enough to judge it.
        numbers: what it was judged on.
        precomputed: for a claim about stored results, the seeds of their trainings.
    """

    text: str
    held: bool
    judged: bool
    numbers: dict[str, float] = field(default_factory=dict)
    precomputed: tuple[int, ...] = ()

    def verdict(self) -> str:
        """Whether it held, as a sign and a word."""
        if not self.judged:
            return "– not judged (smoke profile)"
        return "✓ held" if self.held else "✗ did not hold"


_claims: dict[str, Claim] = {}


def claim(text: str, condition, *, precomputed: Iterable[int] | None = None,
          **numbers: float) -> None:
    """Check a sentence where it is said, and show it with its numbers. `report()` at the end of the
    notebook sums up. Running the cell again replaces the claim.

    Args:
        text: the sentence.
        condition: True or False (of Python, NumPy or PyTorch).
        precomputed: for a claim about stored weights or tables, the seeds of the trainings that it
            rests on, at least 5: running the notebook again tests nothing new.
        **numbers: what it was judged on, with floor and ceiling.

    Raises:
        ValueError: fewer than 5 trainings stand behind a precomputed claim.
    """
    seeds = () if precomputed is None else tuple(sorted(set(precomputed)))
    if precomputed is not None and len(seeds) < FEWEST_TRAININGS:
        raise ValueError(f"A claim about stored results needs at least {FEWEST_TRAININGS} "
                         f"trainings with seeds of their own, and this one has {len(seeds)}.")
    made = Claim(text, bool(condition), profile() != "smoke",
                 {name: float(value) for name, value in numbers.items()}, seeds)
    _claims[text] = made
    _show([made])


def claims() -> tuple[Claim, ...]:
    """The claims made so far in this kernel, in order."""
    return tuple(_claims.values())


def report() -> None:
    """Show every claim of the notebook, and how many held."""
    judged = [made for made in claims() if made.judged]
    held = sum(made.held for made in judged)
    _show(claims(), f"{held} of {len(judged)} claims held in this run." if judged else "")


def finite(number: float) -> float | None:
    """A number that JSON knows: None in place of NaN and infinity."""
    return number if math.isfinite(number) else None


def background(made: Claim) -> str:
    """How often a claim holds, in words; and why it did not, if it did not."""
    if not made.judged:
        return ""
    if made.precomputed:
        seeds = ", ".join(map(str, made.precomputed))
        return (f"Precomputed: it rests on {len(made.precomputed)} trainings, with the seeds "
                f"{seeds}. Running the notebook again does not test it anew."
                + " As it does not hold, the stored results are not those of the course."
                * (not made.held))
    record = calibration.of(made.text)
    if record is None:
        return "How often it holds has not been measured yet." + (
            "" if made.held else " If you have changed a setting, you may have found where the "
            "sentence stops being true.")
    rate, changed = record.claims[made.text], calibration.changed_settings(record)
    often = f"it held in {rate.held} of {rate.runs} calibration runs"
    if changed:
        now = ", ".join(f"{name} {value} instead of {own}"
                        for name, (value, own) in changed.items())
        said = (f"Your settings are not the notebook's own ({now}). " if made.held else
                f"With your settings ({now}) this sentence stops being true. ")
        said += f"With the notebook's own settings {often}."
    elif not made.held and rate.held >= 0.9 * rate.runs and not record.provisional:
        said = f"This run is one of the rare ones: {often}. Nothing is wrong with your machine."
    else:
        said = often.capitalize() + "."
    return said + _reservations(record)


def _reservations(record: Calibration) -> str:
    planned, _ = calibration.needed(record.notebook)
    return (f" (These are {len(record.runs)} runs for a start; {planned} are planned.)"
            * record.provisional
            + " (The code has changed since those runs, so this may no longer be right.)"
            * calibration.is_stale(record))


def _usual(made: Claim) -> dict[str, str]:
    """The usual range of each number of a claim, in words."""
    record = calibration.of(made.text) if made.judged and not made.precomputed else None
    ranges = record.claims[made.text].numbers if record else {}
    return {name: f"{low:.4g} to {high:.4g}, half of them {lower:.4g} to {upper:.4g}"
            for name, (low, lower, _, upper, high) in ranges.items() if name in made.numbers}


def _plain(numbers: dict[str, float]) -> str:
    return ", ".join(f"{_spoken(name)} {value:.4g}" for name, value in numbers.items())


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _lines(made: Claim) -> str:
    """A claim as plain text."""
    lines = [f"{made.verdict()}: {made.text} ({_plain(made.numbers)})"]
    if made.judged and not made.held:
        lines += [background(made), *(f"{_spoken(name)}: here {made.numbers[name]:.4g}, usually "
                                      f"{words}" for name, words in _usual(made).items())]
    return "\n    ".join(lines)


def _row(made: Claim) -> str:
    """A claim as HTML; its hold rate is folded away if it held."""
    edge = "#888888" if not made.judged else "#007A5A" if made.held else "#B06000"
    said, table = html.escape(background(made)), "".join(
        f'<tr><th scope="row">{html.escape(_spoken(name))}</th><td>{made.numbers[name]:.4g}</td>'
        f"<td>{html.escape(words)}</td></tr>" for name, words in _usual(made).items())
    if table:
        said += ('<table><tr><th scope="col">number</th><th scope="col">this run</th>'
                 f'<th scope="col">calibration runs</th></tr>{table}</table>')
    if made.held and said:
        said = f"<details><summary>How often does it hold?</summary>{said}</details>"
    return (f'<div style="border-left:4px solid {edge};padding:2px 10px;margin:4px 0">'
            f"<b>{made.verdict()}</b> {html.escape(made.text)}<br>"
            f"<small>{html.escape(_plain(made.numbers))}</small><div>{said}</div></div>")


def _record(made: Claim) -> dict:
    return asdict(made) | {
        "numbers": {name: finite(value) for name, value in made.numbers.items()}
    }


def _show(shown: Iterable[Claim], summary: str = "") -> None:
    from IPython.display import display

    shown = list(shown)
    display({"text/html": "".join(map(_row, shown)) + f"<p>{summary}</p>" * bool(summary),
             "text/plain": "\n".join([*map(_lines, shown), *[summary] * bool(summary)]),
             MIME: {"claims": [_record(made) for made in shown]}}, raw=True)
