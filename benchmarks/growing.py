"""Does growing pay at 32 pixels? The table of notebook deeper/13_growing: a growing StyleGAN, and
the same networks at full size from the start, at equal time.

    python benchmarks/growing.py            seeds 0 to 4, those that are missing
    python benchmarks/growing.py 5 6        other seeds

Every run is one line of data/tables/13_growing.json, written as soon as it has ended. Equal time is
counted in iterations at full size, so that a slow machine and a busy one give the same trainings:
before each run the script measures what an iteration at each stage costs, as a share of one at full
size. Both arms have the same learning rates, which fall to 0 over the second half of the time; the
growing one draws at full size from four tenths of the time on.
"""
import argparse
import functools
import json
import time
from statistics import median

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
TIME = 1500                                             # in iterations at full size
FULL = (2, 1.0)                                         # the stage of full size, nothing faded
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


def step(G, D, opt_G, opt_D, x, stage: int, alpha: float) -> None:
    """One iteration of both players, with R1."""
    x = at_stage(x, stage, alpha).requires_grad_(True)
    scores = D(x, stage, alpha)
    z = torch.randn(2, len(x), 64)
    fake_scores = D(G(z[0], stage, alpha).detach(), stage, alpha)
    update(opt_D, softplus(-scores).mean() + softplus(fake_scores).mean()
           + 0.5 * losses.zero_centred_penalty(scores, x))
    update(opt_G, softplus(-D(G(z[1], stage, alpha), stage, alpha)).mean())


def players() -> tuple:
    """G, D and their optimizers."""
    G, D = GrowingGenerator(), GrowingDiscriminator()
    return G, D, *(torch.optim.Adam(net.parameters(), LR, (0.0, 0.99)) for net in (G, D))


def costs(repeats: int = 15) -> dict[tuple[int, bool], float]:
    """What an iteration costs at each stage, while it is faded in and after, where one at full size
    costs 1. The stages take turns, and the median counts, since other programs disturb.
    """
    ways = {(stage, fading): (stage, 0.5 if fading else 1.0)
            for stage, fading in ((0, False), (1, True), (1, False), (2, True), (2, False))}
    four, x = players(), real("train")[:16]
    seconds = {way: [] for way in ways}
    for _ in range(repeats):
        for way, at in ways.items():
            begin = time.process_time()
            step(*four, x, *at)
            seconds[way].append(time.process_time() - begin)
    return {way: median(each) / median(seconds[2, False]) for way, each in seconds.items()}


def train(arm: str, seed: int) -> dict:
    """Train one arm for as long as `TIME` iterations take at full size, and score the average of
    its generator.
    """
    cost = costs()
    seed_everything(seed)
    stream = data.batches("glyphs_colour", 16, seed=seed, device="cpu")
    G, D, *optimizers = players()
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    begin, passed, iterations = time.process_time(), 0.0, 0
    while (share := passed / TIME) < 1:
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = LR * min(1, 2 - 2 * share)
        stage, alpha = stage_of(share) if arm == "growing" else FULL
        step(G, D, *optimizers, next(stream).x, stage, alpha)
        average.update_parameters(G)
        passed, iterations = passed + cost[stage, alpha < 1], iterations + 1
    seconds = time.process_time() - begin
    return {"arm": arm, "seed": seed, "iterations": iterations, "seconds": round(seconds, 1),
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
