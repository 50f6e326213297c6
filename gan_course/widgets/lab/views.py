"""What the lab's picture shows of a game beside its losses: points in the plane, images, or
translations with their truth.

A view draws into axes that it is given. Its artists are made once, stand in `moving` from back to
front, and are only moved by `update(game)`. Where there is something to measure it says so in words
(`title`, `describe`) and numbers (`quality`, `row`).
"""
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Tensor

from gan_course import data, likeness, metrics, nets, plots, saving
from gan_course.data import Density, ImageSet
from gan_course.data.pairs import PairSet
from gan_course.data.sets import scale
from gan_course.games import Game
from gan_course.training import Training
from gan_course.training.guards import RandomStream

SETTLED = 100  # rounds before which nobody speaks of collapse
ROWS, COLUMNS = 4, 10  # of samples; ten classes in turn fill the columns
SAVED = 64  # samples that are saved, fresh ones
SCENES, SHOWN = 16, 5  # translations that are scored, and those of them that are shown


class View:
    """Samples of a game whose quality nobody knows; the others build on it."""

    measured: str | None = None  # the title of the curve of `quality`, if there is one
    level: tuple[float, str] = (0.0, "")  # a height of that curve that means something
    top = 112.0                                                     # the end of its axis
    quality: float | None = None
    saves = False                       # whether there are pictures to be saved
    walks = False                       # whether they can walk in latent space

    def restart(self, training: Training) -> None:
        """A new training has begun."""

    def update(self, game: Game) -> None:
        """Look at the game as it is now."""
        raise NotImplementedError

    def pictures(self, game: Game) -> Tensor:
        """Pictures to be saved, (N, C, H, W) in [-1, 1], where there are any."""
        raise NotImplementedError

    def collapsed(self, rounds: int) -> bool:
        """Whether the samples crowd around a few places only, some rounds into the training."""
        return False

    def describe(self) -> str:
        """What was measured, as a sentence."""
        return ""

    def row(self) -> dict[str, float]:
        """What was measured, for the table of runs that were kept: name -> number."""
        return {}


class PlaneView(View):
    """Real x, fake G(z), the gradient of D's logit at every third fake, D's opinion, and where G
    puts the grid of z.

    Of a mixture the modes are counted; a mode is held if at least a fifth of its fair share of
    samples is nearer to it than to any other.

    Args:
        ax: where to draw.
        dataset: the distribution in the plane.
        game: a game that learns it.
    """

    def __init__(self, ax: Axes, dataset: Density, game: Game):
        self.coverage: metrics.ModeCoverage | None = None
        self.dataset, self.extent = dataset, 2.0
        if truth_is_known(dataset):
            self.centres = dataset.centres
            self.extent = max(2.0, 1.25 * self.centres.abs().max().item())
            self.measured, self.level = "samples of high quality, %", (98.9, "a perfect sampler")
        self.ticks = torch.linspace(-self.extent, self.extent, 40)
        self.map = ax.imshow(np.full((40, 40),
                                     0.5), cmap=plots.REAL_FAKE, vmin=0, vmax=1, origin="lower",
                             extent=(-self.extent, self.extent) * 2, interpolation="bilinear")
        x = dataset.sample(300, torch.Generator().manual_seed(0)).x
        real = ax.scatter(*x.T.numpy(), s=4, alpha=0.4, linewidths=0, **plots.REAL)
        self.grid = ax.add_collection(
            LineCollection([], colors="#333333", linewidths=0.4, alpha=0.6))
        self.arrows = ax.quiver(*np.zeros((4, 50)), color="#333333", width=0.005, angles="xy",
                                scale_units="xy", scale=1.0)
        self.fakes = ax.scatter(np.zeros(150), np.zeros(150), s=9, linewidths=0.8, **plots.FAKE)
        self.moving = [self.map, real, self.grid, self.arrows, self.fakes]
        plots.square(ax, self.extent)
        ax.set_title("real x, fake G(z)" + (", D's opinion" if hasattr(game, "D") else ""))

    def restart(self, training: Training) -> None:
        self.coverage = None
        with RandomStream(0, training.device):
            self.inputs = training.game.inputs(150)
        self.z_lines = _grid_lines() if training.game.G.z_dim == 2 else None

    def update(self, game: Game) -> None:
        fake = nets.generate(game.G, *self.inputs).to(nets.device_of(game)).requires_grad_(True)
        if hasattr(game, "D"):
            squares = torch.cartesian_prod(self.ticks, self.ticks).to(fake)
            with nets.evaluating(game.D):
                self.map.set_data(
                    game.opinion(game.scores(squares)).detach().view(40, 40).T.cpu().numpy())
                slope = torch.autograd.grad(game.scores(fake).sum(), fake)[0][::3].cpu()
            length = slope.norm(dim=1, keepdim=True)
            slope *= 0.3 * self.extent * length.clamp(max=1).sqrt() / (length + 1e-9)
            self.arrows.set_offsets(fake.detach()[::3].cpu().numpy())
            self.arrows.set_UVC(*slope.T.numpy())
        self.fakes.set_offsets(fake.detach().cpu().numpy())
        lines = [] if self.z_lines is None else nets.generate(game.G, self.z_lines).view(
            18, -1, 2).numpy()
        self.grid.set_segments(lines)
        if self.measured:
            self._count(game.sample(1000))

    def _count(self, points: Tensor) -> None:
        self.coverage = metrics.mode_coverage(points, self.centres, self.dataset.sd)
        self.quality = 100 * self.coverage.high_quality
        nearest = torch.cdist(points, self.centres).argmin(dim=1)
        self.held = int((torch.bincount(nearest, minlength=len(self.centres))
                         > 0.2 * len(points) / len(self.centres)).sum())

    def collapsed(self, rounds: int) -> bool:
        return self.coverage is not None and rounds >= SETTLED and self.held < len(self.centres) / 2

    def describe(self) -> str:
        if self.coverage is None:
            return ""
        return (f" {self.coverage.modes} of {len(self.centres)} modes, {self.quality:.0f} % of the "
                "samples of high quality.")

    def row(self) -> dict[str, float]:
        return {} if self.coverage is None else {
            "modes": self.coverage.modes, "high quality %": round(self.quality, 1)
        }


