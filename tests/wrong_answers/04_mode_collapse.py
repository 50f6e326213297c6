"""Answers to the exercises of notebook 04 as learners write them: see test_exercises.py."""
import math
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.special import entr, xlogy

from gan_course.games.pacgan import PacGAN
from gan_course.games.unrolled import UnrolledGAN
from gan_course.metrics import mode_coverage

bce = F.binary_cross_entropy_with_logits
modes = torch.ones(8)
N = 12
loss = torch.ones(())


# The reverse KL

def p(c):
    return c / c.sum()


def kl(c):
    return xlogy(p(c), p(c) * len(c)).sum()


def entropy(c):
    return entr(p(c)).sum()


def uniform(c):
    return torch.full((len(c),), 1 / len(c))


def in_a_loop(c):
    total = 0.0
    for count in c.tolist():
        h = count / sum(c.tolist())
        if h > 0:
            total += h * math.log(h * len(c))
    return total


def in_a_careless_loop(c):
    return sum(h * math.log(h * len(c)) for h in p(c).tolist())


def by_the_course(c):
    centres = 10.0 * torch.arange(len(c))[:, None]
    return mode_coverage(centres.repeat_interleave(c.long(), dim=0), centres, sd=1.0).reverse_kl


def only_modes_found(c):
    return kl(c[c > 0])


# A pack

def by_slices(x, m):
    return torch.stack([x[i:i + m].flatten() for i in range(0, len(x) - m + 1, m)])


def every_mth(x, m):
    x = x[:len(x) // m * m]
    return torch.cat([x[i::m] for i in range(m)], dim=1)


def blocks(x, m):
    return torch.cat(x[:len(x) - len(x) % m].chunk(m), dim=1)


def shuffled(x, m):
    return by_slices(x[torch.randperm(len(x))], m)


def last_ones(x, m):
    return by_slices(x[len(x) % m:], m)


def full(x, m):
    return x[:len(x) // m * m]


def padded(x, m):
    return torch.cat([x, x.new_zeros(-len(x) % m, x.shape[1])]).reshape(-1, m * x.shape[1])


def went_round(x, m):
    return torch.cat([x, x[:-len(x) % m]]).reshape(-1, m * x.shape[1])


# An imagined step

def step(loss, *, move=lambda p, slope, eta: p - eta * slope, fake=lambda f: f, **options):
    """A step put together from parts."""
    def imagined_step(D, parameters, x, fake_, eta):
        value = loss(D(parameters, x), D(parameters, fake(fake_)))
        slopes = torch.autograd.grad(value, list(parameters.values()), **{"create_graph": True} | options)
        return {name: move(parameter, slope, eta) for (name, parameter), slope in zip(parameters.items(), slopes, strict=True)}
    return imagined_step


def d_loss(r, f):
    return bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))


def g_loss(f):
    return bce(f, torch.ones_like(f))


right = step(d_loss)


def term_by_term(D, parameters, x, fake, eta):
    new = {}
    for name in parameters:
        real = torch.autograd.grad(F.softplus(-D(parameters, x)).mean(), parameters[name], create_graph=True)[0]
        new[name] = parameters[name] - eta * (real + torch.autograd.grad(F.softplus(D(parameters, fake)).mean(), parameters[name],
                                                                         create_graph=True)[0])
    return new


def by_transform(D, parameters, x, fake, eta):
    slopes = torch.func.grad(lambda now: d_loss(D(now, x), D(now, fake)))(parameters)
    return {name: parameters[name] - eta * slopes[name] for name in slopes}


class AsModule(nn.Module):
    def __init__(self, D, parameters):
        super().__init__()
        self.D, self.now = D, nn.ParameterDict(parameters)

    def forward(self, x):
        return self.D(dict(self.now), x)


def by_the_course_too(D, parameters, x, fake, eta):
    unrolled = SimpleNamespace(D=AsModule(D, parameters), unroll_lr=eta)
    new = UnrolledGAN.imagined_step(unrolled, {f"now.{name}": parameter for name, parameter in parameters.items()}, x, fake)
    return {name.removeprefix("now."): parameter for name, parameter in new.items()}


def by_optimizer(D, parameters, x, fake, eta):
    optimizer = torch.optim.SGD(parameters.values(), lr=eta)
    d_loss(D(parameters, x), D(parameters, fake)).backward()
    optimizer.step()
    return parameters


