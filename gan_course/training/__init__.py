"""The only training loop of the course. It knows no GAN variant: a game says who plays, the loop
lets them move.

    for record in play(game, batches, rounds=1500):       # {"round": 1, "D/real": 0.69, "D/fake": 0.70, "G/adv": 0.69}
        ...

Pausing is not asking for the next record.
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

CHECK_EVERY = 50
"""Rounds between two looks for NaN on a GPU, where each look makes the host wait.

On a CPU looking is free: every round.
"""


class Record(Mapping):
    """One round in numbers: {"round": 7, "D/real": 0.61, …}. Values become floats when they are
    read, not before.
    """

    def __init__(self, round: int, terms: dict[str, Tensor]):
        self.round = round
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


class NotFinite(ArithmeticError):
    """A loss became NaN or infinite; the message names the round, the term and the likely
    causes.
    """


class Training:
    """A game in play: `next(training)` plays one round and returns its `Record`.

    A round: each player in turn makes its `updates` moves; a move draws a fresh batch, sums the
    player's loss terms, and takes one Adam step on that player's parameters only. `bf16` computes
    the networks in bfloat16 where autocast thinks it safe.
    The training has a random stream of its own, started from `seed`: what happens outside, between
    two rounds, does not change it, and it does not change what happens outside.
    """

    def __init__(self, game: Game, batches: Iterable, *, seed: int = 0, bf16: bool = False):
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
        self.bf16 = bf16
        self._unchecked: deque[Record] = deque()

    def __iter__(self):
        return self

    def __next__(self) -> Record:
        """Play one round. Ctrl-C is honoured at its end, so that no player is left half-moved."""
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
        """Let one player make one move, outside the rounds; returns its terms, {"D/real": scalar
        tensor, …}.
        """
        player, optimizer = self.players[name], self.optimizers[name]
        with self.random, constant(self._others[name]):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                terms = player.loss(next(self.batches))
            optimizer.zero_grad(set_to_none=True)
            sum(terms.values()).backward()
            optimizer.step()
            with torch.no_grad():
                player.after_move()
        return {f"{name}/{term}": value.detach() for term, value in terms.items()}

    def set_lr(self, name: str, lr: float) -> None:
        """Change a player's learning rate from its next move on."""
        if not lr >= 0 or math.isinf(lr):
            raise ValueError(f"A learning rate is a number from 0 up; got {lr}.")
        for group in self.optimizers[name].param_groups:
            group["lr"] = lr

    def decay(self, done: float) -> None:
        """Let every learning rate fall linearly to 0 over the second half: lr min(1, 2 - 2 done).
        `done` is the share behind us, 0 to 1.
        """
        for player in self.players.values():
            self.set_lr(player.name, player.lr * min(1.0, 2 - 2 * done))

    def check(self) -> None:
        """Raise `NotFinite` if a loss since the last check was NaN or infinite.

        The one place where the host waits for the device.
        """
        if not self._unchecked:
            return
        rows = [(record.round, term, value) for record in self._unchecked
                for term, value in record.terms.items()]
        self._unchecked.clear()
        finite = torch.isfinite(torch.stack([value for *_, value in rows])).tolist()
        for (round, term, value), good in zip(rows, finite, strict=True):
            if not good:
                raise NotFinite(f"{term} is {value.item()} in round {round}. Likely causes, most "
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
        """
        self.check()                            # a broken state never replaces a good file
        checkpoints.save(self, path, settings)

    @classmethod
    def resume(cls, path, game: Game, batches: Iterable, **options) -> "Training":
        """Continue from a file that `save` wrote, with a game and batches built as they were then.

        On one machine the continuation equals an uninterrupted training bit for bit. Raises
        ValueError when the file does not belong to this game.
        """
        training = cls(game, batches, **options)
        checkpoints.restore(training, path)
        return training


def _parameters_except(game: Game, net: nn.Module) -> list[nn.Parameter]:
    own = {id(parameter) for parameter in net.parameters()}
    return [parameter for parameter in game.parameters() if id(parameter) not in own]


def play(game: Game, batches: Iterable, rounds: int, *, progress: bool = True,
         **options) -> Iterator[Record]:
    """Play `rounds` rounds and yield their records.

    `options` are those of `Training`; `progress` shows a bar.
    """
    training = Training(game, batches, **options)
    yield from tqdm(islice(training, rounds), total=rounds, unit="round", leave=False,
                    disable=not progress or headless())
    training.check()
