"""What a cell shows with widgets, taken away when the cell is run again.

Widgets live in the kernel until they are closed, and keep all that their callbacks know alive:
networks, data, pictures. JupyterLab removes them from the page when a cell is run again, but does
not close them.
"""
import html

import ipywidgets
from IPython import display as ipython_display
from IPython import get_ipython

_shown: dict[str, tuple[str, list[ipywidgets.Widget]]] = {}


def display(box: ipywidgets.Widget) -> None:
    """Show a box of widgets, and close what the same cell showed when it ran before.

    Where cells have no name (outside JupyterLab), everything stays as long as the kernel.

    Args:
        box: the widgets.
    """
    cell, execution = _here()
    if cell is not None:
        before, boxes = _shown.get(cell, (execution, []))
        if before != execution:
            for old in boxes:
                close(old)
            boxes = []
        _shown[cell] = execution, [*boxes, box]
    ipython_display.display(box)


def close(box: ipywidgets.Widget) -> None:
    """Take a widget, what is in it, and their layouts and styles off the page and the kernel."""
    for child in getattr(box, "children", ()):
        close(child)
    for part in (getattr(box, "style", None), box.layout, box):
        if isinstance(part, ipywidgets.Widget):
            part.close()


def in_words(error: Exception) -> str:
    """An error as HTML, escaped; a screen reader reads it out."""
    text = html.escape(f"{type(error).__name__}: {error}")
    return f'<p class="gan-course-error" role="alert">{text}</p>'


def _here() -> tuple[str | None, str]:
    """The name of the cell that runs now, and of this run of it."""
    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id", "")
