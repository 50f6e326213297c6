"""How large to run, on which device, from which seed.

Three environment variables steer every notebook, so that tests and batch runs can reach inside
without editing it:

    GAN_COURSE_PROFILE    smoke (does every cell run?), laptop (what a learner gets; the default),
                          gpu (time for quality)
    GAN_COURSE_DEVICE     cpu, cuda, cuda:1, mps …; by default a GPU that works, else cpu
    GAN_COURSE_HEADLESS   1 when nobody watches: plain figures instead of widgets
"""
import os
import random
import re
import warnings
from functools import cache

PROFILES = ("smoke", "laptop", "gpu")

GPU_ADVICE = {  # what PyTorch says of a GPU that it cannot use, and what helps
    "no kernel image|is not compatible with the current PyTorch":
        "this PyTorch has no code for this GPU, which is too old or too new for it; "
        "https://pytorch.org/get-started lists the builds that there are",
    "driver on your system is too old":
        "the NVIDIA driver is too old for this PyTorch; update it, from "
        "https://www.nvidia.com/drivers",
    "no NVIDIA driver":
        "there is no NVIDIA driver on this machine; install it, from "
        "https://www.nvidia.com/drivers",
    "not compiled with CUDA":
        "this PyTorch was built for the CPU alone; `python3 start.py setup --cuda` installs the "
        "other build",
    "out of memory":
        "its memory is full; close the other programs that use it (in JupyterLab: Kernel, Shut "
        "Down All Kernels)",
    "float64|not currently (implemented|supported).*MPS|not implemented for the MPS":
        "this PyTorch does not know all of the course's operations on Apple's GPU; a newer one may",
}


def profile() -> str:
    """The name of the profile in force.

    Returns:
        One of `PROFILES`.

    Raises:
        ValueError: GAN_COURSE_PROFILE holds another name.
    """
    name = os.environ.get("GAN_COURSE_PROFILE") or "laptop"
    if name not in PROFILES:
        raise ValueError(f"GAN_COURSE_PROFILE is {name!r}; choose one of {', '.join(PROFILES)}.")
    return name


def by_profile(*, smoke, laptop, gpu):
    """The value for the profile in force: `rounds = by_profile(smoke=20, laptop=1500, gpu=20_000)`.

    Args:
        smoke, laptop, gpu: the values to choose from.

    Returns:
        One of them.

    Raises:
        ValueError: GAN_COURSE_PROFILE holds another name.
    """
    return {"smoke": smoke, "laptop": laptop, "gpu": gpu}[profile()]


def headless() -> bool:
    """True when no learner is watching (tests, batch runs)."""
    return os.environ.get("GAN_COURSE_HEADLESS", "") not in ("", "0")


def pick_device():
    """The device to train on: GAN_COURSE_DEVICE if that is set, else a GPU that works, else the
    CPU.

    A GPU works if a small training step on it succeeds. If there is one that does not, a warning
    says why and what to do, once in a process.

    Returns:
        A torch.device.

    Raises:
        ValueError: the device that was asked for cannot be used; the message says what to do.
    """
    import torch

    asked = os.environ.get("GAN_COURSE_DEVICE")
    if not asked:
        name, trouble = find_gpu()
        if trouble:
            _warn_once(trouble)
        return torch.device(name)
    trouble = _trouble(asked)
    if trouble:
        raise ValueError(f"GAN_COURSE_DEVICE is {asked!r}, and PyTorch cannot train there: "
                         f"{trouble}. Or set GAN_COURSE_DEVICE=cpu.")
    return torch.device(asked)


def small_device():
    """The device for networks on points in the plane: the CPU, unless GAN_COURSE_DEVICE asks for
    another.

    Starting an operation on a GPU takes longer than a CPU needs to compute it for so small a
    network, so the GPU would be the slower choice.

    Returns:
        A torch.device.

    Raises:
        ValueError: the device that was asked for cannot be used.
    """
    import torch

    return pick_device() if os.environ.get("GAN_COURSE_DEVICE") else torch.device("cpu")


