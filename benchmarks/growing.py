"""Does growing pay at 32 pixels? The table of notebook deeper/13_growing: a growing StyleGAN, and
the same networks at full size from the start, at equal time.

    python benchmarks/growing.py            seeds 0 to 4, those that are missing
    python benchmarks/growing.py 5 6        other seeds

Every run is one line of data/tables/13_growing.json, written as soon as it has ended. The seconds
are CPU seconds of one thread. Both arms have the same learning rates, which fall to 0 over the
second half of the time; the growing one draws at full size from four tenths of the time on.
"""
import argparse
import functools
import json
import time

import torch
from torch.nn.functional import softplus
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_course import data, files, judge, latent, losses
from gan_course.growing_networks import (
    GrowingDiscriminator,
    GrowingGenerator,
    at_stage,
    stage_of,
)
from gan_course.paths import DATA
from gan_course.profile import seed_everything

TABLE = DATA / "tables" / "13_growing.json"
SECONDS = 120.0                                         # of training
SAMPLES = 2000                                          # for the Frechet distance
LR = 1e-2                                               # of both players, as in notebook 13


def update(optimizer, loss) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@functools.cache
def real(part: str) -> torch.Tensor:
    """Images of the data set, "train" or "test"."""
    return data.load("glyphs_colour", part).take(SAMPLES)


def distance(fake) -> float:
    """The Frechet distance between images and held-out real ones."""
    the_judge = judge.load("glyphs_colour")
    return round(judge.frechet_classifier_distance(the_judge, real("test"), fake), 3)


def samples(G, seed: int) -> torch.Tensor:
    """What G draws at full size."""
    with torch.no_grad():
        return G(latent.noise(G, SAMPLES, 1000 + seed), 2, 1.0).clamp(-1, 1)


def train(arm: str, seed: int) -> dict:
    """Train one arm for `SECONDS` of processor time, and score the average of its generator."""
    seed_everything(seed)
    stream = data.batches("glyphs_colour", 16, seed=seed, device="cpu")
    G, D = GrowingGenerator(), GrowingDiscriminator()
    opt_G, opt_D = (torch.optim.Adam(net.parameters(), LR, (0.0, 0.99)) for net in (G, D))
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    begin, iterations = time.process_time(), 0
    while (share := (time.process_time() - begin) / SECONDS) < 1:
        for optimizer in (opt_G, opt_D):
            optimizer.param_groups[0]["lr"] = LR * min(1, 2 - 2 * share)
        at = stage_of(share) if arm == "growing" else (2, 1.0)
        x = at_stage(next(stream).x, *at).requires_grad_(True)
        scores = D(x, *at)
        z = torch.randn(2, len(x), 64)
        fake_scores = D(G(z[0], *at).detach(), *at)
        update(opt_D, softplus(-scores).mean() + softplus(fake_scores).mean()
               + 0.5 * losses.zero_centred_penalty(scores, x))
        update(opt_G, softplus(-D(G(z[1], *at), *at)).mean())
        average.update_parameters(G)
        iterations += 1
    return {"arm": arm, "seed": seed, "seconds": SECONDS, "iterations": iterations,
            "distance": distance(samples(average.module, seed))}


def references() -> dict:
    """What real images and an untrained generator get."""
    seed_everything(0)
    return {"arm": "reference", "seed": 0, "floor": distance(real("train")),
            "untrained": distance(samples(GrowingGenerator(), 0))}


def finished() -> list[dict]:
    """The runs of the table, read anew: another process may have added some."""
    return json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    torch.set_num_threads(1)
    jobs = [("reference", 0), *((arm, seed) for seed in parser.parse_args().seeds
                                for arm in ("growing", "fixed"))]
    for arm, seed in jobs:
        if (arm, seed) not in [(row["arm"], row["seed"]) for row in finished()]:
            run = references() if arm == "reference" else train(arm, seed)
            rows = sorted([*finished(), run], key=lambda row: (row["arm"], row["seed"]))
            lines = ",\n".join(json.dumps(row) for row in rows)
            files.write(TABLE, f"[\n{lines}\n]\n")
            print(run, flush=True)


if __name__ == "__main__":
    main()
