"""The GAN is dead; long live the GAN! A Modern GAN Baseline. Huang, Gokaslan, Kuleshov, Tompkin,
2024, arXiv:2501.05441.

    min_D E[f(D(G(z)) - D(x))] + gamma/2 (R1 + R2)        min_G E[f(D(x) - D(G(z)))]

with f = softplus, R1 = E_x[|grad D(x)|^2] and R2 = E_z[|grad D(G(z))|^2].
"""
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.dcgan import DCGAN


class R3GAN(DCGAN):
    """D compares each real x with a fake, and two penalties keep its gradient small, on real data
    and on fakes.

    The pairs are drawn at random in each move. Samples come from the average of G's weights.

    Args:
        G, D: the generator, and a discriminator without BatchNorm: the penalties are about one x at
            a time.
        r1, r2: the weights gamma of the two penalties, at least 0; at 0 a penalty is not computed.
        pairing: the relativistic pairing loss; False is the non-saturating loss of `GAN`.
        options: those of `DCGAN`: ema, lr, betas, updates.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, r1: float = 0.1, r2: float = 0.1,
                 pairing: bool = True, lr: tuple[float, float] = (1e-3, 1e-3),
                 betas: tuple[float, float] = (0.0, 0.99), **options):
        super().__init__(G, D, lr=lr, betas=betas, **options)
        self.r1, self.r2, self.pairing = r1, r2, pairing

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms.

        Args:
            batch: real data, on the device of the networks.

        Returns:
            {"pair": scalar}, or {"real": scalar, "fake": scalar} without pairing, and the penalties
            that have a weight, {"r1": scalar, "r2": scalar}.
        """
        x = batch.x.detach().requires_grad_(self.r1 > 0)
        fake = self.G(self.noise(len(x))).detach().requires_grad_(self.r2 > 0)
        real_scores, fake_scores = self.D(x), self.D(fake)
        if self.pairing:
            terms = {"pair": losses.relativistic_pairing_loss(real_scores, fake_scores)}
        else:
            terms = {
                "real": losses.log_loss_real(real_scores),
                "fake": losses.log_loss_fake(fake_scores)
            }
        if self.r1:
            terms["r1"] = self.r1 / 2 * losses.zero_centred_penalty(real_scores, x)
        if self.r2:
            terms["r2"] = self.r2 / 2 * losses.zero_centred_penalty(fake_scores, fake)
        return terms

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term. With pairing it needs real data, too.

        Args:
            batch: real data.

        Returns:
            {"adv": scalar}, in nats.
        """
        if not self.pairing:
            return super().generator_terms(batch)
        fake_scores = self.D(self.G(self.noise(len(batch.x))))
        return {"adv": losses.relativistic_pairing_loss(fake_scores, self.D(batch.x))}

    def chance(self) -> dict[str, float]:
        """D's and G's loss where D gives every x the same score; penalties are 0 there."""
        level = losses.CHANCE["G"]                                  # log 2
        return {"D": level, "G": level} if self.pairing else super().chance()


def demo():
    """An R3GAN of a few thousand weights on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return R3GAN(G, D, r1=1.0, r2=1.0), stream
