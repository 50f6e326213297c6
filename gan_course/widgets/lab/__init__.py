"""The live lab: train a game with your hands on it. A thin shell around `Live` (the training) and
`Scene` (its picture).
"""
import base64
import csv
import html
import io
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from IPython.display import display

from gan_course.data import Batches
from gan_course.games import Game
from gan_course.lessons import progress
from gan_course.profile import by_profile, headless
from gan_course.training import checkpoints
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.explore import Slider, options, selections
from gan_course.widgets.lab.live import Live
from gan_course.widgets.lab.scenes import Kept, Scene

RATES = (0.0, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 3e-2)
NEED_A_LEARNER = ("start", "save", "resume", "save table")
"""Buttons that start a task or read and write files: not where nobody watches."""
_open: dict[str, "Lab"] = {}


class Lab:
    """Start, pause and step a training; change its learning rates while it runs; keep runs and lay
    them over each other.

        Lab("03.moons", build, latent_dim=Slider("latent dimension", [1, 2, 4, 8, 32], 2))

    `build(**settings)` makes a fresh (game, batches) from the sliders' values; moving one of them
    starts a new training. Each player of the game gets a slider for its learning rate, which takes
    effect at once. A lab is known by its `name`: running its cell again closes the old one. Without
    a front end it trains `rounds` rounds, presses every button once, and shows the picture.
    """

    def __init__(self, name: str, build: Callable[..., tuple[Game, Batches]], *,
                 rounds: int | None = None, **settings: Slider):
        if name in _open:
            _open[name].close()
        _open[name] = self
        self.name, self.kept, self.notice, self.showing = name, [], "Press Start.", False
        start = {setting: slider.start for setting, slider in settings.items()}
        self.live = Live(build, start, self.draw, self.stopped)
        self.scene = Scene(self.live)
        self.knobs = selections(settings, wait=True)
        self.rates = selections({
            player: Slider(f"learning rate of {player}", _with(RATES, rate), rate)
            for player, rate in self.live.rates.items()
        })
        self._make_widgets()
        self._show(rounds or by_profile(smoke=3, laptop=200, gpu=200))

    # what the buttons do

    def start(self) -> None:
        """Play until paused."""
        self.live.start()
        self.say("Running.")

    def pause(self) -> None:
        """Stop after the round in progress."""
        self.live.pause()
        self.draw("Paused.")

    def toggle(self) -> None:
        """Start if paused, pause if running."""
        self.pause() if self.live.running else self.start()

    def step(self) -> None:
        """One round: every player makes its moves."""
        self.live.pause()
        self.live.step()
        self.draw("One round.")

    def move(self, player: str) -> None:
        """One move of one player; the others stay where they are."""
        self.live.pause()
        self.live.move(player)
        self.draw(f"{player} moved once; the others stood still.")

    def reset(self, why: str = "New training.") -> None:
        """Start again from the sliders' values; goes on running if it was."""
        self.live.reset({setting: knob.value for setting, knob in self.knobs.items()})
        self._begin(why)

    def _begin(self, why: str) -> None:
        """Another training is in the lab's hands: show it, with its learning rates."""
        self.scene.restart(self.live)
        self._show_values(self.rates, self.live.rates)
        self.draw(why)

    def keep(self) -> None:
        """Keep the run as it stands: a row in the table, a thin line behind the curves of later
        runs.
        """
        self.kept.append(self.scene.keep(chr(ord("A") + len(self.kept) % 26)))
        self.scene.overlay(self.kept)
        kept = f"Kept as {self.kept[-1].row['run']}."
        self.draw(f"{kept} {progress.note('experiment', self.name, **self.kept[-1].row)}".strip())

    @property
    def checkpoint(self) -> Path:
        """Where Save writes, and Resume reads: beside the notebook."""
        return Path(f"{self.name.replace('.', '_')}.safetensors")

    def save(self) -> None:
        """Write the training to a checkpoint, with the settings that it was built with."""
        self.live.training.save(self.checkpoint, self.live.settings)
        self.say(f"Saved round {self.live.training.round} to {self.checkpoint}.")

    def resume(self) -> None:
        """Pause, and go back to the training that Save has written, with its settings.

        Raises:
            FileNotFoundError, ValueError: there is no such training; the present one stays.
        """
        self.live.pause()
        settings = checkpoints.settings(self.checkpoint)
        wrong = {name: value for name, value in settings.items()
                 if name not in self.knobs or value not in _values(self.knobs[name])}
        if wrong or settings.keys() != self.knobs.keys():
            raise ValueError(f"{self.checkpoint} was saved with settings that this lab does not "
                             f"have: {wrong or settings}.")
        self.live.resume(self.checkpoint, settings)
        self._show_values(self.knobs, settings)
        self._begin(f"Resumed at round {self.live.training.round}. Start goes on.")

    def save_table(self) -> Path:
        """Write the kept runs as a CSV file beside the notebook."""
        path = Path(f"{self.name.replace('.', '_')}_runs.csv")
        path.write_text(table_csv(self.kept), encoding="utf-8")
        self.say(f"Saved {len(self.kept)} runs to {path}.")
        return path

    def take(self, **values) -> None:
        """Set the sliders to these values, each by the name of its setting, or lr_D for D's
        learning rate and lr for everyone's; and start.

        Raises ValueError, and changes nothing, for a value that no slider has.
        """
        wanted = []
        for name, value in values.items():
            rates = self.rates if name == "lr" else {
                f"lr_{player}": slider for player, slider in self.rates.items()
            }
            sliders = list(rates.values()) if name == "lr" else [
                slider for slider in [(self.knobs | rates).get(name)] if slider
            ]
            if not sliders or any(value not in _values(slider) for slider in sliders):
                raise ValueError(f"The lab has no slider with {name} {value}.")
            wanted += [(slider, value) for slider in sliders]
        for slider, value in wanted:
            slider.value = value
        for player, slider in self.rates.items():
            if any(slider is each for each, _ in wanted):
                self._set_rate(player, slider.value)
        self.reset("New training: " + ", ".join(f"{name} {_short(value)}"
                                                for name, value in values.items()) + ".")
        self.live.start()
        self._show_status()

    def close(self) -> None:
        """Stop the training for good, and let go of it and of the widgets."""
        self.live.pause()
        self.say("Closed: the cell was run again.")
        for widget in self.widgets:
            for part in (getattr(widget, "style", None), widget.layout, widget):
                if part is not None:
                    part.close()

    # what it shows

    def say(self, notice: str) -> None:
        """Change the line under the buttons."""
        self.notice = notice
        self._show_status()

    def draw(self, notice: str | None = None) -> None:
        """Bring picture, table and, last, the status line up to date; called by the running
        training too.
        """
        self.notice = notice or self.notice
        self.scene.update()
        jpeg = base64.b64encode(self.scene.jpeg()).decode()
        alt = html.escape(self.scene.describe(), quote=True)
        self.picture.value = (
            f'<img class="gan-course-figure" alt="{alt}" width="864" '
            'height="307" '
            'style="max-width:100%;height:auto;background:white;border-radius:4px" '
            f'src="data:image/jpeg;base64,{jpeg}">'
        )
        self.table.value = table_html(self.kept)
        self._show_status()

    def stopped(self) -> None:
        """The training has stopped by itself: say why."""
        if self.live.error is not None:
            self._say_error(self.live.error)
        else:
            self.draw("Paused, since the kernel was interrupted. Start goes on.")

    def _say_error(self, error: BaseException) -> None:
        self.live.error = error
        self.say(f"Stopped by an error: {type(error).__name__}: {error}")

    def _show_values(self, sliders: dict, values: dict) -> None:
        """Let sliders show values that are in force already; a value they lack is added to theirs."""
        self.showing = True
        for name, slider in sliders.items():
            slider.disabled = name not in values
            if name in values and values[name] not in _values(slider):
                slider.options = options(sorted([*_values(slider), values[name]]))
            slider.value = values.get(name, slider.value)
        self.showing = False

    def raise_error(self) -> None:
        """Raise the error that stopped the training, if there was one."""
        self.live.raise_error()

    def _show_status(self) -> None:
        alarm = ('<b style="background:#C03000;color:white;padding:0 6px">⚠ mode collapse</b> '
                 if self.scene.collapsed() else "")
        role = ' role="alert" class="gan-course-error"' if self.live.error is not None else ' role="status"'
        self.status.value = f"<span{role}>{alarm}{html.escape(self.notice)} {html.escape(self.scene.describe())}</span>"
        running = self.live.running
        self.buttons["start"].description = "❚❚ Pause" if running else "▶ Start"

    def _make_widgets(self) -> None:
        self.picture, self.table, self.status = (ipywidgets.HTML() for _ in range(3))
        actions = {
            "start": ("▶ Start", self.toggle, "Start or pause the training"),
            "step": ("Step", self.step, "One round")
        }
        actions |= {
            f"step {player}": (f"Step {player}", lambda player=player: self.move(player),
                               f"One move of {player} only")
            for player in self.live.training.players
        }
        actions |= {"reset": ("Reset", self.reset, "Start again from new networks"),
                    "save": ("Save", self.save, "Write the training to a file beside the notebook"),
                    "resume": ("Resume", self.resume, "Go on from the file that Save has written"),
                    "keep": ("Keep run", self.keep, "Keep this run's curves and its row in the "
                                                    "table"),
                    "save table": ("Save table", self.save_table, "Write the kept runs as a CSV file")}
        self.buttons = {}
        for key, (label, action, tooltip) in actions.items():
            self.buttons[key] = ipywidgets.Button(description=label, tooltip=tooltip,
                                                  layout={"width": "auto", "min_width": "5em"})
            self.buttons[key].on_click(self._in_words(lambda _, action=action: action()))
        for player, slider in self.rates.items():
            slider.observe(
                self._in_words(lambda change, player=player: self._set_rate(player, change["new"])),
                "value")
        for knob in self.knobs.values():
            knob.observe(self._in_words(lambda change: self.reset(
                f"New training: {change['owner'].description} is now {change['new']}.")), "value")
        note = ipywidgets.HTML("<small>A change of one of these starts a new training:</small>")
        controls = [*self.rates.values(), *([note] if self.knobs else []), *self.knobs.values()]
        row = ipywidgets.HBox([*self.buttons.values()], layout={"flex_flow": "row wrap"})
        self.box = ipywidgets.VBox([row, *controls, self.status, self.picture, self.table])
        self.box.add_class("gan-course-lab")
        self.widgets = [self.box, row, *self.buttons.values(), *self.box.children[1:]]

    def _set_rate(self, player: str, rate: float) -> None:
        self.live.set_lr(player, rate)
        self.say(f"Learning rate of {player} is now {rate:g}.")

    def _in_words(self, action: Callable) -> Callable:
        """The action, in turn with the rounds of the training, and an error in it shown to the
        learner before it is raised.
        """
        def guarded(event):
            if self.showing:                    # the slider was moved by us, not by the learner
                return
            try:
                action(event)
            except Exception as error:
                self.live.pause()
                self._say_error(error)
                raise
        return in_turn(guarded)

    def _show(self, rounds: int) -> None:
        if headless():
            self.live.play(rounds)
            for key, button in self.buttons.items():
                if key not in NEED_A_LEARNER:
                    button.click()
                    self.raise_error()                              # ipywidgets would only log it
            for slider in [*self.rates.values(), *self.knobs.values()]:
                slider.index = (slider.index + 1) % len(slider.options)
            self.live.play(rounds)
            self.draw()
            display(
                {
                    "text/html": self.picture.value + self.table.value,
                    "text/plain": f"[lab: {self.scene.describe()}]"
                }, raw=True)
        else:
            self.draw()
            display(self.box)


