"""Answers to the exercises of notebook 09, as learners write them."""
import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment


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
}