class ImagesView(View):
    """Samples on fixed z; of a game with classes, a column for each.

    Args:
        ax: where to draw.
        dataset: the images, or a density that draws images.
        game: a game that learns them.
    """

    saves = walks = True

    def __init__(self, ax: Axes, dataset: ImageSet | Density, game: Game):
        self.page = _page(ax, ROWS, COLUMNS, dataset.data_shape, "samples on fixed z")
        self.moving = [self.page]

    def restart(self, training: Training) -> None:
        with RandomStream(0, training.device):
            self.inputs = training.game.inputs(ROWS * COLUMNS)

    def update(self, game: Game) -> None:
        self.page.set_data(plots.sheet(nets.generate(game.G, *self.inputs), COLUMNS))

    def pictures(self, game: Game) -> Tensor:
        return nets.generate(saving.finished(game), *game.inputs(SAVED))

    def walk(self, game: Game) -> list[np.ndarray]:
        """The samples on their way through latent space and back: RGB pages for a film."""
        return saving.walk(saving.finished(game), *self.inputs, across=COLUMNS)


class TranslationView(View):
    """Pictures x above their translations G(x); then the true partners y, if they are known, and
    the way back F(G(x)), if there is one.

    The truth of the course's own sets comes from their held-out scenes, which no training sees:
    they give the decibels.

    Args:
        ax: where to draw.
        dataset: pictures of two sides.
        game: a game that translates the first into the second.
    """

    top = 40.0
    saves = True

    def __init__(self, ax: Axes, dataset: PairSet, game: Game):
        rows = ["x", "G(x)"]
        if truth_is_known(dataset):
            dataset = data.load(dataset.name, "test")
            self.y = scale(dataset.y[:SCENES])
            rows.append("true y")
            self.measured = "G(x) against the truth, dB"
        self.x = scale(dataset.x[:SCENES])
        if self.measured:
            self.level = likeness.psnr(self.x, self.y), "x, copied"
        self.back = hasattr(game, "back")
        if self.back:
            rows.append("F(G(x))")
        self.page = _page(ax, len(rows), SHOWN, dataset.data_shape, " to ".join(dataset.domains))
        ax.set_yticks([(row + 0.5) * (dataset.data_shape[1] + 1) for row in range(len(rows))], rows)
        ax.tick_params(length=0)
        self.moving = [self.page]

    def update(self, game: Game) -> None:
        fake = game.sample(len(self.x), self.x)
        rows = [self.x, fake]
        if self.measured:
            rows.append(self.y)
        if self.back:
            rows.append(game.back(fake))
        self.page.set_data(plots.sheet(torch.cat([row[:SHOWN] for row in rows]), SHOWN))
        if self.measured:
            self.quality = likeness.psnr(fake, self.y)

    def pictures(self, game: Game) -> Tensor:
        return game.sample(len(self.x), self.x)

    def describe(self) -> str:
        if self.quality is None:
            return ""
        return (f" G(x) is {self.quality:.1f} dB from the truth; x itself would be "
                f"{self.level[0]:.1f}.")

    def row(self) -> dict[str, float]:
        return {} if self.quality is None else {"dB": round(self.quality, 2)}


def view_of(dataset: ImageSet | Density | PairSet) -> type[View]:
    """The view that suits a data set."""
    if isinstance(dataset, PairSet):
        return TranslationView
    return PlaneView if dataset.data_shape == (2,) else ImagesView


def truth_is_known(dataset: ImageSet | Density | PairSet) -> bool:
    """Whether samples can be measured against the truth: modes of a mixture, or the hidden partners
    of one of the course's own pairs.
    """
    return hasattr(dataset,
                   "centres") or isinstance(dataset, PairSet) and dataset.name in data.OFFLINE


def _page(ax: Axes, rows: int, columns: int, data_shape: tuple[int, int, int], title: str):
    channels, high, wide = data_shape
    page = np.full((rows * (high + 1) - 1, columns * (wide + 1) - 1, 3), 255, np.uint8)
    ax.set(xticks=[], yticks=[], title=title)
    return ax.imshow(page, interpolation="nearest")


def _grid_lines() -> Tensor:
    """18 straight lines in the plane of z, 40 points on each: (720, 2)."""
    side, dense = torch.linspace(-2, 2, 9), torch.linspace(-2, 2, 40)
    upright = [torch.stack([c.expand(40), dense], 1) for c in side]
    return torch.cat(upright + [line.flip(1) for line in upright])
