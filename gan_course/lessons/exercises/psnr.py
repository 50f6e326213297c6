"""Decibels, in notebook 10."""
import torch

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    number_called,
)
from gan_course.lessons.exercises._translators import (
    is_table,
    pictures,
)


def psnr(a, b):
    """Decibels between two batches of pictures in [-1, 1], the squared error averaged over
    everything; infinite if they are equal.
    """
    mse = (a - b).square().mean()
    return (10 * torch.log10(2**2 / mse)).item()


def decibels(of_error, error=lambda d: d.square().mean()):
    return lambda a, b: of_error(error(a - b))


def each(a, b):
    return (10 * torch.log10(4 / (a - b).square().mean(dim=(1, 2, 3)))).mean()


PSNR_MISTAKES = (
    Mistake("vector", "It gives a number for each picture or pixel. Here the squared error of all "
            "of them is averaged first.",
            when=lambda seen: is_table({"the loss": seen.get("the PSNR")})),
    Mistake("peak_one", "The largest difference is taken to be 1. From black to white our pictures "
            "go from -1 to 1.",
            like=decibels(lambda mse: 10 * torch.log10(1 / mse))),
    Mistake("peak_not_squared", "The error is squared, and the largest difference is not.",
            like=decibels(lambda mse: 10 * torch.log10(2 / mse))),
    Mistake("bytes", "The largest difference is taken to be 255: that is for pictures in bytes.",
            like=decibels(lambda mse: 10 * torch.log10(255**2 / mse))),
    Mistake("natural", "That is the natural logarithm. Decibels count in powers of ten.",
            like=decibels(lambda mse: 10 * torch.log(4 / mse))),
    Mistake("twenty", "20 log10 belongs to an error that is not squared: here it counts twice.",
            like=decibels(lambda mse: 20 * torch.log10(4 / mse))),
    Mistake("no_ten", "Those are bels. A decibel is a tenth of one.",
            like=decibels(lambda mse: torch.log10(4 / mse))),
    Mistake("root", "The root of the squared error is taken, but not that of the largest "
            "difference's square.",
            like=decibels(lambda mse: 10 * torch.log10(4 / mse.sqrt()))),
    Mistake("absolute", "It averages the absolute error. PSNR is about the squared one.",
            like=decibels(lambda error: 10 * torch.log10(4 / error), lambda d: d.abs().mean())),
    Mistake("sum", "The squared error is summed over the pixels, not averaged: larger pictures "
            "would look worse.",
            like=decibels(lambda error: 10 * torch.log10(4 / error), lambda d: d.square().sum())),
    Mistake("sign", "Error and peak have changed places: a better picture would get fewer "
            "decibels.",
            like=decibels(lambda mse: 10 * torch.log10(mse / 4))),
    Mistake("each", "It averages the decibels of the single pictures. Then one lucky picture "
            "counts as much as a disaster: average the squared error first.",
            like=each),
)

EQUAL = (
    Mistake("division", "For equal pictures the error is 0, and it divides by it. What should a "
            "perfect copy get?",
            when=lambda seen: "ZeroDivision" in seen.get("the error", "")),
    Mistake("not_infinite", "Equal pictures should get an infinite number of decibels: the error "
            "is 0.",
            when=lambda seen: "the PSNR" in seen),
)


def in_decibels(results, inputs):
    return number_called("the PSNR", results)


def pair(seed):
    """Two batches whose rows are off by different amounts."""
    def inputs():
        a = pictures(seed)
        off = torch.tensor([0.02, 0.3, 0.6], dtype=torch.float64)[:, None, None, None]
        return {"a": a, "b": (a + off * pictures(seed + 1)).clamp(-1, 1)}
    return inputs


EXERCISES = (
    Exercise("10.psnr", psnr,
             (Probe(pair(1), in_decibels, PSNR_MISTAKES),
              Probe(pair(5), in_decibels),
              Probe(lambda: {"a": pictures(1), "b": pictures(1)}, in_decibels, EQUAL)),
             ("First one number for the error: the mean of all squared differences.",
              "The largest possible difference is 2, and its square is to be compared with the "
              "error.",
              "Ten times the logarithm, to base 10, of 4 over the mean squared error. In "
              "PyTorch 4 / 0 is infinite, as it should be here."),
             "Ten decibels more are a tenth of the squared error.",
             frozenset({"truth", "fake"})),
)
