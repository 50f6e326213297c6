"""Improved Training of Wasserstein GANs. Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, 2017,
arXiv:1704.00028.

    max_D E_x[D(x)] - E_z[D(G(z))] - lambda E_u[(|grad D(u)| - 1)^2],   u between x and G(z)
"""
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.wgan import WGAN


class WGAN_GP(WGAN):
    """A WGAN whose critic is held to gradient norm 1 by a penalty instead of clipping.

    Args:
        G, D: the generator, and a critic without BatchNorm: the penalty is about one point at a
            time.
        penalty: its weight, the paper's lambda, at least 0.
        lr: the learning rates of D and G.
        betas: Adam's, of both.
        updates: moves of the critic in each round, the paper's n_critic.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, penalty: float = 10.0,
                 lr: tuple[float, float] = (1e-4, 1e-4), betas: tuple[float, float] = (0.0, 0.9),
                 updates: int = 5):
        super().__init__(G, D, clip=None, lr=lr, betas=betas, updates=updates)
        self.penalty = penalty

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's loss terms, -E[D(x)], E[D(G(z))] and lambda E_u[(|grad D(u)| - 1)^2]."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {
            "real": losses.wasserstein_loss_real(self.D(batch.x)),
            "fake": losses.wasserstein_loss_fake(self.D(fake)),
            "gp": self.penalty * losses.gradient_penalty(self.D, batch.x, fake)
        }


def demo():
    """A WGAN-GP of a few thousand weights on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return WGAN_GP(G, D), stream
