"""Is it the pairing or the penalties? The table of notebook 15: {non-saturating, pairing} x {no
penalty, R1, R2, both} on four data sets, and some rows beside it.

    python benchmarks/modern_baseline.py                 what is still missing, cheap runs first
    python benchmarks/modern_baseline.py ring grid       of some of the parts
    python benchmarks/modern_baseline.py --show          what is there

Every run is one line of data/tables/15_modern_baseline.json, written as soon as it has ended, so
the script can be stopped and started again. The seconds are CPU seconds of one thread.

    ring, grid        the networks and settings with which notebook 04 drops modes
    gamma             pairing and both penalties on the ring, with other weights
    tenfold           the ring with learning rates ten times as high
    stacked_digits    the networks and learning rates of the glyphs, for images of 8 x 8
    weak              stacked digits with the networks of deeper/04_stacked, whose discriminator is
                      small on purpose
    glyphs            the generator of notebook 07 and a discriminator without BatchNorm, as in the
                      notebook, for half as long
    sixty_seconds     three methods on glyphs, each for 60 seconds; the third is the DCGAN of
                      notebook 07, with BatchNorm in D and without a penalty

For each data set there are also "untrained" generators, the floor, and "true data", the ceiling:
other samples of the data, measured as the generators' samples are.
"""
import argparse
import json
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_course import data, files, judge, metrics, nets
from gan_course.games.r3gan import R3GAN
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import NotFinite, Training

TABLE = DATA / "tables" / "15_modern_baseline.json"
LOSSES = ("non-saturating", "pairing")
PENALTIES = {"none": (0, 0), "R1": (1, 0), "R2": (0, 1), "both": (1, 1)}


class Setting(NamedTuple):
    """What all trainings on a data set have in common; lr: of D and of G, ema: G's average."""

    data: str
    networks: Callable[[], tuple[nn.Module, nn.Module]]
    rounds: int
    batch: int
    gamma: float
    lr: tuple[float, float]
    ema: float = 0


def points() -> tuple[nn.Module, nn.Module]:
    """G and D for the plane, those of notebook 04."""
    return nets.MLPGenerator(2, (2,), 64), nets.MLPDiscriminator((2,), 64)


def small_images() -> tuple[nn.Module, nn.Module]:
    """G and D for stacked digits, convolutional and without normalisation in D."""
    return nets.ConvGenerator(32, 2, 32, 8), nets.PlainDiscriminator(2, 32, 8)


def weak_discriminator() -> tuple[nn.Module, nn.Module]:
    """G and D for stacked digits, those of deeper/04_stacked."""
    return nets.MLPGenerator(16, (2, 8, 8), 128), nets.MLPDiscriminator((2, 8, 8), 32)


def images() -> tuple[nn.Module, nn.Module]:
    """G and D for glyphs."""
    return nets.ConvGenerator(64, 1, 32, 28), nets.PlainDiscriminator(1, 32, 28)


SETTINGS = {
    "ring": Setting("ring", points, 1200, 100, 1, (1e-3, 3e-3)),
    "grid": Setting("grid", points, 1200, 100, 10, (1e-3, 3e-3)),
    "stacked_digits": Setting("stacked_digits", small_images, 1000, 64, 1, (1e-3, 1e-3)),
    "weak": Setting("stacked_digits", weak_discriminator, 1500, 64, 1, (1e-3, 3e-3)),
    "glyphs": Setting("glyphs", images, 800, 16, 0.1, (1e-3, 1e-3), ema=0.995),
}
SECONDS = 60                                            # of a training of "sixty_seconds"


def runs() -> list[dict]:
    """All runs there are to be, in the order in which they are made."""
    def grid(part: str, setting: str = "", **changes) -> list[dict]:
        setting = setting or part
        return [{"part": part, "setting": setting, "loss": loss, "penalty": penalty,
                 "gamma": SETTINGS[setting].gamma, "factor": 1, "seed": seed} | changes
                for seed in range(5) for loss in LOSSES for penalty in PENALTIES]

    def some(rows: list[dict], *cells: tuple[str, str]) -> list[dict]:
        return [row for row in rows if (row["loss"], row["penalty"]) in cells]

    def limits(part: str) -> list[dict]:
        return [row | {"loss": name, "penalty": ""} for name in ("untrained", "true data")
                for row in some(grid(part), ("pairing", "none"))]

    gammas = [some(grid("gamma", "ring", gamma=gamma), ("pairing", "both"))
              for gamma in (0.01, 0.1, 10, 100, 1000)]
    timed = some(grid("sixty_seconds", "glyphs"), ("non-saturating", "R1"), ("pairing", "both"),
                 ("non-saturating", "none"))
    timed = [row | {"penalty": "BatchNorm"} if row["penalty"] == "none" else row
             for row in timed if row["seed"] < 3]
    return [*sum(map(limits, SETTINGS), []), *grid("ring"), *sum(gammas, []), *grid("grid"),
            *grid("stacked_digits"), *grid("weak"), *grid("tenfold", "ring", factor=10),
            *sorted([*grid("glyphs"), *timed], key=lambda row: row["seed"])]


