"""InfoGAN: Interpretable Representation Learning by Information Maximizing GANs. Chen et al., 2016,
arXiv:1606.03657.

    min_{G,Q} max_D V(D, G) - lambda L_I(G, Q)

    L_I(G, Q) = E_{c ~ P(c), x ~ G(z,c)}[log Q(c|x)] + H(c)  <=  I(c; G(z,c))

G reads noise z and a code c. Q estimates c from the image; the better it can, the more the image
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
    """G(z, c): a DCGAN generator that reads the noise z with the code c appended.

    c is one of the categories as a one-hot vector, each with probability 1 / categories, and then
    the continuous code, each number uniform in [-1, 1].

    Args:
        z_dim: the number of latent dimensions of the noise.
        categories: how many values the categorical code has.
        continuous: how many numbers the continuous code has.
        channels, width, size: as of `nets.ConvGenerator`.
    """

    def __init__(self, z_dim: int, categories: int, continuous: int, channels: int = 3,
                 width: int = 64, size: int = 32):
        super().__init__()
        self.z_dim, self.categories, self.continuous = z_dim, categories, continuous
        self.net = nets.ConvGenerator(z_dim + categories + continuous, channels, width, size)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z and c -> images: (N, z_dim), (N, categories + continuous) -> (N, channels, size, size).
        """
        return self.net(torch.cat([z, c], dim=1))


class CodeReader(nn.Module):
    """Q(c|x) from the features of D's body.

    The continuous code is read as a Gaussian around a mean, with one learned logarithm of the
    standard deviation for each of its numbers.

    Args:
        features: the number of features of D's body, over all channels and places.
        categories, continuous: as of `CodeGenerator`.
        width: the units of its hidden layer.
    """

    def __init__(self, features: int, categories: int, continuous: int, width: int = 128):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(features, width), nn.BatchNorm1d(width),
                                  nn.LeakyReLU(0.2))
        self.category, self.mean = nn.Linear(width, categories), nn.Linear(width, continuous)
        self.log_sd = nn.Parameter(torch.zeros(continuous))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features -> the categories' logits, (N, categories), and the means, (N, continuous)."""
        h = self.body(features)                                     # (N, C, s, s) -> (N, width)
        return self.category(h), self.mean(h)


class InfoGAN(DCGAN):
    """A DCGAN whose generator also reads a code, and a third network Q that recovers it; G and Q
    win and lose together.

    Q shares D's body, which only D moves. The player "G" moves G and Q. Its terms are adv, the
    usual loss, and the two halves of -lambda L_I without the constant H(c): `category`, the cross
    entropy of the categorical code, and `continuous`, the Gaussian negative log-likelihood of the
    continuous one, summed over its numbers.

    Args:
        G: a generator that reads z and c.
        D: a discriminator with a `body` for Q to share.
        Q: reads the code from the features of D's body, as `CodeReader` does, with a parameter
            `log_sd`; by default a new `CodeReader`.
        info: lambda for the categorical and for the continuous code; (0, 0) leaves a DCGAN.
        rules: those of `DCGAN`: ema, generator_loss, lr, betas, updates.
    """

    def __init__(self, G: CodeGenerator, D: nets.ConvDiscriminator, Q: nn.Module | None = None, *,
                 info: tuple[float, float] = (1.0, 0.1), **rules):
        super().__init__(G, D, **rules)
        self.Q = Q or CodeReader(math.prod(D.feature_shape), G.categories, G.continuous)
        self.G_and_Q = nn.ModuleList([self.G, self.Q])
        self.info = info

    def players(self):
        """D, and then "G", which moves G and Q."""
        D, G = super().players()
        G.net = self.G_and_Q
        return [D, G]

    def code(self, n: int) -> Tensor:
        """c ~ P(c): (n, categories + continuous), on the generator's device."""
        device = nets.device_of(self.G)
        category = torch.randint(self.G.categories, (n,), device=device)
        return torch.cat([
            one_hot(category, self.G.categories),
            2 * torch.rand(n, self.G.continuous, device=device) - 1
        ], dim=1)

    def inputs(self, n: int) -> tuple[Tensor, Tensor]:
        """Noise and codes for `n` samples to watch.

        The categories come in turn, all with one z, then all with the next; the numbers are 0. With
        a single category it is the numbers that change: ten samples with the first one from -1 to
        1, then ten more with the next value of the second one, all with one z.

        Args:
            n: how many.

        Returns:
            z, (n, z_dim), and c, (n, categories + continuous), on the generator's device.
        """
        G, place = self.G, torch.arange(n, device=nets.device_of(self.G))
        if G.categories > 1:
            z = self.noise(-(-n // G.categories)).repeat_interleave(G.categories, dim=0)[:n]
            category = one_hot(place % G.categories, G.categories)
            return z, torch.cat([category, z.new_zeros(n, G.continuous)], dim=1)
        c = self.code(n)
        c[:, 1:2] = (place % 10)[:, None] / 4.5 - 1
        c[:, 2:3] = (place // 10)[:, None] / max(1, (n - 1) // 10 / 2) - 1
        c[:, 3:] = 0
        return self.noise(1).expand(n, -1), c

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, -E_x[log D(x)] and -E_{z,c}[log(1 - D(G(z, c)))]."""
        n = len(batch.x)
        fake = self.G(self.noise(n), self.code(n)).detach()
        return {
            "real": losses.log_loss_real(self.D(batch.x)),
            "fake": losses.log_loss_fake(self.D(fake))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """The loss terms of G and Q for codes drawn anew.

        Args:
            batch: real data, of which only the number of rows counts.

        Returns:
            {"adv": scalar, "category": scalar, "continuous": scalar}, in nats; the last two with
            their weights.
        """
        c = self.code(len(batch.x))
        features = self.D.body(self.G(self.noise(len(c)), c))
        logits, mean = self.Q(features)
        category, numbers = c[:, :self.G.categories].argmax(dim=1), c[:, self.G.categories:]
        return {"adv": self.generator_loss_of(self.D.head(features).flatten()),
                "category": self.info[0] * losses.categorical_nll(logits, category),
                "continuous": self.info[1] * losses.gaussian_nll(mean, self.Q.log_sd, numbers)}

    def chance(self) -> dict[str, float]:
        """D's loss where D(x) = 1/2 for every x; G's depends on Q too and is left out."""
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
            logits, mean = self.Q(self.D.body(x.to(nets.device_of(self.D))))
        return logits.softmax(dim=1).cpu(), mean.cpu()

    def sample(self, n: int, c: Tensor | None = None) -> Tensor:
        """Images with a chosen code, by the averaged generator.

        Args:
            n: how many.
            c: the code of each, (n, categories + continuous); None: codes drawn at random.

        Returns:
            (n, channels, size, size) in [-1, 1], on the CPU.
        """
        return nets.generate(self.G_ema, self.noise(n), self.code(n) if c is None else c)


def demo():
    """An InfoGAN of a few thousand weights on the 8x8 digits: ten categories and two numbers."""
    stream = batches("digits", 64)
    return InfoGAN(CodeGenerator(6, 10, 2, 1, 8, 8), nets.ConvDiscriminator(1, 8, 8)), stream
