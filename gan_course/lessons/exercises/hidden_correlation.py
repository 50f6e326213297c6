"""The exercises of notebook deeper/17_correlation: a correlation from counts, a judge's errors
taken out of them, and two ways to weigh a training set.
"""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._losses import LOG_OF_LOGITS, WHERE_D_IS_SURE, of_its_gradient


def phi(table):
    """The correlation of two yes-no factors from a table (2, 2) of counts or shares."""
    p = table / table.sum()
    first, second = p[1].sum(), p[:, 1].sum()
    spread = (first * (1 - first) * second * (1 - second)).sqrt()
    return (p[1, 1] - first * second) / spread


def without_errors(said, confusion):
    """The true shares (K,) from those that a judge says (K,), and its confusion matrix (K, K)."""
    shares = torch.linalg.solve(confusion.T, said).clamp(min=0)
    return shares / shares.sum()


def pair_weights(pairs):
    """How often to draw each picture, (N,), so that each pair that occurs is drawn equally often.
    """
    counts = pairs.bincount()
    weights = 1 / counts[pairs]
    return weights / weights.sum()


def weighted_loss(logits_real, logits_fake, weights):
    """D's loss in which each real picture counts with its weight: (N,), (M,), (N,) -> scalar."""
    real = weights * torch.nn.functional.softplus(-logits_real)
    return real.mean() + torch.nn.functional.softplus(logits_fake).mean()


# The correlation

def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def some_counts() -> dict:
    """Two factors that avoid each other, with unequal margins."""
    return {"table": torch.tensor([[12.0, 20.0], [50.0, 18.0]])}


def table_of(combine: Callable) -> Callable:
    """Something of the shares p and the margins a (of row 1) and b (of column 1)."""
    def phi(table):
        p = table.double() / table.sum()
        return combine(p, p[1].sum(), p[:, 1].sum())
    return phi


def _spread(a: Tensor, b: Tensor) -> Tensor:
    return (a * (1 - a) * b * (1 - b)).sqrt()


OF_PHI = (
    Mistake("covariance", "It is the covariance: how much more often both occur than if they were "
            "independent. Divide it by both standard deviations, so that it lies from -1 to 1.",
            like=table_of(lambda p, a, b: p[1, 1] - a * b)),
    Mistake("counts", "It mixes counts with shares. First divide the table by its sum.",
            like=(lambda table: table[1, 1] - table[1].sum() * table[:, 1].sum(),
                  lambda table: (table[1, 1] - table[1].sum() * table[:, 1].sum()) / (
                      table[1].sum() * table[0].sum() * table[:, 1].sum() * table[:, 0].sum()
                  ) ** 0.5)),
    Mistake("variances", "It divides by the two variances. A correlation divides by the two "
            "standard deviations, which are their roots.",
            like=table_of(lambda p, a, b: (p[1, 1] - a * b) / _spread(a, b) ** 2)),
    Mistake("one_margin", "It divides by the variance of one factor alone, which is the "
            "difference of the shares of one factor at the two values of the other. Each of the "
            "two has a spread of its own.",
            like=(table_of(lambda p, a, b: (p[1, 1] - a * b) / (a * (1 - a))),
                  table_of(lambda p, a, b: (p[1, 1] - a * b) / (b * (1 - b))))),
    Mistake("sign", "The sign is wrong. It is positive if the two factors tend to occur together.",
            like=table_of(lambda p, a, b: -(p[1, 1] - a * b) / _spread(a, b))),
    Mistake("squared", "It is the square, which has no sign. Whether two factors seek or avoid "
            "each other makes a difference.",
            like=table_of(lambda p, a, b: ((p[1, 1] - a * b) / _spread(a, b)) ** 2)),
    Mistake("agreement", "It is how often the two factors agree, or that minus how often they do "
            "not. Unequal margins alone can make that large or small.",
            like=(table_of(lambda p, a, b: p[0, 0] + p[1, 1]),
                  table_of(lambda p, a, b: p[0, 0] + p[1, 1] - p[0, 1] - p[1, 0]))),
)


# The judge's errors

def a_judge_that_errs() -> dict:
    """A judge of three classes with quite different errors, and what it says of some pictures."""
    confusion = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.15, 0.8]])
    return {"said": torch.tensor([0.5, 0.3, 0.2]), "confusion": confusion}


def nothing_of_one() -> dict:
    """What a judge says of pictures without the second class, by chance a little too rarely."""
    confusion = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.15, 0.8]])
    return {"said": torch.tensor([0.5, 0.08, 0.42]), "confusion": confusion}


def shares(results: list, inputs: dict) -> Seen:
    return number_called("the shares", results)


def _solved(said: Tensor, confusion: Tensor) -> Tensor:
    return torch.linalg.solve(confusion.T, said)


