"""A finished batch in a real browser: the sliders look up what came of a setting, and one click trains it live in the lab below."""
import pytest

pytestmark = pytest.mark.browser
SWEEP = """
from gan_course import data, nets
from gan_course.games.gan import GAN
from gan_course.lessons import sweeps
from gan_course.widgets.explore import Slider
from gan_course.widgets.lab import Lab
from gan_course.widgets.sweep import sweep_explorer
sweep_explorer(sweeps.load("03"), "03.images")
"""
LAB = """
def build(latent_dim, seed):
    stream = data.batches("digits", 16, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(latent_dim, (1, 8, 8), 16), nets.MLPDiscriminator((1, 8, 8), 16), lr=(1e-3, 1e-3)), stream
lab = Lab("03.images", build, latent_dim=Slider("latent dimension", [2, 16], 16), seed=Slider("seed", [0, 1], 0))
"""


def test_a_setting_of_a_finished_batch_is_trained_live(open_notebook, server):
    server.write("sweep.ipynb", [SWEEP, LAB])
    notebook = open_notebook("sweep.ipynb")
    notebook.run_all()
    page, [lab] = notebook.page, notebook.labs()
    picture = page.locator("img.gan-course-figure").first
    before = picture.get_attribute("alt")
    page.locator(".widget-hslider", has_text="lr_D = lr_G").locator(".noUi-handle").focus()
    page.keyboard.press("End")
    page.wait_for_function("before => document.querySelector('img.gan-course-figure').alt !== before", arg=before)
    assert "lr_D 0.01" in picture.get_attribute("alt")
    button = page.get_by_role("button", name="Train this one live")
    button.focus()
    button.press("Enter")
    lab.plays_on()
    assert lab.box.locator(".widget-hslider", has_text="learning rate of G").locator(".widget-readout").inner_text() == "0.01"
    lab.press("Pause")
    lab.says("Paused")
    assert notebook.errors() == [] and notebook.strangers == []
