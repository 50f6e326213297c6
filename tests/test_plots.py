"""Figures carry their description, keep to the page, and show what they are given."""
import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from gan_course import data, losses, metrics, nets, plots
from gan_course.games.gan import GAN
from gan_course.training import play
from gan_course.widgets import explore as explore_module
from gan_course.widgets.explore import Slider, explore


def picture(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', html)[1]))).convert("RGB")


def test_an_image_carries_its_alt_text_escaped():
    fig, _ = plots.canvas(width=2, height=1)
    assert 'alt="p &lt; q &quot;here&quot;"' in plots.img(fig, 'p < q "here"')


def test_a_figure_without_alt_text_is_refused():
    with pytest.raises(ValueError, match="needs an alt text"):
        plots.img(plots.canvas()[0], " ")


def test_a_figure_wider_than_the_page_is_refused():
    with pytest.raises(ValueError, match="at most 9 inches"):
        plots.canvas(width=12)


def test_the_gallery_shows_every_image_in_its_place_and_its_greys():
    images = torch.full((6, 1, 4, 4), -1.0)
    images[4] = 1.0                                                 # second row of three, second column: white
    fig = plots.gallery(images, columns=3)
    sheet = fig.axes[0].images[0].get_array()
    assert sheet.shape == (9, 14, 3)
    assert (sheet[5:9, 5:9] == 255).all() and (sheet[0:4, 5:9] == 0).all() and (sheet[5:9, 0:4] == 0).all()


def test_the_gallery_shows_colours_and_names_its_rows():
    fig = plots.gallery(torch.rand(4, 3, 8, 8) * 2 - 1, columns=2, titles=["one", "two"])
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["one", "two"]
    assert fig.axes[0].images[0].get_array().shape == (17, 17, 3)


def test_the_map_of_d_is_blue_where_d_says_real():
    class RightIsReal(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(10.0))

        def forward(self, x):
            return self.scale * x[:, 0]

    fig, ax = plots.canvas()
    values = plots.discriminator_map(ax, RightIsReal()).get_array()
    assert (values[:, -1] > 0.99).all() and (values[:, 0] < 0.01).all()   # columns are x
    assert tuple(np.round(plots.REAL_FAKE(1.0)[:3], 2)) == (0.0, 0.45, 0.7)


def test_the_density_map_is_darkest_at_the_centres():
    moons = data.load("moons")
    fig, ax = plots.canvas()
    plots.density_map(ax, moons)
    values = ax.images[0].get_array()
    row, column = np.unravel_index(values.argmax(), values.shape)
    point = torch.tensor([[-2 + 4 * float(column) / 159, -2 + 4 * float(row) / 159]])
    assert torch.cdist(point, moons.centres).min() < 0.1


def test_densities_fill_the_real_one_and_dash_the_fake_one():
    x = torch.linspace(-1, 1, 5)
    _, ax = plots.canvas()
    plots.densities(ax, x.unsqueeze(1), real=x + 2, fake=2 - x)
    (line,), (area,) = ax.lines, ax.collections
    assert line.get_linestyle() == "--" and np.allclose(line.get_ydata(), 2 - x, atol=1e-6)
    assert area.get_paths()[0].get_extents().ymax == pytest.approx(3.0)


def test_hues_are_dots_in_their_own_colour_and_the_diagonal():
    fig, ax = plots.canvas()
    plots.hues(ax, torch.tensor([10.0, 200.0]), torch.tensor([20.0, 350.0]))
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[10.0, 20.0], [200.0, 350.0]] and dots.get_array().tolist() == [10.0, 200.0]
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [360, 360]]


def test_a_phase_plot_shows_where_both_players_move_and_the_path_of_a_game():
    path = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    _, ax = plots.canvas()
    plots.phase_plot(ax, lambda psi, theta: (-theta, psi), path, extent=2.0)
    arrows, dots = ax.collections
    assert np.allclose(arrows.U, -arrows.Y, atol=1e-9) and np.allclose(arrows.V, arrows.X, atol=1e-9)
    assert np.allclose(dots.get_offsets(), path, atol=1e-9) and ax.get_xlim() == (-2.0, 2.0)


