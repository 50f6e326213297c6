"""How an answer to the exercise on the gradient penalty is looked at: by a critic that remembers
where it was asked.

The points between real and fake are drawn at random, and either end may be the one that the share
counts from. So the value is not compared with one number, but with what it should be at the points
that the answer itself chose.
"""
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Mistake, Seen, as_number

N = 5


class Watching(nn.Module):
    """A critic without kinks, x (N, *data_shape) -> scores (N,), that keeps the points it was asked
    about.
    """

    def __init__(self, data_shape: tuple[int, ...]):
        super().__init__()
        self.hidden, self.out = nn.Linear(torch.Size(data_shape).numel(), 4), nn.Linear(4, 1)
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.asked.append(x.detach().clone())
        return self.scores(x)

    def scores(self, x: Tensor) -> Tensor:
        return self.out(torch.tanh(self.hidden(x.flatten(1)))).squeeze(1)


def _scene(data_shape: tuple[int, ...]) -> Callable[[], dict]:
    def inputs():
        _sandbox.seed(5)
        critic = Watching(data_shape)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.mul_(2.0)                                 # slopes well away from 1
        return {"critic": critic, "real": torch.randn(N, *data_shape) + 1,
                "fake": 1.5 * torch.randn(N, *data_shape) - 1}
    return inputs


points, images = _scene((2,)), _scene((2, 3, 4))


def flat() -> dict:
    """A critic that gives every point the same score, so that all slopes are exactly 0."""
    inputs = points()
    torch.nn.init.zeros_(inputs["critic"].out.weight)
    return inputs


def at_slope_zero(results: list, inputs: dict) -> Seen:
    """The penalty of a flat critic, which is 1, and whether its gradient is finite there."""
    value = results[0] if results and isinstance(results[0], Tensor) else None
    if value is None or not value.requires_grad:
        return {"the penalty of a flat critic": "missing"}
    gradients = torch.autograd.grad(value.sum(), list(inputs["critic"].parameters()),
                                    allow_unused=True)
    finite = all(gradient is None or bool(gradient.isfinite().all()) for gradient in gradients)
    return {"the penalty of a flat critic": as_number(value).round(decimals=3), "_finite": finite}


def slopes(critic: Watching, u: Tensor) -> Tensor:
    """Each point's own gradient: (N, *data_shape)."""
    u = u.clone().requires_grad_(True)
    slope, = torch.autograd.grad(critic.scores(u).sum(), u, create_graph=True)
    return slope


