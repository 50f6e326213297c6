"""Unsupervised Representation Learning with Deep Convolutional GANs. Radford, Metz, Chintala, 2015,
arXiv:1511.06434.

The game is that of 2014. The networks are new, `nets.ConvGenerator` and `nets.ConvDiscriminator`:
strided convolutions where others pooled, BatchNorm, ReLU in G, LeakyReLU in D; and Adam with lr
2e-4 and betas (0.5, 0.999).
"""
import copy

from torch import Tensor, nn

from gan_course import nets
from gan_course.data import batches
from gan_course.games.gan import GAN


class DCGAN(GAN):
    """The game of `GAN`, whose samples are drawn by `G_ema`, the exponential moving average (EMA)
    of G's weights.

        theta_ema <- ema theta_ema + (1 - ema) theta         after each round

    The paper draws from G itself (`ema=0`); the average came later and changes less from one round
    to the next. BatchNorm's statistics are copied from G, not averaged.

    Args:
        G, D: the generator and the discriminator, which returns logits.
        ema: the share of the average that is kept in each round, from 0 up to but not including 1.
        rules: those of `GAN`: generator_loss, lr, betas, updates.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, ema: float = 0.99, **rules):
        super().__init__(G, D, **rules)
        self.ema, self.G_ema = ema, copy.deepcopy(G).requires_grad_(False)

    def after_round(self) -> None:
        """Move the average towards G."""
        for average, weight in zip(self.G_ema.parameters(), self.G.parameters(), strict=True):
            average.lerp_(weight, 1 - self.ema)
        for average, buffer in zip(self.G_ema.buffers(), self.G.buffers(), strict=True):
            average.copy_(buffer)

    def sample(self, n: int) -> Tensor:
        """`n` samples of the averaged generator.

        Args:
            n: how many.

        Returns:
            (n, *data_shape), on the CPU; images lie in [-1, 1].
        """
        return nets.generate(self.G_ema, self.noise(n))


def demo():
    """A DCGAN of a few thousand weights on the 8x8 digits."""
    stream = batches("digits", 64)
    return DCGAN(nets.ConvGenerator(8, 1, 8, 8), nets.ConvDiscriminator(1, 8, 8)), stream