def test_the_landscape_is_darkest_where_the_critic_scores_highest():
    critic = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.constant_(critic.weight, 1.0)                     # highest in the upper right corner
    fig, ax = plots.canvas(width=4, height=4)
    plots.landscape(ax, torch.nn.Sequential(critic, torch.nn.Flatten(0)))
    (contours,) = ax.collections
    corner = [path for path, color in zip(contours.get_paths(), contours.get_facecolors(), strict=True) if color[:3].mean() < 0.1]
    assert corner and all(path.vertices.mean(0).min() > 0 for path in corner if len(path.vertices))


def test_a_pairing_joins_the_first_with_the_first():
    fig, ax = plots.canvas()
    plots.pairing(ax, torch.tensor([0.0, 1.0]), torch.tensor([2.0, 5.0]))
    assert [line.get_xdata().tolist() for line in ax.lines[:2]] == [[0.0, 2.0], [1.0, 5.0]]


def test_the_grey_area_between_distribution_functions_is_the_wasserstein_distance():
    real, fake = torch.randn(30), torch.randn(20) * 2 + 1
    fig, ax = plots.canvas()
    plots.distribution_functions(ax, real, fake)
    P, Q = ax.lines
    area = (np.abs(P.get_ydata() - Q.get_ydata())[:-1] * np.diff(P.get_xdata())).sum()
    assert area == pytest.approx(metrics.sliced_wasserstein(real[:, None], fake[:, None]), rel=1e-4)


def test_loss_curves_draw_the_sum_of_each_players_terms_and_the_chance_levels():
    stream = data.batches("moons", 16, device="cpu")
    records = list(play(GAN(nets.MLPGenerator(2, (2,), 8), nets.MLPDiscriminator((2,), 8)), stream, rounds=8))
    fig, ax = plots.canvas()
    plots.loss_curves(ax, records, losses.CHANCE)
    drawn = [line.get_ydata() for line in ax.lines]
    assert np.allclose(drawn[0], [record["D/real"] + record["D/fake"] for record in records])
    assert {round(float(level[0]), 3) for level in drawn if len(level) == 2} == {1.386, 0.693}


# explore

def colour_of(shade):
    fig, ax = plots.canvas(width=1, height=1)
    fig.set_facecolor((shade, shade, shade))
    ax.set_axis_off()
    return fig


@pytest.fixture
def page(monkeypatch):
    shown = []
    monkeypatch.setattr(explore_module, "display", shown.append)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    return shown


