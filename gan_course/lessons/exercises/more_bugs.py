"""The tests of notebook deeper/18_more_bugs, for nine more published bugs. The programs without
their bugs are the exercises of `more_mended_programs`.
"""
import torch
from torch import nn

from gan_course.lessons.exercises import _bug_programs as first_programs
from gan_course.lessons.exercises import _more_bug_programs as programs
from gan_course.lessons.exercises._bugs import BugTest


def test_moves(generator_step):
    """G's parameters move."""
    G, D = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    before = G.weight.detach().clone()
    generator_step(G, D, torch.optim.SGD(G.parameters(), lr=0.1), torch.randn(8, 2))
    assert not torch.equal(before, G.weight), "G has not moved"


def test_perfect(discriminator_loss):
    """A D that is right and sure pays nothing."""
    loss = discriminator_loss(torch.full((4,), 50.0), torch.full((4,), -50.0))
    assert loss < 1e-3, f"a perfect D pays {loss:.3f}"


def test_relative(relativistic_loss):
    """Only differences of logits count."""
    real, fake = torch.randn(8), torch.randn(8)
    before, after = relativistic_loss(real, fake), relativistic_loss(real + 3, fake + 3)
    assert torch.isclose(before, after, atol=1e-4), "it depends on the level of the logits"


def test_on_the_line(between):
    """All pixels of an image go the same share of the way."""
    x, fake = torch.randn(2, 8, 3, 4, 4)
    share = ((between(x, fake) - x) / (fake - x)).flatten(1)
    assert (share.amax(dim=1) - share.amin(dim=1)).max() < 1e-2, "pixels go their own ways"


def test_batch_size(penalty):
    """Every image twice is the same penalty."""
    x, w = torch.randn(8, 5), torch.randn(5)
    once, twice = (penalty(lambda x: x.square() @ w, batch) for batch in (x, torch.cat([x, x])))
    assert torch.isclose(once, twice, rtol=1e-3), "it grows with the batch"


def test_alone(sample):
    """An image does not depend on its neighbours in the batch."""
    G, z = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), torch.randn(16, 2)
    many = sample(G, z)[:2]
    G.train()
    assert torch.allclose(many, sample(G, z[:2]), atol=1e-5), "the neighbours count"


def test_half_turn(rotated):
    """Two quarter turns put the last pixel first."""
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(rotated(images, 2), images.flip(2, 3)), "two quarter turns are no half turn"


def test_dark(psnr):
    """An error of 0.1 everywhere is 20 dB, in a dark image, too."""
    x = torch.full((2, 3, 4, 4), 0.2)
    assert abs(psnr(x, x + 0.1) - 20) < 0.01, "it depends on how bright the image is"


def test_nothing_left(signal):
    """However few the steps, at the end nearly nothing of the image is left."""
    for steps in (1000, 50):
        assert signal(steps)[-1] < 0.1, f"after {steps} steps {signal(steps)[-1]:.2f} is left"


EXERCISES = (
    BugTest("18.test_moves", test_moves, programs.detached,
            (programs.generator_step, programs.hinge_step, programs.minimax_step,
             programs.zeroed_before),
            "Whose parameters should a step of G change? Look at them before and after.",
            "Any loss will do, so ask only whether G has changed.",
            ("D wins and G's samples never change.", "Compare G's weights before and after a step.",
             "Clone `G.weight`, make one step, and assert that the two differ.")),
    BugTest("18.test_perfect", test_perfect, programs.two_sigmoids,
            (programs.discriminator_loss, programs.with_softplus, programs.of_probabilities,
             programs.averaged),
            "What should a D pay that is right and very sure?",
            "A known case will do: logits far from 0 on the right side.",
            ("The loss stops falling at about 1, however good D is.",
             "A D that is right and sure pays nothing.",
             "Give logits of 50 and -50, and assert that the loss is nearly 0."),
            "With the bug it pays 1.0064, which is log(1 + 1/e) + log 2. Remember that number."),
    BugTest("18.test_relative", test_relative, programs.overwritten,
            (programs.relativistic_loss, programs.pairs, programs.both_averages,
             programs.with_hinge),
            "What is special about a relativistic loss? It compares. What happens to it if all "
            "logits rise by the same amount?",
            "Relativistic losses differ in how they compare; all of them compare.",
            ("Training looks fine, and it is another game than the one in the paper.",
             "A relativistic loss depends on differences of logits alone.",
             "Add 3 to both sets of logits, and assert that the loss stays what it was, up to "
             "rounding."),
            "An invariance is often the best test: no number has to be known."),
    BugTest("18.test_on_the_line", test_on_the_line, programs.in_a_box,
            (programs.between, programs.from_the_fake, programs.with_lerp,
             programs.drawn_in_place),
            "On a line all coordinates go the same share of the way. Is that so within an image?",
            "The share differs between images, and may be counted from either end.",
            ("The points should lie on lines, and fill a box.",
             "How far has each pixel gone from x to the fake?",
             "Divide `between(x, fake) - x` by `fake - x`, and assert that the quotient is the "
             "same for all pixels of an image.")),
    BugTest("18.test_batch_size", test_batch_size, programs.summed,
            (programs.penalty, *first_programs.R1[1:]),
            "A penalty is a mean over images. What if every image came twice?",
            "Compare the penalty with itself; no value has to be known.",
            ("The best gamma changes when the batch size does.",
             "A mean does not change if every image comes twice.",
             "Compute it for x and for `torch.cat([x, x])`, and assert that the two are equal.")),
    BugTest("18.test_alone", test_alone, programs.in_training_mode,
            (programs.sample, programs.stays_in_evaluation, programs.with_its_statistics,
             programs.of_a_copy),
            "Does the image for one z change when the other z of the batch do?",
            "Begin each time with a G in training mode, as the program expects it.",
            ("The same z gives another image each time it is drawn in other company.",
             "BatchNorm in training mode uses the statistics of the batch.",
             "Draw 16 images and then the first two alone, with a G that has BatchNorm; assert "
             "that those two are the same.")),
    BugTest("18.test_half_turn", test_half_turn, programs.transposed,
            (programs.rotated, programs.other_way_round, programs.flipped_transposes,
             programs.flipped_first),
            "A quarter turn and a mirror look alike on many images. What are two of them?",
            "Both directions of turning are right, so ask for what holds for both.",
            ("The network is asked for four classes, and two of them are the same.",
             "Two quarter turns are a half turn, in either direction.",
             "A half turn is `images.flip(2, 3)`: assert that two turns give that.")),
    BugTest("18.test_dark", test_dark, programs.peak_of_the_batch,
            (programs.psnr, programs.from_the_root, programs.from_the_logarithm,
             programs.from_bytes),
            "How many decibels is an error of 0.1 everywhere? Try it in dark images.",
            "Ask for a case that you can compute: an error of 0.1 is 20 dB.",
            ("Dark images get fewer decibels for the same error.",
             "The peak is that of the range, 1, and not that of the batch.",
             "For x of 0.2 everywhere, assert that psnr(x, x + 0.1) is 20.")),
    BugTest("18.test_nothing_left", test_nothing_left, programs.made_for_a_thousand,
            (programs.signal, programs.cosine, programs.wide, programs.squared_cosine),
            "A diffusion model starts drawing from pure noise. Is that where its training ends, "
            "for few steps, too?",
            "Schedules differ; all of them end where nearly nothing is left.",
            ("Rare things are drawn too often when there are few steps.",
             "At the last step nearly nothing of the image should be left, however many there are.",
             "Assert that the last entry is below 0.1, for 1,000 steps and for 50.")),
)
