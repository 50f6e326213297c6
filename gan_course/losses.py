"""Every loss of the course, once: logits in, one scalar to minimise out.

A discriminator's logit l says how real x looks; its probability is D(x) = sigmoid(l). Logits have
shape (N,), in any range. A critic (WGAN) and the discriminators of LSGAN and of the hinge loss have
no probability: their raw output D(x) is called a score. Written with softplus(l) = log(1 + e^l),
which never overflows:

    -log D(x) = softplus(-l)        -log(1 - D(x)) = softplus(l)
"""
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

CHANCE = {"D": 2 * math.log(2), "G": math.log(2)}
"""Where the losses stand when D(x) = 1/2 everywhere: minimax D 2 log 2 = 1.386, non-saturating G
log 2 = 0.693.
"""


def log_loss_real(logits: Tensor) -> Tensor:
    """Cost of calling these logits' data real: -E[log D(x)], in nats, at least 0."""
    return softplus(-logits.float()).mean()


def log_loss_fake(logits: Tensor) -> Tensor:
    """Cost of calling these logits' data fake: -E[log(1 - D(x))], in nats, at least 0."""
    return softplus(logits.float()).mean()


def minimax_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-V(D, G) = -E[log D(x)] - E[log(1 - D(G(z)))]. Minimising it maximises the value of the game
    (GAN, arXiv:1406.2661, equation 1).

    At D = 1/2 it is 2 log 2; at the optimal D = p / (p + q) it is log 4 - 2 JSD(p, q).
    """
    return log_loss_real(real_logits) + log_loss_fake(fake_logits)


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))], the generator's part of V (GAN, arXiv:1406.2661, Algorithm 1). At most
    0.

    Its slope is -D(G(z)) for each logit: it saturates, vanishing exactly where D is sure of a fake.
    """
    return -log_loss_fake(fake_logits)


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E[log D(G(z))] (GAN, arXiv:1406.2661, section 3, the one used in practice). At least 0.

    Its slope is -(1 - D(G(z))) for each logit: strongest where D is sure of a fake. Same fixed
    point, another game.
    """
    return log_loss_real(fake_logits)


def wasserstein_critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[D(G(z))] - E[D(x)], any real number (WGAN, arXiv:1701.07875, equation 2).

    Its negative, the critic's gap, is the earth mover's distance if D is the best of all functions
    of slope at most 1. Without such a bound on D it has no minimum.
    """
    return fake_scores.float().mean() - real_scores.float().mean()


def wasserstein_generator_loss(fake_scores: Tensor) -> Tensor:
    """-E[D(G(z))], any real number (WGAN, arXiv:1701.07875).

    The hinge loss has the same generator.
    """
    return -fake_scores.float().mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E[(|grad D(u)| - 1)^2], at least 0, at points u between real and fake (WGAN-GP,
    arXiv:1704.00028, equation 3).

    u = e x + (1 - e) G(z), with one e ~ U(0, 1) for each pair; |.| is the Euclidean norm over all
    of a point's numbers. real and fake: (N, *data_shape). The weight (the paper's lambda = 10) is
    the caller's. The critic must not mix the points of a batch: no BatchNorm.
    """
    e = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ..)
    u = (e * real + (1 - e) * fake).detach().requires_grad_(True)
    slope, = torch.autograd.grad(critic(u).float().sum(), u, create_graph=True)  # (N, *data_shape)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def least_squares_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[(D(x) - 1)^2] / 2 + E[D(G(z))^2] / 2, at least 0 (LSGAN, arXiv:1611.04076, equation 9).

    At D = 1/2 it is 1/4.
    """
    return (real_scores.float() - 1).square().mean() / 2 + fake_scores.float().square().mean() / 2


def least_squares_generator_loss(fake_scores: Tensor) -> Tensor:
    """E[(D(G(z)) - 1)^2] / 2, at least 0 (LSGAN, arXiv:1611.04076, equation 9).

    At D = 1/2 it is 1/8.
    """
    return (fake_scores.float() - 1).square().mean() / 2


def hinge_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], at least 0 (Geometric GAN, arXiv:1705.02894).
    At D = 0 it is 2.

    Scores beyond the margin, above 1 on real and below -1 on fake, cost nothing and teach nothing.
    """
    return relu(1 - real_scores.float()).mean() + relu(1 + fake_scores.float()).mean()


def gaussian_nll(mean: Tensor, log_sd: Tensor, value: Tensor) -> Tensor:
    """-E[log N(value; mean, sd^2)] in nats, summed over the numbers of a row: InfoGAN's loss of a
    continuous code (arXiv:1606.03657).

        sum_j ((value_j - mean_j) / sd_j)^2 / 2 + log sd_j + log(2 pi) / 2

    mean and value: (N, d), log_sd: (d,). Any real number: a sure and right guess costs less than
    nothing.
    """
    mean, log_sd, value = mean.float(), log_sd.float(), value.float()
    # (N, d)
    terms = ((value - mean) / log_sd.exp()).square() / 2 + log_sd + math.log(2 * math.pi) / 2
    return terms.sum(dim=1).mean()
