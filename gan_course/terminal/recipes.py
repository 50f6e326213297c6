"""For the name of a game: the data it needs, and the networks that its notebook builds.

A `Recipe` has the sizes and rates that are used unless the command line says otherwise, and a
function that makes the game. The game is built from `Settings` alone, without the data, so that
samples can be drawn where the data are no longer at hand.
"""
import hashlib
import importlib.util
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from gan_course import data, nets
from gan_course.data import ImageSet, PairSet, WrongLayout, pictures
from gan_course.games import Game
from gan_course.games.cgan import CGAN, ConditionalGenerator, ProjectionDiscriminator
from gan_course.games.cyclegan import CycleGAN, ResidualGenerator
from gan_course.games.dcgan import DCGAN
from gan_course.games.diffaugment import AugmentedDiscriminator
from gan_course.games.gan import GAN
from gan_course.games.hinge import HingeGAN
from gan_course.games.infogan import CodeGenerator, InfoGAN
from gan_course.games.lsgan import LSGAN
from gan_course.games.pacgan import PacGAN
from gan_course.games.pix2pix import Pix2Pix, UNet
from gan_course.games.r3gan import R3GAN, PlainDiscriminator
from gan_course.games.sngan import SNGAN
from gan_course.games.unrolled import UnrolledGAN
from gan_course.games.wgan import WGAN
from gan_course.games.wgan_gp import WGAN_GP
from gan_course.profile import seed_everything
from gan_course.terminal.settings import Settings

CODES = 2
"""The numbers in InfoGAN's continuous code; it has a category for each class of the data, or ten.
"""

Networks = Callable[..., nn.Module]


@dataclass(frozen=True)
class Recipe:
    """How a game of the course is built and trained where nothing else is asked for.

    Args:
        make: from the settings and two functions, which make a generator and a discriminator, to
            the game.
        generator, discriminator: from the settings to a network.
        needs: what the data have to be: "pictures", "classes", "sides" (two kinds of pictures
            without pairs) or "pairs".
        lr: the learning rates of D and of G.
        batch_size, width, latent_dim: as their names say.
        decays: whether the learning rates fall to 0 over the second half.
    """

    make: Callable[[Settings, Networks, Networks], Game]
    generator: Callable[[Settings], nn.Module]
    discriminator: Callable[[Settings], nn.Module]
    needs: str = "pictures"
    lr: tuple[float, float] = (3e-4, 2e-3)
    batch_size: int = 16
    width: int = 16
    latent_dim: int = 64
    decays: bool = False


# networks ----------------------------------------------------------------------------------------

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
    return PlainDiscriminator(s.data_shape[0], s.width, s.data_shape[1])


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


# games -------------------------------------------------------------------------------------------

def two_players(kind: type[GAN], **options) -> Callable[..., Game]:
    """How a game of one generator and one discriminator is made."""
    def make(s: Settings, G: Networks, D: Networks) -> Game:
        return kind(G(s), D(s), lr=tuple(s.lr), **options)
    return make


def translators(s: Settings, G: Networks, D: Networks) -> Game:
    """How a CycleGAN is made, with two of each network."""
    return CycleGAN(G(s), G(s), D(s), D(s), s.data_shape, lr=tuple(s.lr))


CONV = (conv_generator, conv_discriminator)
MLP = (mlp_generator, mlp_discriminator)
PAPER = {"lr": (2e-4, 2e-4), "batch_size": 64}                      # Adam as in DCGAN