def test_moving_a_slider_changes_the_picture_and_its_description(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    explore(colour_of, "A square of shade {shade}.", shade=Slider("shade", [0.0, 1.0], 0.0))
    slider, html = page[0].children
    assert picture(html.value).getpixel((5, 5)) == (0, 0, 0) and "shade 0.0" in html.value
    slider.value = 1.0
    assert picture(html.value).getpixel((5, 5)) == (255, 255, 255) and "shade 1.0" in html.value


def test_an_error_while_drawing_is_shown_in_words_and_not_swallowed(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")

    def fragile(n):
        if n == 2:
            raise RuntimeError("no <two> please")
        return colour_of(0)

    explore(fragile, "n {n}", n=Slider("n", [1, 2], 1))
    slider, html = page[0].children
    with pytest.raises(RuntimeError):
        slider.value = 2
    assert "no &lt;two&gt; please" in html.value and 'role="alert"' in html.value


def test_without_a_front_end_both_ends_of_every_slider_are_drawn(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    drawn = []

    def draw(a, b):
        drawn.append((a, b))
        return colour_of(0)

    explore(draw, "{a} {b}", a=Slider("a", [1, 2, 3], 2), b=Slider("b", [10, 20], 10))
    assert drawn == [(1, 10), (3, 10), (2, 10), (2, 20), (2, 10)]
    assert page[0]["text/plain"] == "[figure: 2 10]"


def test_a_slider_that_starts_off_its_values_is_refused():
    with pytest.raises(ValueError, match="not one of its values"):
        Slider("a", [1, 2], 3)


def test_a_film_is_saved_with_every_page_and_shown_with_its_description(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    pages = [np.full((4, 6, 3), shade, np.uint8) for shade in (0, 100, 200)]
    plots.save_gif(tmp_path / "film.gif", pages, alt='Grey, "brighter".', seconds=3)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3 and film.info["duration"] == 1000
    assert "&quot;brighter&quot;" in shown[0]["text/html"] and "film.gif" in shown[0]["text/plain"]


def test_two_losses_are_drawn_over_the_iterations_with_both_levels_of_chance():
    fig, ax = plots.canvas()
    plots.two_losses(ax, np.linspace((0.2, 3.0), (1.4, 0.7), 40))
    first = ax.get_lines()[0]
    assert first.get_xdata()[-1] == 40 and first.get_ydata()[0] == pytest.approx(0.2)
    assert {"D at chance, 1.39", "G at chance, 0.69"} <= {text.get_text() for text in ax.texts}


def test_a_player_without_a_level_of_chance_has_a_loss_and_no_line():
    fig, ax = plots.canvas()
    plots.two_losses(ax, np.linspace((0.2, 3.0), (1.4, 0.7), 40), {"D": 0.5})
    words = [text.get_text() for text in ax.texts]
    assert any("D at chance" in each for each in words) and not any("G at chance" in each for each in words)
    assert len(ax.get_legend().get_texts()) == 2


def test_snapshots_show_the_points_of_each_row_at_each_moment_beside_the_modes():
    ring = data.load("ring")
    early, late = torch.zeros(5, 2), torch.ones(5, 2)
    fig = plots.snapshots({"plain": [early, late], "cured": [late, late]}, ["round 1", "round 9"], ring.centres)
    assert [ax.get_title() for ax in fig.axes] == ["round 1", "round 9", "", ""]
    assert [ax.get_ylabel() for ax in fig.axes] == ["plain", "", "cured", ""]
    for ax, points in zip(fig.axes, (early, late, late, late), strict=True):
        modes, fakes = ax.collections
        np.testing.assert_allclose(modes.get_offsets(), ring.centres, atol=1e-6)
        np.testing.assert_allclose(fakes.get_offsets(), points)


def test_shares_over_time_have_a_row_for_each_mode_and_the_first_below():
    fig, ax = plots.canvas()
    shares = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    plots.shares_over_time(ax, shares)
    image = ax.images[0]
    np.testing.assert_allclose(image.get_array(), shares.T)
    assert image.origin == "lower" and [tick.get_text() for tick in ax.get_yticklabels()] == ["1", "2", "3"]


def test_dots_show_every_run_its_mean_and_the_truth():
    fig, ax = plots.canvas()
    plots.dots(ax, {"first": [1.0, 3.0], "second": [8.0]}, truth=8)
    lines = [line.get_xdata() for line in ax.lines]
    assert [list(np.atleast_1d(x)) for x in lines] == [[1.0, 3.0], [2.0], [8.0], [8.0], [8, 8]]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["first", "second"] and ax.yaxis_inverted()


def test_dots_of_axes_that_share_their_rows_begin_at_the_top():
    fig, axes = plots.canvas(2, sharey=True)
    for ax in axes:
        plots.dots(ax, {"first": [1.0], "second": [2.0]}, truth=8)
    assert all(ax.yaxis_inverted() for ax in axes)


def test_dots_have_a_floor_that_is_told_from_the_truth_by_its_dashes():
    fig, ax = plots.canvas()
    plots.dots(ax, {"first": [1.0]}, truth=8, floor=0.5)
    truth, floor = ax.lines[-2:]
    assert (list(truth.get_xdata()), list(floor.get_xdata())) == ([8, 8], [0.5, 0.5])
    assert (truth.get_linestyle(), floor.get_linestyle()) == (":", "--")


def test_a_matrix_is_darkest_at_its_largest_number_and_leaves_empty_counts_empty():
    fig, (left, right) = plots.canvas(2)
    plots.matrix(left, np.array([[0.9, 0.1], [0.25, 0.8]]), ["one", "two"], ["slant", "width"], top=1.0)
    plots.matrix(right, torch.tensor([[0, 12, 3]]), ["row"], "abc")
    assert [text.get_text() for text in left.texts] == ["0.90", "0.10", "0.25", "0.80"]
    assert [text.get_text() for text in right.texts] == ["", "12", "3"]
    assert [text.get_color() for text in left.texts] == ["white", "black", "black", "white"]
    assert [label.get_text() for label in left.get_xticklabels()] == ["slant", "width"]
    assert left.images[0].get_clim() == (0, 1) and right.images[0].get_clim() == (0, 12)


def test_bars_stand_side_by_side_with_their_heights_above():
    fig, ax = plots.canvas()
    plots.bars(ax, {"one": {1: 0.25, 2: 0.5}, "two": {1: 0.25, 2: 0.3}})
    boxes = [(patch.get_x() + patch.get_width() / 2, patch.get_height()) for patch in ax.patches]
    np.testing.assert_allclose(boxes, [(0.8, 0.25), (1.8, 0.5), (1.2, 0.25), (2.2, 0.3)])
    assert [text.get_text() for text in ax.texts] == ["0.250", "0.500", "0.250", "0.300"]


def test_a_scored_gallery_has_a_row_and_the_numbers_of_each_set():
    images = {"real": torch.ones(4, 1, 8, 8), "one image": -torch.ones(4, 1, 8, 8)}
    fig = plots.scored_gallery(images, {"real": (0.44, 0.99), "one image": (76.2, 1.0)},
                               ["FCD", "precision"])
    (ax,) = fig.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["real", "one image"]
    assert [text.get_text() for text in ax.texts] == ["FCD", "precision", "0.44", "0.99", "76.20", "1.00"]


def test_galleries_stand_beside_each_other_with_the_rows_named_once():
    dark, light = -torch.ones(6, 1, 8, 8), torch.ones(6, 1, 8, 8)
    fig = plots.galleries({"real": dark, "fake": light}, columns=3, titles=["bold", "regular"])
    left, right = fig.axes
    assert [left.get_title(), right.get_title()] == ["real", "fake"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["bold", "regular"] and not right.get_yticks().size
    assert left.images[0].get_array().shape == right.images[0].get_array().shape == (17, 26, 3)
    assert left.images[0].get_array()[0, 0].max() == 0 and right.images[0].get_array()[0, 0].min() == 255


def test_share_matrices_write_every_share_in_its_place():
    fig = plots.share_matrices({"digit": torch.tensor([[0.9, 0.1], [0.0, 1.0]]), "weight": torch.eye(3)})
    left, right = fig.axes
    assert {(text.get_position(), text.get_text()) for text in left.texts} == {((0, 0), "90"), ((1, 0), "10"), ((1, 1), "100")}
    assert len(right.texts) == 3 and [left.get_title(), left.get_xlabel(), left.get_ylabel()] == ["digit", "drawn", "asked"]


def test_a_ball_reaches_to_the_kth_neighbour_and_a_point_is_not_its_own():
    _, ax = plots.canvas()
    plots.balls(ax, torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), 1, plots.REAL)
    found = [(tuple(patch.center), patch.radius) for patch in ax.patches]
    assert found == [((0, 0), 1), ((1, 0), 1), ((3, 0), 2)]


def test_captioned_images_stand_in_one_row_each_below_its_caption():
    fig = plots.captioned(torch.zeros(3, 1, 8, 8), ["a one", "a two", "a three"])
    assert [ax.get_title() for ax in fig.axes] == ["a one", "a two", "a three"]
    assert all(ax.images[0].get_array().shape == (8, 8, 3) for ax in fig.axes)
    with pytest.raises(ValueError):
        plots.captioned(torch.zeros(3, 1, 8, 8), ["too few"])


def test_translations_stand_in_rows_under_their_names():
    fig = plots.translations({"x": torch.ones(3, 3, 8, 8), "G(x)": -torch.ones(3, 3, 8, 8)}, 2)
    (ax,) = fig.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "G(x)"]
    assert ax.images[0].get_array().shape == (17, 17, 3)            # two of the three pictures, and a line between


def test_a_patch_is_marked_in_the_picture_and_in_the_gradient():
    gradient = torch.zeros(8, 8)
    gradient[2, 3] = 5.0
    _, ax = plots.canvas()
    plots.patch(ax, torch.ones(1, 3, 8, 8), gradient, 1, 4)
    assert [(box.get_xy(), box.get_width(), box.get_height()) for box in ax.patches] == [((1, 1), 4, 4), ((11, 1), 4, 4)]
    page = ax.images[0].get_array()
    assert page.shape == (8, 18, 3) and (page[2, 13] == 0).all() and (page[:, 10:] == 0).sum() == 3     # dark where it is large
