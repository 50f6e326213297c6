"""Two font families: partners differ in nothing but the family."""
import pytest
import torch

from gan_course.data import families as module
from gan_course.data.families import families
from gan_course.data.glyphs import glyphs_colour


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(module, "PICTURES", {"train": 40, "test": 20})
    families.cache_clear()
    yield
    families.cache_clear()


def test_partners_have_the_same_factors_and_another_family(few):
    pairs = families()
    assert pairs.paired and len(pairs) == 40 and pairs.data_shape == (3, 32, 32)
    numbers = [glyphs_colour(n=40, present={"family": family}).factors["family"].unique().tolist() for family in module.FAMILIES]
    assert numbers == [[0], [1], [2], [3]]
    sides = [glyphs_colour(n=40, present={"family": family, "italic": 0}) for family in pairs.domains]
    for side, images in zip(sides, (pairs.x, pairs.y), strict=True):
        assert torch.equal(side.images, images)
        for name, values in pairs.facts.items():
            assert torch.equal(side.factors[name], values), name
    assert (pairs.x != pairs.y).flatten(1).any(dim=1).all(), "no character looks the same in both"
    apart = (pairs.x.float() - pairs.y.float()).abs().mean()
    assert apart < (pairs.x.float() - pairs.y.roll(1, 0).float()).abs().mean() / 2, "they lie on each other"


def test_training_and_test_show_other_characters_and_training_has_no_pairs(few):
    assert not torch.equal(families().x[:20], families(split="test").x)
    unpaired = families().unpaired()
    assert not unpaired.paired and len(unpaired.x) == len(unpaired.y) == 20


def test_a_family_that_does_not_exist_is_said(few):
    with pytest.raises(ValueError, match="DejaVu Serif"):
        families("Comic Sans")
    with pytest.raises(ValueError, match="two domains with different names"):
        families("DejaVu Sans", "DejaVu Sans")
