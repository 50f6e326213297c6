"""The list of notebooks, read from each notebook's own metadata: the one source for `gan-course
list` and every course map.
"""
import json
from dataclasses import dataclass
from pathlib import Path

from gan_course.paths import NOTEBOOKS


@dataclass(frozen=True)
class Entry:
    """One notebook: its number as written ("02"), where it lies, what it asks, and its minutes on a
    laptop.
    """

    number: str
    path: Path
    title: str
    question: str
    minutes: float


def notebooks(folder: Path = NOTEBOOKS) -> list[Entry]:
    """Every notebook of the course in order.

    Raises ValueError, with its name, for one that is damaged or lacks the metadata.
    """
    return [_entry(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]


def find(name: str, folder: Path = NOTEBOOKS) -> Entry:
    """The notebook called `name`: a number (3 or 03), a file name or a topic. Raises ValueError,
    naming all, if there is none.
    """
    wanted = Path(name).name.removesuffix(".ipynb")
    entries = notebooks(folder)
    for entry in entries:
        stem = entry.path.stem
        if wanted in (stem, stem[3:]) or wanted.zfill(2) == entry.number:
            return entry
    raise ValueError(f"There is no notebook {name!r}. Notebooks: "
                     f"{', '.join(entry.path.stem for entry in entries) or 'none'}.")


def course_map_markdown(folder: str = "") -> str:
    """The course map as a Markdown table; `folder` stands before each link ("notebooks/" in
    README).
    """
    rows = [f"| {entry.number} | [{entry.title}]({folder}{entry.path.name}) | {entry.question} | "
            f"{entry.minutes:g} |"
            for entry in notebooks()]
    return "\n".join(
        ["| | Notebook | Its question | Minutes on a laptop |", "|---|---|---|---:|", *rows])


def _entry(path: Path) -> Entry:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["gan_course"]
        return Entry(path.name[:2], path, about["title"], about["question"], about["minutes"])
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path.name} cannot be listed: it is damaged, or its metadata has no "
                         "gan_course with title, question "
                         f"and minutes ({error!r}).") from error
