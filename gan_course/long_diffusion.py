"""A diffusion model of the printed digits that was trained for longer than a notebook can wait,
precomputed.

    net = long_diffusion.denoiser()                     # net(x_t, t) -> the clean x

Its weights lie in data/milestones, in half precision, made in about three minutes of one processor
core by

    python -m gan_course.long_diffusion
"""
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from tqdm.auto import tqdm

from gan_course import data
from gan_course.data import Batches
from gan_course.denoisers import MLPDenoiser, linear_schedule
from gan_course.games.diffusion import Diffusion, Sampler
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import Training, checkpoints

ITERATIONS, BATCH, WIDTH, SHAPE = 24_000, 128, 256, (1, 28, 28)


def untrained() -> MLPDenoiser:
    """The network of notebook 16, with four times the units in each hidden layer."""
    return MLPDenoiser(linear_schedule(), SHAPE, WIDTH)


def recipe(device=None) -> tuple[Diffusion, Batches]:
    """The training, with its seed: a game and its batches.

    Args:
        device: where the batches are; by default `pick_device()`.

    Returns:
        The game and its batches.
    """
    seed_everything(0)
    game = Diffusion(Sampler(untrained(), SHAPE), ema=0.998, lr=2e-3)
    return game, data.batches("glyphs", BATCH, seed=0, device=device)


def denoiser() -> MLPDenoiser:
    """The trained denoiser, to draw with: the average of its weights.

    Returns:
        The network, on the CPU, in evaluation mode.

    Raises:
        FileNotFoundError: the file is missing; the message says how to make it.
    """
    path = file()
    if not path.exists():
        raise FileNotFoundError(f"There are no weights at {path}. Make them, in some minutes, "
                                "with: python -m gan_course.long_diffusion")
    net, weights = untrained().requires_grad_(False), load_file(path)
    for name, value in net.named_parameters():
        value.copy_(weights[name])
    return net.eval()


def file() -> Path:
    """Where the weights lie; the file may be missing."""
    return DATA / "milestones" / f"long_diffusion_seed_0_round_{ITERATIONS}.safetensors"


def main() -> None:
    """Train the model, and write its weights, as a whole or not at all."""
    torch.set_num_threads(1)
    training = Training(*recipe())
    for done in tqdm(range(1, ITERATIONS + 1), unit="round"):
        training.decay(done / ITERATIONS)               # the steps shrink in the second half
        next(training)
    about = {"precomputed": True, "round": training.round, "torch": torch.__version__}
    weights = training.game.G_ema.denoiser.named_parameters()
    checkpoints.write(file(), {name: value.half() for name, value in weights},
                      {"milestone": json.dumps(about)})
    print(f"{file().name}: {file().stat().st_size:,} bytes; sha256 "
          f"{hashlib.sha256(file().read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
