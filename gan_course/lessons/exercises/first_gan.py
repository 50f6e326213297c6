"""The moves of notebook 03: a step of D, and a step of G."""
import torch
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe
from gan_course.lessons.exercises._losses import (
    LEAST_SQUARES,
    NO_LOG,
    SIGMOID_FORGOTTEN,
    SIGMOID_TWICE,
    WASSERSTEIN,
)
from gan_course.lessons.exercises._steps import (
    NO_DETACH,
    OWN_NOISE,
    SUM,
    VECTOR,
    D_move,
    G_move,
    means,
    reaches_G,
    sums,
)


def discriminator_step(G, D, optimizer_D, x, z):
    """One step of D, on real x (N, ...) and on fakes made of z (N, z_dim).

    Gives back its loss.
    """
    fake = G(z).detach()
    loss = softplus(-D(x)).mean() + softplus(D(fake)).mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def generator_step(G, D, optimizer_G, z):
    """One step of G, on fakes made of z (N, z_dim), with the non-saturating loss.

    Gives back its loss.
    """
    loss = softplus(-D(G(z))).mean()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss.item()


TOO_LATE = ("The step is right, but the loss it gives back was computed after it. The records of "
            "this course have the loss that the step was taken on.")


def cost(l):
    return softplus(l)


def fresh(z):
    return torch.randn(*z.shape)


def after_the_step(G, D, optimizer_D, x, z):
    D_move(lambda r, f: means(-r) + means(f))(G, D, optimizer_D, x, z)
    return means(-D(x)) + means(D(G(z)))


def after_the_step_of_G(G, D, optimizer_G, z):
    G_move(lambda f: means(-f))(G, D, optimizer_G, z)
    return means(-D(G(z)))


D_MISTAKES = (
    Mistake("no_grad", "D is asked with gradients switched off, so its step has nothing to go by. "
            "Fakes may be made without gradients; judging them is what D has to learn.",
            when=lambda seen: _steps.without_gradients(seen, "D")),
    *_steps.of_the_move("G"),
    Mistake("labels", "Real and fake are exchanged: this D learns to take fakes for real. "
            "Which logits are to go up, and which down?",
            like=D_move(lambda r, f: means(r) + means(-f))),
    Mistake("ascends", "D goes the wrong way: the sign of the whole loss is turned round, so each "
            "step makes it worse. Optimizers minimise.",
            like=D_move(lambda r, f: -means(-r) - means(f))),
    Mistake("sigmoid_twice", SIGMOID_TWICE,
            like=D_move(lambda r, f: means(-r.sigmoid()) + means(f.sigmoid()))),
    Mistake("sigmoid_forgotten", SIGMOID_FORGOTTEN, like=(
        D_move(lambda r, f: -r.log().mean() - (1 - f).log().mean()),
        D_move(lambda r, f: torch.nn.functional.binary_cross_entropy(r, torch.ones_like(r))))),
    Mistake("no_log", NO_LOG, like=(
        D_move(lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean()),
        D_move(lambda r, f: f.sigmoid().mean() - r.sigmoid().mean()))),
    Mistake("wasserstein", WASSERSTEIN,
            like=(D_move(lambda r, f: f.mean() - r.mean()),
                  D_move(lambda r, f: r.mean() - f.mean()))),
    Mistake("least_squares", LEAST_SQUARES, like=(
        D_move(lambda r, f: (r - 1).square().mean() + f.square().mean()),
        D_move(lambda r, f: (r.sigmoid() - 1).square().mean() + f.sigmoid().square().mean()))),
    Mistake("sum", SUM,
            like=(D_move(lambda r, f: sums(-r) + sums(f)), D_move(lambda r, f: sums(-r) + means(f)),
                  D_move(lambda r, f: means(-r) + sums(f)))),
    Mistake("vector", VECTOR, like=D_move(lambda r, f: cost(-r) + cost(f))),
    Mistake("half", "Right up to a factor, and it trains. But the formula adds its two means: with "
            "half of it chance is 0.693 and not 1.386, and the curves of this notebook would "
            "mislead you.",
            like=D_move(lambda r, f: (means(-r) + means(f)) / 2)),
    Mistake("fake_only", "D learns from the fakes only. It could call everything fake and be "
            "content: who tells it what is real?",
            like=D_move(lambda r, f: means(f))),
    Mistake("real_only", "D learns from real points only. It could call everything real and be "
            "content: who tells it what is fake?",
            like=D_move(lambda r, f: means(-r))),
    Mistake("own_noise", OWN_NOISE, like=D_move(lambda r, f: means(-r) + means(f), noise=fresh)),
    Mistake("after_the_step", TOO_LATE, like=after_the_step),
)

