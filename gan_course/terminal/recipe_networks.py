"""The networks of each game as `gan-course train` builds them: from the settings to a network."""
import math

from torch import nn

from gan_course import nets
from gan_course.conditional_networks import HierarchicalGenerator
from gan_course.denoisers import MLPDenoiser, linear_schedule
from gan_course.games.biggan import PooledDiscriminator
from gan_course.games.cgan import ConditionalGenerator, ProjectionDiscriminator
from gan_course.games.cyclegan import ResidualGenerator
from gan_course.games.infogan import CodeGenerator
from gan_course.games.pix2pix import UNet
from gan_course.games.ssgan import RotationDiscriminator
from gan_course.games.vae import Encoder
from gan_course.pyramid_networks import DetailGenerator, Pyramid
from gan_course.residual_networks import SRResNet
from gan_course.style_networks import StyleDiscriminator, StyleGenerator
from gan_course.terminal.settings import Settings

CODES = 2
"""The numbers in InfoGAN's continuous code; it has a category for each class of the data, or ten.
"""


def conv_generator(s: Settings) -> nn.Module:
    """DCGAN's generator."""
    return nets.ConvGenerator(s.latent_dim, s.data_shape[0], s.width, s.data_shape[1])


def conv_discriminator(s: Settings) -> nn.Module:
    """DCGAN's discriminator."""
    return nets.ConvDiscriminator(s.data_shape[0], s.width, s.data_shape[1])


def layer_norm_critic(s: Settings) -> nn.Module:
    """The same with layer normalisation where it has BatchNorm, as WGAN-GP wants it: the penalty is
    about one picture at a time.
    """
    D = conv_discriminator(s)
    for i, layer in enumerate(D.body):
        if isinstance(layer, nn.BatchNorm2d):
            D.body[i] = nn.GroupNorm(1, layer.num_features)
    return D


def mlp_generator(s: Settings) -> nn.Module:
    """The generator of notebook 03."""
    return nets.MLPGenerator(s.latent_dim, s.data_shape, s.width)


def mlp_discriminator(s: Settings) -> nn.Module:
    """The discriminator of notebook 03."""
    return nets.MLPDiscriminator(s.data_shape, s.width, dropout=0.3)


def pack_discriminator(s: Settings) -> nn.Module:
    """DCGAN's discriminator for two pictures at a time."""
    return nets.ConvDiscriminator(2 * s.data_shape[0], s.width, s.data_shape[1])


def plain_discriminator(s: Settings) -> nn.Module:
    """DCGAN's discriminator without BatchNorm."""
    return nets.PlainDiscriminator(s.data_shape[0], s.width, s.data_shape[1])


def encoder(s: Settings) -> nn.Module:
    """A VAE's encoder: DCGAN's discriminator, with two numbers for each latent dimension."""
    D = conv_discriminator(s)
    features = math.prod(D.feature_shape)
    return Encoder(nn.Sequential(D.body, nn.Flatten(), nn.Linear(features, 2 * s.latent_dim)))


def mlp_denoiser(s: Settings) -> nn.Module:
    """The denoiser of notebook 16, with 100 times."""
    return MLPDenoiser(linear_schedule(), s.data_shape, s.width)


def class_generator(s: Settings) -> nn.Module:
    """DCGAN's generator, which also reads the class."""
    return ConditionalGenerator(s.latent_dim, len(s.classes), s.data_shape[0], s.width,
                                s.data_shape[1])


def projection_discriminator(s: Settings) -> nn.Module:
    """The projection discriminator."""
    return ProjectionDiscriminator(len(s.classes), s.data_shape[0], s.width, s.data_shape[1])


def code_generator(s: Settings) -> nn.Module:
    """DCGAN's generator, which also reads a code."""
    categories = len(s.classes) if len(s.classes) > 1 else 10
    return CodeGenerator(s.latent_dim, categories, CODES, s.data_shape[0], s.width, s.data_shape[1])


