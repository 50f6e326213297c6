"""Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks. Zhu, Park,
Isola, Efros, 2017, arXiv:1703.10593.

    L(G, F, D_X, D_Y) = L_GAN(G, D_Y) + L_GAN(F, D_X) + lambda L_cyc(G, F)

    L_cyc(G, F) = E_x[|F(G(x)) - x|] + E_y[|G(F(y)) - y|]

G: X -> Y and F: Y -> X, say summer -> winter and back. No pairs: x and y of a batch have nothing to
do with each other.
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Game, Player


class ResidualBlock(nn.Module):
    """x + f(x), f two 3x3 convolutions with InstanceNorm (He et al., 2015, arXiv:1512.03385).

    The block begins close to the identity and learns only what to change.

    Args:
        width: the number of channels, the same at its start and its end.
    """

    def __init__(self, width: int):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.InstanceNorm2d(width),
                               nn.ReLU(), nn.Conv2d(width, width, 3, padding=1),
                               nn.InstanceNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """x -> x + f(x): (N, width, H, W), of the same shape."""
        return x + self.f(x)


class ResidualGenerator(nn.Module):
    """The paper's generator, cut down for small pictures: convolution, one halving, residual
    blocks, one doubling, convolution.

    The paper has pictures of 256 pixels, two halvings, nine blocks, 7x7 convolutions at both ends
    and mirrored borders. At 32 pixels a second halving would leave little more than one pixel of
    a house. In a minute of training a small network learns more than a large one.

    Args:
        channels: 3 for colour.
        width: the number of channels after the first convolution.
        blocks: the number of residual blocks.
    """

    def __init__(self, channels: int = 3, width: int = 16, blocks: int = 2):
        super().__init__()

        def then(*layers: nn.Module) -> list[nn.Module]:
            return [*layers, nn.InstanceNorm2d(layers[-1].out_channels), nn.ReLU()]

        self.layers = nn.Sequential(
            *then(nn.Conv2d(channels, width, 3, padding=1)),  # (N, w, H, H)
            *then(nn.Conv2d(width, 2 * width, 3, 2, 1)),  # (N, 2w, H/2, H/2)
            *[ResidualBlock(2 * width) for _ in range(blocks)],
            *then(nn.ConvTranspose2d(2 * width, width, 4, 2, 1)),  # (N, w, H, H)
            nn.Conv2d(width, channels, 3, padding=1),
            nn.Tanh(),
        )
        self.apply(nets.dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures of one domain -> the other: (N, channels, H, W) in [-1, 1], of the same shape.
        """
        return self.layers(x)


class Pool(nn.Module):
    """Earlier fakes, so that D does not forget them: about half of what comes back is old
    (Shrivastava et al., arXiv:1612.07828).

    Each picture draws one of the places. If the place is empty, the picture is kept there and
    comes back itself. If not, a coin decides: the picture comes back itself, or it takes the place
    and the old one comes back. A batch larger than the pool goes through it part by part.

    Args:
        size: the number of places, at least 1.
        data_shape: the shape of one picture, (C, H, W).
    """

    def __init__(self, size: int, data_shape: tuple[int, int, int]):
        super().__init__()
        # NaN: an empty place
        self.register_buffer("images", torch.full((size, *data_shape), float("nan")))

    def forward(self, fake: Tensor) -> Tensor:
        """New fakes -> as many fakes, some of them old: (N, C, H, W), of the same shape."""
        return torch.cat([self._exchange(part) for part in fake.split(len(self.images))])

    def _exchange(self, fake: Tensor) -> Tensor:
        place = torch.randperm(len(self.images), device=fake.device)[:len(fake)]
        old = self.images[place]
        empty = old[:, :1, :1, :1].isnan()
        coin = torch.rand(len(fake), 1, 1, 1, device=fake.device) < 0.5
        self.images[place] = torch.where(empty | coin, fake, old)
        return torch.where(coin & ~empty, old, fake)