def right(slope: Tensor) -> Tensor:
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def shares(u: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """How far each number of u lies on its way from fake (0) to real (1): (N, d)."""
    return ((u - fake) / (real - fake)).flatten(1)


def _asked(critic: Watching, real: Tensor) -> Tensor:
    """The points of the penalty: those of the last call, or of all calls if there was one for each
    point.
    """
    return critic.asked[-1] if critic.asked[-1].shape == real.shape else torch.cat(critic.asked)


def look(results: list, inputs: dict) -> Seen:
    """Where the critic was asked, and by how much the value misses what it should be there."""
    critic, real, fake = inputs["critic"], inputs["real"], inputs["fake"]
    left = any(parameter.grad is not None for parameter in critic.parameters())
    seen: Seen = {"gradients left in the critic": "some" if left else "none"}
    if not results or not critic.asked:
        return seen | ({"the critic": "never asked"} if results else {})
    u = _asked(critic, real)
    fits = u.shape == real.shape
    e = shares(u, real, fake) if fits else real.new_zeros(0, 1)
    between = (fits and bool((e - e[:, :1]).abs().max() < 1e-3)
               and bool(((e > -1e-4) & (e < 1 + 1e-4)).all()))
    seen |= {"points between their pair": between,
             "a share for each pair": between and bool(e[:, 0].std() > 1e-3), "_e": e}
    value = as_number(results[0])
    if not fits or isinstance(value, str) or value.dim():
        return seen | {"the penalty": value}
    slope = slopes(critic, u)
    away = (value - as_number(right(slope))).round(decimals=4)
    return seen | {"how far the penalty is from what it should be at these points": away,
                   "_value": value, "_slope": slope.detach(),
                   "_parameters": _of_the_parameters(critic, u)}


def _of_the_parameters(critic: Watching, u: Tensor) -> list[Tensor]:
    return torch.autograd.grad(critic.scores(u).sum(), list(critic.parameters()))


def gradient(results: list, inputs: dict) -> Seen:
    """By how much the critic's own gradient misses what it should be."""
    critic = inputs["critic"]
    if not results:
        return {}
    if not isinstance(results[0], Tensor):
        return {"the gradient": f"missing: a {type(results[0]).__name__} has none"}
    weights = list(critic.parameters())
    slope = slopes(critic, _asked(critic, inputs["real"]))
    wanted = torch.autograd.grad(right(slope), weights, allow_unused=True)
    got = [None] * len(weights)
    if results[0].requires_grad:
        got = torch.autograd.grad(results[0].sum(), weights, allow_unused=True)
    flat = [torch.cat([(w * 0 if g is None else g).flatten()
                       for w, g in zip(weights, side, strict=True)]) for side in (got, wanted)]
    away = as_number(flat[0] - flat[1]).round(decimals=4)
    return {"how far the critic's gradient is from what it should be": away,
            "_none": not results[0].requires_grad or not flat[0].any()}


def _value(*wrong: Callable[[Tensor], Tensor]) -> Callable[[Seen], bool]:
    """True if one of these formulas, of the gradients at the points, gives the value."""
    def recognise(seen: Seen) -> bool:
        return "_slope" in seen and any(_close(seen["_value"], formula(seen["_slope"]))
                                        for formula in wrong)
    return recognise


def _close(a: Tensor, b: Tensor) -> bool:
    return b.dim() == 0 and torch.allclose(a, b.double(), rtol=1e-3, atol=1e-6)


def _said(*words: str) -> Callable[[Seen], bool]:
    return lambda seen: any(word in seen.get("the error", "") for word in words)


def lengths(slope: Tensor) -> Tensor:
    return slope.flatten(1).norm(dim=1)


def _everywhere(seen: Seen, value: float) -> bool:
    return len(seen.get("_e", ())) > 0 and bool((seen["_e"] - value).abs().max() < 1e-3)


def _one_share(seen: Seen) -> bool:
    return len(seen.get("_e", ())) > 0 and bool((seen["_e"] - seen["_e"][0, 0]).abs().max() < 1e-3)


def _own_for_each_number(seen: Seen) -> bool:
    return len(seen.get("_e", ())) > 0 and bool((seen["_e"] - seen["_e"][:, :1]).abs().max() > 1e-3)


def _outside(seen: Seen) -> bool:
    shares = seen.get("_e", ())
    return len(shares) > 0 and bool(((shares < -1e-3) | (shares > 1 + 1e-3)).any())


def _of_parameters(seen: Seen) -> bool:
    if "_parameters" not in seen:
        return False
    norms = torch.stack([part.norm() for part in seen["_parameters"]])
    forms = ((norms.norm() - 1).square(), (norms - 1).square().mean(), (norms - 1).square().sum(),
             *(norms - 1).square())
    return any(_close(seen["_value"], form) for form in forms)


MISTAKES = (
    Mistake("backward_inside", "It calls `backward`, which leaves gradients in the critic's "
            "weights that nobody asked for, and the way back from the penalty is lost. There is a "
            "function that only hands the gradient over: `torch.autograd.grad`.",
            when=lambda seen: seen["gradients left in the critic"] == "some"),
    Mistake("critic_not_asked", "It never asks the critic, and the penalty is about nothing else: "
            "how steep is it, and where?",
            when=lambda seen: "the critic" in seen),
    Mistake("not_a_scalar", "`autograd.grad` begins at one number, and there are N scores. Each "
            "score depends on its own point alone, so adding them up first loses nothing.",
            when=_said("implicitly created only for scalar")),
    Mistake("no_requires_grad", "PyTorch has not kept track of the points, so it cannot "
            "differentiate by them. Before the critic sees them they have to be told that a "
            "gradient will be asked for.",
            when=_said("does not require grad", "appears to not have been used")),
    Mistake("tuple", "`autograd.grad` gives back a tuple, even for a single input. Take its first "
            "entry.",
            when=_said("'tuple' object", "must be Tensor, not tuple", "and 'int'")),
    Mistake("at_real", "It asks for the slope at the real points only. The critic may then be as "
            "steep as it likes everywhere between real and fake, which is where G has to walk.",
            when=lambda seen: _everywhere(seen, 1.0)),
    Mistake("at_fake", "It asks for the slope at the fakes only. The critic may then be as "
            "steep as it likes on the way from there to the data.",
            when=lambda seen: _everywhere(seen, 0.0)),
    Mistake("midpoint", "It always asks at the middle between real and fake. Every place on the "
            "way needs a turn: the share is drawn, evenly from 0 to 1.",
            when=lambda seen: _everywhere(seen, 0.5)),
    Mistake("outside", "Some of its points lie beyond real or fake, not between them. A share "
            "between 0 and 1 comes from `rand`; `randn` has no bounds.",
            when=_outside),
    Mistake("share_for_each_number", "Each coordinate gets a share of its own, so the points lie "
            "anywhere in a box around the pair and not on the straight line between them. One "
            "share for each pair.",
            when=_own_for_each_number),
    Mistake("one_share", "One share is drawn for the whole batch, so all its points are equally "
            "far along. The share is drawn anew for each pair.",
            when=_one_share),
    Mistake("parameters", "It differentiates by the critic's weights. The slope of D is about its "
            "input: how does the score change when the *point* moves?",
            when=_of_parameters),
    Mistake("mean_of_scores", "It differentiates the mean of the scores, which makes every point's "
            "gradient N times too small. Which way of gathering the scores leaves each gradient as "
            "it is?",
            when=_value(lambda s: (lengths(s) / len(s) - 1).square().mean())),
    Mistake("whole_batch", "It takes one norm over the whole batch, as if all gradients together "
            "were one vector. Each point has a slope of its own, and each is to be 1.",
            when=_value(lambda s: (s.norm() - 1).square(),
                        lambda s: (s.norm() / len(s) - 1).square(),
                        lambda s: (s.norm() / len(s) ** 0.5 - 1).square())),
    Mistake("each_number", "It compares every partial derivative with 1 by itself. The slope is "
            "the length of the whole gradient: in which dimension does the norm belong?",
            when=_value(lambda s: (s - 1).square().mean(), lambda s: (s.abs() - 1).square().mean(),
                        lambda s: (s - 1).flatten(1).square().sum(1).mean())),
    Mistake("over_the_batch", "The norm runs down the batch instead of along each point's "
            "gradient. What is left must be (N,), one length for each point.",
            when=_value(lambda s: (s.flatten(1).norm(dim=0) - 1).square().mean())),
    Mistake("other_norm", "It adds up the absolute values, or takes the largest. The slope of a "
            "function is the Euclidean length of its gradient.",
            when=_value(lambda s: (s.flatten(1).abs().sum(1) - 1).square().mean(),
                        lambda s: (s.flatten(1).abs().amax(1) - 1).square().mean())),
    Mistake("squared_norm", "It compares the *square* of the length with 1. That also has its "
            "minimum at slope 1, but it punishes a slope of 3 with 64 and not with 4: a square too "
            "many.",
            when=_value(lambda s: (lengths(s).square() - 1).square().mean())),
    Mistake("not_squared", "The difference from 1 is not squared. Either slopes below 1 pay for "
            "those above, or the push does not fade as the slope comes near 1.",
            when=_value(lambda s: (lengths(s) - 1).mean(), lambda s: (lengths(s) - 1).abs().mean(),
                        lambda s: (lengths(s).square() - 1).mean())),
    Mistake("squared_mean", "It takes the mean first and the square afterwards, so steep places "
            "and flat ones cancel out. Every point is to pay for itself.",
            when=_value(lambda s: (lengths(s).mean() - 1).square(),
                        lambda s: (lengths(s) - 1).mean().square())),
    Mistake("one_sided", "Only slopes above 1 pay. That is a sensible penalty too, and this "
            "notebook uses it on the line; WGAN-GP's has two sides, and flat places pay as well.",
            when=_value(lambda s: (lengths(s) - 1).clamp(min=0).square().mean())),
    Mistake("zero_centred", "It wants all slopes to be 0. That is R1, the gradient penalty of "
            "notebook 02; WGAN-GP wants slopes of 1.",
            when=_value(lambda s: lengths(s).square().mean(), lambda s: lengths(s).mean(),
                        lambda s: lengths(s).square().mean() / 2)),
    Mistake("sum", "It adds up over the batch, so a batch twice as large punishes twice as much, "
            "and the weight of the penalty would have to change with it. The E in the formula is a "
            "mean.",
            when=_value(lambda s: (lengths(s) - 1).square().sum())),
    Mistake("weight", "The weight is already inside. Leave it to the caller, who knows how much "
            "the penalty is to count.",
            when=_value(lambda s: 10 * right(s))),
    Mistake("sign", "The sign is turned round: the critic would be paid for slopes that are not 1.",
            when=_value(lambda s: -right(s))),
    Mistake("vector", "There is still one number for each point. The E in the formula has not been "
            "taken.",
            when=lambda seen: isinstance(seen.get("the penalty"), Tensor)
                              and seen["the penalty"].dim() > 0),
)
ON_IMAGES = (
    Mistake("share_of_images", "It is right for points in the plane, but images have four "
            "dimensions, (N, C, H, W), and the shares do not fit them. A share for each pair needs "
            "a 1 for every further dimension.",
            when=lambda seen: _said("must match", "shape", "broadcast")(seen)
                              or seen.get("points between their pair") is False),
    Mistake("norm_of_images", "It is right for points in the plane, but an image's gradient has "
            "many numbers in several dimensions, and all of them belong into one length. "
            "`flatten(1)` lays them side by side.",
            when=_value(lambda s: (s.norm(dim=1) - 1).square().mean(),
                        lambda s: (s.norm(dim=-1) - 1).square().mean(),
                        lambda s: (s.norm(dim=(2, 3)) - 1).square().mean(),
                        lambda s: (s.norm(dim=(1, 2)) - 1).square().mean())),
)
IN_THE_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but it is a plain number, and nothing can be "
            "differentiated through it. Give the tensor itself back.",
            when=lambda seen: "the gradient" in seen),
    Mistake("no_create_graph", "The value is right, but nothing flows back from it to the critic: "
            "the penalty would be shown and never felt. The gradient has to stay part of the "
            "graph, because it is to be differentiated once more.",
            when=lambda seen: seen["_none"]),
    Mistake("part_of_the_graph", "The value is right, but part of the way back is cut: the critic "
            "would be pushed in the wrong direction. Look for a `detach`, an `item` or a `no_grad` "
            "in between.",
            when=lambda seen: True),
)
SQRT_AT_ZERO = Mistake("sqrt_at_zero", "A remark: where a gradient is exactly 0, the derivative of "
                       "your square root is infinite, and after the next step every weight of the "
                       "critic is nan. `norm` is safe there (PyTorch takes 0 for its derivative), "
                       "and so is a small number under the root, `(… + 1e-12).sqrt()`.",
                       when=lambda seen: not seen["_finite"])
