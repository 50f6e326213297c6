"""The game of notebook 05: the critic, one update of it, and one iteration of a WGAN-GP."""
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils import parameters_to_vector

from gan_course import nets
from gan_course.data import Batch
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


def wgan_iteration(G, critic, optimizer_G, optimizer_critic, batches, n_critic, weight):
    """n_critic updates of the critic, then one of G; gives back the critic's last gap."""
    for _ in range(n_critic):
        x, _ = next(batches)
        z = torch.randn(len(x), G.z_dim, device=x.device)
        gap = critic_step(critic, optimizer_critic, x, G(z), weight)
    z = torch.randn(len(x), G.z_dim, device=x.device)
    loss = -critic(G(z)).mean()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return gap


ROWS, Z_DIM, LR, N_CRITIC, WEIGHT = 6, 3, 0.05, 3, 4.0
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


class Batches(Notes):
    """Mini-batches of real points that note how they are used; they never end."""

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        draw = torch.Generator().manual_seed(len(self.given))
        self.given.append(torch.randn(ROWS, 2, generator=draw) + 1)
        return Batch(self.given[-1], None)


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


# One update of the critic

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


# One iteration of the game

def an_iteration() -> dict:
    """The arguments of `wgan_iteration`."""
    G, critic = _players()
    batches = Batches(G, critic)
    return {"G": G, "critic": critic, "optimizer_G": Optimizer("G", G, batches.steps),
            "optimizer_critic": Optimizer("critic", critic, batches.steps), "batches": batches,
            "n_critic": N_CRITIC, "weight": WEIGHT}


def noted(inputs: dict) -> dict:
    """The notebook's functions as an iteration finds them: the course's own, with notes taken."""
    notes = inputs["batches"]

    def noted_step(critic, optimizer, real, fake, weight):
        notes.updates.append((real, fake, weight))
        gap = critic(real).mean() - critic(fake.detach()).mean()
        loss = -gap + weight * notes.penalty(critic, real, fake.detach())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return gap.item()

    return {"critic_step": noted_step, "gradient_penalty": notes.penalty}


def played(results: list, inputs: dict) -> Seen:
    """How both players moved, in which order, and what came back."""
    notes = inputs["batches"]
    seen: Seen = {f"how {name} moved": as_number(_weights(inputs[key]) - before)
                  for name, key, before in zip(("G", "the critic"), ("G", "critic"), notes.before,
                                               strict=True)}
    seen["both in training mode"] = inputs["G"].training and inputs["critic"].training
    seen["the steps"] = " ".join(notes.steps)
    seen["the gap it gives back"] = as_number(results[0]) if results else "nothing"
    seen["a graph is kept"] = any(isinstance(result, Tensor) and result.grad_fn is not None
                                  for result in results)
    return seen | {"_steps": notes.steps, "_batches": len(notes.given), "_updates": notes.updates}


def iteration(*, loss: Callable = lambda scores: -scores.mean(), zero_G: bool = True,
              fresh_x: bool = True, fresh_z: bool = True, give: Callable = lambda gaps: gaps[-1],
              weight_of: Callable = lambda weight: weight) -> Callable:
    """An iteration that is right but for what is changed."""
    def wgan_iteration(G, critic, optimizer_G, optimizer_critic, batches, n_critic, weight):
        gaps, x, z = [], None, None
        for _ in range(n_critic):
            if x is None or fresh_x:
                x, _ = next(batches)
            if z is None or fresh_z:
                z = torch.randn(len(x), G.z_dim)
            gaps.append(critic_step(critic, optimizer_critic, x, G(z), weight_of(weight)))
        value = loss(critic(G(torch.randn(len(x), G.z_dim) if fresh_z else z)))
        if zero_G:
            optimizer_G.zero_grad()
        value.backward()
        optimizer_G.step()
        return give(gaps)
    return wgan_iteration


def _updates_with(which: int, **_) -> Callable[[Seen], bool]:
    """Whether every update of the critic got one and the same tensor."""
    def same(seen: Seen) -> bool:
        tensors = [update[which] for update in seen["_updates"]]
        return len(tensors) > 1 and all(torch.equal(tensor, tensors[0]) for tensor in tensors)
    return same


