"""The learner's own record of answers, predictions, exercises and experiments: one JSON file on
this machine, and nothing leaves it.

    record("answer", "02.chance", right=True, first=True)
    record("exercise", "02.discriminator_loss", outcome="right")
    record("experiment", "03.moons", latent_dim=32)

`first` says that the answer was the first try since the question was shown.

The file is GAN_COURSE_PROGRESS if that is set, else progress.json in the course's folder. Each
event is written to a copy that then takes the file's place, under a lock: two notebooks at once
lose nothing, and a crash at any moment leaves all that was recorded before. Runs that nobody
watches (headless) keep no record unless GAN_COURSE_PROGRESS is set.
"""
import json
import math
import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from gan_course import files
from gan_course.paths import ROOT
from gan_course.profile import headless

VERSION = 1
Event = dict[str, object]  # {"time", "kind", "key", and what was recorded}
RENAMED: dict[str, str] = {
    "07.company": "07.batch_statistics",
    "07.even_stamps": "07.checkerboard",
}
"""The old keys of questions and exercises, and what they are called today.

A question or an exercise that is renamed or moves to another notebook gets a line here, for
example "03.chance": "02.chance". Records and notebooks that learners made before then keep their
meaning.
"""


@dataclass
class Summary:
    """What the record says of one notebook.

    Questions and exercises by their keys ("02.chance"); `experiments` is a number.
    """

    answered: list[str] = field(default_factory=list)      # predicted ones too
    right_first: list[str] = field(default_factory=list)   # right at the very first try
    repeat: list[str] = field(default_factory=list)        # wrong at the first try when last asked
    exercises: list[str] = field(default_factory=list)     # solved
    experiments: int = 0


def current(key: str) -> str:
    """The present key of a question or an exercise that was recorded as `key`."""
    while key in RENAMED:
        key = RENAMED[key]
    return key


def path() -> Path | None:
    """Where the record lies; None when there is none to keep (headless, and no file named)."""
    if named := os.environ.get("GAN_COURSE_PROGRESS"):
        return Path(named).expanduser().resolve()
    return None if headless() else ROOT / "progress.json"


def record(kind: str, key: str, **what) -> None:
    """Append an event to the record, where there is one to keep.

    Args:
        kind: answer, prediction, outcome, exercise or experiment.
        key: the question, exercise or lab, "NN.name".
        what: plain values. A number that is not finite is kept as null.

    Raises:
        TimeoutError: the file stays locked for 20 seconds.
        OSError: the file cannot be written.
    """
    if file := path():
        event = {
            "time": datetime.now().astimezone().isoformat(timespec="seconds"), "kind": kind,
            "key": key
        } | {name: _finite(value) for name, value in what.items()}
        with _locked(file):
            _save(file, [*_load(file), event])


def _finite(value):
    """The value; None for a number, also of NumPy or PyTorch, that is not finite."""
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def note(kind: str, key: str, **what) -> str:
    """Append an event to the record if that is possible, and go on if it is not.

    Args:
        kind, key, what: as of `record`.

    Returns:
        "" if it is recorded, else what to tell the learner: why it is not, and what to do.
    """
    try:
        record(kind, key, **what)
    except OSError as error:                    # a full disk, a read-only folder, a lock
        return (f"Not recorded: your record of answers and runs cannot be written ({error}). To "
                "keep one, set the environment variable GAN_COURSE_PROGRESS to a file that you may "
                "write.")
    return ""


def read() -> list[Event]:
    """Every event so far, oldest first.

    A file that is damaged is set aside under another name; a warning and an event say so. Where
    nothing can be read or set aside, a warning says why, and there are no events.
    """
    file = path()
    try:
        if file is None or not file.exists():
            return []
        try:  # without the lock, which a read-only folder refuses: the file is replaced as a whole
            return checked(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, RecursionError, FileNotFoundError):  # damaged, or being set aside
            with _locked(file):
                return _load(file)
    except OSError as error:
        warnings.warn(f"Your record of answers and runs cannot be read: {error}", stacklevel=2)
        return []


