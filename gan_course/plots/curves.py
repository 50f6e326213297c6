"""Losses and other numbers over a training, with the levels that they are read against."""
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from gan_course.losses import CHANCE
from gan_course.plots.figures import CHANCE_LINE, D_LINE, G_LINE


def curve(ax: Axes, records: Iterable, terms: Sequence[str], label: str, window: int = 50,
          **look) -> None:
    """The sum of some terms of the records over the rounds: every round pale, and a moving average
    in full colour.

    Args:
        ax: where to draw.
        records: the rounds of a training.
        terms: which terms to add up, ["D/real", "D/fake"].
        label: the name of the curve in the legend.
        window: how many rounds are averaged; at most a quarter of them all.
        look: colour and style of the line, such as `D_LINE`; color has to be given.
    """
    records = list(records)
    values = np.array([sum(record[term] for term in terms) for record in records])
    rounds = np.array([record["round"] for record in records])
    window = max(1, min(window, len(values) // 4))
    smooth = np.convolve(values, np.ones(window) / window, mode="valid")
    ax.plot(rounds, values, alpha=0.18, linewidth=0.7, color=look["color"])
    ax.plot(rounds[window - 1:], smooth, linewidth=1.8, label=label, **look)


def level(ax: Axes, height: float, name: str, *, below: bool = False) -> tuple[Artist, Artist]:
    """A dotted line at a height that means something (a chance level, a floor, a ceiling), with its
    name at the right, above the line or below it.

    Args:
        ax: where to draw.
        height: in the units of the vertical axis.
        name: what the height means.
        below: whether the name stands below the line.

    Returns:
        The line and its name, which can be removed again.
    """
    line = ax.axhline(height, **CHANCE_LINE)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.5, "pad": 0.5}
    text = ax.annotate(name, (1, height), xycoords=("axes fraction", "data"),
                       xytext=(-2, -3 if below else 3), textcoords="offset points", ha="right",
                       va="top" if below else "bottom", fontsize=9, color="#333333", bbox=box,
                       zorder=5)
    return line, text


def loss_curves(ax: Axes, records: Iterable, chance: dict[str, float]) -> None:
    """D's and G's losses, each with its chance level as a dotted line.

    The level, not the slope, is what to read.

    Args:
        ax: where to draw.
        records: the rounds of a training, at least one.
        chance: what `Game.chance` returns; a player without a level there has no line.
    """
    records = list(records)
    for player, look in (("D", D_LINE), ("G", G_LINE)):
        terms = [term for term in records[0] if term.startswith(f"{player}/")]
        curve(ax, records, terms, f"{player}: " + " + ".join(term.split("/")[1] for term in terms),
              **look)
        if player in chance:
            level(ax, chance[player], f"{player} at chance, {chance[player]:.2f}",
                  below=player == "G")            # D's losses lie mostly below its level, G's above
    ax.margins(y=0.1)                                               # for a name below its level
    ax.set(xlabel="round", ylabel="loss")
    ax.legend(loc="upper left", fontsize=9)


def two_losses(ax: Axes, history: np.ndarray, chance: dict[str, float] = CHANCE) -> None:
    """The losses of a loop written by hand, over its iterations, with the level of pure chance of
    each player as a dotted line.

    Args:
        ax: where to draw.
        history: D's losses and G's, (iterations, 2).
        chance: the loss of "D" and of "G" against a D that cannot tell, or of one of the two.
    """
    loss_curves(ax, [{"round": i + 1, "D/loss": of_D, "G/loss": of_G}
                     for i, (of_D, of_G) in enumerate(history)], chance)
    ax.set(xlabel="iteration")
