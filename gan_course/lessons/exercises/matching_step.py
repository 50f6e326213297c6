"""A move of D in deeper/08_text_to_image: D also meets real images beside the wrong sentence."""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises._steps import (
    NO_DETACH,
    OWN_NOISE,
    SUM,
    VECTOR,
    means,
    reaches_G,
)


def matching_step(G, D, optimizer_D, x, sentence, other, z):
    """One move of D: real x beside its sentence; x beside another sentence, and G(z, sentence).

    Gives back its loss.
    """
    fake = G(z, sentence).detach()
    wrong_pair, fake_pair = softplus(D(x, other)).mean(), softplus(D(fake, sentence)).mean()
    loss = softplus(-D(x, sentence)).mean() + (wrong_pair + fake_pair) / 2
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


VOCABULARY = 5
SAID = [[1, 2], [3, 0], [2, 4], [1, 0], [4, 3], [2, 2]]


class Told(nn.Module):
    """A network that reads its input with the sum of the sentence's one-hot vectors behind it, and
    remembers what it was told.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net, self.told = net, []

    def forward(self, first: Tensor, sentence: Tensor) -> Tensor:
        self.told.append((first.detach().clone(), sentence.tolist()))
        bag = one_hot(sentence, VOCABULARY)[..., 1:].sum(dim=1)
        return self.net(torch.cat([first, bag.to(first)], dim=1))


def scene() -> dict:
    """G, D and D's optimizer as they are before each call, and fixed x, sentences and z."""
    _sandbox.seed(7)
    bag = VOCABULARY - 1
    G = Told(nets.MLPGenerator(_steps.Z_DIM + bag, (2,), width=8, depth=1))
    D = Told(nets.MLPDiscriminator((2 + bag,), width=8, depth=1))
    x, z = _steps.numbers("x", "z").values()
    sentence = torch.tensor(SAID)
    return _steps.watched(G, D, "D") | {
        "x": x, "sentence": sentence, "other": sentence.roll(1, dims=0), "z": z}


def look(results: list, inputs: dict) -> Seen:
    """The move, and which sentences G was told, and D beside which images."""
    seen = _steps.move(results, inputs)
    told = {"G": [said for _, said in inputs["G"].told], "D, real": [], "D, fake": []}
    for first, said in inputs["D"].told:
        told["D, real" if torch.equal(first, inputs["x"]) else "D, fake"].append(said)
    return seen | {"_told": told if "the error" not in seen and len(results) else {}}


def move(loss, noise=lambda z: z, told_G=lambda s, o: s, fake_beside=lambda s, o: s,
         first=lambda D, x, s, o: D(x, s), second=lambda D, x, s, o: D(x, o)):
    """A move of D, right in everything but the loss of the logits of the real pair r, the wrong
    pair w and the fake f, the noise, or the sentences.
    """
    def step(G, D, optimizer_D, x, sentence, other, z):
        fake = G(noise(z), told_G(sentence, other)).detach()
        value = loss(first(D, x, sentence, other), second(D, x, sentence, other),
                     D(fake, fake_beside(sentence, other)))
        optimizer_D.zero_grad()
        value.backward()
        optimizer_D.step()
        return value
    return step


def right_loss(r, w, f):
    return means(-r) + (means(w) + means(f)) / 2


