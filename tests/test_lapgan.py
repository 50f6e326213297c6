"""LAPGAN: the pyramid is exact, and each level learns on the coarse images of real ones."""
import torch
from torch import nn

from gan_course import nets
from gan_course.games import lapgan
from gan_course.games.lapgan import LAPGAN, DetailGenerator, Pyramid, down, up


def test_coarse_part_and_residual_give_the_image_back_and_a_tanh_could_not():
    x = torch.zeros(1, 1, 4, 4)
    x[..., 1::2, 1::2], x[..., ::2, ::2] = 1, 1
    x[..., 1::2, ::2], x[..., ::2, 1::2] = -1, -1  # a checkerboard
    dot = torch.full((1, 1, 4, 4), -1.0)
    dot[..., 1, 1] = 1
    for image in (x, dot):
        residual = image - up(down(image))
        assert torch.allclose(up(down(image)) + residual, image, atol=1e-6)
    assert residual.max() > 1  # outside the range of tanh


def test_the_pyramid_adds_the_residuals_one_behind_the_other():
    class Residual(nn.Module):
        def forward(self, coarse, noise):
            return 0.1 * noise.expand_as(coarse)

    coarsest = nn.Identity()
    G = Pyramid(coarsest, [Residual(), Residual()])
    z, first, second = torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 4, 4), -torch.ones(2, 1, 8, 8)
    assert torch.allclose(G(z, first, second), torch.zeros(2, 1, 8, 8), atol=1e-6)
    assert torch.allclose(G(z + 0.5, first, 2 * second), torch.full((2, 1, 8, 8), 0.4), atol=1e-6)


def test_a_finer_level_is_given_the_coarse_part_of_real_images_and_no_other():
    seen = []

    class Residual(DetailGenerator):
        def forward(self, coarse, noise):
            seen.append(coarse)
            return torch.zeros_like(coarse)

    torch.manual_seed(0)
    game = LAPGAN(Pyramid(nets.ConvGenerator(4, 1, 4, 8), [Residual(1, 2)]), [nn.Identity(), nn.Identity()], 16)
    x = 2 * torch.rand(3, 1, 16, 16) - 1
    real, fake = game.real_and_fake(x, 1)
    assert torch.equal(real, x) and torch.equal(seen[0], up(down(x))) and torch.equal(fake, up(down(x)))
    real, fake = game.real_and_fake(x, 0)
    assert torch.equal(real, down(x)) and fake.shape == real.shape


def test_noise_is_a_plane_of_each_size():
    game, stream = lapgan.demo()
    assert [tuple(each.shape) for each in game.inputs(2)] == [(2, 8), (2, 1, 16, 16), (2, 1, 32, 32)]
    assert list(game.chance()) == ["D0", "G0", "D1", "G1", "D2", "G2"]
