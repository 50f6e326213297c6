"""What can be wrong with a network that runs: each question yields the id of a message and the
message, in the words of the field. `_networks` asks them and shows the first.
"""
from collections.abc import Iterator

import torch
from torch import Tensor

from gan_course.lessons.exercises._architecture import (
    Said,
    architecture,
    compared_stages,
    in_front,
)
from gan_course.lessons.exercises._checking import CHANGED_INPUTS
from gan_course.lessons.exercises._trace import (
    Pass,
    receptive_field,
    sizes,
    stages,
    unregistered,
)

N = 6
"""Samples in a mini-batch; a size that no layer of the exercises has."""
EVAL_MODE = "eval_mode", "It puts itself into evaluation mode. That is for the loop to decide."


def found(exercise, mine: Pass, right: Pass, build: dict) -> Iterator[Said]:
    """What is wrong with a network that runs, the most basic first."""
    if not all(map(torch.equal, mine.inputs, right.inputs)):
        yield CHANGED_INPUTS
    yield from _registration(mine, right)
    for name in exercise.keeps:
        if getattr(mine.net, name, None) != build[name]:
            yield "not_kept", (f"The network has to keep its `{name}`, since the loop asks for it: "
                               f"`self.{name} = {name}` in `__init__`.")
    yield from _size(exercise, mine, right)
    yield from _range(exercise, mine, right)
    if exercise.role == "critic" and any(call.name == "BatchNorm" for call in mine.trace.calls):
        yield "batchnorm_in_critic", ("There is a BatchNorm in the critic. With it the score of "
                                      "one point depends on the whole mini-batch, and the gradient "
                                      "penalty, which is about the slope at one point, measures "
                                      "something else.")
    yield from _samples_together(mine) if exercise.over_batch else _samples_apart(mine)
    if exercise.fixed:
        if not exercise.side_by_side:
            yield from in_front(mine, right)
        yield from architecture(exercise, mine, right)
    if exercise.std is not None:
        yield from _initial_weights(mine, exercise.std)
    yield from _gradients(mine)
    if exercise.fixed:
        yield from _numbers(exercise, mine, right, build)


def _registration(mine: Pass, right: Pass) -> Iterator[Said]:
    if hidden := unregistered(mine.net):
        yield "python_list", (f"`self.{hidden[0]}` is an ordinary Python list (or dict) of layers. "
                              "PyTorch does not look into it: the optimizer would never see their "
                              "parameters, and `.to(device)` would leave them behind. Use "
                              "`nn.ModuleList` or `nn.Sequential`.")
    known = set(map(id, mine.net.parameters()))
    weights = [call.weight for call in mine.trace.calls]
    if any(weight is not None and id(weight) not in known for weight in weights):
        yield "made_in_forward", ("A layer is made inside `forward`: each call gets new, random "
                                  "weights, and nothing is ever learned. Make the layers in "
                                  "`__init__` and only use them in `forward`.")
    used, theirs = ([call.weight for call in each.trace.calls
                     if call.kind in ("layer", "norm") or call.name == "PReLU"]
                    for each in (mine, right))
    if _repeated(used) and not _repeated(theirs):
        yield "shared", ("One layer is used in two places of the same pass. Both places would have "
                         "the same weights. Make a layer of its own for each.")


def _repeated(weights: list[Tensor | None]) -> bool:
    ids = [id(weight) for weight in weights if weight is not None]
    return len(set(ids)) < len(ids)


def _size(exercise, mine: Pass, right: Pass) -> Iterator[Said]:
    got, wanted = tuple(mine.out.shape), tuple(right.out.shape)
    if got == wanted:
        return
    way = f" Its layers give {path}." if (path := sizes(mine.trace.calls)) else ""
    both = f"For {_shapes(mine.inputs)} it gives {got}, and should give {wanted}."
    if len(wanted) > 1 and exercise.role == "discriminator" and mine.out.numel() == N:
        yield "one_logit", (f"{both} This D gives one logit for each pair. A PatchGAN gives one "
                            "for every patch: its last layer is a convolution, and the picture of "
                            "logits that it gives is the output.")
    if len(wanted) == 1 and exercise.role != "generator" and mine.out.numel() == N:
        yield "not_a_vector", (f"{both} One logit for each sample is a vector: take away the last "
                               "dimension, for example with `.squeeze(1)` or `.view(-1)`. "
                               "Otherwise a loss that compares (N, 1) with (N,) would quietly pair "
                               "every sample with every other.")
    if got[:1] != wanted[:1]:
        yield "mixes_samples", (f"{both} The first dimension is the mini-batch, and it has to "
                                "survive: flatten from dimension 1 on, `x.flatten(1)`.")
    if len(got) == len(wanted) == 4 and got[2:] == wanted[2:]:
        yield "channels", f"{both} The number of channels is that of the data."
    if len(got) == len(wanted) == 4:
        yield "picture_size", (f"{both}{way} A convolution gives (size + 2 padding - kernel) / "
                               "stride + 1, a transposed one (size - 1) stride - 2 padding + "
                               "kernel.")
    yield "size", f"{both}{way}"


