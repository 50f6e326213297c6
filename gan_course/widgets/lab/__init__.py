"""The live lab: train a game with your hands on it.

A slider's value goes straight down: `Lab` has the widgets, `Live` has the training, and `Training`
does the work. `Scene` and its `View` only look at what `Live` has, and draw it.
"""
import base64
import html
import tempfile
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from IPython.display import display

from gan_course import files, saving
from gan_course.data import Batches
from gan_course.games import Game
from gan_course.lessons import progress
from gan_course.profile import by_profile, headless
from gan_course.widgets.callbacks import in_turn
from gan_course.widgets.cells import close
from gan_course.widgets.explore import Slider, options, selections
from gan_course.widgets.lab import table
from gan_course.widgets.lab.film import Film
from gan_course.widgets.lab.live import Live
from gan_course.widgets.lab.scenes import Scene

RATES = (0.0, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 3e-2)
_open: dict[str, "Lab"] = {}


class Lab:
    """Start, pause and step a training; change its learning rates while it runs; save and resume
    it; keep runs and lay them over each other.

        Lab("03.moons", build, latent_dim=Slider("latent dimension", [1, 2, 4, 8, 32], 2))

    Each player of the game has a slider for its learning rate, which takes effect at once. Moving
    one of the other sliders starts a new training. Without a front end the lab trains, presses
    every button once, and shows the picture.

    Args:
        name: by which the lab is known. Running its cell again closes the old one, and its files
            are named by it.
        build: makes a fresh (game, batches) from the sliders' values, by their names.
        rounds: how many to play where there is no front end; by the profile if left out.
        settings: the sliders.
    """

    def __init__(self, name: str, build: Callable[..., tuple[Game, Batches]], *,
                 rounds: int | None = None, **settings: Slider):
        if name in _open:
            _open.pop(name).close()
        self.name, self.kept, self.notice = name, [], "Press Start."
        self.folder = Path()                    # beside the notebook
        self.knobs = selections(settings, wait=True)
        self.live = Live(build, self._settings(), on_draw=self.draw, on_stop=self._stopped)
        self.scene, self.film = Scene(self.live), Film()
        self.rates = selections({
            player: Slider(f"learning rate of {player}", sorted({*RATES, rate}), rate)
            for player, rate in self.live.rates.items()
        })
        self._following = False
        self._make_widgets()
        _open[name] = self
        if headless():
            self._demonstrate(rounds or by_profile(smoke=3, laptop=200, gpu=200))
        else:
            self.draw()
            display(self.box)

    # what the buttons and sliders do

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
        self.live.step()
        self.draw("One round.")

    def move(self, player: str) -> None:
        """Let one player make one move; the others stay where they are."""
        self.live.move(player)
        self.draw(f"{player} moved once; the others stood still.")

    def set_rate(self, player: str, rate: float) -> None:
        """Change a player's learning rate from its next move on; later trainings keep it."""
        self.live.set_rate(player, rate)
        self.say(f"Learning rate of {player} is now {rate:g}.")

    def reset(self, why: str = "New training.") -> None:
        """Start again from the sliders' values; goes on running if it was."""
        self.live.reset(self._settings())
        self._show_training(why)

    def save(self) -> None:
        """Write the training, with its settings, to a file beside the notebook."""
        path = self._path(".safetensors")
        self._write(f"Saved as {path}.", lambda: self.live.save(path))

    def resume(self) -> None:
        """Go back to the training that Save wrote, with its settings and learning rates.

        What cannot be resumed is said in the status line, and the present training goes on.
        """
        path = self._path(".safetensors")
        if not path.exists():
            return self.say(f"Not resumed: there is no file {path} yet. Save writes it.")
        try:
            self.live.resume(path)
        except (OSError, ValueError) as error:
            return self.say(f"Not resumed: {error}")
        self._show_training(f"Resumed from {path}. Start goes on.")

    def keep(self) -> None:
        """Keep the run as it stands: a row in the table, a thin line behind the curves of later
        runs, and an entry in the learner's record.
        """
        run = self.scene.keep(chr(ord("A") + len(self.kept) % 26))
        self.kept.append(run)
        self.scene.overlay(self.kept)
        not_recorded = progress.note("experiment", self.name, **run.row)
        self.draw(f"Kept as {run.row['run']}. {not_recorded}".rstrip())

    def save_table(self) -> None:
        """Write the kept runs as a CSV file beside the notebook."""
        path = self._path("_runs.csv")
        self._write(f"Saved {len(self.kept)} runs to {path}.",
                    lambda: files.write(path, table.as_csv(self.kept)))

    def save_samples(self) -> None:
        """Write fresh samples, or translations, beside the notebook: a sheet, and one file each."""
        images = self.scene.pictures()
        sheet, folder = self._path("_samples.png"), self._path("_samples")
        self._write(f"Saved {len(images)} pictures in {folder}, and as a sheet, {sheet}.",
                    lambda: (saving.save_each(folder, images), saving.save_sheet(sheet, images)))

    def save_film(self) -> None:
        """Write the lab's picture over this training as a GIF: the losses, and the samples on fixed
        z.
        """
        path = self._path("_training.gif")
        self._write(f"Saved this training as a film, {path}.",
                    lambda: saving.save_film(path, self.film.pages()))

    def save_walk(self) -> None:
        """Write a walk of the samples through latent space and back as a GIF."""
        path = self._path("_walk.gif")
        self._write(f"Saved a walk in latent space, {path}.",
                    lambda: saving.save_film(path, self.scene.walk()))

    def _write(self, notice: str, write: Callable[[], object]) -> None:
        """Write files, and say so, or why not."""
        try:
            write()
        except OSError as error:
            return self.say(f"Not saved, because the file cannot be written: {error}.")
        self.say(notice)

    def take(self, **values) -> None:
        """Start a new training with these values.

        Args:
            values: by the names of the settings; lr_D is D's learning rate, and lr that of every
                player.

        Raises:
            ValueError: a slider does not have such a value. Nothing is changed then.
        """
        wanted, rates = [], {f"lr_{player}": player for player in self.rates}
        for name, value in values.items():
            players = list(self.rates) if name == "lr" else [rates[name]] if name in rates else []
            sliders = [self.rates[player] for player in players]
            sliders += [self.knobs[name]] if name in self.knobs else []
            if not sliders or any(value not in _choices(slider) for slider in sliders):
                raise ValueError(f"The lab has no slider with {name} {value}.")
            wanted += [(player, value) for player in players]
        for player, rate in wanted:
            self.live.set_rate(player, rate)
        self._follow(self.knobs, {name: value for name, value in values.items()
                                  if name in self.knobs})
        said = ", ".join(f"{name} {table.short(value)}" for name, value in values.items())
        self.reset(f"New training: {said}.")
        self.live.start()
        self._show_status()

    def close(self) -> None:
        """Stop the training for good, take the lab off the page, and let go of all it holds."""
        self.live.pause()
        close(self.box)
        vars(self).clear()  # IPython keeps a lab that was a cell's last line in `Out`

    # what it shows

    def say(self, notice: str) -> None:
        """Change the line under the buttons."""
        self.notice = notice
        self._show_status()

    def draw(self, notice: str | None = None) -> None:
        """Bring picture, table and, last, the status line up to date; a running training calls it.

        Args:
            notice: a new line under the buttons; None: the line stays.
        """
        self.notice = notice or self.notice
        self.scene.update()
        page = self.scene.jpeg()
        self.film.add(self.live.training.round, page)
        jpeg = base64.b64encode(page).decode()
        alt = html.escape(self.scene.describe(), quote=True)
        self.picture.value = (
            f'<img class="gan-course-figure" alt="{alt}" width="864" height="307" '
            'style="max-width:100%;height:auto;background:white;border-radius:4px" '
            f'src="data:image/jpeg;base64,{jpeg}">')
        self.table.value = table.as_html(self.kept)
        self._show_status()

    def raise_error(self) -> None:
        """Raise the error that stopped the training, if there was one."""
        self.live.raise_error()

    def _show_training(self, notice: str) -> None:
        """Show a training that has just begun or was resumed: its settings, rates and picture."""
        self._follow(self.knobs, self.live.settings)
        self._follow(self.rates, self.live.rates)
        self.scene.restart()
        self.film = Film()
        self.draw(notice)

    def _follow(self, sliders: dict[str, ipywidgets.SelectionSlider], values: dict) -> None:
        """Let sliders show values that are in force; one that a slider lacks is added to it."""
        self._following = True
        try:
            for name, value in values.items():
                slider = sliders[name]
                if value not in _choices(slider):
                    slider.options = options(sorted([*_choices(slider), value]))
                slider.value = value
        finally:
            self._following = False

    def _stopped(self) -> None:
        """Say why the training has stopped by itself."""
        error = self.live.error
        if error is not None:
            self.say(f"Stopped by an error: {type(error).__name__}: {error}")
        else:
            self.say("Paused by the kernel's Interrupt (■). Start goes on.")

    def _show_status(self) -> None:
        if self.live.error is not None:  # a look at the training could raise it again
            text = html.escape(self.notice)
            self.status.value = f'<span role="alert" class="gan-course-error">{text}</span>'
        else:
            alarm = ('<b style="background:#C03000;color:white;padding:0 6px">⚠ mode collapse</b> '
                     if self.scene.collapsed() else "")
            text = html.escape(f"{self.notice} {self.scene.describe()}")
            self.status.value = f'<span role="status">{alarm}{text}</span>'
        self.buttons["start"].description = "❚❚ Pause" if self.live.running else "▶ Start"

    def _path(self, ending: str) -> Path:
        return self.folder / (self.name.replace(".", "_") + ending)

    # the widgets

    def _settings(self) -> dict:
        """The sliders' values."""
        return {setting: knob.value for setting, knob in self.knobs.items()}

    def _make_widgets(self) -> None:
        self.picture, self.table, self.status = (ipywidgets.HTML() for _ in range(3))
        actions = {"start": ("▶ Start", self.toggle, "Start or pause the training"),
                   "step": ("Step", self.step, "One round")}
        actions |= {f"step {player}": (f"Step {player}", lambda player=player: self.move(player),
                                       f"One move of {player} only")
                    for player in self.live.training.players}
        actions |= {"reset": ("Reset", self.reset, "Start again from new networks"),
                    "save": ("Save", self.save, "Write the training to a file"),
                    "resume": ("Resume", self.resume, "Go back to the training that Save wrote"),
                    "save film": ("Save film", self.save_film,
                                  "Write this training as a GIF, from its first round")}
        if self.scene.view.saves:
            actions["save samples"] = ("Save samples", self.save_samples,
                                       "Write samples: a sheet, and one file each")
        if self.scene.view.walks:
            actions["save walk"] = ("Save walk", self.save_walk,
                                    "Write a walk in latent space as a GIF")
        actions |= {"keep": ("Keep run", self.keep, "Keep this run's curves and its row"),
                    "save table": ("Save table", self.save_table, "Write the table as a CSV file")}
        self.buttons = {}
        for key, (label, action, tooltip) in actions.items():
            self.buttons[key] = ipywidgets.Button(description=label, tooltip=tooltip,
                                                  layout={"width": "auto", "min_width": "5em"})
            self.buttons[key].on_click(self._guarded(lambda _, action=action: action()))
        for player, slider in self.rates.items():
            slider.observe(self._guarded(
                lambda change, player=player: self.set_rate(player, change["new"])), "value")
        for knob in self.knobs.values():
            knob.observe(self._guarded(lambda change: self.reset(
                f"New training: {change['owner'].description} is now {change['new']}.")), "value")
        note = ipywidgets.HTML("<small>A change of one of these starts a new training:</small>")
        row = ipywidgets.HBox([*self.buttons.values()], layout={"flex_flow": "row wrap"})
        self.box = ipywidgets.VBox([row, *self.rates.values(), note, *self.knobs.values(),
                                    self.status, self.picture, self.table])
        if not self.knobs:
            note.layout.display = "none"
        self.box.add_class("gan-course-lab")

    def _guarded(self, action: Callable) -> Callable:
        """The action, in turn with the rounds of the training. An error in it stops the training
        and is shown to the learner before it is raised.
        """
        def guarded(event):
            if self._following:                 # the slider was not moved by the learner
                return
            try:
                action(event)
            except Exception as error:
                self.live.fail(error)
                self._stopped()
                raise
        return in_turn(guarded)

    def _demonstrate(self, rounds: int) -> None:
        """Do what a learner would do, where nobody watches: errors are raised, no file stays."""
        self.live.play(rounds)
        with tempfile.TemporaryDirectory() as folder:
            self.folder = Path(folder)
            for key, button in self.buttons.items():
                if key != "start":              # no task that goes on after the cell
                    button.click()
                    self.raise_error()          # ipywidgets would only log it
        self.folder = Path()
        for slider in [*self.rates.values(), *self.knobs.values()]:
            start = slider.index
            slider.index = (start + 1) % len(slider.options)
            self.live.play(1)
            slider.index = start
        self.reset()
        self.live.play(rounds)                  # what is shown has the settings of the start
        self.draw()
        display({"text/html": self.picture.value + self.table.value,
                 "text/plain": f"[lab: {self.scene.describe()}]"}, raw=True)


def named(name: str) -> Lab:
    """The open lab of that name.

    Args:
        name: as it was given to `Lab`.

    Raises:
        ValueError: its cell has not been run.
    """
    if name not in _open:
        raise ValueError("First run the cell of the lab, below.")
    return _open[name]


def _choices(slider: ipywidgets.SelectionSlider) -> list:
    return [value for _, value in slider.options]
