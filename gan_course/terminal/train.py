"""`gan-course train`: which run the command line means, a new one or one that goes on."""
import os
from pathlib import Path

from gan_course import data, jobs
from gan_course.data import ImageSet, PairSet
from gan_course.terminal import recipes, run_data, settings
from gan_course.terminal.run import Run
from gan_course.terminal.settings import Settings

MINUTES = 10.0
"""How long a run trains if nobody says."""


def train(asked) -> int:
    """Begin a run, or go on with it.

    Args:
        asked: the command line, read.

    Returns:
        The exit status: 0 when the goal is reached, 1 when a loss is not finite or the disk is
        full, 130 after Ctrl-C.

    Raises:
        ValueError, OSError: the run cannot begin; the message says why.
    """
    if asked.device:
        os.environ["GAN_COURSE_DEVICE"] = asked.device
    out = asked.output
    stored = settings.read(out)
    if stored is None:
        wish, dataset = _first(asked)
    else:
        wish, dataset = _again(asked, stored)
    game = recipes.build(wish, asked.generator, asked.discriminator)
    stream = data.batches(dataset, wish.batch_size, seed=wish.seed)
    with jobs.only_one(out, "training"):
        settings.write(out, wish)
        run = Run(out, wish, game, stream, every=asked.every)
        print(run.begins())
        return run.play()


def _first(asked) -> tuple[Settings, ImageSet | PairSet]:
    """The settings of a new run, and its data."""
    out = asked.output
    if asked.resume:
        raise ValueError(f"There is no run in {out} to go on with. Without --resume a new one is "
                         "begun there.")
    if not asked.game or not asked.data:
        raise ValueError("Say which game to train and on which pictures, for example: gan-course "
                         f"train dcgan --data glyphs -o {out}. Games: "
                         f"{', '.join(recipes.RECIPES)}. Data sets: {', '.join(data.names())}, or "
                         "a folder of your own pictures.")
    if out.exists() and any(not each.name.startswith(".") for each in out.iterdir()):
        raise ValueError(f"{out} holds other files and no run of this command. Choose a folder "
                         "that is new or empty.")
    how = recipes.recipe(asked.game)
    given = _given(asked, how)
    dataset = run_data.load(how.needs, given["data"], asked.size, fit=asked.fit or "crop")
    facts = run_data.facts(dataset, how.needs)
    chosen = _defaults(how) | {"batch_size": min(how.batch_size, len(dataset))} | given | facts
    return Settings(**_goal(asked, None), **chosen), dataset


def _again(asked, stored: Settings) -> tuple[Settings, ImageSet | PairSet]:
    """The settings of a run that goes on, and its data.

    With --resume only what is said has to agree with the run; without, the whole command.
    """
    how = recipes.recipe(stored.game)
    given = _given(asked, how)
    wish = given if asked.resume else {"game": None, "data": []} | _defaults(how) | given
    _refuse_another(asked.output, wish, stored)
    dataset = run_data.load(how.needs, stored.data, stored.size, fit=stored.fit)
    if run_data.facts(dataset, how.needs)["checksum"] != stored.checksum:
        raise ValueError(f"The pictures in {' and '.join(stored.data)} have changed since the run "
                         f"in {asked.output} began with {stored.pictures:,}. Begin a new run in "
                         "another folder, -o, or put the old pictures back.")
    if not asked.resume:                # its default depends on the number of pictures
        wish = {"batch_size": min(how.batch_size, len(dataset))} | given
        _refuse_another(asked.output, wish, stored)
    return stored.model_copy(update=_goal(asked, stored)), dataset


def _refuse_another(out: Path, wish: dict, stored: Settings) -> None:
    """Raise ValueError where what is asked for differs from the run in the folder."""
    if differ := settings.difference(wish, stored):
        raise ValueError(f"{out} holds another run: {stored.words()}. You asked for "
                         f"{'; '.join(differ)}. Choose another folder with -o, or go on with that "
                         f"run: gan-course train --resume -o {out}")


def _given(asked, how: recipes.Recipe) -> dict:
    """What the command line says about the run itself, by the names of the settings."""
    given = {name: getattr(asked, name)
             for name in ("game", "data", "size", "fit", "batch_size", "lr", "width", "latent_dim",
                          "augment", "seed", "precision", "generator", "discriminator")}
    given = {name: value for name, value in given.items() if value is not None}
    if "data" in given:                 # a folder stays the same one wherever the command is given
        given["data"] = [name if name in data.names() else str(Path(name).expanduser().resolve())
                         for name in given["data"]]
    if "lr" in given:                   # one rate for every player, or one each
        if len(given["lr"]) not in (1, len(how.lr)):
            raise ValueError(f"--lr was given {len(given['lr'])} numbers. Give one"
                             + (", or one for D and one for G." if len(how.lr) == 2 else
                                ": this game has one player."))
        given["lr"] = (given["lr"] * len(how.lr))[:len(how.lr)]
    for own in ("generator", "discriminator"):
        if own in given:
            given[own] = given[own].rpartition(":")[2]
    return given


def _defaults(how: recipes.Recipe) -> dict:
    """What a run has if nobody says otherwise."""
    return {"size": None, "fit": "crop", "lr": list(how.lr), "width": how.width,
            "latent_dim": how.latent_dim, "augment": "", "seed": 0, "precision": "fastest",
            "generator": None, "discriminator": None}


def _goal(asked, stored: Settings | None) -> dict:
    """How long to train, in all: what is asked for, or what the run had, or ten minutes."""
    if asked.minutes or asked.rounds:
        return {"minutes": asked.minutes, "rounds": asked.rounds}
    return {"minutes": stored.minutes if stored else MINUTES,
            "rounds": stored.rounds if stored else None}
