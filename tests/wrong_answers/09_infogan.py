"""Answers to the exercises of notebook 09, as learners write them."""
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn


def ratio(p):
    return p / (p.sum(1, keepdim=True) * p.sum(0))


def information(p):
    logs = torch.where(p > 0, torch.log(ratio(p)), 0.0)
    return (p * logs).sum()


def with_loops(joint):
    total = 0.0
    for i in range(joint.shape[0]):
        for j in range(joint.shape[1]):
            p = joint[i, j].item()
            if p > 0:
                total += p * math.log(p / (joint[i].sum().item() * joint[:, j].sum().item()))
    return total


def H(p):
    p = p[p > 0]
    return -(p * p.log()).sum()


def by_numpy(joint):
    p = joint.numpy()
    independent = np.outer(p.sum(axis=1), p.sum(axis=0))
    return np.sum(p[p > 0] * np.log(p[p > 0] / independent[p > 0]))


def choose(kind):
    return torch.argmax(kind, 1)


def ce(logits, kind):
    return F.cross_entropy(logits, choose(kind))


def chance_of_truth(logits, kind):
    return F.softmax(logits, -1)[torch.arange(len(kind)), choose(kind)]


def backward_in_loss(logits, kind, y):
    loss = ce(logits, kind)
    loss.backward()
    return loss


def normal(mean, log_sd, value):
    return -torch.distributions.Normal(mean, log_sd.exp()).log_prob(value)


def library(mean, log_sd, value, **more):
    return F.gaussian_nll_loss(mean, value, torch.exp(2 * log_sd).expand_as(mean), **more)


def library_in_full(mean, log_sd, value):
    return library(mean, log_sd, value, full=True, reduction="none").sum(-1).mean()


def z(mean, log_sd, value):
    return (value - mean) / torch.exp(log_sd)


HALF_LOG = 0.5 * math.log(2 * math.pi)


def try_all(counts):
    best = max(itertools.permutations(range(len(counts))), key=lambda digits: sum(counts[i, d].item() for i, d in enumerate(digits)))
    return list(best)


def greedy(counts):
    table, answer = counts.numpy().astype(float), [0] * len(counts)
    for _ in answer:
        i, j = np.unravel_index(np.argmax(table), table.shape)
        answer[i] = int(j)
        table[i, :] = table[:, j] = -1
    return answer


def one_after_the_other(counts):
    taken, answer = set(), []
    for row in counts.tolist():
        free = [j for j in range(len(row)) if j not in taken]
        answer.append(max(free, key=lambda j: row[j]))
        taken.add(answer[-1])
    return np.array(answer)


def hungarian(counts, **more):
    return linear_sum_assignment(counts.numpy(), **more)


# Q's own layers

class Reader(nn.Module):
    """Right, and written in another way: functions instead of modules."""

    def __init__(self, features, categories, continuous):
        super().__init__()
        self.hidden = nn.Linear(features, 128)
        self.norm = nn.BatchNorm1d(128)
        self.heads = nn.ModuleList([nn.Linear(128, categories), nn.Linear(128, continuous)])
        self.log_sd = nn.Parameter(torch.zeros(continuous))

    def read(self, features):
        h = F.leaky_relu(self.norm(self.hidden(features.flatten(1))), 0.2)
        return self.heads[0](h), self.heads[1](h)

    def forward(self, features):
        return self.read(features)


class MeansFirst(Reader):
    """Right too: the means are computed first."""

    def forward(self, features):
        h = F.leaky_relu(self.norm(self.hidden(torch.flatten(features, 1))), 0.2)
        mean = self.heads[1](h)
        return self.heads[0](h), mean


class SuperForgotten(nn.Module):
    def __init__(self, features, categories, continuous):
        self.hidden = nn.Linear(features, 128)

    def forward(self, features):
        return self.hidden(features)


class NotFlattened(Reader):
    def forward(self, features):
        h = F.leaky_relu(self.norm(self.hidden(features)), 0.2)
        return self.heads[0](h), self.heads[1](h)


class OneOutput(Reader):
    def forward(self, features):
        return torch.cat(self.read(features), dim=1)


class NothingBack(Reader):
    def forward(self, features):
        self.read(features)