def in_place(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(d_loss(D(parameters, x), D(parameters, fake)), parameters.values())
    with torch.no_grad():
        for parameter, slope in zip(parameters.values(), slopes, strict=True):
            parameter -= eta * slope
    return parameters


def in_place_on_a_leaf(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(d_loss(D(parameters, x), D(parameters, fake)), parameters.values(), create_graph=True)
    for parameter, slope in zip(parameters.values(), slopes, strict=True):
        parameter -= eta * slope
    return parameters


def into_the_same_dict(D, parameters, x, fake, eta):
    parameters.update(right(D, parameters, x, fake, eta))
    return parameters


def backward(create_graph):
    def imagined_step(D, parameters, x, fake, eta):
        d_loss(D(parameters, x), D(parameters, fake)).backward(create_graph=create_graph)
        return {name: parameter - eta * parameter.grad for name, parameter in parameters.items()}
    return imagined_step


def all_without_gradients(D, parameters, x, fake, eta):
    with torch.no_grad():
        return right(D, parameters, x, fake, eta)


def update_without_gradients(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(d_loss(D(parameters, x), D(parameters, fake)), parameters.values())
    with torch.no_grad():
        return {name: parameter - eta * slope for (name, parameter), slope in zip(parameters.items(), slopes, strict=True)}


def asks_a_copy(D, parameters, x, fake, eta):
    copy = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    value = d_loss(D(copy, x), D(copy, fake))
    slopes = torch.autograd.grad(value, parameters.values(), create_graph=True)
    return {name: parameter - eta * slope for (name, parameter), slope in zip(parameters.items(), slopes, strict=True)}


def leaves_of_its_own(D, parameters, x, fake, eta):
    return right(D, {name: parameter.detach().clone().requires_grad_(True) for name, parameter in parameters.items()}, x, fake, eta)


def slopes_at_its_own_leaves(D, parameters, x, fake, eta):
    own = {name: parameter.detach().requires_grad_(True) for name, parameter in parameters.items()}
    slopes = torch.autograd.grad(d_loss(D(own, x), D(own, fake)), own.values(), create_graph=True)
    return {name: parameters[name] - eta * slope for name, slope in zip(own, slopes, strict=True)}


def walks_through_the_dict(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(d_loss(D(parameters, x), D(parameters, fake)), parameters.values(), create_graph=True)
    return {name: name - eta * slope for name, slope in zip(parameters, slopes, strict=True)}


def hands_over_the_dict(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(d_loss(D(parameters, x), D(parameters, fake)), parameters.keys(), create_graph=True)
    return {name: parameters[name] - eta * slope for name, slope in zip(parameters, slopes, strict=True)}


def as_arrays(D, parameters, x, fake, eta):
    return {name: new.detach().numpy() for name, new in right(D, parameters, x, fake, eta).items()}


def result(change):
    return lambda D, parameters, x, fake, eta: change(right(D, parameters, x, fake, eta))


def moved(move):
    return step(d_loss, move=move)


def leans_on_loss(D, parameters, x, fake, eta):
    slopes = torch.autograd.grad(loss, parameters.values())
    return {name: parameter - eta * slope for (name, parameter), slope in zip(parameters.items(), slopes, strict=True)}


RIGHT = {
    "04.reverse_kl": [
        kl, in_a_loop, by_the_course,
        lambda c: math.log(len(c)) - entropy(c),
        lambda c: (p(c) * (p(c) * len(c) + 1e-12).log()).sum(),
        lambda c: (p(c) * torch.log(p(c) * len(c))).nan_to_num(0).sum(),
        lambda c: torch.where(c > 0, p(c) * (p(c) * len(c)).log(), 0.0).nansum().item(),
        lambda c: (p(c)[c > 0] * (p(c)[c > 0] / (1 / len(c))).log()).sum(),
        lambda c: F.kl_div(uniform(c).log(), p(c), reduction="sum"),
        lambda c: np.sum(xlogy(p(c), p(c) * len(c)).numpy())],
    "04.pack": [
        by_slices, every_mth, blocks, shuffled, last_ones,
        lambda x, m: PacGAN.packed(SimpleNamespace(pack=m), x),
        lambda x, m: full(x, m).view(len(x) // m, -1),
        lambda x, m: full(x, m).unflatten(0, (-1, m)).flatten(1),
        lambda x, m: x.unfold(0, m, m).transpose(1, 2).reshape(-1, m * x.shape[1]),
        lambda x, m: torch.stack([torch.cat(tuple(part)) for part in x.split(m) if len(part) == m])],
    "04.imagined_step": [
        right, term_by_term, by_transform, by_the_course_too,
        step(lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-f).mean()),
        step(lambda r, f: -torch.log(r.sigmoid()).mean() - torch.log(1 - f.sigmoid()).mean()),
        step(lambda r, f: (F.softplus(-r) + F.softplus(f)).mean(), retain_graph=True)],
}

WRONG = {
    "04.reverse_kl": {
        "vector": [lambda c: xlogy(p(c), p(c) * len(c)), p],
        "zero_log_zero": [lambda c: (p(c) * torch.log(p(c) * len(c))).sum(), lambda c: (p(c) * p(c).log()).sum() + math.log(len(c)),
                          in_a_careless_loop, lambda c: np.sum(p(c).numpy() * np.log(p(c).numpy() * len(c)))],
        "not_normalised": [lambda c: xlogy(c, c * len(c)).sum(), lambda c: xlogy(c, c).sum(), lambda c: xlogy(c, p(c) * len(c)).sum(),
                           lambda c: (c / len(c) * (c.clamp(min=1e-9)).log()).sum()],
        "smoothed": [lambda c: kl(c + 1)],
        "forward": [lambda c: F.kl_div(p(c).log(), uniform(c), reduction="sum"), lambda c: (uniform(c) / p(c)).log().mean(),
                    lambda c: (p(c) * len(c)).log().sum(), lambda c: -(p(c)[c > 0] * len(c)).log().sum() / len(c)],
        "found_only": [only_modes_found, lambda c: math.log((c > 0).sum()) - entropy(c)],
        "entropy": [entropy, lambda c: -entropy(c), lambda c: xlogy(p(c), p(c)).sum().item()],
        "K_misplaced": [lambda c: xlogy(p(c), p(c) / len(c)).sum(), lambda c: -len(c) * entropy(c),
                        lambda c: entropy(c) + math.log(len(c))],
        "mean": [lambda c: xlogy(p(c), p(c) * len(c)).mean(), lambda c: xlogy(p(c), p(c) * len(c))[c > 0].mean(),
                 lambda c: F.kl_div(uniform(c).log(), p(c), reduction="mean")],
        "base": [lambda c: kl(c) / math.log(2), lambda c: (p(c) * (p(c) * len(c)).clamp(min=1e-9).log2()).sum(),
                 lambda c: (p(c) * (p(c) * len(c)).clamp(min=1e-9).log10()).sum()],
        "scaled": [lambda c: 1 - entropy(c) / math.log(len(c))],
        "sign": [lambda c: entropy(c) - math.log(len(c)), lambda c: -kl(c)],
        "counts_modes": [lambda c: int((c > 0).sum()), lambda c: sum(c == 0) / len(c)],
        "other_distance": [lambda c: (p(c) - uniform(c)).abs().sum() / 2, lambda c: (p(c) - uniform(c)).norm(), lambda c: F.mse_loss(
            p(c), uniform(c))],
        "outside": [lambda counts: xlogy(p(counts), p(counts) * len(modes)).sum()],
        "changed_inputs": [lambda c: kl(c.add_(1))],
        "unknown": [lambda c: 2 * kl(c), lambda c: (0.9 * p(c) * (p(c) * len(c) + 1).log()).sum(), lambda c: "none"],
    },
    "04.pack": {
        "list": [lambda x, m: [x[i:i + m].flatten() for i in range(0, len(x), m)], lambda x, m: x.split(m)],
        "three_dimensions": [lambda x, m: x.reshape(len(x) // m, m, x.shape[1]), lambda x, m: torch.stack(x.chunk(m)),
                             lambda x, m: x[:, None].repeat(1, m, 1)],
        "windows": [lambda x, m: torch.stack([x[i:i + m].flatten() for i in range(len(x) - m + 1)])],
        "as_many_rows": [lambda x, m: torch.cat([x] * m, dim=1), lambda x, m: torch.cat([x.roll(-i, 0) for i in range(m)], dim=1)],
        "m_packs": [lambda x, m: x.reshape(m, -1), lambda x, m: x.view(m, len(x) // m * x.shape[1])],
        "unchanged": [lambda x, m: x, lambda x, m: x.reshape(-1, m, x.shape[1]).reshape(-1, x.shape[1])],
        "merged": [lambda x, m: x.reshape(-1, m, x.shape[1]).sum(1), lambda x, m: x.reshape(-1, m, x.shape[1]).mean(1),
                   lambda x, m: x[:len(x) // m]],
        "d_fixed": [lambda x, m: x.reshape(-1, m * 2)],
        "m_fixed": [lambda x, m: x.reshape(-1, 2 * x.shape[1]), lambda x, m: torch.cat([x[::2], x[1::2]], dim=1)],
        "sorted": [lambda x, m: by_slices(x[x.norm(dim=1).argsort()], m), lambda x, m: by_slices(x[x[:, 1].argsort(descending=True)], m),
                   lambda x, m: by_slices(torch.sort(x, dim=0).values, m)],
        "interleaved": [lambda x, m: full(x, m).reshape(-1, m, x.shape[1]).transpose(1, 2).reshape(-1, m * x.shape[1]),
                        lambda x, m: torch.stack(x.chunk(m), dim=-1).reshape(-1, m * x.shape[1])],
        "mixed": [lambda x, m: x.T.reshape(-1, m * x.shape[1]), lambda x, m: x.reshape(m * x.shape[1], -1).T,
                  lambda x, m: 2 * by_slices(x, m)],
        "not_once": [lambda x, m: x[:len(x) // m].repeat(1, m), lambda x, m: by_slices(x[torch.randint(len(x), (len(x),))], m)],
        "left_over": [lambda x, m: x.reshape(-1, m * x.shape[1]), lambda x, m: torch.cat(x.chunk(m), dim=1),
                      lambda x, m: torch.stack([part.flatten() for part in x.split(m)])],
        "padded": [padded, went_round],
        "detached": [lambda x, m: by_slices(x.detach(), m), lambda x, m: full(x, m).numpy().reshape(-1, m * x.shape[1]),
                     lambda x, m: torch.tensor(by_slices(x, m).tolist())],
        "outside": [lambda x, m: x.reshape(N // m, -1)],
        "changed_inputs": [lambda x, m: by_slices(x.mul_(2), m)],
        "argument_order": [lambda m, x: by_slices(x, m)],
        "unknown": [lambda x, m: by_slices(x, m)[1:], lambda x, m: by_slices(x, m).T, lambda x, m: x.flatten()],
    },
    "04.imagined_step": {
        "no_grad": [all_without_gradients, step(lambda r, f: d_loss(r, f).detach())],
        "other_parameters": [asks_a_copy],
        "vector": [step(lambda r, f: F.softplus(-r) + F.softplus(f))],
        "names_for_tensors": [walks_through_the_dict, hands_over_the_dict],
        "in_place": [by_optimizer, in_place, in_place_on_a_leaf, into_the_same_dict],
        "backward": [backward(create_graph=False), backward(create_graph=True)],
        "not_a_dict": [result(lambda new: list(new.values())), result(lambda new: new["W"])],
        "names": [result(lambda new: dict(enumerate(new.values()))), result(lambda new: {"W": new["W"]}),
                  result(lambda new: new | {"c": new["b"]})],
        "slopes": [moved(lambda p, slope, eta: slope), moved(lambda p, slope, eta: eta * slope), moved(lambda p, slope, eta: -eta * slope)],
        "ascends": [moved(lambda p, slope, eta: p + eta * slope), step(lambda r, f: -d_loss(r, f))],
        "eta": [moved(lambda p, slope, eta: p - slope), moved(lambda p, slope, eta: p - eta * eta * slope)],
        "G_loss": [step(lambda r, f: g_loss(f)), step(lambda r, f: torch.log(1 - f.sigmoid()).mean())],
        "labels": [step(lambda r, f: bce(r, torch.zeros_like(r)) + bce(f, torch.ones_like(f)))],
        "fake_only": [step(lambda r, f: bce(f, torch.zeros_like(f)))],
        "real_only": [step(lambda r, f: bce(r, torch.ones_like(r)))],
        "half": [step(lambda r, f: 0.5 * d_loss(r, f)),
                 step(lambda r, f: bce(torch.cat([r, f]), torch.cat([torch.ones_like(r), torch.zeros_like(f)])))],
        "sum": [step(lambda r, f: (F.softplus(-r) + F.softplus(f)).sum())],
        "sigmoid_twice": [step(lambda r, f: d_loss(torch.sigmoid(r), torch.sigmoid(f)))],
        "wasserstein": [step(lambda r, f: f.mean() - r.mean())],
        "cut": [update_without_gradients, result(lambda new: {name: value.detach() for name, value in new.items()}), as_arrays,
                result(lambda new: {name: value.detach().requires_grad_(True) for name, value in new.items()})],
        "create_graph": [step(d_loss, create_graph=False), step(d_loss, create_graph=False, retain_graph=True),
                         moved(lambda p, slope, eta: p - eta * slope.detach())],
        "fake_detached": [step(d_loss, fake=lambda f: f.detach())],
        "parameters_detached": [moved(lambda p, slope, eta: p.detach() - eta * slope), leaves_of_its_own, slopes_at_its_own_leaves],
        "outside": [leans_on_loss],
        "changed_inputs": [lambda D, parameters, x, fake, eta: right(D, parameters, x.add_(1), fake, eta)],
        "argument_order": [lambda parameters, D, x, fake, eta: right(D, parameters, x, fake, eta)],
        "error": [lambda D, parameters, x, fake, eta: right(D, x, parameters, fake, eta)],
        "no_return": [result(lambda new: new.clear())],
        "unknown": [step(lambda r, f: 3 * d_loss(r, f)), result(lambda new: new | {"v": "moved"}),
                    lambda D, parameters, x, fake, eta: right(D, right(D, parameters, x, fake, eta), x, fake, eta)],
    },
}
