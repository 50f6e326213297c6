"""The exercise of notebook 14 on the training step of a conditional GAN with the hinge loss."""
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops, _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises.biggan import discriminator_loss


def training_step(G, D, optimizer_G, optimizer_D, x, y):
    """D moves, then G. Returns D's loss and G's loss, as plain numbers."""
    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss_D = discriminator_loss(D, x, G(z, y).detach(), y)
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss_G = -D(G(z, y), y).mean()
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


class Asked(nn.Module):
    """G for points: z and y -> (N, 2), a layer of z beside a vector of the label."""

    def __init__(self):
        super().__init__()
        self.z_dim, self.classes = _loops.Z_DIM, 3
        self.embedding, self.layer = nn.Embedding(3, 2), nn.Linear(self.z_dim + 2, 2)

    def forward(self, z, y):
        return self.layer(torch.cat([z, self.embedding(y)], dim=1)).tanh()


class Suits(nn.Module):
    """D for points: a hidden layer phi, and a score that depends on phi and on the label."""

    def __init__(self):
        super().__init__()
        self.body, self.psi, self.v = nn.Linear(2, 5), nn.Linear(5, 1), nn.Embedding(3, 5)

    def forward(self, x, y):
        phi = self.body(x).tanh()
        return self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(1)


def scene() -> dict:
    """G, D, their optimizers and a mini-batch with labels, as they are before each iteration."""
    _sandbox.seed(11)
    G, D = Asked(), Suits()
    with torch.no_grad():
        D.v.weight.mul_(0.4)                    # all scores between the margins of the hinge
    x = torch.randn(_loops.N, 2, generator=torch.Generator().manual_seed(3))
    return _loops.watched(G, D) | {"x": x, "y": torch.tensor([2, 0])}


def given(inputs: dict) -> dict:
    """What the step finds in the notebook: D's loss, which was written before."""
    return {"discriminator_loss": discriminator_loss}


def stepped(*, cost_D: Callable = discriminator_loss, cost_G: Callable = lambda s: -s.mean(),
            fresh: bool = True, zero_D: bool = True, zero_G: bool = True, zero_between: str = "",
            drawn: Callable = lambda y: y, judged: Callable = lambda y: y,
            detach: bool = True) -> Callable:
    """A step that is right but for what is changed; `drawn` and `judged` are the labels with which
    G draws in its own move, and beside which D judges it.
    """
    def training_step(G, D, optimizer_G, optimizer_D, x, y):
        noise = torch.randn(len(x), G.z_dim)
        fake = G(noise, y)
        loss_D = cost_D(D, x, fake.detach() if detach else fake, y)
        if zero_D:
            optimizer_D.zero_grad()
        loss_D.backward()
        if "D" in zero_between:
            optimizer_D.zero_grad()
        optimizer_D.step()
        z = torch.randn(len(x), G.z_dim) if fresh else noise
        loss_G = cost_G(D(G(z, drawn(y)), judged(y)))
        if zero_G:
            optimizer_G.zero_grad()
        loss_G.backward()
        if "G" in zero_between:
            optimizer_G.zero_grad()
        optimizer_G.step()
        return loss_D.item(), loss_G.item()
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    _sandbox.seed(1)
    right = _loops.round_played([stepped()(*inputs.values())], inputs)
    return "the error" not in seen and _loops.same_moves(seen, right)


def swapped(D, x, fake, y):
    return discriminator_loss(D, fake, x, y)


def other_fakes(D, x, fake, y):
    return (1 - D(x, y)).relu().mean() + (1 + D(fake, y.flip(0))).relu().mean()


STEP_MISTAKES = (
    *_loops.OF_ANY_ROUND,
    Mistake("zero_between", "Gradients are wiped out between the backward pass and the step, so "
            "the step has nothing to act on. `zero_grad` comes before `backward`.",
            like=tuple(stepped(zero_between=who, detach=detach)
                       for who in ("D", "G", "DG") for detach in (True, False))),
    Mistake("zero_forgotten_both", _loops.BOTH_ZERO_FORGOTTEN,
            like=(stepped(zero_D=False, zero_G=False),
                  stepped(zero_D=False, zero_G=False, detach=False))),
    Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass. G's "
            "step has left gradients in D too, since it goes through D.",
            like=(stepped(zero_D=False), stepped(zero_D=False, detach=False))),
    Mistake("zero_forgotten_G", _loops.G_ZERO_FORGOTTEN,
            like=stepped(zero_G=False)),
    Mistake("harmful_no_detach", "Two things go wrong together here. The fakes in D's step are not "
            "detached, so D's loss leaves gradients in G; and G's gradients are not wiped out "
            "before G's own backward pass, so G learns in part to be caught. Wipe G's gradients, "
            "and detach the fakes.", like=stepped(zero_G=False, detach=False)),
    Mistake("same_z", "Both steps use the same z. Here each step draws noise of its own.",
            like=stepped(fresh=False)),
    Mistake("D_swapped", "D's loss gets the fakes where the real images belong, so D learns to "
            "score fakes high.", like=stepped(cost_D=swapped)),
    Mistake("other_labels_D", "D sees the fakes beside other labels than those that G was asked "
            "for. Then it cannot learn that a fake should suit its label.",
            like=stepped(cost_D=other_fakes)),
    Mistake("other_labels_G", "In G's step the labels that G draws and those that D judges by are "
            "not the same y.", like=(stepped(drawn=lambda y: y.flip(0)),
                                     stepped(judged=lambda y: y.flip(0)))),
    Mistake("wrong_player", "G minimises its own score, so it learns to be caught. A high score "
            "means real, and G's loss is minus the score.",
            like=stepped(cost_G=lambda score: score.mean())),
    Mistake("G_with_margin", "G's loss has a margin, too. The hinge is D's alone: G's loss is "
            "minus the score, however high that is.",
            like=(stepped(cost_G=lambda score: (1 - score).relu().mean()),
                  stepped(cost_G=lambda score: -(1 + score).relu().mean()))),
    Mistake("log_loss", "G's loss is the non-saturating loss of 08. With the hinge it is minus the "
            "mean score.", like=stepped(cost_G=lambda score: softplus(-score).mean())),
    Mistake("sum", "G's loss adds up over the mini-batch. The expectation is a mean.",
            like=stepped(cost_G=lambda score: -score.sum())),
    Mistake("losses_swapped", "The steps are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.", when=moved_right),
)

EXERCISES = (
    Exercise("14.training_step", training_step,
             (Probe(scene, _loops.round_played, STEP_MISTAKES, given),),
             ("It is the step of notebook 03 with y beside every z and every image.",
              "D's loss is your `discriminator_loss`, with fakes that are detached from G. G draws "
              "new noise for the same y, and its loss is minus D's mean score.",
              "`loss_D = discriminator_loss(D, x, G(z, y).detach(), y)`, and "
              "`loss_G = -D(G(z, y), y).mean()`; zero_grad, backward and step behind each."),
             "D learns from pairs of image and label, and G is paid for both.",
             frozenset({"z", "fake", "loss_D", "loss_G"}), (_loops.NO_DETACH,)),
)
