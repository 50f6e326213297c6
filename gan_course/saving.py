"""Samples as files: a sheet, a file for each, and films of a training or of a walk in latent space.

    save_sheet("sheet.png", game.sample(64))
    save_each("drawn", game.sample(64))
    save_film("walk.gif", walk(game.G, *game.inputs(16)))
"""
import itertools
import math
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gan_course import files, latent, nets, plots
from gan_course.data.sets import unscale
from gan_course.games import Game
from gan_course.training.guards import RandomStream

FRAMES = 96
"""The most frames of a film of a training: at 16 a second it lasts six seconds."""

STOPS, STEPS = 4, 24
"""A walk passes four latent vectors, with 24 steps from each to the next."""


def columns(n: int) -> int:
    """How many of `n` pictures stand in a row of a sheet that is about square."""
    return max(1, math.ceil(math.sqrt(n)))


def save_sheet(path: Path, images: Tensor, across: int | None = None) -> None:
    """Write images side by side, as one PNG file.

    Args:
        path: the file.
        images: (N, 1 or 3, H, W) in [-1, 1], on any device.
        across: how many stand in a row; None: about as many as rows.

    Raises:
        OSError: the file cannot be written.
    """
    save_page(path, plots.sheet(images, across or columns(len(images))))


def save_each(folder: Path, images: Tensor) -> None:
    """Write each image as a PNG file of its own: 0001.png, 0002.png, …. If more were there from
    an earlier time, those whose numbers follow the last one are removed.

    Args:
        folder: where; it is made if it is missing.
        images: (N, 1 or 3, H, W) in [-1, 1], on any device.

    Raises:
        OSError: a file cannot be written.
    """
    files_of = (Path(folder) / f"{number:04}.png" for number in itertools.count(1))
    for pixels in unscale(images).cpu().permute(0, 2, 3, 1).numpy():
        save_page(next(files_of), pixels)
    surplus = list(itertools.takewhile(Path.exists, files_of))
    for old in reversed(surplus):                           # so that a kill leaves no gap
        old.unlink()


def save_page(path: Path, pixels: np.ndarray) -> None:
    """Write pixels as a PNG file.

    Args:
        path: the file.
        pixels: uint8 (height, width, 1 or 3).

    Raises:
        OSError: the file cannot be written.
    """
    with files.written_whole(path) as temporary:
        Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(
            temporary, "PNG")


def finished(game: Game) -> nn.Module:
    """The generator to draw with: the average of G's weights where the game keeps one, else G."""
    return getattr(game, "G_ema", game.G)


def walk(G: nn.Module, z: Tensor, *condition: Tensor, across: int | None = None, seed: int = 0
         ) -> list[np.ndarray]:
    """The pages of a walk in latent space: every picture of a sheet passes some other z and comes
    back to its own.

    Args:
        G: a generator of images.
        z: where the pictures begin, (N, z_dim).
        condition: what else G reads, N classes or codes; it stays as it is on the way.
        across: how many pictures stand in a row; None: about as many as rows.
        seed: which z are passed.

    Returns:
        STOPS * STEPS RGB pages, uint8 (height, width, 3).
    """
    draw = torch.Generator().manual_seed(seed)
    others = torch.randn(STOPS - 1, *z.shape, generator=draw)
    stops = torch.cat([z.detach().cpu()[None], others])

    def page(place: Tensor) -> np.ndarray:
        with RandomStream(seed, nets.device_of(G)):     # the noise inside StyleGAN's G
            return plots.sheet(nets.generate(G, place, *condition), across or columns(len(z)))
    return [page(place) for place in latent.round_trip(stops, STEPS)]


def thinned(pages: Sequence, most: int = FRAMES) -> list:
    """At most `most` of the pages, at even distances, the first and the last among them.

    Args:
        pages: pages of a film, or whatever stands for them.
        most: how many to keep, at least 2.

    Returns:
        Those that are kept.
    """
    if len(pages) <= most:
        return list(pages)
    return [pages[round(i * (len(pages) - 1) / (most - 1))] for i in range(most)]


def save_film(path: Path, pages: Sequence[np.ndarray], seconds: float = 6.0) -> None:
    """Write pages as a film: an animated GIF, or MP4 where the path ends in .mp4.

    Small pages are enlarged, each pixel to a square, until they are 256 pixels wide.

    Args:
        path: the file, *.gif or *.mp4.
        pages: RGB pictures of equal size, uint8 (height, width, 3).
        seconds: how long the film lasts.

    Raises:
        OSError: the file cannot be written, or there is no ffmpeg for an MP4.
    """
    path = Path(path)
    times = max(1, -(-256 // pages[0].shape[1]))
    pages = [page.repeat(times, axis=0).repeat(times, axis=1) for page in pages]
    if path.suffix.lower() == ".mp4":
        return _save_mp4(path, pages, seconds)
    files.write(path, plots.gif(pages, seconds))


def ffmpeg() -> str | None:
    """The program that packs MP4 films, if this machine has it: on the path, or in the package
    imageio-ffmpeg.

    Returns:
        The path of the program, or None.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):                             # RuntimeError: it finds none
        return None


def _save_mp4(path: Path, pages: list[np.ndarray], seconds: float) -> None:
    program = ffmpeg()
    if program is None:
        raise OSError("There is no ffmpeg on this machine, which packs MP4 films. Make a GIF "
                      "instead, or install ffmpeg (pip install imageio-ffmpeg brings one).")
    # H.264 in yuv420p, which every player knows, needs even sides
    pages = [np.pad(page, [(0, page.shape[0] % 2), (0, page.shape[1] % 2), (0, 0)], mode="edge")
             for page in pages]
    high, wide, _ = pages[0].shape
    with files.written_whole(path) as temporary:
        command = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
                   "-s", f"{wide}x{high}", "-r", f"{len(pages) / seconds}", "-i", "-",
                   "-pix_fmt", "yuv420p", "-f", "mp4", str(temporary)]
        done = subprocess.run(command, input=b"".join(page.tobytes() for page in pages),
                              capture_output=True, check=False)
        if done.returncode:
            raise OSError(f"ffmpeg could not pack {path}: "
                          f"{done.stderr.decode(errors='replace').strip()}")
