"""What a family of processes takes: pages that they share count once, their own count each."""
import os
import subprocess
import sys

import psutil
import pytest

from gan_course.teaching.batch import execute

FAMILY = """
import mmap, multiprocessing, sys, time
block = mmap.mmap(-1, 200_000_000)          # in the memory of both

def child(ready, kind):
    held = block if kind == "shared" else bytearray(200_000_000)
    held[::4096] = b"1" * len(range(0, 200_000_000, 4096))
    ready.set()
    time.sleep(60)

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    block[::4096] = b"1" * len(range(0, 200_000_000, 4096))
    ready = [context.Event() for _ in range(2)]
    for event in ready:
        context.Process(target=child, args=(event, sys.argv[1]), daemon=True).start()
    for event in ready:
        event.wait()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shared pages apart")
@pytest.mark.parametrize(("kind", "least", "most"), [("shared", 200, 300), ("own", 600, 700)])
def test_what_is_shared_counts_once(tmp_path, kind, least, most):
    (tmp_path / "family.py").write_text(FAMILY)
    parent = subprocess.Popen([sys.executable, tmp_path / "family.py", kind], stdout=subprocess.PIPE, text=True)
    first = psutil.Process(parent.pid)
    try:
        assert parent.stdout.readline() == "ready\n"
        family = [first, *first.children(recursive=True)]
        assert len(family) == 3 and least < execute._memory(family) < most
    finally:
        for member in [*first.children(recursive=True), first]:
            member.kill()
        parent.wait()
        parent.stdout.close()


def test_a_process_that_has_ended_takes_nothing():
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    process = psutil.Process(ended.pid)
    ended.wait()
    assert execute._memory([process]) == 0 and execute._memory([psutil.Process(os.getpid())]) > 1
