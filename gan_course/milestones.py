"""The slow models as they stood after some rounds of training, precomputed: to look at round 0, 500 and 5,000 at once, and to train on.

    training = milestones.load("cyclegan_seasons", 500)             # a Training; next(training) plays round 501

The weights lie in data/milestones, made by

    python -m gan_course.milestones cyclegan_seasons
"""
import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from tqdm.auto import tqdm

from gan_course import checkpoints, data, nets
from gan_course.data import Batches
from gan_course.games import Game
from gan_course.games.cyclegan import CycleGAN, ResidualGenerator
from gan_course.games.dcgan import DCGAN
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import Training

FOLDER = DATA / "milestones"
ROUNDS = (0, 500, 5000)


def dcgan_shapes(seed: int = 0, device=None) -> tuple[Game, Batches]:
    """A DCGAN on the filled shapes, 32x32 in colour."""
    seed_everything(seed)
    game = DCGAN(nets.ConvGenerator(64, 3, 16), nets.ConvDiscriminator(3, 16), lr=(3e-4, 1e-3))
    return game, data.batches("shapes", 64, seed=seed, device=device)


def cyclegan_seasons(seed: int = 0, device=None) -> tuple[Game, Batches]:
    """A CycleGAN between summer and winter, without pairs."""
    seed_everything(seed)
    game = CycleGAN(ResidualGenerator(), ResidualGenerator(), nets.PatchDiscriminator(3, 16), nets.PatchDiscriminator(3, 16),
                    lr=(1e-3, 1e-3))
    return game, data.batches(data.load("seasons").unpaired(), 4, seed=seed, device=device)


RECIPES = {"cyclegan_seasons": cyclegan_seasons, "dcgan_shapes": dcgan_shapes}


def names() -> tuple[str, ...]:
    """The models there are milestones of."""
    return tuple(RECIPES)


def load(name: str, round: int, *, device=None) -> Training:
    """The training of the model `name` as it stood after `round` rounds, one of `ROUNDS`, ready to go on.

    Its networks are those of the file; Adam's memory and CycleGAN's pool of old fakes begin anew, which is felt for some rounds. Raises
    ValueError for a model or a round that is not there, FileNotFoundError when the file is missing.
    """
    if name not in RECIPES or round not in ROUNDS:
        raise ValueError(f"There are milestones of {' and '.join(RECIPES)} after {', '.join(map(str, ROUNDS))} rounds; "
                         f"got {name!r} after {round!r}.")
    path = file_of(name, round)
    if not path.exists():
        raise FileNotFoundError(f"There are no weights at {path}. Make them, in some minutes, with: python -m gan_course.milestones {name}")
    game, stream = RECIPES[name](device=device)
    with safe_open(path, framework="pt") as file:
        weights = {key: file.get_tensor(key) for key in file.keys()}
    game.load_state_dict(weights | {key: value for key, value in game.state_dict().items() if _is_pool(key)})
    training = Training(game, stream, seed=round)
    training.round = round
    return training


def file_of(name: str, round: int) -> Path:
    """Where that milestone lies."""
    return FOLDER / f"{name}_{round}.safetensors"


def save(training: Training, name: str, path: Path) -> None:
    """Write the networks' weights, with the recipe's name in the file's header; under a temporary name first."""
    weights = {key: value for key, value in training.game.state_dict().items() if not _is_pool(key)}
    about = {"precomputed": True, "recipe": name, "round": training.round, "torch": torch.__version__}
    checkpoints.write(path, weights, {"milestone": json.dumps(about)})


def _is_pool(key: str) -> bool:
    return key.startswith("pool_")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gan_course.milestones", description="Train a slow model and keep its milestones.")
    parser.add_argument("name", choices=RECIPES)
    given = parser.parse_args(arguments)
    training = Training(*RECIPES[given.name]())
    for round in tqdm(range(max(ROUNDS) + 1), unit="round"):
        if round:
            next(training)
        if round in ROUNDS:
            path = file_of(given.name, round)
            save(training, given.name, path)
            print(f"{path}: {path.stat().st_size:,} bytes; sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
