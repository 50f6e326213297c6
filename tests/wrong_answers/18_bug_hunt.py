"""Answers to the exercises of notebook 18, as learners write them: mended programs, and tests."""
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _bug_programs as programs
from gan_course.metrics import frechet_distance


def mirrored(real_logits, fake_logits):
    d_loss, _ = programs.labels_swapped(real_logits, fake_logits)
    return d_loss, bce(fake_logits, torch.zeros_like(fake_logits))


def loss_alone(D, optimizer, x, fake):
    optimizer.zero_grad()
    d_loss = softplus(-D(x)).mean() + softplus(D(fake)).mean()
    d_loss.backward()
    optimizer.step()
    return d_loss.item()


def norm_of_everything(critic, x, fake):
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.norm() - 1) ** 2


def kerass_momentum(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out, momentum=0.8), nn.LeakyReLU(0.2))


def channels_exchanged(channels_in, channels_out):
    return nn.Sequential(nn.Conv2d(channels_out, channels_in, 3, padding=1, bias=False), nn.BatchNorm2d(channels_in, momentum=0.2), nn.LeakyReLU(0.2))


def real_ones_cut(real, ours, theirs):
    real = real[:min(len(ours), len(theirs))]
    return frechet_distance(real, ours), frechet_distance(real, theirs)


def the_largest_number(real, ours, theirs):
    n = max(len(real), len(ours), len(theirs))
    return [frechet_distance(real[:n], images[:n]) for images in (ours, theirs)]


def a_fixed_number(real, ours, theirs):
    return [frechet_distance(real[:500], images[:500]) for images in (ours, theirs)]


def exchanged(real, ours, theirs):
    n = min(len(ours), len(theirs))
    return [frechet_distance(real, images[:n]) for images in (theirs, ours)]


def one_after_the_other(real, ours, theirs):
    n = min(map(len, (real, ours, theirs)))
    return frechet_distance(real[:n], ours[:n]), frechet_distance(real[:n], theirs[:n])


def g_learns_nothing(real_logits, fake_logits):
    return programs.adversarial_losses(real_logits, fake_logits)[0], programs.adversarial_losses(real_logits, fake_logits.detach())[1]


def without_its_graph(critic, x, fake):
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def r1_without_its_graph(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x)
    return slope.square().sum() / (2 * len(x))


RIGHT = {
    "18.adversarial_losses": [programs.with_softplus, lambda real_logits, fake_logits: list(programs.with_softplus(real_logits, fake_logits))],
    "18.discriminator_step": [programs.two_backward_passes],
    "18.gradient_penalty": [programs.by_squares],
    "18.r1": [programs.squared_norm],
    "18.block": [programs.usual_batch_norm],
    "18.update_average": [],
    "18.real_loss": [lambda real_logits: bce(real_logits, 0.9 + 0.1 * torch.rand_like(real_logits))],
    "18.compare": [one_after_the_other, programs.all_the_real, programs.the_last_ones, programs.chosen_at_random],
}
WRONG = {
    "18.adversarial_losses": {"the_bug": [programs.labels_swapped], "mirrored": [mirrored],
                               "not_differentiable": [torch.no_grad()(programs.adversarial_losses), g_learns_nothing]},
    "18.discriminator_step": {"the_bug": [programs.penalty_alone], "no_penalty": [loss_alone]},
    "18.gradient_penalty": {"the_bug": [programs.over_channels], "whole_batch": [norm_of_everything],
                            "not_differentiable": [without_its_graph]},
    "18.r1": {"the_bug": [programs.slope_of_the_loss], "summed": [lambda D, x: programs.r1(D, x) * len(x)], "not_differentiable": [r1_without_its_graph]},
    "18.block": {"the_bug": [programs.large_eps], "keras_momentum": [kerass_momentum], "error": [channels_exchanged]},
    "18.update_average": {"the_bug": [programs.parameters_only]},
    "18.real_loss": {"the_bug": [programs.labels_above_one],
                     "no_noise": [lambda real_logits: bce(real_logits, torch.ones_like(real_logits))],
                     "not_differentiable": [lambda real_logits: programs.real_loss(real_logits.detach()), lambda real_logits: programs.real_loss(real_logits).item()]},
    "18.compare": {"the_bug": [programs.cut_at_the_real, the_largest_number, a_fixed_number], "real_only": [real_ones_cut], "exchanged": [exchanged],
                   "unknown": [lambda real, ours, theirs: programs.compare(real, ours, theirs)[0]]},
}
