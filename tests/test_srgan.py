"""The losses of SRGAN, and that its players are shown the right images."""
import pytest
import torch
from torch import nn

from gan_course import losses
from gan_course.data import Batch
from gan_course.data.weave import shrink
from gan_course.games.srgan import SRGAN, SRResNet


class Mean(nn.Module):
    """A logit for each image: its mean, times 3."""

    def forward(self, x):
        return 3 * x.mean(dim=(1, 2, 3), keepdim=True)


class Enlarge(nn.Module):
    """Each pixel as a block, times 0.5; notes what it was given."""

    def forward(self, x):
        self.given = x
        return 0.5 * x.repeat_interleave(4, 2).repeat_interleave(4, 3)


@pytest.fixture
def batch():
    draw = torch.Generator().manual_seed(0)
    return Batch(*(2 * torch.rand(3, 1, 8, 8, generator=draw) - 1 for _ in range(2)))


def test_every_term_and_sign_of_srgan(batch):
    game = SRGAN(Enlarge(), Mean(), adv=0.25)
    fake = 0.5 * shrink(batch.x).repeat_interleave(4, 2).repeat_interleave(4, 3)
    terms = game.generator_terms(batch)
    assert torch.equal(game.G.given, shrink(batch.x))
    assert terms["content"].item() == pytest.approx((fake - batch.y).square().mean().item(), abs=1e-6)
    assert terms["adv"].item() == pytest.approx(0.25 * losses.non_saturating_generator_loss(Mean()(fake)).item(), abs=1e-6)
    terms = game.discriminator_terms(batch)
    assert terms["real"].item() == pytest.approx(losses.log_loss_real(Mean()(batch.y)).item(), abs=1e-6)
    assert terms["fake"].item() == pytest.approx(losses.log_loss_fake(Mean()(fake)).item(), abs=1e-6)


def test_another_content_loss_takes_the_place_of_the_squares(batch):
    game = SRGAN(Enlarge(), Mean(), content=losses.absolute_error)
    fake = game.sample(3, batch.x)
    assert game.generator_terms(batch)["content"].item() == pytest.approx((fake - batch.y).abs().mean().item(), abs=1e-6)


def test_the_generator_begins_its_blocks_with_what_it_was_given_and_enlarges_four_times():
    G = SRResNet(3, width=4, blocks=2)
    assert G(torch.zeros(2, 3, 5, 7)).shape == (2, 3, 20, 28)
    block = G.layers[2]
    nn.init.zeros_(block.f[2].weight)
    nn.init.zeros_(block.f[2].bias)
    x = torch.randn(2, 4, 5, 7)
    assert torch.equal(block(x), x)
