"""The networks of progressive growing: a generator and a discriminator that get layers for larger
images while they learn (Karras, Aila, Laine, Lehtinen, 2017, arXiv:1710.10196).

    G, D = GrowingGenerator(), GrowingDiscriminator()
    logits = D(G(z, 1, 0.3), 1, 0.3)                    # 16 pixels, three tenths faded in

Stage 0, 1, 2 is 8, 16, 32 pixels. `alpha` says how far the layers of the stage have come in, from 0
to 1. At stage 0 there is nothing to fade from, and alpha is 1.
"""
import math
from collections.abc import Callable

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from gan_course.style_networks import GAIN, EqualisedConv, EqualisedLinear, StyleGenerator

WIDTHS = (64, 32, 16)                                   # channels at 8, 16 and 32 pixels


def faded(low, high, alpha):
    """low (N, C, H, W), high (N, C, 2H, 2W) -> alpha times high, the rest the doubled low."""
    return (1 - alpha) * F.interpolate(low, scale_factor=2) + alpha * high


def entry(D, x, stage, alpha):
    """Images at the size of a stage -> features of half that size, faded in."""
    new = D.halve[stage](D.read[stage](x))
    if alpha == 1:
        return new
    old = D.read[stage - 1](F.avg_pool2d(x, 2))
    return (1 - alpha) * old + alpha * new


def stage_of(share: float) -> tuple[int, float]:
    """The schedule: a tenth of the time at 8 pixels, a tenth fading to 16, a tenth there, a tenth
    fading to 32, and six tenths there.

    Args:
        share: of the time that has passed, 0 to 1.

    Returns:
        The stage, and alpha.
    """
    level = float(np.interp(share, (0.1, 0.2, 0.3, 0.4), (0, 1, 1, 2)))
    stage = math.ceil(level)
    return stage, 1 - (stage - level)


def at_stage(x: Tensor, stage: int, alpha: float, fade: Callable = faded) -> Tensor:
    """Real images as a stage sees them, faded in like the fakes.

    Args:
        x: images, (N, 3, 32, 32).
        stage: 0, 1 or 2.
        alpha: how far the stage has come in, 0 to 1; 1 at stage 0.
        fade: as `faded`.

    Returns:
        (N, 3, 8, 8), (N, 3, 16, 16) or (N, 3, 32, 32).
    """
    x = F.avg_pool2d(x, 2 ** (2 - stage))
    return x if alpha == 1 else fade(F.avg_pool2d(x, 2), x, alpha)


class GrowingGenerator(StyleGenerator):
    """A StyleGAN's generator with a 1x1 convolution at each size that makes an image of the
    features there.

    Args:
        fade: as `faded`; blends the images of two sizes.
    """

    def __init__(self, fade: Callable = faded):
        super().__init__()
        self.fade = fade
        self.to_images = nn.ModuleList(EqualisedConv(c, 3, 1, 1, 0, 1) for c in WIDTHS)

    def forward(self, z: Tensor, stage: int, alpha: float) -> Tensor:
        """(N, z_dim) -> images of the stage, without tanh."""
        w, h = self.mapping(z), self.constant.expand(len(z), -1, -1, -1)
        for layer in self.layers[:1 + 2 * stage]:
            h = layer(h, w)
        small = h                                       # what the smaller images were drawn from
        for layer in self.layers[1 + 2 * stage:3 + 2 * stage]:
            h = layer(h, w)
        x = self.to_images[stage](h)
        return x if alpha == 1 else self.fade(self.to_images[stage - 1](small), x, alpha)


class GrowingDiscriminator(nn.Module):
    """The same stages, backwards: at each size one layer reads the image, and one halves.

    Args:
        enter: as `entry`; reads an image and blends the features of two stages.

    Attributes:
        read: for each stage, images -> features of the same size.
        halve: for each stage, its features -> those that the stage before reads from its images.
    """

    def __init__(self, enter: Callable = entry):
        super().__init__()
        self.enter = enter
        self.read = nn.ModuleList(nn.Sequential(
            EqualisedConv(3, c, 1, 1, 0), nn.LeakyReLU(0.2)) for c in WIDTHS)
        self.halve = nn.ModuleList(nn.Sequential(
            EqualisedConv(c, 2 * c, 4, 2, 1), nn.LeakyReLU(0.2)) for c in WIDTHS)
        self.head = nn.Sequential(
            nn.Flatten(), EqualisedLinear(2 * WIDTHS[0] * 4 * 4, 64, GAIN), nn.LeakyReLU(0.2),
            EqualisedLinear(64, 1), nn.Flatten(0))

    def forward(self, x: Tensor, stage: int, alpha: float) -> Tensor:
        """Images of the stage -> logits, (N,)."""
        h = self.enter(self, x, stage, alpha)
        for layer in reversed(self.halve[:stage]):
            h = layer(h)
        return self.head(h)
