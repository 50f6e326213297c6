"""The live lab without a browser: the task, the picture, the buttons, and what happens when something goes wrong."""
import asyncio
import csv
import dataclasses
import gc
import io
import json
import threading
import tracemalloc
import weakref
from itertools import islice

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from PIL import Image, ImageSequence
from safetensors import safe_open

from gan_course import data, games, nets
from gan_course.games.gan import GAN
from gan_course.lessons import progress
from gan_course.training import Record, Training, checkpoints
from gan_course.widgets import lab as lab_module
from gan_course.widgets.explore import Slider
from gan_course.widgets.lab import Lab, table
from gan_course.widgets.lab.curves import POINTS, BinnedCurve
from gan_course.widgets.lab.film import MOST, Film
from gan_course.widgets.lab.live import UNREAD, Live
from gan_course.widgets.lab.scenes import Scene
from gan_course.widgets.lab.table import Kept

SLIDERS = {"latent_dim": Slider("latent dimension", [2, 4], 2), "seed": Slider("seed", [0, 1, 2], 0)}


def build(latent_dim=2, seed=0, name="ring", discriminator=nets.MLPDiscriminator):
    torch.manual_seed(seed)
    stream = data.batches(name, 16, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(latent_dim, stream.data_shape, 8), discriminator(stream.data_shape, 8), lr=(1e-3, 1e-3)), stream


def losses_of(live):
    """The losses of all rounds so far (at most some hundreds), player by player."""
    return {player: curve.points()[:, 1].tolist() for player, curve in live.read().items()}


def images(latent_dim=2, seed=0):
    return build(latent_dim, seed, "digits")


class Fragile(nets.MLPDiscriminator):
    """Breaks in training when it is told to."""

    broken = False

    def forward(self, x):
        if Fragile.broken:
            raise RuntimeError("<D> fell over")
        return super().forward(x)


@pytest.fixture
def page(monkeypatch, tmp_path_factory):
    shown = []
    monkeypatch.setattr(lab_module, "display", lambda thing, raw=False: shown.append(thing))
    monkeypatch.setattr(lab_module, "_open", {})
    monkeypatch.setattr(Fragile, "broken", False)
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path_factory.mktemp("record") / "progress.json"))
    return shown


def play_for(lab, seconds=0.3):
    """Let the lab run on a loop for a while, as it does in a notebook."""
    async def watch():
        lab.start()
        await asyncio.sleep(seconds)
        running = lab.live.running
        lab.pause()
        return running

    return asyncio.run(watch())


# Live

def test_the_live_training_is_the_training_that_play_would_give():
    live = Live(build, {"latent_dim": 2, "seed": 3})
    again = Live(build, {"latent_dim": 2, "seed": 3})
    live.play(5)
    for _ in range(5):
        again.step()
    assert losses_of(live) == losses_of(again)
    assert live.training.round == 5


def test_a_started_training_plays_draws_and_stops_where_it_is_paused():
    drawn = []

    async def watch():
        live = Live(build, {"latent_dim": 2, "seed": 0}, lambda: drawn.append(live.training.round))
        live.start()
        task = live.task
        await asyncio.sleep(0.3)
        live.pause()
        rounds = live.training.round
        await asyncio.sleep(0.1)
        return rounds, live.training.round, live.running, task.cancelled(), len(asyncio.all_tasks())

    before, after, running, cancelled, tasks = asyncio.run(watch())
    assert 0 < before == after and not running and cancelled and drawn
    assert tasks == 1                                               # only the test's own


def test_starting_twice_makes_one_task():
    async def watch():
        live = Live(build, {"latent_dim": 2, "seed": 0})
        live.start()
        first = live.task
        live.start()
        same = live.task is first
        live.pause()
        return same

    assert asyncio.run(watch())


def test_one_player_moves_alone():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    before = [p.clone() for p in live.training.game.G.parameters()]
    live.move("D")
    assert all(torch.equal(p, old) for p, old in zip(live.training.game.G.parameters(), before, strict=True))
    assert live.training.round == 0


def methods(method="slow"):
    """Two settings that differ in nothing but their learning rates."""
    game, batches = build()
    game.lr_D = {"slow": 1e-4, "fast": 4e-3}[method]
    return game, batches


