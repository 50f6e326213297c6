"""Answers to the exercises of notebook 14, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons.exercises.biggan import discriminator_loss
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


def above_only(z, threshold):
    while (z > threshold).any():
        z = torch.where(z > threshold, torch.randn(z.shape), z)
    return z


def one_by_one(x):
    views = [x, x.rot90(1, (2, 3)), x.rot90(2, (2, 3)), x.rot90(3, (2, 3))]
    return torch.cat(views), torch.tensor([k for k in range(4) for _ in x])


def turned(x, turn, labels=None):
    return torch.cat([turn(x, k) for k in range(4)]), torch.arange(4).repeat_interleave(len(x)) if labels is None else labels


def through_numpy(x):
    return torch.from_numpy(np.concatenate([np.rot90(x.numpy(), k, (2, 3)) for k in range(4)])), torch.arange(4).repeat_interleave(len(x))


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


def real_ones_in_the_game(D, x, fake):
    views, k = rotations(x)
    score, logits = D(views)
    return F.relu(1 - score).mean() + F.relu(1 + D(fake)[0]).mean() + F.cross_entropy(logits, k)


def fooled(D, fake):
    return -D(fake)[0].mean()


class Own(nn.Module):
    """A generator written without `layer_inputs`; its parts can be exchanged."""

    def __init__(self, z_dim, classes, width=32, dim=32, read=lambda chunk, dim: chunk + dim, numbers=2, affine=False, keep=True, tables=1, first=None):
        super().__init__()
        chunk, channels = z_dim // 3, (2 * width, width)
        self.z_dim = z_dim
        if keep:
            self.classes = classes
        self.embedding = nn.Embedding(classes, dim) if tables == 1 else nn.ModuleList(nn.Embedding(classes, dim) for _ in range(tables))
        self.first = nn.Linear(first or read(chunk, dim), 2 * width * 16)
        self.norms = nn.ModuleList([nn.BatchNorm2d(c, affine=affine) for c in channels])
        self.affines = nn.ModuleList([nn.Linear(read(chunk, dim), numbers * c) for c in channels])
        self.grow = nn.ModuleList([nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1), nn.ConvTranspose2d(width, 1, kernel_size=4, stride=2, padding=1)])

    def vector(self, y):
        return self.embedding(y)

    def chunk(self, z, layer):
        k = z.shape[1] // 3
        return z[:, k * layer:k * (layer + 1)]

    def put_together(self, chunk, e):
        return torch.cat((chunk, e), dim=-1)

    def image(self, h):
        return h.reshape(h.shape[0], h.shape[1] // 16, 4, 4)

    def style(self, h, gain, shift):
        return F.relu(h * (gain + 1) + shift)

    def normal(self, layer, h):
        return self.norms[layer](h)

    def halves(self, both):
        half = both.shape[1] // 2
        return both[:, :half, None, None], both[:, half:, None, None]

    def squash(self, h):
        return torch.tanh(h)

    def forward(self, z, y):
        e = self.vector(y)
        told = [self.put_together(self.chunk(z, layer), e) for layer in range(3)]
        pairs = [self.halves(affine(u)) for affine, u in zip(self.affines, told[1:], strict=True)]
        h = self.image(self.first(told[0]))
        for layer in (0, 1):
            h = self.grow[layer](self.style(self.normal(layer, h), *pairs[layer]))
        return self.squash(h)


class NoVectors(Own):
    def put_together(self, chunk, e):
        return chunk


class NoChunk(Own):
    def put_together(self, chunk, e):
        return e


class OtherNames(Own):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.table = self.embedding
        del self.embedding


class ThreeTables(Own):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named, tables=3)


class OwnGain(Own):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named, affine=True)


class Forgetful(Own):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named, keep=False)


class AllOfZ(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, read=lambda chunk, dim: 3 * chunk + dim)


class AllOfZAtFirst(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, first=z_dim + dim)


class NoLabel(NoVectors):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, read=lambda chunk, dim: chunk)


class NoLabelAtFirst(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, first=z_dim // 3)


class LabelAlone(NoChunk):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, read=lambda chunk, dim: dim)


class GainAlone(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim, numbers=1)


class WideKernel(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim)
        self.grow[1] = nn.ConvTranspose2d(width, 1, 6, 2, 2)


class InSequence(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim)
        self.first = nn.Sequential(self.first, nn.Unflatten(1, (2 * width, 4, 4)))

    def image(self, h):
        return h


class Larger(Own):
    def __init__(self, z_dim, classes, width=32, dim=32):
        super().__init__(z_dim, classes, width, dim)
        self.grow[1] = nn.ConvTranspose2d(width, 1, 4, 2, 0)


class Turned(Own):
    def image(self, h):
        return h.view(len(h), 4, 4, -1)


class Flat(Own):
    def halves(self, both):
        return both.chunk(2, dim=1)


class Idle(Own):
    def normal(self, layer, h):
        return self.norms[layer](h)

    def forward(self, z, y):
        e = self.vector(y)
        gain, shift = self.halves(self.affines[0](self.put_together(self.chunk(z, 1), e)))
        h = self.grow[0](self.style(self.norms[0](self.image(self.first(self.put_together(self.chunk(z, 0), e)))), gain, shift))
        return self.squash(self.grow[1](self.norms[1](h).relu()))


class NoGradients(Own):
    @torch.no_grad()
    def forward(self, z, y):
        return super().forward(z, y)


class Cut(Own):
    def vector(self, y):
        return self.embedding(y).detach()


class FirstChunk(Own):
    def chunk(self, z, layer):
        return super().chunk(z, 0)


class LastChunkFirst(Own):
    def chunk(self, z, layer):
        return super().chunk(z, 2 - layer)


class LabelInFront(Own):
    def put_together(self, chunk, e):
        return torch.cat([e, chunk], 1)


class Raw(Own):
    def normal(self, layer, h):
        return h


class PureGain(Own):
    def style(self, h, gain, shift):
        return F.relu(h * gain + shift)


class ShiftFirst(Own):
    def halves(self, both):
        return super().halves(both)[::-1]


class Linear(Own):
    def style(self, h, gain, shift):
        return h * (gain + 1) + shift


class EarlyReLU(Own):
    def style(self, h, gain, shift):
        return F.relu(h) * (gain + 1) + shift


class Unbounded(Own):
    def squash(self, h):
        return h


class HalfRange(Own):
    def squash(self, h):
        return torch.sigmoid(h)


class Leaky(Own):
    def style(self, h, gain, shift):
        return F.leaky_relu(h * (gain + 1) + shift, 0.2)


class Broken(Own):
    def squash(self, h):
        return torch.tanh(h.nothing)


def step(*, d_loss=discriminator_loss, cut=torch.detach, g_loss=lambda s: -s.mean(), order_D="zbs", order_G="zbs", fresh=True, of_G=lambda fake: fake,
         asked=lambda y: y, judged=lambda y: y, G_first=False, give=lambda d, g: (d.item(), g.item()), last=lambda G, D: None):
    """An iteration put together from parts: z zero_grad, b backward, s step."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y):
        z, other = torch.randn(2, len(x), G.z_dim)
        losses = {}

        def move_D():
            losses["D"] = d_loss(D, x, cut(G(z, y)), y)
            for letter in order_D:
                {"z": optimizer_D.zero_grad, "b": losses["D"].backward, "s": optimizer_D.step}[letter]()

        def move_G():
            losses["G"] = g_loss(D(of_G(G(other if fresh else z, asked(y))), judged(y)))
            for letter in order_G:
                {"z": optimizer_G.zero_grad, "b": losses["G"].backward, "s": optimizer_G.step}[letter]()

        for move in (move_G, move_D) if G_first else (move_D, move_G):
            move()
        last(G, D)
        return give(losses["D"], losses["G"])
    return training_step


