"""Differentiable Augmentation for Data-Efficient GAN Training. Zhao, Liu, Lin, Zhu, Han, 2020,
arXiv:2006.10738.

    L_D = E_x[f(-D(T(x)))] + E_z[f(D(T(G(z))))]        L_G = E_z[f(-D(T(G(z))))],   f = softplus

T changes every picture at random. With few pictures D soon has memorised them, and what it then
tells G is of no use; with T it never sees a picture twice. Two things matter. D sees real and
generated pictures through T in both players' losses, so that G has no reason to draw what T does
(augmented data alone would teach G to draw shifted pictures with holes). And T is differentiable,
so that G's gradient flows through it.

Any game whose D reads pictures can use it, since T is the first layer of D:

    DCGAN(G, AugmentedDiscriminator(D))
"""
import torch
from torch import Generator, Tensor, nn

from gan_course import nets
from gan_course.data import batches
from gan_course.games.dcgan import DCGAN

POLICY = "colour,translation,cutout"
"""All three changes, in the paper's order."""

SHIFT = 1 / 8
"""How far a translation moves a picture at most, as a share of its side."""

HOLE = 1 / 2
"""The side of the square that cutout takes away, as a share of the picture's side."""


def augment(x: Tensor, policy: str = POLICY, generator: Generator | None = None) -> Tensor:
    """Pictures changed at random, each in its own way, so that gradients flow through.

    Args:
        x: pictures, (N, C, H, W) in [-1, 1].
        policy: names from `POLICY` with commas between them; "" changes nothing.
        generator: where the random numbers come from, on the device of x; None: PyTorch's own.

    Returns:
        The changed pictures, (N, C, H, W). Colours may go beyond [-1, 1], as in the authors' code;
        what translation and cutout leave empty is 0, a middle grey.

    Raises:
        ValueError: there is no such change.
    """
    for name in policy.split(",") if policy else ():
        if name not in CHANGES:
            raise ValueError(f"There is no augmentation {name!r}. Choose from {POLICY}, with "
                             "commas between them.")
        x = CHANGES[name](x, generator)
    return x


def colour(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Brightness moves by up to 0.5, saturation is multiplied by 0 to 2 and contrast by 0.5 to 1.5.

    Args:
        x: pictures, (N, C, H, W).
        generator: as of `augment`.

    Returns:
        (N, C, H, W). A grey picture (C = 1) has no saturation and stays grey.
    """
    brightness, saturation, contrast = torch.rand(3, len(x), 1, 1, 1, generator=generator,
                                                  device=x.device)
    x = x + brightness - 0.5
    grey = x.mean(dim=1, keepdim=True)
    x = grey + 2 * saturation * (x - grey)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (0.5 + contrast) * (x - mean)


def translation(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Every picture is moved by whole pixels, at most `SHIFT` of its side, across and down.

    Args:
        x: pictures, (N, C, H, W).
        generator: as of `augment`.

    Returns:
        (N, C, H, W), with 0 where nothing has moved in.
    """
    for dim in (2, 3):
        n = x.shape[dim]
        most = round(SHIFT * n)
        shift = torch.randint(-most, most + 1, (len(x), 1), generator=generator, device=x.device)
        source = torch.arange(n, device=x.device) - shift           # (N, n): where pixels come from
        inside = (source >= 0) & (source < n)
        source, inside = (_along(each, dim) for each in (source.clamp(0, n - 1), inside))
        x = x.gather(dim, source.expand_as(x)) * inside
    return x


def cutout(x: Tensor, generator: Generator | None = None) -> Tensor:
    """A square of `HOLE` of the side becomes 0. Its centre lies anywhere, so a part of the square
    may lie outside (DeVries and Taylor, 2017, arXiv:1708.04552).

    Args:
        x: pictures, (N, C, H, W).
        generator: as of `augment`.

    Returns:
        (N, C, H, W).
    """
    hole = torch.ones(len(x), 1, 1, 1, dtype=torch.bool, device=x.device)
    for dim in (2, 3):
        n = x.shape[dim]
        side = round(HOLE * n)
        start = torch.randint(n + 1, (len(x), 1), generator=generator, device=x.device) - side // 2
        place = torch.arange(n, device=x.device)
        hole = hole & _along((place >= start) & (place < start + side), dim)
    return x * ~hole


def _along(rows: Tensor, dim: int) -> Tensor:
    """A row for each picture, (N, n), as it lies along one dimension: (N, 1, n, 1) for dim 2."""
    return rows[:, None, :, None] if dim == 2 else rows[:, None, None, :]


CHANGES = {"colour": colour, "translation": translation, "cutout": cutout}


class AugmentedDiscriminator(nn.Module):
    """D(T(x)): a discriminator that sees every picture changed at random while it trains.

    The random numbers are those of the training. In evaluation mode it sees pictures as they are.

    Args:
        D: the discriminator; it may read the classes y beside the pictures.
        policy: what T does, as of `augment`.
    """

    def __init__(self, D: nn.Module, policy: str = POLICY):
        super().__init__()
        augment(torch.zeros(1, 1, 1, 1), policy)                    # a name that is unknown: say so
        self.D, self.policy = D, policy

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        """Pictures, (N, C, H, W) in [-1, 1], and whatever else D reads -> what D gives."""
        return self.D(augment(x, self.policy) if self.training else x, *y)


def demo():
    """A DCGAN of a few thousand weights on the 8x8 digits, with all three changes."""
    stream = batches("digits", 64)
    D = AugmentedDiscriminator(nets.ConvDiscriminator(1, 8, 8))
    return DCGAN(nets.ConvGenerator(8, 1, 8, 8), D), stream
