"""For the name of a game: the data it needs, and the networks that its notebook builds.

A `Recipe` has the sizes and rates that are used unless the command line says otherwise, and a
function that makes the game. The game is built from `Settings` alone, without the data, so that
samples can be drawn where the data are no longer at hand.
"""
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from gan_course.games import Game
from gan_course.games.biggan import BigGAN
from gan_course.games.cgan import CGAN
from gan_course.games.cyclegan import CycleGAN
from gan_course.games.dcgan import DCGAN
from gan_course.games.diffaugment import AugmentedDiscriminator
from gan_course.games.diffusion import Diffusion, Sampler
from gan_course.games.gan import GAN
from gan_course.games.hinge import HingeGAN
from gan_course.games.infogan import InfoGAN
from gan_course.games.lapgan import LAPGAN
from gan_course.games.lsgan import LSGAN
from gan_course.games.pacgan import PacGAN
from gan_course.games.pix2pix import Pix2Pix
from gan_course.games.r3gan import R3GAN
from gan_course.games.sngan import SNGAN
from gan_course.games.srgan import SRGAN
from gan_course.games.ssgan import SSGAN
from gan_course.games.stylegan import StyleGAN
from gan_course.games.unrolled import UnrolledGAN
from gan_course.games.vae import VAE
from gan_course.games.wgan import WGAN
from gan_course.games.wgan_gp import WGAN_GP
from gan_course.profile import seed_everything
from gan_course.terminal import own_networks
from gan_course.terminal import recipe_networks as nets
from gan_course.terminal.settings import Settings

Maker = Callable[..., nn.Module]
NO_AUGMENT = ("infogan", "pix2pix", "lapgan", "ssgan", "pacgan")
"""Games whose D reads more than single pictures, or gives more than logits."""

COURSE_ONLY = {
    ("lapgan", "generator"): "trains a pair of networks for each size of the pyramid",
    ("lapgan", "discriminator"): "trains a pair of networks for each size of the pyramid",
    ("diffusion", "generator"): "trains a denoiser, which reads noisy pictures and times",
    ("infogan", "generator"): "gives its generator a code beside z",
    ("infogan", "discriminator"): "lets Q read features inside its discriminator",
    ("stylegan", "generator"): "mixes styles inside its generator",
    ("ssgan", "discriminator"): "asks its discriminator for rotations, too",
    ("pacgan", "discriminator"): "shows its discriminator two pictures at a time, as channels",
}
"""(game, option): why this game takes no network of the learner's own there."""


@dataclass(frozen=True)
class Recipe:
    """How a game of the course is built and trained where nothing else is asked for.

    Args:
        make: from the settings and two functions, which make a generator and a discriminator, to
            the game.
        generator, discriminator: from the settings to a network; a game of one player has no
            discriminator.
        needs: what the data have to be: "pictures", "classes", "sides" (two kinds of pictures
            without pairs), "pairs", or "enlarge" (pictures, which are shrunk).
        lr: the learning rates of D and of G, or the one of a game of one player.
        batch_size, width, latent_dim: as their names say.
        decays: whether the learning rates fall to 0 over the second half.
    """

    make: Callable[[Settings, Maker, Maker], Game]
    generator: Callable[[Settings], nn.Module]
    discriminator: Callable[[Settings], nn.Module] | None
    needs: str = "pictures"
    lr: tuple[float, ...] = (3e-4, 2e-3)
    batch_size: int = 16
    width: int = 16
    latent_dim: int = 64
    decays: bool = False


def two_players(kind: type[GAN], **options) -> Callable[..., Game]:
    """How a game of one generator and one discriminator is made."""
    def make(s: Settings, G: Maker, D: Maker) -> Game:
        return kind(G(s), D(s), lr=tuple(s.lr), **options)
    return make


def translators(s: Settings, G: Maker, D: Maker) -> Game:
    """How a CycleGAN is made, with two of each network."""
    return CycleGAN(G(s), G(s), D(s), D(s), s.data_shape, lr=tuple(s.lr))


def autoencoder(s: Settings, decoder: Maker, _: None) -> Game:
    """How a VAE is made, with sigma = 1: a learned sigma gives finer reconstructions, but after
    minutes of training its samples are in pieces.
    """
    return VAE(nets.encoder(s), decoder(s), sigma=1.0, learn_sigma=False, lr=s.lr[0])


def diffusion(s: Settings, denoiser: Maker, _: None) -> Game:
    """How a diffusion model is made, which draws in 25 steps."""
    return Diffusion(Sampler(denoiser(s), s.data_shape, steps=25), lr=s.lr[0])


def levels(s: Settings, G: Maker, D: Maker) -> Game:
    """How a LAPGAN is made, with a D for each level of the pyramid."""
    return LAPGAN(G(s), D(s), s.data_shape[1], lr=tuple(s.lr))


CONV = (nets.conv_generator, nets.conv_discriminator)
MLP = (nets.mlp_generator, nets.mlp_discriminator)
PAPER = {"lr": (2e-4, 2e-4), "batch_size": 64}                      # Adam as in DCGAN