def both_losses_first(G, D, optimizer_G, optimizer_D, x, y):
    z, other = torch.randn(2, len(x), G.z_dim)
    loss_D, loss_G = discriminator_loss(D, x, G(z, y).detach(), y), -D(G(other, y), y).mean()
    for optimizer, loss in ((optimizer_D, loss_D), (optimizer_G, loss_G)):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss_D.item(), loss_G.item()


def steps_of_one(G, D, optimizer_G, optimizer_D, x, y):
    return step()(G, D, optimizer_D, optimizer_D, x, y)


def hinge_in_place(G, D, optimizer_G, optimizer_D, x, y):
    """D's loss written out, and the gradients set to None by hand."""
    with torch.no_grad():
        fake = G(torch.randn(len(x), G.z_dim), y)
    loss_D = torch.clamp(1 - D(x, y), min=0).mean() + torch.clamp(1 + D(fake, y), min=0).mean()
    for parameter in D.parameters():
        parameter.grad = None
    loss_D.backward()
    optimizer_D.step()
    loss_G = D(G(torch.randn(len(x), G.z_dim), y), y).mean() * -1
    optimizer_G.zero_grad(set_to_none=False)
    loss_G.backward()
    optimizer_G.step()
    return [float(loss_D), float(loss_G)]


