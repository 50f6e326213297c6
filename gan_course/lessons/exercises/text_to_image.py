"""The exercises of deeper/08_text_to_image: a sentence as the sum of its words, sentences with
words missing, and a move of D that also meets real images beside the wrong sentence.
"""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from gan_course import nets
from gan_course.lessons.exercises import _sandbox, _steps
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called
from gan_course.lessons.exercises.first_gan import NO_DETACH, OWN_NOISE, SUM, VECTOR


def bag_of_words(table, sentence):
    """The sum of the words' rows of a table (words, features), for numbers of words (N, L).

    Number 0 is an empty place, which adds nothing. -> (N, features).
    """
    said = (sentence > 0).unsqueeze(2)                              # (N, L, 1)
    return (table[sentence] * said).sum(dim=1)


def leave_out_words(sentence, share):
    """Each word (N, L) is replaced by 0 with the probability `share`, independently of the others.
    """
    return sentence * (torch.rand(sentence.shape, device=sentence.device) >= share)


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


# The bag of words

def bag(join, empty=0.0):
    """A vector for each sentence, made by `join` of the words' rows, (N, L, features), in which the
    rows of empty places are multiplied by `empty`, and of which places are said, (N, L, 1).
    """
    def made(table, sentence):
        said = (sentence > 0).unsqueeze(2)
        return join(table[sentence] * torch.where(said, 1.0, empty), said)
    return made


def value(seen: Seen) -> Tensor | None:
    """What the function gave back, if it is a tensor."""
    return seen["the vectors"] if isinstance(seen.get("the vectors"), Tensor) else None


def shaped(*shape: int):
    return lambda seen: value(seen) is not None and tuple(value(seen).shape) == shape


BAG_MISTAKES = (
    Mistake("not_summed", "There is still a vector for each word, (N, L, features). A sentence is "
            "their sum over the L places.", when=shaped(4, 3, 6)),
    Mistake("one_vector", "All sentences together gave one vector. Sum over the places of each "
            "sentence, which is dimension 1.", when=shaped(6)),
    Mistake("over_sentences", "It sums over the sentences, dimension 0, and not over the words of "
            "each sentence, dimension 1.",
            when=lambda seen: shaped(3, 6)(seen) or shaped(4, 3)(seen)),
    Mistake("side_by_side", "The vectors of the words stand side by side. Then a word would mean "
            "something else in another place, and sentences of other lengths would not fit. Asked "
            "is their sum.", when=shaped(4, 18)),
    Mistake("empty_counts", "An empty place adds the row number 0 of the table. Nothing is said "
            "there, so nothing may be added: multiply by `sentence > 0`, or leave such rows out.",
            like=(bag(lambda rows, said: rows.sum(dim=1), empty=1.0),)),
    Mistake("mean", "It takes the mean. In a short sentence each word then weighs more than in a "
            "long one. Asked is the sum.",
            like=(bag(lambda rows, said: rows.mean(dim=1)),
                  bag(lambda rows, said: rows.mean(dim=1), empty=1.0),
                  bag(lambda rows, said: rows.sum(dim=1) / said.sum(dim=1)))),
    Mistake("largest", "It takes the largest value of each feature over the words. Asked is the "
            "sum, to which every word contributes.",
            like=(bag(lambda rows, said: rows.amax(dim=1)),
                  bag(lambda rows, said: rows.amax(dim=1), empty=1.0))),
    Mistake("first", "Only the first word counts. Asked is the sum over all L places.",
            like=bag(lambda rows, said: rows[:, 0])),
    Mistake("product", "It multiplies the rows. Asked is the sum.",
            like=(bag(lambda rows, said: rows.prod(dim=1)),
                  bag(lambda rows, said: rows.prod(dim=1), empty=1.0))),
    Mistake("numbers", "It adds the numbers of the words. They are names, like house numbers: word "
            "4 is not twice word 2. Look up a row of the table for each of them.",
            when=lambda seen: shaped(4)(seen) or shaped(4, 1)(seen)),
    Mistake("set", "A word that comes twice counts once. Asked is the sum over all places, so it "
            "counts twice.",
            like=lambda table, sentence: torch.stack([
                table[[word for word in dict.fromkeys(each) if word]].sum(dim=0)
                for each in sentence.tolist()])),
)


def table_and_sentences() -> dict:
    """A table whose row 0 is not 0, and four sentences of three places, some of them empty."""
    table = torch.randn(9, 6, generator=torch.Generator().manual_seed(2))
    sentence = torch.tensor([[3, 1, 8], [4, 0, 0], [7, 7, 2], [0, 5, 6]])
    return {"table": table, "sentence": sentence}


def gradients(results: list, inputs: dict) -> Seen:
    """Whether the table can learn."""
    return {"gradients reach the table": bool(results and isinstance(results[0], Tensor)
                                              and results[0].requires_grad)}


def table_that_learns() -> dict:
    inputs = table_and_sentences()
    return inputs | {"table": inputs["table"].requires_grad_(True)}


NO_GRADIENTS = Mistake("cut_loose", "The vectors are right, and no gradient flows from them back "
                       "to the table, so the words would never get a meaning. What cuts it loose "
                       "(`torch.no_grad()`, `.detach()`, `.item()`, `torch.tensor`)?",
                       when=lambda seen: not seen.get("gradients reach the table", True))


