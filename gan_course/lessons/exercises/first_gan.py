"""The exercises of notebook 03: a step of D, a step of G, and the share of good points."""
import torch
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called
from gan_course.lessons.exercises._losses import (
    LEAST_SQUARES,
    NO_LOG,
    SIGMOID_FORGOTTEN,
    SIGMOID_TWICE,
    WASSERSTEIN,
)
from gan_course.lessons.exercises._steps import D_move, G_move


def discriminator_step(G, D, optimizer_D, x, z):
    """One step of D, on real x (N, ...) and on fakes made of z (N, z_dim).

    Gives back its loss.
    """
    fake = G(z).detach()
    loss = softplus(-D(x)).mean() + softplus(D(fake)).mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def generator_step(G, D, optimizer_G, z):
    """One step of G, on fakes made of z (N, z_dim), with the non-saturating loss.

    Gives back its loss.
    """
    loss = softplus(-D(G(z))).mean()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss.item()


def high_quality_share(points, centres, sd):
    """The share of points (N, d) that lie within 3 sd of the nearest of the centres (K, d): a
    number from 0 to 1.
    """
    nearest = torch.cdist(points, centres).min(dim=1).values        # (N,)
    return (nearest <= 3 * sd).float().mean().item()


OWN_NOISE = ("It draws noise of its own and leaves z aside. The caller decides on the noise, so "
             "that a run can be repeated: use z.")
VECTOR = ("The loss is still a vector, one number for each example, and `backward` wants one "
          "number. The E in the formula stands for something that has not been done yet.")
TOO_LATE = ("The step is right, but the loss it gives back was computed after it. The records of "
            "this course have the loss that the step was taken on.")
SUM = ("It adds up over the examples, so the loss grows with the batch size and its chance level "
       "means nothing. The E in the formula is a mean.")


def cost(l):
    return softplus(l)


def sums(l):
    return softplus(l).sum()


def means(l):
    return softplus(l).mean()


def fresh(z):
    return torch.randn(*z.shape)


def after_the_step(G, D, optimizer_D, x, z):
    D_move(lambda r, f: means(-r) + means(f))(G, D, optimizer_D, x, z)
    return means(-D(x)) + means(D(G(z)))


def after_the_step_of_G(G, D, optimizer_G, z):
    G_move(lambda f: means(-f))(G, D, optimizer_G, z)
    return means(-D(G(z)))


