"""The exercises of notebook 15: the relativistic pairing loss, the penalty that is R1 on real data
and R2 on fakes, the discriminator without BatchNorm, and the training step.

The scores that the penalty is given come from a critic without kinks, which the tensor x brings
along for the check to look at.
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops, _sandbox
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network
from gan_course.lessons.exercises._penalty import Watching


def pairing_loss(higher, lower):
    """The mean cost of pairs in which the first score should be the higher one."""
    return softplus(lower - higher).mean()


def penalty(scores, x):
    """E[|grad D(x)|^2]: scores (N,) of x (N, ...) -> a scalar that D can be trained with."""
    slope, = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return slope.flatten(1).square().sum(dim=1).mean()


class Discriminator(nn.Module):
    """Images (N, channels, size, size) -> scores (N,), each from its own image alone."""

    def __init__(self, channels, width, size):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, size // 4), nn.Flatten(0))

    def forward(self, x):
        return self.layers(x)


def training_step(G, D, optimizer_G, optimizer_D, x, gamma):
    """D moves, then G. Returns D's loss and G's loss, as plain numbers."""
    x = x.detach().requires_grad_(True)
    fake = G(torch.randn(len(x), G.z_dim, device=x.device)).detach().requires_grad_(True)
    real_scores, fake_scores = D(x), D(fake)
    slopes = penalty(real_scores, x) + penalty(fake_scores, fake)
    loss_D = pairing_loss(real_scores, fake_scores) + gamma / 2 * slopes
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss_G = pairing_loss(D(G(z)), D(x))
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


# The loss

def _scores(higher: list[float], lower: list[float], gradient: bool = False) -> Callable:
    return lambda: {"higher": torch.tensor(higher, requires_grad=gradient),
                    "lower": torch.tensor(lower, requires_grad=gradient)}


ordinary = _scores([0.3, -0.8, 0.6], [0.2, 0.7, -0.45])
learned = _scores([-1.0, 0.5, 2.0], [1.0, -2.0, 0.1], gradient=True)
extreme = _scores([1000.0, -1000.0, 2.0], [-1000.0, 1000.0, 1.0], gradient=True)


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def gradient(results: list, inputs: dict) -> Seen:
    """The gradient that each of the two arguments gets."""
    result = results[0] if results else None
    if not isinstance(result, Tensor):
        return {"the gradient": f"missing: a {type(result).__name__} has none"}
    found = [None] * len(inputs)
    if result.requires_grad:
        found = torch.autograd.grad(result.sum(), list(inputs.values()), allow_unused=True)
    return {f"the gradient for {name}": "missing" if each is None else as_number(each)
            for name, each in zip(inputs, found, strict=True)}


def at_extremes(results: list, inputs: dict) -> Seen:
    return value(results, inputs) | gradient(results, inputs)


OF_THE_LOSS = (
    Mistake("swapped", "The two are swapped: this is small where the *second* score is the higher "
            "one. The first argument is the one that should win.",
            like=lambda higher, lower: softplus(higher - lower).mean()),
    Mistake("sign", "Its size is right, its sign is not: minimising this would teach a player to "
            "lose.", like=lambda higher, lower: -softplus(lower - higher).mean()),
    Mistake("separate", "It judges each score by itself, as the losses of notebook 02 do. Here "
            "only the difference within a pair counts: adding 5 to all scores must change nothing.",
            like=(lambda higher, lower: softplus(-higher).mean() + softplus(lower).mean(),
                  lambda higher, lower: (softplus(-higher).mean() + softplus(lower).mean()) / 2)),
    Mistake("one_side", "Only one of the two arguments counts. A pair has two members.",
            like=(lambda higher, lower: softplus(-higher).mean(),
                  lambda higher, lower: softplus(lower).mean())),
    Mistake("no_log", "It adds up probabilities that the pair is in the wrong order. The formula "
            "takes the logarithm of the probability of the right order.",
            like=(lambda higher, lower: torch.sigmoid(lower - higher).mean(),
                  lambda higher, lower: -torch.sigmoid(higher - lower).mean())),
    Mistake("wasserstein", "It is the plain difference of the scores, as of a Wasserstein GAN's "
            "critic. Around it the softplus is missing, which stops paying once a pair is clearly "
            "in order.", like=lambda higher, lower: (lower - higher).mean()),
    Mistake("sigmoids", "It subtracts probabilities instead of scores. The difference of two raw "
            "scores goes into softplus.",
            like=lambda higher, lower: softplus(lower.sigmoid() - higher.sigmoid()).mean()),
    Mistake("of_means", "It compares the mean of one side with the other side, or with its mean. "
            "That is the relativistic *average* GAN. Here each score has a partner of its own, the "
            "one in the same row.",
            like=(lambda higher, lower: softplus(lower.mean() - higher.mean()),
                  lambda higher, lower: softplus(lower.mean() - higher).mean(),
                  lambda higher, lower: softplus(lower - higher.mean()).mean(),
                  lambda higher, lower: (softplus(lower.mean() - higher).mean()
                                         + softplus(lower - higher.mean()).mean()) / 2)),
    Mistake("all_pairs", "It pairs every score with every other. Each has one partner, the one in "
            "the same row.",
            like=lambda higher, lower: softplus(lower[None] - higher[:, None]).mean()),
    Mistake("sum", "It adds up over the pairs, so a mini-batch twice as large costs twice as much. "
            "The E in the formula is a mean.",
            like=lambda higher, lower: softplus(lower - higher).sum()),
    Mistake("vector", "There is still one number for each pair. The E in the formula has not been "
            "taken.", like=lambda higher, lower: softplus(lower - higher)),
)
OF_ITS_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and `backward` would "
            "have nothing to follow. Give the tensor itself back.",
            when=lambda seen: "the gradient" in seen),
    Mistake("detached", "The value is right, but a gradient is missing: something in it cuts a "
            "score loose from its history. Both members of a pair teach.",
            when=lambda seen: "missing" in [each for each in seen.values()
                                            if isinstance(each, str)]),
)
AT_EXTREMES = (
    Mistake("unstable", "The formula is right, but for scores of ±1000 it gives infinity or NaN, "
            "and one such number ruins a training. `softplus` computes log(1 + e^t) without ever "
            "overflowing.", when=lambda seen: True),
)


# The penalty

def _scene(data_shape: tuple[int, ...]) -> Callable[[], dict]:
    def inputs():
        _sandbox.seed(5)
        critic = Watching(data_shape)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.mul_(2.0)
        x = torch.randn(5, *data_shape).requires_grad_(True)
        x.critic = critic
        return {"scores": critic(x), "x": x}
    return inputs


rows, images = _scene((3,)), _scene((2, 3, 4))


def penalty_seen(results: list, inputs: dict) -> Seen:
    left = any(parameter.grad is not None for parameter in inputs["x"].critic.parameters())
    return number_called("the penalty", results) | {
        "gradients left behind": "some" if left or inputs["x"].grad is not None else "none"}


def critics_gradient(results: list, inputs: dict) -> Seen:
    """The gradient of the penalty by the critic's weights."""
    result, weights = results[0] if results else None, list(inputs["x"].critic.parameters())
    if not isinstance(result, Tensor):
        return {"the gradient": f"missing: a {type(result).__name__} has none"}
    found = [None] * len(weights)
    if result.requires_grad:
        found = torch.autograd.grad(result.sum(), weights, allow_unused=True)
    return {"the critic's gradient": as_number(torch.cat([
        (0 * weight if each is None else each).flatten()
        for weight, each in zip(weights, found, strict=True)]))}


