"""Which layers of a style-based generator carry which factor of a picture."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_course.data.glyphs import GRAIN
from gan_course.data.sets import ImageSet, scale
from gan_course.judge import Judge
from gan_course.readers import HUES, scores
from gan_course.style_networks import mix

INK = 0.25
"""How much darker than the paper a pixel has to be to count as ink; the grain's strength is 0.06,
and ink is darker by 0.98.
"""
ROWS = 100
"""Pictures drawn at once."""


def distances(found: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, Tensor]:
    """How far each factor of one picture is from that of another.

    Args:
        found, other: name -> (N,), as `factors_of` gives them.

    Returns:
        name -> (N,): 0 or 1 for the character, 1 - cos of the angle between two hues, and the
        absolute difference of numbers.
    """
    result = {}
    for name, value in found.items():
        if name == "character":
            result[name] = (value != other[name]).float()
        elif name in HUES:
            result[name] = 1 - (value - other[name]).deg2rad().cos()
        else:
            result[name] = (value - other[name]).abs()
    return result


def darkness(x: Tensor) -> Tensor:
    """How much darker than the paper each pixel is; 0 where it is paper.

    The brightness of a pixel is the mean of its colours, which the hue does not change. The paper's
    is the median of the picture.

    Args:
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        (N, H, W); what is less than 0.25 darker than the paper counts as paper with grain.
    """
    brightness = x.mean(dim=1)
    paper = brightness.flatten(1).median(dim=1).values[:, None, None]
    darker = paper - brightness
    return darker.where(darker > INK, 0)


def bare_paper(x: Tensor) -> Tensor:
    """The pixels of the paper that do not touch the ink.

    Args:
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        bool, (N, H, W).
    """
    ink = (darkness(x) > 0).float()
    return F.max_pool2d(ink[:, None], 3, stride=1, padding=1)[:, 0] == 0


def centre_of_ink(x: Tensor) -> tuple[Tensor, Tensor]:
    """The centre of mass of the ink.

    Args:
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        How far it lies to the right of the middle, and how far below it, in sides of the picture,
        (N,) each; 0 where there is no ink.
    """
    ink = darkness(x)
    mass = ink.sum(dim=(1, 2)).clamp(min=1e-8)
    down, right = ((torch.arange(side).to(x) + 0.5) / side - 0.5 for side in ink.shape[1:])
    return (ink.sum(dim=1) * right).sum(dim=1) / mass, (ink.sum(dim=2) * down).sum(dim=1) / mass


def grain(x: Tensor) -> Tensor:
    """The strength of the grain: the standard deviation of the paper's brightness after a high-pass
    filter, which takes away whatever changes slowly.

    The filter is the second difference across of the second difference down, divided by 6, so that
    independent noise keeps its variance.

    Args:
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        (N,); 0.06 for the pictures of `glyphs_colour`.
    """
    second = torch.tensor([1.0, -2.0, 1.0]).to(x)
    fine = F.conv2d(x.mean(dim=1, keepdim=True), (second[:, None] * second / 6)[None, None])[:, 0]
    paper = bare_paper(x)[:, 1:-1, 1:-1]
    energy = (fine.square() * paper).sum(dim=(1, 2)) / paper.sum(dim=(1, 2)).clamp(min=1)
    return energy.sqrt()


@torch.no_grad()
def factors_of(judge: Judge, x: Tensor) -> dict[str, Tensor]:
    """What varies in pictures. The judge reads character, slant, width and hues; the place of the
    ink and the grain of the paper are measured in the pixels.

    Args:
        judge: one that reads factors in colour.
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        name -> (N,), in the data set's units.
    """
    features = judge.features(x)
    read = judge.readers(features)
    x_of_ink, y_of_ink = centre_of_ink(x)
    return {"character": judge.head(features).argmax(dim=1), "slant": read["slant"],
            "width": read["width"], "x": x_of_ink, "y": y_of_ink, "grain": grain(x),
            **{name: read[name] for name in HUES}}


def reading(judge: Judge, pictures: ImageSet) -> dict[str, float]:
    """How well `factors_of` reads pictures whose factors are known; 1 is without error.

    Args:
        judge: one that reads factors in colour.
        pictures: of `glyphs_colour`.

    Returns:
        For the character the share that is right. For the grain, which is equally strong in all
        pictures, the mean that is read, divided by the true strength. For the others R^2; that of x
        and y is taken among pictures of one character, since each has its own centre.
    """
    x, true = scale(pictures.images), pictures.factors
    read = factors_of(judge, x)
    result = {"character": (read["character"] == pictures.labels).double().mean().item()}
    result |= scores({name: read[name] for name in ("slant", "width", *HUES)}, true)
    for name in ("x", "y"):
        found, shift = (_around_mean(each, pictures.labels) for each in (read[name], true[name]))
        result[name] = (1 - (found - shift).square().sum() / shift.square().sum()).item()
    return result | {"grain": read["grain"].mean().item() / (2 * GRAIN)}


def _around_mean(values: Tensor, labels: Tensor) -> Tensor:
    """The values less the mean of those with the same label."""
    count = labels.bincount().clamp(min=1)
    return values - (labels.bincount(values) / count)[labels]


@torch.no_grad()
def draw(G: nn.Module, styles: Tensor, noise: Sequence[Tensor]) -> Tensor:
    """The images of many styles, drawn a hundred at a time to spare memory.

    Args:
        G: a `StyleGenerator`.
        styles: a w for each layer, (N, layers, w_dim).
        noise: as `G.draw_noise` gives it.

    Returns:
        (N, channels, size, size) in [-1, 1].
    """
    return torch.cat([G.synthesis(styles[i:i + ROWS], [each[i:i + ROWS] for each in noise])
                      for i in range(0, len(styles), ROWS)]).clamp(-1, 1)


@torch.no_grad()
def mixing_matrix(G: nn.Module, judge: Judge, n: int = 1000, seed: int = 0) -> dict[str, list]:
    """How much of each factor a mixed picture has from A, for each crossover.

        share from A = 1 - E d(mixed, A) / E d(unrelated, A)

    A and B are random; the layers before the crossover read A, the others B, and the noise is drawn
    anew for each picture. 0 is as far from A as an unrelated picture; at the last crossover all
    layers read A, so that only the noise differs, which is the ceiling.

    Args:
        G: a `StyleGenerator`.
        judge: one that reads factors in colour.
        n: how many pairs.
        seed: of the pairs and the noise.

    Returns:
        factor -> its shares for the crossovers 0, 1, ... up to the number of layers.
    """
    stream = torch.Generator().manual_seed(seed)
    a, b, other = (G.styles(torch.randn(n, G.z_dim, generator=stream)) for _ in range(3))

    def read(styles: Tensor, number: int) -> dict[str, Tensor]:
        return factors_of(judge, draw(G, styles, G.draw_noise(n, seed + number)))

    of_a = read(a, 1)
    chance = {name: d.mean() for name, d in distances(read(other, 2), of_a).items()}
    matrix: dict[str, list] = {name: [] for name in chance}
    for crossover in range(len(G.layers) + 1):
        apart = distances(read(mix(a, b, crossover), 3 + crossover), of_a)
        for name, d in apart.items():
            matrix[name].append((1 - d.mean() / chance[name].clamp(min=1e-8)).item())
    return matrix
