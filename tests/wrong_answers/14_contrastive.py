"""Answers to the exercise of notebook deeper/14_contrastive, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as F


def two_c(l, e, y, t, length=F.normalize, below=lambda label, others: label + others.sum(1), diagonal=True, above=None):
    l, e = length(l), length(e)
    label, others = torch.exp((l * e).sum(1) / t), torch.exp(l @ l.T / t)
    if diagonal:
        others = others.masked_fill(torch.eye(len(l), dtype=torch.bool), 0.0)
    same = (others * (y[None, :] == y[:, None])).sum(1)
    return -torch.log((label + same if above is None else above(label, same)) / below(label, others))


def by_log_sum(l, e, y, t):
    cos = F.cosine_similarity(l[:, None], l[None], dim=-1) / t
    own = F.cosine_similarity(l, e)[:, None] / t
    off = torch.where(torch.eye(len(l)) > 0, -torch.inf, cos)
    same = torch.where(y[:, None] == y, off, -torch.inf)
    return (torch.cat([own, off], 1).logsumexp(1) - torch.cat([own, same], 1).logsumexp(1)).mean()


RIGHT = {"14.contrastive_loss": [lambda l, e, y, t: two_c(l, e, y, t).mean(), by_log_sum]}
WRONG = {
    "14.contrastive_loss": {
        "vector": [two_c],
        "not_a_tensor": [lambda l, e, y, t: two_c(l, e, y, t).mean().item()],
        "detached": [torch.no_grad()(lambda l, e, y, t: two_c(l, e, y, t).mean()), lambda l, e, y, t: two_c(l, e.detach(), y, t).mean()],
        "no_cosine": [lambda l, e, y, t: two_c(l, e, y, t, length=lambda v: v).mean()],
        "itself": [lambda l, e, y, t: two_c(l, e, y, t, diagonal=False).mean()],
        "no_label": [lambda l, e, y, t: two_c(l, e, y, t, above=lambda label, same: same, below=lambda label, others: others.sum(1)).mean()],
        "label_above": [lambda l, e, y, t: two_c(l, e, y, t, below=lambda label, others: others.sum(1)).mean()],
        "no_members": [lambda l, e, y, t: two_c(l, e, y, t, above=lambda label, same: label).mean()],
        "temperature": [lambda l, e, y, t: two_c(l, e, y, 1 / t).mean()],
        "sum": [lambda l, e, y, t: two_c(l, e, y, t).sum()],
        "sign": [lambda l, e, y, t: -two_c(l, e, y, t).mean()],
        "unknown": [lambda l, e, y, t: 2 * two_c(l, e, y, t).mean()],
        "error": [lambda l, e, y, t: two_c(l, e.T, y, t).mean()],
    },
}
