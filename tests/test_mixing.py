"""The mixing lab shows A, B and what lies between, and its buttons draw only what they name."""
import base64
import re

import pytest
import torch

from gan_course import latent, plots
from gan_course.style_networks import StyleGenerator, mix
from gan_course.widgets import mixing as module
from gan_course.widgets.mixing import Mixer, mixing


@pytest.fixture
def G():
    torch.manual_seed(0)
    G = StyleGenerator(8, channels=3, width=4, size=16, w_dim=8, depth=2).requires_grad_(False)
    for layer in G.layers:
        layer.strength.fill_(0.3)                                   # so that the noise shows
    return G


@pytest.fixture
def page(monkeypatch):
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(module, "display", shown.append)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    return shown


def png(box):
    """The picture under the buttons, as it is on the page."""
    return base64.b64decode(re.search(r'base64,([^"]+)"', box.children[-1].value)[1])


def of(x):
    return plots.png(latent.Picture(x, 8, ["A", "mixed", "B"]).show(x))


def rows(mixer, crossover=2, psi=1.0):
    return mixer.images(crossover, psi).chunk(3)


def test_the_first_layers_read_a_and_the_others_b(G):
    mixer = Mixer(G, seed=3)
    a, mixed, b = rows(mixer, 2)
    expected = G.synthesis(mix(mixer.a, mixer.b, 2), G.draw_noise(8, 3)).clamp(-1, 1)
    assert torch.allclose(mixed, expected, atol=1e-5) and not torch.equal(a, b)
    assert torch.equal(rows(mixer, 5)[1], a) and torch.equal(rows(mixer, 0)[1], b)


def test_at_psi_0_only_the_noise_is_left(G):
    mixer = Mixer(G)
    a, mixed, b = rows(mixer, psi=0.0)
    assert torch.allclose(a, b, atol=1e-5) and torch.allclose(a, mixed, atol=1e-5)


def test_the_sliders_and_the_buttons_change_what_they_name(page, G):
    mixing(G, seed=4)
    box, mixer = page[0], Mixer(G, seed=4)
    crossover, psi, buttons = box.children[:3]
    assert png(box) == of(mixer.images(2, 1.0))
    crossover.value = 4
    assert png(box) == of(mixer.images(4, 1.0)) and "first 4 of 5 layers read A" in box.children[-1].value
    psi.value = 0.5
    assert png(box) == of(mixer.images(4, 0.5))
    another_a, another_b, new_noise = buttons.children
    before = mixer.images(4, 0.5).chunk(3)
    another_a.click()
    mixer.a = mixer.draw()
    after = mixer.images(4, 0.5).chunk(3)
    assert png(box) == of(torch.cat(after)) and torch.equal(before[2], after[2]) and not torch.equal(before[0], after[0])
    another_b.click()
    mixer.b = mixer.draw()
    assert png(box) == of(mixer.images(4, 0.5))
    new_noise.click()
    mixer.noise_seed += 1
    assert png(box) == of(mixer.images(4, 0.5)) and png(box) != of(torch.cat(after))


def test_an_error_is_shown_where_the_picture_was(page, G, monkeypatch):
    mixing(G)
    monkeypatch.setattr(G, "synthesis", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page[0].children[0].value = 1
    assert "ZeroDivisionError" in page[0].children[-1].value


def test_without_a_front_end_the_start_is_shown(page, G, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    mixing(G)
    assert len(page) == 1 and isinstance(page[0], dict)
