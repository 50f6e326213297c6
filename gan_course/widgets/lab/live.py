"""A training that plays while you watch: an asyncio task on the kernel's own loop, which can be
paused, stepped and reset at any time.

The task plays rounds for a short while, or draws if it is time to, and gives the loop back, so that
buttons and sliders answer at once. No thread: a second thread would halve the speed of small
networks.
"""
import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_course.data import Batches
from gan_course.games import Game
from gan_course.training import Record, Training
from gan_course.widgets.lab.curves import Curve

PLAY_SECONDS = 0.08
"""How long the task plays before it lets the kernel answer (one round at least)."""

BREATHE_SECONDS = 0.001
"""How long it then waits, so that messages on their way arrive."""

DRAW_SHARE = 0.035
"""The share of the time that drawing may take: a slow picture is drawn less often …"""

DRAW_SECONDS = 2.0
"""… but never longer than this after the one before."""

UNREAD = 500
"""Records that are kept as they are, at most; reading one may make the host wait for a GPU."""


def nothing() -> None:
    """What happens when nobody watches."""


class Live:
    """A training in the hands of a learner.

    Args:
        build: makes a fresh (game, batches) from the settings.
        settings: the arguments of `build`.
        on_draw: called when there is something new to show.
        on_stop: called when the task has stopped by itself: `error` or `interrupted` says why.
    """

    def __init__(self, build: Callable[..., tuple[Game, Batches]], settings: dict,
                 on_draw: Callable[[], None] = nothing, on_stop: Callable[[], None] = nothing):
        self.build, self.on_draw, self.on_stop = build, on_draw, on_stop
        self.task: asyncio.Task | None = None
        self.chosen: dict[str, float] = {}
        self.reset(settings)

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def reset(self, settings: dict) -> None:
        """Start a new training with these settings; it goes on running if it was.

        The players have the learning rates of the new game, except where the learner has chosen
        one.
        """
        game, batches = self.build(**settings)
        self._begin(Training(game, batches, seed=settings.get("seed", 0)), settings)
        for player, rate in self.chosen.items():
            if player in self.training.players:
                self.training.set_lr(player, rate)

    def resume(self, path: Path, settings: dict) -> None:
        """Go on with the training that `Training.save` wrote to `path`, built with these settings.

        Raises:
            FileNotFoundError, ValueError: as of `Training.resume`; the present training stays.
        """
        game, batches = self.build(**settings)
        self._begin(Training.resume(path, game, batches), settings)
        self.chosen = {}

    def _begin(self, training: Training, settings: dict) -> None:
        self.settings, self.training = dict(settings), training
        self.unread: list[Record] = []
        self.losses = {player: Curve() for player in training.players}
        self.error: BaseException | None = None
        self.interrupted = False

    @property
    def rates(self) -> dict[str, float]:
        """Each player's learning rate as it is now."""
        return {name: optimizer.param_groups[0]["lr"]
                for name, optimizer in self.training.optimizers.items()}

    def set_lr(self, player: str, rate: float) -> None:
        """Change a player's learning rate, by the learner's own choice: later resets keep it."""
        self.training.set_lr(player, rate)
        self.chosen[player] = rate

    def start(self) -> None:
        """Play until paused. Needs a running asyncio loop, as in a notebook."""
        if not self.running:
            self.error, self.interrupted = None, False
            self.task = asyncio.get_running_loop().create_task(self._play())

    def pause(self) -> None:
        """Stop after the round in progress; `start` goes on."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    def step(self) -> None:
        """Play one round."""
        self.unread.append(next(self.training))
        if len(self.unread) >= UNREAD:
            self.read()

    def read(self) -> dict[str, Curve]:
        """Each player's loss over the rounds so far."""
        for record in self.unread:
            for player, curve in self.losses.items():
                curve.append(sum(record[term] for term in record if term.startswith(f"{player}/")))
        self.unread.clear()
        return self.losses

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
            with _pausable(self):
                while not self.interrupted:
                    _hear_interrupts()
                    pause_at = time.perf_counter() + PLAY_SECONDS
                    while time.perf_counter() < pause_at and not self.interrupted:
                        self.step()
                    await asyncio.sleep(BREATHE_SECONDS)
                    if time.perf_counter() >= next_drawing:
                        begun = time.perf_counter()
                        self.on_draw()
                        now = time.perf_counter()
                        next_drawing = now + min((now - begun) / DRAW_SHARE, DRAW_SECONDS)
                        await asyncio.sleep(BREATHE_SECONDS)
        except Exception as error:
            self.error = error
        self.task = None
        self.on_stop()


_playing: list[Live] = []


@contextmanager
def _pausable(live: Live) -> Iterator[None]:
    """Inside, the kernel's Interrupt (■, SIGINT) pauses the training."""
    _playing.append(live)
    try:
        yield
    finally:
        _playing.remove(live)
        if not _playing and signal.getsignal(signal.SIGINT) is _pause_all:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _hear_interrupts() -> None:
    """Listen to SIGINT where nobody does.

    Between cells, when trainings play, ipykernel ignores SIGINT. It does so anew after each cell,
    so we look each time. While a cell runs, the signal is the cell's.
    """
    on_main = threading.current_thread() is threading.main_thread()
    if on_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, _pause_all)


def _pause_all(number, frame) -> None:
    for live in _playing:
        live.interrupted = True