def _of(change: Callable[[Tensor], Tensor],
        gather: Callable[[Tensor], Tensor] = torch.sum) -> Callable:
    """A penalty that is wrong in what it makes of the slopes, or of the scores before."""
    def penalty(scores, x):
        slope, = torch.autograd.grad(gather(scores), x, create_graph=True)
        return change(slope)
    return penalty


def right(slope: Tensor) -> Tensor:
    return slope.flatten(1).square().sum(dim=1).mean()


def lengths(slope: Tensor) -> Tensor:
    return slope.flatten(1).norm(dim=1)


def _said(*words: str) -> Callable[[Seen], bool]:
    return lambda seen: any(word in seen.get("the error", "") for word in words)


OF_THE_PENALTY = (
    Mistake("backward_inside", "It calls `backward`, which leaves gradients behind that nobody "
            "asked for. `torch.autograd.grad` only hands the gradient over.",
            when=lambda seen: seen["gradients left behind"] == "some"),
    Mistake("not_a_scalar", "`autograd.grad` begins at one number, and there are N scores. Each "
            "score depends on its own x alone, so adding them up first loses nothing.",
            when=_said("implicitly created only for scalar")),
    Mistake("tuple", "`autograd.grad` gives back a tuple, even for a single input. Take its first "
            "entry.", when=_said("'tuple' object", "must be Tensor, not tuple")),
    Mistake("mean_of_scores", "It differentiates the mean of the scores, which makes every slope N "
            "times too small, and the penalty N² times. Which way of gathering the scores leaves "
            "each slope as it is?", like=_of(right, torch.mean)),
    Mistake("through_softplus", "It differentiates a loss or a probability instead of the scores. "
            "Then the penalty fades as soon as D is sure, which is when it is needed most. This "
            "bug stood in a public StyleGAN.",
            like=tuple(_of(right, gather) for gather in (
                lambda scores: softplus(-scores).sum(), lambda scores: softplus(scores).sum(),
                lambda scores: scores.sigmoid().sum()))),
    Mistake("one_centred", "It wants slopes of length 1, as WGAN-GP does. R1 and R2 want slopes "
            "to be 0.", like=_of(lambda slope: (lengths(slope) - 1).square().mean())),
    Mistake("not_squared", "It takes the lengths of the slopes. The formula has their squares, "
            "whose pull fades smoothly towards 0.", like=_of(lambda slope: lengths(slope).mean())),
    Mistake("squared_sum", "It adds up the partial derivatives of one x and squares afterwards, so "
            "that they can cancel out. A squared length is a sum of squares.",
            like=_of(lambda slope: slope.flatten(1).sum(dim=1).square().mean())),
    Mistake("squared_mean", "It takes the mean length and squares it. Every x pays for itself: "
            "square first.", like=_of(lambda slope: lengths(slope).mean().square())),
    Mistake("mean_over_numbers", "It averages over the numbers of one x, where the squared length "
            "adds them up. For a picture of 28 x 28 that makes the penalty 784 times too small.",
            like=_of(lambda slope: slope.square().mean())),
    Mistake("sum", "It adds up over the mini-batch, so a batch twice as large punishes twice as "
            "much. Over the numbers of one x it is a sum, over the mini-batch a mean.",
            like=_of(lambda slope: slope.square().sum())),
    Mistake("half", "The factor gamma / 2 belongs to the caller. The penalty itself is the mean "
            "squared length.", like=_of(lambda slope: right(slope) / 2)),
    Mistake("sign", "The sign is turned round: D would be paid for being steep.",
            like=_of(lambda slope: -right(slope))),
    Mistake("vector", "There is still one number for each x. The E in the formula has not been "
            "taken.", like=_of(lambda slope: slope.flatten(1).square().sum(dim=1))),
)
ON_IMAGES = (
    Mistake("of_images", "It is right for rows of numbers. A picture's slope has numbers in "
            "several dimensions, and all of them belong into one squared length: `flatten(1)` "
            "lays them side by side.", when=lambda seen: True),
)
IN_THE_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and D cannot learn from "
            "it. Give the tensor itself back.", when=lambda seen: "the gradient" in seen),
    Mistake("no_create_graph", "The value is right, but nothing flows back from it to D: the "
            "penalty would be shown and never felt. The slope is differentiated once more, so it "
            "has to stay part of the graph.",
            when=lambda seen: not seen["the critic's gradient"].any()),
)


