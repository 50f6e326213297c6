"""The exercise of notebook deeper/16_bounds: the importance-weighted bound, from log weights."""
import math
from collections.abc import Callable

import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called


def importance_weighted(log_weights):
    """The logarithm of the mean weight of each x: log_weights (K, N) -> (N,)."""
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))


def weights() -> dict:
    """The logarithms of five weights for each of three x, as small as those of pictures are."""
    draw = torch.Generator().manual_seed(1)
    spread = 3 * torch.randn(5, 3, generator=draw)
    return {"log_weights": spread - torch.tensor([700.0, 650.0, 20.0])}


def moderate() -> dict:
    """The same where the exponential is an ordinary number."""
    return {"log_weights": weights()["log_weights"] + torch.tensor([700.0, 650.0, 20.0])}


def bound(results: list, inputs: dict) -> Seen:
    seen = number_called("the bound", results)
    seen["_shape"] = tuple(seen["the bound"].shape) if isinstance(seen.get("the bound"),
                                                                  Tensor) else ()
    return seen


def averaged(mean: Callable) -> Callable:
    """A wrong answer: another mean of the log weights (K, N)."""
    return lambda log_weights: mean(log_weights)


def log_mean(log_weights: Tensor, dim: int = 0) -> Tensor:
    return torch.logsumexp(log_weights, dim) - math.log(log_weights.shape[dim])


OF_THE_BOUND = (
    Mistake("over_x", "It averages over the x and gives a number for each draw. Asked is a number "
            "for each x: the mean runs over the K draws, the first dimension.",
            when=lambda seen: seen["_shape"] == (5,)),
    Mistake("one_number", "It gives one number. Asked is one for each x, (N,).",
            when=lambda seen: seen["_shape"] == () and isinstance(seen.get("the bound"), Tensor)),
    Mistake("elbo", "That is the mean of the logarithms, which is the ELBO. Here the mean comes "
            "first, and then the logarithm.", like=averaged(lambda w: w.mean(dim=0))),
    Mistake("sum", "It is the logarithm of the sum of the weights, so it grows with K even if all "
            "weights are equal. Take off log K.", like=averaged(lambda w: w.logsumexp(dim=0))),
    Mistake("added", "log K is added. Dividing by K takes it off.",
            like=averaged(lambda w: w.logsumexp(dim=0) + math.log(len(w)))),
    Mistake("divided", "The logarithm is divided by K. The mean is taken before the logarithm, so "
            "K turns into a difference, log K.",
            like=averaged(lambda w: w.logsumexp(dim=0) / len(w))),
    Mistake("largest", "It is the largest weight alone, of which the mean is only a part.",
            like=(averaged(lambda w: w.amax(dim=0)),
                  averaged(lambda w: w.amax(dim=0) - math.log(len(w))))),
    Mistake("no_log", "It gives the mean of the weights themselves. Asked is its logarithm.",
            like=averaged(lambda w: w.exp().mean(dim=0))),
    Mistake("sign", "It has the wrong sign: the bound of log p(x), not the loss.",
            like=averaged(lambda w: -log_mean(w))),
)
OF_SMALL_WEIGHTS = (
    Mistake("underflow", "The formula is right, and the numbers are too small for it: exp(-700) is "
            "0 in floating-point arithmetic, and its logarithm is minus infinity. "
            "`torch.logsumexp` takes out the largest weight first.",
            when=lambda seen: isinstance(seen.get("the bound"), Tensor)
            and not seen["the bound"].isfinite().all()),
)


EXERCISES = (
    Exercise("16.importance_weighted", importance_weighted,
             (Probe(moderate, bound, OF_THE_BOUND), Probe(weights, bound, OF_SMALL_WEIGHTS)), (
                 "The weights of one x are a column. Their mean is the estimate of p(x).",
                 "log of the mean = log of the sum - log K, and the log of a sum of exponentials "
                 "is `torch.logsumexp`.",
                 "`torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))`."),
             "The mean first, then the logarithm, and no exponential that could underflow.",
             frozenset({"vae", "x", "q"})),
)
