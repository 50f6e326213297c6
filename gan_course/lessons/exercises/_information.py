"""The two halves of Q's loss, how to look at them, and what goes wrong with them: for the exercises
of notebook 09.
"""
import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss, nll_loss
from torch.special import xlogy

from gan_course.lessons.exercises._checking import Mistake, Probe, Seen, as_number, number_called

# the cross entropy of the category

def index(category):
    return category.argmax(dim=1)


def cost(logits, category):
    """What each row pays: (N,)."""
    return -(category * logits.log_softmax(dim=1)).sum(dim=1)


LOSS_MISTAKES = (
    Mistake("backward_inside", "A loss function only computes a number. Calling `backward` is the "
            "training loop's affair.",
            like=lambda logits, c, y: cost(logits, c).mean().backward()),
    Mistake("vector", "There is still one number for each row, or for each cell. A loss is one "
            "number for the whole batch: a mean over its rows.",
            when=lambda seen: isinstance(seen.get("the value"), Tensor)
                              and seen["the value"].dim() > 0),
    Mistake("labels", "Q is asked for y, the labels of the real batch. They belong to other "
            "pictures, and InfoGAN may not see them at all: what was G told when it drew the "
            "pictures that Q looks at?",
            like=(lambda logits, c, y: cross_entropy(logits, y),
                  lambda logits, c, y: nll_loss(logits.softmax(dim=1).log(), y))),
    Mistake("softmax_twice", "`cross_entropy` has the softmax inside, and the logits have been "
            "through one already. Twice is once too often: the loss can then never come near 0. "
            "Which of the two goes?",
            like=(lambda logits, c, y: cost(logits.softmax(dim=1), c).mean(),
                  lambda logits, c, y: cost(logits.sigmoid(), c).mean())),
    Mistake("softmax_forgotten", "The logits are taken for probabilities, or for their logarithms. "
            "They can be any numbers: what makes a row of them chances that sum to 1?",
            like=(lambda logits, c, y: -(c * logits).sum(dim=1).mean(),
                  lambda logits, c, y: -(c * logits.log()).sum(dim=1).mean(),
                  lambda logits, c, y: -xlogy(c, logits).sum(dim=1).mean())),
    Mistake("no_log", "It takes Q's chance for the right category without its logarithm. The "
            "logarithm is what makes being sure and wrong so expensive, and what makes it a bound "
            "on the information.",
            like=(lambda logits, c, y: -(c * logits.softmax(dim=1)).sum(dim=1).mean(),
                  lambda logits, c, y: 1 - (c * logits.softmax(dim=1)).sum(dim=1).mean())),
    Mistake("wrong_dim", "The softmax runs down the batch, so the pictures compete with each "
            "other. It is the categories that compete, inside each row: which dimension is that?",
            like=lambda logits, c, y: -(c * logits.log_softmax(dim=0)).sum(dim=1).mean()),
    Mistake("squared", "It measures squared distances between chances and code. The bound on the "
            "information has the logarithm of the chance that Q gives to the true category.",
            like=(lambda logits, c, y: mse_loss(logits.softmax(dim=1), c),
                  lambda logits, c, y: mse_loss(logits, c),
                  lambda logits, c, y: (logits.softmax(dim=1) - c).square().sum(dim=1).mean(),
                  lambda logits, c, y: (logits - c).square().sum(dim=1).mean())),
    Mistake("binary", "It asks ten separate yes-or-no questions. The code is *one* choice among K "
            "categories, so one softmax has to share out one certainty among them.",
            like=(lambda logits, c, y: binary_cross_entropy_with_logits(logits, c),
                  lambda logits, c, y: K_of(logits)
                                          * binary_cross_entropy_with_logits(logits, c))),
    Mistake("mean_over_kinds", "It averages over the categories too, so it is K times too "
            "small, and lambda would mean something else for each K. A row has only one true "
            "category: its terms are added up.",
            like=lambda logits, c, y: cost(logits, c).mean() / K_of(logits)),
    Mistake("sum", "It adds up over the batch, so twice the batch costs twice as much. The E in "
            "the formula is a mean.",
            like=lambda logits, c, y: cost(logits, c).sum()),
    Mistake("log_of_mean", "It averages the chances first and takes the logarithm afterwards. The "
            "formula averages logarithms: each picture pays for itself.",
            like=lambda logits, c, y: -(c * logits.softmax(dim=1)).sum(dim=1).mean().log()),
    Mistake("sign", "Its size is right, its sign is not. Code minimises, and minimising this would "
            "teach G to *hide* the code. Which way should the number go as Q guesses better?",
            like=lambda logits, c, y: -cost(logits, c).mean()),
    Mistake("bound", "That is the bound itself, with H(c) in it and the sign of something to be "
            "made large. Asked for is the part that Q can move, as a cost: at a Q that knows "
            "everything it is 0.",
            like=(lambda logits, c, y: math.log(K_of(logits)) - cost(logits, c).mean(),
                  lambda logits, c, y: cost(logits, c).mean() - math.log(K_of(logits)))),
    Mistake("entropy", "It asks how unsure Q is, and never whether it is right: the code that G "
            "was given does not come in. A Q that always says the same, and is sure, would pay "
            "nothing.",
            like=lambda logits, c, y: -(logits.softmax(dim=1)
                                           * logits.log_softmax(dim=1)).sum(dim=1).mean()),
    Mistake("hits", "It counts how often Q's first choice is right. A count does not change when Q "
            "becomes a little better, so it has no slope to learn from.",
            like=(lambda logits, c, y: (logits.argmax(dim=1) == index(c)).double().mean(),
                  lambda logits, c, y: (logits.argmax(dim=1) != index(c)).double().mean())),
)
LOSS_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, which does not remember "
            "where it came from. `backward` would have nothing to follow.",
            when=lambda seen: seen.get("the gradient") == "missing: not a tensor"),
    Mistake("detached", "The value is right, but no gradient flows back from it, so neither Q nor "
            "G would learn. Something in it cuts the logits loose from their history.",
            when=lambda seen: seen.get("the gradient") == "missing"),
)
LOSS_EXTREMES = (
    Mistake("unstable", "The formula is right, but at logits of ±1000 it gives infinity or NaN: a "
            "chance has rounded to 0 before the logarithm sees it. `log_softmax` does both in one, "
            "without rounding.",
            when=lambda seen: isinstance(seen.get("the value"), Tensor)
                              and not seen["the value"].isfinite()),
    Mistake("clamped", "The formula is right for ordinary logits, but at ±1000 it stops growing: "
            "an epsilon or a clamp hides that a chance has rounded to 0. A form on logits needs "
            "none.",
            when=lambda seen: True),
)


