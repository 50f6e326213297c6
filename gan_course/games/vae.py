"""Auto-Encoding Variational Bayes. Kingma, Welling, 2013, arXiv:1312.6114.

    log p(x) >= ELBO = E_{z ~ q(z|x)}[log p(x|z)] - KL(q(z|x) || N(0, I))

with q(z|x) = N(mean(x), var(x)) from the encoder E, and p(x|z) = N(G(z), sigma^2 I).
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Game, Player


class VAE(Game):
    """A game of one player: the encoder, the generator (called decoder) and sigma move together to
    make -ELBO small.

    Args:
        E: the encoder, x -> the mean and the logarithm of the variance of q(z|x), both (N, z_dim).
        G: the decoder, z -> the mean of p(x|z); it knows its `z_dim`.
        beta: the weight of the KL term, at least 0; 1 is the VAE, others are the beta-VAE.
        sigma: the standard deviation of p(x|z), one for all numbers of x, positive. It is learned
            from this value on. A start near the spread of the data lets q(z|x) collapse.
        learn_sigma: False keeps sigma as it is.
        lr: the learning rate.
    """

    def __init__(self, E: nn.Module, G: nn.Module, *, beta: float = 1.0,
                 sigma: float = 0.1, learn_sigma: bool = True, lr: float = 1e-3):
        super().__init__()
        self.E, self.G, self.beta, self.lr = E, G, beta, lr
        self.log_sigma = nn.Parameter(torch.tensor([sigma]).log(), requires_grad=learn_sigma)

    def players(self) -> list[Player]:
        """The one player, whose parameters are those of the whole game."""
        return [Player("VAE", self, self.terms, lr=self.lr, betas=(0.9, 0.999))]

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """The two parts of -ELBO, each a sum over the numbers of x or z and a mean over the batch.

        Args:
            batch: real data, on the device of the networks.

        Returns:
            {"reconstruction": scalar, "kl": scalar}, in nats; the second is weighted with beta.
        """
        mean, log_var = self.E(batch.x)
        decoded = self.G(reparameterised(mean, log_var)).flatten(1)
        return {
            "reconstruction": losses.gaussian_nll(decoded, self.log_sigma, batch.x.flatten(1)),
            "kl": self.beta * losses.standard_normal_kl(mean, log_var)
        }

    def inputs(self, n: int) -> tuple[Tensor]:
        """z ~ N(0, I), (n, z_dim), on the decoder's device: what G reads for `n` samples."""
        return (torch.randn(n, self.G.z_dim, device=nets.device_of(self.G)),)

    def sample(self, n: int) -> Tensor:
        """The decoder's means for `n` latent vectors of the prior, without the noise of p(x|z).

        Args:
            n: how many.

        Returns:
            (n, *data_shape), on the CPU.
        """
        return nets.generate(self.G, *self.inputs(n))


def reparameterised(mean: Tensor, log_var: Tensor) -> Tensor:
    """z = mean + sd * noise, a draw of N(mean, var) through which gradients flow into both: (N, d).
    """
    return mean + (log_var / 2).exp() * torch.randn_like(mean)


class Encoder(nn.Module):
    """x -> the mean and the logarithm of the variance of q(z|x), from a network's two halves.

    Args:
        net: x -> (N, 2 * z_dim).
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, *data_shape) -> two of (N, z_dim)."""
        return self.net(x).chunk(2, dim=1)


def demo():
    """A VAE of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    E = Encoder(nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 4)))
    return VAE(E, nets.MLPGenerator(2, stream.data_shape, width=32)), stream
