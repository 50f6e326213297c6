"""Progressive growing: a stage comes in without a jump, at the exit of G and at the entry of D."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from gan_course import growing_networks
from gan_course.growing_networks import (
    GrowingDiscriminator,
    GrowingGenerator,
    at_stage,
    stage_of,
)
from gan_course.lessons import exercises
from gan_course.paths import DATA

TABLE = DATA / "tables" / "13_growing.json"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(1)


@pytest.mark.parametrize("name", ["faded", "entry"])
def test_the_course_trains_what_the_learner_is_asked_for(name):
    assert exercises.assess(f"13.{name}", getattr(growing_networks, name)).outcome == "right"


@pytest.mark.parametrize("stage", [1, 2])
def test_a_new_stage_of_the_generator_begins_with_the_images_before(stage):
    G, z = GrowingGenerator(), torch.randn(3, 64)       # its noise starts with strength 0
    before = interpolate(G(z, stage - 1, 1.0), scale_factor=2)
    assert torch.allclose(G(z, stage, 0.0), before, atol=1e-5)
    assert not torch.allclose(G(z, stage, 0.5), before, atol=1e-2)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_new_stage_of_the_discriminator_begins_with_the_logits_before(stage):
    D, x = GrowingDiscriminator(), torch.randn(3, 3, 8 * 2**stage, 8 * 2**stage)
    before = D(avg_pool2d(x, 2), stage - 1, 1.0)
    assert torch.allclose(D(x, stage, 0.0), before, atol=1e-5)
    assert not torch.allclose(D(x, stage, 0.5), before, atol=1e-3)


def test_real_images_are_faded_as_the_fakes_are():
    x = torch.randn(2, 3, 32, 32)
    assert at_stage(x, 0, 1.0).shape == (2, 3, 8, 8)
    assert torch.equal(at_stage(x, 2, 1.0), x)
    assert torch.allclose(at_stage(x, 2, 0.0), interpolate(avg_pool2d(x, 2), scale_factor=2))


def test_the_schedule_never_goes_back_and_ends_its_last_fade_at_four_tenths():
    found = [stage_of(share / 100) for share in range(101)]
    assert found[0] == (0, 1.0) and found[20] == (1, 1.0)
    level = [stage - 1 + alpha for stage, alpha in found]
    assert level == sorted(level)
    assert found[39][1] < 1 and set(found[40:]) == {(2, 1.0)}


def test_the_functions_of_the_learner_are_the_ones_that_are_called():
    G = GrowingGenerator(lambda low, high, alpha: torch.zeros(1))
    D = GrowingDiscriminator(lambda D, x, stage, alpha: torch.zeros(len(x), 128, 4, 4))
    assert G(torch.randn(2, 64), 1, 0.5).tolist() == [0.0]
    assert D(torch.randn(2, 3, 8, 8), 0, 1.0).unique().numel() == 1
