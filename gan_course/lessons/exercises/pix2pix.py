"""The losses of notebook 10: the objective of G, one iteration of training, and decibels."""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course.lessons.exercises import _loops
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._translators import (
    NUMBER,
    VECTOR,
    Line,
    Patches,
    is_table,
    pictures,
    value,
)


def generator_loss(D, x, fake, y, weight):
    """-E log D(x, fake) + weight E|fake - y|; the pictures are (N, 3, s, s) each -> scalar."""
    logits = D(torch.cat([x, fake], dim=1))                         # one for each patch
    return softplus(-logits).mean() + weight * (fake - y).abs().mean()


def training_step(G, D, optimizer_G, optimizer_D, x, y, weight):
    """One iteration on the pairs x, y: D moves, then G. Returns D's loss and G's loss."""
    fake = G(x)
    real_logits = D(torch.cat([x, y], dim=1))
    fake_logits = D(torch.cat([x, fake.detach()], dim=1))
    loss_D = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    loss_G = generator_loss(D, x, fake, y, weight)
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


def psnr(a, b):
    """Decibels between two batches of pictures in [-1, 1], the squared error averaged over
    everything; infinite if they are equal.
    """
    mse = (a - b).square().mean()
    return (10 * torch.log10(2**2 / mse)).item()


# The objective of G

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


# One iteration

def scene() -> dict:
    """G, D, their optimizers and a mini-batch of pairs, as they are before each iteration."""
    G, D = Line(0.6, 0.1), Patches(0.3, 1.1, -0.7, 0.9, -0.4, 0.8, 0.2)
    G.log = log = []
    for net in (G, D):
        net.numbers.grad = torch.full_like(net.numbers, _loops.LEFT_OVER)
        net.before = parameters_to_vector(net.parameters()).detach().clone()
        net.reached = reached = []
        net.numbers.register_hook(lambda _, to=reached: to.append(len(log)))
    return {"G": G, "D": D, "optimizer_G": _loops.Optimizer("G", G, log),
            "optimizer_D": _loops.Optimizer("D", D, log), "x": pictures(1), "y": pictures(2),
            "weight": 7.0}


def names(inputs: dict) -> dict:
    """What the step finds under the name of the exercise before."""
    return {"generator_loss": generator_loss}


def stepped(*, true: Callable = lambda x, y, fake: (x, y),
            drawn: Callable = lambda x, y, fake: (x, fake),
            loss_D: Callable = lambda r, f: _loops.real(r) + _loops.fake(f),
            loss_G: Callable = generator_loss, zero_D: bool = True, zero_G: bool = True,
            zero_between: str = "", detach: bool = True) -> Callable:
    """An iteration that is right but for what is changed; without `detach` it draws twice."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y, weight):
        made = G(x).detach() if detach else G(x)
        value_D = loss_D(D(torch.cat(true(x, y, made), dim=1)),
                         D(torch.cat(drawn(x, y, made), dim=1)))
        if zero_D:
            optimizer_D.zero_grad()
        value_D.backward()
        if "D" in zero_between:
            optimizer_D.zero_grad()
        optimizer_D.step()
        value_G = loss_G(D, x, G(x), y, weight)
        if zero_G:
            optimizer_G.zero_grad()
        value_G.backward()
        if "G" in zero_between:
            optimizer_G.zero_grad()
        optimizer_G.step()
        return value_D.item(), value_G.item()
    return training_step


def both_losses_first(G, D, optimizer_G, optimizer_D, x, y, weight):
    """G's loss is computed by the D that has not moved yet."""
    fake = G(x)
    true, drawn = (D(torch.cat([x, each], dim=1)) for each in (y, fake.detach()))
    value_D = _loops.real(true) + _loops.fake(drawn)
    value_G = generator_loss(D, x, fake, y, weight)
    for optimizer, loss in ((optimizer_D, value_D), (optimizer_G, value_G)):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return value_D.item(), value_G.item()


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    right = _loops.round_played([stepped()(*inputs.values())], inputs)
    return all(torch.allclose(seen[name], right[name], rtol=1e-4, atol=1e-6)
               for name in ("how G moved", "how D moved"))


OF_ANY_ROUND = tuple(mistake for mistake in _loops.OF_A_ROUND
                     if mistake.when and mistake.id != "losses_swapped")
