"""A training that is kept in a folder, in which it goes on after a stop."""
import sys
import time
from collections import deque
from pathlib import Path

from tqdm import tqdm

from gan_course import data, jobs, saving
from gan_course.data import PairSet
from gan_course.games import Game
from gan_course.terminal import keeping, recipes, run_data
from gan_course.terminal.settings import Settings
from gan_course.training import NotFinite, Record, Training, checkpoints, in_numbers, resuming

LOOK_SECONDS = 0.5
"""How often the bar shows new losses."""


class Run:
    """A training that is kept in a folder.

    Args:
        out: the folder. If it has a checkpoint, the training goes on from there.
        wish: the settings.
        game: built from them.
        stream: the batches that it learns from.
        every: seconds between two checkpoints, each with a sheet of samples.

    Raises:
        ValueError: the checkpoint is damaged, or from another kind of device.
    """

    def __init__(self, out: Path, wish: Settings, game: Game, stream: data.Batches, every: float):
        self.out, self.settings, self.every = Path(out), wish, every
        self.dataset, self.how = stream.dataset, recipes.recipe(wish.game)
        self.checkpoint = self.out / keeping.CHECKPOINT
        self.seconds = 0.0
        self.records: list[Record] = []                             # not yet in the table
        self.recent: deque[Record] = deque(maxlen=50)               # for the bar
        if self.checkpoint.exists():
            self.training = self._resumed(game, stream)
        else:
            self.training = Training(game, stream, seed=wish.seed, precision=wish.precision)
        self.kept = self.training.round
        keeping.cut_losses(self.out / keeping.LOSSES, self.kept)
        held_out = run_data.load(
            self.how.needs, wish.data, wish.size, "test", wish.fit) if isinstance(
            self.dataset, PairSet) else None
        self.draw = keeping.watching(self.training.game, held_out)

    def _resumed(self, game: Game, stream: data.Batches) -> Training:
        try:
            with resuming.errors_in_words():
                about = checkpoints.settings(self.checkpoint)
                device = about.get("device", stream.device.type)
                if device == stream.device.type:
                    self.seconds = about.get("seconds", 0.0)
                    if not isinstance(self.seconds, int | float):
                        raise ValueError(f"It took {self.seconds!r} seconds, which is no number.")
                    training = Training.resume(self.checkpoint, game, stream)
                    keeping.checked_round(training.round)
                    with training.random:                   # its states are those of generators
                        pass
                    return training
        except ValueError as error:
            raise ValueError(f"{self.checkpoint} is damaged, or belongs to another run: {error} "
                             "Put a copy of yours in its place. If you have none, delete the file, "
                             "and the run begins again at round 0.") from error
        raise ValueError(f"The run in {self.out} was trained on {device} and goes on only there, "
                         f"with --device {device}; here it would be {stream.device.type}.")

    def begins(self) -> str:
        """What will happen, in words."""
        s, n = self.settings, self.settings.pictures
        lines = [f"{s.words()}: {n:,} pictures of {s.data_shape[2]}x{s.data_shape[1]} to learn "
                 f"from, on {self.training.device}, in {self.training.precision}."]
        if self.kept:
            lines.append(f"Going on at round {self.kept:,}, after {_time(self.seconds)}.")
        lines.append(f"Checkpoint, losses and samples go to {self.out}. Ctrl-C stops and saves.")
        return "\n".join(lines)

    def reached(self) -> float:
        """The share of the goal that is behind us, 0 to 1."""
        s = self.settings
        return min(1.0, keeping.share(self.seconds, self.training.round, s.minutes, s.rounds))

    def play(self) -> int:
        """Train until the goal is reached or someone wants to stop.

        Returns:
            The exit status, as of `train.train`.
        """
        try:
            with jobs.requests_to_stop() as asked, self._bar() as bar:
                if not self.kept:
                    saving.save_page(self.out / keeping.REAL, keeping.real_page(self.dataset))
                    self.keep()
                self._rounds(asked, bar)
                if self.training.round > self.kept:
                    self.keep()
        except NotFinite as error:
            print(f"{error}\nNothing was saved of this. The last checkpoint is that of round "
                  f"{self.kept:,}; begin again in another folder with a lower --lr.",
                  file=sys.stderr)
            return 1
        except BrokenPipeError:         # nobody reads what is printed
            raise
        except OSError as error:        # the disk is full
            print(f"Not saved, because a file cannot be written: {error}\nThe last checkpoint, of "
                  f"round {self.kept:,}, is whole. Make room, and go on with: {self.go_on()}",
                  file=sys.stderr)
            return 1
        done = self.reached() >= 1
        print(self.ends(done))
        return 0 if done else 130

    def _rounds(self, asked: list, bar: tqdm) -> None:
        last = looked = kept = time.perf_counter()
        while self.reached() < 1 and not asked:
            if self.how.decays:
                self.training.decay(self.reached())
            self.records.append(next(self.training))
            self.recent.append(self.records[-1])
            now = time.perf_counter()
            self.seconds, last = self.seconds + now - last, now
            if now - looked > LOOK_SECONDS:
                looked = now
                bar.n = self._done()
                bar.set_postfix_str(self._losses())
            if now - kept > self.every and self.reached() < 1:
                self.keep()
                kept = time.perf_counter()
                if bar.disable:
                    print(f"round {self.kept:,}, {_time(self.seconds)}: {self._losses()}",
                          flush=True)
        bar.n = self._done()
        bar.refresh()

    def keep(self) -> None:
        """Write the losses, the checkpoint, and a sheet of samples.

        Raises:
            NotFinite: a loss is not finite.
            OSError: the disk is full.
        """
        self.training.check()
        keeping.add_losses(self.out / keeping.LOSSES, self.records)
        self.training.save(self.checkpoint, {"seconds": self.seconds,
                                             "device": self.training.device.type})
        self.kept = self.training.round
        self.records.clear()
        saving.save_page(keeping.sheet_of(self.out, self.kept), self.draw())

    def ends(self, done: bool) -> str:
        """What has come out, and how to go on, in words."""
        more = ("--minutes", 2 * self.seconds / 60) if self.settings.rounds is None else (
            "--rounds", 2 * self.settings.rounds)
        lines = [f"{'Done' if done else 'Stopped and saved'}: round {self.kept:,}, "
                 f"{_time(self.seconds)} of training in all.",
                 f"samples   {keeping.sheet_of(self.out, self.kept)}",
                 f"losses    {self.out / keeping.LOSSES}",
                 f"draw      gan-course sample {self.out}",
                 f"go on     {self.go_on()}" + (f" {more[0]} {more[1]:.3g}" if done else "")]
        return "\n".join(lines)

    def go_on(self) -> str:
        """The command that goes on with this run."""
        own = [f" --{option} FILE.py:{name}" for option in ("generator", "discriminator")
               if (name := getattr(self.settings, option))]
        return f"gan-course train --resume -o {self.out}{''.join(own)}"

    def _bar(self) -> tqdm:
        """A bar over the goal; where nobody watches a terminal it stays away."""
        if self.settings.rounds is not None:
            return tqdm(total=self.settings.rounds, initial=self.kept, unit="round", disable=None)
        return tqdm(total=60 * self.settings.minutes, initial=self.seconds, disable=None,
                    bar_format="{percentage:3.0f}%|{bar}| {n:.0f} of {total:.0f} s{postfix}")

    def _done(self) -> float:
        return self.training.round if self.settings.rounds is not None else self.seconds

    def _losses(self) -> str:
        """The mean loss of each player over the latest rounds: "D 1.21, G 0.85"."""
        rows = in_numbers(self.recent)
        return ", ".join(
            f"{player} {sum(_sum(row, player) for row in rows) / len(rows):.3f}"
            for player in self.training.players)


def _sum(row: dict[str, float], player: str) -> float:
    return sum(value for term, value in row.items() if term.startswith(f"{player}/"))


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
