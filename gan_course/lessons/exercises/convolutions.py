"""Two exercises of the deeper notebooks of 07: receptive fields, and the features of all layers."""
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    number_called,
    numbers_called,
)


def receptive_fields(kernels, strides):
    """The width of the receptive field after each of the layers, in pixels: a list of numbers."""
    found, width, step = [], 1, 1           # a pixel of the picture depends on itself alone
    for kernel, stride in zip(kernels, strides, strict=True):
        width += (kernel - 1) * step        # neighbours in its input are `step` pixels apart
        step *= stride
        found.append(width)
    return found


def pooled_features(activations):
    """Each layer's activations, (N, C, H, W), max-pooled to 4x4 and joined: (N, 16 sum of C)."""
    return torch.cat([adaptive_max_pool2d(a, 4).flatten(1) for a in activations], dim=1)


# receptive fields

def fields(grow, start=1, own_stride=False, combine=lambda step, stride: step * stride):
    """Receptive fields with their parts to be changed."""
    def receptive_fields(kernels, strides):
        widths, width, step = [], start, 1
        for kernel, stride in zip(kernels, strides, strict=True):
            if own_stride:
                step = combine(step, stride)
            width = grow(width, kernel, stride, step)
            if not own_stride:
                step = combine(step, stride)
            widths.append(width)
        return widths
    return receptive_fields


def layers(kernels, strides):
    return lambda: {"kernels": list(kernels), "strides": list(strides)}


def row(results, inputs):
    """A list, tuple or array of numbers as a tensor."""
    return numbers_called("the widths", results)


FIELD_MISTAKES = (
    Mistake("only_last", "It gives one number. Asked is the width after each layer, as a list.",
            when=lambda seen: isinstance(seen.get("the widths"), Tensor)
            and seen["the widths"].dim() == 0),
    Mistake("whole_kernel", "Each layer adds a whole kernel. A kernel of k numbers that stand next "
            "to each other reaches k - 1 steps further than one of them alone.",
            like=(fields(lambda width, k, s, step: width + k * step),
                  fields(lambda width, k, s, step: width + k * step, start=0))),
    Mistake("own_stride", "The stride of a layer is used one layer too early. It decides how far "
            "apart the *outputs* of that layer stand, so the next layer is the first to notice.",
            like=fields(lambda width, k, s, step: width + (k - 1) * step, own_stride=True)),
    Mistake("no_strides", "The strides of the layers below are not used. After a layer of stride 2 "
            "neighbouring numbers stand 2 pixels apart, so the next kernel spans twice as much.",
            like=(fields(lambda width, k, s, step: width + k - 1),
                  fields(lambda width, k, s, step: width + (k - 1) * s))),
    Mistake("last_stride", "Only the stride of the layer just below is used. The distance between "
            "neighbouring numbers grows from layer to layer: it is the *product* of all strides "
            "below.",
            like=fields(lambda width, k, s, step: width + (k - 1) * step,
                        combine=lambda step, stride: stride)),
    Mistake("added_strides", "The strides below are added. Two layers of stride 2 put neighbours 4 "
            "pixels apart, three of them 8: they multiply.",
            like=(fields(lambda width, k, s, step: width + (k - 1) * step,
                         combine=lambda step, stride: step + stride),
                  fields(lambda width, k, s, step: width + (k - 1) * step,
                         combine=lambda step, stride: step + stride - 1))),
    Mistake("starts_at_0", "All widths are 1 too small. Before the first layer, a number is a "
            "pixel and depends on 1 pixel, not on 0.",
            like=fields(lambda width, k, s, step: width + (k - 1) * step, start=0)),
    Mistake("downwards", "This rule, the width times the stride plus k minus the stride, leads "
            "from a layer *down* to the one below it. Going up, it is right only if all layers "
            "are alike.",
            like=(fields(lambda width, k, s, step: width * s + k - s),
                  fields(lambda width, k, s, step: (width - 1) * s + k))),
    Mistake("lengths", "There have to be as many widths as layers: the first one after layer 1, "
            "the last one after the last layer.",
            when=lambda seen: isinstance(seen.get("the widths"), Tensor)
            and seen["the widths"].shape != (LAYERS,)),
)
LAYERS = 4
"""Of every probe."""


