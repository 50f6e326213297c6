"""One checked download: `fetch(urls, path, size, md5)`.

A file under its final name is always whole and right. What is still on its way is called
`name.part`, and the next call goes on from there. Two programs that want the same file do not
disturb each other: one fetches, the other waits.
"""
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from gan_course.advice import advice
from gan_course.data import OFFLINE

ATTEMPTS = 5                                # per mirror; a broken connection is picked up again


class DownloadError(FileNotFoundError):
    """A file that is needed is not here and could not be fetched. The message says what to do."""


def fetch(urls: str | Sequence[str], path: Path | str, size: int | None = None,
          md5: str | None = None, *, by_hand: Sequence[str] = (), timeout: float = 20.0) -> Path:
    """Make sure that a file is there; one that is there already is left as it is.

    Args:
        urls: one address or several mirrors, tried in turn. Without a checksum only https counts.
        path: where the file is to be.
        size: in bytes; None: as the server says.
        md5: the checksum in hexadecimal digits; None: unknown, and then the caller should check
            what came. A file that does not have both is thrown away.
        by_hand: the files that belong together, for the error message; by default this one.
        timeout: in seconds without a sign of life.

    Returns:
        The path.

    Raises:
        DownloadError: no mirror gave the file.
    """
    path = Path(path)
    if path.exists():
        return path
    urls = [urls] if isinstance(urls, str) else urls
    try:
        with only_one(path):
            problems = [] if path.exists() else _fetched(urls, path, size, md5, timeout)
    except OSError as error:                                        # it cannot be written there
        problems = [str(error)]
    if path.exists():
        return path
    why = "; ".join(problems)
    said = f"{path.name} could not be downloaded ({why}). {advice(why)}".rstrip()
    raise DownloadError(
        f"{said} These data sets need no network: {', '.join(OFFLINE)}. Or get "
        f"{', '.join(by_hand or [path.name])} by other means, and put what you got into the folder "
        f"{path.parent}.")


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the right to make the file or folder `path`, while other programs wait for it.

    Args:
        path: what is made. The lock is a hidden file beside it, and goes when `path` is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another program is making {path}; waiting for it.")
        lock.acquire()
    try:
        yield
        if path.exists():                                           # nobody needs the lock any more
            with suppress(OSError):                                 # but somebody may have it open
                os.unlink(lock.lock_file)
    finally:
        lock.release()


def mismatch(path: Path, size: int, md5: str | None) -> str | None:
    """What is wrong with a file.

    Args:
        path: the file.
        size: how long it should be, in bytes.
        md5: its checksum in hexadecimal digits; None: unknown.

    Returns:
        The fault in words; None when both are as they should be.
    """
    if path.stat().st_size != size:
        return f"it has {path.stat().st_size:,} bytes instead of {size:,}"
    if md5 is None:
        return None
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return None if found == md5 else f"its checksum is {found} instead of {md5}"


def _fetched(urls: Sequence[str], path: Path, size: int | None, md5: str | None, timeout: float
             ) -> list[str]:
    """Fetch a file from the first mirror that has it; gives what went wrong with the others."""
    part = path.with_name(path.name + ".part")
    problems = []
    for url in urls:
        try:
            if md5 is None:
                _check_address(url)
            length = _offered(url, md5, timeout) if size is None else size
            problem = _complete(part, url, length, md5, timeout)
        except (OSError, HTTPException) as error:                   # not even the size is told
            problem = _told(error)
        if problem is None:
            os.replace(part, path)
            return problems
        problems.append(f"{url}: {problem}")
    return problems


def _complete(part: Path, url: str, size: int, md5: str | None, timeout: float) -> str | None:
    """Bring `part` to its full length from one mirror and check it; None, or what went wrong."""
    problem = None
    for _ in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            if before < size:
                _append(part, before, url, size, md5, timeout)
            problem = mismatch(part, size, md5)
        except (OSError, HTTPException) as error:                   # a full disk is an OSError too
            problem = _told(error)
        if problem is None:
            return None
        after = part.stat().st_size if part.exists() else 0
        if after < size:                                            # the connection broke: keep it
            if after <= before:
                return problem
        else:                                                       # whole but wrong: anew, once
            part.unlink()
            if before == 0:
                return problem
    return problem


def _told(error: Exception) -> str:
    """What went wrong, in words; an answer like 404 is an open connection too, and is closed."""
    if isinstance(error, HTTPError):
        error.close()
    return str(error) or type(error).__name__


def _check_address(url: str) -> None:
    """Refuse what anybody on the way could exchange; used where no checksum would tell.

    Raises OSError for an address that is neither https nor on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise OSError(f"{parts.scheme} is not safe for a file whose checksum is unknown; "
                      "only https is")


def _open(request: Request, md5: str | None, timeout: float):
    """The answer to a request. Raises OSError where it came by an address that is not safe."""
    response = urlopen(request, timeout=timeout)
    if md5 is None:                                                 # it may have been redirected
        try:
            _check_address(response.url)
        except OSError:
            response.close()
            raise
    return response


def _offered(url: str, md5: str | None, timeout: float) -> int:
    """The size of the file at `url` in bytes. Raises OSError if the server does not tell."""
    request = Request(url, headers={"User-Agent": "gan-course"}, method="HEAD")
    with _open(request, md5, timeout) as response:
        if (size := response.headers.get("Content-Length")) is None:
            raise OSError("the server does not tell the size of the file")
    return int(size)


def _append(part: Path, have: int, url: str, size: int, md5: str | None, timeout: float) -> None:
    """Append what `part` lacks; write all of it when the server ignores the Range request."""
    headers = {"User-Agent": "gan-course"} | ({"Range": f"bytes={have}-"} if have else {})
    with _open(Request(url, headers=headers), md5, timeout) as response:
        if response.status != 206:                                  # 206: partial content, as asked
            have = 0
        offered = response.headers.get("Content-Length")
        if offered is not None and have + int(offered) != size:     # another file, a login page
            raise OSError(f"the server offers {have + int(offered):,} bytes instead of {size:,}")
        with (open(part, "ab" if have else "wb") as file,
              tqdm(desc=part.stem, total=size, initial=have, unit="B", unit_scale=True) as bar):
            while have <= size and (block := response.read1(1 << 16)):
                file.write(block)
                have += len(block)
                bar.update(len(block))
