"""Networks that more than one game uses. Discriminators return raw logits; the sigmoid appears only in plots.

z is the latent vector, (N, z_dim); x is data, (N, *data_shape); logits are (N,): one real number for each x.
"""
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MLPGenerator(nn.Module):
    """z -> x through fully connected layers with ReLU, and BatchNorm before each ReLU if `batchnorm` is set.

    Images (data_shape of three numbers) end in tanh, so that x lies in [-1, 1]; points in the plane are left as they come.
    """

    def __init__(self, z_dim: int, data_shape: tuple[int, ...], width: int = 128, depth: int = 2, batchnorm: bool = False):
        super().__init__()
        self.z_dim, self.data_shape = z_dim, tuple(data_shape)
        widths = [z_dim] + [width] * depth
        layers: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(a, b), *([nn.BatchNorm1d(b)] if batchnorm else []), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], math.prod(data_shape)))
        self.squash = nn.Tanh() if len(data_shape) == 3 else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        x = self.layers(z)                                          # (N, prod(data_shape))
        return self.squash(x).view(-1, *self.data_shape)            # (N, *data_shape)


class MLPDiscriminator(nn.Module):
    """x -> logits through fully connected layers with LeakyReLU(0.2); `dropout` is the share of hidden units silenced in training."""

    def __init__(self, data_shape: tuple[int, ...], width: int = 128, depth: int = 2, dropout: float = 0.0):
        super().__init__()
        widths = [math.prod(data_shape)] + [width] * depth
        layers: list[nn.Module] = [nn.Flatten()]
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)                            # (N, 1) -> (N,)


class ConvGenerator(nn.Module):
    """DCGAN's generator for 32x32 images: z -> 4x4 -> 8x8 -> 16x16 -> 32x32 by transposed convolutions (arXiv:1511.06434).

    BatchNorm and ReLU after each but the last, which ends in tanh. `width` is the number of channels at 16x16.
    """

    def __init__(self, z_dim: int = 100, channels: int = 3, width: int = 64):
        super().__init__()
        self.z_dim = z_dim

        def grow(a: int, b: int, stride: int, padding: int) -> list[nn.Module]:
            return [nn.ConvTranspose2d(a, b, 4, stride, padding, bias=False), nn.BatchNorm2d(b), nn.ReLU()]

        self.layers = nn.Sequential(
            *grow(z_dim, 4 * width, 1, 0),                          # (N, 4w, 4, 4)
            *grow(4 * width, 2 * width, 2, 1),                      # (N, 2w, 8, 8)
            *grow(2 * width, width, 2, 1),                          # (N, w, 16, 16)
            nn.ConvTranspose2d(width, channels, 4, 2, 1),           # (N, C, 32, 32)
            nn.Tanh(),
        )
        self.apply(dcgan_init)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])


class ConvDiscriminator(nn.Module):
    """DCGAN's discriminator for 32x32 images: strided convolutions with LeakyReLU(0.2), BatchNorm in all but the first and last."""

    def __init__(self, channels: int = 3, width: int = 64):
        super().__init__()

        def shrink(a: int, b: int) -> list[nn.Module]:
            return [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]

        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2),  # (N, w, 16, 16)
            *shrink(width, 2 * width),                              # (N, 2w, 8, 8)
            *shrink(2 * width, 4 * width),                          # (N, 4w, 4, 4)
            nn.Conv2d(4 * width, 1, 4),                             # (N, 1, 1, 1)
        )
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()                             # (N,)


def dcgan_init(module: nn.Module) -> None:
    """DCGAN's initialisation, for `net.apply`: convolution weights ~ N(0, 0.02^2), BatchNorm gamma ~ N(1, 0.02^2), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def count_parameters(net: nn.Module) -> int:
    """How many numbers training moves."""
    return sum(parameter.numel() for parameter in net.parameters())


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Inside, the network is in evaluation mode: no dropout, and BatchNorm uses its running statistics and leaves them alone."""
    training = net.training
    net.eval()
    try:
        yield
    finally:
        net.train(training)


@torch.no_grad()
def generate(G: nn.Module, z: Tensor) -> Tensor:
    """G(z) as a finished generator gives it: in evaluation mode, without gradients."""
    with evaluating(G):
        return G(z)
