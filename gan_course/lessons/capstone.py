"""A fresh notebook for the capstone: the template of `examples/capstone.ipynb`, with one of the
briefs of notebook 19 in it.

A brief is the cells of notebook 19 that are tagged `brief-1`, `brief-2`, …: its text, and the code
that loads its data and shows what can be reached with them.
"""
import json
import re
from pathlib import Path

from gan_course import files
from gan_course.lessons import catalogue
from gan_course.paths import ROOT

TEMPLATE = ROOT / "examples" / "capstone.ipynb"
PLACE = "brief"
"""The tag of the template's cell that gives way to the brief."""


def briefs() -> dict[int, str]:
    """The titles of the briefs, by their numbers."""
    found = {}
    for cell in _cells(catalogue.find("19").path):
        for tag in _tags(cell):
            if (match := re.fullmatch(r"brief-(\d+)", tag)) and cell["cell_type"] == "markdown":
                heading = cell["source"].splitlines()[0]
                found.setdefault(int(match[1]), heading.partition(": ")[2])
    return found


def write(path: Path, brief: int) -> str:
    """Write a fresh notebook.

    Args:
        path: the file to write.
        brief: the number of a brief.

    Returns:
        The title of the brief.

    Raises:
        ValueError: there is no such brief, or the file is no notebook, or it is there already.
    """
    titles = briefs()
    if brief not in titles:
        known = ", ".join(f"{number} ({title})" for number, title in titles.items())
        raise ValueError(f"There is no brief {brief}. There are: {known}.")
    if path.suffix != ".ipynb":
        raise ValueError(f"{path} is no name for a notebook; take one that ends in .ipynb.")
    if path.exists():
        raise ValueError(f"{path} is there already, and nothing was written. Take another name.")
    notebook = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    own = [cell for cell in _cells(catalogue.find("19").path) if f"brief-{brief}" in _tags(cell)]
    place = next(i for i, cell in enumerate(notebook["cells"]) if PLACE in _tags(cell))
    notebook["cells"][place:place + 1] = own
    notebook["metadata"]["gan_course"]["capstone"] = brief
    files.write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return titles[brief]


def _cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells]


def _tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])
