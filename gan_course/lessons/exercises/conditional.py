"""The exercises of notebook 08 that are functions: the moves of two players who know the label, the
projection, and the obedience matrix. The networks are in `conditional_networks`.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called
from gan_course.lessons.exercises.first_gan import NO_DETACH, OWN_NOISE, SUM, VECTOR


def discriminator_step(G, D, optimizer_D, x, y, z):
    """One step of D on real x (N, ...) of the classes y (N,), and on fakes G(z, y).

    Gives back its loss.
    """
    fake = G(z, y).detach()
    loss = softplus(-D(x, y)).mean() + softplus(D(fake, y)).mean()
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def generator_step(G, D, optimizer_G, y, z):
    """One step of G, on fakes G(z, y), with the non-saturating loss.

    Gives back its loss.
    """
    loss = softplus(-D(G(z, y), y)).mean()
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    return loss.item()


def projection_logit(phi, y, w, b, V):
    """psi(phi) + v_y . phi for each picture.

    phi (N, d), y (N,), psi(phi) = w . phi + b, V (K, d) -> (N,).
    """
    psi = phi @ w + b                                               # (N,)
    return psi + (V[y] * phi).sum(dim=1)


def obedience(asked, drawn, classes):
    """Row i, column j: of the pictures asked to be class i, the share that are class j.

    (N,), (N,) -> (classes, classes).
    """
    rows, columns = (nn.functional.one_hot(each, classes).double() for each in (asked, drawn))
    counts = rows.T @ columns                                       # (classes, classes)
    return counts / counts.sum(dim=1, keepdim=True)


# The moves: two networks that are told the class, and notes about the labels they were told

CLASSES, ORDER = 3, [2, 0, 1, 1, 0, 2]


class Told(nn.Module):
    """A network that reads its input with the one-hot vector of the label behind it, and remembers
    what it was asked.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net, self.asked = net, []

    def forward(self, first: Tensor, y: Tensor) -> Tensor:
        self.asked.append((first.detach().clone(), y.tolist()))
        return self.net(torch.cat([first, one_hot(y, CLASSES).to(first)], dim=1))


def scene() -> dict:
    """G, D and D's optimizer as they are before each call, and fixed x, y and z."""
    return _players("D") | _steps.numbers("x") | {"y": torch.tensor(ORDER)} | _steps.numbers("z")


def scene_of_G() -> dict:
    """G, D and G's optimizer as they are before each call, and fixed y and z."""
    return _players("G") | {"y": torch.tensor(ORDER)} | _steps.numbers("z")


def _players(mover: str) -> dict:
    """Both networks, and the optimizer of the one whose move it is."""
    _sandbox.seed(7)
    G = Told(nets.MLPGenerator(_steps.Z_DIM + CLASSES, (2,), width=8, depth=1))
    D = Told(nets.MLPDiscriminator((2 + CLASSES,), width=8, depth=1))
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters()):
            parameter.mul_(2.0)
            parameter.grad = torch.full_like(parameter, _steps.LEFT_OVER)
    return {"G": G, "D": D,
            f"optimizer_{mover}": _steps.Watched({"G": G, "D": D}[mover], {"G": G, "D": D})}


def look(results: list, inputs: dict) -> Seen:
    """The move, and which labels were told to whom: to G, and to D beside real pictures and beside
    others.
    """
    seen = _steps.move(results, inputs)
    told = {"G": [y for _, y in inputs["G"].asked], "D, real": [], "D, fake": []}
    for first, y in inputs["D"].asked:
        real = "x" in inputs and torch.equal(first, inputs["x"])
        told["D, real" if real else "D, fake"].append(y)
    return seen | {"_told": told if "the error" not in seen and len(results) else {}}


def labels_differ(seen: Seen) -> bool:
    """Whether D met the fakes beside other labels than those G was told."""
    told = seen["_told"]
    return bool(told and told["D, fake"]) and told["D, fake"] != told["G"]