RECIPES = {
    "gan": Recipe(two_players(GAN), *MLP, lr=(1e-3, 1e-3), batch_size=32, width=256),
    "dcgan": Recipe(two_players(DCGAN), *CONV),
    "lsgan": Recipe(two_players(LSGAN), *CONV, **PAPER),
    "hinge": Recipe(two_players(HingeGAN), *CONV, **PAPER),
    "sngan": Recipe(two_players(SNGAN), *CONV, **PAPER),
    "pacgan": Recipe(two_players(PacGAN), conv_generator, pack_discriminator, **PAPER),
    "unrolled": Recipe(two_players(UnrolledGAN), *MLP, lr=(1e-3, 1e-3), batch_size=64, width=256),
    "wgan": Recipe(two_players(WGAN), *CONV, lr=(5e-5, 5e-5), batch_size=64),
    "wgan_gp": Recipe(two_players(WGAN_GP), conv_generator, layer_norm_critic, lr=(1e-4, 1e-4),
                      batch_size=64),
    "r3gan": Recipe(two_players(R3GAN), conv_generator, plain_discriminator, lr=(1e-3, 1e-3),
                    batch_size=32, width=32),
    "cgan": Recipe(two_players(CGAN), class_generator, projection_discriminator, "classes",
                   lr=(1e-3, 1e-3), batch_size=64, width=32),
    "infogan": Recipe(two_players(InfoGAN), code_generator, conv_discriminator, lr=(1e-3, 1e-3),
                      batch_size=64, width=32, latent_dim=62),
    "pix2pix": Recipe(two_players(Pix2Pix), u_net, pair_discriminator, "pairs", lr=(1e-3, 2e-3),
                      batch_size=8, decays=True),
    "cyclegan": Recipe(translators, residual_generator, patch_discriminator, "sides",
                       lr=(1e-3, 3e-3), batch_size=4, decays=True),
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
    makers = [how.generator, how.discriminator]
    for place, (option, given) in enumerate({"generator": generator,
                                             "discriminator": discriminator}.items()):
        name = getattr(settings, option)
        if name and not given:
            raise ValueError(f"This run has a {option} of your own, the class {name}. Say in which "
                             f"file it is, and that the file may be run: --{option} FILE.py:{name}")
        if given:
            makers[place] = own(given)
    make_G, make_D = makers
    if settings.augment:
        if settings.game in ("infogan", "pix2pix"):
            raise ValueError(f"--augment does not go with {settings.game}: its D does not read "
                             "pictures alone.")
        plain_D = make_D
        make_D = lambda s: AugmentedDiscriminator(plain_D(s), s.augment)    # noqa: E731
    seed_everything(settings.seed)
    game = how.make(settings, make_G, make_D)
    if generator or discriminator:
        _try(game, settings)
    return game


def own(where: str) -> Callable[[Settings], nn.Module]:
    """A class of the learner's own, from a file that is run.

    Its constructor gets, by name, what it asks for of z_dim (or latent_dim), channels, width, size,
    data_shape, in_channels (what a translator reads) and classes (how many there are).

    Args:
        where: FILE.py:CLASS.

    Returns:
        From the settings to a network.

    Raises:
        ValueError: there is no such file or class, or the file cannot be run.
    """
    path, _, name = where.rpartition(":")
    if not path or not Path(path).expanduser().is_file():
        raise ValueError(f"{where}: give a file and a class in it, like my_networks.py:Generator."
                         + (f" There is no file {path}." if path else ""))
    file = Path(path).expanduser().resolve()
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None:
        raise ValueError(f"{file} is no Python file: its name has to end in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:          # the learner's program may raise anything
        raise ValueError(f"{file} could not be run: {type(error).__name__}: {error}") from error
    cls = getattr(module, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, nn.Module)):
        there = [each for each, value in vars(module).items()
                 if inspect.isclass(value) and issubclass(value, nn.Module)
                 and value.__module__ == module.__name__]
        raise ValueError(f"{file} has no network class {name!r}. It has: "
                         f"{', '.join(there) or 'none'}.")

    def make(s: Settings) -> nn.Module:
        offered = {"z_dim": s.latent_dim, "latent_dim": s.latent_dim, "channels": s.data_shape[0],
                   "width": s.width, "size": s.data_shape[1], "data_shape": s.data_shape,
                   "in_channels": s.x_shape[0], "classes": len(s.classes)}
        wanted = inspect.signature(cls).parameters
        missing = [name for name, parameter in wanted.items()
                   if name not in offered and parameter.default is parameter.empty
                   and parameter.kind is not parameter.VAR_POSITIONAL
                   and parameter.kind is not parameter.VAR_KEYWORD]
        if missing:
            raise ValueError(f"{where} wants {', '.join(missing)}, which the command does not "
                             f"know. It can give {', '.join(offered)}; give the others a default.")
        try:
            net = cls(**{name: offered[name] for name in wanted if name in offered})
        except Exception as error:
            raise ValueError(f"{where} could not be made: {type(error).__name__}: {error}"
                             ) from error
        for name, value in {"z_dim": s.latent_dim, "classes": len(s.classes)}.items():
            if not hasattr(net, name):
                setattr(net, name, value)
        return net

    return make


@torch.no_grad()
def _try(game: Game, s: Settings) -> None:
    """Draw two pictures with the learner's own networks and let D look, to find what does not fit
    before the training begins.
    """
    try:
        if hasattr(game, "inputs"):
            fake = nets.generate(game.G, *game.inputs(2))
        else:
            fake = nets.generate(game.G, torch.zeros(2, *s.x_shape))
    except Exception as error:
        raise ValueError(f"Your generator failed when it was to draw two pictures: "
                         f"{type(error).__name__}: {error}") from error
    if fake.shape != (2, *s.data_shape):
        raise ValueError(f"Your generator draws {tuple(fake.shape[1:])} for each z; the pictures "
                         f"are {s.data_shape}, channels, height and width.")
    if s.discriminator and hasattr(game, "D") and recipe(s.game).needs == "pictures":
        try:
            logits = nets.generate(game.D, fake)
        except Exception as error:
            raise ValueError(f"Your discriminator failed when it was shown two pictures: "
                             f"{type(error).__name__}: {error}") from error
        if logits.shape != (2,):
            raise ValueError(f"Your discriminator gives {tuple(logits.shape)} for two pictures; "
                             "a logit for each is needed, (2,).")


# data --------------------------------------------------------------------------------------------

def load(needs: str, names: list[str], size: int | None, split: str = "train",
         fit: str = "crop") -> ImageSet | PairSet:
    """The data of a run.

    Args:
        needs: as of `Recipe`.
        names: one name of a data set or path of a folder; two of them are the two sides.
        size: pixels a side, for folders and what is drawn or fetched; None: as `data.load` has it.
        split: "train" or "test".
        fit: what becomes of a folder's pictures that are not square, as of `data.load_images`.

    Returns:
        The set.

    Raises:
        ValueError: it is not what is needed; the message says what is.
        FileNotFoundError: pictures are missing.
    """
    if len(names) > 2 or len(names) == 2 and needs != "sides":
        raise ValueError(f"--data was given {len(names)} times. Two folders are for cyclegan, and "
                         "every other game has one.")
    if needs == "sides":
        found = (data.load_sides(names[0], split, size, fit) if len(names) == 1 else
                 _two_sides([data.load_images(name, split, size, fit) for name in names]))
    elif needs == "pairs":
        found = data.load_pairs(names[0], split, size, fit=fit)     # or a folder of pairs
    else:
        found = data.load_images(names[0], split, size, fit)
        if needs == "classes" and len(found.classes) < 2:
            raise WrongLayout(f"{names[0]} has one class, so there is nothing to ask a conditional "
                              "generator for. Put the pictures of each class into a sub-folder of "
                              "its own, or take dcgan.")
    if size and found.data_shape[1] != size:
        raise ValueError(f"The pictures of {names[0]} are {found.data_shape[1]} pixels high and "
                         f"cannot be loaded at {size}. Leave --size out.")
    return found


def whole(path: str | Path, size: int, fit: str = "crop") -> ImageSet:
    """Every picture in a folder and its sub-folders, as one class, with none held out.

    Args:
        path: the folder.
        size: pixels a side.
        fit: what becomes of pictures that are not square, as of `data.load_images`.

    Returns:
        An ImageSet, (N, 3, size, size), or (N, 1, size, size) if all pictures are grey.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
        ValueError: more than a tenth of the pictures cannot be read.
    """
    path = Path(path).expanduser().resolve()
    files, notes = pictures.picture_files(path)
    white = pictures.common_white(path, files, notes)
    images, _ = pictures.read_all(path, files, size, white, notes, fit)
    pictures.tell(path, notes)
    grey = (images == images[:, :1]).all()                          # three equal channels
    images = torch.from_numpy(images[:, :1] if grey else images)
    return ImageSet(path.name, images, torch.zeros(len(images), dtype=torch.long), (path.name,))


def _two_sides(images: list[ImageSet]) -> PairSet:
    """Two sets of pictures as the two sides of an unpaired set, in RGB."""
    a, b = images
    names = (a.name, b.name) if a.name != b.name else ("A", "B")
    if a.data_shape[1:] != b.data_shape[1:]:
        raise ValueError(f"The two sides differ in size: {a.data_shape[1:]} and "
                         f"{b.data_shape[1:]} pixels. Set --size.")
    x, y = (each.images.expand(-1, 3, -1, -1) for each in images)
    return PairSet(" and ".join(names), x, y, names, paired=False)


def facts(dataset: ImageSet | PairSet) -> dict:
    """What the settings keep of the data: shapes, names, number, and a checksum of the pixels."""
    images = isinstance(dataset, ImageSet)
    sides = [dataset.images] if images else [dataset.x, dataset.y]
    pixels = hashlib.sha256()
    for side in sides:
        pixels.update(side.contiguous().numpy())
    return {"x_shape": tuple(sides[0].shape[1:]), "data_shape": dataset.data_shape,
            "classes": list(dataset.classes if images else dataset.domains),
            "pictures": sum(map(len, sides)), "checksum": pixels.hexdigest()[:16]}
