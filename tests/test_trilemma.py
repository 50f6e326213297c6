"""The plot of notebook 16: where the three families stand, and how large their marks are."""
import pytest

from gan_course import plots
from gan_course.lessons import trilemma

PICTURES = {"GAN": (13.0, 0.12, 0.06), "VAE": (87.0, 0.05, 0.07), "diffusion": (27.0, 0.16, 0.11), "floor": (463.0, 0.0), "real": (0.8, 0.97)}
PLANE = {"GAN": (0.037, 0.54, 0.0009), "VAE": (0.05, 0.8, 0.0007), "diffusion": (0.03, 0.9, 0.13), "floor": (0.11, 0.57), "real": (0.016, 0.96)}


@pytest.fixture
def fig():
    return trilemma.plot({"pictures": PICTURES, "plane": PLANE}, {"pictures": "shuffled", "plane": "spread evenly"},
                         {"pictures": "Fréchet distance", "plane": "sliced Wasserstein distance"})


def test_each_family_has_its_mark_and_its_seconds_and_the_limits_have_names(fig):
    for ax, points, floor in zip(fig.axes, (PICTURES, PLANE), ("shuffled", "spread evenly"), strict=True):
        assert [mark.get_offsets().tolist()[0] for mark in ax.collections] == [list(points[family][:2]) for family in trilemma.FAMILIES]
        assert [line.get_xydata().tolist()[0] for line in ax.lines] == [list(points[limit]) for limit in ("floor", "real")]
        assert [text.get_text() for text in ax.texts] == [*(f"{family}, {points[family][2]:.2g} s" for family in trilemma.FAMILIES), floor, "real"]
    assert plots.png(fig)


def test_what_draws_more_slowly_has_a_larger_mark(fig):
    gan, vae, diffusion = (mark.get_sizes()[0] for mark in fig.axes[1].collections)
    assert vae < gan < diffusion


def test_the_axes_say_what_is_better_and_have_at_least_two_plain_ticks(fig):
    for ax, distance in zip(fig.axes, ("Fréchet distance", "sliced Wasserstein distance"), strict=True):
        assert ax.get_xlabel() == f"{distance} (better: left)"
        assert len([tick.get_text() for tick in ax.get_xticklabels()]) >= 2
        assert all("10^" not in tick.get_text() for tick in ax.get_xticklabels())
