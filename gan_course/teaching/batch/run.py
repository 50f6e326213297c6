"""One run of a notebook, as it is asked for: everything that decides its outcome, and the hash that
tells whether it has been done.
"""
import functools
import hashlib
import json
from dataclasses import dataclass, field

from gan_course.lessons.results import Value
from gan_course.paths import ROOT
from gan_course.teaching.batch.record import Limits


@dataclass(frozen=True)
class Run:
    """A notebook with its parameters.

    It is complete in itself: it can be sent to another machine.
    """

    name: str  # of its folder, unique in the batch
    notebook: str                                                   # "03_first_gan"
    source: str                                                     # the notebook itself, as JSON
    parameters: dict[str, Value] = field(default_factory=dict)
    # those that vary in the batch, with seed and repeat
    axes: dict[str, Value] = field(default_factory=dict)
    profile: str = "laptop"
    device: str | None = None                                       # None: what the machine has
    limits: Limits = field(default_factory=Limits)
    environment: dict[str, str] = field(default_factory=dict)       # variables of this run alone

    def hash(self, package: str) -> str:
        """A hash that is equal for runs that do the same.

        The notebook's code (not its prose), the parameters, profile, device, environment and
        package decide it.

        Args:
            package: `package_hash()`.

        Returns:
            64 hexadecimal digits.
        """
        what = [_code(self.source), self.parameters, self.profile, self.device, package,
                *([self.environment] if self.environment else [])]
        return _sha256(json.dumps(what, sort_keys=True).encode())


def package_hash() -> str:
    """The SHA-256 of the package's source, the same on every system."""
    folder = ROOT / "gan_course"
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*")
        if path.suffix in (".py", ".yaml", ".js")
    }
    return _sha256(
        json.dumps({
            name: _sha256(files[name].read_bytes().replace(b"\r\n", b"\n"))
            for name in sorted(files)
        }).encode())


@functools.cache
def _code(source: str) -> str:
    cells = [cell for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"]
    return _sha256(
        json.dumps([(cell["source"], cell["metadata"].get("tags")) for cell in cells]).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
