"""What a data set is, and the endless stream of batches drawn from it."""
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Batch(NamedTuple):
    """What a player sees in one move: `x` of shape (N, *data_shape) and `y`, the class or component of each row, (N,) int64."""

    x: Tensor
    y: Tensor


class Density(Protocol):
    """A distribution we can sample and whose density we know; `toy.Mixture` is one."""

    data_shape: tuple[int, ...]

    def sample(self, n: int, generator: torch.Generator | None = None) -> Batch: ...
    def log_prob(self, x: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images in memory: uint8 (N, C, H, W), 0 to 255, with labels int64 (N,) and the names of the classes.

    One byte a pixel keeps all of MNIST in 47 MB; `scale` turns what a batch needs into floats.
    """

    name: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self):
        if self.images.dtype != torch.uint8 or self.images.dim() != 4:
            raise ValueError(f"{self.name}: images must be uint8 of shape (N, C, H, W); "
                             f"got {self.images.dtype} of shape {tuple(self.images.shape)}.")
        if len(self.images) != len(self.labels):
            raise ValueError(f"{self.name}: {len(self.images)} images but {len(self.labels)} labels.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def data_shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape[1:])

    def take(self, n: int, seed: int = 0) -> Tensor:
        """`n` images drawn without replacement, scaled to [-1, 1]: (n, C, H, W). Drawn, because the first n are often not typical."""
        if n > len(self):
            raise ValueError(f"{self.name} has {len(self)} images; {n} were asked for.")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n]
        return scale(self.images[order])


def scale(images: Tensor) -> Tensor:
    """uint8 0 to 255 -> float32 in [-1, 1], the range of a generator's tanh: x = u / 127.5 - 1.

    Images come out in channels_last memory order, which convolutions prefer.
    """
    return images.to(torch.float32, memory_format=torch.channels_last).div_(127.5).sub_(1)


def unscale(x: Tensor) -> Tensor:
    """The way back: floats in [-1, 1] -> uint8 0 to 255, rounded, for looking at."""
    return (x.detach().clamp(-1, 1) + 1).mul(127.5).round().to(torch.uint8)


class Batches:
    """An endless, seeded, resumable iterator of `Batch(x, y)`, all on one device.

    Images: every epoch is a fresh shuffle, and the last, shorter batch of an epoch is dropped (BatchNorm needs full ones).
    Densities: every batch is a fresh draw. `state()` and `restore(state)` continue the very same stream.
    """

    def __init__(self, dataset, batch_size: int, *, seed: int = 0, device="cpu"):
        if batch_size < 1:
            raise ValueError(f"A batch needs at least one element; batch_size is {batch_size}.")
        if isinstance(dataset, ImageSet) and batch_size > len(dataset):
            raise ValueError(f"{dataset.name} has {len(dataset)} images, fewer than one batch of {batch_size}. Use a smaller batch_size.")
        self.dataset = dataset
        self.batch_size = batch_size
        self.device = torch.device(device)
        self.data_shape = dataset.data_shape
        self._position = 0                                          # images used of this epoch
        self._order = None                                          # the epoch's shuffle, made when first needed
        if isinstance(dataset, ImageSet):
            self._images, self._labels = _keep_close(dataset, self.device)
            self._generator = torch.Generator(self._images.device).manual_seed(seed)
        else:
            self._generator = torch.Generator(self.device).manual_seed(seed)

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        if not isinstance(self.dataset, ImageSet):
            return self.dataset.sample(self.batch_size, self._generator)
        if self._order is None or self._position + self.batch_size > len(self._images):
            self._epoch_start = self._generator.get_state()
            self._order = torch.randperm(len(self._images), generator=self._generator, device=self._images.device)
            self._position = 0
        chosen = self._order[self._position:self._position + self.batch_size]
        self._position += self.batch_size
        images = self._images[chosen].to(self.device, non_blocking=True)
        return Batch(scale(images), self._labels[chosen].to(self.device, non_blocking=True))

    def state(self) -> dict:
        """Where the stream stands: {"generator": uint8 Tensor, "position": int}."""
        started = isinstance(self.dataset, ImageSet) and self._order is not None
        return {"generator": self._epoch_start if started else self._generator.get_state(), "position": self._position}

    def restore(self, state: dict) -> None:
        """Continue from what `state()` gave, for the same data set, batch size and kind of device."""
        self._generator.set_state(state["generator"].cpu())
        self._order, position = None, state["position"]
        if position:                                                # inside an epoch: make its shuffle again
            self._epoch_start = self._generator.get_state()
            self._order = torch.randperm(len(self._images), generator=self._generator, device=self._images.device)
        self._position = position


def _keep_close(dataset: ImageSet, device: torch.device) -> tuple[Tensor, Tensor]:
    """The images and labels on `device` if they take at most half of its free memory, else where they are."""
    if device.type == "cuda" and dataset.images.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
        return dataset.images, dataset.labels
    return dataset.images.to(device), dataset.labels.to(device)