# The step

def scene() -> dict:
    """Both players as of `_loops.scene`, and a gamma."""
    return _loops.scene() | {"gamma": 3.0}


def given(inputs: dict) -> dict:
    """What the step finds in the notebook: the two functions that were written before."""
    return {"pairing_loss": pairing_loss, "penalty": penalty}


def played(*, pair_D: Callable = pairing_loss, pair_G: Callable = lambda f, r: pairing_loss(f, r),
           weights: tuple[float, float] = (0.5, 0.5), fresh: bool = True, zero_D: bool = True,
           zero_G: bool = True) -> Callable:
    """A step that is right but for what is changed; the weights are those of R1 and R2."""
    def training_step(G, D, optimizer_G, optimizer_D, x, gamma):
        x = x.detach().requires_grad_(True)
        noise = torch.randn(len(x), G.z_dim)
        fake = G(noise).detach().requires_grad_(True)
        real_scores, fake_scores = D(x), D(fake)
        slopes = (weights[0] * penalty(real_scores, x)
                  + weights[1] * penalty(fake_scores, fake))
        loss_D = pair_D(real_scores, fake_scores) + gamma * slopes
        if zero_D:
            optimizer_D.zero_grad()
        loss_D.backward()
        optimizer_D.step()
        loss_G = pair_G(D(G(torch.randn(len(x), G.z_dim) if fresh else noise)), D(x))
        if zero_G:
            optimizer_G.zero_grad()
        loss_G.backward()
        optimizer_G.step()
        return loss_D.item(), loss_G.item()
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    _sandbox.seed(1)
    wanted = _loops.round_played([played()(*inputs.values())], inputs)
    return "the error" not in seen and _loops.same_moves(seen, wanted)


