"""What a process that runs strangers' code may take and touch, as far as the system can hold it to
that.

    with bubblewrap     No network. It reads Python and the course, and nothing else; it writes to
                        an empty folder of 64 MB that vanishes. It sees no other process, and none
                        of its own survives.
    with unshare alone  No network, and none of its processes survives. It can read and change the
                        user's files.
    everywhere          A bare environment and an empty folder as home. Time, memory and the number
                        of processes are watched from outside. What it started is looked for and
                        ended.
    on Linux and macOS  Also limits on CPU seconds, the size of files, open files and processes; on
                        Linux on memory, too.

`gaps` says before anything runs what this system cannot do, `in_words` says afterwards what was in
force.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from gan_course.paths import DATA, ROOT

FOLDER_MB = 64
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/opt/homebrew", "/nix")
UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child",
           "--mount", "--mount-proc")
IN_FOLDER = f'mount -t tmpfs -o size={FOLDER_MB}m none "$0" && cd "$0" && "$@"; exit $?'


@dataclass(frozen=True)
class Allowance:
    """What one learner's code may take."""

    seconds: float = 30.0                           # all exercises together; as many of the CPU
    memory_mb: int = 2000                           # of 10^6 bytes, beyond PyTorch itself
    file_mb: int = 10                               # each file
    open_files: int = 256
    processes: int = 16                             # and threads, beyond the user's others


@cache
def tool() -> Literal["bwrap", "unshare"] | None:
    """The best tool that shuts a process in here; None if there is none that works."""
    for name, shut_in in (("bwrap", _bubblewrapped), ("unshare", _unshared)):
        if shutil.which(name):
            with tempfile.TemporaryDirectory() as folder:
                tried = shut_in([sys.executable, "-I", "-c", "pass"], Path(folder).resolve())
                try:
                    if not subprocess.run(tried, capture_output=True, timeout=20).returncode:
                        return name
                except (OSError, subprocess.TimeoutExpired):
                    pass
    return None


def command(words: list[str], folder: Path, readable: Path | None = None) -> list[str]:
    """The command that runs some words in a folder, shut in as far as the system can.

    Args:
        words: the program and its arguments.
        folder: where it runs.
        readable: a folder that it may read, beside Python and the course.
    """
    if tool() == "bwrap":
        return _bubblewrapped(words, folder, readable)
    return _unshared(words, folder) if tool() == "unshare" else words


def gaps() -> list[str]:
    """What strangers' code can do on this system although it should not, in words; none with
    bubblewrap.
    """
    files = "read, change and delete every file that you can"
    if tool() == "bwrap":
        return []
    if tool() == "unshare":
        return [files]
    return [files, "use the network", "end your programs", "leave a process running if it hides it"]


def in_words(limited: bool) -> list[str]:
    """How a process was shut in, for the report.

    Args:
        limited: what `limit` returned in it.
    """
    alone, bare = tool() == "bwrap", tool() is None
    limits = "memory and time watched, NOT limited"
    if limited:
        limits = ("memory, CPU and file sizes limited" if sys.platform == "linux" else
                  "CPU and file sizes limited, memory watched")
    return [
        "network NOT cut off" if bare else "network cut off",
        "reads only Python and the course, writes only to a folder that vanishes" if alone else
        "files NOT protected",
        limits,
        "a process that hides well could survive" if bare else "none of its processes survives"
    ]


def environment(folder: Path) -> dict[str, str]:
    """All the variables that the process gets: nothing of the caller's but where programs and the
    system lie.

    Args:
        folder: its home.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"),
                        str(folder))
    return kept | own | {
        "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "", "GAN_COURSE_HEADLESS": "1"
    }


def limit(allowed: Allowance) -> bool:
    """Hold this process to what is allowed from here on.

    Args:
        allowed: what it may take.

    Returns:
        False where the system has no such limits (Windows).
    """
    try:
        import resource
    except ImportError:
        return False
    import psutil

    used, me = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), psutil.Process()
    wanted = {
        "RLIMIT_CPU": int(used + allowed.seconds) + 1, "RLIMIT_FSIZE": allowed.file_mb * 10**6,
        "RLIMIT_NOFILE": allowed.open_files, "RLIMIT_CORE": 0
    }
    if sys.platform == "linux":                     # elsewhere the address space is not kept to
        wanted["RLIMIT_AS"] = me.memory_info().vms + allowed.memory_mb * 10**6
    for name, most in wanted.items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(getattr(resource, name), (most, most))
    _limit_processes(allowed.processes + _tasks(me.username()))
    return True


def _limit_processes(most: int) -> None:
    """Allow the user `most` processes and threads.

    Older kernels count those outside our namespace too: a limit under which no thread can start is
    lifted again.
    """
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC,
                       (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))


def _tasks(user: str) -> int:
    """How many threads the user's processes have now, those that may be looked at."""
    import psutil

    found = psutil.process_iter(["username", "num_threads"])
    return sum(process.info["num_threads"] or 1 for process in found
               if process.info["username"] == user)


def _bubblewrapped(words: list[str], folder: Path, more: Path | None = None) -> list[str]:
    python = {sys.prefix, sys.base_prefix, str(ROOT / "gan_course"), str(DATA)}
    python |= {os.path.realpath(path) for path in python} | ({str(more)} if more else set())
    readable = sorted({*SYSTEM, *python})           # a folder before what lies in it
    binds = [word for path in readable for word in ("--ro-bind-try", path, path)]
    return [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session", *binds, "--proc", "/proc",
        "--dev", "/dev", "--size", str(FOLDER_MB * 10**6), "--tmpfs", str(folder), "--remount-ro",
        "/dev", "--remount-ro", "/", "--chdir", str(folder), *words
    ]


def _unshared(words: list[str], folder: Path) -> list[str]:
    return [*UNSHARE, "sh", "-c", IN_FOLDER, str(folder), *words]
