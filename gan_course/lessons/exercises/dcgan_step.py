"""The training step of notebook 07: that of notebook 03, and then the average follows."""
import copy
from dataclasses import replace

import torch
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course.lessons.exercises import _loops
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, as_number
from gan_course.lessons.exercises.averaged_generator import ema


def training_step(G, D, G_ema, optimizer_G, optimizer_D, x):
    """D moves, then G, then G_ema follows G. Returns D's loss and G's loss, as plain numbers."""
    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss_D = softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss_G = softplus(-D(G(z))).mean()
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()

    ema(G_ema, G, 0.995)
    return loss_D.item(), loss_G.item()


def scene() -> dict:
    """Both players as of `_loops.scene`, and an average that stands elsewhere than G."""
    found = _loops.scene()
    average = copy.deepcopy(found["G"]).requires_grad_(False)
    for name in ("before", "log", "reached"):
        delattr(average, name)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter.add_(1.0)
            parameter.grad = None
    found["G"].average_before = parameters_to_vector(average.parameters()).clone()
    order = ("G", "D", "G_ema", "optimizer_G", "optimizer_D", "x")
    found["G_ema"] = average
    return {name: found[name] for name in order}


def step_played(results: list, inputs: dict) -> dict:
    """A round as `_loops.round_played` sees it, and how far the average has come."""
    seen = _loops.round_played(results, inputs)
    average, before = inputs["G_ema"], inputs["G"].average_before
    now, target = (parameters_to_vector(inputs[name].parameters()).detach()
                   for name in ("G_ema", "G"))
    share = ((now - before) / (target - before)).double()
    seen["how far the average went"] = as_number(share.mean())
    seen["every parameter as far"] = bool((share - share.mean()).abs().max() < 1e-3)
    seen["the average asks for gradients"] = any(parameter.requires_grad
                                                 for parameter in average.parameters())
    return seen


def followed(played, decay: float = 0.995, first: bool = False):
    """A round of `_loops`, with the average behind it (or before it)."""
    def training_step(G, D, G_ema, optimizer_G, optimizer_D, x):
        if first:
            ema(G_ema, G, decay)
        losses = played(G, D, optimizer_G, optimizer_D, x)
        if not first:
            ema(G_ema, G, decay)
        return losses
    return training_step


def with_average(mistake: Mistake) -> Mistake:
    """A mistake of a round, as it looks where the average follows."""
    likes = mistake.like if isinstance(mistake.like, tuple) else (mistake.like,)
    return replace(mistake, like=tuple(map(followed, likes)))


def of_the_average(seen: dict) -> float:
    """The share of the way to G that the average went."""
    share = seen.get("how far the average went")
    return share.item() if isinstance(share, torch.Tensor) else float("nan")


MISTAKES = (
    Mistake("average_of_D", "`ema` was given networks that do not fit each other. The average is "
            "one of generators: which two belong together?",
            when=lambda seen: any(word in seen.get("the error", "")
                                  for word in ("zip()", "size of tensor"))),
    *map(with_average, _loops.OF_A_ROUND[:-1]),
    Mistake("average_stands", "Both players have moved, and the average has not: it should follow "
            "G once in every step.",
            when=lambda seen: "the error" not in seen and of_the_average(seen) == 0),
    Mistake("average_first", "The average follows before G has moved, so it is always one step "
            "late. Call `ema` behind G's step.",
            like=followed(_loops.played(), first=True)),
    Mistake("average_swapped", "The average jumps nearly all the way to G. With a decay of 0.995 "
            "it keeps 0.995 of itself.",
            when=lambda seen: 0.9 < of_the_average(seen) <= 1.001),
    Mistake("decay", "The average moves, but not by the share that is asked for. The decay is "
            "0.995, once in each step.",
            when=lambda seen: "the error" not in seen and _loops.moved_right(seen)
            and abs(of_the_average(seen) - 0.005) > 1e-4),
    _loops.OF_A_ROUND[-1],
)

EXERCISES = (
    Exercise("07.training_step", training_step,
             (Probe(scene, step_played, MISTAKES, lambda inputs: {"ema": ema}),), (
                 "It is the step of notebook 03, exercise 6, with one more line.",
                 "D's half: noise, `G(z).detach()`, the loss on real and fake, `zero_grad`, "
                 "`backward`, `step`. G's half has new noise and no `detach`. Then the average.",
                 "`loss_D = softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()`; new z; "
                 "`loss_G = softplus(-D(G(z))).mean()`; after G's step `ema(G_ema, G, 0.995)`; "
                 "give back `loss_D.item(), loss_G.item()`."),
             "D has moved, then G, and the average follows.",
             frozenset({"z", "fake", "loss_D", "loss_G", "decay"}), (_loops.NO_DETACH,)),
)
