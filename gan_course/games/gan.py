"""Generative Adversarial Networks. Goodfellow et al., 2014, arXiv:1406.2661.

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Game, Player


class GAN(Game):
    """The game of the paper: D tells real x from fake G(z); G makes D's task hard.

    Args:
        G, D: the generator, which knows its `z_dim`, and the discriminator, which returns logits.
        generator_loss: D's logits for the fakes, (N,) -> scalar. The default,
            `losses.non_saturating_generator_loss`, is the paper's practical choice;
            `losses.minimax_generator_loss` is the one of its theory.
        lr: the learning rates of D and G.
        betas: Adam's, of both.
        updates: moves of D in each round, the paper's k.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *,
                 generator_loss: Callable[[Tensor], Tensor] = losses.non_saturating_generator_loss,
                 lr: tuple[float, float] = (2e-4, 2e-4), betas: tuple[float, float] = (0.5, 0.999),
                 updates: int = 1):
        super().__init__()
        self.G, self.D = G, D
        self.generator_loss_of = generator_loss
        self.lr_D, self.lr_G = lr
        self.betas, self.updates = betas, updates

    def players(self) -> list[Player]:
        """D with its `updates` moves, and then G."""
        return [
            Player("D", self.D, self.discriminator_terms, updates=self.updates, lr=self.lr_D,
                   betas=self.betas),
            Player("G", self.G, self.generator_terms, lr=self.lr_G, betas=self.betas)
        ]

    def noise(self, n: int) -> Tensor:
        """z ~ N(0, I): (n, z_dim), on the generator's device."""
        return torch.randn(n, self.G.z_dim, device=nets.device_of(self.G))

    def inputs(self, n: int) -> tuple[Tensor, ...]:
        """What G reads for `n` samples that are watched while it learns.

        Args:
            n: how many.

        Returns:
            The arguments of G, on its device: here (z,) with z of shape (n, z_dim). In games with
            classes or codes these follow, in an order that shows all of them.
        """
        return (self.noise(n),)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's loss terms, -E_x[log D(x)] and -E_z[log(1 - D(G(z)))].

        Args:
            batch: real data, on the device of the networks.

        Returns:
            {"real": scalar, "fake": scalar}, in nats.
        """
        fake = self.G(self.noise(len(batch.x))).detach()  # D's move is no reason for G to change
        return {
            "real": losses.log_loss_real(self.D(batch.x)),
            "fake": losses.log_loss_fake(self.D(fake))
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term, in which gradients flow through D into G.

        Args:
            batch: real data, of which only the number of rows counts.

        Returns:
            {"adv": scalar}, in nats.
        """
        fake = self.G(self.noise(len(batch.x)))
        return {"adv": self.generator_loss_of(self.D(fake))}

    def chance(self) -> dict[str, float]:
        """D's and G's loss where D(x) = 1/2 for every x."""
        undecided = torch.zeros(1)                                  # logit 0 is D = 1/2
        return {
            "D": losses.minimax_discriminator_loss(undecided, undecided).item(),
            "G": self.generator_loss_of(undecided).item()
        }

    def sample(self, n: int) -> Tensor:
        return nets.generate(self.G, self.noise(n))

    def scores(self, x: Tensor) -> Tensor:
        """D's raw output for each x: (N, *data_shape) -> (N,)."""
        return self.D(x)

    def opinion(self, scores: Tensor) -> Tensor:
        """D's scores as a plot shows them: (N,) -> (N,), from 0 (fake) to 1 (real)."""
        return torch.sigmoid(scores)


def demo():
    """A GAN of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return GAN(G, D), stream
