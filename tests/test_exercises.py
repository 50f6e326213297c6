"""Exercises: right answers pass in any form, each misconception gets its own message, and nothing a learner writes does harm.

WRONG holds, for each exercise and each message, answers as learners write them: none is copied from the package. Those of notebooks
00, 02 and 03 stand here, those of the others in wrong_answers/.
"""
import inspect
import math
import random
import re
import runpy
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises import (
    _checking,
    _sandbox,
    critic_update,
    dcgan_step,
    first_loop,
    first_training,
    modern_baseline,
    modern_baseline_step,
    wasserstein_loop,
)
from gan_course.paths import NOTEBOOKS
from gan_course.widgets import exercises as widget

sigmoid = torch.sigmoid
bce = F.binary_cross_entropy_with_logits


def ones(logits):
    return torch.ones_like(logits)


def zeros(logits):
    return torch.zeros_like(logits)


def d_step(loss, *, fake=lambda G, z: G(z).detach(), order="zbs", give=lambda loss: loss.item(), first=None, last=None):
    """A move of D put together from parts: z zero_grad, b backward, s step."""
    def discriminator_step(G, D, optimizer_D, x, z):
        if first:
            first(G, D)
        value = loss(D(x), D(fake(G, z)))
        for letter in order:
            {"z": optimizer_D.zero_grad, "b": value.backward, "s": optimizer_D.step}[letter]()
        if last:
            last(G, D)
        return give(value)
    return discriminator_step


def g_step(loss, *, fake=lambda G, z: G(z), order="zbs", give=lambda loss: loss.item(), first=None, last=None):
    def generator_step(G, D, optimizer_G, z):
        if first:
            first(G, D)
        value = loss(D(fake(G, z)))
        for letter in order:
            {"z": optimizer_G.zero_grad, "b": value.backward, "s": optimizer_G.step}[letter]()
        if last:
            last(G, D)
        return give(value)
    return generator_step


def d_loss(r, f):
    return bce(r, ones(r)) + bce(f, zeros(f))


def g_loss(f):
    return bce(f, ones(f))


def without_gradient(G, z):
    with torch.no_grad():
        return G(z)


def distances(points, centres):
    return (points[:, None] - centres[None]).square().sum(2).sqrt()


def nearest(points, centres):
    return distances(points, centres).amin(1)


def s(l):
    return 1 / (1 + np.exp(-l))


def cut(net):
    return net.requires_grad_(False)


# Answers that lean on a variable of the notebook, and answers in several lines.

optimizer_G = optimizer_D = fake = None


def one_backward_for_each_term(G, D, optimizer_D, x, z):
    optimizer_D.zero_grad(set_to_none=False)
    real, fake = D(x), D(G(z).detach())
    (first := bce(real, ones(real))).backward()
    (second := bce(fake, zeros(fake))).backward()
    optimizer_D.step()
    return (first + second).item()


def leans_on_fake(G, D, optimizer_D, x, z):
    loss = d_loss(D(x), D(fake.detach()))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def other_optimizer(G, D, optimizer_D, x, z):
    loss = d_loss(D(x), D(G(z).detach()))
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss


def asks_D_without_gradients(G, D, optimizer_D, x, z):
    with torch.no_grad():
        loss = d_loss(D(x), D(G(z)))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def moves_G_as_well(G, D, optimizer_D, x, z):
    own = torch.optim.SGD(G.parameters(), 0.1)
    loss = d_step(d_loss, fake=lambda G, z: G(z))(G, D, optimizer_D, x, z)
    own.step()
    return loss


def moves_D_as_well(G, D, optimizer_G, z):
    loss = g_step(g_loss)(G, D, optimizer_G, z)
    torch.optim.SGD(D.parameters(), 0.1).step()
    return loss


def steps_other_optimizer(G, D, optimizer_G, z):
    loss = g_loss(D(G(z)))
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def number_too_early(G, D, optimizer_D, x, z):
    loss = d_loss(D(x), D(G(z).detach())).detach()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def number_too_early_for_G(G, D, optimizer_G, z):
    loss = g_loss(D(G(z))).detach()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss


def all_without_gradients(G, D, optimizer_G, z):
    with torch.no_grad():
        loss = g_loss(D(G(z)))
    loss.backward()
    optimizer_G.step()
    return loss


def loss_after_step(G, D, optimizer_D, x, z):
    d_step(d_loss)(G, D, optimizer_D, x, z)
    with torch.enable_grad():
        return d_loss(D(x), D(G(z).detach()))


def loss_after_step_of_G(G, D, optimizer_G, z):
    g_step(g_loss)(G, D, optimizer_G, z)
    return g_loss(D(G(z)))


def backward_in_loss(r, f):
    loss = d_loss(r, f)
    loss.backward()
    return loss


def simultaneous(psi, theta, h):
    slope = s(psi * theta)
    return psi - h * theta * slope, theta + h * psi * slope


def dirac(psi, theta, h, d=1.0, g=1.0, squash=s, squash_g=None):
    psi = psi - d * h * theta * squash(theta * psi)
    theta = theta + g * h * psi * (squash_g or squash)(theta * psi)
    return psi, theta


def dirac_of_G_first(psi, theta, h):
    theta += h * psi * s(theta * psi)
    psi -= h * theta * s(theta * psi)
    return psi, theta


def dirac_half_new(psi, theta, h):
    slope = s(psi * theta)
    psi = psi - h * theta * slope
    theta = theta + h * psi * slope
    return psi, theta


def dirac_exchanged(psi, theta, h):
    psi = psi - h * psi * s(theta * psi)
    return psi, theta + h * theta * s(theta * psi)


