"""The known mistakes of residual blocks, whose layers are called f."""
from torch import nn

from gan_course.lessons.exercises._checking import Mistake


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
