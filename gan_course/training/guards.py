"""Three guards around a player's move: its own randomness, its own parameters, and no interruption
halfway.
"""
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class RandomStream:
    """A stream of random numbers of its own: `with stream:` makes torch.randn, dropout and the rest
    draw from it.

    Before and after, the global generators stand where they stood. `state` is one uint8 tensor for
    each generator (CPU, and the device's own if there is another).
    """

    def __init__(self, seed: int, device: torch.device):
        self._generators = [torch.random]
        if device.type != "cpu":
            self._generators.append(torch.get_device_module(device))
        outside = self._read()
        torch.manual_seed(seed)
        self.state = self._read()
        self._write(outside)

    def __enter__(self):
        self._outside = self._read()
        self._write(self.state)

    def __exit__(self, *error):
        self.state = self._read()
        self._write(self._outside)

    def _read(self) -> list[torch.Tensor]:
        return [generator.get_rng_state() for generator in self._generators]

    def _write(self, state: list[torch.Tensor]) -> None:
        for generator, value in zip(self._generators, state, strict=True):
            generator.set_rng_state(value)


@contextmanager
def constant(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Inside, these parameters ask for no gradients: they are constants, and cost nothing in the
    backward pass.

    Afterwards every flag is as it was.
    """
    paused = [parameter for parameter in parameters if parameter.requires_grad]
    for parameter in paused:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in paused:
            parameter.requires_grad_(True)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, Ctrl-C (the Stop button of Jupyter) waits: it is delivered at the end. A second one
    does not wait.

    What the signal does when it is delivered stays as it was: with Python's own handler it raises
    KeyboardInterrupt. Where SIGINT is ignored, as ipykernel does between cells, it stays ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    on_main_thread = threading.current_thread() is threading.main_thread()
    if not on_main_thread or before in (signal.SIG_IGN, None):  # None: a handler not of Python's
        yield
        return
    waiting = False

    def wait(number, frame):
        nonlocal waiting
        if waiting:
            signal.signal(signal.SIGINT, before)
            signal.raise_signal(signal.SIGINT)
        waiting = True

    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        signal.raise_signal(signal.SIGINT)