def test_a_reset_takes_the_learning_rates_of_the_new_settings():
    live = Live(methods, {"method": "slow"})
    assert live.rates == {"D": 1e-4, "G": 1e-3}
    live.reset({"method": "fast"})
    assert live.rates == {"D": 4e-3, "G": 1e-3} and live.training.round == 0


def test_a_learning_rate_that_the_learner_has_chosen_is_kept():
    live = Live(methods, {"method": "slow"})
    live.set_rate("G", 0.02)
    live.play(3)
    live.reset({"method": "fast"})
    assert live.training.round == 0 and not any(map(len, live.read().values()))
    assert live.rates == {"D": 4e-3, "G": 0.02}


class Quick:
    """A training whose rounds cost nothing, with its names as they are."""

    def __init__(self, training):
        self.players, self.optimizers, self.round = training.players, training.optimizers, 0

    def __next__(self):
        self.round += 1
        loss = torch.tensor(0.7)
        return Record(self.round, {"D/real": loss, "D/fake": loss, "G/adv": loss})


def test_memory_stays_flat_over_many_rounds():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    live.training = Quick(live.training)
    tracemalloc.start()
    try:
        live.play(5000)
        before, _ = tracemalloc.get_traced_memory()
        live.play(20_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 40_000, "two bytes a round; a record has about 1,900"
    curve = live.read()["D"]
    assert POINTS / 2 <= len(curve) < POINTS and curve.points()[-1, 0] > 24_000
    assert np.allclose(curve.points()[:, 1], 1.4) and curve.recent() == pytest.approx(1.4)


def test_the_curve_of_what_is_measured_stays_short(monkeypatch):
    live = Live(build, {"latent_dim": 2, "seed": 0})
    scene = Scene(live)
    monkeypatch.setattr(scene.view, "update", lambda game: None)
    for _ in range(2 * POINTS):
        live.training.round += 1
        scene.update()
    assert POINTS / 2 <= len(scene.quality) < POINTS
    assert len(scene.quality_line.get_xdata()) == len(scene.quality)


def test_records_wait_for_the_picture_but_not_without_end():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    live.training = Quick(live.training)
    live.play(UNREAD - 1)
    assert len(live.curves["D"]) == 0, "not read yet: a GPU has not been waited for"
    live.play(1)
    assert len(live.curves["D"]) == UNREAD


def test_an_error_in_the_task_is_kept_and_raised_where_somebody_asks(monkeypatch):
    monkeypatch.setattr(Fragile, "broken", False)

    async def watch():
        live = Live(lambda **_: build(discriminator=Fragile), {})
        live.start()
        await asyncio.sleep(0.02)
        Fragile.broken = True
        await asyncio.sleep(0.2)
        return live

    live = asyncio.run(watch())
    assert not live.running
    with pytest.raises(RuntimeError, match="fell over"):
        live.raise_error()


# the picture

def test_a_curve_is_made_of_means_over_equal_bins_and_never_grows_long():
    curve = BinnedCurve()
    assert curve.points().shape == (0, 2) and np.isnan(curve.recent())
    values = np.random.default_rng(0).normal(size=5000)
    for i, value in enumerate(values):
        curve.add(10 * (i + 1), value)
        assert len(curve) < POINTS
    rounds, means = curve.points().T
    assert curve.size == 16 and len(curve) == 5000 // 16
    assert np.allclose(means, values[:312 * 16].reshape(-1, 16).mean(1))
    assert rounds.tolist() == [160 * (k + 1) for k in range(312)]
    assert curve.recent() == pytest.approx(values[-50:].mean())


def test_the_picture_shows_the_losses_as_they_were_recorded():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    scene = Scene(live)
    records = list(islice(Training(*build(), seed=0), 7))
    live.play(7)
    scene.update()
    expected = [record["D/real"] + record["D/fake"] for record in records]
    assert np.allclose(scene.loss_lines["D"].get_ydata(), expected)
    assert "Round 7" in scene.describe() and "8 modes" in scene.describe()


@pytest.mark.parametrize("make", [build, images])
def test_the_picture_changes_when_the_training_goes_on(make):
    live = Live(make, {"latent_dim": 2, "seed": 0})
    scene = Scene(live)
    before = scene.jpeg()
    live.play(5)
    scene.update()
    after = scene.jpeg()
    assert before != after and Image.open(io.BytesIO(after)).size == (900, 320)


def test_each_column_of_a_conditional_games_samples_is_one_class():
    def conditional(**_):
        return games.load("cgan").demo()

    live = Live(conditional, {"seed": 0})
    scene = Scene(live)
    before = scene.view.inputs
    live.play(1)
    live.training.game.G.forward = lambda z, y: (y.float() / 4.5 - 1).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    scene.update()
    page = np.asarray(scene.view.page.get_array())
    assert page.shape[:2] == (4 * 9 - 1, 10 * 9 - 1)
    for place in range(40):
        row, column = divmod(place, 10)
        shades = page[9 * row:9 * row + 8, 9 * column:9 * column + 8]
        assert np.ptp(shades) == 0 and abs(int(shades.flat[0]) - 255 * column / 9) <= 1
    assert all(a is b for a, b in zip(before, scene.view.inputs, strict=True))
    live.reset({"seed": 0})
    scene.restart()
    assert all(torch.equal(a, b) for a, b in zip(before, scene.view.inputs, strict=True)), "the same for every training"


def test_painting_only_what_has_changed_gives_the_picture_painted_anew():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    scene = Scene(live)

    def as_if_anew():
        before = scene.jpeg()
        scene.stale = {ax.figure for ax in scene.fig.axes}
        return before == scene.jpeg()

    for change in (lambda: live.play(3), lambda: live.play(60), lambda: scene.overlay([scene.keep("A")]),
                   lambda: [live.curves["G"].add(64 + i, 7.0) for i in range(2)], lambda: scene.overlay([]), lambda: scene.restart()):
        change()
        scene.update()
        assert as_if_anew()


def test_looking_at_the_picture_does_not_change_the_training():
    quiet, watched = (Live(build, {"latent_dim": 2, "seed": 0}) for _ in range(2))
    scene = Scene(watched)
    for live in (quiet, watched):
        live.play(3)
    scene.update()
    scene.jpeg()
    for live in (quiet, watched):
        live.play(2)
    assert losses_of(watched) == losses_of(quiet)


def test_the_alarm_rings_when_samples_crowd_around_few_modes_good_or_not():
    live = Live(build, {"latent_dim": 2, "seed": 0})
    scene = Scene(live)
    centre = scene.view.dataset.centres[:1]
    live.training.game.sample = lambda n: centre.repeat(n, 1)
    scene.update()
    assert not scene.collapsed()                                    # it has hardly begun
    live.training.round = 110
    scene.update()
    assert scene.collapsed() and "1 of 8 modes" in scene.describe()
    live.training.game.sample = lambda n: 1.2 * centre.repeat(n, 1)
    scene.update()
    assert scene.collapsed() and "0 of 8 modes" in scene.describe()
    live.training.game.sample = lambda n: scene.view.dataset.sample(n).x
    scene.update()
    assert not scene.collapsed()


# the lab

def test_start_and_pause(page):
    lab = Lab("t", build, **SLIDERS)
    picture = lab.picture.value
    assert play_for(lab)
    assert lab.live.training.round > 0 and not lab.live.running
    assert lab.picture.value != picture and "Paused" in lab.status.value and "Start" in lab.buttons["start"].description


def test_a_learning_rate_changes_the_running_training(page):
    lab = Lab("t", build, **SLIDERS)
    lab.buttons["step"].click()
    lab.rates["G"].value = 0.01
    assert lab.live.rates["G"] == 0.01 and lab.live.training.round == 1
    assert "Learning rate of G is now 0.01" in lab.status.value


def test_the_other_sliders_start_a_new_training_and_say_so(page):
    lab = Lab("t", build, **SLIDERS)
    lab.buttons["step"].click()
    lab.knobs["latent_dim"].value = 4
    assert lab.live.training.round == 0 and lab.live.training.game.G.z_dim == 4
    assert "New training: latent dimension is now 4" in lab.status.value


def test_step_d_and_step_g_move_one_player(page):
    lab = Lab("t", build, **SLIDERS)
    for player in ("D", "G"):
        before = {name: [p.clone() for p in training.net.parameters()] for name, training in lab.live.training.players.items()}
        lab.buttons[f"step {player}"].click()
        moved = {name for name, training in lab.live.training.players.items()
                 if any(not torch.equal(p, old) for p, old in zip(training.net.parameters(), before[name], strict=True))}
        assert moved == {player} and f"{player} moved once" in lab.status.value


def test_runs_are_kept_laid_over_and_saved(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lab = Lab("03.moons", build, **SLIDERS)
    lab.live.play(4)
    lab.buttons["keep"].click()
    lab.knobs["latent_dim"].value = 4
    lab.live.play(6)
    lab.buttons["keep"].click()
    assert len(lab.scene.kept_lines) > 0 and lab.table.value.count("<tr>") == 3
    lab.buttons["save table"].click()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "03_moons_runs.csv").read_text())))
    assert [(row["run"], row["latent_dim"], row["rounds"]) for row in rows] == [("A", "2", "4"), ("B", "4", "6")]
    assert {"lr D", "lr G", "loss D", "modes", "high quality %"} <= set(rows[0])
    assert [(event["kind"], event["key"], event["run"]) for event in progress.read()] == [
        ("experiment", "03.moons", "A"), ("experiment", "03.moons", "B")]


