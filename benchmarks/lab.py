"""What the live lab and the sliders cost.

    python benchmarks/lab.py

    lab / plain    rounds per second of a lab that draws, beside the bare `Training` (aim: at least
                   0.9). The two take turns of some hundredths of a second, so that a machine that
                   is slow for a moment is slow for both
    answer         the longest time that the kernel's loop was kept from answering (aim: under
                   0.2 s)
    sliders        95th percentile from a slider's new value to its new picture, for generators of
                   the course (aim: under 0.05 s)
"""
import argparse
import asyncio
import os
import statistics
import time

os.environ["GAN_COURSE_HEADLESS"] = "0"

import numpy as np
import torch

from gan_course import data, nets
from gan_course.games.gan import GAN
from gan_course.training import Training
from gan_course.widgets import explore, generator
from gan_course.widgets import lab as lab_module
from gan_course.widgets.lab import live


def build(seed=0):
    torch.manual_seed(seed)
    stream = data.batches("moons", 128, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(2, (2, ), 64), nets.MLPDiscriminator((2, ), 64),
               lr=(1e-3, 3e-4)), stream


async def longest_wait(lab, seconds: float) -> float:
    """The longest time that the running lab kept the loop from answering."""
    worst, start = 0.0, time.perf_counter()
    lab.start()
    while time.perf_counter() - start < seconds:
        asked = time.perf_counter()
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - asked - 0.01)
    lab.live.pause()
    return worst


class Clock:
    """The lab's clock: it stands still while the plain training has its turn."""

    def __init__(self):
        self.away = 0.0

    def perf_counter(self) -> float:
        return time.perf_counter() - self.away


async def lab_over_plain(lab, training, seconds: float) -> float:
    """The lab's rounds per second over those of the plain training, each of which plays for about
    half of the time.
    """
    live.time = clock = Clock()
    begin, plain_begin, turns = lab.live.training.round, training.round, 0
    start = time.perf_counter()
    lab.start()
    while time.perf_counter() - start < seconds:
        played = lab.live.training.round
        # the lab's turn: it draws if it is time to, and plays
        while lab.live.training.round == played:
            await asyncio.sleep(0)
        turn = time.perf_counter()
        while time.perf_counter() - turn < live.PLAY_SECONDS:
            next(training)
        clock.away += time.perf_counter() - turn
        turns += 1
    lab.live.pause()
    live.time = time
    # its waits passed in our turns
    lab_seconds = time.perf_counter() - start - clock.away + turns * live.BREATHE_SECONDS
    return (lab.live.training.round - begin) / lab_seconds / (
        (training.round - plain_begin) / clock.away)


GENERATORS = {
    "points in the plane": lambda: nets.MLPGenerator(2, (2,), 128),
    "8x8 images": lambda: nets.MLPGenerator(16, (1, 8, 8), 256, batchnorm=True),
    "28x28 images": lambda: nets.MLPGenerator(64, (1, 28, 28), 256, batchnorm=True),
    "32x32 colour images": lambda: nets.ConvGenerator(100, 3, 64),
}


def slider_times(explorer, G, moves: int) -> list[float]:
    """Seconds from a slider's new value to the new picture, the sliders of an explorer taking
    turns.
    """
    boxes, times = [], []
    explore.display = boxes.append
    explorer(G)
    *sliders, _ = boxes[0].children
    for i in range(moves):
        slider = sliders[i % len(sliders)]
        start = time.perf_counter()
        slider.index = (slider.index + 1) % len(slider.options)
        times.append(time.perf_counter() - start)
    return times[5:]


async def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", default=20.0, type=float, help="how long a repeat lasts")
    parser.add_argument("--repeats", default=7, type=int)
    a = parser.parse_args()
    torch.set_num_threads(1)
    lab_module.display = lambda box: None
    lab = lab_module.Lab("benchmark", build)
    training = Training(*build())
    await lab_over_plain(lab, training, 2.0)                        # to warm up
    ratios = [await lab_over_plain(lab, training, a.seconds) for _ in range(a.repeats)]
    answers = [await longest_wait(lab, a.seconds / 4) for _ in range(a.repeats)]
    print(f"lab / plain: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    print(f"answer: {statistics.median(answers):.3f} s ({min(answers):.3f} to {max(answers):.3f})")
    print(f"{'sliders, ms: median, 95th percentile':40}" + "".join(f"{name:>22}"
                                                                   for name in GENERATORS))
    for explorer in (generator.latent_axes, generator.interpolation, generator.truncation):
        times = [
            1000 * np.array(slider_times(explorer, make(), 105)) for make in GENERATORS.values()
        ]
        print(f"{explorer.__name__:40}" + "".join(f"{np.median(each):14.0f}, "
                                                  f"{np.quantile(each, 0.95):6.0f}"
                                                  for each in times))


if __name__ == "__main__":
    asyncio.run(main())
