"""`gan-course card`: a model card for a run, filled in as far as it can be measured.

Model cards are of Mitchell et al., 2018, arXiv:1810.03993. The numbers are those of `evaluate`,
each beside its floor; with them the memorisation ratio and the shares of the classes, where there
are held-out pictures and a judge. What cannot be measured is left to the learner: `BLANK` marks it.
"""
import os
import re
from pathlib import Path
from urllib.parse import quote

import torch
from torch import Tensor

from gan_course import data, files, judge, metrics
from gan_course.data import ImageSet
from gan_course.profile import seed_everything
from gan_course.terminal import evaluate, keeping, recipes, run_data, settings
from gan_course.terminal.settings import Settings

FILE = "model_card.md"
BLANK = "**[please fill in]**"
SAMPLES = 2000
"""How many samples are measured."""


def card(asked) -> int:
    """Write the model card of a run.

    Args:
        asked: the command line, read.

    Returns:
        The exit status, 0.

    Raises:
        ValueError, OSError: there is no run, it is damaged, or there is a card already.
    """
    run, stored = asked.run, settings.read(asked.run)
    if stored is None:
        raise ValueError(f"There is no run in {run}: it has no {settings.FILE}. gan-course train "
                         f"-o {run} begins one.")
    path = asked.output or run / FILE
    if path.exists():
        raise ValueError(f"{path} exists already, perhaps with your own words in it. Rename it, or "
                         "choose another file with -o.")
    game = recipes.build(stored, asked.generator, asked.discriminator)
    rounds = keeping.load_weights(run, game)
    parts = [head(stored, rounds), _sheet(run, path, rounds)]
    if hasattr(game, "inputs"):
        seed_everything(0)
        samples = torch.cat([game.sample(part).cpu() for part in (SAMPLES // 4,) * 4])
        how = recipes.recipe(stored.game)
        train = run_data.load(how.needs, stored.data, stored.size, fit=stored.fit)
        parts += measured(stored, train, samples)
    else:
        parts.append("## Measured\n\nA translator is measured on pictures whose true partner is "
                     f"known: {BLANK}")
    files.write(path, "\n\n".join([*parts, words()]) + "\n")
    print(f"{path}: what could be measured is filled in; {BLANK} marks what only you can know.")
    return 0


def head(stored: Settings, rounds: int) -> str:
    """What was trained, on what, and for how long, in Markdown."""
    high, wide = stored.data_shape[1:]
    own = [f"{option} {plain(name)}" for option in ("generator", "discriminator")
           if (name := getattr(stored, option))]
    rows = {
        "training data": " and ".join(plain(Path(name).name) for name in stored.data),
        "number of pictures": f"{stored.pictures:,}",
        "size": f"{wide}x{high}, {stored.data_shape[0]} channel(s)",
        "classes": ", ".join(map(plain, stored.classes)),
        "game": plain(stored.game),
        "networks": "; ".join(own) or f"those of the course, width {stored.width}",
        "iterations": f"{rounds:,}, with mini-batches of {stored.batch_size}",
        f"learning rate{'s of D and G' if len(stored.lr) == 2 else ''}":
            " and ".join(f"{rate:g}" for rate in stored.lr),
        "augmentation": plain(stored.augment) or "none",
        "seed": str(stored.seed),
    }
    return "\n".join(["# Model card", "", "| | |", "|---|---|",
                      *(f"| {name} | {value} |" for name, value in rows.items())])


def measured(stored: Settings, train: ImageSet, samples: Tensor) -> list[str]:
    """The numbers of a game that draws from noise, each with its floor, in Markdown.

    Args:
        stored: the settings of the run.
        train: its training pictures.
        samples: of the generator, (n, C, H, W) in [-1, 1].

    Returns:
        The parts of the card.
    """
    name = stored.data[0]
    real, fake = evaluate.alike(train.take(len(train)), samples)
    frozen = judge.load(name) if name in (*judge.EPOCHS, *judge.SHARED) else None
    if frozen and frozen.data_shape != tuple(fake.shape[1:]):
        frozen = None
    rows, n = evaluate.compare(real, fake, frozen)
    lines = ["## Measured", "", f"{n:,} samples against as many training pictures; copies are "
             "looked for among all of them. The floor is the same number for real pictures.", "",
             "| | samples | floor |", "|---|---|---|"]
    lines += [f"| {row.name} | {row.fake[0]:.4g} | {row.floor[0]:.4g} |" for row in rows]
    if name in data.names():
        held_out = data.load_images(name, "test", stored.size)
        ratio, floor = memory(train, held_out, fake)
        lines.append(f"| memorisation ratio (copies: 0) | {ratio:.3f} | {floor:.3f} |")
    else:
        lines += ["", "The memorisation ratio needs pictures of the same origin that were held out "
                  f"of the training: {BLANK}"]
    if not frozen:
        return ["\n".join(lines), "No judge of the course fits, so the shares of classes or groups "
                f"among the samples are yours to count: {BLANK}"]
    return ["\n".join(lines), shares(train, frozen, fake)]


def memory(train: ImageSet, held_out: ImageSet, fake: Tensor) -> tuple[float, float]:
    """The memorisation ratio of samples, and of real pictures in their place.

    Args:
        train, held_out: pictures that were used for the training, and pictures that were not.
        fake: samples, (n, C, H, W) in [-1, 1].

    Returns:
        Both ratios, about 1 if nothing was memorised and 0 for copies.
    """
    known, fresh = held_out.take(len(held_out)).chunk(2)
    n = min(len(train), len(known))
    ratio, floor = (metrics.memorisation_ratio(x, train.take(n), known[:n]) for x in (fake, fresh))
    return ratio, floor


def shares(train: ImageSet, frozen: judge.Judge, fake: Tensor) -> str:
    """How frequent each class is in the data, and among the samples as the judge reads them.

    Args:
        train: the training pictures.
        frozen: the judge.
        fake: samples, (n, C, H, W) in [-1, 1].

    Returns:
        A table in Markdown.
    """
    in_data = torch.bincount(train.labels, minlength=len(train.classes)) / len(train)
    called = frozen.probabilities(fake).argmax(dim=1).cpu()
    drawn = torch.bincount(called, minlength=len(train.classes)) / len(fake)
    rows = (f"| {plain(name)} | {a:.1%} | {b:.1%} |"
            for name, a, b in zip(train.classes, in_data.tolist(), drawn.tolist(), strict=True))
    return "\n".join(["Shares of the classes, read by a classifier that names "
                      f"{frozen.accuracy:.1%} of real, held-out pictures rightly:", "",
                      "| class | training pictures | samples |", "|---|---|---|", *rows])


def words() -> str:
    """What only the learner can say, in Markdown."""
    asked = ("Where do the pictures come from, and under which licence?",
             "Who made them, or who is to be seen on them, and did these people agree?",
             "What is the model for?", "What should it not be used for?",
             "Who could be harmed by it, and how would you notice?",
             "How are its samples marked as generated?", "Who answers questions about it?")
    return "\n".join(["## In your words", "", *(f"- {question} {BLANK}" for question in asked)])


def plain(text: str) -> str:
    """A text that Markdown shows as it is: on one line, its signs without a meaning."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|&~$])", r"\\\1", " ".join(text.split()))


def _sheet(run: Path, path: Path, rounds: int) -> str:
    """The picture of the last samples, as seen from the card, in Markdown."""
    sheet = keeping.sheet_of(run, rounds)
    if not sheet.exists():
        return f"Samples: {BLANK}"
    where = quote(Path(os.path.relpath(sheet, path.parent)).as_posix())
    return f"![Samples after {rounds:,} iterations.]({where})"
