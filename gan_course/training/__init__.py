"""The only training loop of the course. It knows no GAN variant: a game says who plays, the loop
lets them move.

    for record in play(game, batches, rounds=1500):
        ...                     # {"round": 1, "D/real": 0.69, "D/fake": 0.70, "G/adv": 0.69}

To pause, stop calling `next`.
"""
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_course.games import Game
from gan_course.profile import headless
from gan_course.training import checkpoints
from gan_course.training.guards import RandomStream, constant, uninterrupted
from gan_course.training.precision import fastest

PRECISIONS = ("float32", "bfloat16", "fastest")

CHECK_EVERY = 50
"""Rounds between two looks for NaN on a GPU, where each look makes the host wait.

On a CPU looking is free: every round.
"""


class Record(Mapping):
    """One round in numbers: {"round": 7, "D/real": 0.61, …}. Values become floats when they are
    read, not before.
    """

    def __init__(self, number: int, terms: dict[str, Tensor]):
        self.round = number
        self.terms = terms  # scalars on the training's device

    def __getitem__(self, name: str) -> float:
        return self.round if name == "round" else self.terms[name].item()

    def __iter__(self) -> Iterator[str]:
        yield "round"
        yield from self.terms

    def __len__(self) -> int:
        return 1 + len(self.terms)

    def __repr__(self) -> str:
        return repr({name: round(value, 4) for name, value in self.items()})


def in_numbers(records: Iterable[Record]) -> list[dict[str, float]]:
    """The same records as plain dictionaries, with one wait for the device instead of one a number.

    Args:
        records: rounds of one training.

    Returns:
        {"round": 7, "D/real": 0.61, …} for each.
    """
    records = list(records)
    if not records:
        return []
    table = torch.stack([torch.stack(list(record.terms.values())) for record in records]).tolist()
    return [{"round": record.round, **dict(zip(record.terms, row, strict=True))}
            for record, row in zip(records, table, strict=True)]


class NotFinite(ArithmeticError):
    """A loss became NaN or infinite; the message names the round, the term and the likely
    causes.
    """


