"""A notebook that is opened again after its kernel has ended still shows what its lab last showed."""
import json
import sys
from pathlib import Path

import pytest

from gan_course.paths import ROOT

pytestmark = pytest.mark.browser
SETTINGS = Path(sys.prefix) / "share/jupyter/lab/settings/overrides.json"
CELL = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from gan_course import games
from gan_course.widgets.lab import Lab

lab = Lab("reopened", lambda: games.load("gan").demo())"""
SAVE_AND_CLOSE = """async () => { const app = window.jupyterapp;
    await app.commands.execute('docmanager:save');
    await app.shell.currentWidget.sessionContext.shutdown() }"""


def test_the_last_picture_is_there_when_the_kernel_is_gone(open_notebook, server):
    if not SETTINGS.exists():
        pytest.skip("start.py did not make this environment, so JupyterLab keeps no widgets")
    assert json.loads(SETTINGS.read_text())["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"]
    server.write("reopened.ipynb", [CELL])
    notebook = open_notebook("reopened.ipynb")
    notebook.run_all()
    (lab,) = notebook.labs()
    lab.press("Step$")
    lab.says("Round 1.")
    picture = lab.box.locator("img").get_attribute("src")
    notebook.page.evaluate(SAVE_AND_CLOSE)
    again = open_notebook("reopened.ipynb")
    again.page.locator(".gan-course-lab img").wait_for()
    (lab,) = again.labs()
    assert lab.box.locator("img").get_attribute("src") == picture
    assert "Round 1." in lab.status.inner_text()