def train(run: dict) -> dict:
    """Train one game; its numbers."""
    setting = SETTINGS[run["setting"]]
    seed_everything(run["seed"])
    G, D = setting.networks()
    if run["penalty"] == "BatchNorm":
        D = nets.ConvDiscriminator(1, 32, 28)
    r1, r2 = (run["gamma"] * share for share in PENALTIES.get(run["penalty"], (0, 0)))
    game = R3GAN(G, D, r1=r1, r2=r2, pairing=run["loss"] == "pairing",
                 lr=tuple(run["factor"] * lr for lr in setting.lr), betas=(0.5, 0.999),
                 ema=setting.ema)
    if run["loss"] in ("untrained", "true data"):
        others = real_samples(setting.data, run["seed"])
        return measure(setting.data, game.sample if run["loss"] == "untrained" else others)
    stream = data.batches(setting.data, setting.batch, seed=run["seed"], device="cpu")
    training = Training(game, stream, seed=run["seed"])
    begin = time.process_time()

    def share() -> float:
        """How much of the training is behind us."""
        if run["part"] == "sixty_seconds":
            return (time.process_time() - begin) / SECONDS
        return training.round / setting.rounds

    try:
        while share() < 1:
            next(training)
            training.decay(min(1.0, share()))           # as in notebooks 04 and 15
    except NotFinite:
        return {"seconds": time.process_time() - begin, "finite": False}
    seconds = time.process_time() - begin
    torch.manual_seed(1000 + run["seed"])
    return {"seconds": seconds, "finite": True, "rounds": training.round} | measure(
        setting.data, game.sample)


def real_samples(name: str, seed: int) -> Callable[[int], Tensor]:
    """Draws samples of the data that `measure` does not compare with: of pictures, training ones.
    """
    stream = data.batches(name, 100, seed=1000 + seed, device="cpu")
    return lambda n: torch.cat([next(stream).x for _ in range(n // 100)])


def measure(name: str, sample: Callable[[int], Tensor]) -> dict:
    """Modes, share of good samples, reverse KL and sliced Wasserstein distance; for glyphs the
    Frechet distance to held-out pictures under the judge.
    """
    if name in ("ring", "grid"):
        mixture = data.load(name)
        samples = sample(2500)
        found = metrics.mode_coverage(samples, mixture.centres, mixture.sd)
        real = mixture.sample(2500, torch.Generator().manual_seed(0)).x
        return {"modes": found.modes, "high_quality": found.high_quality,
                "kl": found.reverse_kl if found.modes else None,
                "sliced": metrics.sliced_wasserstein(real, samples)}
    fake = torch.cat([sample(500) for _ in range(4)])
    if name == "stacked_digits":
        return stacked(torch.cat([fake, sample(600)]))
    real = data.load(name, "test").take(len(fake))
    return {"distance": judge.frechet_classifier_distance(judge.load(name), real, fake)}


def stacked(images: Tensor) -> dict:
    """Modes of 100 as the judge reads both channels, and the KL of their shares to uniform."""
    read = judge.load("digits")
    tens, ones = (read.probabilities(images[:, c:c + 1]).argmax(1) for c in (0, 1))
    counts = torch.bincount(10 * tens + ones, minlength=100).double()
    shares = counts / counts.sum()
    return {"modes": int((counts > 0).sum()),
            "kl": torch.special.xlogy(shares, 100 * shares).sum().item()}


def key(row: dict) -> tuple:
    """What tells one run from another."""
    return tuple(row[name] for name in ("part", "loss", "penalty", "gamma", "seed"))


def done() -> list[dict]:
    """The runs that have ended."""
    return json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []


def add(row: dict) -> None:
    """Write one more run."""
    lines = ",\n".join(json.dumps(each) for each in [*done(), row])
    TABLE.parent.mkdir(exist_ok=True)
    files.write(TABLE, f"[\n{lines}\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="which; by default all")
    parser.add_argument("--show", action="store_true", help="print what there is")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for run in runs():
        there = map(key, done())
        if given.show or key(run) in there or given.parts and run["part"] not in given.parts:
            continue
        add(run | {name: round(value, 4) if isinstance(value, float) else value
                   for name, value in train(run).items()})
    for row in done():
        print(*(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
