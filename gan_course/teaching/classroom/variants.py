"""A notebook of their own for each student: the same tasks with other parameters, so that results
cannot be copied.

The roster is a CSV file with a column `id`; other columns are yours. The ranges are a YAML file:

    latent_dim: [4, 8, 16]                          # one of these
    lr_D: {from: 1e-4, to: 1e-2, scale: log}        # between the two; log: every order of magnitude
                                                    # is equally likely
    seed: {from: 0, to: 999}                        # whole numbers where the parameter is one

What a student gets follows from the secret, the student's id, the notebook's name and the
parameter's name, and from nothing else: the same call gives the same notebooks, today and next
year, and a student who joins late changes nobody's. Keep the secret to yourself: anyone who has it
can compute every student's parameters.
"""
import csv
import hashlib
import hmac
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import nbformat
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gan_course import files
from gan_course.lessons import catalogue, strict_yaml
from gan_course.teaching import parameter_cell

Draw = Callable[[float], object]
"""From a number in [0, 1) to a value."""


class Between(BaseModel):
    """A range of numbers, ends included."""

    model_config = ConfigDict(extra="forbid", strict=True)

    low: int | float = Field(alias="from", allow_inf_nan=False)
    high: int | float = Field(alias="to", allow_inf_nan=False)
    scale: Literal["linear", "log"] = "linear"


_range = TypeAdapter(Annotated[list[bool | int | float | str], Field(min_length=1)] | Between)


def write(roster: Path, notebook: str, ranges: Path, secret: str, out: Path) -> list[dict]:
    """Write a notebook for each student, and `variants.csv`, which lists who got what.

    Args:
        roster: the CSV file with the students' ids.
        notebook: the number or name of a notebook.
        ranges: the YAML file that says what to draw.
        secret: the words that all draws follow from.
        out: the folder; each student gets a folder in it.

    Returns:
        The rows of `variants.csv`.

    Raises:
        ValueError: with file, line and reason of all that is wrong with the roster or the ranges;
            then nothing is written.
    """
    if not secret.strip():
        raise ValueError("The secret is empty. Choose one for this course and keep it: the "
                         "variants follow from it.")
    entry = catalogue.find(notebook)
    ids, draws = students(roster), read_ranges(ranges, parameter_cell.parameters(entry.path))
    rows = [
        {"id": id}
        | {name: draw(fraction(secret, id, entry.path.stem, name)) for name, draw in draws.items()}
        for id in ids
    ]
    for row in rows:
        folder = out / row["id"]
        folder.mkdir(parents=True, exist_ok=True)
        own = parameter_cell.parameterized(entry.path, {name: row[name] for name in draws})
        files.write(folder / entry.path.name, nbformat.writes(own))
    table = io.StringIO()
    writer = csv.DictWriter(table, ["id", *draws], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write(out / "variants.csv", table.getvalue())
    return rows


def students(roster: Path) -> list[str]:
    """The ids of a roster, in its order.

    Args:
        roster: a CSV file with a column `id`.

    Raises:
        ValueError: with file, line and reason of everything that is wrong.
    """
    try:
        text = roster.read_text(encoding="utf-8-sig")
        lines = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        if "id" not in (lines.fieldnames or []):
            raise ValueError(f"{roster.name}, line 1: the first line has to name the columns, one "
                             "of them id; it names "
                             f"{', '.join(lines.fieldnames or []) or 'nothing'}.")
        seen, problems = {}, []
        for row in lines:
            id, at = (row["id"] or "").strip(), lines.line_num
            if not re.fullmatch(r"[A-Za-z0-9][\w.@+-]{0,63}", id, re.ASCII) or id.endswith("."):
                problems.append(f"{roster.name}, line {at}: {id!r} will not do as an id, which "
                                "names a folder: letters and digits, and "
                                "after the first also . _ - + @, at most 64."
                                if id else f"{roster.name}, line {at}: the id is empty.")
            elif id.casefold() in seen:
                problems.append(f"{roster.name}, line {at}: the id {id} is there already, in line "
                                f"{seen[id.casefold()]}.")
            seen.setdefault(id.casefold(), at)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{roster.name} is not a CSV file in UTF-8: {error}.") from None
    if problems or not seen:
        raise ValueError("\n".join(problems) or f"{roster.name} names no student: below the first "
                                                "line there is nothing.")
    return [
        row["id"].strip()
        for row in csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    ]


def read_ranges(file: Path, known: dict[str, parameter_cell.Parameter]) -> dict[str, Draw]:
    """How each parameter is drawn.

    Args:
        file: the YAML file with the ranges.
        known: the parameters of the notebook.

    Returns:
        A function from a number in [0, 1) to a value, for each parameter.

    Raises:
        ValueError: with file, line and reason of everything that is wrong.
    """
    content, node = strict_yaml.load(file)
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{file.name}, line 1: it has to name parameters with their ranges, such "
                         f"as lr_D: {{from: 1e-4, to: 1e-2}}.")
    draws, problems = {}, []
    for name, wanted in content.items():
        try:
            if name not in known:
                raise ValueError(f"the notebook has no parameter {name}; it has "
                                 f"{', '.join(known) or 'none'}")
            draws[name] = _draw(_range.validate_python(wanted, strict=True), known[name])
        except ValidationError:
            problems.append((name, f"{name} has to be a list of values, or {{from: …, to: …}}, if "
                                   "you like with scale: log"))
        except ValueError as error:
            problems.append((name, str(error).rstrip(".")))
    if problems:
        raise ValueError("\n".join(f"{file.name}, line {strict_yaml.line(node, (name,))}: {said}."
                                   for name, said in problems))
    return draws


def _draw(wanted: list | Between, parameter: parameter_cell.Parameter) -> Draw:
    if isinstance(wanted, list):
        values = [parameter_cell.fit(value, parameter) for value in wanted]
        return lambda share: values[int(share * len(values))]
    low, high = (parameter_cell.fit(value, parameter) for value in (wanted.low, wanted.high))
    if not (isinstance(low, int | float) and low < high) or isinstance(low, bool):
        raise ValueError(f"{parameter.name} has to be a number from a lower to a higher one; got "
                         f"from {low} to {high}")
    if wanted.scale == "log" and low <= 0:
        raise ValueError(f"{parameter.name}: on a log scale both ends have to be more than 0; got "
                         f"{low}")
    whole = isinstance(low, int)

    def value(share):
        if wanted.scale == "log":
            number = low * ((high + whole) / low) ** share
        else:
            number = low + (high + whole - low) * share
        if whole:  # each whole number has its share, the last one too
            return min(int(number), high)
        digits = 2 - math.floor(math.log10(abs(number))) if number else 0
        # three digits are enough to be told apart, and to be read
        return min(max(round(number, digits), low), high)
    return value


def fraction(*words: str) -> float:
    """A number in [0, 1) that follows from some words.

    Args:
        words: the first of them is secret, and the number tells nothing about it.
    """
    secret, *rest = words
    digest = hmac.new(secret.encode(), "\0".join(rest).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
