"""Sentences: what is read is what was meant, what is not known is said, and factors and words agree."""
import pytest
import torch

from gan_course.data import captions, glyphs
from gan_course.data.captions import COLOURS, FACTORS, WORDS, read


@pytest.mark.parametrize(("text", "words"), [
    ("a bold red seven on yellow paper", ("bold", "red ink", "seven", "yellow paper")),
    ("A yellow seven, on RED paper!", ("yellow ink", "seven", "red paper")),
    ("on yellow paper a red seven", ("yellow paper", "red ink", "seven")),
    ("a seven in red ink on yellow", ("seven", "red ink", "yellow paper")),
    ("yellow paper, red ink", ("yellow paper", "red ink")),
    ("a thick violet 7 on lemon background", ("bold", "purple ink", "seven", "yellow paper")),
    ("a light typewriter three on light blue paper", ("light", "typewriter", "three", "blue paper")),
    ("green three on pink", ("green ink", "three", "pink paper")),
    ("", ()),
])
def test_a_colour_belongs_to_the_ink_or_to_the_paper(text, words):
    assert read(text) == (words, ())


def test_what_is_not_known_is_given_back_as_written_each_word_once():
    assert read("a purple Elephant, elephant on the <b>moon</b>") == (("purple ink",), ("elephant", "b", "moon"))
    assert read("日本 7") == (("seven",), ("日本",))


def test_each_synonym_stands_for_a_word_that_there_is():
    for synonym, word in captions.SYNONYMS.items():
        assert word in WORDS or word in COLOURS, synonym
        assert synonym not in WORDS and synonym not in COLOURS and synonym not in captions.SILENT, synonym


def test_the_colours_cover_the_circle_once():
    ends = list(COLOURS.values())
    assert all(end == start for (_, end), (start, _) in zip(ends, [*ends[1:], ends[0]], strict=True))
    hues = torch.arange(0.0, 360.0)
    factors = {name: torch.zeros(360) for name in FACTORS} | {"ink_hue": hues, "paper_hue": hues + 360}
    words = captions.words_of(factors)
    for hue, (_, _, _, ink, paper) in zip(hues.tolist(), words.tolist(), strict=True):
        low, high = COLOURS[WORDS[ink].removesuffix(" ink")]
        assert low <= hue < high or low > high and (hue >= low or hue < high)
        assert WORDS[paper] == WORDS[ink].removesuffix("ink") + "paper"


def test_the_words_of_a_data_set_are_those_of_its_factors():
    dataset = glyphs.glyphs_colour(n=200)
    words = captions.describe(dataset)
    assert words.shape == (200, 5) and words.min() > 0
    for row, label, bold, family in zip(words.tolist(), dataset.labels.tolist(), dataset.factors["bold"], dataset.factors["family"], strict=True):
        assert WORDS[row[0]] == FACTORS["character"][label]
        assert WORDS[row[1]] == ("light", "bold")[int(bold)] and WORDS[row[2]] == FACTORS["family"][int(family)]


def test_the_family_names_stand_in_the_order_of_the_data_set():
    units = glyphs.glyphs_colour(n=20).factors.units[1]
    assert units == "0 DejaVu Sans, 1 DejaVu Sans Mono, 2 DejaVu Serif, 3 STIXGeneral"
    assert FACTORS["family"] == ("sans", "typewriter", "serif", "book")


def test_a_sentence_is_read_as_the_words_it_was_made_of():
    words = captions.describe(glyphs.glyphs_colour(n=100))
    words[::3, 1] = 0
    words[::4, 0] = 0
    words[::5, 3:] = 0
    for row in words.tolist():
        found = captions.numbers(read(captions.sentence(row)).words)
        assert sorted(found.tolist()) == sorted(filter(None, row)), captions.sentence(row)
    assert captions.sentence([0, 0]) == "anything" and captions.sentence([WORDS.index("eight")]) == "an eight"


def test_without_roles_the_two_sevens_are_the_same_bag():
    one, other = (captions.numbers(read(text).words) for text in ("a red seven on yellow paper", "a yellow seven on red paper"))
    assert sorted(one.tolist()) != sorted(other.tolist())
    assert sorted(captions.without_roles(one).tolist()) == sorted(captions.without_roles(other).tolist())
    assert [WORDS[word] for word in captions.without_roles(one)] == ["red ink", "seven", "yellow ink"]


def test_what_is_not_said_is_drawn_as_often_as_in_the_data_and_what_is_said_stays():
    sentence = torch.tensor([[WORDS.index("bold"), 0, WORDS.index("green paper")]]).expand(4000, 3)
    full = captions.completed(sentence, seed=1)
    assert torch.equal(full[:, :3], sentence) and torch.equal(full, captions.completed(sentence, seed=1))
    character, bold, family, ink, paper = full[:, 3:].T
    assert not bold.any() and not paper.any()
    assert character.min() >= 1 and character.max() <= 10 and family.unique().tolist() == [13, 14, 15, 16]
    for number, (low, high) in enumerate(COLOURS.values(), start=WORDS.index("red ink")):
        assert abs((ink == number).double().mean() - (high - low) % 360 / 360) < 0.03


def test_a_word_that_there_is_not_has_no_number():
    with pytest.raises(ValueError):
        captions.numbers(["elephant"])
