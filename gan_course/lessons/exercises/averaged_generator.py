"""An exercise of notebook 07: the average of generators."""
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, as_number


def ema(G_ema, G, decay):
    """One step of the average of generators, in place: parameters move towards those of G, buffers
    are copied. Returns G_ema.
    """
    with torch.no_grad():
        for mean, now in zip(G_ema.parameters(), G.parameters(), strict=True):
            mean.mul_(decay).add_(now, alpha=1 - decay)
        for mean, now in zip(G_ema.buffers(), G.buffers(), strict=True):
            mean.copy_(now)
    return G_ema


def net():
    return nn.Sequential(nn.ConvTranspose2d(2, 3, 2), nn.BatchNorm2d(3))


def two_nets():
    _sandbox.seed(5)
    nets = {"G_ema": net().requires_grad_(False), "G": net()}
    for place, each in enumerate(nets.values()):
        for parameter in each.parameters():
            nn.init.normal_(parameter)
        each[1].running_mean.normal_()
        each[1].running_var.uniform_(0.5, 2)
        each[1].num_batches_tracked.fill_(7 + 4 * place)
    return nets | {"decay": 0.9}


def averaged(results, inputs):
    """The numbers of both nets afterwards, whether the average came back, and whether it still
    stands on its own feet.
    """
    average, now = inputs["G_ema"], inputs["G"]
    seen = {}
    for place in results:
        if not isinstance(place, nn.Module):
            return {"it gives back": as_number(place) if isinstance(place, str)
                                     else f"a {type(place).__name__}"}
        seen = {"it gives back": "G_ema" if place is average
                                 else "G" if place is now else "another net"}
    for name, each in (("G_ema", average), ("G", now)):
        seen[f"{name}: parameters"] = as_number(parameters_to_vector(each.parameters()))
        seen[f"{name}: running mean and variance"] = as_number(torch.cat([each[1].running_mean,
                                                                          each[1].running_var]))
        seen[f"{name}: batches seen"] = each[1].num_batches_tracked.item()
    seen["G_ema asks for gradients"] = any(parameter.requires_grad
                                           for parameter in average.parameters())
    own = {tensor.data_ptr() for tensor in (*average.parameters(), *average.buffers())}
    return seen | {"tensors in common": sum(
        tensor.data_ptr() in own for tensor in (*now.parameters(), *now.buffers()))}


def averaging(weigh, buffers=lambda mean, now, decay: now):
    """An average with its parts to be changed; a buffer that comes back as None stays."""
    def step(average, net, decay):
        with torch.no_grad():
            for mean, now in zip(average.parameters(), net.parameters(), strict=True):
                mean.copy_(weigh(mean, now, decay))
            for mean, now in zip(average.buffers(), net.buffers(), strict=True):
                value = buffers(mean, now, decay)
                mean.copy_(mean if value is None else value)
        return average
    return step


def right_weights(mean, now, decay):
    return decay * mean + (1 - decay) * now


def keep(mean, now, decay):
    return None


BUFFERS_AVERAGED = ("The buffers are averaged too. Here they are to be copied: they are averages "
                    "already, and one of them is a whole number that counts batches.")
EMA_MISTAKES = (
    Mistake("wrong_net_back", "It does not give back `G_ema`, the very net that came in, changed "
            "in place.",
            when=lambda seen: seen.get("it gives back", "G_ema") != "G_ema"),
    Mistake("net_changed", "It changes G, the generator that is being trained. G_ema only watches "
            "it: the training must not notice.",
            when=lambda seen: "leaf Variable" in seen.get("the error", "")
                              or not same_as_before(seen)),
    Mistake("graph", "The numbers are right, but PyTorch keeps a record of how they came about, "
            "round after round, until the memory is full. This is bookkeeping and no learning: in "
            "which block are gradients switched off?",
            when=lambda seen: seen.get("G_ema asks for gradients", False)),
    Mistake("shared", "Some tensors now belong to both nets. At the next step of the training the "
            "average would move along: copy the numbers, do not hand over the tensor.",
            when=lambda seen: seen.get("tensors in common", 0) > 0),
    Mistake("swapped", "The two weights are exchanged: with a decay of 0.9 the old average counts "
            "0.9, and the net of this round 0.1.",
            like=tuple(averaging(lambda mean, now, decay: decay * now + (1 - decay) * mean, buffers)
                       for buffers in (lambda mean, now, decay: now, keep))),
    Mistake("added", "The weights do not add up to 1, so the average grows or shrinks from round "
            "to round, even if the net stands still.",
            like=tuple(averaging(weigh, buffers)
                       for buffers in (lambda mean, now, decay: now, keep)
                       for weigh in (lambda mean, now, decay: decay * mean + now,
                                     lambda mean, now, decay: mean + (1 - decay) * now,
                                     lambda mean, now, decay: decay * mean))),
    Mistake("half", "Old and new count the same, whatever the decay. The decay says how much of "
            "the old average is kept.",
            like=tuple(averaging(lambda mean, now, decay: (mean + now) / 2, buffers)
                       for buffers in (lambda mean, now, decay: now, keep,
                                       lambda mean, now, decay: (mean + now) / 2))),
    Mistake("copied", "The average is now a copy of the net: nothing of the old one is left. Where "
            "does the decay come in?",
            like=averaging(lambda mean, now, decay: now)),
    Mistake("unmoved", "The parameters of the average have not moved. Does the result of your line "
            "get back *into* the parameter?",
            like=tuple(averaging(lambda mean, now, decay: mean, buffers)
                       for buffers in (lambda mean, now, decay: now, keep))),
    Mistake("buffers_forgotten", "The parameters are right, and the buffers are forgotten: "
            "BatchNorm's running mean and variance are no parameters. New weights with old "
            "statistics draw grey soup.",
            like=averaging(right_weights, keep)),
    Mistake("buffers_averaged", BUFFERS_AVERAGED,
            when=lambda seen: "can't be cast" in seen.get("the error", "")),
    Mistake("buffers_averaged", BUFFERS_AVERAGED,
            like=(averaging(right_weights, right_weights),
                  averaging(right_weights,
                            lambda mean, now, decay: right_weights(mean, now, decay)
                                                     if mean.is_floating_point() else now),
                  averaging(right_weights,
                            lambda mean, now, decay: right_weights(mean, now, decay)
                                                     if mean.is_floating_point() else None))),
    Mistake("count_forgotten", "All is right but one buffer, the count of batches that BatchNorm "
            "keeps. Copy all buffers, then none can be forgotten.",
            like=averaging(right_weights,
                           lambda mean, now, decay: now if mean.is_floating_point() else None)),
)


def same_as_before(seen):
    fresh = averaged([], two_nets())
    return all(torch.equal(torch.as_tensor(seen[name]), torch.as_tensor(fresh[name]))
               for name in fresh if name.startswith("G: "))


EXERCISES = (
    Exercise("07.ema", ema,
             (Probe(two_nets, averaged, EMA_MISTAKES),),
             ("Two loops: over the parameters of both nets, side by side, and over their buffers. "
              "Only the first one weighs.",
              "`zip(G_ema.parameters(), G.parameters())` walks side by side. Write with methods "
              "that work in place, inside `with torch.no_grad():`, and only into `G_ema`.",
              "For parameters: times decay, plus (1 - decay) times the new one; `mul_` and `add_`, "
              "or `copy_` of the sum. For buffers: `copy_`."),
             "A decay of 0.99 looks back over about a hundred rounds.",
             frozenset({"D", "game"})),
)
