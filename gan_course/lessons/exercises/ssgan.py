"""The exercises of notebook 14 on self-supervision: rotations, and the two losses of an SSGAN."""
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gan_course.games.ssgan import rotations as course_rotations
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._gradients import flowing_back
from gan_course.lessons.exercises._losses import of_its_gradient


def rotations(x):
    """x turned counter-clockwise by 0, 1, 2, 3 quarters, and by how many: (4N, C, H, H), (4N,)."""
    turned = torch.cat([torch.rot90(x, k, dims=(2, 3)) for k in range(4)])
    return turned, torch.arange(4, device=x.device).repeat_interleave(len(x))


def ssgan_discriminator_loss(D, x, fake):
    """Hinge loss on upright images, plus the cross entropy of the turns of real ones -> scalar."""
    turned, k = rotations(x)
    hinge = (1 - D(x)[0]).relu().mean() + (1 + D(fake)[0]).relu().mean()
    return hinge + cross_entropy(D(turned)[1], k)


def ssgan_generator_loss(D, fake):
    """-D on upright fakes, plus 0.2 times the cross entropy of their turns -> scalar."""
    turned, k = rotations(fake)
    return -D(fake)[0].mean() + 0.2 * cross_entropy(D(turned)[1], k)


# rotations

def turned_by(turn, labels=lambda n: torch.arange(4).repeat_interleave(n)):
    """A wrong answer: other views, or other labels."""
    return lambda x: (torch.cat([turn(x, k) for k in range(4)]), labels(len(x)))


def quarter(x, k):
    return torch.rot90(x, k, dims=(2, 3))


def flipped(x, k):
    return [x, x.transpose(2, 3), x.flip(2, 3), x.transpose(2, 3).flip(2, 3)][k]


TURN_MISTAKES = (
    Mistake("transposed", "A transpose is a reflection: two of the four views are mirror images "
            "that no turning gives. This very bug stands in a public SSGAN. A quarter turn is a "
            "transpose *and* a flip: `torch.rot90`.",
            like=turned_by(flipped)),
    Mistake("clockwise", "It turns clockwise. Asked is counter-clockwise, as `torch.rot90` does "
            "over the dimensions (2, 3).",
            like=turned_by(lambda x, k: quarter(x, -k))),
    Mistake("labels_in_turn", "The labels go 0, 1, 2, 3, 0, 1, …, and the images stand in blocks: "
            "first all upright ones. `repeat_interleave`, not `repeat`.",
            like=turned_by(quarter, lambda n: torch.arange(4).repeat(n))),
    Mistake("channels", "It turns the wrong two dimensions. Height and width are 2 and 3.",
            like=turned_by(lambda x, k: torch.rot90(x, k, dims=(1, 2)) if len(x) else x)),
    Mistake("not_the_image", "It turns the mini-batch and the channels: without `dims`, "
            "`torch.rot90` takes the first two dimensions. Height and width are the last two.",
            like=turned_by(lambda x, k: torch.rot90(x, k))),
    Mistake("upright_only", "All four blocks show the same images: nothing is turned.",
            like=turned_by(lambda x, k: x)),
    Mistake("float_labels", "The turns have to be whole numbers (int64): `cross_entropy` reads "
            "them as classes.",
            when=lambda seen: seen.get("the type of the turns", "torch.int64") != "torch.int64"),
)


def views(results, inputs):
    try:
        turned, k = results[0]
        return {"the images": as_number(turned), "the turns": as_number(k.double()),
                "the type of the turns": str(k.dtype)}
    except (TypeError, ValueError, IndexError, AttributeError):
        return {"the pair": "no images and turns"}


def squares():
    draw = torch.Generator().manual_seed(2)
    return {"x": torch.rand(3, 3, 3, 3, generator=draw)}


# the two losses

class TwoHeads(nn.Module):
    """D for images of 4x4 pixels: a score, and four logits."""

    def __init__(self):
        super().__init__()
        draw = torch.Generator().manual_seed(5)
        self.score, self.logits = (nn.Parameter(torch.randn(16, n, generator=draw))
                                   for n in (1, 4))

    def forward(self, x):
        return (x.flatten(1) @ self.score).squeeze(1), x.flatten(1) @ self.logits


def D_loss(judged=lambda x: x, judged_fake=None, turned_image=lambda x, fake: x, weight=1.0):
    """A wrong loss of D: other images in one of its two parts, or another weight."""
    def loss(D, x, fake):
        turned, k = rotations(turned_image(x, fake))
        fakes = (judged_fake or judged)(fake)
        return ((1 - D(judged(x))[0]).relu().mean() + (1 + D(fakes)[0]).relu().mean()
                + weight * cross_entropy(D(turned)[1], k % 4))
    return loss


