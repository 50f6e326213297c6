"""What a notebook hands to a batch of runs besides its claims: numbers and curves, for tables, heat maps and plots over many runs.

    collect(coverage=0.93, fid=12.5)
    collect_curve("loss of D", rounds, losses)

A reader of the notebook sees one line of text for each.
"""
from collections.abc import Iterable

from gan_course.claims import finite

MIME = "application/vnd.gan-course.results+json"


def collect(**numbers: float) -> None:
    """Hand numbers to the batch, by name. A name that was given before gets the new number; one that is not finite counts as none."""
    values = {name: float(value) for name, value in numbers.items()}
    said = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items())
    _show(f"Collected: {said}", {"numbers": {name: finite(value) for name, value in values.items()}})


def collect_curve(name: str, x: Iterable[float], y: Iterable[float]) -> None:
    """Hand a curve to the batch: `y` over `x`, one number each. Raises ValueError when they are not equally long."""
    x, y = [finite(float(value)) for value in x], [finite(float(value)) for value in y]
    if len(x) != len(y):
        raise ValueError(f"The curve {name!r} has {len(x)} x and {len(y)} y; it needs as many of one as of the other.")
    _show(f"Collected: {name}, {len(x)} points", {"curve": {"name": name, "x": x, "y": y}})


def _show(text: str, data: dict) -> None:
    from IPython.display import display

    display({MIME: data, "text/plain": text}, raw=True)
