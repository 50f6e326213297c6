"""The small GAN, VAE and diffusion model: what they draw, that seeds decide it, and that doubt is low where a model fits."""
import pytest
import torch

from gan_course import small_families
from gan_course.data.glyphs import glyphs


@pytest.fixture(scope="module")
def digits():
    return glyphs(size=16, n=40)


@pytest.mark.parametrize("family", small_families.BATCH)
def test_a_training_is_decided_by_its_seed_and_draws_pictures(family, digits):
    first, second, other = (small_families.train(family, digits, seed, 2) for seed in (3, 3, 4))
    state = torch.random.get_rng_state()
    x = small_families.draw(first, 5, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state), "drawing leaves the random numbers as they were"
    assert x.shape == (5, 1, 16, 16) and x.abs().max() <= 1
    assert torch.equal(x, small_families.draw(second, 5, seed=1))
    assert not torch.equal(x, small_families.draw(other, 5, seed=1)) and not torch.equal(x, small_families.draw(first, 5, seed=2))


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="no family 'flow'"):
        small_families.build("flow")


@pytest.mark.parametrize("family", ["GAN", "VAE", "diffusion"])
def test_doubt_is_one_number_for_each_picture(family, digits):
    game = small_families.build(family).eval()
    found = small_families.doubt(game, digits.take(6))
    assert found.shape == (6,) and not found.requires_grad
    assert torch.equal(found, small_families.doubt(game, digits.take(6)))


@pytest.mark.parametrize("family", ["VAE", "diffusion"])
def test_doubt_falls_where_a_model_has_learned(family, digits):
    few = digits.take(40)
    untrained, trained = (small_families.train(family, digits, 0, n) for n in (1, 150))
    assert small_families.doubt(trained, few).median() < 0.7 * small_families.doubt(untrained, few).median()


def test_doubt_of_a_gan_is_minus_the_logit(digits):
    game = small_families.build("GAN").eval()
    with torch.no_grad():
        assert torch.allclose(small_families.doubt(game, digits.take(4)), -game.D(digits.take(4)), atol=1e-6)
