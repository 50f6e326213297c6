"""Small data sets: what an experiment wants is cut down to what there is, and it is said."""
import numpy as np
import pytest
import torch

from gan_course.data import ImageSet
from gan_course.data.digits import digits
from gan_course.data.enough import at_most, equal_shares, some_labelled, with_classes


def images(*labels: int, classes="abc") -> ImageSet:
    """Picture i is all of grey level i."""
    levels = torch.arange(len(labels), dtype=torch.uint8).reshape(-1, 1, 1, 1)
    return ImageSet("few", levels, torch.tensor(labels), tuple(classes))


def test_at_most():
    assert at_most((10, 100, 1000), 649) == [10, 100, 649]          # digits, half of them
    assert at_most((10, 100, 1000), 4000) == [10, 100, 1000]
    assert at_most((16, 64, 256), 34) == [16, 34] and at_most([64], 3) == [3]


def test_rare_classes_are_left_out_and_named(capsys):
    train, test = images(0, 1, 2, 2, 0), images(2, 1, 0)
    train, test = with_classes(train, test, 2)
    assert "fewer than 2 training images: b." in capsys.readouterr().out
    assert train.classes == test.classes == ("a", "c")
    assert train.labels.tolist() == [0, 1, 1, 0] and test.labels.tolist() == [1, 0]
    assert train.images.flatten().tolist() == [0, 2, 3, 4]
    assert test.images.flatten().tolist() == [0, 2]


def test_nothing_is_said_where_nothing_is_left_out(capsys):
    train, test = digits("train"), digits("test")
    assert with_classes(train, test, 10) == (train, test) and capsys.readouterr().out == ""


def test_balanced_gives_as_many_as_the_rarest_class_has():
    labels = torch.tensor([0] * 95 + [1] * 5)
    rows = equal_shares(labels, 10, seed=3)
    assert labels[rows].tolist() == [0] * 5 + [1] * 5 and len(set(rows.tolist())) == 10
    assert torch.equal(rows, equal_shares(labels, 10, seed=3))
    assert not torch.equal(rows, equal_shares(labels, 10, seed=4))
    assert digits().labels[equal_shares(digits().labels, 10)].bincount().tolist() == [10] * 10


def test_labels_are_of_two_classes_at_least():
    labels = np.repeat([0, 1], [95, 5])
    for seed in range(40):
        rows = some_labelled(labels, 4, seed)
        assert len(set(rows.tolist())) == 4 and set(labels[rows]) == {0, 1}
        assert (rows == some_labelled(labels, 4, seed)).all()


def test_labels_are_those_of_an_ordinary_draw_where_it_will_do():
    labels = np.arange(1000) % 6
    rows = np.random.default_rng(7).choice(1000, 100, replace=False)
    assert (some_labelled(labels, 100, 7) == rows).all()


@pytest.mark.parametrize(("labels", "n"), [([1, 1, 1], 2), ([0, 1, 0], 1)])
def test_one_class_or_one_label_is_refused(labels, n):
    with pytest.raises(ValueError, match="Two classes at least, and two labels"):
        some_labelled(np.array(labels), n)
