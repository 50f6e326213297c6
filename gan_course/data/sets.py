"""What a data set is, and the endless stream of batches drawn from it."""
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from gan_course.data.pairs import PairSet


class WrongLayout(ValueError):
    """A data set of another kind than is needed. The message says what is needed and was found."""


class Batch(NamedTuple):
    """What a player sees in one move.

    `x` has the shape (N, *data_shape), and `y`, (N,) int64, is the class or component of each row.
    From a `PairSet` both are images in [-1, 1], (N, *data_shape): `x` is what a translator sees and
    `y` what it should draw. Row i of each shows the same scene if the set is paired; otherwise they
    have nothing to do with each other.
    """

    x: Tensor
    y: Tensor


class Density(Protocol):
    """A distribution we can sample and whose density we know; `toy.Mixture` is one."""

    data_shape: tuple[int, ...]

    def to(self, device: torch.device) -> "Density":
        """The same distribution on another device."""

    def sample(self, n: int, generator: torch.Generator | None = None) -> Batch:
        """Independent draws: x, (n, *data_shape), and y, (n,), the component of each."""

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats, one number for each row of x: (N,)."""


@dataclass(frozen=True, eq=False)
class Factors:
    """The numbers behind drawn images: `factors["slant"]` is one column of the table.

    Args:
        table: float32 (N, k), a row for each image.
        names: those of its columns.
        units: what their numbers mean.
    """

    table: Tensor
    names: tuple[str, ...]
    units: tuple[str, ...]

    def __getitem__(self, name: str) -> Tensor:
        """The factor of each image, float32 (N,). Raises KeyError for an unknown name."""
        if name not in self.names:
            raise KeyError(f"There is no factor {name!r}. There are: {', '.join(self.names)}.")
        return self.table[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images in memory, with labels and the names of the classes.

    One byte a pixel keeps all of MNIST in 47 MB; `scale` turns what a batch needs into floats.

    Args:
        name: what it is called.
        images: uint8 (N, C, H, W), 0 to 255.
        labels: int64 (N,), the number of each image's class.
        classes: the names of the classes.
        factors: what each image was drawn from, where that is known.

    Raises:
        ValueError: the images are no uint8 images, or the numbers of images, labels and
            factors differ.
    """

    name: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    factors: Factors | None = None

    def __post_init__(self):
        if self.images.dtype != torch.uint8 or self.images.dim() != 4:
            raise ValueError(f"{self.name}: images must be uint8 of shape (N, C, H, W); "
                             f"got {self.images.dtype} of shape {tuple(self.images.shape)}.")
        if len(self.images) != len(self.labels):
            raise ValueError(f"{self.name}: {len(self.images)} images but {len(self.labels)} "
                             "labels.")
        if self.factors is not None and len(self.images) != len(self.factors.table):
            raise ValueError(f"{self.name}: {len(self.images)} images but factors of "
                             f"{len(self.factors.table)}.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one image: (C, H, W)."""
        return tuple(self.images.shape[1:])

    def draw(self, n: int, seed: int = 0) -> Batch:
        """Some images with their labels, drawn without replacement (the first n are often not
        typical).

        Args:
            n: how many.
            seed: where the random numbers start.

        Returns:
            Images x in [-1, 1], (n, C, H, W), and labels y (n,).

        Raises:
            ValueError: there are fewer than n.
        """
        if n > len(self):
            raise ValueError(f"{self.name} has {len(self)} images; {n} were asked for.")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n]
        return Batch(scale(self.images[order]), self.labels[order])

    def take(self, n: int, seed: int = 0) -> Tensor:
        """The images alone of `draw(n, seed)`: (n, C, H, W) in [-1, 1]."""
        return self.draw(n, seed).x


def scale(images: Tensor) -> Tensor:
    """Bytes as floats in [-1, 1], the range of a generator's tanh: x = u / 127.5 - 1.

    Args:
        images: uint8, 0 to 255, (N, C, H, W).

    Returns:
        float32 of the same shape, in channels_last memory order, which convolutions prefer.
    """
    return images.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1)


def unscale(x: Tensor) -> Tensor:
    """The way back: floats in [-1, 1] as bytes, 0 to 255, rounded, for looking at.

    Args:
        x: floats of any shape; what lies outside [-1, 1] is cut off.

    Returns:
        uint8 of the same shape.
    """
    return (x.detach().clamp(-1, 1) + 1).mul(127.5).round().to(torch.uint8)


