"""Can this machine run the course? `checks()` tries everything that a notebook needs, and says what
to do where it is missing.
"""
import os
import platform
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from gan_course.advice import advice
from gan_course.lessons.catalogue import notebooks
from gan_course.paths import NOTEBOOKS, ROOT

REINSTALL = "Delete the folder .venv and run `python3 start.py` again."
NETWORK = "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz"
FEWEST_GIGABYTES = 1.0


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    `ok` is True, False, or None for something that is good to know and no fault.
    """

    name: str
    ok: bool | None
    detail: str
    advice: str = ""

    def __str__(self):
        mark = {True: "[OK]  ", False: "[FAIL]", None: "[--]  "}[self.ok]
        return f"{mark} {self.name}: {self.detail}" + (f"\n       {self.advice}"
                                                       if self.ok is False and self.advice else "")


class Bad(Exception):
    """What a check found, and what to do about it: one or two strings."""


def checks() -> Iterator[Check]:
    """Try one thing after another.

    A check that breaks down is a check that failed; none stops the others.
    """
    for name, check in CHECKS.items():
        try:
            yield Check(name, *check())
        except Bad as bad:
            yield Check(name, False, *bad.args)
        except Exception as error:
            yield Check(name, False, f"{type(error).__name__}: {error}",
                        advice(error) or REINSTALL)


def _python():
    # an installation by hand may have an older one
    if sys.version_info < (3, 11) or sys.maxsize < 2**32:  # noqa: UP036
        raise Bad(f"{platform.python_version()} {platform.architecture()[0]}",
                  "The course needs a 64-bit Python 3.11 or newer.")
    return True, f"{platform.python_version()} in {sys.prefix}"


def _packages():
    from packaging.requirements import Requirement

    wanted = [requirement for requirement in map(Requirement, metadata.requires("gan-course") or ())
              if requirement.marker is None or requirement.marker.evaluate({"extra": ""})]
    wrong = [
        f"{each.name} {have or 'is missing'} (needs {each.specifier})" for each in wanted
        if not (have := _version(each.name)) or not each.specifier.contains(have, prereleases=True)
    ]
    if wrong:
        raise Bad(", ".join(wrong), "Run `python3 start.py setup`.")
    return True, f"all {len(wanted)} there, at versions that fit"


def _torch():
    import torch
    import torchvision
    from packaging.requirements import Requirement

    pair = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}"
    needs = next(each for each in map(Requirement, metadata.requires("torchvision"))
                 if each.name == "torch")
    if not needs.specifier.contains(torch.__version__, prereleases=True):
        raise Bad(f"{pair}, which needs torch {needs.specifier}", REINSTALL)
    x = torch.eye(8, requires_grad=True)
    (x @ x).sum().backward()
    if not torch.equal(x.grad, torch.full((8, 8), 2.0)):
        raise Bad(f"{pair} computes a wrong gradient", REINSTALL)
    # fails if they were built for other partners
    torchvision.ops.nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.ones(1), 0.5)
    return True, pair


def _device():
    import torch

    from gan_course.profile import find_gpu, pick_device

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")                         # we say it ourselves below
            device = pick_device()
    except ValueError as error:                                     # it says what to do
        raise Bad(str(error)) from error
    if device.type == "cuda":
        return True, f"{device}, {torch.cuda.get_device_name(device)}"
    if device.type != "cpu":
        return True, str(device)
    processors = (f"cpu, {torch.get_num_threads()} of {os.cpu_count()} processors (no GPU is "
                  "needed for the course)")
    trouble = "" if os.environ.get("GAN_COURSE_DEVICE") else find_gpu()[1]
    return (None, f"{processors}. {trouble}") if trouble else (True, processors)


def _memory():
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free < FEWEST_GIGABYTES:
        raise Bad(f"{free:.1f} GB free", "Close other programs; a notebook takes up to about 1 GB.")
    return True, f"{free:.1f} GB free"


def _disk():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < FEWEST_GIGABYTES:
        raise Bad(f"{free:.1f} GB free in {ROOT}", "Make room: results and data sets take up to "
                                                   "about 1 GB.")
    return True, f"{free:.1f} GB free in {ROOT}"


def _jupyter():
    from jupyter_client.kernelspec import KernelSpecManager

    versions = [
        f"{name} {_version(name)}" for name in ("jupyterlab", "ipywidgets", "ipykernel")
        if _version(name)
    ]
    if len(versions) < 3 or not util.find_spec("jupyterlab_widgets"):
        raise Bad(f"only {', '.join(versions) or 'nothing'} of jupyterlab, ipywidgets and "
                  "ipykernel", REINSTALL)
    command = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    major, minor = sys.version_info[:2]
    this = f"python{major}", f"python{major}.{minor}", "python"
    if str(command) not in this and command.parent.resolve() != Path(
            sys.executable).parent.resolve():
        raise Bad(f"the kernel python3 belongs to another Python, {command}",
                  f"Run `{sys.executable} -m ipykernel install --sys-prefix`, or remove the kernel "
                  "of your own called python3.")
    return True, ", ".join(versions)


def _offline_data():
    from gan_course import data

    return True, f"digits, {len(data.load('digits')):,} pictures"


def _network():
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    try:
        urlopen(Request(NETWORK, method="HEAD"), timeout=5).close()
    except URLError as error:
        if re.search("certificate", str(error), re.IGNORECASE):
            raise                                                   # `advice` knows what helps
        return None, f"not reached ({error.reason}); it is only needed to download data sets"
    except OSError as error:
        return None, f"not reached ({error}); it is only needed to download data sets"
    return True, f"{Request(NETWORK).host} answers"


def _mnist():
    from gan_course.data.real import data_folder

    there = (data_folder() / "MNIST" / "raw").is_dir()
    said = "there" if there else "not there; fetched on first use, if there is a network"
    return None, f"{said} ({data_folder()})"


def _data_folder():
    from gan_course.data.real import data_folder

    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise Bad(f"{folder} cannot be written to ({error.strerror})", "Choose another folder with "
                  "GAN_COURSE_DATA.") from error
    return True, str(folder)


def _notebooks():
    found = notebooks()
    if not found:
        raise Bad(f"none in {NOTEBOOKS}", "Get the course again, as a whole.")
    main = [entry.path.stem for entry in found if not entry.deeper]
    return True, (f"{len(main)}, from {main[0]} to {main[-1]}, and {len(found) - len(main)} deeper "
                  "ones")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


CHECKS: dict[str, Callable] = {
    "Python": _python, "packages": _packages, "PyTorch": _torch, "device": _device,
    "memory": _memory, "disk": _disk, "JupyterLab": _jupyter,
    "data without a network": _offline_data, "network": _network, "MNIST": _mnist,
    "folder for downloads": _data_folder, "notebooks": _notebooks,
}
