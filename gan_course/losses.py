"""Every loss of the course, once: logits in, one scalar to minimise out, always in float32.

A discriminator's logit l says how real x looks; its probability is D(x) = sigmoid(l). A critic
(WGAN) and the discriminators of LSGAN and of the hinge loss have no probability: their raw output
D(x) is called a score. Logits and scores have any shape, (N,) for one per image, and any range.
Written with softplus(l) = log(1 + e^l), which never overflows:

    -log D(x) = softplus(-l)        -log(1 - D(x)) = softplus(l)

D's loss has two halves, one for real and one for generated data, so that a record can show both:
`log_loss_real` and `log_loss_fake`, `least_squares_loss_real` and `least_squares_loss_fake`, and so
on. G's loss is mostly the half for real data, taken on fakes.
"""
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, l1_loss, relu, softplus

CHANCE = {"D": 2 * math.log(2), "G": math.log(2)}
"""The losses at D(x) = 1/2 everywhere: 2 log 2 = 1.386 for D in minimax, log 2 = 0.693 for the
non-saturating G.
"""


def log_loss_real(logits: Tensor) -> Tensor:
    """The cost of calling the data behind these logits real, -E[log D(x)].

    Args:
        logits: D's raw output, of any shape.

    Returns:
        A scalar in nats, at least 0.
    """
    return softplus(-logits.float()).mean()


def log_loss_fake(logits: Tensor) -> Tensor:
    """The cost of calling the data behind these logits fake, -E[log(1 - D(x))].

    Args:
        logits: D's raw output, of any shape.

    Returns:
        A scalar in nats, at least 0.
    """
    return softplus(logits.float()).mean()


def minimax_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-V(D, G) = -E[log D(x)] - E[log(1 - D(G(z)))]: minimising it maximises the value of the game.

    At D = 1/2 it is 2 log 2. At the optimal D = p / (p + q) it is log 4 - 2 JSD(p, q). GAN,
    arXiv:1406.2661, equation 1.

    Args:
        real_logits, fake_logits: D's raw output for x and for G(z).

    Returns:
        A scalar in nats, at least 0.
    """
    return log_loss_real(real_logits) + log_loss_fake(fake_logits)


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))], the generator's part of V.

    Its derivative by a logit is -D(G(z)). It saturates: the gradient vanishes where D is sure that
    a sample is fake. GAN, arXiv:1406.2661, Algorithm 1.

    Args:
        fake_logits: D's raw output for G(z).

    Returns:
        A scalar in nats, at most 0.
    """
    return -log_loss_fake(fake_logits)


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E[log D(G(z))], the loss that the paper uses in practice.

    Its derivative by a logit is -(1 - D(G(z))), largest where D is sure that a sample is fake. The
    fixed point is that of minimax, the game is another one. GAN, arXiv:1406.2661, section 3.

    Args:
        fake_logits: D's raw output for G(z).

    Returns:
        A scalar in nats, at least 0.
    """
    return log_loss_real(fake_logits)


def wasserstein_loss_real(scores: Tensor) -> Tensor:
    """-E[D(x)]: it falls as the critic scores these data higher.

    Args:
        scores: the critic's output, of any shape.

    Returns:
        A scalar, any real number.
    """
    return -scores.float().mean()


def wasserstein_loss_fake(scores: Tensor) -> Tensor:
    """E[D(x)]: it falls as the critic scores these data lower.

    Args:
        scores: the critic's output, of any shape.

    Returns:
        A scalar, any real number.
    """
    return scores.float().mean()


def wasserstein_critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[D(G(z))] - E[D(x)], the negative of the critic's gap.

    The gap of the best D among all functions with Lipschitz constant 1 is the earth mover's
    distance. Without a bound on the Lipschitz constant of D the loss has no minimum. WGAN,
    arXiv:1701.07875, equation 2.

    Args:
        real_scores, fake_scores: the critic's output for x and for G(z).

    Returns:
        A scalar, any real number.
    """
    return wasserstein_loss_fake(fake_scores) + wasserstein_loss_real(real_scores)


