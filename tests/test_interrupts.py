"""The kernel's Interrupt (■) and Ctrl-C: a cell stops after the round, a lab pauses, and the kernel lives."""
import contextlib
import os
import signal
import threading
import time

import pytest
from jupyter_client.manager import KernelManager

from gan_course.paths import ROOT
from gan_course.training.guards import uninterrupted

LABS = """
import asyncio, signal, time, torch
from gan_course import data, nets
from gan_course.games.gan import GAN
from gan_course.training import play
from gan_course.widgets.lab import Lab

def build():
    torch.manual_seed(0)
    stream = data.batches("digits", 16, device="cpu")
    return GAN(nets.MLPGenerator(2, stream.data_shape, 8), nets.MLPDiscriminator(stream.data_shape, 8)), stream

def paused():
    return [not lab.live.running and "Paused by the kernel" in lab.status.value for lab in (first, second)]

first, second = Lab("first", build), Lab("second", build)
"""


class Kernel:
    """A real kernel, with widgets as a learner has them, whose cells are run one after the other."""

    def __init__(self):
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(ROOT), env=os.environ | {"GAN_COURSE_HEADLESS": "0", "OMP_NUM_THREADS": "1"},
                                  extra_arguments=["--log-level=40"])
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code, interrupt=False):
        """What the cell printed, and the name of the error that ended it, if one did. With `interrupt`, ■ is pressed while it runs."""
        printed = []

        def hear(message):
            content = message["content"]
            printed.append(content.get("text", ""))
            if interrupt and "now" in content.get("text", ""):
                self.interrupt()

        reply = self.client.execute_interactive(code, timeout=120, output_hook=hear)["content"]
        return "".join(printed), reply.get("ename")

    def interrupt(self):
        self.manager.interrupt_kernel()

    def wait_until(self, condition):
        """Run cells, and the loop between them, until the condition is true there."""
        for _ in range(300):
            if self.run(f"print({condition})")[0].strip() == "True":
                return
            assert self.manager.is_alive(), "the kernel died"
            time.sleep(0.1)
        pytest.fail(f"never came true: {condition}; {self.run('print(first.status.value)')}")


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    try:
        assert kernel.run(LABS)[1] is None
        yield kernel
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def play(kernel):
    kernel.run("before = first.live.training.round, second.live.training.round; first.start(); second.start()")
    kernel.wait_until("first.live.training.round > before[0] and second.live.training.round > before[1]")


def test_an_interrupt_between_cells_pauses_every_lab_and_the_kernel_lives(kernel):
    for _ in range(3):
        play(kernel)
        kernel.interrupt()
        kernel.wait_until("paused() == [True, True]")
    kernel.interrupt()                                              # nothing plays, nothing happens
    assert kernel.run("print('alive', len(asyncio.all_tasks()) < 9)") == ("alive True\n", None)


@pytest.mark.parametrize("cell", ["print('now', flush=True); time.sleep(60)", "print('now', flush=True); await asyncio.sleep(60)"])
def test_an_interrupt_while_a_cell_runs_is_for_the_cell(kernel, cell):
    play(kernel)
    assert kernel.run(cell, interrupt=True)[1] in ("KeyboardInterrupt", "CancelledError")
    kernel.wait_until("first.live.running and second.live.running")
    kernel.interrupt()
    kernel.wait_until("paused() == [True, True]")


def test_a_training_in_a_cell_is_interrupted_after_the_round(kernel):
    cell = """played = 0
for record in play(*build(), rounds=10**9, progress=False):
    played += 1
    if played == 20:
        print('now', flush=True)
"""
    assert kernel.run(cell, interrupt=True)[1] == "KeyboardInterrupt"
    assert kernel.run("print(played >= 20, record['round'] - played)") == ("True 0\n", None)


# the guard itself

@contextlib.contextmanager
def handled_by(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_ignored_stays_ignored():
    with handled_by(signal.SIG_IGN):
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_handler_hears_of_it_at_the_end():
    heard = []
    handler = lambda number, frame: heard.append(number)  # noqa: E731
    with handled_by(handler):
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert heard == []
        assert heard == [signal.SIGINT] and signal.getsignal(signal.SIGINT) is handler


def test_pythons_own_handler_raises_at_the_end_and_at_once_the_second_time():
    reached = []
    with handled_by(signal.default_int_handler):
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("after the first")
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            reached.append("after the second")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert reached == ["after the first"]


def test_on_another_thread_nothing_is_touched():
    seen = []
    before = signal.getsignal(signal.SIGINT)

    def work():
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