RIGHT = {
    "00.between": [lambda v, f, c: (f - v) / (f - c), lambda v, f, c: 1 - (c - v) / (c - f),
                   lambda v, f, c: np.float64((v - f) / (c - f))],
    "00.accuracy": [
        lambda r, f: torch.cat([r > 0.5, f < 0.5]).float().mean(), lambda r, f: 1 - torch.cat([r <= 0.5, f >= 0.5]).double().mean().item(),
        lambda r, f: (sum(r > 0.5) + sum(f < 0.5)) / (len(r) + len(f)), lambda r, f: np.mean([*(r.numpy() > 0.5), *(f.numpy() < 0.5)])],
    "02.discriminator_loss": [
        d_loss,
        lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-f).mean(),
        lambda r, f: torch.log1p(torch.exp(-r.abs())).mean() + F.relu(-r).mean() + F.softplus(f).sum() / len(f),
        lambda r, f: nn.BCEWithLogitsLoss()(r, torch.ones(len(r))) + nn.BCEWithLogitsLoss()(f, torch.zeros(len(f))),
        lambda r, f: d_loss(r, f).reshape(1)],
    "02.non_saturating_generator_loss": [g_loss, lambda f: -F.logsigmoid(f).mean(), lambda f: F.softplus(-f).sum() / f.numel()],
    "02.best_discriminator": [lambda p, q: 1 / (1 + q / p), lambda p, q: sigmoid(p.log() - q.log()), lambda p, q: (p / (p + q)).numpy()],
    "02.dirac_step": [dirac, lambda psi, theta, h: list(dirac(psi, theta, h)), lambda psi, theta, h: np.array(dirac(psi, theta, h)),
                      lambda psi, theta, h: torch.tensor(dirac(psi, theta, h))],
    "03.discriminator_step": [
        d_step(d_loss), d_step(d_loss, fake=without_gradient), d_step(d_loss, give=lambda loss: float(loss)),
        d_step(d_loss, order="bs", first=lambda G, D: D.zero_grad()), one_backward_for_each_term,
        d_step(d_loss, last=lambda G, D: (G.zero_grad(), D.zero_grad()))],
    "03.generator_step": [g_step(g_loss), g_step(g_loss, give=lambda loss: loss.detach().numpy()), g_step(g_loss, last=lambda G, D: D.zero_grad()),
                          g_step(g_loss, first=lambda G, D: cut(D), last=lambda G, D: D.requires_grad_(True))],
    "03.high_quality_share": [
        lambda p, c, sd: (nearest(p, c) <= 3 * sd).float().mean(), lambda p, c, sd: (nearest(p, c) < 3 * sd).sum().item() / len(p),
        lambda p, c, sd: sum(any((x - m).norm() <= 3 * sd for m in c) for x in p) / len(p),
        lambda p, c, sd: (distances(p, c) <= 3 * sd).any(1).double().mean(),
        lambda p, c, sd: np.mean((nearest(p, c) ** 2 <= 9 * sd ** 2).numpy())],
}