def move(loss, noise=lambda z: z, fake_labels=lambda y: y):
    """A move of D, right in everything but the loss of the two logits, the noise, or the labels of
    the fakes.
    """
    def step(G, D, optimizer_D, x, y, z):
        asked = fake_labels(y)
        value = loss(D(x, y), D(G(noise(z), asked).detach(), asked))
        optimizer_D.zero_grad()
        value.backward()
        optimizer_D.step()
        return value
    return step


def means(l):
    return softplus(l).mean()


def sums(l):
    return softplus(l).sum()


STEP_MISTAKES = (
    Mistake("label_missing", "A network is asked without the label: here both are called with two "
            "things, G(z, y) and D(x, y). A D that is not told what the picture should show cannot "
            "mind that it shows something else.",
            when=lambda seen: "required positional argument" in seen.get("the error", "")),
    Mistake("no_grad", "D is asked with gradients switched off, so its move has nothing to go by. "
            "Fakes may be made without gradients; judging them is what D has to learn.",
            when=lambda seen: _steps.without_gradients(seen, "D")),
    *_steps.of_the_move("G"),
    Mistake("other_labels", "D judges the fakes beside other labels than G was asked to draw. "
            "D then learns that a good picture beside the wrong label is fake, which is true, and "
            "no fault of G's. Section 7 shows what comes of it.",
            when=labels_differ),
    Mistake("real_labels", "The real pictures are judged beside labels that are not theirs. Where "
            "can D learn which picture goes with which label, if not from the real pairs?",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("D, real", []))),
    Mistake("own_labels", "It draws labels of its own for the fakes. That can be learned from, "
            "as long as G and D get the same ones; but here the labels of the batch are agreed on, "
            "so that real and fake have equally many pictures of each class.",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("G", []))),
    Mistake("labels", "Real and fake are exchanged: this D learns to take fakes for real. "
            "Which logits are to go up, and which down?",
            like=move(lambda r, f: means(r) + means(-f))),
    Mistake("ascends", "D goes the wrong way: the sign of the whole loss is turned round, so each "
            "step makes it worse. Optimizers minimise.",
            like=move(lambda r, f: -means(-r) - means(f))),
    Mistake("sum", SUM,
            like=(move(lambda r, f: sums(-r) + sums(f)), move(lambda r, f: sums(-r) + means(f)))),
    Mistake("vector", VECTOR, like=move(lambda r, f: softplus(-r) + softplus(f))),
    Mistake("half", "Right up to a factor, and it trains. But the formula adds its two means, and "
            "the package does: with half of it chance is 0.693 and not 1.386.",
            like=move(lambda r, f: (means(-r) + means(f)) / 2)),
    Mistake("fake_only", "D learns from the fakes only. It could call everything fake and be "
            "content: who tells it what is real?",
            like=move(lambda r, f: means(f))),
    Mistake("real_only", "D learns from real pictures only. It could call everything real and be "
            "content: who tells it what is fake?",
            like=move(lambda r, f: means(-r))),
    Mistake("own_noise", OWN_NOISE,
            like=move(lambda r, f: means(-r) + means(f), noise=torch.randn_like)),
)


def G_move(loss, noise=lambda z: z, fake_labels=lambda y: y):
    """A move of G, right in everything but the loss of the logits, the noise, or the labels."""
    def step(G, D, optimizer_G, y, z):
        asked = fake_labels(y)
        value = loss(D(G(noise(z), asked), asked))
        optimizer_G.zero_grad()
        value.backward()
        optimizer_G.step()
        return value
    return step


