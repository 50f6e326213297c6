"""The live lab under a learner's fingers, in a real browser, by keyboard alone."""
import re

import pytest

pytestmark = pytest.mark.browser
RERUN = """() => { const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source.includes('Lab("00.taste"'));
    return window.jupyterapp.commands.execute('notebook:run-cell') }"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
ROUND = """() => Number(document.querySelector(".gan-course-lab [role=status]").innerText.match(/Round ([0-9]+)/)[1])"""


class Bench:
    """The lab of notebook 00 on the page."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        self.box = self.page.locator(".gan-course-lab").first

    def press(self, name):
        button = self.box.get_by_role("button", name=re.compile(name)).first
        button.focus()
        button.press("Enter")

    def move(self, slider, key):
        handle = self.box.locator(".widget-hslider", has_text=slider).locator(".noUi-handle")
        handle.focus()
        handle.press(key)

    def says(self, text, seconds=5):
        self.box.locator("[role=status]", has_text=text).wait_for(timeout=1000 * seconds)

    def round(self):
        return int(re.search(r"Round (\d+)", self.box.locator("[role=status]").inner_text())[1])

    def plays_on(self):
        before = self.round()
        self.page.wait_for_function(f"before => ({ROUND})() > before", arg=before, timeout=10_000)

    def stands_still(self):
        self.page.wait_for_timeout(300)                             # the last picture may be on its way
        before = self.box.locator("[role=status]").inner_text()
        self.page.wait_for_timeout(1500)
        assert self.box.locator("[role=status]").inner_text() == before


@pytest.fixture
def bench(open_notebook):
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    return Bench(notebook)


def test_start_change_the_learning_rate_pause_step_reset(bench):
    picture = bench.box.locator("img").get_attribute("src")
    bench.press("Start")
    bench.says("Running")
    bench.plays_on()
    assert bench.box.locator("img").get_attribute("src") != picture
    bench.move("learning rate of G", "ArrowRight")
    bench.says("Learning rate of G is now 0.002")
    bench.plays_on()                                                # it went on, with the new rate
    bench.press("Pause")
    bench.says("Paused")
    bench.stands_still()
    rounds = bench.round()
    bench.press("Step$")
    bench.says(f"Round {rounds + 1}")
    for player in ("D", "G"):
        bench.press(f"Step {player}")
        bench.says(f"{player} moved once")
    assert bench.round() == rounds + 1
    bench.press("Keep run")
    bench.says("Kept as A")
    assert bench.box.locator("table tbody tr").count() == 1
    bench.press("Reset")
    bench.says("Round 0")
    bench.move("seed", "ArrowRight")
    bench.says("New training: seed is now 1")
    assert bench.notebook.errors() == []


def test_run_all_twice_and_a_cell_run_again_while_training_leave_no_task_behind(bench):
    bench.press("Start")
    bench.plays_on()
    bench.page.evaluate(RERUN)
    bench.says("Press Start")                                       # the new lab stands still …
    bench.stands_still()
    bench.press("Start")
    bench.plays_on()
    bench.notebook.run_all()                                        # … and so does the next
    bench.says("Press Start")
    bench.stands_still()
    assert bench.notebook.errors() == []


def test_a_kernel_restarted_while_training_comes_back_clean(bench):
    bench.press("Start")
    bench.plays_on()
    bench.page.evaluate(RESTART)
    bench.notebook.run_all()
    bench.says("Press Start")
    bench.press("Start")
    bench.plays_on()
    bench.press("Pause")
    bench.says("Paused")
    bench.stands_still()
    assert bench.notebook.errors() == []