OF_THE_STEP = (
    Mistake("not_tracked", "A penalty differentiates by data that PyTorch does not keep track of. "
            "Both x and the detached fakes need `requires_grad_(True)` *before* D reads them.",
            when=_said("One of the differentiated Tensors does not require grad")),
    Mistake("other_data", "A penalty is given scores and data that do not belong together: the "
            "scores have to come from exactly these data.",
            when=_said("appears to not have been used")),
    *_loops.OF_ANY_ROUND,
    Mistake("zero_forgotten_both", "Neither player's old gradients are wiped out. PyTorch adds "
            "each backward pass to what is there: call `zero_grad()` before both of them.",
            like=played(zero_D=False, zero_G=False)),
    Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass. G's "
            "step has left gradients in D too.", like=played(zero_D=False)),
    Mistake("zero_forgotten_G", "G's old gradients are not wiped out before its backward pass.",
            like=played(zero_G=False)),
    Mistake("same_z", "Both steps use the same z. Here each step draws noise of its own.",
            like=played(fresh=False)),
    Mistake("no_half", "The penalties weigh twice as much as asked: the factor is gamma / 2.",
            like=played(weights=(1, 1))),
    Mistake("no_gamma", "The penalties have no weight of their own: the argument gamma is not "
            "used. The factor is gamma / 2.", like=(played(weights=(1 / 3, 1 / 3)),
                                                    played(weights=(1 / 6, 1 / 6)))),
    Mistake("no_penalty", "D has no penalty. Without one nothing bounds its slopes.",
            like=played(weights=(0, 0))),
    Mistake("R1_only", "Only the real data have a penalty. R2 is the same for the fakes.",
            like=played(weights=(0.5, 0))),
    Mistake("R2_only", "Only the fakes have a penalty. R1 is the same for the real data.",
            like=played(weights=(0, 0.5))),
    Mistake("subtracted", "The penalties are subtracted, so D is paid for being steep.",
            like=played(weights=(-0.5, -0.5))),
    Mistake("D_swapped", "D learns to score fakes higher than real data. In its loss the real "
            "scores come first.", like=played(pair_D=lambda r, f: pairing_loss(f, r))),
    Mistake("wrong_player", "G minimises D's loss, so it learns to be caught. In its loss the "
            "scores of the fakes come first.",
            like=played(pair_G=lambda f, r: pairing_loss(r, f))),
    Mistake("G_not_relativistic", "D plays the pairing loss and G does not: G's loss looks at its "
            "fakes alone. G needs the scores of real data, too. (A well-known collection of GANs "
            "has had this bug for years, because a second line overwrites the right loss.)",
            like=(played(pair_G=lambda f, r: softplus(-f).mean()),
                  played(pair_G=lambda f, r: -f.mean()))),
    Mistake("D_not_relativistic", "D judges real data and fakes separately, and G in pairs. Both "
            "play the pairing loss.",
            like=played(pair_D=lambda r, f: softplus(-r).mean() + softplus(f).mean())),
    Mistake("losses_swapped", "The steps are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss with its penalties, G's loss), as plain numbers.",
            when=moved_right),
)


