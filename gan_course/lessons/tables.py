"""Tables of numbers in a notebook."""
import html
import json
from collections.abc import Mapping, Sequence

from gan_course.paths import DATA


def show(rows: Mapping[str, Sequence[float | str] | float | str], columns: Sequence[str] = (),
         digits: int = 3) -> None:
    """Show named rows of numbers as a table.

        tables.show({"floor": (0.1, 0.0), "real": (0.99, 0.08)}, ["agreement", "rarest class"])

    Args:
        rows: for each name its cells, one for each column; a single cell needs no list.
        columns: the names of the columns.
        digits: significant digits of a float; whole numbers and texts stay as they are.

    Raises:
        ValueError: a row has another number of cells than there are columns.
    """
    from IPython.display import display

    cells = {name: [_cell(value, digits) for value in
                    ([row] if isinstance(row, str) or not hasattr(row, "__len__") else row)]
             for name, row in rows.items()}
    for name, row in cells.items():
        if columns and len(row) != len(columns):
            raise ValueError(f"The row {name!r} has {len(row)} cells, and there are {len(columns)} "
                             "columns.")
    lines = [["", *columns] if columns else [], *([name, *row] for name, row in cells.items())]
    wide = max(len(line) for line in lines)
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(wide)]
    plain = "\n".join("  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width)
                               in enumerate(zip(line, widths, strict=False)))
                      for line in lines if line)
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in lines[0])
    body = "".join(f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
                   + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
                   for name, *row in lines[1:])
    top = f"<thead><tr>{head}</tr></thead>" if columns else ""
    page = f"<table>{top}<tbody>{body}</tbody></table>"
    display({"text/html": page, "text/plain": plain}, raw=True)


def mean_and_range(values: Sequence[float], digits: int = 3) -> str:
    """The mean of several runs with their lowest and highest value, as a cell of a table.

        tables.mean_and_range([0.1, 0.3, 0.2])      # "0.2 (0.1 to 0.3)"
        tables.mean_and_range([0.1])                # "0.1": one run has no range

    Args:
        values: one number for each run, at least one.
        digits: significant digits.

    Returns:
        The three numbers in words.

    Raises:
        ValueError: there are no values.
    """
    if len(values) == 0:
        raise ValueError("There are no values to take the mean of.")
    mean, low, high = (_cell(float(value), digits)
                       for value in (sum(values) / len(values), min(values), max(values)))
    return f"{mean} ({low} to {high})" if len(values) > 1 else mean


def read(name: str) -> list[dict]:
    """A precomputed table of `data/tables`: one dictionary for each run.

        runs = tables.read("15_modern_baseline")

    Args:
        name: the file's name without its ending.

    Returns:
        Each run with its settings and its numbers; what a run has not measured is missing or None.

    Raises:
        FileNotFoundError: there is no such table.
    """
    return json.loads((DATA / "tables" / f"{name}.json").read_text(encoding="utf-8"))


def _cell(value: float | str, digits: int) -> str:
    if isinstance(value, str):
        return value
    number = float(value)
    if number.is_integer() and abs(number) < 1e15 and not isinstance(value, float):
        return f"{int(number):,}"
    return f"{number:.{digits}g}" if abs(number) < 10**digits - 0.5 else f"{number:,.0f}"