def summary(events: list[Event] | None = None) -> dict[str, Summary]:
    """What is done and what to repeat.

    Args:
        events: the record; by default `read()`.

    Returns:
        For each notebook that has events, by its number ("02"), what they say.
    """
    found: dict[str, Summary] = {}
    for event in read() if events is None else events:
        kind, key = event["kind"], event["key"]
        if kind not in ("answer", "outcome", "exercise", "experiment"):
            continue
        of = found.setdefault(key.partition(".")[0], Summary())
        if kind == "experiment":
            of.experiments += 1
        elif kind == "exercise" and event.get("outcome") == "right" and key not in of.exercises:
            of.exercises.append(key)
        elif kind == "outcome" or kind == "answer" and event.get("first"):
            right = bool(event.get("right"))
            if key not in of.answered:
                of.answered.append(key)
                of.right_first += [key] * right
            if kind == "answer":
                of.repeat = [other for other in of.repeat if other != key] + [key] * (not right)
    return found


def calibration(events: list[Event] | None = None) -> list[tuple[float, int, int]]:
    """How predictions fared. Only the first outcome of each question counts, and none whose
    confidence is null.

    Args:
        events: the record; by default `read()`.

    Returns:
        (confidence, how many predictions were made with it, how many came true), from the least to
        the most sure.
    """
    first: dict[str, Event] = {}
    for event in read() if events is None else events:
        if event["kind"] == "outcome" and event["confidence"] is not None:
            first.setdefault(event["key"], event)
    rows: dict[float, list[bool]] = {}
    for event in first.values():
        rows.setdefault(event["confidence"], []).append(event["right"])
    return [(confidence, len(rows[confidence]), sum(rows[confidence]))
            for confidence in sorted(rows)]


def pending(key: str, events: list[Event] | None = None) -> Event | None:
    """The last prediction whose outcome has not been recorded.

    Args:
        key: the question, "NN.id".
        events: the record; by default `read()`.

    Returns:
        The prediction, None if there is none.
    """
    last = None
    for event in read() if events is None else events:
        if event["key"] == key and event["kind"] in ("prediction", "outcome"):
            last = event if event["kind"] == "prediction" else None
    return last


@contextmanager
def _locked(file: Path):
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{file}.lock", timeout=20):
            yield
    except Timeout:
        raise TimeoutError(f"{file.name} has been locked for 20 seconds: another notebook or "
                           "program holds it. Close that, and try "
                           "again.") from None


def _save(file: Path, events: list[Event]) -> None:
    lines = ",\n".join(
        json.dumps(event, ensure_ascii=False, allow_nan=False, default=lambda scalar: scalar.item())
        for event in events)
    files.write(file, f'{{"version": {VERSION}, "events": [\n{lines}\n]}}\n')


def _load(file: Path) -> list[Event]:
    if not file.exists():
        return []
    try:
        return checked(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        why = str(error)
    aside = _free_name(file)
    files.replace(file, aside)
    wrong = why if why.startswith("was") else "is damaged"
    text = f"The record {file.name} {wrong}. It is kept as {aside.name}; a new one begins."
    events = [{
        "time": datetime.now().astimezone().isoformat(timespec="seconds"), "kind": "set aside",
        "key": aside.name, "text": text
    }]
    _save(file, events)
    warnings.warn(text, stacklevel=4)
    return events


def checked(content) -> list[Event]:
    """The events of a record, under the keys of today.

    Args:
        content: what the file holds, from this version of the course or an earlier one.

    Raises:
        ValueError: it is not a record, or that of a later version.
    """
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ValueError("was written by a newer version of the course")
    events = content.get("events") if isinstance(version, int) and version >= 1 else None
    if not isinstance(events, list) or not all(map(_is_event, events)):
        raise ValueError("is damaged")
    return [event | {"key": current(event["key"])} for event in events]


def _is_event(event) -> bool:
    needed = {"prediction": {"given", "confidence"}, "outcome": {"confidence", "right"}}
    return (isinstance(event, dict)
            and all(isinstance(event.get(name), str) for name in ("time", "kind", "key"))
            and needed.get(event["kind"], set()) <= event.keys())


def _free_name(file: Path) -> Path:
    """A name beside `file` that nothing has yet: progress.set-aside-1.json."""
    number = 1
    while (name := file.with_name(f"{file.stem}.set-aside-{number}{file.suffix}")).exists():
        number += 1
    return name
