"""Folders as people have them: splits, wrappings, links that lead back, deep grey, odd endings."""
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_course.data import WrongLayout, load, load_images, load_sides
from gan_course.data.folders import folder, is_two_sided, sides
from gan_course.data.pictures import ENDINGS

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def paint(path: Path, colour=RED, mode="RGB", size=(8, 8), **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **how)
    return path


def several(path: Path, n: int, blue=0) -> None:
    """n pictures; the number of each is its red, the folder's number its blue."""
    for i in range(n):
        paint(path / f"{i:03}.png", (i, 100, blue), size=(2, 2))


def reds(images) -> list[int]:
    return sorted(images[:, 0, 0, 0].tolist())


# --- links -------------------------------------------------------------------------------------

def link(path: Path, target: str) -> None:
    try:
        path.symlink_to(target, target_is_directory=True)
    except OSError as reason:                                       # Windows without the right to
        pytest.skip(f"no symbolic links here: {reason}")


def test_a_link_that_leads_back_adds_nothing(tmp_path):
    several(tmp_path / "a", 2)
    link(tmp_path / "a" / "self", ".")
    link(tmp_path / "a" / "up", "..")
    assert reds(folder(tmp_path, 2).images) == [0, 1]


def test_links_to_other_folders_are_followed_and_no_picture_comes_twice(tmp_path):
    several(tmp_path / "elsewhere" / "photos", 3)
    several(tmp_path / "mine" / "own", 2)
    link(tmp_path / "mine" / "linked", "../elsewhere/photos")
    data = folder(tmp_path / "mine", 2)
    assert data.classes == ("linked", "own") and data.labels.tolist() == [0, 0, 0, 1, 1]
    for name in ("again", "zero"):                                  # one before "own", one behind
        link(tmp_path / "mine" / name, "own")
    data = folder(tmp_path / "mine", 2)
    assert data.classes == ("linked", "own") and len(data) == 5


