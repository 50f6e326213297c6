"""The tests of notebook 18: for each of eight programs one that finds its bug. The programs without
their bugs are the exercises of `mended_programs`.
"""
import copy

import torch
from torch import nn
from torch.nn import functional as F

from gan_course.lessons.exercises import _bug_programs as programs
from gan_course.lessons.exercises._bugs import BugTest


def test_opponents(adversarial_losses):
    """D and G pull the logit of a fake in opposite directions."""
    real, fake = torch.zeros(4), torch.zeros(4, requires_grad=True)
    d_loss, g_loss = adversarial_losses(real, fake)
    (of_D,) = torch.autograd.grad(d_loss, fake, retain_graph=True)
    (of_G,) = torch.autograd.grad(g_loss, fake)
    assert (of_D * of_G < 0).all(), "D and G want the same"


def test_learns(discriminator_step):
    """A linear D that sees no difference at first learns to tell two clusters of points apart."""
    D = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    D[0].weight.data = torch.tensor([[0.0, 1.0]])  # a slope of 1, across the difference
    x, fake = torch.tensor([[2.0, 0.0]]).repeat(8, 1), torch.tensor([[-2.0, 0.0]]).repeat(8, 1)
    optimizer = torch.optim.SGD(D.parameters(), lr=0.1)
    for _ in range(50):
        discriminator_step(D, optimizer, x, fake)
    assert D(x).mean() > D(fake).mean() + 1, "D has not learned"


def test_unit_slope(gradient_penalty):
    """A linear critic whose slope has norm 1 pays nothing."""
    direction = F.normalize(torch.randn(3 * 8 * 8), dim=0)
    x, fake = torch.randn(2, 16, 3, 8, 8)
    penalty = gradient_penalty(lambda image: image.flatten(1) @ direction, x, fake)
    assert penalty < 1e-4, f"a slope of 1 costs {penalty:.2f}"


def test_same_slope(r1):
    """What D's slope costs does not depend on how sure D is."""
    x, w = torch.randn(16, 5), torch.randn(5)
    unsure, sure = r1(lambda x: x @ w, x), r1(lambda x: x @ w + 10, x)
    assert torch.isclose(unsure, sure, rtol=1e-3), "a D that is sure pays less"


def test_scale_free(block):
    """BatchNorm makes a weak signal as strong as a strong one."""
    layers, x = block(3, 8), torch.randn(32, 3, 8, 8)
    strong, weak = layers(x).std(), layers(x / 10).std()
    assert torch.isclose(strong, weak, rtol=0.05), f"{strong:.2f} becomes {weak:.2f}"


def test_average(update_average):
    """The EMA of a network that stands still becomes that network, in evaluation mode, too."""
    net = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    average = copy.deepcopy(net).eval()
    x = 5 + torch.randn(64, 2)
    for _ in range(200):
        net(x)  # in training mode: its running mean and variance move
        update_average(average, net, 0.9)
    assert torch.allclose(average(x), net.eval()(x), atol=1e-2), "the average draws otherwise"


def test_bounded(real_loss):
    """A cross-entropy is never negative, however sure D is."""
    assert real_loss(torch.full((64,), 100.0)) >= 0, "a loss below 0"


def test_equal_numbers(compare):
    """A generator is no worse for having drawn fewer images."""
    real, images = torch.randn(2, 1000, 8)
    many, few = compare(real, images, images[:50])
    assert few < 3 * many, f"1,000 images are at {many:.3f}, and 50 of the same at {few:.3f}"


