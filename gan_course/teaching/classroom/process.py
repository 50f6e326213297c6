"""The process in which a learner's code runs, seen from outside: started bare, listened to up to a
limit, and ended with all it started.
"""
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import BaseModel, Field, ValidationError

from gan_course.paths import ROOT
from gan_course.teaching.classroom import confine

START_SECONDS = 120.0                               # for loading PyTorch, on a slow disk
PYTORCH_MB = 1000                                   # of memory, before anything of the learner's
MOST_BYTES = 4_000_000                              # of all that one process says
START = (f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
         "from gan_course.teaching.classroom import replay, rerun; ")


class Ready(BaseModel):
    """Said before anything of the learner's runs: whether there are resource limits."""

    limits: bool


class Claimed(BaseModel, extra="forbid"):
    """A claim of a notebook, as somebody else's process or file has it."""

    text: Annotated[str, Field(max_length=2000)]
    held: bool
    judged: bool
    numbers: Annotated[dict[Annotated[str, Field(max_length=80)], float | None],
                       Field(max_length=50)] = {}
    precomputed: Annotated[list[int], Field(max_length=1000)] = []


class Message(BaseModel, strict=True, extra="forbid"):
    """Anything that the other process may say; one of the first eight is there."""

    ready: Ready | None = None
    failed: Annotated[str, Field(max_length=2000)] | None = None
    found: dict[str, list[Annotated[str, Field(max_length=80)]]] | None = None
    cell: int | None = None
    claim: Claimed | None = None
    stopped: Annotated[str, Field(max_length=2000)] | None = None
    done: bool = False
    key: Annotated[str, Field(max_length=80)] | None = None
    outcome: Literal["right", "wrong", "not yet"] = "wrong"
    id: Annotated[str, Field(max_length=80)] = ""
    says: Annotated[str, Field(max_length=4000)] = ""
    printed: Annotated[str, Field(max_length=4000)] = ""
    evidence: list[dict[str, str | tuple[list[int], list[float]]]] = []


class Replay:
    """The other process, as an iterator of what it says.

    Args:
        task: what the program is told, beside what it may take.
        allowed: what the learner's code may take.
        seconds: how long this process may take once it is ready.
        program: "replay" or "rerun".
        readable: a folder that the process may read, beside Python and the course.

    Attributes:
        ready: what it said of its limits; None if it never came that far.
        seconds: how long it took once it was ready.
        done: whether it came to its end.
        ended: how it ended, in words.
    """

    def __init__(self, task: dict, allowed: confine.Allowance, seconds: float,
                 program: str = "replay", readable: Path | None = None):
        self.allowed, self.left = allowed, seconds
        self.program, self.readable = program, readable
        self.ready: Ready | None = None
        self.seconds, self.done, self.ended = 0.0, False, ""
        self.task = task | {"allowed": asdict(allowed)}

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="gan-course-",
                                                     ignore_cleanup_errors=True)
        self.folder = Path(self.temporary.name).resolve()
        words = [sys.executable, "-I", "-B", "-c", f"{START}{self.program}.main()"]
        command = confine.command(words, self.folder, self.readable)
        self.process = subprocess.Popen(command, cwd=self.folder,
                                        env=confine.environment(self.folder),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.began = time.monotonic()
        self.said: queue.Queue = queue.Queue(maxsize=100)   # a flood waits here, not in memory
        self.flooded, self.over = False, threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(self.task).encode())
            self.process.stdin.close()
        return self

    def __exit__(self, *error):
        self.over.set()
        _end(self.process, self.folder)
        self.temporary.cleanup()

    def __iter__(self) -> Iterator[Message]:
        while not self.ended:
            line = self._next_line()
            if line is None:
                self.ended = self._exit_in_words()
            elif line and (message := self._understood(line)):
                yield message
            self.ended = self.ended or self._too_much()

    def _next_line(self) -> bytes | None:
        """The next line; b"" if none comes at once, None at the end."""
        try:
            return self.said.get(timeout=0.05)
        except queue.Empty:
            return b""

    def _understood(self, line: bytes) -> Message | None:
        """The message of a line; None for one that ends the process, or that is about itself."""
        try:
            message = Message.model_validate_json(line)
        except ValidationError:
            self.ended = ("It sent something that is not a message of the check: the channel was "
                          "tampered with.")
            return None
        if message.ready and not self.ready:
            self.ready, self.began = message.ready, time.monotonic()
        elif message.failed and not self.ready:
            self.ended = message.failed
        elif message.done:
            self.done, self.ended = True, "It came to its end."
        elif self.ready:
            return message
        return None

    def _too_much(self) -> str:
        """Which limit the process goes beyond, in words; "" if it keeps to all."""
        seconds = time.monotonic() - self.began
        if not self.ready:
            return "It could not be started." if seconds > START_SECONDS else ""
        self.seconds = seconds
        processes, memory = _family(self.process.pid)
        if seconds > self.left:
            return f"It had not ended after {self.left:.0f} seconds, and was stopped."
        if processes > self.allowed.processes:
            return f"It started more than {self.allowed.processes} processes, and was stopped."
        if memory > self.allowed.memory_mb + PYTORCH_MB:
            return (f"Its processes together took more than {self.allowed.memory_mb} MB, and were "
                    "stopped.")
        return ""

    def _listen(self) -> None:
        """In a thread: hand over line by line, up to MOST_BYTES in all; None at the end."""
        total, rest = 0, b""
        while total < MOST_BYTES and (part := self.process.stdout.read1(65536)):
            total += len(part)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._put(line)
        self.flooded = total >= MOST_BYTES
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self.over.is_set():
            with contextlib.suppress(queue.Full):
                return self.said.put(line, timeout=0.5)

    def _exit_in_words(self) -> str:
        if self.flooded:
            return "It said more than a check has to say, and was stopped."
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(timeout=2)
            return (f"It ended the whole process (exit status {status}), or took more memory or "
                    "time than it may.")
        return "It closed the channel on which its answers come, and was stopped."


def _family(pid: int) -> tuple[int, float]:
    """How many processes there are below this one, and how much memory it takes together with
    them, in MB.
    """
    below, memory = [], 0.0
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        below = first.children(recursive=True)
        for each in [first, *below]:
            with contextlib.suppress(psutil.Error):
                memory += each.memory_info().rss / 1e6
    return len(below), memory


def _end(process: subprocess.Popen, folder: Path) -> None:
    """End the process, its group, and what it started and left behind.

    The group may outlive its leader: it is ended also when the process is gone already.
    """
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    for _ in range(20):                             # one may start another meanwhile
        strays = _strays(folder)
        for each in strays:
            with contextlib.suppress(psutil.Error):
                each.kill()
        if not strays:
            break
        psutil.wait_procs(strays, timeout=0.5)
    process.wait()
    process.stdout.close()


def _strays(folder: Path) -> list[psutil.Process]:
    """The processes that live in this learner's environment: their home is `folder`."""
    return [
        process for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("MPLCONFIGDIR") == str(folder)
    ]