STEP_MISTAKES = (
    Mistake("sentence_missing", "A network is asked without a sentence: both are called with two "
            "things, G(z, sentence) and D(x, sentence).",
            when=lambda seen: "required positional argument" in seen.get("the error", "")),
    Mistake("no_grad", "D is asked with gradients switched off, so its move has nothing to go by. "
            "Fakes may be made without gradients; judging them is what D has to learn.",
            when=lambda seen: _steps.without_gradients(seen, "D")),
    *_steps.of_the_move("G"),
    Mistake("wrong_pair_forgotten", "It is the step of notebook 08, without the wrong pair: D "
            "should also see the real images beside `other`, and call these pairs fake.",
            when=lambda seen: bool(seen["_told"]) and SAID[-1:] + SAID[:-1]
            not in [*seen["_told"]["D, real"], *seen["_told"]["D, fake"]]),
    Mistake("wrong_pair_real", "The wrong pair counts as real. The image is real, but D judges "
            "pairs, and this sentence does not belong to the image.",
            like=(move(lambda r, w, f: means(-r) + (means(-w) + means(f)) / 2),
                  move(lambda r, w, f: (means(-r) + means(-w)) / 2 + means(f)))),
    Mistake("fake_as_other", "D judges the fakes beside `other`. G drew them for `sentence`, and "
            "it can only learn to obey if D compares its images with the sentences it was given.",
            like=(move(right_loss, fake_beside=lambda s, o: o),
                  move(right_loss, told_G=lambda s, o: o))),
    Mistake("fake_for_other", "The fakes are drawn for `other`, and judged beside `other`. That "
            "would train, too. Asked is `sentence` for both.",
            like=move(right_loss, told_G=lambda s, o: o, fake_beside=lambda s, o: o)),
    Mistake("wrong_pair_from_G", "The wrong pair is made of a fake and another sentence. D learns "
            "to read from it only what G already draws; asked is the real image x beside `other`.",
            when=lambda seen: bool(seen["_told"]) and len(seen["_told"]["D, fake"]) > 1),
    Mistake("pairs_swapped", "`sentence` and `other` have changed places: the right pair counts "
            "as fake, and the wrong one as real.",
            like=move(right_loss, first=lambda D, x, s, o: D(x, o),
                      second=lambda D, x, s, o: D(x, s))),
    Mistake("not_halved", "The two kinds of fake pairs are added without the factor 1/2, so "
            "together they weigh twice as much as the real pairs.",
            like=move(lambda r, w, f: means(-r) + means(w) + means(f))),
    Mistake("third", "All three means weigh the same. Asked is the whole weight for the real "
            "pairs, and half of it for each kind of fake pair.",
            like=(move(lambda r, w, f: (means(-r) + means(w) + means(f)) / 3),)),
    Mistake("half", "Right up to a factor, and it trains. But the formula adds the real term and "
            "the mean of the other two; with half of it chance is 0.693 and not 1.386.",
            like=move(lambda r, w, f: right_loss(r, w, f) / 2)),
    Mistake("labels", "Real and fake are exchanged: this D learns to take fakes for real. Which "
            "logits should go up, and which down?",
            like=move(lambda r, w, f: means(r) + (means(-w) + means(-f)) / 2)),
    Mistake("ascends", "D goes the wrong way: the sign of the whole loss is turned round, so each "
            "step makes it worse. Optimizers minimise.",
            like=move(lambda r, w, f: -right_loss(r, w, f))),
    Mistake("sum", SUM, like=move(
        lambda r, w, f: softplus(-r).sum() + (softplus(w).sum() + softplus(f).sum()) / 2)),
    Mistake("vector", VECTOR, like=move(
        lambda r, w, f: softplus(-r) + (softplus(w) + softplus(f)) / 2)),
    Mistake("own_noise", OWN_NOISE, like=move(right_loss, noise=torch.randn_like)),
)


EXERCISES = (
    Exercise("08.matching_step", matching_step,
             (Probe(scene, look, STEP_MISTAKES), Probe(scene, reaches_G, (NO_DETACH,))),
             ("It is the move of notebook 08 with one pair more: real images beside a sentence "
              "that belongs to others.",
              "Three logits: `D(x, sentence)` should go up, `D(x, other)` and `D(fake, sentence)` "
              "down. The two that go down share one weight.",
              "The loss is `softplus(-D(x, sentence)).mean() + (softplus(D(x, other)).mean() + "
              "softplus(D(fake, sentence)).mean()) / 2`. The rest as in 08."),
             "D now has to read: an image that looks real is not enough.",
             frozenset({"fake", "optimizer_G", "batch"})),
)
