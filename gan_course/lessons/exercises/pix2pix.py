"""The objective of G in notebook 10."""
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
)
from gan_course.lessons.exercises._losses import LOG_OF_LOGITS, WHERE_D_IS_SURE
from gan_course.lessons.exercises._translators import (
    NUMBER,
    VECTOR,
    Patches,
    pictures,
    value,
)


def generator_loss(D, x, fake, y, weight):
    """-E log D(x, fake) + weight E|fake - y|; the pictures are (N, 3, s, s) each -> scalar."""
    logits = D(torch.cat([x, fake], dim=1))                         # one for each patch
    return softplus(-logits).mean() + weight * (fake - y).abs().mean()


def fool(logits):
    return softplus(-logits).mean()


def objective(adv=fool, near=lambda d: d.abs().mean(), seen=lambda x, fake, y: (x, fake),
              truth=lambda x, y: y, add=lambda adv, near, weight: adv + weight * near):
    """G's loss put together: what D's logits cost, what the difference costs, which pair D is
    shown, what is aimed at, and how the two terms are added.
    """
    def loss(D, x, fake, y, weight):
        return add(adv(D(torch.cat(seen(x, fake, y), dim=1))), near(fake - truth(x, y)), weight)
    return loss


X_MISSING = Mistake(
    "x_missing", "D expects six channels, and got another number. It judges a *pair*: `torch.cat` "
    "puts x and its partner behind each other along the channels, dimension 1.",
    when=lambda seen: "expects 6 channels" in seen.get("the error", ""))

GENERATOR_MISTAKES = (
    X_MISSING,
    VECTOR,
    LOG_OF_LOGITS,
    Mistake("order", "D is shown the pair the wrong way round. It has learned that x comes first.",
            like=objective(seen=lambda x, fake, y: (fake, x))),
    Mistake("true_pair", "D is shown the true partner, which G has not drawn. G can change nothing "
            "about the logits of a true pair.",
            like=objective(seen=lambda x, fake, y: (x, y))),
    Mistake("beside_y", "D is shown the truth and the fake side by side. It should see x and "
            "what was made of x; when G is used, there is no y.",
            like=(objective(seen=lambda x, fake, y: (fake, y)),
                  objective(seen=lambda x, fake, y: (y, fake)))),
    Mistake("to_x", "The L1 term compares the fake with x, the input. That teaches G to copy. It "
            "should compare with the target y.",
            like=objective(truth=lambda x, y: x)),
    Mistake("d_target", "That is what D wants of fakes: low logits. G wants the opposite.",
            like=objective(lambda l: softplus(l).mean())),
    Mistake("saturating", "That is the minimax loss of notebook 02: where D is sure, its gradient "
            "is nearly 0.",
            like=objective(lambda l: -softplus(l).mean())),
    Mistake("squared", "It squares the differences. Squares punish a wrong bold colour more than "
            "grey between two, and make the pictures blurry; the paper takes absolute values.",
            like=objective(near=lambda d: d.square().mean())),
    Mistake("signed", "Differences above and below 0 cancel. Something has to take their sign away "
            "first.",
            like=objective(near=lambda d: d.mean())),
    Mistake("sum", "The difference is summed over the pixels. Take the mean: then the weight does "
            "not depend on the size of the picture.",
            like=objective(near=lambda d: d.abs().sum())),
    Mistake("no_weight", "The weight is not used.",
            like=objective(add=lambda adv, near, weight: adv + near)),
    Mistake("weight_of_both", "The weight multiplies both terms. It says how much nearness counts "
            "*beside* fooling D.",
            like=objective(add=lambda adv, near, weight: weight * (adv + near))),
    Mistake("weight_of_adv", "The weight is on the wrong term: lambda multiplies the L1 term.",
            like=objective(add=lambda adv, near, weight: weight * adv + near)),
    Mistake("no_adv", "D has no say in it: only the L1 term is left, and G will draw a cautious "
            "average of all it thinks possible.",
            like=objective(add=lambda adv, near, weight: weight * near)),
    Mistake("no_l1", "The L1 term is missing: nothing draws G towards the true partner.",
            like=objective(add=lambda adv, near, weight: adv)),
    Mistake("away", "It rewards G for being *far* from the truth: one sign is wrong.",
            like=objective(add=lambda adv, near, weight: adv - weight * near)),
)

GENERATOR_GRADIENTS = (
    NUMBER,
    Mistake("detached", "The number is right, but in one of its terms the fake is cut off from G, "
            "which then does not learn from it. In G's loss nothing is detached.",
            like=(objective(seen=lambda x, fake, y: (x, fake.detach())),
                  objective(near=lambda d: d.detach().abs().mean()))),
)


def gradients(results: list, inputs: dict) -> Seen:
    """The gradient of the loss with respect to the fake and to D's parameters."""
    to = {"the fake": inputs["fake"], "D": inputs["D"].numbers}
    seen = {}
    for result in results:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return {f"the slope for {name}": "missing" for name in to}
        found = torch.autograd.grad(result.sum(), list(to.values()), allow_unused=True)
        seen = {f"the slope for {name}": "missing" if slope is None else as_number(slope)
                for name, slope in zip(to, found, strict=True)}
    return seen


def judged(seed, n=3):
    """D, a pair and a fake, as G's loss finds them."""
    return lambda: {"D": Patches(0.3, 1.1, -0.7, 0.9, -0.4, 0.8, 0.2), "x": pictures(seed, n),
                    "fake": pictures(seed + 2, n).requires_grad_(True), "y": pictures(seed + 1, n),
                    "weight": 7.0}


def judged_by_a_sure_one():
    """The same for a D that gives logits of some thousands."""
    return judged(1)() | {"D": Patches(300.0, 1100.0, -700.0, 900.0, -400.0, 800.0, 200.0)}


EXERCISES = (
    Exercise("10.generator_loss", generator_loss,
             (Probe(judged(1), value, GENERATOR_MISTAKES),
              Probe(judged(3, 1), value),
              Probe(judged_by_a_sure_one, value, WHERE_D_IS_SURE),
              Probe(judged(1), gradients, GENERATOR_GRADIENTS)),
             ("G has two objectives: that D takes the pair for a true one, and to be near the true "
              "partner.",
              "`torch.cat` along dimension 1 puts two pictures behind each other. The logits cost "
              "what they cost in notebook 03, non-saturating.",
              "softplus of minus the logits, mean; plus the weight times the mean absolute "
              "difference of the fake and y."),
             "With weight 0 it is a conditional GAN; without the first term, plain regression.",
             frozenset({"game", "batch"})),
)
