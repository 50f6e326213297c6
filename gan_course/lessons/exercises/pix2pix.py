"""The exercises of notebook 10: what G of pix2pix wants, and how near a picture is to the truth."""

import torch
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called
from gan_course.lessons.exercises._translators import (
    NUMBER,
    VECTOR,
    Line,
    Patches,
    is_table,
    pictures,
    slopes,
    value,
)


def generator_loss(G, D, x, y, weight):
    """-E log D(x, G(x)) + weight E|G(x) - y|, D's logits from x and G(x) as one picture of six
    channels. x, y (N, 3, H, W) -> scalar.
    """
    fake = G(x)
    logits = D(torch.cat([x, fake], dim=1))                         # one for each patch
    return softplus(-logits).mean() + weight * (fake - y).abs().mean()


def psnr(a, b):
    """Decibels between two batches of pictures in [-1, 1], the squared error averaged over
    everything; infinite if they are equal.
    """
    mse = (a - b).square().mean()
    return (10 * torch.log10(2**2 / mse)).item()


# What G wants

def fool(logits):
    return softplus(-logits).mean()


def wants(adv=fool, near=lambda d: d.abs().mean(), seen=lambda x, fake, y: (x, fake),
          truth=lambda x, y: y, add=lambda adv, near, weight: adv + weight * near):
    """G's loss put together: how D's logits cost, how the difference costs, what D is shown, what
    is aimed at, and how they are added.
    """
    def loss(G, D, x, y, weight):
        fake = G(x)
        return add(adv(D(torch.cat(seen(x, fake, y), dim=1))), near(fake - truth(x, y)), weight)
    return loss


GENERATOR_MISTAKES = (
    Mistake("x_missing", "D expects six channels, and got another number. It judges a *pair*: what "
            "we have and what was made of it, one behind the other along the channels.",
            when=lambda seen: "expects 6 channels" in seen.get("the error", "")),
    VECTOR,
    Mistake("order", "D is shown the pair the wrong way round. It has learned that the picture we "
            "have comes first.",
            like=wants(seen=lambda x, fake, y: (fake, x))),
    Mistake("true_pair", "D is shown the true partner, which G has not drawn: it can be fooled by "
            "nothing G does.",
            like=wants(seen=lambda x, fake, y: (x, y))),
    Mistake("beside_y", "D is shown the truth and the forgery side by side. It should see x and "
            "what was made of x; at work there is no y.",
            like=(wants(seen=lambda x, fake, y: (fake, y)),
                  wants(seen=lambda x, fake, y: (y, fake)))),
    Mistake("to_x", "It draws G towards x, the picture that it is meant to change.",
            like=wants(truth=lambda x, y: x)),
    Mistake("d_target", "That is what D wants of forgeries: low logits. G wants the opposite.",
            like=wants(lambda l: softplus(l).mean())),
    Mistake("saturating", "That is the minimax loss of notebook 02: where D is sure, its slope is "
            "nearly 0.",
            like=wants(lambda l: -softplus(l).mean())),
    Mistake("squared", "It squares the differences. Squares punish a wrong bold colour more than "
            "grey between two, and make the pictures blurry; the paper takes absolute values.",
            like=wants(near=lambda d: d.square().mean())),
    Mistake("signed", "Differences above and below 0 cancel. Something has to take their sign away "
            "first.",
            like=wants(near=lambda d: d.mean())),
    Mistake("sum", "The difference is summed over the pixels. Take the mean: then the weight does "
            "not depend on the size of the picture.",
            like=wants(near=lambda d: d.abs().sum())),
    Mistake("no_weight", "The weight is not used.",
            like=wants(add=lambda adv, near, weight: adv + near)),
    Mistake("weight_of_both", "The weight multiplies both terms. It says how much nearness counts "
            "*beside* fooling D.",
            like=wants(add=lambda adv, near, weight: weight * (adv + near))),
    Mistake("weight_of_adv", "The weight is on the wrong term.",
            like=wants(add=lambda adv, near, weight: weight * adv + near)),
    Mistake("no_adv", "D has no say in it: only nearness is left, and G will draw the average of "
            "all it thinks possible.",
            like=wants(add=lambda adv, near, weight: weight * near)),
    Mistake("no_l1", "The pairs are not used: nothing draws G towards the true partner.",
            like=wants(add=lambda adv, near, weight: adv)),
    Mistake("away", "It pays G for being *far* from the truth: one sign is wrong.",
            like=wants(add=lambda adv, near, weight: adv - weight * near)),
)
GENERATOR_SLOPES = (
    NUMBER,
    Mistake("detached", "The number is right, but in one of its terms the fake is cut off from G, "
            "which then does not learn from it. In G's move nothing is detached.",
            like=(wants(seen=lambda x, fake, y: (x, fake.detach())),
                  wants(near=lambda d: d.detach().abs().mean()))),
)


# Decibels

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


def players(seed, n=3):
    return lambda: {"G": Line(0.6, 0.1), "D": Patches(0.3, 1.1, -0.7, 0.9, -0.4, 0.8, 0.2),
                    "x": pictures(seed, n), "y": pictures(seed + 1, n), "weight": 7.0}


EXERCISES = (
    Exercise("10.generator_loss", generator_loss,
             (Probe(players(1), value, GENERATOR_MISTAKES),
              Probe(players(3, 1), value),
              Probe(players(1), slopes, GENERATOR_SLOPES)),
             ("G has two wishes: that D takes the pair for a true one, and to be near the true "
              "partner.",
              "`torch.cat` along dimension 1 puts two pictures behind each other. The logits cost "
              "what they cost in notebook 02, non-saturating.",
              "softplus of minus the logits, mean; plus the weight times the mean absolute "
              "difference of G(x) and y. Call G once."),
             "With weight 0 it is a conditional GAN; without the first term, plain regression.",
             frozenset({"fake", "game"})),
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
