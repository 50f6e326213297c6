"""The exercises of notebook 04: the reverse KL of the modes, a pack of samples, and a step that D
takes in imagination.
"""
import math

import torch
from torch import Tensor
from torch.special import xlogy

from gan_course.lessons.exercises import _imagined
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)


def reverse_kl(counts):
    """KL(h || uniform) in nats, from how many good samples fell on each of the K modes.

    (K,) -> scalar.
    """
    h = counts / counts.sum()
    return torch.special.xlogy(h, h * len(h)).sum()  # h log(h K), where 0 log 0 = 0


def pack(x, m):
    """Packs of m samples side by side: (N, d) -> (N / m, m d).

    Samples that do not fill a pack are left out.
    """
    full = x[:len(x) // m * m]
    return full.reshape(-1, m * x.shape[1])


def imagined_step(D, parameters, x, fake, eta):
    """Where D's parameters would be after one gradient step of size eta on its loss, as a function
    of the fakes.

    `D(parameters, x)` gives the logits; `parameters` is a dict, name -> tensor, and so is the
    result.
    """
    cost = torch.nn.functional.softplus
    loss = cost(-D(parameters, x)).mean() + cost(D(parameters, fake)).mean()
    slopes = torch.autograd.grad(loss, tuple(parameters.values()), create_graph=True)
    return {name: parameters[name] - eta * slope
            for name, slope in zip(parameters, slopes, strict=True)}


def shares(c):
    return c / c.sum()


def found(c):
    return shares(c)[c > 0]


KL_MISTAKES = (
    Mistake("vector", "It gives one number for each mode. The KL is one number for all of them: "
            "what does the formula do with the terms?",
            when=lambda seen: isinstance(seen.get("the KL"), Tensor) and seen["the KL"].dim() > 0),
    Mistake("zero_log_zero", "A mode without samples has h = 0, and the computer does not know "
            "what 0 times log 0 is. The limit is 0: such a mode adds nothing, and you have to see "
            "to it.",
            when=lambda seen: stumbles_over_zero(seen)),
    Mistake("not_normalised", "It puts something else than shares into the formula. The h_k are "
            "the parts of a whole and add up to 1: what must the counts be divided by?",
            like=(lambda c: xlogy(c, c * len(c)).sum(), lambda c: xlogy(c, c).sum(),
                  lambda c: xlogy(c, shares(c) * len(c)).sum(),
                  lambda c: xlogy(c / len(c), c).sum(),
                  lambda c: xlogy(c / c.max(), c / c.max() * len(c)).sum())),
    Mistake("smoothed", "It adds one to each count, so a mode that G never draws looks as if it "
            "did. A mode without samples is allowed here, and simply adds 0.",
            like=lambda c: xlogy(shares(c + 1), shares(c + 1) * len(c)).sum()),
    Mistake("forward", "It gives all modes the same weight, as the forward KL(uniform || h) does, "
            "so one lost mode makes it infinite. In the reverse KL each mode weighs as much as G "
            "draws it.",
            like=(lambda c: -(shares(c) * len(c)).log().mean(),
                  lambda c: (shares(c) * len(c)).log().mean(),
                  lambda c: -(found(c) * len(c)).log().sum() / len(c),
                  lambda c: -(found(c) * len(c)).log().mean(),
                  lambda c: (found(c) * len(c)).log().sum())),
    Mistake("found_only", "It leaves the lost modes out of K. A G that draws a single mode would "
            "then be perfect: 0. K is the number of modes that there are to find.",
            like=lambda c: xlogy(found(c), found(c) * len(found(c))).sum()),
    Mistake("entropy", "This is the entropy of h, with or without its minus sign. It compares h "
            "with nothing, and is not 0 for an even spread: where is the uniform distribution, "
            "with 1/K for each mode?",
            like=(lambda c: xlogy(shares(c), shares(c)).sum(),
                  lambda c: -xlogy(shares(c), shares(c)).sum())),
    Mistake("K_misplaced", "K is in the wrong place. The logarithm is of h divided by the uniform "
            "1/K: what is h divided by one K-th?",
            like=(lambda c: xlogy(shares(c), shares(c) / len(c)).sum(),
                  lambda c: -xlogy(shares(c), shares(c) / len(c)).sum(),
                  lambda c: (xlogy(shares(c), shares(c)) * len(c)).sum())),
    Mistake("mean", "It takes a mean over the modes. The h_k are the weights of a mean already, so "
            "the terms are added up.",
            like=(lambda c: reverse_kl(c) / len(c), lambda c: reverse_kl(c) / len(found(c)))),
    Mistake("base", "The logarithm has another base: base 2 gives bits. Here as everywhere in the "
            "course it is the natural one, which gives nats.",
            like=(lambda c: reverse_kl(c) / math.log(2), lambda c: reverse_kl(c) / math.log(10))),
    Mistake("scaled", "It is divided by its largest value, so it lies between 0 and 1. That is a "
            "sensible number, but not the KL, which is given in nats and may be as large as log K.",
            like=lambda c: reverse_kl(c) / math.log(len(c))),
    Mistake("sign", "Its sign is turned round. A KL is never negative, and 0 is the best there is.",
            like=lambda c: -reverse_kl(c)),
    Mistake("counts_modes", "It only counts which modes were found. The KL also sees how evenly: a "
            "mode that gets one sample in a thousand is nearly lost.",
            like=(lambda c: (c > 0).sum(), lambda c: (c == 0).sum(),
                  lambda c: (c > 0).double().mean(), lambda c: (c == 0).double().mean())),
    Mistake("other_distance", "It adds up differences between h and 1/K. That too says how uneven "
            "h is, but it is another distance: the KL is made of logarithms of ratios.",
            like=(lambda c: (shares(c) - 1 / len(c)).abs().sum(),
                  lambda c: (shares(c) - 1 / len(c)).abs().sum() / 2,
                  lambda c: (shares(c) - 1 / len(c)).square().sum(),
                  lambda c: (shares(c) - 1 / len(c)).square().sum().sqrt(),
                  lambda c: (shares(c) - 1 / len(c)).abs().mean(),
                  lambda c: (shares(c) - 1 / len(c)).square().mean())),
)


def counted(*counts):
    return Probe(lambda: {"counts": torch.tensor(counts)},
                 lambda results, inputs: number_called("the KL", results),
                 KL_MISTAKES)


def stumbles_over_zero(seen: Seen) -> bool:
    value, error = seen.get("the KL"), seen.get("the error", "")
    return ("math domain" in error or "a positive input" in error
            or isinstance(value, Tensor) and bool(value.isnan().any()))


FORM_MISTAKES = (
    Mistake("list", "It gives a list of packs. D wants one tensor with a row for each pack.",
            when=lambda seen: seen.get("what comes back") in ("a list", "a tuple")),
    Mistake("three_dimensions", "The samples of a pack lie one behind the other, in a dimension of "
            "their own. D takes one row of numbers for each pack: put them into one line.",
            when=lambda seen: seen.get("what comes back", "").count(",") == 2),
    Mistake("windows", "The packs overlap: each sample is in several of them. Then the packs are "
            "not independent of each other; each sample goes into one pack only.",
            like=lambda x, m: x.unfold(0, m, 1).flatten(1)),
    Mistake("as_many_rows", "There are as many packs as samples, so each sample is used several "
            "times; a pack of m copies of one sample would always look collapsed. How many packs "
            "do N samples make?",
            like=lambda x, m: x.repeat(1, m)),
    Mistake("m_packs", "It makes m packs. It is the other way round: each pack has m samples, and "
            "there are N / m packs.",
            like=lambda x, m: x.reshape(m, -1)),
    Mistake("unchanged", "Its shape is (N, d) still: one sample in each row, as an ordinary D sees "
            "them. m of them share a row.",
            like=lambda x, m: x),
    Mistake("merged", "There is a row for each pack, but it has room for one sample only. A sum, a "
            "mean or a single one of them tells D nothing about how alike they are: it is to see "
            "all m.",
            like=lambda x, m: x[::m]),
    Mistake("d_fixed", "It takes for granted that a sample has two numbers. Here it has another d: "
            "ask x for it.",
            like=lambda x, m: x.reshape(-1, 2 * m)),
    Mistake("m_fixed", "It always packs two. How many is m's affair.",
            like=lambda x, m: pack(x, 2)),
)
CONTENTS_MISTAKES = (
    Mistake("sorted", "It sorts before it packs. Neighbours are then alike even among real data, "
            "and looking alike would no longer give a collapsed G away.",
            like=(lambda x, m: pack(x[x[:, 0].argsort()], m),
                  lambda x, m: pack(x.sort(0).values, m))),
    Mistake("interleaved", "The right samples share a row, but they are shuffled into each other: "
            "first the first numbers of all, then the second. Side by side means one sample whole, "
            "then the next.",
            like=(lambda x, m: x.unfold(0, m, m).flatten(1),
                  lambda x, m: torch.stack(x.chunk(m), 2).flatten(1))),
    Mistake("mixed", "The shape is right, but the samples are not whole: their numbers have been "
            "moved, or mixed with each other's. Look for what turns rows into columns, or computes "
            "with the numbers, on the way.",
            when=lambda seen: "numbers that are no whole samples" in seen),
    Mistake("not_once", "Some samples come more than once and others never. Each of them goes into "
            "one pack, once.",
            when=lambda seen: seen.get("samples that come more than once", 0) > 0),
)
LEFT_OVER_MISTAKES = (
    Mistake("left_over", "It works when m divides N, and stops when it does not: here 11 samples "
            "make 2 packs of 4, and 3 are left over. Leave these out before you pack.",
            when=lambda seen: "the error" in seen),
    Mistake("padded", "It fills the last pack up, with zeros or with samples used before. D would "
            "learn to know that pack by its filling: leave out what does not fill a pack.",
            when=lambda seen: seen.get("what comes back") == "a tensor of shape (3, 12)"),
)
NO_WAY_BACK = Mistake("detached", "The packs are right, but no gradient flows back through them, "
                      "so G could not learn from D. What in it leaves the tensors, or cuts them "
                      "loose?",
                      when=lambda seen: True)


def samples(N, d, m, gradient=False):
    def inputs():
        x = torch.randn(N, d, generator=torch.Generator().manual_seed(4))
        return {"x": x.requires_grad_(gradient), "m": m}
    return inputs


def form(results, inputs):
    seen = number_called("what comes back", results)
    return {name: f"a tensor of shape {tuple(packs.shape)}" if isinstance(packs, Tensor) else packs
            for name, packs in seen.items()}


def contents(results, inputs):
    """If the packs hold whole samples, whether each comes once: in which pack does not matter,
    unless they were sorted.
    """
    x = inputs["x"].double()
    for packs in map(as_number, results):
        # (places, N): which sample lies in which place
        holds = (packs.reshape(-1, 1, x.shape[1]) == x).all(2)
        if not holds.any(1).all():
            return {"numbers that are no whole samples": packs}
        sizes = torch.cat([x, x.norm(dim=1, keepdim=True)], 1)[holds.int().argmax(1)].diff(dim=0)
        return {"samples that come more than once": int((holds.sum(0) > 1).sum()),
                "samples are in order": bool(((sizes > 0).all(0) | (sizes < 0).all(0)).any())}
    return {}


def way_back_to_x(results, inputs):
    for result in results:
        if not (isinstance(result, Tensor) and result.requires_grad):
            return {"the gradient of x": "missing"}
        return {"the gradient of x": as_number(torch.autograd.grad(result.sum(), inputs["x"])[0])}
    return {}


EXERCISES = (
    Exercise("04.reverse_kl", reverse_kl,
             (counted(40, 0, 25, 10, 0, 5), counted(3.0, 50.0, 7.0, 20.0, 1.0),
              counted(0, 0, 12, 0), counted(6, 6, 6)),
             ("First make shares h of the counts: which part of the good samples lies on each "
              "mode? They add up to 1.",
              "KL(h || uniform) is the sum of h_k times the logarithm of h_k divided by 1/K. What "
              "should a mode with h_k = 0 add?",
              "`torch.special.xlogy(a, b)` is a log b, with 0 log 0 = 0. Here a is h, and b is h "
              "times K; then the sum."),
             "All modes alike give 0. A single mode of K gives log K, the largest value there is.",
             frozenset({"K", "modes", "centres", "samples"})),
    Exercise("04.pack", pack,
             (Probe(samples(12, 5, 3), form, FORM_MISTAKES),
              Probe(samples(12, 5, 3), contents, CONTENTS_MISTAKES),
              Probe(samples(11, 3, 4), form, LEFT_OVER_MISTAKES),
              Probe(samples(11, 3, 4), contents, CONTENTS_MISTAKES),
              Probe(samples(12, 5, 3, gradient=True), way_back_to_x, (NO_WAY_BACK,))),
             ("In memory the samples lie one after the other, each as d numbers. What has to "
              "change so that m of them count as one row?",
              "Nothing has to be moved: `reshape` to rows of m d numbers. But first, how many "
              "samples fill whole packs?",
              "The first `len(x) // m * m` samples fill whole packs. Take these, and `reshape(-1, "
              "...)` them to rows of m times `x.shape[1]` numbers."),
             "D now sees m samples at once, and m look-alikes give G away.",
             frozenset({"N", "d", "fake", "real"})),
    Exercise("04.imagined_step", imagined_step,
             (Probe(_imagined.before_the_step, _imagined.new_place, _imagined.STEP_MISTAKES),
              Probe(_imagined.before_the_step, _imagined.ways_back, _imagined.GRAPH_MISTAKES)),
             ("Three things: D's loss at these parameters, its slopes, and the parameters minus "
              "eta times the slopes. Neither an optimizer nor `backward` is needed.",
              "`torch.autograd.grad(loss, tensors)` hands you the slopes, one for each tensor. "
              "Which option makes them functions of the fakes?",
              "The tensors are `tuple(parameters.values())`, the option is `create_graph=True`; "
              "`zip` brings names and slopes together in a new dict."),
             "G can now ask how its fakes steer D, before D has moved.",
             frozenset({"G", "z", "logits", "loss", "optimizer_D"})),
)