EXERCISES = (
    BugTest("18.test_opponents", test_opponents, programs.labels_swapped,
            (programs.adversarial_losses, programs.with_softplus, programs.halved,
             programs.minimax, programs.of_a_critic),
            "In which direction does D's loss pull the logit of a fake, and in which G's? Compare "
            "the two gradients.",
            "Ask for what every GAN has, opponents, and not for one value of a loss.",
            ("Both losses fall to 0 together. Can that be, in a game in which one player's gain is "
             "the other's loss?",
             "Look at the gradient of each loss with respect to `fake_logits`.",
             "Give `fake_logits` a `requires_grad=True`, take `torch.autograd.grad` of both "
             "losses, and assert that the product of the two gradients is below 0."),
            "One derivative for each player, and no training at all."),
    BugTest("18.test_learns", test_learns, programs.penalty_alone,
            (programs.discriminator_step, programs.two_backward_passes, programs.with_hinge,
             programs.noise_on_both_sides),
            "Whether a loss is computed does not say whether anyone learns from it. After some "
            "steps, does D tell two clusters apart that a line can separate?",
            "Leave D enough steps and a learning rate at which it gets there, and ask for a "
            "difference of the logits, not for a certain loss.",
            ("The number that is printed is D's loss. Is it the number D goes down?",
             "A D of one linear layer and two clusters of points that a line separates: train for "
             "fifty steps, and look at D's logits.",
             "Begin with a D that has slope 1 already, in a direction that tells nothing, so the "
             "penalty has nothing to do; then assert that real logits end above the fake ones."),
            "This test would also find a forgotten step, and a D that is frozen."),
    BugTest("18.test_unit_slope", test_unit_slope, programs.over_channels,
            (programs.gradient_penalty, programs.by_squares, programs.from_the_other_end,
             programs.image_by_image),
            "Take a critic whose slope you know. What has the penalty to be for a critic whose "
            "slope has norm 1 everywhere?",
            "A linear critic with a slope of norm 1 pays nothing, up to rounding: leave a little "
            "room for that, and give images (N, C, H, W).",
            ("The penalty wants slopes of norm 1. The norm of what?",
             "A linear critic, `image.flatten(1) @ direction`, has the slope `direction` "
             "everywhere.",
             "Normalise `direction` to length 1, and assert that the penalty is nearly 0 for "
             "images of shape (N, 3, 8, 8)."),
            "A function whose gradient is known is worth more than a hundred trainings."),
    BugTest("18.test_same_slope", test_same_slope, programs.slope_of_the_loss,
            programs.R1,
            "Two linear D's with the same slope, one of them sure that everything is real: do both "
            "pay the same?",
            "R1 is gamma/2 times the mean squared norm of the slope, over the images, here with "
            "gamma 1.",
            ("The penalty fades while D gets surer. Should it?",
             "R1 is about the slope of the logit. Adding a constant to D changes no slope.",
             "Compute it for `x @ w` and for `x @ w + 10`, and assert that the two are equal up to "
             "rounding."),
            "The bug switches the penalty off exactly where it is needed."),
    BugTest("18.test_scale_free", test_scale_free, programs.large_eps,
            (programs.block, programs.usual_batch_norm, programs.with_bias,
             programs.without_parameters),
            "BatchNorm divides by the standard deviation. What should become of an image that is "
            "ten times weaker?",
            "Leave room for the small eps that every BatchNorm has, and compare one block with "
            "itself.",
            ("Weak signals die on their way through the network. Which layer should prevent that?",
             "Compare what comes out for x and for x / 10.",
             "Make one block, and assert that the standard deviations of its outputs for x and for "
             "x / 10 agree to some per cent."),
            "In `BatchNorm2d(c, 0.8)` the 0.8 is eps; Keras's momentum of 0.8 is 0.2 in PyTorch."),
    BugTest("18.test_average", test_average, programs.parameters_only,
            (programs.update_average, programs.averaged_buffers, programs.through_the_state,
             programs.by_the_difference),
            "Parameters are not all that a network remembers. Use a network with BatchNorm that "
            "has seen data, in evaluation mode.",
            "An average needs many updates to arrive: make the decay smaller or the updates more, "
            "and leave room for rounding.",
            ("The network draws well and its average draws nonsense, in evaluation mode only.",
             "What does BatchNorm use in evaluation mode, and who moves it?",
             "Let a network with BatchNorm stand still while its running statistics move, update "
             "the average two hundred times, and assert that both then give the same."),
            "BatchNorm's running mean and variance are buffers: `state_dict` has them, "
            "`parameters` has not."),
    BugTest("18.test_bounded", test_bounded, programs.labels_above_one,
            (programs.real_loss, programs.smooth, programs.wide, programs.sure_labels),
            "How low can a cross-entropy be, and how low does this one get for a D that is very "
            "sure?",
            "Any labels between 0 and 1 are allowed. What holds for all of them?",
            ("The loss is negative. Can -log of a probability be?",
             "Try logits that are very large.",
             "Assert that the loss is at least 0 for logits of 100."),
            "A bound that holds for every input is a test that costs one line."),
    BugTest("18.test_equal_numbers", test_equal_numbers, programs.cut_at_the_real,
            (programs.compare, programs.all_the_real, programs.the_last_ones,
             programs.chosen_at_random),
            "The Fréchet distance is too large, and by more with fewer images. Let one generator "
            "play both parts, once with many images and once with few.",
            "Which images are compared is left open, so the two distances may differ by chance: "
            "leave room, give many more images than features, and shuffle or draw them.",
            ("A generator wins because it has drawn more images. What does a Fréchet distance do "
             "when there are few?",
             "Give images of one generator as ours, and a few of the same images as theirs.",
             "For real features and images of shape (1000, 8) and the first 50 of those images, "
             "assert that the second distance is less than three times the first."),
            "Slices do not complain: `images[:1000]` of 50 images are 50 images."),
)
