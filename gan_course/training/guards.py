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
    """A stream of random numbers of its own: inside `with stream:`, torch.randn, dropout and the
    rest draw from it.

    Afterwards PyTorch's own generators are as they were before. `state` holds one uint8 tensor for
    each device: the CPU, and the training's own if that is another.

    Args:
        seed: where the stream begins.
        device: the device of the training.
    """

    def __init__(self, seed: int, device: torch.device):
        self.devices = [torch.device("cpu"), *([device] if device.type != "cpu" else [])]
        self.state = [torch.Generator(each).manual_seed(seed).get_state() for each in self.devices]

    def __enter__(self):
        self._outside = self._read()
        self._write(self.state)

    def __exit__(self, *error):
        self.state = self._read()
        self._write(self._outside)

    def _read(self) -> list[torch.Tensor]:
        return [module.get_rng_state(*index) for module, index in map(_generator, self.devices)]

    def _write(self, state: list[torch.Tensor]) -> None:
        for device, value in zip(self.devices, state, strict=True):
            module, index = _generator(device)
            module.set_rng_state(value, *index)


def _generator(device: torch.device) -> tuple:
    """Where PyTorch keeps the generator of a device: a module, and its arguments that say which."""
    if device.type == "cpu":
        return torch.random, ()
    # Apple's GPU is alone, and its functions take no device
    return torch.get_device_module(device), () if device.type == "mps" else (device,)


@contextmanager
def constant(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Inside, these parameters ask for no gradients: they are constants, and cost nothing in the
    backward pass.

    Afterwards every flag is as it was.

    Args:
        parameters: those of the players that do not move.
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
    """Inside, Ctrl-C (the Stop button of Jupyter) waits: it is delivered at the end, or dropped if
    an error ends the block. A second one does not wait.

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
