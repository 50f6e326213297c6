"""Houses whose roofs are woven from a texture that shrinking erases, so that all answers of
super-resolution are known.

Every scene consists of 8x8 blocks of 4x4 pixels, one colour each. On top of the colour, a roof has
the texture

    A cos(2 pi (u + phase) / 4),    u = the column or the row of a pixel, phase = 0, 1, 2 or 3

which is A, 0, -A, 0 in some order: its mean over a block is exactly 0. So the scene shrunk to 8x8
is *exactly* the same for all eight patterns, two directions times four phases. Given the small
scene each pattern has the probability 1/8, and this is what the best answers cost in the roof:

    plain roof (the posterior mean):    mean squared error A^2 / 2
    any one pattern:                    mean squared error A^2, which is 10 log10(2) = 3.01 dB worse
"""
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gan_course.data.pairs import PairSet
from gan_course.data.sets import ImageSet

SCENES = {"train": 8000, "test": 400}
FACTOR = 4
"""How many pixels of a scene make one of the small scene, along each side."""
PATTERNS = 8
"""Two directions times four phases: pattern = 4 * direction + phase."""
LEVELS = 76
AMPLITUDE = LEVELS / 127.5
"""A of the formula, where images lie in [-1, 1]; the bytes change by 76."""


@cache
def weave(split: str = "train") -> PairSet:
    """Pairs of a shrunk scene and the scene, always the same.

    Args:
        split: "train" or "test".

    Returns:
        8,000 pairs for training or 400 others. y: the scenes, (N, 3, 32, 32); x: each of their
        blocks in its mean colour, of the same shape. Mask: "roof", the textured pixels. Fact:
        "pattern", 0 to 7.
    """
    n = SCENES[split]
    generator = torch.Generator().manual_seed({"train": 12, "test": 13}[split])

    def choose(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high + 1, (n, *shape), generator=generator)

    rows, columns = torch.arange(8).view(1, 8, 1), torch.arange(8).view(1, 1, 8)

    def box(top: Tensor, height: Tensor, left: Tensor, width: Tensor) -> Tensor:
        top, height, left, width = (side.view(n, 1, 1) for side in (top, height, left, width))
        return ((rows >= top) & (rows < top + height) & (columns >= left) &
                (columns < left + width))[:, None]                  # (N, 1, 8, 8)

    width, height, top = choose(4, 7), choose(2, 3), choose(1, 3)
    left = (choose(0, 7) * (9 - width)) // 8
    roof = box(top, height, left, width)
    walls = box(top + height, 8 - top - height, left + 1, width - 2)
    meadow = (rows >= top.view(n, 1, 1) + height.view(n, 1, 1) + 1)[:, None]

    def colour(red: tuple, green: tuple, blue: tuple) -> Tensor:
        return torch.stack([choose(*band) for band in (red, green, blue)], 1)[..., None, None]

    sky = colour((90, 160), (150, 200), (210, 255)) + 4 * rows[:, None]
    scene = sky.clamp(max=255).expand(n, 3, 8, 8)
    scene = torch.where(meadow, colour((80, 150), (140, 190), (40, 90)), scene)
    scene = torch.where(walls, colour((60, 240), (60, 240), (60, 240)), scene)
    scene = torch.where(roof, colour((130, 175), (85, 115), (80, 105)), scene)

    x, mask = blow_up(scene), blow_up(roof)
    pattern = torch.arange(n) % PATTERNS                            # every pattern equally often
    y = x + mask * (LEVELS * waves()[pattern]).long()[:, None]
    return PairSet("weave", x.to(torch.uint8), y.to(torch.uint8), ("shrunk", "scene"), True,
                   {"roof": mask[:, 0]}, {"pattern": pattern})