class NoSd(Reader):
    def __init__(self, features, categories, continuous):
        super().__init__(features, categories, continuous)
        del self.log_sd


class SdIsATensor(Reader):
    def __init__(self, features, categories, continuous):
        super().__init__(features, categories, continuous)
        del self.log_sd
        self.log_sd = torch.zeros(continuous)


class SdOfOne(Reader):
    def __init__(self, features, categories, continuous):
        super().__init__(features, categories, continuous)
        self.log_sd = nn.Parameter(torch.ones(continuous))


class OneSd(Reader):
    def __init__(self, features, categories, continuous):
        super().__init__(features, categories, continuous)
        self.log_sd = nn.Parameter(torch.zeros(1))


class CutOff(Reader):
    def forward(self, features):
        return self.read(features.detach())


class MeanCutOff(Reader):
    def forward(self, features):
        logits, mean = self.read(features)
        return logits, mean.detach()


class Exchanged(Reader):
    def forward(self, features):
        return self.read(features)[::-1]


class Softmaxed(Reader):
    def forward(self, features):
        logits, mean = self.read(features)
        return logits.softmax(dim=1), mean


class Bounded(Reader):
    def forward(self, features):
        logits, mean = self.read(features)
        return logits, torch.tanh(mean)


class InAList(Reader):
    def __init__(self, features, categories, continuous):
        super().__init__(features, categories, continuous)
        del self.heads
        self.heads = [nn.Linear(128, categories), nn.Linear(128, continuous)]


class NoNorm(Reader):
    def forward(self, features):
        h = F.leaky_relu(self.hidden(features.flatten(1)), 0.2)
        return self.heads[0](h), self.heads[1](h)


class OrdinaryReLU(Reader):
    def forward(self, features):
        h = F.relu(self.norm(self.hidden(features.flatten(1))))
        return self.heads[0](h), self.heads[1](h)


class Narrow(nn.Module):
    def __init__(self, features, categories, continuous):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(features, 64), nn.BatchNorm1d(64), nn.LeakyReLU(0.2))
        self.category, self.mean = nn.Linear(64, categories), nn.Linear(64, continuous)
        self.log_sd = nn.Parameter(torch.zeros(continuous))

    def forward(self, features):
        h = self.body(features)
        return self.category(h), self.mean(h)


class OtherArguments(Reader):
    def __init__(self, features):
        super().__init__(features, 10, 2)


# One round of all three

real, made_up = lambda l: F.softplus(-l).mean(), lambda l: F.softplus(l).mean()


def bce_to(target):
    return lambda l: F.binary_cross_entropy_with_logits(l, torch.full_like(l, target))


def draw(G, n):
    category = F.one_hot(torch.randint(G.categories, (n,)), G.categories)
    return torch.cat([category, 2 * torch.rand(n, G.continuous) - 1], dim=1)


def a_round(*, order="DG", steps_D="zbs", steps_GQ="zbs", stepper=None, of_D=lambda r, f: real(r) + made_up(f), of_G=real,
            of_Q=lambda category, numbers, weights: weights[0] * category + weights[1] * numbers, detach=True, detach_G=False,
            read=lambda features: features, shown=lambda fake, x: fake, code_again=False, once=False, code_once=False,
            sign=1, body_too=False, mean=True, first=None, give=lambda *losses: [loss.item() for loss in losses]):
    """A round put together from parts: z zero_grad, b backward, s step."""
    def training_step(G, D, Q, optimizer_D, optimizer_GQ, x, weights):
        n, told = len(x), {}
        if first:
            first(G, D, Q)

        def cost(features, c):
            logits, guess = Q(features)
            category = F.cross_entropy(logits, c[:, :G.categories].argmax(1))
            miss = (c[:, G.categories:] - guess) / Q.log_sd.exp()
            return of_Q(category, (miss ** 2 / 2 + Q.log_sd + HALF_LOG).sum(1).mean(), weights)

        def move_D(z, c):
            fake = G(z, c)
            fake = fake.detach() if detach else fake
            told["D"] = of_D(D(x), D(fake))
            loss = told["D"] + cost(D.body(fake), c) if body_too else told["D"]
            if not mean:
                loss = F.softplus(-D(x))
            for letter in steps_D:
                {"z": optimizer_D.zero_grad, "b": loss.backward, "s": optimizer_D.step}[letter]()

        def move_GQ(z, c):
            fake = G(z, c)
            fake = fake.detach() if detach_G else fake
            told["G"] = of_G(D.head(D.body(fake)).flatten())
            told["Q"] = cost(read(D.body(shown(fake, x))), draw(G, n) if code_again else c)
            loss = told["G"] + sign * told["Q"]
            who = {"D": optimizer_D}.get(stepper, optimizer_GQ)
            for letter in steps_GQ:
                {"z": who.zero_grad, "b": loss.backward, "s": who.step}[letter]()

        z, c = torch.randn(n, G.z_dim), draw(G, n)
        {"D": move_D, "G": move_GQ}[order[0]](z, c)
        z = z if once else torch.randn(n, G.z_dim)
        c = c if code_once else draw(G, n)
        {"D": move_D, "G": move_GQ}[order[1]](z, c)
        return give(told["D"], told["G"], told["Q"])
    return training_step


