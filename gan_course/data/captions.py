"""Sentences about the pictures of `glyphs_colour`, made from their factors, and read from a
learner's keyboard.

    words = captions.describe(dataset)                  (N, 5): a word for each factor, as numbers
    captions.sentence(words[0])                         "a bold red sans seven on yellow paper"
    captions.read("a heavy 7 on lemon paper").words     ("bold", "seven", "yellow paper")
    captions.completed(words)                           words for what was not said, at random

A word of a colour comes with what it belongs to: "red ink" and "red paper" are two words.
`without_roles` takes that away, as if only "red" had been written down.
"""
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gan_course.data.sets import ImageSet

COLOURS = {                                         # degrees on the circle of hues: from, up to
    "red": (340, 20), "orange": (20, 45), "yellow": (45, 80), "green": (80, 155),
    "turquoise": (155, 200), "blue": (200, 255), "purple": (255, 300), "pink": (300, 340),
}
FACTORS = {                                         # factor -> its words, by its values
    "character": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "bold": ("light", "bold"),
    "family": ("sans", "typewriter", "serif", "book"),
    "ink_hue": tuple(f"{colour} ink" for colour in COLOURS),
    "paper_hue": tuple(f"{colour} paper" for colour in COLOURS),
}
WORDS = ("", *(word for words in FACTORS.values() for word in words))
"""Every word; its place is its number. Number 0 stands where nothing is said."""

FIRST = {factor: WORDS.index(words[0]) for factor, words in FACTORS.items()}
SYNONYMS = {
    "heavy": "bold", "thick": "bold", "fat": "bold", "strong": "bold",
    "thin": "light", "regular": "light", "normal": "light", "fine": "light",
    "mono": "typewriter", "monospaced": "typewriter", "code": "typewriter",
    "plain": "sans", "grotesque": "sans", "slab": "serif", "times": "book", "stix": "book",
    "crimson": "red", "scarlet": "red", "amber": "orange", "golden": "yellow", "lemon": "yellow",
    "lime": "green", "emerald": "green", "cyan": "turquoise", "teal": "turquoise",
    "aqua": "turquoise", "navy": "blue", "violet": "purple", "lilac": "purple",
    "magenta": "pink", "rose": "pink",
} | {str(digit): word for digit, word in enumerate(FACTORS["character"])}
PAPER, INK = ("paper", "background", "ground"), ("ink", "pen")
SILENT = {"a", "an", "the", "and", "of", "with", "in", "on", "over", "written", "printed", "drawn",
          "draw", "me", "please", "digit", "number", "character", "font", "face", "type", *PAPER,
          *INK}


class Reading(NamedTuple):
    """What was understood of a text: words of `WORDS`, in order; and what was not, as written."""

    words: tuple[str, ...]
    unknown: tuple[str, ...]


def read(text: str) -> Reading:
    """Find the known words in a text.

    Whether a colour is that of the ink or of the paper is decided by two rules: the noun after it
    counts ("yellow paper"), and without one, whether "on" has been said before ("red on yellow").

    Args:
        text: what a learner has typed; capitals and punctuation do not matter.

    Returns:
        The known words and the unknown ones.
    """
    written = re.findall(r"[^\W_]+", text.casefold())
    words, unknown, on_paper = [], [], False
    for word, after in zip(written, [*written[1:], ""], strict=False):
        meant = SYNONYMS.get(word, word)
        if meant in COLOURS:
            paper = after in PAPER or on_paper and after not in INK
            words.append(f"{meant} {'paper' if paper else 'ink'}")
        elif on_paper and word == "light":              # all paper is light; this is no light face
            continue
        elif meant in WORDS:
            words.append(meant)
        elif word not in SILENT:
            unknown.append(word)
        if word in ("on", "over"):
            on_paper = True
        elif word in PAPER or meant in FACTORS["character"]:
            on_paper = False
    return Reading(tuple(words), tuple(dict.fromkeys(unknown)))


