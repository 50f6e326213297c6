"""The gallery of README and notebook 00: made by a command, from the milestones that come with the course."""
import numpy as np
import pytest
import torch
from PIL import Image

from gan_course import judge, milestones
from gan_course.data import captions
from gan_course.lessons import gallery
from gan_course.paths import ROOT


def test_the_command_writes_every_sheet_of_the_gallery(tmp_path):
    gallery.main([str(tmp_path / "gallery.png")])
    with Image.open(tmp_path / "gallery.png") as drawn, Image.open(ROOT / "docs" / "gallery.png") as stored:
        stale = "docs/gallery.png is out of date: python -m gan_course.lessons.gallery docs/gallery.png"
        assert drawn.size == stored.size, stale
        one, other = (np.asarray(each.convert("RGB"), dtype=float) for each in (drawn, stored))
        assert np.abs(one - other).mean() < 5, stale                # another processor may round otherwise


def test_each_sentence_of_the_gallery_is_understood_and_drawn():
    assert all(not captions.read(sentence).unknown for sentence in gallery.SENTENCES)
    read = judge.load("glyphs_colour").probabilities(gallery.written()).argmax(dim=1)
    assert (read == torch.tensor([7, 2, 8, 5]).repeat_interleave(4)).float().mean() > 0.8, "chance is 0.1"


def test_missing_weights_are_named_with_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(milestones, "FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m gan_course.milestones dcgan_letters"):
        gallery.drawn_by("dcgan_letters")