D_MISTAKES = (
    Mistake("no_grad", "D is asked with gradients switched off, so its step has nothing to go by. "
            "Fakes may be made without gradients; judging them is what D has to learn.",
            when=lambda seen: _steps.without_gradients(seen, "D")),
    *_steps.of_the_move("G"),
    Mistake("labels", "Real and fake are exchanged: this D learns to take fakes for real. "
            "Which logits are to go up, and which down?",
            like=D_move(lambda r, f: means(r) + means(-f))),
    Mistake("ascends", "D goes the wrong way: the sign of the whole loss is turned round, so each "
            "step makes it worse. Optimizers minimise.",
            like=D_move(lambda r, f: -means(-r) - means(f))),
    Mistake("sigmoid_twice", SIGMOID_TWICE,
            like=D_move(lambda r, f: means(-r.sigmoid()) + means(f.sigmoid()))),
    Mistake("sigmoid_forgotten", SIGMOID_FORGOTTEN, like=(
        D_move(lambda r, f: -r.log().mean() - (1 - f).log().mean()),
        D_move(lambda r, f: torch.nn.functional.binary_cross_entropy(r, torch.ones_like(r))))),
    Mistake("no_log", NO_LOG, like=(
        D_move(lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean()),
        D_move(lambda r, f: f.sigmoid().mean() - r.sigmoid().mean()))),
    Mistake("wasserstein", WASSERSTEIN,
            like=(D_move(lambda r, f: f.mean() - r.mean()),
                  D_move(lambda r, f: r.mean() - f.mean()))),
    Mistake("least_squares", LEAST_SQUARES, like=(
        D_move(lambda r, f: (r - 1).square().mean() + f.square().mean()),
        D_move(lambda r, f: (r.sigmoid() - 1).square().mean() + f.sigmoid().square().mean()))),
    Mistake("sum", SUM,
            like=(D_move(lambda r, f: sums(-r) + sums(f)), D_move(lambda r, f: sums(-r) + means(f)),
                  D_move(lambda r, f: means(-r) + sums(f)))),
    Mistake("vector", VECTOR, like=D_move(lambda r, f: cost(-r) + cost(f))),
    Mistake("half", "Right up to a factor, and it trains. But the formula adds its two means: with "
            "half of it chance is 0.693 and not 1.386, and the curves of this notebook would "
            "mislead you.",
            like=D_move(lambda r, f: (means(-r) + means(f)) / 2)),
    Mistake("fake_only", "D learns from the fakes only. It could call everything fake and be "
            "content: who tells it what is real?",
            like=D_move(lambda r, f: means(f))),
    Mistake("real_only", "D learns from real points only. It could call everything real and be "
            "content: who tells it what is fake?",
            like=D_move(lambda r, f: means(-r))),
    Mistake("own_noise", OWN_NOISE, like=D_move(lambda r, f: means(-r) + means(f), noise=fresh)),
    Mistake("after_the_step", TOO_LATE, like=after_the_step),
)
G_MISTAKES = (
    Mistake("no_grad", "A network is asked with gradients switched off, so nothing can flow back "
            "into G. Here the fakes are no mere data: how does G get to know what D thinks of "
            "them?",
            when=_steps.without_gradients),
    Mistake("detached_fake", "The fakes are cut loose from G, so the gradient ends at D's "
            "input and G learns nothing. In D's step that is what you want; whose step is this?",
            when=lambda seen: ("backward", "D") in seen["_log"]
                              and ("backward", "G") not in seen["_log"]),
    *_steps.of_the_move("D"),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose slope vanishes where the "
            "fakes are worst. This notebook trains with the other one, -log D: notebook 02, "
            "section 5.",
            like=G_move(lambda f: -means(f))),
    Mistake("labels", "G minimises what D pays for the fakes, so it learns to be caught. G "
            "wants them to be taken for real.",
            like=G_move(lambda f: means(f))),
    Mistake("sign", "G goes the wrong way: the sign of the loss is turned round, so each step "
            "makes the fakes easier to spot. Optimizers minimise.",
            like=G_move(lambda f: -means(-f))),
    Mistake("sigmoid_twice", SIGMOID_TWICE, like=G_move(lambda f: means(-f.sigmoid()))),
    Mistake("sigmoid_forgotten", SIGMOID_FORGOTTEN,
            like=(G_move(lambda f: -f.log().mean()),
                  G_move(lambda f: torch.nn.functional.binary_cross_entropy(f,
                                                                            torch.ones_like(f))))),
    Mistake("no_log", NO_LOG,
            like=(G_move(lambda f: -f.sigmoid().mean()),
                  G_move(lambda f: (1 - f.sigmoid()).mean()))),
    Mistake("wasserstein", WASSERSTEIN,
            like=(G_move(lambda f: -f.mean()), G_move(lambda f: f.mean()))),
    Mistake("least_squares", LEAST_SQUARES,
            like=(G_move(lambda f: (f - 1).square().mean()),
                  G_move(lambda f: (f.sigmoid() - 1).square().mean()))),
    Mistake("sum", SUM, like=G_move(lambda f: sums(-f))),
    Mistake("vector", VECTOR, like=G_move(lambda f: cost(-f))),
    Mistake("own_noise", OWN_NOISE, like=G_move(lambda f: means(-f), noise=fresh)),
    Mistake("after_the_step", TOO_LATE, like=after_the_step_of_G),
)
NO_DETACH = Mistake("no_detach", "The step is right, and wasteful: the gradient also flows back "
                    "into G, where a gradient towards worse fakes is left behind. It costs time, "
                    "and if a `zero_grad` is forgotten it does harm. What cuts the fakes loose "
                    "from G?",
                    when=lambda seen: "gradients reach G" in seen)


