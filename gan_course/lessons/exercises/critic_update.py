"""The critic of notebook 05, and one update of it."""
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course import nets
from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._networks import Network
from gan_course.lessons.exercises.first_networks import x as samples
from gan_course.lessons.exercises.wasserstein import gradient_penalty


class Critic(nn.Module):
    """x (N, *data_shape) -> scores (N,), through two hidden layers with LeakyReLU(0.2)."""

    def __init__(self, data_shape, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(math.prod(data_shape), width), nn.LeakyReLU(0.2),
            nn.Linear(width, width), nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, x):
        return self.layers(x).squeeze(1)


def critic_step(critic, optimizer, real, fake, weight):
    """One update of the critic on a mini-batch of each kind; gives back its gap as a number."""
    gap = critic(real).mean() - critic(fake.detach()).mean()
    loss = -gap + weight * gradient_penalty(critic, real, fake.detach())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return gap.item()


ROWS, Z_DIM, LR, N_CRITIC, WEIGHT = 5, 3, 0.05, 3, 4.0  # z: fewer than 16 numbers, as in _loops

LEFT_OVER = 0.25
"""What an earlier update left in every gradient."""


class Optimizer(torch.optim.SGD):
    """The optimizer of one player, which notes its steps in a list."""

    def __init__(self, name: str, net: nn.Module, log: list[str]):
        super().__init__(net.parameters(), LR)
        self.register_step_pre_hook(lambda *_: log.append(name))


class Notes:
    """What happens during one call: steps, mini-batches, and how the penalty is asked for."""

    def __init__(self, *players: nn.Module):
        self.steps: list[str] = []
        self.given: list[Tensor] = []           # the mini-batches drawn
        self.reached: list[int] = []            # the steps taken before G got a gradient
        self.backward: list[int] = []           # and when the critic got one
        self.penalties: list[tuple] = []        # (real, fake) of each penalty
        self.updates: list[tuple] = []          # (real, fake, weight) of each update of the critic
        self.before = [_weights(net) for net in players]

    def penalty(self, critic, real, fake):
        """The gradient penalty half-way, so that it is the same at every call."""
        self.penalties.append((real, fake))
        u = ((real + fake) / 2).detach().requires_grad_(True)
        slope, = torch.autograd.grad(critic(u).sum(), u, create_graph=True)
        return (slope.norm(dim=1) - 1).square().mean()


def _weights(net: nn.Module) -> Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def _players() -> tuple[nn.Module, nn.Module]:
    """G and the critic, with gradients left over from earlier updates."""
    _sandbox.seed(7)
    G, critic = nets.MLPGenerator(Z_DIM, (2,), 8, 1), Critic((2,), 8)
    with torch.no_grad():
        for parameter in (*G.parameters(), *critic.parameters()):
            parameter.mul_(2.0)
            parameter.grad = torch.full_like(parameter, LEFT_OVER)
    return G, critic


def an_update() -> dict:
    """The arguments of `critic_step`; the fakes come fresh from G, with their graph."""
    G, critic = _players()
    critic.notes = notes = Notes(critic)
    list(G.parameters())[-1].register_hook(lambda _: notes.reached.append(len(notes.steps)))
    list(critic.parameters())[-1].register_hook(lambda _: notes.backward.append(len(notes.steps)))
    draw = torch.Generator().manual_seed(3)
    real, z = torch.randn(ROWS, 2, generator=draw) + 1, torch.randn(ROWS, Z_DIM, generator=draw)
    return {"critic": critic, "optimizer": Optimizer("critic", critic, notes.steps), "real": real,
            "fake": G(z), "weight": WEIGHT}


