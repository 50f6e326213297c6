"""The network of notebook 06: the body of a small classifier, whose output serves as features."""
import torch
from torch import nn

from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class FeatureNetwork(nn.Module):
    """Images (N, 1, 28, 28) -> features (N, features), through two convolutions of stride 2."""

    def __init__(self, width, features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1), nn.ReLU(),           # (N, w, 14, 14)
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),   # (N, 2 w, 7, 7)
            nn.Flatten(),
            nn.Linear(2 * width * 7 * 7, features), nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


def images(**_):
    """N images."""
    return (torch.randn(N, 1, 28, 28),)


EXERCISES = (
    Network("06.FeatureNetwork", FeatureNetwork,
            ({"width": 4, "features": 8}, {"width": 5, "features": 12}), images, "features", (
                "Two convolutions, then one fully connected layer, with ReLU behind each of the "
                "three. `nn.Sequential` keeps them in order.",
                "A 3x3 convolution with stride 2 and padding 1 halves an even side: 28 becomes 14, "
                "14 becomes 7. `nn.Flatten()` makes one row of each image.",
                "The fully connected layer takes `2 * width * 7 * 7` numbers and gives `features`; "
                "a ReLU stands behind it, too."),
            well_done="Three layers, and a row of features for each image."),
)