OF_THE_ERRORS = (
    Mistake("not_transposed", "Rows and columns are exchanged. A row of the confusion matrix "
            "belongs to a *true* class, and what is said of a class adds up over the rows.",
            like=(lambda said, confusion: torch.linalg.solve(confusion, said),
                  lambda said, confusion: (s := torch.linalg.solve(confusion, said).clamp(min=0))
                  / s.sum())),
    Mistake("forwards", "It lets the judge err once more. The errors are in what it says already, "
            "and have to be taken out.",
            like=(lambda said, confusion: confusion.T @ said,
                  lambda said, confusion: confusion @ said,
                  lambda said, confusion: (s := confusion @ said) / s.sum())),
    Mistake("diagonal", "It corrects each class by its own hits alone. A class also gains what is "
            "wrongly taken for it.",
            like=(lambda said, confusion: said / confusion.diagonal(),
                  lambda said, confusion: (s := said / confusion.diagonal()) / s.sum())),
    Mistake("uncorrected", "These are the shares that the judge says.",
            like=lambda said, confusion: said),
)
AT_THE_EDGE = (
    Mistake("negative", "A share comes out below 0, by chance. Set it to 0.", like=_solved),
    Mistake("no_sum", "After a negative share has been set to 0, the others add up to more than 1. "
            "Divide by their sum.", like=lambda said, confusion: _solved(said, confusion).clamp(
                min=0)),
    Mistake("absolute", "A share below 0 is turned into a positive one. It is noise around 0: set "
            "it to 0.", like=(lambda said, confusion: _solved(said, confusion).abs(),
                              lambda said, confusion: (s := _solved(said, confusion).abs())
                              / s.sum())),
    Mistake("softmax", "A softmax changes all the shares. Only those below 0 have to go.",
            like=lambda said, confusion: _solved(said, confusion).softmax(dim=0)),
)


# The weights of the sampler

def eight_pictures() -> dict:
    """Pairs 0, 1 and 3, of very different frequency; pair 2 does not occur."""
    return {"pairs": torch.tensor([0, 3, 0, 0, 1, 0, 3, 0])}


def weights(results: list, inputs: dict) -> Seen:
    seen = number_called("the weights", results)
    number = as_number(results[0]) if results else None
    seen["_shape"] = tuple(number.shape) if isinstance(number, Tensor) else ()
    return seen


def weighted(each: Callable, normal: bool = True) -> Callable:
    """Weights from the count of each picture's pair."""
    def pair_weights(pairs):
        found = each(pairs.bincount()[pairs].double())
        return found / found.sum() if normal else found
    return pair_weights


OF_THE_WEIGHTS = (
    Mistake("per_pair", "There is a weight for each pair. Asked is one for each *picture*: that of "
            "the pair that it shows.", when=lambda seen: seen["_shape"] in ((4,), (3,))),
    Mistake("frequency", "The frequent pairs get the larger weights, so they are drawn even more "
            "often.", like=(weighted(lambda n: n), weighted(lambda n: n / 8, normal=False))),
    Mistake("no_sum", "The weights are in the right proportion, and do not add up to 1.",
            like=(weighted(lambda n: 1 / n, normal=False), weighted(lambda n: 8 / n, normal=False),
                  weighted(lambda n: 2 / n, normal=False))),
    Mistake("empty_pair", "It counts the pair that does not occur as well, so the weights do not "
            "add up to 1.", like=weighted(lambda n: 1 / (4 * n), normal=False)),
    Mistake("root", "It takes the root of the frequency. That is halfway: the rare pairs are still "
            "drawn less often.", like=weighted(lambda n: n ** -0.5)),
    Mistake("squared", "It divides twice by the frequency, and the rare pairs become the frequent "
            "ones.", like=weighted(lambda n: n ** -2.0)),
    Mistake("equal", "All pictures have the same weight. That is the data set as it is.",
            like=weighted(torch.ones_like)),
    Mistake("linear", "It subtracts the frequency. A pair that is nine times as frequent needs a "
            "ninth of the weight.", like=weighted(lambda n: 1 - n / 8)),
)


# The weighted loss

def logits_and_weights() -> dict:
    """Logits of four real and three fake pictures, and weights whose mean is not 1."""
    return {"logits_real": torch.tensor([0.5, -1.0, 2.0, 0.1]),
            "logits_fake": torch.tensor([-0.3, 0.8, -2.0]),
            "weights": torch.tensor([0.6, 5.0, 0.6, 2.0])}


def large_logits() -> dict:
    """The same with logits of some thousands."""
    return {name: each if name == "weights" else 1000 * each
            for name, each in logits_and_weights().items()}