def test_a_folder_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    several(tmp_path / "a", 2)
    several(tmp_path / "closed", 2)
    entries = Path.iterdir

    def refuse(path):                                               # root may open every folder
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return entries(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.warns(UserWarning, match="cannot be opened and were left out: .*closed"):
        assert len(folder(tmp_path)) == 2


# --- splits and wrappings ----------------------------------------------------------------------

@pytest.mark.parametrize("held_out", ["val", "valid", "validation", "test", "Test"])
def test_split_folders_are_splits_and_no_classes(tmp_path, held_out):
    for split, first in (("train", 0), (held_out, 50)):
        for number, name in enumerate(("cat", "dog")):
            paint(tmp_path / split / name / "a.png", (first + number, 0, 9), size=(2, 2))
    train, test = load(tmp_path, size=2), load(tmp_path, "test", size=2)
    assert train.classes == test.classes == ("cat", "dog")
    assert train.labels.tolist() == test.labels.tolist() == [0, 1]
    assert reds(train.images) == [0, 1] and reds(test.images) == [50, 51]


def test_split_folders_without_classes(tmp_path):
    several(tmp_path / "train", 4)
    several(tmp_path / "test", 1, blue=7)
    train, test = load(tmp_path, size=2), load(tmp_path, "test", size=2)
    assert train.classes == test.classes == (tmp_path.name,) and (len(train), len(test)) == (4, 1)


def test_a_third_split_and_loose_pictures_are_left_out_in_words(tmp_path):
    for name, n in (("train", 3), ("val", 2), ("test", 1), (".", 4)):
        several(tmp_path / name, n)
    with pytest.warns(UserWarning, match="train is for training and test is held out; these "
                                         "pictures were left out: 2 in val, 4 beside"):
        assert len(load(tmp_path, size=2)) == 3


def test_grey_training_pictures_and_a_coloured_test_have_one_shape(tmp_path):
    paint(tmp_path / "train" / "a.png", 50, "L")
    paint(tmp_path / "test" / "a.png", BLUE)
    with pytest.warns(UserWarning, match="1 of 2 pictures are grey"):
        assert load(tmp_path, size=2).data_shape == load(tmp_path, "test", size=2).data_shape


def test_splits_mixed_with_classes_are_refused(tmp_path):
    for name in ("train/cat", "test/cat"):
        several(tmp_path / name, 1)
    several(tmp_path / "bird", 1)
    with pytest.raises(WrongLayout, match="split folders train, test beside bird"):
        load(tmp_path)


def test_a_test_without_training_or_with_classes_of_its_own_is_refused(tmp_path):
    for name in ("val/cat", "test/cat"):
        several(tmp_path / "a" / name, 1)
    with pytest.raises(WrongLayout, match="split folders test, val, but no train"):
        load(tmp_path / "a")
    for name in ("train/cat", "val/cat", "val/ant"):
        several(tmp_path / "b" / name, 1)
    with pytest.raises(WrongLayout, match="classes that train does not have: ant"):
        load(tmp_path / "b")


def test_one_such_name_alone_may_be_a_class(tmp_path):
    for name in ("bus", "train"):                                   # vehicles
        several(tmp_path / name, 1)
    assert load(tmp_path, size=2).classes == ("bus", "train")


def test_a_single_wrapping_folder_is_stepped_into(tmp_path):
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._a.png").write_bytes(b"")            # as in zips from a Mac
    for name in ("cat", "dog"):
        several(tmp_path / "photos" / "all" / name, 1)
    assert load(tmp_path, size=2).classes == ("cat", "dog")
    for name in ("train", "val"):
        several(tmp_path / "split" / "photos" / name, 1)
    assert load(tmp_path / "split", size=2).classes == ("photos",)
    for name in ("trainA", "trainB"):
        several(tmp_path / "sided" / "horses" / name, 6)
    assert is_two_sided(tmp_path / "sided")
    assert (len(load(tmp_path / "sided").x), len(load(tmp_path / "sided", "test").x)) == (5, 1)


def test_a_sixth_of_each_class_is_held_out(tmp_path):
    several(tmp_path / "common", 54)
    several(tmp_path / "rare", 6)
    train, test = folder(tmp_path, 2), folder(tmp_path, 2, "test")
    assert train.labels.bincount().tolist() == [45, 5] and test.labels.bincount().tolist() == [9, 1]


# --- what kind is needed -----------------------------------------------------------------------

def test_two_classes_are_two_sides(tmp_path):
    several(tmp_path / "cat", 12)
    several(tmp_path / "dog", 24, blue=200)
    train, test = load_sides(tmp_path, size=2), load_sides(str(tmp_path), "test", size=2)
    assert train.domains == ("cat", "dog") and not train.paired
    assert (len(train.x), len(train.y), len(test.x), len(test.y)) == (10, 20, 2, 4)
    assert (train.y[:, 2] == 200).all()


def test_grey_classes_become_rgb_sides(tmp_path):
    for name in ("cat", "dog"):
        for i in range(6):
            paint(tmp_path / name / f"{i}.png", 50 + i, "L")
    assert load_sides(tmp_path, size=2).x.shape == (5, 3, 2, 2)


@pytest.mark.parametrize(("names", "found"), [
    (["."], "one class, .*, with 6 pictures"),
    (list("abcd"), r"4 classes \(a, b, c, d\)")])
def test_without_two_sides_both_layouts_are_named(tmp_path, names, found):
    for name in names:
        several(tmp_path / name, 7)
    with pytest.raises(WrongLayout, match=f"no two sides.*trainA and trainB.*Found was {found}"):
        load_sides(tmp_path)


def test_a_class_too_small_to_be_a_side_is_named(tmp_path):
    several(tmp_path / "cat", 20)
    several(tmp_path / "dog", 1)
    with pytest.raises(WrongLayout, match="dog has too few pictures to hold a sixth out"):
        load_sides(tmp_path, "test")


def test_sides_of_the_course_have_no_pairs():
    assert not load_sides("seasons").paired
    for name in ("digits", "ring"):
        with pytest.raises(WrongLayout, match=f"{name} has no two sides.*horse2zebra"):
            load_sides(name)


def test_where_images_are_needed_sides_and_points_are_refused_in_words(tmp_path, monkeypatch):
    for name in ("trainA", "trainB"):
        several(tmp_path / "mine" / name, 1)
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path / "empty"))
    for name in (tmp_path / "mine", "horse2zebra"):                 # nothing is downloaded for it
        with pytest.raises(WrongLayout, match="two sides, A and B.*sub-folders, one for each class"):
            load_images(name)
    with pytest.raises(WrongLayout, match="two sides, summer and winter"):
        load_images("seasons")
    with pytest.raises(WrongLayout, match="ring is a density of points, and pictures are needed"):
        load_images("ring")
    assert load_images("digits", "test").name == "digits"
    assert len(load_images(tmp_path / "mine" / "trainA")) == 1


