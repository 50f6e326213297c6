"""Two exercises of notebook 07: a transposed convolution, and DCGAN's initialisation.

The others are in `dcgan_networks`, `averaged_generator` and `dcgan_step`.
"""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def transposed(x, w, stride):
    """Transposed convolution in 1-D: each x[i] adds the copy x[i] w of the kernel at i stride.

    With x (L,) and w (k,) the result has the shape (stride (L - 1) + k,).
    """
    out = torch.zeros(stride * (len(x) - 1) + len(w))
    for i in range(len(x)):
        out[i * stride:i * stride + len(w)] += x[i] * w
    return out


def dcgan_init(layer):
    """DCGAN's start, for one layer of any kind, in place: convolutions and BatchNorm2d.

    Others stay as they are. Returns the layer.
    """
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)                   # gamma
        nn.init.zeros_(layer.bias)                                 # beta
    return layer


# transposed convolutions

def copies(x, w, stride, *, step=None, length=None, put=lambda old, new: old + new,
           copy=lambda x, w, i: x[i] * w):
    """A transposed convolution with its parts to be changed.

    What does not fit into `length` is cut off.
    """
    step = stride if step is None else step
    out = torch.zeros(stride * (len(x) - 1) + len(w) if length is None else length)
    for i in range(len(x)):
        room = out[i * step:i * step + len(w)]
        room[:] = put(room, copy(x, w, i)[:len(room)])
    return out


def slid(x, w, padding=0):
    """What `conv1d` does: w slides over x, not turned round."""
    return torch.nn.functional.conv1d(x.view(1, 1, -1), w.view(1, 1, -1), padding=padding).flatten()


def shape_of(seen):
    return tuple(seen["the result"].shape) if isinstance(seen.get("the result"), Tensor) else None


TRANSPOSED_MISTAKES = (
    Mistake("scalar", "It gives one number. The result is a whole row: each number of x adds a "
            "copy of the kernel to it, and the copies overlap.",
            when=lambda seen: shape_of(seen) == ()),
    Mistake("table", "It gives a table, with a row for each copy of the kernel. They still have to "
            "be put in their places, in one row, and where they overlap they are added.",
            when=lambda seen: len(shape_of(seen) or ()) == 2),
    Mistake("overwritten", "Where two copies of the kernel overlap, the later one wipes the "
            "earlier one out. The operation is linear in x: what has to happen there?",
            like=lambda x, w, stride: copies(x, w, stride, put=lambda old, new: new)),
    Mistake("averaged", "Where copies overlap it takes their mean. That would spare us the "
            "checkerboard; but a transposed convolution adds.",
            like=lambda x, w, stride: transposed(x, w, stride) / transposed(
                torch.ones_like(x), torch.ones_like(w), stride).clamp(min=1)),
    Mistake("largest", "Where copies overlap it keeps the larger one. A transposed convolution is "
            "linear in x: it adds.",
            like=lambda x, w, stride: copies(x, w, stride, put=torch.maximum)),
    Mistake("flipped", "The kernel is the wrong way round: it begins with the last number of w. "
            "What does a single 1 in x leave behind? (`conv1d` does not turn its kernel round "
            "either.)",
            like=lambda x, w, stride: transposed(x, w.flip(0), stride)),
    Mistake("x_reversed", "The copies come in the wrong order: the first number of x belongs to "
            "the left end.",
            like=lambda x, w, stride: transposed(x.flip(0), w, stride)),
    Mistake("plain_stamps", "Every copy is w itself, whatever the number in x. Each copy is "
            "multiplied by its number of x.",
            like=lambda x, w, stride: transposed(torch.ones_like(x), w, stride)),
    Mistake("stride_ignored", "The copies stand only one place apart. The stride says how far each "
            "is from the one before: that is what makes the result longer than x.",
            like=(lambda x, w, stride: transposed(x, w, 1),
                  lambda x, w, stride: copies(x, w, stride, step=1),
                  lambda x, w, stride: copies(x, w, stride, step=1, length=stride * len(x)))),
    Mistake("side_by_side", "The copies stand k apart, so they never overlap. It is the stride "
            "that says how far apart they are, and here it is smaller than the kernel.",
            like=(lambda x, w, stride: torch.outer(x, w).flatten(),
                  lambda x, w, stride: copies(x, w, stride, step=len(w)))),
    Mistake("convolution", "It is the ordinary convolution: w slides over x, with a stride, and "
            "the result gets shorter than x. Here the result gets longer. What does each number of "
            "x add to it?",
            like=(lambda x, w, stride: slid(x, w)[::stride], lambda x, w, stride: slid(x, w),
                  lambda x, w, stride: slid(x, w.flip(0))[::stride],
                  lambda x, w, stride: slid(x, w, len(w) - 1)[::stride])),
    Mistake("zeros_too_many", "There is one zero too many, or one too few, between the numbers of "
            "x: two neighbours are to be `stride` places apart.",
            like=(lambda x, w, stride: transposed(x, w, stride + 1),
                  lambda x, w, stride: transposed(x, w, stride - 1))),
    Mistake("no_room", "The last copy sticks out over the end. It begins at stride (L - 1): how "
            "long must the result be for its k numbers to fit?",
            when=lambda seen: any(word in seen.get("the error", "")
                                  for word in ("size", "bounds", "shape"))),
    Mistake("length", "The copies are right, but the result has another length: from the first "
            "number of the first copy to the last of the last, nothing cut off and nothing added. "
            "Where does the last copy begin, and how long is it?",
            when=lambda seen: shape_of(seen) is not None and shape_of(seen) != (LENGTH,)),
)


