"""The live picture of a training. Its lines and points are made once and then only moved, which is many times faster than a new figure.

Left the losses with their chance levels; in the middle what the generator does: for points in the plane real x, fake G(z) with an arrow
along the gradient of D's logit, D's opinion, and the grid of z where G puts it; for images, samples on fixed z, and of a game with
classes a column for each. Right, for a density that we know, how much of it is covered.
"""
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gan_course import metrics, nets, plots
from gan_course.data import ImageSet
from gan_course.guards import RandomStream
from gan_course.live import Live

DOTS_PER_INCH = 100
SETTLED = 100                                                       # rounds before which nobody speaks of collapse
ROWS, COLUMNS = 4, 10                                               # of samples; ten classes in turn fill the columns
POINTS = 300                                                        # of a curve, at most; more rounds are averaged together


@dataclass(frozen=True)
class Kept:
    """A run that the learner kept: its name, its settings, rates and outcome as a row of the table, and its curves."""

    row: dict
    curves: dict[str, np.ndarray]                                   # player -> (rounds,)
    quality: np.ndarray                                             # (moments, 2): round, share of good samples


def averaged(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve of at most `POINTS` points: rounds and means over equally many of them, without the last, incomplete bin."""
    size = max(1, math.ceil(len(values) / POINTS))
    bins = len(values) // size
    return (np.arange(bins) + 1) * size, values[:bins * size].reshape(bins, size).mean(1)


class Scene:
    """The picture of one `Live`. `update()` reads what is new; `jpeg()` draws it; `describe()` says it in words."""

    def __init__(self, live: Live):
        self.dataset = live.training.batches.dataset
        images = isinstance(self.dataset, ImageSet)
        self.plane = not images and self.dataset.data_shape == (2,)
        self.known = hasattr(self.dataset, "centres")
        self.extent = 2.0 if images or not self.known else max(2.0, 1.25 * self.dataset.centres.abs().max().item())
        with matplotlib.rc_context(plots.STYLE):
            self.fig = Figure(figsize=(9, 3.2), dpi=DOTS_PER_INCH, layout="constrained")
            self.canvas = FigureCanvasAgg(self.fig)
            panels = self.fig.subfigures(1, 3 if self.known else 2, facecolor="white")  # each can be painted without the others
            self.losses_ax, self.samples_ax, *more = (panel.subplots() for panel in panels)
        self.kept, self.kept_lines, self.levels = (), [], []
        self._prepare_losses(live)
        self._prepare_plane() if self.plane else self._prepare_images()
        if self.known:
            self._prepare_quality(*more)
        self.losses_ax.set_ylim(0.3, 1.95)                         # room for the widest numbers …
        for ax in self._over_rounds():
            ax.set_xlim(0, 50_000)                                  # … and for the longest
        self.canvas.draw()                                          # the layout is worked out once
        self.background = self.canvas.copy_from_bbox(self.fig.bbox)
        self.fig.set_layout_engine("none")
        self.moving = self._moving()
        for artist in self.moving:
            artist.set_animated(True)                               # the rest is drawn only when it changes
        self.restart(live)

    def restart(self, live: Live) -> None:
        """Forget the curves: a new training has begun."""
        self.live, self.chance = live, live.training.game.chance()
        for artist in self.levels:
            artist.remove()
        self.levels = []
        for name, height in self.chance.items():
            self.levels += plots.level(self.losses_ax, height, f"{name} at chance")
        self.curves = {name: [] for name in live.training.players}
        self.quality: list[tuple[int, float]] = []
        self.coverage: metrics.ModeCoverage | None = None
        self.read = 0
        game, device = live.training.game, live.training.device
        with RandomStream(0, device):
            self.inputs = game.inputs(150 if self.plane else ROWS * COLUMNS)
        self.z_lines = _grid_lines().to(device) if self.plane and game.G.z_dim == 2 else None
        for ax in self._over_rounds():
            ax.set_xlim(0, 50)
            self._limits(ax, max((run.row["rounds"] for run in self.kept), default=0))
        self.stale = {ax.figure for ax in self.fig.axes}
        self.update()

    def update(self) -> None:
        """Read the new records and look at the generator."""
        for record in self.live.records[self.read:]:
            for name, values in self.curves.items():
                values.append(sum(value.item() for term, value in record.terms.items() if term.startswith(f"{name}/")))
        self.read = len(self.live.records)
        for name, line in self.loss_lines.items():
            line.set_data(*averaged(np.array(self.curves[name])))
        self._fit()
        game = self.live.training.game
        if self.known:
            with RandomStream(0, self.live.training.device):        # a look must not change the training
                points = game.sample(1000)
            centres = self.dataset.centres
            self.coverage = metrics.mode_coverage(points.cpu(), centres, self.dataset.sd)
            nearest = torch.cdist(points.cpu(), centres).argmin(dim=1)
            self.held = int((torch.bincount(nearest, minlength=len(centres)) > 0.2 * len(points) / len(centres)).sum())
            self.quality.append((self.live.training.round, self.coverage.high_quality))
            self.quality_line.set_data(*np.array(self.quality).T * [[1], [100]])
            self._limits(self.quality_ax, self.live.training.round)
        self._update_plane(game) if self.plane else self._update_images(game)

    def collapsed(self) -> bool:
        """True when, some way into the training, the samples crowd around fewer than half of the modes.

        A mode is held if at least a fifth of its fair share of samples is nearer to it than to any other, of high quality or not.
        """
        if self.coverage is None or self.live.training.round < SETTLED:
            return False
        return self.held < len(self.dataset.centres) / 2

    def jpeg(self) -> bytes:
        """The picture as a file, as it is now. Axes and words are painted again only where they have changed; what moves goes on top."""
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
        page.save(file, "JPEG", quality=92, subsampling=0)          # hard to tell from PNG here, and packed several times as fast
        return file.getvalue()

    def describe(self) -> str:
        """What there is to see, in a sentence."""
        now = ", ".join(self._against_chance(name, values) for name, values in self.curves.items() if values)
        text = f"Round {self.live.training.round}. Losses: {now or 'none yet'}."
        if self.coverage:
            found = f"{self.coverage.modes} of {len(self.dataset.centres)} modes"
            text += f" {found}, {100 * self.coverage.high_quality:.0f} % of the samples of high quality."
        return text

    def _against_chance(self, name: str, values: list[float]) -> str:
        level = f" (chance {self.chance[name]:.3f})" if name in self.chance else ""
        return f"{name} {np.mean(values[-50:]):.3f}{level}"

    def keep(self, name: str) -> Kept:
        """The run as it stands, for the table and for laying over later ones."""
        self.update()
        row = {"run": name, **self.live.settings, **{f"lr {player}": rate for player, rate in self.live.rates.items()},
               "rounds": self.live.training.round}
        row |= {f"loss {player}": round(float(np.mean(values[-50:])), 4) for player, values in self.curves.items() if values}
        if self.coverage:
            row |= {"modes": self.coverage.modes, "high quality %": round(100 * self.coverage.high_quality, 1)}
        return Kept(row, {player: np.array(values) for player, values in self.curves.items()}, np.array(self.quality))

    def overlay(self, kept: Sequence[Kept]) -> None:
        """Draw the kept runs' curves behind the present one, thin and named at their ends."""
        self.kept = tuple(kept)
        for artist in self.kept_lines:
            artist.remove()
        self.kept_lines, self.stale = [], {ax.figure for ax in self.fig.axes}
        for run in kept:
            for player, values in run.curves.items():
                if len(values) and player in self.loss_lines:
                    look = {"color": self.loss_lines[player].get_color(), "linewidth": 0.7, "alpha": 0.6}
                    rounds, means = averaged(values)
                    self._limits(self.losses_ax, rounds[-1])
                    self.kept_lines += self.losses_ax.plot(rounds, means, **look)
                    self.kept_lines.append(self.losses_ax.annotate(run.row["run"], (rounds[-1], means[-1]), fontsize=8))
            if self.known and len(run.quality):
                self.kept_lines += self.quality_ax.plot(run.quality[:, 0], 100 * run.quality[:, 1], color="#555555", linewidth=0.7)
                self.kept_lines.append(self.quality_ax.annotate(run.row["run"], (run.quality[-1, 0], 100 * run.quality[-1, 1]), fontsize=8))

    # the parts of the picture

    def _prepare_losses(self, live: Live) -> None:
        looks = [plots.D_LINE, plots.G_LINE, plots.THIRD_LINE, {"color": "#8A6D00", "linestyle": ":"}]
        self.loss_lines = {}
        for name, look in zip(live.training.players, looks, strict=False):
            self.loss_lines[name], = self.losses_ax.plot([], [], linewidth=1.6, label=name, **look)
        self.losses_ax.set(xlabel="round", title="losses")
        self.losses_ax.legend(loc="upper left", fontsize=8)

    def _fit(self) -> None:
        """Room for every loss, of the kept runs too, and every chance level."""
        curves = [averaged(values)[1] for run in self.kept for values in run.curves.values()]
        drawn = np.concatenate([*curves, *(line.get_ydata() for line in self.loss_lines.values()), [*self.chance.values()]])
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn):
            return
        low, high = self.losses_ax.get_ylim()
        if not low <= drawn.min() <= drawn.max() <= high or drawn.max() - drawn.min() < 0.2 * (high - low):
            room = 0.2 * (drawn.max() - drawn.min()) + 0.05
            self.losses_ax.set_ylim(drawn.min() - room, drawn.max() + room)
            self.stale.add(self.losses_ax.figure)
        self._limits(self.losses_ax, max(len(values) for values in self.curves.values()))

    def _over_rounds(self) -> list:
        """The axes that run over the rounds."""
        return [self.losses_ax, self.quality_ax] if self.known else [self.losses_ax]

    def _limits(self, ax, rounds: int) -> None:
        """Room for so many rounds; it grows by half each time, so that most pictures need no new axes."""
        right = ax.get_xlim()[1]
        if rounds > right or right < 50:
            ax.set_xlim(0, max(50, round(1.5 * rounds, -1)))
            self.stale.add(ax.figure)

    def _moving(self) -> list:
        """What changes from one picture to the next, from back to front."""
        middle = [self.map, self.real, self.grid, self.arrows, self.fakes] if self.plane else [self.samples_image]
        return [*middle, *self.loss_lines.values(), *([self.quality_line] if self.known else [])]

    def _prepare_plane(self) -> None:
        ax = self.samples_ax
        self.ticks = torch.linspace(-self.extent, self.extent, 40)
        self.map = ax.imshow(np.full((40, 40), 0.5), cmap=plots.REAL_FAKE, vmin=0, vmax=1, origin="lower",
                             extent=(-self.extent, self.extent) * 2, interpolation="bilinear")
        real = self.dataset.sample(300, torch.Generator().manual_seed(0)).x
        self.real = ax.scatter(*real.T.numpy(), s=4, alpha=0.4, linewidths=0, **plots.REAL)
        self.grid = ax.add_collection(LineCollection([], colors="#333333", linewidths=0.4, alpha=0.6))
        self.arrows = ax.quiver(*np.zeros((4, 50)), color="#333333", width=0.005, angles="xy", scale_units="xy", scale=1.0)
        self.fakes = ax.scatter(np.zeros(150), np.zeros(150), s=9, linewidths=0.8, **plots.FAKE)
        plots.square(ax, self.extent)
        ax.set_title("real x, fake G(z), D's opinion")

    def _update_plane(self, game) -> None:
        fake = nets.generate(game.G, *self.inputs).requires_grad_(True)
        if hasattr(game, "D"):
            squares = torch.cartesian_prod(self.ticks, self.ticks).to(fake)
            with nets.evaluating(game.D):
                self.map.set_data(game.opinion(game.scores(squares)).detach().view(40, 40).T.cpu().numpy())
                slope = torch.autograd.grad(game.scores(fake).sum(), fake)[0][::3].cpu()  # an arrow for every third point
            length = slope.norm(dim=1, keepdim=True)
            slope *= 0.3 * self.extent * length.clamp(max=1).sqrt() / (length + 1e-9)
            self.arrows.set_offsets(fake.detach()[::3].cpu().numpy())
            self.arrows.set_UVC(*slope.T.numpy())
        self.fakes.set_offsets(fake.detach().cpu().numpy())
        if self.z_lines is not None:
            self.grid.set_segments(nets.generate(game.G, self.z_lines).view(18, -1, 2).cpu().numpy())
        else:
            self.grid.set_segments([])

    def _prepare_images(self) -> None:
        channels, high, wide = self.dataset.data_shape
        page = np.full((ROWS * (high + 1) - 1, COLUMNS * (wide + 1) - 1, 3), 255, np.uint8)
        self.samples_image = self.samples_ax.imshow(page, interpolation="nearest")
        self.samples_ax.set(xticks=[], yticks=[], title="samples on fixed z")

    def _update_images(self, game) -> None:
        self.samples_image.set_data(plots.sheet(nets.generate(game.G, *self.inputs), COLUMNS))

    def _prepare_quality(self, ax) -> None:
        self.quality_ax = ax
        self.quality_line, = ax.plot([], [], color=plots.FAKE["color"])
        plots.level(ax, 98.9, "a perfect sampler")
        ax.set(xlabel="round", ylim=(0, 112), title="samples of high quality, %")


def _grid_lines() -> Tensor:
    """18 straight lines in the plane of z, 40 points on each: (720, 2)."""
    side, dense = torch.linspace(-2, 2, 9), torch.linspace(-2, 2, 40)
    upright = [torch.stack([c.expand(40), dense], 1) for c in side]
    return torch.cat(upright + [line.flip(1) for line in upright])
