"""Set up the GAN course and open it.

    python3 start.py             make .venv, install the course, open JupyterLab on the first notebook
    python3 start.py setup       only make the environment
    python3 start.py test        run every test: unit tests, all notebooks, a real browser

Needs Python 3.11 or newer and, the first time, a network. Linux, macOS and Windows.
The environment lies in .venv beside this file, or where the variable GAN_COURSE_VENV says.
"""
import argparse
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("GAN_COURSE_VENV") or ROOT / ".venv").expanduser().absolute()
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gan_course_installed.json"  # written first, empty: this folder is ours; written last: this is what it holds
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
THIS_PYTHON = "Python {}.{}".format(*sys.version_info)
FAILURES = [  # what pip says, and what that means to the reader
    ("No space left on device", f"The disk is full. Make room, or choose another place with GAN_COURSE_VENV (now {VENV})."),
    ("connection broken by", "Installing needs a network. Connect, and run the same command again."),
    ("No matching distribution found for torch", f"PyTorch has no build for {THIS_PYTHON} on this machine. It needs 64-bit Linux "
     "or Windows or an Apple-silicon Mac, and a Python that is not brand-new."),
    ("", "Installing failed; pip's last lines above say why. Put that right and run the same command again."),
]


def run(command, **environment):
    """Run a command in the course's folder and return its exit status. Ctrl-C is the command's to answer; then we stop too."""
    process = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=dict(os.environ, **environment))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def setup(arguments):
    """See to it that the environment holds what pyproject.toml asks for; returns at once when it does."""
    try:
        have = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        have = {}
    want = {"pyproject": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
            "test": arguments.command == "test" or have.get("test", False),
            "cpu": arguments.cpu or have.get("cpu", False)}
    sound = have.get("cpu") == want["cpu"] and PYTHON.exists() and run([PYTHON, "-c", "import pip"]) == 0
    if sound and have == want:
        return
    print(f"Installing the course into {VENV}; this takes a few minutes, once.", flush=True)
    small = want["cpu"] or sys.platform != "linux"  # only on Linux does PyTorch come with CUDA unless asked otherwise
    if not sound:
        make_environment(gigabytes=3 if small else 9)
    if want["cpu"]:  # alone; what PyTorch needs itself comes from the usual index in the next step
        install("--index-url", CPU_INDEX, "--no-deps", "torch", "torchvision")
    install("--editable", ".[test]" if want["test"] else ".")
    STAMP.write_text(json.dumps(want))


def make_environment(gigabytes):
    """Make an environment with nothing but pip in it, in place of a half-made one, but never in place of what is not ours."""
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(f"{THIS_PYTHON} cannot make environments here yet. On Debian and Ubuntu: sudo apt install "
                 f"python3.{sys.version_info[1]}-venv")
    try:
        VENV.mkdir(parents=True, exist_ok=True)
        if any(VENV.iterdir()) and not STAMP.exists():
            sys.exit(f"{VENV} was not made by start.py. Delete it, or choose another place with GAN_COURSE_VENV.")
        STAMP.write_text("")
        for left in set(VENV.iterdir()) - {STAMP}:
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        free = shutil.disk_usage(VENV).free / 1e9
        if free < gigabytes:
            sys.exit(f"Installing needs {gigabytes} GB, and {VENV.parent} has {free:.1f} GB free. Make room, or choose another "
                     "place with GAN_COURSE_VENV; on Linux without an NVIDIA GPU, --cpu needs 3 GB.")
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"No environment could be made in {VENV}: {error}. Choose another place with GAN_COURSE_VENV.")


def install(*arguments):
    """Let pip install; where it fails, say what that means and stop."""
    pip, said = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments], ""
    with tempfile.TemporaryDirectory(dir=VENV) as roomy, subprocess.Popen(
            pip, cwd=ROOT, env=dict(os.environ, TMPDIR=roomy), stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            said += line
    if process.returncode:
        sys.exit("\n" + next(meaning for sign, meaning in FAILURES if sign in said))


def free_port(asked):
    """The port to serve on: the one asked for, or the first free one from 8888 on."""
    for port in [asked] if asked else range(8888, 8899):
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except (OSError, OverflowError):
            continue
    sys.exit(f"Port {asked or '8888 and the ten after it'} cannot be used; choose another one, for example --port 9000.")


def lab(arguments):
    """Serve JupyterLab to this machine alone, and to whoever holds the token, until it is stopped."""
    port, token = free_port(arguments.port), secrets.token_urlsafe(24)
    print(f"\nThe course: http://127.0.0.1:{port}/lab/tree/{FIRST_NOTEBOOK}?token={token}\nStop it with Ctrl-C.\n", flush=True)
    command = [PYTHON, "-m", "jupyterlab", FIRST_NOTEBOOK, "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
               f"--ServerApp.root_dir={ROOT}", "--ServerApp.answer_yes=True", "--allow-root", "--log-level=WARN"]
    return run(command + ["--no-browser"] * arguments.no_browser, JUPYTER_TOKEN=token)


def test(arguments):
    """Unit tests and notebooks side by side in two processes, then the browser alone; returns 0 if both passed."""
    environment = {"GAN_COURSE_PROFILE": "laptop" if arguments.full else "smoke", "GAN_COURSE_HEADLESS": "1"}
    environment.update({"GAN_COURSE_DEVICE": arguments.device} if arguments.device else {})
    pytest = [PYTHON, "-m", "pytest"]
    side_by_side = ["--ignore=tests/browser", "-n2", "--dist=loadfile", "--nbval-lax", "--nbval-current-env",
                    f"--nbval-cell-timeout={1800 if arguments.full else 120}"]
    failed = [run(pytest + side_by_side, OMP_NUM_THREADS="1", **environment), run([*pytest, "tests/browser"], **environment)]
    print("\nUnit tests and notebooks {}; browser {}.".format(*("FAILED" if status else "passed" for status in failed)))
    return int(any(failed))


def main():
    """Read the command line, set up, and do what was asked."""
    if sys.version_info < (3, 11):  # noqa: UP036 — this is the one file that an older Python may come to read
        sys.exit(f"The course needs Python 3.11 or newer; this is {THIS_PYTHON}. Newer ones are on python.org.")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="lab", choices=["lab", "setup", "test"])
    parser.add_argument("--cpu", action="store_true", help="install PyTorch without CUDA, a much smaller build on Linux")
    parser.add_argument("--no-browser", action="store_true", help="lab: print the address, open nothing")
    parser.add_argument("--port", type=int, help="lab: the port to use (default: 8888 or the next free one)")
    parser.add_argument("--full", action="store_true", help="test: notebooks at the size a learner gets")
    parser.add_argument("--device", help="test: the device to use, cpu or cuda (default: what is there)")
    arguments = parser.parse_args()
    if os.environ.get("GAN_COURSE_DATA"):  # notebooks run in another folder
        os.environ["GAN_COURSE_DATA"] = str(Path(os.environ["GAN_COURSE_DATA"]).expanduser().absolute())
    setup(arguments)
    return {"lab": lab, "test": test}.get(arguments.command, lambda _: 0)(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
