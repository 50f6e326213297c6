"""One run, in processes of its own, watched from outside: it can neither outlive its limits nor
harm another run.
"""
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
import psutil
from pydantic import ValidationError

import gan_course
from gan_course.lessons.fingerprint import fingerprint
from gan_course.paths import ROOT
from gan_course.teaching import notebooks, outputs
from gan_course.teaching.batch import child
from gan_course.teaching.batch.record import LOG, NOTEBOOK, LastCell, RunRecord, Status
from gan_course.teaching.batch.run import Run, package_hash

LOOK_EVERY = 0.1                                                    # seconds
MEGABYTE = 1e6
SHORT_OF_MEMORY = 0.03  # the share of the machine's memory that is left


@dataclass(frozen=True)
class Finished:
    """What is left of a run.

    Args:
        record: the record.
        notebook: the executed notebook as far as it came; None: it was not begun.
        log: what was printed.
    """

    record: RunRecord
    notebook: bytes | None
    log: bytes


def execute(run: Run, threads: int | None = None,
            stopped: Callable[[], bool] = lambda: False) -> Finished:
    """Run a notebook and wait for its end. What goes wrong in the notebook is in the record, and
    not raised.

    Args:
        run: what to run.
        threads: how many PyTorch may use; None: as the environment says.
        stopped: asked several times a second; when it becomes true, the run is cut off.

    Returns:
        What is left of the run.

    Raises:
        OSError: the run's folder cannot be written or read.
    """
    started, began = datetime.now().astimezone(), time.monotonic()
    known = _known(run, threads)
    with tempfile.TemporaryDirectory(prefix="gan-course-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / child.SOURCE).parent.mkdir()
        (folder / child.SOURCE).write_text(run.source, encoding="utf-8")
        order = {"parameters": run.parameters, "cell_seconds": run.limits.cell_seconds}
        (folder / child.ORDER).write_text(json.dumps(order), encoding="utf-8")
        status, message, peak, cpu = _watch(run, folder, _environment(run, folder, threads),
                                            stopped)
        notebook, written = _read(folder)
        cell = LastCell.model_validate_json(_text(
            folder / child.CELL)) if status != "ok" and _text(folder / child.CELL) else None
        log = (folder / LOG).read_bytes()
    seconds = time.monotonic() - began
    if notebook and status == "ok" and (errors := outputs.hidden_errors(notebook)):
        status, message = "cell error", f"In a widget: {errors[0]}"
    known |= dict(
        status=status, message=message, cell=cell, started=started, seconds=round(seconds, 2),
        overhead_seconds=round(seconds - (outputs.seconds(notebook) if notebook else 0.0),
                               2), peak_memory_mb=round(peak, 1), cpu_seconds=round(cpu, 2))
    try:
        collected = dict(metrics=outputs.numbers(notebook), curves=outputs.curves(notebook),
                         images=outputs.images(notebook),
                         claims=outputs.claims(notebook)) if notebook else {}
        missed = outputs.missed(collected.get("claims", []))
        if status == "ok" and missed:
            known |= {"status": "claim failed",
                      "message": f"Did not hold in this run: {'; '.join(missed)}"}
        record = RunRecord(**known, **collected)
    except (ValidationError, AttributeError, KeyError, TypeError) as error:
        record = RunRecord(**known | {"status": "cell error", "message": "What the notebook "
                                                                      "collected is not of the "
                                                                      f"right form: {error}"})
    return Finished(record, written, log)


def lost(run: Run, status: Status, message: str) -> Finished:
    """A run of which nothing has come back.

    Args:
        run: the run.
        status, message: how it ended, for its record.
    """
    return Finished(
        RunRecord(**_known(run,
                        None), status=status, message=message, started=datetime.now().astimezone(),
               seconds=0.0, overhead_seconds=0.0, peak_memory_mb=None), None, b"")


def _known(run: Run, threads: int | None) -> dict:
    """What a record says before its run has begun."""
    return dict(name=run.name, notebook=run.notebook, parameters=run.parameters, axes=run.axes,
                profile=run.profile, device=run.device, environment=run.environment,
                limits=run.limits, threads=threads, versions=versions(),
                hash=run.hash(package_hash()), code=fingerprint(run.source),
                worker=platform.node())


def versions() -> dict[str, str]:
    """What the numbers of a run may depend on, by name: Python, PyTorch and others."""
    found = {
        "python": platform.python_version(),
        "gan_course": f"{gan_course.__version__}+{package_hash()[:12]}"
    }
    for name in ("torch", "torchvision", "numpy", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def _environment(run: Run, folder: Path, threads: int | None) -> dict[str, str]:
    """The environment of the run's processes: this one's, with the run's profile, device and own
    variables, and no record of a learner's progress.
    """
    environment = {
        name: value for name, value in os.environ.items()
        if name not in ("GAN_COURSE_PROGRESS", "GAN_COURSE_DEVICE")
    }
    environment |= {
        "GAN_COURSE_PROFILE": run.profile, "GAN_COURSE_HEADLESS": "1",
        "PYTHONIOENCODING": "utf-8",                    # of the log, whatever the terminal's is
        "PYTHONPATH": os.pathsep.join(filter(None,
                                             [str(ROOT), os.environ.get("PYTHONPATH")]))
    }
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    environment |= {"GAN_COURSE_DEVICE": run.device} if run.device else {}
    environment |= {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return environment | run.environment


def _watch(run: Run, folder: Path, environment: dict[str, str],
           stopped: Callable[[], bool]) -> tuple[str, str, float, float]:
    """Start the run's process and stay with it to its end: how it ended, why, the most memory it
    took, in MB, and its processor seconds.
    """
    killed_before, left, peak, limits, verdict = _killed_for_memory(), 1.0, 0.0, run.limits, None
    spent = {}  # processor seconds of each process, as last seen
    with open(folder / LOG, "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gan_course.teaching.batch.child",
             str(folder)],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Ctrl-C is for us alone
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))
    family = {psutil.Process(process.pid)}
    end = time.monotonic() + (limits.run_seconds or float("inf"))
    try:
        while not verdict and not _ended(process):
            family |= _descendants(process.pid)
            spent |= {member: seconds for member in family if (seconds := _cpu_seconds(member))}
            used, machine = _memory(family), psutil.virtual_memory()
            peak, left = max(peak, used), machine.available / machine.total
            if stopped():
                verdict = "interrupted", "Stopped before it had ended."
            elif time.monotonic() > end:
                verdict = "run timeout", f"The run took longer than {limits.run_seconds:g} seconds."
            elif used > (limits.memory_mb or float("inf")):
                verdict = "out of memory", (f"The run took {used:.0f} MB; its limit is "
                                            f"{limits.memory_mb:g} MB.")
    finally:
        for member in family | _descendants(process.pid):  # the kernel too, and whatever it started
            _kill(member)
        process.stdin.close()
        process.wait()
    status, message = verdict or _outcome(folder, process.returncode)
    if status == "kernel died" and (_killed_for_memory() > killed_before or left < SHORT_OF_MEMORY):
        status = "out of memory"
        message = "The kernel was killed when the machine had no memory left."
    return status, message, peak, sum(spent.values())


def _ended(process: subprocess.Popen) -> bool:
    try:
        process.wait(LOOK_EVERY)
        return True
    except subprocess.TimeoutExpired:
        return False


def _descendants(pid: int) -> set[psutil.Process]:
    try:
        return set(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def _memory(family: Iterable[psutil.Process]) -> float:
    """The memory of these processes together, in MB: what each has for itself, and what they may
    share (libraries, tensors in shared memory) once. Where the system does not tell shared pages
    apart (macOS, Windows), they count for every process.
    """
    own, shared = 0, [0]
    for process in family:
        with contextlib.suppress(psutil.Error):                       # it has ended meanwhile
            memory = process.memory_info()
            shared.append(getattr(memory, "shared", 0))
            own += memory.rss - shared[-1]
    return (own + max(shared)) / MEGABYTE


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return times.user + times.system
    except psutil.Error:
        return 0.0


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()  # psutil never hits another process with the same number
    except psutil.NoSuchProcess:
        pass


def _killed_for_memory() -> int:
    """How many processes the system has killed so far for want of memory; 0 where it does not count
    them.
    """
    try:
        return int(
            dict(line.split()
                 for line in Path("/proc/vmstat").read_text().splitlines()).get("oom_kill", 0))
    except OSError:
        return 0


def _outcome(folder: Path, returncode: int) -> tuple[str, str]:
    """How the run ended by its own account; a process that left none was killed."""
    if not (told := _text(folder / child.OUTCOME)):
        return "kernel died", ("The process that ran the notebook was killed (exit status "
                               f"{returncode}).")
    outcome = json.loads(told)
    return outcome["status"], outcome["message"]


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _read(folder: Path) -> tuple[nbformat.NotebookNode | None, bytes | None]:
    """The executed notebook as far as it came, read and as written; None when it was cut off before
    or within the writing.
    """
    for file in (folder / NOTEBOOK, notebooks.unfinished(folder / NOTEBOOK)):
        try:
            return nbformat.reads(_text(file), as_version=4), file.read_bytes()
        except (ValueError, KeyError, AttributeError):
            pass
    return None, None
