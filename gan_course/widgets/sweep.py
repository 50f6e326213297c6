"""A finished batch under sliders: its settings, what came of them, and a button that trains one of
them live.
"""
import functools
import html

import ipywidgets

from gan_course import plots
from gan_course.lessons import sweeps
from gan_course.lessons.sweeps import Sweep
from gan_course.profile import headless
from gan_course.widgets import lab as labs
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import display
from gan_course.widgets.explore import Slider, explore


def sweep_explorer(sweep: Sweep, lab: str) -> None:
    """Show a finished batch with a slider for each setting, and a button that trains one of them
    live.

    Args:
        sweep: the batch, `sweeps.load(…)`.
        lab: the name of the `Lab` that the button starts; its cell may stand below.
    """
    axes = list(sweep.axes)
    shown = {}

    def settings(values):
        return {axis: values[f"axis{i}"] for i, axis in enumerate(axes)}

    @functools.lru_cache(maxsize=4)  # the places seen last are there at once; a page has 12 MB
    def page(number, *place):
        return plots.page(sweeps.picture(sweep, number, **dict(zip(axes, place, strict=True))))

    def draw(number, **values):
        shown.update(
            {twin: value for axis, value in settings(values).items() for twin in sweep.twins(axis)})
        return page(number, *settings(values).values())

    sliders = {f"axis{i}": Slider(" = ".join(sweep.twins(axis)), values, values[len(values) // 2])
               for i, (axis, values) in enumerate(sweep.axes.items())}
    explore(draw, lambda number, **values: sweeps.describe(sweep, number, **settings(values)),
            **sliders, number=Slider("the map shows", sweep.numbers, sweep.numbers[0]))
    if headless():
        return
    button = ipywidgets.Button(description="Train this one live", tooltip="Set the lab to these "
                                                                          "values and start it",
                               layout={"width": "auto"})
    said = ipywidgets.HTML()

    def train(_):
        try:
            labs.named(lab).take(**shown)
            said.value = '<span role="status">It runs in the lab below.</span>'
        except ValueError as error:
            text = html.escape(str(error))
            said.value = f'<span class="gan-course-error" role="alert">{text}</span>'

    button.on_click(in_turn(train))
    display(ipywidgets.HBox([button, said]))
