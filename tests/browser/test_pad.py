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
        page.wait_for_function(f"async ([place, colour]) => await ({PIXEL})(place) === colour", arg=[[column, row], colour])

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
    page.wait_for_function(ON_PAD, arg=[[9, 5], "128,128,128"])
    file = io.BytesIO()
    Image.fromarray(np.full((50, 80, 3), (0, 0, 255), np.uint8)).save(file, "PNG")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A file of yours").click()
    chooser.value.set_files({"name": "blue.png", "mimeType": "image/png", "buffer": file.getvalue()})
    becomes(16, 16, YELLOW)
    page.wait_for_function(ON_PAD, arg=[[16, 16], "0,0,255"])

    page.get_by_role("button", name="grey").click()
    becomes(16, 16, "127,127,127")
    # a browser tells of a choice only if it is another one than that of the chooser
    assert page.eval_on_selector("input[type=file]", "chooser => chooser.files.length") == 0
    with page.expect_file_chooser() as chooser:                     # the same file again
        page.get_by_role("button", name="A file of yours").click()
    chooser.value.set_files({"name": "blue.png", "mimeType": "image/png", "buffer": file.getvalue()})
    becomes(16, 16, YELLOW)
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        notebook.photograph(folder)
    assert notebook.errors() == [] and notebook.strangers == []


def test_a_file_that_is_too_large_to_send_is_shrunk_or_refused_in_words(open_notebook, server, tmp_path):
    """JupyterLab cuts the connection to the kernel at a message of 10 MB."""
    server.write("large.ipynb", [CELL])
    notebook = open_notebook("large.ipynb")
    notebook.run_all()
    page = notebook.page
    page.get_by_role("application").wait_for()
    noise = np.random.default_rng(0).integers(0, 256, (2100, 2100, 3), np.uint8)
    noise[:, :, 2] = 255                                            # bluish
    Image.fromarray(noise).save(tmp_path / "large.bmp")
    (tmp_path / "odd.tif").write_bytes(bytes(12_000_000))
    assert (tmp_path / "large.bmp").stat().st_size > 11_000_000

    def choose(name):
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="A file of yours").click()
        chooser.value.set_files(tmp_path / name)

    choose("odd.tif")
    page.get_by_text("odd.tif has 12.0 MB, too much to send").wait_for()
    choose("large.bmp")
    page.get_by_text("large.bmp has 13.2 MB, so a smaller copy was taken.").wait_for()
    blue_is_full = f"async () => (await ({PIXEL})([16, 16])).endsWith(',0')"     # the negative has no blue
    page.wait_for_function(blue_is_full)
    page.get_by_role("button", name="white").click()                # the connection still stands
    page.wait_for_function(f"async () => await ({PIXEL})([3, 3]) === '0,0,0'")
    assert notebook.errors() == [] and notebook.strangers == []