def K_of(logits):
    return logits.shape[1]


def guesses(scale=1.0, shift=0.0, gradient=False):
    """Logits of five pictures for four categories, between 0 and 1 unless scaled, so that a
    forgotten softmax gives a number too.
    """
    def inputs():
        logits = scale * (torch.tensor([[0.9, 0.2, 0.4, 0.1], [0.3, 0.8, 0.6, 0.2],
                                        [0.2, 0.7, 0.1, 0.5], [0.4, 0.3, 0.5, 0.9],
                                        [0.6, 0.1, 0.3, 0.35]]) - shift)
        category = torch.eye(4)[[0, 2, 1, 3, 0]]
        return {"logits": logits.requires_grad_(gradient), "category": category,
                "y": torch.tensor([1, 1, 3, 0, 2])}
    return inputs


def value(results, inputs):
    return number_called("the value", results)


def slope(results, inputs) -> Seen:
    """The gradient for the first of the inputs that wants one."""
    wanting = [each for each in inputs.values() if isinstance(each, Tensor) and each.requires_grad]
    for result in results:
        if not isinstance(result, Tensor):
            return {"the gradient": "missing: not a tensor"}
        if not result.requires_grad:
            return {"the gradient": "missing"}
        found = torch.autograd.grad(result.sum(), wanting, allow_unused=True)
        return {f"the gradient{place or ''}": "missing" if each is None else as_number(each)
                for place, each in enumerate(found)}
    return {}


# the Gaussian

HALF_LOG = math.log(2 * math.pi) / 2


def nll(*, square=lambda d: d.square() / 2, log_sd=lambda s: s, constant=HALF_LOG, sd=torch.exp,
        gather=lambda terms: terms.sum(dim=1).mean()):
    """The Gaussian cost with its parts to be changed."""
    return lambda mean, s, value: gather(square((value - mean) / sd(s)) + log_sd(s) + constant
                                         + 0 * mean)


def density(mean, s, value):
    """The Gaussian density of each row."""
    return (-nll(gather=lambda terms: terms.sum(dim=1))(mean, s, value)).exp()


def alone(gather, power=torch.square):
    """Without any deviation: a distance."""
    return lambda mean, s, value: gather(power(value - mean))


