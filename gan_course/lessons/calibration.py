"""How often each claim of a notebook held in the course's own calibration runs.

    data/calibration/05_wasserstein.json      the record of a notebook that has been calibrated

Floating-point arithmetic differs between processors, so seed 0 of one machine is a new seed on
another. A calibration therefore runs a notebook with twelve seeds that were not used while it was
written, three of them with PyTorch's plain arithmetic; for a deeper notebook four seeds do, one of
them so. `gan-course calibrate` makes the record. It is stale as soon as the code behind it has
changed.
"""
import functools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gan_course import files
from gan_course.lessons.fingerprint import fingerprint
from gan_course.paths import DATA, NOTEBOOKS
from gan_course.profile import profile

FOLDER = DATA / "calibration"
RUNS, PLAIN_RUNS = 12, 3
"""How many runs a calibration has, and how many of them at least use plain arithmetic."""

DEEPER_RUNS, DEEPER_PLAIN_RUNS = 4, 1
"""The same for a deeper notebook, which is optional."""

PLAIN_ARITHMETIC = {"ATEN_CPU_CAPABILITY": "default"}
"""The environment in which PyTorch computes as on a processor without vector units."""


@dataclass(frozen=True)
class HoldRate:
    """How often a claim held.

    Args:
        held: the number of runs in which it held.
        runs: the number of runs that judged it.
        missed: the seeds of the others.
        numbers: for each number of the claim its lowest value, lower quartile, median, upper
            quartile and highest value over the runs.
        precomputed: the seeds of the trainings behind a claim about stored results, which running
            the notebook again does not test; empty for every other claim.
    """

    held: int
    runs: int
    missed: tuple[int, ...]
    numbers: dict[str, tuple[float, ...]]
    precomputed: tuple[int, ...] = ()


@dataclass(frozen=True)
class CalibrationRun:
    """One run of a calibration: its seed, whether its arithmetic was plain, and the claims that did
    not hold.
    """

    seed: int
    plain_arithmetic: bool
    missed: tuple[str, ...]


@dataclass(frozen=True)
class Calibration:
    """The calibration of a notebook.

    Args:
        notebook: its name, for example "05_wasserstein".
        provisional: true while there are fewer runs than a calibration needs.
        date: the day of the last run.
        profile: the profile of the runs.
        settings: the notebook's own parameters, without the seed.
        code: the fingerprint of the code that was run (`fingerprint.py`).
        versions: of Python, PyTorch and others.
        runs: the runs.
        claims: how often each claim held, by its sentence.
    """

    notebook: str
    provisional: bool
    date: str
    profile: str
    settings: dict[str, bool | int | float | str]
    code: str
    versions: dict[str, str]
    runs: tuple[CalibrationRun, ...]
    claims: dict[str, HoldRate]


def needed(notebook: str) -> tuple[int, int]:
    """How many runs the calibration of a notebook needs, and how many of them with plain
    arithmetic.
    """
    if (NOTEBOOKS / "deeper" / f"{notebook}.ipynb").exists():
        return DEEPER_RUNS, DEEPER_PLAIN_RUNS
    return RUNS, PLAIN_RUNS


def write(calibration: Calibration, folder: Path = FOLDER) -> Path:
    """Write the record of a notebook into a folder.

    Args:
        calibration: the record.
        folder: the folder.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written.
    """
    file = folder / f"{calibration.notebook}.json"
    files.write(file, json.dumps(asdict(calibration), indent=1, ensure_ascii=False) + "\n")
    return file


def read(file: Path) -> Calibration:
    """The record in a file.

    Args:
        file: a file that `write` wrote.

    Raises:
        ValueError: the file is damaged; the message names it.
    """
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(Calibration).validate_json(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is not the record of a calibration. Take the file from the "
                         f"course again. ({error})") from None


def of(text: str, folder: Path | None = None) -> Calibration | None:
    """The calibration that has a claim.

    Args:
        text: the sentence of the claim.
        folder: where the records lie; by default `FOLDER`.

    Returns:
        The calibration; None if no notebook with this claim has been calibrated.
    """
    return next((found for found in _all(folder or FOLDER) if text in found.claims), None)


@functools.cache
def _all(folder: Path) -> list[Calibration]:
    return [read(file) for file in sorted(folder.glob("*.json"))]


def changed_settings(calibration: Calibration) -> dict[str, tuple]:
    """The settings of the running notebook that are not its own.

    Another seed is no other setting; another profile is one.

    Args:
        calibration: the notebook's.

    Returns:
        For each name the value now and the notebook's own.
    """
    from IPython import get_ipython

    shell = get_ipython()
    values = {name: shell.user_ns.get(name, own) if shell else own
              for name, own in calibration.settings.items()} | {"profile": profile()}
    own = calibration.settings | {"profile": calibration.profile}
    return {name: (value, own[name]) for name, value in values.items()
            if not (isinstance(value, bool | int | float | str) and value == own[name])}


def is_stale(calibration: Calibration) -> bool:
    """Whether the notebook, or the code of the package that it uses, is not the one that ran."""
    return calibration.code != _fingerprint_of(calibration.notebook)


@functools.cache
def _fingerprint_of(notebook: str) -> str | None:
    file = next(NOTEBOOKS.rglob(f"{notebook}.ipynb"), None)
    return fingerprint(file.read_text(encoding="utf-8")) if file else None