WRONG = {
    "00.between": {
        "no_floor": [lambda v, f, c: v / c, lambda v, f, c: v],
        "not_divided": [lambda v, f, c: v - f],
        "half_a_floor": [lambda v, f, c: (v - f) / c, lambda v, f, c: v / (c - f)],
        "turned_round": [lambda v, f, c: 1 - (v - f) / (c - f), lambda v, f, c: c - v],
        "brackets": [lambda v, f, c: v - f / c - f, lambda v, f, c: (v - f) / c - f, lambda v, f, c: v - f / (c - f)],
        "upside_down": [lambda v, f, c: (c - f) / (v - f)],
        "percent": [lambda v, f, c: (v - f) / (c - f) * 100],
        "unknown": [lambda v, f, c: v * f * c],
    },
    "00.accuracy": {
        "real_only": [lambda r, f: (r >= 0.5).double().mean()],
        "fake_only": [lambda r, f: (f <= 0.5).double().mean()],
        "calls_real": [lambda r, f: torch.cat([r, f]).gt(0.5).float().mean()],
        "wrong_way": [lambda r, f: 1 - torch.cat([r > 0.5, f < 0.5]).float().mean()],
        "mean_of_probabilities": [lambda r, f: (r.mean() + 1 - f.mean()) / 2, lambda r, f: torch.cat([r, f]).mean()],
        "sum_of_shares": [lambda r, f: (r > 0.5).float().mean() + (f < 0.5).float().mean()],
        "count": [lambda r, f: int((r > 0.5).sum() + (f < 0.5).sum())],
        "each": [lambda r, f: torch.cat([r > 0.5, f < 0.5])],
        "unknown": [lambda r, f: r.max() * f.min()],
    },
    "02.discriminator_loss": {
        "sign": [lambda r, f: torch.log(sigmoid(r)).mean() + torch.log(1 - sigmoid(f)).mean(), lambda r, f: -d_loss(r, f)],
        "labels": [lambda r, f: bce(r, zeros(r)) + bce(f, ones(f)), lambda r, f: F.softplus(r).mean() + F.softplus(-f).mean()],
        "both_real": [lambda r, f: bce(r, ones(r)) + bce(f, ones(f))],
        "both_fake": [lambda r, f: bce(r, zeros(r)) + bce(f, zeros(f))],
        "sigmoid_twice": [lambda r, f: d_loss(sigmoid(r), sigmoid(f)), lambda r, f: bce(sigmoid(r), ones(r)) + bce(f, zeros(f))],
        "sigmoid_forgotten": [lambda r, f: -(torch.log(r).mean() + torch.log(1 - f).mean()),
                              lambda r, f: F.binary_cross_entropy(r, ones(r)) + F.binary_cross_entropy(f, zeros(f))],
        "no_log": [lambda r, f: (1 - sigmoid(r)).mean() + sigmoid(f).mean()],
        "wasserstein": [lambda r, f: f.mean() - r.mean()],
        "least_squares": [lambda r, f: F.mse_loss(r, ones(r)) + F.mse_loss(f, zeros(f)),
                          lambda r, f: F.mse_loss(sigmoid(r), ones(r)) + F.mse_loss(sigmoid(f), zeros(f))],
        "log_of_mean": [lambda r, f: -torch.log(sigmoid(r).mean()) - torch.log(1 - sigmoid(f).mean())],
        "sum": [lambda r, f: bce(r, ones(r), reduction="sum") + bce(f, zeros(f), reduction="sum"),
                lambda r, f: F.softplus(-r).sum() + F.softplus(f).mean()],
        "vector": [lambda r, f: torch.cat([F.softplus(-r), F.softplus(f)])],
        "one_by_one": [lambda r, f: F.softplus(-r) + F.softplus(f),
                       lambda r, f: (-torch.log(sigmoid(r)) - torch.log(1 - sigmoid(f))).mean()],
        "several_values": [lambda r, f: (bce(r, ones(r)), bce(f, zeros(f)))],
        "half": [lambda r, f: 0.5 * d_loss(r, f)],
        "pooled": [lambda r, f: bce(torch.cat([r, f]), torch.cat([ones(r), zeros(f)]))],
        "real_only": [lambda r, f: bce(r, ones(r))],
        "fake_only": [lambda r, f: bce(f, zeros(f))],
        "subtracted": [lambda r, f: bce(r, ones(r)) - bce(f, zeros(f)), lambda r, f: F.logsigmoid(r).mean() - F.logsigmoid(-f).mean()],
        "backward_inside": [backward_in_loss],
        "not_a_tensor": [lambda r, f: d_loss(r, f).item(), lambda r, f: float(d_loss(r, f))],
        "detached": [lambda r, f: d_loss(r.detach(), f.detach()), torch.no_grad()(d_loss)],
        "detached_part": [lambda r, f: d_loss(r, f.detach())],
        "unstable": [lambda r, f: -torch.log(sigmoid(r)).mean() - torch.log(1 - sigmoid(f)).mean(),
                     lambda r, f: torch.log(1 + torch.exp(-r)).mean() + torch.log(1 + torch.exp(f)).mean()],
        "clamped": [lambda r, f: F.binary_cross_entropy(sigmoid(r), ones(r)) + F.binary_cross_entropy(sigmoid(f), zeros(f)),
                    lambda r, f: -torch.log(sigmoid(r) + 1e-8).mean() - torch.log(1 - sigmoid(f) + 1e-8).mean()],
        "no_return": [lambda r, f: [d_loss(r, f)].clear()],
        "unknown": [lambda r, f: 3 * d_loss(r, f), lambda r, f: "a string"],
        "error": [lambda r, f: bce(r, ones(f)) + bce(f, zeros(f)), lambda r, f: undefined(r)],  # noqa: F821
        "arguments": [lambda r: r.mean(), lambda r, f, extra: r.mean()],
        "changed_inputs": [lambda r, f: F.softplus(r.neg_()).mean() + F.softplus(f).mean()],
    },
    "02.non_saturating_generator_loss": {
        "sign": [lambda f: torch.log(sigmoid(f)).mean(), lambda f: -g_loss(f)],
        "saturating": [lambda f: torch.log(1 - sigmoid(f)).mean(), lambda f: -bce(f, zeros(f))],
        "labels": [lambda f: bce(f, zeros(f)), lambda f: -torch.log(1 - sigmoid(f)).mean()],
        "sigmoid_twice": [lambda f: g_loss(sigmoid(f))],
        "sigmoid_forgotten": [lambda f: -torch.log(f).mean(), lambda f: F.binary_cross_entropy(f, ones(f))],
        "no_log": [lambda f: 1 - sigmoid(f).mean(), lambda f: -sigmoid(f).mean()],
        "wasserstein": [lambda f: -f.mean()],
        "least_squares": [lambda f: F.mse_loss(f, ones(f))],
        "log_of_mean": [lambda f: -torch.log(sigmoid(f).mean())],
        "sum": [lambda f: F.softplus(-f).sum()],
        "vector": [lambda f: F.softplus(-f)],
        "several_values": [lambda f: [g_loss(f)]],
        "backward_inside": [lambda f: (g_loss(f).backward(), g_loss(f))[1]],
        "not_a_tensor": [lambda f: g_loss(f).item()],
        "detached": [lambda f: g_loss(f).detach()],
        "unstable": [lambda f: -torch.log(sigmoid(f)).mean()],
        "clamped": [lambda f: -torch.log(sigmoid(f).clamp(min=1e-9)).mean(), lambda f: F.binary_cross_entropy(sigmoid(f), ones(f))],
        "unknown": [lambda f: g_loss(f) + 1],
    },
    "02.best_discriminator": {
        "inverted": [lambda p, q: q / (q + p), lambda p, q: 1 - p / (p + q)],
        "ratio": [lambda p, q: p / q],
        "logit": [lambda p, q: torch.log(p / q)],
        "brackets": [lambda p, q: p / p + q],
        "sigmoid_of_densities": [lambda p, q: sigmoid(p - q), lambda p, q: sigmoid(p / q)],
        "difference": [lambda p, q: p - q, lambda p, q: (p - q) / (p + q)],
        "over_all_places": [lambda p, q: p / torch.sum(p + q), lambda p, q: p.sum() / (p.sum() + q.sum())],
        "mean": [lambda p, q: torch.mean(p / (p + q))],
        "one_half": [lambda p, q: 0.5 * ones(p), lambda p, q: 0.5],
        "hard": [lambda p, q: (p > q).float(), lambda p, q: p > q],
        "half_mixture": [lambda p, q: p / (0.5 * (p + q))],
        "changed_inputs": [lambda p, q: p.div_(p + q)],
        "argument_order": [lambda q, p: p / (p + q)],
        "unknown": [lambda p, q: p * q, lambda p, q: p[:2], lambda p, q: {"D": p}],
    },
    "02.dirac_step": {
        "not_two": [lambda *now: dirac(*now)[0], lambda *now: (*dirac(*now), 0.0), lambda *now: "both"],
        "simultaneous": [simultaneous],
        "G_first": [dirac_of_G_first],
        "half_new": [dirac_half_new],
        "D_descends": [lambda *now: dirac(*now, d=-1.0)],
        "G_ascends": [lambda *now: dirac(*now, g=-1.0)],
        "both_signs": [lambda *now: dirac(*now, d=-1.0, g=-1.0)],
        "linearised": [lambda *now: dirac(*now, squash=lambda l: 1 / 2)],
        "no_sigmoid": [lambda *now: dirac(*now, squash=lambda l: 1), lambda *now: dirac(*now, squash=lambda l: l)],
        "sigmoid_sign": [lambda *now: dirac(*now, squash=lambda l: 1 - s(l))],
        "non_saturating": [lambda *now: dirac(*now, squash_g=lambda l: 1 - s(l))],
        "slopes_exchanged": [dirac_exchanged],
        "no_h": [lambda psi, theta, h: dirac(psi, theta, 1)],
        "order": [lambda *now: tuple(reversed(dirac(*now)))],
        "D_only": [lambda *now: dirac(*now, g=0.0)],
        "G_only": [lambda *now: dirac(*now, d=0.0)],
        "only_the_steps": [lambda psi, theta, h: (dirac(psi, theta, h)[0] - psi, dirac(psi, theta, h)[1] - theta)],
        "unknown": [lambda psi, theta, h: dirac(psi, theta, 2 * h)],
    },
    "03.discriminator_step": {
        "no_detach": [d_step(d_loss, fake=lambda G, z: G(z))],
        "no_grad": [asks_D_without_gradients],
        "cut_loss": [number_too_early],
        "eval": [d_step(d_loss, first=lambda G, D: D.eval()), d_step(d_loss, first=lambda G, D: G.eval())],
        "frozen": [d_step(d_loss, last=lambda G, D: cut(G))],
        "backward_forgotten": [d_step(d_loss, order="zs"), d_step(d_loss, order="s"), d_step(d_loss, order="")],
        "step_forgotten": [d_step(d_loss, order="zb"), d_step(d_loss, order="b")],
        "step_first": [d_step(d_loss, order="zsb"), d_step(d_loss, order="szb")],
        "zero_after_backward": [d_step(d_loss, order="bzs"), d_step(d_loss, order="zbzs")],
        "zero_after_step": [d_step(d_loss, order="bsz")],
        "zero_forgotten": [d_step(d_loss, order="bs")],
        "two_steps": [d_step(d_loss, order="zbss")],
        "moves_G": [moves_G_as_well],
        "outside": [leans_on_fake, other_optimizer],
        "labels": [d_step(lambda r, f: bce(r, zeros(r)) + bce(f, ones(f)))],
        "ascends": [d_step(lambda r, f: -d_loss(r, f))],
        "sigmoid_twice": [d_step(lambda r, f: d_loss(sigmoid(r), sigmoid(f)))],
        "sigmoid_forgotten": [d_step(lambda r, f: F.binary_cross_entropy(r, ones(r)) + F.binary_cross_entropy(f, zeros(f))),
                              d_step(lambda r, f: -(torch.log(r) + torch.log(1 - f)).mean())],
        "no_log": [d_step(lambda r, f: sigmoid(f).mean() - sigmoid(r).mean())],
        "wasserstein": [d_step(lambda r, f: f.mean() - r.mean())],
        "least_squares": [d_step(lambda r, f: F.mse_loss(r, ones(r)) + F.mse_loss(f, zeros(f)))],
        "sum": [d_step(lambda r, f: (F.softplus(-r) + F.softplus(f)).sum())],
        "vector": [d_step(lambda r, f: F.softplus(-r) + F.softplus(f))],
        "half": [d_step(lambda r, f: d_loss(r, f) / 2), d_step(lambda r, f: bce(torch.cat([r, f]), torch.cat([ones(r), zeros(f)])))],
        "fake_only": [d_step(lambda r, f: bce(f, zeros(f)))],
        "real_only": [d_step(lambda r, f: bce(r, ones(r)))],
        "own_noise": [d_step(d_loss, fake=lambda G, z: G(torch.randn_like(z)).detach())],
        "after_the_step": [loss_after_step],
        "tensor": [d_step(d_loss, give=lambda loss: loss), d_step(d_loss, give=lambda loss: loss.detach())],
        "no_return": [d_step(d_loss, give=lambda loss: None)],
        "unknown": [d_step(lambda r, f: 5 * d_loss(r, f)), d_step(d_loss, give=lambda loss: "done")],
        "error": [d_step(d_loss, fake=lambda G, z: G(z.T))],
    },
    "03.generator_step": {
        "detached_fake": [g_step(g_loss, fake=lambda G, z: G(z).detach())],
        "no_grad": [g_step(g_loss, fake=without_gradient), all_without_gradients],
        "cut_loss": [number_too_early_for_G],
        "eval": [g_step(g_loss, first=lambda G, D: D.eval()), g_step(g_loss, first=lambda G, D: G.eval())],
        "frozen": [g_step(g_loss, first=lambda G, D: cut(D))],
        "backward_forgotten": [g_step(g_loss, order="zs")],
        "step_forgotten": [g_step(g_loss, order="zb")],
        "step_first": [g_step(g_loss, order="zsb")],
        "zero_after_backward": [g_step(g_loss, order="bzs")],
        "zero_after_step": [g_step(g_loss, order="bsz")],
        "zero_forgotten": [g_step(g_loss, order="bs")],
        "two_steps": [g_step(g_loss, order="zbss")],
        "moves_D": [moves_D_as_well],
        "outside": [steps_other_optimizer],
        "saturating": [g_step(lambda f: torch.log(1 - sigmoid(f)).mean())],
        "labels": [g_step(lambda f: bce(f, zeros(f)))],
        "sign": [g_step(lambda f: -g_loss(f)), g_step(lambda f: torch.log(sigmoid(f)).mean())],
        "sigmoid_twice": [g_step(lambda f: g_loss(sigmoid(f)))],
        "sigmoid_forgotten": [g_step(lambda f: F.binary_cross_entropy(f, ones(f)))],
        "no_log": [g_step(lambda f: -sigmoid(f).mean())],
        "wasserstein": [g_step(lambda f: -f.mean())],
        "least_squares": [g_step(lambda f: F.mse_loss(f, ones(f)))],
        "sum": [g_step(lambda f: F.softplus(-f).sum())],
        "vector": [g_step(lambda f: F.softplus(-f))],
        "own_noise": [g_step(g_loss, fake=lambda G, z: G(torch.randn(len(z), z.shape[1])))],
        "after_the_step": [loss_after_step_of_G],
        "tensor": [g_step(g_loss, give=lambda loss: loss)],
        "no_return": [g_step(g_loss, give=lambda loss: None)],
        "unknown": [g_step(lambda f: 5 * g_loss(f))],
    },
    "03.high_quality_share": {
        "vector": [lambda p, c, sd: nearest(p, c) <= 3 * sd, lambda p, c, sd: nearest(p, c)],
        "mean_distance": [lambda p, c, sd: nearest(p, c).mean(), lambda p, c, sd: nearest(p, c).mean() / sd],
        "squared": [lambda p, c, sd: (nearest(p, c).square() <= 3 * sd).float().mean(),
                    lambda p, c, sd: (nearest(p, c) <= (3 * sd) ** 2).float().mean()],
        "one_sd": [lambda p, c, sd: (nearest(p, c) <= sd).float().mean()],
        "no_sd": [lambda p, c, sd: (nearest(p, c) <= 3).float().mean()],
        "pairs": [lambda p, c, sd: (distances(p, c) <= 3 * sd).sum() / len(p), lambda p, c, sd: (distances(p, c) <= 3 * sd).float().mean()],
        "count": [lambda p, c, sd: (nearest(p, c) <= 3 * sd).sum(), lambda p, c, sd: int((nearest(p, c) <= 3 * sd).sum())],
        "percent": [lambda p, c, sd: 100 * (nearest(p, c) <= 3 * sd).float().mean()],
        "bad_points": [lambda p, c, sd: (nearest(p, c) > 3 * sd).float().mean()],
        "wrong_dim": [lambda p, c, sd: (distances(p, c).amin(0) <= 3 * sd).float().mean()],
        "farthest": [lambda p, c, sd: (distances(p, c).amax(1) <= 3 * sd).float().mean()],
        "one_centre": [lambda p, c, sd: ((p - c.mean(0)).norm(dim=1) <= 3 * sd).float().mean()],
        "box": [lambda p, c, sd: ((p[:, None] - c[None]).abs() <= 3 * sd).all(2).any(1).float().mean(),
                lambda p, c, sd: (torch.cdist(p, c, p=1).amin(1) <= 3 * sd).float().mean()],
        "unknown": [lambda p, c, sd: (nearest(p, c) <= 4 * sd).float().mean()],
    },
}
for path in sorted((Path(__file__).parent / "wrong_answers").glob("*.py")):  # the later notebooks', each in a file of its own
    answers = runpy.run_path(str(path))
    RIGHT |= answers["RIGHT"]
    WRONG |= answers["WRONG"]