def both_losses_first(G, D, Q, optimizer_D, optimizer_GQ, x, weights):
    n = len(x)
    loss_D = real(D(x)) + made_up(D(G(torch.randn(n, G.z_dim), draw(G, n)).detach()))
    c = draw(G, n)
    features = D.body(G(torch.randn(n, G.z_dim), c))
    adversarial = real(D.head(features).flatten())
    logits, guess = Q(features)
    miss = (c[:, G.categories:] - guess) / Q.log_sd.exp()
    category = F.cross_entropy(logits, c[:, :G.categories].argmax(1))
    information = weights[0] * category + weights[1] * (miss ** 2 / 2 + Q.log_sd + HALF_LOG).sum(1).mean()
    for optimizer, loss in ((optimizer_D, loss_D), (optimizer_GQ, adversarial + information)):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss_D.item(), adversarial.item(), information.item()


def two_passes_and_three_terms(G, D, Q, optimizer_D, optimizer_GQ, x, weights):
    """Right, and written in another way."""
    optimizer_D.zero_grad(set_to_none=False)
    z = torch.randn(len(x), G.z_dim)
    c = draw(G, len(x))
    fake = G(z, c).detach()
    first, second = bce_to(1.0)(D(x)), bce_to(0.0)(D(fake))
    first.backward()
    second.backward()
    optimizer_D.step()
    optimizer_GQ.zero_grad()
    z = torch.randn(len(x), G.z_dim)
    c = draw(G, len(x))
    fake = G(z, c)
    adversarial = bce_to(1.0)(D(fake))
    logits, mean = Q(D.body(fake))
    category = F.cross_entropy(logits, c[:, :G.categories]) * weights[0]
    numbers = -torch.distributions.Normal(mean, Q.log_sd.exp()).log_prob(c[:, G.categories:]).sum(1).mean() * weights[1]
    (adversarial + category + numbers).backward()
    optimizer_GQ.step()
    return float(first + second), float(adversarial), float(category + numbers)


