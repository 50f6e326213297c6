"""Answers to two exercises of notebook 16, the training step and the VAE's samples, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
from torch.distributions import Normal


def step(of_value=lambda value: value, order="zbs", give=lambda value: value.item(), ask=lambda net, loss, x: loss(net, x), last=None):
    def training_step(net, loss, optimizer, x):
        value = of_value(ask(net, loss, x))
        for letter in order:
            {"z": optimizer.zero_grad, "b": value.backward, "s": optimizer.step}[letter]()
        if last:
            last(net)
        return give(value)
    return training_step


def clean_first(net, loss, optimizer, x):
    optimizer.zero_grad(set_to_none=False)
    value = loss(net, x)
    value.backward()
    optimizer.step()
    return value.detach()


def asks_again(net, loss, optimizer, x):
    step()(net, loss, optimizer, x)
    return loss(net, x).item()


def two_draws(net, loss, optimizer, x):
    optimizer.zero_grad()
    loss(net, x).backward()
    optimizer.step()
    with torch.no_grad():
        return float(loss(net, x))


def sample(code=torch.randn, noise=torch.randn_like, sd=lambda s: s.exp(), give=lambda means, draws: (means, draws)):
    def vae_sample(vae, n):
        means = vae.G(code(n, vae.G.z_dim))
        return give(means, means + sd(vae.log_sigma) * noise(means))
    return vae_sample


def with_distributions(vae, n):
    means = vae.G(Normal(0.0, 1.0).sample((n, vae.G.z_dim)))
    return means, Normal(means, vae.log_sigma.exp()).sample()


def noise_first(vae, n):
    with torch.no_grad():
        noise = torch.randn(n, 1, 2, 4)
        means = vae.G(torch.randn(n, 3))
        return [means, noise * vae.log_sigma.exp() + means]


def asked_twice(vae, n):
    d = vae.G.z_dim
    return vae.G(torch.randn(n, d)), vae.G(torch.randn(n, d)) + vae.log_sigma.exp() * torch.randn(n, 1, 2, 4)


def encoded(vae, n):
    mean, log_var = vae.E(torch.randn(n, 1, 2, 4))
    return vae.G(mean), vae.G(mean + (log_var / 2).exp() * torch.randn_like(mean))


RIGHT = {
    "16.training_step": [step(), clean_first, step(give=float)],
    "16.vae_sample": [sample(), with_distributions, noise_first],
}
WRONG = {
    "16.training_step": {
        "arguments_swapped": [step(ask=lambda net, loss, x: loss(x, net))],
        "of_output": [step(ask=lambda net, loss, x: loss(net(x), x))],
        "own_loss": [step(ask=lambda net, loss, x: (net(x) - x).square().mean())],
        "asked_twice": [asks_again, two_draws],
        "cut_loss": [step(of_value=lambda value: value.detach())],
        "eval": [step(last=lambda net: net.eval())],
        "frozen": [step(last=lambda net: net.requires_grad_(False))],
        "backward_forgotten": [step(order="zs"), step(order="s")],
        "step_forgotten": [step(order="zb")],
        "step_first": [step(order="zsb")],
        "zero_after_backward": [step(order="bzs")],
        "zero_after_step": [step(order="bsz")],
        "zero_forgotten": [step(order="bs")],
        "two_steps": [step(order="zbss")],
        "graph_kept": [step(give=lambda value: value)],
        "uphill": [step(of_value=lambda value: -value)],
        "unknown": [step(of_value=lambda value: 2 * value)],
        "error": [step(give=lambda value: value[0])],
    },
    "16.vae_sample": {
        "encoder": [encoded],
        "one_answer": [sample(give=lambda means, draws: draws), sample(give=lambda means, draws: torch.stack([means, draws]))],
        "two_codes": [asked_twice],
        "shape": [sample(code=lambda n, d: torch.randn(1, d)), sample(give=lambda means, draws: (means[0], draws[0]))],
        "swapped": [sample(give=lambda means, draws: (draws, means))],
        "no_code": [sample(code=torch.zeros)],
        "shared_code": [sample(code=lambda n, d: torch.randn(1, d).expand(n, -1)), sample(code=lambda n, d: torch.randn(n, 1).expand(-1, d))],
        "uniform_code": [sample(code=torch.rand), sample(code=lambda n, d: 3**0.5 * (2 * torch.rand(n, d) - 1))],
        "code_spread": [sample(code=lambda n, d: 0.3 * torch.randn(n, d))],
        "cut_off": [sample(give=lambda means, draws: (means, draws.clamp(-1, 1))), sample(give=lambda means, draws: (means.clamp(-1, 1), draws))],
        "no_noise": [sample(noise=torch.zeros_like), sample(give=lambda means, draws: (means, means))],
        "uniform_noise": [sample(noise=torch.rand_like)],
        "one_shift": [sample(noise=lambda means: 1), sample(noise=lambda means: torch.randn(1))],
        "same_noise": [sample(noise=lambda means: torch.randn(len(means), 1, 1, 1)), sample(noise=lambda means: torch.randn(means.shape[1:]))],
        "unit_noise": [sample(sd=lambda s: 1)],
        "log_sigma": [sample(sd=lambda s: s)],
        "variance": [sample(sd=lambda s: (2 * s).exp())],
        "root": [sample(sd=lambda s: (s / 2).exp())],
        "unknown": [sample(sd=lambda s: 0.8 * s.exp())],
        "error": [sample(code=lambda n, d: torch.randn(n, d + 1))],
    },
}