WRONG_ANSWERS = [pytest.param(key, id, answer, id=f"{key}-{id}-{number}") for key, ids in WRONG.items()
                 for id, answers in ids.items() for number, answer in enumerate(answers)]
ANY_EXERCISE = {"endless", "error", "unknown", "no_return", "arguments", "argument_order", "changed_inputs", "outside", "reference", "stub"}


@pytest.fixture(autouse=True)
def nobody_watches(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(widget, "_given", {})


@pytest.fixture(autouse=True)
def randomness():
    """No test changes the random numbers of the three libraries."""
    def states():
        kind, keys, *rest = np.random.get_state()
        return random.getstate(), (kind, keys.tolist(), *rest), torch.get_rng_state().tolist()

    before = states()
    yield
    assert states() == before


def written_anew(key):
    """The reference as a learner would have it: the same lines, another function."""
    reference = exercises._all()[key].reference
    space = dict(vars(inspect.getmodule(reference)))
    exec(inspect.getsource(reference), space)
    return space[reference.__name__]


def with_arguments(key, *bodies):
    """The stub of an exercise with each of these bodies, as a function."""
    reference = exercises._all()[key].reference
    arguments = ", ".join(inspect.signature(reference).parameters)
    for body in bodies:
        space = {"torch": torch}
        exec(f"def {reference.__name__}({arguments}):\n    {body}", space)
        yield space[reference.__name__]


ELSEWHERE = {exercise.key for module in (
    first_loop, first_training, critic_update, wasserstein_loop, dcgan_step, modern_baseline,
    modern_baseline_step) for exercise in module.EXERCISES} | {
    key for key in exercises.names() if isinstance(exercises.find(key), exercises.Network | exercises.BugTest)}
"""Their answers stand in test_network_exercises.py, test_loop_exercises.py and, for later networks, in files of their own."""
FUNCTIONS = [key for key in exercises.names() if key not in ELSEWHERE]


# Right answers

@pytest.mark.parametrize("key", exercises.names())
def test_the_reference_passes_and_check_gives_the_learners_function_back(key, capsys):
    answer = written_anew(key)
    assert widget.check(key, answer) is answer
    assert capsys.readouterr().out.startswith(f"✓ right: {key}.")


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_right_answer_passes_in_any_form(key):
    for answer in RIGHT[key]:
        assert exercises.assess(key, answer).id == "right"


@pytest.mark.parametrize(("key", "of_the_course"), [
    ("02.discriminator_loss", "minimax_discriminator_loss"), ("02.non_saturating_generator_loss", "non_saturating_generator_loss")])
def test_the_losses_of_the_course_pass(key, of_the_course):
    from gan_course import losses
    assert exercises.assess(key, getattr(losses, of_the_course)).id == "right"


# Answers not yet given

STUBS = ["...", "pass", "return", "return None", "return ...", "'Only a docstring.'", "raise NotImplementedError",
         "loss = ...; return loss", "return 1 + ..."]


@pytest.mark.parametrize("key", FUNCTIONS)
@pytest.mark.parametrize("body", STUBS)
def test_a_stub_is_not_yet_and_the_notebook_goes_on_with_the_reference(key, body, capsys):
    (answer,) = with_arguments(key, body)
    assert exercises.assess(key, answer).outcome == "not yet"
    assert widget.check(key, answer) is exercises._all()[key].reference
    assert "– not yet" in capsys.readouterr().out


def test_a_class_with_nothing_in_it_is_not_yet():
    class CodeReader(nn.Module):
        def __init__(self, features, categories, continuous):
            super().__init__()
            ...

        def forward(self, features):
            ...

    assert exercises.assess("09.CodeReader", CodeReader).id == "stub"
    assert exercises.assess("09.CodeReader", nn.Module).outcome == "wrong"


def test_checking_the_courses_own_function_again_is_not_the_learners_success():
    key = "02.best_discriminator"
    assert exercises.assess(key, exercises._all()[key].reference).id == "reference"
    assert exercises.assess(key, exercises._all()[key].reference).outcome == "not yet"


# Wrong answers

@pytest.mark.parametrize(("key", "id", "answer"), WRONG_ANSWERS)
def test_each_misconception_gets_its_own_message(key, id, answer):
    verdict = exercises.assess(key, answer)
    assert (verdict.outcome, verdict.id) == ("not yet" if id == "the_bug" else "wrong", id), verdict.says
    assert widget.check(key, answer) is exercises._all()[key].reference


@pytest.mark.parametrize("own", [1, -1])
def test_a_wrong_styled_layer_hears_the_same_with_an_adain_of_the_learners_own(own, monkeypatch):
    """Whatever small number that adds to the standard deviation: it has passed its own check."""
    for id, answers in WRONG["13.StyledLayer"].items():
        for answer in answers:
            for method in (method for method in vars(answer).values() if inspect.isfunction(method)):
                monkeypatch.setitem(method.__globals__, "adain", RIGHT["13.adain"][own])
            assert exercises.assess("13.StyledLayer", answer).id == id


@pytest.mark.parametrize("key", FUNCTIONS)
def test_every_message_is_tried_above_and_no_two_are_alike(key):
    mistakes = {mistake.id: mistake.says for probe in exercises._all()[key].probes for mistake in probe.mistakes}
    assert set(mistakes) <= set(WRONG[key]) <= set(mistakes) | ANY_EXERCISE
    assert len(set(mistakes.values())) == len(mistakes)
    for says in mistakes.values():
        assert 1 <= len(re.findall(r"[.?!](?=\s|$)", says)) <= 3 and len(says) < 420


@pytest.mark.parametrize("key", FUNCTIONS)
def test_no_message_gives_the_answer_away(key):
    exercise = exercises._all()[key]
    lines = [line.split("#")[0].strip() for line in inspect.getsource(exercise.reference).splitlines()[2:]]
    for says in [mistake.says for probe in exercise.probes for mistake in probe.mistakes]:
        assert not any(line.removeprefix("return ") in says for line in lines if len(line) > 12)


def test_an_unknown_wrong_answer_hears_the_input_what_came_and_what_should_have_come():
    says = exercises.assess("02.best_discriminator", lambda p, q: p * q).says
    assert "p = [0.3, 0.05, 0.2, 0.01, 0.6]" in says
    assert "D*: [0.03, 0.0175, 0.04, 0.004, 0.0018] instead of [0.75, 0.125, 0.5, 0.02439, 0.995]" in says


def test_an_unknown_wrong_answer_whose_inputs_have_no_words_hears_what_came():
    says = exercises.assess("12.rebuild", lambda parts: 7 * parts[-1]).says
    assert says.startswith("Not yet. Look at ") and "called with" not in says


@pytest.mark.parametrize(("id", "words"), [
    (0, "the shape of grow.1.weight: (4, 1, 6, 6) instead of (4, 1, 4, 4)"),
    (1, "the shape of first.weight: missing instead of (128, 11)"), (2, "the images: not what it should be")])
def test_a_generator_of_other_shapes_hears_which_and_not_what_could_not_be_looked_at(id, words):
    says = exercises.assess("14.Generator", WRONG["14.Generator"]["unknown"][id]).says
    assert words in says and ("images" in says) == (id == 2) and "gradient" not in says


@pytest.mark.parametrize(("key", "id", "number", "words"), [
    ("14.truncated", "once", 1, "Look at both sides"),                  # a forgotten abs: no new number lies beyond
    ("14.discriminator_loss", "no_relu", 2, "cut at 0, *before* the mean"),     # it is cut, but afterwards
    ("14.ssgan_discriminator_loss", "turned_in_the_game", 0, "Section 9 tries out"),  # the fakes are turned as well
    ("15.both_scores", "no_gradient", 1, "R1 needs the slope at x"), ("15.both_scores", "unknown", 0, "Look at the scores of fakes: ")])
def test_a_message_is_true_of_all_answers_that_hear_it(key, id, number, words):
    assert words in exercises.assess(key, WRONG[key][id][number]).says


ODD = [  # what may come back from a half-written function
    None, "x", 3, 0.0, True, math.nan, int, (), {}, [1.0, 2.0], [[1.0], [2.0, 3.0]], (1, 2, 3), ("a", None), np.zeros(3), np.array(["a"]), [np.zeros(2), 1.0],
    torch.tensor(1.0), torch.randn(3), torch.randn(2, 5), torch.randn(1, 1, 3, 3), torch.tensor([1, 2, 3]), torch.empty(0),
    torch.randn(3) * 1j, torch.randn(3, requires_grad=True), (torch.randn(2), torch.randn(2)), (torch.randn(2), 1.0), print]


@pytest.mark.parametrize("key", exercises.names())
def test_no_check_stumbles_over_what_a_half_written_function_gives(key):
    """An error in a check would be told as our mistake. Whatever comes back, the learner is told what is wrong with it."""
    for odd in ODD:
        assert exercises.assess(key, lambda *given, odd=odd: odd).says, odd
    for place in (0, -1):
        assert exercises.assess(key, lambda *given, place=place: given[place] if given else None).says
    assert exercises.assess(key, lambda *given: given).says


def test_an_answer_of_another_kind_hears_what_it_is():
    says = exercises.assess("14.rotations", lambda x: x).says
    assert "Look at the pair: no images and turns. " in says and "missing" not in says
    assert "the share that is missing: False instead of True" in exercises.assess(
        "08.leave_out_words", WRONG["08.leave_out_words"]["unknown"][0]).says


@pytest.mark.parametrize("key", ["17.autoencoder_step", "17.detector_step"])
def test_a_network_without_an_opponent_hears_nothing_of_other_players(key):
    says = {mistake.id: mistake.says for mistake in exercises.find(key).probes[0].mistakes}
    assert {"eval", "frozen", "zero_after_step", "two_steps"} <= set(says) and "moves_G" not in says
    assert not re.search(r"player|\bboth are\b", " ".join(says[id] for id in ("eval", "frozen", "zero_after_step")))


def test_what_is_not_a_function_is_named():
    assert exercises.assess("02.dirac_step", 0.7).id == "not_a_function"
    assert exercises.assess("02.dirac_step", "dirac_step").id == "not_a_function"


# Functions that misbehave

def forever(*arguments):
    while True:
        pass


def forever_whatever_comes(*arguments):
    while True:
        try:
            abs(1)
        except:  # noqa: E722
            pass


def forever_in_steps(*arguments):
    return sum(1 for _ in iter(int, 1))


@pytest.mark.parametrize("answer", [forever, forever_whatever_comes, forever_in_steps])
def test_an_endless_loop_is_cut_off_with_a_sentence(answer, monkeypatch):
    monkeypatch.setattr(_sandbox, "SECONDS", 0.2)
    verdict = exercises.assess("02.best_discriminator", lambda p, q: answer())
    assert verdict.id == "endless" and "restart" not in verdict.says
    assert not [thread for thread in threading.enumerate() if thread.name == "exercise"]


def test_an_endless_call_into_compiled_code_is_left_behind(monkeypatch):
    monkeypatch.setattr(_sandbox, "SECONDS", 0.1)
    waiting = threading.Event()
    verdict = exercises.assess("02.best_discriminator", lambda p, q: waiting.wait(60))
    assert verdict.id == "endless" and "restart the kernel" in verdict.says
    waiting.set()
    for thread in threading.enumerate():
        if thread.name == "exercise":
            thread.join(10)


def test_an_answer_is_not_endless_because_other_programs_have_the_processor(monkeypatch):
    monkeypatch.setattr(_sandbox, "SECONDS", 0.2)
    outcome = _sandbox.run(lambda: time.sleep(0.5) or "slow", [])  # asleep, as while others work
    assert outcome.result == "slow" and not outcome.endless


def test_the_stop_button_ends_the_waiting_and_the_loop(monkeypatch):
    monkeypatch.setattr(threading.Thread, "join", stop_button(threading.Thread.join))
    with pytest.raises(KeyboardInterrupt):
        exercises.assess("02.best_discriminator", forever)
    assert not [thread for thread in threading.enumerate() if thread.name == "exercise"]


def stop_button(join):
    """A `join` that is interrupted the first time."""
    calls = []

    def interrupted(thread, timeout=None):
        if not calls:
            calls.append(1)
            raise KeyboardInterrupt
        join(thread, timeout)
    return interrupted


def hangs(self, *inputs):
    while True:
        pass


def misspells(self, *inputs):
    return inputs[0] * self.wieght


def is_half_written(self, *inputs):
    return inputs[0] + ...


def says_it_is_not_finished(self, *inputs):
    raise NotImplementedError


def gives_nothing_back(self, *inputs):
    inputs[0].sum()


def prints(self, *inputs):
    print("here is", len(inputs))
    return "a word"


LAYERS = ["09.CodeReader", "13.EqualisedLinear", "13.MappingNetwork", "13.StyledLayer", "14.SelfAttention"]


@pytest.mark.parametrize("key", LAYERS)
@pytest.mark.parametrize(("forward", "id", "words"), [
    (hangs, "endless", "still running"), (misspells, "error", "in the line `return inputs[0] * self.wieght`: AttributeError"),
    (is_half_written, "stub", "still a `...`"), (says_it_is_not_finished, "stub", "still a `...`"), (gives_nothing_back, "no_return", "gives nothing back")])
def test_what_happens_in_the_forward_pass_of_a_layer_is_said(key, forward, id, words, monkeypatch):
    monkeypatch.setattr(_sandbox, "SECONDS", 0.2)
    verdict = exercises.assess(key, type(key[3:], (exercises.reference(key),), {"forward": forward}))
    assert verdict.id == id and words in verdict.says
    assert verdict.outcome == ("not yet" if id == "stub" else "wrong")


@pytest.mark.parametrize("key", LAYERS)
def test_what_the_forward_pass_of_a_layer_prints_is_kept(key):
    verdict = exercises.assess(key, type(key[3:], (exercises.reference(key),), {"forward": prints}))
    assert verdict.outcome == "wrong" and verdict.printed == f"here is {3 if key == '13.StyledLayer' else 1}\n"


def stops_with_an_error(real_logits, fake_logits):
    table = torch.ones(2, 5)
    return (table @ real_logits).mean()


def test_an_error_comes_with_the_learners_own_line_and_the_shapes():
    says = exercises.assess("02.discriminator_loss", stops_with_an_error).says
    assert "It stopped with an error in the line `return (table @ real_logits).mean()`: RuntimeError: size mismatch" in says
    assert "It was called with real_logits = [0.3, 0.8, 0.6], fake_logits = " in says


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, MemoryError])
def test_no_error_comes_through(error):
    def answer(p, q):
        raise error("no")
    assert exercises.assess("02.best_discriminator", answer).id == "error"


