"""The slow models as they stood after some rounds of training, precomputed: to look at round 0, 500
and 5,000 at once, and to train on.

    training = milestones.load("cyclegan_seasons", 500)     # next(training) plays round 501
    training = milestones.load("animals_cycle", 1500, seed=2)

The weights lie in data/milestones, in half precision, made by

    python -m gan_course.milestones cyclegan_seasons
"""
import argparse
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from tqdm.auto import tqdm

from gan_course import data, nets
from gan_course.data import Batches
from gan_course.games import Game
from gan_course.games.cyclegan import CycleGAN, ResidualGenerator
from gan_course.games.dcgan import DCGAN
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import Training, checkpoints

FOLDER = DATA / "milestones"
Recipe = Callable[..., tuple[Game, Batches]]                        # recipe(seed=0, device=None)


def dcgan_shapes(seed: int = 0, device=None) -> tuple[Game, Batches]:
    """A DCGAN on the filled shapes, 32x32 in colour.

    Args:
        seed: of the networks and the data.
        device: where the batches are; by default `pick_device()`.

    Returns:
        The game and its batches.
    """
    seed_everything(seed)
    game = DCGAN(nets.ConvGenerator(64, 3, 16), nets.ConvDiscriminator(3, 16), lr=(1e-3, 1e-3))
    return game, data.batches("shapes", 32, seed=seed, device=device)


def cyclegan(pairs: str, **weights: float) -> Recipe:
    """The recipe of a CycleGAN between two domains without pairs.

    Args:
        pairs: the name of a data set with two sides.
        weights: `cycle` and `identity` of `CycleGAN`.

    Returns:
        A function of seed and device that makes the game and its batches.
    """
    def recipe(seed: int = 0, device=None) -> tuple[Game, Batches]:
        seed_everything(seed)
        translators = [ResidualGenerator() for _ in "GF"]
        judges = [nets.PatchDiscriminator(3, 16) for _ in "XY"]
        game = CycleGAN(*translators, *judges, lr=(1e-3, 3e-3), **weights)
        return game, data.batches(data.load(pairs).unpaired(), 4, seed=seed, device=device)
    return recipe


# name: the recipe, and after how many rounds to look
RECIPES: dict[str, tuple[Recipe, tuple[int, ...]]] = {
    "dcgan_shapes": (dcgan_shapes, (0, 500, 5000)),
    "cyclegan_seasons": (cyclegan("seasons"), (0, 500, 5000)),
    # of notebook deeper/11_steganography, several seeds each
    "animals_cycle": (cyclegan("animals", identity=0.0), (1500,)),
    "animals_no_cycle": (cyclegan("animals", cycle=0.0, identity=0.0), (1500,)),
}


def names() -> tuple[str, ...]:
    """The names of the models that have milestones."""
    return tuple(RECIPES)


def load(name: str, after: int, *, seed: int = 0, device=None) -> Training:
    """A training as it stood after some rounds, ready to go on.

    Its networks are those of the file. Adam's moments and CycleGAN's pool of old fakes begin anew,
    which affects the first rounds. Round 0 is the recipe's own start and needs no file.

    Args:
        name: one of `names()`.
        after: after how many rounds; `RECIPES` says which there are.
        seed: of the training.
        device: where to go on; by default `pick_device()`.

    Returns:
        The training.

    Raises:
        ValueError: there is no such model or round.
        FileNotFoundError: the file is missing; the message says how to make it.
    """
    if name not in RECIPES:
        raise ValueError(f"There are milestones of {', '.join(RECIPES)}; got {name!r}.")
    recipe, rounds = RECIPES[name]
    if after not in rounds:
        raise ValueError(f"There are milestones of {name} after {', '.join(map(str, rounds))} "
                         f"rounds; got {after!r}.")
    game, stream = recipe(seed=seed, device=device)
    if after:
        path = file_of(name, after, seed)
        if not path.exists():
            raise FileNotFoundError(f"There are no weights at {path}. Make them, in some minutes, "
                                    "with: python -m gan_course.milestones "
                                    f"{name} --seed {seed}")
        with safe_open(path, framework="pt") as file, torch.no_grad():
            for key, value in _weights(game).items():
                value.copy_(file.get_tensor(key))
    training = Training(game, stream, seed=after)
    training.round = after
    return training


def file_of(name: str, after: int, seed: int = 0) -> Path:
    """Where the weights of a milestone lie.

    Args:
        name, after, seed: as of `load`.

    Returns:
        The path of the file, which may be missing.
    """
    return FOLDER / f"{name}_seed_{seed}_round_{after}.safetensors"


def save(training: Training, name: str, path: Path) -> None:
    """Write the networks' weights in half precision, as a whole or not at all.

    Args:
        training: the training as it stands.
        name: the recipe's name, for the file's header.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    weights = {
        key: value.half() if value.is_floating_point() else value
        for key, value in _weights(training.game).items()
    }
    about = {
        "precomputed": True, "recipe": name, "round": training.round, "torch": torch.__version__
    }
    checkpoints.write(path, weights, {"milestone": json.dumps(about)})


def _weights(game: Game) -> dict[str, Tensor]:
    """The networks' own tensors, each once, though "G_and_F" has them too; without the pools."""
    return {
        key: value for key, value in game.state_dict().items()
        if not key.startswith(("pool_", "G_and_F."))
    }


def main(arguments: list[str] | None = None) -> None:
    """The command line: train a model and write its milestones.

    Args:
        arguments: the words after the program's name; by default those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m gan_course.milestones",
                                     description="Train a slow model and keep its milestones.")
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    recipe, rounds = RECIPES[given.name]
    training = Training(*recipe(seed=given.seed))
    for done in tqdm(range(1, max(rounds) + 1), unit="round"):
        training.decay(done / max(rounds))  # the steps shrink in the second half
        next(training)
        if done in rounds:
            path = file_of(given.name, done, given.seed)
            save(training, given.name, path)
            print(f"{path.name}: {path.stat().st_size:,} bytes; sha256 "
                  f"{hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
