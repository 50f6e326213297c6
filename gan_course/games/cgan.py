"""Conditional Generative Adversarial Nets. Mirza and Osindero, 2014, arXiv:1411.1784.

    min_G max_D V(D, G) = E_{x,y}[log D(x|y)] + E_{z,y}[log(1 - D(G(z|y)|y))]

How D is told y: by concatenation as in that paper, or by projection (Miyato and Koyama, 2018,
arXiv:1802.05637).
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.dcgan import DCGAN


class ConditionalGenerator(nn.Module):
    """G(z|y): a DCGAN generator that reads z with the label's one-hot vector appended.

    Args:
        z_dim: the number of latent dimensions.
        classes: the number of classes.
        channels, width, size, upsampling: as of `nets.ConvGenerator`.
    """

    def __init__(self, z_dim: int, classes: int, channels: int = 3, width: int = 64, size: int = 32,
                 upsampling: str = "transposed"):
        super().__init__()
        self.z_dim, self.classes = z_dim, classes
        self.net = nets.ConvGenerator(z_dim + classes, channels, width, size, upsampling)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z and classes -> images: (N, z_dim) and int64 (N,) -> (N, channels, size, size)."""
        return self.net(torch.cat([z, one_hot(y, self.classes).to(z)], dim=1))


class ConcatenationDiscriminator(nn.Module):
    """D(x|y) that reads x with one more channel for each class: all 1 for the class y, all 0 for
    the others (arXiv:1411.1784).

    Args:
        classes: the number of classes.
        channels, width, size: as of `nets.ConvDiscriminator`.
    """

    def __init__(self, classes: int, channels: int = 3, width: int = 64, size: int = 32):
        super().__init__()
        self.classes = classes
        self.net = nets.ConvDiscriminator(channels + classes, width, size)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Images and their classes -> logits: (N, channels, size, size) and int64 (N,) -> (N,)."""
        # (N, classes, H, W)
        planes = one_hot(y, self.classes).to(x)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return self.net(torch.cat([x, planes], dim=1))


class ProjectionDiscriminator(nn.Module):
    """D(x|y) = psi(phi(x)) + y^T V phi(x) (Miyato and Koyama, 2018, arXiv:1802.05637).

    phi are the body's features, summed over the image; psi is linear; V has one row for each
    class, the direction in which its features should point.

    Args:
        classes: the number of classes.
        channels, width, size: as of `nets.ConvDiscriminator`.
    """

    def __init__(self, classes: int, channels: int = 3, width: int = 64, size: int = 32):
        super().__init__()
        trunk = nets.ConvDiscriminator(channels, width, size)
        self.body, features = trunk.body, trunk.feature_shape[0]
        self.psi, self.V = nn.Linear(features, 1), nn.Embedding(classes, features)
        nn.init.normal_(self.V.weight, 0.0, 0.02)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Images and their classes -> logits: (N, channels, size, size) and int64 (N,) -> (N,)."""
        phi = self.body(x).sum(dim=(2, 3))                          # (N, features)
        return self.psi(phi).squeeze(1) + (self.V(y) * phi).sum(dim=1)


class BlindDiscriminator(nets.ConvDiscriminator):
    """D(x): it ignores the label, so G has no reason to obey it. For comparison."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Images and their classes -> logits: (N, channels, size, size) and int64 (N,) -> (N,)."""
        return super().forward(x)


