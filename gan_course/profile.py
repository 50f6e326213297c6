"""How large to run, on which device, from which seed.

Three environment variables steer every notebook, so that tests and batch runs can reach inside
without editing it:

    GAN_COURSE_PROFILE    smoke (does every cell run?), laptop (what a learner gets; the default), gpu (time for quality)
    GAN_COURSE_DEVICE     cpu, cuda, cuda:1, mps …; default: cuda when there is one, else cpu
    GAN_COURSE_HEADLESS   1 when nobody watches: plain figures instead of widgets, and a broken claim is an error
"""
import os
import random

PROFILES = ("smoke", "laptop", "gpu")


def profile() -> str:
    """The name of the profile in force, one of `PROFILES`.

    Raises ValueError for a name that is none of them.
    """
    name = os.environ.get("GAN_COURSE_PROFILE") or "laptop"
    if name not in PROFILES:
        raise ValueError(f"GAN_COURSE_PROFILE is {name!r}; choose one of {', '.join(PROFILES)}.")
    return name


def by_profile(*, smoke, laptop, gpu):
    """The value for the profile in force: `rounds = by_profile(smoke=20, laptop=1500,
    gpu=20_000)`.
    """
    return {"smoke": smoke, "laptop": laptop, "gpu": gpu}[profile()]


def headless() -> bool:
    """True when no learner is watching (tests, batch runs)."""
    return os.environ.get("GAN_COURSE_HEADLESS", "") not in ("", "0")


def pick_device():
    """The torch.device to train on: GAN_COURSE_DEVICE if set, else cuda when there is one, else
    cpu.

    Raises ValueError when the device that was asked for is not on this machine.
    """
    import torch

    asked = os.environ.get("GAN_COURSE_DEVICE")
    if not asked:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"GAN_COURSE_DEVICE is {asked!r}, and PyTorch cannot use that here. Try "
                         "cpu, or unset it.") from error
    return device


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (every device), so that the same seed gives the same networks
    and draws.
    """
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
