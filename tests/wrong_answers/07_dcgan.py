"""Answers to the exercises of notebook 07, as learners write them."""
import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import init

out, G, net = torch.zeros(11), nn.Linear(1, 1), nn.Linear(1, 1)


# A transposed convolution

def as_matrix(x, w, stride):
    M = torch.zeros(len(x), (len(x) - 1) * stride + len(w))
    for i, row in enumerate(M):
        row[i * stride:i * stride + len(w)] = w
    return x @ M


def number_by_number(x, w, stride):
    y = [0.0] * ((len(x) - 1) * stride + len(w))
    for i, a in enumerate(x.tolist()):
        for j, b in enumerate(w.tolist()):
            y[i * stride + j] += a * b
    return torch.tensor(y)


def by_torch(x, w, stride):
    return F.conv_transpose1d(x[None, None], w[None, None], stride=stride)[0, 0]


def zeros_between(x, stride):
    y = torch.zeros((len(x) - 1) * stride + 1)
    y[::stride] = x
    return y


def by_zeros(x, w, stride, turn=True):
    wide = F.pad(zeros_between(x, stride), (len(w) - 1, len(w) - 1))
    return F.conv1d(wide[None, None], (w.flip(0) if turn else w)[None, None])[0, 0]


def put(write, length=lambda x, w, stride: (len(x) - 1) * stride + len(w), step=lambda w, stride: stride):
    def transposed(x, w, stride):
        y = torch.zeros(length(x, w, stride))
        for i in range(len(x)):
            start = i * step(w, stride)
            write(y, slice(start, start + len(w)), x[i], w)
        return y
    return transposed


def add(y, place, a, w):
    y[place] += a * w


def replace(y, place, a, w):
    y[place] = a * w


def mean_of_ink(x, w, stride):
    return by_torch(x, w, stride) / by_torch(x * 0 + 1, w * 0 + 1, stride).clamp(min=1)


def larger(y, place, a, w):
    y[place] = torch.maximum(y[place], a * w)


def bare(y, place, a, w):
    y[place] += w


def careful(y, place, a, w):
    y[place] += (a * w)[:len(y[place])]


# Initialisation

def start(conv=lambda p: init.normal_(p, 0, 0.02), gamma=lambda p: init.normal_(p, 1, 0.02), bias=init.zeros_, beta=lambda p: p,
          kinds=(nn.Conv2d, nn.ConvTranspose2d), back=lambda m: m, norm=(nn.BatchNorm2d,)):
    def dcgan_init(module):
        if isinstance(module, kinds):
            conv(module.weight.data)
            if module.bias is not None:
                bias(module.bias.data)
        if isinstance(module, norm):
            gamma(module.weight.data)
            beta(module.bias.data)
        return back(module)
    return dcgan_init


def by_class_name(module):
    name = module.__class__.__name__
    if name.find("Conv") != -1:
        module.weight.data.normal_(0.0, 0.02)
        if module.bias is not None:
            module.bias.data.fill_(0)
    elif name.find("BatchNorm") != -1:
        module.weight.data.normal_(1.0, 0.02)
        module.bias.data.fill_(0)
    return module


def by_hand(module):
    with torch.no_grad():
        if type(module) in (nn.Conv2d, nn.ConvTranspose2d):
            module.weight.copy_(0.02 * torch.randn(module.weight.shape))
        if type(module) is nn.BatchNorm2d:
            module.weight.copy_(1 + 0.02 * torch.randn_like(module.weight))
        if type(module) in (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d) and module.bias is not None:
            module.bias *= 0
    return module


def every_weight(module):
    if isinstance(module, nn.BatchNorm2d):
        return start()(module)
    if not isinstance(module, nn.Linear):
        init.normal_(module.weight, 0, 0.02)
        if module.bias is not None:
            init.zeros_(module.bias)
    return module


def bias_without_asking(module):
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        init.normal_(module.weight, 0, 0.02)
        init.zeros_(module.bias)
    return module


def whatever_has_a_weight(module):
    if hasattr(module, "weight"):
        if isinstance(module, nn.BatchNorm2d):
            init.normal_(module.weight, 1, 0.02)
        else:
            init.normal_(module.weight, 0, 0.02)
    if getattr(module, "bias", None) is not None:
        init.zeros_(module.bias)
    return module


# The average of generators

