"""Do the largest singular values of G's layers warn of a collapse? The table of
deeper/14_stability: trainings without spectral normalisation that collapse, that go well, and that
get slowly worse.

    python benchmarks/singular_values.py         what is still missing

Every run is one line of data/tables/14_singular_values.json, written as soon as it has ended. While
it trains, each look writes down the Frechet distance of 500 samples to the training set of 10,000
letters, and the largest singular value of the weight of each of G's three layers. The seconds are
CPU seconds of one thread.
"""
import argparse
import json
import time
from itertools import islice

import torch
from torch import Tensor, nn

from gan_course import data, files, judge, metrics, nets
from gan_course.data.glyphs import glyphs
from gan_course.paths import DATA
from gan_course.profile import seed_everything

TABLE = DATA / "tables" / "14_singular_values.json"
LETTERS = "ABEFGKPRTY"
SAMPLES = 500
ARMS = {  # learning rate, pictures, iterations, iterations between two looks, seeds
    "ten times the learning rate": (1e-2, 10_000, 800, 4, 3),
    "four times the learning rate": (4e-3, 10_000, 800, 10, 3),
    "100 pictures": (1e-3, 100, 1600, 20, 3),
}


def discriminator() -> nn.Module:
    """Images (N, 1, 16, 16) -> scores (N,), with nothing that bounds its slopes."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 2 * 2, 1),
        nn.Flatten(0))


def largest(weight: Tensor) -> float:
    """The largest singular value of a kernel, as a matrix with one row for each input channel."""
    return torch.linalg.svdvals(weight.detach().flatten(1))[0].item()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(arm: str, seed: int, the_judge: judge.Judge, known: Tensor) -> dict:
    """Train one GAN with the hinge loss; what was seen at each look."""
    lr, pictures, iterations, every, _ = ARMS[arm]
    seed_everything(seed)
    G, D = nets.ConvGenerator(48, 1, 32, 16), discriminator()
    opt_G, opt_D = (torch.optim.Adam(net.parameters(), lr, (0.0, 0.999)) for net in (G, D))
    shown = torch.randn(SAMPLES, 48, generator=torch.Generator().manual_seed(seed))
    stream = data.batches(glyphs(characters=LETTERS, size=16, n=pictures), 32, seed=seed)
    begun, distances, singular = time.process_time(), [], []
    for i, (x, _) in enumerate(islice(stream, iterations), start=1):
        z = torch.randn(2, len(x), 48)
        update(opt_D, (1 - D(x)).relu().mean() + (1 + D(G(z[0]).detach())).relu().mean())
        update(opt_G, -D(G(z[1])).mean())
        if i % every == 0:
            features = the_judge.features(nets.generate(G, shown))
            distances.append(round(metrics.frechet_distance(known, features), 2))
            singular.append([round(largest(p), 3) for p in G.parameters() if p.dim() > 1])
    return {"arm": arm, "seed": seed, "every": every,
            "seconds": round(time.process_time() - begun, 1), "distances": distances,
            "singular_values": [list(layer) for layer in zip(*singular, strict=True)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    torch.set_num_threads(1)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    whole, test_set = (glyphs(split, characters=LETTERS, size=16) for split in ("train", "test"))
    the_judge = judge.load_or_train("ten letters", whole, test_set)
    known = the_judge.features(whole.draw(len(whole)).x)
    for seed in range(max(seeds for *_, seeds in ARMS.values())):
        for arm, (*_, seeds) in ARMS.items():
            if seed < seeds and (arm, seed) not in [(row["arm"], row["seed"]) for row in done]:
                done.append(train(arm, seed, the_judge, known))
                lines = ",\n".join(json.dumps(row) for row in done)
                files.write(TABLE, f"[\n{lines}\n]\n")
                print(arm, seed, done[-1]["seconds"], "CPU seconds", flush=True)


if __name__ == "__main__":
    main()
