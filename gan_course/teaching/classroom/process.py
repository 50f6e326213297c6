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
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from gan_course.paths import ROOT
from gan_course.teaching.classroom import confine

START_SECONDS = 120.0  # for loading PyTorch, on a slow disk
PYTORCH_MB = 1000  # of memory, before anything of the learner's runs
MOST_BYTES = 4_000_000                                              # of all that one process says
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from gan_course.teaching.classroom import player; player.main()"


class Ready(BaseModel):
    """Said before anything of the learner's runs: which Landlock holds (0: none), and whether there
    are resource limits.
    """

    landlock: int
    limits: bool


class Message(BaseModel, strict=True, extra="forbid"):
    """Anything that the player may say; one of the first six is there."""

    ready: Ready | None = None
    failed: Annotated[str, Field(max_length=2000)] | None = None
    found: dict[str, list[Annotated[str, Field(max_length=80)]]] | None = None
    cell: int | None = None
    done: bool = False
    key: Annotated[str, Field(max_length=80)] | None = None
    outcome: Literal["right", "wrong", "not yet"] = "wrong"
    id: Annotated[str, Field(max_length=80)] = ""
    says: Annotated[str, Field(max_length=4000)] = ""
    printed: Annotated[str, Field(max_length=4000)] = ""
    evidence: list[dict[str, str | tuple[list[int], list[float]]]] = []


class Player:
    """The other process, as an iterator of what it says. `ended` says how it ended ("done": it came
    to its end), `seconds` how long it took once it was ready."""

    def __init__(self, cells: list[str], skip: list[int], limits: confine.Limits, seconds: float):
        self.limits, self.left, self.ended, self.seconds = limits, seconds, "", 0.0
        self.task = {"cells": cells, "skip": skip, "limits": asdict(limits)}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="gan-course-", ignore_cleanup_errors=True)
        place = Path(self.folder.name).resolve()
        command = confine.command([sys.executable, "-I", "-B", "-c", START], place)
        self.process = subprocess.Popen(command, cwd=place, env=confine.environment(place),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.said: queue.Queue = queue.Queue(maxsize=100)  # a flood waits here, and not in memory
        self.over = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(self.task | {"folder": str(place)}).encode())
            self.process.stdin.close()
        return self

    def __exit__(self, *error):
        self.over.set()
        _kill(self.process)
        self.folder.cleanup()

    def __iter__(self):
        end, begun = time.monotonic() + START_SECONDS, None
        while not self.ended:
            try:
                line = self.said.get(timeout=0.05)
            except queue.Empty:
                line = ""
            now = time.monotonic()
            self.seconds = now - begun if begun else 0.0
            if line is None:
                self.ended = self._how_it_ended()
            elif line:
                try:
                    message = Message.model_validate_json(line)
                except ValidationError:
                    self.ended = "It sent something that is not a message of the check: the channel was tampered with."
                    return
                if message.failed and not begun:
                    self.ended = message.failed
                    return
                if message.ready and not begun:
                    begun, end = now, now + self.left
                yield message
            if not self.ended and now > end:
                self.ended = f"It had not ended after {self.left:.0f} seconds, and was stopped." if begun else "It could not be started."
            elif not self.ended and begun:
                processes, memory = _family(self.process.pid)
                if processes > self.limits.processes:
                    self.ended = f"It started more than {self.limits.processes} processes, and was stopped."
                elif memory > self.limits.memory_mb + PYTORCH_MB:
                    self.ended = f"Its processes together took more than {self.limits.memory_mb} MB, and were stopped."

    def _listen(self):
        """In a thread: hand over line by line, up to MOST_BYTES in all; None at the end."""
        total, rest = 0, b""
        while total < MOST_BYTES and (part := self.process.stdout.read1(65536)):
            total += len(part)
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._put(line)
        self._put(None)

    def _put(self, line):
        while not self.over.is_set():
            with contextlib.suppress(queue.Full):
                return self.said.put(line, timeout=0.5)

    def _how_it_ended(self) -> str:
        try:
            status = self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "It said more than a check has to say, and was stopped."
        return f"It ended the whole process (exit status {status}), or took more memory or time than it may."


def _family(pid: int) -> tuple[int, float]:
    """How many processes there are below this one, and how much memory they take together, in
    MB.
    """
    import psutil

    processes, memory = 0, 0.0
    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            processes += 1
            with contextlib.suppress(psutil.Error):
                memory += each.memory_info().rss / 1e6
    return processes, memory


def _kill(process: subprocess.Popen) -> None:
    """End the process, its group, and all that it has started."""
    import psutil

    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        for each in family:
            with contextlib.suppress(psutil.Error):
                each.kill()
    process.kill()
    process.wait()
    process.stdout.close()
