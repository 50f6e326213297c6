"""The drawing pad in a real browser: the mouse draws, the keyboard draws, a file is dropped in, and the translation follows each time."""
import io
import os

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser
CELL = """
import torch
from gan_course.widgets.pad import translate
translate(lambda x: -x, {"white": torch.ones(1, 3, 32, 32), "grey": torch.zeros(1, 3, 32, 32)}, "The negative of your picture.",
          colours={"red": "#FF0000", "blue": "#0000FF"})
"""
PIXEL = """async ([column, row]) => { const picture = new Image();
    picture.src = document.querySelector('img[alt="The negative of your picture."]').src;
    await picture.decode();
    const canvas = document.createElement('canvas'); canvas.width = canvas.height = 32;
    const context = canvas.getContext('2d'); context.drawImage(picture, 0, 0);
    return [...context.getImageData(column, row, 1, 1).data].slice(0, 3).join() }"""
ON_PAD = """([[column, row], colour]) => document.querySelector('canvas[role=application]').getContext('2d')
    .getImageData(8 * column + 4, 8 * row + 4, 1, 1).data.slice(0, 3).join() === colour"""
CYAN, YELLOW = "0,255,255", "255,255,0"                             # the negatives of red and blue


def test_a_learner_draws_and_sees_the_translation(open_notebook, server):
    server.write("pad.ipynb", [CELL])
    notebook = open_notebook("pad.ipynb")
    notebook.run_all()
    page, pad = notebook.page, notebook.page.get_by_role("application")
    pad.wait_for()

    def becomes(column, row, colour):
        page.wait_for_function(f"async ([place, colour]) => await ({PIXEL})(place) === colour", arg=[[column, row], colour], timeout=10_000)

    becomes(3, 3, "0,0,0")                                          # the negative of white
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 8 * 3.5, box["y"] + 8 * 5.5)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 * 9.5, box["y"] + 8 * 5.5, steps=12)
    page.mouse.up()
    for column in (3, 6, 9):
        becomes(column, 5, CYAN)
    becomes(11, 5, "0,0,0")

    page.get_by_role("button", name="Colour blue").click()
    assert page.get_by_role("button", name="Colour blue").get_attribute("aria-pressed") == "true"
    pad.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Space"):
        page.keyboard.press(key)
    becomes(10, 7, YELLOW)                                          # JupyterLab left the arrow keys to the pad
    page.get_by_role("button", name="Undo").click()
    becomes(10, 7, "0,0,0")
    becomes(9, 5, CYAN)

    page.get_by_role("button", name="grey").click()
    becomes(9, 5, "127,127,127")
    page.wait_for_function(ON_PAD, arg=[[9, 5], "128,128,128"], timeout=10_000)
    file = io.BytesIO()
    Image.fromarray(np.full((50, 80, 3), (0, 0, 255), np.uint8)).save(file, "PNG")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A file of yours").click()
    chooser.value.set_files({"name": "blue.png", "mimeType": "image/png", "buffer": file.getvalue()})
    becomes(16, 16, YELLOW)
    page.wait_for_function(ON_PAD, arg=[[16, 16], "0,0,255"], timeout=10_000)
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        notebook.photograph(folder)
    assert notebook.errors() == [] and notebook.strangers == []
