"""The runs that a learner has kept, as a table on the page and as a CSV file."""
import csv
import html
import io
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kept:
    """A run that the learner has kept.

    Attributes:
        row: its name, settings, learning rates and outcome: a row of the table.
        curves: the loss of each player, by name: rounds and means, (points, 2).
        quality: what the view measured: rounds and values, (points, 2).
    """

    row: dict
    curves: dict[str, np.ndarray]
    quality: np.ndarray


def as_csv(kept: list[Kept]) -> str:
    """The kept runs as CSV, one row a run; a column that a run does not have is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(kept), lineterminator="\n")
    writer.writeheader()
    writer.writerows(run.row for run in kept)
    return text.getvalue()


def as_html(kept: list[Kept]) -> str:
    """The kept runs as an HTML table, escaped; empty without runs."""
    if not kept:
        return ""
    columns = _columns(kept)
    head = _row("th", [column.replace("_", " ") for column in columns])
    body = "".join(
        _row("td", [short(run.row.get(column, "")) for column in columns]) for run in kept)
    return ('<div style="overflow-x:auto;line-height:1.4"><table '
            f'class="gan-course-runs"><thead>{head}</thead>'
            f'<tbody>{body}</tbody></table></div>')


def short(value) -> str:
    """A value in a few characters: 0.0003, "WGAN-GP"."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _columns(kept: list[Kept]) -> list[str]:
    return list(dict.fromkeys(column for run in kept for column in run.row))


def _row(kind: str, texts: list[str]) -> str:
    cells = (f'<{kind} style="padding:1px 5px;text-align:right">{html.escape(text)}</{kind}>'
             for text in texts)
    return f"<tr>{''.join(cells)}</tr>"
