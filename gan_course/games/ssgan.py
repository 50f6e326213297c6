"""Self-Supervised GANs via Auxiliary Rotation Loss. Chen, Zhai, Ritter, Lucic, Houlsby, 2018,
arXiv:1811.11212.

    L_D = hinge + E_{x, r}[-log Q_D(r | x turned by r)]
    L_G = -E_z[D(G(z))] + 0.2 E_{z, r}[-log Q_D(r | G(z) turned by r)]

Q_D is a second head on D's features, which says by how many quarter turns an image was turned. D
learns it on real images, G on its own. Only upright images take part in the game of real and fake.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.dcgan import DCGAN
from gan_course.games.sngan import normalised


class RotationDiscriminator(nn.Module):
    """Two heads on the same features, real or fake and which rotation, spectrally normalised.

    Args:
        channels, width, size: of the images; size is a multiple of 4.
    """

    def __init__(self, channels: int = 3, width: int = 32, size: int = 32):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(2 * width * (size // 4)**2, 4 * width), nn.LeakyReLU(0.2))
        self.head, self.rotation = nn.Linear(4 * width, 1), nn.Linear(4 * width, 4)
        normalised(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images -> scores: (N, channels, size, size) -> (N,)."""
        return self.head(self.body(x)).squeeze(1)

    def turns(self, x: Tensor) -> Tensor:
        """Images -> the logits of 0 to 3 quarter turns: (N, channels, size, size) -> (N, 4)."""
        return self.rotation(self.body(x))


def rotations(x: Tensor) -> tuple[Tensor, Tensor]:
    """All images four times: upright, and turned counter-clockwise by 1, 2 and 3 quarters.

    Args:
        x: square images, (N, C, H, H).

    Returns:
        The images, (4 N, C, H, H), upright ones first, and their quarter turns, int64 (4 N,).
    """
    turned = torch.cat([torch.rot90(x, k, dims=(2, 3)) for k in range(4)])
    return turned, torch.arange(4, device=x.device).repeat_interleave(len(x))


class SSGAN(DCGAN):
    """A hinge GAN whose D also tells how real images were turned, and whose G draws such images.

    Args:
        G: the generator.
        D: a discriminator with a second output, `turns`, as `RotationDiscriminator` has it.
        rotation: the weights of the rotation loss in D's and in G's loss; (0, 0) is a hinge GAN.
        rules: those of `DCGAN`: ema, lr, betas, updates.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, rotation: tuple[float, float] = (1.0, 0.2),
                 **rules):
        super().__init__(G, D, generator_loss=losses.wasserstein_generator_loss, **rules)
        self.rotation = rotation

    def rotation_loss(self, x: Tensor) -> Tensor:
        """The cross entropy of the rotation head on all four turns of x: (N, C, H, H) -> scalar."""
        turned, k = rotations(x)
        return cross_entropy(self.D.turns(turned), k)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms: real and fake upright images, and the rotations of the real ones."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {"real": losses.hinge_loss_real(self.D(batch.x)),
                "fake": losses.hinge_loss_fake(self.D(fake)),
                "rotation": self.rotation[0] * self.rotation_loss(batch.x)}

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss terms: its upright images, and their rotations."""
        fake = self.G(self.noise(len(batch.x)))
        return {"adv": self.generator_loss_of(self.D(fake)),
                "rotation": self.rotation[1] * self.rotation_loss(fake)}

    def chance(self) -> dict[str, float]:
        """None: both losses depend on the rotation head too."""
        return {}


def demo():
    """An SSGAN of a few thousand weights on the 8x8 digits."""
    stream = batches("digits", 64)
    return SSGAN(nets.ConvGenerator(8, 1, 8, 8), RotationDiscriminator(1, 8, 8)), stream
