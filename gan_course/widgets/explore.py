"""Sliders around a drawing function: move one, and the picture follows."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_course import plots
from gan_course.profile import headless
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import display, in_words


@dataclass(frozen=True)
class Slider:
    """A slider over a list of round values. Arrow keys move it.

    Args:
        label: what stands beside it.
        values: its values in order.
        start: the one at which it stands first.

    Raises:
        ValueError: `start` is not one of the values.
    """

    label: str
    values: Sequence[Any]
    start: Any

    def __post_init__(self):
        if self.start not in self.values:
            raise ValueError(f"{self.label}: the slider starts at {self.start}, which is not one "
                             f"of its values {list(self.values)}.")


def selections(sliders: dict[str, Slider],
               wait: bool = False) -> dict[str, ipywidgets.SelectionSlider]:
    """The sliders as widgets, one under the other.

    Args:
        sliders: by name.
        wait: whether they report a value only when they come to rest.

    Returns:
        The widgets, by the same names.
    """
    # in em: about what the letters take
    label = max((0.6 * len(slider.label) for slider in sliders.values()), default=0)
    return {name: _selection(slider, wait, max(14, label)) for name, slider in sliders.items()}


def options(values: Sequence[Any]) -> list[tuple[str, Any]]:
    """Values with the words that a slider shows for them."""
    return [(f"{value:g}" if isinstance(value, float) else str(value), value) for value in values]


def _selection(slider: Slider, wait: bool, label: float) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(options=options(slider.values), value=slider.start,
                                      description=slider.label, continuous_update=not wait,
                                      style={"description_width": f"{label:.1f}em"},
                                      layout={"width": f"min({label + 26:.1f}em, 95%)"})


def explore(draw: Callable[..., Figure | FigureCanvasAgg], alt: str | Callable[..., str], *,
            wait: bool = False, **sliders: Slider) -> None:
    """Show a picture with a slider for each of its values.

        explore(draw_gap, "The two bumps {distance} apart and D*.",
                distance=Slider("distance", [0, 1, 2, 4], 1))

    An error in `draw` is shown in words where the picture was. Without a front end it draws at both
    ends of every slider, so that a test meets each of them, and shows the start.

    Args:
        draw: called as draw(**values), with a value for each slider.
        alt: what the picture shows: a sentence with {name} for a slider's value, or a function of
            the values.
        wait: whether to draw only when a slider comes to rest, for functions that take longer than
            a blink.
        sliders: by the names of `draw`'s arguments.
    """
    start = {name: slider.start for name, slider in sliders.items()}
    describe = alt if callable(alt) else lambda **values: alt.format(**values)
    if headless():
        for name, slider in sliders.items():
            for value in (slider.values[0], slider.values[-1]):
                draw(**start | {name: value})
        plots.show(draw(**start), alt=describe(**start))
        return
    controls = selections(sliders, wait)
    picture = ipywidgets.HTML()

    def redraw(change=None):
        values = {name: control.value for name, control in controls.items()}
        try:
            picture.value = plots.img(draw(**values), describe(**values))
        except Exception as error:
            picture.value = in_words(error)
            raise

    for control in controls.values():
        control.observe(in_turn(redraw), "value")
    redraw()
    display(ipywidgets.VBox([*controls.values(), picture]))