def test_a_function_that_draws_and_seeds_leaves_no_trace():
    def answer(p, q):
        torch.default_generator.manual_seed(5)
        np.random.seed(5)
        random.seed(5)
        torch.rand(3), np.random.rand(3), random.random()
        return p / (p + q)
    assert exercises.assess("02.best_discriminator", answer).id == "right"  # and the fixture looks at the states


def test_switching_gradients_off_does_not_stay():
    def answer(p, q):
        torch.set_grad_enabled(False)
        return p / (p + q)
    assert exercises.assess("02.best_discriminator", answer).id == "right"
    assert torch.is_grad_enabled()


def test_what_a_function_prints_is_shown_in_part_and_not_everything(capsys):
    def answer(p, q):
        print("p is", p)
        for _ in range(10_000):
            print("and so on")
        return p / (p + q)
    widget.check("02.best_discriminator", answer)
    out = capsys.readouterr().out
    assert "p is tensor([0.3000" in out and len(out) < _sandbox.PRINTED + 500


def test_an_unknown_key_is_said_and_nothing_is_raised(capsys):
    assert widget.check("02.no_such", forever) is forever
    widget.hint("02.no_such")
    widget.solution("02.no_such")
    assert capsys.readouterr().out.count("There is no exercise called '02.no_such'") == 3


