"""Answers to the exercises of notebook 16, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math

import torch
from torch.distributions import Normal, kl_divergence

from gan_course.lessons.exercises.diffusion import noised


def elbo(x, decoded, log_sigma, mean, log_var, beta=1.0, error=lambda e, s: e**2 / 2 / s.exp()**2 + s + 0.9189385332, rows=lambda e: e.flatten(1).sum(1),
         kl=lambda m, v: 0.5 * (m**2 + v.exp() - v - 1), codes=lambda k: k.sum(-1), all_in_all=lambda r, k, beta: (r + beta * k).mean()):
    return all_in_all(rows(error(x - decoded, log_sigma)), codes(kl(mean, log_var)), beta)


def with_distributions(x, decoded, log_sigma, mean, log_var, beta=1.0):
    kl = kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(1)
    return -Normal(decoded, log_sigma.exp()).log_prob(x).flatten(1).sum(1).mean() + beta * kl.mean()


def changed(**what):
    return lambda x, decoded, log_sigma, mean, log_var, beta=1.0: elbo(x, decoded, log_sigma, mean, log_var, beta, **what)


def in_a_loop(x, t, noise, alpha_bar):
    return torch.stack([math.sqrt(alpha_bar[i]) * a + math.sqrt(1 - alpha_bar[i]) * e for a, i, e in zip(x, t, noise, strict=True)])


def process(of_x, of_noise, shift=0, shape=lambda a, x: a.reshape(len(x), *[1] * (x.dim() - 1))):
    def forward(x, t, noise, alpha_bar):
        a = shape(alpha_bar[(t + shift) % len(alpha_bar)], x)
        return of_x(a) * x + of_noise(a) * noise
    return forward


def root(a):
    return a**0.5


def rest(a):
    return (1 - a)**0.5


def loss(times=lambda x, T: torch.randint(0, T, x.shape[:1]), noise=lambda x: torch.randn(x.shape), given=lambda x_t, x: x_t,
         target=lambda noise, x, x_t: x, cost=lambda e: (e**2).mean(), told=lambda e: e):
    def diffusion_loss(net, x, alpha_bar):
        e, t = noise(x), times(x, len(alpha_bar))
        x_t = noised(x, t, e, alpha_bar) if t.shape == x.shape[:1] and not t.is_floating_point() else x
        return cost(told(net(given(x_t, x), t)) - target(e, x, x_t))
    return diffusion_loss


def by_hand(net, x, alpha_bar):
    noise = torch.randn_like(x)
    t = torch.randint(0, alpha_bar.shape[0], (x.shape[0],))
    a = alpha_bar[t][:, None]
    return torch.nn.functional.mse_loss(net(a.sqrt() * x + (1 - a).sqrt() * noise, t), x)


def row_by_row(mean, log_var):
    return torch.stack([m + (v / 2).exp() * torch.randn_like(m) for m, v in zip(mean, log_var, strict=True)])


def ddpm(times=lambda T: range(T - 1, -1, -1), t_of=lambda x, t: torch.full((len(x),), t), clean=lambda b, a, p, t: p**0.5 * b / (1 - a),
         x_t=lambda b, a, p, t: (1 - b)**0.5 * (1 - p) / (1 - a), sd=lambda b, a, p, t: (b * (1 - p) / (1 - a))**0.5, previous=lambda a, t: earlier(a, t),
         noise=torch.randn_like, say=lambda told: told, end=lambda x: x):
    def ddpm_sample(net, x, beta):
        a = torch.cumprod(1 - beta, 0)
        for t in times(len(beta)):
            told, given = say(net(x, t_of(x, t))), (beta[t], a[t], previous(a, t), t)
            x = clean(*given) * told + x_t(*given) * x + sd(*given) * noise(x)
        return end(x)
    return ddpm_sample


def only_where_needed(net, x, beta):
    return ddpm(noise=lambda x: torch.randn(x.shape))(net, x, beta)


def once_only(net, x, beta):
    drawn = torch.randn_like(x)
    return ddpm(noise=lambda x: drawn)(net, x, beta)


def earlier(a, t):
    return a[t - 1] if t else torch.tensor(1.0)


def later_one(a, t):
    return torch.nn.functional.pad(a[1:], (0, 1), value=1.0)[t]


def ddim(go=lambda times: times, end=lambda a: 1.0, t_of=lambda x, t: torch.full((len(x),), t), noise=lambda x, c, a: (x - a**0.5 * c) / (1 - a)**0.5,
         mix=lambda c, e, a, x: a**0.5 * c + (1 - a)**0.5 * e, following=None, say=lambda told: told, give=lambda x: x):
    def ddim_sample(net, x, alpha_bar, times):
        times = go(times)
        for i, t in enumerate(times):
            c = say(net(x, t_of(x, t)))
            later = alpha_bar[times[i + 1]] if i + 1 < len(times) else end(alpha_bar)
            x = mix(c, noise(x, c, alpha_bar[t]), following(alpha_bar, t) if following else later, x)
        return give(x)
    return ddim_sample


def not_finished(net, x, alpha_bar, times):
    for i, t in enumerate(times):
        c = net(x, torch.full((len(x),), t))
        if i + 1 < len(times):
            a, later = alpha_bar[t], alpha_bar[times[i + 1]]
            x = later**0.5 * c + (1 - later)**0.5 * (x - a**0.5 * c) / (1 - a)**0.5
    return x


def as_in_the_paper(net, x, alpha_bar, times):
    for i, t in enumerate(times):
        e, a = net(x, torch.full((len(x),), t)), alpha_bar[t]
        later = alpha_bar[times[i + 1]] if i + 1 < len(times) else 1.0
        x = later**0.5 * (x - (1 - a)**0.5 * e) / a**0.5 + (1 - later)**0.5 * e
    return x


def four_dimensions(x, decoded, log_sigma, mean, log_var, beta=1.0):
    rows = -torch.distributions.Normal(decoded, log_sigma.exp()).log_prob(x).sum(dim=(1, 2, 3))
    return (rows + beta * (mean ** 2 + log_var.exp() - log_var - 1).sum(1) / 2).mean()


RIGHT = {
    "16.reparameterise": [lambda mean, log_var: torch.exp(0.5 * log_var) * torch.randn(mean.shape) + mean,
                          lambda mean, log_var: Normal(mean, log_var.exp().sqrt()).rsample(), row_by_row],
    "16.negative_elbo": [elbo, with_distributions],
    "16.noised": [process(root, rest), in_a_loop],
    "16.diffusion_loss": [loss(), by_hand],
    "16.ddpm_sample": [ddpm(), only_where_needed],
    "16.ddim_sample": [ddim()],
}
WRONG = {
    "16.reparameterise": {
        "variance_as_sd": [lambda mean, log_var: mean + log_var.exp() * torch.randn_like(mean)],
        "log_as_sd": [lambda mean, log_var: mean + log_var * torch.randn_like(mean), lambda mean, log_var: mean + 0.5 * log_var * torch.randn_like(mean)],
        "squared": [lambda mean, log_var: mean + log_var.exp()**2 * torch.randn_like(mean)],
        "no_noise": [lambda mean, log_var: mean + 0 * log_var],
        "no_mean": [lambda mean, log_var: torch.randn_like(mean) * log_var.mul(0.5).exp()],
        "uniform": [lambda mean, log_var: mean + (log_var / 2).exp() * torch.rand(mean.shape)],
        "one_noise": [lambda mean, log_var: mean + (log_var / 2).exp() * torch.randn(3), lambda mean, log_var: mean + (log_var / 2).exp() * torch.randn(1)],
        "one_number": [lambda mean, log_var: mean + (log_var / 2).exp() * torch.randn(5, 1)],
        "no_gradient": [lambda mean, log_var: Normal(mean, (log_var / 2).exp()).sample(), lambda mean, log_var: (mean + (log_var / 2).exp() * torch.randn_like(mean)).detach(),
                        lambda mean, log_var: torch.normal(mean, (log_var / 2).exp())],
        "minus_noise": [lambda mean, log_var: mean - (log_var / 2).exp() * torch.randn_like(mean)],
        "unknown": [lambda mean, log_var: 2 * mean + (log_var / 2).exp() * torch.randn_like(mean)],
        "error": [lambda mean, log_var: mean + log_var.exp().sqrt() * torch.randn(2, 2)],
    },
    "16.negative_elbo": {
        "only_pictures": [four_dimensions],
        "vector": [changed(all_in_all=lambda r, k, beta: r + beta * k)],
        "sign": [lambda *inputs: -elbo(*inputs)],
        "kl_subtracted": [changed(kl=lambda m, v: 0.5 * (1 + v - m**2 - v.exp()))],
        "reconstruction_mean": [changed(rows=lambda e: e.mean((1, 2, 3)))],
        "kl_mean": [changed(codes=lambda k: k.mean(1))],
        "both_means": [changed(rows=lambda e: e.flatten(1).mean(1), codes=lambda k: k.mean(1))],
        "batch_sum": [changed(all_in_all=lambda r, k, beta: r.sum() + beta * k.sum())],
        "beta_on_reconstruction": [changed(all_in_all=lambda r, k, beta: (beta * r + k).mean())],
        "no_beta": [lambda x, d, s, m, v, beta=1.0: elbo(x, d, s, m, v)],
        "no_kl": [changed(codes=lambda k: 0)],
        "no_sigma": [changed(error=lambda e, s: e**2 / 2), changed(error=lambda e, s: e**2), changed(error=lambda e, s: e**2 / 2 + 0.9189385332)],
        "sigma_as_variance": [changed(error=lambda e, s: e**2 / (2 * s.exp()) + s + 0.9189385332)],
        "no_log_sigma": [changed(error=lambda e, s: e**2 / 2 / s.exp()**2 + 0.9189385332)],
        "log_sigma_once": [lambda x, d, s, m, v, beta=1.0: changed(error=lambda e, s: e**2 / 2 / s.exp()**2 + 0.9189385332)(x, d, s, m, v, beta) + s.sum(),
                           lambda x, d, s, m, v, beta=1.0: changed(error=lambda e, s: e**2 / 2 / s.exp()**2, rows=lambda e: e.flatten(1).sum(1) + s + 0.9189385332)(x, d, s, m, v, beta)],
        "no_constant": [changed(error=lambda e, s: e**2 / 2 / s.exp()**2 + s)],
        "no_half": [changed(error=lambda e, s: e**2 / s.exp()**2 + s + 0.9189385332), changed(error=lambda e, s: e**2 / s.exp()**2 + s)],
        "kl_no_half": [changed(kl=lambda m, v: m**2 + v.exp() - v - 1)],
        "kl_of_sd": [changed(kl=lambda m, v: 0.5 * (m**2 + v.exp()**2 - 2 * v - 1))],
        "kl_no_one": [changed(kl=lambda m, v: 0.5 * (m**2 + v.exp() - v)), changed(kl=lambda m, v: 0.5 * (m**2 + v.exp() - v + 1))],
        "kl_log_sign": [changed(kl=lambda m, v: 0.5 * (m**2 + v.exp() + v - 1))],
        "not_a_tensor": [lambda *inputs: elbo(*inputs).item(), lambda *inputs: elbo(*inputs).detach()],
        "unknown": [lambda *inputs: 2 * elbo(*inputs)],
        "error": [changed(codes=lambda k: k.sum(2))],
    },
    "16.noised": {
        "broadcast": [process(root, rest, shape=lambda a, x: a)],
        "no_root": [process(lambda a: a, lambda a: 1 - a)],
        "variance_as_sd": [process(root, lambda a: 1 - a)],
        "one_minus_root": [process(root, lambda a: 1 - a.sqrt())],
        "swapped": [process(rest, root)],
        "x_not_scaled": [process(lambda a: 1, rest)],
        "off_by_one": [process(root, rest, -1), process(root, rest, 1)],
        "one_time": [process(root, rest, shape=lambda a, x: a[0])],
        "only_images": [process(root, rest, shape=lambda a, x: a[:, None, None, None])],
        "only_points": [process(root, rest, shape=lambda a, x: a[:, None])],
        "unknown": [process(root, lambda a: -rest(a))],
        "error": [process(root, rest, shape=lambda a, x: a.view(2, -1, 7))],
    },
    "16.diffusion_loss": {
        "t_shape": [loss(times=lambda x, T: torch.randint(T, (1,))), loss(times=lambda x, T: torch.rand(len(x)) * T)],
        "vector": [loss(cost=lambda e: (e**2).mean(1)), loss(cost=lambda e: (e**2).mean().item())],
        "clean_input": [loss(given=lambda x_t, x: x)],
        "one_t": [loss(times=lambda x, T: torch.randint(T, (1,)).expand(len(x)))],
        "t_from_one": [loss(times=lambda x, T: torch.randint(1, T, (len(x),)))],
        "t_too_short": [loss(times=lambda x, T: torch.randint(T - 1, (len(x),)))],
        "shared_noise": [loss(noise=lambda x: torch.randn(x.shape[1:])), loss(noise=lambda x: torch.randn(len(x), 1))],
        "uniform": [loss(noise=torch.rand_like)],
        "target_noise": [loss(target=lambda noise, x, x_t: noise)],
        "target_x_t": [loss(target=lambda noise, x, x_t: x_t)],
        "sum": [loss(cost=lambda e: (e**2).sum()), loss(cost=lambda e: (e**2).sum(1).mean())],
        "scaled": [loss(cost=lambda e: 0.5 * (e**2).mean()), loss(cost=lambda e: (e**2).mean().sqrt())],
        "l1": [loss(cost=lambda e: e.abs().mean())],
        "detached": [loss(told=lambda e: e.detach())],
        "unknown": [loss(cost=lambda e: 3 * (e**2).mean())],
        "error": [lambda net, x, alpha_bar: loss()(net, x, alpha_bar)[0]],
    },
    "16.ddpm_sample": {
        "t_shape": [ddpm(t_of=lambda x, t: t), ddpm(t_of=lambda x, t: torch.tensor([t]))],
        "forward": [ddpm(times=range)],
        "off_by_one": [ddpm(times=lambda T: range(T - 1, 0, -1))],
        "variance_beta": [ddpm(sd=lambda b, a, p, t: b**0.5)],
        "noise_last": [ddpm(sd=lambda b, a, p, t: (b * (1 - p) / (1 - a) if t else b)**0.5), ddpm(sd=lambda b, a, p, t: (b * (1 - p) / (1 - a))**0.5 if t else 1)],
        "no_noise": [ddpm(noise=torch.zeros_like)],
        "variance_as_sd": [ddpm(sd=lambda b, a, p, t: b * (1 - p) / (1 - a))],
        "same_noise": [once_only],
        "before_shifted": [ddpm(previous=later_one), ddpm(previous=lambda a, t: torch.cat([a[1:], torch.zeros(1)])[t])],
        "wraps_around": [ddpm(previous=lambda a, t: a[t - 1])],
        "before_is_now": [ddpm(previous=lambda a, t: a[t])],
        "swapped": [ddpm(clean=lambda b, a, p, t: (1 - b)**0.5 * (1 - p) / (1 - a), x_t=lambda b, a, p, t: p**0.5 * b / (1 - a))],
        "clean_only": [ddpm(x_t=lambda b, a, p, t: 0), ddpm(clean=lambda b, a, p, t: 1, x_t=lambda b, a, p, t: 0)],
        "no_root": [ddpm(clean=lambda b, a, p, t: p * b / (1 - a)), ddpm(x_t=lambda b, a, p, t: (1 - b) * (1 - p) / (1 - a)),
                    ddpm(clean=lambda b, a, p, t: p * b / (1 - a), x_t=lambda b, a, p, t: (1 - b) * (1 - p) / (1 - a))],
        "told_is_noise": [ddpm(clean=lambda b, a, p, t: -b / ((1 - a) * (1 - b))**0.5, x_t=lambda b, a, p, t: 1 / (1 - b)**0.5)],
        "cut_off": [ddpm(say=lambda c: c.clamp(-1, 1)), ddpm(end=lambda x: x.clamp(-1, 1))],
        "minus_noise": [ddpm(noise=lambda x: -torch.randn_like(x))],
        "unknown": [ddpm(x_t=lambda b, a, p, t: 0.5)],
        "error": [ddpm(noise=lambda x: torch.randn(len(x)))],
    },
    "16.ddim_sample": {
        "t_shape": [ddim(t_of=lambda x, t: t)],
        "all_times": [ddim(go=lambda times: list(range(times[0], -1, -1)))],
        "forward": [ddim(go=lambda times: times[::-1])],
        "last_missing": [ddim(go=lambda times: times[:-1])],
        "last_level": [ddim(end=lambda a: a[0])],
        "last_step_missing": [not_finished],
        "neighbour": [ddim(following=earlier)],
        "fresh_noise": [ddim(noise=lambda x, c, a: torch.randn_like(x))],
        "no_noise": [ddim(mix=lambda c, e, a, x: a**0.5 * c)],
        "clean_at_once": [ddim(mix=lambda c, e, a, x: c)],
        "not_rescaled": [ddim(noise=lambda x, c, a: x - a**0.5 * c)],
        "whole_clean": [ddim(noise=lambda x, c, a: (x - c) / (1 - a)**0.5)],
        "no_root": [ddim(noise=lambda x, c, a: (x - a * c) / (1 - a), mix=lambda c, e, a, x: a * c + (1 - a) * e), ddim(mix=lambda c, e, a, x: a * c + (1 - a) * e),
                    ddim(noise=lambda x, c, a: (x - a * c) / (1 - a)), ddim(noise=lambda x, c, a: (x - a**0.5 * c) / (1 - a)),
                    ddim(noise=lambda x, c, a: (x - a * c) / (1 - a)**0.5)],
        "x_as_noise": [ddim(noise=lambda x, c, a: x)],
        "told_is_noise": [as_in_the_paper],
        "cut_off": [ddim(say=lambda c: c.clamp(-1, 1)), ddim(give=lambda x: x.clamp(-1, 1)),
                    ddim(say=lambda c: c.clamp(-1, 1), give=lambda x: x.clamp(-1, 1))],
        "unknown": [ddim(end=lambda a: 0.9)],
        "error": [ddim(noise=lambda x, c, a: x @ c)],
    },
}
