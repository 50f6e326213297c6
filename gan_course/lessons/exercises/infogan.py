"""The exercises of notebook 09: mutual information, the two halves of Q's loss, and the digit that
each category stands for.
"""
import math

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.special import xlogy

from gan_course.lessons.exercises import _information
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
    numbers_called,
)


def mutual_information(joint):
    """I(c; x) in nats from a table of joint probabilities, which sum to 1: (K, M) -> scalar."""
    rows, columns = joint.sum(dim=1, keepdim=True), joint.sum(dim=0, keepdim=True)
    terms = torch.special.xlogy(joint, joint) - torch.special.xlogy(joint, rows * columns)
    return terms.sum()  # 0 log 0 = 0


def information_loss(logits, category, y=None):
    """Q's cross entropy: its logits (N, K) and the categories that G was given, one-hot, (N, K).

    y (N,) are the labels of the real mini-batch.
    """
    log_q = logits.log_softmax(dim=1)                               # (N, K)
    return -(category * log_q).sum(dim=1).mean()


def gaussian_nll(mean, log_sd, value):
    """-E[log N(value; mean, sd^2)], summed over the numbers of a row.

    mean and value (N, d), log_sd (d,) -> scalar.
    """
    deviations = (value - mean) / log_sd.exp()                      # (N, d)
    terms = deviations.square() / 2 + log_sd + math.log(2 * math.pi) / 2
    return terms.sum(dim=1).mean()


def match(counts):
    """The digit that each category stands for, each digit once, so that most images fit.

    Counts, category x digit (K, K) -> (K,).
    """
    from scipy.optimize import linear_sum_assignment

    categories, digits = linear_sum_assignment(counts, maximize=True)
    return torch.as_tensor(digits)


# mutual information

def rows(p):
    return p.sum(dim=1, keepdim=True)


def columns(p):
    return p.sum(dim=0, keepdim=True)


def entropy(p):
    return -xlogy(p, p).sum()


def log_of(p, q):
    """E_p[log q], with 0 log 0 = 0."""
    return xlogy(p, q).sum()


MI_MISTAKES = (
    Mistake("vector", "It gives one number for each row or each cell of the table. The information "
            "is one number: what does the formula do with the terms?",
            when=lambda seen: isinstance(seen.get("I"), Tensor) and seen["I"].dim() > 0),
    Mistake("broadcast", "The two marginals do not fit together: one has a number for each row, "
            "the other one for each column. To multiply each with each, one has to stand upright: "
            "`keepdim=True` keeps it so.",
            when=lambda seen: "must match the size" in seen.get("the error", "")
                              or "broadcast" in seen.get("the error", "")),
    Mistake("zero_log_zero", "A cell with probability 0 makes it NaN or infinite. The limit of p "
            "log p at 0 is 0: such a cell adds nothing, and you have to see to it.",
            when=lambda seen: isinstance(seen.get("I"), Tensor) and not seen["I"].isfinite()
                              or "math domain" in seen.get("the error", "")),
    Mistake("entropy", "That is an entropy: of c, of x, or of both together. It says how uncertain "
            "something is, not how much one thing tells about another: take away what is still "
            "uncertain when the other is known.",
            like=(entropy, lambda p: -entropy(p), lambda p: entropy(rows(p)),
                  lambda p: entropy(columns(p)), lambda p: entropy(rows(p)) + entropy(columns(p)))),
    Mistake("conditional", "That is what remains uncertain of one when the other is known. The "
            "information is the rest: what of the uncertainty has gone.",
            like=(lambda p: entropy(p) - entropy(columns(p)),
                  lambda p: entropy(p) - entropy(rows(p)))),
    Mistake("one_marginal", "It divides by one of the two marginals only. If c and x had nothing "
            "to do with each other, the cell would have p(c) times p(x): compare with that.",
            like=(lambda p: log_of(p, p) - log_of(p, columns(p)),
                  lambda p: log_of(p, p) - log_of(p, rows(p)))),
    Mistake("sum_of_marginals", "It compares with the sum of the two marginals. Things that have "
            "nothing to do with each other have the *product* of their probabilities.",
            like=(lambda p: log_of(p, p) - log_of(p, rows(p) + columns(p)),
                  lambda p: log_of(p, p) - log_of(p, (rows(p) + columns(p)) / 2))),
    Mistake("uniform", "It takes for granted that all rows, or all columns, are equally likely. "
            "Here they are not: ask the table.",
            like=(lambda p: log_of(p, p * p.numel()),
                  lambda p: log_of(p, p * len(p)) - log_of(p, columns(p)),
                  lambda p: log_of(p, p * p.shape[1]) - log_of(p, rows(p)))),
    Mistake("unweighted", "The logarithms are added up or averaged without their weights. A cell "
            "that is likely counts for more: each term begins with p(c, x).",
            like=(lambda p: (p / (rows(p) * columns(p))).log()[p > 0].sum(),
                  lambda p: (p / (rows(p) * columns(p))).log()[p > 0].mean(),
                  lambda p: log_of(rows(p) * columns(p), p / (rows(p) * columns(p))))),
    Mistake("reverse", "The two distributions have changed places: it weighs with the product of "
            "the marginals. The mean is over what really happens, the table.",
            like=lambda p: log_of(rows(p) * columns(p), rows(p) * columns(p))
                           - log_of(rows(p) * columns(p), p)),
    Mistake("mean", "It takes a mean over the cells. The p(c, x) are the weights of a mean "
            "already, so the terms are added up.",
            like=(lambda p: mutual_information(p) / p.numel(),
                  lambda p: mutual_information(p) / len(p),
                  lambda p: mutual_information(p) / p.shape[1])),
    Mistake("base", "The logarithm has another base: base 2 gives bits. Here as everywhere in the "
            "course it is the natural one, which gives nats.",
            like=(lambda p: mutual_information(p) / math.log(2),
                  lambda p: mutual_information(p) / math.log(10))),
    Mistake("scaled", "It is divided by an entropy, so it lies between 0 and 1. That is a sensible "
            "number, but not the information itself, which is given in nats.",
            like=(lambda p: mutual_information(p) / entropy(rows(p)),
                  lambda p: mutual_information(p) / entropy(columns(p)),
                  lambda p: mutual_information(p) / entropy(p),
                  lambda p: mutual_information(p) / math.log(len(p)))),
    Mistake("sign", "Its sign is turned round. Knowing something never makes one less certain on "
            "average: the information is at least 0.",
            like=lambda p: -mutual_information(p)),
)


