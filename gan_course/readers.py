"""Heads that read, from a judge's features, the factors that a printed character was drawn from."""
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from gan_course.data.sets import Factors

NUMBERS = {"slant": (0.0, 0.25), "width": (0.95, 0.15), "rotation": (0.0, 7.0)}  # mean, sd
HUES = ("ink_hue", "paper_hue")


class Readers(nn.ModuleDict):
    """A linear head for each of bold, family, slant, width and rotation, and of the hues in colour.

    Bold has one logit and family one for each; a number is read in standard deviations from its
    mean, and a hue as the cosine and the sine of its angle.

    Args:
        features: how many features a head reads.
        families: the number of font families.
        colour: whether there are hues to read.
    """

    def __init__(self, features: int, families: int, colour: bool):
        outputs = {"bold": 1, "family": families} | dict.fromkeys(NUMBERS, 1)
        if colour:
            outputs |= dict.fromkeys(HUES, 2)
        super().__init__({name: nn.Linear(features, n) for name, n in outputs.items()})

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Read every factor.

        Args:
            features: (N, features).

        Returns:
            name -> (N,), in the data set's units; of "bold" it is the probability, of "family" the
            number of the likeliest.
        """
        found = {}
        for name, head in self.items():
            out = head(features)                                    # (N, outputs)
            if name in NUMBERS:
                mean, sd = NUMBERS[name]
                found[name] = mean + sd * out[:, 0]
            elif name in HUES:
                found[name] = torch.atan2(out[:, 1], out[:, 0]).rad2deg() % 360
            else:
                found[name] = out[:, 0].sigmoid() if name == "bold" else out.argmax(dim=1)
        return found

    def loss(self, features: Tensor, factors: dict[str, Tensor]) -> Tensor:
        """The sum of each factor's cross entropy, or squared error in standard deviations.

        Args:
            features: (N, features).
            factors: name -> (N,), the true ones.

        Returns:
            A scalar.
        """
        loss = features.new_zeros(())
        for name, head in self.items():
            out, true = head(features), factors[name]
            if name in NUMBERS:
                mean, sd = NUMBERS[name]
                loss = loss + (out[:, 0] - (true - mean) / sd).square().mean()
            elif name in HUES:
                loss = loss + (out - on_circle(true)).square().sum(dim=1).mean()
            elif name == "bold":
                loss = loss + binary_cross_entropy_with_logits(out[:, 0], true)
            else:
                loss = loss + cross_entropy(out, true.long())
        return loss


def on_circle(degrees: Tensor) -> Tensor:
    """Angles as points of the unit circle, (N,) -> (N, 2), where 359 degrees lie beside 1."""
    return torch.stack([degrees.deg2rad().cos(), degrees.deg2rad().sin()], dim=1)


def scores(found: dict[str, Tensor], factors: Factors) -> dict[str, float]:
    """How well factors were read: the share that is right of bold and family, R^2 of the others.

        R^2 = 1 - sum |read - true|^2 / sum |true - mean|^2        (a hue is a point of the circle)

    Reading without error gives 1, always guessing the mean 0.

    Args:
        found: name -> (N,), as `Readers` gives them.
        factors: the true ones of the same N images.

    Returns:
        name -> score, at most 1; NaN for a number or a hue that does not vary.
    """
    result = {}
    for name, read in found.items():
        true = factors[name]
        if name in ("bold", "family"):
            result[name] = (read.round() == true).double().mean().item()
            continue
        if name in HUES:
            read, true = on_circle(read), on_circle(true)
        error, around_mean = (read - true).square().sum(), (true - true.mean(dim=0)).square().sum()
        varies = (true != true[0]).any()
        result[name] = (1 - error / around_mean).item() if varies else float("nan")
    return result
