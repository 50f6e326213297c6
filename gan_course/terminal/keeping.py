"""What a run keeps in its folder while it trains, so that it can go on after whatever happens.

    settings.json              what was begun (see `settings`)
    checkpoint.safetensors     the training, replaced as a whole at intervals
    losses.csv                 every loss term of every round up to the checkpoint
    samples/round_000500.png   the same latent vectors, or the same pictures to translate, each time
    real.png                   pictures of the data, to compare
"""
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gan_course import files, nets, plots, saving
from gan_course.data import ImageSet, PairSet
from gan_course.data.sets import scale
from gan_course.games import Game
from gan_course.training import Record, checkpoints, in_numbers, resuming
from gan_course.training.guards import RandomStream

CHECKPOINT, LOSSES, SAMPLES, REAL = ("checkpoint.safetensors", "losses.csv", "samples", "real.png")
SHOWN = 64
"""Samples on a sheet."""

TRANSLATED = 8
"""Pictures on a sheet of translations."""


# losses ------------------------------------------------------------------------------------------

def add_losses(path: Path, records: list[Record]) -> None:
    """Append rounds to the table of losses.

    Args:
        path: the CSV file; it begins with a line of names.
        records: the rounds, in order.

    Raises:
        OSError: the file cannot be written.
    """
    rows = in_numbers(records)
    if not rows:
        return
    with open(path, "a", encoding="utf-8", newline="") as file:
        if file.tell() == 0:
            file.write(",".join(rows[0]) + "\n")
        file.writelines(",".join(f"{value:.6g}" if name != "round" else str(value)
                                 for name, value in row.items()) + "\n" for row in rows)


def cut_losses(path: Path, last: int) -> None:
    """Take out the rounds that came after the checkpoint: they will be played again.

    Args:
        path: the CSV file; it may be missing.
        last: the round of the checkpoint.

    Raises:
        OSError: the file cannot be written.
    """
    if not path.exists():
        return
    head, *rows = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    # what was being written when the power went may be half a line, or no text at all
    kept = [row for row in rows if row.count(",") == head.count(",")
            and (number := row.partition(",")[0]).isdecimal() and int(number) <= last]
    files.write(path, "".join(line + "\n" for line in [head, *kept] if line))


# the checkpoint ----------------------------------------------------------------------------------

def checked_round(number) -> int:
    """The round that a checkpoint states, if it is one.

    Args:
        number: what the file has in this place.

    Returns:
        The same.

    Raises:
        ValueError: it is no whole number of at least 0.
    """
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"Its round is {number!r}, which is no round.")
    return number


def load_weights(out: Path, game: Game) -> int:
    """Put a game's networks in the state of a run's checkpoint, to draw with them.

    Args:
        out: the run's folder.
        game: built from its settings.

    Returns:
        The round of the checkpoint.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, or its networks have other sizes.
    """
    try:
        with resuming.errors_in_words():
            return checked_round(checkpoints.load_weights(out / CHECKPOINT, game))
    except ValueError as error:
        raise ValueError(f"{out / CHECKPOINT} is damaged, or belongs to another run: {error} Put a "
                         "copy of yours in its place.") from error


# samples on the way ------------------------------------------------------------------------------

def watching(game: Game, held_out: PairSet | None) -> Callable[[], np.ndarray]:
    """A function that draws the same samples again each time it is called.

    Args:
        game: the game, on the device where it trains.
        held_out: pictures of two sides that a translator has not seen; None: a game that draws
            from noise.

    Returns:
        () -> an RGB page, uint8 (height, width, 3). Of a translator it has the rows x, G(x), the
        true partner if there is one, and the way back F(G(x)) if there is one.
    """
    device = nets.device_of(game)
    if held_out is None:
        with RandomStream(0, device):
            inputs = game.inputs(SHOWN)
        across = _across(game)

        def samples() -> np.ndarray:
            with RandomStream(0, device):                           # the noise inside StyleGAN's G
                return plots.sheet(nets.generate(saving.finished(game), *inputs), across)
        return samples
    x = scale(held_out.x[:TRANSLATED])

    def translations() -> np.ndarray:
        with RandomStream(0, device):                               # the noise of pix2pix
            return plots.sheet(translated(game, x, held_out), len(x))
    return translations


def translated(game: Game, x: torch.Tensor, held_out: PairSet | None = None) -> torch.Tensor:
    """Pictures x, their translations, and what there is to compare, one row after the other.

    Args:
        game: a translator.
        x: pictures of the first side, (n, C, H, W) in [-1, 1].
        held_out: the set whose first n pictures these are, for the true partners.

    Returns:
        (rows * n, 3, H, W) in [-1, 1], on the CPU.
    """
    fake = game.sample(len(x), x)
    rows = [x, fake]
    if held_out is not None and held_out.paired:
        rows.append(scale(held_out.y[:len(x)]))
    if hasattr(game, "back"):
        rows.append(game.back(fake))
    return torch.cat([row.expand(-1, 3, -1, -1) for row in rows])


def _across(game: Game) -> int:
    """How many samples stand in a row: one for each class or category, if there are few."""
    kinds = getattr(game.G, "classes", 0) or getattr(game.G, "categories", 0)
    return kinds if 2 <= kinds <= 16 else saving.columns(SHOWN)


def real_page(dataset: ImageSet | PairSet) -> np.ndarray:
    """Pictures of the data on one page: uint8 (height, width, 3); of two sides some of each."""
    if isinstance(dataset, ImageSet):
        n = min(SHOWN, len(dataset))
        return plots.sheet(dataset.take(n), saving.columns(n))
    n = min(TRANSLATED, len(dataset))
    return plots.sheet(torch.cat([scale(side[:n]).expand(-1, 3, -1, -1)
                                  for side in (dataset.x, dataset.y)]), n)


def sheet_of(out: Path, number: int) -> Path:
    """Where the sheet of samples after a round lies."""
    return Path(out) / SAMPLES / f"round_{number:06}.png"


def film_of_training(out: Path) -> list[np.ndarray]:
    """The sheets of a run as the pages of a film.

    Args:
        out: the run's folder.

    Returns:
        At most `saving.FRAMES` RGB pages of one size; [] if there are no sheets.
    """
    sheets = sorted((Path(out) / SAMPLES).glob("round_*.png"))
    pages = []
    for sheet in saving.thinned(sheets):
        with Image.open(sheet) as opened:
            pages.append(np.asarray(opened.convert("RGB")))
    return [page for page in pages if page.shape == pages[-1].shape]


def share(seconds: float, number: int, minutes: float | None, rounds: int | None) -> float:
    """How much of the goal is reached, from 0 up: the time, or the rounds, that have passed."""
    if rounds is not None:
        return number / rounds
    return seconds / (60 * minutes) if minutes is not None else math.inf
