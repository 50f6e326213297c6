"""Does a self-attention layer help small images once it has had time to work? The table of
deeper/14_attention.

    python benchmarks/attention.py               seeds 0 to 2, those that are missing
    python benchmarks/attention.py 3 4           other seeds

The networks, losses and rates of the notebook's section 5, for 2,000 iterations. Every run is one
line of data/tables/14_attention.json, written as soon as it has ended. At each look it writes down
the Frechet distance of 2,000 samples of the averaged generator, and the gates of G and of D. The
floor is the distance of as many held-out images. The seconds are CPU seconds of one thread.
"""
import argparse
import json
import time
from itertools import islice

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_course import data, files, judge, metrics, nets
from gan_course.data.glyphs import glyphs
from gan_course.games.sngan import normalised
from gan_course.lessons.exercises.attention import SelfAttention
from gan_course.paths import DATA
from gan_course.profile import seed_everything

TABLE = DATA / "tables" / "14_attention.json"
LETTERS = "ABEFGKPRTY"
ITERATIONS, EVERY, SAMPLES, RATE = 2000, 200, 2000, 1e-3


def generator(attention: bool) -> nn.Module:
    """z (N, 48) -> images (N, 1, 16, 16), with or without a SelfAttention at 8x8."""
    return nn.Sequential(
        nn.Linear(48, 64 * 4 * 4), nn.Unflatten(1, (64, 4, 4)), nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        SelfAttention(32) if attention else nn.Identity(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh())


def discriminator(attention: bool) -> nn.Module:
    """Images (N, 1, 16, 16) -> scores (N,); every layer is spectrally normalised."""
    return normalised(nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2),
        SelfAttention(32) if attention else nn.Identity(),
        nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(64 * 4 * 4, 1),
        nn.Flatten(0)))


def gate(net: nn.Module) -> float | None:
    """The gate of a network's self-attention layer; None without such a layer."""
    found = [each.gamma.item() for each in net.modules() if isinstance(each, SelfAttention)]
    return round(found[0], 4) if found else None


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(attention: bool, seed: int, the_judge: judge.Judge, known: Tensor) -> dict:
    """Train one GAN with the hinge loss; what was seen at each look."""
    seed_everything(seed)
    whole, test_set = (glyphs(split, characters=LETTERS, size=16) for split in ("train", "test"))
    G, D = generator(attention), discriminator(attention)
    players = [torch.optim.Adam(net.parameters(), RATE, (0.0, 0.999)) for net in (G, D)]
    average = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    shown = torch.randn(SAMPLES, 48, generator=torch.Generator().manual_seed(seed))
    seconds, looks = 0.0, []
    for i, (x, _) in enumerate(islice(data.batches(whole, 32, seed=seed), ITERATIONS)):
        begun = time.process_time()
        for optimizer in players:
            optimizer.param_groups[0]["lr"] = RATE * min(1, 2 - 2 * i / ITERATIONS)
        z = torch.randn(2, len(x), 48)
        update(players[1], (1 - D(x)).relu().mean() + (1 + D(G(z[0]).detach())).relu().mean())
        update(players[0], -D(G(z[1])).mean())
        average.update_parameters(G)
        seconds += time.process_time() - begun
        if (i + 1) % EVERY == 0:
            features = the_judge.features(nets.generate(average.module, shown))
            looks.append({"iteration": i + 1, "gate_G": gate(average.module), "gate_D": gate(D),
                          "distance": round(metrics.frechet_distance(known, features), 3)})
    real = the_judge.features(test_set.draw(SAMPLES).x)
    return {"attention": attention, "seed": seed, "seconds": round(seconds, 1),
            "floor": round(metrics.frechet_distance(known, real), 3), "looks": looks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    done = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    whole, test_set = (glyphs(split, characters=LETTERS, size=16) for split in ("train", "test"))
    the_judge = judge.load_or_train("ten letters", whole, test_set)
    known = the_judge.features(whole.draw(len(whole)).x)
    for seed in seeds:
        for attention in (False, True):
            if (attention, seed) not in [(row["attention"], row["seed"]) for row in done]:
                done.append(train(attention, seed, the_judge, known))
                lines = ",\n".join(json.dumps(row) for row in done)
                files.write(TABLE, f"[\n{lines}\n]\n")
                print(attention, seed, done[-1]["seconds"], done[-1]["looks"][-1], flush=True)


if __name__ == "__main__":
    main()