def wasserstein_generator_loss(fake_scores: Tensor) -> Tensor:
    """-E[D(G(z))], the generator's loss of WGAN (arXiv:1701.07875) and of the hinge loss.

    Args:
        fake_scores: the critic's output for G(z).

    Returns:
        A scalar, any real number.
    """
    return wasserstein_loss_real(fake_scores)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E[(|grad D(u)| - 1)^2] at points u between real and fake ones.

    u = e x + (1 - e) G(z), with one e ~ U(0, 1) for each pair; |.| is the Euclidean norm over all
    numbers of one point. The weight (the paper's lambda = 10) is the caller's. The critic must not
    mix the points of a batch, so it has no BatchNorm. WGAN-GP, arXiv:1704.00028, equation 3.

    Args:
        critic: D, from points (N, *data_shape) to scores (N,).
        real, fake: as many points of each, (N, *data_shape).

    Returns:
        A scalar, at least 0, through which gradients flow to the critic.
    """
    e = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ..)
    u = (e * real + (1 - e) * fake).detach().requires_grad_(True)
    slope, = torch.autograd.grad(critic(u).float().sum(), u, create_graph=True)  # (N, *data_shape)
    return (slope.float().flatten(1).norm(dim=1) - 1).square().mean()


def least_squares_loss_real(scores: Tensor) -> Tensor:
    """E[(D(x) - 1)^2] / 2: the target for real data is 1.

    Args:
        scores: D's raw output, of any shape.

    Returns:
        A scalar, at least 0.
    """
    return (scores.float() - 1).square().mean() / 2


def least_squares_loss_fake(scores: Tensor) -> Tensor:
    """E[D(x)^2] / 2: the target for fake data is 0.

    Args:
        scores: D's raw output, of any shape.

    Returns:
        A scalar, at least 0.
    """
    return scores.float().square().mean() / 2


def least_squares_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[(D(x) - 1)^2] / 2 + E[D(G(z))^2] / 2; at D = 1/2 it is 1/4.

    LSGAN, arXiv:1611.04076, equation 9.

    Args:
        real_scores, fake_scores: D's raw output for x and for G(z).

    Returns:
        A scalar, at least 0.
    """
    return least_squares_loss_real(real_scores) + least_squares_loss_fake(fake_scores)


def least_squares_generator_loss(fake_scores: Tensor) -> Tensor:
    """E[(D(G(z)) - 1)^2] / 2; at D = 1/2 it is 1/8.

    LSGAN, arXiv:1611.04076, equation 9.

    Args:
        fake_scores: D's raw output for G(z).

    Returns:
        A scalar, at least 0.
    """
    return least_squares_loss_real(fake_scores)


def hinge_loss_real(scores: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))]: scores above the margin 1 cost nothing and have no gradient.

    Args:
        scores: D's raw output, of any shape.

    Returns:
        A scalar, at least 0.
    """
    return relu(1 - scores.float()).mean()


def hinge_loss_fake(scores: Tensor) -> Tensor:
    """E[max(0, 1 + D(x))]: scores below the margin -1 cost nothing and have no gradient.

    Args:
        scores: D's raw output, of any shape.

    Returns:
        A scalar, at least 0.
    """
    return relu(1 + scores.float()).mean()


def hinge_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]; at D = 0 it is 2.

    Geometric GAN, arXiv:1705.02894.

    Args:
        real_scores, fake_scores: D's raw output for x and for G(z).

    Returns:
        A scalar, at least 0.
    """
    return hinge_loss_real(real_scores) + hinge_loss_fake(fake_scores)


def relativistic_pairing_loss(higher: Tensor, lower: Tensor) -> Tensor:
    """E[log(1 + e^-(higher - lower))], the cost of pairs in which the first should score higher.

    Only differences within a pair count, so a constant added to every score changes nothing. D
    takes it with the scores of x first, G with those of G(z) first. RGAN, arXiv:1807.00734; RpGAN,
    arXiv:2011.04926.

    Args:
        higher, lower: raw scores of the first and of the second in each pair, of one shape.

    Returns:
        A scalar in nats, at least 0; log 2 where the two score the same.
    """
    return softplus(lower.float() - higher.float()).mean()


def zero_centred_penalty(scores: Tensor, x: Tensor) -> Tensor:
    """E[|grad D(x)|^2], called R1 on real data and R2 on fakes.

    |.|^2 is summed over all numbers of one x, and the mean goes over the mini-batch. The weight
    (gamma / 2 in the papers) is the caller's. D must not mix the rows of a mini-batch, so it has no
    BatchNorm. arXiv:1801.04406, equations 9 and 10.

    Args:
        scores: D's raw output for x, (N,).
        x: what D has read, (N, *data_shape), with requires_grad set before.

    Returns:
        A scalar, at least 0, through which gradients flow to D.
    """
    slope, = torch.autograd.grad(scores.float().sum(), x, create_graph=True)    # (N, *data_shape)
    return slope.float().flatten(1).square().sum(dim=1).mean()


def absolute_error(guess: Tensor, target: Tensor) -> Tensor:
    """E[|guess - target|], the L1 distance of pix2pix and of the cycle of CycleGAN.

    Args:
        guess, target: pictures, (N, C, H, W).

    Returns:
        A scalar, the mean over all numbers, at least 0.
    """
    return l1_loss(guess.float(), target.float())


def categorical_nll(logits: Tensor, category: Tensor) -> Tensor:
    """-E[log Q(category)], the cross entropy: InfoGAN's loss of a categorical code.

    InfoGAN, arXiv:1606.03657.

    Args:
        logits: Q's raw output, (N, K).
        category: the codes, int64 (N,), from 0 to K - 1.

    Returns:
        A scalar in nats, at least 0.
    """
    return cross_entropy(logits.float(), category)


def gaussian_nll(mean: Tensor, log_sd: Tensor, value: Tensor) -> Tensor:
    """-E[log N(value; mean, sd^2)], summed over the numbers of a row: InfoGAN's loss of a
    continuous code.

        sum_j ((value_j - mean_j) / sd_j)^2 / 2 + log sd_j + log(2 pi) / 2

    A confident and right guess can cost less than 0, since a density can exceed 1. InfoGAN,
    arXiv:1606.03657.

    Args:
        mean, value: the guesses and the codes, (N, d).
        log_sd: the logarithms of the standard deviations, (d,).

    Returns:
        A scalar in nats, any real number.
    """
    mean, log_sd, value = mean.float(), log_sd.float(), value.float()
    # (N, d)
    terms = ((value - mean) / log_sd.exp()).square() / 2 + log_sd + math.log(2 * math.pi) / 2
    return terms.sum(dim=1).mean()


def standard_normal_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, var) || N(0, I)), summed over the numbers of a row: the VAE's second term.

        sum_j (mean_j^2 + var_j - log var_j - 1) / 2

    VAE, arXiv:1312.6114.

    Args:
        mean, log_var: the means and the logarithms of the variances, (N, d).

    Returns:
        A scalar in nats, at least 0.
    """
    mean, log_var = mean.float(), log_var.float()
    return ((mean.square() + log_var.exp() - log_var - 1) / 2).sum(dim=1).mean()
