"""What the live lab and the sliders cost. All figures from one run, the variants taking turns.

    python benchmarks/lab.py

    lab / plain    rounds per second of a lab that draws, beside the bare `Training` (aim: at least 0.9)
    answer         the longest time that the kernel's loop was kept from answering (aim: under 0.2 s)
    slider         95th percentile from a slider's new value to its new picture (aim: under 0.05 s)
"""
import argparse
import asyncio
import os
import statistics
import time

os.environ["GAN_COURSE_HEADLESS"] = "0"

import numpy as np
import torch

from gan_course import data, nets, plots
from gan_course.games.gan import GAN
from gan_course.training import Training
from gan_course.widgets import explore as explore_module
from gan_course.widgets import lab as lab_module


def build(seed=0):
    torch.manual_seed(seed)
    stream = data.batches("moons", 128, seed=seed, device="cpu")
    return GAN(nets.MLPGenerator(2, (2,), 64), nets.MLPDiscriminator((2,), 64), lr=(1e-3, 3e-4)), stream


async def lab_speed(lab, seconds: float) -> tuple[float, float]:
    """Rounds per second of the running lab, and the longest wait for an answer."""
    begin, worst, start = lab.live.training.round, 0.0, time.perf_counter()
    lab.start()
    while time.perf_counter() - start < seconds:
        asked = time.perf_counter()
        await asyncio.sleep(0.01)
        worst = max(worst, time.perf_counter() - asked - 0.01)
    took = time.perf_counter() - start
    lab.live.pause()
    return (lab.live.training.round - begin) / took, worst


def plain_speed(training, seconds: float) -> float:
    begin, start = training.round, time.perf_counter()
    while time.perf_counter() - start < seconds:
        next(training)
    return (training.round - begin) / (time.perf_counter() - start)


def slider_times(moves: int) -> list[float]:
    """Seconds from a value to its picture, for a generator's samples behind a slider."""
    G = nets.MLPGenerator(16, (1, 8, 8), 256, batchnorm=True)
    z = torch.randn(40, 16)
    boxes = []
    explore_module.display = boxes.append

    def draw(first):
        moved = z.clone()
        moved[:, 0] = first
        return plots.gallery(nets.generate(G, moved), columns=20)

    values = list(np.linspace(-3, 3, 61))
    explore_module.explore(draw, "samples, first number of z at {first}", first=explore_module.Slider("z", values, values[30]))
    slider, times = boxes[0].children[0], []
    for i in range(moves):
        start = time.perf_counter()
        slider.index = i % 61
        times.append(time.perf_counter() - start)
    return times


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", default=6.0, type=float)
    parser.add_argument("--repeats", default=5, type=int)
    a = parser.parse_args()
    torch.set_num_threads(1)
    lab_module.display = lambda box: None
    lab = lab_module.Lab("benchmark", build)
    training = Training(*build())
    plain_speed(training, 1.0)
    ratios, answers = [], []
    for _ in range(a.repeats):
        speed, worst = await lab_speed(lab, a.seconds)
        ratios.append(speed / plain_speed(training, a.seconds))
        answers.append(worst)
    print(f"lab / plain: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    print(f"answer: {statistics.median(answers):.3f} s ({min(answers):.3f} to {max(answers):.3f})")
    times = slider_times(200)[5:]
    print(f"slider: median {statistics.median(times) * 1000:.0f} ms, 95th percentile {np.quantile(times, 0.95) * 1000:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
