"""Tensors and records in, matplotlib figures out: no training, no widgets. `show` puts a figure on
the page with its description.

    figures      the look of every figure: colours, `canvas`; `show` with an alt text
    pictures     images beside each other: `gallery`, `sheet`, films
    points       points in the plane, and maps of a network over it
    lines        two distributions on the line
    curves       losses over a training, with their chance levels
    scores       numbers of several runs, methods, modes or classes
"""
from gan_course.plots.curves import curve, level, loss_curves, two_losses
from gan_course.plots.figures import (
    CHANCE_LINE,
    D_LINE,
    DOTS_PER_INCH,
    FAKE,
    G_LINE,
    REAL,
    REAL_FAKE,
    STYLE,
    THIRD_LINE,
    canvas,
    img,
    page,
    png,
    show,
)
from gan_course.plots.lines import densities, distribution_functions, pairing
from gan_course.plots.pictures import (
    captioned,
    galleries,
    gallery,
    gif,
    patch,
    save_gif,
    scored_gallery,
    sheet,
    translations,
)
from gan_course.plots.points import (
    balls,
    density_map,
    discriminator_map,
    landscape,
    phase_plot,
    plane,
    scatter,
    snapshots,
    square,
)
from gan_course.plots.scores import bars, dots, hues, matrix, share_matrices, shares_over_time

__all__ = [
    "CHANCE_LINE", "D_LINE", "DOTS_PER_INCH", "FAKE", "G_LINE", "REAL", "REAL_FAKE", "STYLE",
    "THIRD_LINE", "balls", "bars", "canvas", "captioned", "curve", "densities", "density_map",
    "discriminator_map", "distribution_functions", "dots", "galleries", "gallery", "gif", "hues",
    "img", "landscape", "level", "loss_curves", "matrix", "page", "pairing", "patch", "phase_plot",
    "plane", "png", "save_gif", "scatter", "scored_gallery", "share_matrices", "shares_over_time",
    "sheet", "show", "snapshots", "square", "translations", "two_losses",
]
