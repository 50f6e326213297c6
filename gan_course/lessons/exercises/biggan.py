"""The exercises of notebook 14: z in chunks, truncation, the hinge loss of pairs, rotations, and
the two losses of a self-supervised GAN.
"""
import torch
from torch import nn
from torch.nn.functional import cross_entropy, softplus

from gan_course.games.ssgan import rotations as course_rotations
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)


def layer_inputs(z, e, layers):
    """What each layer reads: its own chunk of z, and behind it e.

    z (N, layers k), e (N, dim) -> a list of `layers` tensors (N, k + dim).
    """
    return [torch.cat([chunk, e], dim=1) for chunk in z.chunk(layers, dim=1)]


def discriminator_loss(D, x, fake, y):
    """The hinge loss of D for real x and for fakes, both beside the labels y -> scalar."""
    return (1 - D(x, y)).relu().mean() + (1 + D(fake, y)).relu().mean()


def truncated(z, threshold):
    """z with each number beyond the threshold drawn again, until none is: (N, z_dim)."""
    z = z.clone()
    beyond = z.abs() > threshold
    while beyond.any():
        z[beyond] = torch.randn_like(z[beyond])
        beyond = z.abs() > threshold
    return z


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


# z in chunks

def joined(parts):
    """A wrong answer: each layer reads what `parts(z, e, layers, l)` says."""
    return lambda z, e, layers: [torch.cat(parts(z, e, layers, l), dim=1) for l in range(layers)]


INPUT_MISTAKES = (
    Mistake("no_label", "The label's vector e is missing: each layer reads it behind its chunk.",
            like=lambda z, e, layers: list(z.chunk(layers, dim=1))),
    Mistake("whole_z", "Every layer reads all of z. Asked is that each has a chunk of its own, so "
            "that a chunk can only act from its layer on.",
            like=joined(lambda z, e, layers, l: [z, e])),
    Mistake("label_first", "e comes before the chunk. Both orders would train; asked is the chunk "
            "first, and the check compares numbers.",
            like=joined(lambda z, e, layers, l: [e, z.chunk(layers, 1)[l]])),
    Mistake("one_chunk", "All layers read the same chunk, and the rest of z has no effect.",
            like=joined(lambda z, e, layers, l: [z.chunk(layers, 1)[0], e])),
    Mistake("every_nth", "It takes every `layers`-th number. A chunk is a block of neighbours: "
            "`z.chunk(layers, dim=1)`.",
            like=joined(lambda z, e, layers, l: [z[:, l::layers], e])),
    Mistake("rows", "It cuts the mini-batch into pieces, and not each z: chunks lie along "
            "dimension 1.",
            when=lambda seen: seen.get("_rows", False)),
)


def parts_of(results, inputs):
    """The list that came back, as one tensor where its parts allow that."""
    if not results:
        return {}
    try:
        found = list(results[0])
        if any(len(part) != len(inputs["z"]) for part in found):
            return {"_rows": True}
        return {"the number of inputs": float(len(found)),
                "the inputs": as_number(torch.cat(found, dim=1))}
    except (TypeError, RuntimeError):
        return {"the inputs": "no list of tensors with N rows each"}


def chunks(seed, n, layers, k, dim):
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        return {"z": torch.randn(n, layers * k, generator=draw),
                "e": torch.randn(n, dim, generator=draw), "layers": layers}
    return inputs


# the hinge loss

class Suits(nn.Module):
    """D for points: an inner product with a vector of the label."""

    def forward(self, x, y):
        return (x * torch.tensor([[1.0, -0.5], [-0.3, 1.2], [0.4, 0.9]])[y]).sum(1)


def hinge(real, fake, mean=torch.mean):
    """A wrong answer: other costs of the two scores."""
    return lambda D, x, f, y: mean(real(D(x, y))) + mean(fake(D(f, y)))


def relu(score):
    return score.relu()


