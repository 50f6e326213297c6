"""What exercises on a player's step have in common: two small networks under observation, and what
goes wrong with any step.

The networks come with gradients left over from an earlier step, as in a real loop, and with hooks
that note what happens: which network is asked with gradients switched off, where a backward pass
arrives, and what lies in the gradients at each step of the optimizer.
"""
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course import nets
from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Mistake, Seen, as_number, number_called

N, Z_DIM, LR = 6, 3, 0.5
LEFT_OVER = 0.25
"""What an earlier step left in every gradient."""

OWN_NOISE = ("It draws noise of its own and leaves z aside. The caller decides on the noise, so "
             "that a run can be repeated: use z.")

VECTOR = ("The loss is still a vector, one number for each example, and `backward` wants one "
          "number. The E in the formula stands for something that has not been done yet.")

SUM = ("It adds up over the examples, so the loss grows with the batch size and its chance level "
       "means nothing. The E in the formula is a mean.")

NO_DETACH = Mistake("no_detach", "The step is right, and wasteful: the gradient also flows back "
                    "into G, where a gradient towards worse fakes is left behind. It costs time, "
                    "and if a `zero_grad` is forgotten it does harm. What cuts the fakes loose "
                    "from G?",
                    when=lambda seen: "gradients reach G" in seen)


class Watched(torch.optim.SGD):
    """The optimizer of the player whose step it is, with the notes taken about both."""

    def __init__(self, mover: nn.Module, players: dict[str, nn.Module]):
        super().__init__(mover.parameters(), LR)
        self.mover, self.players = mover, players
        self.before = {name: parameters_to_vector(net.parameters()).detach().clone()
                       for name, net in players.items()}
        # ("backward", "D"), ("step", "full") and so on, in order
        self.log: list[tuple[str, str]] = []
        self.clean = None  # were the mover's gradients clean at the first backward pass?
        self.register_step_pre_hook(
            lambda *_: self.log.append(("step", "full" if _dirty(mover) else "empty")))
        for name, net in players.items():
            net.register_forward_pre_hook(lambda *_, name=name: self.asked(name))
            list(net.parameters())[-1].register_hook(
                lambda _, name=name, net=net: self.arrived(name, net))

    def asked(self, name: str) -> None:
        if not torch.is_grad_enabled():
            self.log.append(("no_grad", name))

    def arrived(self, name: str, net: nn.Module) -> None:
        self.log.append(("backward", name))
        if net is self.mover and self.clean is None:
            self.clean = not _dirty(net)


def _dirty(net: nn.Module) -> bool:
    return any(parameter.grad is not None and bool(parameter.grad.any())
               for parameter in net.parameters())


def scene(mover: str) -> dict[str, nn.Module | Watched]:
    """G and D as they are before each call, and the optimizer of the one whose step it is."""
    _sandbox.seed(7)
    G = nets.MLPGenerator(Z_DIM, (2,), width=8, depth=1)
    D = nets.MLPDiscriminator((2,), width=8, depth=1)
    return watched(G, D, mover)


def watched(G: nn.Module, D: nn.Module, mover: str) -> dict[str, nn.Module | Watched]:
    """Two networks as an earlier step left them, and the optimizer of the one whose step it is."""
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters()):
            parameter.mul_(2.0)  # logits far enough from 0 to tell one formula from another
            parameter.grad = torch.full_like(parameter, LEFT_OVER)
    return {"G": G, "D": D,
            f"optimizer_{mover}": Watched({"G": G, "D": D}[mover], {"G": G, "D": D})}


def numbers(*names: str) -> dict[str, Tensor]:
    """Fixed x and z."""
    generator = torch.Generator().manual_seed(3)
    drawn = {"x": torch.randn(N, 2, generator=generator) + 1,
             "z": torch.randn(N, Z_DIM, generator=generator)}
    return {name: drawn[name] for name in names}


def move(results: list, inputs: dict) -> Seen:
    """What the loss was, how both networks moved, and in which state they were left."""
    notes = next(value for value in inputs.values() if isinstance(value, Watched))
    seen = number_called("the loss it gives back", results)
    for name, net in notes.players.items():
        seen[f"how {name} moved"] = as_number(parameters_to_vector(net.parameters())
                                              - notes.before[name])
        seen[f"{name} in training mode"] = net.training
        seen[f"{name} asks for gradients"] = all(parameter.requires_grad
                                                 for parameter in net.parameters())
    mover = next(name for name, net in notes.players.items() if net is notes.mover)
    return seen | {"_log": notes.log, "_mover": mover, "_clean": notes.clean,
                   "_dirty_after": _dirty(notes.mover)}


def reaches_G(results: list, inputs: dict) -> Seen:
    """Whether a step of D sends gradients back into G."""
    return {"gradients reach G": "yes"} if ("backward", "G") in inputs["optimizer_D"].log else {}


def means(logits: Tensor) -> Tensor:
    """Small where D takes all of them for fakes."""
    return softplus(logits).mean()


def sums(logits: Tensor) -> Tensor:
    """`means` with the mean forgotten."""
    return softplus(logits).sum()


