"""Printed characters: the factors are what the pictures show, and what was asked for is there."""
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from gan_course import data, likeness
from gan_course.data import fonts
from gan_course.data.glyphs import DIGITS, LETTERS, glyphs, glyphs_colour, glyphs_plain, letters
from gan_course.data.sets import Factors, ImageSet, scale
from gan_course.paths import ROOT

FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
STILL = {"slant": 0, "width": 1, "height": 1, "rotation": 0, "x": 0, "y": 0}
ONE_FACE = {"family": "DejaVu Sans", "bold": 0, "italic": 0}


def moments(dataset: ImageSet):
    """Area, centre (x, y) and covariance of each picture's ink, in sides; y downwards."""
    ink = dataset.images[:, 0].double() / 255
    size = ink.shape[-1]
    place = (torch.arange(size).double() + 0.5) / size - 0.5
    area = ink.sum(dim=(1, 2))
    x = (ink.sum(dim=1) * place).sum(dim=1) / area
    y = (ink.sum(dim=2) * place).sum(dim=1) / area
    dx, dy = place - x[:, None], place - y[:, None]
    xx, yy = ((ink.sum(dim=k) * d**2).sum(dim=1) / area for k, d in ((1, dx), (2, dy)))
    xy = torch.einsum("nij,ni,nj->n", ink, dy, dx) / area
    return area / size**2, (x, y), (xx, xy, yy)


def spread_within(classes: torch.Tensor, values: torch.Tensor) -> float:
    """The largest standard deviation of the values of one class."""
    return max(values[classes == k].std().item() for k in classes.unique())


# --- what every lesson relies on ---------------------------------------------------------------

@pytest.mark.parametrize(("name", "shape", "classes"), [
    ("glyphs", (1, 28, 28), DIGITS), ("glyphs_plain", (1, 28, 28), DIGITS),
    ("glyphs_colour", (3, 32, 32), DIGITS), ("letters", (1, 28, 28), LETTERS)])