def _shapes(inputs: tuple[Tensor, ...]) -> str:
    return " and ".join(str(tuple(value.shape)) for value in inputs)


def _range(exercise, mine: Pass, right: Pass) -> Iterator[Said]:
    """What squashes the output at its end, and what does not."""
    if exercise.role == "features":
        return                                  # any range will do; the architecture says which
    squashed, theirs = ({call.name for call in each.stages[-1].after} if each.stages else set()
                        for each in (mine, right))
    if exercise.role == "critic" and squashed & {"sigmoid", "tanh", "softmax", "log-sigmoid"}:
        yield "squashed_critic", ("Its scores are squashed at the end. A critic's score may be any "
                                  "real number: a gap of squashed scores can never be larger than "
                                  "1 or 2, however far the fakes are, and far away its gradient "
                                  "vanishes.")
    if exercise.role == "critic":
        return
    if exercise.role == "discriminator":
        if "sigmoid" in squashed and "sigmoid" not in theirs:
            yield "sigmoid_in_D", ("It ends in a sigmoid. In this course D gives raw logits, and "
                                   "the loss takes the sigmoid itself, in a form that cannot "
                                   "overflow. With a sigmoid here there would be two.")
        if squashed & {"tanh", "softmax"}:
            yield "squashed_D", ("D's output is squashed at its end. A logit may be any real "
                                 "number: the last layer is the output.")
        return
    if "tanh" in theirs and "tanh" not in squashed:
        extra = (" A sigmoid gives values from 0 to 1, and the data lie in [-1, 1]."
                 if "sigmoid" in squashed else "")
        yield "no_tanh", ("The last step of G is missing: `tanh`. Real pictures lie in [-1, 1], "
                          "and G's have to lie there too, or D tells them apart by that "
                          f"alone.{extra}")
    if "tanh" not in theirs and "tanh" in squashed:
        yield "unwanted_tanh", (
            "It ends in `tanh`. By itself that never goes beyond -1 and 1, and scaled it still "
            "squashes; a residual lies between -2 and 2: the last layer is the output."
            if mine.out.dim() == 4 else
            "It ends in `tanh`, so all its points lie in a box from -1 to 1. These data are not "
            "pictures: the last layer is the output.")
    if "ReLU" in squashed and "ReLU" not in theirs:
        yield "relu_at_the_end", ("It ends in ReLU, which gives no negative numbers at all. The "
                                  "last layer has no ReLU behind it.")


def _samples_apart(mine: Pass) -> Iterator[Said]:
    """In evaluation mode a sample's output is its own business."""
    training = mine.net.training
    mine.net.eval()
    with torch.no_grad():
        before = mine.net(*mine.inputs)
        again = mine.net(*mine.inputs)
        alone = _alone(mine)
        changed = [value.clone() for value in mine.inputs]
        changed[0][0] = changed[0][1]
        after = mine.net(*changed)
    mine.net.train(training)
    if not torch.equal(before, again):
        yield "dropout_in_evaluation", ("In evaluation mode it still gives another output each "
                                        "time. `nn.Dropout` stops by itself in `.eval()`; "
                                        "`F.dropout(x, p)` only if it is told: "
                                        "`training=self.training`.")
    if not training:
        yield EVAL_MODE
    if alone != before[:1].shape:
        yield "one_sample", (f"For a mini-batch of one sample it gives {_said(alone)}, and should "
                             f"give {tuple(before[:1].shape)}. `.squeeze()` takes away every "
                             "dimension of size 1, that of the mini-batch too; `.squeeze(1)` takes "
                             "away the second one only.")
    if not torch.allclose(before[1:], after[1:], atol=1e-5):
        yield "mixes_samples", ("The output for one sample depends on the others: somewhere a "
                                "`view` or `reshape` mixes the samples of the mini-batch. The "
                                "first dimension is the mini-batch, and stays in front.")


def _alone(mine: Pass) -> torch.Size | str:
    """The shape of the output for a mini-batch of one sample, or the error that it stops with."""
    try:
        return mine.net(*(value[:1] if len(value) == N else value for value in mine.inputs)).shape
    except Exception as error:
        return f"an error, “{' '.join(str(error).split())[:120]}”"


def _said(shape: torch.Size | str) -> str:
    return shape if isinstance(shape, str) else f"the shape {tuple(shape)}"


