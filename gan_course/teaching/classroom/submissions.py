"""What the learners handed in: a folder of folders, one for each learner.

    submissions/
      ada/        the folder's name is the learner's name in the report
        progress.json             the learner's record, as the course keeps it
        03_first_gan.ipynb …      notebooks, under any name that begins with the notebook's number
        mine.ipynb                the capstone, under any name, with the folder of its pictures
      grace/ …

Both may also lie one or more folders deeper, as archives like to have it. Everything else is left
alone and said in the report, as is what is missing. Nothing in there is trusted: links are not
followed, only plain files of a decent size are opened, names may be anything.
"""
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from gan_course.data.pictures import ENDINGS
from gan_course.lessons import progress
from gan_course.teaching.classroom import capstones
from gan_course.teaching.classroom.capstones import Capstone

MOST_BYTES = 30_000_000  # of a file; a notebook with all its figures has about 5 million
MOST_FILES = 300                                                    # of a learner
MOST_SOURCE = 2_000_000  # characters of code in one notebook


@dataclass
class Submission:
    """What one learner handed in.

    Args:
        name: of the learner's folder.
        notebooks: the sources of each notebook's code cells, by its file name.
        capstones: what was made with `gan-course capstone`.
        events: the learner's record; None without one.
        problems: what is amiss with it, in words.
    """

    name: str
    notebooks: dict[str, list[str]] = field(default_factory=dict)
    capstones: list[Capstone] = field(default_factory=list)
    events: list[progress.Event] | None = None
    problems: list[str] = field(default_factory=list)


def learners(folder: Path) -> list[Path]:
    """The folders of the learners, in the order of their names; and whatever else lies there, whose
    row will say what it is.

    Args:
        folder: a folder of folders.

    Raises:
        ValueError: there is nothing in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder. It should hold a folder for each learner, "
                         "with a progress.json and notebooks in it.")
    found = sorted((path for path in folder.iterdir() if not path.name.startswith(".")),
                   key=lambda path: os.fsencode(path.name))
    if not found:
        raise ValueError(f"{folder} is empty. It should hold a folder for each learner, with a "
                         "progress.json and notebooks in it.")
    return found


def read(folder: Path) -> Submission:
    """What lies in a learner's folder.

    Nothing is raised for what it finds: that becomes a problem of this submission.

    Args:
        folder: the learner's.
    """
    submission = Submission(shown(folder.name))
    if folder.is_symlink() or not folder.is_dir():
        kind = "a link" if folder.is_symlink() else "a file"
        submission.problems.append(f"It is {kind}, not a folder: nothing was read. An archive has "
                                   "to be unpacked first.")
        return submission
    for path in _files(folder, submission.problems):
        name = shown(str(path.relative_to(folder)))
        try:
            if path.name == "progress.json" and submission.events is None:
                submission.events = progress.checked(json.loads(_content(path)))
            elif path.suffix == ".ipynb":
                notebook = json.loads(_content(path))
                if capstones.is_capstone(notebook):
                    found = capstones.read(notebook, _code(notebook), path, name)
                    submission.capstones.append(found)
                else:
                    submission.notebooks[name] = _code(notebook)
            else:
                submission.problems.append(f"{name} was left alone: neither a notebook nor the "
                                           "first progress.json.")
        except (ValueError, OSError, RecursionError, TypeError, AttributeError) as error:
            submission.problems.append(f"{name} cannot be read: {_in_short(error)}")
    if submission.events is None and not (submission.notebooks or submission.capstones):
        submission.problems.append("There is neither a record nor a notebook that can be read.")
    return submission


def shown(name: str) -> str:
    """A name for the eye: what cannot be printed, or changes the direction of writing, as \\x…; at
    most 80 characters.
    """
    text = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in name)
    return text if len(text) <= 80 else text[:79] + "…"


def number(notebook: str) -> str | None:
    """The number that a notebook's file name begins with: "03" of "03_first_gan.ipynb"."""
    match = re.match(r"\d\d(?!\d)", notebook.replace("\\", "/").rpartition("/")[2])
    return match and match[0]


def _files(folder: Path, problems: list[str]) -> list[Path]:
    """The plain files below a folder, in order; links, hidden things and pictures stay out."""
    found = []
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(name for name in [*names, *folders] if not name.startswith(".")):
            path = Path(place, name)
            if path.is_symlink():
                problems.append(f"{shown(str(path.relative_to(folder)))} is a link, and was not "
                                "followed.")
            elif name in names and path.suffix.lower() not in ENDINGS:
                found.append(path)
        if len(found) > MOST_FILES:
            problems.append(
                f"It holds more than {MOST_FILES} files; the others were not looked at.")
            return found[:MOST_FILES]
    return found


def _content(path: Path) -> str:
    """The text of a plain file; ValueError for anything else (a pipe would keep us waiting) and for
    one that is too large.
    """
    handle = os.open(
        path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is not a plain file")
        if about.st_size > MOST_BYTES:
            raise ValueError(f"it has {about.st_size / 1e6:.0f} MB, more than "
                             f"{MOST_BYTES / 1e6:.0f}")
        return file.read(MOST_BYTES).decode("utf-8")


def _code(notebook) -> list[str]:
    """The sources of the code cells."""
    try:
        cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
        sources = [source if isinstance(source, str) else "".join(source) for source in cells]
    except (TypeError, KeyError):
        raise ValueError("it is not a notebook (version 4)") from None
    if sum(map(len, sources)) > MOST_SOURCE:
        raise ValueError(f"it holds more than {MOST_SOURCE:,} characters of code")
    return [source.encode("utf-8", "replace").decode() for source in sources]      # lone surrogates


def _in_short(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError):
        return "it is damaged, or something else under this name."
    return f"{str(error) or type(error).__name__}."