def flip(y):
    return y.flip(0)


RIGHT = {
    "14.Generator": [Own],
    "14.training_step": [step(), hinge_in_place],
    "14.layer_inputs": [by_slices, lambda z, e, layers: tuple(torch.cat((part, e), -1) for part in torch.tensor_split(z, layers, 1))],
    "14.discriminator_loss": [hinge, lambda D, x, fake, y: hinge(D, x, fake.detach(), y), lambda D, x, fake, y: torch.clamp(1 - D(x, y), min=0).mean() + torch.clamp(1 + D(fake, y), min=0).mean()],
    "14.truncated": [until_none],
    "14.rotations": [one_by_one, lambda x: turned(x, lambda x, k: torch.rot90(x, k, (-2, -1)))],
    "14.ssgan_discriminator_loss": [one_pass, lambda D, x, fake: turns(D, x) + adversarial(D, x, fake)],
    "14.ssgan_generator_loss": [lambda D, fake: fooled(D, fake) + turns(D, fake) / 5],
}
WRONG = {
    "14.Generator": {
        "not_a_module": [lambda z_dim, classes, width=32, dim=32: None if z_dim < 0 else "a generator"],
        "kept": [Forgetful],
        "own_tables": [ThreeTables],
        "names": [OtherNames],
        "own_affine": [OwnGain],
        "whole_z": [AllOfZ, AllOfZAtFirst],
        "label_missing": [NoLabel, NoLabelAtFirst],
        "chunk_missing": [LabelAlone],
        "gain_or_shift": [GainAlone],
        "view": [Turned],
        "broadcast": [Flat],
        "no_gradient": [NoGradients],
        "label_detached": [Cut],
        "idle": [Idle],
        "one_chunk": [FirstChunk],
        "backwards": [LastChunkFirst],
        "label_first": [LabelInFront],
        "not_normalised": [Raw],
        "no_one": [PureGain],
        "swapped": [ShiftFirst],
        "no_relu": [Linear],
        "relu_first": [EarlyReLU],
        "no_tanh": [Unbounded, HalfRange],
        "size": [Larger],
        "unknown": [WideKernel, InSequence, Leaky],
        "error": [Broken],
    },
    "14.training_step": {
        "cut_loss": [step(d_loss=lambda D, x, fake, y: discriminator_loss(D, x, fake, y).detach())],
        "vector": [step(g_loss=lambda s: -s)],
        "eval": [step(last=lambda G, D: G.eval())],
        "frozen": [step(last=lambda G, D: D.requires_grad_(False))],
        "graph_kept": [step(give=lambda d, g: (d, g))],
        "one_optimizer": [steps_of_one],
        "step_forgotten": [step(order_G="zb"), step(order_D="zb")],
        "old_logits": [both_losses_first],
        "step_first": [step(order_D="zsb"), step(order_G="zsb")],
        "update_counts": [step(order_G="zbss")],
        "G_first": [step(G_first=True)],
        "backward_forgotten": [step(order_D="zs"), step(order_G="zs")],
        "detached_fake": [step(of_G=torch.detach)],
        "zero_between": [step(order_D="bzs"), step(order_G="bzs")],
        "zero_forgotten_both": [step(order_D="bs", order_G="bs")],
        "zero_forgotten_D": [step(order_D="bs")],
        "zero_forgotten_G": [step(order_G="bs")],
        "harmful_no_detach": [step(order_G="bs", cut=lambda fake: fake)],
        "same_z": [step(fresh=False)],
        "D_swapped": [step(d_loss=lambda D, x, fake, y: discriminator_loss(D, fake, x, y))],
        "other_labels_D": [step(d_loss=lambda D, x, fake, y: F.relu(1 - D(x, y)).mean() + F.relu(1 + D(fake, flip(y))).mean())],
        "other_labels_G": [step(asked=flip), step(judged=flip)],
        "wrong_player": [step(g_loss=lambda s: s.mean())],
        "G_with_margin": [step(g_loss=lambda s: F.relu(1 - s).mean())],
        "log_loss": [step(g_loss=lambda s: F.binary_cross_entropy_with_logits(s, torch.ones_like(s)))],
        "sum": [step(g_loss=lambda s: -s.sum())],
        "losses_swapped": [step(give=lambda d, g: (g.item(), d.item())), step(give=lambda d, g: d.item())],
        "unknown": [step(g_loss=lambda s: -3 * s.mean())],
        "error": [step(d_loss=lambda D, x, fake, y: discriminator_loss(D, x, fake))],
    },
    "14.layer_inputs": {
        "no_label": [lambda z, e, layers: torch.tensor_split(z, layers, 1)],
        "whole_z": [lambda z, e, layers: layers * [torch.cat([z, e], 1)]],
        "label_first": [lambda z, e, layers: [torch.cat([e, part], 1) for part in z.chunk(layers, 1)]],
        "one_chunk": [lambda z, e, layers: layers * [torch.cat([z[:, :z.shape[1] // layers], e], 1)]],
        "every_nth": [lambda z, e, layers: [torch.cat([z[:, i::layers], e], 1) for i in range(layers)]],
        "backwards": [lambda z, e, layers: by_slices(z, e, layers)[::-1]],
        "rows": [lambda z, e, layers: [torch.cat([part, e[:len(part)]], 1) for part in z.chunk(layers)], lambda z, e, layers: [torch.cat([part, e], 1) for part in z.chunk(layers)]],
        "not_differentiable": [lambda z, e, layers: by_slices(z, e.detach(), layers), lambda z, e, layers: (torch.cat([part, e.data], 1) for part in z.chunk(layers, 1))],
        "unknown": [lambda z, e, layers: by_slices(-z, e, layers), lambda z, e, layers: torch.cat([z, e], 1), lambda z, e, layers: []],
        "error": [lambda z, e, layers: [torch.cat([part, e], 0) for part in z.chunk(layers, 1)]],
    },
    "14.discriminator_loss": {
        "vector": [lambda D, x, fake, y: F.relu(1 - D(x, y)) + F.relu(1 + D(fake, y))],
        "swapped": [lambda D, x, fake, y: hinge(D, fake, x, y)],
        "no_margin": [lambda D, x, fake, y: hinge(D, x, fake, y, lambda s: F.relu(-s), F.relu)],
        "no_relu": [lambda D, x, fake, y: D(fake, y).mean() - D(x, y).mean(), lambda D, x, fake, y: (1 - D(x, y)).mean() + (1 + D(fake, y)).mean(),
                    lambda D, x, fake, y: F.relu(1 - D(x, y).mean()) + F.relu(1 + D(fake, y).mean())],
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
        "once": [once, above_only],
        "changed_inputs": [lambda z, threshold: until_none(z, threshold, start=lambda z: z.clamp_(-threshold, threshold))],
        "spread": [uniform, lambda z, threshold: torch.where(z.abs() > threshold, 0.0, z)],
        "error": [lambda z, threshold: z[z.abs() > threshold].view(z.shape)],
    },
    "14.rotations": {
        "transposed": [lambda x: turned(x, mirrored)],
        "clockwise": [lambda x: turned(x, lambda x, k: x.rot90(k, (3, 2)))],
        "labels_in_turn": [lambda x: turned(x, lambda x, k: x.rot90(k, (2, 3)), torch.arange(4).repeat(len(x)))],
        "channels": [lambda x: turned(x, lambda x, k: x.rot90(k, (1, 2)))],
        "not_the_image": [lambda x: turned(x, lambda x, k: x.rot90(k)), lambda x: turned(x, lambda x, k: torch.rot90(x, k, (0, 1)))],
        "not_differentiable": [lambda x: one_by_one(x.detach()), through_numpy, torch.no_grad()(one_by_one)],
        "upright_only": [lambda x: (x.repeat(4, 1, 1, 1), torch.arange(4).repeat_interleave(len(x)))],
        "unknown": [lambda x: turned(-x, lambda x, k: x.rot90(k, (2, 3)))],
        "error": [lambda x: turned(x, lambda x, k: x.rot90(k, (3, 4)))],
        "float_labels": [lambda x: turned(x, lambda x, k: x.rot90(k, (2, 3)), torch.cat([k * torch.ones(len(x)) for k in range(4)]))],
    },
    "14.ssgan_discriminator_loss": {
        "turned_in_the_game": [all_in_the_game],
        "real_turned": [real_ones_in_the_game],
        "fakes_turned": [lambda D, x, fake: adversarial(D, x, fake) + turns(D, fake), lambda D, x, fake: adversarial(D, x, fake) + turns(D, x) + turns(D, fake),
                         lambda D, x, fake: adversarial(D, x, fake) + turns(D, torch.cat([x, fake]))],
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
