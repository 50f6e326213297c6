"""The exercise of notebook deeper/16_inversion: gradient descent on z, from several starts."""
from collections.abc import Callable

import torch
from torch import Tensor

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)
from gan_course.lessons.exercises.anomaly import Bent


def invert(G, x, z, steps, lr):
    """For each x (N, ...) the best z (N, d) that Adam finds from the starts z (S, N, d)."""
    z = z.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], lr=lr)

    def errors():
        images = G(z.flatten(0, 1)).unflatten(0, z.shape[:2])       # (S, N, ...)
        return (images - x).square().flatten(2).sum(dim=2)          # (S, N)

    for _ in range(steps):
        optimizer.zero_grad()
        errors().sum().backward()                       # each z has its own error and gradient
        optimizer.step()
    with torch.no_grad():
        best = errors().argmin(dim=0)
    return z.detach()[best, torch.arange(len(x))]


class Rows(Bent):
    """A small generator that reads z as rows, as convolutional ones do."""

    def forward(self, z: Tensor) -> Tensor:
        """z (N, 3) -> images (N, 1, 2, 4)."""
        if z.dim() != 2:
            raise ValueError(f"G reads z of shape (N, d); got {tuple(z.shape)}.")
        return super().forward(z)


def starts() -> dict:
    """A generator, images that it can draw and images that it cannot, and four starts for each."""
    _sandbox.seed(5)
    G = Rows().requires_grad_(False)
    with torch.no_grad():
        G.layer.weight.mul_(3.0)
        x = torch.cat([G(torch.randn(3, 3)), torch.randn(2, 1, 2, 4).clamp(-1, 1)])
    return {"G": G, "x": x, "z": torch.randn(4, 5, 3), "steps": 12, "lr": 0.1}


def found(results: list, inputs: dict) -> Seen:
    z = results[0] if results else None
    seen = number_called("the z", results)
    seen["_starts"], seen["_images"] = tuple(inputs["z"].shape), tuple(inputs["x"].shape)
    return seen | {"still asks for gradients": bool(getattr(z, "requires_grad", False))}


def errors_of(G, x, z, error: Callable = torch.square) -> Tensor:
    """The errors of the starts z (S, N, d): (S, N)."""
    images = torch.stack([G(each) for each in z])
    return error(images - x).flatten(2).sum(dim=2)


def each_best(errors: Tensor) -> Tensor:
    return errors.argmin(dim=0)


def searched(error: Callable = torch.square, sign: float = 1.0, choose: Callable = each_best,
             optimizer: Callable = lambda z, lr: torch.optim.Adam([z], lr=lr),
             fresh: bool = False, zero: bool = True, moved: bool = True,
             give: Callable | None = None) -> Callable:
    """An inversion that is right but for what is changed."""
    def invert(G, x, z, steps, lr):
        begun = choose(errors_of(G, x, z))
        z = (torch.randn_like(z) if fresh else z.clone()).requires_grad_(True)
        moving = optimizer(z, lr)
        for _ in range(steps):
            if zero:
                moving.zero_grad()
            (sign * errors_of(G, x, z, error).sum()).backward()
            moving.step()
        z = z.detach()
        best = choose(errors_of(G, x, z, error)) if moved else begun
        return give(G, x, z, best) if give else z[best, torch.arange(len(x))]
    return invert


def _shape(seen: Seen) -> tuple:
    z = seen.get("the z")
    return tuple(z.shape) if isinstance(z, Tensor) else ()


