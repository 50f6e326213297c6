"""The exercises of notebook 12 on the two losses of SRGAN."""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._losses import LOG_OF_LOGITS, WHERE_D_IS_SURE
from gan_course.lessons.exercises._translators import NUMBER, VECTOR, Patches, pictures, value


def content_loss(fake, y):
    """E|fake - y|^2 over all pixels; images (N, C, H, W) -> scalar."""
    return (fake - y).square().mean()


def adversarial_loss(D, fake):
    """-E log D(fake), where D gives logits; images (N, C, H, W) -> scalar."""
    return softplus(-D(fake)).mean()


def slope_for_fake(results: list, inputs: dict) -> Seen:
    """The gradient of the loss with respect to the fake, or that there is none."""
    seen = {}
    for result in results:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return {"the slope for the fake": "missing"}
        slope, = torch.autograd.grad(result.sum(), inputs["fake"], allow_unused=True)
        seen = {"the slope for the fake": "cut off" if slope is None else as_number(slope)}
    return seen


def two_images(seed: int, n: int = 3) -> Callable:
    return lambda: {"fake": pictures(seed, n).requires_grad_(True), "y": pictures(seed + 1, n)}


def judged(seed: int, n: int = 3) -> Callable:
    return lambda: {"D": Patches(0.9, 1.4, -0.7, 0.4),
                    "fake": pictures(seed, n).requires_grad_(True)}


def apart(of_difference: Callable) -> Callable:
    return lambda fake, y: of_difference(fake - y)


def asked(of_logits: Callable) -> Callable:
    return lambda D, fake: of_logits(D(fake))


CONTENT_MISTAKES = (
    VECTOR,
    Mistake("absolute", "It takes absolute values. Asked are the squares of the "
            "differences.", like=apart(lambda d: d.abs().mean())),
    Mistake("signed", "Differences above and below 0 cancel. Square them first.",
            like=(apart(lambda d: d.mean()), apart(lambda d: d.mean().square()),
                  apart(lambda d: -d.mean()))),
    Mistake("sum", "The squares are summed. Take their mean over all pixels, channels and images.",
            like=apart(lambda d: d.square().sum())),
    Mistake("per_image", "The squares are summed within each image. Take the mean of all of them.",
            like=apart(lambda d: d.square().flatten(1).sum(1).mean())),
    Mistake("root", "It takes the root of the mean. Leave the squared error as it is.",
            like=apart(lambda d: d.square().mean().sqrt())),
    Mistake("half", "It is half of what is asked.", like=apart(lambda d: d.square().mean() / 2)),
)
ADVERSARIAL_MISTAKES = (
    VECTOR,
    Mistake("d_target", "That is what D wants of fakes: low logits. G wants the opposite.",
            like=asked(lambda l: softplus(l).mean())),
    Mistake("saturating", "That is the minimax loss of notebook 02: where D is sure, its gradient "
            "is nearly 0.", like=asked(lambda l: -softplus(l).mean())),
    Mistake("critic", "That is the loss of a critic, as in notebook 05. Here D gives the logit of "
            "a probability, and the loss is its negative logarithm.",
            like=(asked(lambda l: -l.mean()), asked(lambda l: l.mean()))),
    Mistake("no_logarithm", "That is a probability and not its logarithm.",
            like=(asked(lambda l: -l.sigmoid().mean()), asked(lambda l: 1 - l.sigmoid().mean()))),
    LOG_OF_LOGITS,
    Mistake("weighted", "The weight comes in the training step. Here the loss stands alone.",
            like=tuple(asked(lambda l, weight=weight: weight * softplus(-l).mean())
                       for weight in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3))),
    Mistake("sigmoid_twice", "D's logits go through a sigmoid, and then into a loss of logits, "
            "which takes the sigmoid itself.", like=asked(lambda l: softplus(-l.sigmoid()).mean())),
    Mistake("sum", "It is summed. Take the mean over all logits.",
            like=asked(lambda l: softplus(-l).sum())),
)

def judged_by_a_sure_one() -> dict:
    """A D that gives logits of some thousands."""
    return judged(1)() | {"D": Patches(2000.0, 3000.0, -1500.0, 800.0)}


EXERCISES = (
    Exercise("12.content_loss", content_loss,
             (Probe(two_images(1), value, CONTENT_MISTAKES), Probe(two_images(5, 1), value),
              Probe(two_images(1), slope_for_fake, (NUMBER,))),
             ("Pixel by pixel: the difference, its square, and one mean at the end.",
              "`.mean()` without arguments runs over images, channels and pixels at once.",
              "`(fake - y).square().mean()`, or `nn.functional.mse_loss`."),
             "Its best answer is the mean of all images that fit, which need not be one of them."),
    Exercise("12.adversarial_loss", adversarial_loss,
             (Probe(judged(1), value, ADVERSARIAL_MISTAKES), Probe(judged(5, 1), value),
              Probe(judged_by_a_sure_one, value, WHERE_D_IS_SURE),
              Probe(judged(1), slope_for_fake, (
                  Mistake("detached", "The number is right, but the fake is cut off from G, which "
                          "then does not learn from it.",
                          like=lambda D, fake: adversarial_loss(D, fake.detach())), NUMBER))),
             ("It is G's loss of notebook 03, with images that are given.",
              "D gives logits l, and -log sigmoid(l) is softplus(-l).",
              "`softplus(-D(fake)).mean()`."),
             "It does not know y: D asks whether this is *a* real image, not whether it is the "
             "right one."),
)
