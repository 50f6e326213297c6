"""`gan-course sample`: pictures, and films, of a run that was kept in a folder."""
import sys
from pathlib import Path

import torch

from gan_course import data, saving
from gan_course.data import ImageSet, PairSet, folders
from gan_course.data.sets import scale
from gan_course.games import Game
from gan_course.profile import seed_everything
from gan_course.terminal import keeping, recipes, run_data, settings
from gan_course.terminal.settings import Settings

DRAWN = "drawn"
"""The folder for the pictures, with nothing else in it, so that it can be scored."""

ON_SHEET = 100
"""The most samples on a sheet; the files have all of them."""

WALKING = 36
"""Pictures that walk in latent space side by side."""


def sample(asked) -> int:
    """Draw with the run in a folder.

    Args:
        asked: the command line, read.

    Returns:
        The exit status, 0.

    Raises:
        ValueError, OSError: there is no run, it is damaged, or what was asked for does not fit it.
    """
    run, stored = asked.run, settings.read(asked.run)
    if stored is None:
        raise ValueError(f"There is no run in {run}: it has no {settings.FILE}. gan-course train "
                         f"-o {run} begins one.")
    out = asked.output or run
    game = recipes.build(stored, asked.generator, asked.discriminator)
    number = keeping.load_weights(run, game)
    seed_everything(asked.seed)
    if hasattr(game, "inputs"):
        images = drawn(game, stored, asked)
        sheet, across = images[:ON_SHEET], None
    else:
        images, sheet, across = translations(game, stored, asked)
    saving.save_each(out / DRAWN, images)
    saving.save_sheet(out / "sheet.png", sheet, across)
    print(f"{stored.words()}, round {number:,}: {len(images)} pictures in {out / DRAWN}, and "
          f"{out / 'sheet.png'}")
    if asked.gif or asked.mp4:
        films(game, run, out, asked)
    return 0


def drawn(game: Game, stored: Settings, asked) -> torch.Tensor:
    """Samples from fresh noise: (n, C, H, W) in [-1, 1], on the CPU.

    Args:
        game: a game that draws from noise.
        stored: the settings of its run.
        asked: the command line: how many, and of which class.

    Raises:
        ValueError: the game cannot be asked for a class, or there is none of this name.
    """
    if asked.data:
        raise ValueError(f"--data is for translators; {stored.game} draws from noise.")
    if asked.label is None:
        parts = [game.sample(n) for n in _parts(asked.number)]
    else:
        if recipes.recipe(stored.game).needs != "classes":
            raise ValueError(f"{stored.game} cannot be asked for a class; cgan and biggan can.")
        if asked.label not in stored.classes:
            raise ValueError(f"There is no class {asked.label!r}. Classes: "
                             f"{', '.join(stored.classes)}.")
        y = stored.classes.index(asked.label)
        parts = [game.sample(n, y=y) for n in _parts(asked.number)]
    return torch.cat(parts)


def translations(game: Game, stored: Settings, asked) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Translations of held-out pictures, or of those that were named.

    Args:
        game: a translator.
        stored: the settings of its run.
        asked: the command line: how many, and of which pictures.

    Returns:
        The translations, (n, C, H, W); the images of a sheet that compares them; and how many of
        these stand in a row.

    Raises:
        ValueError: the pictures are of another shape.
    """
    if asked.label is not None:
        raise ValueError(f"{stored.game} translates pictures and has no classes.")
    found = _to_translate(stored, asked.data)
    own = found if isinstance(found, PairSet) else None
    sources = found.images if own is None else found.x
    if sources.shape[1] == 1 and stored.x_shape[0] == 3:
        sources = sources.expand(-1, 3, -1, -1)
    if tuple(sources.shape[1:]) != stored.x_shape:
        raise ValueError(f"These pictures are {tuple(sources.shape[1:])}; the run translates "
                         f"{stored.x_shape}, channels, height and width.")
    x = scale(sources[:asked.number])
    images = torch.cat([game.sample(len(part), part) for part in x.split(500)])
    shown = min(len(x), 10)
    return images, keeping.translated(game, x[:shown], own), shown


def _to_translate(stored: Settings, named: str | None) -> ImageSet | PairSet:
    """The pictures that a translator reads: all in a folder, a data set's held-out ones, or its
    own.
    """
    needs = recipes.recipe(stored.game).needs
    if named is None:
        return run_data.load(needs, stored.data, stored.size, "test", stored.fit)
    if named not in data.names() and not folders.is_two_sided(named):
        found = run_data.whole(named, stored.x_shape[1], stored.fit)
    else:
        found = data.load(named, "test", stored.size)
        if not isinstance(found, PairSet):
            found = data.load_images(named, "test", stored.size, stored.fit)
    return run_data.shrunk(found) if needs == "enlarge" and isinstance(found, ImageSet) else found


def films(game: Game, run: Path, out: Path, asked) -> None:
    """Write the films that were asked for, and say where they are.

    Args:
        game: the finished game.
        run: its folder, with the sheets of its training.
        out: where the films go.
        asked: the command line: GIF, MP4 or both.

    Raises:
        OSError: a file cannot be written.
    """
    endings = [".gif"] * asked.gif + [".mp4"] * asked.mp4
    if asked.mp4 and saving.ffmpeg() is None:
        print("There is no ffmpeg on this machine, which packs MP4 films, so you get GIFs. "
              "(pip install imageio-ffmpeg brings one.)", file=sys.stderr)
        endings = [".gif"]
    pages = {"training": keeping.film_of_training(run)}
    if hasattr(game, "inputs"):
        generator = saving.finished(game)
        pages["walk"] = saving.walk(generator, *game.inputs(WALKING), seed=asked.seed)
    else:
        print("A translator has no latent space to walk in; the film is that of the training.")
    for name, film in pages.items():
        if not film:
            print(f"There are no sheets in {run / keeping.SAMPLES}, so there is no film of the "
                  "training.", file=sys.stderr)
            continue
        for ending in endings:
            saving.save_film(out / f"{name}{ending}", film)
            print(f"{out / f'{name}{ending}'}: {len(film)} pages")


def _parts(n: int, most: int = 500) -> list[int]:
    """`n` in parts of at most `most`, to save memory."""
    return [most] * (n // most) + ([n % most] if n % most else [])


