"""Two optimizers for the four networks of CycleGAN, in notebook 11."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises._translators import Line, Patches

BETAS = (0.5, 0.999)


def optimizers(G, F, D_X, D_Y, lr_G, lr_D):
    """Adam for both generators together, and Adam for both discriminators together."""
    generators = [*G.parameters(), *F.parameters()]
    discriminators = [*D_X.parameters(), *D_Y.parameters()]
    return (torch.optim.Adam(generators, lr=lr_G, betas=(0.5, 0.999), fused=True),
            torch.optim.Adam(discriminators, lr=lr_D, betas=(0.5, 0.999), fused=True))


def four_networks() -> dict:
    return {"G": Line(1.5, 0.1), "F": Line(0.4, -0.2), "D_X": Patches(0.3, 1.1, -0.7, 0.2),
            "D_Y": Patches(-0.9, 0.5, 1.3, 0.4), "lr_G": 2e-3, "lr_D": 5e-4}


def held(results: list, inputs: dict) -> Seen:
    """Which networks each optimizer holds, and its settings."""
    pair = results[0] if results and isinstance(results[0], tuple | list) else results
    if len(pair) != 2 or not all(isinstance(each, torch.optim.Optimizer) for each in pair):
        return {"what it gives back": "not two optimizers"}
    seen: Seen = {}
    for name, optimizer in zip(("the first", "the second"), pair, strict=True):
        groups = optimizer.param_groups
        mine = {id(parameter) for group in groups for parameter in group["params"]}
        seen[f"{name} is"] = type(optimizer).__name__
        seen[f"{name} holds"] = ", ".join(player for player in ("G", "F", "D_X", "D_Y")
                                          if id(inputs[player].numbers) in mine) or "nothing"
        seen[f"{name} has the rate"] = Tensor([group["lr"] for group in groups]).double().mean()
        seen[f"{name} has the betas"] = str(groups[0].get("betas"))
    return seen


def holds(first: str, second: str):
    return lambda seen: (seen.get("the first holds"), seen.get("the second holds")) == (first,
                                                                                        second)


def both(seen: Seen) -> tuple[str, str]:
    return seen.get("the first holds", ""), seen.get("the second holds", "")


def mixed(held: str) -> bool:
    return "D_" in held and held.lstrip()[:1] in ("G", "F")


OPTIMIZER_MISTAKES = (
    Mistake("spent_generator", "An optimizer got no parameters at all. `itertools.chain` and other "
            "generators can be read only once; a list `[*G.parameters(), *F.parameters()]` can be "
            "read again.",
            when=lambda seen: "empty parameter list" in seen.get("the error", "")),
    Mistake("not_two", "It should give back two optimizers, that of the generators first.",
            when=lambda seen: "what it gives back" in seen and "the error" not in seen),
    Mistake("exchanged", "The two come back in the other order: asked is the generators' optimizer "
            "first, then the discriminators'.", when=holds("D_X, D_Y", "G, F")),
    Mistake("by_domain", "An optimizer holds a generator together with a discriminator. Their "
            "losses pull in opposite directions. Put the two generators into one optimizer, and "
            "the two discriminators into the other.",
            when=lambda seen: any(map(mixed, both(seen)))),
    Mistake("one_generator", "Only one generator is in its optimizer, so the other one never "
            "learns: it stays as it was drawn at the start. Both belong in.",
            when=lambda seen: both(seen)[0] in ("G", "F")),
    Mistake("one_discriminator", "Only one discriminator is in its optimizer, so one domain is "
            "judged by a network that never learns. Both belong in.",
            when=lambda seen: both(seen)[1] in ("D_X", "D_Y")),
    Mistake("same_players", "Both optimizers hold the same networks, so the others never move.",
            when=lambda seen: "" != both(seen)[0] == both(seen)[1]),
    Mistake("not_adam", "Asked is Adam, `torch.optim.Adam`.",
            when=lambda seen: any(seen.get(f"{name} is", "Adam") != "Adam"
                                  for name in ("the first", "the second"))),
    Mistake("rates", "The learning rates are exchanged or not used: lr_G belongs to the "
            "generators, lr_D to the discriminators.",
            when=lambda seen: "the error" not in seen
            and not (torch.isclose(seen["the first has the rate"], torch.tensor(2e-3).double())
                     and torch.isclose(seen["the second has the rate"],
                                       torch.tensor(5e-4).double()))),
    Mistake("betas", "The betas are not (0.5, 0.999). PyTorch's default of 0.9 for the first one "
            "averages the gradient over about ten moves, and in a game the direction of ten moves "
            "ago is out of date.",
            when=lambda seen: any(seen.get(f"{name} has the betas", str(BETAS)) != str(BETAS)
                                  for name in ("the first", "the second"))),
)


EXERCISES = (
    Exercise("11.optimizers", optimizers, (Probe(four_networks, held, OPTIMIZER_MISTAKES),), (
        "Four networks, two optimizers: who wants the same thing?",
        "`torch.optim.Adam` takes a list of parameters, and two networks have two of them: "
        "`[*G.parameters(), *F.parameters()]`.",
        "`torch.optim.Adam([*G.parameters(), *F.parameters()], lr=lr_G, betas=(0.5, 0.999))`, the "
        "same with both discriminators and lr_D, and a `return` with the generators' first."),
        "Two optimizers, and no network in both.",
        frozenset({"lr", "players"})),
)
