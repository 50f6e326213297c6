"""The exercises of notebook 05: the earth mover's distance on a line, the gradient penalty, and
power iteration.
"""
import torch

from gan_course.lessons.exercises import _penalty
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def earth_mover(x, y):
    """The earth mover's distance of two samples on a line, equally many numbers in each: (N,), (N,)
    -> scalar.
    """
    return (x.sort().values - y.sort().values).abs().mean()


def gradient_penalty(critic, real, fake):
    """E[(|grad D(u)| - 1)^2] at points u between real and fake, both (N, *data_shape) -> scalar."""
    e = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # one share a pair
    u = (e * real + (1 - e) * fake).requires_grad_(True)
    slope, = torch.autograd.grad(critic(u).sum(), u, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def power_iteration(W, u, steps):
    """The largest singular value of W (m, n), by so many steps of power iteration from a start u
    (m,).
    """
    for _ in range(steps):
        v = W.T @ u
        v = v / v.norm()
        u = W @ v
        u = u / u.norm()
    return u @ W @ v


def gaps(x, y):
    return x.sort().values - y.sort().values


def pairs(x, y):
    return (x[:, None] - y).abs()


EARTH_MISTAKES = (
    Mistake("vector", "It gives one number for each pair. The distance is one number: what is the "
            "work of moving all the earth, per grain?",
            when=lambda seen: isinstance(seen.get("the distance"), torch.Tensor)
                              and seen["the distance"].dim() > 0),
    Mistake("two_results", "`sort` gives two things back, the sorted numbers and where they stood, "
            "and only the first can be subtracted. Which name do the sorted numbers have?",
            when=lambda seen: "return_types" in seen.get("the error", "")
                              or "'tuple' and 'tuple'" in seen.get("the error", "")),
    Mistake("not_sorted", "It pairs the numbers as they happen to stand in the tensors. Shuffle "
            "one of them and the distance changes, though not a grain has moved. Which pairing "
            "costs least?",
            like=lambda x, y: (x - y).abs().mean()),
    Mistake("opposite", "One sample is sorted upwards and the other downwards: that pairs the "
            "leftmost with the rightmost, the dearest way there is.",
            like=lambda x, y: (x.sort().values - y.sort(descending=True).values).abs().mean()),
    Mistake("one_sorted", "Only one of the two samples is sorted, so the pairs are as good as "
            "drawn by lot. The leftmost belongs to the leftmost.",
            like=(lambda x, y: (x.sort().values - y).abs().mean(),
                  lambda x, y: (x - y.sort().values).abs().mean())),
    Mistake("signed", "Moves to the right and moves to the left cancel out, and what is left is "
            "the difference of the two means. Moving earth costs something in either direction.",
            like=(lambda x, y: x.mean() - y.mean(), lambda x, y: y.mean() - x.mean(),
                  lambda x, y: (x.mean() - y.mean()).abs())),
    Mistake("squared", "It squares the ways. That is another distance of the same family, W2: a "
            "long way costs more than its length there. Here the price of a way is its length.",
            like=(lambda x, y: gaps(x, y).square().mean(),
                  lambda x, y: gaps(x, y).square().mean().sqrt(), lambda x, y: gaps(x, y).norm())),
    Mistake("sum", "It adds up the ways, so twice as many points of the same two heaps would be "
            "twice as far apart. Each heap weighs 1 in all: how much does one point weigh?",
            like=(lambda x, y: gaps(x, y).abs().sum(), lambda x, y: pairs(x, y).sum())),
    Mistake("all_pairs", "It averages over every possible pair. Then even a sample compared with "
            "itself has a distance; but each grain goes to one place only.",
            like=lambda x, y: pairs(x, y).mean()),
    Mistake("nearest", "It sends each point to its nearest neighbour, and several may choose the "
            "same one. Every place wants to be filled exactly once.",
            like=(lambda x, y: pairs(x, y).min(1).values.mean(),
                  lambda x, y: pairs(x, y).min(0).values.mean())),
    Mistake("longest", "It gives the longest way only. Every grain's way counts.",
            like=lambda x, y: gaps(x, y).abs().max()),
    Mistake("ranks", "It compares the places in the order instead of the numbers themselves: "
            "`argsort` says where something stands, not how large it is.",
            like=lambda x, y: (x.argsort() - y.argsort()).abs().float().mean()),
    Mistake("medians", "It takes the middle way instead of the mean one, and does not notice what "
            "happens to half of the earth.",
            like=(lambda x, y: gaps(x, y).abs().median(),
                  lambda x, y: (x.median() - y.median()).abs())),
)


def iterate(W, u, steps, unit=lambda v: v / v.norm()):
    for _ in range(steps):
        v = unit(W.T @ u)
        u = unit(W @ v)
    return u, v


def of_the_square(W, u, steps):
    for _ in range(steps):
        u = W @ (W.T @ u)
        u = u / u.norm()
    return u @ W @ (W.T @ u)


POWER_MISTAKES = (
    Mistake("overflow", "It brings the vectors to length 1 only at the very end. On paper that is "
            "the same; on a machine a large matrix has overflowed by then. Do it in every step.",
            when=lambda seen: isinstance(seen.get("sigma"), torch.Tensor)
                              and not torch.isfinite(seen["sigma"]).all()),
    Mistake("not_normalised", "The vectors are never brought back to length 1, so what comes out "
            "grows or shrinks with every step and has little to do with the matrix. Only their "
            "direction is wanted.",
            like=(lambda W, u, steps: (lambda u, v: u @ W @ v)(*iterate(W, u, steps, lambda v: v)),
                  lambda W, u, steps: iterate(W, u, steps, lambda v: v)[0].norm(),
                  lambda W, u, steps: iterate(W, u, steps, lambda v: v)[1].norm())),
    Mistake("one_step", "It takes a single step, whatever `steps` says. One step only begins to "
            "turn the vector.",
            like=(lambda W, u, steps: (lambda u, v: u @ W @ v)(*iterate(W, u, 1)),
                  lambda W, u, steps: (W @ iterate(W, u, 1)[1]).norm())),
    Mistake("squared", "This is the square of it: an eigenvalue of W W^T. What is the factor by "
            "which W itself stretches?",
            like=(of_the_square,
                  lambda W, u, steps: (lambda u, v: (u @ W @ v) ** 2)(*iterate(W, u, steps)))),
    Mistake("frobenius", "This is the sum of all squares, or its root, which counts every "
            "direction. Spectral normalisation asks for the one direction that W stretches most.",
            like=(lambda W, u, steps: W.norm(), lambda W, u, steps: W.square().sum())),
    Mistake("a_vector", "It gives back a direction. How much does W stretch along it? One number "
            "is wanted.",
            when=lambda seen: isinstance(seen.get("sigma"), torch.Tensor)
            and seen["sigma"].dim() == 1
            or seen.get("sigma") in ("a tuple", "a list")),
    Mistake("a_matrix", "It gives back a matrix. The normalised matrix comes later; here only the "
            "number to divide by is wanted.",
            when=lambda seen: isinstance(seen.get("sigma"), torch.Tensor)
                              and seen["sigma"].dim() == 2),
    Mistake("length_one", "It gives back the length of a vector that has just been brought to "
            "length 1, so it is always 1.",
            like=lambda W, u, steps: torch.tensor(1.0)),
    Mistake("largest_entry", "This is a largest entry, row or column. A matrix can stretch a "
            "slanting direction more than any axis.",
            like=(lambda W, u, steps: W.abs().max(), lambda W, u, steps: W.max(),
                  lambda W, u, steps: W.norm(dim=0).max(), lambda W, u, steps: W.norm(dim=1).max(),
                  lambda W, u, steps: W.abs().sum(1).max(),
                  lambda W, u, steps: W.abs().sum(0).max())),
    Mistake("shapes", "W is not square: it turns n numbers into m, and only its transpose leads "
            "back. Which of the two can be applied to u, which has m?",
            when=lambda seen: any(said in seen.get("the error", "") for said in (
                "size mismatch", "incompatible", "must match", "inconsistent tensor size"))),
)


def samples(number, n):
    """Two samples of n numbers each, which overlap, in no order."""
    def inputs():
        generator = torch.Generator().manual_seed(number)
        return {"x": torch.randn(n, generator=generator),
                "y": 1.7 * torch.randn(n, generator=generator) + 0.8}
    return inputs


def matrix(number, scale, steps):
    """A matrix of 4 x 3, the start and how many steps."""
    def inputs():
        generator = torch.Generator().manual_seed(number)
        return {"W": scale * torch.randn(4, 3, generator=generator),
                "u": torch.randn(4, generator=generator), "steps": steps}
    return inputs


def distance(results, inputs):
    return number_called("the distance", results)


def sigma(results, inputs):
    return number_called("sigma", results)


EXERCISES = (
    Exercise("05.earth_mover", earth_mover,
             (Probe(samples(1, 23), distance, EARTH_MISTAKES),
              Probe(samples(2, 100), distance, EARTH_MISTAKES)),
             ("On a line nobody needs to overtake: if two ways cross, swapping their ends is never "
              "longer. So who goes with whom?",
              "The leftmost of x goes to the leftmost of y, the second to the second. Put both in "
              "order first.",
              "`x.sort().values` is x in order. The same for y; then the lengths of the "
              "differences, and their mean."),
             "On a line sorting solves it. In the plane there is no order, and that is where the "
             "critic comes in.",
             frozenset({"bumps", "fakes", "reals"})),
    Exercise("05.gradient_penalty", gradient_penalty,
             (Probe(_penalty.points, _penalty.look, _penalty.MISTAKES),
              Probe(_penalty.images, _penalty.look, _penalty.ON_IMAGES),
              Probe(_penalty.points, _penalty.gradient, _penalty.IN_THE_GRADIENT),
              Probe(_penalty.flat, _penalty.at_slope_zero)),
             ("Four things: points between real and fake, D's gradient at these points, the length "
              "of each gradient, the penalty for lengths other than 1.",
              "`torch.rand` draws a share e for each pair. `torch.autograd.grad` of the *sum* of "
              "the scores, with respect to the points, holds each point's own gradient. The "
              "penalty is itself differentiated later: what has to be kept for that?",
              "e has shape (N, 1, ..); the points need `requires_grad_(True)`; "
              "`create_graph=True`; `slope.flatten(1).norm(dim=1)` is (N,); minus 1, squared, "
              "mean."),
             "It does not depend on which of the two ends e counts from.",
             frozenset({"LAMBDA", "critics", "x"}),
             (_penalty.SQRT_AT_ZERO,)),
    Exercise("05.power_iteration", power_iteration,
             (Probe(matrix(1, 1.0, 3), sigma, POWER_MISTAKES),
              Probe(matrix(2, 1.0, 60), sigma, POWER_MISTAKES),
              Probe(matrix(3, 1e6, 12), sigma, POWER_MISTAKES)),
             ("Apply W and its transpose in turn: the direction that W stretches most wins a "
              "little more each time.",
              "From u to v with the transpose, back to u with W, and after each of the two the "
              "vector is brought to length 1.",
              "In the end u and v are the two directions, and u @ W @ v is how much W stretches v "
              "along u."),
             "Spectral normalisation takes one such step in every pass, from where the last one "
             "ended.",
             frozenset({"W_matrix", "start"})),
)
