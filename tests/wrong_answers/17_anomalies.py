"""Answers to the exercises of notebook deeper/17_anomalies, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import nn


def step(loss=F.mse_loss, order="zbs", give=lambda loss: loss.item(), first=None, last=None):
    def autoencoder_step(net, optimizer, x):
        if first:
            first(net)
        value = loss(net(x), x)
        for letter in order:
            {"z": optimizer.zero_grad, "b": value.backward, "s": optimizer.step}[letter]()
        if last:
            last(net)
        return give(value)
    return autoencoder_step


def clean_first(net, optimizer, x):
    optimizer.zero_grad(set_to_none=False)
    drawn = net(x)
    loss = ((x - drawn) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


def cut_first(net, optimizer, x):
    loss = F.mse_loss(net(x), x).detach()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def per_picture(maps, torn, count=roc_auc_score, keep=lambda p: p.any() and not p.all(), mean=lambda found: sum(found) / len(found)):
    return mean([count(p.flatten().numpy(), m.flatten().numpy()) for m, p in zip(maps, torn, strict=True) if keep(p)])


def by_counting(maps, torn):
    found = []
    for i in range(len(maps)):
        m, p = maps[i][torn[i]], maps[i][~torn[i]]
        if len(m) and len(p):
            found.append(sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in m for b in p) / (len(m) * len(p)))
    return sum(found) / len(found)


def pairs(each, default=None):
    def pixel_auc(maps, torn):
        found = [each(m[p][:, None], m[~p]) if p.any() else default for m, p in zip(maps, torn, strict=True)]
        found = [f for f in found if f is not None]
        return sum(float(f) for f in found) / len(found)
    return pixel_auc


def auc(a, b):
    return (a > b).double().mean() + (a == b).double().mean() / 2


def autoencoder(wide=lambda x, net: net(x).view(x.shape), code_end=(), end=nn.Tanh, hidden=nn.ReLU, sizes=lambda size, width, code: (size * size, width, code)):
    class Autoencoder(nn.Module):
        def __init__(self, size, width, code):
            super().__init__()
            a, b, c = sizes(size, width, code)
            self.net = nn.Sequential(nn.Flatten(), nn.Linear(a, b), hidden(), nn.Linear(b, c), *[each() for each in code_end], nn.Linear(c, b), hidden(), nn.Linear(b, a), *([end()] if end else []))

        def forward(self, x):
            return wide(x, self.net)
    return Autoencoder


RIGHT = {
    "17.Autoencoder": [autoencoder()],
    "17.autoencoder_step": [step(), clean_first],
    "17.pixel_auc": [per_picture, by_counting],
}
WRONG = {
    "17.Autoencoder": {
        "around": [autoencoder(lambda x, net: x + net(x).view(x.shape))],
        "turned": [autoencoder(lambda x, net: net(x).view(x.shape).mT)],
        "activation": [autoencoder(code_end=[nn.ReLU]), autoencoder(end=None), autoencoder(end=nn.Sigmoid), autoencoder(hidden=nn.Tanh)],
        "size": [autoencoder(lambda x, net: net(x))],
        "width": [autoencoder(sizes=lambda size, width, code: (size * size, code, width))],
    },
    "17.autoencoder_step": {
        "vector": [step(lambda drawn, x: (drawn - x).square(), give=lambda loss: loss.mean().item())],
        "cut_loss": [cut_first],
        "eval": [step(last=lambda net: net.eval())],
        "frozen": [step(last=lambda net: net.requires_grad_(False))],
        "backward_forgotten": [step(order="zs")],
        "step_forgotten": [step(order="zb")],
        "step_first": [step(order="zsb")],
        "zero_after_backward": [step(order="bzs")],
        "zero_after_step": [step(order="bsz")],
        "zero_forgotten": [step(order="bs")],
        "two_steps": [step(order="zbss")],
        "sum": [step(lambda drawn, x: F.mse_loss(drawn, x, reduction="sum")), step(lambda drawn, x: ((drawn - x) ** 2).sum(1).mean())],
        "absolute": [step(F.l1_loss)],
        "root": [step(lambda drawn, x: F.mse_loss(drawn, x) ** 0.5)],
        "from_zero": [step(lambda drawn, x: (drawn ** 2).mean())],
        "uphill": [step(lambda drawn, x: -F.mse_loss(drawn, x))],
        "half": [step(lambda drawn, x: 0.5 * F.mse_loss(drawn, x))],
        "unknown": [step(lambda drawn, x: 3 * F.mse_loss(drawn, x))],
    },
    "17.pixel_auc": {
        "one_each": [lambda maps, torn: torch.stack([auc(m[p][:, None], m[~p]) for m, p in zip(maps, torn, strict=True)])],
        "nan": [lambda maps, torn: torch.stack([auc(m[p][:, None], m[~p]) for m, p in zip(maps, torn, strict=True)]).mean()],
        "pooled": [lambda maps, torn: roc_auc_score(torn.flatten().numpy(), maps.flatten().numpy())],
        "counts_the_whole": [pairs(auc, 0.0), pairs(auc, 0.5)],
        "swapped": [pairs(lambda a, b: 1 - auc(a, b))],
        "ties": [pairs(lambda a, b: (a > b).double().mean())],
        "difference": [pairs(lambda a, b: a.mean() - b.mean())],
        "brightest": [pairs(lambda a, b: float(a.max() > b.max()))],
        "booleans": [pairs(lambda a, b: (a > b).mean())],
        "unknown": [lambda maps, torn: 2 * per_picture(maps, torn)],
    },
}
