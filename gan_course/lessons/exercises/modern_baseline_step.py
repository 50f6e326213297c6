"""The exercises of notebook 15 on the training: the discriminator without BatchNorm, the step."""
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops, _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network
from gan_course.lessons.exercises.modern_baseline import error_says, pairing_loss, penalty


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
            when=error_says("One of the differentiated Tensors does not require grad")),
    Mistake("other_data", "A penalty is given scores and data that do not belong together: the "
            "scores have to come from exactly these data.",
            when=error_says("appears to not have been used")),
    *_loops.OF_ANY_ROUND,
    Mistake("zero_forgotten_both", _loops.BOTH_ZERO_FORGOTTEN,
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
