"""The networks of notebook 03: generators of points and of images, a discriminator of both."""
import math

import torch
from torch import nn

from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Generator(nn.Module):
    """z (N, z_dim) -> points (N, 2), through two hidden layers with ReLU."""

    def __init__(self, z_dim, width):
        super().__init__()
        self.z_dim = z_dim
        self.layers = nn.Sequential(
            nn.Linear(z_dim, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, 2),
        )

    def forward(self, z):
        return self.layers(z)


class ImageGenerator(nn.Module):
    """z (N, z_dim) -> images (N, *data_shape) in [-1, 1]; two hidden layers with ReLU."""

    def __init__(self, z_dim, data_shape, width):
        super().__init__()
        self.z_dim, self.data_shape = z_dim, data_shape
        self.layers = nn.Sequential(
            nn.Linear(z_dim, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
            nn.Linear(width, math.prod(data_shape)), nn.Tanh(),
        )

    def forward(self, z):
        return self.layers(z).view(len(z), *self.data_shape)


class Discriminator(nn.Module):
    """x (N, *data_shape) -> logits (N,), through two hidden layers with LeakyReLU and dropout."""

    def __init__(self, data_shape, width, dropout):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(math.prod(data_shape), width), nn.LeakyReLU(0.2), nn.Dropout(dropout),
            nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Dropout(dropout),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.layers(x).squeeze(1)


def z(z_dim, **others):
    """N latent vectors."""
    return (torch.randn(N, z_dim),)


def x(data_shape, **others):
    """N samples of data."""
    return (torch.randn(N, *data_shape),)


EXERCISES = (
    Network("03.Generator", Generator, ({"z_dim": 4, "width": 8}, {"z_dim": 7, "width": 13}), z,
            "generator", (
                "Two things: `__init__` makes the layers, `forward` sends z through them.",
                "`nn.Sequential` takes the layers in order: a fully connected layer from z_dim to "
                "width, ReLU, one from width to width, ReLU, and one more.",
                "The last layer is `nn.Linear(width, 2)`, with nothing behind it: a point may lie "
                "anywhere in the plane."),
            keeps=("z_dim",),
            well_done="Three layers, every parameter registered, and a point for each z."),
    Network("03.ImageGenerator",
            ImageGenerator,
            ({"z_dim": 4, "data_shape": (1, 5, 7), "width": 8},
             {"z_dim": 7, "data_shape": (3, 4, 4), "width": 13}),
            z,
            "generator",
            ("Like the generator of points, with another last layer and two more steps behind it.",
             "A picture of `data_shape` has `math.prod(data_shape)` pixels. Real pixels lie in "
             "[-1, 1].",
             "The last layer is `nn.Linear(width, math.prod(data_shape))`, then `nn.Tanh()`; "
             "`forward` ends in `.view(len(z), *self.data_shape)`."),
            keeps=("z_dim",),
            well_done="A picture for each z, with every pixel in [-1, 1]."),
    Network("03.Discriminator", Discriminator, (
        {"data_shape": (2,), "width": 8, "dropout": 0.2},
        {"data_shape": (1, 5, 7), "width": 13, "dropout": 0.4}), x,
            "discriminator", (
                "Like the generator the other way round: data in, one number for each sample out.",
                "Pictures have to become vectors first (`nn.Flatten()`). Behind each hidden layer "
                "come LeakyReLU with slope 0.2 for negative values, and `nn.Dropout(dropout)`.",
                "The last layer is `nn.Linear(width, 1)` without a sigmoid; `.squeeze(1)` makes "
                "(N, 1) into (N,)."),
            well_done="One raw logit for each sample."),
)
