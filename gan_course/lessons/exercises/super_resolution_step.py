"""The exercise of notebook 12 on the training step of SRGAN."""
from collections.abc import Callable

from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises._translators import Line, Patches, pictures
from gan_course.lessons.exercises.super_resolution import adversarial_loss, content_loss


def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
    """One iteration on small x and large y: D moves, then G. Returns D's loss and G's loss."""
    fake = G(x)
    loss_D = softplus(-D(y)).mean() + softplus(D(fake.detach())).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    loss_G = content_loss(fake, y) + adv * adversarial_loss(D, fake)
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


def scene() -> dict:
    """G, D, their optimizers and a mini-batch, as they are before each iteration."""
    G, D = Line(0.6, 0.1), Patches(0.9, 1.4, -0.7, 0.4)
    return _loops.watched(G, D) | {"x": pictures(1), "y": pictures(2), "adv": 0.3}


def the_losses(inputs: dict) -> dict:
    """What the step finds under the names of the exercises before."""
    return {"content_loss": content_loss, "adversarial_loss": adversarial_loss}


def stepped(*, real: Callable = lambda x, y: y,
            loss_D: Callable = lambda r, f: _loops.real(r) + _loops.fake(f),
            loss_G: Callable = lambda D, x, y, fake, adv:
            content_loss(fake, y) + adv * adversarial_loss(D, fake),
            zero_D: bool = True, zero_G: bool = True, zero_between: str = "",
            early: bool = False) -> Callable:
    """An iteration that is right but for what is changed; with `early` G's loss comes from the D
    that has not moved yet.
    """
    def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
        fake = G(x)
        value_D = loss_D(D(real(x, y)), D(fake.detach()))
        early_G = loss_G(D, x, y, fake, adv) if early else None
        for name, optimizer, zero in (("D", optimizer_D, zero_D), ("G", optimizer_G, zero_G)):
            loss = value_D if name == "D" else early_G if early else loss_G(D, x, y, fake, adv)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            if name in zero_between:
                optimizer.zero_grad()
            optimizer.step()
        return value_D.item(), loss.item()
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    right = _loops.round_played([training_step(*inputs.values())], inputs)
    return _loops.same_moves(seen, right)


STEP_MISTAKES = (
    _loops.USED_UP,
    *_loops.OF_ANY_ROUND,
    *_loops.of_one_fake(stepped),
    Mistake("both_want_fakes_real", "D learns to take fakes for real, and so does G: both players "
            "want the same, nobody objects, and the images learn nothing from D. D's loss is small "
            "where y gets a high logit and the fake a low one.",
            like=stepped(loss_D=lambda r, f: _loops.fake(r) + _loops.real(f))),
    Mistake("real_is_small", "D is shown x as the real example. Real is y, the large image.",
            like=stepped(real=lambda x, y: x)),
    Mistake("wrong_player", "G minimises D's loss on the fakes, so it learns to be caught.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         content_loss(fake, y) + adv * _loops.fake(D(fake)))),
    Mistake("to_x", "The content loss compares with x. It should compare with the true large "
            "image, y.", like=stepped(loss_G=lambda D, x, y, fake, adv:
                                      content_loss(fake, x) + adv * adversarial_loss(D, fake))),
    Mistake("no_weight", "The adversarial loss has no weight. It is multiplied by `adv`.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         content_loss(fake, y) + adversarial_loss(D, fake))),
    Mistake("weight_of_content", "The weight is on the wrong term: `adv` multiplies the "
            "adversarial loss.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         adv * content_loss(fake, y) + adversarial_loss(D, fake))),
    Mistake("weight_of_both", "The weight multiplies both terms. Only the adversarial loss has it.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         adv * (content_loss(fake, y) + adversarial_loss(D, fake)))),
    Mistake("no_content", "The content loss is missing: nothing ties the fake to its small image.",
            like=stepped(loss_G=lambda D, x, y, fake, adv: adv * adversarial_loss(D, fake))),
    Mistake("no_adversarial", "D has no say in G's loss. Add `adv` times `adversarial_loss`.",
            like=(stepped(loss_G=lambda D, x, y, fake, adv: content_loss(fake, y)),
                  stepped(loss_G=lambda D, x, y, fake, adv: content_loss(fake, y)
                          + adv * adversarial_loss(D, fake.detach())))),
    Mistake("losses_swapped", "The moves are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)

EXERCISES = (
    Exercise("12.training_step", training_step,
             (Probe(scene, _loops.round_played, STEP_MISTAKES, the_losses),),
             ("Two moves, as in notebook 10, but D sees one image at a time.",
              "D's move: the logits of y and of `fake.detach()`; the loss, zero_grad, backward, "
              "step. G's move: the two losses of the exercises before, with the graph.",
              "`loss_G = content_loss(fake, y) + adv * adversarial_loss(D, fake)`."),
             "D has moved, then G.",
             frozenset({"batch", "game"}), remarks=(_loops.NO_DETACH,)),
)
