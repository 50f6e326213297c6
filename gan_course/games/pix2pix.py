"""Image-to-Image Translation with Conditional Adversarial Networks (pix2pix). Isola, Zhu, Zhou,
Efros, 2016, arXiv:1611.07004.

    min_G max_D V(D, G) + lambda E_{x,y,z}[|y - G(x, z)|]

    V(D, G) = E_{x,y}[log D(x, y)] + E_{x,z}[log(1 - D(x, G(x, z)))]

x is the picture we have and y, its partner, the one we want: pairs are needed. z is not a vector
here: the noise is dropout in G.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Game, Player


class UNet(nn.Module):
    """G(x, z): x is halved in size until it is 2x2 and doubled again, and each size on the way up
    also reads what it was on the way down (Ronneberger et al., 2015, arXiv:1505.04597).

    The noise z is dropout on the way up, at the two smallest sizes: half of the channels' values
    become 0. It is never switched off, for without it the same x would always give the same
    picture.

    Args:
        channels: those of x.
        width: the number of channels after the first halving.
        halvings: 4 for pictures of 32x32.
        out_channels: those of y.
        norm: channels -> a layer that normalises. BatchNorm2d learns faster from batches of several
            pictures.
    """

    def __init__(self, channels: int = 3, width: int = 32, halvings: int = 4, out_channels: int = 3,
                 norm=nn.InstanceNorm2d):
        super().__init__()
        widths = [channels] + [width * min(2**i, 4) for i in range(halvings)]
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:], strict=False))
        self.up = nn.ModuleList()
        for i in reversed(range(halvings)):  # the deepest has nothing beside it to read
            a = widths[i + 1] * (1 if i == halvings - 1 else 2)
            self.up.append(nn.ConvTranspose2d(a, widths[i] if i else out_channels, 4, 2, 1))
        self.norms_down = nn.ModuleList(
            norm(w) if 0 < i < halvings - 1 else nn.Identity() for i, w in enumerate(widths[1:]))
        self.norms_up = nn.ModuleList(norm(widths[i]) for i in reversed(range(1, halvings)))
        self.apply(nets.dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """x -> y: (N, channels, H, W) -> (N, out_channels, H, W) in [-1, 1]."""
        seen = []
        for conv, norm in zip(self.down, self.norms_down, strict=True):
            x = nn.functional.leaky_relu(norm(conv(x)), 0.2)  # (N, C, s, s) -> (N, C', s/2, s/2)
            seen.append(x)
        x = seen.pop()
        for i, (conv, norm) in enumerate(zip(self.up[:-1], self.norms_up, strict=True)):
            x = norm(conv(x))
            if i < 2:
                x = dropout(x, 0.5, training=True)                  # the noise z
            # (N, C', s, s) beside what was seen at this size
            x = torch.cat([x.relu(), seen.pop()], dim=1)
        return self.up[-1](x).tanh()


@torch.no_grad()
def translate(G: nn.Module, x: Tensor) -> Tensor:
    """G(x, z) as a finished translator gives it: in evaluation mode, but with dropout left on,
    since dropout is the noise z.

    Args:
        G: a translator; its dropout is `nn.Dropout`, which is switched on here, or always on, as in
            `UNet`.
        x: pictures, (N, C, H, W) in [-1, 1], on any device.

    Returns:
        (N, C', H, W), on the CPU.
    """
    with nets.evaluating(G):
        for layer in G.modules():
            if isinstance(layer, nn.Dropout):
                layer.train()
        return G(x.to(nets.device_of(G))).cpu()


class Pix2Pix(Game):
    """G turns x into y; D is shown x beside the true or the drawn partner and tells which it is.

    Args:
        G: the translator.
        D: a discriminator of patches, `nets.PatchDiscriminator`, of x and y together.
        adv: the weight of G's adversarial loss.
        l1: the weight of the mean absolute error, the paper's lambda.
        lr: the learning rates of D and G.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, adv: float = 1.0, l1: float = 100.0,
                 lr: tuple[float, float] = (2e-4, 2e-4)):
        super().__init__()
        self.G, self.D = G, D
        self.adv, self.l1 = adv, l1
        self.lr_D, self.lr_G = lr

    def players(self) -> list[Player]:
        """D, and then G."""
        return [
            Player("D", self.D, self.discriminator_terms, lr=self.lr_D),
            Player("G", self.G, self.generator_terms, lr=self.lr_G)
        ]

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, -E[log D(x, y)] and -E[log(1 - D(x, G(x, z)))].

        Args:
            batch: pairs of pictures, (N, C, H, W) each.

        Returns:
            {"real": scalar, "fake": scalar}, in nats.
        """
        x, y = batch
        fake = self.G(x).detach()
        return {"real": losses.log_loss_real(self.D(torch.cat([x, y], dim=1))),
                "fake": losses.log_loss_fake(self.D(torch.cat([x, fake], dim=1)))}

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss terms with their weights: -E[log D(x, G(x, z))] and E[|y - G(x, z)|].

        Args:
            batch: pairs of pictures, (N, C, H, W) each.

        Returns:
            {"adv": scalar, "l1": scalar}.
        """
        x, y = batch
        fake = self.G(x)
        return {
            "adv": self.adv *
            losses.non_saturating_generator_loss(self.D(torch.cat([x, fake], dim=1))),
            "l1": self.l1 * losses.absolute_error(fake, y)
        }

    def chance(self) -> dict[str, float]:
        """D's loss where D = 1/2 for every patch; G's depends on the l1 term too and is left out.
        """
        return {"D": losses.CHANCE["D"]}

    def sample(self, n: int, x: Tensor) -> Tensor:
        """A partner for each picture; a second call draws other ones.

        Args:
            n: how many, the number of rows of x.
            x: pictures, (n, C, H, W) in [-1, 1].

        Returns:
            (n, C', H, W) in [-1, 1], on the CPU.
        """
        return translate(self.G, x)


def demo():
    """A pix2pix of a few thousand weights: outlines to be filled."""
    stream = batches("edges", 4)
    return Pix2Pix(UNet(width=4), nets.PatchDiscriminator(6, 4)), stream
