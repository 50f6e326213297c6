"""The versions that the course is tested with: write tested.txt anew from this environment.

    .venv/bin/python requirements/tested.py

Run it after the whole suite has passed in an environment made by `start.py test`. The list serves
Linux, macOS and Windows, with CUDA and without: what PyTorch asks for on Linux alone is its CUDA
build's, and is left out. What only another system needs is not installed here; such a package
keeps the version that tested.txt already gives it, and a new one is named for you to add.
"""
import re
from collections.abc import Iterator
from datetime import date
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TESTED = Path(__file__).with_name("tested.txt")
SYSTEMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]


def versions(text: str) -> dict[str, str]:
    """The lines name==version of a file such as tested.txt, as a dictionary."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def needs(package: str, extras: set[str]) -> Iterator[Requirement]:
    """What an installed package asks for, with these extras, on any of the three systems.

    What PyTorch needs on Linux alone is left out: those are the parts of its CUDA build.
    """
    for text in metadata.requires(package) or []:
        requirement = Requirement(text)
        systems = SYSTEMS[1:] if package == "torch" else SYSTEMS
        if requirement.marker is None or any(
                requirement.marker.evaluate({**system, "extra": extra})
                for system in systems for extra in extras or {""}):
            yield requirement


def closure() -> Iterator[tuple[str, Requirement]]:
    """Every requirement below gan-course[test], with the package that asks for it."""
    waiting, seen = [("gan-course", frozenset({"test"}))], set()
    while waiting:
        package, extras = waiting.pop()
        if (package, extras) in seen:
            continue
        seen.add((package, extras))
        try:
            found = list(needs(package, set(extras)))
        except metadata.PackageNotFoundError:  # only another system installs it
            continue
        for requirement in found:
            yield package, requirement
            waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))


def main():
    """Write tested.txt; what no longer is needed goes, what only another system needs stays."""
    before = versions(TESTED.read_text(encoding="utf-8")) if TESTED.exists() else {}
    lines = []
    names = {canonicalize_name(requirement.name) for _, requirement in closure()}
    for name in sorted(names - {"gan-course"}):
        try:
            lines.append(f"{name}=={metadata.version(name).partition('+')[0]}")  # less +cpu, +cu130
        except metadata.PackageNotFoundError:
            if name not in before:
                print(f"{name} is needed on another system only; add its line by hand.")
                continue
            lines.append(f"{name}=={before[name]}")
    header = (f"# Resolved on {date.today()}; written by tested.py. `start.py --tested` gives it\n"
              "# to pip as --constraint: what a machine does not need, it does not get.\n")
    TESTED.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
