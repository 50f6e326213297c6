"""Two DCGANs that many learners start from, with the networks and the settings that their authors
published, written anew: the one of PyTorch-GAN by Erik Linder-Norén, and the one of the examples
that come with PyTorch. `sixty_seconds.py` trains them beside ours.

    PublicDCGAN("pytorch_gan", channels=1)        32x32: linear, twice Upsample and convolution
    PublicDCGAN("pytorch_examples", channels=1)   64x64: transposed convolutions, 64 to 512 filters

Both: z of 100 numbers, mini-batches of 64, Adam with lr 2e-4 and betas (0.5, 0.999), weights from
N(0, 0.02) and BatchNorm's from N(1, 0.02), binary cross-entropy. Pictures are scaled to the size
that the networks are made for, and samples back to that of the data.
"""
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gan_course.data import Batch

Z_DIM, BATCH_SIZE = 100, 64


def pytorch_gan(channels: int) -> tuple[nn.Module, nn.Module]:
    """G and D of PyTorch-GAN, for 32x32; its BatchNorm has eps 0.8 nearly everywhere."""
    def halved(a: int, b: int, norm: bool = True) -> list[nn.Module]:
        layers = [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
        return [*layers, nn.BatchNorm2d(b, 0.8)] if norm else layers

    G = nn.Sequential(
        nn.Linear(Z_DIM, 128 * 8 * 8), nn.Unflatten(1, (128, 8, 8)), nn.BatchNorm2d(128),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, padding=1),
        nn.BatchNorm2d(128, 0.8), nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1),
        nn.BatchNorm2d(64, 0.8), nn.LeakyReLU(0.2),
        nn.Conv2d(64, channels, 3, padding=1), nn.Tanh()
    )
    D = nn.Sequential(*halved(channels, 16, norm=False), *halved(16, 32), *halved(32, 64),
                      *halved(64, 128), nn.Flatten(), nn.Linear(128 * 2 * 2, 1))
    return G, D


def pytorch_examples(channels: int) -> tuple[nn.Module, nn.Module]:
    """G and D of PyTorch's examples, for 64x64."""
    def doubled(a: int, b: int) -> list[nn.Module]:
        return [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]

    def halved(a: int, b: int) -> list[nn.Module]:
        return [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]

    G = nn.Sequential(
        nn.Unflatten(1, (Z_DIM, 1, 1)),
        nn.ConvTranspose2d(Z_DIM, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), nn.ReLU(),
        *doubled(512, 256), *doubled(256, 128), *doubled(128, 64),
        nn.ConvTranspose2d(64, channels, 4, 2, 1, bias=False), nn.Tanh()
    )
    D = nn.Sequential(
        nn.Conv2d(channels, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
        *halved(64, 128), *halved(128, 256), *halved(256, 512),
        nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten()
    )
    return G, D


NETWORKS = {"pytorch_gan": (pytorch_gan, 32), "pytorch_examples": (pytorch_examples, 64)}


class PublicDCGAN:
    """One of the two, ready to train.

    Args:
        name: "pytorch_gan" or "pytorch_examples".
        channels: of the pictures.
    """

    def __init__(self, name: str, channels: int):
        networks, self.size = NETWORKS[name]
        self.G, self.D = networks(channels)
        for module in (*self.G.modules(), *self.D.modules()):
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, 0, 0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, 0.02)
        self.optimizer_G, self.optimizer_D = (
            torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for net in (self.G, self.D)
        )
        self.moves, self.share = (self._move_D, self._move_G), 1.0
        if name == "pytorch_gan":                   # there G moves first, and D's loss is halved
            self.moves, self.share = (self._move_G, self._move_D), 0.5

    def train(self, batches: Iterator[Batch]) -> Iterator[None]:
        """Play rounds without end, one for each `next`."""
        for batch in batches:
            x = self._resized(batch.x, self.size)
            fake = self.G(torch.randn(len(x), Z_DIM))
            for move in self.moves:
                move(x, fake)
            yield

    def sample(self, n: int, size: int) -> Tensor:
        """`n` samples at the data's size, (n, channels, size, size) in [-1, 1]. G is set to
        evaluation and left so.
        """
        with torch.no_grad():
            return self._resized(self.G.eval()(torch.randn(n, Z_DIM)), size).clamp(-1, 1)

    def _move_D(self, x: Tensor, fake: Tensor) -> None:
        loss = self.share * (self._cross_entropy(x, 1.0) + self._cross_entropy(fake.detach(), 0.0))
        self.optimizer_D.zero_grad()
        loss.backward()
        self.optimizer_D.step()

    def _move_G(self, x: Tensor, fake: Tensor) -> None:
        self.optimizer_G.zero_grad()
        self._cross_entropy(fake, 1.0).backward()
        self.optimizer_G.step()

    def _cross_entropy(self, x: Tensor, target: float) -> Tensor:
        logits = self.D(x)
        return nn.functional.binary_cross_entropy_with_logits(logits,
                                                              torch.full_like(logits, target))

    @staticmethod
    def _resized(x: Tensor, size: int) -> Tensor:
        return x if x.shape[-1] == size else interpolate(x, size, mode="bilinear", antialias=True)
