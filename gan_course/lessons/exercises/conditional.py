"""The moves of two players who know the label, in notebook 08. The networks are in
`conditional_networks`.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises._steps import (
    NO_DETACH,
    OWN_NOISE,
    SUM,
    VECTOR,
    means,
    reaches_G,
    sums,
)


def discriminator_step(G, D, optimizer_D, x, y, z):
    """One step of D on real x (N, ...) of the classes y (N,), and on fakes G(z, y).

    Gives back its loss.
    """
    fake = G(z, y).detach()
    loss = softplus(-D(x, y)).mean() + softplus(D(fake, y)).mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def generator_step(G, D, optimizer_G, y, z):
    """One step of G, on fakes G(z, y), with the non-saturating loss.

    Gives back its loss.
    """
    loss = softplus(-D(G(z, y), y)).mean()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss.item()


CLASSES, ORDER = 3, [2, 0, 1, 1, 0, 2]


class Told(nn.Module):
    """A network that reads its input with the one-hot vector of the label behind it, and remembers
    what it was asked.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net, self.asked = net, []

    def forward(self, first: Tensor, y: Tensor) -> Tensor:
        self.asked.append((first.detach().clone(), y.tolist()))
        return self.net(torch.cat([first, one_hot(y, CLASSES).to(first)], dim=1))


def scene() -> dict:
    """G, D and D's optimizer as they are before each call, and fixed x, y and z."""
    return _players("D") | _steps.numbers("x") | {"y": torch.tensor(ORDER)} | _steps.numbers("z")


def scene_of_G() -> dict:
    """G, D and G's optimizer as they are before each call, and fixed y and z."""
    return _players("G") | {"y": torch.tensor(ORDER)} | _steps.numbers("z")


def _players(mover: str) -> dict:
    """Both networks, and the optimizer of the one whose move it is."""
    _sandbox.seed(7)
    G = Told(nets.MLPGenerator(_steps.Z_DIM + CLASSES, (2,), width=8, depth=1))
    D = Told(nets.MLPDiscriminator((2 + CLASSES,), width=8, depth=1))
    return _steps.watched(G, D, mover)


def look(results: list, inputs: dict) -> Seen:
    """The move, and which labels were told to whom: to G, and to D beside real pictures and beside
    others.
    """
    seen = _steps.move(results, inputs)
    told = {"G": [y for _, y in inputs["G"].asked], "D, real": [], "D, fake": []}
    for first, y in inputs["D"].asked:
        real = "x" in inputs and torch.equal(first, inputs["x"])
        told["D, real" if real else "D, fake"].append(y)
    return seen | {"_told": told if "the error" not in seen and len(results) else {}}


def labels_differ(seen: Seen) -> bool:
    """Whether D met the fakes beside other labels than those G was told."""
    told = seen["_told"]
    return bool(told and told["D, fake"]) and told["D, fake"] != told["G"]


def move(loss, noise=lambda z: z, fake_labels=lambda y: y):
    """A move of D, right in everything but the loss of the two logits, the noise, or the labels of
    the fakes.
    """
    def step(G, D, optimizer_D, x, y, z):
        asked = fake_labels(y)
        value = loss(D(x, y), D(G(noise(z), asked).detach(), asked))
        optimizer_D.zero_grad()
        value.backward()
        optimizer_D.step()
        return value
    return step


STEP_MISTAKES = (
    Mistake("label_missing", "A network is asked without the label: here both are called with two "
            "things, G(z, y) and D(x, y). A D that is not told what the picture should show cannot "
            "mind that it shows something else.",
            when=lambda seen: "required positional argument" in seen.get("the error", "")),
    Mistake("no_grad", "D is asked with gradients switched off, so its move has nothing to go by. "
            "Fakes may be made without gradients; judging them is what D has to learn.",
            when=lambda seen: _steps.without_gradients(seen, "D")),
    *_steps.of_the_move("G"),
    Mistake("other_labels", "D judges the fakes beside other labels than G was asked to draw. "
            "D then learns that a good picture beside the wrong label is fake, which is true, and "
            "no fault of G's. Section 7 shows what comes of it.",
            when=labels_differ),
    Mistake("real_labels", "The real pictures are judged beside labels that are not theirs. Where "
            "can D learn which picture goes with which label, if not from the real pairs?",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("D, real", []))),
    Mistake("own_labels", "It draws labels of its own for the fakes. That can be learned from, "
            "as long as G and D get the same ones; but here the labels of the batch are agreed on, "
            "so that real and fake have equally many pictures of each class.",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("G", []))),
    Mistake("labels", "Real and fake are exchanged: this D learns to take fakes for real. "
            "Which logits are to go up, and which down?",
            like=move(lambda r, f: means(r) + means(-f))),
    Mistake("ascends", "D goes the wrong way: the sign of the whole loss is turned round, so each "
            "step makes it worse. Optimizers minimise.",
            like=move(lambda r, f: -means(-r) - means(f))),
    Mistake("sum", SUM,
            like=(move(lambda r, f: sums(-r) + sums(f)), move(lambda r, f: sums(-r) + means(f)))),
    Mistake("vector", VECTOR, like=move(lambda r, f: softplus(-r) + softplus(f))),
    Mistake("half", "Right up to a factor, and it trains. But the formula adds its two means, and "
            "the package does: with half of it chance is 0.693 and not 1.386.",
            like=move(lambda r, f: (means(-r) + means(f)) / 2)),
    Mistake("fake_only", "D learns from the fakes only. It could call everything fake and be "
            "content: who tells it what is real?",
            like=move(lambda r, f: means(f))),
    Mistake("real_only", "D learns from real pictures only. It could call everything real and be "
            "content: who tells it what is fake?",
            like=move(lambda r, f: means(-r))),
    Mistake("own_noise", OWN_NOISE,
            like=move(lambda r, f: means(-r) + means(f), noise=torch.randn_like)),
)


