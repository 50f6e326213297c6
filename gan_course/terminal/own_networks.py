"""Networks of the learner's own for `gan-course train`, from a file that is named and run."""
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from gan_course import nets
from gan_course.games import Game
from gan_course.terminal.settings import Settings


def own(where: str) -> Callable[[Settings], nn.Module]:
    """A class of the learner's own, from a file that is run; it may import files beside it.

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
    sys.path.append(str(file.parent))                   # it may import files that lie beside it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:            # the learner's program may do anything
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
def try_out(game: Game, s: Settings, needs: str) -> None:
    """Draw two pictures with the learner's own networks and let D look, to find what does not fit
    before the training begins.

    Args:
        game: built from these networks.
        s: the settings of the run.
        needs: what data the game needs, as of `recipes.Recipe`.

    Raises:
        ValueError: they fail, or what they give has a wrong shape.
    """
    try:
        given = game.inputs(2) if hasattr(game, "inputs") else ()     # z, perhaps with classes
        if given:
            fake = nets.generate(game.G, *given)
        else:
            fake = game.sample(2, torch.zeros(2, *s.x_shape))
    except Exception as error:
        raise ValueError(f"Your generator failed when it was to draw two pictures: "
                         f"{type(error).__name__}: {error}") from error
    if fake.shape != (2, *s.data_shape):
        raise ValueError(f"Your generator draws {tuple(fake.shape[1:])} for each z; the pictures "
                         f"are {s.data_shape}, channels, height and width.")
    if s.discriminator and needs in ("pictures", "classes"):
        try:
            logits = nets.generate(game.D, fake, *given[1:])
        except Exception as error:
            raise ValueError(f"Your discriminator failed when it was shown two pictures: "
                             f"{type(error).__name__}: {error}") from error
        if logits.shape != (2,):
            raise ValueError(f"Your discriminator gives {tuple(logits.shape)} for two pictures; "
                             "a logit for each is needed, (2,).")
