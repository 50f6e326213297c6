"""The networks of CycleGAN, in notebook 11: the residual block and the generator."""
import torch
from torch import nn

from gan_course.lessons.exercises import _residual
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class ResidualBlock(nn.Module):
    """x -> x + f(x), f two 3x3 convolutions: (N, width, H, W), of the same shape."""

    def __init__(self, width):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.InstanceNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.InstanceNorm2d(width),
        )

    def forward(self, x):
        return x + self.f(x)


class ResidualGenerator(nn.Module):
    """Images (N, channels, H, W) in [-1, 1] -> images of the other domain, of the same shape."""

    def __init__(self, channels, width, blocks):
        super().__init__()
        wide = 2 * width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.InstanceNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, wide, 3, 2, 1, bias=False), nn.InstanceNorm2d(wide), nn.ReLU(),
            *[ResidualBlock(wide) for _ in range(blocks)],
            nn.ConvTranspose2d(wide, width, 4, 2, 1, bias=False), nn.InstanceNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, channels, 3, padding=1), nn.Tanh(),
        )

    def forward(self, x):
        return self.layers(x)


def features(width, **others):
    """N feature maps of an odd size."""
    return (torch.randn(N, width, 6, 7),)


def images(channels, **others):
    """N images, higher than wide, so that mixed-up axes show."""
    return (torch.randn(N, channels, 12, 8),)


EXERCISES = (
    Network("11.ResidualBlock", ResidualBlock, ({"width": 8}, {"width": 5}), features, "features", (
        "Two things: `__init__` makes the layers of f, `forward` adds what they give to x.",
        "f is a convolution, InstanceNorm, ReLU, a convolution and InstanceNorm. The shape stays "
        "the same, so a 3x3 convolution needs a padding of 1.",
        "`nn.Conv2d(width, width, 3, padding=1, bias=False)`, `nn.InstanceNorm2d(width)`, "
        "`nn.ReLU()`, the first two once more; `return x + self.f(x)`."),
            mistakes=_residual.mistakes(ResidualBlock, "Without x the block has to learn to copy "
                                        "everything that should stay."),
            looks_like=(_residual.NO_PADDING,),
            well_done="What should stay comes through x; f learns only what to change."),
    Network("11.ResidualGenerator", ResidualGenerator, (
        {"channels": 3, "width": 6, "blocks": 2}, {"channels": 1, "width": 4, "blocks": 3}),
            images, "generator", (
                "Five parts, one after the other: a convolution, one that halves the size, the "
                "residual blocks, one that doubles it, and a last convolution.",
                "A 4x4 transposed convolution with stride 2 and padding 1 doubles the size; a 3x3 "
                "convolution with stride 2 and padding 1 halves it. InstanceNorm and ReLU stand "
                "behind all but the last.",
                "`nn.Sequential(…, *[ResidualBlock(2 * width) for _ in range(blocks)], …)`: each "
                "block is a new one. The end is `nn.Conv2d(width, channels, 3, padding=1)` and "
                "`nn.Tanh()`."),
            well_done="An image of the same size, every pixel in [-1, 1]."),
)
