"""The capstone of notebook 19 as it was handed in: known by its metadata, read without trust, and
run again. Beside each claim stands whether it held in the learner's own run, and whether it held
here.

What this shows is that the notebook does the same on another machine. That a claim's condition says
what its sentence says, only somebody who reads it can tell.
"""
from dataclasses import dataclass, field
from pathlib import Path

from gan_course.lessons.claims import MIME as CLAIMS
from gan_course.lessons.results import MIME as RESULTS
from gan_course.teaching.classroom import confine
from gan_course.teaching.classroom.process import Claimed, Replay

MOST_WORDS = 4000
"""Characters of a learner's own words that the report shows, of each cell."""


@dataclass
class Capstone:
    """One capstone.

    Args:
        file: where it lies.
        name: the file's name in the report.
        brief: the number of its brief, as its metadata have it.
        cells: the sources of its code cells.
        words: the learner's own words: the text of the cells that are tagged `own-words`.
        said: the claims of the learner's own run, by their sentences.
        points: of the rubric, as the learner gave them; None without.
        found: the claims of the run here, by their sentences; None if it did not run.
        stopped: why the run here did not come to its end, in words; "" if it did.
        seconds: how long the run here took.
    """

    file: Path
    name: str
    brief: str
    cells: list[str]
    words: list[str] = field(default_factory=list)
    said: dict[str, Claimed] = field(default_factory=dict)
    points: float | None = None
    found: dict[str, Claimed] | None = None
    stopped: str = ""
    seconds: float = 0.0

    def rows(self) -> list[dict]:
        """A row for each claim: its sentence, the verdict and the numbers there and here."""
        here = self.found or {}
        return [{"claim": text, "in the learner's run": _verdict(self.said.get(text)),
                 "in the run here": _verdict(here.get(text)),
                 "numbers there": _numbers(self.said.get(text)),
                 "numbers here": _numbers(here.get(text))}
                for text in dict.fromkeys([*self.said, *here])]


def is_capstone(notebook) -> bool:
    """Whether a notebook, as JSON, was made by `gan-course capstone`."""
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    about = metadata.get("gan_course") if isinstance(metadata, dict) else None
    return isinstance(about, dict) and "capstone" in about


def read(notebook: dict, cells: list[str], file: Path, name: str) -> Capstone:
    """A capstone as its file has it.

    Args:
        notebook: its JSON, of version 4.
        cells: the sources of its code cells.
        file: where it lies.
        name: the file's name in the report.
    """
    found = Capstone(file, name, str(notebook["metadata"]["gan_course"]["capstone"])[:80], cells)
    for cell in notebook["cells"]:
        source = cell.get("source", "")
        if "own-words" in (cell.get("metadata", {}).get("tags") or []):
            text = source if isinstance(source, str) else "".join(source)
            found.words.append(text[:MOST_WORDS])
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            for claim in map(Claimed.model_validate, shown.get(CLAIMS, {}).get("claims", [])):
                found.said[claim.text] = claim
            found.points = shown.get(RESULTS, {}).get("numbers", {}).get("points", found.points)
    if not isinstance(found.points, int | float | None):
        found.points = None
    return found


def rerun(capstone: Capstone, allowed: confine.Allowance) -> list[str]:
    """Run a capstone again, and write down in it what came.

    Args:
        capstone: as `read` gives it.
        allowed: what its code may take.

    Returns:
        How the process was shut in, in words; nothing if it did not start.
    """
    folder = capstone.file.parent.resolve()
    task = {"cells": capstone.cells, "folder": str(folder)}
    capstone.found, place = {}, 0
    with Replay(task, allowed, allowed.seconds, "rerun", readable=folder) as run:
        for message in run:
            if message.cell is not None:
                place = message.cell
            elif message.claim is not None:
                capstone.found[message.claim.text] = message.claim
            elif message.stopped is not None:
                capstone.stopped = f"Code cell {place + 1} failed: {message.stopped}"
    capstone.seconds = run.seconds
    if not run.done:
        capstone.stopped = f"Code cell {place + 1}: {run.ended}" if run.ready else run.ended
    return confine.in_words(run.ready.limits) if run.ready else []


def _verdict(claim: Claimed | None) -> str:
    if claim is None:
        return "not made"
    if not claim.judged:
        return "not judged"
    return "held" if claim.held else "missed"


def _numbers(claim: Claimed | None) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {'none' if value is None else f'{value:.4g}'}"
                     for name, value in claim.numbers.items()) if claim else ""
