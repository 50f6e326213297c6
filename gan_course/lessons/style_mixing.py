"""Which layers of a style-based generator carry which factor of a picture."""
import torch
from torch import Tensor, nn

from gan_course.data.factors import HUES
from gan_course.judge import Judge
from gan_course.style_networks import mix


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


def factors_of(judge: Judge, x: Tensor) -> dict[str, Tensor]:
    """The character, slant, width and hues of pictures as the judge reads them.

    Args:
        judge: one that reads factors in colour.
        x: pictures, (N, 3, H, W) in [-1, 1].

    Returns:
        name -> (N,), in the data set's units.
    """
    read = judge.read(x)
    return {"character": judge.probabilities(x).argmax(dim=1)} | {
        name: read[name] for name in ("slant", "width", *HUES)}


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
        noise = G.draw_noise(n, seed + number)
        return factors_of(judge, G.synthesis(styles, noise).clamp(-1, 1))

    of_a = read(a, 1)
    chance = {name: d.mean() for name, d in distances(read(other, 2), of_a).items()}
    matrix: dict[str, list] = {name: [] for name in chance}
    for crossover in range(len(G.layers) + 1):
        apart = distances(read(mix(a, b, crossover), 3 + crossover), of_a)
        for name, d in apart.items():
            matrix[name].append((1 - d.mean() / chance[name].clamp(min=1e-8)).item())
    return matrix
