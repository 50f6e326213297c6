"""The box for sentences without a browser: each sentence is drawn from the same z, unknown words are named, and text of the learner's is text."""
import pytest
import torch
from torch import nn

from gan_course.data.captions import WORDS
from gan_course.widgets import words as words_module
from gan_course.widgets.words import drawn, type_what_you_want, understood


class Painter(nn.Module):
    """Draws the number of the first word of the sentence as a grey level, and remembers what it was asked for."""

    z_dim = 2

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, z, sentence):
        self.asked.append((z.clone(), sentence.clone()))
        if sentence[0, 0] == WORDS.index("nine"):
            raise RuntimeError("<i>no nines</i>")
        return (sentence[:, 0, None, None, None] / len(WORDS)).expand(-1, 3, 32, 32) * 1.0


@pytest.fixture
def page(monkeypatch):
    """What `type_what_you_want` puts on the page, with a learner watching."""
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setattr(words_module, "display", shown.append)

    class Page:
        def open(self, **options):
            self.G = Painter()
            type_what_you_want(self.G, **options)
            self.box, buttons, self.said, self.picture = shown[-1].children
            self.draw, self.other, self.count, self.chosen = buttons.children
            self.chosen.value = False                               # what is not said is left open
            return self

        def type(self, text):
            self.box.value = text
            self.box._handle_custom_msg({"event": "submit"}, [])    # what the page sends for Enter

    return Page()


def test_enter_and_the_button_draw_the_sentence(page):
    page.open(n=4)
    assert len(page.G.asked) == 2 and "Understood: bold, red ink, seven, yellow paper." in page.said.value
    page.type("a blue three")
    assert page.G.asked[-1][1].tolist() == [[WORDS.index("blue ink"), WORDS.index("three")]] * 4
    assert "4 samples of the generator for the words: blue ink, three." in page.picture.value
    page.box.value = "turquoise paper"
    assert len(page.G.asked) == 3, "nothing is drawn while the learner types"
    page.draw.click()
    assert page.G.asked[-1][1].tolist() == [[WORDS.index("turquoise paper")]] * 4


def test_another_sentence_keeps_the_z_and_the_other_button_changes_them(page):
    page.open(n=4)
    page.type("a blue three")
    first, second = page.G.asked[0][0], page.G.asked[1][0]
    assert torch.equal(first, second)
    page.other.click()
    assert not torch.equal(page.G.asked[-1][0], first)
    page.count.value = 9
    assert page.G.asked[-1][0].shape == (9, 2)


def test_unknown_words_are_named_and_the_rest_is_drawn(page):
    page.open(n=2)
    page.type("a purple elephant and <img src=x onerror=run()> a seven")
    assert "I do not know “elephant”, “img”, “src”, “x”, “onerror” and more." in page.said.value
    assert "zero, one, two" in page.said.value and "turquoise" in page.said.value
    assert "<img" not in page.said.value and page.picture.value.count("<img") == 1
    assert page.G.asked[-1][1].tolist() == [[WORDS.index("purple ink"), WORDS.index("seven")]] * 2


def test_nothing_known_draws_anything(page):
    page.open(n=2)
    page.type("???")
    assert "No word of this is known, so anything may come." in page.said.value
    assert page.G.asked[-1][1].tolist() == [[0], [0]]


def test_what_is_not_said_is_chosen_at_random_or_left_open(page):
    page.open(n=8)
    page.type("a blue three")
    page.chosen.value = True
    z, sentences = page.G.asked[-1]
    assert torch.equal(z, page.G.asked[-2][0]) and page.G.asked[-2][1].shape == (8, 2)
    assert sentences[:, :2].tolist() == [[WORDS.index("blue ink"), WORDS.index("three")]] * 8
    chosen = sentences[:, 2:]
    assert not chosen[:, 0].any() and not chosen[:, 3].any(), "the character and the ink were said"
    assert chosen[:, 1].min() > 0 and len(chosen[:, 4].unique()) > 2


def test_an_error_in_g_is_shown_in_words_and_not_swallowed(page, caplog):
    page.open(n=2)
    page.type("nine")
    assert "RuntimeError: <i>no nines</i>" in caplog.text           # ipywidgets logs what a callback raises
    assert "RuntimeError: &lt;i&gt;no nines&lt;/i&gt;" in page.picture.value
    page.type("eight")
    assert "<img" in page.picture.value


def test_without_a_front_end_the_sentence_is_drawn_once(monkeypatch, capsys):
    shown, G = [], Painter()
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle["text/html"]))
    type_what_you_want(G, "a blue gnu", n=3)
    assert len(G.asked) == len(shown) == 1 and 'alt="3 samples of the generator for the words: blue ink."' in shown[0]
    assert "I do not know “gnu”." in capsys.readouterr().out


def test_the_plain_function_draws_without_widgets():
    figure = drawn(Painter(), "a red one", 3)
    assert drawn(Painter(), "a red one", 3, chosen=False).axes
    assert figure.axes[0].images[0].get_array().shape[:2] == (32, 98)
    assert understood("red") == "Understood: red ink."
