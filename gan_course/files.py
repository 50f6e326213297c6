"""Writing a file so that a reader finds the whole of it or nothing, whatever happens meanwhile."""
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 2.0
"""How long `replace` waits for another program that holds the file."""


def write(path: Path, content: bytes | str) -> None:
    """Write `content` to `path`, as a whole or not at all. Text is written as UTF-8.

    Args:
        path: the file; its folder is made if it is missing.
        content: all that the file will hold.

    Raises:
        OSError: if the file cannot be written; what stood there before is still there.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; at the end of the block it takes the place
    of `path`.

    If the block raises, the temporary file is removed and `path` stays as it was.

    Args:
        path: the file; its folder is made if it is missing.

    Yields:
        The temporary path.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())                     # on the disk before it gets its name
        replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace(source: Path, target: Path) -> None:
    """Rename a file so that it takes the place of another.

    On Windows another program (a virus scanner, a backup) may hold either file for a moment:
    renaming is tried again for up to `PATIENCE_SECONDS`.

    Args:
        source: the file.
        target: its new name, in the same folder.

    Raises:
        OSError: it could not be renamed in that time.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return os.replace(source, target)
        except PermissionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