def of_the_move(other: str) -> tuple[Mistake, ...]:
    """What goes wrong with any step, whatever the loss.

    `other` is the player who is to stand still.
    """
    return (
        Mistake("cut_loss", "The loss has lost its history before `backward` is called, so there "
                "is nothing to go back along. Turn it into a plain number, or detach it, only in "
                "the last line.",
                when=lambda seen: "does not require grad" in seen.get("the error", "")
                                  and not without_gradients(seen)),
        Mistake("eval", "It leaves a network in evaluation mode. In a step both are in training "
                "mode: dropout and BatchNorm behave otherwise in evaluation, and stay so for the "
                "rest of the training.",
                when=lambda seen: not (seen["G in training mode"] and seen["D in training mode"])),
        Mistake("frozen", "It leaves parameters that ask for no gradients. The next step of that "
                "player would fail, or move nothing.",
                when=lambda seen: not (seen["G asks for gradients"]
                                       and seen["D asks for gradients"])),
        Mistake("backward_forgotten", "No backward pass took place, so no parameter learned which "
                "way to go. Between the loss and the step one line is missing.",
                when=lambda seen: not any(kind == "backward" for kind, _ in seen["_log"])
                                  and "the error" not in seen),
        Mistake(f"moves_{other}", f"It moves {other}'s parameters too. In this step {other} stands "
                "still: each optimizer holds the parameters of one player, and only one optimizer "
                "has its turn here.",
                when=lambda seen: bool(seen[f"how {other} moved"].any())),
        Mistake("step_forgotten", "The gradients are there, but nobody took the step: the "
                "parameters are where they were. Who has to act on the gradients?",
                when=lambda seen: not _steps(seen) and _learns(seen) and _stood(seen)),
        Mistake("step_first", "The optimizer steps before the backward pass, so it acts on "
                "gradients left over from another step. Which of the two makes the gradients, and "
                "which one uses them?",
                when=_stepped_first),
        Mistake("zero_after_backward", "The gradients are wiped out between the backward pass and "
                "the step, so the step has nothing to act on. Wiping belongs where only old "
                "gradients are lost.",
                when=lambda seen: _learns(seen) and ("step", "empty") in seen["_log"]),
        Mistake("zero_after_step", "It wipes the gradients at the end of the step, and that is too "
                "late for this one: the other player's backward pass has left gradients here in "
                "the meantime. Start clean, just before your own backward pass.",
                when=lambda seen: seen["_clean"] is False and not seen["_dirty_after"]),
        Mistake("zero_forgotten", "It adds to gradients that were left over from an earlier step: "
                "PyTorch sums them up until someone wipes them out. One line is missing before the "
                "backward pass.",
                when=lambda seen: seen["_clean"] is False),
        Mistake("two_steps", "It calls `step()` more than once. Asked is one step of one "
                "optimizer.",
                when=lambda seen: len(_steps(seen)) > 1),
    )


def of_a_single_network() -> tuple[Mistake, ...]:
    """What goes wrong with any step of a network that has no opponent."""
    says = {"eval": "It leaves the network in evaluation mode. A training step leaves it in "
                    "training mode.",
            "frozen": "It leaves parameters that ask for no gradients. The next step would fail, "
                      "or move nothing.",
            "zero_after_step": "It wipes the gradients at the end, which is too late for this "
                               "step: something is left over already when it begins. Start clean, "
                               "just before your own backward pass."}
    when = {"eval": _one_says("in training mode"), "frozen": _one_says("asks for gradients")}
    return tuple(replace(each, says=says.get(each.id, each.says), when=when.get(each.id, each.when))
                 for each in of_the_move("") if each.id != "moves_")


def _one_says(words: str) -> Callable[[Seen], bool]:
    """Whether a network that was watched is not as these words say."""
    return lambda seen: any(name.endswith(words) and not value for name, value in seen.items())


def without_gradients(seen: Seen, *names: str) -> bool:
    """Whether one of these networks (by default any) was asked while gradients were switched off.
    """
    return any(kind == "no_grad" and (not names or name in names) for kind, name in seen["_log"])


def _steps(seen: Seen) -> list[int]:
    return [place for place, (kind, _) in enumerate(seen["_log"]) if kind == "step"]


def _learns(seen: Seen) -> bool:
    return ("backward", seen["_mover"]) in seen["_log"]


def _stepped_first(seen: Seen) -> bool:
    if "modified by an inplace operation" in seen.get("the error", ""):
        return bool(_steps(seen))
    steps = _steps(seen)
    return (_learns(seen) and bool(steps)
            and steps[0] < seen["_log"].index(("backward", seen["_mover"])))


def _stood(seen: Seen) -> bool:
    return not seen[f"how {seen['_mover']} moved"].any()


def D_move(loss: Callable[[Tensor, Tensor], Tensor],
           noise: Callable[[Tensor], Tensor] = lambda z: z) -> Callable:
    """A step of D, right in everything but the `loss` of the real and fake logits, or the `noise`
    made of z.
    """
    def move(G, D, optimizer_D, x, z):
        value = loss(D(x), D(G(noise(z)).detach()))
        optimizer_D.zero_grad()
        value.backward()
        optimizer_D.step()
        return value
    return move


def G_move(loss: Callable[[Tensor], Tensor],
           noise: Callable[[Tensor], Tensor] = lambda z: z) -> Callable:
    """A step of G, right in everything but the `loss` of the fake logits, or the `noise` made of z.
    """
    def move(G, D, optimizer_G, z):
        value = loss(D(G(noise(z))))
        optimizer_G.zero_grad()
        value.backward()
        optimizer_G.step()
        return value
    return move