TENSOR = Mistake("tensor", "The step is right, and the loss comes back as a tensor. A tensor holds "
                 "on to the graph of its iteration, so a list of losses would make memory grow. "
                 "`.item()` gives the number alone.",
                 when=lambda seen: seen.get("the loss it gives back is") == "a tensor")


def plain_number(results, inputs):
    a_tensor = bool(results) and isinstance(results[0], torch.Tensor)
    return {"the loss it gives back is": "a tensor" if a_tensor else "a plain number"}


def reaches_G(results, inputs):
    return {"gradients reach G": "yes"} if ("backward", "G") in inputs["optimizer_D"].log else {}


def move_of_D():
    return _steps.scene("D") | _steps.numbers("x", "z")


def move_of_G():
    return _steps.scene("G") | _steps.numbers("z")


def near(points, centres):
    return torch.cdist(points, centres).min(dim=1).values


def within(distance, limit):
    return (distance <= limit).float().mean()


SHARE_MISTAKES = (
    Mistake("vector", "It gives one answer for each point. The share is one number for all of "
            "them: how many of how many?",
            when=lambda seen: seen["the share"].dim() > 0
                              if isinstance(seen.get("the share"), torch.Tensor) else False),
    Mistake("mean_distance", "This is a mean distance. One stray point far away would spoil it; "
            "the share only asks of each point whether it is near enough.",
            like=(lambda p, c, sd: near(p, c).mean(), lambda p, c, sd: torch.cdist(p, c).mean(),
                  lambda p, c, sd: near(p, c).mean() / sd)),
    Mistake("squared", "It compares a squared distance with a distance that is not squared (or the "
            "other way round). Squares on both sides, or on neither.",
            like=(lambda p, c, sd: within(near(p, c) ** 2, 3 * sd),
                  lambda p, c, sd: within(near(p, c), (3 * sd) ** 2),
                  lambda p, c, sd: within(near(p, c), 3 * sd ** 2),
                  lambda p, c, sd: within(near(p, c) ** 2, 3 * sd ** 2))),
    Mistake("one_sd", "It uses another radius than 3 sd. Within 1 sd lie only 39 % of even a "
            "perfect sampler's points in the plane, within 2 sd 86 %.",
            like=(lambda p, c, sd: within(near(p, c), sd),
                  lambda p, c, sd: within(near(p, c), 2 * sd))),
    Mistake("no_sd", "The standard deviation does not count: it uses a fixed radius of 3.",
            like=lambda p, c, sd: within(near(p, c), 3)),
    Mistake("pairs", "It counts pairs of a point and a centre, so that a point between two centres "
            "counts twice. Only the nearest centre of each point matters.",
            like=(lambda p, c, sd: (torch.cdist(p, c) <= 3 * sd).sum() / len(p),
                  lambda p, c, sd: (torch.cdist(p, c) <= 3 * sd).sum(),
                  lambda p, c, sd: within(torch.cdist(p, c), 3 * sd))),
    Mistake("count", "It counts the good points. A share does not grow with the number of points "
            "drawn.",
            like=lambda p, c, sd: (near(p, c) <= 3 * sd).sum()),
    Mistake("percent", "It is given in per cent. The course keeps shares between 0 and 1, and "
            "multiplies only for the eye.",
            like=lambda p, c, sd: 100 * within(near(p, c), 3 * sd)),
    Mistake("bad_points", "This is the share of the points that are too far away. The good ones "
            "are the others.",
            like=lambda p, c, sd: 1 - within(near(p, c), 3 * sd)),
    Mistake("wrong_dim", "It looks for the nearest point of each centre, and so counts centres. "
            "For each point, the nearest centre: along which dimension is the smallest?",
            like=lambda p, c, sd: within(torch.cdist(p, c).min(0).values, 3 * sd)),
    Mistake("farthest", "It asks for the farthest centre. A good point is near one of them.",
            like=lambda p, c, sd: within(torch.cdist(p, c).max(1).values, 3 * sd)),
    Mistake("one_centre", "It compares all points with a single place, the first centre or the "
            "middle of all. Each point has a nearest centre of its own.",
            like=(lambda p, c, sd: within((p - c.mean(0)).norm(dim=1), 3 * sd),
                  lambda p, c, sd: within((p - c[0]).norm(dim=1), 3 * sd))),
    Mistake("box", "It measures each coordinate by itself (or adds the two), so its neighbourhoods "
            "are squares. The distance that goes with a round Gaussian is the Euclidean one.",
            like=(lambda p, c, sd: within((p[:, None] - c).abs().amax(2).min(1).values, 3 * sd),
                  lambda p, c, sd: within((p[:, None] - c).abs().sum(2).min(1).values, 3 * sd),
                  lambda p, c, sd: within((p[:, None] - c).sum(2).abs().min(1).values, 3 * sd))),
)


