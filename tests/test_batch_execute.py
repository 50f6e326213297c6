"""One run in processes of its own: every way to end is told apart, and nothing is left running."""
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import psutil
import pytest
from jupyter_client.connect import LocalPortCache
from nbformat.v4 import new_code_cell, new_notebook, reads, writes

from gan_course.lessons.calibration import PLAIN_ARITHMETIC
from gan_course.lessons.fingerprint import fingerprint
from gan_course.paths import ROOT
from gan_course.teaching import notebooks
from gan_course.teaching.batch import execute
from gan_course.teaching.batch.record import Limits
from gan_course.teaching.batch.run import Run, package_hash

MARK = "import os, pathlib; pathlib.Path(where).write_text(str(os.getpid()))"  # a cell that leaves the kernel's number


def a_run(*sources, profile="laptop", limits=None, **parameters):
    cells = [new_code_cell("where: str = ''  # a file", metadata={"tags": ["parameters"]}), *map(new_code_cell, sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = writes(new_notebook(cells=cells, metadata={"kernelspec": kernel}))
    return Run("own", "own", source, parameters, {}, profile, None, Limits(**limits or {}))


def gone(pid):
    """Wait until the process has ended."""
    try:
        psutil.Process(pid).wait(20)
    except psutil.NoSuchProcess:
        pass
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:                                    # also when it ends between two questions
        return True


def test_a_run_that_goes_well():
    run = a_run("""import os, pathlib, torch
from gan_course.lessons import results
from gan_course.lessons.claims import claim, report
results.collect(threads=int(os.environ["OMP_NUM_THREADS"]), headless=float(os.environ["GAN_COURSE_HEADLESS"]))
results.collect_curve("loss", [1, 2], [3, 4])
results.collect_images("black", torch.full((1, 1, 2, 2), -1.0))
pathlib.Path("left.txt").write_text(where)
claim("It adds up", os.environ["GAN_COURSE_PROFILE"] == "laptop", sum=2)
report()""", "os.system('echo to the log')", where="here")
    finished = execute.execute(run, threads=1)
    record = finished.record
    assert record.ok and record.cell is None and record.message == "", record
    assert record.metrics == {"threads": 1, "headless": 1} and record.curves["loss"].y == [3, 4]
    assert [claim.model_dump() for claim in record.claims] == [
        {"text": "It adds up", "held": True, "judged": True, "numbers": {"sum": 2}, "precomputed": []}]
    assert record.code == fingerprint(run.source) and record.environment == {}
    assert record.parameters == {"where": "here"} and record.hash == run.hash(package_hash()) and record.threads == 1
    assert record.images.keys() == {"black"} and 0.5 < record.cpu_seconds < 600
    assert 0 < record.overhead_seconds <= record.seconds and 20 < record.peak_memory_mb < 5000 and "torch" in record.versions
    assert len(reads(finished.notebook).cells) == 4 and not (ROOT / "left.txt").exists()


ENDS = {  # what a cell does: how the run ends, what is said, its limits
    "1 / 0": ("cell error", "ZeroDivisionError: division by zero", {}),
    "import ipywidgets\noutput = ipywidgets.Output()\nwith output:\n    1 / 0\noutput":
        ("cell error", "In a widget: ZeroDivisionError: division by zero", {}),
    "raise MemoryError": ("out of memory", "MemoryError", {}),
    "import os\nos._exit(3)": ("kernel died", "The kernel died", {}),
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)": ("kernel died", "The kernel died", {}),
    "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nwhile True: pass": ("kernel died", "was killed (exit status -9)", {}),
    "much = bytearray(600_000_000)\nfor i in range(0, len(much), 4096): much[i] = 1\nwhile True: pass":
        ("out of memory", "its limit is 500 MB", {"memory_mb": 500}),
    "import time\nwhile True: time.sleep(0.01)": ("cell timeout", "A cell took longer than 4 seconds", {"cell_seconds": 4}),
    "from IPython.display import display\ndisplay({'application/vnd.gan-course.results+json': {'numbers': {'a': 'b'}}}, raw=True)":
        ("cell error", "is not of the right form", {}),
}


MISSES = "from gan_course.lessons.claims import claim, report\nclaim('It is so', False)\nclaim('It adds up', True)"


def test_a_claim_that_did_not_hold_stops_nothing_and_is_the_status():
    record = execute.execute(a_run(MISSES, "from gan_course.lessons import results\nresults.collect(after=1)", "report()")).record
    assert (record.status, record.message) == ("claim failed", "Did not hold in this run: It is so"), record
    assert record.metrics == {"after": 1} and record.cell is None
    assert {claim.text: claim.held for claim in record.claims} == {"It is so": False, "It adds up": True}


def test_a_claim_of_a_run_that_breaks_down_later_is_kept():
    record = execute.execute(a_run(MISSES, "1 / 0", "report()")).record
    assert record.status == "cell error" and len(record.claims) == 2


def test_a_run_on_the_smoke_profile_misses_nothing():
    assert execute.execute(a_run(MISSES, "report()", profile="smoke")).record.ok


def test_the_variables_of_a_run_reach_its_kernel():
    run = a_run("""import torch
from gan_course.lessons import results
results.collect(plain=torch.backends.cpu.get_cpu_capability() == "DEFAULT")""")
    plain = dataclasses.replace(run, environment=PLAIN_ARITHMETIC)
    record = execute.execute(plain).record
    assert record.metrics == {"plain": 1} and record.environment == PLAIN_ARITHMETIC
    assert plain.hash("p") != run.hash("p") == dataclasses.replace(run, environment={}).hash("p")


@pytest.mark.parametrize("source", ENDS)
def test_every_way_to_end_is_told_apart(source, tmp_path):
    status, said, limits = ENDS[source]
    finished = execute.execute(a_run(MARK, source, "print('after')", where=str(tmp_path / "pid"), limits=limits))
    record = finished.record
    assert (record.status, said in record.message) == (status, True), record.message
    assert gone(int((tmp_path / "pid").read_text()))
    in_a_cell = "widget" not in said and "form" not in said
    assert (record.cell.number, record.cell.source) == (4, source) if in_a_cell else record.cell is None
    assert b"print('after')" in finished.notebook


def test_a_run_that_takes_too_long(tmp_path, monkeypatch):
    file = tmp_path / "pid"
    clock = SimpleNamespace(monotonic=lambda: 1000.0 * (file.exists() and file.read_text() != ""))  # leaps once the cell is done
    monkeypatch.setattr(execute, "time", clock)
    record = execute.execute(a_run(MARK, "while True: pass", where=str(file), limits={"run_seconds": 999})).record
    assert (record.status, record.message) == ("run timeout", "The run took longer than 999 seconds.")
    assert record.cell.number in (3, 4) and gone(int(file.read_text()))


def test_a_kernel_killed_when_memory_ran_out(monkeypatch):
    counts = iter([7, 8])
    monkeypatch.setattr(execute, "_killed_for_memory", lambda: next(counts))
    record = execute.execute(a_run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")).record
    assert (record.status, record.message) == ("out of memory", "The kernel was killed when the machine had no memory left.")


def test_a_kernel_that_cannot_be_started():
    run = a_run()
    broken = Run("own", "own", run.source.replace('"python3"', '"no-such-kernel"'))
    record = execute.execute(broken).record
    assert record.status == "kernel died" and "The kernel could not be used: NoSuchKernel" in record.message


def test_a_kernel_whose_port_was_taken_meanwhile_is_started_again(tmp_path, monkeypatch):
    find, asked = LocalPortCache.find_available_port, []
    (tmp_path / "own.ipynb").write_text(a_run("print('here')").source)
    with socket.create_server(("127.0.0.1", 0)) as other_program:

        def taken_at_first(cache, ip):
            asked.append(ip)
            return other_program.getsockname()[1] if len(asked) == 1 else find(cache, ip)

        monkeypatch.setattr(LocalPortCache, "find_available_port", taken_at_first)
        done = notebooks.run(tmp_path / "own.ipynb", tmp_path / "done.ipynb")
    assert done.cells[-1].outputs[0].text == "here\n" and len(asked) == 10      # five ports each time


def test_a_run_can_be_stopped(tmp_path):
    file, finished = tmp_path / "pid", []
    run = a_run(MARK, "while True: pass", where=str(file))
    worker = threading.Thread(target=lambda: finished.append(execute.execute(run, stopped=lambda: file.exists() and file.read_text())))
    worker.start()
    worker.join(60)
    assert finished[0].record.status == "interrupted" and gone(int(file.read_text()))


def test_the_end_of_the_watcher_is_the_end_of_the_run(tmp_path):
    file = tmp_path / "pid"
    run = a_run(MARK, "while True: pass", where=str(file))
    code = f"from gan_course.teaching.batch.execute import *\nfrom gan_course.teaching.batch.record import Limits\nexecute({run!r})"
    watcher = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ, TMPDIR=str(tmp_path)))
    while not (file.exists() and file.read_text()):
        assert watcher.poll() is None
        time.sleep(0.05)
    family = [process.pid for process in psutil.Process(watcher.pid).children(recursive=True)]
    watcher.send_signal(signal.SIGKILL)
    watcher.wait()
    assert int(file.read_text()) in family and all(map(gone, family))
    assert [path.name for path in tmp_path.iterdir()] == ["pid"]
