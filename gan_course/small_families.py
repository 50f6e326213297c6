"""A GAN, a VAE and a diffusion model for grey pictures of 16 x 16, so small that each trains in
some seconds: notebooks that compare families of generators build them here.

    game = train("VAE", dataset, seed=0, iterations=2400)
    x = draw(game, 1000, seed=1)
"""
from itertools import islice

import torch
from torch import Tensor, nn

from gan_course import data, nets
from gan_course.data.sets import ImageSet
from gan_course.denoisers import MLPDenoiser, linear_schedule
from gan_course.games import Game
from gan_course.games.dcgan import DCGAN
from gan_course.games.diffusion import Diffusion, Sampler
from gan_course.games.vae import VAE, Encoder
from gan_course.profile import seed_everything
from gan_course.training import Training

SIZE, WIDTH = 16, 16
Z_DIM = {"GAN": 32, "nearest": 32, "VAE": 8}
BATCH = {"GAN": 32, "nearest": 32, "VAE": 64, "diffusion": 128}
"""The families, and how many pictures a mini-batch has: "GAN" is a DCGAN with transposed
convolutions, "nearest" one whose generator doubles the picture by nearest neighbours.
"""


def build(family: str) -> Game:
    """The game of a family, with the random weights of the current seed.

    The VAE has a fixed standard deviation of p(x|z), 0.4: with a learned one, which gets small, its
    samples at this size are no digits. The diffusion model is fully connected and draws a sample in
    20 steps.

    Args:
        family: one of `BATCH`.

    Returns:
        Its game, for pictures (1, 16, 16).

    Raises:
        ValueError: there is no such family.
    """
    if family not in BATCH:
        raise ValueError(f"There is no family {family!r}; choose one of {', '.join(BATCH)}.")
    shape = 1, SIZE, SIZE
    if family == "diffusion":
        denoiser = MLPDenoiser(linear_schedule(100), shape, width=256, depth=4)
        return Diffusion(Sampler(denoiser, shape, steps=20), ema=0.99)
    D = nets.ConvDiscriminator(1, WIDTH, SIZE)
    upsampling = "nearest" if family == "nearest" else "transposed"
    G = nets.ConvGenerator(Z_DIM[family], 1, WIDTH, SIZE, upsampling)
    if family == "VAE":
        features = torch.Size(D.feature_shape).numel()
        E = nn.Sequential(D.body, nn.Flatten(), nn.Linear(features, 2 * G.z_dim))
        return VAE(Encoder(E), G, sigma=0.4, learn_sigma=False)
    return DCGAN(G, D, lr=(1e-3, 1e-3))


def train(family: str, dataset: ImageSet, seed: int, iterations: int) -> Game:
    """One training. It sets one thread, so that several can run side by side.

    Args:
        family: one of `BATCH`.
        dataset: grey pictures of 16 x 16. With fewer than a mini-batch all are in each.
        seed: of the weights, the mini-batches and the noise.
        iterations: how many.

    Returns:
        The trained game, on the CPU, in evaluation mode.
    """
    torch.set_num_threads(1)
    seed_everything(seed)
    game = build(family)
    stream = data.batches(dataset, min(BATCH[family], len(dataset)), seed=seed)
    training = Training(game, stream, seed=seed)
    for _ in islice(training, iterations):
        pass
    return training.game.cpu().eval()


def draw(game: Game, n: int, seed: int = 0) -> Tensor:
    """Samples of a trained game; the random state outside stays as it was.

    Args:
        game: of `build`.
        n: how many.
        seed: of their noise.

    Returns:
        (n, 1, 16, 16), in [-1, 1].
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return game.sample(n)


@torch.no_grad()
def doubt(game: Game, x: Tensor, seed: int = 0) -> Tensor:
    """How badly a trained model fits pictures: low for those that it may have been trained on.

    For a GAN that is minus D's logit, for a VAE the squared error of the reconstruction from the
    mean of q(z|x), for a diffusion model the squared error of the denoised picture at a fifth of
    the noise's way, averaged over ten draws of the noise.

    Args:
        game: of `build`.
        x: pictures, (N, 1, 16, 16).
        seed: of the noise.

    Returns:
        (N,).
    """
    with nets.evaluating(game):
        if isinstance(game, DCGAN):
            return -game.D(x)
        if isinstance(game, VAE):
            return (game.G(game.E(x)[0]) - x).square().flatten(1).sum(dim=1)
        denoiser, random = game.G_ema.denoiser, torch.Generator().manual_seed(seed)
        t = len(denoiser.alpha_bar) // 5
        level, errors = denoiser.alpha_bar[t], []
        for _ in range(10):
            noise = torch.randn(x.shape, generator=random)
            x_t = level.sqrt() * x + (1 - level).sqrt() * noise
            clean = denoiser(x_t, torch.full((len(x),), t))
            errors.append((clean - x).square().flatten(1).sum(dim=1))
        return torch.stack(errors).mean(dim=0)
