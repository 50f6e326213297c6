"""The sliders for a trained generator show what `latent` says, for images, for points, and for a generator that is told a class."""
import base64
import re

import pytest
import torch
from torch import nn

from gan_course import data, latent, nets, plots
from gan_course.data.described import Described
from gan_course.widgets import explore as explore_module
from gan_course.widgets.generator import classes, interpolation, labels, latent_axes, truncation


class Told(nn.Module):
    """z and a class -> an image."""

    z_dim = 3

    def __init__(self):
        super().__init__()
        self.of_z, self.of_y = nn.Linear(3, 16), nn.Embedding(4, 16)

    def forward(self, z, y):
        return torch.tanh(self.of_z(z) + self.of_y(y)).view(-1, 1, 4, 4)


def images():
    torch.manual_seed(0)
    return nets.MLPGenerator(3, (1, 4, 4), 8, batchnorm=True)


def points():
    torch.manual_seed(0)
    return nets.MLPGenerator(2, (2,), 8)


@pytest.fixture
def page(monkeypatch):
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(explore_module, "display", shown.append)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    return shown


def png(box):
    """The picture under the sliders, as it is on the page."""
    return base64.b64decode(re.search(r'base64,([^"]+)"', box.children[-1].value)[1])


def of(x, titles=None):
    return plots.png(latent.Picture(x, titles=titles).show(x))


def test_each_number_of_z_has_its_slider(page):
    G = images()
    latent_axes(G, axes=(0, 2), seed=5)
    box, z = page[0], latent.noise(G, 16, seed=5)
    assert [slider.description for slider in box.children[:-1]] == ["number 0 of z", "number 2 of z"]
    assert png(box) == of(nets.generate(G, latent.along(z, {0: 0.0, 2: 0.0})))
    box.children[1].value = -2.5
    assert png(box) == of(nets.generate(G, latent.along(z, {0: 0.0, 2: -2.5})))
    assert "16 samples; in all of them number 0 of z is 0.0, number 2 of z is -2.5." in box.children[-1].value


@pytest.mark.parametrize("z_dim, labels", [(1, ["number 0 of z"]), (3, ["number 0 of z", "number 1 of z"])])
def test_unless_told_otherwise_the_first_two_numbers_have_sliders_if_there_are_two(page, z_dim, labels):
    latent_axes(nets.MLPGenerator(z_dim, (1, 4, 4), 8))
    assert [slider.description for slider in page[0].children[:-1]] == labels


def test_a_number_that_z_does_not_have_is_refused_at_once(page):
    with pytest.raises(ValueError, match="there is no number 3"):
        latent_axes(images(), axes=(3,))


def test_from_one_z_to_another_with_both_ends_in_sight(page):
    G, titles = images(), ["start", "on the way", "end"]
    interpolation(G)
    (t, path, _), (a, b) = page[0].children, latent.noise(G, 16).chunk(2)
    first, last = nets.generate(G, a), nets.generate(G, b)
    t.value = 0.0
    assert png(page[0]) == of(torch.cat([first, first, last]), titles)
    t.value, path.value = 0.3, "spherical"
    assert png(page[0]) == of(torch.cat([first, nets.generate(G, latent.spherical(a, b, 0.3)), last]), titles)
    path.value = "straight"
    assert png(page[0]) == of(torch.cat([first, nets.generate(G, latent.straight(a, b, 0.3)), last]), titles)
    assert "8 samples at 0.3 of the straight way" in page[0].children[-1].value


def test_the_threshold_is_the_slider_s(page):
    G = images()
    truncation(G, seed=2)
    page[0].children[0].value = 0.25
    assert png(page[0]) == of(nets.generate(G, latent.truncate(latent.noise(G, 16, seed=2), 0.25)))
    assert "no number of their z is beyond 0.25" in page[0].children[-1].value


def test_the_class_that_is_asked_for_is_drawn_from_the_same_z(page):
    G = Told()
    classes(G, ("cat", "dog", "cow", "hen"))
    slider, z = page[0].children[0], latent.noise(G, 16)
    assert png(page[0]) == of(nets.generate(G, z, 0))
    slider.value = "cow"
    assert png(page[0]) == of(nets.generate(G, z, 2)) and "16 samples of the class cow." in page[0].children[-1].value


def test_each_label_that_is_asked_for_has_a_slider(page):
    G = Told()
    G.forward = lambda z, y: torch.tanh(G.of_z(z) + G.of_y(y[:, 0] % 4) * (1 + y[:, 1:])).view(-1, 1, 4, 4)
    labels(G, Described(data.load("glyphs", "test"), ["character", "bold"]))
    character, bold, z = page[0].children[0], page[0].children[1], latent.noise(G, 16)
    character.value, bold.value = "7", "bold"
    assert png(page[0]) == of(nets.generate(G, z, torch.tensor([[7, 1]]).repeat(16, 1)))
    assert "16 samples asked for as character = 7, bold = bold." in page[0].children[-1].value


@pytest.mark.parametrize("explorer", [latent_axes, interpolation, truncation])
def test_a_generator_that_is_told_a_class_stays_with_it(page, explorer):
    G = Told()
    asked = []
    G.register_forward_pre_hook(lambda _, inputs: asked.append(inputs[1].unique().tolist()))
    explorer(G, y=3)
    assert asked and all(y == [3] for y in asked)


@pytest.mark.parametrize("explorer", [latent_axes, interpolation, truncation])
def test_points_in_the_plane_move_too(page, explorer):
    explorer(points())
    before = png(page[0])
    page[0].children[0].index -= 1
    assert png(page[0]) != before and '0 samples' in page[0].children[-1].value


@pytest.mark.parametrize("explorer", [latent_axes, interpolation, truncation])
def test_without_a_front_end_a_plain_picture_is_shown(page, monkeypatch, explorer):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    explorer(images())
    assert "<img" in page[0]["text/html"] and "samples" in page[0]["text/plain"]
