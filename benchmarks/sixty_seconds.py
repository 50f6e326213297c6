"""What sixty seconds of training give on this machine, for the models of Parts II and III, beside
floors and ceilings.

    python benchmarks/sixty_seconds.py                    all models
    python benchmarks/sixty_seconds.py dcgan cyclegan     some; --seconds 20 --seeds 5 to vary;
                                                          --data mnist for the first five

    mlp, mlp_ema, dcgan
                  Frechet classifier distance under the data's judge (floor: training images against
                  held-out ones); share of samples that the judge and a second classifier, trained
                  here, give the same class; share of the rarest class. `mlp_ema` and `dcgan`
                  draw with the average of G's weights
    pytorch_gan, pytorch_examples
                  the same of two public DCGANs, with their own networks and settings
    cgan          share of samples that the judge reads as the digit that was asked for; `blind`: D
                  is not told the digit (chance 10 %)
    infogan       share of held-out digits whose category, as Q reads it, is the digit matched to
                  that category (floor: permuted categories)
    cyclegan      decibel against the hidden partner, summer -> winter and back, in the faster of
                  float32 and bfloat16 (floor: the input, copied)

Only the rounds are timed, in wall-clock seconds; medians over the seeds, with the least and the
greatest. On a machine that has other work to do, --one-thread counts the CPU seconds of a single
thread instead.
"""
import argparse
import statistics
import time
from functools import cache

import torch
from public_dcgans import BATCH_SIZE, PublicDCGAN
from scipy.optimize import linear_sum_assignment

from gan_course import data, judge, likeness, nets
from gan_course.data.sets import scale
from gan_course.games.cgan import (
    CGAN,
    BlindDiscriminator,
    ConditionalGenerator,
    ProjectionDiscriminator,
)
from gan_course.games.cyclegan import CycleGAN, ResidualGenerator
from gan_course.games.dcgan import DCGAN
from gan_course.games.infogan import CodeGenerator, InfoGAN
from gan_course.profile import seed_everything
from gan_course.training import Training

SAMPLES = 2000


def the_clock():
    """Wall-clock seconds, or with one thread its CPU seconds."""
    return time.process_time if torch.get_num_threads() == 1 else time.perf_counter


def train(game, dataset, batch_size: int, seed: int, seconds: float, decay: bool = False,
          precision: str = "float32") -> int:
    """Play for so many seconds; how many rounds there were."""
    training = Training(game, data.batches(dataset, batch_size, seed=seed), seed=seed,
                        precision=precision)
    clock = the_clock()
    begin = clock()
    while (spent := clock() - begin) < seconds:
        next(training)
        if decay:
            training.decay(spent / seconds)
    return training.round