def waves() -> Tensor:
    """The eight patterns at amplitude 1, cos(2 pi (u + phase) / 4): float32 (8, 32, 32)."""
    wave = torch.tensor([1.0, 0.0, -1.0, 0.0])
    along = torch.stack([wave.roll(-phase).repeat(8) for phase in range(4)])       # (4, 32)
    return torch.cat([along[:, None, :].expand(4, 32, 32), along[:, :, None].expand(4, 32, 32)])


def shrink(x: Tensor, factor: int = FACTOR) -> Tensor:
    """The mean of each block of factor x factor pixels.

    Args:
        x: images, (N, C, H, W).
        factor: a divisor of H and W.

    Returns:
        (N, C, H / factor, W / factor).
    """
    return avg_pool2d(x, factor)


def blow_up(x: Tensor, factor: int = FACTOR) -> Tensor:
    """Each pixel as a block of factor x factor equal ones ("nearest" upsampling).

    Args:
        x: images, (N, C, H, W).
        factor: how many pixels each one becomes along each side.

    Returns:
        (N, C, factor H, factor W), of the same type.
    """
    return x.repeat_interleave(factor, -2).repeat_interleave(factor, -1)


def bicubic(x: Tensor, factor: int = FACTOR) -> Tensor:
    """Enlarged by bicubic interpolation, cut off at -1 and 1.

    Args:
        x: images, (N, C, H, W) in [-1, 1].
        factor: how many pixels each one becomes along each side.

    Returns:
        (N, C, factor H, factor W).
    """
    return interpolate(x, scale_factor=factor, mode="bicubic", align_corners=False).clamp(-1, 1)


def shrunk_pairs(images: ImageSet, factor: int = FACTOR) -> PairSet:
    """Pairs for super-resolution from any set of images.

    Args:
        images: the images, whose sides are multiples of the factor.
        factor: how much smaller the given images are.

    Returns:
        A paired PairSet: y the images, x each of their blocks in its mean colour (rounded to whole
        bytes). Fact: "class", their labels.
    """
    x = blow_up(shrink(images.images.float(), factor), factor).round().to(torch.uint8)
    return PairSet(images.name, x, images.images, ("shrunk", "image"), True,
                   facts={"class": images.labels})


def texture_energy(x: Tensor, roof: Tensor) -> Tensor:
    """How much of the texture there is in a roof, whatever its phase and direction: 0 for a plain
    roof, 1 for a real one.

    In each block the image is projected on the cosine and the sine along both directions; the
    squares are summed, averaged over the blocks of the roof, and divided by what a real roof has.

    Args:
        x: images, (N, 3, 32, 32) in [-1, 1].
        roof: their mask, bool (N, 32, 32).

    Returns:
        (N,), at least 0.
    """
    basis = waves()[[0, 1, 4, 5]].to(x)                             # each has the mean square 1/2
    parts = 2 * shrink(x.mean(1, keepdim=True) * basis) / AMPLITUDE                # (N, 4, 8, 8)
    blocks = shrink(roof[:, None].to(x))
    return (parts.square() * blocks).sum((1, 2, 3)) / blocks.sum((1, 2, 3))


def guessed_pattern(x: Tensor, roof: Tensor) -> Tensor:
    """The one of the eight patterns that a roof is most like.

    Args:
        x: images, (N, 3, 32, 32).
        roof: their mask, bool (N, 32, 32).

    Returns:
        int64 (N,), 0 to 7.
    """
    brightness = x.mean(1) * roof
    return torch.einsum("nhw,phw->np", brightness, waves().to(x)).argmax(1)


def posterior(x: Tensor, roof: Tensor) -> Tensor:
    """All eight scenes that shrink to the same small scene; each has the probability 1/8.

    Their mean is x itself: the best answer by squared error is a plain roof.

    Args:
        x: shrunk scenes, blown up, (N, 3, 32, 32) in [-1, 1].
        roof: their mask, bool (N, 32, 32).

    Returns:
        (N, 8, 3, 32, 32).
    """
    texture = AMPLITUDE * waves().to(x)[None, :, None] * roof[:, None, None]
    return x[:, None] + texture
