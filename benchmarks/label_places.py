"""Where should the label enter a generator? The table of notebook 14: four generators that differ
in one step each, trained as the notebook trains, against the same discriminator.

    python benchmarks/label_places.py            seeds 0 to 4, those that are missing
    python benchmarks/label_places.py 5 6        other seeds

Every run is one line of data/tables/14_label_places.json, written as soon as it has ended; the
first lines are what the runs are compared with. The seconds are CPU seconds of one thread.
"""
import argparse
import json
import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_course import data, files, judge, latent, metrics, nets
from gan_course.conditional_networks import HierarchicalGenerator
from gan_course.data.glyphs import glyphs
from gan_course.games.biggan import PooledDiscriminator
from gan_course.paths import DATA
from gan_course.profile import seed_everything

TABLE = DATA / "tables" / "14_label_places.json"
LETTERS = "ABEFGKPRTY"
Z_DIM, CLASSES, WIDTH, DIM = 48, len(LETTERS), 32, 32
ITERATIONS, BATCH, LR = 2500, 32, 1e-3                  # as in the notebook
SAMPLES = 2000                                          # to measure


class Generator(nn.Module):
    """z and y -> images of 16 x 16: a fully connected layer reads z and a vector of the label, and
    two transposed convolutions double the image. How `vector` and `style` tell the label differs.
    """

    def __init__(self, label: int):
        super().__init__()
        self.z_dim = Z_DIM
        self.first = nn.Linear(Z_DIM + label, 2 * WIDTH * 4 * 4)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in (2 * WIDTH, WIDTH))
        self.grow = nn.ModuleList([nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1),
                                   nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1)])

    def vector(self, y: Tensor) -> Tensor:
        """What the first layer reads beside z: (N,) -> (N, label)."""
        return nn.functional.one_hot(y, CLASSES).float()

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z and classes -> images: (N, 48) and int64 (N,) -> (N, 1, 16, 16)."""
        h = self.first(torch.cat([z, self.vector(y)], dim=1)).view(len(z), -1, 4, 4)
        for layer, (norm, grow) in enumerate(zip(self.norms, self.grow, strict=True)):
            gain, shift = self.style(layer, y)[:, :, None, None].chunk(2, dim=1)
            h = grow(((1 + gain) * norm(h) + shift).relu())
        return h.tanh()


class AtTheInput(Generator):
    """The one-hot label behind z, and nowhere else: each BatchNorm has one gain and one shift."""

    def __init__(self):
        super().__init__(CLASSES)
        self.own = nn.ParameterList(torch.zeros(1, 2 * c) for c in (2 * WIDTH, WIDTH))

    def style(self, layer: int, y: Tensor) -> Tensor:
        return self.own[layer]


class TablePerLayer(Generator):
    """Conditional BatchNorm, too: each layer has a table with a gain and a shift for each class."""

    def __init__(self):
        super().__init__(CLASSES)
        self.tables = nn.ModuleList(nn.Embedding(CLASSES, 2 * c) for c in (2 * WIDTH, WIDTH))
        for table in self.tables:
            nn.init.zeros_(table.weight)

    def style(self, layer: int, y: Tensor) -> Tensor:
        return self.tables[layer](y)


class SharedEmbedding(Generator):
    """One table for all layers: each makes its gain and shift from the vector of the label."""

    def __init__(self):
        super().__init__(DIM)
        self.embedding = nn.Embedding(CLASSES, DIM)
        self.affines = nn.ModuleList(nn.Linear(DIM, 2 * c) for c in (2 * WIDTH, WIDTH))

    def vector(self, y: Tensor) -> Tensor:
        return self.embedding(y)

    def style(self, layer: int, y: Tensor) -> Tensor:
        return self.affines[layer](self.embedding(y))


def hierarchical() -> nn.Module:
    """The notebook's generator: the shared embedding, and each layer reads its own chunk of z."""
    return HierarchicalGenerator(Z_DIM, CLASSES, 1, WIDTH, 16, DIM)


PLACES = {"one-hot label at the input": AtTheInput, "a table for each layer": TablePerLayer,
          "shared embedding": SharedEmbedding,
          "shared embedding, hierarchical z": hierarchical}


def train(make: Callable[[], nn.Module], train_set: data.ImageSet, seed: int) -> nn.Module:
    """The notebook's training: hinge loss, one move of D, one of G. Returns the averaged G."""
    seed_everything(seed)
    G, D = (net.to(memory_format=torch.channels_last)
            for net in (make(), PooledDiscriminator(CLASSES, 1)))
    opt_G, opt_D = (torch.optim.Adam(net.parameters(), LR, (0.0, 0.999), fused=True)
                    for net in (G, D))
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    stream = data.batches(train_set, BATCH, seed=seed)
    for i, (x, y) in enumerate(islice(stream, ITERATIONS)):
        for optimizer in (opt_G, opt_D):
            optimizer.param_groups[0]["lr"] = LR * min(1, 2 - 2 * i / ITERATIONS)
        z = torch.randn(2, len(x), Z_DIM)
        loss_D = (1 - D(x, y)).relu().mean() + (1 + D(G(z[0], y).detach(), y)).relu().mean()
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
        loss_G = -D(G(z[1], y), y).mean()
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
        average.update_parameters(G)
    return average.module.eval()


class Scores:
    """What the frozen judge says of images: obedience, and two Frechet distances to real ones."""

    def __init__(self, train_set: data.ImageSet, test_set: data.ImageSet):
        self.judge = judge.load_or_train("ten letters", train_set, test_set)
        x, self.known_y = train_set.draw(len(train_set))
        self.known = self.judge.features(x)

    def of(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """The scores of images x that should show y: (N, 1, 16, 16), int64 (N,)."""
        features = self.judge.features(x)
        obeyed = (self.judge.head(features).argmax(dim=1) == y).double().mean().item()
        within = [metrics.frechet_distance(self.known[self.known_y == k], features[y == k])
                  for k in range(CLASSES)]
        distance = metrics.frechet_distance(self.known, features)
        return {"obeyed": obeyed, "distance": distance, "within": float(np.mean(within))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    train_set = glyphs(characters=LETTERS, size=16)
    test_set = glyphs("test", characters=LETTERS, size=16)
    scores = Scores(train_set, test_set)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []

    def note(row: dict, x: Tensor, y: Tensor) -> None:
        done.append(row | {name: round(each, 4) for name, each in scores.of(x, y).items()})
        lines = ",\n".join(json.dumps(each) for each in done)
        files.write(TABLE, f"[\n{lines}\n]\n")
        print(done[-1], flush=True)

    y = torch.arange(CLASSES).repeat(SAMPLES // CLASSES)
    if not done:
        note({"place": "real, held-out images"}, *test_set.draw(SAMPLES))
        seed_everything(0)
        untrained = hierarchical().eval()
        note({"place": "G before training"},
             nets.generate(untrained, latent.noise(untrained, SAMPLES, 0), y), y)
    for seed in seeds:
        for place, make in PLACES.items():
            if not any((row["place"], row.get("seed")) == (place, seed) for row in done):
                begin = time.process_time()
                G = train(make, train_set, seed)
                seconds = round(time.process_time() - begin, 1)
                note({"place": place, "seed": seed, "weights": nets.count_parameters(G),
                      "seconds": seconds},
                     nets.generate(G, latent.noise(G, SAMPLES, seed), y), y)


if __name__ == "__main__":
    main()
