"""Set up the GAN course and open it.

    python3 start.py             make .venv, install the course, open JupyterLab on notebook 00
    python3 start.py setup       only make the environment
    python3 start.py test        run every test: unit tests, all notebooks, a real browser

Needs Python 3.11 or newer and, the first time, an Internet connection. Linux, macOS and Windows.
The environment lies in .venv beside this file, or where the variable GAN_COURSE_VENV says.
"""
import argparse
import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("GAN_COURSE_VENV") or ROOT / ".venv").expanduser().absolute()
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Written first, empty: this folder is ours. Written last: this is what it holds.
STAMP = VENV / "gan_course_installed.json"
TESTED = ROOT / "requirements/tested.txt"
SETTINGS = VENV / "share/jupyter/lab/settings/overrides.json"
SAVE_WIDGETS = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}  # seen next time
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NVIDIA_DRIVER = ["/proc/driver/nvidia/version", "/usr/lib/wsl/lib/nvidia-smi"]
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
THIS_PYTHON = "Python {}.{}".format(*sys.version_info)
FAILURES = {  # what pip or PyTorch says, and what that means to the reader
    "No space left on device":
        "The disk is full. Make room, or choose another place with GAN_COURSE_VENV "
        f"(now {VENV}).",
    r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|ssl-verification-failed":
        "The network answers, but its certificate is not trusted. In a company or a school, ask "
        "for the root certificate and set PIP_CERT to that file; elsewhere, look whether the "
        "clock of this machine is right. Then run the same command again.",
    r"ProxyError|proxy-connection-failed|Tunnel connection failed|HTTP error 407":
        "A proxy stands between this machine and the network, and did not let pip through. Set "
        "HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT (407 means that it wants a name and a "
        "password), and run the same command again.",
    r"connection broken by|Max retries|timed out|ConnectionError|IncompleteRead|ProtocolError|"
    r"error: connection-|error: incomplete-download":
        "Installing needs a network. Connect, and run the same command again.",
    r"No matching distribution found for torch\b":
        f"PyTorch has no build for {THIS_PYTHON} on this machine. It needs 64-bit Linux or "
        "Windows or an Apple-silicon Mac, and a Python that is not brand-new.",
    r"WinError (126|1114)|DLL load failed":
        "PyTorch needs Microsoft's Visual C++ runtime, which this machine lacks. Install "
        "https://aka.ms/vs/17/release/vc_redist.x64.exe and run the same command again.",
    "": "Installing failed; the last lines above say why. Put that right and run the same "
        "command again.",
}


def begin(command, output=None, **environment):
    """Begin a command in the course's folder; what it says goes to the screen or into a file."""
    return subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=output,
                            stderr=output and subprocess.STDOUT,
                            env=dict(os.environ, **environment))


