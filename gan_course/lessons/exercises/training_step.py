"""An exercise of notebook 16: one training step of a model that has a single loss."""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen


def training_step(net, loss, optimizer, x):
    """One update of net on a mini-batch x. Gives back loss(net, x), as it was before, a number."""
    value = loss(net, x)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value.item()


class Denoising:
    """A loss with noise of its own at each call, like that of a diffusion model; it counts calls.
    """

    def __init__(self):
        self.calls, self.swapped, self.of_output = 0, False, False

    def __call__(self, net: nn.Module, x: Tensor) -> Tensor:
        self.calls, self.swapped = self.calls + 1, isinstance(x, nn.Module)
        self.of_output = isinstance(net, Tensor) and not self.swapped
        return (net(x + torch.randn_like(x)) - x).square().mean()


def scene() -> dict:
    """A network as an earlier step left it, a loss, the network's optimizer, and a mini-batch."""
    _sandbox.seed(7)
    net = nets.MLPGenerator(2, (2,), width=8, depth=1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2.0)
            parameter.grad = torch.full_like(parameter, _steps.LEFT_OVER)
    optimizer = _steps.Watched(net, {"the network": net})
    return {"net": net, "loss": Denoising(), "optimizer": optimizer, **_steps.numbers("x")}


def stepped(results: list, inputs: dict) -> Seen:
    """The move, how often the loss was asked for, and whether a graph came back."""
    return _steps.move(results, inputs) | {
        "_calls": inputs["loss"].calls, "_swapped": inputs["loss"].swapped,
        "_of_output": inputs["loss"].of_output,
        "a graph comes back": any(isinstance(result, Tensor) and result.grad_fn is not None
                                  for result in results)}


def move(of_value: Callable = lambda value: value) -> Callable:
    """A step that is right but for what is made of the loss."""
    def training_step(net, loss, optimizer, x):
        value = of_value(loss(net, x))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value.item()
    return training_step


OF_THE_STEP = (
    Mistake("arguments_swapped", "The loss is asked with its two arguments exchanged. It reads the "
            "network first and the mini-batch second.",
            when=lambda seen: seen["_swapped"]),
    Mistake("of_output", "The loss is given what the network answers. It wants the network itself, "
            "and asks it on its own: here with noise that is drawn inside.",
            when=lambda seen: seen["_of_output"]),
    Mistake("own_loss", "It does not ask the loss that was handed over. The caller decides what is "
            "minimised, so that one step serves VAE and diffusion model.",
            when=lambda seen: seen["_calls"] == 0 and "the error" not in seen),
    Mistake("asked_twice", "The loss is asked more than once. It draws new noise each time, so "
            "what comes back is not the number that the gradients belong to.",
            when=lambda seen: seen["_calls"] > 1),
    *_steps.of_a_single_network(),
    Mistake("graph_kept", "The step is right, but the loss comes back with the whole graph behind "
            "it. A list of thousands of them would fill the memory: give back the plain number.",
            when=lambda seen: seen["a graph comes back"]),
    Mistake("uphill", "The step goes uphill: it makes the loss larger. Both losses of this "
            "notebook are made small, as PyTorch's optimizers do.",
            like=(move(lambda value: -value),)),
)


EXERCISES = (
    Exercise("16.training_step", training_step, (Probe(scene, stepped, OF_THE_STEP),), (
        "There is one network and one loss. The three lines are those of a step of D in notebook "
        "03, without an opponent.",
        "Ask the loss once and keep what it gives. Clear old gradients, go backward from the loss, "
        "then let the optimizer act.",
        "`value = loss(net, x)`, then `optimizer.zero_grad()`, `value.backward()` and "
        "`optimizer.step()`; the number is `value.item()`."),
        "No opponent, no balance: one loss that goes down.",
        frozenset({"vae", "denoiser", "alpha_bar", "stream", "T"})),
)