HINGE_MISTAKES = (
    Mistake("vector", "It gives a number for each image. A loss is one number: the mean.",
            when=lambda seen: isinstance(seen.get("the loss"), torch.Tensor)
                              and seen["the loss"].dim() > 0),
    Mistake("swapped", "The signs are exchanged: real scores should be above 1 and fake ones below "
            "-1.", like=hinge(lambda s: relu(1 + s), lambda s: relu(1 - s))),
    Mistake("no_margin", "The margin is missing: a score counts as long as it is below 1 (real) or "
            "above -1 (fake), not 0.", like=hinge(lambda s: relu(-s), relu)),
    Mistake("no_relu", "Without the cut at 0 this is the loss of WGAN, and D is paid for ever "
            "larger scores. Beyond its margin an image should cost nothing.",
            like=(hinge(lambda s: 1 - s, lambda s: 1 + s), hinge(lambda s: -s, lambda s: s))),
    Mistake("log_loss", "This is the log loss of 08. Asked is the hinge loss.",
            like=hinge(lambda s: softplus(-s), softplus)),
    Mistake("half", "It takes half of the sum. The two means are added.",
            like=hinge(lambda s: relu(1 - s) / 2, lambda s: relu(1 + s) / 2)),
    Mistake("sum", "It sums over the mini-batch. Take the mean.",
            like=hinge(lambda s: relu(1 - s), lambda s: relu(1 + s), torch.sum)),
)


def pairs(seed):
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        x, fake = 1.5 * torch.randn(2, 12, 2, generator=draw)
        return {"D": Suits(), "x": x, "fake": fake, "y": torch.arange(12) % 3}
    return inputs


def loss_value(results, inputs):
    return number_called("the loss", results)


# truncation

SPREAD = 0.7426                                     # of N(0, 1) between -1.5 and 1.5


def drawn_again(results, inputs):
    """Whether what was inside is kept, and what was beyond is as of the truncated normal."""
    if not results or not isinstance(results[0], torch.Tensor):
        return {"a tensor": False}
    z, new, t = inputs["z"], results[0], inputs["threshold"]
    if new.shape != z.shape:
        return {"the shape": str(tuple(new.shape))}
    beyond = z.abs() > t
    return {"nothing beyond the threshold": bool((new.abs() <= t).all()),
            "what was inside is kept": torch.equal(new[~beyond], z[~beyond]),
            "the new numbers spread as N(0, 1) inside": abs(new[beyond].std() - SPREAD) < 0.05,
            "_edge": bool((new[beyond].abs() == t).all()),
            "_scaled": torch.allclose(new, z * t, atol=1e-6)}


TRUNCATION_MISTAKES = (
    Mistake("clamped", "It moves what is beyond to the edge, so many numbers would be "
            "exactly the threshold. Draw them again.",
            when=lambda seen: seen.get("_edge", False)),
    Mistake("scaled", "It multiplies z by the threshold: another distribution, without an end.",
            when=lambda seen: seen.get("_scaled", False)),
    Mistake("all_again", "It also draws again what was inside. Only what lies beyond is replaced.",
            when=lambda seen: not seen.get("what was inside is kept", True)),
    Mistake("once", "Some of the new numbers lie beyond as well. Repeat until none does.",
            when=lambda seen: not seen.get("nothing beyond the threshold", True)),
    Mistake("spread", "The new numbers are not from N(0, 1) between the thresholds: their spread "
            "is another one.",
            when=lambda seen: not seen.get("the new numbers spread as N(0, 1) inside", True)),
)


def noise():
    return {"z": torch.randn(400, 50, generator=torch.Generator().manual_seed(14)),
            "threshold": 1.5}


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
    Mistake("upright_only", "All four blocks show the same images: nothing is turned.",
            like=turned_by(lambda x, k: x)),
)


def views(results, inputs):
    try:
        turned, k = results[0]
        return {"the images": as_number(turned), "the turns": as_number(k.double())}
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


