"""The networks of notebook 07: DCGAN's generator and discriminator, for images of any size."""
from itertools import pairwise

import torch
from torch import nn

from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Generator(nn.Module):
    """z (N, z_dim) -> images (N, channels, size, size) in [-1, 1]; size = start 2^len(widths)."""

    def __init__(self, z_dim, widths, start, channels):
        super().__init__()
        self.z_dim = z_dim
        layers = [nn.ConvTranspose2d(z_dim, widths[0], start, bias=False)]
        for a, b in pairwise(widths):
            layers += [nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(widths[-1]), nn.ReLU()]
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z):
        return self.layers(z[:, :, None, None])     # z as an image of one pixel


class Discriminator(nn.Module):
    """Images (N, channels, size, size) -> logits (N,); size = end 2^len(widths)."""

    def __init__(self, channels, widths, end):
        super().__init__()
        layers = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(widths[-1], 1, end)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).flatten()             # (N, 1, 1, 1) -> (N,)


def z(z_dim, **others):
    """N latent vectors."""
    return (torch.randn(N, z_dim),)


def images(channels, widths, end):
    """N images of the size that this discriminator reads."""
    size = end * 2**len(widths)
    return (torch.randn(N, channels, size, size),)


EXERCISES = (
    Network("07.Generator", Generator,
            ({"z_dim": 5, "widths": (8, 4), "start": 3, "channels": 1},
             {"z_dim": 7, "widths": (9, 5, 4), "start": 2, "channels": 3}),
            z, "generator",
            ("Three kinds of steps: from z to the first small image, doublings inside the "
             "network, and the last doubling, which ends in tanh.",
             "`nn.ConvTranspose2d(z_dim, widths[0], start, bias=False)` makes the first image; "
             "each doubling is `nn.ConvTranspose2d(a, b, 4, 2, 1)`. BatchNorm and ReLU stand "
             "before each doubling, with the number of channels that goes into it.",
             "Collect the layers in a list: `for a, b in pairwise(widths): layers += "
             "[nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]`, and "
             "at the end `nn.Sequential(*layers)`. `forward` gives it `z[:, :, None, None]`."),
            keeps=("z_dim",),
            well_done="It doubles as often as `widths` says, and ends in [-1, 1]."),
    Network("07.Discriminator", Discriminator,
            ({"channels": 1, "widths": (4, 8), "end": 3},
             {"channels": 3, "widths": (4, 5, 9), "end": 2}),
            images, "discriminator",
            ("The generator the other way round: halvings, and at the end one number.",
             "Each halving is `nn.Conv2d(a, b, 4, 2, 1)`. The first one has no BatchNorm behind "
             "it, and keeps its bias.",
             "Behind the loop over `pairwise(widths)` comes `nn.Conv2d(widths[-1], 1, end)`, whose "
             "kernel covers the whole small image; `forward` ends in `.flatten()`."),
            well_done="One raw logit for each image."),
)
