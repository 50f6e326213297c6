"""Every notebook as a learner meets it: in JupyterLab, in a browser, with its sliders moved by the keyboard.

With GAN_COURSE_SCREENSHOTS=folder the pages are photographed too, in the light and the dark theme.
"""
import os
import re

import pytest

from gan_course.paths import NOTEBOOKS

pytestmark = pytest.mark.browser
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
PICTURE = """box => box.querySelector('img.gan-course-figure')?.src + box.querySelector('[role=status]')?.innerText"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_learner_can_run_the_notebook_and_move_its_sliders(open_notebook, path):
    notebook = open_notebook(path.name)
    notebook.run_all()
    assert notebook.errors() == []
    page = notebook.page
    handles = page.locator(".widget-slider .noUi-handle")
    assert handles.count() >= len(re.findall(r"\bSlider\(", path.read_text(encoding="utf-8"))), "a slider is not on the page"
    for handle in handles.all():
        arrow_changes_the_picture(page, handle)
    assert page.locator(".jp-OutputArea-output img:not([alt]), .jp-OutputArea-output img[alt='']").count() == 0
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        notebook.photograph(folder)
    assert notebook.errors() == []
    assert notebook.strangers == [], "the page asked for something that is not on this machine"


def arrow_changes_the_picture(page, handle):
    """Move a slider by one step, as the keyboard does; the picture in its box, or a lab's status line, has to follow."""
    box = handle.evaluate_handle("handle => handle.closest('.widget-vbox')")
    before = box.evaluate(PICTURE)
    at_the_end = float(handle.get_attribute("aria-valuenow")) >= float(handle.get_attribute("aria-valuemax"))
    handle.focus()
    handle.press("ArrowLeft" if at_the_end else "ArrowRight")
    page.wait_for_function(f"([box, before]) => ({PICTURE})(box) !== before", arg=[box, before], timeout=20_000)
