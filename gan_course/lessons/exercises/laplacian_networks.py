"""The exercise of deeper/12_laplacian_pyramid on the conditional generator of a finer level."""
import torch
from torch import nn

from gan_course.lessons.exercises._checking import Mistake
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class DetailGenerator(nn.Module):
    """Enlarged coarse image (N, channels, H, W), noise (N, 1, H, W) -> residual, as the image."""

    def __init__(self, channels, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, channels, 5, padding=2),
        )

    def forward(self, coarse, noise):
        return self.layers(torch.cat([coarse, noise], dim=1))


class NoiseFirst(DetailGenerator):
    def forward(self, coarse, noise):
        return self.layers(torch.cat([noise, coarse], dim=1))


class WholeImage(DetailGenerator):
    def forward(self, coarse, noise):
        return coarse + super().forward(coarse, noise)


class Squashed(DetailGenerator):
    def forward(self, coarse, noise):
        return super().forward(coarse, noise).clamp(-1, 1)


class NoNoise(DetailGenerator):
    """Its first convolution reads the image alone."""

    def __init__(self, channels, width):
        super().__init__(channels, width)
        self.layers[0] = nn.Conv2d(channels, width, 5, padding=2)

    def forward(self, coarse, noise):
        return self.layers(coarse)


def levels(channels, **_):
    """N enlarged images, higher than wide, and their noise; so large that residuals pass 1."""
    return 20 * torch.randn(N, channels, 8, 6), 20 * torch.randn(N, 1, 8, 6)


EXERCISES = (
    Network("12.DetailGenerator", DetailGenerator, (
        {"channels": 3, "width": 7}, {"channels": 1, "width": 5}), levels, "generator", (
            "Two inputs of the same height and width can be read by one convolution, if they are "
            "put behind each other along the channels.",
            "`torch.cat([coarse, noise], dim=1)` has `channels + 1` channels. A 5x5 convolution "
            "keeps the size with a padding of 2.",
            "`nn.Conv2d(channels + 1, width, 5, padding=2), nn.ReLU()`, then from `width` to "
            "`width` with a ReLU, then from `width` to `channels`, and nothing behind it."),
            looks_like=(
                Mistake("no_channel_for_noise", "The first convolution has no channel for the "
                        "noise. Put coarse and noise behind each other along the channels, so "
                        "that it reads `channels + 1` of them. Without noise there would be one "
                        "detail for each coarse image.", like=NoNoise),),
            mistakes=(
                Mistake("noise_first", "The noise comes in front of the image. It would learn as "
                        "well, but then its weights fit no other generator: first the coarse "
                        "image, then the noise.", like=NoiseFirst),
                Mistake("whole_image", "It gives back the whole image. Asked is the residual "
                        "alone; the coarse part is added later.", like=WholeImage),
                Mistake("cut_off", "The residual is cut off at -1 and 1. It may lie anywhere "
                        "between -2 and 2.", like=Squashed)),
            well_done="It reads two inputs as one, and may draw any residual."),
)
