"""One checked download: `fetch(urls, path, size, md5)`.

A file under its final name is always whole and right. What is still on its way is called `name.part`,
and the next call goes on from there.
"""
import hashlib
import os
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm.auto import tqdm

from gan_course.data import OFFLINE

ATTEMPTS = 5                                                        # per mirror; a broken connection is picked up where it broke


class DownloadError(FileNotFoundError):
    """A file that the course needs is not here and could not be fetched. The message says what to do instead."""


def fetch(urls: str | Sequence[str], path: Path | str, size: int | None = None, md5: str | None = None, *,
          by_hand: Sequence[str] = (), timeout: float = 20.0) -> Path:
    """Make sure that the file `path` is there, and return its path; a file that is there already is left as it is.

    `urls` is one address or several mirrors, tried in turn. `size` is in bytes (None: as the server says), `md5` in hexadecimal
    digits (None: unknown, and then the caller should check what came); a file that does not have both is thrown away. `timeout` is
    in seconds without a sign of life. `by_hand` names the files that belong together, for the error message (default: this one).
    Raises DownloadError when no mirror gave the file.
    """
    path = Path(path)
    if path.exists():
        return path
    part = path.with_name(path.name + ".part")
    problems = []
    for url in [urls] if isinstance(urls, str) else urls:
        try:
            problem = _complete(part, url, _offered(url, timeout) if size is None else size, md5, timeout)
        except (OSError, HTTPException) as error:                   # the server does not even tell the size
            problem = _told(error)
        if problem is None:
            os.replace(part, path)
            return path
        problems.append(f"{url}: {problem}")
    raise DownloadError(
        f"{path.name} could not be downloaded ({'; '.join(problems)}). These data sets need no network: {', '.join(OFFLINE)}. "
        f"Or get {', '.join(by_hand or [path.name])} by other means, and put what you got into the folder {path.parent}.")


def mismatch(path: Path, size: int, md5: str | None) -> str | None:
    """What is wrong with the file's size in bytes or its checksum; None when both are as they should be."""
    if path.stat().st_size != size:
        return f"it has {path.stat().st_size:,} bytes instead of {size:,}"
    if md5 is None:
        return None
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return None if found == md5 else f"its checksum is {found} instead of {md5}"


def _complete(part: Path, url: str, size: int, md5: str | None, timeout: float) -> str | None:
    """Bring `part` to its full length from one mirror and check it; None when all is well, else what went wrong."""
    problem = None
    for _ in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            if before < size:
                _append(part, before, url, size, timeout)
            problem = mismatch(part, size, md5)
        except (OSError, HTTPException) as error:                   # URLError, timeouts and a full disk are OSErrors
            problem = _told(error)
        if problem is None:
            return None
        after = part.stat().st_size if part.exists() else 0
        if after < size:                                            # the connection broke: keep what came
            if after <= before:
                return problem
        else:                                                       # whole but wrong: start anew, once
            part.unlink()
            if before == 0:
                return problem
    return problem


def _told(error: Exception) -> str:
    """What went wrong, in words; an answer like 404 is an open connection too, and is closed."""
    if isinstance(error, HTTPError):
        error.close()
    return str(error) or type(error).__name__


def _offered(url: str, timeout: float) -> int:
    """The size of the file at `url` in bytes. Raises OSError if the server does not tell."""
    with urlopen(Request(url, headers={"User-Agent": "gan-course"}, method="HEAD"), timeout=timeout) as response:
        if (size := response.headers.get("Content-Length")) is None:
            raise OSError("the server does not tell the size of the file")
    return int(size)


def _append(part: Path, have: int, url: str, size: int, timeout: float) -> None:
    """Append what `part` lacks; write it from the start when the server ignores the Range request."""
    headers = {"User-Agent": "gan-course"} | ({"Range": f"bytes={have}-"} if have else {})
    with urlopen(Request(url, headers=headers), timeout=timeout) as response:
        if response.status != 206:                                  # 206: partial content, as asked
            have = 0
        offered = response.headers.get("Content-Length")
        if offered is not None and have + int(offered) != size:     # another file, or a login page
            raise OSError(f"the server offers {have + int(offered):,} bytes instead of {size:,}")
        part.parent.mkdir(parents=True, exist_ok=True)              # only now: without a network nothing is left behind
        with (open(part, "ab" if have else "wb") as file,
              tqdm(desc=part.stem, total=size, initial=have, unit="B", unit_scale=True) as bar):
            while have <= size and (block := response.read1(1 << 16)):
                file.write(block)
                have += len(block)
                bar.update(len(block))
