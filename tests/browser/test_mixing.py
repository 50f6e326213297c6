"""The mixing lab in a real browser: sliders and buttons change the picture, and the error line stays empty."""
import pytest

pytestmark = pytest.mark.browser
CELL = """
import torch
from gan_course.style_networks import StyleGenerator
from gan_course.widgets.mixing import mixing
torch.manual_seed(0)
G = StyleGenerator(8, width=4, size=16, w_dim=8, depth=2).requires_grad_(False)
for layer in G.layers:
    layer.strength.fill_(0.3)
mixing(G)
"""


def test_sliders_and_buttons_of_the_mixing_lab_change_the_picture(open_notebook, server):
    server.write("mixing.ipynb", [CELL])
    notebook = open_notebook("mixing.ipynb")
    notebook.run_all()
    page = notebook.page
    picture = page.locator("img[alt*='layers read A']")
    picture.wait_for()

    def changes(act):
        before = picture.get_attribute("src")
        act()
        page.wait_for_function("before => document.querySelector(\"img[alt*='layers read A']\").src !== before", arg=before)

    for name in ("Another A", "Another B", "New noise"):
        changes(page.get_by_role("button", name=name).click)
    crossover, psi = page.locator(".widget-slider .noUi-handle").all()
    for handle in (crossover, psi):
        handle.focus()
        changes(lambda handle=handle: handle.press("ArrowLeft"))
    assert "whose first 1 of 5 layers read A" in picture.get_attribute("alt")
    assert notebook.errors() == []
