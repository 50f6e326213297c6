"""Where the layers of a learner's network differ from those asked for: the layers themselves, what
follows each of them, their sizes.
"""
from collections.abc import Iterator
from itertools import takewhile

from gan_course.lessons.exercises._trace import Call, Pass, Stage

Said = tuple[str, str]
"""The id of a message, and the message."""


def in_front(mine: Pass, right: Pass) -> Iterator[Said]:
    """What stands in front of the first layer with weights."""
    got, wanted = ([call.name for call in takewhile(lambda call: call.kind != "layer",
                                                    each.trace.calls)] for each in (mine, right))
    if "dropout" in got and "dropout" not in wanted:
        yield "dropout_on_the_input", ("There is a dropout in front of the first layer: it would "
                                       "set numbers of the data themselves to 0. Dropout stands "
                                       "behind the hidden layers.")
    if got != wanted:
        yield "in_front", (f"In front of the first layer comes {', '.join(got) or 'nothing'}; "
                           f"asked is {', '.join(wanted) or 'nothing'}.")


def architecture(exercise, mine: Pass, right: Pass) -> Iterator[Said]:
    """Layer by layer: which, with what behind it, in which shape."""
    got, wanted = compared_stages(exercise, mine), compared_stages(exercise, right)
    if len(got) != len(wanted):
        yield "layers", (f"It has {len(got)} layers with weights ({_listed(got)}), and "
                         f"{len(wanted)} are asked for ({_listed(wanted)}).")
        return
    last = len(wanted) - 1
    for place, (ours, theirs) in enumerate(zip(got, wanted, strict=True)):
        where = "the last layer" if place == last else f"layer {place + 1}"
        if ours.layer.name != theirs.layer.name:
            yield "other_layer", (f"{_big(where)}: {ours.layer.name}; asked for: "
                                  f"{theirs.layer.name}.")
        if ours.norm() and not theirs.norm():
            beside_data = (exercise.role, place) in (("discriminator", 0), ("generator", last))
            yield "batchnorm_at_the_edge", (
                f"Behind {where} stands {ours.norm().name}, and none is asked for there."
                + (" On D's first and G's last layer it would take away the mean and the spread "
                   "that the data's own values have." if beside_data else ""))
        if theirs.norm() and not ours.norm():
            yield "no_batchnorm", (f"{theirs.norm().name} is missing behind {where}; it comes "
                                   "before the activation.")
        if ours.words() != theirs.words():
            yield from _other_sequel(ours, theirs, where)
        yield from _other_shape(ours, theirs, where)
    if exercise.side_by_side:
        yield from _norms_apart(mine, right)


def _norms_apart(mine: Pass, right: Pass) -> Iterator[Said]:
    """The normalisations of a network whose layers stand side by side, wherever they are called."""
    got, wanted = ([call for call in each.trace.calls if call.kind == "norm"]
                   for each in (mine, right))
    if len(got) != len(wanted):
        yield "no_batchnorm", (f"It normalises {len(got)} times, and should do so {len(wanted)} "
                               "times. BatchNorm gives each channel mean 0 and standard deviation "
                               "1.")
        return
    for ours, theirs in zip(got, wanted, strict=True):
        if ours.weight is not None and theirs.weight is None:
            yield "own_affine", (f"Its {ours.name} has a gain and a shift of its own, the same for "
                                 "every label. Here both come from the label: `affine=False`.")


def compared_stages(exercise, each: Pass) -> list[Stage]:
    """The stages to compare. Of layers side by side those of one kind stand together, and what is
    called after a fully connected layer or an embedding may belong to another branch.
    """
    if not exercise.side_by_side:
        return each.stages
    return sorted((Stage(stage.layer, stage.after if "convolution" in stage.layer.name else [])
                   for stage in each.stages), key=lambda stage: stage.layer.name)


def _other_sequel(ours: Stage, theirs: Stage, where: str) -> Iterator[Said]:
    got, wanted = ours.words(), theirs.words()
    asked = (f"Behind {where} comes {', '.join(got) or 'nothing'}; asked is "
             f"{', '.join(wanted) or 'nothing'}.")
    if sorted(got) == sorted(wanted):
        yield "order", f"{asked} These are the right parts, in another order."
    dropout = [[word for word in words if word.startswith("dropout")] for words in (got, wanted)]
    if dropout[0] != dropout[1]:
        yield "dropout", (f"{asked} The number behind dropout is the share of units that it sets "
                          "to 0 in training; it is an argument of `__init__`.")
    if "ReLU" in got and any(word.startswith("LeakyReLU") for word in wanted):
        yield "relu_for_leaky", (f"{asked} Where ReLU is 0 its gradient is 0 too, and D is the "
                                 "only one who tells G where to go.")
    if all(any(word.startswith("LeakyReLU") for word in words) for words in (got, wanted)):
        yield "slope", (f"{asked} The number is the slope for negative values; PyTorch's default "
                        "is 0.01.")
    unseen = (" Only PyTorch's own layers and functions are seen here, not what is written by hand "
              "with `torch.where` or `view`.")
    missing = len(got) != len(wanted) and set(wanted) - set(got)
    yield "activation", asked + (unseen if missing else "")


def _other_shape(ours: Stage, theirs: Stage, where: str) -> Iterator[Said]:
    got, wanted = ours.layer, theirs.layer
    if not _one_geometry(got, wanted):
        yield "convolution", (f"{_big(where)} has {_options(got.options)}; asked is "
                              f"{_options(wanted.options)}.")
    if got.weight.shape != wanted.weight.shape:
        yield "width", (f"The weights of {where} have the shape {tuple(got.weight.shape)}; asked "
                        f"is {tuple(wanted.weight.shape)}.")
    if got.bias is None and wanted.bias is not None:
        yield "no_bias", f"{_big(where)} has no bias, and nothing behind it replaces one."


def _one_geometry(ours: Call, theirs: Call) -> bool:
    """Whether two layers have the same kernel, stride and padding. Padding may be written as
    "same", or as a layer of its own in front: with the same kernel and stride the size tells.
    """
    if ours.options == theirs.options:
        return True
    without_padding = [{name: value for name, value in each.options.items() if name != "padding"}
                       for each in (ours, theirs)]
    return without_padding[0] == without_padding[1] and ours.out[2:] == theirs.out[2:]


def _listed(found: list[Stage]) -> str:
    return ", ".join(stage.layer.name for stage in found) or "none"


def _options(options: dict) -> str:
    return ", ".join(f"{name} "
                     f"{value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value}"
                     for name, value in options.items())


def _big(words: str) -> str:
    return words[0].upper() + words[1:]
