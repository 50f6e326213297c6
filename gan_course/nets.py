"""Networks that more than one game uses. Discriminators return raw logits; the sigmoid appears only
in plots.

z is the latent vector, (N, z_dim); x is data, (N, *data_shape); logits are (N,): one real number
for each x.
"""
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MLPGenerator(nn.Module):
    """z -> x through fully connected layers with ReLU.

    Images (data_shape of three numbers) end in tanh, so that x lies in [-1, 1]; points in the plane
    are left as they come.

    Args:
        z_dim: the number of latent dimensions.
        data_shape: the shape of one x.
        width: the units in each hidden layer.
        depth: the number of hidden layers.
        batchnorm: whether BatchNorm stands before each ReLU.
    """

    def __init__(self, z_dim: int, data_shape: tuple[int, ...], width: int = 128, depth: int = 2,
                 batchnorm: bool = False):
        super().__init__()
        self.z_dim, self.data_shape = z_dim, tuple(data_shape)
        widths = [z_dim] + [width] * depth
        layers: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(a, b), *([nn.BatchNorm1d(b)] if batchnorm else []), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], math.prod(data_shape)))
        self.squash = nn.Tanh() if len(data_shape) == 3 else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        """z -> x: (N, z_dim) -> (N, *data_shape)."""
        x = self.layers(z)                                          # (N, prod(data_shape))
        return self.squash(x).view(-1, *self.data_shape)            # (N, *data_shape)


class MLPDiscriminator(nn.Module):
    """x -> logits through fully connected layers with LeakyReLU(0.2).

    Args:
        data_shape: the shape of one x.
        width: the units in each hidden layer.
        depth: the number of hidden layers.
        dropout: the share of hidden units that are set to 0 in training, 0 to 1.
    """

    def __init__(self, data_shape: tuple[int, ...], width: int = 128, depth: int = 2,
                 dropout: float = 0.0):
        super().__init__()
        widths = [math.prod(data_shape)] + [width] * depth
        layers: list[nn.Module] = [nn.Flatten()]
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, *data_shape) -> (N,)."""
        return self.layers(x).squeeze(1)                            # (N, 1) -> (N,)


class ConvGenerator(nn.Module):
    """DCGAN's generator: z becomes a small image of many channels, which doubles in size until it
    is size x size (arXiv:1511.06434).

    Size 32 grows as 4, 8, 16, 32, and 28 as 7, 14, 28. BatchNorm and ReLU stand after each layer
    but the last, which ends in tanh.

    Args:
        z_dim: the number of latent dimensions.
        channels: 1 for grey images, 3 for colour.
        width: the number of channels before the last doubling; each earlier image has twice as
            many.
        size: pixels a side, one of `SIZES`.
        upsampling: how the image doubles. "transposed" is a 4x4 transposed convolution of stride
            2, as in the paper; "nearest" repeats every pixel 2x2 and then applies a 3x3
            convolution (Odena, Dumoulin, Olah, 2016, distill.pub).

    Raises:
        ValueError: there is no such size or upsampling.
    """

    def __init__(self, z_dim: int = 100, channels: int = 3, width: int = 64, size: int = 32,
                 upsampling: str = "transposed"):
        super().__init__()
        start, doublings = _from_small(size)
        if upsampling not in ("transposed", "nearest"):
            raise ValueError(f"There is no upsampling {upsampling!r}; choose transposed or "
                             "nearest.")
        self.z_dim = z_dim

        def double(a: int, b: int, bias: bool) -> list[nn.Module]:
            if upsampling == "transposed":
                return [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=bias)]
            return [
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(a, b, 3, 1, 1, bias=bias)
            ]

        widths = [width * 2**i for i in reversed(range(doublings))]
        # (N, z_dim, 1, 1) -> (N, 2^(k-1) w, start, start)
        layers = [nn.ConvTranspose2d(z_dim, widths[0], start, bias=False)]
        for a, b in zip(widths, widths[1:], strict=False):
            # half the channels, twice the size
            layers += [nn.BatchNorm2d(a), nn.ReLU(), *double(a, b, bias=False)]
        # (N, C, size, size)
        layers += [nn.BatchNorm2d(width), nn.ReLU(), *double(width, channels, bias=True), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(dcgan_init)

    def forward(self, z: Tensor) -> Tensor:
        """z -> images in [-1, 1]: (N, z_dim) -> (N, channels, size, size)."""
        return self.layers(z[:, :, None, None])


class ConvDiscriminator(nn.Module):
    """DCGAN's discriminator: strided convolutions with LeakyReLU(0.2), BatchNorm in all but the
    first and last (arXiv:1511.06434).

    `body` ends in the features, of shape `feature_shape`; `head` turns them into one logit.

    Args:
        channels: 1 for grey images, 3 for colour.
        width: the number of channels after the first halving; each later image has twice as many.
        size: pixels a side, one of `SIZES`.

    Raises:
        ValueError: there is no such size.
    """

    def __init__(self, channels: int = 3, width: int = 64, size: int = 32):
        super().__init__()
        start, halvings = _from_small(size)
        widths = [width * 2**i for i in range(halvings)]
        layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]  # (N, w, size/2, size/2)
        for a, b in zip(widths, widths[1:], strict=False):
            # twice the channels, half the size
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(widths[-1], 1, start)                             # (N, 1, 1, 1)
        self.feature_shape = (widths[-1], start, start)
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, channels, size, size) -> (N,)."""
        return self.head(self.body(x)).flatten()                                # (N,)


