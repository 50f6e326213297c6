"""The exercises of deeper/12_laplacian_pyramid on the levels: the fakes of a finer one, and samples
through all of them.
"""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises.laplacian_pyramid import down, images, one_image, the_sizes, up


def level_fake(G, x, noise):
    """Fakes (N, C, H, W) of a finer level, on the coarse part of real images x of that size."""
    coarse = up(down(x))
    return coarse + G(coarse, noise)


def draw_levels(coarsest, details, z, planes):
    """z, and a plane of noise for each finer level -> images (N, C, H, W) in [-1, 1]."""
    x = coarsest(z)
    for G, plane in zip(details, planes, strict=True):
        x = up(x) + G(up(x), plane)
    return x.clamp(-1, 1)


class Detail(torch.nn.Module):
    """A generator of residuals with two numbers, which notes what it is given."""

    def __init__(self):
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.tensor([0.7, 1.6], dtype=torch.float64))
        self.given = "nothing"

    def forward(self, coarse: Tensor, noise: Tensor) -> Tensor:
        self.given = f"{tuple(coarse.shape[2:])} and {tuple(noise.shape[2:])}"
        return self.numbers[0] * coarse + self.numbers[1] * noise


def a_level() -> dict:
    x, draw = images(1)()["x"], torch.Generator().manual_seed(2)
    return {"G": Detail(), "x": x, "noise": 2 * torch.rand(x.shape, generator=draw,
                                                           dtype=torch.float64) - 1}


def one_fake(results: list, inputs: dict) -> Seen:
    """The fakes, what G was given, and whether G could learn from them."""
    seen = one_image(results, inputs)
    if "the image" in seen:
        seen["what G was given"] = inputs["G"].given
        seen["the slope for G"] = "there" if results[0].requires_grad else "missing"
    return seen


def drawn(coarse: Callable = lambda x: up(down(x)),
          add: Callable = lambda coarse, h, x: coarse + h) -> Callable:
    """The fakes of a level, right but for what is changed."""
    def level_fake(G, x, noise):
        return add(coarse(x), G(coarse(x), noise), x)
    return level_fake


class Coarsest(torch.nn.Module):
    """A generator of images of 2x4 pixels with two numbers."""

    def __init__(self):
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.tensor([0.5, -0.3], dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.numbers)[:, None, None, None] + torch.linspace(
            -0.5, 0.5, 8, dtype=torch.float64).view(1, 1, 2, 4)


def all_levels(finer: int) -> Callable:
    """A pyramid of networks, and what it draws from."""
    def inputs() -> dict:
        draw = torch.Generator().manual_seed(3)
        planes = [2 * torch.rand(3, 1, 2**k, 2**(k + 1), generator=draw, dtype=torch.float64) - 1
                  for k in range(2, 2 + finer)]
        z = torch.randn(3, 2, generator=draw, dtype=torch.float64)
        return {"coarsest": Coarsest(), "details": torch.nn.ModuleList(
            Detail() for _ in range(finer)), "z": z, "planes": planes}
    return inputs


def one_sample_each(results: list, inputs: dict) -> Seen:
    """The images, and what each level was given."""
    return one_image(results, inputs) | {
        f"what level {k + 1} was given": G.given for k, G in enumerate(inputs["details"])}


def through(step: Callable = lambda x, h: up(x) + h, given: Callable = up,
            end: Callable = lambda x: x.clamp(-1, 1)) -> Callable:
    """Samples through all levels, right but for what is changed."""
    def draw_levels(coarsest, details, z, planes):
        x = coarsest(z)
        for G, plane in zip(details, planes, strict=True):
            x = step(x, G(given(x), plane))
        return end(x)
    return draw_levels


