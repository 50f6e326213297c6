"""Characters drawn large with the fonts that come with matplotlib, or with your own."""
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

DEJAVU = [f"DejaVu{family}{style}.ttf" for family, slanted in
          (("Sans", "Oblique"), ("SansMono", "Oblique"), ("Serif", "Italic"))
          for style in ("", "-Bold", f"-{slanted}", f"-Bold{slanted}")]
STIX = [f"STIXGeneral{style}.ttf" for style in ("", "Bol", "Italic", "BolIta")]

TILE = 128                                                          # pixels a side of a drawing
HEIGHT = 0.60                                                       # of a usual character, in tiles
WIDEST, TALLEST = 0.50, 0.68                                        # what is larger is squeezed
POINTS = 256                                                        # the size at which fonts draw


class Face(NamedTuple):
    """One font file: its family, whether it is bold or italic, and what it draws.

    `tiles`: uint8 (characters, 128, 128), white on black, each character in the middle.
    """

    family: str
    bold: bool
    italic: bool
    tiles: Tensor


def faces(characters: str, folder: str | Path | None = None) -> tuple[Face, ...]:
    """Every face with these characters: 16 of matplotlib's, or one for each font file in a folder.

    The middle height of a face's characters is 0.60 tiles. None is wider than 0.50 or higher than
    0.68: an M or a W is narrowed, and a J with a tail is shortened, or pictures would cut them off.

    Args:
        characters: what to draw.
        folder: where .ttf and .otf files lie; None: matplotlib's own.

    Returns:
        The faces, in the order of their files.

    Raises:
        FileNotFoundError: there is no such folder, or no .ttf or .otf file in it.
        ValueError: a font cannot be read or lacks a character.
    """
    return tuple(_face(file, characters) for file in _files(folder))


def _files(folder: str | Path | None) -> list[Path]:
    if folder is None:
        import matplotlib

        folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
        missing = [name for name in DEJAVU + STIX if not (folder / name).is_file()]
        if missing:
            raise FileNotFoundError(f"matplotlib's fonts are not complete: {folder} has no "
                                    f"{', '.join(missing)}. Install matplotlib again with pip.")
        return [folder / name for name in DEJAVU + STIX]
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".ttf", ".otf"))
    if not files:
        raise FileNotFoundError(f"There are no fonts in {folder}. Fonts are files that end in "
                                ".ttf or .otf.")
    return files


@cache
def _face(file: Path, characters: str) -> Face:
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(str(file))
        font.set_size(POINTS, 72)
    except Exception as error:                                      # of FreeType: several types
        raise ValueError(f"{file} cannot be read as a font ({error}). Remove it from the folder, "
                         "or put a whole copy there.") from error
    drawings = [_drawing(font, character) for character in characters]
    missing = [c for c, drawing in zip(characters, drawings, strict=True) if not drawing.size]
    if missing:
        raise ValueError(f"{file} does not have these characters: {' '.join(missing)}. Remove it "
                         "from the folder, or leave them out with characters=.")
    scale = HEIGHT * TILE / np.median([len(drawing) for drawing in drawings])
    tiles = torch.stack([_tile(drawing, scale) for drawing in drawings])
    style = font.style_name.lower()
    return Face(font.family_name, any(word in style for word in ("bold", "black", "heavy")),
                "italic" in style or "oblique" in style, tiles)


def _drawing(font, character: str) -> np.ndarray:
    """The character as uint8 (height, width), cropped to its ink; empty where the font has none."""
    if not font.get_char_index(ord(character)):
        return np.empty((0, 0), np.uint8)
    font.set_text(character)
    font.draw_glyphs_to_bitmap()
    picture = Image.fromarray(np.array(font.get_image()))
    return np.array(picture.crop(picture.getbbox()))


def _tile(drawing: np.ndarray, scale: float) -> Tensor:
    """The drawing, scaled, and squeezed if need be, in the middle of a tile: uint8 (TILE, TILE)."""
    height, width = (max(1, round(side * scale)) for side in drawing.shape)
    size = min(width, round(WIDEST * TILE)), min(height, round(TALLEST * TILE))
    tile = Image.new("L", (TILE, TILE))
    tile.paste(Image.fromarray(drawing).resize(size, Image.Resampling.LANCZOS),
               ((TILE - size[0]) // 2, (TILE - size[1]) // 2))
    return torch.from_numpy(np.array(tile))
