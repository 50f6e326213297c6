"""The exercise of notebook 16 that is a network: the denoiser of a diffusion model."""
import math

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import Mistake
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Denoiser(nn.Module):
    """x_t (N, *data_shape) and times t (N,), whole numbers below T -> the clean x, like x_t."""

    def __init__(self, data_shape, width, T):
        super().__init__()
        numbers = math.prod(data_shape)
        self.first = nn.Linear(numbers, width)
        self.time = nn.Embedding(T, width)
        self.middle = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.last = nn.Linear(width, numbers)

    def forward(self, x, t):
        h, time = self.first(x.flatten(1)), self.time(t)
        for layer in self.middle:
            h = layer(nn.functional.silu(h + time))
        return self.last(nn.functional.silu(h)).view_as(x)


def noisy(data_shape: tuple[int, ...], width: int, T: int) -> tuple[Tensor, Tensor]:
    """Noisy x_t, and a time for each."""
    draw = torch.Generator().manual_seed(8)
    return torch.randn(N, *data_shape, generator=draw), torch.randint(T, (N,), generator=draw)


class WithoutTime(Denoiser):
    def forward(self, x, t):
        h = self.first(x.flatten(1)) + 0 * self.time(t)
        for layer in self.middle:
            h = layer(nn.functional.silu(h))
        return self.last(nn.functional.silu(h)).view_as(x)


class TimeOnce(Denoiser):
    def forward(self, x, t):
        h = self.first(x.flatten(1)) + self.time(t)
        for layer in self.middle:
            h = layer(nn.functional.silu(h))
        return self.last(nn.functional.silu(h)).view_as(x)


class TimeOutside(Denoiser):
    def forward(self, x, t):
        h, time = self.first(x.flatten(1)), self.time(t)
        for layer in self.middle:
            h = layer(nn.functional.silu(h) + time)
        return self.last(nn.functional.silu(h)).view_as(x)


class TimeAtTheEndToo(Denoiser):
    def forward(self, x, t):
        h, time = self.first(x.flatten(1)), self.time(t)
        for layer in self.middle:
            h = layer(nn.functional.silu(h + time))
        return self.last(nn.functional.silu(h + time)).view_as(x)


class Shortcut(Denoiser):
    def forward(self, x, t):
        return x + super().forward(x, t)


MISTAKES = (
    Mistake("without_time", "It does not depend on t. Whether a grey pixel is noise or part of "
            "the image depends on how much noise there is, so the network has to know the time.",
            like=WithoutTime),
    Mistake("time_once", "The time comes in once, in front of the first SiLU. Add the same vector "
            "in front of the second one, too.", like=TimeOnce),
    Mistake("time_outside", "The vector of the time is added behind SiLU. It belongs in front: "
            "SiLU(h + e_t).", like=TimeOutside),
    Mistake("time_at_the_end", "The vector of the time is added in front of the third SiLU as "
            "well. The specification has it in front of the first two.", like=TimeAtTheEndToo),
    Mistake("shortcut", "What the last layer says is added to x_t. Here the network says the "
            "clean x itself, without a shortcut.", like=Shortcut),
)

EXERCISES = (
    Network("16.Denoiser", Denoiser,
            ({"data_shape": (2,), "width": 6, "T": 5},
             {"data_shape": (1, 4, 3), "width": 9, "T": 7}),
            noisy, "features", (
                "Four fully connected layers, and a table with a learned vector for each time.",
                "`nn.Embedding(T, width)` is the table: called with t it gives (N, width). "
                "`x.flatten(1)` makes rows of images, and `view_as(x)` gives the shape back.",
                "h = first(x); twice h = middle_i(silu(h + e)), with e = time(t); and at the end "
                "last(silu(h)), where silu is `nn.functional.silu`."),
            side_by_side=True, mistakes=MISTAKES,
            well_done="One network for all times: the table tells it how noisy x_t is."),
)