def named(name: str) -> Lab:
    """The open lab of that name. Raises ValueError if its cell has not been run."""
    if name not in _open:
        raise ValueError("First run the cell of the lab, below.")
    return _open[name]


def table_csv(kept: list[Kept]) -> str:
    """The kept runs as CSV, one row a run; a column that a run does not have is empty."""
    columns = list(dict.fromkeys(column for run in kept for column in run.row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(run.row for run in kept)
    return text.getvalue()


def table_html(kept: list[Kept]) -> str:
    """The kept runs as an HTML table, escaped; empty without runs."""
    if not kept:
        return ""
    columns = list(dict.fromkeys(column for run in kept for column in run.row))
    head = _row("th", [column.replace("_", " ") for column in columns])
    body = "".join(
        _row("td", [_short(run.row.get(column, "")) for column in columns]) for run in kept)
    return ('<div style="overflow-x:auto;line-height:1.4"><table '
            f'class="gan-course-runs"><thead>{head}</thead>'
            f'<tbody>{body}</tbody></table></div>')


def _values(slider: ipywidgets.SelectionSlider) -> list:
    return [value for _, value in slider.options]


def _row(kind: str, texts: list[str]) -> str:
    cells = (f'<{kind} style="padding:1px 5px;text-align:right">{html.escape(text)}</{kind}>'
             for text in texts)
    return f"<tr>{''.join(cells)}</tr>"


def _short(value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _with(values: tuple[float, ...], value: float) -> list[float]:
    return sorted({*values, value})
