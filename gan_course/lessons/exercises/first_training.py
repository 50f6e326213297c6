"""The last exercise of notebook 03: the whole training, with an average of G's weights."""
import copy
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector
from tqdm import tqdm

from gan_course import nets
from gan_course.data import Batch
from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises.first_loop import optimizers, training_step


def train(G, D, batches, iterations, lr, decay=0.998):
    """Train both; returns the losses, an array (iterations, 2), and the EMA of G."""
    optimizer_G, optimizer_D = optimizers(G, D, lr)
    G_ema = copy.deepcopy(G).requires_grad_(False)
    history = []
    for x, _ in islice(batches, iterations):
        history.append(training_step(G, D, optimizer_G, optimizer_D, x))
        with torch.no_grad():
            for mean, now in zip(G_ema.parameters(), G.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
            for mean, now in zip(G_ema.buffers(), G.buffers(), strict=True):
                mean.copy_(now)
    return np.array(history), G_ema


ITERATIONS, LAST = 5, 40


class Batches:
    """Mini-batches that note how they are used. After `LAST` they end, unlike real ones."""

    def __init__(self, G: nn.Module, D: nn.Module):
        self.given: list[Tensor] = []
        self.used: list[int] = []               # the number of the batch at each training step
        self.made = 0                           # how often optimizers were made
        self.log: list[str] = []                # whose optimizer stepped, "D" or "G"
        self.before = {"G": parameters_to_vector(G.parameters()).detach().clone(),
                       "D": parameters_to_vector(D.parameters()).detach().clone()}

    def __iter__(self):
        return self

    def __next__(self) -> Batch:
        if len(self.given) == LAST:
            raise StopIteration
        draw = torch.Generator().manual_seed(len(self.given))
        self.given.append(torch.randn(6, 2, generator=draw) + 1)
        return Batch(self.given[-1], None)


def scene() -> dict:
    """The arguments of `train`; this G has BatchNorm, so that it has buffers.

    BatchNorm takes the bias before it away again. The gradient of that bias is rounding error,
    of which Adam would make whole steps, others on each processor, so it does not learn.
    """
    _sandbox.seed(7)
    G, D = nets.MLPGenerator(3, (2,), 8, 1, batchnorm=True), nets.MLPDiscriminator((2,), 8, 1)
    G.layers[0].bias.requires_grad_(False)
    return {"G": G, "D": D, "batches": Batches(G, D), "iterations": ITERATIONS, "lr": 0.05,
            "decay": 0.9}


def observed(inputs: dict) -> dict:
    """What `train` finds under the names of the notebook: the course's own, and notes are taken."""
    notes = inputs["batches"]

    def noted_optimizers(G, D, lr):
        notes.made += 1
        pair = optimizers(G, D, lr)
        for name, optimizer in zip("GD", pair, strict=True):
            optimizer.register_step_pre_hook(lambda *_, name=name: notes.log.append(name))
        return pair

    def noted_step(G, D, optimizer_G, optimizer_D, x):
        notes.used += [number for number, given in enumerate(notes.given) if given is x]
        return training_step(G, D, optimizer_G, optimizer_D, x)

    def no_bar(*args, **kwargs):
        return tqdm(*args, **kwargs | {"disable": True})

    return {"optimizers": noted_optimizers, "training_step": noted_step, "tqdm": no_bar}


def trained(results: list, inputs: dict) -> Seen:
    """How both players moved, the history, the average, and in which state all was left."""
    G, notes = inputs["G"], inputs["batches"]
    seen: Seen = {"_drawn": len(notes.given), "_used": notes.used, "_made": notes.made,
                  "_D": notes.log.count("D"), "_G": notes.log.count("G")}
    for name in ("G", "D"):
        now = parameters_to_vector(inputs[name].parameters())
        seen[f"how {name} moved"] = as_number(now - notes.before[name])
        seen[f"{name} in training mode"] = inputs[name].training
    if not results:
        return seen
    pair = results[0] if isinstance(results[0], tuple | list) and len(results[0]) == 2 else None
    history, average = pair or (None, None)
    if isinstance(history, nn.Module) and not isinstance(average, nn.Module):
        return seen | {"it gives back": "a network and a history"}
    if not isinstance(average, nn.Module):
        return seen | {"it gives back": "not a history and a network"}
    seen["the history"] = as_number(history)
    seen["the average"] = as_number(parameters_to_vector(average.parameters()))
    own = {parameter.data_ptr() for parameter in G.parameters()}
    return seen | {
        "_returns_G": average is G,
        "_shared": any(parameter.data_ptr() in own for parameter in average.parameters()),
        "the average keeps a graph": any(parameter.grad_fn is not None
                                         for parameter in average.parameters()),
        "the history keeps a graph": _has_graph(history),
        "_asks": any(parameter.requires_grad for parameter in average.parameters()),
        "_buffers": all(torch.equal(mean, now) for mean, now in zip(
            average.buffers(), G.buffers(), strict=True))}


def _has_graph(history) -> bool:
    if isinstance(history, list | tuple | np.ndarray):
        return any(_has_graph(each) for each in history)
    return isinstance(history, Tensor) and history.requires_grad


def loop(*, follow=lambda mean, now, decay: mean.lerp_(now, 1 - decay), before_step: bool = False,
         at_the_end: bool = False, new_optimizers: bool = False, columns: tuple = (0, 1)):
    """A training that is right but for what is changed."""
    def train(G, D, batches, iterations, lr, decay):
        pair, G_ema, history = optimizers(G, D, lr), copy.deepcopy(G), []

        @torch.no_grad()
        def average():
            for mean, now in zip(G_ema.parameters(), G.parameters(), strict=True):
                follow(mean, now, decay)

        for x, _ in islice(batches, iterations):
            if new_optimizers:
                pair = optimizers(G, D, lr)
            if before_step:
                average()
            history.append(training_step(G, D, *pair, x))
            if not before_step and not at_the_end:
                average()
        if at_the_end:
            average()
        return np.array(history)[:, columns], G_ema
    return train


MISTAKES = (
    Mistake("no_grad", "The average is moved while gradients are on, and PyTorch refuses to change "
            "parameters in place then. The average does not learn: it is moved inside "
            "`with torch.no_grad():`.",
            when=lambda seen: "a leaf Variable that requires grad" in seen.get("the error", "")),
    Mistake("graph_kept", "The history holds tensors with the graph of their iteration, so memory "
            "grows with every one. Keep plain numbers: `training_step` gives them back.",
            when=lambda seen: seen.get("the history keeps a graph", False)
            or "on Tensor that requires grad" in seen.get("the error", "")),
    Mistake("never_ends", "It goes on until the batches end, and the course's batches never do. "
            "Stop after `iterations` of them, for example with `islice(batches, iterations)`.",
            when=lambda seen: seen["_drawn"] == LAST),
    Mistake("whole_numbers", "The average goes over all of `state_dict()`, and there is more in it "
            "than parameters. In this check G has BatchNorm, as yours will have in notebook 07, "
            "and BatchNorm counts its mini-batches: a whole number, which cannot move by a share. "
            "Average the parameters, `zip(G_ema.parameters(), G.parameters())`; buffers are "
            "copied.",
            when=lambda seen: any(word in seen.get("the error", "") for word in (
                "for 'Long'", "output type Long", "integral input tensors"))),
    Mistake("other_order", "The averaged generator comes first and the losses second. Asked is the "
            "other order: `return np.array(history), G_ema`.",
            when=lambda seen: seen.get("it gives back") == "a network and a history"),
    Mistake("not_two", "It should give back two things: the losses as an array (iterations, 2), "
            "and the averaged generator.",
            when=lambda seen: "it gives back" in seen),
    Mistake("returns_G", "What comes back is G itself, and no average. `G_ema = G` is only a "
            "second name for one network; `copy.deepcopy(G)` makes another one, whose parameters "
            "then follow slowly.",
            when=lambda seen: seen.get("_returns_G", False)),
    Mistake("shared", "The average shares its parameters with G, so every step of G moves it too. "
            "A copy needs numbers of its own: `copy.deepcopy`, and then change them in place.",
            when=lambda seen: seen.get("_shared", False)),
    Mistake("graph_of_average", "PyTorch records how the average came about, iteration after "
            "iteration, and memory grows. Move it inside `with torch.no_grad():`.",
            when=lambda seen: seen.get("the average keeps a graph", False)),
    Mistake("eval", "It leaves a player in evaluation mode, in which dropout and BatchNorm behave "
            "otherwise for the rest of the training. If you switch to `eval()` to draw samples, "
            "switch back with `train()`.",
            when=lambda seen: not (seen["G in training mode"] and seen["D in training mode"])),
    Mistake("new_optimizers", "New optimizers are made in every iteration. Adam keeps averages of "
            "the gradients from one step to the next, and a new one has forgotten them: make both "
            "once, before the loop.",
            like=loop(new_optimizers=True), when=lambda seen: seen["_made"] > 1),
    Mistake("update_counts", "The two players take different numbers of steps. In each iteration D "
            "steps once and G steps once; `training_step` does both.",
            when=lambda seen: seen["_D"] != seen["_G"]),
    Mistake("one_batch", "Every iteration trains on the same mini-batch. Draw a new one inside the "
            "loop.", when=lambda seen: len(seen["_used"]) > 1 and len(set(seen["_used"])) == 1),
    Mistake("batch_used_twice", "A mini-batch is used for more than one iteration. Each iteration "
            "draws one and trains on it once.",
            when=lambda seen: len(set(seen["_used"])) < len(seen["_used"])),
    Mistake("batch_unused", "A mini-batch is drawn and then not trained on. Each iteration draws "
            "one and trains on it.",
            when=lambda seen: seen["_used"] != list(range(len(seen["_used"])))),
    Mistake("too_many", "It trains for more iterations than it is asked for.",
            when=lambda seen: max(seen["_D"], seen["_G"]) > ITERATIONS),
    Mistake("too_few", "It trains for fewer iterations than it is asked for.",
            when=lambda seen: seen["_used"] != [] and seen["_D"] < ITERATIONS
            and "the error" not in seen),
    Mistake("average_first", "The average moves before the step of its iteration, so it is always "
            "one iteration late, and what G learns last never reaches it.",
            like=loop(before_step=True)),
    Mistake("average_at_the_end", "The average moves only once, after the loop. It should follow G "
            "in every iteration.", like=loop(at_the_end=True)),
    Mistake("decay_swapped", "The two weights are exchanged. With a decay of 0.9 the average keeps "
            "0.9 of itself and takes 0.1 of G; `a.lerp(b, w)` takes the share w of b.",
            like=loop(follow=lambda mean, now, decay: mean.lerp_(now, decay))),
    Mistake("average_stands", "The average has not moved since the beginning. Does the new value "
            "get back into its parameter? `lerp` makes a new tensor, `lerp_` and `copy_` write in "
            "place.",
            like=loop(follow=lambda mean, now, decay: mean)),
    Mistake("average_is_a_copy", "The average has the parameters that G has now, so nothing is "
            "averaged. Copy G once, before the loop, and let the decay decide how far it follows.",
            like=loop(follow=lambda mean, now, decay: mean.copy_(now))),
    Mistake("losses_swapped", "The columns of the history are exchanged: D's loss comes first, as "
            "`training_step` gives them back.", like=loop(columns=(1, 0))),
    Mistake("history_list", "The history is a list. Make it an array, `np.array(history)`, so that "
            "`history[:, 0]` is D's losses.",
            when=lambda seen: seen.get("the history") == "a list"),
    Mistake("history_form", "The history has another form than asked: a row for each iteration, "
            "and two columns, D's loss and G's loss.",
            when=lambda seen: isinstance(seen.get("the history"), Tensor)
                              and seen["the history"].shape != (ITERATIONS, 2)),
)
REMARKS = (
    Mistake("one_more_batch", "A remark: it draws one mini-batch more than it trains on. Nothing "
            "is wrong with the result, but a training that is resumed would skip that batch.",
            when=lambda seen: seen["_drawn"] > ITERATIONS),
    Mistake("average_asks_for_gradients", "A remark: nobody trains the average, so its parameters "
            "need no gradients: `copy.deepcopy(G).requires_grad_(False)`.",
            when=lambda seen: seen["_asks"]),
    Mistake("buffers_forgotten", "A remark: a network with BatchNorm also has buffers, its running "
            "mean and variance. They are no parameters, and an average of such a network needs "
            "them copied; notebook 07 comes back to it.", when=lambda seen: not seen["_buffers"]),
)

EXERCISES = (
    Exercise("03.train", train, (Probe(scene, trained, MISTAKES, observed),), (
        "Before the loop: both optimizers, a copy of G, and an empty list. In the loop: a "
        "mini-batch, a training step, and the average follows.",
        "`for x, _ in islice(batches, iterations):` draws the mini-batches. The copy is "
        "`copy.deepcopy(G)`, made once.",
        "Inside `with torch.no_grad():` and for each pair of `zip(G_ema.parameters(), "
        "G.parameters())`: `mean.lerp_(now, 1 - decay)`. At the end, `np.array(history)` and "
        "`G_ema`."),
        "Both players have trained, and the average follows G.",
        frozenset({"x", "z", "device", "optimizer_G", "optimizer_D", "G_ema", "history", "seed"}),
        REMARKS),
)
