"""PacGAN: The power of two samples in generative adversarial networks. Lin, Khetan, Fanti, Oh,
2017, arXiv:1712.04086.

    D(x_1, …, x_m): m samples judged together, all real or all fake
"""
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.gan import GAN


class PacGAN(GAN):
    """A GAN whose D sees several samples at once. Look-alikes in one pack give a collapsed G away.

    Nothing else changes: D's input is `pack` times as wide, or has `pack` times the channels. A
    batch of N makes N / pack packs.

    Args:
        G, D: the generator, and a discriminator of packs.
        pack: how many samples D sees at once, the paper's m.
        options: those of `GAN`.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, pack: int = 2, **options):
        super().__init__(G, D, **options)
        self.pack = pack

    def packed(self, x: Tensor) -> Tensor:
        """Samples side by side in packs of neighbours; what is left over at the end is dropped.

        Args:
            x: (N, d, …).

        Returns:
            (N / pack, pack d, …).

        Raises:
            ValueError: there are fewer than `pack` samples.
        """
        if len(x) < self.pack:
            raise ValueError(f"A batch of {len(x)} does not fill one pack of {self.pack}: use a "
                             "larger batch.")
        full = x[:len(x) // self.pack * self.pack]
        return full.reshape(-1, self.pack * x.shape[1], *x.shape[2:])

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, those of `GAN` for packs instead of samples."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {
            "real": losses.log_loss_real(self.D(self.packed(batch.x))),
            "fake": losses.log_loss_fake(self.D(self.packed(fake)))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term, that of `GAN` for packs instead of samples."""
        fake = self.G(self.noise(len(batch.x)))
        return {"adv": self.generator_loss_of(self.D(self.packed(fake)))}

    def scores(self, x: Tensor) -> Tensor:
        """D's raw output for a pack of `pack` copies of each x: (N, *data_shape) -> (N,)."""
        # what it makes of x seen `pack` times
        return self.D(x.repeat(1, self.pack, *[1] * (x.dim() - 2)))


def demo():
    """A PacGAN2 of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator((2 * stream.data_shape[0],), width=32)
    return PacGAN(G, D, pack=2), stream
