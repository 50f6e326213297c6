"""The live picture of a training. Its lines and points are made once and then only moved, which is
many times faster than a new figure.

Left the losses with their chance levels; in the middle what the generator does, which is a `view`
of its own for points in the plane, images and translations; right, where the truth is known, how
near the generator is to it.
"""
import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from gan_course import plots
from gan_course.training.guards import RandomStream
from gan_course.widgets.lab.curves import RECENT, BinnedCurve
from gan_course.widgets.lab.live import Live
from gan_course.widgets.lab.table import Kept
from gan_course.widgets.lab.views import truth_is_known, view_of

DOTS_PER_INCH = 100


class Scene:
    """The picture of one `Live`, at which it only looks.

    `update()` reads what is new; `jpeg()` draws it; `describe()` says it in words.

    Args:
        live: what is shown; its later trainings are shown after `restart()`.
    """

    def __init__(self, live: Live):
        self.live = live
        dataset = live.training.batches.dataset
        with matplotlib.rc_context(plots.STYLE):
            self.fig = Figure(figsize=(9, 3.2), dpi=DOTS_PER_INCH, layout="constrained")
            self.canvas = FigureCanvasAgg(self.fig)
            # each is painted on its own
            panels = self.fig.subfigures(1, 3 if truth_is_known(dataset) else 2, facecolor="white")
            self.losses_ax, view_ax, *more = (panel.subplots() for panel in panels)
            self.view = view_of(dataset)(view_ax, dataset, live.training.game)
            self.quality_ax = more[0] if more else None
        self.kept, self.kept_lines, self.levels = (), [], []
        self._prepare_losses()
        if self.quality_ax:
            self._prepare_quality()
        self.losses_ax.set_ylim(0.3, 1.95)                         # room for the widest numbers …
        for ax in self._over_rounds():
            ax.set_xlim(0, 50_000)                                  # … and for the longest
        self.canvas.draw()                                          # the layout is worked out once
        self.background = self.canvas.copy_from_bbox(self.fig.bbox)
        self.fig.set_layout_engine("none")
        self.moving = self._moving()
        for artist in self.moving:
            artist.set_animated(True)  # the rest is drawn only when it changes
        self.restart()

    def restart(self) -> None:
        """Begin anew: `live` has another training now."""
        training = self.live.training
        self.chance = training.game.chance()
        for artist in self.levels:
            artist.remove()
        self.levels = []
        for name, height in self.chance.items():
            self.levels += plots.level(self.losses_ax, height, f"{name} at chance",
                                       below=name == "G")
        self.quality = BinnedCurve()
        self.view.restart(training)
        for ax in self._over_rounds():
            ax.set_xlim(0, 50)
            self._limits(ax, max((run.row["rounds"] for run in self.kept), default=0))
        self.stale = {ax.figure for ax in self.fig.axes}
        self.update()

    def update(self) -> None:
        """Read the new losses and look at the generator."""
        curves = self.live.read()
        for name, line in self.loss_lines.items():
            line.set_data(*curves[name].points().T)
        self._fit()
        training = self.live.training
        with RandomStream(0, training.device):  # a look must not change the training
            self.view.update(training.game)
        if self.quality_ax:
            self.quality.add(training.round, self.view.quality)
            self.quality_line.set_data(*self.quality.points().T)
            self._limits(self.quality_ax, training.round)

    def pictures(self):
        """Pictures to be saved, (N, C, H, W) in [-1, 1]: fresh samples, or translations."""
        training = self.live.training
        with RandomStream(training.round, training.device):
            return self.view.pictures(training.game)

    def walk(self) -> list[np.ndarray]:
        """The samples on a walk in latent space: RGB pages for a film."""
        return self.view.walk(self.live.training.game)

    def collapsed(self) -> bool:
        """True when, some way into the training, the samples crowd around fewer than half of the
        modes.
        """
        return self.view.collapsed(self.live.training.round)

    def jpeg(self) -> bytes:
        """The picture as a file, as it is now.

        Axes and words are painted again only where they have changed; what moves goes on top.
        """
        self.canvas.restore_region(self.background)
        if self.stale:
            for panel in self.stale:
                panel.draw(self.canvas.get_renderer())
            self.background = self.canvas.copy_from_bbox(self.fig.bbox)
            self.stale.clear()
        for artist in self.moving:
            artist.axes.draw_artist(artist)
        file = io.BytesIO()
        page = Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB")
        # hard to tell from PNG here, and packed several times as fast
        page.save(file, "JPEG", quality=92, subsampling=0)
        return file.getvalue()

    def describe(self) -> str:
        """What there is to see, in a sentence."""
        now = ", ".join(self._against_chance(name, curve.recent())
                        for name, curve in self.live.read().items() if len(curve))
        return (f"Round {self.live.training.round}. Losses, means of up to {RECENT} rounds: "
                f"{now or 'none yet'}.{self.view.describe()}")

    def _against_chance(self, name: str, loss: float) -> str:
        level = f" (chance {self.chance[name]:.3f})" if name in self.chance else ""
        return f"{name} {loss:.3f}{level}"

    def keep(self, name: str) -> Kept:
        """The run as it stands, for the table and for laying over later ones; `name` is a letter.
        """
        self.update()
        rates, curves = self.live.rates, self.live.curves
        row = {"run": name, **self.live.settings}
        row |= {f"lr {player}": rate for player, rate in rates.items()}
        row |= {"rounds": self.live.training.round}
        row |= {f"loss {player}": round(curve.recent(), 4)
                for player, curve in curves.items() if len(curve)}
        row |= self.view.row()
        return Kept(row, {player: curve.points() for player, curve in curves.items()},
                    self.quality.points())

    def overlay(self, kept: Sequence[Kept]) -> None:
        """Draw the kept runs' curves behind the present one, thin and named at their ends."""
        self.kept = tuple(kept)
        for artist in self.kept_lines:
            artist.remove()
        self.kept_lines, self.stale = [], {ax.figure for ax in self.fig.axes}
        for run in kept:
            for player, curve in run.curves.items():
                if len(curve) and player in self.loss_lines:
                    look = {"color": self.loss_lines[player].get_color(), "linewidth": 0.7,
                            "alpha": 0.6}
                    self._limits(self.losses_ax, curve[-1, 0])
                    self.kept_lines += self.losses_ax.plot(*curve.T, **look)
                    self.kept_lines.append(
                        self.losses_ax.annotate(run.row["run"], curve[-1], fontsize=8))
            if self.quality_ax and len(run.quality):
                self.kept_lines += self.quality_ax.plot(*run.quality.T, color="#555555",
                                                        linewidth=0.7)
                self.kept_lines.append(
                    self.quality_ax.annotate(run.row["run"], run.quality[-1], fontsize=8))

    # the parts of the picture

    def _prepare_losses(self) -> None:
        looks = [
            plots.D_LINE, plots.G_LINE, plots.THIRD_LINE, {"color": "#8A6D00", "linestyle": ":"}
        ]
        self.loss_lines = {}
        for name, look in zip(self.live.training.players, looks, strict=False):
            self.loss_lines[name], = self.losses_ax.plot([], [], linewidth=1.6, label=name, **look)
        self.losses_ax.set(xlabel="round", title="losses")
        self.losses_ax.legend(loc="upper left", fontsize=8)

    def _fit(self) -> None:
        """Room for every loss, of the kept runs too, and every chance level."""
        curves = [curve[:, 1] for run in self.kept for curve in run.curves.values()]
        drawn = np.concatenate([
            *curves, *(line.get_ydata() for line in self.loss_lines.values()),
            [*self.chance.values()]
        ])
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn):
            return
        low, high = self.losses_ax.get_ylim()
        if not low <= drawn.min() <= drawn.max() <= high or drawn.max() - drawn.min() < 0.2 * (
                high - low):
            room = 0.2 * (drawn.max() - drawn.min()) + 0.05
            self.losses_ax.set_ylim(drawn.min() - room, drawn.max() + room)
            self.stale.add(self.losses_ax.figure)
        self._limits(self.losses_ax, self.live.training.round)

    def _over_rounds(self) -> list:
        """The axes that run over the rounds."""
        return [self.losses_ax, self.quality_ax] if self.quality_ax else [self.losses_ax]

    def _limits(self, ax, rounds: int) -> None:
        """Room for so many rounds; it grows by half each time, so that most pictures need no new
        axes.
        """
        right = ax.get_xlim()[1]
        if rounds > right or right < 50:
            ax.set_xlim(0, max(50, round(1.5 * rounds, -1)))
            self.stale.add(ax.figure)

    def _moving(self) -> list:
        """What changes from one picture to the next, from back to front."""
        return [
            *self.view.moving, *self.loss_lines.values(),
            *([self.quality_line] if self.quality_ax else [])
        ]

    def _prepare_quality(self) -> None:
        self.quality_line, = self.quality_ax.plot([], [], color=plots.FAKE["color"])
        plots.level(self.quality_ax, *self.view.level)
        self.quality_ax.set(xlabel="round", ylim=(0, self.view.top), title=self.view.measured)
