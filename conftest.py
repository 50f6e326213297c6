"""How pytest runs the notebooks (through nbval), and how two processes share the tests.

Notebooks run short, without widgets, and stop soon when one breaks: without this, a kernel that
died would cost the whole cell timeout, and one broken cell would fail every cell after it.
"""
import os
import re
import time
from collections import Counter, defaultdict
from queue import Empty

import nbval.kernel
import pytest
from nbformat.v4 import new_code_cell
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

from gan_course.lessons.claims import MIME
from tests.solutions import checks, solved

os.environ.setdefault("GAN_COURSE_PROFILE", "smoke")
os.environ.setdefault("GAN_COURSE_HEADLESS", "1")
os.environ.setdefault("GAN_COURSE_DEVICE", "cpu")   # or as --device says


def pytest_addoption(parser):
    parser.addoption("--device", help="where notebooks and unit tests compute: cpu, cuda, mps … "
                                      "(default: GAN_COURSE_DEVICE, and without it cpu)")


def pytest_configure(config):
    if device := config.getoption("device"):
        os.environ["GAN_COURSE_DEVICE"] = device


@pytest.fixture(autouse=True)
def nobody_watches(monkeypatch):
    """Whatever the environment or an earlier test says, each test begins without a learner."""
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")


@pytest.fixture(autouse=True, scope="session")
def the_same_numbers_twice():
    """On a GPU, let convolutions use only algorithms that always give the same numbers."""
    import torch

    torch.backends.cudnn.deterministic = True


start_kernel = nbval.kernel.start_new_kernel


def start_new_kernel(**how):
    """nbval's start of a kernel; one that dies because another program took its port meanwhile is
    started again.
    """
    try:
        return start_kernel(**how)
    except RuntimeError:
        return start_kernel(**how)


nbval.kernel.start_new_kernel = start_new_kernel

wait_for_reply = RunningKernel.await_reply


def await_reply(kernel, msg_id, timeout=None):
    """nbval's wait for the end of a cell; it looks every half second if the kernel still lives."""
    end = time.monotonic() + (timeout or float("inf"))
    while True:
        try:
            return wait_for_reply(kernel, msg_id, timeout=0.5)
        except Empty:
            if not kernel.is_alive():
                kernel.kc.stop_channels()
                pytest.fail("The kernel died in this cell (out of memory, or a crash in compiled "
                            "code).", pytrace=False)
            if time.monotonic() > end:
                raise


RunningKernel.await_reply = await_reply


# Exercises. Each is met empty and then solved, in the same kernel, as a learner does it.

class SolvedCell(IPyNbCell):
    """A cell with the course's solution in place of a skeleton. Its checks must call it right."""

    def runtest(self):
        super().runtest()
        said = "\n".join(output.get("text", "") for output in self.test_outputs)
        for key, _ in checks(self.cell.source):
            if f"✓ right: {key}" not in said:
                self.raise_cell_error(f"The course's own solution of {key} is not taken.\n{said}")


collect_cells = IPyNbFile.collect


def collect(file):
    """The cells of a notebook, and behind each that checks exercises the same with solutions."""
    items = list(collect_cells(file))
    for item, cells in zip(items, solved([item.cell.source for item in items]), strict=True):
        yield item
        for number, source in enumerate(cells, start=1):
            yield SolvedCell.from_parent(
                file, name=f"{item.name}, solved {number}", cell_num=item.cell_num,
                cell=new_code_cell(source),
                options=defaultdict(bool, item.options, check=False))


IPyNbFile.collect = collect


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip the rest of a notebook in which a cell has failed."""
    if isinstance(item, IPyNbCell) and hasattr(item.parent, "first_failure"):
        pytest.skip(f"{item.parent.first_failure} of this notebook failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep the claims of a cell that did not hold, and the first cell of a notebook that failed."""
    if isinstance(item, IPyNbCell) and call.when == "call":
        item.user_properties += [("missed", f"{item.path.stem}: {text}")
                                 for text in missed(getattr(item, "test_outputs", None) or [])]
    report = yield
    if isinstance(item, IPyNbCell) and report.failed:
        item.parent.first_failure = item.name
    return report


# Claims. One run cannot tell a rare miss from a claim that is wrong, so a miss fails no test: it is
# listed at the end. What fails is a calibration of twelve runs in which claims missed too often, or
# one that is stale because the code has changed since (tests/test_calibration.py).

REMARKS = {  # properties of tests that are listed at the end, and under which title
    "missed": "claims that did not hold in this run (a miss may be rare and fails nothing)",
    "uncalibrated": "notebooks still to be calibrated",
    "old form": "notebooks that still have the old form (OLD_FORM in tests/test_notebooks.py)",
}


def missed(outputs):
    """The sentences of the claims in a cell's outputs that were judged and did not hold."""
    shown = [output["data"].get(MIME, {}) for output in outputs if "data" in output]
    return [claim["text"] for each in shown for claim in each.get("claims", [])
            if claim["judged"] and not claim["held"]]


# How two processes share the tests

def pytest_collection_modifyitems(items):
    """Begin with the notebooks, which take longest: both processes then end at about one time."""
    items.sort(key=lambda item: item.path.suffix != ".ipynb"
               and item.path.name != "test_notebooks.py")


def part(nodeid):
    """What stays in one process: a notebook, a file of tests, or the exercises of one notebook."""
    file, _, test = nodeid.partition("::")
    by_notebook = file.endswith("/test_exercises.py")
    notebook = re.search(r"\b(\d\d)[._][a-z]", test) if by_notebook else None
    return f"{file} {notebook[1]}" if notebook else file


@pytest.hookimpl(optionalhook=True)  # this hook is there only if pytest-xdist is
def pytest_xdist_make_scheduler(config, log):
    """With --dist=loadscope, a process gets one part of the tests after the other."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Parts(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return part(nodeid)

    return Parts(config, log)


# How long each notebook takes

PLACES = {  # where a notebook runs: how its tests are called, and the seconds it may take in smoke
    "through nbval": (re.compile(r"(?:[^:]*/)?(\w+)\.ipynb::"), 20),
    "in a browser": (re.compile(r"tests/browser/test_notebooks\.py::\w+\[(\w+)\]"), 25),
}


def pytest_terminal_summary(terminalreporter):
    """Print the seconds of each notebook. They depend on the machine, so they fail nothing.
    Before them, what the tests remark about claims.
    """
    for remark, title in REMARKS.items():
        if remarks := dict.fromkeys(
                text for several in terminalreporter.stats.values() for report in several
                for name, text in getattr(report, "user_properties", []) if name == remark):
            terminalreporter.section(title)
            terminalreporter.write_line("\n".join(remarks))
    reports = [report for several in terminalreporter.stats.values() for report in several
               if hasattr(report, "duration")]
    for place, (pattern, limit) in PLACES.items():
        seconds = Counter()
        for report in reports:
            if found := pattern.match(report.nodeid):
                seconds[found[1]] += report.duration
        if seconds:
            terminalreporter.section(f"seconds of each notebook {place}")
        for name, taken in sorted(seconds.items()):
            over = f"  more than {limit}" if taken > limit else ""
            terminalreporter.write_line(f"{taken:7.1f}  {name}{over}")
