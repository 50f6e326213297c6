"""Denoising Diffusion Probabilistic Models (DDPM). Ho, Jain, Abbeel, 2020, arXiv:2006.11239; the
sampler is DDIM's, Song, Meng, Ermon, 2020, arXiv:2010.02502.

    x_t = sqrt(abar_t) x + sqrt(1 - abar_t) noise      abar_t = (1 - beta_0) ... (1 - beta_t)

A network learns to predict the clean x from x_t and t. (In the paper it predicts the noise, from
which the clean x follows.) Sampling begins at pure noise and takes it away step by step.
"""
import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from gan_course import nets
from gan_course.data import Batch, batches
from gan_course.denoisers import MLPDenoiser, linear_schedule, noised
from gan_course.games import Game, Player


class Sampler(nn.Module):
    """A denoiser as a generator: noise of the data's shape -> a sample, by DDIM.

    Args:
        denoiser: x_t, t -> the clean x; it has `alpha_bar`, (T,).
        data_shape: the shape of one x.
        steps: how often the denoiser is asked, 1 to T.
    """

    def __init__(self, denoiser: nn.Module, data_shape: tuple[int, ...], steps: int = 20):
        super().__init__()
        self.denoiser, self.data_shape, self.steps = denoiser, tuple(data_shape), steps
        self.z_dim = torch.Size(data_shape).numel()

    def forward(self, x: Tensor) -> Tensor:
        """x_T -> x: (N, *data_shape) -> (N, *data_shape); images lie in [-1, 1]."""
        alpha_bar = self.denoiser.alpha_bar
        times = np.linspace(len(alpha_bar) - 1, 0, self.steps).round().astype(int).tolist()
        levels = [*alpha_bar[times], torch.ones_like(alpha_bar[0])]
        for t, now, later in zip(times, levels, levels[1:], strict=False):
            clean = self.denoiser(x, torch.full((len(x),), t, device=x.device))
            noise = (x - now**0.5 * clean) / (1 - now)**0.5
            x = later**0.5 * clean + (1 - later)**0.5 * noise
        return x.clamp(-1, 1) if x.dim() == 4 else x


class Diffusion(Game):
    """A game of one player: the denoiser learns to predict x from x_t and t.

    Args:
        G: the sampler around the denoiser, whose weights are trained.
        ema: the share of the average of weights that is kept in each round; `G_ema` draws samples.
        lr: the learning rate.
    """

    def __init__(self, G: Sampler, *, ema: float = 0.995, lr: float = 1e-3):
        super().__init__()
        self.G, self.ema, self.lr = G, ema, lr
        self.G_ema = copy.deepcopy(G).requires_grad_(False)

    def players(self) -> list[Player]:
        """The one player."""
        return [Player("denoiser", self.G.denoiser, self.terms, lr=self.lr, betas=(0.9, 0.999))]

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The mean squared error of the denoiser at a random time for each row.

        Args:
            batch: real data, on the device of the networks.

        Returns:
            {"denoising": scalar}, at least 0.
        """
        alpha_bar = self.G.denoiser.alpha_bar
        t = torch.randint(len(alpha_bar), (len(batch.x),), device=batch.x.device)
        x_t = noised(batch.x, t, torch.randn_like(batch.x), alpha_bar)
        return {"denoising": mse_loss(self.G.denoiser(x_t, t), batch.x)}

    def after_round(self) -> None:
        """Move the average towards the denoiser."""
        for average, weight in zip(self.G_ema.parameters(), self.G.parameters(), strict=True):
            average.lerp_(weight, 1 - self.ema)

    def inputs(self, n: int) -> tuple[Tensor]:
        """x_T ~ N(0, I), (n, *data_shape), on the denoiser's device."""
        return (torch.randn(n, *self.G.data_shape, device=nets.device_of(self.G)),)

    def sample(self, n: int) -> Tensor:
        """`n` samples of the averaged denoiser, (n, *data_shape), on the CPU."""
        return nets.generate(self.G_ema, *self.inputs(n))


def demo():
    """A diffusion model of a few thousand parameters on the two moons, with 20 steps."""
    stream = batches("moons", 64)
    denoiser = MLPDenoiser(linear_schedule(20, 1e-3, 0.6), stream.data_shape, width=32)
    return Diffusion(Sampler(denoiser, stream.data_shape, steps=5)), stream
