"""What a run was begun with, kept beside it as `settings.json`, so that nobody has to say it again.

The file holds names, numbers and paths. Nothing in it is ever run: a class of the learner's own is
remembered by name alone, and its file has to be named again on the command line.
"""
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from gan_course import files

FILE = "settings.json"
Size = Annotated[int, Field(gt=0, le=65_536)]
"""A number of pixels, channels, pictures or dimensions that a machine can hold."""


class Settings(BaseModel):
    """A run in words and numbers, enough to build its game again.

    The goal, minutes or rounds, may change later; the rest belongs to the run for good.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    game: str                           # a key of `recipes.RECIPES`
    data: list[str] = Field(min_length=1, max_length=2)             # names, or paths of folders
    size: Size | None = None            # pixels a side; None: what the data set has
    fit: Literal["crop", "pad", "stretch"] = "crop"                 # of a folder's oblong pictures
    batch_size: Size
    lr: list[float] = Field(min_length=1, max_length=2)             # of D and of G, or the only one
    width: Size
    latent_dim: Size
    augment: str = ""                   # what DiffAugment does; "": nothing
    seed: int = Field(default=0, ge=0, lt=2**32)
    precision: Literal["float32", "bfloat16", "fastest"] = "fastest"
    generator: str | None = None        # the name of a class of the learner's own
    discriminator: str | None = None

    minutes: PositiveFloat | None = None                            # the goal
    rounds: PositiveInt | None = None

    # what the data turned out to be
    x_shape: tuple[Size, Size, Size]    # of one picture (C, H, W); of a translator, what it reads
    data_shape: tuple[Size, Size, Size]  # what G draws
    classes: list[str] = []             # their names; of a translator, those of the two sides
    pictures: PositiveInt               # how many there are to learn from
    checksum: str                       # of these pictures

    def words(self) -> str:
        """The run in a line: "dcgan on flowers, 64x64, seed 0"."""
        data = " and ".join(Path(name).name for name in self.data)
        high, wide = self.data_shape[1:]
        return f"{self.game} on {data}, {high}x{wide}, seed {self.seed}"


def read(out: Path) -> Settings | None:
    """The settings of the run in a folder.

    Args:
        out: the folder.

    Returns:
        The settings; None if no run was begun there.

    Raises:
        ValueError: the file is damaged, or of another version of the course.
    """
    path = Path(out) / FILE
    try:
        return Settings.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{path} is damaged or comes from another version of the course: "
                         f"{f'{where}: ' if where else ''}{first['msg']}. Without it the run "
                         "cannot go on; choose another folder with -o.") from None


def write(out: Path, settings: Settings) -> None:
    """Write the settings of a run, as a whole or not at all.

    Args:
        out: the folder.
        settings: what was begun there.

    Raises:
        OSError: the file cannot be written.
    """
    files.write(Path(out) / FILE, settings.model_dump_json(indent=1) + "\n")


def difference(asked: dict, stored: Settings) -> list[str]:
    """Where a request and a run differ, in words.

    Args:
        asked: settings by name.
        stored: those of the run.

    Returns:
        A phrase for each difference, "size 64 (the run has 32)"; [] if there is none.
    """
    return [f"{name.replace('_', '-')} {shown(value)} (the run has {shown(getattr(stored, name))})"
            for name, value in asked.items() if value != getattr(stored, name)]


def shown(value) -> str:
    """A setting as one would type it: "none" for nothing, a list with spaces."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "none" if value in (None, "") else str(value)