def test_each_set_is_loaded_like_the_others(name, shape, classes, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    train, test = data.load(name), data.load(name, "test")
    assert train.name == test.name == name and train.data_shape == test.data_shape == shape
    assert train.classes == tuple(classes) and (len(train), len(test)) == (2080, 520)
    for split in (train, test):
        assert len(set(split.labels.bincount().tolist())) == 1      # as many of each class
        assert torch.equal(split.factors["character"].long(), split.labels)
    assert data.load(name) is train                                 # drawn once
    monkeypatch.setenv("GAN_COURSE_PROFILE", "laptop")
    assert len(data.load(name, "test")) >= 2_000
    x, y = next(data.batches(name, 16, device="cpu"))
    assert x.shape == (16, *shape) and y.shape == (16,) and x.min() >= -1 and x.max() <= 1
    if shape[0] == 1:
        assert x.min() == -1 and x.max() == 1                       # black paper, white ink


def test_pictures_come_in_other_sizes_with_the_same_factors():
    sets = [glyphs(n=200, size=size) for size in (16, 28, 32)]
    assert [one.data_shape for one in sets] == [(1, 16, 16), (1, 28, 28), (1, 32, 32)]
    assert all(torch.equal(one.factors.table, sets[0].factors.table) for one in sets)
    areas = [moments(one)[0] for one in sets]                       # averaging down keeps the ink
    assert torch.allclose(areas[0], areas[2], rtol=0.01)
    assert torch.allclose(areas[1], areas[2], rtol=0.01)
    assert data.load("glyphs_plain", "test", size=16).data_shape == (1, 16, 16)


def test_the_arguments_decide_the_pictures():
    for draw in (glyphs, glyphs_colour):
        first, same, other = draw(n=60), draw(n=60), draw(n=60, seed=1)
        assert torch.equal(first.images, same.images)               # the grain too
        assert torch.equal(first.factors.table, same.factors.table)
        assert not torch.isin(first.factors["slant"], other.factors["slant"]).any()


def test_train_and_test_have_no_picture_in_common():
    for seed in (0, 1):
        train, test = (set(map(tuple, glyphs(split, n=2000, seed=seed).factors.table.tolist()))
                       for split in ("train", "test"))
        assert len(train) == len(test) == 2000 and not train & test


def test_another_machine_draws_the_same():
    """The factors to the last digit; pixels may differ by a grey level."""
    dataset = glyphs(n=500)
    assert dataset.labels[:12].tolist() == [4, 8, 2, 6, 7, 1, 7, 4, 5, 3, 3, 4]
    first = [4, 0, 0, 1, -0.021906, 1.07824, 1.079386, -8.866498, -0.046551, -0.02593]
    assert dataset.factors.table[0].tolist() == pytest.approx(first, abs=1e-6)
    assert dataset.images.double().mean().item() == pytest.approx(25.51, abs=0.05)


def test_factors_are_read_by_name():
    factors = glyphs_colour(n=20).factors
    assert factors.names == ("character", "family", "bold", "italic", "slant", "width", "height",
                             "rotation", "x", "y", "ink_hue", "paper_hue")
    assert factors.table.shape == (20, 12) and len(factors.units) == 12
    assert torch.equal(factors["bold"], factors.table[:, 2])
    assert "degrees" in factors.units[7] and "2 DejaVu Serif" in factors.units[1]
    with pytest.raises(KeyError, match="no factor 'boldness'. There are: character, family, bold"):
        factors["boldness"]
    with pytest.raises(ValueError, match="2 images but factors of 3"):
        ImageSet("odd", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(2), ("a",),
                 Factors(torch.zeros(3, 1), ("a",), ("b",)))


def test_matplotlib_is_imported_only_to_draw():
    code = "import sys; import gan_course.data.glyphs; assert 'matplotlib' not in sys.modules"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


# --- the factors, measured in the pixels -------------------------------------------------------

def test_position_is_where_the_ink_is():
    dataset = glyphs(n=200, present=STILL | ONE_FACE | {"x": (-0.1, 0.1), "y": (-0.1, 0.1)})
    _, (x, y), _ = moments(dataset)
    assert spread_within(dataset.labels, x - dataset.factors["x"]) < 0.0005         # in sides
    assert spread_within(dataset.labels, y - dataset.factors["y"]) < 0.0005


def test_slant_is_the_shear_of_the_second_moments():
    """x' = x - slant y, with y downwards; a 0 and an 8 are nearly their own mirror images."""
    dataset = glyphs_plain(n=200, characters="08")
    *_, (_, xy, yy) = moments(dataset)
    assert torch.allclose(-xy / yy, dataset.factors["slant"].double(), atol=0.02)


def test_rotation_turns_the_long_axis_against_the_clock():
    dataset = glyphs(n=200, characters="0", present=STILL | ONE_FACE | {"rotation": (-40, 40)})
    *_, (xx, xy, yy) = moments(dataset)
    from_upright = 0.5 * torch.atan2(2 * xy, yy - xx).rad2deg()     # + : to the left at the top
    assert torch.allclose(from_upright, dataset.factors["rotation"].double(), atol=1.0)


@pytest.mark.parametrize(("name", "low", "high"), [("width", 0.5, 1.3), ("height", 0.6, 1.2)])
def test_width_and_height_stretch_the_ink(name, low, high):
    dataset = glyphs(n=300, present=STILL | ONE_FACE | {name: (low, high)})
    area, _, (xx, _, yy) = moments(dataset)
    factor = dataset.factors[name].double()
    along, across = (xx, yy) if name == "width" else (yy, xx)
    assert spread_within(dataset.labels, area / factor) < 0.003
    assert spread_within(dataset.labels, (along.sqrt() / factor)) < 0.003
    assert spread_within(dataset.labels, across.sqrt()) < 0.001


def test_the_ink_is_mapped_by_all_factors_together():
    """Covariance = A covariance_at_rest A^T, where A first stretches, then slants, then turns."""
    at_rest = moments(glyphs(characters="4", n=1, present=STILL | ONE_FACE))[2]
    dataset = glyphs(characters="4", n=200, present=ONE_FACE)
    slant, width, height, rotation = (dataset.factors[name].double() for name in
                                      ("slant", "width", "height", "rotation"))
    one, none = torch.ones(200).double(), torch.zeros(200).double()
    cos, sin = rotation.deg2rad().cos(), rotation.deg2rad().sin()

    def matrix(a, b, c, d):
        return torch.stack([a, b, c, d], dim=1).reshape(200, 2, 2)
    A = matrix(cos, sin, -sin, cos) @ matrix(one, -slant, none, one) @ matrix(width, none, none, height)
    xx, xy, yy = (value.item() for value in at_rest)
    expected = A @ torch.tensor([[xx, xy], [xy, yy]]).double() @ A.mT
    xx, xy, yy = moments(dataset)[2]
    off = matrix(xx, xy, xy, yy) - expected
    assert (off.abs().amax(dim=(1, 2)) / expected.diagonal(dim1=1, dim2=2).sum(dim=1)).max() < 0.02


def test_bold_has_more_ink_than_light_of_the_same_face():
    dataset = glyphs(n=3000, present=STILL)
    area, factors = moments(dataset)[0], dataset.factors
    for face in range(16):
        family, italic, character = face // 4, face // 2 % 2, factors["character"]
        of_face = (factors["family"] == family) & (factors["italic"] == italic)
        for k in range(10):
            here = of_face & (character == k)
            bold, light = area[here & (factors["bold"] == 1)], area[here & (factors["bold"] == 0)]
            assert bold.min() > 1.1 * light.max()


def test_italic_faces_lean_by_themselves():
    dataset = glyphs(n=2000, present=STILL, characters="08")
    *_, (_, xy, yy) = moments(dataset)
    lean, italic = -xy / yy, dataset.factors["italic"] == 1
    assert lean[italic].min() > 0.1 > 0.08 > lean[~italic].abs().max()


def test_hues_are_those_of_ink_and_paper():
    dataset, grey = glyphs_colour(n=300), glyphs(n=300, size=32)    # the same scenes
    assert torch.equal(dataset.factors.table[:, :10], grey.factors.table)
    x, cover = scale(dataset.images), grey.images[:, 0]
    for name, mask, tolerance in (("ink_hue", cover > 250, 3), ("paper_hue", cover == 0, 3)):
        seen = mask.sum(dim=(1, 2)) > 5
        off = (likeness.hue(x, mask) - dataset.factors[name] + 180) % 360 - 180
        assert seen.float().mean() > 0.9 and off[seen].abs().max() < tolerance


def test_ink_is_darker_than_paper_and_only_paper_is_grainy():
    x, cover = glyphs_colour(n=300).images.float(), glyphs(n=300, size=32).images[:, 0]
    ink, paper = (cover > 250)[:, None].expand_as(x), (cover == 0)[:, None].expand_as(x)
    brightness = x.mean(dim=1)
    for one, inked, bare in zip(brightness, cover > 250, cover == 0, strict=True):
        if inked.sum() > 5:
            assert one[inked].mean() + 80 < one[bare].mean()
    sd = torch.stack([one[:, bare].std(dim=1) for one, bare in zip(x, cover == 0, strict=True)])
    assert 5 < sd.min() and sd.max() < 10                           # grey levels
    rough = [one[:, inked].std(dim=1).max() for one, inked in zip(x, cover == 255, strict=True)
             if inked.sum() > 20]
    assert max(rough) < 1 and ink.any() and paper.any()


def test_edges_are_soft_and_sharp():
    """An edge passes through grey and is about two pixels wide: not jagged, not blurred."""
    dataset = glyphs(n=200, characters="17", present=STILL | ONE_FACE | {"x": (-0.05, 0.05)})
    row = dataset.images[:, 0, 16].int()                            # across the stem
    assert (row.amax(dim=1) > 150).all()
    grey = ((row > 12) & (row < 243)).sum(dim=1)
    assert grey.max() <= 4 and grey.float().mean() > 1
    slow = glyphs(n=100, characters="8", present=STILL | ONE_FACE | {"x": (0, 1 / 28)})
    order = slow.factors["x"].argsort()                             # by a hundredth of a pixel
    steps = slow.images[order].float().diff(dim=0).abs().amax(dim=(1, 2, 3))
    assert steps.max() < 30


@pytest.mark.parametrize("draw", [glyphs, glyphs_plain, letters])
def test_nothing_is_cut_off(draw):
    images = draw("test", n=2600).images[:, 0]
    frame = torch.cat([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], dim=1)
    most = frame.amax(dim=1)
    assert (most > 0).float().mean() < 0.01 and (most > 127).float().mean() < 0.002


def test_the_factors_are_independent_and_all_faces_are_there():
    factors = glyphs_colour().factors
    off_diagonal = np.corrcoef(factors.table.numpy().T) - np.eye(12)
    assert np.abs(off_diagonal).max() < 0.05
    faces = factors.table[:, :4].unique(dim=0)
    assert len(faces) == 160                                        # 10 digits in 4 x 2 x 2 faces


def test_plain_varies_in_slant_and_width_only():
    factors = data.load("glyphs_plain").factors
    spread = dict(zip(factors.names, factors.table.std(dim=0).tolist(), strict=True))
    assert {name for name, sd in spread.items() if sd > 0} == {"character", "slant", "width"}
    assert factors["slant"].abs().max() <= 0.5 and factors["slant"].std() > 0.28
    assert 0.6 <= factors["width"].min() and factors["width"].max() <= 1.3


# --- what a lesson can ask for -----------------------------------------------------------------

def test_a_combination_is_left_out_and_all_others_are_there():
    dataset = glyphs(n=4000, absent=[{"character": "7", "bold": 1}, {"character": "3", "bold": 0}])
    bold = dataset.factors["bold"] == 1
    counts = torch.stack([dataset.labels[~bold].bincount(minlength=10),
                          dataset.labels[bold].bincount(minlength=10)])
    assert counts[1, 7] == 0 and counts[0, 3] == 0
    assert counts[0, 7] == counts[1, 3] == 400                      # the classes stay balanced
    others = [k for k in range(10) if k not in (3, 7)]
    assert counts[:, others].min() > 150
    for k in (3, 7):                                                # in all other respects as ever
        assert len(dataset.factors.table[dataset.labels == k, 1:4].unique(dim=0)) == 8
        assert dataset.factors["slant"][dataset.labels == k].std() > 0.15


def test_a_range_can_be_left_out():
    absent = {"family": ["STIXGeneral", "DejaVu Serif"], "slant": (0, 0.2)}
    factors = glyphs(n=2000, absent=absent).factors
    serif = factors["family"] >= 2
    between = (factors["slant"] >= 0) & (factors["slant"] <= 0.2)
    assert not between[serif].any() and between[~serif].any()
    assert factors["slant"][serif].min() < -0.3 and factors["slant"][serif].max() > 0.3
    assert serif.float().mean() > 0.2


def test_a_class_is_rare():
    dataset = glyphs(characters="37", n=2000, shares={"7": 0.05})
    assert dataset.classes == ("3", "7") and dataset.labels.bincount().tolist() == [1900, 100]
    assert dataset.labels[:1000].bincount()[1] > 25                 # and not all at the end
    counts = glyphs(n=1000, shares={"0": 0.5, "9": 0}).labels.bincount(minlength=10)
    assert counts[0] == 500 and counts[9] == 0 and set(counts[1:9].tolist()) <= {62, 63}


@pytest.mark.parametrize(("first", "second", "least"), [
    ("slant", "width", 0.85), ("bold", "slant", 0.7), ("slant", "bold", 0.7),
    ("character", "rotation", 0.8), ("rotation", "character", 0.8), ("character", "italic", 0.7)])
def test_two_factors_go_together_and_each_keeps_its_distribution(first, second, least):
    free, bound = glyphs(n=2000).factors, glyphs(n=2000, correlate=(first, second, 0.9)).factors
    assert spearmanr(bound[first], bound[second]).statistic > least
    back = glyphs(n=2000, correlate=(first, second, -0.9)).factors
    assert spearmanr(back[first], back[second]).statistic < -least
    for name in free.names:
        assert torch.equal(free[name].sort().values, bound[name].sort().values)
        for other in bound.names:                                   # and nothing else does
            if name < other and {name, other} != {first, second}:
                assert abs(spearmanr(bound[name], bound[other]).statistic) < 0.1


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.5, 1.0])
def test_the_correlation_is_as_strong_as_asked_for(correlation):
    """A Gaussian copula with correlation r has the rank correlation 6 arcsin(r / 2) / pi."""
    factors = glyphs(n=2000, correlate=("slant", "width", correlation)).factors
    expected = 6 / np.pi * np.arcsin(correlation / 2)
    found = spearmanr(factors["slant"], factors["width"]).statistic
    assert found == pytest.approx(expected, abs=0.06)


