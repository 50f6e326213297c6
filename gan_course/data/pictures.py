"""Picture files of your own: which ones lie in a folder, and one of them as a square of pixels."""
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff",
           ".ppm", ".pgm")
TO_CONVERT = (".heic", ".heif")                                     # Pillow cannot read them
WHITES = (1, 255, 1023, 4095, 16_383, 65_535)                       # of 1, 8, 10, 12, 14, 16 bits
FITS = ("crop", "pad", "stretch")                                   # how a picture becomes a square


def picture_files(path: Path) -> tuple[list[Path], list[str]]:
    """Every picture file under a folder, in order and once, and notes on what was ignored.

    Args:
        path: the folder.

    Returns:
        The files, and sentences for `tell`.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"There is no folder {path}.")
    found: dict[Path, Path] = {}                                    # a file: how we came there
    ignored, closed = Counter(), []

    def walk(folder: Path, above: tuple[Path, ...]) -> None:
        real = folder.resolve()
        if real in above:                                           # a link that leads back up
            return
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            closed.append(str(folder))
            return
        for entry in entries:
            ending = entry.suffix.lower() or "no ending"
            if entry.name.startswith("."):
                ignored.update([] if entry.is_dir() else ["hidden"])
            elif entry.is_dir():
                walk(entry, (*above, real))
            elif ending in ENDINGS:
                itself = entry.resolve() if entry.is_symlink() else real / entry.name
                if itself not in found or entry == itself:          # without a detour by a link
                    found[itself] = entry
            else:
                ignored[ending] += 1

    walk(path, ())
    notes = []
    if closed:
        notes.append(f"These folders cannot be opened and were left out: {', '.join(closed)}.")
    to_convert = sum(ignored.pop(ending, 0) for ending in TO_CONVERT)
    if to_convert:
        notes.append(f"{to_convert} files that end in .heic or .heif cannot be read here. Convert "
                     "them to JPEG or PNG first.")
    others = ", ".join(f"{count} {ending}" for ending, count in sorted(ignored.items()))
    if not found:
        ignoring = f" (ignored: {others})" if others else ""
        raise FileNotFoundError(" ".join([
            f"There are no pictures in {path}{ignoring}. Pictures are files that end in "
            f"{', '.join(ENDINGS)}.", *notes]))
    if set(ignored) - {"hidden"}:
        notes.append(f"Files that are no pictures were ignored: {others}.")
    return sorted(found.values()), notes


def picture(file: Path | BinaryIO, size: int, white: int | None = None, fit: str = "crop"
            ) -> np.ndarray:
    """One picture upright, made a square of RGB pixels; of an animation the first frame.

    Args:
        file: where it lies, or an open file.
        size: height and width of the result, in pixels.
        white: the value of white where grey is stored in more than 8 bits. By default the
            smallest white of 1, 8, 10, 12, 14 or 16 bits that holds the picture's own values.
        fit: what becomes of a picture that is not square. "crop": its central square is cut out.
            "pad": the whole picture stands on white. "stretch": the whole picture is squeezed.

    Returns:
        The pixels, uint8 (3, size, size).

    Raises:
        ValueError: there is no such fit, or its numbers are in no range that we know.
        OSError: it cannot be read as a picture.
    """
    return squared(upright(file, 4 * size, white), size, fit)


def upright(file: Path | BinaryIO, enough: int, white: int | None = None):
    """One picture as it is to be looked at: turned upright, in RGB, transparent parts white.

    Args:
        file: where it lies, or an open file.
        enough: so many pixels a side will do; a large JPEG is decoded at a fraction of its size.
        white: as of `picture`.

    Returns:
        A PIL image.

    Raises:
        ValueError: its numbers are in no range that we know.
        OSError: it cannot be read as a picture.
    """
    from PIL import Image, ImageOps

    with Image.open(file) as picture:
        picture.draft(None, (enough, enough))
        picture = ImageOps.exif_transpose(picture)
        if picture.mode == "F":
            raise ValueError("it has floating-point pixels, whose range nobody knows")
        if picture.mode.startswith("I"):                # grey in 16 or 32 bits
            values = np.asarray(picture)
            white = white or _white(values.min(), values.max())
            grey = (values.clip(0, white) * (255 / white)).round().astype(np.uint8)
            picture = Image.fromarray(grey)
        elif ("transparency" in picture.info
              or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa")):
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")


def squared(image, size: int, fit: str = "crop") -> np.ndarray:
    """A PIL image as a square of pixels.

    Args:
        image: in RGB.
        size: height and width of the result, in pixels.
        fit: as of `picture`.

    Returns:
        The pixels, uint8 (3, size, size).

    Raises:
        ValueError: there is no such fit.
    """
    from PIL import Image, ImageOps

    if fit not in FITS:
        raise ValueError(f"There is no fit {fit!r}; choose {', '.join(FITS)}.")
    if fit == "crop":
        square = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    elif fit == "pad":
        square = ImageOps.pad(image, (size, size), Image.Resampling.BICUBIC, color="white")
    else:
        square = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(square).transpose(2, 0, 1)


def _white(lowest: int, highest: int) -> int:
    """The white of the fewest bits that hold these values. Raises ValueError where none does."""
    if lowest < 0 or highest > WHITES[-1]:
        raise ValueError(f"its pixels run from {lowest:,} to {highest:,}, and nobody knows which "
                         f"of them is white; 0 to {WHITES[-1]:,} can be read")
    return next(white for white in WHITES if highest <= white)


def read_all(path: Path, files: list[Path], size: int, white: int | None, notes: list[str],
             fit: str = "crop", one: Callable = picture) -> tuple[np.ndarray, list[int]]:
    """The pictures that can be read, and which of the files they are.

    Args:
        path: the folder that messages name.
        files: the pictures in it.
        size, white, fit: as of `picture`.
        notes: a sentence is added if some cannot be read.
        one: reads a single file, with the arguments of `picture`.

    Returns:
        The pixels, uint8 (n, channels, size, size), and the places of the n files in `files`.

    Raises:
        ValueError: the size or fit is wrong, or more than a tenth cannot be read.
    """
    from tqdm.auto import tqdm

    if fit not in FITS:
        raise ValueError(f"There is no fit {fit!r}; choose {', '.join(FITS)}.")

    if size < 1:
        raise ValueError(f"Pictures need at least one pixel a side; size is {size}.")
    images, broken = {}, {}
    for i, file in enumerate(tqdm(files, desc=path.name, unit="picture", disable=len(files) < 500)):
        try:
            images[i] = one(file, size, white, fit)
        except Exception as error:                      # decoders raise whatever they like
            broken[i] = f"{file} ({error})"
    if broken:
        some = "; ".join(list(broken.values())[:5]) + ("; …" if len(broken) > 5 else "")
        if len(broken) > len(files) / 10:
            raise ValueError(f"{len(broken)} of {len(files)} pictures in {path} cannot be read: "
                             f"{some}. Repair or remove them.")
        notes.append(f"{len(broken)} of {len(files)} pictures cannot be read and were left out: "
                     f"{some}.")
    return np.stack(list(images.values())), list(images)


def common_white(path: Path, files: list[Path], notes: list[str]) -> int | None:
    """The value of white in all grey pictures of more than 8 bits; None if there are none.

    Scanners and microscopes store 10 or 12 bits in files of 16, and no file says so: the highest
    value in the folder has to tell. Pillow keeps the upper 8 of 16 bits of a *colour*, and then
    nothing is left of 10 or 12; such folders are refused.

    Args:
        path: the folder that messages name.
        files: the pictures in it.
        notes: a sentence is added if white is not the largest number of 16 bits.

    Returns:
        The value of white, or None.

    Raises:
        ValueError: there are colour pictures of which nothing is left.
    """
    from PIL import Image

    grey, colour = [], []                                           # the highest value of each
    for file in files:
        try:
            with Image.open(file) as picture:
                sixteen = picture.tile and ";16" in str(picture.tile[0].args)
                if picture.mode.startswith("I"):
                    values = np.asarray(picture)
                    _white(values.min(), values.max())
                    grey.append(values.max())
                elif sixteen:
                    colour.append(np.asarray(picture.convert("RGB")).max())
        except Exception:                               # said when it is read
            continue
    if colour and max(colour) < 64:
        raise ValueError(f"{path} has {len(colour)} colour pictures of 16 bits that are all but "
                         "black: probably they use only 10, 12 or 14 of the bits. Convert them to "
                         "8 bits a channel.")
    if not grey:
        return None
    white = _white(0, max(grey))
    if white < WHITES[-1]:
        notes.append(f"{len(grey)} grey pictures have room for more than 8 bits a pixel, but no "
                     f"value above {max(grey):,}: {white:,} was taken for white.")
    return white


def tell(path: Path, notes: list[str]) -> None:
    """Warn of what was ignored, left out or converted in a folder, if anything was."""
    if notes:
        warnings.warn(f"{path}: {' '.join(notes)}", stacklevel=3)
