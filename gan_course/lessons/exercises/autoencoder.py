"""The exercises of notebook deeper/17_anomalies: a plain autoencoder, its step, and how well a map
points at a place.
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Autoencoder(nn.Module):
    """Pictures (N, 1, size, size) -> the same pictures, drawn again from a code (N, code)."""

    def __init__(self, size, width, code):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(size * size, width), nn.ReLU(), nn.Linear(width, code))
        self.decoder = nn.Sequential(
            nn.Linear(code, width), nn.ReLU(), nn.Linear(width, size * size), nn.Tanh())

    def forward(self, x):
        return self.decoder(self.encoder(x)).view_as(x)


def autoencoder_step(net, optimizer, x):
    """One step of an autoencoder on a mini-batch x. Gives back its loss, a number."""
    loss = (net(x) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def pixel_auc(maps, torn):
    """In each picture the AUC of torn pixels against the others, and the mean over pictures."""
    found = []
    for heights, place in zip(maps.flatten(1), torn.flatten(1), strict=True):
        if 0 < place.sum() < len(place):
            inside, outside = heights[place][:, None], heights[~place]
            found.append(((inside > outside) + 0.5 * (inside == outside)).mean())
    return torch.stack(found).mean()


# The network

class Around(Autoencoder):
    """An autoencoder that adds the picture itself to what it draws."""

    def forward(self, x: Tensor) -> Tensor:
        """x -> x and what is drawn."""
        return x + super().forward(x)


class Turned(Autoencoder):
    """An autoencoder that draws columns where there were rows."""

    def forward(self, x: Tensor) -> Tensor:
        """x -> the drawn picture with its axes exchanged."""
        return super().forward(x).transpose(2, 3)


def grey_pictures(size, **others):
    """N pictures of the size that this autoencoder reads."""
    return (torch.randn(N, 1, size, size),)


# The step

def step_scene() -> dict:
    """A network as an earlier step left it, its optimizer, and a mini-batch."""
    _sandbox.seed(7)
    net = nets.MLPGenerator(2, (2,), width=8, depth=1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2.0)
            parameter.grad = torch.full_like(parameter, _steps.LEFT_OVER)
    optimizer = _steps.Watched(net, {"the network": net})
    return {"net": net, "optimizer": optimizer, **_steps.numbers("x")}


def stepped(results: list, inputs: dict) -> Seen:
    return _steps.move(results, inputs)


def move(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A step that is right in everything but the loss of what is drawn and what was given."""
    def autoencoder_step(net, optimizer, x):
        found = loss(net(x), x)
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
        return found.item()
    return autoencoder_step


OF_THE_STEP = (
    Mistake("vector", "The loss is still one number for each pixel, and `backward` wants one "
            "number: the mean over all of them.",
            when=lambda seen: "scalar outputs" in seen.get("the error", "")),
    *_steps.of_a_single_network(),
    Mistake("sum", "It adds up over pixels and pictures. Asked is the mean, or the loss grows with "
            "the size of the mini-batch.",
            like=(move(lambda drawn, x: (drawn - x).square().sum()),
                  move(lambda drawn, x: (drawn - x).square().sum(dim=1).mean()))),
    Mistake("absolute", "It takes absolute differences. Asked is the squared error.",
            like=move(lambda drawn, x: (drawn - x).abs().mean())),
    Mistake("root", "It takes the root of the squared error. Asked is the squared error itself.",
            like=move(lambda drawn, x: (drawn - x).square().mean().sqrt())),
    Mistake("from_zero", "It compares what is drawn with 0. It should look like x.",
            like=move(lambda drawn, x: drawn.square().mean())),
    Mistake("uphill", "It makes the error larger: the sign is wrong.",
            like=move(lambda drawn, x: -(drawn - x).square().mean())),
    Mistake("half", "The error is halved. Asked is the plain mean of the squares.",
            like=move(lambda drawn, x: (drawn - x).square().mean() / 2)),
)


# Where the tear is

def four_maps() -> dict:
    """Four maps of 3 x 4 pixels with ties, of very different brightness; one has no torn pixel."""
    maps = torch.randint(0, 5, (4, 1, 3, 4), generator=torch.Generator().manual_seed(3)).float()
    torn = torch.zeros(4, 1, 3, 4, dtype=torch.bool)
    torn[0, 0, 0, :3], torn[1, 0, 1:, 1:3], torn[3, 0, 2, 3] = True, True, True
    maps[1] = 10 * maps[1] + 7
    maps[3, 0, 2, 3] = 3
    return {"maps": maps, "torn": torn}


def value(results: list, inputs: dict) -> Seen:
    seen = number_called("the value", results)
    if results:
        number = as_number(results[0])
        seen["_each"] = isinstance(number, Tensor) and number.dim() > 0
        seen["_nan"] = isinstance(number, Tensor) and bool(number.isnan().any())
    return seen


