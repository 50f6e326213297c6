"""The exercises of notebook 17: the memorisation ratio, a membership attack, an anomaly score by
inversion, a detector of fakes with its training step, and Bayes' rule for its alarms.
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


def memory_ratio(samples, train, held_out):
    """Median distance to the nearest training image, over that to the nearest held-out image."""
    held_out = held_out[:len(train)]                # a larger set has nearer neighbours

    def nearest(images):
        return torch.cdist(samples.flatten(1), images.flatten(1)).amin(dim=1)

    return nearest(train).median() / nearest(held_out).median()


def attack_auc(members, others):
    """How often a member's score is higher than that of another image; a tie counts half."""
    higher = members[:, None] > others[None, :]
    equal = members[:, None] == others[None, :]
    return (higher + 0.5 * equal).mean()


def anomaly_score(G, x, z, steps, lr):
    """The squared error (N,) that is left when z has been moved until G(z) looks like x."""
    z = z.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        loss = (G(z) - x).square().sum()            # rows do not meet: each z has its own gradient
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return (G(z) - x).flatten(1).square().sum(dim=1)


class Detector(nn.Module):
    """Images (N, 1, size, size) -> logits (N,): positive means fake."""

    def __init__(self, width, size):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(2 * width * (size // 4) ** 2, 1))

    def forward(self, x):
        return self.layers(x).squeeze(1)


def detector_step(D, optimizer_D, real, fake):
    """One step of the detector, whose logit is positive for fakes. Returns its loss, a number."""
    loss_real, loss_fake = nn.functional.softplus(D(real)), nn.functional.softplus(-D(fake))
    loss = loss_real.mean() + loss_fake.mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def fake_if_flagged(base_rate, caught, false_alarms):
    """The probability that a flagged image is a fake."""
    flagged_fakes = base_rate * caught
    flagged_real = (1 - base_rate) * false_alarms
    return flagged_fakes / (flagged_fakes + flagged_real)


# The memorisation ratio

def _images(n: int, seed: int, at: float = 0.0) -> Tensor:
    return torch.randn(n, 1, 2, 3, generator=torch.Generator().manual_seed(seed)) + at


def unequal_sets() -> dict:
    """Seven samples, four training images, and eleven that were held out."""
    train = _images(4, 1)
    samples = torch.cat([train[:3] + 0.1 * _images(3, 2), _images(4, 3, 0.5)])
    return {"samples": samples, "train": train, "held_out": _images(11, 4)}


def value(results: list, inputs: dict) -> Seen:
    return number_called("the value", results)


def _nearest(samples: Tensor, images: Tensor, p: float = 2.0) -> Tensor:
    return torch.cdist(samples.flatten(1), images.flatten(1), p=p).amin(dim=1)


OF_THE_RATIO = (
    Mistake("unequal", "It searches all held-out images, and there are more of them than training "
            "images. In a larger set the nearest neighbour is nearer, so the ratio comes out too "
            "large and memorisation is hidden. Take equally many of both.",
            like=(lambda samples, train, held_out: _nearest(samples, train).median()
                  / _nearest(samples, held_out).median())),
    Mistake("upside_down", "It is turned round. Near copies of the training images should give a "
            "number close to 0.",
            like=(lambda samples, train, held_out: _nearest(samples, held_out[:len(train)]).median()
                  / _nearest(samples, train).median(),
                  lambda samples, train, held_out: _nearest(samples, held_out).median()
                  / _nearest(samples, train).median())),
    Mistake("from_the_images", "It asks for each *image* which sample is nearest. A generator that "
            "copies one image over and over would look innocent to all others. Ask for each "
            "sample.", like=lambda samples, train, held_out: _nearest(train, samples).median()
            / _nearest(held_out[:len(train)], samples).median()),
    Mistake("ratios_first", "It divides sample by sample and takes the median afterwards. Asked is "
            "the ratio of two medians.",
            like=lambda samples, train, held_out: (_nearest(samples, train)
                                                   / _nearest(samples, held_out[:len(train)])
                                                   ).median()),
    Mistake("mean", "It takes means. A few samples far from everything would count most; the "
            "median is the usual sample.",
            like=lambda samples, train, held_out: _nearest(samples, train).mean()
            / _nearest(samples, held_out[:len(train)]).mean()),
    Mistake("squared", "It compares squared distances. The ratio would be squared, too.",
            like=lambda samples, train, held_out: (
                _nearest(samples, train).median()
                / _nearest(samples, held_out[:len(train)]).median()).square()),
    Mistake("all_distances", "It takes the median over *all* pairs. Memorisation shows in the "
            "nearest image alone: first the smallest distance of each sample.",
            like=lambda samples, train, held_out: (
                torch.cdist(samples.flatten(1), train.flatten(1)).median()
                / torch.cdist(samples.flatten(1), held_out[:len(train)].flatten(1)).median())),
    Mistake("rows_of_pixels", "It compares rows of pixels instead of images. Each image has to "
            "become one row of numbers before distances are taken.",
            when=lambda seen: (isinstance(seen.get("the value"), Tensor)
                               and seen["the value"].dim() > 0)
            or "size of tensor" in seen.get("the error", "")),
)


# The membership attack

def some_scores() -> dict:
    return {"members": torch.tensor([0.4, 2.0, 1.0, -0.3]),
            "others": torch.tensor([1.0, -1.5, 0.2, 0.4, -0.3, 3.0, 0.1])}


def _share(higher: Tensor, equal: Tensor | None = None) -> Tensor:
    total = higher.double() if equal is None else higher.double() + 0.5 * equal.double()
    return total.mean()


def _pairs(members: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    return members[:, None] > others, members[:, None] == others


OF_THE_ATTACK = (
    Mistake("swapped", "It counts the pairs that the attack gets wrong. A discriminator gives its "
            "training images *high* scores.",
            like=(lambda members, others: 1 - _share(*_pairs(members, others)),
                  lambda members, others: _share(members[:, None] < others))),
    Mistake("ties", "Nearly right. In a pair with equal scores the attack can only guess, and is "
            "right half of the time. Two networks that say the same of every image should reach "
            "0.5.",
            like=(lambda members, others: _share(members[:, None] > others),
                  lambda members, others: _share(members[:, None] >= others))),
    Mistake("threshold", "It compares scores with a fixed threshold. The AUC asks about *pairs*, "
            "one member and one other image, so that no threshold is needed.",
            like=(lambda members, others: (_share(members > 0) + _share(others <= 0)) / 2,
                  lambda members, others: _share(members > 0),
                  lambda members, others: _share(members > others.mean()),
                  lambda members, others: (_share(members > 0) * len(members) + _share(others <= 0)
                                           * len(others)) / (len(members) + len(others)))),
    Mistake("difference", "It compares the mean scores. The result is not a probability, and one "
            "extreme score could decide it.",
            like=(lambda members, others: members.mean() - others.mean(),
                  lambda members, others: members.median() - others.median())),
    Mistake("count", "It counts the pairs. Asked is their share of all pairs.",
            like=(lambda members, others: _share(*_pairs(members, others)) * 28,
                  lambda members, others: _share(*_pairs(members, others)) * 7,
                  lambda members, others: _share(*_pairs(members, others)) * 4)),
    Mistake("one_by_one", "It compares row i with row i, and the two groups need not be equally "
            "large. Every member meets every other image: `members[:, None]` against "
            "`others[None, :]`.", when=lambda seen: "size of tensor" in seen.get("the error", "")),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


# The anomaly score

class Bent(nn.Module):
    """A small generator."""

    def __init__(self):
        super().__init__()
        self.z_dim = 3
        self.layer = nn.Linear(3, 8)

    def forward(self, z: Tensor) -> Tensor:
        """z (N, 3) -> images (N, 1, 2, 4)."""
        return self.layer(z).tanh().view(-1, 1, 2, 4)


def inversion() -> dict:
    """A generator, images that it can draw and images that it cannot, and where z begins."""
    _sandbox.seed(3)
    G = Bent().requires_grad_(False)
    with torch.no_grad():
        G.layer.weight.mul_(2.0)
        x = torch.cat([G(torch.randn(3, 3)), torch.randn(2, 1, 2, 4).clamp(-1, 1)])
    return {"G": G, "x": x, "z": 0.5 * torch.randn(5, 3), "steps": 12, "lr": 0.1}


def inversion_seen(results: list, inputs: dict) -> Seen:
    seen = number_called("the scores", results)
    begun = (inputs["G"](inputs["z"]) - inputs["x"]).flatten(1).square().sum(dim=1).detach()
    seen["_as_begun"] = as_number(begun)
    wanted = bool(getattr(results[0], "requires_grad", False)) if results else False
    return seen | {"still asks for gradients": wanted}


def inverted(error: Callable = lambda d: d.flatten(1).square().sum(dim=1),
             cost: Callable = lambda d: d.square().sum(),
             optimizer: Callable = lambda z, lr: torch.optim.Adam([z], lr=lr), fresh: bool = False,
             zero: bool = True, late: bool = True) -> Callable:
    """An inversion that is right but for what is changed; errors are functions of G(z) - x."""
    def anomaly_score(G, x, z, steps, lr):
        z = (torch.randn_like(z) if fresh else z.clone()).requires_grad_(True)
        moving, last = optimizer(z, lr), G(z).detach()
        for _ in range(steps):
            last = G(z)
            loss = cost(last - x)
            if zero:
                moving.zero_grad()
            loss.backward()
            moving.step()
        with torch.no_grad():
            return error((G(z) if late else last) - x)
    return anomaly_score


def _unmoved(seen: Seen) -> bool:
    scores = seen.get("the scores")
    begun = seen["_as_begun"]
    return isinstance(scores, Tensor) and scores.shape == begun.shape and bool(
        torch.allclose(scores, begun, atol=1e-6))


OF_THE_INVERSION = (
    Mistake("not_a_leaf", "The optimizer refuses z, because z was computed from something and has "
            "a history. Take `z.clone()` and then `requires_grad_(True)`, in this order.",
            when=lambda seen: "non-leaf" in seen.get("the error", "")),
    Mistake("no_gradient", "Nothing on the way to the loss asks for a gradient in z. Which tensor "
            "should the optimizer move?",
            when=lambda seen: "does not require grad" in seen.get("the error", "")),
    Mistake("did_not_move", "The scores are those of the z that came in: z has not moved. Is it z "
            "that the optimizer holds, and is its step taken?", when=_unmoved),
    Mistake("per_batch", "There is one number for all images. Each image needs a score of its own, "
            "or no threshold can tell them apart.",
            when=lambda seen: isinstance(seen.get("the scores"), Tensor)
            and seen["the scores"].dim() == 0),
    Mistake("pixels", "There is a number for each pixel. The score of an image is the sum over its "
            "pixels.", when=lambda seen: isinstance(seen.get("the scores"), Tensor)
            and seen["the scores"].dim() > 1),
    Mistake("mean_of_pixels", "It averages over the pixels. The order of images is the same, but "
            "asked is the sum.",
            like=inverted(error=lambda d: d.flatten(1).square().mean(dim=1))),
    Mistake("root", "It gives lengths. Asked is the squared error.",
            like=inverted(error=lambda d: d.flatten(1).norm(dim=1))),
    Mistake("absolute", "It adds up absolute differences. Asked is the squared error.",
            like=(inverted(error=lambda d: d.flatten(1).abs().sum(dim=1)),
                  inverted(error=lambda d: d.flatten(1).abs().sum(dim=1),
                           cost=lambda d: d.abs().sum()))),
    Mistake("zero_forgotten", "The gradients of earlier steps are still there and add up. Wipe "
            "them out in each step.", like=inverted(zero=False)),
    Mistake("before_the_step", "The score is that of the z before the last step. Draw once more "
            "when the loop has ended.", like=inverted(late=False)),
    Mistake("new_start", "It begins at a z of its own. Use the z that is handed over, so that two "
            "runs can be compared.", like=inverted(fresh=True)),
    Mistake("sgd", "It moves z by plain gradient descent. Asked is Adam, whose steps have the same "
            "length for near and for far images.",
            like=inverted(optimizer=lambda z, lr: torch.optim.SGD([z], lr=lr))),
)
STILL_IN_THE_GRAPH = (
    Mistake("graph_kept", "The scores are right, and they still carry the graph of the last G(z) "
            "along. Compute them under `torch.no_grad()`, or detach them.",
            when=lambda seen: seen["still asks for gradients"]),
)


# The detector's step

def detector_scene() -> dict:
    """A detector as it is before each call, its optimizer, and real and fake points."""
    found, drawn = _steps.scene("D"), _steps.numbers("x", "z")
    return {"D": found["D"], "optimizer_D": found["optimizer_D"], "real": drawn["x"],
            "fake": drawn["z"][:, :2] - 0.5}


def detector_move(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable:
    """A step that is right in everything but the loss of the real and fake logits."""
    def detector_step(D, optimizer_D, real, fake):
        found = loss(D(real), D(fake))
        optimizer_D.zero_grad()
        found.backward()
        optimizer_D.step()
        return found.item()
    return detector_step


OF_THE_DETECTOR = (
    Mistake("sign", "It learns to say *real* with a positive logit, as a GAN's discriminator does. "
            "Here a positive logit means fake, so that a high score is an alarm.",
            like=detector_move(lambda r, f: softplus(-r).mean() + softplus(f).mean())),
    Mistake("only_fakes", "It learns from fakes alone. The cheapest answer to that is to flag "
            "everything.", like=detector_move(lambda r, f: softplus(-f).mean())),
    Mistake("only_real", "It learns from real images alone. The cheapest answer to that is to flag "
            "nothing.", like=detector_move(lambda r, f: softplus(r).mean())),
    Mistake("fools_itself", "One of the two terms has the wrong sign, so both ask for the same "
            "answer on real images and on fakes.",
            like=(detector_move(lambda r, f: softplus(r).mean() + softplus(f).mean()),
                  detector_move(lambda r, f: softplus(-r).mean() + softplus(-f).mean()))),
    Mistake("half", "It averages the two terms. Asked is their sum.",
            like=detector_move(lambda r, f: (softplus(r).mean() + softplus(-f).mean()) / 2)),
    Mistake("sum", "It adds up over the mini-batch. Asked are means.",
            like=detector_move(lambda r, f: softplus(r).sum() + softplus(-f).sum())),
    Mistake("no_log", "It lowers probabilities instead of their logarithms, and hardly learns from "
            "those fakes that it is sure are real.",
            like=detector_move(lambda r, f: r.sigmoid().mean() - f.sigmoid().mean())),
    *(mistake for mistake in _steps.of_the_move("G") if mistake.id != "moves_G"),
)


# The base rate

def a_rare_thing() -> dict:
    return {"base_rate": 0.01, "caught": 0.9, "false_alarms": 0.2}


OF_THE_BASE_RATE = (
    Mistake("caught", "That is how many fakes are flagged. The question goes the other way: of "
            "those flagged, how many are fakes?",
            like=lambda base_rate, caught, false_alarms: caught + 0 * base_rate),
    Mistake("one_minus", "It is 1 minus the false alarms: how many real images pass. It does not "
            "ask how rare fakes are.",
            like=lambda base_rate, caught, false_alarms: 1 - false_alarms),
    Mistake("no_base_rate", "It compares the two rates as if there were as many fakes as real "
            "images. Each has to be weighted by how frequent its images are.",
            like=lambda base_rate, caught, false_alarms: caught / (caught + false_alarms)),
    Mistake("base_rate_twice", "It weights both by the base rate, which then cancels. Real images "
            "are the rest, 1 minus the base rate.",
            like=(lambda base_rate, caught, false_alarms: base_rate * caught
                  / (base_rate * caught + false_alarms),
                  lambda base_rate, caught, false_alarms: base_rate * caught
                  / (base_rate * caught + base_rate * false_alarms + 1e-12))),
    Mistake("real_passed", "Below, it has the real images that *pass*. Those that count are the "
            "real images that are flagged.",
            like=lambda base_rate, caught, false_alarms: base_rate * caught
            / (base_rate * caught + (1 - base_rate) * (1 - false_alarms))),
    Mistake("joint", "It is the share of *all* images that are fake and flagged. Divide by the "
            "share of all images that are flagged.",
            like=lambda base_rate, caught, false_alarms: base_rate * caught),
    Mistake("flagged", "It is the share of all images that are flagged. How many of those are "
            "fakes?", like=lambda base_rate, caught, false_alarms: base_rate * caught
            + (1 - base_rate) * false_alarms),
    Mistake("real_if_flagged", "It is the probability that a flagged image is *real*.",
            like=lambda base_rate, caught, false_alarms: (1 - base_rate) * false_alarms
            / (base_rate * caught + (1 - base_rate) * false_alarms)),
)


def grey_images(width, size):
    """N images of the size that this detector reads."""
    return (torch.randn(N, 1, size, size),)


EXERCISES = (
    Network("17.Detector", Detector, ({"width": 4, "size": 16}, {"width": 5, "size": 12}),
            grey_images, "discriminator",
            ("Two convolutions that halve the image, then one fully connected layer.",
             "`nn.Conv2d(a, b, 3, 2, 1)` with LeakyReLU(0.2) behind it, twice; after "
             "`nn.Flatten()` there are `2 * width * (size // 4) ** 2` numbers.",
             "`nn.Linear(2 * width * (size // 4) ** 2, 1)` gives (N, 1), and `.squeeze(1)` makes a "
             "vector of it."),
            well_done="It is a discriminator whose opponent does not move."),
    Exercise("17.anomaly_score", anomaly_score,
             (Probe(inversion, inversion_seen, (*OF_THE_INVERSION, *STILL_IN_THE_GRAPH)),), (
                 "It is a training in which the weights stand still and z moves.",
                 "`z = z.clone().requires_grad_(True)`, an Adam over `[z]`, and `steps` times: "
                 "loss, `zero_grad`, `backward`, `step`.",
                 "The loss is `(G(z) - x).square().sum()`; at the end, without gradients, "
                 "`(G(z) - x).flatten(1).square().sum(dim=1)`."),
             "The weights stand still, and z moves.", frozenset({"optimizer", "loss", "images"})),
    Exercise("17.attack_auc", attack_auc, (Probe(some_scores, value, OF_THE_ATTACK),), (
        "Make a table with a row for each member and a column for each other image.",
        "`members[:, None] > others[None, :]` is that table, of truth values. Ties need half a "
        "point.", "Add `0.5 * (members[:, None] == others[None, :])` and take the mean."),
        "One half is guessing, 1 is certainty."),
    Exercise("17.detector_step", detector_step,
             (Probe(detector_scene, _steps.move, OF_THE_DETECTOR),), (
                 "There is no generator in it: two mean losses, and one step of the optimizer.",
                 "`softplus(logit)` is small where the logit is very negative. Should that be so "
                 "on real images or on fakes?",
                 "`softplus(D(real)).mean() + softplus(-D(fake)).mean()`, then `zero_grad`, "
                 "`backward`, `step`, and `loss.item()`."),
             "A positive logit is an alarm.", frozenset({"G", "z", "loss"})),
    Exercise("17.fake_if_flagged", fake_if_flagged,
             (Probe(a_rare_thing, value, OF_THE_BASE_RATE),), (
                 "Imagine 100,000 images. How many of them are fakes, and how many of these are "
                 "flagged? How many real ones are flagged?",
                 "It is the flagged fakes over all that are flagged.",
                 "`base_rate * caught / (base_rate * caught + (1 - base_rate) * false_alarms)`"),
             "An alarm about something rare is mostly a false alarm."),
    Exercise("17.memory_ratio", memory_ratio,
             (Probe(unequal_sets, value, OF_THE_RATIO),), (
                 "First make the two sets equally large.",
                 "`torch.cdist(samples.flatten(1), train.flatten(1))` has a row for each sample; "
                 "`amin(dim=1)` is its nearest image.",
                 "Cut `held_out[:len(train)]`, take the nearest distances to both sets, and divide "
                 "the one median by the other."),
             "Below 1, the samples are nearer to what was trained on than to what was not.",
             frozenset({"test_set", "train_set"})),
)
