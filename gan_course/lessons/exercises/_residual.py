"""The known mistakes of residual blocks, whose layers are called f."""
from torch import nn

from gan_course.lessons.exercises._checking import Mistake


class _Unpadded(nn.Module):
    """Two 3x3 convolutions, which take away a pixel at every edge where they have no padding."""

    padding = 0, 0

    def __init__(self, width):
        super().__init__()
        self.f = nn.Sequential(*(nn.Conv2d(width, width, 3, padding=each)
                                 for each in self.padding))

    def forward(self, x):
        return x + self.f(x)


class _UnpaddedFirst(_Unpadded):
    """The sum in the other order: the error names the sizes in the other order, too."""

    def forward(self, x):
        return self.f(x) + x


class _OneUnpadded(_Unpadded):
    padding = 1, 0


class _OneUnpaddedFirst(_UnpaddedFirst):
    padding = 1, 0


NO_PADDING = Mistake(
    "no_padding", "Without a padding of 1 each convolution takes away a pixel at every edge, and x "
    "and f(x) no longer have the same size.",
    like=(_Unpadded, _UnpaddedFirst, _OneUnpadded, _OneUnpaddedFirst))
"""Recognised by the error in which the block ends."""


def mistakes(block: type[nn.Module], why: str = "") -> tuple[Mistake, Mistake]:
    """A block that forgets x, and one that subtracts.

    Args:
        block: the right one; x + f(x).
        why: a sentence about what becomes of a network without x.

    Returns:
        The two mistakes.
    """
    class WithoutSkip(block):
        def forward(self, x):
            return self.f(x)

    class Difference(block):
        def forward(self, x):
            return x - self.f(x)

    return (Mistake("no_skip", "The layers are right, and x itself is missing: a residual block "
                    f"gives back x + f(x).{why and f' {why}'}", like=WithoutSkip),
            Mistake("minus", "It subtracts: a residual block gives back x + f(x).",
                    like=Difference))
