"""The networks of StyleGAN: a mapping network z -> w, and a generator that reads w in every layer
(Karras, Laine, Aila, 2018, arXiv:1812.04948); with the equalised learning rate of Progressive GAN
(arXiv:1710.10196).

    G = StyleGenerator()
    x = G(z)                                            # (N, z_dim) -> (N, 3, 32, 32)
    styles = mix(G.styles(z_a), G.styles(z_b), 3)       # layers 0 to 2 read A, the others read B
    x = G.synthesis(styles)

The sizes are small, and an image is doubled by linear interpolation, where the paper doubles it and
then blurs.
"""
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GAIN = math.sqrt(2)                                     # keeps the variance through a leaky ReLU
START = 4                                               # pixels a side of the learned constant


class EqualisedLinear(nn.Module):
    """A linear layer with an equalised learning rate: the weights start at N(0, 1) / m, and are
    multiplied by a constant each time the layer runs.

        y = (m gain / sqrt(inputs)) W x + m b

    Adam's steps are about equally long for every weight. The constant makes them equally long
    against the weights' own spread, in wide and in narrow layers. With m = 0.01 the layer computes
    the same function at the start, and moves a hundred times more slowly.

    Args:
        inputs, outputs: the numbers it reads and gives.
        gain: how much larger the spread of the outputs is than that of the inputs, at the start.
        lr_multiplier: m.
    """

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0, lr_multiplier: float = 1.0):
        super().__init__()
        self.lr_multiplier, self.scale = lr_multiplier, lr_multiplier * gain / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        return F.linear(x, self.scale * self.weight, self.lr_multiplier * self.bias)


class EqualisedConv(nn.Module):
    """A convolution with an equalised learning rate, without a bias.

    Args:
        inputs, outputs: channels.
        kernel, stride, padding: as of `nn.Conv2d`.
        gain: as of `EqualisedLinear`.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1,
                 padding: int = 1, gain: float = GAIN):
        super().__init__()
        self.stride, self.padding = stride, padding
        self.scale = gain / math.sqrt(inputs * kernel**2)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        return F.conv2d(x, self.scale * self.weight, None, self.stride, self.padding)


class MappingNetwork(nn.Module):
    """z -> w: z is divided by its root mean square, and goes through linear layers, each followed
    by a leaky ReLU.

    The paper has 8 layers of 512 units.

    Args:
        z_dim, w_dim: the numbers of z and of w.
        depth: the number of layers.
        lr_multiplier: of all layers.
    """

    def __init__(self, z_dim: int = 64, w_dim: int = 64, depth: int = 4,
                 lr_multiplier: float = 0.01):
        super().__init__()
        self.z_dim, self.w_dim = z_dim, w_dim
        self.layers = nn.ModuleList(EqualisedLinear(a, w_dim, GAIN, lr_multiplier)
                                    for a in [z_dim] + [w_dim] * (depth - 1))

    def forward(self, z: Tensor) -> Tensor:
        """(N, z_dim) -> (N, w_dim)."""
        w = z / (z.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
        for layer in self.layers:
            w = F.leaky_relu(layer(w), 0.2)
        return w


def adain(h: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Adaptive instance normalisation: each channel of each image gets a new mean and spread.

        (1 + gain) (h - mean(h)) / sd(h) + shift

    Args:
        h: (N, C, H, W); mean and sd are taken over H and W.
        gain, shift: (N, C).

    Returns:
        (N, C, H, W).
    """
    return (1 + gain)[..., None, None] * F.instance_norm(h) + shift[..., None, None]