def test_a_fault_of_the_check_is_said_to_be_ours(monkeypatch, capsys):
    monkeypatch.setattr(_checking, "assess", lambda exercise, answer: 1 / 0)
    widget.check("02.dirac_step", dirac)
    assert "our mistake and not yours: ZeroDivisionError" in capsys.readouterr().out


# Help, the page and the record

@pytest.mark.parametrize("key", exercises.names())
def test_three_hints_in_turn_and_then_the_solution(key, capsys):
    for number in (1, 2, 3, 1):
        widget.hint(key)
        assert f"Hint {number} of 3. {exercises._all()[key].hints[number - 1]}" in capsys.readouterr().out
    widget.solution(key)
    assert re.search(rf"(def|class) {key[3:]}\(", capsys.readouterr().out)


@pytest.fixture
def page(monkeypatch):
    """What a learner sees: verdicts as bundles, and the buttons."""
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(widget, "display", lambda bundle, raw=False: shown.append(bundle))
    monkeypatch.setattr(widget.cells, "display", shown.append)
    return shown


def test_text_is_escaped(page):
    def answer(p, q):
        print("<script>one</script>")
        raise ValueError("<script>two</script>")
    widget.check("02.best_discriminator", answer)
    assert "<script>" not in page[0]["text/html"] and page[0]["text/html"].count("&lt;script&gt;") >= 2
    assert "<script>two</script>" in page[0]["text/plain"]


