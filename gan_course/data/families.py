"""The same printed characters in two font families: a domain for each, with the true partners."""
from functools import cache

from gan_course.data.glyphs import glyphs_colour
from gan_course.data.pairs import PairSet

PICTURES = {"train": 6000, "test": 400}
FAMILIES = ("DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral")
"""As `glyphs` and its judge number them."""
FACTS = ("character", "bold", "slant", "width", "rotation", "ink_hue", "paper_hue")


@cache
def families(first: str = "DejaVu Sans", second: str = "STIXGeneral",
             split: str = "train") -> PairSet:
    """Pairs of digits in colour, upright faces of one family and of another.

    Row i of both sides shows the same character, in the same ink on the same paper, equally bold,
    and slanted, stretched, turned and moved alike. Only the family differs.

    Args:
        first, second: the families of x and y, from `FAMILIES`.
        split: "train" or "test".

    Returns:
        6,000 pairs for training or 400 others, uint8 (N, 3, 32, 32) twice. Facts: character, bold,
        slant, width, rotation, ink_hue and paper_hue, as of `glyphs`.

    Raises:
        ValueError: there is no such family, or it is the same twice.
    """
    x, y = (glyphs_colour(split, n=PICTURES[split], present={"family": family, "italic": 0})
            for family in (first, second))
    return PairSet("families", x.images, y.images, (first, second), paired=True,
                   facts={name: x.factors[name] for name in FACTS})
