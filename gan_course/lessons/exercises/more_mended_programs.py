"""The programs of notebook deeper/18_more_bugs that the learner mends. Their bugs are found by the
tests of `more_bugs`.
"""
import torch
from torch import nn

from gan_course.lessons.exercises import _more_bug_programs as programs
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, as_number
from gan_course.lessons.exercises._gradients import flowing_back
from gan_course.lessons.exercises.mended_programs import mend, one_loss, quadratic_d, two_logits


def drawn(network, dice):
    """The network with these random weights."""
    for w in network.parameters():
        w.data = torch.randn(w.shape, generator=dice)
    return network


def two_players():
    dice = torch.Generator().manual_seed(0)
    G, D = drawn(nn.Linear(2, 2), dice), drawn(nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), dice)
    return {"G": G, "D": D, "optimizer": torch.optim.SGD(G.parameters(), lr=0.1),
            "z": torch.randn(8, 2, generator=dice)}


def weights_of_g(results, inputs):
    return {"G's weights": as_number(nn.utils.parameters_to_vector(inputs["G"].parameters()))}


def against_d(G, D, optimizer, z):
    optimizer.zero_grad()
    nn.functional.softplus(D(G(z))).mean().backward()
    optimizer.step()


def real_alone(real_logits, fake_logits):
    """The sigmoid is gone from the real logits only."""
    return programs.discriminator_loss(real_logits, fake_logits.sigmoid())


def fake_alone(real_logits, fake_logits):
    return programs.discriminator_loss(real_logits.sigmoid(), fake_logits)


def two_images():
    x, fake = torch.randn(2, 5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    return {"x": x, "fake": fake}


def shares(results, inputs):
    """Truth values, since the shares are drawn: any draw will do."""
    if not results or not isinstance(results[0], torch.Tensor):
        return {}
    if results[0].shape != inputs["x"].shape:
        return {"the shape": str(tuple(results[0].shape))}
    share = ((results[0] - inputs["x"]) / (inputs["fake"] - inputs["x"])).flatten(1)
    means = share.mean(dim=1)
    return {"the shape": str(tuple(results[0].shape)),
            "all pixels of an image have one share": bool((share.std(dim=1) < 1e-3).all()),
            "images have shares of their own": bool(means.std() > 1e-3),
            "they lie between x and the fake": bool(((means > 0) & (means < 1)).all())}


def one_share(x, fake):
    return x + torch.rand(()) * (fake - x)


def mean_of_all(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return 0.5 * slope.square().mean()


def batch_of_z():
    dice = torch.Generator().manual_seed(0)
    G = drawn(nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), dice)
    return {"G": G, "z": torch.randn(6, 2, generator=dice)}


def images_and_statistics(results, inputs):
    return {"the images": as_number(results[0]) if results else "none",
            "the running mean": as_number(inputs["G"][1].running_mean)}


def turned(turns):
    def inputs():
        dice = torch.Generator().manual_seed(0)
        return {"images": torch.rand(2, 3, 4, 4, generator=dice), "turns": turns}
    return inputs


TURNS = ("not at all", "by a quarter", "by a half", "by a quarter")


def how_far(results, inputs):
    """In words, so that both directions are the same."""
    if not results or not isinstance(results[0], torch.Tensor):
        return {}
    images, found = inputs["images"], results[0]
    matches = [words for turns, words in enumerate(TURNS)
               if torch.equal(found, torch.rot90(images, turns, dims=(2, 3)))]
    return {"the shape": str(tuple(found.shape)),
            "turned": matches[0] if matches else "into something else"}


TURNING = (
    Mistake("the_bug", "The bug is still in it: a transposed image is a mirror image, and "
            "transposed twice it is what it was.", like=programs.transposed),
    Mistake("other_axes", "It turns images and channels instead of rows and columns.",
            like=lambda images, turns: torch.rot90(images, turns)),
    Mistake("one_turn", "It always turns by a quarter, however many turns are asked for.",
            like=lambda images, turns: torch.rot90(images, 1, dims=(2, 3))),
)


def dark_images():
    dice = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 2, 3, 4, 4, generator=dice) / 2
    return {"x": x, "y": y}


def decibels(results, inputs):
    return {"decibels": as_number(results[0])} if results else {}


def steps_of(number):
    return lambda: {"steps": number}


def what_is_left(results, inputs):
    """Truth values, since schedules differ."""
    left = results[0] if results else None
    if not isinstance(left, torch.Tensor) or left.shape == (0,) or left.dim() != 1:
        return {}
    if left.is_complex():
        return {"what it returns": "complex numbers"}
    return {"how many steps": len(left), "it falls": bool((left.diff() <= 0).all()),
            "the first step leaves nearly all": bool(left[0] > 0.9),
            "the last step leaves nearly nothing": bool(left[-1] < 0.1)}


