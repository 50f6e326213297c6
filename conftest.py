"""How pytest runs the notebooks (through nbval): short, without widgets, and quick to stop when one breaks.

Without this, a kernel that died would cost the whole cell timeout, and one broken cell would fail every cell after it.
"""
import os
import time
from queue import Empty

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

os.environ.setdefault("GAN_COURSE_PROFILE", "smoke")
os.environ.setdefault("GAN_COURSE_HEADLESS", "1")

wait_for_reply = RunningKernel.await_reply


def await_reply(kernel, msg_id, timeout=None):
    """nbval's wait for the end of a cell, looking every half second whether the kernel still lives."""
    end = time.monotonic() + (timeout or float("inf"))
    while True:
        try:
            return wait_for_reply(kernel, msg_id, timeout=0.5)
        except Empty:
            if not kernel.is_alive():
                kernel.kc.stop_channels()
                pytest.fail("The kernel died in this cell (out of memory, or a crash in compiled code).", pytrace=False)
            if time.monotonic() > end:
                raise


RunningKernel.await_reply = await_reply


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip the rest of a notebook in which a cell has failed."""
    if isinstance(item, IPyNbCell) and hasattr(item.parent, "first_failure"):
        pytest.skip(f"{item.parent.first_failure} of this notebook failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Remember the first cell of a notebook that failed."""
    report = yield
    if isinstance(item, IPyNbCell) and report.failed:
        item.parent.first_failure = item.name
    return report
