"""One round of InfoGAN, in notebook 09: D moves, and then G and Q together."""
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import one_hot, softplus
from torch.nn.utils import parameters_to_vector

from gan_course.lessons.exercises import _loops, _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._loops import LEFT_OVER, N, fake, real
from gan_course.lessons.exercises.code_reader import CodeReader
from gan_course.lessons.exercises.infogan import gaussian_nll, information_loss


def draw_code(G, n):
    """n codes: a category, one-hot, and numbers between -1 and 1: (n, categories + continuous)."""
    category = one_hot(torch.randint(G.categories, (n,)), G.categories)
    return torch.cat([category, 2 * torch.rand(n, G.continuous) - 1], dim=1)


def training_step(G, D, Q, optimizer_D, optimizer_GQ, x, weights):
    """One round on the mini-batch x: D moves, then G and Q together.

    Gives back the loss of D, the adversarial loss of G, and what Q's guesses cost, as numbers.
    """
    z, c = torch.randn(len(x), G.z_dim, device=x.device), draw_code(G, len(x))
    loss_D = softplus(-D(x)).mean() + softplus(D(G(z, c).detach())).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    z, c = torch.randn(len(x), G.z_dim, device=x.device), draw_code(G, len(x))
    category, numbers = c[:, :G.categories], c[:, G.categories:]
    features = D.body(G(z, c))
    adversarial = softplus(-D.head(features)).mean()
    logits, mean = Q(features)
    information = (weights[0] * information_loss(logits, category)
                   + weights[1] * gaussian_nll(mean, Q.log_sd, numbers))
    optimizer_GQ.zero_grad()
    (adversarial + information).backward()
    optimizer_GQ.step()
    return loss_D.item(), adversarial.item(), information.item()


class _Generator(nn.Module):
    """Points from noise of three numbers and a code of two categories and one number."""

    def __init__(self):
        super().__init__()
        self.z_dim, self.categories, self.continuous = 3, 2, 1
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, z, c):
        return self.layers(torch.cat([z, c], dim=1))


class _Discriminator(nn.Module):
    """Points -> logits, through a body that Q shares."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2))
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.body(x)).flatten()


def scene() -> dict:
    """The arguments of `training_step`, with gradients left over from an earlier round."""
    _sandbox.seed(7)
    G, D, Q = _Generator(), _Discriminator(), CodeReader(8, 2, 1)
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters(), *Q.parameters()):
            parameter.mul_(2.0)                 # logits far enough from 0 to tell formulas apart
    players = _loops.watched(G, D)
    Q.before = parameters_to_vector(Q.parameters()).detach().clone()
    for parameter in Q.parameters():
        parameter.grad = torch.full_like(parameter, LEFT_OVER)
    x = torch.randn(N, 2, generator=torch.Generator().manual_seed(3)) + 1
    return {"G": G, "D": D, "Q": Q, "optimizer_D": players["optimizer_D"],
            "optimizer_GQ": _loops.Optimizer("G", nn.ModuleList([G, Q]), G.log), "x": x,
            "weights": (0.7, 0.3)}


def round_played(results: list, inputs: dict) -> Seen:
    """As of a round of two players, and how Q moved."""
    seen = _loops.round_played(results, inputs)
    Q = inputs["Q"]
    return seen | {"how Q moved": as_number(parameters_to_vector(Q.parameters()) - Q.before),
                   "Q in training mode": Q.training}


def in_the_notebook(inputs: dict) -> dict:
    """What `training_step` finds under the names of the notebook: the course's own."""
    return {"draw_code": draw_code, "information_loss": information_loss,
            "gaussian_nll": gaussian_nll}