"""Those that are recognised by what happened, whatever the networks are."""
STEP_MISTAKES = (
    X_MISSING,
    Mistake("no_detach", "The fake in D's loss is not detached: D's backward pass went on through "
            "G and used its graph up, and G's own backward pass needs it. For D the fakes are "
            "plain data, `fake.detach()`.",
            when=lambda seen: "backward through the graph a second time"
            in seen.get("the error", "")),
    Mistake("old_logits", "G's loss was computed before D's step and goes back through D after "
            "it, when D has already changed. First finish D's move (loss, zero_grad, backward, "
            "step), then ask D again for G's loss.",
            when=lambda seen: "modified by an inplace operation" in seen.get("the error", ""),
            like=both_losses_first),
    *OF_ANY_ROUND,
    Mistake("zero_between", "Gradients are wiped out between the backward pass and the step, so "
            "the step has nothing to act on. `zero_grad` comes before `backward`.",
            like=tuple(stepped(zero_between=players) for players in ("D", "G", "DG"))),
    Mistake("zero_forgotten_both", "Neither player's old gradients are wiped out. PyTorch adds "
            "each backward pass to what is there: call `zero_grad()` before both of them.",
            like=stepped(zero_D=False, zero_G=False)),
    Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass. G's "
            "move has left gradients in D too, since it goes through D, so D would also learn what "
            "G wants.", like=stepped(zero_D=False)),
    Mistake("zero_forgotten_G", "G's old gradients are not wiped out before its backward pass: "
            "each step would be taken along the sum of all earlier ones.",
            like=stepped(zero_G=False)),
    Mistake("labels", "D's labels are swapped: it learns to take fakes for real and real pairs "
            "for fakes.", like=stepped(loss_D=lambda r, f: _loops.fake(r) + _loops.real(f))),
    Mistake("order", "D is shown a pair the wrong way round. x comes first, in true pairs, in "
            "drawn ones, and in G's loss.",
            like=(stepped(true=lambda x, y, fake: (y, x)),
                  stepped(drawn=lambda x, y, fake: (fake, x)),
                  stepped(true=lambda x, y, fake: (y, x), drawn=lambda x, y, fake: (fake, x)))),
    Mistake("beside_y", "D's fakes are shown beside y instead of x. D would compare them with the "
            "truth, which nobody has when G is used. A drawn pair is (x, fake).",
            like=(stepped(drawn=lambda x, y, fake: (y, fake)),
                  stepped(drawn=lambda x, y, fake: (fake, y)))),
    Mistake("half_pairs", "D's real example is not a true pair. It is x beside its partner y.",
            like=(stepped(true=lambda x, y, fake: (x, x)), stepped(true=lambda x, y, fake: (y, y)),
                  stepped(true=lambda x, y, fake: (x, fake),
                          drawn=lambda x, y, fake: (x, fake)))),
    Mistake("arguments_mixed", "The arguments of `generator_loss` come in another order than "
            "agreed: `generator_loss(D, x, fake, y, weight)`.",
            like=tuple(stepped(loss_G=lambda D, x, fake, y, weight, order=order: generator_loss(
                D, *((x, fake, y)[place] for place in order), weight))
                for order in ((0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)))),
    Mistake("weight_of_adv", "The weight is on the wrong term: lambda multiplies the L1 term.",
            like=stepped(loss_G=objective(add=lambda adv, near, weight: weight * adv + near))),
    Mistake("no_l1", "G's loss has no L1 term: nothing draws it towards the true partner.",
            like=stepped(loss_G=objective(add=lambda adv, near, weight: adv))),
    Mistake("no_adv", "G's loss is the L1 term alone, so D has no say. `generator_loss` has both.",
            like=(stepped(loss_G=objective(add=lambda adv, near, weight: near)),
                  stepped(loss_G=objective(add=lambda adv, near, weight: weight * near)))),
    Mistake("detached", "In G's move the fake is cut off from G, so the adversarial term does not "
            "reach it. Only D's move sees `fake.detach()`.",
            like=stepped(loss_G=objective(seen=lambda x, fake, y: (x, fake.detach())))),
    Mistake("wrong_player", "G minimises D's loss on the fakes, so it learns to be caught. G wants "
            "D to take its fakes for real.",
            like=stepped(loss_G=objective(lambda logits: softplus(logits).mean()))),
    Mistake("half", "D's loss is the mean of its two terms; asked is their sum. It trains as well, "
            "and the paper does so, but the chance level 1.386 of the plots is that of the sum.",
            like=stepped(loss_D=lambda r, f: (_loops.real(r) + _loops.fake(f)) / 2)),
    Mistake("sigmoid_twice", "D's logits go through a sigmoid, and then into a loss of logits, "
            "which takes the sigmoid itself. With two of them D can never be sure.",
            like=stepped(loss_D=lambda r, f: _loops.real(r.sigmoid()) + _loops.fake(f.sigmoid()))),
    Mistake("losses_swapped", "The moves are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
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


EXERCISES = (
    Exercise("10.generator_loss", generator_loss,
             (Probe(judged(1), value, GENERATOR_MISTAKES),
              Probe(judged(3, 1), value),
              Probe(judged(1), gradients, GENERATOR_GRADIENTS)),
             ("G has two objectives: that D takes the pair for a true one, and to be near the true "
              "partner.",
              "`torch.cat` along dimension 1 puts two pictures behind each other. The logits cost "
              "what they cost in notebook 03, non-saturating.",
              "softplus of minus the logits, mean; plus the weight times the mean absolute "
              "difference of the fake and y."),
             "With weight 0 it is a conditional GAN; without the first term, plain regression.",
             frozenset({"game", "batch"})),
    Exercise("10.training_step", training_step,
             (Probe(scene, _loops.round_played, STEP_MISTAKES, names),),
             ("Two moves, as in notebook 03. New is that D sees pairs, and that one `fake = G(x)` "
              "serves both moves.",
              "D's move: the logits of (x, y) and of (x, fake.detach()), joined along dimension 1; "
              "the loss, zero_grad, backward, step.",
              "G's move: `generator_loss(D, x, fake, y, weight)`, this time with the fake that "
              "still has its graph, then zero_grad, backward and step of G's optimizer."),
             "One drawing serves both moves, and D is asked three times.",
             frozenset({"batch", "stream", "pairs", "game"}), remarks=(_loops.NO_DETACH,)),
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
