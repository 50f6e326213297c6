"""Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks (LAPGAN). Denton,
Chintala, Szlam, Fergus, 2015, arXiv:1506.05751.

    x = up(down(x)) + h        h = x - up(down(x)), the residual, in [-2, 2]

A GAN draws the coarsest image from z. At each finer level a conditional GAN draws the residual h,
given the enlarged coarse image and a plane of noise. Every level is trained by itself, on the
coarse images of real ones; only sampling puts them one behind the other.
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Game, Player
from gan_course.pyramid_networks import DetailGenerator, Pyramid, down, up


class LAPGAN(Game):
    """A pair of players for each level: D0 and G0 the coarsest, D1 and G1 the next finer one.

    Args:
        G: the pyramid.
        Ds: the discriminators from coarse to fine, images of that size -> logits.
        size: height and width of the images.
        lr: the learning rates of the D and of the G.
    """

    def __init__(self, G: Pyramid, Ds: list[nn.Module], size: int, *,
                 lr: tuple[float, float] = (1e-3, 1e-3)):
        super().__init__()
        self.G, self.size, self.lr, self.levels = G, size, lr, len(Ds)
        for level, D in enumerate(Ds):
            setattr(self, f"D{level}", D)

    def players(self) -> list[Player]:
        """D and G of each level, from coarse to fine."""
        nets_of_G = [self.G.coarsest, *self.G.residuals]
        return [player for k, G in enumerate(nets_of_G) for player in (
            Player(f"D{k}", getattr(self, f"D{k}"), lambda batch, k=k: self.d_terms(batch, k),
                   lr=self.lr[0]),
            Player(f"G{k}", G, lambda batch, k=k: self.g_terms(batch, k), lr=self.lr[1]))]

    def real_and_fake(self, x: Tensor, level: int) -> tuple[Tensor, Tensor]:
        """Real images of a level, and fakes whose coarse part is that of the real ones."""
        for _ in range(self.levels - 1 - level):
            x = down(x)
        inputs = [each.to(x) for each in self.inputs(len(x))]
        if level == 0:
            return x, self.G.coarsest(inputs[0])
        coarse = up(down(x))
        return x, coarse + self.G.residuals[level - 1](coarse, inputs[level])

    def d_terms(self, batch: Batch, level: int) -> dict[str, Tensor]:
        """D's loss terms on whole images, coarse part and residual added up, in nats."""
        D, (real, fake) = getattr(self, f"D{level}"), self.real_and_fake(batch.x, level)
        return {"real": losses.log_loss_real(D(real)),
                "fake": losses.log_loss_fake(D(fake.detach()))}

    def g_terms(self, batch: Batch, level: int) -> dict[str, Tensor]:
        """G's loss, non-saturating, in nats."""
        _, fake = self.real_and_fake(batch.x, level)
        return {"adv": losses.non_saturating_generator_loss(getattr(self, f"D{level}")(fake))}

    def chance(self) -> dict[str, float]:
        """The losses where every D gives 1/2 to everything."""
        return {f"{player}{k}": losses.CHANCE[player] for k in range(self.levels)
                for player in "DG"}

    def inputs(self, n: int) -> tuple[Tensor, ...]:
        """z, (n, z_dim), and a plane of noise in [-1, 1] for each finer level."""
        sides = [self.size // 2**k for k in reversed(range(self.levels - 1))]
        device = nets.device_of(self)
        return (torch.randn(n, self.G.coarsest.z_dim, device=device),
                *(2 * torch.rand(n, 1, side, side, device=device) - 1 for side in sides))

    def scores(self, x: Tensor) -> Tensor:
        """The finest D's mean logit for each image: (N, C, H, W) -> (N,)."""
        return getattr(self, f"D{self.levels - 1}")(x).flatten(1).mean(1)

    def opinion(self, scores: Tensor) -> Tensor:
        """Scores as a plot shows them: (N,) -> (N,), from 0 (fake) to 1 (real)."""
        return torch.sigmoid(scores)

    def sample(self, n: int) -> Tensor:
        """n images through all levels, (n, C, H, W) in [-1, 1], on the CPU."""
        return nets.generate(self.G, *self.inputs(n))


def demo():
    """A LAPGAN of a few thousand weights on shapes: 8, 16 and 32 pixels."""
    stream = batches("shapes", 8)
    channels = stream.data_shape[0]
    G = Pyramid(nets.ConvGenerator(8, channels, 8, 8),
                [DetailGenerator(channels, 4) for _ in range(2)])
    Ds = [nets.ConvDiscriminator(channels, 8, 8), *(nets.PatchDiscriminator(channels, 4)
                                                    for _ in range(2))]
    return LAPGAN(G, Ds, 32), stream
