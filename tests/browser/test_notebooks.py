"""Every notebook with sliders or labs as a learner meets it: in JupyterLab, in a browser, moved by the keyboard. (Notebooks without
them have only quizzes and exercises to press, which have tests of their own, and nbval runs all of their cells.)

With GAN_COURSE_SCREENSHOTS=folder the pages are photographed too, in the light and the dark theme; GAN_COURSE_WIDTH=1000 makes the
window narrower than its 1280.
"""
import os
import re

import pytest

from gan_course.lessons import catalogue
from gan_course.paths import NOTEBOOKS

pytestmark = pytest.mark.browser
PATHS = [entry.path for entry in catalogue.notebooks()
         if re.search(r"\b(Slider|Lab)\(", entry.path.read_text(encoding="utf-8"))]
PICTURE = """box => box.querySelector('img.gan-course-figure')?.src + box.querySelector('[role=status]')?.innerText"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_learner_can_run_the_notebook_move_its_sliders_and_use_its_labs(open_notebook, path):
    notebook = open_notebook(path.relative_to(NOTEBOOKS).as_posix())
    notebook.run_all()
    assert notebook.errors() == []
    page = notebook.page
    handles = page.locator(".widget-slider .noUi-handle")
    assert handles.count() >= len(re.findall(r"\bSlider\(", path.read_text(encoding="utf-8"))), "a slider is not on the page"
    for handle in handles.all():
        arrow_changes_the_picture(page, handle)
    labs = notebook.labs()
    assert len(labs) == len(re.findall(r"\bLab\(", path.read_text(encoding="utf-8"))), "a lab is not on the page"
    for lab in labs:
        lab_does_what_its_buttons_say(lab)
    assert page.locator(".jp-OutputArea-output img:not([alt]), .jp-OutputArea-output img[alt='']").count() == 0
    broken = page.locator(".jp-RenderedMarkdown img").evaluate_all(
        "all => all.filter(one => !one.naturalWidth).map(one => one.alt)")
    assert broken == [], "a picture of the text is not shown"
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
    page.wait_for_function(f"([box, before]) => ({PICTURE})(box) !== before", arg=[box, before])


def lab_does_what_its_buttons_say(lab):
    """Start, a learning rate changed while it runs, Pause, Step, one player alone, Save, Keep run, Reset, Resume, and Start once more."""
    picture = lab.box.locator("img").get_attribute("src")
    players = [name.removeprefix("Step ") for name in lab.box.get_by_role("button", name="Step ").all_inner_texts() if name != "Step"]
    lab.press("Start")
    lab.says("Running")
    lab.plays_on()
    lab.page.wait_for_function("([box, before]) => box.querySelector('img').src !== before", arg=[lab.box.element_handle(), picture])  # it may arrive a moment after the words
    rate = lab.move(f"learning rate of {players[-1]}", "ArrowLeft")  # the way back: the highest may be reached
    lab.says(f"Learning rate of {players[-1]} is now {rate}.")
    lab.plays_on()                                                  # it went on, with the new rate
    lab.press("Pause")
    lab.says("Paused")
    lab.stands_still()
    rounds = lab.round()
    lab.press("Step$")
    lab.says(f"Round {rounds + 1}.")
    for player in players:
        lab.press(f"Step {player}$")
        lab.says(f"{player} moved once")
    assert lab.round() == rounds + 1
    lab.press("Save$")
    lab.says("Saved as ")
    lab.press("Keep run")
    lab.says("Kept as A")
    assert lab.box.locator("table tbody tr").count() == 1
    lab.press("Reset")
    lab.says("Round 0.")
    lab.press("Resume$")
    lab.says(f"Start goes on. Round {rounds + 1}.")
    lab.press("Start")
    lab.plays_on()
    lab.press("Pause")
    lab.says("Paused")