LENGTH = 11
"""Of the result of every probe: stride (L - 1) + k."""


def row(L, k, stride):
    def inputs():
        draw = torch.Generator().manual_seed(L)
        return {"x": torch.randn(L, generator=draw), "w": torch.randn(k, generator=draw),
                "stride": stride}
    return inputs


def result(results, inputs):
    return number_called("the result", results)


# initialisation

def fresh(kind, *sizes, **options):
    def inputs():
        _sandbox.seed(3)
        return {"layer": kind(*sizes, **options)}
    return inputs


def numbers_of(results, inputs):
    """How the layer's numbers are spread, rounded to what a learner can be held to; and whether it
    came back.
    """
    layer = inputs["layer"]
    seen = {"it gives the layer back": bool(results) and results[0] is layer} if results else {}
    for name, parameter in layer.named_parameters():
        if parameter.isnan().any():
            seen[f"{name}: numbers"] = "not finite"
            continue
        values = parameter.detach().double()
        seen[f"{name}: mean"] = torch.tensor(round(values.mean().item(), 2)).double()
        one_digit = float(f"{values.std(correction=0).item():.1g}")
        seen[f"{name}: spread (sd)"] = torch.tensor(one_digit).double()
    return seen


def starts(seen, name, mean, sd):
    """Whether a parameter is spread like N(mean, sd^2)."""
    return all(f"{name}: {what}" in seen and abs(seen[f"{name}: {what}"].item() - value) < 1e-6
               for what, value in (("mean", mean), ("spread (sd)", sd)))


NOT_BACK = Mistake("not_back", "The layer is as it should be, but it does not come back. Give back "
                   "the very one that came in, changed in place.",
                   when=lambda seen: seen.get("it gives the layer back") is False)
