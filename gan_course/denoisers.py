"""The forward process of diffusion models, and networks that go back: a noisy x_t and its time t ->
the clean x.

All carry the schedule of the forward process as `alpha_bar`, (T,). Times go from 0, where x_t is
almost clean, to T - 1, where it is almost pure noise.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import silu


def linear_schedule(T: int = 100, first: float = 1e-4, last: float = 0.2) -> Tensor:
    """alpha_bar of noise whose variance beta grows evenly from step to step.

        beta_t = first + (last - first) t / (T - 1)        alpha_bar_t = product of (1 - beta_s)

    DDPM (arXiv:2006.11239) has 1000 steps from 1e-4 to 0.02. With fewer steps each has to be
    larger, so that almost nothing of x is left at the end.

    Args:
        T: the number of steps.
        first, last: the smallest and the largest beta, between 0 and 1.

    Returns:
        alpha_bar, (T,), falling from nearly 1 to nearly 0.
    """
    return (1 - torch.linspace(first, last, T, dtype=torch.float64)).cumprod(0).float()


def noised(x: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t of the forward process.

    Args:
        x: data, (N, *data_shape).
        t: a time for each, whole numbers (N,).
        noise: draws of N(0, I), like x.
        alpha_bar: the schedule, (T,).

    Returns:
        (N, *data_shape).
    """
    abar = alpha_bar[t].view(-1, *[1] * (x.dim() - 1))
    return abar.sqrt() * x + (1 - abar).sqrt() * noise


class MLPDenoiser(nn.Module):
    """Fully connected layers with SiLU; each hidden layer adds a learned vector of the time.

    With a shortcut the clean x is sqrt(abar_t) x_t + sqrt(1 - abar_t) times what the layers say, so
    they have little to add where little noise is. Layers narrower than x cannot take the noise of
    x_t away again; for images leave it out.

    Args:
        alpha_bar: the schedule, (T,).
        data_shape: the shape of one x.
        width: the units in each hidden layer.
        depth: the number of hidden layers.
        shortcut: whether there is one.
    """

    def __init__(self, alpha_bar: Tensor, data_shape: tuple[int, ...], width: int = 128,
                 depth: int = 3, *, shortcut: bool = False):
        super().__init__()
        self.shortcut = shortcut
        self.register_buffer("alpha_bar", alpha_bar.clone())
        numbers = torch.Size(data_shape).numel()
        self.first, self.last = nn.Linear(numbers, width), nn.Linear(width, numbers)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.time = nn.Embedding(len(alpha_bar), width)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x_t (N, *data_shape) and t, whole numbers (N,) -> the clean x (N, *data_shape)."""
        h, time = self.first(x.flatten(1)), self.time(t)
        for layer in self.hidden:
            h = layer(silu(h + time))
        said = self.last(silu(h)).view_as(x)
        if not self.shortcut:
            return said
        abar = self.alpha_bar[t].view(-1, *[1] * (x.dim() - 1))
        return abar.sqrt() * x + (1 - abar).sqrt() * said