NLL_MISTAKES = (
    Mistake("vector", "There is still one number for each row or each cell. A loss is one number "
            "for the whole batch.",
            when=lambda seen: isinstance(seen.get("the value"), Tensor)
                              and seen["the value"].dim() > 0),
    Mistake("squared_error", "That is a squared error, with a scale of its own: nothing says how "
            "much a miss of 0.1 should cost. The Gaussian says it, through sd, and sd is learned.",
            like=(alone(torch.mean), alone(torch.sum), alone(lambda t: t.sum(dim=1).mean()),
                  alone(lambda t: t.sum(dim=1).mean() / 2), alone(torch.mean, torch.abs),
                  alone(lambda t: t.mean() / 2))),
    Mistake("no_log_sd", "The term log sd is missing. Then a huge sd makes every miss cheap and "
            "costs nothing: Q would call itself clueless and be content.",
            like=(nll(log_sd=lambda s: 0), nll(log_sd=lambda s: 0, constant=0))),
    Mistake("constant", "The constant log(2 pi) / 2 is missing, or does not come once for each "
            "number. No gradient changes, but the result is no longer a number of nats that can be "
            "compared with H(c).",
            like=(nll(constant=0), nll(constant=2 * HALF_LOG),
                  lambda mean, s, value: nll(constant=0)(mean, s, value) + HALF_LOG)),
    Mistake("variance", "It takes exp(log_sd) for a variance. It is the standard deviation: the "
            "miss is divided by it first, and squared afterwards.",
            like=(nll(sd=lambda s: (s / 2).exp()),
                  nll(sd=lambda s: (s / 2).exp(), log_sd=lambda s: s / 2),
                  nll(log_sd=lambda s: s / 2), nll(log_sd=lambda s: 2 * s))),
    Mistake("log_as_sd", "It divides by log sd. That is a logarithm, and may even be negative; the "
            "standard deviation is its exponential.",
            like=(nll(sd=lambda s: s), nll(sd=lambda s: s, log_sd=torch.log),
                  nll(sd=lambda s: s, log_sd=lambda s: s.abs().log()))),
    Mistake("turned_round", "It multiplies by the standard deviation. The surer Q is, the more a "
            "miss should cost.",
            like=nll(sd=lambda s: (-s).exp())),
    Mistake("no_half", "The square is not halved. Then the best sd is no longer the size of the "
            "misses, but 1.41 times that.",
            like=nll(square=torch.square)),
    Mistake("mean_over_numbers", "It averages over the numbers of a row as well. The probability "
            "of a row is the product over its numbers, so its logarithm is their sum.",
            like=nll(gather=torch.mean)),
    Mistake("sum", "It adds up over the batch, so twice the batch costs twice as much. The E in "
            "the formula is a mean.",
            like=nll(gather=torch.sum)),
    Mistake("likelihood", "It averages the densities themselves, or takes the logarithm after "
            "averaging. The formula averages logarithms.",
            like=(lambda *given: density(*given).mean(), lambda *given: -density(*given).mean(),
                  lambda *given: -density(*given).mean().log())),
    Mistake("library", "PyTorch's own loss leaves the constant out and averages over the numbers "
            "unless told otherwise (`full=True`, `reduction`), and it wants the variance. As it "
            "stands it is another number.",
            like=(nll(constant=0, gather=torch.mean),
                  nll(sd=lambda s: (s / 2).exp(), log_sd=lambda s: s / 2, constant=0,
                      gather=torch.mean),
                  nll(sd=lambda s: (s / 2).exp(), log_sd=lambda s: s / 2, gather=torch.mean))),
    Mistake("sign", "Its sign is turned round: that is the log-likelihood, which wants to be "
            "large. Code minimises.",
            like=lambda *given: -nll()(*given)),
)
NLL_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and `backward` would "
            "have nothing to follow.",
            when=lambda seen: seen.get("the gradient") == "missing: not a tensor"),
    Mistake("detached", "The value is right, but no gradient reaches the mean, or none reaches "
            "log_sd: Q has to learn both, what it reads and how sure it may be.",
            when=lambda seen: "missing" in (seen.get("the gradient"), seen.get("the gradient1"))),
)


def readings(number, rows=5, d=3, gradient=False):
    """What Q read, how sure it is of each number, and the truth."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        mean, truth = torch.randn(rows, d,
                                  generator=draw), 2 * torch.rand(rows, d, generator=draw) - 1
        log_sd = torch.linspace(-0.9, 0.4, d)
        return {"mean": mean.requires_grad_(gradient), "log_sd": log_sd.requires_grad_(gradient),
                "value": truth}
    return inputs


def of_the_kind() -> tuple[Probe, ...]:
    """How to look at a cross entropy: its value, its gradient, then logits of ±1000."""
    return (Probe(guesses(), value, LOSS_MISTAKES), Probe(guesses(8.0, 0.5), value, LOSS_MISTAKES),
            Probe(guesses(gradient=True),
                  slope,
                  LOSS_GRADIENT), Probe(guesses(2000.0, 0.5), value, LOSS_EXTREMES))


def of_the_numbers() -> tuple[Probe, ...]:
    """How to look at a Gaussian cost: its value, and its gradients for the mean and for log sd."""
    return (Probe(readings(1), value, NLL_MISTAKES), Probe(readings(2, 4, 2), value, NLL_MISTAKES),
            Probe(readings(3, gradient=True), slope, NLL_GRADIENT))
