"""The exercises of notebook 14 on BigGAN: z in chunks, the hinge loss of pairs, and truncation."""
import torch
from torch import nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._gradients import flowing_back
from gan_course.lessons.exercises._losses import of_its_gradient


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
    Mistake("backwards", "The chunks come in the opposite order. The first layer reads the first "
            "one.", like=joined(lambda z, e, layers, l: [z.chunk(layers, 1)[-1 - l], e])),
    Mistake("rows", "It cuts the mini-batch into pieces, and not each z: chunks lie along "
            "dimension 1.",
            when=lambda seen: seen.get("_rows", False)
                              or "must match except in dimension 1" in seen.get("the error", "")),
)


def parts_of(results, inputs):
    """The list that came back, as one tensor where its parts allow that."""
    if not results:
        return {}
    if isinstance(results[0], torch.Tensor):
        return {"the inputs": "one tensor, and no list"}
    try:
        found = list(results[0])
        if any(len(part) != len(inputs["z"]) for part in found):
            return {"_rows": True}
        return {"the number of inputs": float(len(found)),
                "the inputs": as_number(torch.cat(found, dim=1))}
    except (TypeError, ValueError, RuntimeError):
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

    def __init__(self):
        super().__init__()
        self.labels = nn.Parameter(torch.tensor([[1.0, -0.5], [-0.3, 1.2], [0.4, 0.9]]))

    def forward(self, x, y):
        return (x * self.labels[y]).sum(1)


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
    Mistake("no_relu", "The cost of each single image has to be cut at 0, *before* the mean. "
            "Otherwise this is the loss of WGAN, and D is paid for ever larger scores. Beyond its "
            "margin an image should cost nothing.",
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
            "the new numbers spread as N(0, 1) inside": bool(
                beyond.sum() > 1 and abs(new[beyond].std() - SPREAD) < 0.05),
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
    Mistake("once", "Some numbers still lie beyond, above the threshold or below minus the "
            "threshold. Look at both sides, and repeat until none does.",
            when=lambda seen: not seen.get("nothing beyond the threshold", True)),
    Mistake("spread", "The new numbers are not from N(0, 1) between the thresholds: their spread "
            "is another one.",
            when=lambda seen: not seen.get("the new numbers spread as N(0, 1) inside", True)),
)


def noise():
    return {"z": torch.randn(400, 50, generator=torch.Generator().manual_seed(14)),
            "threshold": 1.5}


EXERCISES = (
    Exercise("14.layer_inputs", layer_inputs,
             (Probe(chunks(1, 5, 3, 4, 6), parts_of, INPUT_MISTAKES),
              Probe(chunks(2, 4, 2, 3, 5), parts_of),
              flowing_back(Probe(chunks(1, 5, 3, 4, 6), parts_of), "e")),
             ("Cut z into `layers` pieces of equal length, along the dimension of its coordinates.",
              "`z.chunk(layers, dim=1)` gives the pieces; `torch.cat([piece, e], dim=1)` puts e "
              "behind one.",
              "`[torch.cat([chunk, e], dim=1) for chunk in z.chunk(layers, dim=1)]`"),
             "The label's vector is made once, and every layer reads it."),
    Exercise("14.discriminator_loss", discriminator_loss,
             (Probe(pairs(1), loss_value, HINGE_MISTAKES), Probe(pairs(2), loss_value),
              of_its_gradient(Probe(pairs(1), loss_value), "D")),
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
)
