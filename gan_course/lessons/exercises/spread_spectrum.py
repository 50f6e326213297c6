"""The exercises of notebook deeper/17_signals: bits that lie thinly on all pixels, put in and read.
"""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def add_bits(x, bits, patterns, amplitude):
    """Pictures x (N, 1, h, w) with bits (N, K) of -1 and 1 on the patterns (K, h w): like x."""
    return x + amplitude * (bits @ patterns).view_as(x)


def read_bits(x, patterns, mean):
    """The bits (N, K) of pictures x (N, 1, h, w), given the mean of unmarked ones (1, h, w)."""
    signal = (x - mean).flatten(1)
    return (signal @ patterns.T).sign()


def pictures_and_bits() -> dict:
    """Three pictures of 2 x 3 pixels, and two bits for each."""
    dice = torch.Generator().manual_seed(3)
    return {"x": torch.rand(3, 1, 2, 3, generator=dice) - 0.5,
            "bits": torch.tensor([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]]),
            "patterns": torch.tensor([[1.0, -1.0, 1.0, 1.0, -1.0, -1.0],
                                      [1.0, 1.0, -1.0, 1.0, -1.0, 1.0]]),
            "amplitude": 0.25}


def marked(results: list, inputs: dict) -> Seen:
    return number_called("the marked pictures", results)


def _shape(seen: Seen, name: str) -> tuple:
    value = seen.get(name)
    return tuple(value.shape) if isinstance(value, Tensor) else ()


OF_THE_MARK = (
    Mistake("flat", "It gives rows of pixels. Asked are pictures of the shape of `x`: "
            "`.view_as(x)`.", when=lambda seen: _shape(seen, "the marked pictures") == (3, 6)),
    Mistake("broadcast", "It has more than three dimensions of pictures: each picture met the "
            "marks of all others. Give the marks the shape of `x` before you add them.",
            when=lambda seen: len(_shape(seen, "the marked pictures")) == 4
            and _shape(seen, "the marked pictures") != (3, 1, 2, 3)),
    Mistake("no_amplitude", "It adds the patterns at full strength. Multiply them by `amplitude`.",
            like=lambda x, bits, patterns, amplitude: x + (bits @ patterns).view_as(x)),
    Mistake("no_picture", "It gives the mark without the picture. Add it to `x`.",
            like=lambda x, bits, patterns, amplitude: amplitude * (bits @ patterns).view_as(x)),
    Mistake("average", "It divides by the number of bits. Each pattern is added with the whole "
            "amplitude.",
            like=lambda x, bits, patterns, amplitude: (
                x + amplitude * (bits @ patterns).view_as(x) / bits.shape[1])),
    Mistake("ones_only", "It leaves out a pattern whose bit is -1. Such a pattern is *subtracted*: "
            "the factor is the bit itself.",
            like=lambda x, bits, patterns, amplitude: (
                x + amplitude * (bits.clamp(min=0) @ patterns).view_as(x))),
    Mistake("sign", "The signs are the wrong way round: a bit of 1 *adds* its pattern.",
            like=lambda x, bits, patterns, amplitude: x - amplitude * (bits @ patterns).view_as(x)),
    Mistake("one_message", "All pictures carry the same bits. Each has a row of its own in `bits`.",
            like=lambda x, bits, patterns, amplitude: (
                x + amplitude * (bits[:1] @ patterns).view_as(x[:1]))),
)


def faint_marks() -> dict:
    """Four dark and bright pictures whose common form is stronger than their marks."""
    dice = torch.Generator().manual_seed(8)
    patterns = torch.randint(0, 2, (3, 30), generator=dice) * 2.0 - 1
    bits = torch.tensor([[1.0, -1, 1], [-1, -1, 1], [1, 1, -1], [-1, 1, -1]])
    mean = 3 - 0.3 * (patterns[0] + patterns[1] - patterns[2]).view(1, 5, 6)
    x = mean + 0.1 * (bits @ patterns).view(4, 1, 5, 6)
    return {"x": x + 0.02 * torch.randn(x.shape, generator=dice), "patterns": patterns,
            "mean": mean}


def found(results: list, inputs: dict) -> Seen:
    return number_called("the bits", results)


OF_THE_READER = (
    Mistake("one_picture", "There is one message for all pictures. Each needs its own row.",
            when=lambda seen: _shape(seen, "the bits") == (3,)),
    Mistake("other_way_round", "The bits stand in columns. Asked is one row for each picture.",
            when=lambda seen: _shape(seen, "the bits") == (3, 4)),
    Mistake("not_bits", "It gives the correlations. A bit is their *sign*, -1 or 1.",
            like=(lambda x, patterns, mean: (x - mean).flatten(1) @ patterns.T,
                  lambda x, patterns, mean: (x - mean).flatten(1) @ patterns.T / 30)),
    Mistake("zero_one", "It gives 0 and 1, or yes and no. The bits of this notebook are -1 and 1.",
            like=lambda x, patterns, mean: ((x - mean).flatten(1) @ patterns.T > 0).float()),
    Mistake("with_the_mean", "It does not take the mean away. What all pictures have in common "
            "correlates with the patterns, too, and much more strongly than a faint mark.",
            like=lambda x, patterns, mean: (x.flatten(1) @ patterns.T).sign()),
    Mistake("own_mean", "It subtracts each picture's own mean brightness. `mean` is a picture: the "
            "mean of each pixel over unmarked pictures.",
            like=lambda x, patterns, mean: (
                (x.flatten(1) - x.flatten(1).mean(1, keepdim=True)) @ patterns.T).sign()),
    Mistake("sign", "All bits are the wrong way round.",
            like=lambda x, patterns, mean: ((mean - x).flatten(1) @ patterns.T).sign()),
)


EXERCISES = (
    Exercise("17.add_bits", add_bits, (Probe(pictures_and_bits, marked, OF_THE_MARK),), (
        "For each picture add up the patterns, each multiplied by its bit.",
        "`bits @ patterns` does that for all pictures: (N, K) times (K, h w) is (N, h w).",
        "Give it the shape of the pictures, `.view_as(x)`, multiply by `amplitude`, add to `x`."),
        "Without the patterns one sees nothing but grain.",
        frozenset({"fakes", "noise", "n"})),
    Exercise("17.read_bits", read_bits, (Probe(faint_marks, found, OF_THE_READER),), (
        "Bit k is read from one number: the inner product of the picture, without what all "
        "pictures have in common, and pattern k.",
        "`(x - mean).flatten(1)` has a row for each picture, and `patterns.T` a column for each "
        "bit.",
        "The sign of their matrix product: `(… @ patterns.T).sign()`."),
        "Fifteen other patterns lie on top of each, and hardly disturb: random signs on 784 pixels "
        "are nearly orthogonal.",
        frozenset({"fakes", "bits", "n"})),
)
