"""A long job of the command line, a training or a batch: it has its folder to itself, and ends when
it is asked to.
"""
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def only_one(out: Path, what: str) -> Iterator[None]:
    """Hold the folder of a job. A job that was killed holds nothing.

    Args:
        out: the folder; it is made if it is missing.
        what: what the job is called in the message, such as "training".

    Raises:
        ValueError: another job holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            yield
    except Timeout:
        raise ValueError(f"Another {what} is at work in {out}. Wait for its end, or choose "
                         "another folder with -o.") from None


@contextmanager
def requests_to_stop() -> Iterator[list[int]]:
    """Inside, Ctrl-C and the system's requests to end (SIGTERM, SIGHUP) only leave word, so that
    what is in progress can be brought to its end.

    A SIGHUP that is ignored stays so: that is what `nohup` is for.

    Yields:
        A list that grows while the job runs: by one item with each Ctrl-C, by two with a request of
        the system, which waits for nobody.
    """
    asked = []
    handlers = {signal.SIGINT: lambda *_: asked.append(1),
                signal.SIGTERM: lambda *_: asked.extend([1, 1])}
    hang_up = getattr(signal, "SIGHUP", None)                       # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        handlers[hang_up] = handlers[signal.SIGTERM]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