OF_AN_ITERATION = (
    Mistake("no_gradient", "G's loss has lost its graph: a `detach`, `no_grad` or `item` cuts the "
            "way back. In G's move the gradient has to travel through the critic into G.",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("eval", "It leaves a network in evaluation mode. An iteration ends in the mode in "
            "which it began.",
            when=lambda seen: not seen["both in training mode"]),
    Mistake("graph_kept", "The gap comes back as a tensor that still holds a graph. `critic_step` "
            "gives back a plain number; pass that on.", when=lambda seen: seen["a graph is kept"]),
    Mistake("G_first", "G moves before the critic here. The critic goes first, so that G's "
            "gradient comes from a critic that has just been brought up to date.",
            when=lambda seen: seen["_steps"][:1] == ["G"] and seen["_steps"].count("G") == 1),
    Mistake("G_in_the_loop", "G moves after every update of the critic. It has one move in an "
            "iteration, after the loop over `n_critic` has ended.",
            when=lambda seen: seen["_steps"].count("G") > 1),
    Mistake("one_update", "The critic is updated once, whatever `n_critic` says. The gap measures "
            "the distance only if the critic is close to its best before G moves.",
            when=lambda seen: seen["_steps"].count("critic") == 1),
    Mistake("update_counts", "The optimizers step in another number or order than asked: the "
            "critic `n_critic` times, then G once.",
            when=lambda seen: "the error" not in seen
                              and seen["_steps"] != ["critic"] * N_CRITIC + ["G"]),
    Mistake("same_batch", "All updates of the critic see the same real mini-batch. Algorithm 1 of "
            "WGAN-GP draws a new one for each: `next(batches)` belongs inside the loop.",
            like=iteration(fresh_x=False), when=_updates_with(0)),
    Mistake("same_z", "All updates of the critic see the same fakes. Draw fresh noise inside the "
            "loop, and once more for G.", like=iteration(fresh_z=False), when=_updates_with(1)),
    Mistake("weight", "The critic's updates get another weight of the penalty than `weight`.",
            like=iteration(weight_of=lambda weight: 10.0),
            when=lambda seen: any(weight != WEIGHT for *_, weight in seen["_updates"])),
    Mistake("G_sign", "G's loss has the wrong sign: G makes the scores of its samples *low*, where "
            "the critic wants them. G wants them high.",
            like=iteration(loss=lambda scores: scores.mean())),
    Mistake("log_loss", "G's loss goes through a logarithm of a sigmoid, as in an ordinary GAN. "
            "Here it is linear: minus the mean score.",
            like=(iteration(loss=lambda scores: softplus(-scores).mean()),
                  iteration(loss=lambda scores: -softplus(scores).mean()))),
    Mistake("G_sum", "G's loss is a sum over the mini-batch. The E in the formula is a mean.",
            like=iteration(loss=lambda scores: -scores.sum())),
    Mistake("zero_forgotten_G", "G's old gradients are not wiped out before its backward pass: "
            "each step would follow the sum of all earlier ones.",
            like=iteration(zero_G=False)),
    Mistake("gap_returned", "Both players move as they should; what should come back is the gap of "
            "the critic's last update, as `critic_step` gives it.", like=(
                iteration(give=lambda gaps: gaps[0]), iteration(give=lambda gaps: -gaps[-1]),
                iteration(give=lambda gaps: sum(gaps) / len(gaps)), iteration(give=sum),
                iteration(give=lambda gaps: gaps))),
)

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
    Exercise("05.wgan_iteration", wgan_iteration,
             (Probe(an_iteration, played, OF_AN_ITERATION, noted),),
             ("A loop of `n_critic` updates, and behind it G's move, as in notebook 03.",
              "Inside the loop: a new real mini-batch, new noise, `critic_step`. G's move needs "
              "new noise once more, and its gradient comes through the critic.",
              "In the loop `x, _ = next(batches)`, `z = torch.randn(len(x), G.z_dim, "
              "device=x.device)`, `gap = critic_step(critic, optimizer_critic, x, G(z), weight)`; "
              "then G's loss `-critic(G(z)).mean()`."),
             "The critic moves first, and often; then G follows its slope.",
             frozenset({"x", "z", "gap", "device", "seed"})),
)