class PlainDiscriminator(nn.Module):
    """DCGAN's discriminator without BatchNorm: strided convolutions with LeakyReLU(0.2).

    Args:
        channels: 1 for grey images, 3 for colour.
        width: the number of channels after the first halving; the second image has twice as many.
        size: pixels a side, a multiple of 4.
    """

    def __init__(self, channels: int = 1, width: int = 32, size: int = 28):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2),         # (N, w, H/2, H/2)
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),        # (N, 2w, H/4, H/4)
            nn.Conv2d(2 * width, 1, size // 4), nn.Flatten(0))              # (N,)

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, channels, size, size) -> (N,)."""
        return self.layers(x)


class PatchDiscriminator(nn.Module):
    """PatchGAN: one logit for every patch of an image instead of one for all of it (pix2pix,
    arXiv:1611.07004).

    The strided 4x4 convolutions are followed by one of stride 1, with LeakyReLU(0.2) between, and
    InstanceNorm in all but the first and last. Each logit sees a patch of 10, 22, 46 or 94 pixels
    a side for 1, 2, 3 or 4 halvings.

    Args:
        channels: those of the image; 6 for two colour images side by side.
        width: the number of channels after the first halving; each later image has twice as many.
        halvings: the number of strided convolutions, at least 1.
    """

    def __init__(self, channels: int = 3, width: int = 32, halvings: int = 2):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for a in [width * 2**i for i in range(halvings - 1)]:
            layers += [nn.Conv2d(a, 2 * a, 4, 2, 1), nn.InstanceNorm2d(2 * a), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width * 2**(halvings - 1), 1, 4, 1, 1))
        self.apply(dcgan_init)

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, channels, H, H) -> (N, 1, H / 2^halvings - 1, H / 2^halvings - 1)."""
        return self.layers(x)  # (N, C, H, H) -> (N, 1, H/2^k - 1, H/2^k - 1)


SIZES = {8: 2, 16: 4, 28: 7, 32: 4, 64: 4}
"""Image sizes that the convolutional networks know, and the size of the small image at which each
begins.
"""


def _from_small(size: int) -> tuple[int, int]:
    """The size at which `size` begins, and how many doublings lead from there to it."""
    if size not in SIZES:
        raise ValueError(f"These networks draw images of {', '.join(map(str, SIZES))} pixels a "
                         f"side; got {size}.")
    return SIZES[size], int(math.log2(size // SIZES[size]))


def dcgan_init(module: nn.Module) -> None:
    """DCGAN's initialisation, to be used as `net.apply(dcgan_init)` (arXiv:1511.06434).

    Convolution weights come from N(0, 0.02^2), BatchNorm's gamma from N(1, 0.02^2); biases are 0.

    Args:
        module: any layer; one that is neither a convolution nor a BatchNorm2d stays as it is.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module,
                  nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d) and module.bias is not None:
        nn.init.zeros_(module.bias)


def count_parameters(net: nn.Module) -> int:
    """How many numbers training moves.

    Args:
        net: any network.

    Returns:
        The number of weights and biases.
    """
    return sum(parameter.numel() for parameter in net.parameters())


def device_of(net: nn.Module) -> torch.device:
    """The device of a network.

    Args:
        net: a network whose parameters all lie on one device.

    Returns:
        That device; the CPU for a network without parameters.
    """
    return next((parameter.device for parameter in net.parameters()), torch.device("cpu"))


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Inside, the network is in evaluation mode; afterwards it is in the mode it was in.

    In evaluation mode there is no dropout, and BatchNorm uses its running statistics and leaves
    them as they are.

    Args:
        net: any network.
    """
    training = net.training
    net.eval()
    try:
        yield
    finally:
        net.train(training)


@torch.no_grad()
def generate(G: nn.Module, *inputs: Tensor | int) -> Tensor:
    """G(z), or G(z, y), as a finished generator gives it: in evaluation mode, without gradients.

    Args:
        G: a generator.
        inputs: what it reads, on any device: z, (N, z_dim), and for a conditional G the classes y,
            (N,), or one number for the class of all.

    Returns:
        Samples, (N, *data_shape), on the CPU, ready to be drawn or measured.
    """
    device, n = device_of(G), len(inputs[0])
    given = [torch.as_tensor(each, device=device) for each in inputs]
    with evaluating(G):
        return G(*(each if each.dim() else each.expand(n) for each in given)).cpu()
