"""Does D forget the letters that it no longer sees? The table of deeper/14_stability: ten letters
in five pairs, one pair after the other, without and with the rotation task.

    python benchmarks/forgetting.py              seeds 0 to 2, those that are missing
    python benchmarks/forgetting.py 3 4          other seeds

Every run is one line of data/tables/14_forgetting.json, written as soon as it has ended. There are
three kinds of runs: `stream`, in which the pairs come one after the other; `together`, in which all
ten letters are there all the time, for as many iterations; and `untrained`, a new D
(the floor). At the end of every stage a linear probe of D's features, with 100 labels, names
held-out letters of all ten kinds. `probe` has a row for each stage, with the share of each pair
that is named rightly, on average over five draws of the labels; `auc` has the share of cases in
which D scores a held-out letter of each pair above one of G's samples of that time.
The seconds are CPU seconds of one thread.
"""
import argparse
import json
import time
from itertools import islice

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_course import data, files, nets
from gan_course.data.glyphs import glyphs
from gan_course.games.ssgan import RotationDiscriminator, rotations
from gan_course.paths import DATA
from gan_course.profile import seed_everything

TABLE = DATA / "tables" / "14_forgetting.json"
LETTERS, PAIRS = "ABEFGKPRTY", ("AB", "EF", "GK", "PR", "TY")
ITERATIONS = 200                                        # of each stage
LABELS, DRAWS = 100, 5


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def turns(D: nn.Module, images: Tensor) -> Tensor:
    """The cross entropy of the rotation head on all four turns of the images."""
    views, k = rotations(images)
    return cross_entropy(D.turns(views), k)


class Probe:
    """What D's features and D's scores tell about each pair of letters."""

    def __init__(self):
        whole, test_set = (glyphs(split, characters=LETTERS, size=16) for split in
                           ("train", "test"))
        self.labelled = [whole.draw(LABELS, seed) for seed in range(DRAWS)]
        self.x, self.y = test_set.draw(len(test_set))

    def named(self, D: nn.Module) -> list[float]:
        """The share of each pair that a linear classifier on D's features names rightly."""
        features, right = nets.generate(D.body, self.x), np.zeros(len(self.y))
        for x, y in self.labelled:
            classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
            classifier.fit(nets.generate(D.body, x), y)
            right += (classifier.predict(features) == self.y.numpy()) / DRAWS
        return self.of_each_pair(lambda rows: right[rows].mean())

    def above_fakes(self, D: nn.Module, fake: Tensor) -> list[float]:
        """The share of cases in which D scores a letter of each pair above a fake."""
        scores, of_fakes = nets.generate(D, self.x), nets.generate(D, fake)

        def area(rows: np.ndarray) -> float:
            truth = np.r_[np.ones(rows.sum()), np.zeros(len(fake))]
            return roc_auc_score(truth, np.r_[scores[rows], of_fakes])
        return self.of_each_pair(area)

    def of_each_pair(self, number) -> list[float]:
        """A number of the rows of each pair of letters."""
        kinds = np.array(list(LETTERS))[self.y.numpy()]
        return [round(float(number(np.isin(kinds, list(pair)))), 4) for pair in PAIRS]


def train(kind: str, rotation: bool, seed: int, probe: Probe) -> dict:
    """Train one GAN with the hinge loss, pair after pair or on all letters; what the probe sees."""
    seed_everything(seed)
    begun = time.process_time()
    G, D = nets.ConvGenerator(48, 1, 32, 16), RotationDiscriminator(1, 32, 16)
    players = [torch.optim.Adam(net.parameters(), 1e-3, (0.0, 0.999)) for net in (G, D)]
    shown = torch.randn(1000, 48, generator=torch.Generator().manual_seed(seed))
    probes, areas = [], []
    if kind == "untrained":
        probes.append(probe.named(D))
    for letters in [] if kind == "untrained" else PAIRS if kind == "stream" else [LETTERS] * 5:
        real = glyphs(characters=letters, size=16, n=1000 * len(letters))
        stream = data.batches(real, 32, seed=seed + 1000 * len(probes))
        for x, _ in islice(stream, ITERATIONS):
            play(G, D, *players, x, rotation)
        probes.append(probe.named(D))
        areas.append(probe.above_fakes(D, nets.generate(G, shown)))
    return {"kind": kind, "rotation": rotation, "seed": seed,
            "seconds": round(time.process_time() - begun, 1), "probe": probes, "auc": areas}


def play(G, D, opt_G, opt_D, x: Tensor, rotation: bool) -> None:
    """One move of each player, on upright images; with the rotation task of SSGAN beside it."""
    z = torch.randn(2, len(x), 48)
    loss_D = (1 - D(x)).relu().mean() + (1 + D(G(z[0]).detach())).relu().mean()
    update(opt_D, loss_D + turns(D, x) if rotation else loss_D)
    fake = G(z[1])
    loss_G = -D(fake).mean()
    update(opt_G, loss_G + 0.2 * turns(D, fake) if rotation else loss_G)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    probe = Probe()
    for seed in seeds:
        for kind, rotation in (("untrained", False), ("stream", False), ("stream", True),
                               ("together", False)):
            if (kind, rotation, seed) not in [(r["kind"], r["rotation"], r["seed"]) for r in done]:
                done.append(train(kind, rotation, seed, probe))
                lines = ",\n".join(json.dumps(row) for row in done)
                files.write(TABLE, f"[\n{lines}\n]\n")
                print(kind, rotation, seed, done[-1]["seconds"], done[-1]["probe"][-1], flush=True)


if __name__ == "__main__":
    main()