def test_a_correlation_shows_in_the_pictures():
    dataset = glyphs(n=1000, present=STILL | ONE_FACE | {"slant": (-0.3, 0.3)}, characters="08",
                     correlate=("character", "slant", 1.0))
    *_, (_, xy, yy) = moments(dataset)
    lean = -xy / yy
    assert lean[dataset.labels == 0].max() < 0.05 < 0.25 < lean[dataset.labels == 1].max()


def test_hues_go_with_the_digit():
    factors = glyphs_colour(n=1000, correlate=("character", "ink_hue", 0.95)).factors
    assert spearmanr(factors["character"], factors["ink_hue"]).statistic > 0.9
    assert abs(spearmanr(factors["character"], factors["paper_hue"]).statistic) < 0.1


def test_what_is_present_can_be_chosen():
    factors = glyphs(n=500, present={"family": ("DejaVu Serif", "STIXGeneral"), "italic": False,
                                     "rotation": (-45, 45), "x": 0.02}).factors
    assert factors["family"].unique().tolist() == [2, 3] and factors["italic"].max() == 0
    assert factors["rotation"].abs().max() > 40
    assert factors["x"].unique().tolist() == pytest.approx([0.02])
    assert glyphs_plain(n=200, present={"bold": 1}).factors["bold"].min() == 1


