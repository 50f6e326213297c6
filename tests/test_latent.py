"""Ways through the space of z lead where the formulas say, and the picture of samples shows the samples it is given."""
import math

import pytest
import torch
from scipy import stats
from torch import nn

from gan_course import latent, nets, plots


def normal(n, z_dim, seed=0):
    return torch.randn(n, z_dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# z

def test_noise_is_the_same_each_time_and_leaves_other_random_numbers_alone():
    G = nets.MLPGenerator(3, (2,), 8)
    before = torch.get_rng_state()
    z = latent.noise(G, 5, seed=1)
    assert z.shape == (5, 3) and torch.equal(z, latent.noise(G, 5, seed=1)) and not torch.equal(z, latent.noise(G, 5, seed=2))
    assert torch.equal(torch.get_rng_state(), before)


def test_along_moves_the_axes_that_are_named_and_no_others():
    z = normal(4, 3)
    moved = latent.along(z, {0: 1.5, 2: -2.0})
    assert moved[:, 0].tolist() == [1.5] * 4 and moved[:, 2].tolist() == [-2.0] * 4
    assert torch.equal(moved[:, 1], z[:, 1]) and torch.equal(z, normal(4, 3))


@pytest.mark.parametrize("axis", [3, -1])
def test_along_refuses_an_axis_that_is_not_there(axis):
    with pytest.raises(ValueError, match=f"z has 3 numbers, counted from 0; there is no number {axis}"):
        latent.along(normal(4, 3), {axis: 0.0})


# from one z to another

@pytest.mark.parametrize("way", [latent.straight, latent.spherical])
def test_a_way_begins_at_a_and_ends_at_b(way):
    a, b = normal(50, 7, 1), normal(50, 7, 2)
    assert torch.allclose(way(a, b, 0.0), a) and torch.allclose(way(a, b, 1.0), b)


def test_the_straight_way_on_three_numbers():
    a, b = torch.tensor([[0.0, 2.0, 4.0]]), torch.tensor([[4.0, 2.0, 0.0]])
    assert latent.straight(a, b, 0.25).tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize("angle", [0.1, 2.0, 3.0])
def test_the_spherical_way_keeps_the_length_and_turns_at_an_even_pace(angle):
    a = torch.tensor([[3.0, 0.0]], dtype=torch.float64)
    b = 3 * torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
    for t in (0.1, 0.5, 0.8):
        expected = 3 * torch.tensor([[math.cos(t * angle), math.sin(t * angle)]], dtype=torch.float64)
        assert torch.allclose(latent.spherical(a, b, t), expected)


def test_where_there_is_no_angle_to_turn_the_spherical_way_is_straight():
    a = torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    b = torch.tensor([[2.0, 4.0], [-1.0, -2.0], [1.0, 2.0]])       # same direction, opposite, equal
    assert torch.allclose(latent.spherical(a, b, 0.25), latent.straight(a, b, 0.25))


def test_half_way_the_straight_z_is_too_short_and_the_spherical_one_is_not():
    a, b = normal(2000, 100, 1), normal(2000, 100, 2)
    shares = [(way(a, b, 0.5).norm(dim=1) / a.norm(dim=1)).mean().item() for way in (latent.straight, latent.spherical)]
    assert shares[0] == pytest.approx(math.sqrt(0.5), abs=0.01) and shares[1] == pytest.approx(1, abs=0.01)


# truncation

@pytest.mark.parametrize("threshold", [0.04, 0.5, 2.0])
def test_truncated_numbers_have_the_distribution_of_numbers_drawn_again_until_they_fit(threshold):
    z = latent.truncate(normal(5000, 2), threshold).flatten()
    assert z.abs().max() <= threshold
    assert stats.kstest(z.numpy(), stats.truncnorm(-threshold, threshold).cdf).pvalue > 0.01
    many = normal(1, 400_000, 1).flatten()
    assert stats.ks_2samp(z.numpy(), many[many.abs() <= threshold].numpy()).pvalue > 0.01


def test_a_far_threshold_leaves_z_alone_and_a_near_one_keeps_order_and_sign():
    z = torch.tensor([[-6.0, -2.0, -0.1, 0.0, 0.1, 2.0, 6.0, 30.0]])
    assert torch.allclose(latent.truncate(z, 20.0), z.clamp(max=20), atol=1e-5)
    near = latent.truncate(z, 1.0)
    assert torch.equal(near.argsort(), z.argsort()) and torch.allclose(near.sign(), z.sign()) and near.abs().max() <= 1


def test_a_small_step_of_the_threshold_is_a_small_step_of_z():
    z = normal(500, 4)
    assert (latent.truncate(z, 1.01) - latent.truncate(z, 1.0)).abs().max() < 0.011


@pytest.mark.parametrize("threshold", [0.0, -1.0, math.nan])
def test_a_threshold_has_to_be_above_0(threshold):
    with pytest.raises(ValueError, match="has to be above 0"):
        latent.truncate(normal(1, 2), threshold)


# samples

class Told(nn.Module):
    """A generator that is told a class: images as bright as the class says."""

    z_dim = 2

    def forward(self, z, y):
        return (y.float() / 5 - 1)[:, None, None, None].expand(-1, 1, 3, 3)


def test_a_class_is_given_to_all_or_to_each():
    z = torch.zeros(3, 2)
    assert nets.generate(Told(), z, 5)[:, 0, 0, 0].tolist() == [0.0] * 3
    assert nets.generate(Told(), z, torch.tensor([0, 5, 10]))[:, 0, 0, 0].tolist() == [-1.0, 0.0, 1.0]


def test_looking_at_a_generator_leaves_it_as_it_was():
    G = nets.MLPGenerator(2, (1, 4, 4), 8, batchnorm=True).train()
    before = {name: value.clone() for name, value in G.state_dict().items()}
    x = nets.generate(G, torch.randn(6, 2))
    assert x.shape == (6, 1, 4, 4) and not x.requires_grad and G.training
    assert all(torch.equal(value, before[name]) for name, value in G.state_dict().items())


@pytest.mark.parametrize("titles", [None, ["from", "to"]])
def test_a_picture_that_was_changed_is_the_picture_made_anew(titles):
    first, second = torch.rand(2, 10, 1, 4, 4) * 2 - 1
    picture = latent.Picture(first, columns=5, titles=titles)
    assert plots.png(picture.show(second)) == plots.png(plots.gallery(second, 5, titles)) != plots.png(picture.show(first))


def test_points_are_put_where_they_are():
    first, second = torch.rand(2, 20, 2)
    changed, anew = latent.Picture(first), latent.Picture(second)
    assert plots.png(changed.show(second)) == plots.png(anew.show(second)) != plots.png(anew.show(first))


def test_points_far_out_are_on_the_picture():
    assert latent.Picture(torch.tensor([[0.0, -8.0]])).fig.axes[0].get_ylim() == (-10, 10)


def test_samples_that_are_neither_images_nor_points_are_refused():
    with pytest.raises(ValueError, match=r"samples have the shape \(4, 7\)"):
        latent.Picture(torch.zeros(4, 7))