def mean_of(each: Callable, keep: Callable = lambda place: 0 < place.sum() < len(place)):
    """The mean over pictures of something of the heights inside and outside."""
    def pixel_auc(maps, torn):
        pairs = zip(maps.flatten(1), torn.flatten(1), strict=True)
        found = [each(h[p][:, None], h[~p]).double() for h, p in pairs if keep(p)]
        return torch.stack(found).mean()
    return pixel_auc


def right_auc(inside: Tensor, outside: Tensor) -> Tensor:
    return ((inside > outside) + 0.5 * (inside == outside)).mean()


def pooled(maps: Tensor, torn: Tensor) -> Tensor:
    return right_auc(maps[torn][:, None], maps[~torn])


OF_THE_PIXELS = (
    Mistake("one_each", "There is a number for each picture. Asked is their mean.",
            when=lambda seen: seen.get("_each", False)),
    Mistake("nan", "The result is not a number: one of the pictures has no torn pixel, and so no "
            "AUC. Leave such pictures out.", when=lambda seen: seen.get("_nan", False)),
    Mistake("pooled", "It compares pixels of different pictures. A picture whose map is bright "
            "everywhere would win against a dark one; compare within each picture.", like=pooled),
    Mistake("counts_the_whole", "It counts a picture without a torn pixel. There is nothing to "
            "find in it: leave it out.",
            like=tuple(lambda maps, torn, c=c: (3 * mean_of(right_auc)(maps, torn) + c) / 4
                       for c in (0.0, 0.5, 1.0))),
    Mistake("swapped", "It is the AUC of the whole pixels: the torn ones should be the higher.",
            like=mean_of(lambda inside, outside: right_auc(-inside, -outside))),
    Mistake("ties", "Equal heights count nothing, or fully. A tie counts half.",
            like=(mean_of(lambda inside, outside: (inside > outside).double().mean()),
                  mean_of(lambda inside, outside: (inside >= outside).double().mean()))),
    Mistake("difference", "It compares mean heights. The AUC asks for the share of pairs in which "
            "the torn pixel is the higher.",
            like=(mean_of(lambda inside, outside: inside.mean() - outside.mean()),
                  mean_of(lambda inside, outside: inside.mean() / outside.mean()))),
    Mistake("brightest", "It asks whether the highest pixel is torn. The AUC looks at all pairs of "
            "pixels.", like=mean_of(lambda inside, outside:
                                    (inside.max() > outside.max()).double())),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


EXERCISES = (
    Network("17.Autoencoder", Autoencoder,
            ({"size": 8, "width": 24, "code": 5}, {"size": 6, "width": 10, "code": 7}),
            grey_pictures, "features", (
                "Four fully connected layers: pixels to `width` to `code`, and back to `width` "
                "and to pixels.",
                "`nn.Flatten()` makes one row of each picture. A ReLU stands behind the first and "
                "the third layer, nothing behind the code, and tanh at the end.",
                "`self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(size * size, width), "
                "nn.ReLU(), nn.Linear(width, code))`, a decoder that goes the other way and ends "
                "in `nn.Tanh()`, and `return self.decoder(self.encoder(x)).view_as(x)`."),
            mistakes=(
                Mistake("around", "It adds the picture itself to what the decoder draws. Then "
                        "everything passes around the bottleneck, a tear as well.", like=Around),
                Mistake("turned", "It draws columns where there were rows.", like=Turned)),
            well_done="Whatever leaves it has passed through `code` numbers."),
    Exercise("17.autoencoder_step", autoencoder_step, (Probe(step_scene, stepped, OF_THE_STEP),), (
        "There is no opponent: one loss, and one step of one optimizer.",
        "The loss compares `net(x)` with x itself, and is the mean of the squared differences.",
        "`loss = (net(x) - x).square().mean()`, then `zero_grad`, `backward`, `step`, and "
        "`loss.item()`."),
        "The picture is its own target, so no labels are needed.",
        frozenset({"loss", "known", "whole", "G"})),
    Exercise("17.pixel_auc", pixel_auc, (Probe(four_maps, value, OF_THE_PIXELS),), (
        "Go through the pictures one by one, and compare each torn pixel with each other pixel of "
        "the same picture.",
        "With `inside = heights[place][:, None]` and `outside = heights[~place]`, "
        "`inside > outside` is a table of all pairs.",
        "For each picture with torn pixels: `((inside > outside) + 0.5 * (inside == "
        "outside)).mean()`; at the end the mean of these."),
        "0.5 is a map that points nowhere. Whether 0.9 is good depends on what else has 0.9.",
        frozenset({"whole", "intact", "letters"})),
)