def u_net(s: Settings) -> nn.Module:
    """pix2pix's generator, which halves a picture until it is 2x2."""
    halvings = int(math.log2(s.data_shape[1])) - 1
    if 2 ** (halvings + 1) != s.data_shape[1]:
        raise ValueError("pix2pix halves a picture until it is 2x2, so its side has to be a power "
                         f"of 2, such as 32, 64 or 128; got {s.data_shape[1]}. Set --size.")
    return UNet(s.x_shape[0], s.width, halvings, s.data_shape[0], norm=nn.BatchNorm2d)


def pair_discriminator(s: Settings) -> nn.Module:
    """PatchGAN, which reads both pictures of a pair."""
    return nets.PatchDiscriminator(s.x_shape[0] + s.data_shape[0], s.width)


def residual_generator(s: Settings) -> nn.Module:
    """CycleGAN's generator."""
    return ResidualGenerator(s.data_shape[0], s.width)


def patch_discriminator(s: Settings) -> nn.Module:
    """PatchGAN."""
    return nets.PatchDiscriminator(s.data_shape[0], s.width)


def style_generator(s: Settings) -> nn.Module:
    """StyleGAN's generator, with as many numbers in w as in z."""
    size = s.data_shape[1]
    if size % 8 or 2**int(math.log2(size)) != size:
        raise ValueError("stylegan doubles a picture of 4x4 pixels until it has its size, so the "
                         f"side has to be 8, 16, 32, 64, …; got {size}. Set --size.")
    return StyleGenerator(s.latent_dim, s.data_shape[0], s.width, size, w_dim=s.latent_dim)


def style_discriminator(s: Settings) -> nn.Module:
    """StyleGAN's discriminator, with twice the channels of the generator."""
    return StyleDiscriminator(s.data_shape[0], 2 * s.width, s.data_shape[1])


def rotation_discriminator(s: Settings) -> nn.Module:
    """The discriminator with a second head, which tells rotations."""
    return RotationDiscriminator(s.data_shape[0], s.width, s.data_shape[1])


def hierarchical_generator(s: Settings) -> nn.Module:
    """BigGAN's generator, whose layers read a chunk of z each."""
    return HierarchicalGenerator(s.latent_dim, len(s.classes), s.data_shape[0], s.width,
                                 s.data_shape[1])


def pooled_discriminator(s: Settings) -> nn.Module:
    """BigGAN's discriminator, which sums its features over the picture."""
    return PooledDiscriminator(len(s.classes), s.data_shape[0], s.width)


def enlarger(s: Settings) -> nn.Module:
    """SRGAN's generator."""
    return SRResNet(s.data_shape[0], s.width)


def sides(s: Settings) -> list[int]:
    """The sizes of LAPGAN's pyramid from coarse to fine: halved while even and above 8 pixels."""
    found = [s.data_shape[1]]
    if found[0] % 2 or found[0] < 8:
        raise ValueError("lapgan halves a picture, so its side has to be even, and at least 8; got "
                         f"{found[0]}. Set --size.")
    while len(found) == 1 or found[0] > 8 and found[0] % 2 == 0:
        found.insert(0, found[0] // 2)
    return found


def pyramid(s: Settings) -> nn.Module:
    """LAPGAN's generators: an MLP draws the coarsest image, as in the paper."""
    coarsest, *finer = sides(s)
    channels = s.data_shape[0]
    return Pyramid(nets.MLPGenerator(s.latent_dim, (channels, coarsest, coarsest), 8 * s.width),
                   [DetailGenerator(channels, s.width) for _ in finer])


def level_discriminators(s: Settings) -> list[nn.Module]:
    """LAPGAN's discriminators: an MLP for the coarsest image, then PatchGANs."""
    coarsest, *finer = sides(s)
    channels = s.data_shape[0]
    return [nets.MLPDiscriminator((channels, coarsest, coarsest), 8 * s.width, dropout=0.3),
            *(nets.PatchDiscriminator(channels, s.width) for _ in finer)]