def test_a_kept_run_stays_in_sight_when_a_new_training_begins(page):
    lab = Lab("t", build, **SLIDERS)
    lab.live.play(70)
    lab.buttons["keep"].click()
    high = dataclasses.replace(lab.kept[0], curves={"D": np.stack([np.arange(1, 71), np.full(70, 9.0)], 1)})
    lab.scene.overlay([high])
    lab.buttons["reset"].click()
    assert lab.live.training.round == 0
    assert lab.scene.losses_ax.get_xlim()[1] >= 70 and lab.scene.quality_ax.get_xlim()[1] >= 70
    assert lab.scene.losses_ax.get_ylim()[1] >= 9


def test_what_stands_in_the_table_is_escaped():
    assert "&lt;b&gt;</td>" in table.as_html([Kept({"loss": "<b>"}, {}, np.empty((0, 2)))])


def test_a_table_of_nothing_is_empty():
    assert table.as_csv([]).strip() == ""


def test_running_the_cell_again_closes_the_old_lab(page):
    async def watch():
        old = Lab("t", build, **SLIDERS)
        old.start()
        await asyncio.sleep(0.05)
        new = Lab("t", build, **SLIDERS)
        await asyncio.sleep(0.05)
        return old, new, len(asyncio.all_tasks())

    old, new, tasks = asyncio.run(watch())
    assert tasks == 1 and not new.live.running and vars(old) == {}


