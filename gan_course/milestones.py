"""The slow models as they stood after some rounds of training, precomputed: to look at at once, and
to train on.

    training = milestones.load("cyclegan_seasons", 500)     # next(training) plays round 501
    training = milestones.load("animals_cycle", 1500, seed=2)
    G = milestones.generator("text_to_image")               # G(z, sentence): to draw with

The weights lie in data/milestones, in half precision, made by

    python -m gan_course.milestones cyclegan_seasons
"""
import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_course import data, nets
from gan_course.data import Batches, captions, glyphs
from gan_course.games import Game
from gan_course.games.cyclegan import CycleGAN, ResidualGenerator
from gan_course.games.dcgan import DCGAN
from gan_course.games.stylegan import StyleGAN
from gan_course.games.text_to_image import TextDiscriminator, TextGenerator, TextToImage
from gan_course.paths import DATA
from gan_course.profile import by_profile, seed_everything
from gan_course.style_networks import StyleDiscriminator, StyleGenerator
from gan_course.training import PRECISIONS, Training, checkpoints

FOLDER = DATA / "milestones"
TEXT_WIDTH = 32                                                     # of text_to_image's networks
Recipe = Callable[..., tuple[Game, Batches]]                        # recipe(seed=0, device=None)


def dcgan(dataset: str, width: int) -> Recipe:
    """The recipe of a DCGAN, with the settings of notebook 07 and more channels.

    Args:
        dataset: the name of a set of images.
        width: channels of the widest images inside the networks.

    Returns:
        A function of seed and device that makes the game and its batches.
    """
    def recipe(seed: int = 0, device=None) -> tuple[Game, Batches]:
        seed_everything(seed)
        stream = data.batches(dataset, 32, seed=seed, device=device)
        channels, size, _ = stream.data_shape
        G = nets.ConvGenerator(64, channels, width, size)
        D = nets.ConvDiscriminator(channels, width, size)
        return DCGAN(G, D, lr=(1e-3, 1e-3), ema=0.998), stream
    return recipe


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


def text_generator() -> TextGenerator:
    """The generator that draws digits in colour for a sentence, with random weights.

    Returns:
        G(z, sentence), as of `TextGenerator`.
    """
    return TextGenerator(z_dim=48, words=len(captions.WORDS), width=TEXT_WIDTH)


def text_to_image(seed: int = 0, device=None) -> tuple[Game, Batches]:
    """A text-to-image GAN on digits in colour, among which are no green threes.

    Args:
        seed: of the networks and the data.
        device: where the batches are; by default `pick_device()`.

    Returns:
        The game and its batches.
    """
    seed_everything(seed)
    digits = glyphs.glyphs_colour(n=by_profile(smoke=500, laptop=20_000, gpu=20_000),
                                  absent={"character": "3", "ink_hue": captions.COLOURS["green"]})
    game = TextToImage(text_generator(), TextDiscriminator(len(captions.WORDS), width=TEXT_WIDTH),
                       ema=0.995, lr=(1e-3, 1e-3))
    described = replace(digits, labels=captions.describe(digits))
    return game, data.batches(described, 32, seed=seed, device=device)


def stylegan(seed: int = 0, device=None) -> tuple[Game, Batches]:
    """A StyleGAN on digits in colour.

    Args:
        seed: of the networks and the data.
        device: where the batches are; by default `pick_device()`.

    Returns:
        The game and its batches.
    """
    seed_everything(seed)
    game = StyleGAN(StyleGenerator(), StyleDiscriminator())
    return game, data.batches("glyphs_colour", 16, seed=seed, device=device)


# name: the recipe, and after how many rounds to look
RECIPES: dict[str, tuple[Recipe, tuple[int, ...]]] = {
    "dcgan_glyphs": (dcgan("glyphs", 32), (6_000,)),
    "cyclegan_seasons": (cyclegan("seasons"), (0, 500, 5000)),
    # of notebook deeper/11_steganography, several seeds each
    "animals_cycle": (cyclegan("animals", identity=0.0), (1500,)),
    "animals_no_cycle": (cyclegan("animals", cycle=0.0, identity=0.0), (1500,)),
    "text_to_image": (text_to_image, (8_000,)),
    "dcgan_letters": (dcgan("letters", 32), (8_000,)),
    "dcgan_mnist": (dcgan("mnist", 32), (8_000,)),
    "stylegan": (stylegan, (4_000,)),
}
# of these only the averaged generator is kept: enough to draw with, and not to train on
GENERATORS: dict[str, Callable[[], nn.Module]] = {
    "text_to_image": text_generator,
    "dcgan_letters": lambda: nets.ConvGenerator(64, 1, 32, 28),
    "dcgan_mnist": lambda: nets.ConvGenerator(64, 1, 32, 28),
    "stylegan": StyleGenerator,
}


def names() -> tuple[str, ...]:
    """The names of the models that have milestones."""
    return tuple(RECIPES)


def load(name: str, after: int, *, seed: int = 0, device=None) -> Training:
    """A training as it stood after some rounds, ready to go on.

    Its networks are those of the file. Adam's moments, the learning rates, the order of the data
    and CycleGAN's pool of old fakes begin anew, which affects the first rounds. Round 0 is the
    recipe's own start and needs no file.

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
    if name in GENERATORS and after:
        raise ValueError(f"Only the generator of {name} is kept, which cannot be trained on. Take "
                         f"milestones.generator({name!r}).")
    if after not in rounds:
        raise ValueError(f"There are milestones of {name} after {', '.join(map(str, rounds))} "
                         f"rounds; got {after!r}.")
    game, stream = recipe(seed=seed, device=device)
    if after:
        path = file_of(name, after, seed)
        _check(path, name, seed)
        with safe_open(path, framework="pt") as file, torch.no_grad():
            for key, value in _weights(game).items():
                value.copy_(file.get_tensor(key))
    training = Training(game, stream, seed=after)
    training.round = after
    return training


def generator(name: str, *, seed: int = 0) -> nn.Module:
    """The averaged generator of a milestone, to draw with.

    Args:
        name: one of `GENERATORS`.
        seed: of the training.

    Returns:
        G, on the CPU, in evaluation mode.

    Raises:
        ValueError: there is no such generator.
        FileNotFoundError: the file is missing; the message says how to make it.
    """
    if name not in GENERATORS:
        raise ValueError(f"There are generators of {', '.join(GENERATORS)}; got {name!r}.")
    G, path = GENERATORS[name](), file_of(name, max(RECIPES[name][1]), seed)
    _check(path, name, seed)
    with safe_open(path, framework="pt") as file, torch.no_grad():
        for key, value in G.state_dict().items():
            value.copy_(file.get_tensor(f"G_ema.{key}"))
    return G.eval().requires_grad_(False)


def file_of(name: str, after: int, seed: int = 0) -> Path:
    """Where the weights of a milestone lie.

    Args:
        name, after, seed: as of `load`.

    Returns:
        The path of the file, which may be missing.
    """
    return FOLDER / f"{name}_seed_{seed}_round_{after}.safetensors"


def _check(path: Path, name: str, seed: int) -> None:
    if not path.exists():
        raise FileNotFoundError(f"There are no weights at {path}. Make them, in some minutes, "
                                f"with: python -m gan_course.milestones {name} --seed {seed}")


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
        if name not in GENERATORS or key.startswith("G_ema.")
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
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    given = parser.parse_args(arguments)
    recipe, rounds = RECIPES[given.name]
    training = Training(*recipe(seed=given.seed), precision=given.precision)
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
