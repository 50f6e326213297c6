"""From the runs of a batch to the records in data/calibration: how often each claim held, and the
usual range of its numbers.
"""
from collections import Counter
from pathlib import Path

import numpy as np

from gan_course.lessons.calibration import (
    PLAIN_ARITHMETIC,
    Calibration,
    CalibrationRun,
    HoldRate,
    needed,
)
from gan_course.teaching import parameter_cell
from gan_course.teaching.batch.record import NOTEBOOK, ClaimRecord, RunRecord, read_all


def calibrations(out: Path) -> list[Calibration]:
    """The calibration of each notebook that a batch has run.

    Args:
        out: the batch's folder.

    Returns:
        One for each notebook, in the order of the runs' names.

    Raises:
        ValueError: there are no runs, or they are not the runs of a calibration: one broke down,
            had other settings or another profile than laptop, or they ran different code.
    """
    records = read_all(out)
    if not records:
        raise ValueError(f"{out / 'runs'} holds no run that has ended. Run gan-course batch first.")
    return [_calibration(out, [record for record in records if record.notebook == notebook])
            for notebook in dict.fromkeys(record.notebook for record in records)]


def _calibration(out: Path, records: list[RunRecord]) -> Calibration:
    notebook, last = records[0].notebook, max(records, key=lambda record: record.started)
    if wrong := [problem for record in records for problem in _problems(record)]:
        raise ValueError(f"{notebook} cannot be calibrated. " + " ".join(wrong))
    if len({record.code for record in records}) > 1:
        raise ValueError(f"The runs of {notebook} ran different code: the course was edited "
                         "between them. Run the batch in a separate checkout of one commit.")
    again = [seed for seed, count in Counter(map(_seed, records)).items() if count > 1]
    if again:
        raise ValueError(f"Several runs of {notebook} have the same seed: {again}.")
    records = sorted(records, key=_seed)
    own = parameter_cell.parameters(out / "runs" / records[0].name / NOTEBOOK)
    settings = {name: parameter.own for name, parameter in own.items() if name != "seed"}
    texts = dict.fromkeys(claim.text for record in records for claim in record.claims)
    plain = [record.environment == PLAIN_ARITHMETIC for record in records]
    runs, plain_runs = needed(notebook)
    return Calibration(
        notebook=notebook, provisional=len(records) < runs or sum(plain) < plain_runs,
        date=last.started.date().isoformat(), profile=last.profile, settings=settings,
        code=last.code, versions=last.versions,
        runs=tuple(CalibrationRun(_seed(record), is_plain, _missed(record))
                   for record, is_plain in zip(records, plain, strict=True)),
        claims={text: _hold_rate(text, records) for text in texts})


def _problems(record: RunRecord) -> list[str]:
    found = []
    if record.status not in ("ok", "claim failed"):
        found.append(f"{record.name} did not run to its end: {record.status}.")
    if record.profile != "laptop":
        found.append(f"{record.name} has the profile {record.profile}; claims are calibrated on "
                     "laptop.")
    if set(record.parameters) != {"seed"}:
        found.append(f"{record.name} sets {', '.join(record.parameters) or 'nothing'}; a "
                     "calibration varies the seed alone.")
    if record.code is None:
        found.append(f"{record.name} was run by an earlier version of the course.")
    return found


def _seed(record: RunRecord) -> int:
    return record.parameters["seed"]


def _missed(record: RunRecord) -> tuple[str, ...]:
    return tuple(claim.text for claim in record.claims if claim.judged and not claim.held)


def _hold_rate(text: str, records: list[RunRecord]) -> HoldRate:
    found: list[tuple[int, ClaimRecord]] = [(_seed(record), claim) for record in records
                                      for claim in record.claims if claim.text == text]
    if seeds := found[0][1].precomputed:                # running it again is no further evidence
        return HoldRate(0, 0, (), {}, tuple(seeds))
    missed = tuple(seed for seed, claim in found if not claim.held)
    values: dict[str, list[float]] = {}
    for _, claim in found:
        for name, value in claim.numbers.items():
            values.setdefault(name, []).extend([] if value is None else [value])
    return HoldRate(len(found) - len(missed), len(found), missed,
                    {name: _range(each) for name, each in values.items() if each})


def _range(values: list[float]) -> tuple[float, ...]:
    """The lowest value, the quartiles and the highest value, to six digits."""
    return tuple(float(f"{value:.6g}") for value in np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))
