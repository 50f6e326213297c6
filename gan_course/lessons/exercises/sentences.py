"""Sentences of deeper/08_text_to_image: as the sum of their words, and with words missing."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called


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
              "`torch.rand(sentence.shape, device=sentence.device) >= share` is True with the "
              "probability 1 - share. How do you make 0 of the others?",
              "`return sentence * (torch.rand(sentence.shape, device=sentence.device) >= share)`"),
             "G will see long sentences, short ones, and sometimes none at all.",
             frozenset({"words", "described"})),
)