def table(*numbers):
    return Probe(lambda: {"joint": torch.tensor(numbers)},
                 lambda results, inputs: number_called("I", results),
                 MI_MISTAKES)


# the digit for each category

def pairs_from_the_best(counts):
    """The largest cell first, then the largest of what is left, and so on."""
    left, chosen = counts.double().clone(), torch.zeros(len(counts))
    for _ in range(len(counts)):
        category, digit = divmod(int(left.argmax()), len(counts))
        chosen[category] = digit
        left[category], left[:, digit] = -1, -1
    return chosen


def row_after_row(counts):
    """The first category chooses first."""
    free, chosen = counts.double().clone(), []
    for row in free:
        chosen.append(int(row.argmax()))
        free[:, chosen[-1]] = -1
    return torch.tensor(chosen)


def share(counts, digits):
    return counts[torch.arange(len(counts)), digits].sum() / counts.sum()


MATCH_MISTAKES = (
    Mistake("two_arrays", "`linear_sum_assignment` gives two arrays, rows and columns, and both "
            "came back. The rows are 0, 1, 2, … in order; which of the two says the digit?",
            when=lambda seen: str(seen.get("the digits", "")).startswith("two")),
    Mistake("share", "That is a number of images, or a share of them. Asked for is the digit that "
            "each category stands for; the counting comes after.",
            when=lambda seen: isinstance(seen.get("the digits"), Tensor)
                              and seen["the digits"].dim() == 0),
    Mistake("most_frequent", "Each category takes its own most frequent digit, so a digit can come "
            "twice and another never. A G that draws ones for all ten categories would then match "
            "perfectly well: each digit may be used once.",
            like=lambda counts: counts.argmax(dim=1)),
    Mistake("by_digit", "Each digit takes the category that it meets most often, so categories "
            "come twice or never; and the answer is one category for each digit. It is the other "
            "way round: one digit for each category, each digit once.",
            like=lambda counts: counts.argmax(dim=0)),
    Mistake("minimised", "It finds the worst matching of all: `linear_sum_assignment` takes the "
            "table for costs and makes them small. How do you tell it that these are gains?",
            like=lambda counts: torch.as_tensor(linear_sum_assignment(counts)[1])),
    Mistake("transposed", "Rows and columns have changed places: it says which category belongs to "
            "each digit. Row i of the table is category i, and its digit should come at place i.",
            like=lambda counts: match(counts.T)),
    Mistake("minimised_and_transposed", "Two slips at once: it takes the counts for costs, and it "
            "gives a category for each digit where a digit for each category was asked for.",
            like=lambda counts: torch.as_tensor(linear_sum_assignment(counts.T)[1])),
    Mistake("greedy", "It is greedy: the best pair first, then the best of what is left. That can "
            "cost more later than it gained; some category has to step back so that two others "
            "fit.",
            like=pairs_from_the_best),
    Mistake("in_turn", "The categories choose in turn, and the last ones get what is left. The "
            "answer would change with the order of the categories. All of them have to be weighed "
            "together.",
            like=row_after_row),
)