def everything_turned(x):
    return rotations(x)[0]


def both_turned(D, x, fake):
    turned, k = rotations(x)
    again, j = rotations(fake)
    return (D_loss(weight=0)(D, x, fake) + cross_entropy(D(turned)[1], k)
            + cross_entropy(D(again)[1], j))


D_MISTAKES = (
    Mistake("turned_in_the_game", "The turned images take part in the question real or fake. Only "
            "upright ones are asked. (Section 9 tries out what this bug does.)",
            like=D_loss(everything_turned)),
    Mistake("real_turned", "The turned real images take part in the question real or fake, so that "
            "an image on its side counts as real. Only upright ones are asked.",
            like=D_loss(everything_turned, lambda fake: fake)),
    Mistake("fakes_turned", "D learns the turns of fakes. It should learn them of real images "
            "only: the fakes are G's business.",
            like=(D_loss(turned_image=lambda x, fake: fake), both_turned,
                  D_loss(turned_image=lambda x, fake: torch.cat([x, fake])))),
    Mistake("weight", "The weight 0.2 belongs to G's loss; D's rotation loss has the weight 1.",
            like=D_loss(weight=0.2)),
    Mistake("no_rotation", "The second head has no loss, so it learns nothing.",
            like=D_loss(weight=0.0)),
)


def G_loss(judged=lambda x: x, weight=0.2, sign=-1):
    """A wrong loss of G."""
    def loss(D, fake):
        turned, k = rotations(fake)
        return sign * D(judged(fake))[0].mean() + weight * cross_entropy(D(turned)[1], k)
    return loss


G_MISTAKES = (
    Mistake("turned_in_the_game", "G is asked to make turned images look real. Only its upright "
            "images are judged; the turned ones are for the second head.",
            like=G_loss(everything_turned)),
    Mistake("weight", "The weight is 1. For G the paper takes 0.2: it should mostly draw real "
            "letters, and not merely letters whose turn is easy to see.",
            like=G_loss(weight=1.0)),
    Mistake("against", "The rotation loss is subtracted. G and D work together here: G, too, wants "
            "the turn to be recognised.",
            like=G_loss(weight=-0.2)),
    Mistake("no_rotation", "The rotation loss is missing.", like=G_loss(weight=0.0)),
    Mistake("sign", "G wants a high score, so its loss is minus the score.", like=G_loss(sign=1)),
)


def loss_value(results, inputs):
    return number_called("the loss", results)


def small(seed, *names):
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        images = {"x": torch.randn(6, 1, 4, 4, generator=draw),
                  "fake": torch.randn(6, 1, 4, 4, generator=draw)}
        return {"D": TwoHeads()} | {name: images[name] for name in names}
    return inputs


def with_rotations(inputs):
    """The notebook's own `rotations`."""
    return {"rotations": course_rotations}


EXERCISES = (
    Exercise("14.rotations", rotations,
             (Probe(squares, views, TURN_MISTAKES), flowing_back(Probe(squares, views), "x")),
             ("Four blocks of N images each: turned by 0, 1, 2 and 3 quarters.",
              "`torch.rot90(x, k, dims=(2, 3))` turns by k quarters.",
              "`torch.cat` of the four; `torch.arange(4).repeat_interleave(len(x))` are the "
              "labels, on the device of x."),
             "Four labels for every image, and nobody had to write one."),
    Exercise("14.ssgan_discriminator_loss", ssgan_discriminator_loss,
             (Probe(small(1, "x", "fake"), loss_value, D_MISTAKES, with_rotations),
              Probe(small(2, "x", "fake"), loss_value, (), with_rotations),
              of_its_gradient(Probe(small(1, "x", "fake"), loss_value, (), with_rotations), "D")),
             ("Two parts: the hinge loss of the scores, and the cross entropy of the logits.",
              "D gives back two things: `D(x)[0]` are scores, `D(turned)[1]` are logits.",
              "`turned, k = rotations(x)`, and then `cross_entropy(D(turned)[1], k)` beside the "
              "hinge loss of x and fake."),
             "D is a classifier now, too, and needs no G for it."),
    Exercise("14.ssgan_generator_loss", ssgan_generator_loss,
             (Probe(small(3, "fake"), loss_value, G_MISTAKES, with_rotations),
              Probe(small(4, "fake"), loss_value, (), with_rotations),
              of_its_gradient(Probe(small(3, "fake"), loss_value, (), with_rotations), "fake")),
             ("Minus the mean score of the upright fakes, plus the rotation loss of the fakes.",
              "The rotation loss is D's, on fakes in place of real images, with the weight 0.2.",
              "`-D(fake)[0].mean() + 0.2 * cross_entropy(D(turned)[1], k)`"),
             "Here G and D want the same."),
)
