"""One iteration of pix2pix, in notebook 10."""
from collections.abc import Callable

import torch
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
)
from gan_course.lessons.exercises._translators import (
    Line,
    Patches,
    pictures,
)
from gan_course.lessons.exercises.pix2pix import X_MISSING, generator_loss, objective


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


def scene() -> dict:
    """G, D, their optimizers and a mini-batch of pairs, as they are before each iteration."""
    G, D = Line(0.6, 0.1), Patches(0.3, 1.1, -0.7, 0.9, -0.4, 0.8, 0.2)
    return _loops.watched(G, D) | {"x": pictures(1), "y": pictures(2), "weight": 7.0}


def names(inputs: dict) -> dict:
    """What the step finds under the name of the exercise before."""
    return {"generator_loss": generator_loss}


def stepped(*, true: Callable = lambda x, y, fake: (x, y),
            drawn: Callable = lambda x, y, fake: (x, fake),
            loss_D: Callable = lambda r, f: _loops.real(r) + _loops.fake(f),
            loss_G: Callable = generator_loss, zero_D: bool = True, zero_G: bool = True,
            zero_between: str = "", detach: bool = True, early: bool = False) -> Callable:
    """An iteration that is right but for what is changed; without `detach` it draws twice, and with
    `early` G's loss comes from the D that has not moved yet.
    """
    def training_step(G, D, optimizer_G, optimizer_D, x, y, weight):
        made = G(x).detach() if detach else G(x)
        value_D = loss_D(D(torch.cat(true(x, y, made), dim=1)),
                         D(torch.cat(drawn(x, y, made), dim=1)))
        early_G = loss_G(D, x, G(x), y, weight) if early else None
        if zero_D:
            optimizer_D.zero_grad()
        value_D.backward()
        if "D" in zero_between:
            optimizer_D.zero_grad()
        optimizer_D.step()
        value_G = early_G if early else loss_G(D, x, G(x), y, weight)
        if zero_G:
            optimizer_G.zero_grad()
        value_G.backward()
        if "G" in zero_between:
            optimizer_G.zero_grad()
        optimizer_G.step()
        return value_D.item(), value_G.item()
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    return _loops.same_moves(seen, _loops.round_played([stepped()(*inputs.values())], inputs))


STEP_MISTAKES = (
    X_MISSING,
    _loops.USED_UP,
    *_loops.OF_ANY_ROUND,
    *_loops.of_one_fake(stepped),
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
    Mistake("losses_swapped", "The moves are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)


EXERCISES = (
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
)
