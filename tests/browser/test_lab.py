"""Two live labs on one page, in a real browser: what is started, run again or restarted in a hurry leaves nothing behind.

The labs of the notebooks themselves are used in test_notebooks.py.
"""
import pytest

pytestmark = pytest.mark.browser
BUILD = """import asyncio
import torch
from gan_course import data, nets
from gan_course.games.gan import GAN
from ipywidgets.widgets.widget import _instances
from gan_course import plots
from gan_course.widgets.explore import Slider, explore
from gan_course.widgets.lab import Lab

def build(seed, name="ring"):
    torch.manual_seed(seed)
    stream = data.batches(name, 16, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(2, stream.data_shape, 8), nets.MLPDiscriminator(stream.data_shape, 8)), stream"""
CELLS = [BUILD, "points = Lab('points', build, seed=Slider('seed', [0, 1, 2], 0))",
         "images = Lab('images', lambda seed: build(seed, 'digits'), seed=Slider('seed', [0, 1, 2], 0))",
         "explore(lambda z: plots.canvas(width=2, height=1)[0], 'z is {z}', z=Slider('z', [0, 1], 0))",
         "print('widgets:', len(_instances), 'tasks:', sum('Live._play' in repr(task) for task in asyncio.all_tasks()))"]

LAST_OUTPUT = "() => [window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.at(-1).outputs[0].text].flat().join('')"


@pytest.fixture
def notebook(open_notebook, server):
    server.write("labs.ipynb", CELLS)
    (server.folder / "points.safetensors").unlink(missing_ok=True)
    notebook = open_notebook("labs.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    yield notebook
    assert notebook.errors() == [] and notebook.strangers == []


def count(notebook):
    """How many widgets the kernel keeps, and how many trainings it is playing."""
    notebook.run_again("tasks:")
    _, widgets, _, tasks = notebook.page.evaluate(LAST_OUTPUT).split()
    return int(widgets), int(tasks)


def tasks(notebook):
    return count(notebook)[1]


def test_two_labs_play_at_once_and_each_minds_its_own_buttons(notebook):
    points, images = notebook.labs()
    for lab in (points, images):
        lab.press("Start")
    for lab in (points, images):
        lab.plays_on()
    assert tasks(notebook) == 2
    points.press("Pause")
    points.says("Paused")
    images.plays_on()
    points.stands_still()
    assert tasks(notebook) == 1
    points.move("seed", "ArrowRight")
    points.says("New training: seed is now 1")
    images.plays_on()
    notebook.run_again("Lab('images'")                              # while it plays
    points.press("Start")
    points.plays_on()
    images.says("Press Start")
    images.stands_still()
    assert tasks(notebook) == 1


def test_run_all_and_a_kernel_restarted_while_training_leave_no_task_behind(notebook):
    for again in (notebook.run_all, lambda: (notebook.restart(), notebook.run_all())):
        for lab in notebook.labs():
            lab.press("Start")
            lab.plays_on()
        again()
        for lab in notebook.labs():
            lab.says("Press Start")
            lab.stands_still()
        assert tasks(notebook) == 0
    lab = notebook.labs()[0]
    lab.press("Start")
    lab.plays_on()
    lab.press("Pause")
    lab.says("Paused")


def test_a_training_is_saved_and_resumed_by_keyboard_even_after_the_kernel_was_restarted(notebook):
    lab = notebook.labs()[0]
    lab.press("Resume")
    lab.says("Not resumed: there is no file points.safetensors yet. Save writes it.")
    lab.move("seed", "ArrowRight")
    rate = lab.move("learning rate of G", "ArrowRight")
    lab.press("Start")
    lab.plays_on()
    lab.press("Pause")
    lab.says("Paused")
    lab.press("Save$")
    lab.says("Saved as points.safetensors.")
    saved = lab.round()
    lab.press("Start")
    lab.plays_on()
    lab.press("Pause")
    notebook.restart()
    notebook.run_all()
    lab = notebook.labs()[0]
    lab.press("Resume")
    lab.says(f"Resumed from points.safetensors. Start goes on. Round {saved}.")
    readouts = {name: lab.box.locator(".widget-hslider", has_text=name).locator(".widget-readout").inner_text()
                for name in ("seed", "learning rate of G")}
    assert readouts == {"seed": "1", "learning rate of G": rate}
    lab.press("Start")
    lab.plays_on()
    lab.press("Pause")
    lab.says("Paused")


def test_cells_that_are_run_again_leave_no_widgets_behind_and_the_kernels_interrupt_pauses_the_labs(notebook):
    before = count(notebook)
    for cell in ("Lab('points'", "explore(lambda") * 3:
        notebook.run_again(cell)
    assert count(notebook) == before and len(notebook.labs()) == 2
    assert notebook.page.locator(".jp-OutputArea-output img.gan-course-figure").count() == 3
    for lab in notebook.labs():
        lab.press("Start")
        lab.plays_on()
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    for lab in notebook.labs():
        lab.says("Paused by the kernel's Interrupt")
        lab.stands_still()
    assert tasks(notebook) == 0


def test_samples_and_films_are_saved_by_keyboard_while_the_training_goes_on(notebook, server):
    points, images = notebook.labs()
    assert points.box.get_by_role("button", name="Save samples").count() == 0
    images.press("Start")
    images.plays_on()
    files = {"Save samples": "images_samples.png", "Save film": "images_training.gif", "Save walk": "images_walk.gif"}
    for name, file in files.items():
        images.press(name)
        images.says(file)
        assert (server.folder / file).stat().st_size > 0
    assert len(list((server.folder / "images_samples").iterdir())) == 64
    images.plays_on()
    images.press("Pause")
    images.says("Paused")
