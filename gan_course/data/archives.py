"""Photographs without pairs: the archives of CycleGAN (Zhu and others, arXiv:1703.10593).

A zip is downloaded on first use into the folder of `data_folder()`, or put there by hand, and
unpacked beside itself: horse2zebra.zip becomes horse2zebra/trainA, trainB, testA and testB. Once
unpacked, the zip is not needed any more.
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

HOMES = ("https://efrosgans.eecs.berkeley.edu/cyclegan/datasets/",)    # no checksums are published


def archive(name: str, size: int = 32, split: str = "train") -> PairSet:
    """One of the archives, as `folders.sides` reads it.

    Args:
        name: what it is called.
        size: height and width of the images, in pixels.
        split: "train" or "test".

    Returns:
        An unpaired PairSet, RGB, with the domains "A" and "B".

    Raises:
        DownloadError: it is not there and cannot be fetched.
        ValueError: the zip is damaged or holds something else.
    """
    home = data_folder()
    if not folders.is_two_sided(home / name):
        file = fetch([url + f"{name}.zip" for url in HOMES], home / f"{name}.zip")
        unpack(file, home / name)
    return folders.sides(home / name, size, split)


def unpack(file: Path, target: Path) -> None:
    """Unpack a two-sided zip; the folder appears when all is there and every checksum is right.

    Nothing is written outside of it, whatever names the zip holds.

    Args:
        file: the zip.
        target: the folder that is to hold trainA and trainB.

    Raises:
        ValueError: the zip is damaged, has a name that leads out of the folder, or has no trainA
            beside a trainB.
    """
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent))
    try:
        try:
            with zipfile.ZipFile(file) as packed:
                for name in packed.namelist():
                    if leads_out(name):
                        raise ValueError(f"{file} holds the name {name!r}, which leads out of its "
                                         f"folder. {AGAIN}")
                packed.extractall(work)                 # compares the checksum of every picture
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise ValueError(f"{file} is damaged or no zip ({error}). {AGAIN}") from error
        found = [path.parent for path in sorted(work.rglob("trainA"))
                 if (path.parent / "trainB").is_dir()]
        if not found:
            raise ValueError(f"{file} holds no folder trainA beside a trainB. {AGAIN}")
        try:
            os.replace(found[0], target)
        except OSError:
            if not folders.is_two_sided(target):        # else another process was faster
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def leads_out(name: str) -> bool:
    """Whether a name in a zip is absolute or goes up, on any system: "/etc/x", "../x", "C:/x"."""
    paths = PurePosixPath(name), PureWindowsPath(name)
    return any(path.anchor or ".." in path.parts for path in paths)