# features

def pool(to=4, by=adaptive_max_pool2d, take=lambda activations: activations,
         flat=lambda a: a.flatten(1), join=lambda parts: torch.cat(parts, dim=1)):
    """Pooled features with their parts to be changed."""
    def pooled_features(activations):
        return join([flat(by(a, to)) for a in take(activations)])
    return pooled_features


def three_layers(N):
    def inputs():
        draw = torch.Generator().manual_seed(N)
        shapes = ((N, 2, 14, 14), (N, 3, 8, 8), (N, 5, 7, 7))
        return {"activations": [torch.randn(shape, generator=draw) for shape in shapes]}
    return inputs


def table(results, inputs):
    return number_called("the features", results)


def shape_of(seen):
    features = seen.get("the features")
    return tuple(features.shape) if isinstance(features, Tensor) else ()


POOL_MISTAKES = (
    Mistake("average", "It averages within each of the 16 fields. Asked is the largest value.",
            like=pool(by=adaptive_avg_pool2d)),
    Mistake("last_layer", "Only the last layer is used. The paper's probe takes all of them, since "
            "the early ones know about strokes and edges.",
            like=pool(take=lambda activations: activations[-1:])),
    Mistake("first_layer", "Only the first layer is used. A `return` inside the loop ends it too "
            "early.", like=pool(take=lambda activations: activations[:1])),
    Mistake("global", "Each channel is pooled to a single number, so that where something is gets "
            "lost. Asked is a grid of 4x4.", like=pool(to=1)),
    Mistake("unpooled", "The activations are joined as they are. Pool each layer to 4x4 first, so "
            "that the large early layers do not crowd out the others.",
            like=pool(by=lambda a, to: a)),
    Mistake("not_flat", "It gives back a grid of 4x4 for each channel. A linear classifier needs "
            "one vector for each picture.",
            when=lambda seen: len(shape_of(seen)) > 2),
    Mistake("all_pictures_mixed", "All pictures end up in one vector. `flatten(1)` keeps the first "
            "dimension, that of the pictures.",
            when=lambda seen: len(shape_of(seen)) == 1),
    Mistake("below_each_other", "The layers stand below each other, as if they were more pictures. "
            "They belong to the same pictures: join along dimension 1.",
            when=lambda seen: "Sizes of tensors must match" in seen.get("the error", "")),
    Mistake("a_list", "It gives back a list with the features of each layer. Join them, so that "
            "each picture has one vector.",
            when=lambda seen: seen.get("the features") in ("a list", "a tuple")),
)


EXERCISES = (
    Exercise("07.receptive_fields", receptive_fields,
             (Probe(layers((4, 4, 4, 4), (2, 2, 2, 2)), row, FIELD_MISTAKES),
              Probe(layers((3, 5, 2, 7), (1, 2, 3, 2)), row, FIELD_MISTAKES)),
             ("Two numbers go with you from layer to layer: the width so far, and how many pixels "
              "apart neighbouring numbers are.",
              "A kernel of k spans k - 1 steps between neighbours. Add that many steps to the "
              "width, and only then multiply the step by the layer's stride.",
              "Start with `width, step = 1, 1`. In the loop: `width += (kernel - 1) * step`, then "
              "`step *= stride`, and append the width to a list."),
             "The width grows with the product of the strides below.",
             frozenset({"D", "x"})),
    Exercise("07.pooled_features", pooled_features,
             (Probe(three_layers(3), table, POOL_MISTAKES),
              Probe(three_layers(1), table, POOL_MISTAKES)),
             ("Three steps for each layer: pool it, flatten it, put it beside the others.",
              "`adaptive_max_pool2d(a, 4)` pools images of any size to 4x4; `flatten(1)` keeps the "
              "pictures apart.",
              "`torch.cat([adaptive_max_pool2d(a, 4).flatten(1) for a in activations], dim=1)`"),
             "Sixteen numbers for each channel of each layer, whatever its size was.",
             frozenset({"D", "x"})),
)
