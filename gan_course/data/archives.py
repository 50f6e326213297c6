"""Photographs without pairs: the archives of CycleGAN (Zhu and others, arXiv:1703.10593), downloaded on first use and unpacked once.

A zip is fetched into the folder of `data_folder()`, or put there by hand, and unpacked beside itself: horse2zebra.zip becomes
horse2zebra/trainA, trainB, testA and testB. Once unpacked, the zip is not needed any more.
"""
import os
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from gan_course.data import folders
from gan_course.data.download import fetch
from gan_course.data.pairs import PairSet
from gan_course.data.real import AGAIN, data_folder

HOMES = ("https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/", "http://efrosgans.eecs.berkeley.edu/cyclegan/datasets/")


def archive(name: str, size: int = 32, split: str = "train") -> PairSet:
    """The archive called `name`, as `folders.sides` reads it: RGB, (N, 3, size, size), domains "A" and "B", without pairs.

    Raises DownloadError when it is not there and cannot be fetched, ValueError when the zip is damaged or holds something else.
    """
    home = data_folder()
    if not folders.is_two_sided(home / name):
        file = fetch([url + f"{name}.zip" for url in HOMES], home / f"{name}.zip")
        unpack(file, home / name)
    return folders.sides(home / name, size, split)


def unpack(file: Path, target: Path) -> None:
    """Unpack the two-sided zip `file`; the folder `target` appears only when all is there and every checksum is right.

    Nothing is written outside of it, whatever names the zip holds. Raises ValueError for a zip that is damaged, that has a name which
    leads out of the folder, or that has no trainA beside a trainB.
    """
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent))
    try:
        try:
            with zipfile.ZipFile(file) as packed:
                for name in packed.namelist():
                    if leads_out(name):
                        raise ValueError(f"{file} holds the name {name!r}, which leads out of its folder. {AGAIN}")
                packed.extractall(work)                             # compares the checksum of every picture
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise ValueError(f"{file} is damaged or no zip ({error}). {AGAIN}") from error
        found = [path.parent for path in sorted(work.rglob("trainA")) if (path.parent / "trainB").is_dir()]
        if not found:
            raise ValueError(f"{file} holds no folder trainA beside a trainB. {AGAIN}")
        try:
            os.replace(found[0], target)
        except OSError:
            if not folders.is_two_sided(target):                    # else another process was faster
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def leads_out(name: str) -> bool:
    """Whether a name in a zip is absolute or goes up, on any system: "/etc/x", "../x", "C:/x" do."""
    return any(path.anchor or ".." in path.parts for path in (PurePosixPath(name), PureWindowsPath(name)))
