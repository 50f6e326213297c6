"""Plain and striped animals: one scene twice, stripes that the plain picture does not betray, and a variant where it does."""
import pytest
import torch
from torch.nn.functional import max_pool2d, pad

from gan_course.data import load
from gan_course.data.animals import animals


@pytest.fixture(scope="module")
def test_set():
    return animals("test")


@pytest.fixture(scope="module")
def body():
    return animals("test", phase="body")


def grown(mask):
    """The mask and all its neighbours."""
    return max_pool2d(mask.float().unsqueeze(1), 3, stride=1, padding=1).squeeze(1) > 0


def shrunk(mask):
    return max_pool2d(pad((~mask).float().unsqueeze(1), (1, 1, 1, 1), value=1), 3, stride=1).squeeze(1) == 0


def grey(images):
    return images.float().mean(dim=1) / 255


def test_the_sizes_and_names(test_set):
    train = load("animals")
    assert (len(train), len(test_set)) == (8000, 400) and train.x.shape == train.y.shape == (8000, 3, 32, 32)
    assert train.paired and train.domains == ("plain", "striped")
    assert train.name == "animals" and load("animals_body").name == "animals_body"
    assert set(train.masks) == {"coat"} and set(train.facts) == {"phase"}
    assert 80 < train.masks["coat"].flatten(1).sum(1).min() and train.masks["coat"].float().mean() < 0.2


def test_always_the_same_and_no_test_scene_is_in_the_training(test_set):
    again = animals.__wrapped__("test")
    for side in ("x", "y"):
        assert torch.equal(getattr(again, side), getattr(test_set, side))
        known = {image.numpy().tobytes() for image in getattr(animals("train"), side)}
        assert len(known) == 8000                                   # and no scene comes twice
        assert not any(image.numpy().tobytes() in known for image in getattr(test_set, side))


def test_only_the_coat_differs(test_set):
    outside = ~grown(test_set.masks["coat"])
    difference = (test_set.x.int() - test_set.y.int()).abs().amax(dim=1)
    assert outside.float().mean() > 0.6 and difference[outside].max() < 8 and difference[outside].float().mean() < 0.001
    assert difference[shrunk(test_set.masks["coat"])].min() > 20


def test_the_plain_picture_does_not_betray_the_phase(test_set, body):
    assert torch.equal(test_set.x, body.x)                          # bit for bit, whatever the stripes of its twin
    assert torch.equal(test_set.masks["coat"], body.masks["coat"])
    assert (test_set.y != body.y).flatten(1).any(dim=1).float().mean() > 0.98
    phase = test_set.facts["phase"]
    assert (phase * 5).long().bincount(minlength=5).min() > 50 and (body.facts["phase"] == 0).all()


def test_the_phase_says_where_the_stripes_are(test_set, body):
    inside = shrunk(test_set.masks["coat"])

    def contrast(images):
        values = grey(images)
        return (values - (values * inside).sum((1, 2), True) / inside.sum((1, 2), True)) * inside
    a, b = contrast(test_set.y), contrast(body.y)
    alike = (a * b).sum((1, 2)) / (a.square().sum((1, 2)) * b.square().sum((1, 2))).sqrt()
    phase = test_set.facts["phase"]
    aligned, opposite = (phase < 0.03) | (phase > 0.97), (phase - 0.5).abs() < 0.03
    assert alike[aligned].min() > 0.8 and alike[opposite].max() < -0.8


def test_a_striped_coat_changes_from_pixel_to_pixel_and_a_plain_one_does_not(test_set):
    inside = shrunk(test_set.masks["coat"])
    both = inside[:, :, 1:] & inside[:, :, :-1]
    plain, striped = (grey(images).diff(dim=2).abs()[both].mean() for images in (test_set.x, test_set.y))
    assert plain < 0.01 and striped > 0.2
    assert grey(test_set.x)[inside].mean() < 0.4 < grey(test_set.y)[inside].mean() < 0.6


def test_another_phase_is_refused():
    with pytest.raises(ValueError, match="no phase 'leg'; choose random or body"):
        animals("test", phase="leg")
