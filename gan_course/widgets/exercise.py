"""The two buttons under the verdict of an exercise: a hint at a time, and the solution on request."""
from collections.abc import Sequence

import ipywidgets
from IPython.display import display


def help_with(hints: Sequence[str], solution: str) -> ipywidgets.VBox:
    """Show the buttons Hint (if there are hints) and Show the solution; `hints` and `solution` are HTML. Tab reaches the buttons,
    Space or Enter presses them.
    """
    shown = 0
    text = ipywidgets.HTML()
    hint = ipywidgets.Button(description=f"Hint 1 of {len(hints)}", tooltip="Shows one more hint below")
    solve = ipywidgets.Button(description="Show the solution", tooltip="Shows the worked solution below")

    def redraw():
        rows = [f"<p><b>Hint {number}.</b> {words}</p>" for number, words in enumerate(hints[:shown], start=1)]
        rows += [f"<p><b>One way to write it:</b></p>{solution}"] if solve.description.startswith("Hide") else []
        text.value = f'<div role="status">{"".join(rows)}</div>'

    def more(button):
        nonlocal shown
        shown = min(shown + 1, len(hints))
        hint.description = f"Hint {shown + 1} of {len(hints)}" if shown < len(hints) else "That was the last"
        redraw()

    def toggle(button):
        solve.description = "Hide the solution" if solve.description.startswith("Show") else "Show the solution"
        redraw()

    hint.on_click(more)
    solve.on_click(toggle)
    box = ipywidgets.VBox([ipywidgets.HBox([hint, solve] if hints else [solve]), text])
    display(box)
    return box