@pytest.mark.parametrize(("wrong", "words"), [
    ({"size": 4}, "size is 4; choose a whole number of pixels from 8 to 64"),
    ({"n": 0}, "n is 0"),
    ({"characters": ""}, "characters are ''"),
    ({"characters": "77"}, "characters are '77'; give each that you want once"),
    ({"present": {"boldness": 1}}, "no factor 'boldness'. There are: character, family, bold"),
    ({"present": {"ink_hue": 1}}, "no factor 'ink_hue'"),           # not in grey
    ({"present": {"character": "7"}}, "with characters="),
    ({"present": {"family": "Comic Sans"}}, "it can only be: DejaVu Sans, DejaVu Sans Mono"),
    ({"present": {"slant": (0.3, -0.3)}}, r"slant is \(0.3, -0.3\); give one number or"),
    ({"present": {"width": (0, 1)}}, "must be above 0"),
    ({"absent": {"character": "x", "bold": 1}}, "character is 'x'; it can only be: 0, 1, 2"),
    ({"absent": {"character": "7"}}, "leaves nothing of 7. Leave a whole character out with"),
    ({"absent": {"bold": (0, 1)}}, "leaves nothing of 0, 1, 2, 3"),
    ({"shares": {"x": 0.1}}, "give some of '0123456789' a share from 0 to 1"),
    ({"shares": {"7": -0.1}}, "a share from 0 to 1"),
    ({"shares": {"7": 0.6, "3": 0.6}}, "which makes 1.2; all together must make 1"),
    ({"characters": "37", "shares": {"7": 0.5, "3": 0.1}}, "which makes 0.6"),
    ({"correlate": ("bold", "slat", 0.5)}, "no factor 'slat'"),
    ({"correlate": ("bold", "italic", 0.5)}, "they come from one draw"),
    ({"correlate": ("bold", "slant", 1.5)}, "The correlation is 1.5; choose one from -1 to 1"),
    ({"split": "valid"}, "no split 'valid'; choose train or test")])
