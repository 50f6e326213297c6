"""Spectral Normalization for Generative Adversarial Networks. Miyato, Kataoka, Koyama, Yoshida,
2018, arXiv:1802.05957.

    W_SN = W / sigma(W),   sigma(W) the largest singular value of W
"""
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_course import nets
from gan_course.data import batches
from gan_course.games.hinge import HingeGAN


class SNGAN(HingeGAN):
    """The hinge loss, as in the paper's experiments, with every weight of D, a kernel as a matrix
    (out, in k k), divided by its largest singular value.

    A linear layer then has Lipschitz constant 1, and a D of such layers at most 1; a convolution
    may have a few times that. BatchNorm would undo the division, so D has none. The singular value
    comes from one step of power iteration at each forward pass.

    Args:
        G, D: the generator, and a discriminator without BatchNorm, which is changed in place.
        options: those of `HingeGAN`.
    """

    def __init__(self, G: nn.Module, D: nn.Module, **options):
        super().__init__(G, normalised(D), **options)


def normalised(D: nn.Module) -> nn.Module:
    """D with spectral normalisation on each of its linear and convolutional layers.

    Args:
        D: the network; it is changed in place.

    Returns:
        The same network.
    """
    for layer in D.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            spectral_norm(layer)
    return D


def demo():
    """An SN-GAN of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return SNGAN(G, D), stream
