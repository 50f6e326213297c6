"""One iteration of a WGAN-GP, in notebook 05: the updates of the critic, and one of G."""
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.data import Batch
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises.critic_update import (
    N_CRITIC,
    ROWS,
    WEIGHT,
    Notes,
    Optimizer,
    _players,
    _weights,
    critic_step,
)


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


class Batches(Notes):
    """Mini-batches of real points that note how they are used; they never end."""

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        draw = torch.Generator().manual_seed(len(self.given))
        self.given.append(torch.randn(ROWS, 2, generator=draw) + 1)
        return Batch(self.given[-1], None)


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