LEVEL_MISTAKES = (
    Mistake("not_cut_off", "The samples are not images yet: some values lie outside [-1, 1]. Cut "
            "them off once, at the end.", like=through(end=lambda x: x)),
    Mistake("tanh", "A tanh at the end changes every value, also those that are right already. "
            "Cut off only what lies outside [-1, 1].", like=through(end=torch.tanh)),
    Mistake("cut_each_level", "The image is cut off at every level. Asked is once, at the end.",
            like=through(lambda x, h: (up(x) + h).clamp(-1, 1))),
    Mistake("residual_alone", "A level gives back its residual alone. Add the enlarged image of "
            "the level below.", like=through(lambda x, h: h)),
    Mistake("minus", "It subtracts the residuals. Add them.",
            like=through(lambda x, h: up(x) - h)),
    Mistake("no_residual", "The image is only enlarged. Each level adds the residual that its G "
            "draws.", like=(through(lambda x, h: up(x)), through(lambda x, h: up(x) + 0 * h))),
    Mistake("nearest", "The image is enlarged in another way than by `up`, on which the levels "
            "were trained.",
            like=(through(lambda x, h: interpolate(x, scale_factor=2) + h,
                          lambda x: interpolate(x, scale_factor=2)),
                  through(lambda x, h: interpolate(x, scale_factor=2) + h),
                  through(given=lambda x: interpolate(x, scale_factor=2)))),
    Mistake("sizes", "Two sizes differ. A level works at twice the size of the image so far: "
            "enlarge it before G is given it, and before the residual is added. The planes come "
            "in the order of the levels, from coarse to fine.",
            when=lambda seen: "must match the size" in seen.get("the error", "")),
)
FAKE_MISTAKES = (
    Mistake("residual_alone", "That is the residual alone. D judges whole images, so add the "
            "coarse part.", like=drawn(add=lambda coarse, h, x: h)),
    Mistake("given_the_image", "G is given the image itself, which already holds all the detail. "
            "Give it the coarse part, `up(down(x))`.", like=(drawn(coarse=lambda x: x),
            lambda G, x, noise: up(down(x)) + G(x, noise))),
    Mistake("added_to_the_image", "The residual is added to the real image. Add it to the coarse "
            "part.", like=drawn(add=lambda coarse, h, x: x + h)),
    Mistake("cut_off", "The sum is cut off or squashed. Leave it as it is while G learns: where it "
            "is cut off, G gets no gradient.",
            like=(drawn(add=lambda coarse, h, x: (coarse + h).clamp(-1, 1)),
                  drawn(add=lambda coarse, h, x: (coarse + h).tanh()),
                  drawn(add=lambda coarse, h, x: coarse + h.tanh()))),
    Mistake("minus", "It subtracts the residual. Add it.",
            like=drawn(add=lambda coarse, h, x: coarse - h)),
    Mistake("detached", "The fakes are cut off from G, which could not learn from them.",
            when=lambda seen: seen.get("the slope for G") == "missing"),
    Mistake("sizes", "The coarse image and the noise differ in size. After `down` comes `up`.",
            when=lambda seen: "must match the size" in seen.get("the error", "")),
)

EXERCISES = (
    Exercise("12.level_fake", level_fake,
             (Probe(a_level, one_fake, FAKE_MISTAKES, the_sizes),),
             ("Everything has the size of x. The coarse part of x is x halved and enlarged again.",
              "G is given two things: the coarse part and the noise. It gives back a residual.",
              "`coarse = up(down(x))`, and `coarse + G(coarse, noise)`."),
             "A whole image: the coarse part is real, the detail is G's."),
    Exercise("12.draw_levels", draw_levels,
             (Probe(all_levels(2), one_sample_each, LEVEL_MISTAKES, the_sizes),
              Probe(all_levels(1), one_sample_each, names=the_sizes),
              Probe(all_levels(3), one_sample_each, names=the_sizes)),
             ("It is `rebuild`, with residuals that are drawn while you go.",
              "Begin with `x = coarsest(z)`. At each finer level G is given the enlarged x and "
              "the plane of this level, and its residual is added to the enlarged x.",
              "`for G, plane in zip(details, planes): x = up(x) + G(up(x), plane)`, and "
              "`x.clamp(-1, 1)` at the end."),
             "From here on no level sees a real image any more."),
)