class Batches:
    """An endless, seeded, resumable iterator of `Batch(x, y)`, all on one device.

    Images: every epoch is a fresh shuffle, and the last, shorter batch of an epoch is dropped
    (BatchNorm needs full ones). Pictures without pairs: each side has a shuffle and epochs of its
    own. Densities: every batch is a fresh draw. `state()` and `restore(state)` continue the very
    same stream.

    Args:
        dataset: an ImageSet, a PairSet or a Density.
        batch_size: N, at least 1 and at most the length of the set.
        seed: where the random numbers start.
        device: where the batches are.

    Raises:
        ValueError: the batch size is not in its range.
    """

    def __init__(self, dataset, batch_size: int, *, seed: int = 0, device="cpu"):
        self.dataset = dataset
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.data_shape = dataset.data_shape
        if batch_size < 1:
            raise ValueError(f"A batch needs at least one element; batch_size is {batch_size}.")
        if not isinstance(dataset, ImageSet | PairSet):
            self._orders = []
            self._generator = torch.Generator(self.device).manual_seed(seed)
            self._density = dataset.to(self.device)                 # once, not for every batch
            return
        if batch_size > len(dataset):
            raise ValueError(f"{dataset.name} has {len(dataset)} images, fewer than one batch of "
                             f"{batch_size}. Use a smaller batch_size.")
        images = isinstance(dataset, ImageSet)
        x, y = (dataset.images, dataset.labels) if images else (dataset.x, dataset.y)
        self._x, self._y = _keep_close(x, y, self.device)
        near = self._x.device
        if images or dataset.paired:                                # one order for both
            self._orders = [_Shuffle(len(x), seed, near)]
        else:                               # one for each; the same seed would make pairs again
            self._orders = [_Shuffle(len(x), 2 * seed, near), _Shuffle(len(y), 2 * seed + 1, near)]

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        if not self._orders:
            return self._density.sample(self.batch_size, self._generator)
        rows = [order.next(self.batch_size) for order in self._orders]
        x = self._x[rows[0]].to(self.device, non_blocking=True)
        y = self._y[rows[-1]].to(self.device, non_blocking=True)
        return Batch(scale(x), scale(y) if isinstance(self.dataset, PairSet) else y)

    def state(self) -> dict:
        """Where the stream stands.

        Returns:
            {"generator": uint8 Tensor, "positions": a list of int, one for each shuffle}.
        """
        starts = [order.start for order in self._orders] or [self._generator.get_state()]
        return {"generator": torch.cat(starts),
                "positions": [order.position for order in self._orders]}

    def restore(self, state: dict) -> None:
        """Continue from a state, of the same data set, batch size and kind of device.

        Args:
            state: what `state()` gave.
        """
        if not self._orders:
            self._generator.set_state(state["generator"].cpu())
            return
        starts = state["generator"].cpu().chunk(len(self._orders))
        for order, start, position in zip(self._orders, starts, state["positions"], strict=True):
            order.restore(start, position)


class _Shuffle:
    """An endless, resumable order of the numbers 0 to n - 1: a fresh shuffle every epoch.

    The last, shorter batch of an epoch is dropped.
    """

    def __init__(self, n: int, seed: int, device: torch.device):
        self.n = n
        self.generator = torch.Generator(device).manual_seed(seed)
        self.begin()

    def begin(self) -> None:
        """A new epoch. From `start`, the generator's state, its order can be made again."""
        self.start, self.position = self.generator.get_state(), 0
        self.order = torch.randperm(self.n, generator=self.generator, device=self.generator.device)

    def next(self, count: int) -> Tensor:
        """The next `count` numbers: int64 (count,)."""
        if self.position + count > self.n:
            self.begin()
        chosen = self.order[self.position:self.position + count]
        self.position += count
        return chosen

    def restore(self, start: Tensor, position: int) -> None:
        """Go to a position in the epoch that began with the generator in the state `start`."""
        self.generator.set_state(start.clone())     # torch crashes on a part of a larger tensor
        self.begin()
        self.position = position


def _keep_close(x: Tensor, y: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """Both on `device` if they take at most half of its free memory, else where they are."""
    if device.type == "cuda" and x.nbytes + y.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return x, y
    return x.to(device), y.to(device)
