"""Unrolled Generative Adversarial Networks. Metz, Poole, Pfau, Sohl-Dickstein, 2016,
arXiv:1611.02163.

    min_G f(theta_G, theta_D^K),   theta_D^(k+1) = theta_D^k - eta d f_D / d theta_D^k
"""
import torch
from torch import Tensor, nn
from torch.func import functional_call

from gan_course import losses, nets
from gan_course.data import Batch, batches
from gan_course.games.gan import GAN


class UnrolledGAN(GAN):
    """G answers not D, but what D would become: before G's loss is taken, D makes some steps in
    imagination.

    The gradient of G's loss flows through those steps. They are plain gradient steps, all on one
    batch of x and z, and they leave D's weights as they are: D moves in its own turn.

    Args:
        G, D: as of `GAN`; D without BatchNorm, whose running statistics the steps would change.
        unroll: the number of imagined steps, the paper's K.
        unroll_lr: their step size, the paper's eta.
        options: those of `GAN`.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, unroll: int = 5, unroll_lr: float = 0.1,
                 **options):
        super().__init__(G, D, **options)
        self.unroll, self.unroll_lr = unroll, unroll_lr

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term against the D of `unroll` imagined steps later."""
        fake = self.G(self.noise(len(batch.x)))
        parameters = {
            name: parameter.detach().requires_grad_(True)
            for name, parameter in self.D.named_parameters()
        }
        for _ in range(self.unroll):
            parameters = self.imagined_step(parameters, batch.x, fake)
        return {"adv": self.generator_loss_of(functional_call(self.D, parameters, fake))}

    def imagined_step(self, parameters: dict[str, Tensor], x: Tensor,
                      fake: Tensor) -> dict[str, Tensor]:
        """One gradient step of D, as a function of the fakes.

            theta' = theta - eta d f_D / d theta

        The graph of the step is kept (`create_graph`), so that gradients can flow from theta' to G.

        Args:
            parameters: theta, D's parameters by name.
            x, fake: real and generated data, (N, *data_shape).

        Returns:
            theta', by the same names.
        """
        real_logits, fake_logits = functional_call(self.D, parameters,
                                                   x), functional_call(self.D, parameters, fake)
        loss = losses.minimax_discriminator_loss(real_logits, fake_logits)
        slopes = torch.autograd.grad(loss, tuple(parameters.values()), create_graph=True)
        return {name: parameter - self.unroll_lr * slope
                for (name, parameter), slope in zip(parameters.items(), slopes, strict=True)}


def demo():
    """An unrolled GAN of a few thousand parameters on the two moons."""
    stream = batches("moons", 64)
    G = nets.MLPGenerator(z_dim=2, data_shape=stream.data_shape, width=32)
    D = nets.MLPDiscriminator(stream.data_shape, width=32)
    return UnrolledGAN(G, D), stream
