"""A box in which the learner types what to draw, and what a generator makes of it.

    type_what_you_want(milestones.generator("text_to_image"))
"""
import html
from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure
from torch import nn

from gan_course import latent, nets, plots
from gan_course.data import captions
from gan_course.profile import headless
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import display, in_words

START = "a bold red seven on yellow paper"
COLUMNS = 8


def type_what_you_want(G: nn.Module, text: str = START, *, n: int = 16, seed: int = 0) -> None:
    """Show a box for a sentence, and below it samples of G for this sentence.

    Enter and the button Draw do the same. The same z belong to every sentence, until "Other z" is
    pressed. Words that are not known are named and left aside. What is not said is chosen at
    random, or left open. Without a front end the sentence is drawn once.

    Args:
        G: a generator that is called as G(z, sentence), with the numbers of `captions.WORDS`.
        text: what stands in the box at first.
        n: how many samples at first, 1 to 32.
        seed: which z at first.
    """
    if headless():
        print(understood(text))
        plots.show(drawn(G, text, n, seed), description(text, n))
        return
    box = ipywidgets.Text(text, description="Draw me", placeholder=START,
                          layout={"width": "min(40em, 95%)"})
    draw, other = (ipywidgets.Button(description=name) for name in ("Draw", "Other z"))
    count = ipywidgets.IntSlider(n, 1, 32, description="samples", continuous_update=False)
    chosen = ipywidgets.Checkbox(True, description="what is not said: at random", indent=False)
    said, picture = ipywidgets.HTML(), ipywidgets.HTML()

    def redraw(*_):
        try:
            said.value = f'<span role="status">{html.escape(understood(box.value))}</span>'
            picture.value = plots.img(drawn(G, box.value, count.value, seed, chosen.value),
                                      description(box.value, count.value))
        except Exception as error:
            picture.value = in_words(error)
            raise

    def with_other_z(_):
        nonlocal seed
        seed += 1
        redraw()

    def enter(_, content, buffers):
        if content.get("event") == "submit":                        # Enter
            redraw()

    box.on_msg(in_turn(enter))
    draw.on_click(in_turn(redraw))
    other.on_click(in_turn(with_other_z))
    for control in (count, chosen):
        control.observe(in_turn(redraw), "value")
    redraw()
    buttons = ipywidgets.HBox([draw, other, count, chosen], layout={"flex_flow": "row wrap"})
    display(ipywidgets.VBox([box, buttons, said, picture]))


def drawn(G: nn.Module, text: str, n: int, seed: int = 0, chosen: bool = True) -> Figure:
    """Samples of G for the known words of a text.

    Args:
        G: as of `type_what_you_want`.
        text: what the learner has typed.
        n: how many samples.
        seed: which z.
        chosen: whether what is not said is chosen at random, for each sample anew, or left open.

    Returns:
        The figure.
    """
    sentence = captions.numbers(captions.read(text).words or [""]).expand(n, -1)
    if chosen:
        sentence = captions.completed(sentence, seed)
    return plots.gallery(nets.generate(G, latent.noise(G, n, seed), sentence), min(n, COLUMNS))


def understood(text: str) -> str:
    """What was understood of a text, in a sentence, and what was not.

    Args:
        text: what the learner has typed.

    Returns:
        A plain text, not escaped.
    """
    words, unknown = captions.read(text)
    told = (f"Understood: {', '.join(words)}." if words else
            "No word of this is known, so anything may come.")
    if not unknown:
        return told
    known = "; ".join(", ".join(each) for each in (*_families(), captions.COLOURS))
    return (f"I do not know {_listed(unknown)}. {told} I know: {known} (for the ink, or for the "
            "paper behind “on”).")


def description(text: str, n: int) -> str:
    """What the picture shows, for readers who cannot see it.

    Args:
        text: what the learner has typed.
        n: how many samples there are.

    Returns:
        A sentence.
    """
    words = ", ".join(captions.read(text).words) or "anything"
    return f"{n} samples of the generator for the words: {words}."


def _families() -> list[Sequence[str]]:
    return [captions.FACTORS[name] for name in ("character", "bold", "family")]


def _listed(words: Sequence[str]) -> str:
    """Words in quotation marks: “a”, “b” and “c”; of many the first five."""
    quoted = [f"“{word}”" for word in words[:5]] + ["more"] * (len(words) > 5)
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