def scatter(number):
    """197 points around five centres, two of which are close to each other, and where they lie."""
    def inputs():
        generator = torch.Generator().manual_seed(number)
        centres = torch.tensor([[0.1, 0.0], [0.9, 0.1], [-1.2, 0.6], [0.6, -1.4], [5.0, -5.0]])
        noise = 1.3 * torch.randn(197, 2, generator=generator)
        points = centres[torch.randint(4, (197,), generator=generator)] + noise
        return {"points": points, "centres": centres, "sd": 0.37}
    return inputs


def share(results, inputs):
    return number_called("the share", results)


EXERCISES = (
    Exercise("03.discriminator_step", discriminator_step,
             (Probe(move_of_D, _steps.move, D_MISTAKES), Probe(move_of_D, reaches_G, (NO_DETACH,)),
              Probe(move_of_D, plain_number, (TENSOR,))),
             ("Six things happen, in this order: fakes, loss, old gradients away, backward "
              "pass, step, loss given back.",
              "The loss is the one of section 2, on `D(x)` and on `D` of the fakes. For D, the "
              "fakes are data like any others.",
              "`G(z).detach()` makes the fakes; then the loss, `optimizer_D.zero_grad()`, "
              "`backward()`, `step()`, and a `return`."),
             "D has moved, G has not, and nothing was left in G's gradients.",
             frozenset({"fake", "loss_D", "optimizer_G"})),
    Exercise("03.generator_step", generator_step,
             (Probe(move_of_G, _steps.move, G_MISTAKES),
              Probe(move_of_G, plain_number, (TENSOR,))),
             ("Five things: a loss on fresh fakes, old gradients away, backward pass, step, "
              "loss given back.",
              "The gradient has to travel from the loss through D into G. What would stop it on "
              "the way?",
              "The loss is `softplus` of minus the logits of `D(G(z))`, its mean; then "
              "`zero_grad`, `backward`, `step` as for D, with G's optimizer."),
             "G has moved, through D, and D stood still.",
             frozenset({"fake", "loss_G", "optimizer_D"})),
    Exercise("03.high_quality_share", high_quality_share,
             (Probe(scatter(1), share, SHARE_MISTAKES), Probe(scatter(2), share, SHARE_MISTAKES)),
             ("First all distances: a table with a row for each point and a column for each "
              "centre. `torch.cdist` makes it.",
              "From each row you need one number, the smallest. How many of these are small "
              "enough?",
              "`min(dim=1).values`, compared with 3 sd, is true or false for each point; the mean "
              "of that as a float is a share."),
             "A perfect sampler in the plane reaches 98.89 %.",
             frozenset({"moons", "quality", "perfect"})),
)