G_MISTAKES = (
    Mistake("no_grad", "A network is asked with gradients switched off, so nothing can flow back "
            "into G. Here the fakes are no mere data: how does G get to know what D thinks of "
            "them?",
            when=_steps.without_gradients),
    Mistake("detached_fake", "The fakes are cut loose from G, so the gradient ends at D's "
            "input and G learns nothing. In D's step that is what you want; whose step is this?",
            when=lambda seen: ("backward", "D") in seen["_log"]
                              and ("backward", "G") not in seen["_log"]),
    *_steps.of_the_move("D"),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose slope vanishes where the "
            "fakes are worst. This notebook trains with the other one, -log D: notebook 02, "
            "section 5.",
            like=G_move(lambda f: -means(f))),
    Mistake("labels", "G minimises what D pays for the fakes, so it learns to be caught. G "
            "wants them to be taken for real.",
            like=G_move(lambda f: means(f))),
    Mistake("sign", "G goes the wrong way: the sign of the loss is turned round, so each step "
            "makes the fakes easier to spot. Optimizers minimise.",
            like=G_move(lambda f: -means(-f))),
    Mistake("sigmoid_twice", SIGMOID_TWICE, like=G_move(lambda f: means(-f.sigmoid()))),
    Mistake("sigmoid_forgotten", SIGMOID_FORGOTTEN,
            like=(G_move(lambda f: -f.log().mean()),
                  G_move(lambda f: torch.nn.functional.binary_cross_entropy(f,
                                                                            torch.ones_like(f))))),
    Mistake("no_log", NO_LOG,
            like=(G_move(lambda f: -f.sigmoid().mean()),
                  G_move(lambda f: (1 - f.sigmoid()).mean()))),
    Mistake("wasserstein", WASSERSTEIN,
            like=(G_move(lambda f: -f.mean()), G_move(lambda f: f.mean()))),
    Mistake("least_squares", LEAST_SQUARES,
            like=(G_move(lambda f: (f - 1).square().mean()),
                  G_move(lambda f: (f.sigmoid() - 1).square().mean()))),
    Mistake("sum", SUM, like=G_move(lambda f: sums(-f))),
    Mistake("vector", VECTOR, like=G_move(lambda f: cost(-f))),
    Mistake("own_noise", OWN_NOISE, like=G_move(lambda f: means(-f), noise=fresh)),
    Mistake("after_the_step", TOO_LATE, like=after_the_step_of_G),
)

TENSOR = Mistake("tensor", "The step is right, and the loss comes back as a tensor. A tensor holds "
                 "on to the graph of its iteration, so a list of losses would make memory grow. "
                 "`.item()` gives the number alone.",
                 when=lambda seen: seen.get("the loss it gives back is") == "a tensor")


def plain_number(results, inputs):
    a_tensor = bool(results) and isinstance(results[0], torch.Tensor)
    return {"the loss it gives back is": "a tensor" if a_tensor else "a plain number"}


def move_of_D():
    return _steps.scene("D") | _steps.numbers("x", "z")


def move_of_G():
    return _steps.scene("G") | _steps.numbers("z")


EXERCISES = (
    Exercise("03.discriminator_step", discriminator_step,
             (Probe(move_of_D, _steps.move, D_MISTAKES), Probe(move_of_D, reaches_G, (NO_DETACH,)),
              Probe(move_of_D, plain_number, (TENSOR,))),
             ("Six things happen, in this order: fakes, loss, old gradients away, backward "
              "pass, step, loss given back.",
              "The loss is the one of section 2, on `D(x)` and on `D` of the fakes. For D, the "
              "fakes are data like any others.",
              "`G(z).detach()` makes the fakes; then the loss, `optimizer_D.zero_grad()`, "
              "`backward()`, `step()`, and a `return`."),
             "D has moved, G has not, and nothing was left in G's gradients.",
             frozenset({"fake", "loss_D", "optimizer_G"})),
    Exercise("03.generator_step", generator_step,
             (Probe(move_of_G, _steps.move, G_MISTAKES),
              Probe(move_of_G, plain_number, (TENSOR,))),
             ("Five things: a loss on fresh fakes, old gradients away, backward pass, step, "
              "loss given back.",
              "The gradient has to travel from the loss through D into G. What would stop it on "
              "the way?",
              "The loss is `softplus` of minus the logits of `D(G(z))`, its mean; then "
              "`zero_grad`, `backward`, `step` as for D, with G's optimizer."),
             "G has moved, through D, and D stood still.",
             frozenset({"fake", "loss_G", "optimizer_D"})),
)