def test_what_is_pressed_on_another_thread_happens_on_that_of_the_cell(page):
    threads = []

    def watched(**settings):
        threads.append(threading.current_thread())
        return build(**settings)

    async def watch():
        lab = Lab("t", watched, **SLIDERS)
        other = threading.Thread(target=lambda: (lab.buttons["start"].click(), setattr(lab.knobs["latent_dim"], "value", 4)))
        other.start()
        other.join()
        before = lab.live.running, len(threads)
        await asyncio.sleep(0.05)
        mine = lab.live.running and lab.live.task.get_loop() is asyncio.get_running_loop()
        lab.pause()
        return before, mine

    assert asyncio.run(watch()) == ((False, 1), True)
    assert threads == 2 * [threading.main_thread()]


def test_two_labs_run_side_by_side_without_mixing(page):
    async def watch(*names):
        labs = [Lab(name, build, **SLIDERS) for name in names]
        for lab in labs:
            lab.start()
        await asyncio.sleep(0.5)
        for lab in labs:
            lab.pause()
        return labs

    first, second = asyncio.run(watch("a", "b"))
    plain = Live(build, {"latent_dim": 2, "seed": 0})
    plain.play(20)
    expected = losses_of(plain)
    for live in (first.live, second.live):
        losses = losses_of(live)
        rounds = min(20, len(losses["D"]))
        assert rounds > 0 and all(losses[player][:rounds] == expected[player][:rounds] for player in "DG")


