"""The exercises of deeper/12_laplacian_pyramid: an image taken apart into a pyramid, the way back,
the fakes of a finer level, and samples through all levels.
"""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number


def down(x):
    """Half the size, by the mean of 2x2 pixels."""
    return avg_pool2d(x, 2)


def up(x):
    """Twice the size, by bilinear interpolation."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def pyramid(x, levels):
    """Images (N, C, H, W) -> [coarsest image, coarsest residual, …, finest residual]."""
    residuals = []
    for _ in range(levels):
        coarse = down(x)
        residuals.append(x - up(coarse))
        x = coarse
    return [x, *reversed(residuals)]


def rebuild(parts):
    """[coarsest image, coarsest residual, …, finest residual] -> images (N, C, H, W)."""
    x, *residuals = parts
    for residual in residuals:
        x = up(x) + residual
    return x


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


def the_sizes(inputs: dict) -> dict:
    """What the notebook has under these names."""
    return {"down": down, "up": up}


def images(levels: int) -> Callable:
    return lambda: {"x": 2 * torch.rand(2, 1, 8, 16, generator=torch.Generator().manual_seed(1),
                                        dtype=torch.float64) - 1, "levels": levels}


def parts(levels: int) -> Callable:
    """The pyramid of images that leave [-1, 1], so that a cut shows."""
    return lambda: {"parts": pyramid(2 * images(levels)()["x"], levels)}


def listed(results: list, inputs: dict) -> Seen:
    """How many parts there are, their sizes, and what is in each."""
    found = list(results[0]) if results and isinstance(results[0], list | tuple) else []
    if not found or not all(isinstance(part, Tensor) for part in found):
        return {"what it gives back": "not a list of images"}
    return {"how many parts": str(len(found)),
            "their sizes": ", ".join(str(tuple(part.shape[2:])) for part in found),
            **{f"part {i}": as_number(part) for i, part in enumerate(found)}}


def one_image(results: list, inputs: dict) -> Seen:
    image = results[0] if results and isinstance(results[0], Tensor) else None
    if image is None:
        return {"what it gives back": "not an image"}
    return {"the size": str(tuple(image.shape)), "the image": as_number(image)}


def taken(residual: Callable = lambda x, coarse: x - up(coarse), first: bool = True,
          order: Callable = reversed) -> Callable:
    """A pyramid that is right but for what is changed."""
    def pyramid(x, levels):
        residuals = []
        for _ in range(levels):
            residuals.append(residual(x, down(x)))
            x = down(x)
        return [x, *order(residuals)] if first else [*order(residuals), x]
    return pyramid


def put(step: Callable = lambda x, h: up(x) + h, order: Callable = list) -> Callable:
    """A way back that is right but for what is changed."""
    def rebuild(parts):
        x, *residuals = parts
        for residual in order(residuals):
            x = step(x, residual)
        return x
    return rebuild


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
PYRAMID_MISTAKES = (
    Mistake("not_a_list", "It should give back a list of images: the coarsest image, and then the "
            "residuals.", when=lambda seen: "what it gives back" in seen
            and "the error" not in seen),
    Mistake("fine_to_coarse", "The parts come in another order: asked is the coarsest image first, "
            "then the residuals from coarse to fine.",
            like=(taken(order=list), taken(first=False), taken(order=list, first=False))),
    Mistake("sign", "The residuals have the wrong sign. They are what has to be *added* to the "
            "enlarged coarse image.", like=taken(lambda x, coarse: up(coarse) - x)),
    Mistake("tanh", "The residuals are squashed or cut off. A residual lies between -2 and "
            "2, and the image comes back only if it is kept as it is.",
            like=(taken(lambda x, coarse: (x - up(coarse)).tanh()),
                  taken(lambda x, coarse: (x - up(coarse)).clamp(-1, 1)))),
    Mistake("images_not_residuals", "The finer parts are the images themselves, which is a "
            "Gaussian pyramid. Take the enlarged coarse image away from each.",
            like=taken(lambda x, coarse: x)),
    Mistake("nearest", "The coarse image is enlarged in another way than by `up`. Both directions "
            "have to use the same.",
            like=taken(lambda x, coarse: x - interpolate(coarse, scale_factor=2))),
)
REBUILD_MISTAKES = (
    Mistake("minus", "It subtracts the residuals. Add them to the enlarged image.",
            like=put(lambda x, h: up(x) - h)),
    Mistake("cut_off", "It cuts or squashes, on the way or at the end, so that the image does not "
            "come back exactly. Whatever was taken apart comes back as it was.",
            like=(lambda parts: rebuild(parts).clamp(-1, 1),
                  put(lambda x, h: (up(x) + h).clamp(-1, 1)),
                  put(lambda x, h: up(x) + h.tanh()),
                  put(lambda x, h: up(x) + h.clamp(-1, 1)),
                  put(lambda x, h: (up(x) + h).tanh()))),
    Mistake("nearest", "The coarse image is enlarged in another way than by `up`.",
            like=put(lambda x, h: interpolate(x, scale_factor=2) + h)),
    Mistake("no_residual", "The residuals are not used: the image is enlarged and stays blurry.",
            like=put(lambda x, h: up(x))),
    Mistake("sizes", "An image and a residual of different sizes are added. Enlarge the image with "
            "`up` first, and begin with the coarsest residual, `parts[1]`.",
            when=lambda seen: "must match the size" in seen.get("the error", "")),
)

EXERCISES = (
    Exercise("12.pyramid", pyramid,
             (Probe(images(2), listed, PYRAMID_MISTAKES, the_sizes),
              Probe(images(1), listed, names=the_sizes)),
             ("In each step shrink the image, enlarge it again, and note what was lost.",
              "`residual = x - up(down(x))`; the next step goes on with `down(x)`.",
              "Collect the residuals in a list; in the end give back "
              "`[x, *reversed(residuals)]`."),
             "As many numbers as before and a third more, and nothing is lost."),
    Exercise("12.rebuild", rebuild,
             (Probe(parts(2), one_image, REBUILD_MISTAKES, the_sizes),
              Probe(parts(1), one_image, names=the_sizes),
              Probe(parts(3), one_image, names=the_sizes)),
             ("Begin with the coarsest image, and add one residual after the other.",
              "The residual of a level has twice the size of the image so far.",
              "`x = up(x) + residual` for each residual in `parts[1:]`."),
             "The exact inverse, whatever `down` and `up` are."),
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