def played(*, zero_D: bool = True, zero_GQ: bool = True, fresh_z: bool = True,
           fresh_code: bool = True, told: Callable = lambda c, other: c,
           read: Callable = lambda features: features, look: Callable = lambda made, x: made,
           loss_D: Callable = lambda r, f: real(r) + fake(f), loss_G: Callable = real,
           weigh: Callable = lambda a, b, weights: weights[0] * a + weights[1] * b,
           sign: int = 1, of_D: bool = False, give: Callable = lambda *losses: losses) -> Callable:
    """A round that is right but for what is changed."""
    def training_step(G, D, Q, optimizer_D, optimizer_GQ, x, weights):
        def paid(features, c):
            logits, mean = Q(features)
            return weigh(information_loss(logits, c[:, :G.categories]),
                         gaussian_nll(mean, Q.log_sd, c[:, G.categories:]), weights)

        z, c = torch.randn(len(x), G.z_dim), draw_code(G, len(x))
        made = G(z, c).detach()
        cost_D = loss_D(D(x), D(made))
        if zero_D:
            optimizer_D.zero_grad()
        (cost_D + paid(D.body(made), c) if of_D else cost_D).backward()
        optimizer_D.step()

        z = torch.randn(len(x), G.z_dim) if fresh_z else z
        c = draw_code(G, len(x)) if fresh_code else c
        made = G(z, c)
        adversarial = loss_G(D.head(D.body(made)))
        information = paid(read(D.body(look(made, x))), told(c, lambda: draw_code(G, len(x))))
        if zero_GQ:
            optimizer_GQ.zero_grad()
        (adversarial + sign * information).backward()
        optimizer_GQ.step()
        return give(cost_D.item(), adversarial.item(), information.item())
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether all three have moved as they should, whatever is given back."""
    inputs = scene()
    _sandbox.seed(1)
    right = round_played([training_step(*inputs.values())], inputs)
    return _loops.same_moves(seen, right, "GDQ")


OF_ALL_THREE = (
    *_loops.OF_ANY_ROUND,
    Mistake("Q_stands", "Q has not moved. Its cost has to be part of the loss of G and Q, and the "
            "gradient has to reach Q: nothing may be detached behind it.",
            when=lambda seen: "the error" not in seen and not seen["how Q moved"].any()),
    Mistake("features_detached", "Q reads features that are cut loose from G. So Q learns to read, "
            "and G never learns to write: the information has to flow back through D's body into "
            "G.", like=played(read=lambda features: features.detach())),
    Mistake("another_code", "Q is asked for a code that G was not given: a new one is drawn after "
            "the picture was made. Keep the code that went into G.",
            like=played(told=lambda c, other: other())),
    Mistake("reads_real", "Q reads the real samples. They have no code: the one in its loss was "
            "given to G for another picture.", like=played(look=lambda made, x: x)),
    Mistake("weights_forgotten", "The two weights are not used: `weights[0]` belongs to the "
            "categories, `weights[1]` to the continuous codes.",
            like=played(weigh=lambda a, b, weights: a + b)),
    Mistake("weights_swapped", "The weights have changed places: `weights[0]` belongs to the "
            "categories, `weights[1]` to the continuous codes.",
            like=played(weigh=lambda a, b, weights: weights[1] * a + weights[0] * b)),
    Mistake("half_the_information", "One half of the information is missing: the categories and "
            "the continuous codes both have a cost.",
            like=(played(weigh=lambda a, b, weights: weights[0] * a),
                  played(weigh=lambda a, b, weights: weights[1] * b))),
    Mistake("sign", "The costs of Q are subtracted. They are costs already, small where Q guesses "
            "well, and G and Q both want them small: add them.", like=played(sign=-1)),
    Mistake("moves_body", "The information moves D's body, too. Some code does that, and it "
            "trains. Here D's step has D's own loss alone, so that the body is shaped by telling "
            "real from fake.", like=played(of_D=True)),
    Mistake("zero_forgotten", "Old gradients are not wiped out before a backward pass. The step "
            "of G and Q leaves gradients in D, and an earlier one has left some in G and Q: call "
            "`zero_grad()` of each optimizer before its `backward`.",
            like=(played(zero_D=False), played(zero_GQ=False),
                  played(zero_D=False, zero_GQ=False))),
    Mistake("same_draw", "Both moves use the same noise or the same code. Each move draws its own: "
            "G is then judged on fakes that D has not just been trained on.",
            like=(played(fresh_z=False), played(fresh_code=False),
                  played(fresh_z=False, fresh_code=False))),
    Mistake("labels", "D's labels are swapped: it learns to take fakes for real and real samples "
            "for fakes.", like=played(loss_D=lambda r, f: fake(r) + real(f))),
    Mistake("wrong_player", "G minimises D's loss on the fakes, so it learns to be caught. G wants "
            "D to take its fakes for real.", like=played(loss_G=fake)),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose gradient vanishes where "
            "the fakes are worst. Asked is the non-saturating loss, -log D.",
            like=played(loss_G=lambda f: -fake(f))),
    Mistake("losses_returned", "The moves are right, but other numbers come back than asked: the "
            "loss of D, the adversarial loss of G alone, and the cost of Q's guesses with its "
            "weights, as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)


EXERCISES = (
    Exercise("09.training_step", training_step, (
        Probe(scene, round_played, OF_ALL_THREE, in_the_notebook),), (
        "The first half is the step of D of notebook 03, with a G that reads z and c. In the "
        "second half the fakes go through `D.body` once, and D's head and Q both read what comes "
        "out.",
        "`features = D.body(G(z, c))`, then `D.head(features)` and `logits, mean = Q(features)`. "
        "The code is split at `G.categories`.",
        "`information = weights[0] * information_loss(logits, c[:, :G.categories]) + weights[1] * "
        "gaussian_nll(mean, Q.log_sd, c[:, G.categories:])`, and `(adversarial + "
        "information).backward()`."),
        "D has moved alone, and G and Q together.",
        frozenset({"z", "c", "fake", "features", "logits", "mean", "loss_D"}),
        (_loops.NO_DETACH,)),
)