def G_move(loss, noise=lambda z: z, fake_labels=lambda y: y):
    """A move of G, right in everything but the loss of the logits, the noise, or the labels."""
    def step(G, D, optimizer_G, y, z):
        asked = fake_labels(y)
        value = loss(D(G(noise(z), asked), asked))
        optimizer_G.zero_grad()
        value.backward()
        optimizer_G.step()
        return value
    return step


G_STEP_MISTAKES = (
    Mistake("label_missing", "A network is asked without the label: here both are called with two "
            "things, G(z, y) and D(x, y).",
            when=lambda seen: "required positional argument" in seen.get("the error", "")),
    Mistake("no_grad", "A network is asked with gradients switched off, so nothing can flow back "
            "into G. How does G get to know what D thinks of its pictures?",
            when=_steps.without_gradients),
    Mistake("detached_fake", "The fakes are cut loose from G, so the gradient ends at D's "
            "input and G learns nothing. In D's move that is what you want; whose move is this?",
            when=lambda seen: ("backward", "D") in seen["_log"]
                              and ("backward", "G") not in seen["_log"]),
    *_steps.of_the_move("D"),
    Mistake("other_labels", "D judges the fakes beside other labels than G was asked to draw, "
            "so G is paid for something that nobody asked it for.",
            when=labels_differ),
    Mistake("own_labels", "It draws labels of its own and leaves y aside. Whoever calls it decides "
            "what is asked for.",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("G", []))),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose slope vanishes where the "
            "fakes are worst. Asked is the other one, -log D.",
            like=G_move(lambda f: -means(f))),
    Mistake("labels", "G minimises what D pays for the fakes, so it learns to be caught. G "
            "wants them to be taken for real.",
            like=G_move(means)),
    Mistake("sign", "G goes the wrong way: the sign of the loss is turned round, so each step "
            "makes the fakes easier to spot. Optimizers minimise.",
            like=G_move(lambda f: -means(-f))),
    Mistake("sum", SUM, like=G_move(lambda f: sums(-f))),
    Mistake("vector", VECTOR, like=G_move(lambda f: softplus(-f))),
    Mistake("own_noise", OWN_NOISE, like=G_move(lambda f: means(-f), noise=torch.randn_like)),
)


EXERCISES = (
    Exercise("08.discriminator_step", discriminator_step,
             (Probe(scene, look, STEP_MISTAKES), Probe(scene, reaches_G, (NO_DETACH,))),
             ("It is the move of notebook 03, and each of the three calls of a network gets one "
              "thing more.",
              "The fakes are G's answer to z and y. Beside which label does D see them, and "
              "beside which the real pictures?",
              "`fake = G(z, y).detach()`; the loss is made of `D(x, y)` and of `D` of the "
              "fakes, with the same y. The rest as in 03."),
             "D has moved on pairs: real ones, and forged ones with the label that was asked for.",
             frozenset({"fake", "optimizer_G", "batch"})),
    Exercise("08.generator_step", generator_step,
             (Probe(scene_of_G, look, G_STEP_MISTAKES),),
             ("It is the move of notebook 03, and each of the two calls of a network gets one "
              "thing more.",
              "The gradient travels from the loss through D into G. Beside which label does D see "
              "the fakes?",
              "The loss is `softplus(-D(G(z, y), y)).mean()`; then `zero_grad`, `backward`, "
              "`step` with G's optimizer, and a `return`."),
             "G has moved towards pictures that are taken for real beside the label asked for.",
             frozenset({"fake", "optimizer_D", "batch"})),
)
