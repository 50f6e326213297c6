"""Whether a gradient flows back through functions and layers whose values are right."""
from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import Mistake, Probe, Seen

ALL, NOTHING = "reaches everything", "reaches nothing"


def reached(result, sources: dict[str, Tensor | nn.Module]) -> str:
    """To which of these, all the parameters of a module, a gradient flows back from a result.

    The result is a tensor, or several in a list or the like. Its entries get different weights:
    the sum of a softmax has no gradient, and its entries have.
    """
    several = isinstance(result, Iterable) and not isinstance(result, Tensor)
    parts = [each for each in (result if several else [result])
             if isinstance(each, Tensor) and each.requires_grad]
    if not parts:
        return NOTHING
    weighed = sum((each * torch.arange(each.numel()).cos().view(each.shape)).sum()
                  for each in parts)
    wanted = {(name, k): each for name, source in sources.items() for k, each in enumerate(
        source.parameters() if isinstance(source, nn.Module) else [source])}
    found = torch.autograd.grad(weighed, list(wanted.values()), allow_unused=True,
                                retain_graph=True)
    left = sorted({name for (name, _), each in zip(wanted, found, strict=True) if each is None})
    return f"does not reach {' and '.join(left)}" if left else ALL


def numpy_refused(seen: Seen) -> bool:
    """A clue: a tensor that needs a gradient was to become an array of NumPy, which has none."""
    return "numpy() on Tensor that requires grad" in seen.get("the error", "")


NOT_DIFFERENTIABLE = Mistake(
    "not_differentiable", "The values are right, but the gradient does not flow back through them, "
    "or not to everything that needs it. A training goes through this function, so it needs "
    "operations that PyTorch can differentiate: no `detach`, no `no_grad`, no way through NumPy, "
    "and no new tensor made from plain numbers.",
    when=lambda seen: seen.get("the gradient", ALL) != ALL or numpy_refused(seen))


def flowing_back(probe: Probe, *arguments: str, says: Mistake = NOT_DIFFERENTIABLE) -> Probe:
    """Another look at a function whose values are right: does a gradient reach these arguments?"""
    def inputs() -> dict:
        made = probe.inputs()
        for name in arguments:
            made[name].requires_grad_(True)
        return made

    def look(results: list, inputs: dict) -> Seen:
        return {"the gradient": reached(results[0], {name: inputs[name] for name in arguments})
                } if results else {}

    return replace(probe, inputs=inputs, look=look, mistakes=(says,))


OF_A_LAYER = (
    Mistake("no_gradient", "No gradient comes back from its output: something in `forward` cuts "
            "the graph (`.detach()`, `.data`, `torch.no_grad()` or NumPy), so that nothing could "
            "learn from it.", when=lambda seen: seen.get("the gradient") == NOTHING),
    Mistake("idle", "No gradient reaches some of its parameters or its inputs. Something is not "
            "used in `forward`, or is cut loose there (`.detach()`, `.data`, `torch.no_grad()`).",
            when=lambda seen: seen.get("the gradient", ALL) not in (ALL, NOTHING)),
)
"""The last mistakes of a layer: a layer that lacks something else, too, hears of that first."""