def D_loss(judged=lambda x: x, turned_image=lambda x, fake: x, weight=1.0):
    """A wrong loss of D: other images in one of its two parts, or another weight."""
    def loss(D, x, fake):
        turned, k = rotations(turned_image(x, fake))
        return ((1 - D(judged(x))[0]).relu().mean() + (1 + D(judged(fake))[0]).relu().mean()
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
    Mistake("turned_in_the_game", "The turned images take part in the question real or fake. Then "
            "a sideways image counts as real. Only upright ones are asked.",
            like=(D_loss(everything_turned),)),
    Mistake("fakes_turned", "D learns the turns of fakes. It should learn them of real images "
            "only: the fakes are G's business.",
            like=(D_loss(turned_image=lambda x, fake: fake), both_turned)),
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
    Exercise("14.layer_inputs", layer_inputs,
             (Probe(chunks(1, 5, 3, 4, 6), parts_of, INPUT_MISTAKES),
              Probe(chunks(2, 4, 2, 3, 5), parts_of)),
             ("Cut z into `layers` pieces of equal length, along the dimension of its coordinates.",
              "`z.chunk(layers, dim=1)` gives the pieces; `torch.cat([piece, e], dim=1)` puts e "
              "behind one.",
              "`[torch.cat([chunk, e], dim=1) for chunk in z.chunk(layers, dim=1)]`"),
             "The label's vector is made once, and every layer reads it."),
    Exercise("14.discriminator_loss", discriminator_loss,
             (Probe(pairs(1), loss_value, HINGE_MISTAKES), Probe(pairs(2), loss_value)),
             ("A real score costs what it lacks to 1, and a fake score what it has above -1.",
              "`.relu()` cuts off what is below 0.",
              "`(1 - D(x, y)).relu().mean()`, and the same for the fakes with 1 + D."),
             "Beyond the margins there is no gradient: D does not go on shouting."),
    Exercise("14.truncated", truncated,
             (Probe(noise, drawn_again, TRUNCATION_MISTAKES),),
             ("Find what is beyond, draw that again, look again.",
              "`beyond = z.abs() > threshold` is a mask; `z[beyond]` are the numbers themselves. "
              "Start from `z.clone()`, because the caller still needs z.",
              "`while beyond.any(): z[beyond] = torch.randn_like(z[beyond])`, and then the mask "
              "anew."),
             "At the threshold 1 the spread of the coordinates falls from 1 to 0.54."),
    Exercise("14.rotations", rotations,
             (Probe(squares, views, TURN_MISTAKES),),
             ("Four blocks of N images each: turned by 0, 1, 2 and 3 quarters.",
              "`torch.rot90(x, k, dims=(2, 3))` turns by k quarters.",
              "`torch.cat` of the four; `torch.arange(4).repeat_interleave(len(x))` are the "
              "labels, on the device of x."),
             "Four labels for every image, and nobody had to write one."),
    Exercise("14.ssgan_discriminator_loss", ssgan_discriminator_loss,
             (Probe(small(1, "x", "fake"), loss_value, D_MISTAKES, with_rotations),
              Probe(small(2, "x", "fake"), loss_value, (), with_rotations)),
             ("Two parts: the hinge loss of the scores, and the cross entropy of the logits.",
              "D gives back two things: `D(x)[0]` are scores, `D(turned)[1]` are logits.",
              "`turned, k = rotations(x)`, and then `cross_entropy(D(turned)[1], k)` beside the "
              "hinge loss of x and fake."),
             "D is a classifier now, too, and needs no G for it."),
    Exercise("14.ssgan_generator_loss", ssgan_generator_loss,
             (Probe(small(3, "fake"), loss_value, G_MISTAKES, with_rotations),
              Probe(small(4, "fake"), loss_value, (), with_rotations)),
             ("Minus the mean score of the upright fakes, plus the rotation loss of the fakes.",
              "The rotation loss is D's, on fakes in place of real images, with the weight 0.2.",
              "`-D(fake)[0].mean() + 0.2 * cross_entropy(D(turned)[1], k)`"),
             "Here G and D want the same."),
)
