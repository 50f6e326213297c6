"""Does the same layer carry the same factor in every training? The table of notebook 13: the mixing
matrix of the notebook's long generator, and of others that were trained alike from other seeds.

    python benchmarks/style_layers.py            seeds 0 to 2, those that are missing
    python benchmarks/style_layers.py 3 4        other seeds

Every run is one line of data/tables/13_style_layers.json, written as soon as it has ended. Seed 0
is the milestone. The seconds are CPU seconds of one thread.
"""
import argparse
import json
import time

import torch

from gan_course import data, files, judge, latent, milestones, nets
from gan_course.lessons.style_mixing import mixing_matrix
from gan_course.paths import DATA
from gan_course.training import Training

TABLE = DATA / "tables" / "13_style_layers.json"
PAIRS = 1000                                            # for the matrix
SAMPLES = 2000                                          # for the Frechet distance


def train(seed: int) -> dict:
    """Train one generator as the milestone was, and measure it."""
    begin = time.process_time()
    if seed == 0:
        G = milestones.generator("stylegan")
    else:
        recipe, (rounds,) = milestones.RECIPES["stylegan"]
        training = Training(*recipe(seed=seed, device="cpu"), seed=seed)
        while training.round < rounds:
            next(training)
        G = training.game.G_ema.eval().requires_grad_(False)
    seconds = time.process_time() - begin
    the_judge = judge.load("glyphs_colour")
    fake = nets.generate(G, latent.noise(G, SAMPLES, 1000 + seed)).clamp(-1, 1)
    real = data.load("glyphs_colour", "test").take(SAMPLES)
    shares = mixing_matrix(G, the_judge, PAIRS, seed=1000 + seed)
    return {"seed": seed, "seconds": round(seconds, 1),
            "distance": round(judge.frechet_classifier_distance(the_judge, real, fake), 3),
            "shares": {name: [round(share, 4) for share in row] for name, row in shares.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    torch.set_num_threads(1)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    for seed in parser.parse_args().seeds:
        if seed not in [row["seed"] for row in done]:
            done.append(train(seed))
            lines = ",\n".join(json.dumps(row) for row in done)
            files.write(TABLE, f"[\n{lines}\n]\n")
    for row in done:
        print(row["seed"], row["distance"], row["shares"])


if __name__ == "__main__":
    main()
