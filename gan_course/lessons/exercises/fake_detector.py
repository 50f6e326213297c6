"""The exercises of notebook 17 on a detector of fakes: the network, its step, and the base rate."""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _steps
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class Detector(nn.Module):
    """Images (N, 1, size, size) -> logits (N,): positive means fake."""

    def __init__(self, width, size):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(2 * width * (size // 4) ** 2, 1))

    def forward(self, x):
        return self.layers(x).squeeze(1)


def detector_step(D, optimizer_D, real, fake):
    """One step of the detector, whose logit is positive for fakes. Returns its loss, a number."""
    loss_real, loss_fake = nn.functional.softplus(D(real)), nn.functional.softplus(-D(fake))
    loss = loss_real.mean() + loss_fake.mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def fake_if_flagged(base_rate, caught, false_alarms):
    """The probability that a flagged image is a fake."""
    flagged_fakes = base_rate * caught
    flagged_real = (1 - base_rate) * false_alarms
    return flagged_fakes / (flagged_fakes + flagged_real)


# The detector's step

def detector_scene() -> dict:
    """A detector as it is before each call, its optimizer, and real and fake points."""
    found, drawn = _steps.scene("D"), _steps.numbers("x", "z")
    return {"D": found["D"], "optimizer_D": found["optimizer_D"], "real": drawn["x"],
            "fake": drawn["z"][:, :2] - 0.5}


def detector_move(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A step that is right in everything but the loss of the real and fake logits."""
    def detector_step(D, optimizer_D, real, fake):
        found = loss(D(real), D(fake))
        optimizer_D.zero_grad()
        found.backward()
        optimizer_D.step()
        return found.item()
    return detector_step


OF_THE_DETECTOR = (
    Mistake("sign", "It learns to say *real* with a positive logit, as a GAN's discriminator does. "
            "Here a positive logit means fake, so that a high score is an alarm.",
            like=detector_move(lambda r, f: softplus(-r).mean() + softplus(f).mean())),
    Mistake("only_fakes", "It learns from fakes alone. The cheapest answer to that is to flag "
            "everything.", like=detector_move(lambda r, f: softplus(-f).mean())),
    Mistake("only_real", "It learns from real images alone. The cheapest answer to that is to flag "
            "nothing.", like=detector_move(lambda r, f: softplus(r).mean())),
    Mistake("fools_itself", "One of the two terms has the wrong sign, so both ask for the same "
            "answer on real images and on fakes.",
            like=(detector_move(lambda r, f: softplus(r).mean() + softplus(f).mean()),
                  detector_move(lambda r, f: softplus(-r).mean() + softplus(-f).mean()))),
    Mistake("half", "It averages the two terms. Asked is their sum.",
            like=detector_move(lambda r, f: (softplus(r).mean() + softplus(-f).mean()) / 2)),
    Mistake("sum", "It adds up over the mini-batch. Asked are means.",
            like=detector_move(lambda r, f: softplus(r).sum() + softplus(-f).sum())),
    Mistake("no_log", "It lowers probabilities instead of their logarithms, and hardly learns from "
            "those fakes that it is sure are real.",
            like=detector_move(lambda r, f: r.sigmoid().mean() - f.sigmoid().mean())),
    *_steps.of_a_single_network(),
)


# The base rate

def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def a_rare_thing() -> dict:
    return {"base_rate": 0.01, "caught": 0.9, "false_alarms": 0.2}


OF_THE_BASE_RATE = (
    Mistake("caught", "That is how many fakes are flagged. The question goes the other way: of "
            "those flagged, how many are fakes?",
            like=lambda base_rate, caught, false_alarms: caught + 0 * base_rate),
    Mistake("one_minus", "It is 1 minus the false alarms: how many real images pass. It does not "
            "ask how rare fakes are.",
            like=lambda base_rate, caught, false_alarms: 1 - false_alarms),
    Mistake("no_base_rate", "It compares the two rates as if there were as many fakes as real "
            "images. Each has to be weighted by how frequent its images are.",
            like=lambda base_rate, caught, false_alarms: caught / (caught + false_alarms)),
    Mistake("base_rate_twice", "It weights both by the base rate, which then cancels. Real images "
            "are the rest, 1 minus the base rate.",
            like=(lambda base_rate, caught, false_alarms: base_rate * caught
                  / (base_rate * caught + false_alarms),
                  lambda base_rate, caught, false_alarms: base_rate * caught
                  / (base_rate * caught + base_rate * false_alarms + 1e-12))),
    Mistake("real_passed", "Below, it has the real images that *pass*. Those that count are the "
            "real images that are flagged.",
            like=lambda base_rate, caught, false_alarms: base_rate * caught
            / (base_rate * caught + (1 - base_rate) * (1 - false_alarms))),
    Mistake("joint", "It is the share of *all* images that are fake and flagged. Divide by the "
            "share of all images that are flagged.",
            like=lambda base_rate, caught, false_alarms: base_rate * caught),
    Mistake("flagged", "It is the share of all images that are flagged. How many of those are "
            "fakes?", like=lambda base_rate, caught, false_alarms: base_rate * caught
            + (1 - base_rate) * false_alarms),
    Mistake("real_if_flagged", "It is the probability that a flagged image is *real*.",
            like=lambda base_rate, caught, false_alarms: (1 - base_rate) * false_alarms
            / (base_rate * caught + (1 - base_rate) * false_alarms)),
)


def grey_images(width, size):
    """N images of the size that this detector reads."""
    return (torch.randn(N, 1, size, size),)


EXERCISES = (
    Network("17.Detector", Detector, ({"width": 4, "size": 16}, {"width": 5, "size": 12}),
            grey_images, "discriminator",
            ("Two convolutions that halve the image, then one fully connected layer.",
             "`nn.Conv2d(a, b, 3, 2, 1)` with LeakyReLU(0.2) behind it, twice; after "
             "`nn.Flatten()` there are `2 * width * (size // 4) ** 2` numbers.",
             "`nn.Linear(2 * width * (size // 4) ** 2, 1)` gives (N, 1), and `.squeeze(1)` makes a "
             "vector of it."),
            well_done="It is a discriminator whose opponent does not move."),
    Exercise("17.detector_step", detector_step,
             (Probe(detector_scene, _steps.move, OF_THE_DETECTOR),), (
                 "There is no generator in it: two mean losses, and one step of the optimizer.",
                 "`softplus(logit)` is small where the logit is very negative. Should that be so "
                 "on real images or on fakes?",
                 "`softplus(D(real)).mean() + softplus(-D(fake)).mean()`, then `zero_grad`, "
                 "`backward`, `step`, and `loss.item()`."),
             "A positive logit is an alarm.", frozenset({"G", "z", "loss"})),
    Exercise("17.fake_if_flagged", fake_if_flagged,
             (Probe(a_rare_thing, value, OF_THE_BASE_RATE),), (
                 "Imagine 100,000 images. How many of them are fakes, and how many of these are "
                 "flagged? How many real ones are flagged?",
                 "It is the flagged fakes over all that are flagged.",
                 "`base_rate * caught / (base_rate * caught + (1 - base_rate) * false_alarms)`"),
             "An alarm about something rare is mostly false, unless false alarms are rarer still."),
)
