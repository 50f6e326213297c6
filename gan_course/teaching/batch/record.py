"""What is known of a run that has ended. A batch's folder:

    manifest.yaml              a copy
    runs/<name>/run.json       the record; that it is there says that the run has ended
    runs/<name>/notebook.ipynb the notebook as executed, as far as it came
    runs/<name>/log.txt        what the run printed

A record is written in one piece: a reader finds the whole of it or nothing.
"""
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
)

from gan_course import files
from gan_course.lessons.results import Curve, Number, Value

RECORD, NOTEBOOK, LOG = "run.json", "notebook.ipynb", "log.txt"
Status = Literal["ok", "claim failed", "cell error", "cell timeout", "run timeout", "kernel died",
                 "out of memory", "interrupted"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Limits(_Strict):
    """What a run may take; None: as much as it likes. Memory is that of the run's processes
    together, in MB of 10^6 bytes.
    """

    cell_seconds: float | None = Field(None, gt=0)
    run_seconds: float | None = Field(None, gt=0)
    memory_mb: float | None = Field(None, gt=0)


class LastCell(_Strict):
    """The cell at which a run ended: its number as the notebook shows it, `[number]`, and its
    text.
    """

    number: int | None
    source: str


class ClaimRecord(_Strict):
    """What a notebook said of a claim (`lessons.claims.Claim`), as `outputs.claims` reads it."""

    text: str
    held: bool
    judged: bool
    numbers: dict[str, Number]
    precomputed: list[int] = []  # the seeds of the trainings behind a claim about stored results


class RunRecord(_Strict):
    """One run that has ended: what was asked, how it went, and what came of it."""

    version: Literal[1] = 1
    name: str  # of its folder, unique in the batch
    notebook: str                                                   # "03_first_gan"
    parameters: dict[str, Value]                                    # all that were given
    axes: dict[str, Value]  # those that vary in the batch, with seed and repeat
    profile: str
    device: str | None                                              # None: what the machine has
    environment: dict[str, str] = {}                                # variables of this run alone
    limits: Limits
    status: Status
    message: str = ""
    cell: LastCell | None = None
    started: datetime
    seconds: float  # from first to last, the overhead included
    overhead_seconds: float  # what the cells did not take: starting, saving, reading back
    cpu_seconds: float | None = None  # of all processes of the run together
    peak_memory_mb: float | None  # of all processes of the run together
    threads: int | None = None  # OMP_NUM_THREADS; None: as the machine had it
    metrics: dict[str, Number] = {}
    curves: dict[str, Curve] = {}
    images: dict[str, str] = {}                                     # PNG in base64
    claims: list[ClaimRecord] = []
    versions: dict[str, str]                                        # python, torch, gan_course …
    hash: str  # of notebook, parameters, profile and package
    code: str | None = None  # its `lessons.fingerprint`; None: run by an earlier version
    worker: str                                                     # the machine

    @property
    def ok(self) -> bool:
        """Whether it ran to its end and every claim held."""
        return self.status == "ok"

    @field_serializer("started")
    def _iso(self, started: datetime) -> str:
        return started.isoformat(timespec="seconds")


def read(folder: Path) -> RunRecord | None:
    """The record of a run.

    Args:
        folder: the run's folder.

    Returns:
        The record; None while the run has not ended.

    Raises:
        ValueError: the record is damaged; the message names the file.
    """
    file = folder / RECORD
    try:
        return RunRecord.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(map(str, wrong["loc"]))
        raise ValueError(f"{file} is not a record of a run "
                         f"({where + ': ' * bool(where)}{wrong['msg']}). Delete it, and the run is "
                         "done again.") from None


def read_all(out: Path) -> list[RunRecord]:
    """The records of every run of a batch that has ended, in the order of their names.

    Args:
        out: the batch's folder.

    Raises:
        ValueError: a record is damaged; the message names the file.
    """
    return [record for folder in sorted((out / "runs").glob("*/")) if (record := read(folder))]


def write(folder: Path, record: RunRecord) -> None:
    """Put a record into the run's folder, after everything else that belongs there.

    Args:
        folder: the run's folder.
        record: the record.
    """
    files.write(folder / RECORD, record.model_dump_json(indent=1))