def test_sliders_show_the_learning_rates_that_are_in_force(page):
    lab = Lab("t", methods, method=Slider("method", ["slow", "fast"], "slow"))
    assert lab.rates["D"].value == 1e-4
    lab.knobs["method"].value = "fast"
    assert lab.rates["D"].value == lab.live.rates["D"] == 4e-3 and lab.live.chosen_rates == {}
    lab.rates["D"].value = 1e-2
    lab.knobs["method"].value = "slow"
    assert lab.rates["D"].value == lab.live.rates["D"] == 1e-2, "the learner has chosen this one"


def test_thirty_runs_of_the_cell_keep_one_lab_only(page):
    out, released, widgets = [], [], []
    for _ in range(30):
        lab = Lab("t", images, **SLIDERS)
        out.append(lab)                         # IPython's Out does so with a cell's last line
        optimizer = lab.live.training.optimizers["G"]
        released += [weakref.ref(it) for it in (lab.live.training.game, optimizer, lab.scene.fig, lab.box)]
        widgets.append(len(_instances))
        page.clear()
    del optimizer
    gc.collect()
    assert sum(ref() is not None for ref in released) == 4, "those of the last lab"
    assert widgets[-1] == widgets[0], "what the old labs had on the page is closed"


@pytest.mark.parametrize("part", ["update", "describe"])
def test_an_error_while_drawing_pauses_and_is_shown(page, monkeypatch, part):
    lab = Lab("t", build, **SLIDERS)

    def broken(*_):
        raise RuntimeError("<the view> fell over")
    monkeypatch.setattr(lab.scene.view, part, broken)

    async def watch():
        lab.live.start()
        await asyncio.sleep(0.3)

    asyncio.run(watch())
    assert not lab.live.running and "Start" in lab.buttons["start"].description
    assert "Stopped by an error: RuntimeError: &lt;the view&gt; fell over" in lab.status.value
    assert 'role="alert"' in lab.status.value and "Running" not in lab.status.value
    with pytest.raises(RuntimeError):
        lab.raise_error()


