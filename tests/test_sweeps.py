"""A finished batch under sliders: its numbers are where they belong, its file is small and safe, and a click trains one of its settings."""
import asyncio
import gc
import hashlib
import json
import weakref
from datetime import UTC, datetime
from statistics import fmean

import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output

from gan_course import cli, data, nets
from gan_course.games.gan import GAN
from gan_course.lessons import results, sweeps
from gan_course.paths import DATA
from gan_course.teaching import outputs
from gan_course.teaching.batch import record
from gan_course.widgets import explore as explore_module
from gan_course.widgets import lab as lab_module
from gan_course.widgets import sweep as sweep_module
from gan_course.widgets.explore import Slider
from gan_course.widgets.lab import Lab
from gan_course.widgets.sweep import sweep_explorer

LATENT, RATES, SEEDS = (2, 4), (1e-4, 1e-3, 1e-2), (0, 1, 2)


def score(latent, rate, seed):
    return latent + 1000 * rate + seed / 10


def an_image(shade):
    """A picture as a notebook collects it."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda bundle, raw: shown.append(new_output("display_data", data=bundle)))
        results.collect_images("samples", torch.full((2, 1, 4, 4), shade), columns=2)
    return outputs.images(new_notebook(cells=[new_code_cell("", outputs=shown)]))


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """The folder of a batch of 2 x 3 settings, both players at the same rate, from three seeds; one run failed."""
    out = tmp_path_factory.mktemp("batches") / "sweep"
    for latent, rate, seed in [(a, b, c) for a in LATENT for b in RATES for c in SEEDS]:
        axes = {"latent_dim": latent, "lr_D": rate, "lr_G": rate, "seed": seed}
        failed = (latent, rate, seed) == (4, 1e-2, 2)
        found = record.RunRecord(name=f"03-{latent}-{rate}-{seed}", notebook="03_first_gan", parameters=axes, axes=axes, profile="laptop",
                              device=None, limits=record.Limits(), status="kernel died" if failed else "ok",
                              started=datetime(2026, 3, 2, tzinfo=UTC), seconds=60.0, overhead_seconds=5.0, peak_memory_mb=700.0,
                              metrics={} if failed else {"agreement": score(latent, rate, seed), "distance": 1.0},
                              curves={} if failed else {"loss of D": record.Curve(x=list(range(500)), y=[1 + seed / 3] * 499 + [None])},
                              images={} if failed else an_image(seed - 1.0), versions={"python": "3.11"}, hash="0" * 64, worker="here")
        (out / "runs" / found.name).mkdir(parents=True)
        record.write(out / "runs" / found.name, found)
    return out


@pytest.fixture(scope="module")
def sweep(batch, tmp_path_factory):
    """The same after a file in between."""
    file = tmp_path_factory.mktemp("files") / "sweep.json"
    assert cli.main(["sweep", str(batch), "-o", str(file)]) == 0
    return sweeps.load(file)


def test_what_varies_together_is_one_axis(sweep):
    assert sweep.axes == {"latent_dim": [2, 4], "lr_D": [1e-4, 1e-3, 1e-2]}
    assert sweep.twins("lr_D") == ["lr_D", "lr_G"] and sweep.numbers == ["agreement", "distance"]


def test_a_setting_has_the_runs_of_its_seeds(sweep):
    assert [run.axes["seed"] for run in sweep.at(latent_dim=2, lr_D=1e-3)] == [0, 1, 2]
    assert [run.metrics["agreement"] for run in sweep.at(latent_dim=2, lr_D=1e-3)] == [3.0, 3.1, 3.2]
    assert sweep.at(latent_dim=3) == []


def test_what_a_failed_run_had_collected_counts_for_nothing(batch, tmp_path):
    for file in (batch / "runs").glob("*/run.json"):
        content = json.loads(file.read_text())
        if content["status"] != "ok":
            content["metrics"] = {"agreement": 1000.0, "distance": 1.0}
        (tmp_path / "runs" / file.parent.name).mkdir(parents=True)
        (tmp_path / "runs" / file.parent.name / "run.json").write_text(json.dumps(content))
    place = {"latent_dim": 4, "lr_D": 1e-2}
    found = sweeps.load(tmp_path)
    assert found.values("agreement", **place) == [score(4, 1e-2, seed) for seed in (0, 1)]
    assert "agreement 14.1 (14 to 14.1) over 3 runs" in sweeps.describe(found, "agreement", **place)
    assert "14.1" in [text.get_text() for text in sweeps.picture(found, "agreement", **place).axes[0].texts]


def test_the_file_is_the_batch_but_for_thinner_curves_and_fewer_images(batch, sweep):
    whole, but = sweeps.load(batch), {"curves", "images"}
    assert [run.model_dump(exclude=but) for run in whole.runs] == [run.model_dump(exclude=but) for run in sweep.runs]
    assert [[run.axes["seed"] for run in sweep.at(latent_dim=a, lr_D=b) if run.images] for a in LATENT for b in RATES] == [[0]] * 6
    thin, thick = sweep.runs[0].curves["loss of D"], whole.runs[0].curves["loss of D"]
    assert len(thick.x) == 500 and len(thin.x) == len(thin.y) == sweeps.CURVE_POINTS
    assert (thin.x[0], thin.x[-1], thin.y[-1]) == (0, 499, None)


def test_the_picture_has_the_means_the_curves_and_the_images(sweep):
    fig = sweeps.picture(sweep, "agreement", latent_dim=4, lr_D=1e-2)
    the_map, curves, images = fig.axes
    written = [text.get_text() for text in the_map.texts]
    means = [fmean(score(latent, rate, seed) for seed in SEEDS if (latent, rate, seed) != (4, 1e-2, 2))
             for latent in LATENT for rate in RATES]
    assert written == [f"{mean:.3g}" for mean in means]
    assert the_map.get_xlabel() == "lr_D = lr_G" and the_map.get_ylabel() == "latent_dim"
    [frame] = the_map.patches
    assert (frame.get_x() + frame.get_width() / 2, frame.get_y() + frame.get_height() / 2) == pytest.approx((2, 1))
    assert np.nanmean(curves.lines[0].get_ydata()) == pytest.approx((1 + 4 / 3) / 2, abs=1e-3)  # seeds 0 and 1; the file has four digits
    shades = np.asarray(images.images[0].get_array())                # of seed 0: black, with a white line between the two
    assert shades.shape == (4, 9, 3) and not shades[:, :4].any() and (shades[:, 4] == 255).all()
    assert sweeps.describe(sweep, "agreement", latent_dim=4, lr_D=1e-2) == (
        "At latent_dim 4, lr_D 0.01: agreement 14.1 (14 to 14.1) over 3 runs, 2 of which held all claims.")
    assert sweeps.describe(sweep, "agreement", latent_dim=9, lr_D=1e-2) == "At latent_dim 9, lr_D 0.01 nothing was run."


def test_a_sweep_over_one_axis_is_a_row(sweep):
    row = sweeps.Sweep(runs=sweep.at(latent_dim=2))
    assert [text.get_text() for text in sweeps.picture(row, "agreement", lr_D=1e-4).axes[0].texts] == ["2.2", "3.1", "12.1"]


@pytest.mark.parametrize("content, said", [
    ("{", "is not a sweep and not the record of a run"), ("\xff", "is not a sweep and not the record of a run"),
    ('{"version": 1, "runs": []}', "has no run that has ended"),
    ('{"version": 1, "runs": [{"name": "a"}]}', "runs.0.notebook"),
])
def test_a_damaged_file_is_refused_by_name(tmp_path, content, said):
    file = tmp_path / "own.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="own.json") as error:
        sweeps.load(file)
    assert said in str(error.value)


def test_what_is_no_sweep_is_said(batch, tmp_path, capsys):
    for nothing in (tmp_path / "nowhere", tmp_path, "99"):
        with pytest.raises(ValueError, match="There is no sweep at .*Give the folder of a finished batch"):
            sweeps.load(nothing)
    folder = tmp_path / "mixed" / "runs"
    for number, run in enumerate(sorted((batch / "runs").iterdir())[:2]):
        content = json.loads((run / "run.json").read_text()) | {"notebook": f"0{number}_own"}
        (folder / run.name).mkdir(parents=True)
        (folder / run.name / "run.json").write_text(json.dumps(content))
    assert cli.main(["sweep", str(tmp_path / "mixed"), "-o", str(tmp_path / "x.json")]) == 2
    for name, changes, said in (("seeds", {"axes": {"seed": 0}}, "differ in nothing but their seed"),
                                ("silent", {"metrics": {}}, "collected no number")):
        for run in (batch / "runs").iterdir():
            content = json.loads((run / "run.json").read_text()) | changes
            (tmp_path / name / "runs" / run.name).mkdir(parents=True)
            (tmp_path / name / "runs" / run.name / "run.json").write_text(json.dumps(content))
        with pytest.raises(ValueError, match=said):
            sweeps.load(tmp_path / name)
    assert "A sweep is of one notebook" in capsys.readouterr().err and not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("path", sorted((DATA / "sweeps").glob("*.json")), ids=lambda path: path.stem)
def test_the_sweeps_of_the_course_are_whole_and_small(path):
    sweep = sweeps.load(path.stem[:2])
    assert path.stat().st_size < 1_000_000 and len(sweep.axes) == 2
    settings = {tuple(run.axes[axis] for axis in sweep.axes) for run in sweep.runs}
    assert len(settings) * len({run.axes["seed"] for run in sweep.runs}) == len(sweep.runs)
    assert all(any(run.images for run in sweep.at(**dict(zip(sweep.axes, setting, strict=True)))) for setting in settings)
    assert all(run.metrics and run.curves and run.profile == "laptop" for run in sweep.runs)
    [row] = [row for row in (DATA / "README.md").read_text(encoding="utf-8").splitlines() if path.name in row]
    assert hashlib.sha256(path.read_bytes()).hexdigest() in row


# under sliders

@pytest.fixture
def page(monkeypatch):
    """A front end, with no lab open."""
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(lab_module, "display", lambda box: None)
    monkeypatch.setattr(lab_module, "_open", {})


@pytest.fixture
def shown(page, monkeypatch, sweep):
    """The explorer on a page, with the lab “own” open: its sliders by their label, the picture, the button and its words."""
    boxes = []
    monkeypatch.setattr(explore_module, "display", boxes.append)
    monkeypatch.setattr(sweep_module, "display", boxes.append)
    sweep_explorer(sweep, "own")
    (*sliders, picture), (button, said) = boxes[0].children, boxes[1].children
    return {slider.description: slider for slider in sliders}, picture, button, said


def build(latent_dim, seed=0):
    torch.manual_seed(seed)
    stream = data.batches("ring", 16, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(latent_dim, (2,), 8), nets.MLPDiscriminator((2,), 8), lr=(1e-3, 1e-3)), stream


def open_lab(**sliders):
    return Lab("own", build, **sliders)


def test_a_slider_shows_another_place_and_says_what_came_of_it(shown):
    sliders, picture, _, _ = shown
    assert list(sliders) == ["latent_dim", "lr_D = lr_G", "the map shows"]
    before = picture.value
    sliders["lr_D = lr_G"].value = 1e-4
    assert picture.value != before and "At latent_dim 4, lr_D 0.0001: agreement 4.2 (4.1 to 4.3) over 3 runs" in picture.value
    sliders["the map shows"].value = "distance"
    assert "distance 1 (1 to 1)" in picture.value


class Page:
    """Stands for a drawn page, which has 12 MB."""


def test_only_the_last_few_pages_are_kept(page, monkeypatch, sweep):
    pages, boxes = [], []

    def draw(figure):
        drawn = Page()
        pages.append(weakref.ref(drawn))
        return drawn
    monkeypatch.setattr(sweep_module.plots, "page", draw)
    monkeypatch.setattr(explore_module.plots, "img", lambda figure, alt: "")
    monkeypatch.setattr(explore_module, "display", boxes.append)
    monkeypatch.setattr(sweep_module, "display", boxes.append)
    sweep_explorer(sweep, "own")
    latent, rate, number, _ = boxes[0].children
    for number.index in range(2):
        for latent.index in range(2):
            for rate.index in range(3):
                pass
    gc.collect()
    assert len(pages) >= 12 and 1 <= sum(ref() is not None for ref in pages) <= 4
    before = len(pages)
    rate.index = 1                                                  # just seen
    assert len(pages) == before


def test_a_click_trains_the_setting_live(shown):
    sliders, _, button, said = shown
    lab = open_lab(latent_dim=Slider("latent dimension", [2, 4], 2), seed=Slider("seed", [0, 1], 0))
    sliders["latent_dim"].value, sliders["lr_D = lr_G"].value = 4, 1e-2

    async def click():
        button.click()
        await asyncio.sleep(0.2)
        running = lab.live.running
        lab.pause()
        return running
    assert asyncio.run(click()) and "It runs in the lab" in said.value
    assert lab.live.settings["latent_dim"] == 4 and lab.live.rates == {"D": 1e-2, "G": 1e-2} and lab.live.training.round > 0
    assert lab.knobs["latent_dim"].value == 4 and lab.rates["G"].value == 1e-2


def test_a_lab_that_cannot_is_told_in_words_and_left_alone(shown):
    sliders, _, button, said = shown
    button.click()
    assert "First run the cell of the lab" in said.value and 'role="alert"' in said.value
    lab = open_lab(latent_dim=Slider("latent dimension", [2, 8], 2))
    sliders["latent_dim"].value = 4
    button.click()
    assert "no slider with latent_dim 4" in said.value
    assert not lab.live.running and lab.live.rates == {"D": 1e-3, "G": 1e-3}


def test_one_rate_for_all(page):
    lab = open_lab(latent_dim=Slider("latent dimension", [2, 4], 2))

    async def take():
        lab.take(lr=1e-4)
        lab.pause()
    asyncio.run(take())
    assert lab.live.rates == {"D": 1e-4, "G": 1e-4}
    with pytest.raises(ValueError, match="no slider with lr 0.123"):
        lab.take(lr=0.123)
    with pytest.raises(ValueError, match="First run the cell"):
        lab_module.named("another")


def test_without_a_front_end_the_ends_of_each_slider_are_drawn(monkeypatch, sweep):
    drawn, pictures = [], []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setattr(sweeps, "picture", lambda sweep, number, **settings: drawn.append((number, *settings.values())))
    monkeypatch.setattr(sweep_module.plots, "page", lambda fig: fig)
    monkeypatch.setattr(explore_module.plots, "show", lambda fig, alt: pictures.append(alt))
    sweep_explorer(sweep, "own")
    ends = {("agreement", 2, 1e-3), ("agreement", 4, 1e-3), ("agreement", 4, 1e-4), ("agreement", 4, 1e-2), ("distance", 4, 1e-3)}
    assert set(drawn) == ends and len(drawn) == len(ends) and pictures == [sweeps.describe(sweep, "agreement", latent_dim=4, lr_D=1e-3)]
