"""Ways through latent space, and a picture of where they lead. What a generator has learned lies in
what it makes of z ~ N(0, I).

z has the shape (N, z_dim). Every way is a pure function: the same z in, the same z out, and a small
step of a slider is a small step of z.
"""
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from gan_course import plots


def noise(G: nn.Module, n: int, seed: int = 0) -> Tensor:
    """Draws of z ~ N(0, I), the same each time.

    Args:
        G: a generator, which knows its z_dim.
        n: how many.
        seed: which draws.

    Returns:
        z, (n, z_dim), on the CPU.
    """
    return torch.randn(n, G.z_dim, generator=torch.Generator().manual_seed(seed))


def along(z: Tensor, places: dict[int, float]) -> Tensor:
    """z with some of its coordinates set to new values; the others stay.

    Args:
        z: (N, z_dim).
        places: which coordinate, from 0 on, gets which value: {0: 1.5}.

    Returns:
        The moved z, (N, z_dim).

    Raises:
        ValueError: z has no such coordinate.
    """
    moved = z.clone()
    for axis, place in places.items():
        if not 0 <= axis < z.shape[1]:
            raise ValueError(f"z has {z.shape[1]} numbers, counted from 0; there is no number "
                             f"{axis}.")
        moved[:, axis] = place
    return moved


def straight(a: Tensor, b: Tensor, t: float) -> Tensor:
    """A point of the straight line from a to b: (1 - t) a + t b.

    In many dimensions nearly every z ~ N(0, I) is about sqrt(z_dim) long, and the middle of a
    straight line only 0.71 times that: a z that G hardly met in training. In the space of w,
    `straight(mean of w, w, psi)` is the truncation of StyleGAN (arXiv:1812.04948).

    Args:
        a, b: its ends, (N, z_dim).
        t: the share of the way, 0 to 1.

    Returns:
        (N, z_dim).
    """
    return (1 - t) * a + t * b


def spherical(a: Tensor, b: Tensor, t: float) -> Tensor:
    """A point of the way from a to b at an even pace around the origin.

        sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b,    w the angle between a and b

    If a and b are equally long, so is every z on the way. Where both point the same way, or exactly
    opposite ways, it is the straight line. White, 2016, arXiv:1609.04468.

    Args:
        a, b: its ends, (N, z_dim).
        t: the share of the way, 0 to 1.

    Returns:
        (N, z_dim).
    """
    ends = a.to("cpu", torch.float64), b.to("cpu", torch.float64)   # Apple's GPUs have no float64
    angle = torch.acos(cosine_similarity(*ends, dim=1).clamp(-1, 1)).unsqueeze(1)  # (N, 1)
    curved = (torch.sin((1 - t) * angle) * ends[0] + torch.sin(t * angle) * ends[1]
              ) / torch.sin(angle)
    return torch.where(torch.sin(angle) > 1e-6, curved, straight(*ends, t)).to(a)


def round_trip(stops: Tensor, steps: int) -> list[Tensor]:
    """A walk through several z and back to the first, at an even pace around the origin.

    Args:
        stops: the z to pass, (K, N, z_dim): K stops for each of N pictures.
        steps: how many steps from each stop to the next.

    Returns:
        The z on the way, K * steps of (N, z_dim).
    """
    return [spherical(a, b, step / steps)
            for a, b in zip(stops, stops.roll(-1, dims=0), strict=True) for step in range(steps)]


def truncate(z: Tensor, threshold: float) -> Tensor:
    """z ~ N(0, I) turned into draws of the truncation trick, in which no coordinate lies beyond the
    threshold.

        Phi^-1(Phi(-threshold) + Phi(z) (Phi(threshold) - Phi(-threshold)))

    Phi is the normal distribution function. BigGAN (arXiv:1809.11096) draws each number again until
    it lies inside. This gives numbers of the same distribution, and each of them moves smoothly
    with the threshold.

    Args:
        z: (N, z_dim).
        threshold: the largest distance from 0, positive.

    Returns:
        The truncated z, (N, z_dim).

    Raises:
        ValueError: the threshold is not above 0.
    """
    if not threshold > 0:
        raise ValueError("The threshold is a distance from 0, so it has to be above 0; got "
                         f"{threshold}.")
    low, high = torch.special.ndtr(torch.tensor([-threshold, threshold],
                                                dtype=torch.float64)).tolist()
    shares = torch.special.ndtr(z.to("cpu", torch.float64))         # Apple's GPUs have no float64
    inside = torch.special.ndtri(low + shares * (high - low))
    return inside.clamp(-threshold, threshold).to(z)


class Picture:
    """Samples as a picture whose frame is drawn once, and then only what is in it, which is several
    times faster: sliders wait for it.

    Args:
        x: the first samples: images, (N, C, H, W), or points in the plane, (N, 2), which are
            crosses.
        columns: how many images stand in a row.
        titles: the names of the rows, on their left.

    Raises:
        ValueError: the samples are neither images nor points in the plane.
    """

    def __init__(self, x: Tensor, columns: int = 8, titles: list[str] | None = None):
        self.columns, self.images = columns, x.dim() == 4
        if self.images:
            self.fig = plots.gallery(x, columns, titles)
            self.drawn, = self.fig.axes[0].images
        elif x.shape[1:] == (2,):
            self.fig, ax = plots.canvas(width=3.8, height=3.6)
            plots.scatter(ax, fake=x, extent=max(2.0, 1.25 * x.abs().max().item()))
            self.drawn, = ax.collections
        else:
            raise ValueError("Can show images (N, C, H, W) or points (N, 2); these samples have "
                             f"the shape {tuple(x.shape)}.")
        self.drawn.set_animated(True)                               # left out of the frame
        self.page = plots.page(self.fig)  # the layout is worked out here, once
        self.fig.set_layout_engine("none")
        self.frame = self.page.copy_from_bbox(self.fig.bbox)

    def show(self, x: Tensor) -> FigureCanvasAgg:
        """Put other samples into the picture.

        Args:
            x: samples of the same shape, on the CPU.

        Returns:
            The drawn page, for `plots.show` and `plots.img`.
        """
        if self.images:
            self.drawn.set_data(plots.sheet(x, self.columns))
        else:
            self.drawn.set_offsets(x.numpy())
        self.page.restore_region(self.frame)
        self.drawn.axes.draw_artist(self.drawn)
        return self.page
