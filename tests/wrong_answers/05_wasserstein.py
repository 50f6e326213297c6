"""Answers to the exercises of notebook 05 as learners write them: see test_exercises.py."""
import numpy as np
import torch
from scipy.stats import wasserstein_distance
from torch.autograd import grad

# The earth mover's distance

def of_the_cdfs(x, y):
    places = torch.cat([x, y]).sort().values
    below = [torch.searchsorted(z.sort().values, places[:-1], right=True) / len(z) for z in (x, y)]
    return ((below[0] - below[1]).abs() * places.diff()).sum()


def in_a_loop(x, y):
    return sum(abs(a - b) for a, b in zip(sorted(x.tolist()), sorted(y.tolist()), strict=True)) / len(x)


def ordered(x):
    return torch.sort(x)[0]


# The gradient penalty

def share(real, fake):
    return torch.rand(len(real), *[1] * (real.dim() - 1))


def other_way(real, fake):
    e = share(real, fake)
    return real + e * (fake - real)


def on_the_way(real, fake):
    e = share(real, fake)
    return e * real + (1 - e) * fake


def sum_of_scores(scores):
    return scores.sum()


def norm(slope):
    return slope.flatten(1).norm(2, dim=1)


def right_penalty(slope):
    return ((norm(slope) - 1) ** 2).mean()


def penalty(last=right_penalty, *, points=on_the_way, one=sum_of_scores, keep=True, give=lambda value: value):
    """A gradient penalty put together from parts."""
    def gradient_penalty(critic, real, fake):
        u = points(real, fake).requires_grad_(True)
        return give(last(grad(one(critic(u)), u, create_graph=keep)[0]))
    return gradient_penalty


def with_grad_outputs(critic, real, fake):
    u = on_the_way(real, fake).detach().requires_grad_()
    scores = critic(u)
    slopes = grad(outputs=scores, inputs=u, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True)[0]
    return ((slopes.view(len(real), -1).square().sum(1).add(1e-12).sqrt() - 1) ** 2).mean()


def point_by_point(critic, real, fake):
    total = 0
    for x, y in zip(real, fake, strict=True):
        e = torch.rand(1).reshape([1] * x.dim())
        u = (e * x + (1 - e) * y)[None].requires_grad_(True)
        total = total + (grad(critic(u).sum(), u, create_graph=True)[0].norm() - 1) ** 2
    return total / len(real)


def not_told(critic, real, fake):
    u = on_the_way(real, fake)
    return right_penalty(grad(critic(u).sum(), u, create_graph=True)[0])


def vector_of_scores(critic, real, fake):
    u = on_the_way(real, fake).requires_grad_(True)
    return right_penalty(grad(critic(u), u, create_graph=True)[0])


def whole_tuple(critic, real, fake):
    u = on_the_way(real, fake).requires_grad_(True)
    slopes = grad(critic(u).sum(), u, create_graph=True)
    return (slopes.norm() - 1) ** 2


def subtracts_from_tuple(critic, real, fake):
    u = on_the_way(real, fake).requires_grad_(True)
    return (grad(critic(u).sum(), u, create_graph=True) - 1).mean()


def tuple_into_norm(critic, real, fake):
    u = on_the_way(real, fake).requires_grad_(True)
    return (torch.norm(grad(critic(u).sum(), u, create_graph=True), dim=1) - 1).square().mean()


def by_backward(critic, real, fake):
    u = on_the_way(real, fake).requires_grad_(True)
    critic(u).sum().backward(create_graph=False)
    return right_penalty(u.grad)


def by_weights(critic, real, fake):
    u = on_the_way(real, fake)
    slopes = grad(critic(u).sum(), critic.parameters(), create_graph=True)
    return (torch.cat([part.flatten() for part in slopes]).norm() - 1) ** 2


def by_each_weight(critic, real, fake):
    u = on_the_way(real, fake)
    slopes = grad(critic(u).sum(), list(critic.parameters()), create_graph=True)
    return sum((part.norm() - 1) ** 2 for part in slopes)


def two_dimensions(real, fake):
    e = torch.rand(len(real), 1)
    return e * real + (1 - e) * fake


# Power iteration

def unit(v):
    return torch.nn.functional.normalize(v, dim=0)


