"""A training that plays while you watch: an asyncio task on the kernel's own loop, which can be
paused, stepped and reset at any time.

The task plays rounds for a short while, or draws if it is time to, and gives the loop back, so that
buttons and sliders answer at once. No thread: a second thread would halve the speed of small
networks.
"""
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from gan_course.data import Batches
from gan_course.games import Game
from gan_course.training import Record, Training, checkpoints, in_numbers, resuming
from gan_course.widgets.lab import interrupts
from gan_course.widgets.lab.curves import BinnedCurve

PLAY_SECONDS = 0.08
"""How long the task plays before it lets the kernel answer (one round at least)."""

BREATHE_SECONDS = 0.001
"""How long it then waits, so that messages on their way arrive."""

DRAW_SHARE = 0.035
"""The share of the time that drawing may take: a slow picture is drawn less often …"""

DRAW_SECONDS = 2.0
"""… but never longer than this after the one before."""

UNREAD = 500
"""Records that may wait to be read: reading one lets the host wait for a GPU."""


def nothing() -> None:
    """What happens when nobody watches."""


class Live:
    """A training in the hands of a learner.

    Args:
        build: makes a fresh (game, batches) from the settings.
        settings: the arguments of `build`; `seed` is the training's seed, too.
        on_draw: called when there is something new to show.
        on_stop: called when the task has stopped by itself; `error` or `interrupted` says why.

    Attributes:
        training: the `Training` itself.
        settings: what it was built from.
        chosen_rates: the learning rates that the learner has chosen; later trainings keep them.
        curves: the loss of each player over the rounds, as far as it was read (`read`).
        error: what stopped it, or None.
        interrupted: whether the kernel's Interrupt stopped it.
    """

    def __init__(self, build: Callable[..., tuple[Game, Batches]], settings: dict,
                 on_draw: Callable[[], None] = nothing, on_stop: Callable[[], None] = nothing):
        self.build, self.on_draw, self.on_stop = build, on_draw, on_stop
        self.chosen_rates: dict[str, float] = {}
        self.task: asyncio.Task | None = None
        self.reset(settings)

    # one training after another

    def reset(self, settings: dict) -> None:
        """Start a new training; it goes on running if it was.

        The players have the learning rates of the new game, except where the learner has chosen
        one.

        Args:
            settings: the arguments of `build`.
        """
        game, batches = self.build(**settings)
        training = Training(game, batches, seed=settings.get("seed", 0), precision="fastest")
        self._begin(training, settings)
        for player in self.chosen_rates.keys() & self.training.players:
            self.training.set_lr(player, self.chosen_rates[player])

    def save(self, path: Path) -> None:
        """Write the training and its settings to a file, as a whole or not at all.

        Args:
            path: the file.

        Raises:
            OSError: the file cannot be written.
            TypeError: a setting is no plain value (number, string, None or a list of these).
            NotFinite: a loss has become NaN or infinite; what was saved before stays.
        """
        self.training.save(path, self.settings)

    def resume(self, path: Path) -> None:
        """Stop, and go back to the training that `save` wrote, with its settings and rates.

        Args:
            path: the file.

        Raises:
            FileNotFoundError, ValueError: there is no such training, it is damaged, it belongs to
                another lab, or it was saved on another kind of device. The present training then
                stays and goes on.
        """
        with resuming.errors_in_words():
            settings = checkpoints.settings(path)
            if settings.keys() != self.settings.keys():
                raise ValueError(f"{path} was saved with the settings {_listed(settings)}; this "
                                 f"lab has {_listed(self.settings)}.")
            game, batches = self.build(**settings)
            training = Training.resume(path, game, batches)
        self.pause()
        self._begin(training, settings)
        self.chosen_rates = {name: rate for name, rate in self.rates.items()
                             if rate != training.players[name].lr}

    def _begin(self, training: Training, settings: dict) -> None:
        self.training, self.settings = training, dict(settings)
        self.curves = {player: BinnedCurve() for player in training.players}
        self._unread: list[Record] = []
        self._forget_stop()

    # the learner's hands on it

    @property
    def running(self) -> bool:
        """Whether the task is playing."""
        return self.task is not None and not self.task.done()

    @property
    def rates(self) -> dict[str, float]:
        """Each player's learning rate as it is now."""
        return {name: optimizer.param_groups[0]["lr"]
                for name, optimizer in self.training.optimizers.items()}

    def set_rate(self, player: str, rate: float) -> None:
        """Change a player's learning rate from its next move on; later trainings keep it."""
        self.training.set_lr(player, rate)
        self.chosen_rates[player] = rate

    def start(self) -> None:
        """Play until paused. Needs a running asyncio loop, as in a notebook."""
        if not self.running:
            self._forget_stop()
            self.task = asyncio.get_running_loop().create_task(self._play())

    def pause(self) -> None:
        """Stop after the round in progress; `start` goes on."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def step(self) -> None:
        """Stop, and play one round."""
        self.pause()
        self._forget_stop()
        self.play(1)

    def move(self, player: str) -> None:
        """Stop, and let one player make one move; the others stay where they are."""
        self.pause()
        self._forget_stop()
        self.training.move(player)

    def play(self, rounds: int) -> None:
        """Play so many rounds now, without a task."""
        for _ in range(rounds):
            self._unread.append(next(self.training))
            if len(self._unread) >= UNREAD:
                self.read()

    def read(self) -> dict[str, BinnedCurve]:
        """Add the losses of the latest rounds to `curves`, and return these."""
        for record in in_numbers(self._unread):
            for player, curve in self.curves.items():
                terms = [record[term] for term in record if term.startswith(f"{player}/")]
                curve.add(record["round"], sum(terms))
        self._unread.clear()
        return self.curves

    def fail(self, error: BaseException) -> None:
        """Stop because of this error, and keep it."""
        self.pause()
        self.error = error

    def raise_error(self) -> None:
        """Raise the error that stopped the training, if there was one."""
        if self.error is not None:
            raise self.error

    def _forget_stop(self) -> None:
        self.error: BaseException | None = None
        self.interrupted = False

    # the task

    async def _play(self) -> None:
        next_drawing = 0.0
        try:
            with interrupts.pausing(self):
                while not self.interrupted:
                    interrupts.listen()
                    pause_at = time.perf_counter() + PLAY_SECONDS
                    while time.perf_counter() < pause_at and not self.interrupted:
                        self.play(1)
                    await asyncio.sleep(BREATHE_SECONDS)
                    if time.perf_counter() >= next_drawing:
                        begun = time.perf_counter()
                        self.on_draw()
                        now = time.perf_counter()
                        next_drawing = now + min((now - begun) / DRAW_SHARE, DRAW_SECONDS)
                        await asyncio.sleep(BREATHE_SECONDS)
            self.on_draw()
        except Exception as error:
            self.error = error
        self.task = None
        self.on_stop()


def _listed(settings: dict) -> str:
    return ", ".join(settings) or "(none)"
