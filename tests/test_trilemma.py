"""The stored comparison of notebook 16: what its tables and its plot say, and what is stored."""
import pytest

from gan_course import plots
from gan_course.lessons import tables, trilemma

RUNS = [
    {"data": data, "family": "floor", "seed": 0, "longer": 1, "distance": 9.0, "coverage": 0.0}
    for data in ("pictures", "plane")
] + [
    {"data": data, "family": "real", "seed": 0, "longer": 1, "distance": 0.5, "coverage": 0.97}
    for data in ("pictures", "plane")
] + [
    {"data": data, "family": family, "seed": seed, "longer": 1, "parameters": 1234, "seconds": 10.0 + seed, "per_thousand": 0.1,
     "distance": 2.0 + seed, "coverage": 0.25, "failed": seed == 1, **({} if family == "GAN" else {"elbo": -1500.0})}
    for data in ("pictures", "plane") for family in ("GAN", "VAE", "diffusion") for seed in (0, 1, 2)
] + [
    {"data": "pictures", "family": "diffusion", "seed": 0, "longer": 8, "parameters": 1234, "seconds": 80.0, "per_thousand": 0.1,
     "distance": 1.0, "coverage": 0.5, "failed": False}
]


def test_a_cell_has_the_median_and_the_lowest_and_highest_value():
    rows, columns = trilemma.costs(RUNS, "plane")
    assert columns[-1] == "failed" and len(columns) == len(rows["GAN"])
    assert rows["GAN"] == ["1,234", "11 (10 to 12)", "0.1", "1 of 3"]


def test_floor_and_real_data_stand_around_the_families_and_a_longer_training_has_its_own_row():
    rows, columns = trilemma.qualities(RUNS, "pictures")
    assert [*rows] == ["each pixel from another picture", "GAN", "VAE", "diffusion", "diffusion, 8 times as long", "real, held out"]
    assert rows["GAN"][0] == "3 (2 to 4)" and rows["diffusion, 8 times as long"][0] == "1"
    assert rows["GAN"][columns.index("ELBO")] == "" and rows["VAE"][columns.index("ELBO")] == "-1,500"


def test_longer_trainings_do_not_mix_with_the_others():
    assert trilemma.values(RUNS, "pictures", "diffusion", "distance") == [2.0, 3.0, 4.0]
    assert trilemma.values(RUNS, "pictures", "diffusion", "distance", longer=8) == [1.0]


def test_the_plot_marks_the_medians_of_each_family_and_both_limits():
    fig = trilemma.plot(RUNS)
    for ax in fig.axes:
        said = [text.get_text() for text in ax.texts]
        assert {"GAN, 0.1 s", "VAE, 0.1 s", "diffusion, 0.1 s"} < set(said) and len(said) == 5
        assert [mark.get_offsets().tolist() for mark in ax.collections] == [[[3.0, 0.25]]] * 3
    assert plots.png(fig)


def test_the_stored_table_has_five_seeds_of_each_family_and_near_numbers_of_parameters():
    runs = tables.read("16_trilemma")
    for data in ("pictures", "plane"):
        for family in trilemma.FAMILIES:
            assert trilemma.values(runs, data, family, "seed") == [0, 1, 2, 3, 4]
        parameters = [run["parameters"] for run in runs if run["data"] == data and "parameters" in run]
        assert max(parameters) < 1.5 * min(parameters)
        (floor,), (real,) = (trilemma.values(runs, data, limit, "distance") for limit in ("floor", "real"))
        assert real < floor


@pytest.mark.parametrize("data", ["pictures", "plane"])
def test_the_tables_of_what_is_stored_are_full(data):
    runs = tables.read("16_trilemma")
    for rows, columns in (trilemma.costs(runs, data), trilemma.qualities(runs, data)):
        assert all(len(row) == len(columns) and row[0] for row in rows.values())