# Words left out

def look_at_words(results: list, inputs: dict) -> Seen:
    """What is left of the sentences, and clues about how it came about."""
    seen = number_called("what is left", results)
    left = seen.get("what is left")
    if not isinstance(left, Tensor) or left.shape != inputs["sentence"].shape:
        return seen
    before = inputs["sentence"]
    there = before > 0
    kept = (left == before) | ~there
    gone = (left == 0) & there
    share = gone.sum().item() / there.sum().item()
    rows, columns = gone.float().mean(dim=1), gone.float().mean(dim=0)
    return {
        "only words and 0": bool((kept | gone).all()),
        "the share that is missing": abs(share - inputs["share"]) < 0.08,
        "words go one by one": bool(0 < rows.std() < 0.4 and columns.min() > 0
                                    and not (rows - rows[0]).abs().max() == 0),
        "_kept_share": abs(share - 1 + inputs["share"]) < 0.08, "_share": share, "_rows": rows,
        "_columns": columns, "_scaled": bool((left > before).any()),
    }


def _is(clue: str, condition) -> object:
    return lambda seen: clue in seen and bool(condition(seen[clue]))


WORDS_MISTAKES = (
    Mistake("scaled", "The numbers of the words have grown. Dropout scales what is left by 1 / "
            "(1 - share), which makes sense for features. Here the entries are names: twice word "
            "number 4 is word number 8.",
            when=_is("_scaled", lambda scaled: scaled)),
    Mistake("never", "No word was left out.", when=_is("_share", lambda share: share == 0)),
    Mistake("all", "Every word was left out, or all but a few.",
            when=_is("_share", lambda share: share > 0.97)),
    Mistake("whole_sentences", "Some sentences lose all their words, and the others none. Each "
            "word should be missing or not by a draw of its own: draw a number for each entry.",
            when=_is("_rows", lambda rows: ((rows == 0) | (rows == 1)).all())),
    Mistake("same_places", "The same places are empty in every sentence. Then G never learns, in "
            "this mini-batch, what the missing words would do alone. Draw a number for each entry, "
            "(N, L).",
            when=_is("_columns", lambda columns: ((columns == 0) | (columns == 1)).all())),
    Mistake("kept_share", "The share that is missing is the share that should be kept. Look at the "
            "sign of your comparison.",
            when=_is("_kept_share", lambda close: close)),
)


def long_sentences(share):
    """400 sentences of five words, so that a share can be told from another."""
    def inputs():
        sentence = torch.randint(1, 30, (400, 5), generator=torch.Generator().manual_seed(4))
        return {"sentence": sentence, "share": share}
    return Probe(inputs, look_at_words, WORDS_MISTAKES)


# The move of D

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
    with torch.no_grad():
        for parameter in (*G.parameters(), *D.parameters()):
            parameter.mul_(2.0)
            parameter.grad = torch.full_like(parameter, _steps.LEFT_OVER)
    x, z = _steps.numbers("x", "z").values()
    sentence = torch.tensor(SAID)
    return {"G": G, "D": D, "optimizer_D": _steps.Watched(D, {"G": G, "D": D}), "x": x,
            "sentence": sentence, "other": sentence.roll(1, dims=0), "z": z}


def look(results: list, inputs: dict) -> Seen:
    """The move, and which sentences G was told, and D beside which images."""
    seen = _steps.move(results, inputs)
    told = {"G": [said for _, said in inputs["G"].told], "D, real": [], "D, fake": []}
    for first, said in inputs["D"].told:
        told["D, real" if torch.equal(first, inputs["x"]) else "D, fake"].append(said)
    return seen | {"_told": told if "the error" not in seen and len(results) else {}}


def means(l):
    return softplus(l).mean()


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


def reaches_G(results, inputs):
    return {"gradients reach G": "yes"} if ("backward", "G") in inputs["optimizer_D"].log else {}


EXERCISES = (
    Exercise("08.bag_of_words", bag_of_words,
             (Probe(table_and_sentences,
                    lambda results, inputs: number_called("the vectors", results), BAG_MISTAKES),
              Probe(table_that_learns, gradients, (NO_GRADIENTS,))),
             ("Look up a row for each word, then add up the rows of each sentence. Empty places "
              "need some care.",
              "`table[sentence]` is (N, L, features): a row for each place. `sentence > 0` says "
              "where a word stands, (N, L).",
              "`(table[sentence] * (sentence > 0).unsqueeze(2)).sum(dim=1)`"),
             "Any number of words, in any order, becomes one vector.",
             frozenset({"words", "described"})),
    Exercise("08.leave_out_words", leave_out_words,
             (long_sentences(0.3), long_sentences(0.8)),
             ("Draw a random number between 0 and 1 for each entry of `sentence`. What has to be "
              "true of it for the word to stay?",
              "`torch.rand(sentence.shape) >= share` is True with the probability 1 - share. How "
              "do you make 0 of the others?",
              "`return sentence * (torch.rand(sentence.shape, device=sentence.device) >= share)`"),
             "G will see long sentences, short ones, and sometimes none at all.",
             frozenset({"words", "described"})),
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