def numbers(words: Iterable[str]) -> Tensor:
    """The numbers of words: int64 (L,).

    Args:
        words: L words of `WORDS`; "" leaves a place empty.

    Raises:
        ValueError: a word is not in `WORDS`.
    """
    return torch.tensor([WORDS.index(word) for word in words], dtype=torch.int64)


def words_of(factors: Mapping[str, Tensor]) -> Tensor:
    """The words for pictures whose factors are known, or have been read by a judge.

    Args:
        factors: each of `FACTORS` -> (N,): the number of the character and of the family, bold from
            0 to 1, hues in degrees.

    Returns:
        The numbers of five words for each picture, in the order of `FACTORS`: int64 (N, 5).
    """
    columns = []
    for factor, first in FIRST.items():
        value = factors[factor]
        place = _colour(value) if factor.endswith("hue") else value.round().long()
        columns.append(first + place)
    return torch.stack(columns, dim=1)


def describe(dataset: ImageSet) -> Tensor:
    """`words_of` the true factors of a data set.

    Args:
        dataset: `glyphs_colour`, digits in colour with their factors.

    Returns:
        int64 (N, 5).
    """
    return words_of({factor: dataset.factors[factor] for factor in FACTORS})


def completed(sentence: Tensor, seed: int = 0) -> Tensor:
    """Sentences with a word for every factor: where none is said, one is drawn at random.

    The words are drawn as often as they fit the pictures of `glyphs_colour`.

    Args:
        sentence: numbers of words, int64 (N, L).
        seed: where the random numbers start.

    Returns:
        int64 (N, L + 5): the sentences, and behind them the words that were drawn, or 0.
    """
    n, draw = len(sentence), torch.Generator().manual_seed(seed)
    drawn = words_of({
        factor: 360 * torch.rand(n, generator=draw) if factor.endswith("hue") else
        torch.randint(len(words), (n,), generator=draw) * 1.0 for factor, words in FACTORS.items()})
    first = torch.tensor(list(FIRST.values()))
    after = torch.cat([first[1:], torch.tensor([len(WORDS)])])      # where the next factor begins
    of_factor = (sentence[:, :, None] >= first) & (sentence[:, :, None] < after)    # (N, L, 5)
    return torch.cat([sentence, drawn * ~of_factor.any(dim=1)], dim=1)


def without_roles(words: Tensor) -> Tensor:
    """Words as they are written: of "red ink" and of "red paper" only "red" is left.

    Args:
        words: numbers of words, int64 of any shape.

    Returns:
        The same, with the number of each paper's colour replaced by that of the same ink.
    """
    return torch.where(words >= FIRST["paper_hue"], words - len(COLOURS), words)


def sentence(words: Iterable[int]) -> str:
    """A sentence with these words.

    Args:
        words: the numbers of words, at most one for each factor.

    Returns:
        Such as "a bold red sans seven on yellow paper"; "anything" if there is no word.
    """
    said = {factor: "" for factor in FACTORS}
    for number in words:
        if number:
            factor = [name for name, first in FIRST.items() if number >= first][-1]
            said[factor] = WORDS[number]
    if not any(said.values()):
        return "anything"
    adjectives = [said["bold"], said["ink_hue"].removesuffix(" ink"), said["family"],
                  said["character"] or "digit"]
    named = " ".join(filter(None, adjectives))
    return f"a{'n' * (named[0] in 'aeiou')} {named}" + f" on {said['paper_hue']}" * bool(
        said["paper_hue"])


def _colour(hue: Tensor) -> Tensor:
    """The number of each hue's colour in `COLOURS`: degrees (N,) -> int64 (N,)."""
    ends = torch.tensor([end for _, end in COLOURS.values()], dtype=hue.dtype, device=hue.device)
    return torch.bucketize(hue % 360, ends, right=True) % len(COLOURS)
