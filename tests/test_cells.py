"""Widgets that a cell has shown are closed when the cell is run again, and what they knew is let go."""
import gc
import weakref

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances

from gan_course.widgets import cells
from gan_course.widgets import explore as explore_module
from gan_course.widgets.explore import Slider, explore


class Shell:
    """A kernel's shell, as far as it says which cell runs."""

    def __init__(self):
        self.cell, self.execution = "a", 0

    def run(self, cell):
        self.cell, self.execution = cell, self.execution + 1

    def get_parent(self):
        return {"header": {"msg_id": str(self.execution)}, "metadata": {} if self.cell is None else {"cellId": self.cell}}


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(cells, "get_ipython", lambda: shell)
    monkeypatch.setattr(cells, "_shown", {})
    monkeypatch.setattr("IPython.display.display", lambda box: None)
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    return shell


class Network:
    """Stands for what a drawing function knows."""


def test_a_cell_that_is_run_again_leaves_one_explorer_and_what_it_draws(shell, monkeypatch):
    monkeypatch.setattr(explore_module.plots, "img", lambda drawn, alt: alt)
    networks, widgets = [], []
    for _ in range(30):
        network = Network()
        networks.append(weakref.ref(network))
        shell.run("a")
        explore(lambda z, network=network: network, "z is {z}", z=Slider("z", [0, 1], 0))
        widgets.append(len(_instances))
    del network
    gc.collect()
    assert sum(ref() is not None for ref in networks) == 1
    assert widgets[-1] == widgets[0]


def test_all_that_one_run_shows_stays_and_so_does_what_other_cells_show(shell):
    first, second, other = (ipywidgets.VBox([ipywidgets.HTML("x")]) for _ in range(3))
    shell.run("a")
    cells.display(first)
    cells.display(second)
    shell.run("b")
    cells.display(other)
    assert all(box.comm is not None for box in (first, second, other))
    shell.run("a")
    cells.display(ipywidgets.VBox())
    assert first.comm is None and second.comm is None and first.children[0].comm is None and first.layout.comm is None
    assert other.comm is not None


@pytest.mark.parametrize("somewhere", ["no cell's name", "no shell"])
def test_where_cells_have_no_name_everything_stays(shell, monkeypatch, somewhere):
    boxes = [ipywidgets.VBox(), ipywidgets.VBox()]
    if somewhere == "no shell":
        monkeypatch.setattr(cells, "get_ipython", lambda: None)
    for box in boxes:
        shell.run(None)
        cells.display(box)
    assert all(box.comm is not None for box in boxes)
