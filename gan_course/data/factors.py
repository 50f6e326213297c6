"""Draws what the pictures of `glyphs` show: independent factors, unless a lesson asks otherwise."""
from collections.abc import Sequence

import numpy as np
import torch

from gan_course.data.fonts import Face
from gan_course.data.sets import Factors

RANGES = {                                                          # drawn uniformly in between
    "slant": (-0.4, 0.4),
    "width": (0.7, 1.2),
    "height": (0.85, 1.15),
    "rotation": (-12, 12),
    "x": (-0.05, 0.05),
    "y": (-0.05, 0.05),
}
HUES = {"ink_hue": (0, 360), "paper_hue": (0, 360)}                 # in colour only
UNITS = {
    "slant": "tangent of the lean to the right, added to an italic face's own",
    "width": "times the font's",
    "height": "times the font's",
    "rotation": "degrees, counter-clockwise",
    "x": "shift to the right, in sides of the picture",
    "y": "shift down, in sides of the picture",
    "ink_hue": "degrees: 0 red, 120 green, 240 blue",
    "paper_hue": "degrees: 0 red, 120 green, 240 blue",
}
TRIES = 1000                                                        # at leaving something out


def counts(n: int, characters: str, shares: dict[str, float]) -> np.ndarray:
    """How many of n pictures show each character: its share, to within one picture.

    Args:
        n: the number of pictures.
        characters: each once.
        shares: character -> its share, 0 to 1; the other characters share the rest equally.

    Returns:
        A number for each character, int (characters,), n in all.

    Raises:
        ValueError: shares of other characters, below 0, or that do not make 1.
    """
    given, others = sum(shares.values()), len(set(characters) - set(shares))
    if not set(shares) <= set(characters) or min(shares.values(), default=0) < 0:
        raise ValueError(f"shares are {shares}; give some of {characters!r} a share from 0 to 1.")
    if given > 1 + 1e-9 or not others and given < 1 - 1e-9:
        raise ValueError(f"shares are {shares}, which makes {given:g}; all together must make 1.")
    rest = (1 - given) / max(others, 1)
    ends = n * np.cumsum([shares.get(character, rest) for character in characters])
    return np.diff(np.rint(ends).astype(int), prepend=0)


