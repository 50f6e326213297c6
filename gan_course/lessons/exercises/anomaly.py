"""The exercise of notebook 17 on anomalies: the error of an inversion."""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)


def anomaly_score(G, x, z, steps, lr):
    """The squared error (N,) that is left when z has been moved until G(z) looks like x."""
    z = z.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        loss = (G(z) - x).square().sum()            # rows do not meet: each z has its own gradient
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return (G(z) - x).flatten(1).square().sum(dim=1)


# The anomaly score

class Bent(nn.Module):
    """A small generator."""

    def __init__(self):
        super().__init__()
        self.z_dim = 3
        self.layer = nn.Linear(3, 8)

    def forward(self, z: Tensor) -> Tensor:
        """z (N, 3) -> images (N, 1, 2, 4)."""
        return self.layer(z).tanh().view(-1, 1, 2, 4)


def inversion() -> dict:
    """A generator, images that it can draw and images that it cannot, and where z begins."""
    _sandbox.seed(3)
    G = Bent().requires_grad_(False)
    with torch.no_grad():
        G.layer.weight.mul_(2.0)
        x = torch.cat([G(torch.randn(3, 3)), torch.randn(2, 1, 2, 4).clamp(-1, 1)])
    return {"G": G, "x": x, "z": 0.5 * torch.randn(5, 3), "steps": 12, "lr": 0.1}


def inversion_seen(results: list, inputs: dict) -> Seen:
    seen = number_called("the scores", results)
    begun = (inputs["G"](inputs["z"]) - inputs["x"]).flatten(1).square().sum(dim=1).detach()
    seen["_as_begun"] = as_number(begun)
    wanted = bool(getattr(results[0], "requires_grad", False)) if results else False
    return seen | {"still asks for gradients": wanted}


def inverted(error: Callable = lambda d: d.flatten(1).square().sum(dim=1),
             cost: Callable = lambda d: d.square().sum(),
             optimizer: Callable = lambda z, lr: torch.optim.Adam([z], lr=lr), fresh: bool = False,
             zero: bool = True, late: bool = True) -> Callable:
    """An inversion that is right but for what is changed; errors are functions of G(z) - x."""
    def anomaly_score(G, x, z, steps, lr):
        z = (torch.randn_like(z) if fresh else z.clone()).requires_grad_(True)
        moving, last = optimizer(z, lr), G(z).detach()
        for _ in range(steps):
            last = G(z)
            loss = cost(last - x)
            if zero:
                moving.zero_grad()
            loss.backward()
            moving.step()
        with torch.no_grad():
            return error((G(z) if late else last) - x)
    return anomaly_score


def _unmoved(seen: Seen) -> bool:
    scores = seen.get("the scores")
    begun = seen["_as_begun"]
    return isinstance(scores, Tensor) and scores.shape == begun.shape and bool(
        torch.allclose(scores, begun, atol=1e-6))


OF_THE_INVERSION = (
    Mistake("not_a_leaf", "The optimizer refuses z, because z was computed from something and has "
            "a history. Take `z.clone()` and then `requires_grad_(True)`, in this order.",
            when=lambda seen: "non-leaf" in seen.get("the error", "")),
    Mistake("no_gradient", "Nothing on the way to the loss asks for a gradient in z. Which tensor "
            "should the optimizer move?",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("did_not_move", "The scores are those of the z that came in: z has not moved. Is it z "
            "that the optimizer holds, and is its step taken?", when=_unmoved),
    Mistake("per_batch", "There is one number for all images. Each image needs a score of its own, "
            "or no threshold can tell them apart.",
            when=lambda seen: isinstance(seen.get("the scores"), Tensor)
            and seen["the scores"].dim() == 0),
    Mistake("pixels", "There is a number for each pixel. The score of an image is the sum over its "
            "pixels.", when=lambda seen: isinstance(seen.get("the scores"), Tensor)
            and seen["the scores"].dim() > 1),
    Mistake("mean_of_pixels", "It averages over the pixels. The order of images is the same, but "
            "asked is the sum.",
            like=inverted(error=lambda d: d.flatten(1).square().mean(dim=1))),
    Mistake("root", "It gives lengths. Asked is the squared error.",
            like=inverted(error=lambda d: d.flatten(1).norm(dim=1))),
    Mistake("absolute", "It adds up absolute differences. Asked is the squared error.",
            like=(inverted(error=lambda d: d.flatten(1).abs().sum(dim=1)),
                  inverted(error=lambda d: d.flatten(1).abs().sum(dim=1),
                           cost=lambda d: d.abs().sum()))),
    Mistake("zero_forgotten", "The gradients of earlier steps are still there and add up. Wipe "
            "them out in each step.", like=inverted(zero=False)),
    Mistake("before_the_step", "The score is that of the z before the last step. Draw once more "
            "when the loop has ended.", like=inverted(late=False)),
    Mistake("new_start", "It begins at a z of its own. Use the z that is handed over, so that two "
            "runs can be compared.", like=inverted(fresh=True)),
    Mistake("sgd", "It moves z by plain gradient descent. Asked is Adam, whose steps have the same "
            "length for near and for far images.",
            like=inverted(optimizer=lambda z, lr: torch.optim.SGD([z], lr=lr))),
)


STILL_IN_THE_GRAPH = (
    Mistake("graph_kept", "The scores are right, and they still carry the graph of the last G(z) "
            "along. Compute them under `torch.no_grad()`, or detach them.",
            when=lambda seen: seen["still asks for gradients"]),
)


EXERCISES = (
    Exercise("17.anomaly_score", anomaly_score,
             (Probe(inversion, inversion_seen, (*OF_THE_INVERSION, *STILL_IN_THE_GRAPH)),), (
                 "It is a training in which the weights stand still and z moves.",
                 "`z = z.clone().requires_grad_(True)`, an Adam over `[z]`, and `steps` times: "
                 "loss, `zero_grad`, `backward`, `step`.",
                 "The loss is `(G(z) - x).square().sum()`; at the end, without gradients, "
                 "`(G(z) - x).flatten(1).square().sum(dim=1)`."),
             "The weights stand still, and z moves.", frozenset({"optimizer", "loss", "images"})),
)
