"""The gallery that README and notebook 00 show: what the milestones draw, in one picture.

    python -m gan_course.lessons.gallery docs/gallery.png
"""
import argparse
import io
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gan_course import data, files, latent, milestones, nets, plots
from gan_course.data import captions
from gan_course.data.sets import scale

COLUMNS = 16
SENTENCES = ("a bold red seven on yellow paper", "a light blue two in typewriter on pink paper",
             "a bold green eight on purple paper", "a light orange five in serif on blue paper")


def drawn_by(name: str, n: int = 2 * COLUMNS, seed: int = 0) -> Tensor:
    """Samples of a milestone that needs nothing but noise, none of them picked.

    Args:
        name: one of `milestones.names()`, a DCGAN or a StyleGAN.
        n: how many.
        seed: of the noise; for a StyleGAN not that of its training, whose first numbers are the
            weights of the mapping network.

    Returns:
        (n, channels, height, width) in [-1, 1], on the CPU.

    Raises:
        KeyError: there is no such milestone.
        FileNotFoundError: its weights are missing; the message says how to make them.
    """
    if name in milestones.GENERATORS:
        G = milestones.generator(name)
    else:
        G = milestones.load(name, max(milestones.RECIPES[name][1]), device="cpu").game.G_ema
    return nets.generate(G, latent.noise(G, n, seed))


def written(seed: int = 0) -> Tensor:
    """Four samples for each of `SENTENCES`.

    Args:
        seed: of the noise.

    Returns:
        (16, 3, 28, 28) in [-1, 1], sentence by sentence.
    """
    G = milestones.generator("text_to_image")
    drawn = []
    for z, sentence in zip(latent.noise(G, COLUMNS, seed).chunk(len(SENTENCES)), SENTENCES,
                           strict=True):
        words = captions.numbers(captions.read(sentence).words)
        drawn.append(nets.generate(G, z, words.expand(len(z), -1)))
    return torch.cat(drawn)


def seasons() -> Tensor:
    """Held-out summers, and below each the winter that CycleGAN makes of it.

    Returns:
        (32, 3, 32, 32) in [-1, 1].
    """
    summers = scale(data.load("seasons", "test").x[:COLUMNS])
    G = milestones.load("cyclegan_seasons", 5000, device="cpu").game.G
    return torch.cat([summers, nets.generate(G, summers)])


PANELS: dict[str, Callable[[], Tensor]] = {
    "07 · DCGAN, digits in sixteen fonts": lambda: drawn_by("dcgan_glyphs"),
    "07 · DCGAN, letters": lambda: drawn_by("dcgan_letters"),
    "07 · DCGAN, MNIST": lambda: drawn_by("dcgan_mnist"),
    "08 · Text to image: " + "; ".join(f"“{sentence}”" for sentence in SENTENCES[:2])
    + ";\n" + "; ".join(f"“{sentence}”" for sentence in SENTENCES[2:]): written,
    "11 · CycleGAN, summers and the winters it makes of them, without a single pair": seasons,
    "13 · StyleGAN, digits in colour": lambda: drawn_by("stylegan", seed=1),
}
"""The title of each sheet, and what stands in it."""


def gallery() -> Figure:
    """The sheets of `PANELS`, one below the other.

    Returns:
        The figure, 9 inches wide.

    Raises:
        FileNotFoundError: weights of a milestone are missing; the message says how to make them.
    """
    sheets = {title: plots.sheet(panel(), COLUMNS) for title, panel in PANELS.items()}
    heights = [page.shape[0] / page.shape[1] for page in sheets.values()]
    fig, axes = plots.canvas(rows=len(sheets), height=9 * sum(heights) + 0.45 * len(sheets),
                             height_ratios=heights)
    for ax, (title, page) in zip(axes, sheets.items(), strict=True):
        ax.imshow(page, interpolation="nearest")
        ax.set_title(title, loc="left")
        ax.set_axis_off()
    return fig


def main(arguments: list[str] | None = None) -> None:
    """The command line: write the gallery as a PNG file.

    Args:
        arguments: the words after the program's name; by default those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m gan_course.lessons.gallery",
                                     description="Draw the gallery from the milestones.")
    parser.add_argument("path", type=Path, help="the PNG file, docs/gallery.png in the course")
    page = Image.open(io.BytesIO(plots.png(gallery()))).convert("RGB")
    with files.written_whole(parser.parse_args(arguments).path) as temporary:
        # 256 colours: a third of the bytes
        page.quantize(256, Image.Quantize.FASTOCTREE).save(temporary, "PNG", optimize=True)


if __name__ == "__main__":
    main()