class Scenes:
    """Pictures as columns of numbers: "character", "face" and the factors that have a range.

    A face, the number of a font, stands for three factors: its family, bold and italic. What a
    factor may be is written as one value, as several, or as (low, high) where it has a range. The
    columns of n pictures are a dictionary, `drawn`: name -> array (n,).

    Args:
        characters: the classes.
        faces: the fonts.
        colour: whether there are hues.
        present: factor -> what it may be.

    Raises:
        ValueError: `present` asks for a factor or a value that there is not.
    """

    def __init__(self, characters: str, faces: tuple[Face, ...], colour: bool, present: dict):
        families = sorted({face.family for face in faces})
        self.values = {"character": characters, "family": families,
                       "bold": (0, 1), "italic": (0, 1)}
        self.ranges = RANGES | (HUES if colour else {})
        self.of_face = {"family": np.array([families.index(face.family) for face in faces]),
                        "bold": np.array([int(face.bold) for face in faces]),
                        "italic": np.array([int(face.italic) for face in faces])}
        if "character" in present:
            raise ValueError("Say with characters=, not in present, which characters there are.")
        allowed = self.matches({"face": np.arange(len(faces))},
                               {name: present[name] for name in self.of_face if name in present})
        self.allowed = np.flatnonzero(allowed)
        if not len(self.allowed):
            raise ValueError(f"No font is all that present={present} asks for.")
        for name in set(present) - set(self.of_face):
            self.ranges[name] = self.numbers(name, present[name])
        if self.ranges["width"][0] <= 0 or self.ranges["height"][0] <= 0:
            raise ValueError("The factors width and height must be above 0.")

    def numbers(self, name: str, value) -> tuple[float, ...]:
        """What a factor may be, in numbers.

        Args:
            name: a factor.
            value: what it may be, as people write it.

        Returns:
            (low, high) of a factor that has a range; of another, all the numbers it may be.

        Raises:
            ValueError: there is no such factor or value.
        """
        self.check(name)
        values = list(value) if isinstance(value, tuple | list) else [value]
        if name in self.ranges:
            if len(values) > 2 or values != sorted(values):
                raise ValueError(f"{name} is {value}; give one number or (low, high).")
            return values[0], values[-1]
        known = list(self.values[name])
        if not set(values) <= set(known):
            raise ValueError(f"{name} is {value!r}; it can only be: {', '.join(map(str, known))}.")
        return tuple(known.index(one) for one in values)

    def check(self, name: str) -> None:
        """Make sure that there is a factor of this name; raises ValueError if there is not."""
        if name not in self.values and name not in self.ranges:
            raise ValueError(f"There is no factor {name!r}. There are: "
                             f"{', '.join([*self.values, *self.ranges])}.")

    def draw(self, rng: np.random.Generator, character: np.ndarray) -> dict[str, np.ndarray]:
        """A face and a number from each range for each picture, all independent.

        Args:
            rng: where the random numbers come from.
            character: the number of each picture's class, (n,).

        Returns:
            The columns of the pictures.
        """
        n = len(character)
        return {"character": character, "face": rng.choice(self.allowed, n)} | {
            name: rng.uniform(low, high, n) for name, (low, high) in self.ranges.items()}

    def factor(self, drawn: dict[str, np.ndarray], name: str) -> np.ndarray:
        """One factor of each picture, (n,), by its name."""
        return self.of_face[name][drawn["face"]] if name in self.of_face else drawn[name]

    def matches(self, drawn: dict[str, np.ndarray], combination: dict) -> np.ndarray:
        """Which pictures have all that a combination of factors asks for.

        Args:
            drawn: the columns of the pictures.
            combination: factor -> what it may be.

        Returns:
            bool (n,).

        Raises:
            ValueError: there is no such factor or value.
        """
        found = np.ones(len(drawn["face"]), bool)
        for name, value in combination.items():
            numbers, factor = self.numbers(name, value), self.factor(drawn, name)
            if name in self.ranges:
                found &= (numbers[0] <= factor) & (factor <= numbers[1])
            else:
                found &= np.isin(factor, numbers)
        return found

    def correlate(self, rng: np.random.Generator, drawn: dict[str, np.ndarray],
                  first: str, second: str, correlation: float) -> None:
        """Rearrange the second factor so that it goes with the first: a Gaussian copula.

            score(second) = r score(first) + sqrt(1 - r^2) noise

        The score of a number is the normal deviate of the same rank; equal numbers get the ranks of
        their group in random order.

        Args:
            rng: where the random numbers come from.
            drawn: the columns of the pictures, changed in place.
            first, second: two factors.
            correlation: r, -1 to 1.

        Raises:
            ValueError: there is no such factor, the two cannot be correlated, or r is out of range.
        """
        self.check(first)
        self.check(second)
        if first == second or first in self.of_face and second in self.of_face:
            raise ValueError(f"{first} and {second} cannot be correlated: they come from one draw.")
        if not -1 <= correlation <= 1:
            raise ValueError(f"The correlation is {correlation}; choose one from -1 to 1.")
        n = len(drawn["face"])

        def order(factor):                                          # equal numbers: at random
            return np.lexsort((rng.random(n), factor))
        score = np.empty(n)
        score[order(self.factor(drawn, first))] = np.sort(rng.standard_normal(n))
        score = correlation * score + (1 - correlation**2) ** 0.5 * rng.standard_normal(n)
        column = "face" if second in self.of_face else second
        moved = drawn[column][order(self.factor(drawn, second))]
        drawn[column] = np.empty_like(moved)
        drawn[column][score.argsort()] = moved

    def leave_out(self, rng: np.random.Generator, drawn: dict[str, np.ndarray],
                  absent: Sequence[dict]) -> None:
        """Draw the pictures that match any of the combinations anew, except for the character.

        Args:
            rng: where the random numbers come from.
            drawn: the columns of the pictures, changed in place.
            absent: the combinations, factor -> what it may be.

        Raises:
            ValueError: nothing else can be drawn for some character.
        """
        for _ in range(TRIES):
            found = np.any([self.matches(drawn, combination) for combination in absent], axis=0)
            if not found.any():
                return
            for name, column in self.draw(rng, drawn["character"][found]).items():
                drawn[name][found] = column
        nothing = [self.values["character"][k] for k in np.unique(drawn["character"][found])]
        raise ValueError(f"absent={absent} leaves nothing of {', '.join(nothing)}. Leave a whole "
                         "character out with characters=.")

    def table(self, drawn: dict[str, np.ndarray]) -> Factors:
        """All factors of the pictures as a table of float32."""
        families = [f"{number} {family}" for number, family in enumerate(self.values["family"])]
        units = {"character": "number of the class", "family": ", ".join(families),
                 "bold": "0 or 1", "italic": "0 or 1"} | {name: UNITS[name] for name in self.ranges}
        columns = np.stack([self.factor(drawn, name) for name in units], axis=1)
        table = torch.from_numpy(columns.astype(np.float32))
        return Factors(table, tuple(units), tuple(units.values()))