def run(command, **environment):
    """Run a command in the course's folder and return its exit status.

    Ctrl-C is the command's to answer; then we stop too.
    """
    process = begin(command, **environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def setup(arguments):
    """See to it that the environment holds what is asked for; returns at once when it does."""
    try:
        have = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        have = {}
    tested = arguments.tested or bool(have.get("tested"))
    want = {"pyproject": fingerprint(ROOT / "pyproject.toml"),
            "tested": fingerprint(TESTED) if tested else None,
            "test": arguments.command == "test" or have.get("test", False),
            "cpu": have.get("cpu") if arguments.cpu is None else arguments.cpu,
            "course": str(ROOT), "environment": str(VENV.resolve())}
    moved = have.get("environment", want["environment"]) != want["environment"]
    sound = (STAMP.exists() and have.get("cpu") == want["cpu"] and not moved
             and PYTHON.exists() and run([PYTHON, "-c", "import pip"]) == 0)
    if sound and have == want:
        return
    if moved:  # its programs name the place where they were made
        print("An environment does not survive moving or copying, so it is made anew here.")
    if want["cpu"] is None:
        want["cpu"] = cpu_suffices()
    print(f"Installing the course into {VENV}; this takes a few minutes, once.", flush=True)
    if not sound:  # only on Linux does PyTorch come with CUDA unless asked otherwise
        make_environment(gigabytes=3 if want["cpu"] or sys.platform != "linux" else 9)
    versions = ["--constraint", str(TESTED)] if tested else []
    if want["cpu"]:  # alone; what PyTorch needs itself comes from the usual index in the next step
        install("--index-url", CPU_INDEX, "--no-deps", *versions, "torch", "torchvision")
    install(*versions, "--editable", ".[test]" if want["test"] else ".")
    carefully([PYTHON, "-c", "import torch"])
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text(json.dumps(SAVE_WIDGETS))
    STAMP.write_text(json.dumps(want))


def fingerprint(file):
    """A short text that changes whenever the file does."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def cpu_suffices():
    """Whether to take PyTorch's CPU build unasked: on Linux without an NVIDIA driver."""
    driver = shutil.which("nvidia-smi") or any(map(os.path.exists, NVIDIA_DRIVER))
    if sys.platform != "linux" or driver:
        return False
    if answers(f"{CPU_INDEX}/torch/"):
        print("No NVIDIA driver is here, so PyTorch comes without CUDA: 0.2 GB instead of 2.5. "
              "(--cuda asks for the other build.)")
        return True
    print("No NVIDIA driver is here, but the index of PyTorch's small CPU build does not answer, "
          "so the usual build comes: 2.5 GB.")
    return False


def answers(address, seconds=5):
    """Whether an address answers in time. A process asks: it can be ended while it waits."""
    ask = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
    try:
        return subprocess.run([sys.executable, "-c", ask, address], timeout=seconds,
                              capture_output=True).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def make_environment(gigabytes):
    """Make an environment with nothing but pip in it.

    It takes the place of a half-made one, but never the place of what is not ours.
    """
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(f"{THIS_PYTHON} cannot make environments here yet. On Debian and Ubuntu: "
                 f"sudo apt install python3.{sys.version_info[1]}-venv")
    try:
        VENV.mkdir(parents=True, exist_ok=True)
        if any(VENV.iterdir()) and not STAMP.exists():
            sys.exit(f"{VENV} was not made by start.py. Delete it, or choose another place with "
                     "GAN_COURSE_VENV.")
        STAMP.write_text("")
        for left in set(VENV.iterdir()) - {STAMP}:
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        free = shutil.disk_usage(VENV).free / 1e9
        if free < gigabytes:
            sys.exit(f"Installing needs {gigabytes} GB, and {VENV.parent} has {free:.1f} GB free. "
                     "Make room, or choose another place with GAN_COURSE_VENV; on Linux without "
                     "an NVIDIA GPU, --cpu needs 3 GB.")
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"No environment could be made in {VENV}: {error}. Choose another place with "
                 "GAN_COURSE_VENV.")


def install(*arguments):
    """Let pip install."""
    with tempfile.TemporaryDirectory(dir=VENV) as roomy:
        carefully([PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments],
                  TMPDIR=roomy)


def carefully(command, **environment):
    """Run a command of the installation; where it fails, say what that means and stop."""
    said = []
    with subprocess.Popen([str(word) for word in command], cwd=ROOT, stderr=subprocess.PIPE,
                          env=dict(os.environ, **environment), text=True,
                          errors="replace") as process:
        for line in process.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            said.append(line)
    if process.returncode:
        sys.exit(f"\n{meaning(said)}")


def meaning(said):
    """What the end of a failed installation means to the reader.

    Pip tries again when a connection breaks. Such a try counts only where it was the last one
    and the failure follows from it; most go well, and something else fails later.
    """
    said = [line for line in said if not re.search(r"Retry\(total=[1-9]", line)]
    first = next((i for i, line in enumerate(said) if re.match(r"\s*error\b", line, re.I)), 0)
    if said and "(from versions: none)" in said[first]:
        first = max(first - 1, 0)
    words = "".join(said[first:])
    return next(sentence for sign, sentence in FAILURES.items() if re.search(sign, words))


def free_port(asked):
    """The port to serve on: the one asked for, or the first free one from 8888 on."""
    for port in [asked] if asked else range(8888, 8899):
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except (OSError, OverflowError):
            continue
    sys.exit(f"Port {asked or '8888 and the ten after it'} cannot be used; choose another one, "
             "for example --port 9000.")


