"""Outlines and filled shapes: the outline runs along the shape, the kind gives the colour, the tint is nowhere in the outline."""
import pytest
import torch
from torch.nn.functional import max_pool2d

from gan_course.data import load
from gan_course.data.edges import COLOURS, KINDS, SHAPES, TINT, edges, repainted, shapes, tints
from gan_course.data.sets import scale


@pytest.fixture(scope="module")
def test_set():
    return edges("test")


def eroded(mask, times=1):
    """The pixels of a mask that are more than `times` steps from its edge."""
    outside = (~mask).float().unsqueeze(1)
    for _ in range(times):
        outside = max_pool2d(outside, 3, stride=1, padding=1)
    return outside.squeeze(1) == 0


def test_the_sizes_and_names(test_set):
    train = load("edges")
    assert (len(train), len(test_set)) == (8000, 400) and train.x.shape == train.y.shape == (8000, 3, 32, 32)
    assert train.paired and train.domains == ("outline", "filled") and train.name == "edges"
    assert set(train.masks) == {"shape"} and train.facts["kind"].dtype == torch.int64
    assert train.facts["kind"].bincount(minlength=6).min() > 1200 and len(KINDS) == 6


def test_always_the_same_and_no_test_scene_is_in_the_training(test_set):
    again = edges.__wrapped__("test")
    for side in ("x", "y"):
        assert torch.equal(getattr(again, side), getattr(test_set, side))
        known = {image.numpy().tobytes() for image in getattr(edges("train"), side)}
        assert len(known) == 8000                                   # and no scene comes twice
        assert not any(image.numpy().tobytes() in known for image in getattr(test_set, side))


def test_the_outline_is_dark_along_the_edge_and_white_elsewhere(test_set):
    shape, ink = test_set.masks["shape"], test_set.x.amax(dim=1)
    assert (ink[eroded(~shape, 3)] == 255).all()                    # outside
    assert (ink[eroded(shape, 2)] > 245).float().mean() > 0.99      # inside
    edge = shape & ~eroded(shape)
    assert (ink[edge] < 160).float().mean() > 0.95
    spread = test_set.x.int().amax(dim=1) - test_set.x.int().amin(dim=1)
    assert spread.max() < 8                                         # no colour: the outline does not tell the tint


def test_the_kind_gives_the_colour_up_to_a_tint(test_set):
    inside = eroded(test_set.masks["shape"], 2)
    means = []
    for kind, colour in enumerate(COLOURS.values()):
        for picture, mask in zip(test_set.y[test_set.facts["kind"] == kind], inside[test_set.facts["kind"] == kind], strict=True):
            if mask.any():
                means.append(picture[:, mask].double().mean(dim=1) / 255 - torch.tensor(colour))
    tints = torch.stack(means)
    assert len(tints) > 350 and tints.abs().max() < TINT + 0.02
    assert torch.allclose(tints.std(dim=0), torch.tensor(TINT / 3 ** 0.5).double(), rtol=0.15)      # uniform in each channel
    assert (test_set.y.amin(dim=1)[eroded(~test_set.masks["shape"], 3)] == 255).all()               # white paper


def test_kinds_are_nearer_to_their_own_colour_than_to_others():
    colours = torch.tensor(list(COLOURS.values()))
    assert torch.pdist(colours).min() > 2 * TINT


@pytest.mark.parametrize(("kind", "area"), [("circle", 2.835), ("square", 2.56), ("triangle", 1.52), ("star", 1.322)])
def test_the_area_of_a_shape_in_closed_form(kind, area):
    """pi 0.95^2; 1.6^2; 0.95 * 1.6; ten triangles with sides 1 and 0.45 at 36 degrees: 5 * 0.45 sin 36."""
    side = torch.linspace(-1.5, 1.5, 601)
    inside = SHAPES[kind](side.reshape(1, 1, -1).numpy(), side.reshape(1, -1, 1).numpy()) < 0
    assert inside.mean() * 9 == pytest.approx(area, rel=0.02)


def test_shapes_are_the_filled_side_with_the_kind_as_class(test_set):
    train, held_out = load("shapes"), shapes("test")
    assert (len(train), len(held_out)) == (8000, 400) and train.data_shape == (3, 32, 32) and train.name == "shapes"
    assert train.classes == KINDS and torch.equal(held_out.labels, test_set.facts["kind"])
    assert torch.equal(held_out.images, test_set.y)


def test_shapes_repainted_in_their_own_tints_are_the_same_and_in_others_have_those(test_set):
    own, truth = tints(test_set), scale(test_set.y)
    assert (repainted(test_set, own) - truth).abs().mean() < 0.01
    blue = torch.tensor([-1.0, -1.0, 1.0]).expand(len(own), 3)
    painted, inside = repainted(test_set, blue), eroded(test_set.masks["shape"], 2)
    assert (painted.movedim(1, -1)[inside] - blue[0]).abs().max() < 0.1
    assert (painted.amin(dim=1)[eroded(~test_set.masks["shape"], 3)] > 0.99).all()     # and the paper stays white


def test_tints_scatter_around_the_colour_of_their_kind(test_set):
    kind = test_set.facts["kind"]
    off = tints(test_set) - (2 * torch.tensor(list(COLOURS.values())) - 1)[kind]
    assert off.abs().max() < 2 * (TINT + 0.02) and off.mean(dim=0).abs().max() < 0.02
