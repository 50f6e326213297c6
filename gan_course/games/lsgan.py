"""Least Squares Generative Adversarial Networks. Mao et al., 2016, arXiv:1611.04076.

    min_D E_x[(D(x) - 1)^2] / 2 + E_z[D(G(z))^2] / 2        min_G E_z[(D(G(z)) - 1)^2] / 2
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.gan import GAN


class LSGAN(GAN):
    """D aims at targets instead of giving probabilities: 1 for real and 0 for fake, the paper's b
    and a. G aims at c = 1.

    Args:
        G, D: the generator, and a discriminator without a sigmoid at its end.
        options: those of `GAN`, without generator_loss.
    """

    def __init__(self, G: nn.Module, D: nn.Module, **options):
        super().__init__(G, D, generator_loss=losses.least_squares_generator_loss, **options)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, E[(D(x) - 1)^2] / 2 and E[D(G(z))^2] / 2."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {
            "real": losses.least_squares_loss_real(self.D(batch.x)),
            "fake": losses.least_squares_loss_fake(self.D(fake))
        }

    def chance(self) -> dict[str, float]:
        """D's and G's loss where D(x) = 1/2, halfway between the targets, for every x."""
        undecided = torch.full((1,), 0.5)
        return {"D": losses.least_squares_discriminator_loss(undecided, undecided).item(),
                "G": losses.least_squares_generator_loss(undecided).item()}

    def opinion(self, scores: Tensor) -> Tensor:
        """D's scores as a plot shows them, cut off at the targets 0 (fake) and 1 (real)."""
        return scores.clamp(0, 1)


def demo():
    """An LSGAN of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return LSGAN(G, D), stream
