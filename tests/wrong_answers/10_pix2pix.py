"""Answers to the exercises of notebook 10, as learners write them."""
import math

import numpy as np
import torch
import torch.nn.functional as nnf


def bce_one(logits):
    return nnf.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def total(G, D, x, y, weight, *, adv=bce_one, l1=nnf.l1_loss, show=lambda x, fake, y: [x, fake]):
    fake = G(x)
    return adv(D(torch.cat(show(x, fake, y), 1))) + weight * l1(fake, y)


def without_gradients(G, D, x, y, weight):
    with torch.no_grad():
        return total(G, D, x, y, weight)


def mse(a, b):
    return float(((a - b) ** 2).mean())


RIGHT = {
    "10.generator_loss": [total, lambda G, D, x, y, weight:
                          -nnf.logsigmoid(D(torch.cat((x, G(x)), dim=1))).mean() + weight * abs(y - G(x)).mean()],
    "10.psnr": [lambda a, b: 20 * math.log10(2) - 10 * math.log10(mse(a, b)) if mse(a, b) else float("inf"),
                lambda a, b: 10 * torch.log10(4 / nnf.mse_loss(a, b)),
                lambda a, b: 20 * torch.log10(2 / nnf.mse_loss(a, b).sqrt())],
}
WRONG = {
    "10.generator_loss": {
        "x_missing": [lambda G, D, x, y, weight: bce_one(D(G(x))) + weight * nnf.l1_loss(G(x), y),
                      lambda G, D, x, y, weight: bce_one(D(torch.cat([x, G(x)]))) + weight * nnf.l1_loss(G(x), y)],
        "vector": [lambda *a: total(*a, l1=lambda f, y: (f - y).abs()),
                   lambda G, D, x, y, w: nnf.softplus(-D(torch.cat([x, G(x)], 1))) + w * nnf.l1_loss(G(x), y)],
        "order": [lambda *a: total(*a, show=lambda x, fake, y: [fake, x])],
        "true_pair": [lambda *a: total(*a, show=lambda x, fake, y: [x, y])],
        "beside_y": [lambda *a: total(*a, show=lambda x, fake, y: [fake, y]), lambda *a: total(*a, show=lambda x, fake, y: [y, fake])],
        "to_x": [lambda G, D, x, y, weight: total(G, D, x, x, weight)],
        "d_target": [lambda *a: total(*a, adv=lambda l: nnf.binary_cross_entropy_with_logits(l, torch.zeros_like(l)))],
        "saturating": [lambda *a: total(*a, adv=lambda l: torch.log(1 - torch.sigmoid(l)).mean())],
        "squared": [lambda *a: total(*a, l1=nnf.mse_loss)],
        "signed": [lambda *a: total(*a, l1=lambda fake, y: (fake - y).mean())],
        "sum": [lambda *a: total(*a, l1=lambda fake, y: (fake - y).abs().sum())],
        "no_weight": [lambda G, D, x, y, weight: total(G, D, x, y, 1)],
        "weight_of_both": [lambda G, D, x, y, weight: weight * total(G, D, x, y, 1)],
        "weight_of_adv": [lambda G, D, x, y, weight: weight * bce_one(D(torch.cat([x, G(x)], 1))) + nnf.l1_loss(G(x), y)],
        "no_adv": [lambda G, D, x, y, weight: weight * nnf.l1_loss(G(x), y)],
        "no_l1": [lambda G, D, x, y, weight: bce_one(D(torch.cat([x, G(x)], 1)))],
        "away": [lambda G, D, x, y, weight: total(G, D, x, y, -weight)],
        "number": [lambda *a: total(*a).item(), without_gradients],
        "detached": [lambda G, D, x, y, w: bce_one(D(torch.cat([x, G(x).detach()], 1))) + w * nnf.l1_loss(G(x), y),
                     lambda G, D, x, y, w: bce_one(D(torch.cat([x, G(x)], 1))) + w * nnf.l1_loss(G(x).detach(), y)],
        "unknown": [lambda *a: 2 * total(*a)],
        "error": [lambda G, D, x, y, weight: bce_one(D(x, G(x)))],
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