def test_a_run_is_kept_where_no_record_can_be_written(page, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    lab = Lab("t", build, **SLIDERS)
    lab.buttons["keep"].click()
    assert len(lab.kept) == 1 and "Kept as A. Not recorded:" in lab.status.value
    assert "GAN_COURSE_PROGRESS" in lab.status.value and 'role="status"' in lab.status.value


def test_a_saved_training_is_resumed_with_its_settings_bit_for_bit(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    lab = Lab("03.moons", build, **SLIDERS)
    lab.knobs["latent_dim"].value = 4
    lab.live.play(3)
    lab.rates["G"].value = 2e-4
    lab.buttons["save"].click()
    assert "Saved as 03_moons.safetensors. Round 3." in lab.status.value
    lab.live.play(2)
    expected = [p.clone() for p in lab.live.training.game.parameters()]
    lab.knobs["latent_dim"].value = 2
    lab.rates["G"].value = 3e-2
    lab.buttons["resume"].click()
    assert "Resumed from 03_moons.safetensors. Start goes on. Round 3." in lab.status.value
    assert lab.knobs["latent_dim"].value == 4 == lab.live.settings["latent_dim"]
    assert lab.rates["G"].value == lab.live.rates["G"] == 2e-4
    lab.live.play(2)
    assert all(torch.equal(p, q) for p, q in zip(lab.live.training.game.parameters(), expected, strict=True))
    assert [file.name for file in tmp_path.iterdir()] == ["03_moons.safetensors"]


def broken_in(folder, kind):
    """A file 03_moons.safetensors that the lab cannot go on from."""
    file = folder / "03_moons.safetensors"
    if kind == "damaged":
        Live(build, {"latent_dim": 2, "seed": 0}).save(file)
        file.write_bytes(file.read_bytes()[:-100])
    elif kind == "other sliders":
        Live(methods, {"method": "slow"}).save(file)
    elif kind == "other game":
        Live(lambda **_: games.load("wgan").demo(), {"latent_dim": 2, "seed": 0}).save(file)
    elif kind == "other sizes":
        Live(images, {"latent_dim": 2, "seed": 0}).save(file)
    elif kind != "none":
        Live(build, {"latent_dim": 2, "seed": 0}).save(file)
        with safe_open(file, framework="pt") as opened:
            about = json.loads(opened.metadata()["gan_course"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}
        if kind == "no name":
            del about["game"]
        elif kind == "other contents":
            about = []
        elif kind == "other device":                                # a generator of a GPU has 16 bytes
            tensors["batches.generator"] = torch.zeros(16, dtype=torch.uint8)
        checkpoints.write(file, tensors, {"gan_course": json.dumps(about)})


@pytest.mark.parametrize("kind, said", [
    ("none", "there is no file 03_moons.safetensors yet. Save writes it"),
    ("damaged", "not a checkpoint of this course, or it was cut short"),
    ("other sliders", "was saved with the settings method; this lab has latent_dim, seed"),
    ("other game", "holds a WGAN with players"), ("other sizes", "does not fit this game"),
    ("no name", "lacks something that a training needs"), ("other contents", "lacks something that a training needs"),
    ("other device", "or was saved on another kind of device, a CPU or a GPU")])
def test_what_cannot_be_resumed_is_said_and_the_present_training_goes_on(page, monkeypatch, tmp_path, kind, said):
    monkeypatch.chdir(tmp_path)
    broken_in(tmp_path, kind)
    lab = Lab("03.moons", build, **SLIDERS)

    async def watch():
        lab.start()
        await asyncio.sleep(0.05)
        training = lab.live.training
        lab.buttons["resume"].click()
        going_on = lab.live.running and lab.live.training is training
        status = lab.status.value
        lab.pause()
        return going_on, status

    going_on, status = asyncio.run(watch())
    assert going_on and "Not resumed: " in status and said in status and 'role="status"' in status
    lab.raise_error()                                               # there is none


def test_a_value_that_no_slider_has_is_resumed_and_shown(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    live = Live(build, {"latent_dim": 3, "seed": 0})
    live.set_rate("D", 7e-4)
    live.save("t.safetensors")
    lab = Lab("t", build, **SLIDERS)
    lab.buttons["resume"].click()
    assert lab.live.training.game.G.z_dim == 3 == lab.knobs["latent_dim"].value
    assert [value for _, value in lab.knobs["latent_dim"].options] == [2, 3, 4]
    assert lab.rates["D"].value == 7e-4 and lab.live.chosen_rates == {"D": 7e-4}
    lab.knobs["latent_dim"].value = 4
    assert lab.live.rates == {"D": 7e-4, "G": 1e-3}, "what was chosen before Save is still chosen"


@pytest.mark.parametrize("button", ["save", "save table", "save samples", "save film", "save walk"])
def test_a_file_that_cannot_be_written_is_said_and_nothing_stops(page, tmp_path, button):
    lab = Lab("t", images, **SLIDERS)
    (tmp_path / "file").touch()
    lab.folder = tmp_path / "file" / "folder"
    lab.buttons[button].click()
    assert "Not saved, because the file cannot be written: " in lab.status.value and lab.live.error is None


def picture(path):
    with Image.open(path) as opened:
        return np.asarray(opened)


def film(path):
    """The pages of a film."""
    with Image.open(path) as opened:
        return [np.asarray(page.convert("RGB"), dtype=float) for page in ImageSequence.Iterator(opened)]


def test_samples_are_saved_as_a_sheet_and_one_in_each_file(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lab = Lab("07.dcgan", images, **SLIDERS)
    again = Live(images, {"latent_dim": 2, "seed": 0})
    expected = [dict(next(again.training)) for _ in range(2)]
    lab.live.play(1)
    torch.manual_seed(5)
    outside = torch.get_rng_state()
    lab.buttons["save samples"].click()
    assert torch.equal(torch.get_rng_state(), outside)
    assert "Saved 64 pictures in 07_dcgan_samples, and as a sheet, 07_dcgan_samples.png." in lab.status.value
    files = sorted((tmp_path / "07_dcgan_samples").iterdir())
    assert [file.name for file in files] == [f"{number:04}.png" for number in range(1, 65)]
    sheet = picture(tmp_path / "07_dcgan_samples.png")
    assert sheet.shape == (71, 71, 3) and np.array_equal(sheet[:8, 9:17, 0], picture(files[1]))
    assert dict(next(lab.live.training)) == expected[1], "saving has changed the training"


def test_the_film_of_a_training_begins_with_its_first_round_and_ends_with_the_latest(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lab = Lab("t", build, **SLIDERS)
    for _ in range(3):
        lab.live.play(20)
        lab.draw()
        lab.draw()                                                  # nothing new to show
    lab.buttons["save film"].click()
    pages = film(tmp_path / "t_training.gif")
    assert len(pages) == 4 and all(page.shape == (320, 900, 3) for page in pages)
    assert all(np.abs(page - after).mean() > 0.1 for page, after in zip(pages, pages[1:], strict=False))
    lab.buttons["reset"].click()
    lab.buttons["save film"].click()
    assert len(film(tmp_path / "t_training.gif")) == 1, "another training, another film"


def test_a_film_stays_small_however_long_the_training_is():
    kept = Film()
    for number in range(1000):
        kept.add(number, bytes([number % 256]))
    rounds = [number for number, _ in kept.moments]
    assert MOST / 2 <= len(rounds) < MOST and rounds[0] == 0 and len(set(np.diff(rounds))) == 1
    assert kept.last[0] == 999


def test_a_walk_in_latent_space_comes_back_to_where_it_began(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lab = Lab("t", images, **SLIDERS)
    lab.buttons["save walk"].click()
    assert "Saved a walk in latent space, t_walk.gif." in lab.status.value
    pages = film(tmp_path / "t_walk.gif")
    steps = [np.abs(page - after).mean() for page, after in zip(pages, pages[1:], strict=False)]
    assert len(pages) > 10 and np.abs(pages[0] - pages[-1]).mean() <= max(steps)


def test_each_lab_has_the_buttons_that_make_sense_for_its_game(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saving = {"save samples", "save film", "save walk"}
    assert saving & Lab("points", build, **SLIDERS).buttons.keys() == {"save film"}
    assert saving & Lab("images", images, **SLIDERS).buttons.keys() == saving
    lab = Lab("pairs", lambda **_: games.load("pix2pix").demo())
    assert saving & lab.buttons.keys() == {"save samples", "save film"}
    lab.buttons["save samples"].click()
    assert len(list((tmp_path / "pairs_samples").iterdir())) == 16


def test_a_cell_that_failed_can_be_run_again(page):
    with pytest.raises(ZeroDivisionError):
        Lab("t", lambda **_: 1 / 0)
    assert Lab("t", build, **SLIDERS).live.training.round == 0


def test_a_rate_that_was_asked_for_holds_in_settings_with_other_rates(page):
    async def watch():
        lab = Lab("t", methods, method=Slider("method", ["slow", "fast"], "slow"))
        lab.take(method="fast", lr_D=1e-4)                          # which D's slider shows already
        lab.pause()
        return lab

    lab = asyncio.run(watch())
    assert lab.live.settings == {"method": "fast"} and lab.live.rates["D"] == 1e-4 == lab.rates["D"].value


def test_an_error_while_training_is_shown_in_words_escaped_and_raised_on_request(page):
    lab = Lab("t", lambda **_: build(discriminator=Fragile))
    Fragile.broken = True
    lab.buttons["step"].click()
    assert "&lt;D&gt; fell over" in lab.status.value and 'role="alert"' in lab.status.value
    with pytest.raises(RuntimeError):
        lab.raise_error()


def test_without_a_front_end_an_error_behind_a_button_is_raised(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setattr(Lab, "keep", lambda lab: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Lab("t", build, rounds=3, **SLIDERS)


def test_without_a_front_end_it_trains_and_presses_every_button(page, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.chdir(tmp_path)
    tried = []

    def noted(latent_dim, seed):
        tried.append((latent_dim, seed))
        return build(latent_dim, seed)

    lab = Lab("t", noted, rounds=3, **SLIDERS)
    assert lab.live.training.round == 3 and len(lab.kept) == 1 and not lab.live.running
    assert {(4, 0), (2, 1)} <= set(tried), "every slider is moved"
    assert lab.live.settings == {"latent_dim": 2, "seed": 0}, "what is shown has the settings of the start"
    assert "[lab: Round 3." in page[0]["text/plain"] and "<img" in page[0]["text/html"]
    assert list(tmp_path.iterdir()) == []