def square_images(channels, size, **others):
    """N images of the size that this discriminator reads."""
    return (torch.randn(N, channels, size, size),)


EXERCISES = (
    Network("15.Discriminator", Discriminator,
            ({"channels": 1, "width": 4, "size": 8}, {"channels": 3, "width": 5, "size": 12}),
            square_images, "discriminator",
            ("It is the discriminator of notebook 07 with one kind of layer less.",
             "Two halvings, `nn.Conv2d(a, b, 4, 2, 1)` with a bias, each with a LeakyReLU behind "
             "it; then a convolution that covers what is left.",
             "What is left is `size // 4` pixels high: `nn.Conv2d(2 * width, 1, size // 4)`, and "
             "`nn.Flatten(0)` makes (N, 1, 1, 1) a vector."),
            well_done="Every score depends on its own image alone, so every slope does, too."),
    Exercise("15.pairing_loss", pairing_loss,
             (Probe(ordinary, value, OF_THE_LOSS), Probe(learned, gradient, OF_ITS_GRADIENT),
              Probe(extreme, at_extremes, AT_EXTREMES)), (
                 "Begin with the difference of the two scores in a pair. In which order is it "
                 "subtracted, if it should be very negative where the pair is in order?",
                 "softplus of the difference, then the mean over the pairs.",
                 "`return softplus(lower - higher).mean()`"),
             "Only differences count."),
    Exercise("15.penalty", penalty,
             (Probe(rows, penalty_seen, OF_THE_PENALTY), Probe(images, penalty_seen, ON_IMAGES),
              Probe(rows, critics_gradient, IN_THE_GRADIENT)), (
                 "It is the gradient penalty of notebook 05 without the points in between, and "
                 "with 0 in place of 1.",
                 "`torch.autograd.grad(one number, x, create_graph=True)` gives a tuple with the "
                 "slope, of x's shape. Square it, add up over the numbers of each x, and take the "
                 "mean over the mini-batch.",
                 "`slope, = torch.autograd.grad(scores.sum(), x, create_graph=True)`, then "
                 "`slope.flatten(1).square().sum(dim=1).mean()`"),
             "Squared slopes, summed over each x, averaged over the mini-batch.",
             frozenset({"D", "G", "fake", "gamma"})),
    Exercise("15.training_step", training_step,
             (Probe(scene, _loops.round_played, OF_THE_STEP, given),), (
                 "Write first what D reads: x and the fakes, both with `requires_grad_(True)`.",
                 "D's loss is `pairing_loss(D(x), D(fake))` plus gamma / 2 times two penalties. "
                 "G draws new noise, and its loss has the scores of the fakes first, then those of "
                 "x.",
                 "`loss_D = pairing_loss(real_scores, fake_scores) + gamma / 2 * "
                 "(penalty(real_scores, x) + penalty(fake_scores, fake))`; and "
                 "`loss_G = pairing_loss(D(G(z)), D(x))`."),
             "D compares pairs and pays for its slopes; G needs real data, too.",
             frozenset({"z", "fake", "loss_D", "loss_G"}), (_loops.NO_DETACH,)),
)
