"""Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network (SRGAN).
Ledig et al., 2016, arXiv:1609.04802.

    L_G = E[|G(x) - y|^2] + lambda E[-log D(G(x))]

x is a small image and y the large one that it was shrunk from. The paper compares the features of
a VGG network instead of pixels, and there lambda is 1e-3. D sees large images only.
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.data.weave import shrink, weave
from gan_course.games import Game, Player
from gan_course.residual_networks import SRResNet


class SRGAN(Game):
    """G enlarges four times. In a Batch(x, y) both have the large size; G is given x shrunk by 4.

    Args:
        G: small images -> large ones.
        D: large images -> logits.
        adv: the weight of the adversarial loss, the paper's lambda. 0: D does not matter to G.
        content: the loss that compares G(x) with y; by default the mean squared error of pixels.
        lr: the learning rates of D and G.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, adv: float = 0.03,
                 content=nn.functional.mse_loss, lr: tuple[float, float] = (1e-3, 1e-3)):
        super().__init__()
        self.G, self.D, self.adv, self.content = G, D, adv, content
        self.lr_D, self.lr_G = lr

    def players(self) -> list[Player]:
        """D, and then G."""
        return [Player("D", self.D, self.discriminator_terms, lr=self.lr_D),
                Player("G", self.G, self.generator_terms, lr=self.lr_G)]

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, -E[log D(y)] and -E[log(1 - D(G(x)))], in nats."""
        with torch.no_grad():
            fake = self.G(shrink(batch.x))
        return {"real": losses.log_loss_real(self.D(batch.y)),
                "fake": losses.log_loss_fake(self.D(fake))}

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss terms: the content loss, and the adversarial one with its weight."""
        fake = self.G(shrink(batch.x))
        return {"content": self.content(fake, batch.y),
                "adv": self.adv * losses.non_saturating_generator_loss(self.D(fake))}

    def chance(self) -> dict[str, float]:
        """D's loss where D = 1/2 everywhere; G's depends on the content and is left out."""
        return {"D": losses.CHANCE["D"]}

    def sample(self, n: int, x: Tensor) -> Tensor:
        """Enlarged images of x shrunk by 4: (n, C, H, W) in [-1, 1], on the CPU.

        Args:
            n: how many, the number of rows of x.
            x: images, (n, C, H, W); as of a PairSet's x, or not shrunk yet.
        """
        return nets.generate(self.G, shrink(x))


def demo():
    """An SRGAN of a few thousand weights on houses with woven roofs."""
    return SRGAN(SRResNet(width=4, blocks=1), nets.PatchDiscriminator(3, 4)), batches(weave(), 4)
