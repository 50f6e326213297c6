"""Where a learner's function runs: in a thread of its own, cut off when it does not come back, its
prints caught.

What is cut off: any endless loop of Python code, on every system, within about two seconds; also
one that catches every error. The function runs in a worker thread while the caller waits, and an
exception is planted in that thread; no signals and no tracing, so the kernel's main thread, a
debugger and Windows are all the same to it. What is not: a single call into compiled code that
never ends (`sum(itertools.count())`) cannot be stopped from outside. The caller goes on all the
same; the lost thread lives until the kernel restarts.
"""
import contextlib
import ctypes
import io
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
import torch

SECONDS = 2.0
"""How long a learner's function may work. The answers of the course take milliseconds."""
PRINTED = 2000
"""How many characters of what it prints are kept."""


class CutOff(BaseException):
    """Planted in a function that does not end.

    Not an Exception, so that `except Exception` lets it pass.
    """


@dataclass
class Outcome:
    """What came of one call: a result or an error, whether it was cut off (and could be stopped),
    and what it printed.
    """

    result: Any = None
    error: BaseException | None = None
    endless: bool = False
    stopped: bool = True
    printed: str = ""


def run(fn: Callable, arguments: list) -> Outcome:
    """Call `fn(*arguments)` in a thread of its own and wait for it.

    Never raises for what `fn` does.
    """
    outcome, printed, finished = Outcome(), _FirstPart(), threading.Event()

    def work():
        with contextlib.suppress(CutOff):  # one that comes a moment too late
            try:
                outcome.result = fn(*arguments)
            except BaseException as error:  # SystemExit and KeyboardInterrupt are its own, too
                outcome.error = error
            finished.set()

    worker = threading.Thread(target=work, daemon=True, name="exercise")
    with (contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed),
          warnings.catch_warnings()):
        warnings.simplefilter("ignore")
        worker.start()
        try:
            _wait(worker)
        finally:  # also when the Stop button ends the waiting
            late = worker.is_alive()
            stopped = not late or _stop(worker, finished)
    if late:
        outcome = Outcome(endless=True, stopped=stopped)
    outcome.printed = printed.getvalue()
    return outcome


def run_here(fn: Callable, arguments: list) -> Outcome:
    """Call a function that we know, with none of that."""
    try:
        return Outcome(fn(*arguments))
    except Exception as error:
        return Outcome(error=error)


def with_names(fn: Callable, names: dict[str, Any]) -> Callable:
    """The function as it would be if these names of its notebook meant something else.

    Args:
        fn: a function of Python code; anything else comes back as it is.
        names: name -> what it is to find there. Names that the notebook does not have are left
            out, so that the function misses them here as it would there.

    Returns:
        Another function with the same code. The notebook's own names stay as they are.
    """
    if not isinstance(fn, FunctionType):
        return fn
    known = {name: value for name, value in names.items() if name in fn.__globals__}
    other = FunctionType(fn.__code__, fn.__globals__ | known, fn.__name__, fn.__defaults__,
                         fn.__closure__)
    other.__kwdefaults__ = fn.__kwdefaults__
    return other


def _wait(worker: threading.Thread) -> None:
    """Wait until the thread has ended, or has had `SECONDS` of the processor.

    The clock alone proves nothing where many programs share the processor. A thread that only
    sleeps is given up after five times as long.
    """
    worked, late = time.process_time() + SECONDS, time.monotonic() + 5 * SECONDS
    worker.join(SECONDS)
    while worker.is_alive() and time.process_time() < worked and time.monotonic() < late:
        worker.join(0.05)


def _stop(worker: threading.Thread, finished: threading.Event, patience: float = 1.0) -> bool:
    """Plant `CutOff` in the thread, again and again (a bare `except:` swallows some), until it
    ends. False if it does not.
    """
    plant = ctypes.pythonapi.PyThreadState_SetAsyncExc
    end = time.monotonic() + patience
    while worker.is_alive() and time.monotonic() < end:
        if not finished.is_set():
            plant(ctypes.c_ulong(worker.ident), ctypes.py_object(CutOff))
        worker.join(0.01)
    return not worker.is_alive()


class _FirstPart(io.StringIO):
    """Keeps the first `PRINTED` characters, and lets the rest go."""

    def write(self, text: str) -> int:
        super().write(text[:max(PRINTED - self.tell(), 0)])
        return len(text)


@contextlib.contextmanager
def randomness_untouched() -> Iterator[None]:
    """Whatever happens inside, the random numbers of Python, NumPy and PyTorch go on afterwards as
    if nothing had.
    """
    cuda = torch.cuda.is_initialized()
    states = (random.getstate(), np.random.get_state(), torch.get_rng_state(),
              torch.cuda.get_rng_state_all() if cuda else None)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if cuda:
            torch.cuda.set_rng_state_all(states[3])


def seed(number: int) -> None:
    """Seed the three, PyTorch on the CPU only: `torch.manual_seed` would leave a seed waiting for a
    GPU that starts later.
    """
    random.seed(number)
    np.random.seed(number)
    torch.default_generator.manual_seed(number)
