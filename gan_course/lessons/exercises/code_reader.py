"""InfoGAN's third network in notebook 09: Q's own layers on top of D's body."""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._gradients import ALL, reached
from gan_course.lessons.exercises._trace import Trace, stages, unregistered


class CodeReader(nn.Module):
    """Features of D's body -> the categories' logits (N, K) and the numbers' means (N, d)."""

    def __init__(self, features, categories, continuous):
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            nn.Linear(features, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.2),
        )
        self.category = nn.Linear(128, categories)
        self.mean = nn.Linear(128, continuous)
        self.log_sd = nn.Parameter(torch.zeros(continuous))

    def forward(self, features):
        h = self.body(features)
        return self.category(h), self.mean(h)


def looked_through(results: list, inputs: dict) -> Seen:
    """Its layers, what comes out of a forward pass, and log_sd."""
    if not results or not isinstance(results[0], nn.Module):
        return {"it builds": "no network" if results else "nothing"}
    net, features = results[0], torch.randn(5, inputs["features"] // 4, 2, 2, requires_grad=True)

    def traced():
        with Trace() as trace:
            return net(features.clone()), stages(trace.calls)

    forward = _sandbox.run(traced, [])
    if forward.result is None:
        return {"_forward": forward}
    out, parts = forward.result
    sd = getattr(net, "log_sd", None)
    seen: Seen = {"_forward": forward,
                  "log_sd": "missing" if not isinstance(sd, Tensor) else as_number(sd),
                  "log_sd is a parameter": any(sd is each for each in net.parameters())}
    if not (isinstance(out, tuple | list) and len(out) == 2
            and all(isinstance(each, Tensor) for each in out)):
        return seen | {"it gives back": "not two tensors"}
    known = set(map(id, net.parameters()))
    return seen | {
        "the shapes": " and ".join(str(tuple(each.shape)) for each in out),
        "a layer is hidden": bool(unregistered(net)) or any(
            id(part.layer.weight) not in known for part in parts),
        "the layers": ", ".join(sorted(
            f"{part.layer.name} {tuple(part.layer.weight.shape)}" for part in parts)),
        "behind the first layer": ", ".join(parts[0].words()) if parts else "nothing",
        "behind the others": ", ".join(word for part in parts[1:] for word in part.words()),
        "the gradient": " and ".join(reached(each, {"the features": features}) for each in out),
    }


THROUGH = f"{ALL} and {ALL}"
"""A gradient reaches the features from both outputs."""


READER_MISTAKES = (
    Mistake("no_super", "The first line of `__init__` is missing. Without the call of the "
            "parent's `__init__` PyTorch has no place to register the layers.",
            when=lambda seen: "before Module.__init__() call" in seen.get("the error", "")),
    Mistake("not_a_module", "`CodeReader` has to be a class derived from `nn.Module`: `class "
            "CodeReader(nn.Module):`.",
            when=lambda seen: "it builds" in seen and "the error" not in seen),
    Mistake("not_flattened", "The features of a convolution are pictures of many channels, (N, C, "
            "s, s), and a fully connected layer wants vectors: `nn.Flatten()` comes first.",
            when=lambda seen: "cannot be multiplied" in seen.get("the error", "")
            or "expected 2D or 3D input" in seen.get("the error", "")),
    Mistake("no_return", "`forward` gives nothing back. Two tensors are asked for: `return logits, "
            "mean`.",
            when=lambda seen: seen.get("it gives back") == "not two tensors"),
    Mistake("log_sd_missing", "It has no `log_sd`. Q says what it reads, and also how sure it is: "
            "`self.log_sd`, one number for each of the continuous codes.",
            when=lambda seen: seen.get("log_sd") == "missing"),
    Mistake("log_sd_no_parameter", "`log_sd` is a tensor, and no parameter, so the optimizer will "
            "never move it, and Q cannot learn how sure it may be. Wrap it in `nn.Parameter(...)`.",
            when=lambda seen: seen.get("log_sd is a parameter") is False),
    Mistake("log_sd_start", "`log_sd` should begin as one 0 for each continuous code, that is, "
            "with a standard deviation of 1: `torch.zeros(continuous)`.",
            when=lambda seen: isinstance(seen.get("log_sd"), Tensor)
            and not same_shape_of_zeros(seen["log_sd"])),
    Mistake("exchanged", "The two outputs come in the other order: asked are the logits of the "
            "categories first, then the means.",
            when=lambda seen: seen.get("the shapes") == "(5, 3) and (5, 4)"),
    Mistake("squashed", "An output is squashed at its end. Logits may be any numbers, since the "
            "loss has the softmax inside. A mean that misses the range of the code is punished by "
            "the loss.",
            when=lambda seen: any(word in seen.get("behind the others", "") for word in (
                "softmax", "sigmoid", "tanh", "ReLU"))),
    Mistake("hidden_layers", "A layer is kept in a Python list, or made inside `forward`, where "
            "the optimizer does not find its parameters. Make the layers in `__init__`.",
            when=lambda seen: seen.get("a layer is hidden", False)),
    Mistake("no_batchnorm", "Behind the first layer belong BatchNorm and LeakyReLU with slope 0.2, "
            "in this order.",
            when=lambda seen: "behind the first layer" in seen and seen["behind the first layer"]
            != "BatchNorm, LeakyReLU(0.2)"),
    Mistake("no_gradient", "No gradient flows back through it to the features, so G could not "
            "learn from what Q reads. What in `forward` cuts the graph (`.detach()`, `.data`, "
            "`torch.no_grad()`)?", when=lambda seen: seen.get("the gradient", THROUGH) != THROUGH),
    Mistake("layers", "It has other layers than those asked for: one from all features to 128, and "
            "from these 128 one to the categories and one to the continuous codes.",
            when=lambda seen: "the layers" in seen),
)


def same_shape_of_zeros(found: Tensor) -> bool:
    """Whether it is three zeros, as the probe asks."""
    return found.shape == (3,) and not found.any()


EXERCISES = (
    Exercise("09.CodeReader", CodeReader, (
        Probe(lambda: {"features": 24, "categories": 4, "continuous": 3}, looked_through,
              READER_MISTAKES),), (
        "One hidden layer that reads all features, and two layers that both read the hidden one.",
        "`nn.Sequential(nn.Flatten(), nn.Linear(features, 128), nn.BatchNorm1d(128), "
        "nn.LeakyReLU(0.2))` is the hidden layer. What is `log_sd`, if the optimizer is to move "
        "it?",
        "`self.log_sd = nn.Parameter(torch.zeros(continuous))`. In `forward`, `h = "
        "self.body(features)`, and back come `self.category(h), self.mean(h)`."),
        "It says what it reads, and log_sd learns how sure it may be.",
        frozenset({"D", "G", "Q"})),
)