G_STEP_MISTAKES = (
    Mistake("label_missing", "A network is asked without the label: here both are called with two "
            "things, G(z, y) and D(x, y).",
            when=lambda seen: "required positional argument" in seen.get("the error", "")),
    Mistake("no_grad", "A network is asked with gradients switched off, so nothing can flow back "
            "into G. How does G get to know what D thinks of its pictures?",
            when=_steps.without_gradients),
    Mistake("detached_fake", "The fakes are cut loose from G, so the gradient ends at D's "
            "input and G learns nothing. In D's move that is what you want; whose move is this?",
            when=lambda seen: ("backward", "D") in seen["_log"]
                              and ("backward", "G") not in seen["_log"]),
    *_steps.of_the_move("D"),
    Mistake("other_labels", "D judges the fakes beside other labels than G was asked to draw, "
            "so G is paid for something that nobody asked it for.",
            when=labels_differ),
    Mistake("own_labels", "It draws labels of its own and leaves y aside. Whoever calls it decides "
            "what is asked for.",
            when=lambda seen: any(y != ORDER for y in seen["_told"].get("G", []))),
    Mistake("saturating", "G descends the minimax loss, log(1 - D), whose slope vanishes where the "
            "fakes are worst. Asked is the other one, -log D.",
            like=G_move(lambda f: -means(f))),
    Mistake("labels", "G minimises what D pays for the fakes, so it learns to be caught. G "
            "wants them to be taken for real.",
            like=G_move(means)),
    Mistake("sign", "G goes the wrong way: the sign of the loss is turned round, so each step "
            "makes the fakes easier to spot. Optimizers minimise.",
            like=G_move(lambda f: -means(-f))),
    Mistake("sum", SUM, like=G_move(lambda f: sums(-f))),
    Mistake("vector", VECTOR, like=G_move(lambda f: softplus(-f))),
    Mistake("own_noise", OWN_NOISE, like=G_move(lambda f: means(-f), noise=torch.randn_like)),
)


def reaches_G(results, inputs):
    return {"gradients reach G": "yes"} if ("backward", "G") in inputs["optimizer_D"].log else {}


# The projection

def logit(term, psi=lambda phi, w, b: phi @ w + b):
    """psi plus some other term of the label."""
    return lambda phi, y, w, b, V: psi(phi, w, b) + term(phi, y, V)


def inner(phi, y, V):
    return (V[y] * phi).sum(dim=1)


def shaped(*shape):
    """Whether the result came as a table of this shape."""
    return lambda seen: isinstance(seen.get("the logit"),
                                   Tensor) and tuple(seen["the logit"].shape) == shape


N, D_FEATURES, K = 6, 5, 4
PROJECTION_MISTAKES = (
    Mistake("all_classes", "It gives a logit for every class. D is asked about one pair of a "
            "picture and a label: from each row you need the entry of that picture's own label.",
            when=shaped(N, K)),
    Mistake("all_pairs", "It pairs every label with every picture, so the answer is a table. "
            "Picture i goes with label i only: multiply entry by entry, then add up.",
            when=shaped(N, N)),
    Mistake("not_summed", "It stops before the sum: there is a number for each feature. An inner "
            "product is the sum over the features.",
            when=shaped(N, D_FEATURES)),
    Mistake("one_number", "The whole batch gets one number. Each picture has a logit of its own.",
            when=shaped()),
    Mistake("over_batch", "The sum runs over the whole batch, so each picture's logit depends on "
            "its neighbours. Along which dimension do the features lie?",
            like=(logit(lambda phi, y, V: (V[y] * phi).sum()),
                  logit(lambda phi, y, V: (V[y] * phi).mean()))),
    Mistake("mean", "It takes the mean over the features. The inner product is a sum; with the "
            "mean, the label would weigh less the more features there are.",
            like=logit(lambda phi, y, V: (V[y] * phi).mean(dim=1))),
    Mistake("no_psi", "The part without the label is missing. Then D can say whether the picture "
            "fits its label, and not whether it is a good picture.",
            like=lambda phi, y, w, b, V: inner(phi, y, V)),
    Mistake("no_bias", "The number b is missing: psi is linear with a constant.",
            like=logit(inner, lambda phi, w, b: phi @ w)),
    Mistake("blind", "The label does not count, so this D is blind to it. Which term of the "
            "formula has a y in it?",
            like=(logit(lambda phi, y, V: 0), logit(lambda phi, y, V: (phi @ V.T).sum(1)),
                  logit(lambda phi, y, V: (phi @ V.T).amax(1)),
                  logit(lambda phi, y, V: (V.mean(0) * phi).sum(1)))),
    Mistake("other_class", "It uses the row of another class. Row number y of V belongs to class "
            "y, counted from 0.",
            like=(logit(lambda phi, y, V: inner(phi, y - 1, V)),
                  logit(lambda phi, y, V: inner(phi, (y + 1) % len(V), V)),
                  logit(lambda phi, y, V: inner(phi, torch.arange(len(y)) % len(V), V)),
                  logit(lambda phi, y, V: inner(phi, 0 * y, V)))),
    Mistake("classifier", "It is how sure a classifier would be of the label, normalised over all "
            "classes. The normaliser depends on the picture only; in the derivation it has gone "
            "into psi.",
            like=(logit(lambda phi, y, V: (phi @ V.T).log_softmax(1).gather(1, y[:, None])[:, 0]),
                  logit(lambda phi, y, V: (phi @ V.T).softmax(1).gather(1, y[:, None])[:, 0]))),
    Mistake("sign", "The inner product is subtracted. It is the log of p(y|x) / q(y|x): large "
            "where the real data have this label more often than the fakes.",
            like=logit(lambda phi, y, V: -inner(phi, y, V))),
    Mistake("sigmoid", "It sends the answer through a sigmoid. Discriminators of this course give "
            "raw logits.",
            like=lambda *given: projection_logit(*given).sigmoid()),
    Mistake("cosine", "It divides by the lengths of the vectors. The inner product of the "
            "derivation has lengths: a long v_y means that the label matters much.",
            like=logit(lambda phi, y, V: torch.cosine_similarity(V[y], phi, dim=1))),
)