def loss(real: Callable, fake: Callable = lambda f, w: softplus(f).mean()) -> Callable:
    """A loss of two terms; `real` is a function of the real logits and the weights."""
    return lambda logits_real, logits_fake, weights: (
        real(logits_real, weights) + fake(logits_fake, weights))


OF_THE_LOSS = (
    Mistake("on_fakes", "The fakes get weights, which they do not have: a weight belongs to a real "
            "picture.", when=lambda seen: "must match the size" in seen.get("the error", "")),
    LOG_OF_LOGITS,
    Mistake("no_weights", "It does not use the weights.",
            like=loss(lambda r, w: softplus(-r).mean())),
    Mistake("normalised", "It divides by the sum of this mini-batch's weights. A mini-batch "
            "without a rare picture would then count as much as one with many of them: divide by "
            "the number of pictures.", like=loss(lambda r, w: (w * softplus(-r)).sum() / w.sum())),
    Mistake("sums", "It adds up over the mini-batch. Asked are means.",
            like=(loss(lambda r, w: (w * softplus(-r)).sum(), lambda f, w: softplus(f).sum()),
                  loss(lambda r, w: (w * softplus(-r)).sum()))),
    Mistake("inside", "The weight multiplies the logit. It belongs in front of the whole term, or "
            "D could answer it with smaller logits.",
            like=loss(lambda r, w: softplus(-w * r).mean())),
    Mistake("swapped", "It is small where real pictures get low logits. D should learn to give "
            "them high ones.", like=loss(lambda r, w: (w * softplus(r)).mean(),
                                    lambda f, w: softplus(-f).mean())),
    Mistake("both_real", "Both terms ask for high logits, or both for low ones.",
            like=(loss(lambda r, w: (w * softplus(-r)).mean(), lambda f, w: softplus(-f).mean()),
                  loss(lambda r, w: (w * softplus(r)).mean()))),
    Mistake("means_apart", "It multiplies the mean loss by the mean weight. Then no picture counts "
            "more than another.", like=loss(lambda r, w: w.mean() * softplus(-r).mean())),
    Mistake("only_real", "The fakes are missing from the loss.",
            like=loss(lambda r, w: (w * softplus(-r)).mean(), lambda f, w: 0.0)),
    Mistake("vector", "There is a number for each picture. Asked is one for the mini-batch.",
            when=lambda seen: isinstance(seen.get("the value"), Tensor)
            and seen["the value"].dim() > 0),
)


EXERCISES = (
    Exercise("17.phi", phi, (Probe(some_counts, value, OF_PHI),), (
        "It is the ordinary correlation coefficient of two columns of zeros and ones.",
        "With shares p, the mean of the first factor is `p[1].sum()`, that of the second "
        "`p[:, 1].sum()`, and the mean of the product is `p[1, 1]`.",
        "The covariance is the mean of the product minus the product of the means; a factor with "
        "mean m has the variance m (1 - m)."),
        "0 means that neither factor says anything of the other.", frozenset({"shares", "p"})),
    Exercise("17.without_errors", without_errors, (
        Probe(a_judge_that_errs, shares, OF_THE_ERRORS),
        Probe(nothing_of_one, shares, AT_THE_EDGE)), (
        "What is said of class k is the sum, over the true classes, of their share times how "
        "often they are taken for k. That is a system of linear equations.",
        "`torch.linalg.solve(A, b)` solves A p = b. A is the confusion matrix with rows and "
        "columns exchanged.",
        "Solve with `confusion.T`, then `clamp(min=0)`, then divide by the sum."),
        "What is left of the judge is the noise of its errors, and no longer their mean.",
        frozenset({"the_judge", "truth", "table"})),
    Exercise("17.pair_weights", pair_weights, (Probe(eight_pictures, weights, OF_THE_WEIGHTS),), (
        "A picture's weight depends on one thing: how many pictures show the same pair.",
        "`pairs.bincount()` counts the pairs, and `counts[pairs]` gives each picture the count of "
        "its pair.",
        "One over that count, divided by the sum of all of these."),
        "Each pair now has the same total weight.", frozenset({"counts", "weights", "train_set"})),
    Exercise("17.weighted_loss", weighted_loss,
             (Probe(logits_and_weights, value, OF_THE_LOSS),
              Probe(large_logits, value, WHERE_D_IS_SURE),
              of_its_gradient(Probe(logits_and_weights, value), "logits_real", "logits_fake")), (
                 "It is D's usual loss with one factor more, in the term of the real pictures.",
                 "`softplus(-logits_real)` is the loss of each real picture. Multiply it by the "
                 "weights, then take the mean.",
                 "`(weights * softplus(-logits_real)).mean()`, and the fakes as ever: "
                 "`softplus(logits_fake).mean()`."),
             "The data stay as they are, and some pictures count for more.",
             frozenset({"D", "fake", "real"})),
)
