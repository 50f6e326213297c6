"""A training that plays while you watch: an asyncio task on the kernel's own loop, which can be
paused, stepped and reset at any time.

The task plays rounds for a short while, or draws if it is time to, and gives the loop back, so that
buttons and sliders answer at once. No thread: a second thread would halve the speed of small
networks.
"""
import asyncio
import time
from collections.abc import Callable

from gan_course.data import Batches
from gan_course.games import Game
from gan_course.training import Record, Training

PLAY_SECONDS = 0.08
"""How long the task plays before it lets the kernel answer (one round at least)."""

BREATHE_SECONDS = 0.001
"""How long it then waits, so that messages on their way arrive."""

DRAW_SHARE = 0.035
"""The share of the time that drawing may take: a slow picture is drawn less often …"""

DRAW_SECONDS = 2.0
"""… but never longer than this after the one before."""


class Live:
    """A training in the hands of a learner.

    `build(**settings)` makes a fresh (game, batches); `on_draw()` is called when there is something
    new to show. An error inside the task pauses it and is kept in `error`; `raise_error()` raises
    it where somebody asks.
    """

    def __init__(self, build: Callable[..., tuple[Game, Batches]], settings: dict,
                 on_draw: Callable[[], None] = lambda: None):
        self.build, self.on_draw = build, on_draw
        self.task: asyncio.Task | None = None
        self.reset(settings)

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def reset(self, settings: dict) -> None:
        """Start a new training with these settings; it goes on running if it was. The learning
        rates that were set are kept.
        """
        rates = self.rates if hasattr(self, "training") else {}
        game, batches = self.build(**settings)
        training = Training(game, batches, seed=settings.get("seed", 0))
        for player, rate in rates.items():
            if player in training.players:
                training.set_lr(player, rate)
        self.settings, self.training = dict(settings), training
        self.records: list[Record] = []
        self.error: BaseException | None = None

    @property
    def rates(self) -> dict[str, float]:
        """Each player's learning rate as it is now."""
        return {
            name: optimizer.param_groups[0]["lr"]
            for name, optimizer in self.training.optimizers.items()
        }

    def start(self) -> None:
        """Play until paused. Needs a running asyncio loop, as in a notebook."""
        if not self.running:
            self.error = None
            self.task = asyncio.get_running_loop().create_task(self._play())

    def pause(self) -> None:
        """Stop after the round in progress; `start` goes on."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def step(self) -> None:
        """Play one round."""
        self.records.append(next(self.training))

    def move(self, player: str) -> None:
        """Let one player make one move; the other stays where it is."""
        self.training.move(player)

    def play(self, rounds: int) -> None:
        """Play so many rounds now, without a task: for tests and batch runs."""
        for _ in range(rounds):
            self.step()

    def raise_error(self) -> None:
        """Raise the error that stopped the task, if there was one."""
        if self.error is not None:
            raise self.error

    async def _play(self) -> None:
        next_drawing = 0.0
        try:
            while True:
                pause_at = time.perf_counter() + PLAY_SECONDS
                while time.perf_counter() < pause_at:
                    self.step()
                await asyncio.sleep(BREATHE_SECONDS)
                if time.perf_counter() >= next_drawing:
                    begun = time.perf_counter()
                    self.on_draw()
                    now = time.perf_counter()
                    next_drawing = now + min((now - begun) / DRAW_SHARE, DRAW_SECONDS)
                    await asyncio.sleep(BREATHE_SECONDS)
        except Exception as error:
            self.error, self.task = error, None
            self.on_draw()
