"""What a network does in one forward pass, as a list of its calls to PyTorch.

A network may be written with modules (`nn.ReLU()`), functions (`F.relu`) or methods (`x.relu()`):
in the trace all of them are the same call. So networks are compared by what they do.
"""
import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

WEIGHTED = {"linear": "fully connected layer", "conv1d": "convolution", "conv2d": "convolution",
            "conv_transpose1d": "transposed convolution",
            "conv_transpose2d": "transposed convolution", "embedding": "embedding"}
NORMS = {"batch_norm": "BatchNorm", "instance_norm": "InstanceNorm", "layer_norm": "LayerNorm"}
ACTIVATIONS = {"relu": "ReLU", "relu_": "ReLU", "leaky_relu": "LeakyReLU",
               "leaky_relu_": "LeakyReLU", "tanh": "tanh", "tanh_": "tanh", "sigmoid": "sigmoid",
               "sigmoid_": "sigmoid", "logsigmoid": "log-sigmoid", "softmax": "softmax",
               "elu": "ELU", "gelu": "GELU", "silu": "SiLU", "selu": "SELU", "softplus": "softplus",
               "hardtanh": "hard tanh", "prelu": "PReLU"}
OTHERS = {"dropout": "dropout", "interpolate": "upsampling", "pixel_shuffle": "PixelShuffle",
          "max_pool2d": "max pooling", "avg_pool2d": "average pooling"}
NAMES = WEIGHTED | NORMS | ACTIVATIONS | OTHERS


@dataclass
class Call:
    """One call: its name in words, its tensors with parameters in them, and the size that came out.
    """

    name: str                                   # "LeakyReLU", "convolution" …
    kind: str                                   # "layer", "norm", "activation" or "other"
    weight: Tensor | None = None
    bias: Tensor | None = None
    options: dict[str, Any] = field(default_factory=dict)
    out: tuple[int, ...] = ()


class Trace(TorchFunctionMode):
    """`with Trace() as trace: net(x)`; then `trace.calls` are the calls of the pass, in order.

    A table that is looked up again counts once: it is no layer that two places share.
    """

    def __init__(self):
        super().__init__()
        self.calls: list[Call] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        if _is_relu(name, args, kwargs):
            name = "relu"
        if name in NAMES and isinstance(result, Tensor):
            call = _call(name, args, kwargs, tuple(result.shape))
            if name != "embedding" or all(call.weight is not each.weight for each in self.calls):
                self.calls.append(call)
        return result


def _is_relu(name: str, args: tuple, kwargs: dict) -> bool:
    """Whether a call cuts off at 0 from below, and nowhere else: ReLU by another name."""
    if name not in ("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_"):
        return False
    given = dict(zip(("input", "min", "max"), args, strict=False)) | kwargs
    low = given.get("min")
    return isinstance(low, int | float) and low == 0 and given.get("max") is None


def _call(name: str, args: tuple, kwargs: dict, out: tuple[int, ...]) -> Call:
    given = dict(zip(_PARAMETERS.get(name, ()), args, strict=False)) | kwargs
    kind = ("layer" if name in WEIGHTED else "norm" if name in NORMS
            else "activation" if name in ACTIVATIONS else "other")
    options = {}
    if name.startswith("conv"):
        options = {"kernel": tuple(given["weight"].shape[2:]),
                   "stride": _pair(given.get("stride",
                                             1)), "padding": _pair(given.get("padding", 0))}
    elif name.startswith("leaky_relu"):
        options = {"slope": given.get("negative_slope", 0.01)}
    elif name == "dropout":
        options = {"share": given.get("p", 0.5)}
    return Call(NAMES[name], kind, given.get("weight"), given.get("bias"), options, out)


_PARAMETERS = {                                 # positions of the arguments that are looked at
    "linear": ("input", "weight", "bias"),
    "conv1d": ("input", "weight", "bias", "stride", "padding"),
    "conv2d": ("input", "weight", "bias", "stride", "padding"),
    "conv_transpose1d": ("input", "weight", "bias", "stride", "padding"),
    "conv_transpose2d": ("input", "weight", "bias", "stride", "padding"),
    "embedding": ("input", "weight"),
    "batch_norm": ("input", "mean", "var", "weight", "bias"),
    "instance_norm": ("input", "mean", "var", "weight", "bias"),
    "layer_norm": ("input", "shape", "weight", "bias"),
    "prelu": ("input", "weight"),
    "dropout": ("input", "p"),
    "leaky_relu": ("input", "negative_slope"),
    "leaky_relu_": ("input", "negative_slope"),
}


def _pair(value) -> tuple[int, int] | str:
    if isinstance(value, str):                  # padding="same"
        return value
    value = tuple(value) if hasattr(value, "__len__") else (value, value)
    return value if len(value) == 2 else value * 2


@dataclass
class Stage:
    """A layer with weights and what follows it, up to the next one."""

    layer: Call
    after: list[Call]

    def norm(self) -> Call | None:
        return next((call for call in self.after if call.kind == "norm"), None)

    def words(self) -> list[str]:
        """What follows the layer, in words: ["LeakyReLU(0.2)", "dropout(0.3)"]; dropout of a share
        of 0 does nothing and is left out.
        """
        return [call.name + "".join(f"({number:g})" for number in call.options.values())
                for call in self.after if call.options.get("share") != 0]


def stages(calls: list[Call]) -> list[Stage]:
    """The pass cut at its layers with weights; what comes before the first one belongs to none."""
    found: list[Stage] = []
    for call in calls:
        if call.kind == "layer":
            found.append(Stage(call, []))
        elif found:
            found[-1].after.append(call)
    return found


@dataclass
class Pass:
    """A network that was built and run once: what came out, and the stages it went through."""

    net: nn.Module
    inputs: tuple[Tensor, ...]
    out: Tensor
    trace: Trace

    @property
    def stages(self) -> list[Stage]:
        return stages(self.trace.calls)


def unregistered(net: nn.Module) -> list[str]:
    """The attributes of `net`, or of its parts, that keep modules where PyTorch cannot see them."""
    known, hidden = set(map(id, net.modules())), []

    def look(value) -> bool:
        if isinstance(value, nn.Module):
            return id(value) not in known
        if isinstance(value, dict):
            value = list(value.values())
        return isinstance(value, list | tuple | set) and any(look(each) for each in value)

    for part in net.modules():
        hidden += [name for name, value in vars(part).items()
                   if not name.startswith("_") and look(value)]
    return hidden


def receptive_field(net: nn.Module, x: Tensor) -> tuple[int, int]:
    """How many rows and columns of an image one value in the middle of the output depends on.

    Args:
        net: a network of images, asked in evaluation mode.
        x: (N, C, H, W).

    Returns:
        Height and width in pixels.
    """
    x = x.clone().requires_grad_(True)
    y = net(x)
    middle = y[(0, *(size // 2 for size in y.shape[1:]))]
    middle.backward()
    touched = x.grad[0].abs().sum(0) > 0
    rows, columns = touched.any(1).nonzero(), touched.any(0).nonzero()
    if not len(rows):
        return 0, 0
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


def sizes(calls: list[Call]) -> str:
    """How large the picture is after each layer, "7x7 -> 14x14 -> 28x28"; "" without pictures."""
    shapes = [call.out[2:] for call in calls if call.kind == "layer" or call.name == "upsampling"]
    return " -> ".join("x".join(map(str, shape)) for shape in shapes if math.prod(shape) and shape)