def images(name: str, dataset, seed: int, seconds: float) -> tuple[list[float], int]:
    channels, size, _ = dataset.data_shape
    if name in ("mlp", "mlp_ema"):                                  # the networks of notebook 03
        G = nets.MLPGenerator(64, dataset.data_shape, 256)
        D = nets.MLPDiscriminator(dataset.data_shape, 256, dropout=0.3)
        game = DCGAN(G, D, lr=(1e-3, 1e-3), ema=0.998 if name == "mlp_ema" else 0)
    else:
        game = DCGAN(nets.ConvGenerator(64, channels, 24, size),
                     nets.ConvDiscriminator(channels, 24, size), lr=(5e-4, 2e-3), ema=0.998)
    rounds = train(game, dataset, 16 if name == "dcgan" else 32, seed, seconds)
    fake = torch.cat([game.sample(500) for _ in range(SAMPLES // 500)])
    return scores(dataset, seed, fake), rounds


def public(name: str, dataset, seed: int, seconds: float) -> tuple[list[float], int]:
    channels, size, _ = dataset.data_shape
    dcgan = PublicDCGAN(name, channels)
    training = dcgan.train(data.batches(dataset, BATCH_SIZE, seed=seed, device="cpu"))
    clock, rounds = the_clock(), 0
    begin = clock()
    while clock() - begin < seconds:
        next(training)
        rounds += 1
    fake = torch.cat([dcgan.sample(100, size) for _ in range(SAMPLES // 100)])
    return scores(dataset, seed, fake), rounds


def scores(dataset, seed: int, fake: torch.Tensor) -> list[float]:
    """The Frechet distance of samples, and what `readable` says of them."""
    distance = judge.frechet_classifier_distance(judge.load(dataset.name),
                                                 dataset.take(SAMPLES, seed), fake)
    return [distance, *readable(dataset.name, fake)]


@cache
def second_classifier(name: str) -> judge.Judge:
    """Like the judge, but trained from another seed, and for two epochs only."""
    return judge.train(judge.SHARED.get(name, name), epochs=2, seed=1)


def readable(name: str, images: torch.Tensor) -> list[float]:
    """In per cent: how often two classifiers agree on the class, and how often they see the
    rarest.
    """
    first, second = (reader.probabilities(images).argmax(1)
                     for reader in (judge.load(name), second_classifier(name)))
    rarest = first.bincount(minlength=judge.load(name).classes).min()
    return [100 * (first == second).float().mean().item(), 100 * rarest.item() / len(images)]


def obedience(name: str, dataset, seed: int, seconds: float) -> tuple[list[float], int]:
    D = BlindDiscriminator(1, 32, 8) if name == "blind" else ProjectionDiscriminator(10, 1, 32, 8)
    game = CGAN(ConditionalGenerator(64, 10, 1, 32, 8), D, lr=(1e-3, 1e-3))
    rounds = train(game, dataset, 64, seed, seconds)
    y = torch.arange(SAMPLES) % 10
    return [
        100 * (judge.load("digits").probabilities(game.sample(SAMPLES, y)).argmax(1)
               == y).float().mean().item()
    ], rounds


def matched(kinds: torch.Tensor, labels: torch.Tensor) -> float:
    """The best share, in per cent, over all ways to give each kind a digit of its own."""
    counts = torch.zeros(10, 10).index_put_((kinds, labels), torch.ones(len(labels)),
                                            accumulate=True)
    return 100 * counts.numpy()[linear_sum_assignment(-counts.numpy())].sum() / len(labels)


def codes(name: str, dataset, seed: int, seconds: float) -> tuple[list[float], int]:
    game = InfoGAN(CodeGenerator(62, 10, 2, 1, 32, 8), nets.ConvDiscriminator(1, 32, 8),
                   lr=(1e-3, 1e-3))
    rounds = train(game, dataset, 64, seed, seconds)
    held_out = data.load("digits", "test")
    kinds = game.read(scale(held_out.images))[0].argmax(1)
    return [matched(kinds, held_out.labels)], rounds


def translation(name: str, dataset, seed: int, seconds: float) -> tuple[list[float], int]:
    game = CycleGAN(*(ResidualGenerator() for _ in "GF"),
                    *(nets.PatchDiscriminator(3, 16) for _ in "XY"), lr=(1e-3, 2e-3))
    rounds = train(game, dataset.unpaired(), 4, seed, seconds, decay=True, precision="fastest")
    truth = data.load("seasons", "test")
    x, y = scale(truth.x), scale(truth.y)
    return [
        likeness.psnr(game.sample(len(x), x), y),
        likeness.psnr(game.back(y), x)
    ], rounds


def floors(name: str, dataset) -> str:
    """What needs no training, in words."""
    if MODELS[name] in (images, public):
        held_out = data.load(dataset.name, "test")
        n = min(len(held_out), SAMPLES)
        floor = judge.frechet_classifier_distance(judge.load(dataset.name), held_out.take(n),
                                                  dataset.take(n))
        agreed, rarest = readable(dataset.name, held_out.take(n))
        return f"floor {floor:.2f}, real {agreed:.1f} and {rarest:.1f}"
    if name in ("cgan", "blind"):
        return f"chance 10.0, real digits {100 * judge.load('digits').accuracy:.1f}"
    if name == "infogan":
        labels = data.load("digits", "test").labels
        return f"floor {matched(labels[torch.randperm(len(labels))], labels):.1f}"
    truth = data.load("seasons", "test")
    return f"copied input {likeness.psnr(scale(truth.x), scale(truth.y)):.1f}"


MODELS = {
    "mlp": images, "mlp_ema": images, "dcgan": images, "pytorch_gan": public,
    "pytorch_examples": public, "cgan": obedience, "blind": obedience,
    "infogan": codes, "cyclegan": translation
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[*MODELS, []], help="which; by default all")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="shapes", help="images for the first five: a set with "
                                                         "a judge, like glyphs_plain")
    parser.add_argument("--one-thread", action="store_true",
                        help="count the CPU seconds of one thread")
    given = parser.parse_args()
    if given.one_thread:
        torch.set_num_threads(1)
    for name in given.models or MODELS:
        of = {"cyclegan": "seasons"}.get(name, "digits")
        if MODELS[name] in (images, public):
            of = given.data
        dataset = data.load(of)
        runs = []
        for seed in range(given.seeds):
            seed_everything(seed)
            runs.append(MODELS[name](name, dataset, seed, given.seconds))
        found = [f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
                 for values in zip(*(numbers for numbers, _ in runs), strict=True)]
        rounds = statistics.median(rounds for _, rounds in runs)
        print(f"{name:17}{of:14}{'; '.join(found):80}{floors(name, dataset):35}{rounds:.0f} rounds",
              flush=True)


if __name__ == "__main__":
    main()
