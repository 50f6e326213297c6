"""A Style-Based Generator Architecture for Generative Adversarial Networks. Karras, Laine, Aila,
2018, arXiv:1812.04948.

    min_D E[-log D(x)] + E[-log(1 - D(G(z)))] + gamma/2 E[|grad D(x)|^2]
    min_G E[-log D(G(z))]

The loss is the non-saturating one of 2014 with the penalty R1 (arXiv:1801.04406). What is new is
the generator, `style_networks.StyleGenerator`, and mixing regularisation: while it learns, most
fakes are drawn with two w, one for the first layers and one for the others.
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.dcgan import DCGAN
from gan_course.style_networks import StyleDiscriminator, StyleGenerator, truncate


class StyleGAN(DCGAN):
    """A GAN whose generator reads w in every layer. Samples come from the average of its weights.

    Args:
        G: the generator, with the methods of `StyleGenerator`.
        D: the discriminator, without BatchNorm.
        gamma: the weight of R1, at least 0; at 0 it is not computed. The paper has 10, for images
            of 1024x1024.
        mixing: the share of mini-batches whose fakes are mixed, 0 to 1.
        options: those of `DCGAN`: ema, lr, betas, updates.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, gamma: float = 1.0, mixing: float = 0.9,
                 lr: tuple[float, float] = (1e-2, 1e-2), betas: tuple[float, float] = (0.0, 0.99),
                 ema: float = 0.998, **options):
        super().__init__(G, D, lr=lr, betas=betas, ema=ema, **options)
        self.gamma, self.mixing = gamma, mixing

    def fakes(self, n: int) -> Tensor:
        """`n` images to learn from; a share `mixing` of the calls mixes two styles.

        Args:
            n: how many.

        Returns:
            (n, *data_shape), with gradients.
        """
        styles, others = self.G.styles(self.noise(n)), self.G.styles(self.noise(n))
        layers, device = styles.shape[1], styles.device
        crossover = torch.randint(1, layers, (), device=device)
        mixed = torch.rand((), device=device) < self.mixing
        first = (torch.arange(layers, device=device) < crossover) | ~mixed     # which layers read A
        return self.G.synthesis(torch.where(first[:, None], styles, others))

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms.

        Args:
            batch: real data, on the device of the networks.

        Returns:
            {"real": scalar, "fake": scalar, "r1": scalar}, in nats; "r1" only where gamma is not 0.
        """
        x = batch.x.detach().requires_grad_(self.gamma > 0)
        scores = self.D(x)
        terms = {"real": losses.log_loss_real(scores),
                 "fake": losses.log_loss_fake(self.D(self.fakes(len(x)).detach()))}
        if self.gamma:
            terms["r1"] = self.gamma / 2 * losses.zero_centred_penalty(scores, x)
        return terms

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term, {"adv": scalar}, in nats."""
        return {"adv": self.generator_loss_of(self.D(self.fakes(len(batch.x))))}

    @torch.no_grad()
    def sample(self, n: int, psi: float = 1.0) -> Tensor:
        """`n` samples of the averaged generator.

        Args:
            n: how many.
            psi: truncation; 1 for none.

        Returns:
            (n, *data_shape), on the CPU, in [-1, 1].
        """
        with nets.evaluating(self.G_ema):
            styles = truncate(self.G_ema.styles(self.noise(n)), self.G_ema.centre(), psi)
            return self.G_ema.synthesis(styles).clamp(-1, 1).cpu()


def demo():
    """A StyleGAN of a few thousand weights on the 8x8 digits."""
    stream = batches("digits", 32)
    G = StyleGenerator(8, channels=1, width=4, size=8, w_dim=8, depth=2)
    return StyleGAN(G, StyleDiscriminator(1, 8, 8)), stream