RECIPES = {
    # pictures
    "gan": Recipe(two_players(GAN), *MLP, lr=(1e-3, 1e-3), batch_size=32, width=256),
    "dcgan": Recipe(two_players(DCGAN), *CONV),
    "lsgan": Recipe(two_players(LSGAN), *CONV, **PAPER),
    "hinge": Recipe(two_players(HingeGAN), *CONV, **PAPER),
    "sngan": Recipe(two_players(SNGAN), nets.conv_generator, nets.plain_discriminator, **PAPER),
    "pacgan": Recipe(two_players(PacGAN), nets.conv_generator, nets.pack_discriminator, **PAPER),
    "unrolled": Recipe(two_players(UnrolledGAN), *MLP, lr=(1e-3, 1e-3), batch_size=64, width=256),
    "wgan": Recipe(two_players(WGAN), *CONV, lr=(5e-5, 5e-5), batch_size=64),
    "wgan_gp": Recipe(two_players(WGAN_GP), nets.conv_generator, nets.layer_norm_critic,
                      lr=(1e-4, 1e-4), batch_size=64),
    "r3gan": Recipe(two_players(R3GAN), nets.conv_generator, nets.plain_discriminator,
                    lr=(1e-3, 1e-3), batch_size=32, width=32),
    "stylegan": Recipe(two_players(StyleGAN), nets.style_generator, nets.style_discriminator,
                       lr=(2e-3, 2e-3)),
    "ssgan": Recipe(two_players(SSGAN, betas=(0.0, 0.999)), nets.conv_generator,
                    nets.rotation_discriminator, lr=(1e-3, 1e-3), batch_size=32, width=32),
    "lapgan": Recipe(levels, nets.pyramid, nets.level_discriminators, lr=(1e-3, 1e-3),
                     batch_size=32, width=32),
    "infogan": Recipe(two_players(InfoGAN), nets.code_generator, nets.conv_discriminator,
                      lr=(1e-3, 1e-3), batch_size=64, width=32, latent_dim=62),
    # pictures, and one player
    "vae": Recipe(autoencoder, nets.conv_generator, None, lr=(2e-3,), batch_size=64,
                  latent_dim=16),
    "diffusion": Recipe(diffusion, nets.mlp_denoiser, None, lr=(1e-3,), batch_size=128,
                        width=256),
    # classes
    "cgan": Recipe(two_players(CGAN), nets.class_generator, nets.projection_discriminator,
                   "classes", lr=(1e-3, 1e-3), batch_size=64, width=32),
    "biggan": Recipe(two_players(BigGAN, updates=1), nets.hierarchical_generator,
                     nets.pooled_discriminator, "classes", lr=(1e-3, 1e-3), batch_size=32,
                     width=32, latent_dim=60, decays=True),
    # translators
    "pix2pix": Recipe(two_players(Pix2Pix), nets.u_net, nets.pair_discriminator, "pairs",
                      lr=(1e-3, 2e-3), batch_size=8, decays=True),
    "cyclegan": Recipe(translators, nets.residual_generator, nets.patch_discriminator, "sides",
                       lr=(1e-3, 3e-3), batch_size=4, decays=True),
    "srgan": Recipe(two_players(SRGAN), nets.enlarger, nets.patch_discriminator, "enlarge",
                    lr=(1e-3, 1e-3)),
}


def recipe(name: str) -> Recipe:
    """The recipe of a game.

    Args:
        name: a key of `RECIPES`.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in RECIPES:
        raise ValueError(f"There is no game called {name!r} to train. Games: "
                         f"{', '.join(RECIPES)}.")
    return RECIPES[name]


def build(settings: Settings, generator: str | None = None, discriminator: str | None = None
          ) -> Game:
    """The game of a run, as it was before its first round.

    Args:
        settings: those of the run.
        generator, discriminator: FILE.py:CLASS, classes of the learner's own; the file is run.

    Returns:
        The game, on the CPU.

    Raises:
        ValueError: a size is none that the networks know, or a class of the learner's own is
            missing or does not fit; the message says what to do.
    """
    how = recipe(settings.game)
    for option, given in {"generator": generator, "discriminator": discriminator}.items():
        if given and (why := COURSE_ONLY.get((settings.game, option))):
            raise ValueError(f"{settings.game} {why}, so it takes no --{option}. dcgan takes "
                             "--generator and --discriminator.")
    if how.discriminator is None and (discriminator or settings.augment):
        raise ValueError(f"{settings.game} has no discriminator, so it takes no --discriminator "
                         "and no --augment. dcgan takes both.")
    makers = [how.generator, how.discriminator]
    for place, (option, given) in enumerate({"generator": generator,
                                             "discriminator": discriminator}.items()):
        name = getattr(settings, option)
        if name and not given:
            raise ValueError(f"This run has a {option} of your own, the class {name}. Say in which "
                             f"file it is, and that the file may be run: --{option} FILE.py:{name}")
        if given:
            makers[place] = own_networks.own(given)
    make_G, make_D = makers
    if settings.augment:
        if settings.game in NO_AUGMENT:
            raise ValueError(f"--augment does not go with {settings.game}: its D is more than a "
                             "network from single pictures to logits.")
        plain_D = make_D
        make_D = lambda s: AugmentedDiscriminator(plain_D(s), s.augment)    # noqa: E731
    seed_everything(settings.seed)
    game = how.make(settings, make_G, make_D)
    if generator or discriminator:
        own_networks.try_out(game, settings, how.needs)
    return game
