"""Geometric GAN: the hinge loss. Lim and Ye, 2017, arXiv:1705.02894.

    min_D E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))]        min_G -E_z[D(G(z))]
"""
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.gan import GAN


class HingeGAN(GAN):
    """D is a support vector machine on its own features: real x should score above 1, fakes below
    -1, and what is beyond these margins has no gradient.

    Args:
        G, D: the generator, and a discriminator without a sigmoid at its end.
        options: those of `GAN`, without generator_loss.
    """

    def __init__(self, G: nn.Module, D: nn.Module, **options):
        super().__init__(G, D, generator_loss=losses.wasserstein_generator_loss, **options)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, E[max(0, 1 - D(x))] and E[max(0, 1 + D(G(z)))]."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {
            "real": losses.hinge_loss_real(self.D(batch.x)),
            "fake": losses.hinge_loss_fake(self.D(fake))
        }

    def chance(self) -> dict[str, float]:
        """D's and G's loss where D(x) = 0 for every x: on the line between the margins."""
        return {"D": 2.0, "G": 0.0}  # D = 0: on the line between the margins


def demo():
    """A hinge GAN of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return HingeGAN(G, D), stream
