"""The box for sentences in a real browser: Enter draws what is typed, and markup that is typed stays text."""
import os

import pytest

pytestmark = pytest.mark.browser
CELL = """
import torch
from gan_course.data.captions import WORDS
from gan_course.widgets.words import type_what_you_want
class Painter(torch.nn.Module):
    z_dim = 2
    def forward(self, z, sentence):
        return torch.full((len(z), 3, 32, 32), 1.0 if WORDS.index("seven") in sentence else -1.0)
type_what_you_want(Painter(), n=4)
"""


def test_a_learner_types_and_sees_it(open_notebook, server):
    server.write("words.ipynb", [CELL])
    notebook = open_notebook("words.ipynb")
    notebook.run_all()
    page = notebook.page
    box = page.get_by_role("textbox", name="Draw me")
    box.wait_for()
    page.locator('img[alt="4 samples of the generator for the words: bold, red ink, seven, yellow paper."]').wait_for()
    box.fill("a blue three, <b>please</b>")
    box.press("Enter")                                              # JupyterLab leaves the key to the box
    page.locator('img[alt="4 samples of the generator for the words: blue ink, three."]').wait_for()
    said = page.locator("[role=status]", has_text="I do not know “b”. Understood: blue ink, three.")
    said.wait_for()
    assert said.locator("b").count() == 0
    box.fill("turquoise paper")
    button = page.get_by_role("button", name="Draw", exact=True)
    button.focus()
    button.press("Enter")
    page.locator('img[alt="4 samples of the generator for the words: turquoise paper."]').wait_for()
    page.locator(".widget-hslider", has_text="samples").locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.locator('img[alt="5 samples of the generator for the words: turquoise paper."]').wait_for()
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        notebook.photograph(folder)
    assert notebook.errors() == [] and notebook.strangers == []