class CycleGAN(Game):
    """Three players: D_X and D_Y, each judging one domain with the least-squares loss, and "G",
    which moves G and F together.

    As in the authors' code, D's loss is halved and G's is not. Batches are Batch(x, y).

    Args:
        G, F: the generators X -> Y and Y -> X.
        D_X, D_Y: the discriminators of the two domains.
        data_shape: the shape of one picture, (C, H, W).
        cycle: the weight of the cycle loss, the paper's lambda.
        identity: the weight of E_y[|G(y) - y|] + E_x[|F(x) - x|]; in the paper half of lambda
            where it is used.
        pool: how many earlier fakes of each domain are kept for D, at least 1.
        lr: the learning rates of the two D and of "G".
    """

    def __init__(self, G: nn.Module, F: nn.Module, D_X: nn.Module, D_Y: nn.Module,
                 data_shape: tuple[int, int, int] = (3, 32, 32), *, cycle: float = 10.0,
                 identity: float = 5.0, pool: int = 50, lr: tuple[float, float] = (2e-4, 2e-4)):
        super().__init__()
        self.G, self.F, self.D_X, self.D_Y = G, F, D_X, D_Y
        self.G_and_F = nn.ModuleList([G, F])
        self.cycle, self.identity = cycle, identity
        self.pool_X, self.pool_Y = Pool(pool, data_shape), Pool(pool, data_shape)
        self.lr_D, self.lr_G = lr

    def players(self) -> list[Player]:
        """D_X, D_Y, and then "G", which moves both generators."""
        return [
            Player(
                "D_X", self.D_X, lambda batch: self.discriminator_terms(
                    self.D_X, batch.x, self.pool_X(self.F(batch.y).detach())), lr=self.lr_D),
            Player(
                "D_Y", self.D_Y, lambda batch: self.discriminator_terms(
                    self.D_Y, batch.y, self.pool_Y(self.G(batch.x).detach())), lr=self.lr_D),
            Player("G", self.G_and_F, self.generator_terms, lr=self.lr_G)
        ]

    def discriminator_terms(self, D: nn.Module, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The loss terms of one D, E[(D(real) - 1)^2] / 2 and E[D(fake)^2] / 2.

        Args:
            D: the discriminator of the domain.
            real, fake: pictures of the domain and of its generator, (N, C, H, W).

        Returns:
            {"real": scalar, "fake": scalar}.
        """
        return {
            "real": losses.least_squares_loss_real(D(real)),
            "fake": losses.least_squares_loss_fake(D(fake))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """The loss terms of G and F, each the sum of both directions and with its weight.

        Args:
            batch: pictures x and y of the two domains, (N, C, H, W) each.

        Returns:
            {"adv": scalar, "cycle": scalar, "identity": scalar}; a term with weight 0 is left out.
        """
        x, y = batch
        fake_y, fake_x = self.G(x), self.F(y)
        terms = {
            "adv": 2 * (losses.least_squares_generator_loss(self.D_Y(fake_y)) +
                        losses.least_squares_generator_loss(self.D_X(fake_x)))
        }
        if self.cycle:
            terms["cycle"] = self.cycle * (losses.absolute_error(self.F(fake_y), x) +
                                           losses.absolute_error(self.G(fake_x), y))
        if self.identity:
            terms["identity"] = self.identity * (losses.absolute_error(self.G(y), y) +
                                                 losses.absolute_error(self.F(x), x))
        return terms

    def chance(self) -> dict[str, float]:
        """The loss of each D where it gives 1/2 to every patch."""
        return {"D_X": 0.25, "D_Y": 0.25}                           # D = 1/2 everywhere

    def sample(self, n: int, x: Tensor) -> Tensor:
        """G(x): pictures of the first domain as the second would show them.

        Args:
            n: how many, the number of rows of x.
            x: pictures of the first domain, (n, C, H, W) in [-1, 1].

        Returns:
            (n, C, H, W) in [-1, 1], on the CPU.
        """
        return nets.generate(self.G, x)

    def back(self, y: Tensor) -> Tensor:
        """F(y): pictures of the second domain as the first shows them, (N, C, H, W) on the CPU."""
        return nets.generate(self.F, y)


def demo():
    """A CycleGAN of a few thousand weights between summer and winter."""
    stream = batches("seasons", 4)
    return CycleGAN(ResidualGenerator(width=4, blocks=1), ResidualGenerator(width=4, blocks=1),
                    nets.PatchDiscriminator(3, 4), nets.PatchDiscriminator(3, 4), pool=8), stream
