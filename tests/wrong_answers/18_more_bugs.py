"""Answers to the exercises of notebook deeper/18_more_bugs, as learners write them: mended programs."""
import torch
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _more_bug_programs as programs


def logits_detached(G, D, optimizer, z):
    loss = softplus(-D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def zeros_wanted(G, D, optimizer, z):
    logits = D(G(z))
    loss = bce(logits, torch.zeros_like(logits))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def zeros_wanted_once(G, D, optimizer, z):
    optimizer.zero_grad()
    D(G(z)).sigmoid().mean().backward()
    optimizer.step()
    return 0.0


def real_left(real_logits, fake_logits):
    return softplus(-real_logits.sigmoid()).mean() + softplus(fake_logits).mean()


def fake_left(real_logits, fake_logits):
    return softplus(-real_logits).mean() + softplus(fake_logits.sigmoid()).mean()


def one_for_all(x, fake):
    t = torch.rand(1)
    return t * x + (1 - t) * fake


def one_for_each_channel(x, fake):
    return x + torch.rand(*x.shape[:2], 1, 1) * (fake - x)


def beyond(x, fake):
    return x + (1 + torch.rand(len(x), 1, 1, 1)) * (fake - x)


def mean_over_pixels(D, x):
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return slope.pow(2).mean() / 2


def evaluates_too_late(G, z):
    with torch.no_grad():
        images = G(z)
    G.eval()
    return images


def one_transposition(images, turns):
    return images.transpose(2, 3) if turns % 2 else images


def batch_turned(images, turns):
    return torch.rot90(images, turns)


def a_quarter(images, turns):
    return images.transpose(2, 3).flip(2)


def half_turns(images, turns):
    return torch.rot90(images, 2 * turns, dims=(2, 3))


def backwards(steps):
    return programs.signal(steps).flip(0)


def slope_without_its_graph(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x)
    return slope.flatten(1).norm(dim=1).square().mean() / 2


RIGHT = {
    "18.generator_step": [programs.zeroed_before],
    "18.discriminator_loss": [programs.with_softplus, programs.of_probabilities],
    "18.relativistic_loss": [lambda real_logits, fake_logits: softplus(real_logits.mean() - fake_logits).mean()],
    "18.between": [programs.from_the_fake, programs.with_lerp, programs.drawn_in_place],
    "18.penalty": [lambda D, x: programs.summed(D, x) / len(x)],
    "18.sample": [programs.stays_in_evaluation, programs.with_its_statistics, programs.of_a_copy],
    "18.rotated": [programs.other_way_round, programs.flipped_transposes, programs.flipped_first],
    "18.psnr": [programs.from_the_root, programs.from_the_logarithm, programs.from_bytes],
    "18.signal": [programs.cosine, programs.wide, programs.squared_cosine],
}
WRONG = {
    "18.generator_step": {"the_bug": [programs.detached, logits_detached], "against_g": [zeros_wanted], "unknown": [zeros_wanted_once]},
    "18.discriminator_loss": {"the_bug": [programs.two_sigmoids], "one_left": [real_left, fake_left], "unknown": [programs.averaged],
                              "not_differentiable": [lambda real_logits, fake_logits: programs.discriminator_loss(real_logits.detach(), fake_logits)]},
    "18.relativistic_loss": {"the_bug": [programs.overwritten], "unknown": [programs.pairs],
                             "not_differentiable": [lambda real_logits, fake_logits: programs.relativistic_loss(real_logits, fake_logits.detach())]},
    "18.between": {"the_bug": [programs.in_a_box, one_for_each_channel], "one_share": [one_for_all], "unknown": [beyond],
                   "error": [lambda x, fake: x + torch.rand(len(x)) * (fake - x)]},
    "18.penalty": {"the_bug": [programs.summed], "over_all": [mean_over_pixels], "unknown": [lambda D, x: 2 * programs.penalty(D, x)],
                   "not_differentiable": [slope_without_its_graph]},
    "18.sample": {"the_bug": [programs.in_training_mode, evaluates_too_late]},
    "18.rotated": {"the_bug": [programs.transposed, one_transposition], "other_axes": [batch_turned], "one_turn": [a_quarter], "unknown": [half_turns]},
    "18.psnr": {"the_bug": [programs.peak_of_the_batch], "of_bytes": [lambda x, y: 20 * torch.log10(255 / F.mse_loss(x, y).sqrt())],
                "natural": [lambda x, y: -10 * torch.log(F.mse_loss(x, y))]},
    "18.signal": {"the_bug": [programs.made_for_a_thousand], "too_large": [lambda steps: (1 - torch.linspace(0.1, 20, steps)).cumprod(0).sqrt()],
                  "all_at_once": [lambda steps: 0.6 ** torch.arange(1, steps + 1)], "unknown": [backwards]},
}
