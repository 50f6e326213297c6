"""Pictures of two kinds, for translating between them: summer and winter, outline and filled."""
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PairSet:
    """Two sides of pictures in memory; a translator sees x and draws y.

    In a `paired` set row i of x and row i of y show the same scene, so N = M, and what is known of
    each scene can come along as masks and facts.

    Args:
        name: what it is called.
        x, y: uint8 (N, C, H, W) and (M, C', H, W), 0 to 255.
        domains: the names of the two sides, ("summer", "winter").
        paired: whether row i of both shows the same scene.
        masks: name -> bool (N, H, W), the pixels of a thing.
        facts: name -> (N,), numbers.

    Raises:
        ValueError: anything else.
    """

    name: str
    x: Tensor
    y: Tensor
    domains: tuple[str, str]
    paired: bool
    masks: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self):
        name, n, size = self.name, len(self.x), tuple(self.x.shape[2:])
        if len(self.domains) != 2 or self.domains[0] == self.domains[1]:
            raise ValueError(f"{name}: it needs two domains with different names; "
                             f"got {self.domains}.")
        for side, images in zip(self.domains, (self.x, self.y), strict=True):
            if images.dtype != torch.uint8 or images.dim() != 4:
                raise ValueError(f"{name}: the pictures of {side} must be uint8 of shape "
                                 f"(N, C, H, W); got {images.dtype} of shape "
                                 f"{tuple(images.shape)}.")
            if not len(images):
                raise ValueError(f"{name}: there is no picture of {side}.")
        if self.x.shape[2:] != self.y.shape[2:]:
            raise ValueError(f"{name}: both sides need the same height and width; "
                             f"got {size} and {tuple(self.y.shape[2:])}.")
        if self.paired and n != len(self.y):
            raise ValueError(f"{name}: {n} and {len(self.y)} pictures cannot be pairs. "
                             "Set paired=False.")
        if not self.paired and (self.masks or self.facts):
            raise ValueError(f"{name}: masks and facts belong to scenes; only a paired set can "
                             "have them.")
        for what, mask in self.masks.items():
            if mask.dtype != torch.bool or mask.shape != (n, *size):
                raise ValueError(f"{name}: the mask {what!r} must be bool of shape {(n, *size)}; "
                                 f"got {mask.dtype} of shape {tuple(mask.shape)}.")
        for what, fact in self.facts.items():
            if fact.shape != (n,):
                raise ValueError(f"{name}: the fact {what!r} must have shape {(n,)}; "
                                 f"got {tuple(fact.shape)}.")

    def __len__(self) -> int:
        """The number of pairs; of an unpaired set, the pictures on the smaller side."""
        return min(len(self.x), len(self.y))

    @property
    def data_shape(self) -> tuple[int, ...]:
        """The shape of one y, which is what a translator draws: (C', H, W)."""
        return tuple(self.y.shape[1:])

    def unpaired(self) -> "PairSet":
        """The same set without a single pair: x of the first half of the scenes, y of the others.

        Returns:
            An unpaired PairSet; an unpaired set returns itself.
        """
        if not self.paired:
            return self
        half = len(self) // 2
        return PairSet(self.name, self.x[:half], self.y[half:], self.domains, paired=False)


def select_pairs(pairs: PairSet, rows) -> PairSet:
    """Some of the pairs, with what is known of their scenes.

    Args:
        pairs: a paired set.
        rows: what can index a tensor: a slice, numbers or truth values, (N,).

    Returns:
        A PairSet of these rows, in their order.
    """
    masks, facts = ({name: values[rows] for name, values in known.items()}
                    for known in (pairs.masks, pairs.facts))
    return PairSet(pairs.name, pairs.x[rows], pairs.y[rows], pairs.domains, pairs.paired, masks,
                   facts)