def test_the_buttons_show_a_hint_at_a_time_and_the_solution_and_hide_it(page):
    widget.check("02.discriminator_loss", lambda r, f: -d_loss(r, f))
    buttons, text = page[1].children
    hint, solve = buttons.children
    for number in (1, 2, 3, 3):
        hint.click()
        assert [f"Hint {n}." in text.value for n in (1, 2, 3)] == [n <= number for n in (1, 2, 3)]
    assert "<code>softplus</code>" in text.value and "def " not in text.value
    solve.click()
    assert "def discriminator_loss" in text.value
    solve.click()
    assert "def discriminator_loss" not in text.value and "Hint 3." in text.value


def compares(p, q):
    return p / (p + q)  # <b>mine</b>


def test_who_is_right_can_unfold_the_courses_version_beside_their_own(page):
    widget.check("02.best_discriminator", compares)
    _, bundle = page                                                # and no buttons
    folded = re.fullmatch(r"<details( style=.*?)?><summary>.*?</summary>(.*)</details>", bundle["text/html"], re.DOTALL)
    yours, courses = re.findall(r"<pre.*?>(.*?)</pre>", folded[2], re.DOTALL)
    assert "def compares(p, q):" in yours and "# &lt;b&gt;mine&lt;/b&gt;" in yours
    assert "def best_discriminator(p, q):" in courses
    assert exercises.source("02.best_discriminator") in bundle["text/plain"]