def updated(results: list, inputs: dict) -> Seen:
    """How the critic moved, and what came back."""
    critic = inputs["critic"]
    return {
        "how the critic moved": as_number(_weights(critic) - critic.notes.before[0]),
        "the critic in training mode": critic.training,
        "the gap it gives back": as_number(results[0]) if results else "nothing",
        "a graph is kept": any(isinstance(result, Tensor) and result.grad_fn is not None
                               for result in results),
        "_steps": critic.notes.steps, "_reached": critic.notes.reached,
        "_backward": critic.notes.backward,
        "_penalties": critic.notes.penalties, "_real": inputs["real"], "_fake": inputs["fake"]}


def update(*, gap: Callable = lambda r, f: r.mean() - f.mean(), sign: float = -1.0,
           penalty: Callable = lambda weight, value: weight * value, order: str = "zbs",
           give: Callable = lambda gap, loss: gap.item()) -> Callable:
    """An update that is right but for what is changed; `order`: z zero_grad, b backward, s step."""
    def critic_step(critic, optimizer, real, fake, weight):
        value = gap(critic(real), critic(fake.detach()))
        loss = sign * value + penalty(weight, gradient_penalty(critic, real, fake.detach()))
        for letter in order:
            {"z": optimizer.zero_grad, "b": loss.backward, "s": optimizer.step}[letter]()
        return give(value, loss)
    return critic_step


def _penalty(inputs: dict) -> dict:
    """The name under which an update finds the gradient penalty."""
    return {"gradient_penalty": inputs["critic"].notes.penalty}


def _log_gap(real: Tensor, fake: Tensor) -> Tensor:
    return -(softplus(-real).mean() + softplus(fake).mean())


