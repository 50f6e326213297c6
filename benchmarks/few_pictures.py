"""How many pictures does a GAN need? A DCGAN on 100 or 1,000 printed characters, without and with
DiffAugment.

    python benchmarks/few_pictures.py                          both numbers, three seeds
    python benchmarks/few_pictures.py 100 --seeds 4            one number, from four seeds
    python benchmarks/few_pictures.py 1000 --first-seed 2 --seeds 1 --rounds 1000      to vary

The DCGAN of `sixty_seconds.py` plays the same number of rounds on a random part of the training
pictures of `glyphs`. Its averaged generator is scored against held-out pictures by the Frechet
distance under the judge (n = 2,000), four times along the way: the end shows what happens if you
train on, the least of the four what stopping in time would have saved. `copies` is the share of
samples that lie nearer to a training picture than 1 % of held-out pictures do.

Beside it: the floor, as many other real pictures; and the training pictures themselves, drawn again
and again, which is what perfect memory would score.
"""
import argparse
import statistics
import time

import torch

from gan_course import data, judge, metrics, nets
from gan_course.data import ImageSet
from gan_course.data.sets import scale
from gan_course.games.dcgan import DCGAN
from gan_course.games.diffaugment import POLICY, AugmentedDiscriminator
from gan_course.profile import seed_everything
from gan_course.training import Training

DATA, SAMPLES, LOOKS = "glyphs", 2000, 4


def part(dataset: ImageSet, n: int, seed: int) -> ImageSet:
    """`n` pictures of a set, drawn without replacement."""
    rows = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:n]
    return ImageSet(dataset.name, dataset.images[rows], dataset.labels[rows], dataset.classes)


def distance(fake: torch.Tensor) -> float:
    """The Frechet distance to held-out pictures under the judge."""
    return judge.frechet_classifier_distance(judge.load(DATA),
                                             data.load(DATA, "test").take(SAMPLES), fake)


def copies(fake: torch.Tensor, few: ImageSet) -> float:
    """The share of fakes nearer to a training picture than 1 % of held-out pictures are."""
    seen, held_out = scale(few.images), data.load(DATA, "test").take(SAMPLES)
    usual = metrics.nearest_distance(held_out, seen)[0].quantile(0.01)
    return (metrics.nearest_distance(fake, seen)[0] < usual).double().mean().item()


def run(few: ImageSet, policy: str, seed: int, rounds: int) -> tuple[list[float], float]:
    """The distances along the way, and the share of copies at the end."""
    seed_everything(seed)
    channels, size, _ = few.data_shape
    D = AugmentedDiscriminator(nets.ConvDiscriminator(channels, 16, size), policy)
    game = DCGAN(nets.ConvGenerator(64, channels, 16, size), D, lr=(3e-4, 2e-3))
    stream = data.batches(few, 16, seed=seed)
    training, found = Training(game, stream, seed=seed, precision="fastest"), []
    for look in range(1, LOOKS + 1):
        while training.round < look * rounds // LOOKS:
            next(training)
        torch.manual_seed(1000 + seed)
        fake = torch.cat([game.sample(500) for _ in range(SAMPLES // 500)])
        found.append(distance(fake))
    return found, copies(fake, few)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3000)
    given = parser.parse_args()
    train = data.load(DATA)
    print(f"floor {distance(train.take(SAMPLES)):.2f}", flush=True)
    for n in given.pictures:
        results = {"": [], POLICY: []}
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            few = part(train, n, seed)
            again = scale(few.images)[torch.arange(SAMPLES) % n]
            print(f"{n:5} pictures, seed {seed}: the pictures themselves {distance(again):.2f}")
            for policy, runs in results.items():
                begin = time.process_time()
                found, copied = run(few, policy, seed, given.rounds)
                runs.append((found[-1], min(found), copied))
                way = " ".join(f"{each:.1f}" for each in found)
                print(f"{n:5} {policy or 'off':28}{way:40} copies {copied:.3f}; "
                      f"{time.process_time() - begin:.0f} CPU seconds", flush=True)
        for policy, runs in results.items():
            end, least, copied = (statistics.mean(column) for column in zip(*runs, strict=True))
            print(f"{n:5} {policy or 'off':28}mean of {given.seeds} seeds: at the end {end:.2f}, "
                  f"least {least:.2f}, copies {copied:.3f}", flush=True)


if __name__ == "__main__":
    main()