class PointGenerator(nn.Module):
    """G(z|y): points from z, told a label by its embedding.

    Args:
        z_dim: the number of latent dimensions.
        classes: the number of classes.
        dim: the number of coordinates of a point.
        width: the units in each of two hidden layers.
    """

    def __init__(self, z_dim: int, classes: int, dim: int = 1, width: int = 64):
        super().__init__()
        self.z_dim, self.classes = z_dim, classes
        self.embedding = nn.Embedding(classes, z_dim)
        self.net = nets.MLPGenerator(2 * z_dim, (dim,), width)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z and classes -> points: (N, z_dim) and int64 (N,) -> (N, dim)."""
        return self.net(torch.cat([z, self.embedding(y)], dim=1))


class PointDiscriminator(nn.Module):
    """D(x|y) = psi(phi(x)) + v_y^T phi(x) for points, with a classifier of the same features.

    The classifier, `head`, is what an auxiliary-classifier GAN adds (arXiv:1610.09585).

    Args:
        classes: the number of classes.
        dim: the number of coordinates of a point.
        width: the number of features, and the units in the hidden layer.
    """

    def __init__(self, classes: int, dim: int = 1, width: int = 64):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(dim, width), nn.LeakyReLU(0.2),
                                 nn.Linear(width, width), nn.LeakyReLU(0.2))
        self.psi, self.head = nn.Linear(width, 1), nn.Linear(width, classes)
        self.v = nn.Embedding(classes, width)
        nn.init.normal_(self.v.weight, 0.0, 0.02)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Points and their classes -> logits: (N, dim) and int64 (N,) -> (N,)."""
        phi = self.phi(x)                                           # (N, width)
        return self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(dim=1)


class CGAN(DCGAN):
    """A DCGAN whose two players are told the class y of each image: G(z, y) draws it, D(x, y)
    judges whether x is a real y.

    G draws for the labels of the batch, so that real and fake have the same share of each class,
    and D judges the fakes beside the same labels that G was given.

    Args:
        G, D: they read a label beside z and x: a class, (N,), or several labels each, (N, F).
        labels: those that can be asked for, int64 (K,) or (K, F); by default the classes 0, 1, …
            that G knows, `G.classes`.
        rules: those of `DCGAN`: ema, generator_loss, lr, betas, updates.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, labels: Tensor | None = None, **rules):
        super().__init__(G, D, **rules)
        labels = torch.arange(G.classes) if labels is None else labels
        self.register_buffer("labels", labels, persistent=False)

    def inputs(self, n: int) -> tuple[Tensor, Tensor]:
        """z, (n, z_dim), and the labels in turn, 0, 1, 2, …, 0, 1, 2, …: int64 (n,) or (n, F)."""
        z = self.noise(n)
        return z, self.labels[torch.arange(n, device=z.device) % len(self.labels)]

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, -E[log D(x|y)] and -E[log(1 - D(G(z|y)|y))], y the labels of the batch.
        """
        fake = self.G(self.noise(len(batch.x)), batch.y).detach()
        return {
            "real": losses.log_loss_real(self.D(batch.x, batch.y)),
            "fake": losses.log_loss_fake(self.D(fake, batch.y))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term for fakes with the labels of the batch."""
        fake = self.G(self.noise(len(batch.x)), batch.y)
        return {"adv": self.generator_loss_of(self.D(fake, batch.y))}

    def sample(self, n: int, y: int | Tensor | None = None) -> Tensor:
        """Images of chosen classes, by the averaged generator.

        Args:
            n: how many.
            y: one label for all, the label of each, (n,) or (n, F), or None for labels drawn at
                random with equal chances.

        Returns:
            (n, channels, size, size) in [-1, 1], on the CPU.
        """
        z = self.noise(n)
        if y is None:
            y = self.labels[torch.randint(len(self.labels), (n,), device=z.device)]
        y = torch.as_tensor(y, device=z.device)
        if len(y.shape) < len(self.labels.shape):
            y = y.expand(n, *y.shape)
        return nets.generate(self.G_ema, z, y)

    def scores(self, x: Tensor, y: Tensor) -> Tensor:
        """D's raw output for each x beside its label: (N, C, H, W) and int64 (N,) -> (N,)."""
        return self.D(x, y)


def demo():
    """A conditional GAN of a few thousand weights on the 8x8 digits."""
    stream = batches("digits", 64)
    return CGAN(ConditionalGenerator(8, 10, 1, 8, 8), ConcatenationDiscriminator(10, 1, 8,
                                                                                 8)), stream
