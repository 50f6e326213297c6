"""What a notebook hands to a batch of runs besides its claims: numbers, curves and images, for
reports and sweeps over many runs.

    collect(coverage=0.93, fid=12.5)
    collect_curve("loss of D", rounds, losses)
    collect_images("samples", G(z), columns=10)

A reader of the notebook sees one line of text for each.
"""
import base64
import io
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from gan_course.lessons.claims import finite

MIME = "application/vnd.gan-course.results+json"
Value = bool | int | float | str
"""What a parameter of a notebook can be."""
REPEATED = ("seed", "repeat")
"""What varies in a batch without being a setting."""
Number = Annotated[float | None, BeforeValidator(
    lambda number: finite(number) if isinstance(number, float) else number)]
"""A number that was collected; None for one that is not finite."""


class Curve(BaseModel):
    """A line that a notebook collected; a point without a finite value is None."""

    model_config = ConfigDict(extra="forbid", strict=True)

    x: list[Number]
    y: list[Number]


def collect(**numbers: float) -> None:
    """Hand numbers to the batch.

    Args:
        numbers: by name. A name that was given before gets the new number; one that is not finite
            counts as none.
    """
    values = {name: float(value) for name, value in numbers.items()}
    said = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items())
    _show(f"Collected: {said}",
          {"numbers": {name: finite(value) for name, value in values.items()}})


def collect_curve(name: str, x: Iterable[float], y: Iterable[float]) -> None:
    """Hand a curve to the batch.

    Args:
        name: what it is called in the report.
        x, y: its points, equally many of both.

    Raises:
        ValueError: x and y are not equally long.
    """
    x, y = [finite(float(value)) for value in x], [finite(float(value)) for value in y]
    if len(x) != len(y):
        raise ValueError(f"The curve {name!r} has {len(x)} x and {len(y)} y; it needs as many of "
                         "one as of the other.")
    _show(f"Collected: {name}, {len(x)} points", {"curve": {"name": name, "x": x, "y": y}})


def collect_images(name: str, images, columns: int = 10) -> None:
    """Hand images to the batch as one small picture, in which a pixel stays a pixel.

    Args:
        name: what they are called in the report.
        images: (N, 1 or 3, H, W) in [-1, 1].
        columns: how many stand in a row.
    """
    from PIL import Image

    from gan_course import plots

    file = io.BytesIO()
    Image.fromarray(plots.sheet(images, columns)).save(file, "PNG", optimize=True)
    _show(f"Collected: {name}, {len(images)} images",
          {"images": {name: base64.b64encode(file.getvalue()).decode()}})


def _show(text: str, data: dict) -> None:
    from IPython.display import display

    display({MIME: data, "text/plain": text}, raw=True)