class Training:
    """A game in play: `next(training)` plays one round and returns its `Record`.

    In a round each player in turn makes its `updates` moves. A move draws a fresh batch, sums the
    player's loss terms, and takes one Adam step on that player's parameters only. The training has
    a random stream of its own: what happens outside, between two rounds, does not change it, and it
    does not change what happens outside.

    Args:
        game: it moves to the device of the batches.
        batches: an endless iterator of Batch, usually `data.batches(...)`. One that comes to an
            end, as a DataLoader does, ends the training in the middle of a round.
        seed: where the random stream begins.
        precision: "float32", in which the course's claims are calibrated; "bfloat16", in which the
            networks compute where autocast thinks it safe, while losses and weights stay float32;
            or "fastest", the one of the two that `precision.fastest` finds to be faster here.

    Raises:
        ValueError: an unknown precision.
    """

    def __init__(self, game: Game, batches: Iterable, *, seed: int = 0,
                 precision: str = "float32"):
        if precision not in PRECISIONS:
            raise ValueError(f"The precision is {precision!r}; choose {', '.join(PRECISIONS)}.")
        self.batches = iter(batches)
        self.device = torch.device(getattr(batches, "device", "cpu"))
        self.game = game.to(self.device, memory_format=torch.channels_last).train()
        self.players = {player.name: player for player in game.players()}
        self.optimizers = {
            player.name: torch.optim.Adam(player.net.parameters(), lr=player.lr, betas=player.betas,
                                          fused=True) for player in self.players.values()
        }
        self._others = {
            player.name: _parameters_except(self.game, player.net)
            for player in self.players.values()
        }
        self.round = 0
        self.random = RandomStream(seed, self.device)
        self.precision = fastest(game, self.device) if precision == "fastest" else precision
        self._unchecked: deque[Record] = deque()

    def __iter__(self):
        return self

    def __next__(self) -> Record:
        """Play one round. Ctrl-C is honoured at its end, so that no player is left half-moved.

        Raises:
            NotFinite: a loss is NaN or infinite, in this round or (on a GPU) in one of the last.
        """
        with uninterrupted():
            terms = {}
            for player in self.players.values():
                for _ in range(player.updates):
                    terms |= self.move(player.name)
            with torch.no_grad():
                self.game.after_round()
            self.round += 1
            record = Record(self.round, terms)
            self._unchecked.append(record)
        if self.device.type == "cpu" or self.round % CHECK_EVERY == 0:
            self.check()
        return record

    def move(self, name: str) -> dict[str, Tensor]:
        """Let one player make one move, as in a round.

        Args:
            name: the player, "D" or "G" in most games.

        Returns:
            Its loss terms, {"D/real": scalar tensor, …}, without gradients, on the device.

        Raises:
            KeyError: there is no such player.
        """
        player, optimizer = self.players[name], self.optimizers[name]
        with self.random, constant(self._others[name]):
            bfloat16 = self.precision == "bfloat16"
            with torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16):
                terms = player.loss(next(self.batches))
            optimizer.zero_grad(set_to_none=True)
            sum(terms.values()).backward()
            optimizer.step()
            with torch.no_grad():
                player.after_move()
        return {f"{name}/{term}": value.detach() for term, value in terms.items()}

    def set_lr(self, name: str, lr: float) -> None:
        """Change a player's learning rate from its next move on.

        Args:
            name: the player, "D" or "G" in most games.
            lr: the new rate, at least 0; at 0 the player stands still.

        Raises:
            ValueError: the rate is negative or not finite.
            KeyError: there is no such player.
        """
        if not lr >= 0 or math.isinf(lr):
            raise ValueError(f"A learning rate is a number from 0 up; got {lr}.")
        for group in self.optimizers[name].param_groups:
            group["lr"] = lr

    def decay(self, done: float) -> None:
        """Let every learning rate fall linearly to 0 over the second half: lr min(1, 2 - 2 done).

        Args:
            done: the share of the training that is behind us, 0 to 1.
        """
        for player in self.players.values():
            self.set_lr(player.name, player.lr * min(1.0, 2 - 2 * done))

    def check(self) -> None:
        """Look for a loss that is NaN or infinite among the rounds since the last look.

        This is the one place where the host waits for the device.

        Raises:
            NotFinite: there is one; the message names the round, the term and likely causes.
        """
        if not self._unchecked:
            return
        rows = [(record.round, term, value) for record in self._unchecked
                for term, value in record.terms.items()]
        self._unchecked.clear()
        finite = torch.isfinite(torch.stack([value for *_, value in rows])).tolist()
        for (number, term, value), good in zip(rows, finite, strict=True):
            if not good:
                raise NotFinite(f"{term} is {value.item()} in round {number}. Likely causes, most "
                                "common first: a learning rate that is too "
                                "high; a critic or discriminator whose output runs away (no "
                                "normalisation, no penalty); data outside "
                                "[-1, 1] or with NaN in it; a logarithm of 0 or a division by 0 in "
                                "a loss of your own.")

    def save(self, path, settings: dict | None = None) -> None:
        """Write everything needed to go on: networks, optimizers, random stream, place in the data.

        Args:
            path: the file; it is there as a whole or not at all.
            settings: what the game was built with, for whoever has to build it again
                (`checkpoints.settings` reads it); values that JSON knows.

        Raises:
            NotFinite: a loss is not finite, so no good file is replaced.
            AttributeError: the batches are not those of `data.batches`, whose place can be kept.
        """
        self.check()                            # a broken state never replaces a good file
        checkpoints.save(self, path, settings)

    @classmethod
    def resume(cls, path, game: Game, batches: Iterable, **options) -> "Training":
        """Continue from a file that `save` wrote.

        On one machine the continuation equals an uninterrupted training bit for bit (on a GPU, if
        its operations are deterministic).

        Args:
            path: the file.
            game, batches: built as they were then.
            options: those of `Training`. The file decides about the precision.

        Returns:
            The training, after the round in which it was saved.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file does not belong to this game.
            RuntimeError: it was saved on another kind of device, a CPU or a GPU.
        """
        training = cls(game, batches, **options)
        checkpoints.restore(training, path)
        return training


def _parameters_except(game: Game, net: nn.Module) -> list[nn.Parameter]:
    own = {id(parameter) for parameter in net.parameters()}
    return [parameter for parameter in game.parameters() if id(parameter) not in own]


def play(game: Game, batches: Iterable, rounds: int, *, progress: bool = True,
         **options) -> Iterator[Record]:
    """Play some rounds and yield their records.

    Args:
        game, batches: as of `Training`.
        rounds: how many.
        progress: whether to show a bar.
        options: those of `Training`.

    Yields:
        The `Record` of each round.

    Raises:
        NotFinite: a loss became NaN or infinite.
    """
    training = Training(game, batches, **options)
    yield from tqdm(islice(training, rounds), total=rounds, unit="round", leave=False,
                    disable=not progress or headless())
    training.check()
