"""The exercises of notebook deeper/17_truncation: the most similar picture whatever its brightness,
and how even class shares are.
"""
from collections.abc import Callable
from math import log

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)


def most_alike(ink, known):
    """The highest cosine similarity to a known picture, and which one it is: (N,), (N,)."""
    ink, known = (torch.nn.functional.normalize(x.flatten(1), dim=1) for x in (ink, known))
    return (ink @ known.T).max(dim=1)


def evenness(counts):
    """The entropy of classes with these counts (K,), over that of equal shares: scalar, 0 to 1."""
    p = counts / counts.sum()
    entropy = -torch.special.xlogy(p, p).sum()                      # xlogy(0, 0) is 0
    return entropy / log(len(p))


# The most similar picture

def some_pictures() -> dict:
    """Five pictures of very different brightness, the last one black, and seven known ones."""
    dice = torch.Generator().manual_seed(6)
    known = torch.rand(7, 1, 3, 4, generator=dice) ** 3
    known = known * torch.tensor([0.2, 1.0, 3.0, 0.5, 2.0, 0.3, 1.5]).view(-1, 1, 1, 1)
    ink = known[[3, 0, 5, 1]] + 0.1 * torch.rand(4, 1, 3, 4, generator=dice)
    ink = ink * torch.tensor([0.1, 2.0, 0.4, 1.0]).view(-1, 1, 1, 1)
    return {"ink": torch.cat([ink, torch.zeros(1, 1, 3, 4)]), "known": known}


def two_answers(results: list, inputs: dict) -> Seen:
    if not results:
        return {}
    try:
        similarity, which = results[0]
    except (TypeError, ValueError):
        return {"the result": "not two answers"}
    seen = number_called("the similarities", [similarity])
    number = as_number(which)
    if isinstance(number, Tensor) and number.shape == (5,):
        number = number[:4]                                         # of a black picture any may do
    return seen | {"which": number}


def liking(similarities: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """The largest number of each row of a table of similarities of flat pictures."""
    def most_alike(ink, known):
        return similarities(ink.flatten(1), known.flatten(1)).max(dim=1)
    return most_alike


def _cosines(a: Tensor, b: Tensor) -> Tensor:
    return normalize(a, dim=1) @ normalize(b, dim=1).T


OF_THE_MOST_ALIKE = (
    Mistake("not_two", "Asked are two answers for each picture: the highest similarity, and the "
            "number of the known picture. `.max(dim=1)` gives both.",
            when=lambda seen: "the result" in seen),
    Mistake("black", "A picture without any ink gives 0 / 0. Divide by a length that is never "
            "smaller than some tiny number, as `torch.nn.functional.normalize` does.",
            when=lambda seen: isinstance(seen.get("the similarities"), Tensor)
            and bool(seen["the similarities"].isnan().any())),
    Mistake("inner_product", "It takes the inner product as it is. A known picture with a lot of "
            "ink is then like everything. Divide by both lengths.",
            like=liking(lambda a, b: a @ b.T)),
    Mistake("one_length", "It divides by the length of one picture alone. The brightness of the "
            "other one still counts.",
            like=(liking(lambda a, b: normalize(a, dim=1) @ b.T),
                  liking(lambda a, b: a @ normalize(b, dim=1).T))),
    Mistake("squares", "It divides by the squared lengths. The cosine has the lengths themselves, "
            "each once.", like=liking(lambda a, b: a @ b.T / (
                a.square().sum(1).clamp(min=1e-12)[:, None] * b.square().sum(1)))),
    Mistake("least", "It looks for the *least* similar picture.",
            like=lambda ink, known: _cosines(ink.flatten(1), known.flatten(1)).min(dim=1)),
    Mistake("distance", "It compares distances. A faint picture is near to every picture with "
            "little ink. Compare directions.",
            like=(lambda ink, known: torch.cdist(ink.flatten(1), known.flatten(1)).min(dim=1),
                  liking(lambda a, b: -torch.cdist(a, b)))),
    Mistake("for_the_known", "It asks for each *known* picture which sample is most alike. Asked "
            "is an answer for each picture of `ink`.",
            when=lambda seen: isinstance(seen.get("the similarities"), Tensor)
            and seen["the similarities"].shape == (7,)),
    Mistake("order", "The two answers are exchanged: first the similarity, then the number.",
            when=lambda seen: isinstance(seen.get("which"), Tensor)
            and isinstance(seen.get("the similarities"), Tensor)
            and seen["the similarities"].shape == (5,)
            and bool((seen["the similarities"] > 1.5).any())),
    Mistake("correlation", "It takes the mean off first, which makes a correlation. Black paper is "
            "0 ink, and ought to stay so.",
            like=liking(lambda a, b: _cosines(a - a.mean(1, keepdim=True),
                                              b - b.mean(1, keepdim=True)))),
)


# Evenness

def five_classes() -> dict:
    return {"counts": torch.tensor([40, 7, 0, 20, 13])}


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def _entropy(counts: Tensor) -> Tensor:
    p = counts.double() / counts.sum()
    return -torch.special.xlogy(p, p).sum()


OF_THE_EVENNESS = (
    Mistake("nan", "It is not a number: the logarithm of 0 is minus infinity, and 0 times that is "
            "NaN. A class that does not occur adds 0; `torch.special.xlogy(p, p)` knows that.",
            when=lambda seen: isinstance(seen.get("the value"), Tensor)
            and bool(seen["the value"].isnan().any())),
    Mistake("sign", "The sign is wrong: logarithms of shares are negative, and the entropy has a "
            "minus.", like=lambda counts: -_entropy(counts) / log(5)),
    Mistake("entropy", "It is the entropy. Divide it by the logarithm of the number of classes, so "
            "that equal shares have 1.",
            like=(_entropy, lambda counts: _entropy(counts) / log(2))),
    Mistake("those_that_occur", "It divides by the logarithm of the number of classes that "
            "*occur*. Dropping a class would then cost nothing.",
            like=lambda counts: _entropy(counts) / log(4)),
    Mistake("by_k", "It divides by the number of classes. Equal shares have the entropy log K.",
            like=lambda counts: _entropy(counts) / 5),
    Mistake("counts", "It takes logarithms of counts. First divide them by their sum.",
            like=(lambda counts: -torch.special.xlogy(counts.double(), counts).sum() / log(5),
                  lambda counts: -torch.special.xlogy(counts.double(), counts).sum())),
    Mistake("exponential", "It takes the exponential of the entropy, which counts classes. Asked "
            "is the ratio of the entropies themselves.",
            like=(lambda counts: _entropy(counts).exp() / 5,
                  lambda counts: _entropy(counts).exp())),
)


EXERCISES = (
    Exercise("17.most_alike", most_alike,
             (Probe(some_pictures, two_answers, OF_THE_MOST_ALIKE),), (
                 "Make each picture a row of numbers, and give each row the length 1.",
                 "`torch.nn.functional.normalize(x.flatten(1), dim=1)` does that. The product of "
                 "one table with the other one transposed has all the cosines.",
                 "`(ink @ known.T).max(dim=1)` gives the similarities and the numbers."),
             "It does not matter how faint a picture is.", frozenset({"labels", "new"})),
    Exercise("17.evenness", evenness, (Probe(five_classes, value, OF_THE_EVENNESS),), (
        "First shares from counts, then the entropy, then its largest possible value.",
        "`torch.special.xlogy(p, p)` is p log p, and 0 where p is 0.",
        "`-torch.special.xlogy(p, p).sum() / log(len(p))`"),
        "1 means that all classes are equally frequent.", frozenset({"drawn", "test"})),
)
