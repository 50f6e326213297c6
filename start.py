"""Set up the GAN course and open it.

    python3 start.py             make .venv, install the course, open JupyterLab on the first notebook
    python3 start.py setup       only make the environment
    python3 start.py test        run every test: unit tests, all notebooks, a real browser

Needs Python 3.11 or newer and, the first time, a network. Linux, macOS and Windows.
"""
import argparse
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("GAN_COURSE_VENV", ROOT / ".venv")).absolute()
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gan_course_installed.json"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
NO_NETWORK = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError", "Network is unreachable")


def pip_install(arguments):
    """Install what pyproject.toml asks for, showing pip's output; a failure ends in a sentence."""
    extras = "[test]" if arguments.command == "test" else ""
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--editable", f"{ROOT}{extras}"]
    if arguments.cpu:
        pip += ["--extra-index-url", CPU_INDEX]
        # A local version such as 2.11.0+cpu ranks above 2.11.0, but a newer release elsewhere would rank above both.
        subprocess.run([PYTHON, "-m", "pip", "install", "--index-url", CPU_INDEX, "torch", "torchvision"], check=False)
    process = subprocess.Popen(pip, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    output = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        output += line
    if process.wait() == 0:
        return
    if any(word in output for word in NO_NETWORK):
        sys.exit("\nThe first start needs a network to fetch PyTorch and JupyterLab. Connect and run the same command again.")
    if "No space left" in output:
        sys.exit(f"\nThe disk is full. Make room, or choose another place with GAN_COURSE_VENV (now {VENV}).")
    sys.exit("\nInstalling failed; pip's last lines above say why. Running the same command again continues where it stopped.")


def setup(arguments):
    """Make the environment if it is missing, and install if pyproject.toml changed or the tests are wanted for the first time."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    try:
        installed = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        installed = {}
    with_tests = arguments.command == "test"
    if PYTHON.exists() and installed.get("pyproject") == wanted and (installed.get("test") or not with_tests):
        return
    VENV.parent.mkdir(parents=True, exist_ok=True)
    need = 3 if arguments.cpu or sys.platform != "linux" else 9
    free = shutil.disk_usage(VENV.parent).free / 1e9
    if not installed and free < need:
        sys.exit(f"The environment needs about {need} GB and {VENV.parent} has {free:.1f} GB free. Make room, choose another place "
                 "with GAN_COURSE_VENV, or on Linux add --cpu, which needs 3 GB.")
    print(f"Installing the course into {VENV} (once; a few minutes).", flush=True)
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    pip_install(arguments)
    stamp = {"pyproject": wanted, "test": with_tests or bool(installed.get("test"))}
    STAMP.with_suffix(".tmp").write_text(json.dumps(stamp))
    STAMP.with_suffix(".tmp").replace(STAMP)


def free_port(asked):
    """The port to serve on: the one asked for, or the first free one from 8888 on."""
    for port in [asked] if asked else range(8888, 8899):
        with socket.socket() as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit(f"Port {asked or '8888 and the ten after it'} cannot be used; choose another one, for example --port 9000.")


def lab(arguments):
    port, token = free_port(arguments.port), secrets.token_urlsafe(24)
    print(f"\nThe course is at  http://127.0.0.1:{port}/lab/tree/{FIRST_NOTEBOOK}?token={token}\nStop it with Ctrl-C.\n", flush=True)
    command = [PYTHON, "-m", "jupyterlab", FIRST_NOTEBOOK, "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--no-browser"] * arguments.no_browser
    return subprocess.call(command, cwd=ROOT, env=dict(os.environ, JUPYTER_TOKEN=token))


def test(arguments):
    """Unit tests and notebooks side by side on two processes, then the browser by itself; returns the exit status."""
    environment = dict(os.environ, GAN_COURSE_PROFILE="laptop" if arguments.full else "smoke", GAN_COURSE_HEADLESS="1")
    if arguments.device:
        environment["GAN_COURSE_DEVICE"] = arguments.device
    pytest = [PYTHON, "-m", "pytest"]
    notebooks = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "900" if arguments.full else "120"]
    side_by_side = [] if arguments.full else ["-n", "2", "--dist", "loadfile"]
    first = subprocess.call(pytest + ["--ignore=tests/browser"] + notebooks + side_by_side, cwd=ROOT, env=environment)
    second = subprocess.call(pytest + ["tests/browser"], cwd=ROOT, env=environment)
    return first or second


def main():
    if sys.version_info < (3, 11):
        sys.exit("The course needs Python 3.11 or newer; this is %d.%d. Install a newer one from python.org." % sys.version_info[:2])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="lab", choices=["lab", "setup", "test"])
    parser.add_argument("--cpu", action="store_true", help="install PyTorch from its CPU index: 2 GB instead of 6 GB on Linux")
    parser.add_argument("--no-browser", action="store_true", help="lab: print the address only")
    parser.add_argument("--port", type=int, help="lab: the port to use (default: 8888 or the next free one)")
    parser.add_argument("--full", action="store_true", help="test: the sizes a learner gets, about 15 minutes")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="test: where to run (default: what is there)")
    arguments = parser.parse_args()
    setup(arguments)
    try:
        sys.exit({"lab": lab, "test": test}.get(arguments.command, lambda _: 0)(arguments))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
