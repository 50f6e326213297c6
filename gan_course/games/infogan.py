"""InfoGAN: Interpretable Representation Learning by Information Maximizing GANs. Chen et al., 2016,
arXiv:1606.03657.

    min_{G,Q} max_D V(D, G) - lambda L_I(G, Q),     L_I(G, Q) = E_{c ~ P(c), x ~ G(z,c)}[log Q(c|x)] + H(c)  <=  I(c; G(z,c))

G reads noise z and a code c. Q guesses c from the image; the better it can, the more the image
tells about c. No labels are used.
"""
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.dcgan import DCGAN


class CodeGenerator(nn.Module):
    """G(z, c): a DCGAN generator that reads the noise z, (N, z_dim), with the code c appended.

    c is one of `categories` kinds as a one-hot vector, each with chance 1 / categories, and then
    `continuous` numbers, each uniform in [-1, 1]: (N, categories + continuous).
    """

    def __init__(self, z_dim: int, categories: int, continuous: int, channels: int = 3,
                 width: int = 64, size: int = 32):
        super().__init__()
        self.z_dim, self.categories, self.continuous = z_dim, categories, continuous
        self.net = nets.ConvGenerator(z_dim + categories + continuous, channels, width, size)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return self.net(torch.cat([z, c], dim=1))


class CodeReader(nn.Module):
    """Q(c|x) from the features of D's body: logits of the kinds, (N, categories), and a mean for
    each number, (N, continuous).

    The numbers are read as Gaussians around these means with one learned log deviation each.
    """

    def __init__(self, features: int, categories: int, continuous: int, width: int = 128):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(features, width), nn.BatchNorm1d(width),
                                  nn.LeakyReLU(0.2))
        self.kind, self.mean = nn.Linear(width, categories), nn.Linear(width, continuous)
        self.log_sd = nn.Parameter(torch.zeros(continuous))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(features)                                     # (N, C, s, s) -> (N, width)
        return self.kind(h), self.mean(h)


class InfoGAN(DCGAN):
    """A DCGAN whose generator also reads a code, and a third network Q that recovers it; G and Q
    win and lose together.

    Q shares D's body, which only D moves. The player "G" moves G and Q: its terms are adv, the
    usual loss, and the two halves of -lambda L_I without the constant H(c): `kind`, the cross
    entropy of the categorical code, and `numbers`, the Gaussian negative log-likelihood of the
    continuous one, summed over the numbers. `info` holds the two weights lambda; (0, 0) switches
    the information off.
    """

    def __init__(self, G: CodeGenerator, D: nets.ConvDiscriminator, *,
                 info: tuple[float, float] = (1.0, 0.1), **rules):
        super().__init__(G, D, **rules)
        self.Q = CodeReader(math.prod(D.feature_shape), G.categories, G.continuous)
        self.G_and_Q = nn.ModuleList([self.G, self.Q])
        self.info = info

    def players(self):
        D, G = super().players()
        G.net = self.G_and_Q
        return [D, G]

    def code(self, n: int) -> Tensor:
        """c ~ P(c): (n, categories + continuous), on the generator's device."""
        device = nets.device_of(self.G)
        kind = torch.randint(self.G.categories, (n,), device=device)
        return torch.cat([
            one_hot(kind, self.G.categories),
            2 * torch.rand(n, self.G.continuous, device=device) - 1
        ], dim=1)

    def inputs(self, n: int) -> tuple[Tensor, Tensor]:
        """z and codes: the kinds in turn, 0, 1, 2, ..., all with one z, and again with another;
        every number 0.

        (n, z_dim), (n, categories + continuous).
        """
        z = self.noise(-(-n // self.G.categories)).repeat_interleave(self.G.categories, dim=0)[:n]
        kind = one_hot(torch.arange(n, device=z.device) % self.G.categories, self.G.categories)
        return z, torch.cat([kind, z.new_zeros(n, self.G.continuous)], dim=1)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        n = len(batch.x)
        fake = self.G(self.noise(n), self.code(n)).detach()
        return {
            "real": losses.log_loss_real(self.D(batch.x)),
            "fake": losses.log_loss_fake(self.D(fake))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        c = self.code(len(batch.x))
        features = self.D.body(self.G(self.noise(len(c)), c))
        kind, mean = self.Q(features)
        number = c[:, self.G.categories:]
        return {"adv": self.generator_loss_of(self.D.head(features).flatten()),
                "kind": self.info[0] * losses.categorical_nll(
                    kind, c[:, :self.G.categories].argmax(dim=1)),
                "numbers": self.info[1] * losses.gaussian_nll(mean, self.Q.log_sd, number)}

    def chance(self) -> dict[str, float]:
        return {"D": super().chance()["D"]}                         # what G pays depends on Q too

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Q's guess of the code of each image, real or generated.

        Args:
            x: images, (N, C, H, W), in [-1, 1], on any device.

        Returns:
            The probabilities of the categories, (N, categories), and the numbers, (N, continuous),
            both on the CPU.
        """
        with nets.evaluating(self), torch.no_grad():
            kind, mean = self.Q(self.D.body(x.to(nets.device_of(self.D))))
        return kind.softmax(dim=1).cpu(), mean.cpu()

    def sample(self, n: int, c: Tensor | None = None) -> Tensor:
        """`n` images with the code `c`, (n, categories + continuous), or with codes drawn at
        random.
        """
        return nets.generate(self.G_ema, self.noise(n), self.code(n) if c is None else c)


def demo():
    """An InfoGAN of a few thousand weights on the 8x8 digits: ten kinds and two numbers."""
    stream = batches("digits", 64)
    return InfoGAN(CodeGenerator(6, 10, 2, 1, 8, 8), nets.ConvDiscriminator(1, 8, 8)), stream
