"""Wasserstein GAN. Arjovsky, Chintala, Bottou, 2017, arXiv:1701.07875.

    min_G max_{||D||_L <= K} E_x[D(x)] - E_z[D(G(z))],   ||D||_L the Lipschitz constant of D
"""
import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games import Player
from gan_course.games.gan import GAN


class WGAN(GAN):
    """D is the paper's critic f_w: it gives scores, not probabilities.

    Each of the critic's weights is clipped to [-clip, clip], which bounds its Lipschitz constant.
    The paper's RMSprop is Adam without its first moment, betas = (0, 0.99).

    Args:
        G, D: the generator, and a critic without a sigmoid at its end.
        clip: where the critic's weights are clipped, positive; None: they are not.
        lr: the learning rates of D and G.
        betas: Adam's, of both.
        updates: moves of the critic in each round, the paper's n_critic.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, clip: float | None = 0.01,
                 lr: tuple[float, float] = (5e-5, 5e-5), betas: tuple[float, float] = (0.0, 0.99),
                 updates: int = 5):
        super().__init__(G, D, generator_loss=losses.wasserstein_generator_loss, lr=lr, betas=betas,
                         updates=updates)
        self.clip = clip

    def players(self) -> list[Player]:
        """The critic, with its weights clipped after each move, and then G."""
        critic, generator = super().players()
        if self.clip is not None:
            critic.after_move = self.clip_weights
        return [critic, generator]

    def clip_weights(self) -> None:
        """Put every weight of the critic back into [-clip, clip]."""
        for parameter in self.D.parameters():
            parameter.clamp_(-self.clip, self.clip)

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """The critic's loss terms, -E[D(x)] and E[D(G(z))]."""
        fake = self.G(self.noise(len(batch.x))).detach()
        return {
            "real": losses.wasserstein_loss_real(self.D(batch.x)),
            "fake": losses.wasserstein_loss_fake(self.D(fake))
        }

    def chance(self) -> dict[str, float]:
        """The critic's loss while it sees no difference; G's can stand anywhere and is left out."""
        return {"D": 0.0}  # a critic that sees no difference; G's level is wherever D puts it

    @torch.no_grad()
    def gap(self, x: Tensor) -> float:
        """The critic's gap E[D(x)] - E[D(G(z))], its estimate of the earth mover's distance.

        It is an estimate up to a factor, the Lipschitz constant that the critic may have. D's
        weights stay as they are; a BatchNorm in it would take these x into its running statistics.

        Args:
            x: real data, (N, *data_shape), on any device; as many fakes are drawn.

        Returns:
            A number in the units of the scores.
        """
        device = nets.device_of(self.D)
        fake = nets.generate(self.G, self.noise(len(x)))
        real_scores, fake_scores = self.D(x.to(device)), self.D(fake.to(device))
        return -losses.wasserstein_critic_loss(real_scores, fake_scores).item()

    def opinion(self, scores: Tensor) -> Tensor:
        """The scores between their lowest, 0, and their highest, 1: only differences mean anything.
        """
        # only differences between scores mean anything
        return (scores - scores.min()) / (scores.max() - scores.min() + 1e-12)


def demo():
    """A WGAN of a few thousand weights on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return WGAN(G, D, clip=0.1), stream