OF_AN_UPDATE = (
    Mistake("cut_loss", "The loss has lost its graph before `backward`, so there is nothing to go "
            "back along. Turn the gap into a plain number only in the last line.",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("eval", "It leaves the critic in evaluation mode. An update ends in the mode in which "
            "it began.",
            when=lambda seen: not seen["the critic in training mode"]),
    Mistake("graph_kept", "The gap comes back as a tensor that still holds the graph of its "
            "update. A list of them makes memory grow with every update; `gap.item()` is the "
            "number alone.",
            when=lambda seen: seen["a graph is kept"]),
    Mistake("no_step", "The critic has not moved: the gradients are there, and nobody has used "
            "them. Which call moves the parameters?",
            when=lambda seen: not seen["_steps"]),
    Mistake("two_steps", "The optimizer steps more than once. One update is one step.",
            when=lambda seen: len(seen["_steps"]) > 1),
    Mistake("step_first", "The optimizer steps before the backward pass of this update, so it acts "
            "on other gradients.", when=lambda seen: min(seen["_backward"], default=0) > 0),
    Mistake("no_penalty", "The gradient penalty is missing from the loss, so nothing limits the "
            "slope of the critic. The gap could be made as large as you like by making the critic "
            "steeper.", like=update(penalty=lambda weight, value: 0 * value),
            when=lambda seen: not seen["_penalties"] and "the error" not in seen),
    Mistake("penalty_pair", "The penalty is asked for between a sample and itself, or between "
            "points of one kind. Its points lie between *real* and *fake* ones.",
            when=lambda seen: any(real is fake or real.data_ptr() == fake.data_ptr()
                                  for real, fake in seen["_penalties"])),
    Mistake("zero_forgotten", "The gradients of the last move are not wiped out: PyTorch adds each "
            "backward pass to what is there, and G's move leaves gradients in the critic too.",
            like=(update(order="bs"), update(order="bsz"))),
    Mistake("zero_after_backward", "The gradients are wiped out between the backward pass and the "
            "step, so the step has nothing to act on.", like=update(order="bzs")),
    Mistake("sign", "The sign of the gap is turned round: the critic learns to give fakes *high* "
            "scores and real samples low ones. An optimizer makes its loss small; which of the two "
            "do you want large?", like=(update(sign=1.0),
                                        update(gap=lambda r, f: f.mean() - r.mean()))),
    Mistake("penalty_subtracted", "The penalty enters the loss with a minus, so the critic is "
            "rewarded for slopes that are not 1.", like=update(penalty=lambda weight, value:
                                                               -weight * value)),
    Mistake("no_weight", "The penalty is in the loss, but its weight is not the one asked for: "
            "`weight` times the penalty.", like=(
                update(penalty=lambda weight, value: value),
                update(penalty=lambda weight, value: 10 * value),
                update(penalty=lambda weight, value: weight**2 * value),
                update(penalty=lambda weight, value: value / weight))),
    Mistake("log_loss", "That is the loss of a discriminator, with a logarithm of a sigmoid. It "
            "saturates. A critic's loss is linear in its scores: a difference of two means.",
            like=(update(gap=_log_gap), update(gap=_log_gap, give=lambda gap, loss: -gap.item()))),
    Mistake("sigmoid", "The scores go through a sigmoid first, which is flat at both ends. A "
            "critic's scores are used as they are.",
            like=update(gap=lambda r, f: torch.sigmoid(r).mean() - torch.sigmoid(f).mean())),
    Mistake("sum", "It adds up the scores instead of averaging them, so the gap grows with the "
            "mini-batch and outweighs the penalty. The E in the formula is a mean.",
            like=update(gap=lambda r, f: r.sum() - f.sum())),
    Mistake("one_side", "Only one of the two means is in the loss. The gap is a difference; alone, "
            "each half says nothing, because adding a constant to all scores changes it.",
            like=(update(gap=lambda r, f: r.mean()), update(gap=lambda r, f: -f.mean()))),
    Mistake("loss_returned", "The update is right, but what comes back is another number than the "
            "gap E[D(x)] - E[D(G(z))] without the penalty, measured before the step.",
            when=lambda seen: isinstance(seen["the gap it gives back"], Tensor)
            and seen["the gap it gives back"].dim() == 0 and _moved_right(seen)),
    Mistake("no_number", "The update is right; it should give back the gap as a plain number, "
            "`gap.item()`.", when=lambda seen: "the error" not in seen and _moved_right(seen)),
)

NO_DETACH = Mistake("no_detach", "A remark: the fakes are not detached, so the backward pass also "
                    "runs through G. That is harmless as long as G's gradients are wiped out "
                    "before G's own step, but it costs time for nothing. `fake.detach()` stops it.",
                    when=lambda seen: bool(seen["_reached"]))


def _moved_right(seen: Seen) -> bool:
    inputs = an_update()
    _sandbox.with_names(critic_step, _penalty(inputs))(*inputs.values())
    wanted = updated([], inputs)["how the critic moved"]
    return torch.allclose(seen["how the critic moved"], wanted, rtol=1e-3, atol=1e-6)


EXERCISES = (
    Network("05.Critic", Critic, (
        {"data_shape": (2,), "width": 8}, {"data_shape": (1, 5, 7), "width": 13}), samples,
            "critic", (
                "It has the layers of the discriminator of notebook 03; what is different is what "
                "may follow them.",
                "Flatten, then fully connected layers to `width`, `width` and 1, with LeakyReLU of "
                "slope 0.2 after the first two.",
                "`nn.Sequential(nn.Flatten(), nn.Linear(math.prod(data_shape), width), "
                "nn.LeakyReLU(0.2), …, nn.Linear(width, 1))`, and `.squeeze(1)` in `forward`."),
            well_done="One score for each sample, any real number."),
    Exercise("05.critic_step", critic_step, (
        Probe(an_update, updated, OF_AN_UPDATE, _penalty),), (
        "The gap first, then the loss, and then the three lines that every update has.",
        "The critic wants its gap large and the penalty small, and an optimizer makes its loss "
        "small. Which of the two needs a minus?",
        "`gap = critic(real).mean() - critic(fake.detach()).mean()`, and the loss is minus the gap "
        "plus `weight` times `gradient_penalty(…)`."),
        "The critic makes its gap large and keeps its slope near 1.",
        frozenset({"x", "z", "optimizer_G", "optimizer_critic", "G"}), (NO_DETACH,)),
)
