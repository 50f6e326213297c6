"""The generator of SRGAN (Ledig et al., 2016, arXiv:1609.04802): residual blocks, PixelShuffle."""
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """x + f(x), f two 3x3 convolutions with a PReLU between; no BatchNorm, as in arXiv:1707.02921.
    """

    def __init__(self, width: int):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.PReLU(),
                               nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """x -> x + f(x): (N, width, H, W), of the same shape."""
        return x + self.f(x)


class SRResNet(nn.Module):
    """The paper's generator, cut down: residual blocks at the small size, then two doublings, each
    a convolution to four times the channels and a PixelShuffle.

    Args:
        channels: 3 for colour.
        width: the number of channels inside.
        blocks: the number of residual blocks; the paper has 16.
    """

    def __init__(self, channels: int = 3, width: int = 16, blocks: int = 2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.PReLU(),
            *[ResidualBlock(width) for _ in range(blocks)],
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Small images -> large ones: (N, C, H, W) -> (N, C, 4H, 4W) in [-1, 1]."""
        return self.layers(x)
