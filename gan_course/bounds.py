"""Lower bounds of log p(x) for models whose density nobody can write down.

    elbo                 of a VAE: E_q[log p(x|z)] - KL(q(z|x) || p(z))
    importance_weighted  of a VAE, tighter the more draws it takes
    diffusion_elbo       of a diffusion model that samples as DDPM does

All are in nats, and all are on the same scale as an exact log p(x): densities of the numbers of x.
"""
import math

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence


@torch.no_grad()
def elbo(E: nn.Module, G: nn.Module, log_sigma: Tensor, x: Tensor, draws: int = 10) -> Tensor:
    """The evidence lower bound of each x, its expectation by the mean of some draws.

    Args:
        E: the encoder, x -> mean and log-variance of q(z|x), both (N, d).
        G: the decoder, z -> the mean of p(x|z).
        log_sigma: the logarithm of the standard deviation of p(x|z), (1,).
        x: data, (N, *data_shape), on the device of the networks.
        draws: how many z for each x.

    Returns:
        One number for each x, (N,), whose expectation is at most log p(x).
    """
    return _log_weights(E, G, log_sigma, x, draws).mean(dim=0)


@torch.no_grad()
def importance_weighted(E: nn.Module, G: nn.Module, log_sigma: Tensor, x: Tensor,
                        draws: int = 100) -> Tensor:
    """The importance-weighted bound (IWAE, Burda, Grosse, Salakhutdinov, 2015, arXiv:1509.00519).

        log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x),  z_k ~ q(z|x)

    It is the ELBO for K = 1, and goes to log p(x) as K grows.

    Args:
        E, G, log_sigma, x: as of `elbo`.
        draws: K, at least 1.

    Returns:
        One number for each x, (N,), whose expectation is at most log p(x).
    """
    return _log_weights(E, G, log_sigma, x, draws).logsumexp(dim=0) - math.log(draws)


def _log_weights(E: nn.Module, G: nn.Module, log_sigma: Tensor, x: Tensor, draws: int) -> Tensor:
    """log p(x|z) p(z) / q(z|x) for some z of q(z|x): (draws, N)."""
    mean, log_var = E(x)
    posterior, prior = Normal(mean, (log_var / 2).exp()), Normal(0.0, 1.0)
    weights = []
    for _ in range(draws):
        z = posterior.sample()
        seen = Normal(G(z), log_sigma.exp()).log_prob(x).flatten(1).sum(dim=1)
        weights.append(seen + (prior.log_prob(z) - posterior.log_prob(z)).sum(dim=1))
    return torch.stack(weights)


@torch.no_grad()
def diffusion_elbo(net: nn.Module, alpha_bar: Tensor, x: Tensor) -> Tensor:
    """The bound of DDPM's model (arXiv:2006.11239), with the best variance for each of its steps.

        log p(x | x_0) - sum_t KL(q(x_t-1 | x_t, x) || p(x_t-1 | x_t)) - KL(q(x_T-1 | x) || N(0, I))

    Here x_0 is the first noisy one, x_T-1 the last, and t goes from 1 to T - 1. A step of q has
    variance v, and its mean differs from that of p by w (clean - x), where
    w = sqrt(alpha_bar_t-1) beta_t / (1 - alpha_bar_t). So the best variance of p is
    v + w^2 E[(clean - x)^2] (Bao et al., 2022, arXiv:2201.06503). It is found on the given x: one
    number for each time, for which one x_t is drawn.

    Args:
        net: x_t, t -> the clean x.
        alpha_bar: the schedule, (T,), falling.
        x: data, (N, *data_shape), hundreds of numbers at least, on the device of the network.

    Returns:
        One number for each x, (N,), whose expectation is at most log p(x).
    """
    before = torch.cat([torch.ones_like(alpha_bar[:1]), alpha_bar[:-1]])
    beta, rest = 1 - alpha_bar / before, 1 - alpha_bar
    end = Normal(alpha_bar[-1].sqrt() * x, rest[-1].sqrt())
    bound = -kl_divergence(end, Normal(0.0, 1.0)).flatten(1).sum(dim=1)
    for t in range(len(alpha_bar)):
        x_t = alpha_bar[t].sqrt() * x + rest[t].sqrt() * torch.randn_like(x)
        clean = net(x_t, torch.full((len(x),), t, device=x.device))
        apart = before[t].sqrt() * beta[t] / rest[t] * (clean - x)  # the two means
        v = beta[t] * (1 - before[t]) / rest[t]
        step = Normal(apart, (v + apart.square().mean()).sqrt())
        if t:
            terms = -kl_divergence(Normal(torch.zeros_like(x), v.sqrt()), step)
        else:                                                       # v is 0: x itself
            terms = step.log_prob(torch.zeros_like(x))
        bound += terms.flatten(1).sum(dim=1)
    return bound