def test_what_cannot_be_drawn_is_refused_in_words(wrong, words):
    with pytest.raises(ValueError, match=words):
        glyphs(**{"n": 40} | wrong)


# --- fonts -------------------------------------------------------------------------------------

def test_the_fonts_are_matplotlibs_own():
    files = fonts._files(None)
    assert len(files) == 16 and {file.parent for file in files} == {FONTS}
    faces = fonts.faces(DIGITS + LETTERS)
    styles = {(face.family, face.bold, face.italic) for face in faces}
    assert len(styles) == 16 and len({family for family, *_ in styles}) == 4
    tiles = torch.stack([face.tiles for face in faces]).flatten(0, 1)
    assert tiles.shape == (16 * 36, 128, 128) and (tiles.flatten(1).amax(dim=1) == 255).all()
    assert len(tiles.flatten(1).unique(dim=0)) == 16 * 36           # no two drawings are alike


def test_missing_fonts_of_matplotlib_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="has no DejaVuSans.ttf.*Install matplotlib again"):
        fonts.faces("0")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("DejaVuSerif-Bold.ttf", "cmtt10.ttf"):
        shutil.copy(FONTS / name, tmp_path / "mine" / name)
    (tmp_path / "licence.txt").write_text("not a font")
    return tmp_path


def test_your_own_fonts_are_drawn(folder):
    dataset = glyphs(fonts=folder, n=200, present=STILL)
    factors = dataset.factors
    assert factors.units[1] == "0 DejaVu Serif, 1 cmtt10" and factors["italic"].max() == 0
    assert torch.equal(factors["bold"] == 1, factors["family"] == 0)
    of_course = glyphs(n=2000, present=STILL | {"family": "DejaVu Serif", "bold": 1, "italic": 0})
    mine = dataset.images[(factors["family"] == 0) & (dataset.labels == 5)][0]
    assert torch.equal(mine, of_course.images[of_course.labels == 5][0])
    assert letters(fonts=str(folder), n=26).classes == tuple(LETTERS)
    shutil.copy(FONTS / "cmss10.ttf", folder / "new.ttf")           # one that comes later is seen
    assert len(glyphs(fonts=folder, n=50).factors["family"].unique()) == 3


def test_folders_without_fonts_are_refused_in_words(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere"):
        glyphs(fonts=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no fonts in .*empty. Fonts are files that end in"):
        glyphs(fonts=tmp_path / "empty")


def test_a_broken_font_is_named(folder):
    whole = (folder / "mine" / "cmtt10.ttf").read_bytes()
    for broken in (b"", b"no font at all", whole[:2000]):
        (folder / "half.ttf").write_bytes(broken)
        with pytest.raises(ValueError, match="half.ttf cannot be read as a font.*Remove it"):
            glyphs(fonts=folder)


def test_characters_that_a_font_lacks_are_named(folder):
    shutil.copy(FONTS / "STIXSizFiveSymReg.ttf", folder / "symbols.ttf")
    with pytest.raises(ValueError, match="symbols.ttf does not have these characters: 0 1 2"):
        glyphs(fonts=folder)


def test_a_character_of_several_parts_keeps_them_apart(folder):
    dataset = glyphs(characters="i", fonts=folder, n=1, present=STILL, size=64)
    rows = dataset.images[0, 0].amax(dim=1)
    inked = (rows > 60).int()
    assert inked.diff().abs().sum() == 4                            # the dot, a gap, the stem