def power(W, u, steps):
    for _ in range(steps):
        v = unit(W.T @ u)
        u = unit(W @ v)
    return u, v


def square(W, u, steps):
    for _ in range(steps):
        u = unit(W @ W.T @ u)
    return u


def unnormalised(W, u, steps):
    for _ in range(steps):
        v = W.T @ u
        u = W @ v
    return u @ W @ v


def normalised_at_the_end(W, u, steps):
    for _ in range(steps):
        v = W.T @ u
        u = W @ v
    return (u / u.norm()) @ W @ (v / v.norm())


def wrong_way(W, u, steps):
    for _ in range(steps):
        u = unit(W @ u)
    return (W @ u).norm()


RIGHT = {
    "05.earth_mover": [
        lambda x, y: (ordered(x) - ordered(y)).abs().sum() / len(x), lambda x, y: torch.nn.functional.l1_loss(ordered(x), ordered(y)),
        lambda x, y: (x.sort(descending=True).values - y.sort(descending=True).values).abs().mean(),
        lambda x, y: np.abs(np.sort(x.numpy()) - np.sort(y.numpy())).mean(), lambda x, y: wasserstein_distance(x.numpy(), y.numpy()),
        of_the_cdfs, in_a_loop],
    "05.gradient_penalty": [
        penalty(), penalty(points=other_way), with_grad_outputs, point_by_point,
        penalty(lambda s: ((s.flatten(1).pow(2).sum(1) + 1e-12).sqrt() - 1).pow(2).sum() / len(s))],
    "05.power_iteration": [
        lambda W, u, steps: (W @ power(W, u, steps)[1]).norm(),
        lambda W, u, steps: torch.dot(power(W, u, steps)[0], W @ power(W, u, steps)[1]),
        lambda W, u, steps: (power(W, u, steps)[0] @ W @ power(W, u, steps)[1]).item()],
}

