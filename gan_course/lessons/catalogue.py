"""The list of notebooks, read from each notebook's own metadata: the one source for `gan-course
list` and every course map.

    notebooks/03_first_gan.ipynb          the main path, one notebook for each number
    notebooks/deeper/03_settings.ipynb    optional, for those who want more of 03
"""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from gan_course.paths import NOTEBOOKS

DEEPER = "deeper"
"""The folder of the optional notebooks, inside that of the others."""


@dataclass(frozen=True)
class Entry:
    """One notebook.

    Args:
        number: as written, "02"; a deeper notebook has that of its main notebook.
        path: where it lies.
        title: what it is called.
        question: what it answers.
        minutes: to run all its cells on a laptop.
        hours: to study it.
        deeper: whether it is optional.
    """

    number: str
    path: Path
    title: str
    question: str
    minutes: float
    hours: float
    deeper: bool

    @property
    def name(self) -> str:
        """What it is called on the command line: "03_first_gan" or "deeper/03_settings"."""
        return f"{DEEPER}/{self.path.stem}" if self.deeper else self.path.stem


def notebooks(folder: Path = NOTEBOOKS) -> list[Entry]:
    """Every notebook of the course in order: after each main notebook come its deeper ones.

    Args:
        folder: where the notebooks lie.

    Raises:
        ValueError: one is damaged or lacks the metadata; the message names it.
    """
    found = [*folder.glob("[0-9][0-9]_*.ipynb"), *folder.glob(f"{DEEPER}/[0-9][0-9]_*.ipynb")]
    return [_entry(path) for path in sorted(found, key=lambda path: (
        path.name[:2], path.parent.name == DEEPER, path.name))]


def find(name: str, folder: Path = NOTEBOOKS) -> Entry:
    """The notebook of a name.

    Args:
        name: a number (3 or 03) for the main ones, a file name or a topic.
        folder: where the notebooks lie.

    Raises:
        ValueError: there is none; the message names all.
    """
    wanted, entries = Path(name), notebooks(folder)
    topic = wanted.name.removesuffix(".ipynb")
    for entry in entries:
        if wanted.parent.name == DEEPER and not entry.deeper:
            continue
        if topic in (entry.path.stem, entry.path.stem[3:]) or (
                topic and topic.zfill(2) == entry.number and not entry.deeper):
            return entry
    raise ValueError(f"There is no notebook {name!r}. Notebooks: "
                     f"{', '.join(entry.name for entry in entries) or 'none'}.")


def exercises(entry: Entry) -> set[str]:
    """The keys of the notebook's own exercises, {"03.training_step", …}: those that it checks,
    without the ones that come back from an earlier notebook.
    """
    cells = json.loads(entry.path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    checked = re.findall(r"""exercises\.check\(\s*["'](.+?)["']""", code)
    return {key for key in checked if key.startswith(f"{entry.number}.")}


def course_map_markdown(folder: str = "") -> str:
    """The course map as a Markdown table, with the deeper notebooks below their main one.

    Args:
        folder: what stands before each link ("notebooks/" in README).
    """
    rows = ["| | Notebook | Its question | Minutes to run | Hours to study |",
            "|---|---|---|---:|---:|"]
    for entry in notebooks():
        link = f"[{entry.title}]({folder}{entry.name}.ipynb)"
        number, what = ("", f"↳ deeper: {link}") if entry.deeper else (entry.number, link)
        rows.append(f"| {number} | {what} | {entry.question} | {entry.minutes:g} | "
                    f"{entry.hours:g} |")
    return "\n".join(rows)


def _entry(path: Path) -> Entry:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["gan_course"]
        return Entry(path.name[:2], path, about["title"], about["question"], about["minutes"],
                     about["hours"], path.parent.name == DEEPER)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path.name} cannot be listed: it is damaged, or its metadata has no "
                         "gan_course with title, question, minutes and hours "
                         f"({error!r}).") from error
