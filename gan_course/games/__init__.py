"""The whole abstraction: a game is a list of players. Each GAN paper of the course is one file in
this folder.

What differs between GAN papers is who moves, which parameters, minimising what, how often. A game
states that and nothing else; `gan_course.training` plays it.
"""
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from torch import Tensor, nn

from gan_course.data.sets import Batch


@dataclass
class Player:
    """One side of the game: it moves the parameters of `net`, and no others, to make the sum of its
    loss terms small.

    Args:
        name: "D" or "G" in most games; it stands before each of its terms in records and plots.
        net: the network whose parameters it moves.
        loss: Batch -> its loss terms, {"real": scalar tensor, …}.
        updates: its moves in each round.
        lr: Adam's learning rate.
        betas: how fast Adam forgets its two moments.
        after_move: what follows each of its moves, weight clipping for example.
    """

    name: str  # "D", "G"; prefix of its terms in records and plots
    net: nn.Module
    loss: Callable[[Batch], dict[str, Tensor]]                      # named scalar terms
    updates: int = 1                                                # moves per round
    lr: float = 2e-4                                                # Adam's learning rate
    betas: tuple[float, float] = (0.5, 0.999)  # Adam's memory, as in DCGAN (arXiv:1511.06434)
    after_move: Callable[[], None] = lambda: None  # right after each of its moves: weight clipping


class Game(nn.Module):
    """What a file in `games/` defines: the networks as attributes, the players, and how to sample.
    """

    def players(self) -> list[Player]:
        """The players in order of play."""
        raise NotImplementedError

    def sample(self, n: int, **condition) -> Tensor:
        """Samples as the finished generator gives them, without gradients.

        Args:
            n: how many.
            condition: what a conditional game asks for beside it: the classes y, the code c, or the
                pictures x to translate.

        Returns:
            (n, *data_shape), on the CPU; images lie in [-1, 1].
        """
        raise NotImplementedError

    def chance(self) -> dict[str, float]:
        """The loss of each player while D cannot tell real from fake, for plots to mark.

        Returns:
            {"D": 1.386, "G": 0.693}; a player without such a level is left out.
        """
        return {}

    def after_round(self) -> None:
        """What happens between rounds (moving averages of weights); by default nothing."""


def names() -> tuple[str, ...]:
    """The games there are: the files of this folder, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> ModuleType:
    """The module of a game by its name; its `demo()` returns a small (game, batches).

    Args:
        name: one of `names()`.

    Raises:
        ValueError: there is no game of this name.
    """
    if name not in names():
        raise ValueError(f"There is no game called {name!r}. Games: {', '.join(names())}.")
    return importlib.import_module(f"{__name__}.{name}")