# --- deep grey ---------------------------------------------------------------------------------

def deep(path: Path, levels, dtype=np.uint16) -> None:
    """A grey picture whose rows are the levels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(levels, dtype)[:, None].repeat(len(levels), 1)).save(path)


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_grey_of_fewer_bits_is_scaled_by_its_true_range(tmp_path, bits, ending):
    white = 2 ** bits - 1
    deep(tmp_path / f"1.{ending}", [0, white // 2, white, 0])
    deep(tmp_path / f"2.{ending}", [0, white // 2, white // 4, 0])  # darker, and stays so
    words = f"2 grey pictures .* no value above {white:,}: {white:,} "
    with pytest.warns(UserWarning, match=words):
        images = folder(tmp_path, 4).images
    assert images[:, 0, :, 0].tolist() == [[0, 127, 255, 0], [0, 127, 64, 0]]


def test_bytes_in_32_bits_are_bytes(tmp_path):
    deep(tmp_path / "a.tif", [0, 100, 255, 7], np.int32)
    with pytest.warns(UserWarning, match="255 was taken for white"):
        assert folder(tmp_path, 4).images[0, 0, :, 0].tolist() == [0, 100, 255, 7]


def test_both_splits_of_a_side_have_one_white(tmp_path):
    for name, level in (("trainA", 4095), ("testA", 900), ("trainB", 4095), ("testB", 900)):
        deep(tmp_path / name / "a.png", [level] * 4)
    with pytest.warns(UserWarning, match="4,095 was taken for white"):
        assert (sides(tmp_path, 4, "test").x == round(900 / 4095 * 255)).all()


@pytest.mark.parametrize("levels", [[0, 70_000], [-5, 10]])
def test_numbers_of_no_known_range_are_refused(tmp_path, levels):
    deep(tmp_path / "a.tif", levels, np.int32)
    with pytest.raises(ValueError, match="(?s)1 of 1 pictures.*a.tif .*nobody knows which of them "
                                         "is white"):
        folder(tmp_path)


def png_of_16_bits(level: int) -> bytes:
    """A colour PNG with 16 bits a channel, which Pillow can read but not write."""
    def part(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))
    rows = b"".join(b"\0" + struct.pack(">12H", *[level] * 12) for _ in range(4))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
            + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


def test_colours_of_12_bits_in_16_are_refused_instead_of_read_as_black(tmp_path):
    (tmp_path / "a.png").write_bytes(png_of_16_bits(4095))
    with pytest.raises(ValueError, match="1 colour pictures of 16 bits that are all but black"):
        folder(tmp_path)
    (tmp_path / "b.png").write_bytes(png_of_16_bits(65_535))        # one of them is bright
    assert folder(tmp_path, 4).images[:, 0, 0, 0].tolist() == [15, 255]


# --- endings -----------------------------------------------------------------------------------

def test_pictures_by_less_common_endings(tmp_path):
    paint(tmp_path / "jfif" / "a.jpg", BLUE, quality=100).rename(tmp_path / "jfif" / "a.JFIF")
    paint(tmp_path / "avif" / "a.avif", BLUE, quality=100)
    Image.new("RGB", (8, 8), BLUE).save(tmp_path / "a.gif", save_all=True, duration=50,
                                        append_images=[Image.new("RGB", (8, 8), RED)])
    (tmp_path / "gif").mkdir()
    (tmp_path / "a.gif").rename(tmp_path / "gif" / "a.gif")         # first frame blue, then red
    assert {".jfif", ".avif", ".gif"} <= set(ENDINGS)
    data = folder(tmp_path, 4)
    assert data.classes == ("avif", "gif", "jfif")
    assert (data.images[:, :, 0, 0] - torch.tensor(BLUE)).abs().max() <= 4


def test_heic_is_named_as_what_needs_converting(tmp_path):
    (tmp_path / "phone.HEIC").write_bytes(b"")
    words = "1 files that end in .heic or .heif cannot be read here. Convert them to JPEG or PNG"
    with pytest.raises(FileNotFoundError, match=words):
        folder(tmp_path)
    paint(tmp_path / "a.png")
    with pytest.warns(UserWarning, match=words):
        assert len(folder(tmp_path)) == 1