WRONG = {
    "05.earth_mover": {
        "not_sorted": [lambda x, y: (x - y).abs().mean(), lambda x, y: torch.nn.functional.l1_loss(x, y)],
        "one_sorted": [lambda x, y: (ordered(x) - y).abs().mean(), lambda x, y: (ordered(y) - x).abs().mean()],
        "opposite": [lambda x, y: (ordered(x) - ordered(y).flip(0)).abs().mean()],
        "signed": [lambda x, y: (ordered(x) - ordered(y)).mean(), lambda x, y: y.mean() - x.mean(), lambda x, y: abs(x.mean() - y.mean())],
        "squared": [lambda x, y: ((ordered(x) - ordered(y)) ** 2).mean(), lambda x, y: ((ordered(x) - ordered(y)) ** 2).mean().sqrt(),
                    lambda x, y: torch.linalg.vector_norm(ordered(x) - ordered(y))],
        "sum": [lambda x, y: (ordered(x) - ordered(y)).abs().sum()],
        "all_pairs": [lambda x, y: torch.cdist(x[:, None], y[:, None]).mean()],
        "nearest": [lambda x, y: torch.cdist(x[:, None], y[:, None]).min(dim=1).values.mean()],
        "longest": [lambda x, y: (ordered(x) - ordered(y)).abs().max()],
        "ranks": [lambda x, y: (x.argsort() - y.argsort()).float().abs().mean()],
        "medians": [lambda x, y: (ordered(x) - ordered(y)).abs().median(), lambda x, y: abs(x.median() - y.median())],
        "vector": [lambda x, y: (ordered(x) - ordered(y)).abs()],
        "two_results": [lambda x, y: (x.sort() - y.sort()).abs().mean(), lambda x, y: (torch.sort(x) - torch.sort(y)).abs().mean()],
        "changed_inputs": [lambda x, y: (x.sub_(x.mean()) - y).abs().mean()],
        "unknown": [lambda x, y: x.max() - y.min()],
    },
    "05.gradient_penalty": {
        "backward_inside": [by_backward],
        "not_a_scalar": [vector_of_scores],
        "no_requires_grad": [not_told],
        "tuple": [whole_tuple, subtracts_from_tuple, tuple_into_norm],
        "at_real": [penalty(points=lambda real, fake: real.clone())],
        "at_fake": [penalty(points=lambda real, fake: fake.clone())],
        "midpoint": [penalty(points=lambda real, fake: (real + fake) / 2)],
        "outside": [penalty(points=lambda real, fake: fake + torch.randn(len(real), 1) * (real - fake))],
        "share_for_each_number": [penalty(points=lambda real, fake: fake + torch.rand_like(real) * (real - fake))],
        "one_share": [penalty(points=lambda real, fake: torch.lerp(real, fake, torch.rand(1))),
                      penalty(points=lambda real, fake: fake + 0.3 * (real - fake))],
        "parameters": [by_weights, by_each_weight],
        "mean_of_scores": [penalty(one=lambda scores: scores.mean())],
        "whole_batch": [penalty(lambda s: (s.norm() - 1) ** 2)],
        "each_number": [penalty(lambda s: ((s - 1) ** 2).mean()), penalty(lambda s: ((s.abs() - 1) ** 2).mean())],
        "over_the_batch": [penalty(lambda s: ((s.norm(dim=0) - 1) ** 2).mean())],
        "other_norm": [penalty(lambda s: ((s.norm(1, dim=1) - 1) ** 2).mean()),
                       penalty(lambda s: ((s.norm(float("inf"), dim=1) - 1) ** 2).mean())],
        "squared_norm": [penalty(lambda s: ((s.pow(2).sum(1) - 1) ** 2).mean())],
        "not_squared": [penalty(lambda s: (norm(s) - 1).mean()), penalty(lambda s: (norm(s) - 1).abs().mean()),
                        penalty(lambda s: (norm(s) ** 2 - 1).mean())],
        "squared_mean": [penalty(lambda s: (norm(s).mean() - 1) ** 2), penalty(lambda s: (norm(s) - 1).mean() ** 2)],
        "one_sided": [penalty(lambda s: (torch.relu(norm(s) - 1) ** 2).mean())],
        "zero_centred": [penalty(lambda s: (norm(s) ** 2).mean()), penalty(lambda s: s.square().sum(1).mean() / 2)],
        "sum": [penalty(lambda s: ((norm(s) - 1) ** 2).sum())],
        "weight": [penalty(lambda s: 10 * right_penalty(s))],
        "sign": [penalty(lambda s: -right_penalty(s))],
        "vector": [penalty(lambda s: (norm(s) - 1) ** 2)],
        "share_of_images": [penalty(points=two_dimensions)],
        "norm_of_images": [penalty(lambda s: ((s.norm(dim=1) - 1) ** 2).mean()), penalty(lambda s: ((s.norm(dim=-1) - 1) ** 2).mean())],
        "not_a_tensor": [penalty(give=lambda value: value.item()), penalty(give=float)],
        "no_create_graph": [penalty(keep=False), penalty(give=lambda value: value.detach())],
        "part_of_the_graph": [penalty(lambda s: (norm(s).detach() * norm(s) - 2 * norm(s) + 1).mean())],
        "critic_not_asked": [lambda critic, real, fake: torch.tensor(0.5)],
        "unknown": [penalty(lambda s: 3 * right_penalty(s))],
    },
    "05.power_iteration": {
        "not_normalised": [unnormalised],
        "overflow": [normalised_at_the_end],
        "one_step": [lambda W, u, steps: (W @ power(W, u, 1)[1]).norm()],
        "squared": [lambda W, u, steps: square(W, u, steps) @ W @ W.T @ square(W, u, steps)],
        "frobenius": [lambda W, u, steps: torch.linalg.norm(W)],
        "a_vector": [lambda W, u, steps: power(W, u, steps)[0], lambda W, u, steps: W @ power(W, u, steps)[1],
                     lambda W, u, steps: power(W, u, steps)],
        "a_matrix": [lambda W, u, steps: W / (W @ power(W, u, steps)[1]).norm()],
        "length_one": [lambda W, u, steps: power(W, u, steps)[0].norm()],
        "largest_entry": [lambda W, u, steps: W.abs().max(), lambda W, u, steps: W.norm(dim=1).max()],
        "shapes": [wrong_way],
        "changed_inputs": [lambda W, u, steps: W.div_(2).norm()],
        "unknown": [lambda W, u, steps: 7 * (W @ power(W, u, steps)[1]).norm()],
    },
}
