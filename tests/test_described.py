"""Images with several labels each."""
import pytest
import torch

from gan_course import data, judge
from gan_course.data.described import Described
from gan_course.data.sets import scale

GLYPHS = data.load("glyphs", "test")
THREE = ["character", "bold", "family"]


def test_labels_are_the_factors_behind_the_images():
    described = Described(GLYPHS, THREE)
    assert described.sizes == (10, 2, 4) and described.y.shape == (len(GLYPHS), 3)
    assert torch.equal(described.y[:, 0], GLYPHS.labels) and torch.equal(described.y[:, 1], GLYPHS.factors["bold"].long())
    assert described.words(torch.tensor([7, 1, 2])) == "7 bold DejaVu Serif"


def test_a_set_without_factors_has_its_classes():
    digits = data.load("digits", "test")
    described = Described(digits, ["class"])
    assert described.sizes == (10,) and torch.equal(described.y[:, 0], digits.labels)
    with pytest.raises(ValueError, match="digits has no label 'bold'. It has: class"):
        Described(digits, ["class", "bold"])


def test_batches_hold_images_beside_their_own_labels_and_can_be_continued():
    described = Described(GLYPHS, THREE)
    stream = data.batches(described, 64, seed=3, device="cpu")
    state, (x, y) = stream.state(), next(stream)
    images = scale(described.x)
    for one, labels in zip(x, y, strict=True):
        row = (images == one).flatten(1).all(1).nonzero()[0, 0]
        assert torch.equal(described.y[row], labels)
    stream.restore(state)
    assert torch.equal(next(stream).x, x)


def test_every_combination_comes_once_and_a_sheet_has_a_column_for_each_first_label():
    described = Described(GLYPHS, THREE)
    assert len(described.combinations().unique(dim=0)) == len(described.combinations()) == 80
    sheet, names = described.sheet()
    assert sheet.view(8, 10, 3)[:, :, 0].tolist() == [list(range(10))] * 8
    assert names[:2] == ["regular DejaVu Sans", "regular DejaVu Sans Mono"] and len(names) == 8
    sheet, names = Described(data.load("digits"), ["class"]).sheet(least=3)
    assert sheet.flatten().tolist() == [*range(10)] * 3 and names == ["", "", ""]


def test_examples_have_the_labels_that_were_asked_for():
    described = Described(GLYPHS, THREE)
    asked = described.combinations()
    read = judge.named(judge.load("glyphs"), described.examples(asked), THREE)
    assert (read[:, :2] == asked[:, :2]).double().mean() > 0.98
    same = described.examples(torch.tensor([[7, 1, 0]] * 9))
    assert len(same.flatten(1).unique(dim=0)) > 4, "not the same one again and again"
    without = Described(data.load("digits"), ["class"])
    without.y = without.y.clamp(max=8)
    with pytest.raises(ValueError, match="No image of digits is “9”"):
        without.examples(torch.tensor([[3], [9]]))


def test_the_joint_label_is_the_number_of_the_combination():
    described = Described(GLYPHS, ["character", "bold"])
    joint = described.joint()
    assert joint.sizes == (20,) and joint.words(torch.tensor([15])) == "7 bold"
    assert torch.equal(described.combinations()[joint.y[:, 0]], described.y)
    assert described.sizes == (10, 2), "the original stays as it is"


def test_having_finds_the_images_with_all_the_labels():
    described = Described(GLYPHS, ["character", "bold"])
    found = described.having(7, 1)
    assert 0 < found.sum() < len(described) and (described.y[found] == torch.tensor([7, 1])).all()


def test_a_judge_without_readers_names_classes_only():
    x = data.load("digits", "test").take(50)
    read = judge.named(judge.load("digits"), x, ["class"])
    assert read.shape == (50, 1)
    with pytest.raises(ValueError, match="reads no factors"):
        judge.named(judge.load("digits"), x, ["class", "bold"])
