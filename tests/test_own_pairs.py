"""Pairs of one's own: two folders with equal names, or A and B side by side, and what is said when they do not fit."""
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_course.data import WrongLayout, load_pairs
from gan_course.data.folders import folder
from gan_course.data.own_pairs import own_pairs
from gan_course.data.pictures import picture


def paint(path: Path, colour, size=(8, 8), mode="RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def two_folders(path: Path, numbers, a="A", b="B", inner="", ending=".png") -> Path:
    """Pairs whose number is in the green channel; A is red and B is blue."""
    for i in numbers:
        paint(path / a / inner / f"{i:02}.png", (255, i, 0))
        paint(path / b / inner / f"{i:02}{ending}", (0, i, 255))
    return path


def joined(path: Path, numbers, size=(16, 8)) -> Path:
    """Pictures with red on the left and blue on the right; the number is green on both sides."""
    path.mkdir(parents=True, exist_ok=True)
    for i in numbers:
        image = Image.new("RGB", size, (0, i, 255))
        image.paste((255, i, 0), (0, 0, size[0] // 2, size[1]))
        image.save(path / f"{i:02}.png")
    return path


def green(images) -> list[int]:
    return images[:, 1, 0, 0].tolist()


def check(pairs, reds: bool = True):
    """Every row of x and y has the same number, and x is the red side."""
    assert pairs.paired and green(pairs.x) == green(pairs.y)
    given, wanted = (pairs.x, pairs.y) if reds else (pairs.y, pairs.x)
    assert (given[:, 0] == 255).all() and (given[:, 2] == 0).all()
    assert (wanted[:, 0] == 0).all() and (wanted[:, 2] == 255).all()


# --- two folders -----------------------------------------------------------------------------------

def test_two_folders_with_equal_names_are_pairs(tmp_path):
    two_folders(tmp_path / "mine", range(12), "edges", "photos")
    train, test = (load_pairs(tmp_path / "mine", split, size=4) for split in ("train", "test"))
    check(train), check(test)
    assert train.name == "mine" and train.domains == ("edges", "photos") and train.x.shape == (10, 3, 4, 4)
    assert len(test) == 2 and sorted(green(train.x) + green(test.x)) == list(range(12))


def test_the_other_direction_exchanges_the_sides(tmp_path):
    two_folders(tmp_path, range(6))
    there, back = own_pairs(tmp_path, 4), own_pairs(tmp_path, 4, direction="BtoA")
    assert torch.equal(there.x, back.y) and torch.equal(there.y, back.x) and back.domains == ("B", "A")
    with pytest.raises(ValueError, match="no direction 'AtoC'; choose AtoB or BtoA"):
        own_pairs(tmp_path, direction="AtoC")


def test_names_may_have_different_endings_but_must_be_the_same_otherwise(tmp_path):
    check(own_pairs(two_folders(tmp_path / "endings", range(6), ending=".bmp"), 4))
    mixed = two_folders(tmp_path / "mixed", range(6))
    paint(mixed / "A" / "alone.png", (255, 0, 0))
    paint(mixed / "B" / "lost.png", (0, 0, 255))
    with pytest.raises(WrongLayout, match=r"without a partner of the same name .*: 1 in A \(alone\); 1 in B \(lost\)\. Pairs lie in two"):
        own_pairs(mixed)
    twice = two_folders(tmp_path / "twice", range(6))
    paint(twice / "A" / "03.jpg", (255, 3, 0))
    with pytest.raises(WrongLayout, match="more than one picture called 03, with different endings"):
        own_pairs(twice)


def test_splits_inside_the_two_folders_are_kept(tmp_path):
    two_folders(tmp_path, range(3), inner="train")
    two_folders(tmp_path, range(10, 12), inner="val")
    train, test = own_pairs(tmp_path, 4), own_pairs(tmp_path, 4, "test")
    check(train), check(test)
    assert green(train.x) == [0, 1, 2] and green(test.x) == [10, 11]


def test_a_pair_of_different_proportions_is_named(tmp_path):
    two_folders(tmp_path, range(6))
    paint(tmp_path / "B" / "03.png", (0, 3, 255), size=(12, 8))
    with pytest.raises(WrongLayout, match=r"03.png is 8 x 8 pixels and .*03.png 12 x 8\. .* same proportions"):
        own_pairs(tmp_path)
    paint(tmp_path / "B" / "03.png", (0, 3, 255), size=(16, 16))    # another scale is no fault
    check(own_pairs(tmp_path, 4))


def test_a_pair_with_a_broken_picture_is_left_out_and_the_others_stay_together(tmp_path):
    two_folders(tmp_path, range(24))
    (tmp_path / "A" / "05.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="1 of 24 pictures cannot be read and were left out"):
        train = own_pairs(tmp_path, 4)
    with pytest.warns(UserWarning):
        test = own_pairs(tmp_path, 4, "test")
    check(train), check(test)
    assert sorted(green(train.x) + green(test.x)) == [i for i in range(24) if i != 5]


def test_grey_and_transparent_pictures_become_rgb(tmp_path):
    for i in range(6):
        paint(tmp_path / "A" / f"{i}.png", i, mode="L")
        paint(tmp_path / "B" / f"{i}.png", (9, 9, 9, 0), mode="RGBA")
    pairs = own_pairs(tmp_path, 4)
    assert pairs.x.shape == pairs.y.shape == (5, 3, 4, 4) and (pairs.y == 255).all()


# --- side by side ----------------------------------------------------------------------------------

def test_side_by_side_the_left_half_is_given(tmp_path):
    joined(tmp_path / "mine", range(12))
    train, test = (load_pairs(tmp_path / "mine", split, size=4) for split in ("train", "test"))
    check(train), check(test), check(own_pairs(tmp_path / "mine", 4, direction="BtoA"), reds=False)
    assert (len(train), len(test)) == (10, 2) and train.domains == ("A", "B")


def test_the_layout_of_the_authors_files_with_their_splits(tmp_path):
    joined(tmp_path / "facades" / "train", range(4))
    joined(tmp_path / "facades" / "val", range(10, 12))
    joined(tmp_path / "facades" / "test", range(20, 23))
    train, test = own_pairs(tmp_path, 4), own_pairs(tmp_path, 4, "test")
    assert green(train.x) == [0, 1, 2, 3] and green(test.x) == [20, 21, 22]


def test_a_picture_that_is_not_twice_as_wide_as_high_is_named(tmp_path):
    joined(tmp_path, range(6))
    joined(tmp_path, [6], size=(20, 8))
    with pytest.raises(WrongLayout, match=r"1 of 7 pictures are not twice as wide as high.*\(06\.png is 20 x 8\)\. Pairs lie in two folders"):
        own_pairs(tmp_path)


def test_a_turned_photograph_is_measured_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6                                                # to be turned by 90 degrees
    for i in range(6):
        image = Image.new("RGB", (8, 16), (0, i, 255))
        image.paste((255, i, 0), (0, 8, 8, 16))                     # below: on the left when upright
        image.save(tmp_path / f"{i}.png", exif=exif)
    check(own_pairs(tmp_path, 4))


def test_what_has_no_pairs_is_said(tmp_path):
    with pytest.raises(WrongLayout, match="glyphs has no pairs of pictures. Choose seasons, animals or edges"):
        load_pairs("glyphs")
    with pytest.raises(WrongLayout, match="horse2zebra has no pairs"):
        load_pairs("horse2zebra")
    with pytest.raises(FileNotFoundError, match="no pictures in"):
        load_pairs(tmp_path)
    with pytest.raises(WrongLayout, match="only 4 pictures, too few to hold a sixth out"):
        own_pairs(two_folders(tmp_path, range(4)), split="test")


def test_the_courses_own_pairs_in_both_directions():
    there, back = load_pairs("edges", "test"), load_pairs("edges", "test", direction="BtoA")
    assert there.paired and torch.equal(there.x, back.y) and back.domains == ("filled", "outline")
    assert torch.equal(back.masks["shape"], there.masks["shape"])


# --- pictures that are not square ------------------------------------------------------------------

@pytest.fixture
def wide(tmp_path):
    """24 x 8 pixels: a third red, a third green, a third blue."""
    image = Image.new("RGB", (24, 8), (0, 255, 0))
    image.paste((255, 0, 0), (0, 0, 8, 8))
    image.paste((0, 0, 255), (16, 0, 24, 8))
    image.save(tmp_path / "wide.png")
    return tmp_path / "wide.png"


def test_crop_keeps_the_middle_pad_everything_on_white_and_stretch_everything_squeezed(wide):
    crop, pad, stretch = (picture(wide, 6, fit=fit) for fit in ("crop", "pad", "stretch"))
    assert crop.shape == pad.shape == stretch.shape == (3, 6, 6)
    assert crop[1].min() > 230 and crop[0].max() < 30
    assert (pad[:, :2] == 255).all() and (pad[:, 4:] == 255).all()  # white above and below
    assert pad[0, 2, 0] == 255 and pad[1, 2, 0] == 0 and pad[2, 3, 5] == 255
    assert stretch[0, :, 0].min() > 200 and stretch[2, :, 5].min() > 200 and stretch[1, :, 2].min() > 150


def test_a_folder_can_be_read_with_each_fit_and_at_64_pixels(wide):
    for i in range(5):
        Image.open(wide).save(wide.parent / f"{i}.png")
    crop, stretch = (folder(wide.parent, 64, fit=fit) for fit in ("crop", "stretch"))
    assert crop.data_shape == (3, 64, 64) and torch.equal(folder(wide.parent, 64).images, crop.images)
    assert not torch.equal(crop.images, stretch.images)
    with pytest.raises(ValueError, match="no fit 'zoom'; choose crop, pad, stretch"):
        folder(wide.parent, fit="zoom")
    assert np.array_equal(picture(wide, 64), crop.images[0].numpy())


def test_pairs_that_are_not_square_are_read_with_each_fit(wide):
    for side in "AB":
        for i in range(6):
            (wide.parent / "mine" / side).mkdir(parents=True, exist_ok=True)
            Image.open(wide).save(wide.parent / "mine" / side / f"{i}.png")
    crop, pad = (load_pairs(wide.parent / "mine", size=6, fit=fit) for fit in ("crop", "pad"))
    assert (pad.x[:, :, 0] == 255).all() and not torch.equal(crop.x, pad.x) and torch.equal(pad.x, pad.y)
