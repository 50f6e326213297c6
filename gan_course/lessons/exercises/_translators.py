"""For exercises about translation: networks with two numbers each, so that every slip shows in the
loss or in a slope.
"""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import Mistake, Seen, as_number, number_called


class Line(nn.Module):
    """x -> a x + b, a translator that changes contrast and brightness."""

    def __init__(self, a: float, b: float):
        super().__init__()
        self.numbers = nn.Parameter(torch.tensor([a, b], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.numbers[0] * x + self.numbers[1]


class Patches(nn.Module):
    """x -> a score for every place, (N, 1, H, W): each channel weighed by a number of its own, and
    one added.
    """

    def __init__(self, *numbers: float):
        super().__init__()
        self.numbers = nn.Parameter(torch.tensor(numbers, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        *weights, bias = self.numbers
        if x.shape[1] != len(weights):
            raise RuntimeError(f"this D expects {len(weights)} channels, but got {x.shape[1]}")
        return torch.einsum("c,nchw->nhw", torch.stack(weights), x)[:, None] + bias


def pictures(seed: int, n: int = 3) -> Tensor:
    """n pictures of 4x5 pixels in three channels, (n, 3, 4, 5) in [-1, 1]."""
    draw = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(n, 3, 4, 5, generator=draw, dtype=torch.float64) - 1


def value(results: list, inputs: dict) -> Seen:
    """What the loss is."""
    return number_called("the loss", results)


def slopes(results: list, inputs: dict) -> Seen:
    """The slope of the loss for the numbers of each network, or that there is none."""
    networks = {name: net for name, net in inputs.items() if isinstance(net, nn.Module)}
    seen = {}
    for result in results:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return {f"the slope for {name}": "missing" for name in networks}
        found = torch.autograd.grad(result.sum(), [net.numbers for net in networks.values()],
                                    allow_unused=True, retain_graph=True)
        seen = {f"the slope for {name}": "missing" if slope is None else as_number(slope)
                for name, slope in zip(networks, found, strict=True)}
    return seen


def is_table(seen: Seen) -> bool:
    return isinstance(seen.get("the loss"), Tensor) and seen["the loss"].dim() > 0


def has_no_slope(seen: Seen) -> bool:
    return all(isinstance(slope, str) for name, slope in seen.items() if name.startswith("the "
                                                                                         "slope"))


VECTOR = Mistake("vector", "It gives a number for each picture or each place. A loss is one "
                 "number: the mean over all of them.",
                 when=is_table)
NUMBER = Mistake("number", "The number is right, but it is cut off from the networks, and nothing "
                 "could learn from it. Give back the tensor itself, not its `.item()`, and compute "
                 "it with gradients on.",
                 when=has_no_slope)
