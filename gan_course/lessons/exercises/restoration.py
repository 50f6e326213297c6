"""The exercises of notebook deeper/17_restoration: a posterior, and whether it is calibrated."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def posterior_weights(candidates, seen, sigma):
    """The probability of each candidate, given what is seen of each picture: (N, M)."""
    squared = torch.cdist(seen.flatten(1), candidates.flatten(1)).square()
    return (-squared / (2 * sigma**2)).softmax(dim=1)


def calibration_error(confidence, right, bins=10):
    """Over bins of confidence, the mean distance between it and the share that is right."""
    places = (confidence * bins).long().clamp(max=bins - 1)
    error = 0.0
    for k in range(bins):
        here = places == k
        if here.any():
            gap = confidence[here].mean() - right[here].float().mean()
            error += here.float().mean() * gap.abs()
    return error


# The weights of the posterior

def _images(n: int, seed: int) -> Tensor:
    return torch.randn(n, 1, 2, 3, generator=torch.Generator().manual_seed(seed))


def near() -> dict:
    """Three pictures, of which two rows are seen, and five candidates."""
    return {"candidates": _images(5, 0), "seen": _images(3, 1), "sigma": 1.5}


def far() -> dict:
    """The same, with so little noise that all likelihoods underflow."""
    return {"candidates": _images(5, 0), "seen": _images(3, 1), "sigma": 0.05}


def weights(results: list, inputs: dict) -> Seen:
    return number_called("the weights", results)


def _squared(candidates: Tensor, seen: Tensor) -> Tensor:
    return (seen.flatten(1)[:, None] - candidates.flatten(1)[None]).square().sum(dim=2)


def _shape(seen: Seen) -> tuple:
    value = seen.get("the weights")
    return tuple(value.shape) if isinstance(value, Tensor) else ()


OF_THE_WEIGHTS = (
    Mistake("transposed", "The weights lie the other way round: a row is needed for each picture "
            "that is seen, with a weight for each candidate.",
            when=lambda seen: _shape(seen) == (5, 3)),
    Mistake("for_each_pixel", "There are weights for single rows or pixels. The noise of all "
            "pixels counts together, so make one row of numbers of each picture first, with "
            "`flatten(1)`.", when=lambda seen: len(_shape(seen)) > 2),
    Mistake("columns", "The weights of each *candidate* sum to 1. Asked is, for each picture that "
            "is seen, how probable the candidates are: its row has to sum to 1.",
            like=lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                  / (2 * sigma**2)).softmax(dim=0)),
    Mistake("not_normalised", "These are likelihoods. Divide them by their sum over the "
            "candidates, so that each row sums to 1.",
            like=lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                  / (2 * sigma**2)).exp()),
    Mistake("logarithms", "These are logarithms. Asked are the weights themselves.",
            like=(lambda candidates, seen, sigma: -_squared(candidates, seen) / (2 * sigma**2),
                  lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                   / (2 * sigma**2)).log_softmax(dim=1))),
    Mistake("sign", "Far candidates get the large weights. The exponent is negative.",
            like=lambda candidates, seen, sigma: (_squared(candidates, seen)
                                                  / (2 * sigma**2)).softmax(dim=1)),
    Mistake("no_two", "Nearly right. The exponent of the normal distribution is divided by "
            "$2 \\sigma^2$, and the 2 is missing.",
            like=lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                  / sigma**2).softmax(dim=1)),
    Mistake("sigma_once", "The noise enters with its variance, `sigma**2`.",
            like=(lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                   / (2 * sigma)).softmax(dim=1),
                  lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                   / sigma).softmax(dim=1))),
    Mistake("no_sigma", "It does not use `sigma`. The less noise there is, the more a difference "
            "counts.", like=(lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                              / 2).softmax(dim=1),
                             lambda candidates, seen, sigma: (-_squared(candidates, seen)
                                                              ).softmax(dim=1))),
    Mistake("not_squared", "It takes the distance. The normal distribution has the *squared* "
            "distance in its exponent.",
            like=lambda candidates, seen, sigma: (-_squared(candidates, seen).sqrt()
                                                  / (2 * sigma**2)).softmax(dim=1)),
    Mistake("mean_of_pixels", "It averages over the pixels. Each pixel is evidence of its own, and "
            "the logarithms of independent evidence add up: take the sum.",
            like=lambda candidates, seen, sigma: (-_squared(candidates, seen) / 6
                                                  / (2 * sigma**2)).softmax(dim=1)),
    Mistake("nearest", "All of the weight lies on the nearest candidate. Other candidates may be "
            "nearly as probable, and that is what the posterior is about.",
            like=lambda candidates, seen, sigma: torch.nn.functional.one_hot(
                _squared(candidates, seen).argmin(dim=1), 5)),
)
OF_SMALL_NOISE = (
    Mistake("underflow", "Right as long as the candidates are near. With less noise every "
            "`exp` becomes 0, and 0 / 0 is NaN. Subtract the largest exponent of each row first; "
            "`softmax` does so.",
            when=lambda seen: isinstance(seen.get("the weights"), Tensor)
            and bool(seen["the weights"].isnan().any() or (seen["the weights"] == 0).all())),
)


# The calibration error

def eight_forecasts() -> dict:
    return {"confidence": torch.tensor([0.96, 1.0, 0.93, 0.42, 0.47, 0.44, 0.72, 1.0]),
            "right": torch.tensor([True, True, False, True, False, False, True, False]),
            "bins": 10}


def error(results: list, inputs: dict) -> Seen:
    return number_called("the calibration error", results)


def binned(combine, last: bool = True):
    """The error that `combine` makes of each bin's share, confidence and share that is right."""
    def calibration_error(confidence, right, bins=10):
        places = (confidence * bins).long()
        places = places.clamp(max=bins - 1) if last else places
        each = [(here.double().mean(), confidence[here].double().mean(),
                 right[here].double().mean()) for here in (places == k for k in range(bins))
                if here.any()]
        return combine(*(torch.stack(column) for column in zip(*each, strict=True)))
    return calibration_error


