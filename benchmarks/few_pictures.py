"""What happens to a GAN that has only 100 pictures, and does DiffAugment help? The table of
deeper/15_few_pictures.

    python benchmarks/few_pictures.py                100 letters, three seeds: what is missing
    python benchmarks/few_pictures.py 1000 --seeds 1       another number of letters

The recipe of notebook 15 (pairing loss, R1 and R2) on a random part of ten printed letters, without
and with translation and cutout. Every run is one line of data/tables/15_few_pictures.json, written
as soon as it has ended. One with fewer looks than LOOKS was stopped before, and is made again. At
each look it writes down

    distance    the Frechet distance of 2,000 samples of the averaged generator to 2,000 held-out
                pictures, under the judge
    auc         the share of pairs in which D scores a training picture above a held-out one
    known, other, fake       D's mean scores of training pictures, held-out ones and samples

and for each part `memory`, the distance of its own pictures, repeated, and once the floor, that of
as many other real ones. The seconds are CPU seconds of one thread.
"""
import argparse
import json
import time

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from gan_course import data, files, judge, metrics, nets
from gan_course.data import ImageSet
from gan_course.data.glyphs import glyphs
from gan_course.data.sets import scale
from gan_course.games.diffaugment import AugmentedDiscriminator
from gan_course.games.r3gan import R3GAN
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import Training

TABLE = DATA / "tables" / "15_few_pictures.json"
LETTERS = "ABEFGKPRTY"
POLICIES = {"without": "", "DiffAugment": "translation,cutout"}
ITERATIONS, LOOKS, SAMPLES = 12_000, 12, 2000


def part(whole: ImageSet, n: int, seed: int) -> ImageSet:
    """`n` pictures of a set, drawn without replacement."""
    rows = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))[:n]
    return ImageSet("few letters", whole.images[rows], whole.labels[rows], whole.classes)


def area(known: Tensor, other: Tensor) -> float:
    """The share of pairs in which a known picture scores above another one: 0.5 is chance."""
    truth = np.r_[np.ones(len(known)), np.zeros(len(other))]
    return roc_auc_score(truth, torch.cat([known, other]).numpy())


class Scale:
    """The Frechet distance to held-out pictures, under a judge for the ten letters."""

    def __init__(self):
        self.whole, self.test_set = (glyphs(split, characters=LETTERS, size=16)
                                     for split in ("train", "test"))
        self.judge = judge.load_or_train("ten letters", self.whole, self.test_set)
        self.real = self.judge.features(self.test_set.take(SAMPLES, 0))

    def distance(self, images: Tensor) -> float:
        """The distance of these images, (N, 1, 16, 16)."""
        return round(metrics.frechet_distance(self.real, self.judge.features(images)), 3)


def train(run: dict, by: Scale) -> dict:
    """Train one game on few pictures; its numbers."""
    seed_everything(run["seed"])
    few = part(by.whole, run["pictures"], run["seed"])
    known, held_out = scale(few.images), by.test_set.take(SAMPLES, run["seed"])
    G, D = nets.ConvGenerator(48, 1, 32, 16), nets.PlainDiscriminator(1, 32, 16)
    game = R3GAN(G, AugmentedDiscriminator(D, POLICIES[run["policy"]]), betas=(0.5, 0.999),
                 ema=0.995)
    training = Training(game, data.batches(few, 16, seed=run["seed"]), seed=run["seed"])
    begun, looks = time.process_time(), []
    for look in range(1, LOOKS + 1):
        while training.round < look * ITERATIONS // LOOKS:
            next(training)
        fake = game.sample(SAMPLES)
        scores = {name: nets.generate(D, images) for name, images in
                  {"known": known, "other": held_out, "fake": fake}.items()}
        looks.append({"iteration": training.round, "distance": by.distance(fake),
                      "auc": round(area(scores["known"], scores["other"]), 4)}
                     | {name: round(each.mean().item(), 3) for name, each in scores.items()})
    return run | {"seconds": round(time.process_time() - begun, 1),
                  "memory": by.distance(known[torch.arange(SAMPLES) % len(known)]),
                  "floor": by.distance(by.whole.take(SAMPLES, run["seed"])), "looks": looks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=int, nargs="?", default=100)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    by = None
    for seed in range(given.seeds):
        for policy in POLICIES:
            run = {"pictures": given.pictures, "policy": policy, "seed": seed}
            same = [row for row in done if run.items() <= row.items()]
            if not same or len(same[0]["looks"]) < LOOKS:
                by = by or Scale()
                done = [row for row in done if row not in same] + [train(run, by)]
                lines = ",\n".join(json.dumps(row) for row in done)
                files.write(TABLE, f"[\n{lines}\n]\n")
                last = done[-1]["looks"][-1]
                print(run, done[-1]["seconds"], "CPU seconds", last, flush=True)


if __name__ == "__main__":
    main()