def moving(weigh, buffers=lambda mean, now, decay: mean.copy_(now), no_grad=True, back=lambda average, net: average):
    def ema(average, net, decay):
        with torch.set_grad_enabled(not no_grad):
            for mean, now in zip(average.parameters(), net.parameters(), strict=True):
                weigh(mean, now, decay)
        with torch.no_grad():
            for mean, now in zip(average.buffers(), net.buffers(), strict=True):
                buffers(mean, now, decay)
        return back(average, net)
    return ema


def lerp(mean, now, decay):
    mean.lerp_(now, 1 - decay)


def by_state(keys=lambda net: dict(net.named_parameters()), others=lambda mean, now, decay: now):
    def ema(average, net, decay):
        old, new = average.state_dict(), net.state_dict()
        average.load_state_dict({name: decay * old[name] + (1 - decay) * new[name] if name in keys(net) else
                                 others(old[name], new[name], decay) for name in old})
        return average
    return ema


def by_data(average, net, decay):
    for mean, now in zip(average.parameters(), net.parameters(), strict=True):
        mean.data = decay * mean.data + (1 - decay) * now.data
    for mean, now in zip(average.buffers(), net.buffers(), strict=True):
        mean.data = now.data.clone()
    return average


def all_state(average, net, decay):
    old = average.state_dict()
    for name, now in net.state_dict().items():
        old[name].mul_(decay).add_((1 - decay) * now)
    return average


def statistics_only(mean, now, decay):
    if mean.is_floating_point():
        mean.copy_(now)


def hands_over_buffers(average, net, decay):
    moving(lerp)(average, net, decay)
    average[1].running_mean = net[1].running_mean
    return average


def rebinding(mean, now, decay):
    mean = decay * mean + (1 - decay) * now  # noqa: F841


