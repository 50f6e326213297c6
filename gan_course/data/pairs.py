"""Pictures of two kinds, for translation from one to the other: summer and winter, outline and filled."""
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PairSet:
    """Two sides of pictures in memory, x uint8 (N, C, H, W) and y uint8 (M, C', H, W); a translator sees x and draws y.

    `domains` names the two sides, ("summer", "winter"). In a `paired` set row i of x and row i of y show the same scene, so N = M, and
    what is known of each scene can come along: `masks`, name -> bool (N, H, W), the pixels of a thing; and `facts`, name -> (N,), numbers.
    Raises ValueError for anything else.
    """

    name: str
    x: Tensor
    y: Tensor
    domains: tuple[str, str]
    paired: bool
    masks: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self):
        if len(self.domains) != 2 or self.domains[0] == self.domains[1]:
            raise ValueError(f"{self.name}: it needs two domains with different names; got {self.domains}.")
        for side, images in zip(self.domains, (self.x, self.y), strict=True):
            if images.dtype != torch.uint8 or images.dim() != 4:
                raise ValueError(f"{self.name}: the pictures of {side} must be uint8 of shape (N, C, H, W); "
                                 f"got {images.dtype} of shape {tuple(images.shape)}.")
            if not len(images):
                raise ValueError(f"{self.name}: there is no picture of {side}.")
        if self.x.shape[2:] != self.y.shape[2:]:
            raise ValueError(f"{self.name}: both sides need the same height and width; "
                             f"got {tuple(self.x.shape[2:])} and {tuple(self.y.shape[2:])}.")
        if self.paired and len(self.x) != len(self.y):
            raise ValueError(f"{self.name}: {len(self.x)} and {len(self.y)} pictures cannot be pairs. Set paired=False.")
        if not self.paired and (self.masks or self.facts):
            raise ValueError(f"{self.name}: masks and facts belong to scenes; only a paired set can have them.")
        for name, mask in self.masks.items():
            if mask.dtype != torch.bool or mask.shape != (len(self.x), *self.x.shape[2:]):
                raise ValueError(f"{self.name}: the mask {name!r} must be bool of shape {(len(self.x), *self.x.shape[2:])}; "
                                 f"got {mask.dtype} of shape {tuple(mask.shape)}.")
        for name, fact in self.facts.items():
            if fact.shape != (len(self.x),):
                raise ValueError(f"{self.name}: the fact {name!r} must have shape {(len(self.x),)}; got {tuple(fact.shape)}.")

    def __len__(self) -> int:
        """The number of pairs; of an unpaired set, the pictures on the smaller side."""
        return min(len(self.x), len(self.y))

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one y, which is what a translator draws: (C', H, W)."""
        return tuple(self.y.shape[1:])

    def unpaired(self) -> "PairSet":
        """The same set without a single pair: x of the first half of the scenes, y of the others. An unpaired set returns itself."""
        if not self.paired:
            return self
        half = len(self) // 2
        return PairSet(self.name, self.x[:half], self.y[half:], self.domains, paired=False)