class StyledLayer(nn.Module):
    """One layer of the synthesis network: convolution, noise, bias, leaky ReLU, AdaIN.

    The noise is one image of one channel, fresh in each call; `strength`, which is learned and
    starts at 0, says how much of it each channel gets.

    Args:
        inputs, outputs: channels.
        w_dim: the numbers of w.
        doubles: whether the image is doubled first.
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, doubles: bool = False):
        super().__init__()
        self.doubles = doubles
        self.conv = EqualisedConv(inputs, outputs)
        self.strength = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.style = EqualisedLinear(w_dim, 2 * outputs)

    def forward(self, h: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        """Draw one layer.

        Args:
            h: (N, inputs, H, W).
            w: (N, w_dim).
            noise: (N, 1, H', W'); None draws it from N(0, 1).

        Returns:
            (N, outputs, H', W'), where H' is H or, in a layer that doubles, 2 H.
        """
        if self.doubles:
            h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        h = self.conv(h)
        if noise is None:
            noise = torch.randn_like(h[:, :1])
        h = F.leaky_relu(h + self.strength * noise + self.bias, 0.2)
        return adain(h, *self.style(w).chunk(2, dim=1))


class StyleGenerator(nn.Module):
    """G(z): a learned constant of 4x4 pixels goes through styled layers, one of 4x4 and two of each
    larger size, and each of them reads a w of its own. A 1x1 convolution turns it into an image.

    Args:
        z_dim, w_dim, depth: of the mapping network.
        channels: of the image.
        width: the channels of the last layers; twice as many at half the size, at most 4 times.
        size: pixels a side, 4 times a power of 2. This is not checked: for any other size the
            images are as large as the next smaller one of these.
        mapping: z -> w; by default a `MappingNetwork`.
        layer: makes one layer, with the arguments of `StyledLayer`.
    """

    def __init__(self, z_dim: int = 64, channels: int = 3, width: int = 16, size: int = 32,
                 w_dim: int = 64, depth: int = 4, mapping: nn.Module | None = None,
                 layer: Callable[..., nn.Module] = StyledLayer):
        super().__init__()
        self.z_dim, self.w_dim = z_dim, w_dim
        self.mapping = mapping or MappingNetwork(z_dim, w_dim, depth)
        doublings = int(math.log2(size // START))
        widths = [min(4, 2**k) * width for k in reversed(range(doublings + 1))]
        self.constant = nn.Parameter(torch.ones(1, widths[0], START, START))
        layers = [layer(widths[0], widths[0], w_dim)]
        for a, b in zip(widths, widths[1:], strict=False):
            layers += [layer(a, b, w_dim, doubles=True), layer(b, b, w_dim)]
        self.layers = nn.ModuleList(layers)
        self.to_image = EqualisedConv(widths[-1], channels, kernel=1, padding=0, gain=1)
        self.image_bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def styles(self, z: Tensor) -> Tensor:
        """One w for every layer, all the same: (N, z_dim) -> (N, layers, w_dim)."""
        return self.mapping(z)[:, None].expand(-1, len(self.layers), -1)

    def synthesis(self, styles: Tensor, noise: Sequence[Tensor] | None = None) -> Tensor:
        """The image for a w of each layer.

        Args:
            styles: (N, layers, w_dim).
            noise: what each layer adds, as `draw_noise` gives it; None draws it anew.

        Returns:
            (N, channels, size, size), without tanh: trained on images in [-1, 1] it hardly leaves
            that range.
        """
        h = self.constant.expand(len(styles), -1, -1, -1)
        for k, layer in enumerate(self.layers):
            h = layer(h, styles[:, k], None if noise is None else noise[k])
        return self.to_image(h) + self.image_bias

    def forward(self, z: Tensor) -> Tensor:
        """z -> images: (N, z_dim) -> (N, channels, size, size)."""
        return self.synthesis(self.styles(z))

    def draw_noise(self, n: int, seed: int = 0) -> list[Tensor]:
        """The same noise each time.

        Args:
            n: how many images.
            seed: which draw.

        Returns:
            For each layer (n, 1, H, W), on the device of the network.
        """
        stream, side, noise = torch.Generator().manual_seed(seed), START, []
        for layer in self.layers:
            side *= 2 if layer.doubles else 1
            noise.append(torch.randn(n, 1, side, side, generator=stream).to(self.constant.device))
        return noise

    @torch.no_grad()
    def centre(self, n: int = 4096, seed: int = 1) -> Tensor:
        """The mean of w over z ~ N(0, I).

        Args:
            n: how many z.
            seed: which; not that of the training, whose first numbers are the mapping's weights.

        Returns:
            (w_dim,).
        """
        z = torch.randn(n, self.z_dim, generator=torch.Generator().manual_seed(seed))
        return self.mapping(z.to(self.constant.device)).mean(dim=0)


def mix(a: Tensor, b: Tensor, crossover: int) -> Tensor:
    """Style mixing: the layers before `crossover` read A, those from `crossover` on read B.

    Args:
        a, b: styles, (N, layers, w_dim).
        crossover: 0 (all B) to the number of layers (all A).

    Returns:
        (N, layers, w_dim).
    """
    return torch.cat([a[:, :crossover], b[:, crossover:]], dim=1)


def truncate(styles: Tensor, centre: Tensor, psi: float) -> Tensor:
    """Truncation in w: centre + psi (w - centre).

    Args:
        styles: (..., w_dim).
        centre: the mean of w, (w_dim,).
        psi: 1 changes nothing, 0 makes all styles alike.

    Returns:
        The shape of `styles`.
    """
    return centre + psi * (styles - centre)


class StyleDiscriminator(nn.Module):
    """D(x): strided convolutions and one hidden layer, with the equalised learning rate and without
    normalisation, so that R1 is about one image at a time.

    Args:
        channels, size: of the images; size is a multiple of 8.
        width: the channels after the first halving.
    """

    def __init__(self, channels: int = 3, width: int = 32, size: int = 32):
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in [(channels, width), (width, 2 * width), (2 * width, 4 * width)]:
            layers += [EqualisedConv(a, b, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), EqualisedLinear(4 * width * (size // 8)**2, 2 * width, GAIN),
            nn.LeakyReLU(0.2), EqualisedLinear(2 * width, 1), nn.Flatten(0))

    def forward(self, x: Tensor) -> Tensor:
        """Images -> logits: (N, channels, size, size) -> (N,)."""
        return self.layers(x)
