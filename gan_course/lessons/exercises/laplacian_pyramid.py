"""The exercises of deeper/12_laplacian_pyramid on the pyramid: an image taken apart, and back."""
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
)