OF_THE_ERROR = (
    Mistake("empty_bins", "A bin without any forecast has no mean, and NaN plus anything is NaN. "
            "Leave empty bins out.",
            when=lambda seen: isinstance(seen.get("the calibration error"), Tensor)
            and bool(seen["the calibration error"].isnan().any())),
    Mistake("last_edge", "Forecasts with a confidence of exactly 1 are in no bin. They belong to "
            "the last one.",
            like=binned(lambda share, said, right: (share * (said - right).abs()).sum(),
                        last=False)),
    Mistake("overall", "It compares the mean confidence with the share that is right over *all* "
            "forecasts. Too much confidence here and too little there cancel. Take the absolute "
            "value in each bin, before adding up.",
            like=(binned(lambda share, said, right: (share * (said - right)).sum()),
                  binned(lambda share, said, right: (share * (said - right)).sum().abs()),
                  binned(lambda share, said, right: (share * (right - said)).sum()))),
    Mistake("unweighted", "All bins count alike. A bin with many forecasts should count more: "
            "weigh each with its share of the forecasts.",
            like=(binned(lambda share, said, right: (said - right).abs().mean()),
                  binned(lambda share, said, right: (said - right).abs().sum() / 10),
                  binned(lambda share, said, right: (said - right).abs().sum()))),
    Mistake("counts", "It weighs each bin with its *number* of forecasts. Divide by all of them.",
            like=binned(lambda share, said, right: 8 * (share * (said - right).abs()).sum())),
    Mistake("each_forecast", "It compares each forecast with its own outcome. One outcome is 0 or "
            "1 and says little about 0.7; take means within a bin first.",
            like=lambda confidence, right, bins=10: (confidence - right.float()).abs().mean()),
    Mistake("squared", "It squares the differences. Asked is their absolute value.",
            like=binned(lambda share, said, right: (share * (said - right).square()).sum())),
    Mistake("largest", "It gives the worst bin. Asked is the mean over bins, weighted.",
            like=binned(lambda share, said, right: (said - right).abs().max())),
)


def two_bins() -> dict:
    return eight_forecasts() | {"bins": 2}


OF_THE_BINS = (
    Mistake("always_ten", "It makes ten bins, whatever `bins` says.",
            like=lambda confidence, right, bins: calibration_error(confidence, right, 10)),
)


EXERCISES = (
    Exercise("17.posterior_weights", posterior_weights,
             (Probe(near, weights, OF_THE_WEIGHTS), Probe(far, weights, OF_SMALL_NOISE)), (
                 "Each weight is a normal density of the distance, divided by the sum of its row.",
                 "`torch.cdist(seen.flatten(1), candidates.flatten(1)).square()` has a row for "
                 "each picture.",
                 "Divide that by `-2 * sigma**2` and take `softmax(dim=1)`, which also normalises."
                 ), "Likelihood times prior, normalised: every candidate counts as it fits.",
             frozenset({"candidates_of_G", "renderings"})),
    Exercise("17.calibration_error", calibration_error,
             (Probe(eight_forecasts, error, OF_THE_ERROR),
              Probe(two_bins, error, OF_THE_BINS)), (
                 "First sort the forecasts into bins, then compare two means in each bin.",
                 "`(confidence * bins).long().clamp(max=bins - 1)` is the number of each bin; "
                 "leave out bins that are empty.",
                 "Add up, over the bins, `here.float().mean()` times the absolute difference of "
                 "`confidence[here].mean()` and `right[here].float().mean()`."),
             "0 means that what is said with 60 % is true in 60 % of the cases."),
)