def workers(device=None) -> int:
    """How many trainings to run side by side, each in a process of its own.

    Args:
        device: where they compute, a torch.device; by default `pick_device()`.

    Returns:
        2 on a CPU with at least two cores. 1 on a GPU, which the processes would have to share, and
        in the smoke profile, where starting a process takes longer than the training.
    """
    device = pick_device() if device is None else device
    several = device.type == "cpu" and (os.cpu_count() or 1) > 1 and profile() != "smoke"
    return 2 if several else 1


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch on every device: the same seed, the same networks and draws.
    """
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@cache
def find_gpu() -> tuple[str, str]:
    """The device that `pick_device` chooses when nobody asks for one; looked for once in a process.

    Returns:
        The name of a GPU that works, or "cpu"; and a sentence about a GPU that does not work, or
        "".
    """
    import torch

    for name, is_available in (("cuda", torch.cuda.is_available),
                               ("mps", torch.backends.mps.is_available)):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            there = is_available()
        if there and not _trouble(name):
            return name, ""
        trouble = _trouble(name) if there else "; ".join(_advice(str(each.message))
                                                         for each in said)
        if trouble:
            return "cpu", (f"PyTorch cannot train on this machine's GPU ({name}), so the course "
                           f"computes on the CPU: {trouble}. GAN_COURSE_DEVICE=cpu chooses the CPU "
                           "without this message.")
    return "cpu", ""


@cache
def _warn_once(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)


@cache
def _trouble(device: str) -> str:
    """Why a device cannot be used, and what to do, as a part of a sentence; "" if it works."""
    import torch

    if device == "cpu":
        return ""
    try:
        with warnings.catch_warnings():                             # what they say, the error says
            warnings.simplefilter("ignore")
            found, expected = _small_step(torch.device(device)), _small_step(torch.device("cpu"))
    except (RuntimeError, AssertionError, TypeError) as error:
        return _advice(str(error))
    if not (found - expected).abs().max() < 0.02 * expected.abs().max():
        return "a small training step gives wrong numbers there"
    return ""


def _small_step(device):
    """One training step with what the course's networks are made of.

    The global random numbers stay as they are.

    Args:
        device: where to compute it.

    Returns:
        Its gradients, as one vector on the CPU.
    """
    import torch
    from torch.nn import functional

    draw = torch.Generator().manual_seed(0)
    x, kernel, back, first, second = (
        torch.randn(shape, generator=draw).to(device).requires_grad_(True)
        for shape in ((4, 3, 8, 8), (8, 3, 4, 4), (8, 3, 4, 4), (2, 192, 16), (2, 16, 1)))
    weights = [kernel, back, first, second]

    images = x.to(memory_format=torch.channels_last)
    h = functional.conv2d(images, kernel, stride=2, padding=1)      # (4, 8, 4, 4)
    h = functional.leaky_relu(functional.batch_norm(h, None, None, training=True), 0.2)
    h = functional.conv_transpose2d(h, back, stride=2, padding=1)   # (4, 3, 8, 8)
    h = functional.instance_norm(h).tanh()
    rows = h.detach().flatten(1).expand(2, -1, -1).requires_grad_(True)
    scores = torch.bmm(torch.relu(torch.bmm(rows, first)), second)  # (2, 4, 1)
    slope, = torch.autograd.grad(scores.sum(), rows, create_graph=True)
    loss = (functional.softplus(scores).mean() + (slope.norm(dim=2) - 1).square().mean()
            + functional.softplus(-h.sum(dim=(1, 2, 3))).mean())
    loss.backward()
    torch.optim.Adam(weights, fused=True).step()

    numbers = torch.Generator(device).manual_seed(0)                # what `data.batches` needs
    drawn = torch.multinomial(torch.ones(4, device=device), 4, replacement=True, generator=numbers)
    order = torch.randperm(4, generator=numbers, device=device)
    assert functional.one_hot(drawn[order], 4).sum().item() == 4
    return torch.cat([weight.grad.flatten() for weight in weights]).cpu()


def _advice(problem: str) -> str:
    """What helps against a problem of PyTorch's, as a part of a sentence."""
    for sign, advice in GPU_ADVICE.items():
        if re.search(sign, problem, re.IGNORECASE | re.DOTALL):
            return advice
    return (problem.strip().splitlines() or ["an error without a message"])[0].rstrip(".")