RIGHT = {
    "09.mutual_information": [information, with_loops, by_numpy, lambda p: H(p.sum(0)) + H(p.sum(1)) - H(p.flatten()),
                              lambda p: torch.nan_to_num(p * torch.log(ratio(p))).sum()],
    "09.information_loss": [
        lambda logits, kind, y: ce(logits, kind), lambda logits, kind, y: F.cross_entropy(logits, kind),
        lambda logits, kind, y: F.nll_loss(logits.log_softmax(-1), choose(kind)),
        lambda logits, kind, y: (logits.logsumexp(1) - (logits * kind).sum(1)).mean()],
    "09.gaussian_nll": [library_in_full, lambda m, s, v: normal(m, s, v).sum(1).mean(),
                        lambda m, s, v: (z(m, s, v) ** 2 / 2 + s + HALF_LOG).sum() / len(m),
                        lambda m, s, v: (0.5 * z(m, s, v) ** 2 + s).sum(-1).mean() + m.shape[1] * HALF_LOG],
    "09.match": [try_all, lambda t: hungarian(-t)[1], lambda t: hungarian(t, maximize=True)[1],
                 lambda t: hungarian(t.max() - t)[1].tolist(), lambda t: torch.tensor(hungarian(t, maximize=True)[1])],
    "09.CodeReader": [Reader, MeansFirst],
    "09.training_step": [a_round(), two_passes_and_three_terms],
}
WRONG = {
    "09.mutual_information": {
        "vector": [lambda p: (p * ratio(p).log()).nansum(1), lambda p: p.sum(1)],
        "broadcast": [lambda p: (p * torch.log(p / (p.sum(1) * p.sum(0)))).sum()],
        "zero_log_zero": [lambda p: (p * torch.log(ratio(p))).sum(), lambda p: (p * (p.log() - ratio(p).log())).sum()
                          + (p * ratio(p).log()).sum() * 2 if (p == 0).any() else information(p)],
        "entropy": [lambda p: H(p.flatten()), lambda p: H(p.sum(1)), lambda p: H(p.sum(0))],
        "conditional": [lambda p: H(p.flatten()) - H(p.sum(0)), lambda p: H(p.flatten()) - H(p.sum(1))],
        "one_marginal": [lambda p: torch.nan_to_num(p * torch.log(p / p.sum(1, keepdim=True))).sum()],
        "sum_of_marginals": [lambda p: torch.nan_to_num(p * torch.log(p / (p.sum(1, keepdim=True) + p.sum(0, keepdim=True)))).sum()],
        "uniform": [lambda p: math.log(p.numel()) - H(p.flatten()), lambda p: math.log(p.shape[0]) + H(p.sum(0)) - H(p.flatten())],
        "unweighted": [lambda p: torch.log(ratio(p))[p > 0].sum(), lambda p: ratio(p).log().sum()],
        "reverse": [lambda p: (p.sum(1, keepdim=True) * p.sum(0) * -ratio(p).log()).sum()],
        "mean": [lambda p: torch.nan_to_num(p * torch.log(ratio(p))).mean()],
        "base": [lambda p: information(p) / math.log(2), lambda p: torch.nan_to_num(p * torch.log2(ratio(p))).sum()],
        "scaled": [lambda p: information(p) / H(p.sum(1))],
        "sign": [lambda p: -information(p), lambda p: H(p.flatten()) - H(p.sum(0)) - H(p.sum(1))],
        "unknown": [lambda p: 3 * information(p), lambda p: "much"],
        "error": [lambda p: p @ p.log() @ p @ p],
    },
    "09.information_loss": {
        "backward_inside": [lambda logits, kind, y: ce(logits, kind).backward(), backward_in_loss],
        "vector": [lambda logits, kind, y: F.cross_entropy(logits, choose(kind), reduction="none"),
                   lambda logits, kind, y: -kind * logits.log_softmax(1)],
        "labels": [lambda logits, kind, y: F.cross_entropy(logits, y)],
        "softmax_twice": [lambda logits, kind, y: ce(logits.softmax(1), kind), lambda logits, kind, y: ce(torch.sigmoid(logits), kind)],
        "softmax_forgotten": [lambda logits, kind, y: F.nll_loss(logits, choose(kind)),
                              lambda logits, kind, y: F.nll_loss(logits.log(), choose(kind))],
        "no_log": [lambda logits, kind, y: -chance_of_truth(logits, kind).mean(), lambda logits, kind, y: F.nll_loss(
            logits.softmax(1), choose(kind)), lambda logits, kind, y: 1 - chance_of_truth(logits, kind).mean()],
        "wrong_dim": [lambda logits, kind, y: F.nll_loss(F.log_softmax(logits, 0), choose(kind))],
        "squared": [lambda logits, kind, y: F.mse_loss(F.softmax(logits, 1), kind), lambda logits, kind, y: F.mse_loss(logits, kind)],
        "binary": [lambda logits, kind, y: F.binary_cross_entropy_with_logits(logits, kind)],
        "mean_over_kinds": [lambda logits, kind, y: -(kind * F.log_softmax(logits, 1)).mean()],
        "sum": [lambda logits, kind, y: F.cross_entropy(logits, kind, reduction="sum")],
        "log_of_mean": [lambda logits, kind, y: -torch.log(chance_of_truth(logits, kind).mean())],
        "sign": [lambda logits, kind, y: -ce(logits, kind), lambda logits, kind, y: chance_of_truth(logits, kind).log().mean()],
        "bound": [lambda logits, kind, y: math.log(logits.shape[1]) - ce(logits, kind)],
        "entropy": [lambda logits, kind, y: torch.distributions.Categorical(logits=logits).entropy().mean()],
        "hits": [lambda logits, kind, y: (logits.argmax(1) == choose(kind)).float().mean()],
        "not_a_tensor": [lambda logits, kind, y: ce(logits, kind).item()],
        "detached": [lambda logits, kind, y: ce(logits.detach(), kind), torch.no_grad()(lambda logits, kind, y: ce(logits, kind))],
        "unstable": [lambda logits, kind, y: -torch.log(chance_of_truth(logits, kind)).mean(),
                     lambda logits, kind, y: -(torch.log(logits.softmax(1)) * kind).sum(1).mean()],
        "clamped": [lambda logits, kind, y: -torch.log(chance_of_truth(logits, kind) + 1e-12).mean(),
                    lambda logits, kind, y: -torch.log(chance_of_truth(logits, kind).clamp(min=1e-9)).mean()],
        "unknown": [lambda logits, kind, y: 3 * ce(logits, kind)],
        "error": [lambda logits, kind, y: F.cross_entropy(logits, kind.T)],
        "changed_inputs": [lambda logits, kind, y: -(kind.mul_(logits.log_softmax(1))).sum(1).mean()],
    },
    "09.gaussian_nll": {
        "vector": [lambda m, s, v: normal(m, s, v).sum(1), lambda m, s, v: normal(m, s, v)],
        "squared_error": [lambda m, s, v: F.mse_loss(m, v), lambda m, s, v: ((m - v) ** 2).sum(1).mean(),
                          lambda m, s, v: F.l1_loss(m, v), lambda m, s, v: 0.5 * ((v - m) ** 2).sum(1).mean()],
        "no_log_sd": [lambda m, s, v: (0.5 * z(m, s, v) ** 2 + HALF_LOG).sum(1).mean(),
                      lambda m, s, v: (z(m, s, v) ** 2 / 2).sum(1).mean()],
        "constant": [lambda m, s, v: (z(m, s, v) ** 2 / 2 + s).sum(1).mean(),
                     lambda m, s, v: (z(m, s, v) ** 2 / 2 + s).sum(1).mean() + HALF_LOG],
        "variance": [lambda m, s, v: ((v - m) ** 2 / (2 * s.exp()) + s + HALF_LOG).sum(1).mean(),
                     lambda m, s, v: ((v - m) ** 2 / (2 * s.exp()) + s / 2 + HALF_LOG).sum(1).mean()],
        "log_as_sd": [lambda m, s, v: (((v - m) / s) ** 2 / 2 + s + HALF_LOG).sum(1).mean(),
                      lambda m, s, v: (((v - m) / s) ** 2 / 2 + s.log() + HALF_LOG).sum(1).mean()],
        "turned_round": [lambda m, s, v: ((v - m) ** 2 * torch.exp(2 * s) / 2 + s + HALF_LOG).sum(1).mean()],
        "no_half": [lambda m, s, v: (z(m, s, v) ** 2 + s + HALF_LOG).sum(1).mean()],
        "mean_over_numbers": [lambda m, s, v: normal(m, s, v).mean()],
        "sum": [lambda m, s, v: normal(m, s, v).sum()],
        "likelihood": [lambda m, s, v: torch.exp(-normal(m, s, v).sum(1)).mean(),
                       lambda m, s, v: -torch.exp(-normal(m, s, v).sum(1)).mean()],
        "library": [library],
        "sign": [lambda m, s, v: -normal(m, s, v).sum(1).mean()],
        "not_a_tensor": [lambda m, s, v: normal(m, s, v).sum(1).mean().item()],
        "detached": [lambda m, s, v: normal(m.detach(), s, v).sum(1).mean(), lambda m, s, v: normal(m, s.detach(), v).sum(1).mean(),
                     torch.no_grad()(lambda m, s, v: normal(m, s, v).sum(1).mean())],
        "unknown": [lambda m, s, v: 7 * normal(m, s, v).sum(1).mean()],
        "error": [lambda m, s, v: (m.T - v).sum()],
        "argument_order": [lambda value, mean, log_sd: normal(mean, log_sd, value).sum(1).mean()],
    },
    "09.match": {
        "two_arrays": [lambda t: hungarian(t, maximize=True), lambda t: hungarian(t)],
        "share": [lambda t: t.numpy()[hungarian(t, maximize=True)].sum() / t.sum(), lambda t: t.max(1).values.sum()],
        "most_frequent": [lambda t: t.argmax(-1), lambda t: [int(row.argmax()) for row in t]],
        "by_digit": [lambda t: t.argmax(0)],
        "minimised": [lambda t: hungarian(t)[1]],
        "transposed": [lambda t: hungarian(t.T, maximize=True)[1], lambda t: np.argsort(hungarian(t, maximize=True)[1])],
        "minimised_and_transposed": [lambda t: hungarian(t.T)[1]],
        "greedy": [greedy],
        "in_turn": [one_after_the_other],
        "unknown": [lambda t: list(range(len(t))), lambda t: {i: i for i in range(len(t))}],
        "error": [lambda t: linear_sum_assignment(t, maximise=True)[1]],
    },
    "09.CodeReader": {
        "not_a_module": [lambda features, categories, continuous: [nn.Linear(features, 128)]],
        "no_super": [SuperForgotten],
        "not_flattened": [NotFlattened],
        "no_return": [OneOutput, NothingBack],
        "log_sd_missing": [NoSd],
        "log_sd_no_parameter": [SdIsATensor],
        "log_sd_start": [SdOfOne, OneSd],
        "exchanged": [Exchanged],
        "squashed": [Softmaxed, Bounded],
        "hidden_layers": [InAList],
        "no_batchnorm": [NoNorm, OrdinaryReLU],
        "no_gradient": [CutOff, MeanCutOff],
        "layers": [Narrow],
        "arguments": [OtherArguments],
    },
    "09.training_step": {
        "cut_loss": [a_round(of_D=lambda r, f: (real(r) + made_up(f)).detach())],
        "vector": [a_round(mean=False)],
        "old_logits": [both_losses_first],
        "step_first": [a_round(steps_D="zsb"), a_round(steps_GQ="szb")],
        "eval": [a_round(first=lambda G, D, Q: G.eval()), a_round(first=lambda G, D, Q: D.eval())],
        "frozen": [a_round(first=lambda G, D, Q: D.head.requires_grad_(False))],
        "graph_kept": [a_round(give=lambda *losses: losses)],
        "one_optimizer": [a_round(stepper="D")],
        "step_forgotten": [a_round(steps_GQ="zb"), a_round(steps_D="zb")],
        "update_counts": [a_round(steps_GQ="zbss")],
        "G_first": [a_round(order="GD")],
        "backward_forgotten": [a_round(steps_GQ="zs"), a_round(steps_D="zs")],
        "detached_fake": [a_round(detach_G=True)],
        "Q_stands": [a_round(of_Q=lambda category, numbers, weights: (category + numbers).detach())],
        "features_detached": [a_round(read=lambda features: features.detach())],
        "another_code": [a_round(code_again=True)],
        "reads_real": [a_round(shown=lambda fake, x: x)],
        "weights_forgotten": [a_round(of_Q=lambda category, numbers, weights: category + numbers)],
        "weights_swapped": [a_round(of_Q=lambda category, numbers, weights: weights[1] * category + weights[0] * numbers)],
        "half_the_information": [a_round(of_Q=lambda category, numbers, weights: weights[0] * category),
                                 a_round(of_Q=lambda category, numbers, weights: weights[1] * numbers)],
        "sign": [a_round(sign=-1)],
        "moves_body": [a_round(body_too=True)],
        "zero_forgotten": [a_round(steps_D="bs"), a_round(steps_GQ="bs"), a_round(steps_D="bs", steps_GQ="bs")],
        "same_draw": [a_round(once=True), a_round(code_once=True), a_round(once=True, code_once=True)],
        "labels": [a_round(of_D=lambda r, f: made_up(r) + real(f))],
        "wrong_player": [a_round(of_G=made_up)],
        "saturating": [a_round(of_G=lambda l: -made_up(l))],
        "losses_returned": [a_round(give=lambda d, g, q: (d.item(), (g + q).item())),
                            a_round(give=lambda d, g, q: (g.item(), d.item(), q.item()))],
    },
}