OF_THE_SEARCH = (
    Mistake("not_a_leaf", "The optimizer refuses z, because z was computed from something and has "
            "a history. Take `z.clone()` and then `requires_grad_(True)`, in this order.",
            when=lambda seen: "non-leaf" in seen.get("the error", "")),
    Mistake("no_gradient", "Nothing on the way to the error asks for a gradient in z. Which tensor "
            "should the optimizer move?",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("scalar_needed", "`backward` wants one number. The errors of all starts and images may "
            "be added up: each z has a gradient of its own error alone.",
            when=lambda seen: "scalar outputs" in seen.get("the error", "")),
    Mistake("starts_at_once", "G reads a batch (N, d), and there are S starts for each image. Put "
            "them in one batch of S N rows with `z.flatten(0, 1)`, and take them apart afterwards.",
            when=lambda seen: "G reads z of shape" in seen.get("the error", "")),
    Mistake("images", "It gives images. Asked is the z of each image, (N, d).",
            when=lambda seen: _shape(seen) == seen["_images"]),
    Mistake("all_starts", "It gives the z of all starts. Keep the best one for each image, (N, d).",
            when=lambda seen: _shape(seen) == seen["_starts"]),
    Mistake("errors", "It gives a number for each image, an error or a choice. Asked is the z that "
            "belongs to it, (N, d).", when=lambda seen: _shape(seen) == seen["_starts"][1:2]),
    Mistake("did_not_move", "The z are those of the starts: none has moved. Is it z that the "
            "optimizer holds, and is its step taken?",
            like=searched(optimizer=lambda z, lr: torch.optim.SGD([z], lr=0.0))),
    Mistake("uphill", "It moves away from the images: the error grows.",
            like=searched(sign=-1.0)),
    Mistake("one_start", "It keeps the same start for all images. Each image has a best start of "
            "its own: `argmin` over the starts only.",
            like=(searched(choose=lambda e: e.sum(dim=1).argmin().expand(e.shape[1])),
                  searched(choose=lambda e: torch.zeros(e.shape[1], dtype=torch.long)),
                  searched(choose=lambda e: torch.full((e.shape[1],), len(e) - 1)))),
    Mistake("worst", "It keeps the start with the largest error.",
            like=searched(choose=lambda e: e.argmax(dim=0))),
    Mistake("chosen_too_early", "The best start is chosen before any z has moved. A start that is "
            "far away may end nearest, so compare the errors at the end.",
            like=searched(moved=False)),
    Mistake("mean_of_starts", "It takes the mean of the z of all starts. Two z that both draw the "
            "image may have a mean that does not: keep one of them.",
            like=searched(give=lambda G, x, z, best: z.mean(dim=0))),
    Mistake("absolute", "It adds up absolute differences. Asked is the squared error.",
            like=searched(error=torch.abs)),
    Mistake("zero_forgotten", "The gradients of earlier steps are still there and add up. Wipe "
            "them out in each step.", like=searched(zero=False)),
    Mistake("new_start", "It begins at z of its own. Use those that are handed over: they may come "
            "from an encoder.", like=searched(fresh=True)),
    Mistake("sgd", "It moves z by plain gradient descent. Asked is Adam, whose steps have the same "
            "length for near and for far images.",
            like=searched(optimizer=lambda z, lr: torch.optim.SGD([z], lr=lr))),
    Mistake("graph_kept", "The z are right, and they still ask for gradients. Detach them, or "
            "choose under `torch.no_grad()`.",
            when=lambda seen: seen["still asks for gradients"]),
)


EXERCISES = (
    Exercise("16.invert", invert, (Probe(starts, found, OF_THE_SEARCH),), (
        "It is a training in which the weights stand still and z moves. All starts of all images "
        "can move at once, in one tensor.",
        "`z = z.clone().requires_grad_(True)` and an Adam over `[z]`. In each step G draws "
        "`z.flatten(0, 1)`, and `.unflatten(0, z.shape[:2])` gives back (S, N, ...).",
        "The errors are `(images - x).square().flatten(2).sum(dim=2)`, of shape (S, N). Their sum "
        "is the loss; at the end `errors.argmin(dim=0)` tells the best start, and "
        "`z[best, torch.arange(len(x))]` takes it."),
        "The weights stand still, and several z move at once.",
        frozenset({"optimizer", "loss", "images", "E", "vae", "wanted"})),
)