def _samples_together(mine: Pass) -> Iterator[Said]:
    """Each output depends on every sample, gradients included, and not on their order."""
    if not mine.net.training:
        yield EVAL_MODE
    x = mine.inputs[0].clone().requires_grad_(True)
    out = mine.net(x)
    with torch.no_grad():
        turned = mine.net(x.flip(0))
        changed = x.clone()
        changed[1] += 1.0
        elsewhere = mine.net(changed)
    if not torch.allclose(turned, out.flip(0), atol=1e-4):
        yield "mixes_samples", ("In another order the samples get other outputs: somewhere a "
                                "`view` or `reshape` mixes them up. Each row keeps its place, and "
                                "what tells of the whole mini-batch is the same for every row.")
    if torch.allclose(elsewhere[2:], out[2:], atol=1e-6):
        yield "one_sample_each", ("The output for one sample does not depend on the others, so "
                                  "this network cannot see that they are alike. Is the statistic "
                                  "taken over the samples (dimension 0), and does the last layer "
                                  "read it?")
    if out.requires_grad and not torch.autograd.grad(out[0], x)[0][1].any():
        yield "cut_loose", ("The statistic is right for D, but no gradient flows through it, so G "
                            "would never learn that its samples are too much alike. What cuts it "
                            "loose (`.item()`, `.detach()`, `torch.no_grad()`, `torch.tensor`)?")


def _gradients(mine: Pass) -> Iterator[Said]:
    weights = torch.linspace(-1, 1, mine.out.numel()).view_as(mine.out)
    if not mine.out.requires_grad:
        yield "no_gradient", ("No gradient comes back from its output: something in `forward` cuts "
                              "the graph (`.detach()`, `.data`, `torch.no_grad()` or NumPy).")
        return
    mine.net.zero_grad()
    (mine.out * weights).sum().backward()
    idle = [name for name, parameter in mine.net.named_parameters() if parameter.grad is None]
    if idle:
        yield "idle_parameters", (f"No gradient reaches `{idle[0]}`"
                                  + (f" and {len(idle) - 1} more" if idle[1:] else "")
                                  + ": a layer is made in `__init__` and not used in `forward`.")


def _numbers(exercise, mine: Pass, right: Pass, build: dict) -> Iterator[Said]:
    """With the reference's parameters it gives the reference's output."""
    same = with_parameters_of(mine, right)
    right.net.eval()
    with torch.no_grad():
        wanted = right.net(*right.inputs)
    right.net.train()
    if not torch.allclose(same, wanted, rtol=1e-3, atol=1e-4):
        for mistake in exercise.mistakes:
            wrong = mistake.like(**build)
            wrong.load_state_dict(right.net.state_dict())
            with torch.no_grad():
                if torch.allclose(same, wrong.eval()(*right.inputs), rtol=1e-3, atol=1e-4):
                    yield mistake.id, mistake.says
        yield "other_numbers", ("Its layers are those asked for, and with the same weights it "
                                "still gives something else (off by up to "
                                f"{(same - wanted).abs().max():.2g}). Look at what happens between "
                                "the layers: a reshape in another order, something added, dropped "
                                "or scaled?")
    if right.out.dim() == 4 and len(right.inputs) == 1 and right.inputs[0].dim() == 4:
        mine.net.eval(), right.net.eval()
        if receptive_field(mine.net, mine.inputs[0]) != receptive_field(right.net, right.inputs[0]):
            yield "receptive_field", "Its receptive field is another one than that asked for."
        mine.net.train(), right.net.train()


def with_parameters_of(mine: Pass, right: Pass) -> Tensor:
    """The output in evaluation mode with the reference's parameters, copied layer by layer.

    A bias that the reference does not have is set to 0.
    """
    layers = [sorted((call for call in each.trace.calls if call.kind in ("layer", "norm")),
                     key=lambda call: call.name) for each in (mine, right)]
    buffers = [[part for part in each.net.modules() if hasattr(part, "running_mean")]
               for each in (mine, right)]
    with torch.no_grad():
        for ours, theirs in zip(*layers, strict=True):
            for name in ("weight", "bias"):
                to, value = getattr(ours, name), getattr(theirs, name)
                if to is not None:
                    to.copy_(value) if value is not None else to.zero_()
        for ours, theirs in zip(*buffers, strict=False):
            if ours.running_mean is not None and theirs.running_mean is not None:
                ours.load_state_dict(theirs.state_dict())
        mine.net.eval()
        out = mine.net(*mine.inputs)
        mine.net.train()
    return out


def _initial_weights(mine: Pass, std: float) -> Iterator[Said]:
    for stage in stages(mine.trace.calls):
        found = stage.layer.weight.std().item()
        if not 0.8 * std < found < 1.2 * std:
            yield "initial_weights", (f"The weights of the {stage.layer.name} start with a "
                                      f"standard deviation of {found:.3g}; asked is {std:g}.")
            return


def remarks(exercise, mine: Pass) -> Iterator[Said]:
    """What is not wrong, and worth a word."""
    norms = [stage.norm().name for stage in compared_stages(exercise, mine)
             if stage.layer.bias is not None and stage.norm()]
    if norms:
        yield "bias_before_batchnorm", (
            f"A remark: a bias in front of {norms[0]} has no effect, since the mean is taken away "
            "right after it; `bias=False` saves the parameters.")
