"""The exercises of notebook 12 on the generator of SRGAN."""
import torch
from torch import nn

from gan_course.lessons.exercises import _residual
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class ResidualBlock(nn.Module):
    """x -> x + f(x), f two 3x3 convolutions with a PReLU between: (N, width, H, W), same shape."""

    def __init__(self, width):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x):
        return x + self.f(x)


class Generator(nn.Module):
    """Small images (N, channels, H, W) -> large ones (N, channels, 4H, 4W) in [-1, 1]."""

    def __init__(self, channels, width, blocks):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.PReLU(),
            *[ResidualBlock(width) for _ in range(blocks)],
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, channels, 3, padding=1), nn.Tanh(),
        )

    def forward(self, x):
        return self.layers(x)


def features(width, **others):
    """N feature maps, higher than wide."""
    return (torch.randn(N, width, 6, 7),)


def images(channels, **others):
    """N small images, higher than wide, so that mixed-up axes show."""
    return (torch.randn(N, channels, 6, 4),)


EXERCISES = (
    Network("12.ResidualBlock", ResidualBlock, ({"width": 8}, {"width": 5}), features, "features", (
        "`__init__` makes the layers of f, `forward` adds what they give to x.",
        "f has three layers: a convolution, a PReLU and a convolution. A 3x3 convolution keeps the "
        "size with a padding of 1.",
        "`nn.Conv2d(width, width, 3, padding=1)`, `nn.PReLU()`, and the convolution once more; "
        "`return x + self.f(x)`."),
            mistakes=_residual.mistakes(ResidualBlock), looks_like=(_residual.NO_PADDING,),
            well_done="x passes through, and f learns what to add."),
    Network("12.Generator", Generator, (
        {"channels": 3, "width": 6, "blocks": 2}, {"channels": 1, "width": 4, "blocks": 3}),
            images, "generator", (
                "Everything up to the first PixelShuffle happens at the small size.",
                "`nn.PixelShuffle(2)` takes four channels for one, so the convolution before it "
                "goes from `width` to `4 * width`, and `width` channels come out.",
                "Twice: `nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), "
                "nn.PReLU()`. The end is `nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()`."),
            well_done="Four times as high and four times as wide, every value in [-1, 1]."),
)