def lab(arguments):
    """Serve JupyterLab to this machine alone, to those who hold the token, until it is stopped."""
    port, token = free_port(arguments.port), secrets.token_urlsafe(24)
    print(f"\nThe course: http://127.0.0.1:{port}/lab/tree/{FIRST_NOTEBOOK}?token={token}\n"
          "Stop it with Ctrl-C.\n", flush=True)
    command = [PYTHON, "-m", "jupyterlab", FIRST_NOTEBOOK, "--ip=127.0.0.1", f"--port={port}",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={ROOT}",
               "--ServerApp.answer_yes=True", "--allow-root", "--log-level=WARN"]
    return run(command + ["--no-browser"] * arguments.no_browser, JUPYTER_TOKEN=token)


def test(arguments):
    """Unit tests and notebooks, and the browser at the same time; 0 if all passed.

    A test in the browser waits for half of its time, so the two together keep two cores busy. What
    the browser's tests say is shown when the others have ended.
    """
    environment = {"GAN_COURSE_PROFILE": "laptop" if arguments.full else "smoke",
                   "GAN_COURSE_HEADLESS": "1",
                   "OMP_NUM_THREADS": "1"}  # so many processes need no more threads
    if arguments.device:
        environment["GAN_COURSE_DEVICE"] = arguments.device
    pytest = [PYTHON, "-m", "pytest", "-n2", "--durations=15"]
    begun, before = time.monotonic(), sum(os.times()[2:4])
    with tempfile.TemporaryFile() as said:
        browser = begin([*pytest, "tests/browser", "--dist=load", "--maxschedchunk=1"],
                        output=said, **environment)
        try:
            units = run([*pytest, "--ignore=tests/browser", "--dist=loadscope",
                         "--no-loadscope-reorder", "--nbval-lax", "--nbval-current-env",
                         f"--nbval-cell-timeout={1800 if arguments.full else 120}"],
                        **environment)
        finally:  # Ctrl-C has reached both
            browser.wait()
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout.buffer)
    parts = {"Unit tests and notebooks": units, "browser": browser.returncode}
    print("; ".join(f"{name} {'FAILED' if status else 'passed'}" for name, status in parts.items()),
          f"in {time.monotonic() - begun:.0f} s "
          f"({sum(os.times()[2:4]) - before:.0f} s of processor time).")
    return int(any(parts.values()))


def main():
    """Read the command line, set up, and do what was asked."""
    if sys.version_info < (3, 11):  # noqa: UP036 — an older Python may come to read this file
        sys.exit(f"The course needs Python 3.11 or newer; this is {THIS_PYTHON}. Newer ones are "
                 "on python.org.")
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="lab", choices=["lab", "setup", "test"])
    build = parser.add_mutually_exclusive_group()
    build.add_argument("--cpu", action="store_true", default=None,
                       help="install PyTorch without CUDA, a much smaller build on Linux "
                            "(the default there without an NVIDIA driver)")
    build.add_argument("--cuda", action="store_false", dest="cpu", default=None,
                       help="install the usual build of PyTorch, with CUDA on Linux")
    parser.add_argument("--tested", action="store_true",
                        help="install the very versions that the course was tested with, those of "
                             "requirements/tested.txt, in place of the newest")
    parser.add_argument("--no-browser", action="store_true",
                        help="lab: print the address, open nothing")
    parser.add_argument("--port", type=int,
                        help="lab: the port to use (default: 8888 or the next free one)")
    parser.add_argument("--full", action="store_true",
                        help="test: notebooks at the size a learner gets")
    parser.add_argument("--device",
                        help="test: the device to use, cpu or cuda (default: cpu)")
    arguments = parser.parse_args()
    if os.environ.get("GAN_COURSE_DATA"):  # notebooks run in another folder
        folder = Path(os.environ["GAN_COURSE_DATA"]).expanduser()
        os.environ["GAN_COURSE_DATA"] = str(folder.absolute())
    setup(arguments)
    return {"lab": lab, "test": test}.get(arguments.command, lambda _: 0)(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
