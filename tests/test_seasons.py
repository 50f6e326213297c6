"""Landscapes in two seasons: partners that differ by their palette only, houses that keep their colour, masks that lie where they say."""
import pytest
import torch
from torch.nn.functional import max_pool2d, pad

from gan_course.data import load
from gan_course.data.seasons import seasons
from gan_course.data.sets import scale
from gan_course.likeness import hue as degrees


@pytest.fixture(scope="module")
def test_set():
    return seasons("test")


def colours(images, mask):
    """The colours of the pixels in a mask, 0 to 1: (pixels, 3)."""
    return images.permute(0, 2, 3, 1)[mask] / 255


def core(mask):
    """The pixels of a mask whose eight neighbours belong to it too."""
    return max_pool2d(pad((~mask).float().unsqueeze(1), (1, 1, 1, 1), value=1), 3, stride=1).squeeze(1) == 0


def test_the_sizes_and_names(test_set):
    train = load("seasons")
    assert (len(train), len(test_set)) == (8000, 400) and train.x.shape == train.y.shape == (8000, 3, 32, 32)
    assert train.paired and train.domains == ("summer", "winter") and train.name == "seasons"
    assert set(train.masks) == {"sun", "trees", "house", "walls"} and set(train.facts) == {"hue"}


def test_always_the_same_and_no_test_scene_is_in_the_training(test_set):
    again = seasons.__wrapped__("test")
    for side in ("x", "y"):
        assert torch.equal(getattr(again, side), getattr(test_set, side))
        known = {image.numpy().tobytes() for image in getattr(seasons("train"), side)}
        assert len(known) == 8000                                   # and no scene comes twice
        assert not any(image.numpy().tobytes() in known for image in getattr(test_set, side))


def test_copying_the_input_is_far_from_the_truth(test_set):
    error = (test_set.x.double() / 255 - test_set.y.double() / 255).square().mean()
    assert -10 * error.log10().item() == pytest.approx(8.5, abs=0.8)


def test_the_seasons_differ_by_their_palette_only(test_set):
    """Pixels of one colour in summer are of one colour in winter: nothing moves, nothing is added."""
    for summer, winter in zip(test_set.x[:50].flatten(2), test_set.y[:50].flatten(2).float(), strict=True):
        _, group = summer.T.unique(dim=0, return_inverse=True)
        spread = [winter[:, group == number].std(dim=1, correction=0).max() for number in range(group.max() + 1)]
        assert torch.stack(spread).max() < 6


def test_walls_keep_their_colour_while_all_else_changes(test_set):
    walls = core(test_set.masks["walls"])
    assert walls.sum() > 1000
    assert (colours(test_set.x, walls) - colours(test_set.y, walls)).abs().max() < 1.1 / 255
    for name in ("sun", "trees"):
        assert (colours(test_set.x, test_set.masks[name]) != colours(test_set.y, test_set.masks[name])).any(dim=1).all()


def test_the_hue_can_be_measured_in_both_seasons(test_set):
    hue, walls = test_set.facts["hue"], test_set.masks["walls"]
    there = ~hue.isnan()
    assert torch.equal(there, walls.flatten(1).any(dim=1)) and 0.6 < there.float().mean() < 0.8
    for images in (test_set.x, test_set.y):
        measured = degrees(scale(images), walls) / 360
        assert torch.equal(measured.isnan(), ~there)
        difference = ((measured - hue + 0.5) % 1 - 0.5)[there].abs()
        assert difference.max() < 0.03 and difference.mean() < 0.006
    share = (hue[there] * 6).long().bincount(minlength=6) / there.sum()
    assert share.min() > 0.1                                        # every part of the circle of colours


def test_hue_in_closed_form():
    colour = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, -1], [1, -1, 1], [0.2, -0.4, -0.4]])
    hue = degrees(colour[:, :, None, None].expand(-1, -1, 4, 4), torch.ones(6, 4, 4, dtype=torch.bool))
    assert torch.allclose(hue / 360, torch.tensor([0, 1 / 3, 2 / 3, 1 / 6, 5 / 6, 0]), atol=1e-6)


def test_masks_lie_where_they_say(test_set):
    masks = test_set.masks
    r, g, b = colours(test_set.x, core(masks["sun"])).unbind(1)
    assert (r > b + 0.2).all() and (g > b).all()                    # yellow
    r, g, b = colours(test_set.x, core(masks["trees"])).unbind(1)
    assert (b < torch.maximum(r, g)).all() and (r < 0.5).all()      # green, or the brown of a trunk
    assert (masks["house"] | ~masks["walls"]).all()                 # walls are part of the house
    assert not (masks["sun"] & masks["trees"] | masks["trees"] & masks["house"] | masks["sun"] & masks["house"]).any()
    assert (masks["sun"].float().mean(dim=(0, 2)).argmax() < masks["trees"].float().mean(dim=(0, 2)).argmax()
            < masks["walls"].float().mean(dim=(0, 2)).argmax())     # from the top of the picture down


def test_winter_skies_are_grey_and_winter_meadows_white(test_set):
    sky, meadow = test_set.y[:, :, 0], test_set.y[:, :, 31]
    assert (sky.amax(1) - sky.amin(1)).double().mean() < 45 and (test_set.x[:, 2, 0] - test_set.x[:, 0, 0] * 1.0).mean() > 100
    assert (meadow.amin(1) > 200).double().mean() > 0.95
