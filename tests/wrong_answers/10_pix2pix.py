"""Answers to the exercises of notebook 10, as learners write them."""
import math

import numpy as np
import torch
import torch.nn.functional as nnf


def bce_one(logits):
    return nnf.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def total(D, x, fake, y, weight, *, adv=bce_one, l1=nnf.l1_loss, show=lambda x, fake, y: [x, fake]):
    return adv(D(torch.cat(show(x, fake, y), 1))) + weight * l1(fake, y)


def without_gradients(D, x, fake, y, weight):
    with torch.no_grad():
        return total(D, x, fake, y, weight)


def bce_zero(logits):
    return nnf.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def generator_loss(D, x, fake, y, weight):
    return total(D, x, fake, y, weight)


def step(*, real=lambda x, y, fake: (x, y), drawn=lambda x, y, fake: (x, fake), d_loss=lambda r, f: bce_one(r) + bce_zero(f),
         g_loss=generator_loss, cut=lambda fake: fake.detach(), fake_of_G=lambda G, x, fake: fake, order_D="zbs", order_G="zbs",
         G_first=False, give=lambda d, g: (d.item(), g.item()), dim=1):
    """An iteration put together from parts: z zero_grad, b backward, s step."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y, weight):
        fake, losses = G(x), {}

        def move_D():
            losses["D"] = d_loss(D(torch.cat(real(x, y, cut(fake)), dim)), D(torch.cat(drawn(x, y, cut(fake)), dim)))
            for letter in order_D:
                {"z": optimizer_D.zero_grad, "b": losses["D"].backward, "s": optimizer_D.step}[letter]()

        def move_G():
            losses["G"] = g_loss(D, x, fake_of_G(G, x, fake), y, weight)
            for letter in order_G:
                {"z": optimizer_G.zero_grad, "b": losses["G"].backward, "s": optimizer_G.step}[letter]()

        for move in (move_G, move_D) if G_first else (move_D, move_G):
            move()
        return give(losses["D"], losses["G"])
    return training_step


def both_losses_first(G, D, optimizer_G, optimizer_D, x, y, weight):
    fake = G(x)
    loss_D = bce_one(D(torch.cat([x, y], 1))) + bce_zero(D(torch.cat([x, fake.detach()], 1)))
    loss_G = generator_loss(D, x, fake, y, weight)
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


def drawn_twice(G, D, optimizer_G, optimizer_D, x, y, weight):
    optimizer_D.zero_grad(set_to_none=False)
    bce_one(D(torch.cat((x, y), 1))).backward()
    with torch.no_grad():
        fake = G(x)
        first = bce_one(D(torch.cat((x, y), 1)))
    second = bce_zero(D(torch.cat((x, fake), 1)))
    second.backward()
    optimizer_D.step()
    optimizer_G.zero_grad()
    fake = G(x)
    loss = bce_one(D(torch.cat((x, fake), 1))) + weight * nnf.l1_loss(fake, y)
    loss.backward()
    optimizer_G.step()
    return float(first + second), float(loss)


def steps_of_one(G, D, optimizer_G, optimizer_D, x, y, weight):
    return step()(G, D, optimizer_D, optimizer_D, x, y, weight)


def leaves_eval(G, D, optimizer_G, optimizer_D, x, y, weight):
    G.eval()
    return step()(G, D, optimizer_G, optimizer_D, x, y, weight)


def freezes(G, D, optimizer_G, optimizer_D, x, y, weight):
    told = step()(G, D, optimizer_G, optimizer_D, x, y, weight)
    D.requires_grad_(False)
    return told


def swapped(*order):
    return step(g_loss=lambda D, x, fake, y, weight: generator_loss(D, *((x, fake, y)[i] for i in order), weight))


def mse(a, b):
    return float(((a - b) ** 2).mean())


RIGHT = {
    "10.generator_loss": [total, lambda D, x, fake, y, weight:
                          -nnf.logsigmoid(D(torch.cat((x, fake), dim=1))).mean() + weight * abs(y - fake).mean()],
    "10.training_step": [step(), drawn_twice, step(fake_of_G=lambda G, x, fake: G(x))],
    "10.psnr": [lambda a, b: 20 * math.log10(2) - 10 * math.log10(mse(a, b)) if mse(a, b) else float("inf"),
                lambda a, b: 10 * torch.log10(4 / nnf.mse_loss(a, b)),
                lambda a, b: 20 * torch.log10(2 / nnf.mse_loss(a, b).sqrt())],
}
WRONG = {
    "10.generator_loss": {
        "unstable": [lambda D, x, fake, y, weight: -torch.log(D(torch.cat([x, fake], 1)).sigmoid()).mean() + weight * (fake - y).abs().mean()],
        "x_missing": [lambda D, x, fake, y, weight: bce_one(D(fake)) + weight * nnf.l1_loss(fake, y),
                      lambda D, x, fake, y, weight: bce_one(D(torch.cat([x, fake]))) + weight * nnf.l1_loss(fake, y)],
        "vector": [lambda *a: total(*a, l1=lambda f, y: (f - y).abs()),
                   lambda D, x, fake, y, w: nnf.softplus(-D(torch.cat([x, fake], 1))) + w * nnf.l1_loss(fake, y)],
        "order": [lambda *a: total(*a, show=lambda x, fake, y: [fake, x])],
        "true_pair": [lambda *a: total(*a, show=lambda x, fake, y: [x, y])],
        "beside_y": [lambda *a: total(*a, show=lambda x, fake, y: [fake, y]), lambda *a: total(*a, show=lambda x, fake, y: [y, fake])],
        "to_x": [lambda D, x, fake, y, weight: total(D, x, fake, x, weight)],
        "sigmoid_forgotten": [lambda *a: total(*a, adv=lambda l: -torch.log(l).mean()), lambda *a: total(*a, adv=lambda l: nnf.binary_cross_entropy(l, torch.ones_like(l)))],
        "d_target": [lambda *a: total(*a, adv=lambda l: nnf.binary_cross_entropy_with_logits(l, torch.zeros_like(l)))],
        "saturating": [lambda *a: total(*a, adv=lambda l: torch.log(1 - torch.sigmoid(l)).mean())],
        "squared": [lambda *a: total(*a, l1=nnf.mse_loss)],
        "signed": [lambda *a: total(*a, l1=lambda fake, y: (fake - y).mean())],
        "sum": [lambda *a: total(*a, l1=lambda fake, y: (fake - y).abs().sum())],
        "no_weight": [lambda D, x, fake, y, weight: total(D, x, fake, y, 1)],
        "weight_of_both": [lambda D, x, fake, y, weight: weight * total(D, x, fake, y, 1)],
        "weight_of_adv": [lambda D, x, fake, y, weight: weight * bce_one(D(torch.cat([x, fake], 1))) + nnf.l1_loss(fake, y)],
        "no_adv": [lambda D, x, fake, y, weight: weight * nnf.l1_loss(fake, y)],
        "no_l1": [lambda D, x, fake, y, weight: bce_one(D(torch.cat([x, fake], 1)))],
        "away": [lambda D, x, fake, y, weight: total(D, x, fake, y, -weight)],
        "number": [lambda *a: total(*a).item(), without_gradients],
        "detached": [lambda D, x, fake, y, w: bce_one(D(torch.cat([x, fake.detach()], 1))) + w * nnf.l1_loss(fake, y),
                     lambda D, x, fake, y, w: bce_one(D(torch.cat([x, fake], 1))) + w * nnf.l1_loss(fake.detach(), y)],
        "unknown": [lambda *a: 2 * total(*a)],
        "error": [lambda D, x, fake, y, weight: bce_one(D(x, fake))],
    },
    "10.training_step": {
        "x_missing": [step(real=lambda x, y, fake: (y,), drawn=lambda x, y, fake: (fake,)), step(dim=0)],
        "no_detach": [step(cut=lambda fake: fake)],
        "old_logits": [both_losses_first],
        "cut_loss": [step(d_loss=lambda r, f: bce_one(r.detach()) + bce_zero(f.detach()))],
        "vector": [step(d_loss=lambda r, f: nnf.softplus(-r) + nnf.softplus(f))],
        "eval": [leaves_eval],
        "frozen": [freezes],
        "graph_kept": [step(give=lambda d, g: (d, g))],
        "one_optimizer": [steps_of_one],
        "step_forgotten": [step(order_G="zb"), step(order_D="zb")],
        "step_first": [step(order_D="zsb")],
        "update_counts": [step(order_G="zbss")],
        "G_first": [step(G_first=True)],
        "backward_forgotten": [step(order_D="zs"), step(order_G="zs")],
        "detached_fake": [step(fake_of_G=lambda G, x, fake: fake.detach())],
        "zero_between": [step(order_D="bzs"), step(order_G="bzs")],
        "zero_forgotten_both": [step(order_D="bs", order_G="bs")],
        "zero_forgotten_D": [step(order_D="bs")],
        "zero_forgotten_G": [step(order_G="bs")],
        "labels": [step(d_loss=lambda r, f: bce_zero(r) + bce_one(f))],
        "order": [step(real=lambda x, y, fake: (y, x)), step(drawn=lambda x, y, fake: (fake, x))],
        "beside_y": [step(drawn=lambda x, y, fake: (y, fake))],
        "half_pairs": [step(real=lambda x, y, fake: (y, y)), step(real=lambda x, y, fake: (x, x))],
        "arguments_mixed": [swapped(0, 2, 1), swapped(2, 1, 0), swapped(1, 0, 2)],
        "weight_of_adv": [step(g_loss=lambda D, x, fake, y, w: w * bce_one(D(torch.cat([x, fake], 1))) + nnf.l1_loss(fake, y))],
        "no_l1": [step(g_loss=lambda D, x, fake, y, w: bce_one(D(torch.cat([x, fake], 1))))],
        "no_adv": [step(g_loss=lambda D, x, fake, y, w: w * nnf.l1_loss(fake, y))],
        "detached": [step(g_loss=lambda D, x, fake, y, w: bce_one(D(torch.cat([x, fake.detach()], 1))) + w * nnf.l1_loss(fake, y))],
        "wrong_player": [step(g_loss=lambda D, x, fake, y, w: total(D, x, fake, y, w, adv=bce_zero))],
        "half": [step(d_loss=lambda r, f: (bce_one(r) + bce_zero(f)) / 2)],
        "sigmoid_twice": [step(d_loss=lambda r, f: bce_one(r.sigmoid()) + bce_zero(f.sigmoid()))],
        "losses_swapped": [step(give=lambda d, g: (g.item(), d.item())), step(give=lambda d, g: d.item())],
        "unknown": [step(d_loss=lambda r, f: 3 * (bce_one(r) + bce_zero(f)))],
        "error": [step(drawn=lambda x, y, fake: (x, fake.nothing))],
    },
    "10.psnr": {
        "vector": [lambda a, b: 10 * np.log10(4 / ((a - b) ** 2).mean(dim=(1, 2, 3)).numpy()),
                   lambda a, b: 10 * torch.log10(4 / (a - b) ** 2)],
        "peak_one": [lambda a, b: -10 * math.log10(mse(a, b))],
        "peak_not_squared": [lambda a, b: 10 * math.log10(2 / mse(a, b))],
        "bytes": [lambda a, b: 20 * math.log10(255) - 10 * math.log10(mse(a, b))],
        "natural": [lambda a, b: 10 * math.log(4 / mse(a, b))],
        "twenty": [lambda a, b: 20 * math.log10(4 / mse(a, b))],
        "no_ten": [lambda a, b: math.log10(4 / mse(a, b))],
        "root": [lambda a, b: 10 * math.log10(4 / mse(a, b) ** 0.5)],
        "absolute": [lambda a, b: 10 * math.log10(4 / float(nnf.l1_loss(a, b)))],
        "sum": [lambda a, b: 10 * math.log10(4 / float(((a - b) ** 2).sum()))],
        "sign": [lambda a, b: 10 * math.log10(mse(a, b) / 4)],
        "each": [lambda a, b: sum(10 * math.log10(4 / mse(p, q)) for p, q in zip(a, b, strict=True)) / len(a)],
        "division": [lambda a, b: 10 * math.log10(4 / mse(a, b))],
        "not_infinite": [lambda a, b: 10 * math.log10(4 / (mse(a, b) + 1e-12))],
        "unknown": [lambda a, b: 10 * math.log10(4 / mse(a, b)) + 1],
        "error": [lambda a, b: math.log10(4 / ((a - b) ** 2).mean((1, 2, 3)))],
    },
}
