"""The loop of notebook 03: both optimizers, and one iteration of training."""
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course import nets
from gan_course.lessons.exercises import _loops, _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen


def optimizers(G, D, lr):
    """Adam for each player, with betas (0.5, 0.999): G's optimizer, D's optimizer."""
    optimizer_G = torch.optim.Adam(G.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    optimizer_D = torch.optim.Adam(D.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
    return optimizer_G, optimizer_D


def training_step(G, D, optimizer_G, optimizer_D, x):
    """One iteration on the mini-batch x (N, ...): D's step, then G's.

    Gives back both losses as numbers.
    """
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
    return loss_D.item(), loss_G.item()


def two_networks() -> dict[str, nn.Module | float]:
    _sandbox.seed(7)
    return {"G": nets.MLPGenerator(3, (2,), 8), "D": nets.MLPDiscriminator((2,), 8), "lr": 3e-4}


def held(results: list, inputs: dict) -> Seen:
    """Which parameters each optimizer holds, and its settings."""
    pair = results[0] if results and isinstance(results[0], tuple | list) else results
    if len(pair) != 2 or not all(isinstance(each, torch.optim.Optimizer) for each in pair):
        return {"what it gives back": "not two optimizers"}
    seen: Seen = {"two different optimizers": pair[0] is not pair[1]}
    nets_by_name = {name: set(map(id, inputs[name].parameters())) for name in ("G", "D")}
    for name, optimizer in zip(("G", "D"), pair, strict=True):
        groups = optimizer.param_groups
        mine = {id(parameter) for group in groups for parameter in group["params"]}
        seen[f"{name}'s optimizer is"] = type(optimizer).__name__
        seen[f"{name}'s optimizer holds"] = ", ".join(
            player for player, own in nets_by_name.items() if own & mine) or "nothing"
        seen[f"{name}'s learning rate"] = Tensor([group["lr"] for group in groups]).double().mean()
        seen[f"{name}'s betas"] = str(groups[0].get("betas"))
    return seen


OPTIMIZER_MISTAKES = (
    Mistake("not_two", "It should give back two optimizers, G's first: `return optimizer_G, "
            "optimizer_D`.", when=lambda seen: "what it gives back" in seen),
    Mistake("one_for_both", "One optimizer serves both players. Each of its steps would move both "
            "networks along whatever gradients are there, and the players want opposite things. "
            "Make one for each.",
            when=lambda seen: seen.get("two different optimizers") is False
            or seen.get("G's optimizer holds") == seen.get("D's optimizer holds") == "G, D"),
    Mistake("holds_the_other", "An optimizer holds the other player's parameters too. D's step "
            "would then change G, in D's favour.",
            when=lambda seen: "G, D" in (seen.get("D's optimizer holds"),
                                         seen.get("G's optimizer holds"))),
    Mistake("exchanged", "The two come back in the other order: asked is G's optimizer first, then "
            "D's.", when=lambda seen: seen.get("G's optimizer holds") == "D"
            and seen.get("D's optimizer holds") == "G"),
    Mistake("same_player", "Both optimizers hold the same player. The other one would never move.",
            when=lambda seen: seen.get("G's optimizer holds") == seen.get("D's optimizer holds")),
    Mistake("not_adam", "Asked is Adam, `torch.optim.Adam`.",
            when=lambda seen: seen.get("G's optimizer is") != "Adam"
            or seen.get("D's optimizer is") != "Adam"),
    Mistake("betas", "The betas are not (0.5, 0.999). PyTorch's default of 0.9 for the first one "
            "averages the gradient over about ten steps, and in a game the direction of ten steps "
            "ago is out of date. Radford et al. (2015) found that 0.9 made training oscillate.",
            when=lambda seen: "(0.5, 0.999)" not in (seen.get("G's betas"),)
            or seen.get("D's betas") != "(0.5, 0.999)"),
)


EXERCISES = (
    Exercise("03.optimizers", optimizers, (Probe(two_networks, held, OPTIMIZER_MISTAKES),), (
        "There are two players, and each has parameters of its own.",
        "`torch.optim.Adam` takes the parameters first, then `lr=` and `betas=`.",
        "`torch.optim.Adam(G.parameters(), lr=lr, betas=(0.5, 0.999))`, the same for D, and a "
        "`return` with G's first."),
        "Each optimizer holds one player, and nobody else."),
    Exercise("03.training_step", training_step, (
        Probe(_loops.scene, _loops.round_played, _loops.OF_A_ROUND),), (
        "An iteration has two halves of the same form: noise, fakes, a loss, old gradients away, "
        "backward pass, step.",
        "In D's half the fakes are data like any others: `G(z).detach()`. In G's half the gradient "
        "has to travel through D into G.",
        "`loss_D = softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()`; new z; `loss_G = "
        "softplus(-D(G(z))).mean()`; give back `loss_D.item(), loss_G.item()`."),
        "D has taken its step, then G, each along its own loss.",
        frozenset({"z", "fake", "loss_D", "loss_G"}), (_loops.NO_DETACH,)),
)
