"""Answers to the exercises of notebook 11, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import inspect

import torch
import torch.nn.functional as nnf
from rewritten import changed

from gan_course.lessons.exercises import cyclegan_optimizers, cyclegan_training

l1 = nnf.l1_loss


def cycled(G, F, x, y, fake_x, fake_y, loss=l1):
    return loss(F(fake_y), x) + loss(G(fake_x), y)


def without_gradients(answer):
    def inner(*arguments):
        with torch.no_grad():
            return answer(*arguments)
    return inner


def same(G, F, x, y, loss=l1):
    return loss(G(y), y) + loss(F(x), x)


def ones(score):
    return nnf.mse_loss(score, torch.ones_like(score))


def zeros(score):
    return nnf.mse_loss(score, torch.zeros_like(score))


def fool(D_X, D_Y, fake_x, fake_y, cost=ones):
    return cost(D_Y(fake_y)) + cost(D_X(fake_x))


def tell(D, real, fake, r=ones, f=zeros):
    return 0.5 * r(D(real)) + 0.5 * f(D(fake))


def step(*changes):
    return changed(cyclegan_training.training_step, *changes)


def adam(*changes):
    return changed(cyclegan_optimizers.optimizers, *changes)


TRANSLATED = "fake_x, fake_y = F(y), G(x)"
CYCLE = "cycle_loss(G, F, x, y, fake_x, fake_y)"
IDENTITY = "identity_loss(G, F, x, y)"
FOOL = "adversarial_loss(D_X, D_Y, fake_x, fake_y)"
OF_X = "discriminator_loss(D_X, x, pool_X(fake_x.detach()))"
OF_Y = "discriminator_loss(D_Y, y, pool_Y(fake_y.detach()))"
MOVE_G, MOVE_D = "".join(inspect.getsource(cyclegan_training.training_step).splitlines(True)[3:-1]).split("\n\n")
RETURN = "return loss_D.item(), loss_G.item()"
GENERATORS, DISCRIMINATORS = "[*G.parameters(), *F.parameters()]", "[*D_X.parameters(), *D_Y.parameters()]"
FIRST, SECOND = "torch.optim.Adam(generators, lr=lr_G", "torch.optim.Adam(discriminators, lr=lr_D"
INLINE = step(
    (FOOL, "(D_Y(fake_y) - 1).square().mean() + (D_X(fake_x) - 1).square().mean()"),
    (CYCLE, "((F(fake_y) - x).abs().mean() + (G(fake_x) - y).abs().mean())"),
    (IDENTITY, "((G(y) - y).abs().mean() + (F(x) - x).abs().mean())"))

RIGHT = {
    "11.cycle_loss": [cycled, lambda G, F, x, y, fake_x, fake_y: torch.mean(torch.abs(G(fake_x) - y)) + torch.mean(torch.abs(x - F(fake_y)))],
    "11.identity_loss": [same, lambda G, F, x, y: torch.stack([(y - G(y)).abs().mean(), (x - F(x)).abs().mean()]).sum()],
    "11.adversarial_loss": [fool, lambda D_X, D_Y, fake_x, fake_y: ((1 - D_X(fake_x)) ** 2).mean() + ((1 - D_Y(fake_y)) ** 2).mean()],
    "11.discriminator_loss": [tell, lambda D, real, fake: (((D(real) - 1) ** 2).mean() + (D(fake.detach()) ** 2).mean()) / 2],
    "11.optimizers": [adam(), adam((", fused=True", "")), adam((GENERATORS, "[{'params': G.parameters()}, {'params': F.parameters()}]"))],
    "11.training_step": [
        step(), INLINE,
        step((TRANSLATED, "fake_y = G(x)\n    fake_x = F(y)")),
        step(("    optimizer_G.zero_grad()\n", "    for net in (G, F):\n        net.zero_grad()\n")),
        step((f"    loss_D = ({OF_X}\n              + {OF_Y})\n    optimizer_D.zero_grad()\n    loss_D.backward()\n",
              f"    optimizer_D.zero_grad()\n    loss_X = {OF_X}\n    loss_X.backward()\n    loss_Y = {OF_Y}\n    loss_Y.backward()\n"
              "    loss_D = loss_X + loss_Y\n"))],
}
WRONG = {
    "11.cycle_loss": {
        "vector": [lambda G, F, x, y, fake_x, fake_y: (F(fake_y) - x).abs() + (G(fake_x) - y).abs(),
                   lambda G, F, x, y, fake_x, fake_y: (F(fake_y) - x).abs().mean((1, 2, 3)) + (G(fake_x) - y).abs().mean((1, 2, 3))],
        "one_way": [lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y), x), lambda G, F, x, y, fake_x, fake_y: l1(G(F(y)), y)],
        "no_way_back": [lambda G, F, x, y, fake_x, fake_y: l1(fake_y, x) + l1(fake_x, y)],
        "pairs": [lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y), y) + l1(G(fake_x), x), lambda G, F, x, y, fake_x, fake_y: l1(fake_y, y) + l1(fake_x, x)],
        "with_the_fake": [lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y), fake_x) + l1(G(fake_x), fake_y),
                          lambda G, F, x, y, fake_x, fake_y: l1(F(G(x)), fake_y) + l1(G(F(y)), fake_x)],
        "swapped": [lambda G, F, x, y, fake_x, fake_y: l1(G(fake_y), x) + l1(F(fake_x), y),
                    lambda G, F, x, y, fake_x, fake_y: l1(F(fake_x), x) + l1(G(fake_y), y),
                    lambda G, F, x, y, fake_x, fake_y: l1(G(F(x)), x) + l1(F(G(y)), y)],
        "squared": [lambda *a: cycled(*a, nnf.mse_loss)],
        "signed": [lambda G, F, x, y, fake_x, fake_y: (F(fake_y) - x).mean() + (G(fake_x) - y).mean()],
        "sum": [lambda G, F, x, y, fake_x, fake_y: (F(fake_y) - x).abs().sum() + (G(fake_x) - y).abs().sum()],
        "half": [lambda *a: cycled(*a) / 2],
        "weight": [lambda *a: 10 * cycled(*a)],
        "number": [lambda *a: cycled(*a).item(), without_gradients(cycled)],
        "detached": [lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y.detach()), x) + l1(G(fake_x.detach()), y),
                     lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y.detach()), x) + l1(G(fake_x), y),
                     lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y), x) + l1(G(fake_x.detach()), y)],
        "unknown": [lambda *a: 3 * cycled(*a)],
        "error": [lambda G, F, x, y, fake_x, fake_y: l1(F(fake_y).flatten(), x)],
    },
    "11.identity_loss": {
        "vector": [lambda G, F, x, y: (G(y) - y).abs() + (F(x) - x).abs()],
        "wrong_side": [lambda G, F, x, y: l1(G(x), x) + l1(F(y), y)],
        "one_way": [lambda G, F, x, y: l1(G(y), y), lambda G, F, x, y: l1(F(x), x)],
        "pairs": [lambda G, F, x, y: l1(G(x), y) + l1(F(y), x)],
        "exchanged": [lambda G, F, x, y: l1(G(y), x) + l1(F(x), y)],
        "cycle": [lambda G, F, x, y: l1(F(G(x)), x) + l1(G(F(y)), y)],
        "squared": [lambda G, F, x, y: same(G, F, x, y, nnf.mse_loss)],
        "signed": [lambda G, F, x, y: (G(y) - y).mean() + (F(x) - x).mean()],
        "sum": [lambda G, F, x, y: (G(y) - y).abs().sum() + (F(x) - x).abs().sum()],
        "half": [lambda G, F, x, y: 0.5 * same(G, F, x, y)],
        "weight": [lambda G, F, x, y: 5 * same(G, F, x, y)],
        "number": [lambda G, F, x, y: float(same(G, F, x, y)), without_gradients(same)],
        "unknown": [lambda G, F, x, y: same(G, F, x, y) + 1],
        "error": [lambda G, F, x, y: l1(G(y, x), y)],
    },
    "11.adversarial_loss": {
        "vector": [lambda D_X, D_Y, fake_x, fake_y: (D_Y(fake_y) - 1) ** 2 + (D_X(fake_x) - 1) ** 2],
        "wrong_judge": [lambda D_X, D_Y, fake_x, fake_y: fool(D_Y, D_X, fake_x, fake_y)],
        "one_judge": [lambda D_X, D_Y, fake_x, fake_y: fool(D_Y, D_Y, fake_x, fake_y), lambda D_X, D_Y, fake_x, fake_y: fool(D_X, D_X, fake_x, fake_y)],
        "one_way": [lambda D_X, D_Y, fake_x, fake_y: ones(D_Y(fake_y)), lambda D_X, D_Y, fake_x, fake_y: ones(D_X(fake_x))],
        "to_zero": [lambda *a: fool(*a, cost=zeros)],
        "log_loss": [lambda *a: fool(*a, cost=lambda s: nnf.binary_cross_entropy_with_logits(s, torch.ones_like(s)))],
        "sigmoid": [lambda *a: fool(*a, cost=lambda s: ones(torch.sigmoid(s)))],
        "critic": [lambda *a: fool(*a, cost=lambda s: -s.mean())],
        "half": [lambda *a: fool(*a) / 2],
        "sum": [lambda *a: fool(*a, cost=lambda s: ((s - 1) ** 2).sum())],
        "number": [lambda *a: fool(*a).item(), without_gradients(fool)],
        "detached": [lambda D_X, D_Y, fake_x, fake_y: ones(D_Y(fake_y.detach())) + ones(D_X(fake_x.detach()))],
        "unknown": [lambda *a: fool(*a, cost=lambda s: (s - 1).abs().mean())],
        "error": [lambda D_X, D_Y, fake_x, fake_y: ones(D_Y(torch.cat([fake_x, fake_y], 1))) + ones(D_X(fake_x))],
    },
    "11.discriminator_loss": {
        "vector": [lambda D, real, fake: ((D(real) - 1) ** 2 + D(fake) ** 2) / 2],
        "labels": [lambda D, real, fake: tell(D, fake, real)],
        "both_one": [lambda D, real, fake: tell(D, real, fake, f=ones)],
        "real_only": [lambda D, real, fake: 0.5 * ones(D(real))],
        "fake_only": [lambda D, real, fake: 0.5 * zeros(D(fake))],
        "not_halved": [lambda D, real, fake: ones(D(real)) + zeros(D(fake))],
        "minus_one": [lambda D, real, fake: tell(D, real, fake, f=lambda s: ((s + 1) ** 2).mean())],
        "log_loss": [lambda D, real, fake: tell(D, real, fake, lambda s: nnf.softplus(-s).mean(), lambda s: nnf.softplus(s).mean()),
                     lambda D, real, fake: 2 * tell(D, real, fake, lambda s: nnf.softplus(-s).mean(), lambda s: nnf.softplus(s).mean())],
        "sigmoid": [lambda D, real, fake: tell(lambda x: D(x).sigmoid(), real, fake)],
        "sum": [lambda D, real, fake: tell(D, real, fake, lambda s: ((s - 1) ** 2).sum(), lambda s: (s ** 2).sum())],
        "number": [lambda *a: tell(*a).item(), without_gradients(tell)],
        "unknown": [lambda D, real, fake: tell(D, real, fake) / 3],
        "error": [lambda D, real, fake: tell(D, real[0], fake)],
    },
    "11.optimizers": {
        "not_two": [lambda G, F, D_X, D_Y, lr_G, lr_D: cyclegan_optimizers.optimizers(G, F, D_X, D_Y, lr_G, lr_D)[0]],
        "spent_generator": [adam((GENERATORS, "(p for net in (G, F) for p in net.parameters())"), ("    return", "    print(len(list(generators)))\n    return"))],
        "exchanged": [lambda G, F, D_X, D_Y, lr_G, lr_D: cyclegan_optimizers.optimizers(G, F, D_X, D_Y, lr_G, lr_D)[::-1]],
        "by_domain": [adam((GENERATORS, "[*G.parameters(), *D_Y.parameters()]"), (DISCRIMINATORS, "[*F.parameters(), *D_X.parameters()]")),
                      adam((GENERATORS, "[*G.parameters(), *F.parameters(), *D_X.parameters(), *D_Y.parameters()]"))],
        "one_generator": [adam((GENERATORS, "list(G.parameters())")), adam((GENERATORS, "list(F.parameters())"))],
        "one_discriminator": [adam((DISCRIMINATORS, "list(D_X.parameters())"))],
        "same_players": [adam((SECOND, "torch.optim.Adam(generators, lr=lr_D"))],
        "not_adam": [adam((SECOND, "torch.optim.AdamW(discriminators, lr=lr_D"))],
        "rates": [adam((SECOND, "torch.optim.Adam(discriminators, lr=lr_G")), adam((", lr=lr_G", ""))],
        "betas": [adam((", betas=(0.5, 0.999)", ""))],
        "error": [adam(("F.parameters()", "F.weights()"))],
    },
    "11.training_step": {
        "pool_for_G": [step((TRANSLATED, f"{TRANSLATED}\n    fake_x, fake_y = pool_X(fake_x), pool_Y(fake_y)"))],
        "not_detached": [step((".detach()", "")), step(("pool_X(fake_x.detach())", "pool_X(fake_x)")),
                         step(("pool_X(fake_x.detach())", "fake_x"), ("pool_Y(fake_y.detach())", "fake_y"))],
        "cut_loss": [step((TRANSLATED, f"with torch.no_grad():\n        {TRANSLATED}"), (f"cycle * {CYCLE}", "0"), (f"identity * {IDENTITY}", "0"),
                          (FOOL, f"({FOOL}).detach()"))],
        "vector": [step((FOOL, "(D_Y(fake_y) - 1).square() + (D_X(fake_x) - 1).square()"))],
        "frozen": [step((RETURN, f"G.requires_grad_(False)\n    {RETURN}"))],
        "eval": [step((RETURN, f"D_X.eval()\n    {RETURN}"))],
        "graph_kept": [step((RETURN, "return loss_D, loss_G"))],
        "one_optimizer": [step(("    optimizer_D.", "    optimizer_G."))],
        "step_forgotten": [step(("    optimizer_D.step()\n", "")), step(("    optimizer_G.step()\n", ""))],
        "update_counts": [step(("    optimizer_D.step()\n", "    optimizer_D.step()\n    optimizer_D.step()\n"))],
        "D_first": [step((f"{MOVE_G}\n\n{MOVE_D}", f"    {TRANSLATED}\n{MOVE_D}{MOVE_G}\n"))],
        "swapped": [step((TRANSLATED, "fake_x, fake_y = G(y), F(x)")), step((TRANSLATED, "fake_x, fake_y = G(y), F(x)"), (CYCLE, "cycle_loss(F, G, x, y, fake_x, fake_y)"))],
        "cut_generators": [step((FOOL, "adversarial_loss(D_X, D_Y, fake_x.detach(), fake_y.detach())"),
                                (CYCLE, "cycle_loss(G, F, x, y, fake_x.detach(), fake_y.detach())")),
                           step((TRANSLATED, f"with torch.no_grad():\n        {TRANSLATED}"))],
        "cycle_swapped": [step((CYCLE, "cycle_loss(G, F, x, y, fake_y, fake_x)")), step((CYCLE, "cycle_loss(F, G, x, y, fake_x, fake_y)"))],
        "cycle_wrong_picture": [step((CYCLE, "cycle_loss(G, F, y, x, fake_x, fake_y)")), step((CYCLE, "((F(fake_y) - fake_x).abs().mean() + (G(fake_x) - fake_y).abs().mean())"))],
        "identity_wrong_side": [step((IDENTITY, "identity_loss(G, F, y, x)")), step((IDENTITY, "identity_loss(F, G, x, y)"))],
        "squared": [step((CYCLE, "((F(fake_y) - x).square().mean() + (G(fake_x) - y).square().mean())")),
                    step((IDENTITY, "((G(y) - y).square().mean() + (F(x) - x).square().mean())"))],
        "no_cycle": [step((f"cycle * {CYCLE}", "0"))],
        "no_identity": [step((f"identity * {IDENTITY}", "0"))],
        "no_adversarial": [step((FOOL, "0"))],
        "weights": [step(("cycle * ", ""), ("identity * ", "")), step(("identity * ", "")), step(("cycle * ", "identity * "), (f"identity * {IDENTITY}", f"cycle * {IDENTITY}")),
                    step((f"identity * {IDENTITY}", f"cycle * identity * {IDENTITY}"))],
        "judges_swapped": [step((FOOL, "adversarial_loss(D_Y, D_X, fake_x, fake_y)")),
                           step((OF_X, "discriminator_loss(D_X, y, pool_X(fake_x.detach()))"), (OF_Y, "discriminator_loss(D_Y, x, pool_Y(fake_y.detach()))")),
                           step(("pool_X(fake_x.detach())", "fakes_X"), ("pool_Y(fake_y.detach())", "fakes_Y"),
                                ("    loss_D = (", "    fakes_Y, fakes_X = pool_X(fake_x.detach()), pool_Y(fake_y.detach())\n    loss_D = ("))],
        "one_discriminator": [step((f"\n              + {OF_Y}", ""))],
        "labels": [step(("(D_X, x, pool_X(fake_x.detach()))", "(D_X, pool_X(fake_x.detach()), x)"), ("(D_Y, y, pool_Y(fake_y.detach()))", "(D_Y, pool_Y(fake_y.detach()), y)"))],
        "no_pool": [step(("pool_X(fake_x.detach())", "fake_x.detach()"), ("pool_Y(fake_y.detach())", "fake_y.detach()"))],
        "pool_unused": [step(("    loss_D = (", "    pool_X(fake_x.detach()), pool_Y(fake_y.detach())\n    loss_D = ("),
                             ("x, pool_X(fake_x.detach())", "x, fake_x.detach()"), ("y, pool_Y(fake_y.detach())", "y, fake_y.detach()"))],
        "pools_swapped": [step(("pool_X(", "pool_Z("), ("pool_Y(", "pool_X("), ("pool_Z(", "pool_Y("))],
        "pooled_twice": [step(("    loss_D = (", "    pool_X(fake_x.detach())\n    loss_D = ("))],
        "zero_forgotten_both": [step(("    optimizer_G.zero_grad()\n", ""), ("    optimizer_D.zero_grad()\n", ""))],
        "zero_forgotten_D": [step(("    optimizer_D.zero_grad()\n", ""))],
        "zero_forgotten_G": [step(("    optimizer_G.zero_grad()\n", ""))],
        "translated_again": [step(("    loss_D = (", f"    {TRANSLATED}\n    loss_D = ("))],
        "losses_swapped": [step((RETURN, "return loss_G.item(), loss_D.item()")), step((RETURN, "return loss_D.item() + loss_G.item()"))],
        "unknown": [step((OF_X, f"2 * {OF_X}"))],
        "error": [step(("G(x)", "G(x, y)"))],
    },
}