RIGHT = {
    "07.transposed": [put(add), as_matrix, number_by_number, by_torch, by_zeros, lambda x, w, s: by_torch(x, w, s).numpy(),
                      lambda x, w, s: np.convolve(zeros_between(x, s).numpy(), w.numpy())],
    "07.dcgan_init": [start(), by_class_name, by_hand, start(beta=init.zeros_)],
    "07.ema": [moving(lerp), moving(lambda m, n, d: m.mul_(d).add_(n, alpha=1 - d)), by_state(), by_data,
               moving(lambda m, n, d: m.copy_(d * m + (1 - d) * n)), moving(lambda m, n, d: m.sub_((1 - d) * (m - n)))],
}
WRONG = {
    "07.transposed": {
        "scalar": [lambda x, w, s: by_torch(x, w, s).sum(), lambda x, w, s: x[0] * w[0]],
        "table": [lambda x, w, s: torch.outer(x, w), lambda x, w, s: x[:, None] * w],
        "overwritten": [put(replace)],
        "averaged": [mean_of_ink],
        "largest": [put(larger)],
        "flipped": [lambda x, w, s: by_torch(x, w.flip(0), s), lambda x, w, s: by_zeros(x, w, s, turn=False)],
        "x_reversed": [lambda x, w, s: by_torch(x.flip(0), w, s)],
        "plain_stamps": [put(bare)],
        "stride_ignored": [put(add, step=lambda w, s: 1), lambda x, w, s: by_torch(x, w, 1), lambda x, w, s: np.convolve(x, w)],
        "side_by_side": [lambda x, w, s: torch.cat([a * w for a in x]), put(careful, step=lambda w, s: len(w))],
        "convolution": [lambda x, w, s: F.conv1d(x[None, None], w[None, None], stride=s)[0, 0]],
        "zeros_too_many": [lambda x, w, s: by_torch(x, w, s + 1)],
        "no_room": [put(add, length=lambda x, w, s: len(x) * s), put(add, length=lambda x, w, s: len(x))],
        "length": [put(add, length=lambda x, w, s: len(x) * s + len(w)), lambda x, w, s: by_torch(x, w, s)[:len(x) * s],
                   lambda x, w, s: F.conv_transpose1d(x[None, None], w[None, None], stride=s, padding=1)[0, 0]],
        "outside": [lambda x, w, stride: by_torch(x, w, stride) + out],
        "changed_inputs": [lambda x, w, s: by_torch(x.mul_(2), w, s)],
        "no_return": [lambda x, w, s: print(by_torch(x, w, s))],
        "unknown": [lambda x, w, s: 2 * by_torch(x, w, s)],
    },
    "07.dcgan_init": {
        "no_weight": [every_weight],
        "no_bias": [bias_without_asking],
        "weights_of_one": [start(conv=lambda p: init.normal_(p, 1, 0.02))],
        "variance": [start(conv=lambda p: init.normal_(p, 0, 0.02 ** 2))],
        "root": [start(conv=lambda p: init.normal_(p, 0, 0.02 ** 0.5))],
        "uniform": [start(conv=lambda p: init.uniform_(p, -0.02, 0.02))],
        "conv_bias": [start(bias=lambda p: p), start(bias=lambda p: init.normal_(p, 0, 0.02))],
        "conv_untouched": [start(kinds=(nn.Conv2d,)), start(kinds=())],
        "gamma_of_zero": [start(gamma=lambda p: init.normal_(p, 0, 0.02)),
                          start(kinds=(nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d), norm=())],
        "beta": [start(beta=lambda p: init.normal_(p, 0, 0.02))],
        "gamma_and_beta": [start(gamma=init.zeros_, beta=lambda p: init.normal_(p, 1, 0.02))],
        "gamma_variance": [start(gamma=lambda p: init.normal_(p, 1, 0.02 ** 2))],
        "gamma_root": [start(gamma=lambda p: init.normal_(p, 1, 0.02 ** 0.5))],
        "gamma_untouched": [start(norm=()), start(gamma=init.ones_)],
        "others_touched": [whatever_has_a_weight, start(kinds=(nn.Conv2d, nn.ConvTranspose2d, nn.Linear))],
        "not_back": [start(back=copy.deepcopy), start(back=lambda m: getattr(m, "weight", 0))],
        "no_return": [start(back=lambda m: None)],
        "outside": [lambda module: G],
        "unknown": [start(conv=lambda p: init.normal_(p, 0, 0.2))],
    },
    "07.ema": {
        "wrong_net_back": [moving(lerp, back=lambda average, net: net), moving(lerp, back=lambda average, net: average.state_dict()),
                           moving(lerp, back=lambda average, net: copy.deepcopy(average))],
        "net_changed": [lambda average, net, decay: moving(lerp)(net, average, decay) and average,
                        moving(lambda m, n, d: n.lerp_(m, d)), moving(lambda m, n, d: m.copy_(n.mul_(1 - d) + d * m)),
                        moving(lambda m, n, d: n.mul_(d), no_grad=False)],
        "graph": [moving(lerp, no_grad=False), moving(lambda m, n, d: m.mul_(d).add_(n, alpha=1 - d), no_grad=False)],
        "shared": [hands_over_buffers, moving(lambda m, n, d: setattr(m, "data", n.data))],
        "swapped": [moving(lambda m, n, d: m.lerp_(n, d)), moving(lambda m, n, d: m.lerp_(n, d), buffers=lambda m, n, d: None)],
        "added": [moving(lambda m, n, d: m.mul_(d).add_(n)), moving(lambda m, n, d: m.add_(n, alpha=1 - d))],
        "half": [moving(lambda m, n, d: m.lerp_(n, 0.5))],
        "copied": [moving(lambda m, n, d: m.copy_(n)), lambda average, net, decay: average.load_state_dict(net.state_dict()) and average],
        "unmoved": [moving(rebinding), moving(rebinding, buffers=rebinding)],
        "buffers_forgotten": [moving(lerp, buffers=lambda m, n, d: None), by_state(others=lambda m, n, d: m)],
        "buffers_averaged": [moving(lerp, buffers=lambda m, n, d: m.copy_(d * m + (1 - d) * n)), all_state,
                             by_state(keys=lambda net: net.state_dict()),
                             moving(lerp, buffers=lambda m, n, d: m.lerp_(n, 1 - d) if m.is_floating_point() else m.copy_(n))],
        "count_forgotten": [moving(lerp, buffers=statistics_only)],
        "outside": [lambda average, now, decay: moving(lerp)(average, G, decay)],
        "argument_order": [lambda G, G_ema, decay: moving(lerp)(G_ema, G, decay)],
        "no_return": [moving(lerp, back=lambda average, net: None)],
        "unknown": [moving(lambda m, n, d: m.lerp_(n, (1 - d) / 2))],
    },
}
