"""Answers to the exercises of notebook 14, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as F

from gan_course.lessons.exercises.ssgan import rotations


def hinge(D, x, fake, y, real=lambda s: F.relu(1 - s), made=lambda s: F.relu(1 + s)):
    return real(D(x, y)).mean() + made(D(fake, y)).mean()


def by_slices(z, e, layers):
    k = z.shape[1] // layers
    return [torch.cat([z[:, layer * k:(layer + 1) * k], e], dim=1) for layer in range(layers)]


def until_none(z, threshold, start=torch.clone):
    z = start(z)
    while (z.abs() > threshold).any():
        z = torch.where(z.abs() > threshold, torch.randn(z.shape), z)
    return z


def once(z, threshold):
    return torch.where(z.abs() > threshold, torch.randn(z.shape), z)


def uniform(z, threshold):
    return torch.where(z.abs() > threshold, threshold * (2 * torch.rand(z.shape) - 1), z)


def one_by_one(x):
    views = [x, x.rot90(1, (2, 3)), x.rot90(2, (2, 3)), x.rot90(3, (2, 3))]
    return torch.cat(views), torch.tensor([k for k in range(4) for _ in x])


def turned(x, turn, labels=None):
    return torch.cat([turn(x, k) for k in range(4)]), torch.arange(4).repeat_interleave(len(x)) if labels is None else labels


def mirrored(x, k):
    return [x, x.mT, x.flip((2, 3)), x.flip((2, 3)).mT][k]


def adversarial(D, x, fake):
    return F.relu(1 - D(x)[0]).mean() + F.relu(1 + D(fake)[0]).mean()


def turns(D, x):
    views, k = rotations(x)
    return F.cross_entropy(D(views)[1], k)


def one_pass(D, x, fake):
    views, k = rotations(x)
    score, logits = D(views)
    return F.relu(1 - score[:len(x)]).mean() + F.relu(1 + D(fake)[0]).mean() + F.cross_entropy(logits, k)


def all_in_the_game(D, x, fake):
    return adversarial(D, rotations(x)[0], rotations(fake)[0]) + turns(D, x)


def fooled(D, fake):
    return -D(fake)[0].mean()


RIGHT = {
    "14.layer_inputs": [by_slices, lambda z, e, layers: tuple(torch.cat((part, e), -1) for part in torch.tensor_split(z, layers, 1))],
    "14.discriminator_loss": [hinge, lambda D, x, fake, y: hinge(D, x, fake.detach(), y), lambda D, x, fake, y: torch.clamp(1 - D(x, y), min=0).mean() + torch.clamp(1 + D(fake, y), min=0).mean()],
    "14.truncated": [until_none],
    "14.rotations": [one_by_one, lambda x: turned(x, lambda x, k: torch.rot90(x, k, (-2, -1)))],
    "14.ssgan_discriminator_loss": [one_pass, lambda D, x, fake: turns(D, x) + adversarial(D, x, fake)],
    "14.ssgan_generator_loss": [lambda D, fake: fooled(D, fake) + turns(D, fake) / 5],
}
WRONG = {
    "14.layer_inputs": {
        "no_label": [lambda z, e, layers: torch.tensor_split(z, layers, 1)],
        "whole_z": [lambda z, e, layers: layers * [torch.cat([z, e], 1)]],
        "label_first": [lambda z, e, layers: [torch.cat([e, part], 1) for part in z.chunk(layers, 1)]],
        "one_chunk": [lambda z, e, layers: layers * [torch.cat([z[:, :z.shape[1] // layers], e], 1)]],
        "every_nth": [lambda z, e, layers: [torch.cat([z[:, i::layers], e], 1) for i in range(layers)]],
        "rows": [lambda z, e, layers: [torch.cat([part, e[:len(part)]], 1) for part in z.chunk(layers)]],
        "unknown": [lambda z, e, layers: by_slices(-z, e, layers), lambda z, e, layers: torch.cat([z, e], 1)],
        "error": [lambda z, e, layers: [torch.cat([part, e], 0) for part in z.chunk(layers, 1)]],
    },
    "14.discriminator_loss": {
        "vector": [lambda D, x, fake, y: F.relu(1 - D(x, y)) + F.relu(1 + D(fake, y))],
        "swapped": [lambda D, x, fake, y: hinge(D, fake, x, y)],
        "no_margin": [lambda D, x, fake, y: hinge(D, x, fake, y, lambda s: F.relu(-s), F.relu)],
        "no_relu": [lambda D, x, fake, y: D(fake, y).mean() - D(x, y).mean(), lambda D, x, fake, y: (1 - D(x, y)).mean() + (1 + D(fake, y)).mean()],
        "log_loss": [lambda D, x, fake, y: hinge(D, x, fake, y, lambda s: F.softplus(-s), F.softplus)],
        "half": [lambda D, x, fake, y: hinge(D, x, fake, y) / 2],
        "sum": [lambda D, x, fake, y: F.relu(1 - D(x, y)).sum() + F.relu(1 + D(fake, y)).sum()],
        "unknown": [lambda D, x, fake, y: 3 * hinge(D, x, fake, y)],
        "error": [lambda D, x, fake, y: hinge(D, x, fake, y[:5])],
        "not_a_tensor": [lambda D, x, fake, y: hinge(D, x, fake, y).item()],
        "detached": [torch.no_grad()(lambda D, x, fake, y: hinge(D, x, fake, y)), lambda D, x, fake, y: hinge(lambda x, y: D(x, y).detach(), x, fake, y)],
    },
    "14.truncated": {
        "clamped": [lambda z, threshold: z.clamp(-threshold, threshold), lambda z, threshold: torch.where(z.abs() > threshold, z.sign() * threshold, z)],
        "scaled": [lambda z, threshold: z.clone() * threshold * 1.0],
        "all_again": [lambda z, threshold: until_none(torch.randn(z.shape), threshold)],
        "once": [once],
        "spread": [uniform, lambda z, threshold: torch.where(z.abs() > threshold, 0.0, z)],
        "error": [lambda z, threshold: z[z.abs() > threshold].view(z.shape)],
    },
    "14.rotations": {
        "transposed": [lambda x: turned(x, mirrored)],
        "clockwise": [lambda x: turned(x, lambda x, k: x.rot90(k, (3, 2)))],
        "labels_in_turn": [lambda x: turned(x, lambda x, k: x.rot90(k, (2, 3)), torch.arange(4).repeat(len(x)))],
        "channels": [lambda x: turned(x, lambda x, k: x.rot90(k, (1, 2)))],
        "upright_only": [lambda x: (x.repeat(4, 1, 1, 1), torch.arange(4).repeat_interleave(len(x)))],
        "unknown": [lambda x: turned(-x, lambda x, k: x.rot90(k, (2, 3)))],
        "error": [lambda x: turned(x, lambda x, k: x.rot90(k, (3, 4)))],
        "float_labels": [lambda x: turned(x, lambda x, k: x.rot90(k, (2, 3)), torch.cat([k * torch.ones(len(x)) for k in range(4)]))],
    },
    "14.ssgan_discriminator_loss": {
        "turned_in_the_game": [all_in_the_game],
        "fakes_turned": [lambda D, x, fake: adversarial(D, x, fake) + turns(D, fake), lambda D, x, fake: adversarial(D, x, fake) + turns(D, x) + turns(D, fake)],
        "weight": [lambda D, x, fake: adversarial(D, x, fake) + 0.2 * turns(D, x)],
        "no_rotation": [adversarial],
        "unknown": [lambda D, x, fake: 2 * adversarial(D, x, fake) + turns(D, x)],
        "error": [lambda D, x, fake: adversarial(D, x, fake) + F.cross_entropy(D(x), x)],
        "not_a_tensor": [lambda D, x, fake: one_pass(D, x, fake).item()],
        "detached": [lambda D, x, fake: adversarial(D, x, fake) + turns(D, x).detach()],
    },
    "14.ssgan_generator_loss": {
        "turned_in_the_game": [lambda D, fake: fooled(D, rotations(fake)[0]) + 0.2 * turns(D, fake)],
        "weight": [lambda D, fake: fooled(D, fake) + turns(D, fake)],
        "against": [lambda D, fake: fooled(D, fake) - 0.2 * turns(D, fake)],
        "no_rotation": [fooled],
        "sign": [lambda D, fake: 0.2 * turns(D, fake) - fooled(D, fake)],
        "unknown": [lambda D, fake: fooled(D, fake) + 0.5 * turns(D, fake)],
        "error": [lambda D, fake: -D(fake).mean()],
        "not_a_tensor": [lambda D, fake: float(fooled(D, fake) + 0.2 * turns(D, fake))],
        "detached": [lambda D, fake: fooled(D, fake) + 0.2 * turns(D, fake.detach()), lambda D, fake: fooled(D, fake.detach()) + 0.2 * turns(D, fake.detach())],
    },
}