def contingency(*rows):
    def look(results, inputs) -> Seen:
        for result in results:
            if isinstance(result, tuple) and len(result) == 2 and all(
                    isinstance(part, np.ndarray | Tensor) for part in result):
                return {"the digits": "two arrays"}
        return numbers_called("the digits", results)
    return Probe(lambda: {"counts": torch.tensor(rows)}, look, MATCH_MISTAKES)


EXERCISES = (
    Exercise("09.mutual_information", mutual_information,
             (table((0.30, 0.05, 0.10), (0.05, 0.40, 0.10)),
              table((0.5, 0.0, 0.0), (0.0, 0.1, 0.2), (0.0, 0.0, 0.05), (0.1, 0.0, 0.05)),
              table((0.12, 0.28), (0.18, 0.42))),
             ("Three ingredients: the table, the sums of its rows p(c), the sums of its columns "
              "p(x). What would the table be if the two had nothing to do with each other?",
              "Sum over all cells: p(c, x) times the logarithm of p(c, x) divided by p(c) p(x). "
              "With `keepdim=True` the two marginals multiply to a table of the same shape.",
              "`torch.special.xlogy(a, b)` is a log b, with 0 log 0 = 0. Write the logarithm of "
              "the quotient as a difference of two of them, and sum."),
             "0 if the two have nothing to do with each other; and never more than either entropy.",
             frozenset({"c", "x", "p", "K"})),
    Exercise("09.information_loss", information_loss,
             _information.of_the_kind(),
             ("Q is a classifier, and its class labels are the codes that G was given. Which loss "
              "does one train a classifier with?",
              "From the logits of a row come the logarithms of Q's chances; the code picks one of "
              "them. What then turns N numbers into one, and something to be made large into a "
              "cost?",
              "`logits.log_softmax(dim=1)` has the logarithms. Multiply by the one-hot code, sum "
              "over the categories, mean over the rows, minus. (Or `cross_entropy`, with the index "
              "of the category.)"),
             "A Q that knows nothing pays log K, one that always knows pays 0.",
             frozenset({"c", "z", "G", "Q", "D", "batch"})),
    Exercise("09.gaussian_nll", gaussian_nll,
             _information.of_the_numbers(),
             ("Write down the density of a Gaussian with this mean and this sd, take its "
              "logarithm, and turn the sign round: three terms.",
              "The terms are ((value - mean) / sd)^2 / 2, log sd and log(2 pi) / 2. They come for "
              "each number of each row: what is done along the rows, and what along the batch?",
              "`log_sd.exp()` is sd, and broadcasts over the rows. `sum(dim=1)` over the numbers, "
              "then `mean()` over the batch."),
             "Q says what it reads, and how sure it is; both are paid for in nats.",
             frozenset({"c", "Q", "sd", "number"})),
    Exercise("09.match", match,
             (contingency((6, 8, 4, 3), (6, 9, 1, 4), (4, 1, 9, 9), (9, 0, 1, 2)),
              contingency((7, 2, 6, 3, 0), (3, 3, 7, 2, 9), (1, 2, 2, 4, 9), (0, 9, 6, 8, 5),
                          (3, 3, 2, 5, 8))),
             ("How many ways are there to give each category a digit of its own? For three "
              "categories you can try them all; for ten there are 3,628,800.",
              "`scipy.optimize.linear_sum_assignment` finds the best of them all, and fast. Does "
              "it look for the largest total or the smallest?",
              "With `maximize=True` it gives rows and columns of the best pairs; the rows are in "
              "order, so the columns are the digits."),
             "The best of all pairings: no other gets more images right.",
             frozenset({"categories", "digits", "digit", "K"})),
)
