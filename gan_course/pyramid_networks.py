"""Laplacian pyramids, and generators that draw images level by level (Denton, Chintala, Szlam and
Fergus, 2015, arXiv:1506.05751).
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate


def down(x: Tensor) -> Tensor:
    """Half the size, by the mean of 2x2 pixels: (N, C, H, W) -> (N, C, H/2, W/2)."""
    return avg_pool2d(x, 2)


def up(x: Tensor) -> Tensor:
    """Twice the size, by bilinear interpolation: (N, C, H, W) -> (N, C, 2H, 2W)."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class DetailGenerator(nn.Module):
    """(enlarged coarse image, noise) -> residual: three convolutions, the last one without tanh,
    since a residual lies between -2 and 2.
    """

    def __init__(self, channels: int = 3, width: int = 16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, channels, 5, padding=2))

    def forward(self, coarse: Tensor, noise: Tensor) -> Tensor:
        """coarse (N, C, H, W) and noise (N, 1, H, W) -> residual (N, C, H, W)."""
        return self.layers(torch.cat([coarse, noise], dim=1))


class Pyramid(nn.Module):
    """The generators one behind the other: z and a plane of noise for each level -> images.

    Args:
        coarsest: z -> images of the smallest size.
        residuals: the generators of the finer levels, from coarse to fine.
    """

    def __init__(self, coarsest: nn.Module, residuals: list[nn.Module]):
        super().__init__()
        self.coarsest, self.residuals = coarsest, nn.ModuleList(residuals)

    def forward(self, z: Tensor, *planes: Tensor) -> Tensor:
        """(N, z_dim) and (N, 1, H, W) for each level -> images (N, C, H, W) in [-1, 1]."""
        x = self.coarsest(z)
        for G, plane in zip(self.residuals, planes, strict=True):
            x = up(x) + G(up(x), plane)
        return x.clamp(-1, 1)
