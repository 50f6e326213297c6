"""DiffAugment: what T does to pictures, and that both players see real and generated pictures through it."""
import pytest
import torch
from torch import nn

from gan_course import nets
from gan_course.data import batches
from gan_course.games.cgan import CGAN, ConditionalGenerator, ProjectionDiscriminator
from gan_course.games.dcgan import DCGAN
from gan_course.games.diffaugment import CHANGES, POLICY, AugmentedDiscriminator, augment
from gan_course.lessons.exercises import random_augmentation
from gan_course.profile import seed_everything
from gan_course.training import Training


def pictures(n=256, channels=3, size=16, seed=0):
    return 2 * torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed)) - 1


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_change_keeps_shape_and_type_and_changes_each_picture_in_its_own_way(name, channels):
    x = pictures(1, channels).expand(64, -1, -1, -1)
    changed = augment(x, name, dice())
    assert changed.shape == x.shape and changed.dtype == x.dtype and changed.isfinite().all()
    assert len(changed.flatten(1).unique(dim=0)) > 12               # of 25 translations at most
    assert torch.equal(changed, augment(x, name, dice())) and not torch.equal(changed, augment(x, name, dice(1)))


@pytest.mark.parametrize("name", CHANGES)
def test_gradients_flow_through_every_change(name):
    x = pictures().requires_grad_(True)
    augment(x, name, dice()).square().sum().backward()
    assert (x.grad.flatten(1).abs().amax(dim=1) > 0).double().mean() > 0.95
    if name != "colour":                                            # a pixel that is kept keeps its gradient, one that is lost has none
        kept = augment(torch.ones_like(x), name, dice()).sum().item()
        assert (x.grad != 0).sum().item() == kept


def test_colour_moves_brightness_saturation_and_contrast_and_nothing_else():
    x = pictures(2000)
    changed = augment(x, "colour", dice())
    means = changed.mean(dim=(1, 2, 3)) - x.mean(dim=(1, 2, 3))
    assert -0.5 <= means.min() < -0.45 and 0.45 < means.max() <= 0.5
    flat = torch.full((2000, 3, 4, 4), 0.25)
    grey = augment(flat, "colour", dice())
    assert torch.allclose(grey, grey[:, :1, :1, :1].expand_as(grey), atol=1e-6), "a grey area stays a grey area"
    mono = pictures(2000, 1)
    contrast = augment(mono, "colour", dice()).std(dim=(1, 2, 3)) / mono.std(dim=(1, 2, 3))
    assert 0.5 <= contrast.min() < 0.55 and 1.45 < contrast.max() <= 1.5
    spread = (changed - changed.mean(1, keepdim=True)).std(dim=(1, 2, 3)) / (x - x.mean(1, keepdim=True)).std(dim=(1, 2, 3))
    assert spread.min() < 0.1 and 2 < spread.max() <= 3             # saturation up to 2, contrast up to 1.5


def test_a_translation_moves_whole_pixels_by_up_to_an_eighth():
    x = torch.zeros(500, 1, 16, 16)
    x[:, :, 8, 8] = 1
    places = augment(x, "translation", dice()).flatten(2).argmax(dim=2)
    assert (places // 16).unique().tolist() == (places % 16).unique().tolist() == [6, 7, 8, 9, 10]
    moved = augment(torch.ones(500, 1, 16, 16), "translation", dice())
    assert moved.unique().tolist() == [0, 1] and moved[:, :, 2:14, 2:14].min() == 1
    picture = pictures(1)
    assert set(augment(picture, "translation", dice()).flatten().tolist()) - {0.0} <= set(picture.flatten().tolist())


def test_cutout_takes_one_square_of_half_the_side_and_leaves_the_rest():
    x = torch.ones(500, 3, 16, 16)
    holes = augment(x, "cutout", dice()) == 0
    assert torch.equal(holes[:, 0], holes[:, 2])
    high, wide = holes[:, 0].any(dim=2).sum(dim=1), holes[:, 0].any(dim=1).sum(dim=1)
    assert high.max() == wide.max() == 8 and high.min() >= 4       # its centre may lie on the edge
    assert torch.equal(holes[:, 0].sum(dim=(1, 2)), high * wide)
    some = pictures()
    cut = augment(some, "cutout", dice())
    assert torch.equal(cut[cut != 0], some[cut != 0])


def test_what_the_learner_writes_in_the_notebook_changes_pictures_as_the_package_does():
    x = torch.ones(20_000, 1, 16, 16)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        learned = random_augmentation.augment(x)
    kept = augment(x, "translation,cutout", dice()).mean(dim=0), learned.mean(dim=0)    # how often each pixel is kept
    assert torch.allclose(*kept, atol=0.02) and kept[0].min() < 0.4 and kept[0].max() > 0.8


def test_an_unknown_change_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no augmentation 'blur'.*colour,translation,cutout"):
        AugmentedDiscriminator(nn.Identity(), "colour,blur")


# In a game

class Seen(nn.Module):
    """A discriminator that keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.layer, self.shown = nn.Linear(64, 1), []

    def forward(self, x):
        self.shown.append(x.detach())
        return self.layer(x.flatten(1)).squeeze(1)


class Constant(nn.Module):
    """A generator that always draws white."""

    def __init__(self):
        super().__init__()
        self.z_dim, self.white = 2, nn.Parameter(torch.ones(1, 1, 8, 8))

    def forward(self, z):
        return self.white.expand(len(z), -1, -1, -1) + 0 * z.sum()


def test_real_and_generated_pictures_are_changed_in_both_players_losses():
    game = DCGAN(Constant(), AugmentedDiscriminator(Seen(), "cutout"))
    stream = batches("digits", 64, device="cpu")
    white = type(next(stream))(torch.ones(64, 1, 8, 8), None)
    game.discriminator_terms(white)
    terms = game.generator_terms(white)
    real, fake, fake_of_G = game.D.D.shown
    assert all((seen.flatten(1).min(dim=1).values == 0).all() for seen in (real, fake, fake_of_G))
    assert not torch.equal(real, fake) and not torch.equal(fake, fake_of_G)
    terms["adv"].backward()
    assert game.G.white.grad.abs().sum() > 0


def records(policy, rounds=4):
    seed_everything(0)
    D = nets.ConvDiscriminator(1, 8, 8)
    D = D if policy is None else AugmentedDiscriminator(D, policy)
    game = DCGAN(nets.ConvGenerator(4, 1, 8, 8), D)
    training = Training(game, batches("digits", 32, device="cpu"))
    return [dict(next(training)) for _ in range(rounds)]


def test_without_a_policy_the_training_is_the_one_without_augmentation():
    assert records("") == records(None) and records(POLICY) != records(None)


def test_in_evaluation_d_sees_pictures_as_they_are_and_a_conditional_d_still_reads_y():
    D = ProjectionDiscriminator(10, 1, 8, 8)
    game = CGAN(ConditionalGenerator(4, 10, 1, 8, 8), AugmentedDiscriminator(D))
    training = Training(game, batches("digits", 32, device="cpu"))
    assert all(torch.isfinite(torch.tensor(list(next(training).values()))).tolist())
    x, y = next(training.batches)
    with nets.evaluating(game):
        assert torch.equal(game.D(x, y), D(x, y))
    assert not torch.equal(game.D(x, y), game.D(x, y))
