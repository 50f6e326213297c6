"""Notebooks deeper/03, 07, 08 and 11 with pictures of your own: the cells that decide what can be done.

Only these cells are run, on folders of a few pictures; a whole notebook on them takes a minute.
"""
import math
import re
from itertools import takewhile

import nbformat
import numpy as np
import pytest
from PIL import Image

from gan_course import nets
from gan_course.data import WrongLayout
from gan_course.lessons import catalogue, exercises
from gan_course.lessons.image_scores import ImageScores
from gan_course.paths import NOTEBOOKS

LAYOUTS = {"flat": {".": 40}, "uneven": {"cat": 54, "dog": 6}, "four": dict.fromkeys("abcd", 12),
           "sided": {"trainA": 12, "trainB": 30}, "pair": {"cat": 12, "dog": 12},
           "few": {"trainA": 5, "trainB": 12}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """layout -> a folder of random pictures that has it."""
    home, dice = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for layout, names in LAYOUTS.items():
        for name, n in names.items():
            (home / layout / name).mkdir(parents=True, exist_ok=True)
            for i in range(n):
                pixels = dice.integers(0, 256, (9, 9, 3), np.uint8)
                Image.fromarray(pixels).save(home / layout / name / f"{i}.png")
    return lambda layout: str(home / layout)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *shown, **how: None)


def run(name: str, *cells: str, **parameters) -> dict:
    """The names that some cells of a notebook leave behind, after its parameters and imports."""
    notebook = nbformat.read(catalogue.find(name).path, 4)
    source = {cell.id: cell.source for cell in notebook.cells}
    names = {}
    first, *later = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    exec(first, names)
    assert set(parameters) <= set(names)
    names |= parameters
    imports = takewhile(lambda code: code.startswith(("import ", "from ")), later)
    for code in (*imports, *(source[cell] for cell in cells)):
        exec(code, names)
    return names


# --- deeper/03 ----------------------------------------------------------------------------------------

FIRST = ("010aa35c", "6ad65e13", "efefb0d8", "9b329a76")            # load, sizes, classifiers


@pytest.mark.parametrize(("layout", "classes"), [("flat", 1), ("uneven", 2), ("four", 4)])
def test_deeper_03_fits_its_batches_and_classifiers_to_the_pictures(folder, layout, classes):
    names = run("deeper/03_settings", *FIRST, dataset=folder(layout))
    train, test = names["train"], names["test"]
    assert names["batch_size"] == min(64, len(train)) < 64 and len(train.classes) == classes
    found = names["measure"](test.take(names["n"]))
    assert (found["agreement"] == 1) if classes == 1 else (0 <= found["agreement"] <= 1)


@pytest.mark.parametrize("number", ["deeper/03_settings", "07", "08"])
def test_two_sides_are_refused_in_words_before_anything_is_trained(folder, number):
    with pytest.raises(WrongLayout, match="two sides, A and B.*sub-folders, one for each class"):
        run(number, "010aa35c", dataset=folder("sided"))


# --- 07 ----------------------------------------------------------------------------------------

NETWORKS = ("010aa35c", "5abb7828", "bc7017b5")                     # load, networks, training


@pytest.fixture
def two_iterations(monkeypatch):
    monkeypatch.setattr("gan_course.judge.NEW_ROUNDS", 3)
    monkeypatch.setattr("gan_course.profile.by_profile", lambda **by: 2 if by["smoke"] == 10 else by["smoke"])


def dcgan(**parameters) -> dict:
    """The cells of 07 that load, build and train, with the course's own networks."""
    names = dict(run("07", **parameters), **{
        name: exercises.reference(f"07.{name}") for name in ("Generator", "Discriminator", "dcgan_init", "training_step")})
    notebook = nbformat.read(NOTEBOOKS / "07_dcgan.ipynb", 4)
    source = {cell.id: cell.source for cell in notebook.cells}
    for cell in NETWORKS:
        exec(source[cell], names)
    return names


@pytest.mark.filterwarnings("ignore:.*do not determine")
@pytest.mark.parametrize("layout", ["flat", "uneven"])
@pytest.mark.parametrize("size", [0, 64])
def test_07_trains_on_a_folder_at_32_and_at_64_pixels_and_scores_what_came(folder, two_iterations, layout, size):
    names = dcgan(dataset=folder(layout), image_size=size)
    shape = names["train_set"].data_shape
    assert shape == (3, size or 32, size or 32)
    history, G, _ = names["train"](names["train_set"], 0)
    x = nets.generate(G, names["z_shown"][:20])
    assert history.shape == (2, 2) and x.shape == (20, *shape)
    score = ImageScores(names["dataset"], names["train_set"], names["test_set"], 20)
    assert score(x).distance > score.real().distance
    assert math.isnan(score(x).agreement) == (layout == "flat")


