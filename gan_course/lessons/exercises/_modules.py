"""Looking at layers that a learner writes: parameters that are set, and what comes out."""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _gradients, _sandbox
from gan_course.lessons.exercises._checking import (
    Mistake,
    Seen,
    as_number,
    number_called,
)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def outcome_of(net: nn.Module, *inputs: Tensor, learned_inputs: bool = True) -> Seen:
    """What comes out in float64, how the forward pass went, and whether a gradient comes back to
    all parameters, and to the inputs where these come from other layers.
    """
    given = [each.double().requires_grad_(learned_inputs) for each in inputs]
    forward = _sandbox.run(net.double(), [each.clone() for each in given])
    seen = {"the output": as_number(forward.result), "_forward": forward}
    return seen | gradient_seen(net, forward.result, given if learned_inputs else [])


def gradient_seen(net: nn.Module, result, inputs: list[Tensor]) -> Seen:
    """Where a gradient of what came out of a layer comes back, if a tensor did."""
    if not isinstance(result, Tensor):
        return {}
    sources = {"its parameters": net} | {f"input {k + 1}": each for k, each in enumerate(inputs)}
    return {"the gradient": _gradients.reached(result, sources)}


NOT_A_MODULE = Mistake("not_a_module", "It has to be a class derived from `nn.Module`, whose "
                       "`__init__` begins with that of its parent.",
                       when=lambda seen: "a module" in seen or "Module.__init__" in seen.get(
                           "the error", ""))


def module_or(look: Callable) -> Callable:
    """`look(net, inputs)` where the answer has made a module."""
    def looked(results: list, inputs: dict) -> Seen:
        if results and not isinstance(results[0], nn.Module):
            return {"a module": False}
        return look(results[0], inputs) if results else {}
    return looked


def maps_seen(results: list, inputs: dict) -> Seen:
    return number_called("the feature maps", results)


def same_size(seen: Seen) -> bool:
    return "must match" in seen.get("the error", "")
