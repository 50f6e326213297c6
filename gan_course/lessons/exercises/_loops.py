"""What exercises on whole iterations have in common: both players and both optimizers under
observation, and what goes wrong with an iteration.

The networks come with gradients left over from an earlier iteration, as in a real loop. Afterwards
it is noted how each player moved, in which order, from which noise, and in which state all is left.
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course import nets
from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Mistake, Seen, as_number

N, Z_DIM, LR = 2, 3, 0.5    # so few that one `randn` for both steps gives the same numbers
LEFT_OVER = 0.25
"""What an earlier iteration left in every gradient."""


class Optimizer(torch.optim.SGD):
    """The optimizer of one player, which notes its steps in a list that both share."""

    def __init__(self, name: str, net: nn.Module, log: list[str]):
        super().__init__(net.parameters(), LR)
        self.register_step_pre_hook(lambda *_: log.append(name))


def scene() -> dict:
    """G, D, their optimizers and a mini-batch of real points, as they are before each iteration."""
    _sandbox.seed(7)
    G, D = nets.MLPGenerator(Z_DIM, (2,), width=8,
                             depth=1), nets.MLPDiscriminator((2,), width=8, depth=1)
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters()):
            parameter.mul_(2.0)                 # logits far enough from 0 to tell formulas apart
    x = torch.randn(N, 2, generator=torch.Generator().manual_seed(3)) + 1
    return watched(G, D) | {"x": x}


def watched(G: nn.Module, D: nn.Module) -> dict:
    """Both players, as an earlier iteration left them, and their optimizers."""
    G.log = log = []
    for net in (G, D):
        for parameter in net.parameters():
            parameter.grad = torch.full_like(parameter, LEFT_OVER)
        net.before = parameters_to_vector(net.parameters()).detach().clone()
        net.reached = reached = []              # how many steps had been taken when a gradient came
        list(net.parameters())[-1].register_hook(lambda _, to=reached: to.append(len(log)))
    return {"G": G, "D": D, "optimizer_G": Optimizer("G", G, log),
            "optimizer_D": Optimizer("D", D, log)}


def round_played(results: list, inputs: dict) -> Seen:
    """How both players moved, what was given back, and in which state the networks were left."""
    G, D, log = inputs["G"], inputs["D"], inputs["G"].log
    seen = {f"how {name} moved": as_number(parameters_to_vector(net.parameters()) - net.before)
            for name, net in {"G": G, "D": D}.items()}
    seen |= {f"{name} in training mode": net.training for name, net in {"G": G, "D": D}.items()}
    seen |= {f"{name} asks for gradients": all(parameter.requires_grad
                                               for parameter in net.parameters())
             for name, net in {"G": G, "D": D}.items()}
    seen["the steps"] = " ".join(log)
    losses = results[0] if results and isinstance(results[0], tuple | list) else results
    seen["the losses"] = (torch.stack([as_number(loss) for loss in losses])
                          if losses and all(isinstance(as_number(loss), Tensor)
                                            and as_number(loss).dim() == 0 for loss in losses)
                          else "not two numbers")
    kept = any(isinstance(loss, Tensor) and loss.grad_fn is not None for loss in losses)
    seen["a graph is kept"] = kept
    seen["_D's loss reached G"] = 0 in G.reached
    seen["_D's loss reached D"] = 0 in D.reached
    seen["_backward after step"] = D.reached.count(1) > 1 or 2 in G.reached
    seen["_G's loss reached G"], seen["_G's loss reached D"] = 1 in G.reached, 1 in D.reached
    return seen


def real(logits: Tensor) -> Tensor:
    """Small where D takes the samples for real."""
    return softplus(-logits).mean()


def fake(logits: Tensor) -> Tensor:
    """Small where D takes the samples for fakes."""
    return softplus(logits).mean()


def played(*, zero_D: bool = True, zero_G: bool = True, zero_late: bool = False, fresh: bool = True,
           loss_D: Callable = lambda r, f: real(r) + fake(f), loss_G: Callable = real,
           G_first: bool = False, detach: bool = True, give: Callable = lambda loss: loss.item(),
           zero_between: str = "") -> Callable:
    """An iteration that is right but for what is changed."""
    def training_step(G, D, optimizer_G, optimizer_D, x):
        told = {}
        noise = torch.randn(len(x), G.z_dim)

        def move_D(z):
            made = G(z).detach() if detach else G(z)
            loss = loss_D(D(x), D(made))
            if zero_D:
                optimizer_D.zero_grad()
            loss.backward()
            if "D" in zero_between:
                optimizer_D.zero_grad()
            optimizer_D.step()
            if zero_late:
                optimizer_D.zero_grad()
            told["D"] = give(loss)

        def move_G(z):
            loss = loss_G(D(G(z)))
            if zero_G:
                optimizer_G.zero_grad()
            loss.backward()
            if "G" in zero_between:
                optimizer_G.zero_grad()
            optimizer_G.step()
            if zero_late:
                optimizer_G.zero_grad()
            told["G"] = give(loss)

        first, second = (move_G, move_D) if G_first else (move_D, move_G)
        first(noise)
        second(torch.randn(len(x), G.z_dim) if fresh else noise)
        return told["D"], told["G"]
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    _sandbox.seed(1)
    return same_moves(seen, round_played([played()(*inputs.values())], inputs))


def same_moves(seen: Seen, right: Seen, players: str = "GD") -> bool:
    """Whether all players have moved alike in two iterations."""
    return all(torch.allclose(seen[f"how {name} moved"], right[f"how {name} moved"],
                              rtol=1e-4, atol=1e-6) for name in players)


BOTH_ZERO_FORGOTTEN = (
    "Neither player's old gradients are wiped out before its backward pass, which PyTorch adds to "
    "what is there. Call `zero_grad()` before both of them: after the step it is too late for what "
    "an earlier one has left.")
G_ZERO_FORGOTTEN = ("G's old gradients are not wiped out before its backward pass, so its step "
                    "also follows what an earlier one has left.")


def old_logits(like: Callable | tuple[Callable, ...] = ()) -> Mistake:
    """Both losses come first, then both moves. PyTorch stops with an error if the way back through
    D needs a parameter as it was before D's step.

    Args:
        like: such steps, for a D with which PyTorch lets them pass.

    Returns:
        The mistake.
    """
    return Mistake(
        "old_logits", "G's loss uses what D gave before its step, and goes back through D after "
        "it, when D has already changed. First finish D's move (loss, `zero_grad`, `backward`, "
        "`step`), then ask D again for G's loss.", like,
        lambda seen: "modified by an inplace operation" in seen.get("the error", "")
        and seen["the steps"] == "D" and seen["_D's loss reached D"])


OF_A_ROUND = (
    Mistake("cut_loss", "A loss has lost its graph before `backward` is called, so there is "
            "nothing to go back along. Networks are asked with gradients on, and `.item()` or "
            "`.detach()` of a loss comes last.",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("vector", "A loss is still a vector, one number for each sample, and `backward` wants "
            "one number. The expectation in the formula is a mean over the mini-batch.",
            when=lambda seen: "only for scalar outputs" in seen.get("the error", "")),
    old_logits(),
    Mistake("step_first", "An optimizer steps before the backward pass of its loss, so it acts on "
            "old gradients, or on none. The backward pass makes the gradients, and the step uses "
            "them.",
            when=lambda seen: seen["_backward after step"]
            or "modified by an inplace operation" in seen.get("the error", "")),
    Mistake("eval", "It leaves a network in evaluation mode, in which dropout and BatchNorm behave "
            "otherwise for the rest of the training. If you switch to `eval()` to draw samples, "
            "switch back with `train()`.",
            when=lambda seen: not (seen["G in training mode"] and seen["D in training mode"])),
    Mistake("frozen", "It leaves parameters that ask for no gradients, so that player cannot move "
            "in the next iteration. What is switched off with `requires_grad_(False)` has to be "
            "switched on again.",
            when=lambda seen: not (seen["G asks for gradients"] and seen["D asks for gradients"])),
    Mistake("graph_kept", "The losses it gives back are tensors that still hold the whole graph of "
            "their iteration. A list of them makes memory grow with every iteration. "
            "`loss.item()` is the number alone.",
            when=lambda seen: seen.get("a graph is kept") is True),
    Mistake("one_optimizer", "The same optimizer steps for both players, so the other player never "
            "moves. Each player has one of its own.",
            when=lambda seen: seen["the steps"] in ("D D", "G G")),
    Mistake("step_forgotten", "A player takes no step: its gradients are there, and nobody acts on "
            "them. Each of the two halves ends in a `step()`.",
            when=lambda seen: seen["the steps"] in ("", "D", "G") and "the error" not in seen),
    Mistake("update_counts", "The steps come in another number or order than asked: in each "
            "iteration D's optimizer steps once, then G's optimizer once.",
            when=lambda seen: seen["the steps"] not in ("D G", "G D") and "the error" not in seen),
    Mistake("G_first", "G takes its step before D here. In the course D's step comes first, so "
            "that G's gradient comes from a D that has seen this mini-batch.",
            when=lambda seen: seen["the steps"] == "G D"),
    Mistake("backward_forgotten", "A backward pass is missing, or comes too early: G's belongs "
            "between D's step and G's step, so that G is judged by a D that has moved. The order "
            "is D's loss, `backward`, `step`, and only then G's loss, `backward`, `step`.",
            when=lambda seen: seen["the steps"] == "D G" and (
                not seen["_D's loss reached D"]
                or not (seen["_G's loss reached G"] or seen["_G's loss reached D"]))),
    Mistake("detached_fake", "In G's step the fakes are cut loose from G, by `detach` or "
            "`torch.no_grad()`, so the gradient ends in D and G learns nothing. Only in D's step "
            "are they plain data.",
            when=lambda seen: seen["the steps"] == "D G" and not seen["_G's loss reached G"]),
    Mistake("zero_between", "Gradients are wiped out between the backward pass and the step, so "
            "the step has nothing to act on. `zero_grad` comes before `backward`.",
            like=tuple(played(zero_between=who, detach=detach)
                       for who in ("D", "G", "DG") for detach in (True, False))),
    Mistake("zero_forgotten_both", BOTH_ZERO_FORGOTTEN,
            like=(played(zero_D=False, zero_G=False),
                  played(zero_D=False, zero_G=False, detach=False))),
    Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass. G's "
            "step has left gradients in D too, since it goes through D, so D would also learn what "
            "G wants.", like=(played(zero_D=False), played(zero_D=False, detach=False),
                              played(zero_D=False, zero_late=True))),
    Mistake("zero_forgotten_G", G_ZERO_FORGOTTEN,
            like=(played(zero_G=False), played(zero_G=False, zero_late=True))),
    Mistake("harmful_no_detach", "Two things go wrong together here. The fakes in D's step are not "
            "detached, so D's loss leaves gradients in G; and G's gradients are not wiped out "
            "before G's own backward pass, so G learns in part to be caught. Wipe G's gradients, "
            "and detach the fakes.", like=played(zero_G=False, detach=False)),
    Mistake("same_z", "Both steps use the same z. Here each step draws noise of its own: G is then "
            "judged on fakes that D has not just been trained on.",
            like=(played(fresh=False), played(fresh=False, detach=False))),
    Mistake("labels", "D's labels are swapped: it learns to take fakes for real and real samples "
            "for fakes.", like=played(loss_D=lambda r, f: fake(r) + real(f))),
    Mistake("wrong_player", "G minimises D's loss on the fakes, so it learns to be caught. G wants "
            "D to take its fakes for real.", like=played(loss_G=fake)),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose gradient vanishes where "
            "the fakes are worst. Asked is the non-saturating loss, -log D.",
            like=played(loss_G=lambda f: -fake(f))),
    Mistake("half", "D's loss is the mean of its two terms; asked is their sum. It trains as well, "
            "but the chance level 1.386 of the plots is that of the sum.",
            like=played(loss_D=lambda r, f: (real(r) + fake(f)) / 2)),
    Mistake("sum", "A loss adds up over the mini-batch, so the steps grow with its size, and the "
            "chance levels 1.386 and 0.693 mean nothing. The expectation is a mean.",
            like=tuple(played(**losses) for losses in (
                {"loss_D": lambda r, f: N * (real(r) + fake(f)), "loss_G": lambda f: N * real(f)},
                {"loss_D": lambda r, f: N * (real(r) + fake(f))},
                {"loss_G": lambda f: N * real(f)}))),
    Mistake("sigmoid_twice", "D's outputs go through a sigmoid, and then into a loss of logits, "
            "which takes the sigmoid itself. With two of them D can never be sure.",
            like=tuple(played(**losses) for losses in (
                {"loss_D": lambda r, f: real(r.sigmoid()) + fake(f.sigmoid()),
                 "loss_G": lambda f: real(f.sigmoid())},
                {"loss_D": lambda r, f: real(r.sigmoid()) + fake(f.sigmoid())},
                {"loss_G": lambda f: real(f.sigmoid())}))),
    Mistake("losses_swapped", "The steps are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)
"""In this order: the last one explains what is left when both players have moved as they should."""
OF_ANY_ROUND = tuple(mistake for mistake in OF_A_ROUND
                     if mistake.when and mistake.id != "losses_swapped")
"""Those that are recognised by what happened, whatever the networks are."""
NO_DETACH = Mistake("harmless_no_detach", "A remark: the fakes in D's step are not detached, so "
                    "D's backward pass also runs through G. Here that is harmless, since G's "
                    "gradients are wiped out before its own step, but it costs time for nothing. "
                    "`.detach()` on the fakes stops it.",
                    when=lambda seen: seen["_D's loss reached G"])


USED_UP = Mistake(
    "no_detach", "The fake in D's loss is not detached: D's backward pass went on through G and "
    "used its graph up, and G's own backward pass needs it. For D the fakes are plain data, "
    "`fake.detach()`.",
    when=lambda seen: "backward through the graph a second time" in seen.get("the error", ""))


def of_one_fake(stepped: Callable) -> tuple[Mistake, ...]:
    """The mistakes that may happen in any step in which one fake serves both players.

    Args:
        stepped: makes a step that is right but for what is changed: `zero_D`, `zero_G`,
            `zero_between` (a text of players), `early` (G's loss is computed before D's step) and
            `loss_D`, of the logits of real and of fake.

    Returns:
        Seven mistakes.
    """
    return (
        old_logits(stepped(early=True)),
        Mistake("zero_between", "Gradients are wiped out between the backward pass and the step, "
                "so the step has nothing to act on. `zero_grad` comes before `backward`.",
                like=tuple(stepped(zero_between=players) for players in ("D", "G", "DG"))),
        Mistake("zero_forgotten_both", BOTH_ZERO_FORGOTTEN,
                like=stepped(zero_D=False, zero_G=False)),
        Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass. "
                "G's move has left gradients in D too, since it goes through D, so D would also "
                "learn what G wants.", like=stepped(zero_D=False)),
        Mistake("zero_forgotten_G", G_ZERO_FORGOTTEN, like=stepped(zero_G=False)),
        Mistake("half", "D's loss is the mean of its two terms; asked is their sum. It trains as "
                "well, but the chance level 1.386 of the plots is that of the sum.",
                like=stepped(loss_D=lambda r, f: (real(r) + fake(f)) / 2)),
        Mistake("sigmoid_twice", "D's logits go through a sigmoid, and then into a loss of logits, "
                "which takes the sigmoid itself. With two of them D can never be sure.",
                like=stepped(loss_D=lambda r, f: real(r.sigmoid()) + fake(f.sigmoid()))),
    )
