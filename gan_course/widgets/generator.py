"""Sliders for a trained generator: what the coordinates of z do, what lies between two z, what
truncation changes, which class is asked for.

    latent_axes(G)                  a slider for some of the coordinates of z
    interpolation(G)                from one z to another, straight or around the origin
    truncation(G)                   no coordinate of z beyond a threshold
    classes(G, ["cat", "dog"])      the same z, as one class or another
    labels(G, digits)               the same z, with the labels that sliders ask for

G knows its `z_dim` and is called as G(z). One that is told a class is called as G(z, y), with y an
int64 tensor (N,): say which class with `y`, or use `classes`. Images are shown in rows, points in
the plane as points; `seed` chooses the z.
"""
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_course import latent, nets
from gan_course.data.described import Described
from gan_course.widgets.explore import Slider, explore

PLACES = [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
SHARES = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
PATHS = {"straight": latent.straight, "spherical": latent.spherical}
THRESHOLDS = [0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0]


def latent_axes(G: nn.Module, axes: Sequence[int] | None = None, *, y: int | None = None,
                seed: int = 0) -> None:
    """Samples with a slider for some of the coordinates of z; the others are held still.

    Args:
        G: the generator.
        axes: which coordinates, from 0 on; by default the first two.
        y: the class, for a generator that is told one.
        seed: which z.
    """
    axes = range(min(2, G.z_dim)) if axes is None else axes
    z = _draw(G, y, seed)
    sliders = {f"z{axis}": Slider(f"number {axis} of z", PLACES, 0.0) for axis in axes}
    alt = f"{len(z)} samples; in all of them " + ", ".join(f"number {axis} of z is {{z{axis}}}"
                                                           for axis in axes) + "."
    _explore(
        lambda **places: _samples(
            G, latent.along(z, dict(zip(axes, places.values(), strict=True))), y), alt, **sliders)


def interpolation(G: nn.Module, *, y: int | None = None, seed: int = 0) -> None:
    """From one z to another, many pairs at once. Of images the two ends are shown too.

    Args:
        G: the generator.
        y: the class, for a generator that is told one.
        seed: which z.
    """
    a, b = _draw(G, y, seed).chunk(2)
    first, last = _samples(G, a, y), _samples(G, b, y)

    def between(t, path):
        x = _samples(G, PATHS[path](a, b, t), y)
        return torch.cat([first, x, last]) if x.dim() == 4 else x

    _explore(between, f"{len(a)} samples at {{t}} of the {{path}} way between two others each"
             + (", with the start above them and the end below." if first.dim() == 4 else "."),
             ["start", "on the way", "end"], t=Slider("share of the way", SHARES, 0.5),
             path=Slider("way", list(PATHS), "straight"))


def truncation(G: nn.Module, *, y: int | None = None, seed: int = 0) -> None:
    """Samples of z in which no coordinate lies beyond a threshold: the truncation trick
    (`latent.truncate`).

    Args:
        G: the generator.
        y: the class, for a generator that is told one.
        seed: which z.
    """
    z = _draw(G, y, seed)
    _explore(lambda threshold: _samples(G, latent.truncate(z, threshold), y),
             f"{len(z)} samples; no number of their z is beyond {{threshold}}.",
             threshold=Slider("threshold", THRESHOLDS, THRESHOLDS[-1]))


def classes(G: nn.Module, names: Sequence[str], *, seed: int = 0) -> None:
    """The same z, drawn as the class that a slider asks for.

    Args:
        G: a generator that is told a class.
        names: the name of each class, in order.
        seed: which z.
    """
    z, names = _draw(G, 0, seed), list(names)
    _explore(lambda name: _samples(G, z, names.index(name)),
             f"{len(z)} samples of the class {{name}}.", name=Slider("class", names, names[0]))


def labels(G: nn.Module, described: Described, *, seed: int = 0) -> None:
    """The same z, drawn with the labels that sliders ask for, one slider for each label.

    Args:
        G: a generator that is told labels, int64 (N, F).
        described: images with these labels.
        seed: which z.
    """
    z, names = latent.noise(G, 16, seed), described.names
    known = dict(zip(names, described.values, strict=True))

    def samples(**chosen):
        y = torch.tensor([known[name].index(chosen[name]) for name in names])
        return nets.generate(G, z, y.repeat(len(z), 1))

    _explore(samples, f"{len(z)} samples asked for as " + ", ".join(
        f"{name} = {{{name}}}" for name in names) + ".",
             **{name: Slider(name, list(values), values[0]) for name, values in known.items()})


def _draw(G: nn.Module, y: int | None, seed: int) -> Tensor:
    """As many z as a picture has room for: 16 images or 400 points."""
    images = _samples(G, latent.noise(G, 1), y).dim() == 4
    return latent.noise(G, 16 if images else 400, seed)


def _samples(G: nn.Module, z: Tensor, y: int | None) -> Tensor:
    """G(z), or G(z, y) of a generator that is told a class: (N, *data_shape)."""
    return nets.generate(G, z) if y is None else nets.generate(G, z, y)


def _explore(samples: Callable[..., Tensor], alt: str, titles: list[str] | None = None,
             **sliders: Slider) -> None:
    """Sliders for `samples(**values)`, their picture made once and then only changed."""
    picture = latent.Picture(samples(**{name: slider.start for name, slider in sliders.items()}),
                             titles=titles)
    explore(lambda **values: picture.show(samples(**values)), alt, **sliders)