@pytest.mark.parametrize("name", ["letters", "glyphs_colour", "digits"])
def test_07_trains_on_the_other_data_sets_that_need_no_download(name, two_iterations):
    names = dcgan(dataset=name)
    history, G, _ = names["train"](names["train_set"], 0)
    assert nets.generate(G, names["z_shown"][:4]).shape[1:] == names["train_set"].data_shape
    D = names["dcgan"](names["train_set"].data_shape, 64)[1]
    assert D(names["train_set"].take(3)).shape == (3,)


# --- 08 ----------------------------------------------------------------------------------------

def until_the_judge() -> list[str]:
    """The cells of 08 from the data to the judge: networks, two short trainings, a sheet of samples."""
    cells = [cell for cell in nbformat.read(catalogue.find("08").path, 4).cells if cell.cell_type == "code"]
    last = next(place for place, cell in enumerate(cells) if "def drawn(" in cell.source)
    return [cell.id for cell in cells[2:last + 1]]


def test_08_goes_on_with_the_digits_where_there_is_one_class(folder, capsys):
    names = run("08", *until_the_judge(), dataset=folder("flat"))
    assert names["dataset"] == "digits" and names["K"] == 10 and names["names"] == ["class"]
    assert "has one class, so there is nothing to ask for" in capsys.readouterr().out


@pytest.mark.parametrize(("layout", "kept"), [("uneven", 2), ("four", 4)])
def test_08_trains_on_your_own_classes_and_finds_a_judge(folder, layout, kept, monkeypatch):
    monkeypatch.setattr("gan_course.judge.NEW_ROUNDS", 3)
    names = run("08", *until_the_judge(), dataset=folder(layout))
    assert names["K"] == names["the_judge"].classes == kept and len(names["sheet"]) == 4 * kept
    read = names["drawn"](names["G"], names["sheet"])
    assert set(read.flatten().tolist()) <= set(range(kept))


# --- 11 ----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("layout", "domains"), [("sided", ("A", "B")), ("pair", ("cat", "dog"))])
def test_11_takes_two_sides_or_two_classes(folder, layout, domains):
    names = run("11", "74480c08", folder=folder(layout))
    assert names["own"].domains == domains and len(names["own_test"]) == 2


@pytest.mark.parametrize(("layout", "found"), [
    ("flat", "no two sides.*trainA and trainB.*one class"), ("four", "no two sides.*4 classes"),
    ("few", "trainA has only 5 pictures, too few to hold a sixth out")])
def test_11_says_before_any_training_what_is_missing(folder, layout, found, capsys):
    assert run("11", "74480c08", folder=folder(layout))["own"] is None
    assert re.search(f"(?s){found}.*section 8 is left out", capsys.readouterr().out)


def test_11_stops_at_a_folder_that_is_not_there():
    with pytest.raises(ValueError, match="no folder called 'tpyo'"):
        run("11", "74480c08", folder="tpyo")


# --- 10 -------------------------------------------------------------------------------------------

PIX2PIX = ("pairs-of", "down", "up", "unet", "patches", "loss", "step", "start", "train", "first-runs", "rivals", "decibels")


@pytest.mark.parametrize("layout", ["folders", "side by side"])
def test_10_trains_on_pairs_of_your_own(tmp_path, layout):
    dice = np.random.default_rng(0)
    for i in range(12):
        a, b = (dice.integers(0, 256, (40, 40, 3), np.uint8) for _ in range(2))
        pictures = {f"A/{i}.png": a, f"B/{i}.png": b} if layout == "folders" else {f"{i}.png": np.concatenate([a, b], axis=1)}
        for name, pixels in pictures.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / name)
    names = run("10", *PIX2PIX, pairs=str(tmp_path), size=48, direction="BtoA")
    assert names["x"].shape == names["y"].shape == names["fakes"][0].shape == (2, 3, 48, 48)
    assert names["test"].domains == ("B", "A") and set(names["dB"]) == {"floor: x, copied", "nearest training x"}
    assert len(names["runs"][0][1]) == 3 and np.isfinite(names["runs"][0][1]).all()


def test_10_says_what_pairs_it_needs(folder):
    with pytest.raises(WrongLayout, match="not twice as wide as high"):
        run("10", *PIX2PIX, pairs=folder("flat"))
    with pytest.raises(WrongLayout, match="glyphs has no pairs"):
        run("10", *PIX2PIX, pairs="glyphs")
