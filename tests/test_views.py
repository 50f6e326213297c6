"""What the lab shows of a translation: the right pictures in the right rows, and decibels against the truth that nobody trained on."""
import numpy as np
import pytest
import torch

from gan_course import data, games, likeness, plots
from gan_course.data.pairs import PairSet
from gan_course.data.sets import scale
from gan_course.profile import seed_everything
from gan_course.widgets.lab.live import Live
from gan_course.widgets.lab.scenes import Scene
from gan_course.widgets.lab.views import (
    SCENES,
    SHOWN,
    ImagesView,
    PlaneView,
    TranslationView,
    view_of,
)


def translating(name="cyclegan", dataset=None):
    def build(**_):
        seed_everything(0)
        game, stream = games.load(name).demo()
        return game, stream if dataset is None else data.batches(dataset, 4, device="cpu")
    return Live(build, {"seed": 0})


@pytest.mark.parametrize("name, view", [("ring", PlaneView), ("moons", PlaneView), ("digits", ImagesView), ("edges", TranslationView)])
def test_each_kind_of_data_has_its_view(name, view):
    assert view_of(data.load(name)) is view


@pytest.mark.parametrize("name, title", [("gan", "real x, fake G(z), D's opinion"), ("vae", "real x, fake G(z)")])
def test_only_a_game_with_a_discriminator_shows_its_opinion(name, title):
    scene = Scene(translating(name))
    scene.update()
    assert scene.view.map.axes.get_title() == title
    assert (scene.view.map.get_array().std() > 0) == (name == "gan")


def test_a_translation_stands_above_the_truth_and_the_way_back():
    live = translating()
    scene, truth = Scene(live), data.load("seasons", "test")
    x, y = scale(truth.x[:SCENES]), scale(truth.y[:SCENES])
    game = live.training.game
    game.sample, game.back = lambda n, x: 0.5 * x, lambda y: y + 0.25
    scene.update()
    rows = [x, 0.5 * x, y, 0.5 * x + 0.25]
    expected = plots.sheet(torch.cat([row[:SHOWN] for row in rows]), SHOWN)
    assert np.array_equal(scene.view.page.get_array(), expected)
    assert scene.view.quality == pytest.approx(likeness.psnr(0.5 * x, y))
    assert [label.get_text() for label in scene.view.page.axes.get_yticklabels()] == ["x", "G(x)", "true y", "F(G(x))"]
    assert scene.view.page.axes.get_title() == "summer to winter"


def test_a_translator_that_copies_stands_on_the_line_of_the_copy():
    live = translating()
    scene = Scene(live)
    live.training.game.sample = lambda n, x: x
    scene.update()
    height = scene.view.level[0]
    assert scene.view.quality == height and f"{height:.1f} dB from the truth; x itself would be {height:.1f}" in scene.describe()
    assert scene.keep("A").row["dB"] == round(height, 2)
    assert scene.quality_line.get_ydata()[-1] == height and scene.quality_ax.get_title() == "G(x) against the truth, dB"


def test_pairs_of_your_own_have_no_hidden_truth():
    pictures = torch.randint(256, (20, 3, 32, 32), dtype=torch.uint8)
    scene = Scene(translating("pix2pix", PairSet("mine", pictures, pictures, ("A", "B"), paired=True)))
    assert scene.quality_ax is None and scene.view.quality is None and "dB" not in scene.describe()
    page = scene.view.page.get_array()
    assert page.shape[0] == 2 * 33 - 1 and np.array_equal(page[:32], plots.sheet(scale(pictures[:SHOWN]), SHOWN))


def test_looking_at_translations_with_noise_does_not_change_the_training():
    quiet, watched = translating("pix2pix"), translating("pix2pix")
    scene = Scene(watched)
    watched.play(1)
    scene.update()
    watched.play(1)
    quiet.play(2)
    seen, unseen = ([curve.points().tolist() for curve in live.read().values()] for live in (watched, quiet))
    assert seen == unseen
    assert len(scene.jpeg()) > 5000
