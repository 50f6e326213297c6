"""Does the same layer carry the same factor in every training, and which rule is it owed to? The
table of notebook 13: the mixing matrix of the notebook's long generator, of others that were
trained alike from other seeds, and of shorter trainings with a rule left out.

    python benchmarks/style_layers.py                      what is still missing
    python benchmarks/style_layers.py long --seeds 3 4     some parts, some seeds

Every run is one line of data/tables/13_style_layers.json, written as soon as it has ended, so the
script can be stopped and started again, and two of them may train different seeds at a time. The
seconds are CPU seconds of one thread.

    long                  4,000 iterations, as the milestone, which is seed 0
    plain                 the same for 600 iterations, as in the notebook
    without mixing        every image is drawn with one w, also in training
    without normalisation AdaIN scales and shifts, and does not normalise
"""
import argparse
import json
import time
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_course import data, files, judge, latent, milestones
from gan_course.games.stylegan import StyleGAN
from gan_course.lessons.style_mixing import draw, mixing_matrix
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.style_networks import StyleDiscriminator, StyledLayer, StyleGenerator
from gan_course.training import Training

TABLE = DATA / "tables" / "13_style_layers.json"
PAIRS = 1000                                            # for the matrix
SAMPLES = 2000                                          # for the Frechet distance


class WithoutNormalisation(StyledLayer):
    """The style scales and shifts; mean and spread of the layers before remain."""

    def forward(self, h: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        if self.doubles:
            h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        h = self.conv(h)
        noise = torch.randn_like(h[:, :1]) if noise is None else noise
        h = F.leaky_relu(h + self.strength * noise + self.bias, 0.2)
        gain, shift = self.style(w)[:, :, None, None].chunk(2, dim=1)
        return (1 + gain) * h + shift


class Part(NamedTuple):
    """What the runs of a part have in common; ema is the decay of the averaged weights."""

    seeds: int
    iterations: int
    ema: float = 0.99
    mixing: float = 0.9
    layer: type[StyledLayer] = StyledLayer


PARTS = {
    "long": Part(5, 4000, ema=0.998),
    "plain": Part(5, 600),
    "without mixing": Part(3, 600, mixing=0),
    "without normalisation": Part(3, 600, layer=WithoutNormalisation),
}


def trained(name: str, seed: int) -> nn.Module:
    """The averaged generator of one run."""
    if (name, seed) == ("long", 0):
        return milestones.generator("stylegan")
    part = PARTS[name]
    seed_everything(seed)
    game = StyleGAN(StyleGenerator(layer=part.layer), StyleDiscriminator(), mixing=part.mixing,
                    ema=part.ema)
    stream = data.batches("glyphs_colour", 16, seed=seed, device="cpu")
    training = Training(game, stream, seed=seed)
    for done in range(1, part.iterations + 1):
        training.decay(done / part.iterations)          # as the milestone and the notebook
        next(training)
    return training.game.G_ema.eval().requires_grad_(False)


def run(name: str, seed: int) -> dict:
    """Train one generator and measure it."""
    begin = time.process_time()
    G = trained(name, seed)
    seconds = time.process_time() - begin
    the_judge = judge.load("glyphs_colour")
    fake = draw(G, G.styles(latent.noise(G, SAMPLES, 1000 + seed)), G.draw_noise(SAMPLES, seed))
    real = data.load("glyphs_colour", "test").take(SAMPLES)
    shares = mixing_matrix(G, the_judge, PAIRS, seed=1000 + seed)
    return {"part": name, "seed": seed, "seconds": round(seconds, 1),
            "distance": round(judge.frechet_classifier_distance(the_judge, real, fake), 3),
            "shares": {factor: [round(share, 4) for share in row]
                       for factor, row in shares.items()}}


def stored() -> list[dict]:
    """The runs that have ended."""
    return json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []


def store(row: dict) -> None:
    """Add a run to the table as it stands now: another process may have written meanwhile."""
    parts = list(PARTS)
    rows = sorted([*stored(), row], key=lambda each: (parts.index(each["part"]), each["seed"]))
    lines = ",\n".join(json.dumps(each) for each in rows)
    files.write(TABLE, f"[\n{lines}\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="which; by default all")
    parser.add_argument("--seeds", nargs="*", type=int, help="which; by default all of a part")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.parts or PARTS:
        for seed in given.seeds or range(PARTS[name].seeds):
            if (name, seed) not in [(row["part"], row["seed"]) for row in stored()]:
                store(run(name, seed))
    for row in stored():
        print(row["part"], row["seed"], row["distance"], row["shares"])


if __name__ == "__main__":
    main()
