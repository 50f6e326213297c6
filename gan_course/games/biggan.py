"""Large Scale GAN Training for High Fidelity Natural Image Synthesis (BigGAN). Brock, Donahue,
Simonyan, 2018, arXiv:1809.11096.

    min_D E[max(0, 1 - D(x, y))] + E[max(0, 1 + D(G(z, y), y))]        min_G -E[D(G(z, y), y)]

The labels go where they go in BigGAN. The networks are small: strided convolutions where BigGAN has
residual blocks and self-attention, and only D's layers are spectrally normalised.
"""
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_course import losses
from gan_course.conditional_networks import HierarchicalGenerator
from gan_course.data import Batch, batches
from gan_course.games.cgan import CGAN
from gan_course.games.sngan import normalised


class PooledDiscriminator(nn.Module):
    """D(x, y) = psi(phi(x)) + v(y) . phi(x): phi are features summed over the image, and every
    layer's weight, v too, is divided by its largest singular value, as in `sngan.SNGAN`.

    Args:
        classes: the number of classes.
        channels: of the images, 8 pixels a side or more.
        width: the channels of the first convolution.
    """

    def __init__(self, classes: int, channels: int = 3, width: int = 32):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1), nn.LeakyReLU(0.2))
        self.psi, self.v = nn.Linear(4 * width, 1), spectral_norm(nn.Embedding(classes, 4 * width))
        normalised(self)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Images and their classes -> scores: (N, C, H, W) and int64 (N,) -> (N,)."""
        phi = self.body(x).sum(dim=(2, 3))
        return self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(dim=1)


class BigGAN(CGAN):
    """A conditional GAN with the hinge loss, two moves of D for each of G, and a faster D.

    Args:
        G, D: they read a class y beside z and x.
        rules: those of `CGAN`. As in the paper lr is (2e-4, 5e-5), betas (0, 0.999), updates 2.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, lr: tuple[float, float] = (2e-4, 5e-5),
                 betas: tuple[float, float] = (0.0, 0.999), updates: int = 2, **rules):
        super().__init__(G, D, generator_loss=losses.wasserstein_generator_loss, lr=lr, betas=betas,
                         updates=updates, **rules)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms for real images and for fakes, both beside the labels of the batch."""
        fake = self.G(self.noise(len(batch.x)), batch.y).detach()
        return {"real": losses.hinge_loss_real(self.D(batch.x, batch.y)),
                "fake": losses.hinge_loss_fake(self.D(fake, batch.y))}

    def chance(self) -> dict[str, float]:
        """D's and G's loss where D(x, y) = 0 everywhere: on the line between the margins."""
        return {"D": 2.0, "G": 0.0}


def demo():
    """A BigGAN of a few thousand weights on the 8x8 digits."""
    stream = batches("digits", 64)
    return BigGAN(HierarchicalGenerator(9, 10, 1, 8, 8), PooledDiscriminator(10, 1, 8)), stream
