"""Every loss of the course, once: logits in, one scalar to minimise out.

A discriminator's logit l says how real x looks; its probability is D(x) = sigmoid(l). Logits have shape (N,), in any range.
Written with softplus(l) = log(1 + e^l), which never overflows:

    -log D(x) = softplus(-l)        -log(1 - D(x)) = softplus(l)
"""
import math

from torch import Tensor
from torch.nn.functional import softplus

CHANCE = {"D": 2 * math.log(2), "G": math.log(2)}
"""Where the losses stand when D(x) = 1/2 everywhere: minimax D 2 log 2 = 1.386, non-saturating G log 2 = 0.693."""


def log_loss_real(logits: Tensor) -> Tensor:
    """Cost of calling these logits' data real: -E[log D(x)], in nats, at least 0."""
    return softplus(-logits.float()).mean()


def log_loss_fake(logits: Tensor) -> Tensor:
    """Cost of calling these logits' data fake: -E[log(1 - D(x))], in nats, at least 0."""
    return softplus(logits.float()).mean()


def minimax_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-V(D, G) = -E[log D(x)] - E[log(1 - D(G(z)))]. Minimising it maximises the value of the game (GAN, arXiv:1406.2661, equation 1).

    At D = 1/2 it is 2 log 2; at the optimal D = p / (p + q) it is log 4 - 2 JSD(p, q).
    """
    return log_loss_real(real_logits) + log_loss_fake(fake_logits)


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))], the generator's part of V (GAN, arXiv:1406.2661, Algorithm 1). At most 0.

    Its slope is -D(G(z)) for each logit: it saturates, vanishing exactly where D is sure of a fake.
    """
    return -log_loss_fake(fake_logits)


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E[log D(G(z))] (GAN, arXiv:1406.2661, section 3, the one used in practice). At least 0.

    Its slope is -(1 - D(G(z))) for each logit: strongest where D is sure of a fake. Same fixed point, another game.
    """
    return log_loss_real(fake_logits)
