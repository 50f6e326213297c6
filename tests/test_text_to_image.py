"""Text to image: a bag has no order, empty places say nothing, BatchNorm follows the sentence, and D meets wrong sentences."""
import pytest
import torch
from torch.nn.functional import softplus

from gan_course.data import Batch
from gan_course.games.text_to_image import (
    BagOfWords,
    ConditionalBatchNorm,
    TextDiscriminator,
    TextGenerator,
    TextToImage,
    leave_out_words,
)

WORDS = 7


@pytest.fixture
def game():
    torch.manual_seed(0)
    return TextToImage(TextGenerator(3, WORDS, 8, width=4), TextDiscriminator(WORDS, width=4), missing=0.0)


def test_a_bag_is_the_sum_of_its_words_in_any_order_and_empty_places_add_nothing():
    bag = BagOfWords(WORDS, 5)
    rows = bag.embedding.weight
    torch.testing.assert_close(bag(torch.tensor([[3, 0, 5, 3]]))[0], 2 * rows[3] + rows[5])
    assert torch.equal(bag(torch.tensor([[0, 0]])), torch.zeros(1, 5))
    bag(torch.tensor([[0, 2]])).sum().backward()
    assert rows.grad[2].any() and not rows.grad[0].any(), "training leaves the empty place at 0"


def test_conditional_batchnorm_has_the_gain_and_the_shift_of_the_vector():
    layer = ConditionalBatchNorm(2, 3)
    c = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    with torch.no_grad():
        layer.affine.weight.zero_()
        layer.affine.bias.zero_()
        layer.affine.weight[0, 0], layer.affine.weight[3, 1] = 2.0, 5.0     # gain of channel 0, shift of channel 1
    x = torch.randn(2, 2, 4, 4)
    plain = (x - x.mean(dim=(0, 2, 3), keepdim=True)) / (x.var(dim=(0, 2, 3), keepdim=True, correction=0) + 1e-5).sqrt()
    out = layer(x, c)
    torch.testing.assert_close(out[0, 0], 3 * plain[0, 0])
    torch.testing.assert_close(out[1, 1], plain[1, 1] + 5)
    torch.testing.assert_close(out[0, 1], plain[0, 1])


def test_words_are_left_out_one_by_one():
    torch.manual_seed(0)
    sentence = torch.arange(1, 6).expand(4000, 5)
    left = leave_out_words(sentence, 0.3)
    assert ((left == sentence) | (left == 0)).all() and sentence.min() == 1
    missing = (left == 0).double()
    assert abs(missing.mean(dim=0) - 0.3).max() < 0.04
    assert abs((missing.sum(dim=1) == 5).double().mean() - 0.3**5) < 0.004


def test_the_networks_read_the_sentence(game):
    z, x = torch.randn(4, 3), torch.randn(4, 3, 32, 32)
    one, other = torch.tensor([[1, 2]]).expand(4, 2), torch.tensor([[3, 0]]).expand(4, 2)
    assert game.G(z, one).shape == (4, 3, 32, 32) and game.D(x, one).shape == (4,)
    assert not torch.allclose(game.G(z, one), game.G(z, other)) and not torch.allclose(game.D(x, one), game.D(x, other))
    torch.testing.assert_close(game.G(z, one), game.G(z, one.flip(1)))


def test_d_meets_real_images_beside_the_sentences_of_others(game):
    x, y = torch.randn(4, 3, 32, 32), torch.tensor([[1], [2], [3], [4]])
    game.D.eval()
    terms = game.discriminator_terms(Batch(x, y))
    wrong = torch.tensor([[4], [1], [2], [3]])
    torch.testing.assert_close(terms["other"], softplus(game.D(x, wrong)).mean() / 2)
    torch.testing.assert_close(terms["real"], softplus(-game.D(x, y)).mean())
    assert set(terms) == {"real", "fake", "other"}


def test_samples_for_a_sentence_and_for_none(game):
    torch.manual_seed(1)
    said = game.sample(5, torch.tensor([1, 2]))
    torch.manual_seed(1)
    nothing = game.sample(5)
    assert said.shape == nothing.shape == (5, 3, 32, 32) and not torch.allclose(said, nothing)
