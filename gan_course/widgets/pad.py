"""A picture that the learner draws or drops in, and beside it what a network makes of it.

    translate(lambda x: game.sample(1, x), {"a summer": x[:1]}, "Your picture as a winter.",
              colours={"grass": "#66A61E", …})
"""
import base64
import html
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import anywidget
import ipywidgets
import torch
import traitlets
from PIL import Image
from torch import Tensor

from gan_course import plots
from gan_course.data.pictures import picture
from gan_course.data.sets import scale, unscale
from gan_course.profile import headless
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import display, in_words

BLACK_AND_WHITE = {"black": "#000000", "white": "#FFFFFF"}
SIDE = 256                              # of a picture on the page, in screen pixels


class Pad(anywidget.AnyWidget):
    """A square to draw on with mouse, pen, finger or keyboard; `pixels` are its RGB bytes, row
    after row.

    The page tells `drawn`, Python tells `given`, and each leaves the other's alone: while the page
    waits for an answer about a value that it has sent, it would not hear of another. A file that
    the learner chooses comes as a message, {"name": …} with its bytes beside it, at most 5 MB: the
    page shrinks what is larger.
    """

    _esm = Path(__file__).with_name("pad.js")
    size = traitlets.Int(32).tag(sync=True)
    names = traitlets.List().tag(sync=True)
    colours = traitlets.List().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    drawn = traitlets.Bytes().tag(sync=True)
    given = traitlets.Bytes().tag(sync=True)
    puts = traitlets.Int().tag(sync=True)   # how many pictures were put: the same may come twice
    pixels = traitlets.Bytes()

    @traitlets.observe("drawn")
    def _take(self, change) -> None:
        self.pixels = change["new"]

    @property
    def x(self) -> Tensor:
        """What is drawn, in [-1, 1]: (1, 3, size, size)."""
        flat = torch.frombuffer(bytearray(self.pixels), dtype=torch.uint8)
        return scale(flat.view(1, self.size, self.size, 3).permute(0, 3, 1, 2))

    def put(self, x: Tensor) -> None:
        """Put a picture on the pad, to draw on.

        Args:
            x: (1, 3, size, size) in [-1, 1].

        Raises:
            ValueError: the picture has another shape.
        """
        if x.shape != (1, 3, self.size, self.size):
            raise ValueError(f"The pad holds one picture of shape (1, 3, {self.size}, "
                             f"{self.size}); got {tuple(x.shape)}.")
        pixels = unscale(x)[0].permute(1, 2, 0).contiguous().cpu().numpy().tobytes()
        with self.hold_sync():
            self.given, self.puts = pixels, self.puts + 1
        self.pixels = pixels


def translate(G: Callable[[Tensor], Tensor], starts: Mapping[str, Tensor], alt: str, *,
              colours: Mapping[str, str] = BLACK_AND_WHITE) -> None:
    """Show a pad, and beside it G of what is drawn on it.

    A file of the learner's own can be put there: its central square is shrunk to the pad's size.
    What cannot be read is said in words, and so is an error in G. Without a front end every start
    is translated once, and all are shown.

    Args:
        G: (1, 3, size, size) in [-1, 1] -> (1, C, size, size).
        starts: pictures to begin with, name -> (1, 3, size, size) in [-1, 1].
        alt: what the result shows, in a sentence.
        colours: the paints, name -> "#RRGGBB".

    Raises:
        ValueError: there is no picture to begin with.
    """
    starts = dict(starts)
    if not starts:
        raise ValueError("Give at least one picture to begin with.")
    first = next(iter(starts.values()))
    if headless():
        results = {name: G(x) for name, x in starts.items()}
        shown = torch.cat([torch.cat([x, results[name]]) for name, x in starts.items()])
        plots.show(plots.gallery(shown, columns=2 * len(starts)), alt)
        return
    pad = Pad(size=first.shape[-1], names=list(colours), colours=list(colours.values()),
              label="Your picture")
    result, notice = ipywidgets.HTML(), ipywidgets.HTML()

    def redraw(change=None):
        try:
            result.value = _enlarged(G(pad.x), alt)
        except Exception as error:
            result.value = in_words(error)
            raise

    def begin(x):
        notice.value = ""
        pad.put(x)

    def take(_, file, buffers):
        try:
            begin(scale(torch.tensor(picture(io.BytesIO(buffers[0]), pad.size)).unsqueeze(0)))
        except Exception as error:                                  # decoders raise what they like
            notice.value = in_words(ValueError(
                f"{file['name']} cannot be read as a picture ({error}). Try a PNG or JPEG file."))

    buttons = [ipywidgets.Button(description=name) for name in starts]
    for button, x in zip(buttons, starts.values(), strict=True):
        button.on_click(in_turn(lambda _, x=x: begin(x)))
    pad.on_msg(in_turn(take))
    pad.observe(in_turn(redraw), "pixels")
    begin(first)
    choices = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
    pictures = ipywidgets.HBox([pad, result], layout={"flex_flow": "row wrap", "grid_gap": "16px"})
    display(ipywidgets.VBox([choices, notice, pictures]))


def _enlarged(x: Tensor, alt: str) -> str:
    """The one picture in x, (1, C, H, W), as an HTML image with hard-edged pixels."""
    file = io.BytesIO()
    Image.fromarray(plots.sheet(x, 1)).save(file, "PNG")
    png = base64.b64encode(file.getvalue()).decode()
    return (f'<img class="gan-course-figure" alt="{html.escape(alt, quote=True)}" '
            f'width="{SIDE}" height="{SIDE}" style="image-rendering:pixelated" '
            f'src="data:image/png;base64,{png}">')
