"""The drawing pad without a browser: pictures go in and come out as they were, errors are said in words, and nothing is drawn unasked."""
import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan_course.widgets import pad as pad_module
from gan_course.widgets.pad import Pad, translate


@pytest.fixture
def page(monkeypatch):
    """Where `translate` puts its widgets, with a learner watching."""
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(pad_module, "display", shown.append)

    class Page:
        def open(self, G, starts=None, **options):
            translate(G, starts or {"grey": torch.zeros(1, 3, 32, 32), "white": torch.ones(1, 3, 32, 32)}, "What G makes of it.", **options)
            (self.bar, self.notice, pair), = [box.children for box in shown]
            self.buttons = self.bar.children
            self.pad, self.result = pair.children
            return self

        def drop(self, name, content):
            """What the page sends when the learner chooses a file."""
            self.pad._handle_custom_msg({"name": name}, [memoryview(content)])

    return Page()


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_what_is_put_on_the_pad_comes_back():
    x = torch.randint(256, (1, 3, 32, 32)).float().div(127.5).sub(1)
    pad = Pad(size=32)
    pad.put(x)
    assert len(pad.pixels) == 32 * 32 * 3
    torch.testing.assert_close(pad.x, x, atol=1e-6, rtol=0)


def test_pixels_are_rgb_row_after_row():
    x = -torch.ones(1, 3, 8, 8)
    x[0, 1, 2, 5] = 1                                               # green, in the third row
    pad = Pad(size=8)
    pad.put(x)
    assert [i for i, byte in enumerate(pad.pixels) if byte] == [3 * (2 * 8 + 5) + 1]


def test_the_same_picture_can_be_put_there_again_after_drawing():
    pad, x = Pad(size=8), torch.zeros(1, 3, 8, 8)
    pad.put(x)
    pad.drawn = bytes(8 * 8 * 3)
    assert pad.pixels == bytes(8 * 8 * 3)
    pad.put(x)
    assert set(pad.pixels) == {128} and pad.puts == 2               # the page is told, although `given` is as it was


def test_a_picture_of_another_size_is_refused_by_name():
    with pytest.raises(ValueError, match=r"\(1, 3, 32, 32\); got \(1, 3, 8, 8\)"):
        Pad(size=32).put(torch.zeros(1, 3, 8, 8))


def test_the_result_follows_the_drawing(page):
    seen = []
    page.open(lambda x: seen.append(x) or -x)
    assert seen[0].abs().max() < 0.01 and 'alt="What G makes of it."' in page.result.value
    before = page.result.value
    page.pad.drawn = bytes(32 * 32 * 3)                            # the learner paints all black
    assert torch.equal(seen[-1], -torch.ones(1, 3, 32, 32)) and page.result.value != before


def test_a_button_puts_its_picture_there(page):
    page.open(lambda x: x)
    assert [button.description for button in page.buttons] == ["grey", "white"]
    page.buttons[1].click()
    assert set(page.pad.pixels) == {255}


def test_a_file_that_is_dropped_in_is_shrunk_to_its_central_square(page):
    page.open(lambda x: x)
    wide = np.zeros((64, 192, 3), np.uint8)
    wide[:, 64:128] = (255, 0, 0)                                   # only the middle is red
    page.drop("wide.png", png(wide))
    assert page.pad.x[0, 0, 4:-4, 4:-4].min() > 0.99 and page.pad.x[0, 1].max() < -0.9


def test_the_same_file_may_come_again(page):
    page.open(lambda x: x)
    file = png(np.full((40, 40), 255, np.uint8))
    for _ in range(2):
        page.drop("white.png", file)
        assert set(page.pad.pixels) == {255}
        page.pad.drawn = bytes(32 * 32 * 3)                         # painted over


def test_a_file_that_is_no_picture_is_said_in_words_and_the_drawing_stays(page):
    page.open(lambda x: x)
    before = page.pad.pixels
    page.drop("<b>tax.pdf</b>", b"%PDF-1.4 nothing to see")
    assert "&lt;b&gt;tax.pdf&lt;/b&gt; cannot be read as a picture" in page.notice.value and "<b>" not in page.notice.value
    assert page.pad.pixels == before
    page.drop("fine.png", png(np.full((40, 40), 128, np.uint8)))
    assert page.notice.value == "" and set(page.pad.pixels) == {128}


def test_an_error_in_g_is_shown_in_words_and_not_swallowed(page):
    def fail(x):
        if x.max() > 0.5:
            raise RuntimeError("<i>no</i>")
        return x

    page.open(fail)
    with pytest.raises(RuntimeError):
        page.pad.drawn = bytes([255]) * 32 * 32 * 3
    assert "RuntimeError: &lt;i&gt;no&lt;/i&gt;" in page.result.value


def test_without_a_front_end_every_start_is_translated(monkeypatch):
    shown, seen = [], []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle["text/html"]))
    translate(lambda x: seen.append(x) or x, {"a": torch.zeros(1, 3, 32, 32), "b": torch.ones(1, 3, 32, 32)}, "Two pictures.")
    assert len(seen) == 2 and 'alt="Two pictures."' in shown[0]


def test_there_has_to_be_something_to_begin_with():
    with pytest.raises(ValueError, match="at least one picture"):
        translate(lambda x: x, {}, "Nothing.")
