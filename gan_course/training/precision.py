"""float32 or bfloat16? The faster one, by a measurement on this machine.

GPUs since 2020 and CPUs with units for bfloat16 (AMX, AVX512-BF16) compute large convolutions in it
in half of the time; on other CPUs it takes many times longer. Small layers gain nothing anywhere.
"""
import time
from functools import cache

import torch
from torch import nn

SECONDS = 0.1
"""About how long the measurement takes, after a first pass that is not timed."""

GAIN = 0.9
"""bfloat16 is chosen if its time is below this share of the time in float32."""

WIDEST = 64
"""Channels of the widest layer that is measured, for the sake of time: wider ones gain more."""


def fastest(game: nn.Module, device: torch.device) -> str:
    """The precision in which a game trains faster on a device.

    Args:
        game: its networks are looked at: without convolutions the answer is float32, since small
            fully connected networks do not gain.
        device: where it trains.

    Returns:
        "bfloat16" or "float32".
    """
    layers = [layer for layer in game.modules()
              if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    if not layers:
        return "float32"
    widths = sorted(min(layer.in_channels, layer.out_channels) for layer in layers)
    return "bfloat16" if ratio(str(device), min(widths[-1], WIDEST)) < GAIN else "float32"


@cache
def ratio(device: str, width: int) -> float:
    """The time that forward and backward pass of a convolution and a transposed one take in
    bfloat16, as a share of the time in float32; measured once in a process.

    Args:
        device: where it is measured.
        width: the channels of both.

    Returns:
        The ratio of the two shortest times, positive; infinity where bfloat16 cannot be computed.
    """
    draw = torch.Generator().manual_seed(0)                         # the global stream stays
    x, kernel = (torch.randn(shape, generator=draw).to(device, memory_format=torch.channels_last)
                 for shape in ((64, width, 16, 16), (width, width, 4, 4)))
    leaves = [x.requires_grad_(True), kernel.requires_grad_(True)]
    where = torch.device(device)
    wait = (torch.get_device_module(where).synchronize if where.type != "cpu" else lambda: None)

    def step(bfloat16: bool) -> float:
        begun = time.perf_counter()
        with torch.autocast(where.type, torch.bfloat16, enabled=bfloat16):
            y = nn.functional.conv2d(x, kernel, stride=2, padding=1)
            y = nn.functional.conv_transpose2d(y, kernel, stride=2, padding=1)
        torch.autograd.grad(y.float().square().mean(), leaves)
        wait()
        return time.perf_counter() - begun

    try:
        times = [(step(True), step(False)) for _ in range(2)][1:]
        end = time.perf_counter() + SECONDS
        while len(times) < 3 or time.perf_counter() < end and len(times) < 50:
            times.append((step(True), step(False)))
    except RuntimeError:
        return float("inf")
    in_bfloat16, in_float32 = map(min, zip(*times, strict=True))
    return in_bfloat16 / in_float32