def pairs(number, labels):
    """Features of six pictures, their labels, psi and the directions of four classes."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        phi, V = (torch.randn(count, D_FEATURES, generator=draw) for count in (N, K))
        return {"phi": phi, "y": torch.tensor(labels), "w": torch.randn(D_FEATURES, generator=draw),
                "b": torch.tensor(0.7), "V": V}
    return Probe(inputs,
                 lambda results, inputs: number_called("the logit", results),
                 PROJECTION_MISTAKES)


# The obedience matrix

def table(asked, drawn, classes):
    return one_hot(asked, classes).double().T @ one_hot(drawn, classes).double()


def per_row(counts):
    return counts / counts.sum(dim=1, keepdim=True)


def once(asked, drawn, classes):
    counts = torch.zeros(classes, classes, dtype=torch.float64)
    counts[asked, drawn] += 1
    return counts


OBEDIENCE_MISTAKES = (
    Mistake("accuracy", "It gives one number, how often the wish was granted. The matrix also says "
            "what came instead.",
            when=lambda seen: isinstance(seen.get("the matrix"), Tensor)
                              and seen["the matrix"].dim() == 0),
    Mistake("diagonal", "It gives one number for each class, the diagonal of the matrix. What was "
            "drawn instead is lost.",
            when=lambda seen: isinstance(seen.get("the matrix"), Tensor)
                              and seen["the matrix"].dim() == 1),
    Mistake("counts", "It gives counts. How large they are depends on how often a class was asked "
            "for; shares of each row can be compared.",
            like=table),
    Mistake("transposed", "Asked and drawn have changed places. A row is what was asked, a column "
            "what came; each row should sum to 1.",
            like=(lambda a, d, k: per_row(table(a, d, k)).T, lambda a, d, k: table(a, d, k).T)),
    Mistake("by_drawn", "The shares are taken of what was drawn: of all the pictures that look "
            "like class j, how many had been asked to be class i? That is the other question. "
            "Divide by how often each class was asked for.",
            like=(lambda a, d, k: table(a, d, k) / table(a, d, k).sum(0),
                  lambda a, d, k: per_row(table(d, a, k)),
                  lambda a, d, k: table(a, d, k) / table(a, d, k).sum(0).clamp(min=1))),
    Mistake("of_all", "The shares are taken of all pictures together, so a class that was asked "
            "for twice as often looks twice as obedient.",
            like=lambda a, d, k: table(a, d, k) / len(a)),
    Mistake("equal_counts", "It divides every row by the same number, as if each class had been "
            "asked for equally often. Count how often each one was.",
            like=(lambda a, d, k: table(a, d, k) * k / len(a),
                  lambda a, d, k: table(a, d, k) / table(a, d, k).sum(1).max())),
    Mistake("wrong_axis", "The row sums are right, but they divide the columns: a vector of K "
            "numbers is laid along the rows when it meets a table. Keep the dimension that you sum "
            "over.",
            like=lambda a, d, k: table(a, d, k) / table(a, d, k).sum(1)),
    Mistake("counted_once", "A pair that comes several times counts only once: `counts[asked, "
            "drawn] += 1` writes each place a single time, however often it is named. Use "
            "something that adds up.",
            like=(lambda a, d, k: per_row(once(a, d, k)), once)),
    Mistake("percent", "It is given in per cent. The course keeps shares between 0 and 1, and "
            "multiplies only for the eye.",
            like=lambda a, d, k: 100 * per_row(table(a, d, k))),
    Mistake("disobedience", "It gives the share of the others, one minus the answer.",
            like=lambda a, d, k: 1 - per_row(table(a, d, k))),
)


def wishes(asked, drawn, classes):
    """What was asked for, each class another number of times, and what came."""
    def inputs():
        return {"asked": torch.tensor(asked), "drawn": torch.tensor(drawn), "classes": classes}
    return Probe(inputs,
                 lambda results, inputs: number_called("the matrix", results),
                 OBEDIENCE_MISTAKES)


EXERCISES = (
    Exercise("08.discriminator_step", discriminator_step,
             (Probe(scene, look, STEP_MISTAKES), Probe(scene, reaches_G, (NO_DETACH,))),
             ("It is the move of notebook 03, and each of the three calls of a network gets one "
              "thing more.",
              "The fakes are G's answer to z and y. Beside which label does D see them, and "
              "beside which the real pictures?",
              "`fake = G(z, y).detach()`; the loss is made of `D(x, y)` and of `D` of the "
              "fakes, with the same y. The rest as in 03."),
             "D has moved on pairs: real ones, and forged ones with the label that was asked for.",
             frozenset({"fake", "optimizer_G", "batch"})),
    Exercise("08.generator_step", generator_step,
             (Probe(scene_of_G, look, G_STEP_MISTAKES),),
             ("It is the move of notebook 03, and each of the two calls of a network gets one "
              "thing more.",
              "The gradient travels from the loss through D into G. Beside which label does D see "
              "the fakes?",
              "The loss is `softplus(-D(G(z, y), y)).mean()`; then `zero_grad`, `backward`, "
              "`step` with G's optimizer, and a `return`."),
             "G has moved towards pictures that are taken for real beside the label asked for.",
             frozenset({"fake", "optimizer_D", "batch"})),
    Exercise("08.projection_logit", projection_logit,
             (pairs(1, [2, 0, 3, 3, 1, 0]), pairs(2, [3, 3, 0, 1, 2, 1])),
             ("Two parts: one for the picture alone, one for the picture with its label. Both have "
              "the shape (N,).",
              "`V[y]` picks for each picture the row of its label: (N, d). What does an inner "
              "product do with two such tables, row by row?",
              "psi is `phi @ w + b`; the other part is `V[y] * phi`, summed over the features."),
             "It costs K rows of numbers more than a D without labels, and no other layer.",
             frozenset({"D"})),
    Exercise("08.obedience", obedience,
             (wishes([0, 0, 0, 1, 1, 2, 2, 2, 2, 2], [0, 0, 1, 1, 1, 2, 2, 0, 0, 2], 3),
              wishes([3, 3, 1, 0, 0, 0, 2, 1, 1, 1, 3, 0, 0],
                     [1, 3, 1, 0, 2, 0, 0, 1, 1, 0, 1, 0, 0], 4)),
             ("First count, for each pair of classes, how often the one was asked and the other "
              "came. Then turn counts into shares.",
              "`nn.functional.one_hot(asked, classes)` is (N, classes), and so is that of drawn. "
              "Which product of the two counts pairs?",
              "The counts are the transpose of the first times the second, `rows.T @ columns`; "
              "divide each row by its sum, with `keepdim=True`."),
             "The diagonal is obedience, class by class.",
             frozenset({"K", "the_judge"})),
)