def test_without_a_page_the_courses_version_follows_as_plain_text(capsys):
    widget.check("02.best_discriminator", compares)
    assert capsys.readouterr().out.endswith(f"The course's version:\n{exercises.source('02.best_discriminator')}\n")


def test_the_solution_stands_beside_what_was_checked_last(page):
    widget.check("02.dirac_step", simultaneous)
    _, box = page
    _, solve = box.children[0].children
    solve.click()
    assert "def simultaneous(psi, theta, h):" in box.children[1].value and "def dirac_step" in box.children[1].value
    widget.solution("02.dirac_step")
    assert "def simultaneous(psi, theta, h):" in page[2]["text/html"] and "def simultaneous" not in page[2]["text/plain"]


@pytest.mark.parametrize("answer", [lambda p, q: p, 7, int, "text", None, np.add, type("Made", (), {})])
def test_what_has_no_source_is_not_shown(answer, page):
    widget.check("02.best_discriminator", answer)
    assert exercises.written(answer) == ""


def test_outcomes_are_recorded(monkeypatch):
    events = []
    monkeypatch.setattr("gan_course.lessons.progress.record", lambda *what, **more: events.append((what, more)))
    key = "02.best_discriminator"
    for answer in (*with_arguments(key, "..."), lambda p, q: p - q, lambda p, q: p / (p + q)):
        widget.check(key, answer)
    assert [what for what, _ in events] == [("exercise", key)] * 3
    assert [(more["outcome"], more["message_id"]) for _, more in events] == [
        ("not yet", "stub"), ("wrong", "difference"), ("right", "right")]


def test_a_record_that_cannot_be_written_is_said(monkeypatch, capsys):
    def full(*what, **more):
        raise OSError("disk full")
    monkeypatch.setattr("gan_course.lessons.progress.record", full)
    answer = written_anew("02.dirac_step")
    assert widget.check("02.dirac_step", answer) is answer
    assert "Not recorded: your record of answers and runs cannot be written (disk full)" in capsys.readouterr().out


def test_the_keys_used_in_notebooks_exist():
    """An exercise may come back in a later notebook; it belongs to the one whose number it has."""
    for path in NOTEBOOKS.rglob("[0-9][0-9]_*.ipynb"):
        for key in re.findall(r'exercises\.(?:check|hint|solution)\(\\"(.*?)\\"', path.read_text(encoding="utf-8")):
            assert key in exercises.names() and key[:2] <= path.name[:2]
