"""The diffusion model that comes with the course, trained for longer than a notebook can wait."""
import pytest
import torch

from gan_course import data, long_diffusion
from gan_course.denoisers import linear_schedule, noised
from gan_course.training import Training


def error(net, t):
    """The mean squared error of the clean pictures that a denoiser tells of held-out ones at time t."""
    x, draw = data.load("glyphs", "test").take(200, 0), torch.Generator().manual_seed(0)
    time = torch.full((len(x),), t)
    with torch.no_grad():
        return (net(noised(x, time, torch.randn(x.shape, generator=draw), linear_schedule()), time) - x).square().mean().item()


def test_the_stored_denoiser_takes_noise_away_and_an_untrained_one_does_not():
    trained, new = long_diffusion.denoiser(), long_diffusion.untrained()
    assert error(trained, 10) < 0.05 < 0.2 < error(new, 10)
    assert not any(weight.requires_grad for weight in trained.parameters())


def test_its_schedule_is_exact_and_not_in_half_precision():
    assert torch.equal(long_diffusion.denoiser().alpha_bar, linear_schedule())


def test_without_the_file_it_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(long_diffusion, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m gan_course.long_diffusion"):
        long_diffusion.denoiser()


def test_the_training_makes_the_file_that_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(long_diffusion, "DATA", tmp_path)
    monkeypatch.setattr(long_diffusion, "ITERATIONS", 2)
    long_diffusion.main()
    training = Training(*long_diffusion.recipe())
    for done in (1, 2):
        training.decay(done / 2)
        next(training)
    kept = training.game.G_ema.denoiser.first.weight
    assert torch.allclose(long_diffusion.denoiser().first.weight, kept, atol=1e-3)