IN_ANY = (
    Mistake("no_bias", "A convolution made with `bias=False` has None in place of its bias. Ask "
            "before you touch it.",
            when=lambda seen: "NoneType" in seen.get("the error", "")),
    Mistake("no_weight", "`net.apply` hands over *every* module: also a Sequential, a ReLU or the "
            "whole net, which have no weight. Ask what kind of layer it is before you touch it.",
            when=lambda seen: "has no attribute" in seen.get("the error", "")),
)
CONV = (
    *IN_ANY,
    Mistake("weights_of_one", "The weights of the convolution are spread around 1. Around which "
            "number were those of DCGAN, and which layer has its numbers around 1?",
            when=lambda seen: starts(seen, "weight", 1, 0.02)),
    Mistake("variance", "The weights are far too small: 0.02 is the standard deviation, and "
            "`normal_` takes the standard deviation too, not the variance.",
            when=lambda seen: starts(seen, "weight", 0, 4e-4)),
    Mistake("root", "The weights are too large: 0.02 is the standard deviation already, and not "
            "the variance whose root one would have to take.",
            when=lambda seen: starts(seen, "weight", 0, 0.1)),
    Mistake("uniform", "The weights are spread evenly between -0.02 and 0.02, or so it seems. N(0, "
            "0.02²) is a bell, and its standard deviation is larger than that.",
            when=lambda seen: starts(seen, "weight", 0, 0.01)),
    Mistake("conv_bias", "The weights are right, and the bias is not: it should be 0. PyTorch "
            "starts it with small random numbers.",
            when=lambda seen: starts(seen, "weight", 0, 0.02) and not starts(seen, "bias", 0, 0)),
    Mistake("conv_untouched", "This convolution is left as PyTorch made it. Two kinds of layer "
            "have to be caught here, Conv2d and ConvTranspose2d.",
            when=lambda seen: starts(seen, "weight", 0, PLAIN)),
    NOT_BACK,
)
PLAIN = 0.04
"""The spread of PyTorch's own start for the convolutions that are handed over: uniform, 1 / sqrt(3
fan in), one digit.
"""
NORM = (
    *IN_ANY,
    Mistake("gamma_of_zero", "This is the bug that shipped: gamma is spread around 0, so it all "
            "but switches the channel off, and turns half of them upside down. BatchNorm "
            "multiplies by gamma: which number leaves things as they are?",
            when=lambda seen: starts(seen, "weight", 0, 0.02)),
    Mistake("beta", "gamma is right, and beta is not: it was 0, and has to stay 0. In PyTorch "
            "gamma is called weight, and beta bias.",
            when=lambda seen: starts(seen, "weight", 1, 0.02) and not starts(seen, "bias", 0, 0)),
    Mistake("gamma_and_beta", "gamma and beta have changed roles: gamma, the weight, is to lie "
            "around 1, and beta, the bias, is to be 0.",
            when=lambda seen: starts(seen, "bias", 1, 0.02)),
    Mistake("gamma_variance", "gamma is spread around 1, but hardly: 0.02 is the standard "
            "deviation, and `normal_` takes the standard deviation and not the variance.",
            when=lambda seen: starts(seen, "weight", 1, 4e-4)),
    Mistake("gamma_root", "gamma is spread around 1, but too widely: 0.02 is the standard "
            "deviation already, and no root has to be taken.",
            when=lambda seen: starts(seen, "weight", 1, 0.1)),
    Mistake("gamma_untouched", "gamma is exactly 1, as PyTorch leaves it. That is no bug; but here "
            "it is to be DCGAN's start, with a little spread around 1.",
            when=lambda seen: starts(seen, "weight", 1, 0)),
    NOT_BACK,
)
OTHERS = (
    *IN_ANY,
    NOT_BACK,
    Mistake("others_touched", "It also changes a layer that is neither a convolution nor a "
            "BatchNorm2d, a Linear one. That should stay as it is.",
            when=lambda seen: "the error" not in seen),
)


EXERCISES = (
    Exercise("07.transposed", transposed,
             (Probe(row(4, 5, 2), result, TRANSPOSED_MISTAKES),
              Probe(row(3, 5, 3), result, TRANSPOSED_MISTAKES),
              Probe(row(4, 2, 3), result, TRANSPOSED_MISTAKES)),
             ("Begin with a row of zeros, long enough. Then take the numbers of x one by one: "
              "where does copy i of the kernel begin, and where does it end?",
              "Copy i begins at place i times stride and is `len(w)` long; the last one decides "
              "how long the row has to be. Add to what is there.",
              "The row is `torch.zeros(stride * (len(x) - 1) + len(w))`; in a loop, add x[i] w to "
              "the slice that begins at `i * stride`."),
             "In two dimensions it is the same with squares.",
             frozenset({"k", "L", "out"})),
    Exercise("07.dcgan_init", dcgan_init,
             (Probe(fresh(nn.Conv2d, 16, 96, 4), numbers_of, CONV),
              Probe(fresh(nn.ConvTranspose2d, 96, 16, 4), numbers_of, CONV),
              Probe(fresh(nn.ConvTranspose2d, 16, 16, 4, bias=False), numbers_of, CONV),
              Probe(fresh(nn.BatchNorm2d, 8192), numbers_of, NORM),
              Probe(fresh(nn.Linear, 64, 64), numbers_of, OTHERS),
              Probe(fresh(nn.Sequential, nn.ReLU()), numbers_of, OTHERS)),
             ("Two questions decide: is it a convolution (of which there are two kinds), or is it "
              "a BatchNorm2d? Anything else goes back as it came.",
              "`isinstance(layer, nn.BatchNorm2d)` asks. `nn.init.normal_(tensor, mean, sd)` draws "
              "into a tensor, `nn.init.zeros_` wipes it. In BatchNorm gamma is called `weight`.",
              "Convolutions: weight with mean 0.0 and sd 0.02. BatchNorm2d: weight with mean 1.0 "
              "and sd 0.02. Biases 0, where there is one. At the end give the layer back."),
             "gamma around 1 leaves a channel as it is. Around 0 it nearly switches it off.",
             frozenset({"G", "D", "net"})),
)
