"""What a process that runs strangers' code may take and touch, as far as the system can hold it to
that.

    everywhere           time, processes and their memory: watched from outside; a bare environment; an empty folder as home
    Linux, macOS         CPU seconds, file size, open files, processes: resource limits; on Linux memory too
    Linux with Landlock  nothing is written outside the folder, only Python and the course are read, no TCP, no signal to other programs
    Linux, where `unshare` is allowed: no network at all, no process outlives its judge, 64 MB of disk

The caller is told what was in force, and says so in the report.
"""
import ctypes
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gan_course.paths import DATA, ROOT

NAMESPACES = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child",
              "--mount", "--mount-proc")
IN_FOLDER = 'mount -t tmpfs -o size=64m none "$0" && cd "$0" && "$@"; exit $?'
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev", "/opt/homebrew")
# execute, read files, read folders; Landlock's own numbers
READ, WRITE_FILE, ALL_FILES = 0b1101, 0b10, (1 << 13) - 1


@dataclass(frozen=True)
class Limits:
    """What one learner's code may take.

    Memory: beyond what PyTorch takes when it is loaded. MB of 10^6 bytes.
    """

    seconds: float = 30.0  # on the clock, all exercises together; as many of the CPU
    memory_mb: int = 2000
    file_mb: int = 10                                               # each file
    open_files: int = 256
    processes: int = 16  # and threads, beyond the user's others


@cache
def namespaces() -> bool:
    """Whether this system lets us cut a process off from network, processes and mounts."""
    if shutil.which("unshare") is None:
        return False
    try:
        tried = subprocess.run([*NAMESPACES, "sh", "-c", IN_FOLDER, "/mnt", "true"],
                               capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def command(words: list[str], folder: Path) -> list[str]:
    """The command that runs these words in `folder`, with namespaces of its own where the system
    allows.
    """
    return [*NAMESPACES, "sh", "-c", IN_FOLDER, str(folder), *words] if namespaces() else words


def environment(folder: Path) -> dict[str, str]:
    """All the variables that the process gets: nothing of the caller's but where programs and the
    system lie.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR"),
                        str(folder))
    return kept | own | {
        "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        "GAN_COURSE_HEADLESS": "1"
    }


def landlock(folder: Path) -> int:
    """From here on this process and all that it starts write in `folder` only, and read only what
    Python needs.

    Returns the version of Landlock that does it, 0 where the kernel has none. To be called before
    threads are started.
    """
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    create, add, restrict = 444, 445, 446  # the same on every kind of machine
    version = libc.syscall(create, None, 0, 1)
    if version < 1:
        return 0
    # moving between folders, shortening files
    files = ALL_FILES | (version >= 2) << 13 | (version >= 3) << 14
    # TCP; abstract sockets and signals
    handled = (ctypes.c_uint64 * 3)(files, 0b11 * (version >= 4), 0b11 * (version >= 6))
    rules = libc.syscall(create, handled, 8 * (1 + (version >= 4) + (version >= 6)), 0)

    def allow(path, access):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = (ctypes.c_char * 12).from_buffer_copy(
            access.to_bytes(8, sys.byteorder) + place.to_bytes(4, sys.byteorder))
        libc.syscall(add, rules, 1, rule, 0)
        os.close(place)

    python = (sys.prefix, sys.base_prefix, *sys.path)
    for path in {*SYSTEM, *python, str(ROOT / "gan_course"), str(DATA)} - {"", str(ROOT)}:
        if os.path.isdir(path):
            allow(path, files & READ)
    allow("/dev/null", 0b110)
    allow(folder, files)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges: the kernel asks for it
    locked = libc.syscall(restrict, rules, 0) == 0
    os.close(rules)
    return version if locked else 0


def limit(limits: Limits) -> bool:
    """Hold this process to the limits from here on.

    False where the system has no such thing (Windows).
    """
    try:
        import resource
    except ImportError:
        return False
    import psutil

    used, me = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), psutil.Process()
    seconds = int(used + limits.seconds) + 1
    wanted = {
        "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": limits.file_mb * 10**6,
        "RLIMIT_NOFILE": limits.open_files, "RLIMIT_CORE": 0
    }
    if sys.platform == "linux":  # elsewhere the address space is not counted, or not kept to
        wanted["RLIMIT_AS"] = me.memory_info().vms + limits.memory_mb * 10**6
    for name, most in wanted.items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(getattr(resource, name), (most, most))
    _limit_processes(limits.processes + _tasks(me.username()))
    return True


def _limit_processes(most: int) -> None:
    """Older kernels count the user's processes outside our namespace too; a limit under which no
    thread can start is lifted again.
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
