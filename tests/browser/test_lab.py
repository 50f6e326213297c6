"""Two live labs on one page, in a real browser: what is started, run again or restarted in a hurry leaves nothing behind.

The labs of the notebooks themselves are used in test_notebooks.py.
"""
import pytest

pytestmark = pytest.mark.browser
BUILD = """import asyncio
import torch
from gan_course import data, nets
from gan_course.games.gan import GAN
from gan_course.widgets.explore import Slider
from gan_course.widgets.lab import Lab

def build(seed, name="ring"):
    torch.manual_seed(seed)
    stream = data.batches(name, 16, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(2, stream.data_shape, 8), nets.MLPDiscriminator(stream.data_shape, 8)), stream"""
CELLS = [BUILD, "points = Lab('points', build, seed=Slider('seed', [0, 1, 2], 0))",
         "images = Lab('images', lambda seed: build(seed, 'digits'), seed=Slider('seed', [0, 1, 2], 0))",
         "print('tasks:', sum('Live._play' in repr(task) for task in asyncio.all_tasks()))"]
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"

LAST_OUTPUT = "() => [window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.at(-1).outputs[0].text].flat().join('')"


@pytest.fixture
def notebook(open_notebook, server):
    server.write("labs.ipynb", CELLS)
    notebook = open_notebook("labs.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    yield notebook
    assert notebook.errors() == [] and notebook.strangers == []


def tasks(notebook):
    """How many trainings the kernel is playing."""
    notebook.run_again("tasks:")
    return int(notebook.page.evaluate(LAST_OUTPUT).split()[-1])


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
    for again in (notebook.run_all, lambda: (notebook.page.evaluate(RESTART), notebook.run_all())):
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
