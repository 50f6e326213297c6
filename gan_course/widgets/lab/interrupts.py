"""The kernel's Interrupt (■, the signal SIGINT) pauses the labs that play.

Labs play between cells, while ipykernel ignores SIGINT; an exception raised there would end the
kernel. So a lab that plays puts a handler in the place of "ignore" which only leaves word. While a
cell runs, ipykernel has a handler of its own in place, and the interrupt is for the cell.
"""
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Interruptible(Protocol):
    """What can be interrupted: it looks at its flag after each round."""

    interrupted: bool


_playing: list[Interruptible] = []


@contextmanager
def pausing(training: Interruptible) -> Iterator[None]:
    """Inside, an interrupt sets `training.interrupted`, wherever `listen` has found it ignored."""
    _playing.append(training)
    try:
        yield
    finally:
        _playing.remove(training)
        if not _playing and signal.getsignal(signal.SIGINT) is _pause_all:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def listen() -> None:
    """Hear SIGINT from now on, if it is ignored at present and this is the main thread."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, _pause_all)


def _pause_all(number, frame) -> None:
    for training in _playing:
        training.interrupted = True
