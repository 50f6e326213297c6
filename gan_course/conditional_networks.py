"""BigGAN's generator, cut down: where the label enters (Brock, Donahue and Simonyan, 2018,
arXiv:1809.11096).
"""
import torch
from torch import Tensor, nn


class HierarchicalGenerator(nn.Module):
    """G(z, y): one embedding e(y) is shared by all layers, and each layer reads it beside its own
    chunk of z. Conditional BatchNorm gets its gain and shift from both.

    Args:
        z_dim: the number of latent dimensions, a multiple of 3.
        classes: the number of classes.
        channels, width, size: of the images; size is a multiple of 4.
        dim: how long the vectors of the labels are.

    Raises:
        ValueError: `z_dim` is not a multiple of 3, or `size` not of 4.
    """

    def __init__(self, z_dim: int, classes: int, channels=3, width=32, size=32, dim=32):
        super().__init__()
        if z_dim % 3:
            raise ValueError("Each of BigGAN's three layers reads a third of z, so the latent "
                             f"dimension has to be a multiple of 3; got {z_dim}.")
        if size % 4:
            raise ValueError("BigGAN's generator doubles a picture twice, so its size has to be a "
                             f"multiple of 4; got {size}.")
        self.z_dim, self.classes, self.start, told = z_dim, classes, size // 4, z_dim // 3 + dim
        self.embedding = nn.Embedding(classes, dim)
        self.first = nn.Linear(told, 2 * width * self.start**2)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in (2 * width, width))
        self.affines = nn.ModuleList(nn.Linear(told, 2 * c) for c in (2 * width, width))
        self.grow = nn.ModuleList([nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
                                   nn.ConvTranspose2d(width, channels, 4, 2, 1)])

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z and classes -> images: (N, z_dim) and int64 (N,) -> (N, channels, size, size)."""
        first, *others = (torch.cat([part, self.embedding(y)], dim=1) for part in z.chunk(3, dim=1))
        h = self.first(first).view(len(z), -1, self.start, self.start)
        for told, norm, affine, grow in zip(others, self.norms, self.affines, self.grow,
                                            strict=True):
            gain, shift = affine(told)[:, :, None, None].chunk(2, dim=1)
            h = grow(((1 + gain) * norm(h) + shift).relu())
        return h.tanh()