SCHEDULE = (
    Mistake("the_bug", "The bug is still in it: the steps are as small as for a thousand of them.",
            like=programs.made_for_a_thousand),
    Mistake("too_large", "Some betas are larger than 1 now, so more is taken away than there is. "
            "Fewer steps should be larger, in proportion.",
            like=lambda steps: (1 - 1000 * torch.linspace(1e-4, 0.02, steps)).cumprod(0).sqrt()),
    Mistake("all_at_once", "Now the very first step takes most of the image away. Begin with a "
            "small one.", like=lambda steps: torch.full((steps,), 0.5).cumprod(0).sqrt()),
)

OF_TWO_LOGITS = flowing_back(Probe(two_logits, one_loss), "real_logits", "fake_logits")
"""Whether a loss of two logits still has a gradient."""

EXERCISES = (
    mend("18.generator_step", programs.generator_step, two_players, weights_of_g,
         programs.detached, "The bug is still in it: G's weights stay where they are.",
         ("Which way does the gradient have to go, from the loss to G's weights?",
          "Something on this way cuts the graph.", "Delete the `.detach()`; it belongs into D's "
          "step."),
         Mistake("against_g", "Now G moves, and away from being taken for real. The label that it "
                 "asks for is 1.", like=against_d)),
    mend("18.discriminator_loss", programs.discriminator_loss, two_logits, one_loss,
         programs.two_sigmoids,
         "The bug is still in it: the loss takes the sigmoid of a sigmoid.",
         ("What does the `with_logits` in the name of the loss say?",
          "This loss has a sigmoid of its own.", "Hand over the logits as they are."),
         Mistake("one_left", "One of the two sets of logits still goes through two sigmoids.",
                 like=(real_alone, fake_alone)),
         then=(OF_TWO_LOGITS,)),
    mend("18.relativistic_loss", programs.relativistic_loss, two_logits, one_loss,
         programs.overwritten,
         "The bug is still in it: what was computed first is thrown away.",
         ("How often is `g_loss` assigned?", "Only the last assignment counts.",
          "Delete the second assignment of `g_loss`."),
         then=(OF_TWO_LOGITS,)),
    mend("18.between", programs.between, two_images, shares, programs.in_a_box,
         "The bug is still in it: each pixel has a share of its own.",
         ("How many shares are drawn, and how many should be?", "One for each image: N shares.",
          "Draw `torch.rand` of the shape (N, 1, 1, 1)."),
         Mistake("one_share", "Now the whole batch has one share. Each image should have its own.",
                 like=one_share)),
    mend("18.penalty", programs.penalty, quadratic_d, one_loss, programs.summed,
         "The bug is still in it: the images are added up.",
         ("What should become of the penalty if every image came twice?",
          "It is a mean over images, of sums over pixels.",
          "Exchange the last `sum` for a mean."),
         Mistake("over_all", "Now it is a mean over the pixels, too, so gamma would mean less in "
                 "larger images.", like=mean_of_all),
         then=(flowing_back(Probe(quadratic_d, one_loss), "D"),)),
    mend("18.sample", programs.sample, batch_of_z, images_and_statistics,
         programs.in_training_mode,
         "The bug is still in it: BatchNorm uses the statistics of the batch.",
         ("In which mode is G while it draws?", "In evaluation mode BatchNorm uses its running "
          "mean and variance.", "Call `G.eval()` before G draws, and `G.train()` after it.")),
    Exercise("18.rotated", programs.rotated,
             tuple(Probe(turned(turns), how_far, TURNING) for turns in (1, 2, 3, 0)),
             ("What are two transpositions, one after the other?",
              "A quarter turn is a transposition and a flip.",
              "Use `torch.rot90`, with the dims of rows and columns.")),
    mend("18.psnr", programs.psnr, dark_images, decibels, programs.peak_of_the_batch,
         "The bug is still in it: the peak is the brightest pixel of the batch.",
         ("What is the largest value that a pixel can have?", "Images in [0, 1] have a peak of 1, "
          "however dark they are.", "Put 1 in place of `x.max() ** 2`."),
         Mistake("of_bytes", "That is the peak of bytes. These images lie in [0, 1].",
                 like=lambda x, y: 10 * torch.log10(255**2 / (x - y).square().mean())),
         Mistake("natural", "Decibels come from the logarithm to the base of 10.",
                 like=lambda x, y: 10 * torch.log(1 / (x - y).square().mean()))),
    Exercise("18.signal", programs.signal,
             tuple(Probe(steps_of(number), what_is_left, SCHEDULE) for number in (50, 1000)),
             ("How much noise do fifty of these steps add, and how much a thousand?",
              "With a twentieth of the steps each has to be twenty times as large.",
              "Multiply the betas by 1000 / steps.")),
)
