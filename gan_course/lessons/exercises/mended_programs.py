"""The programs of notebook 18 that the learner mends. Their bugs are found by the tests of
`bug_hunt`.
"""
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from gan_course.lessons.exercises import _bug_programs as programs
from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, as_number
from gan_course.lessons.exercises._gradients import flowing_back, reached
from gan_course.metrics import frechet_distance


def mend(key, reference, probe_inputs, look, bug, says, hints, *mistakes, then=()):
    """An exercise: the program without its bug. `then` are probes of what is right so far."""
    first = Mistake("the_bug", says, like=bug)
    return Exercise(key, reference, (Probe(probe_inputs, look, (first, *mistakes)), *then), hints)


class OfSquares(nn.Module):
    """Random weights times the squares of an input's numbers."""

    def __init__(self, numbers):
        super().__init__()
        self.w = nn.Parameter(torch.randn(numbers, generator=torch.Generator().manual_seed(0)))

    def forward(self, x):
        return x.flatten(1).square() @ self.w


def two_logits():
    real, fake = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))
    return {"real_logits": real, "fake_logits": fake}


def both_losses(results, inputs):
    if not results or not isinstance(results[0], tuple | list) or len(results[0]) != 2:
        return {"two losses": False}
    return {name: as_number(loss) for name, loss in zip(("D's loss", "G's loss"), results[0],
                                                        strict=True)}


def each_gradient(results, inputs):
    return {"the gradient": "; ".join(reached(loss, inputs) for loss in results[0])
            } if results else {}


OF_BOTH_LOSSES = replace(flowing_back(Probe(two_logits, both_losses), "real_logits", "fake_logits"),
                         look=each_gradient)
"""Whether D's loss and G's loss still have a gradient."""


def one_loss(results, inputs):
    return {"the loss": as_number(results[0])} if results else {}


def quadratic_critic():
    x, fake = torch.randn(2, 5, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    return {"critic": OfSquares(3 * 4 * 4), "x": x, "fake": fake}


def quadratic_d():
    return {"D": OfSquares(5), "x": torch.randn(7, 5, generator=torch.Generator().manual_seed(1))}


def players():
    dice = torch.Generator().manual_seed(0)
    D = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    for w in D.parameters():
        w.data = torch.randn(w.shape, generator=dice)
    x, fake = torch.randn(2, 8, 2, generator=dice)
    return {"D": D, "optimizer": torch.optim.SGD(D.parameters(), lr=0.1), "x": x, "fake": fake}


def weights_of_d(results, inputs):
    return {"D's weights": as_number(nn.utils.parameters_to_vector(inputs["D"].parameters()))}


def without_penalty(D, optimizer, x, fake):
    optimizer.zero_grad()
    d_loss, _ = programs.adversarial_losses(D(x), D(fake))
    d_loss.backward()
    optimizer.step()


def of_the_batch(critic, x, fake):
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.norm() - 1).square()


def two_numbers():
    return {"channels_in": 3, "channels_out": 4}


def weak_output(results, inputs):
    if not results or not isinstance(results[0], nn.Module):
        return {"a network": False}
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    forward = _sandbox.run(results[0], [x / 10])
    out = forward.result
    return {"_forward": forward,
            "what comes out": as_number(out.std() if isinstance(out, torch.Tensor) else out),
            "Keras's momentum": any(getattr(each, "momentum", None) == 0.8
                                    for each in results[0].modules())}


def two_networks():
    dice = torch.Generator().manual_seed(0)
    average, net = (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)) for _ in range(2))
    for each in (*average.parameters(), *net.parameters()):
        each.data = torch.randn(each.shape, generator=dice)
    net[1].running_mean += 5
    return {"average": average, "net": net, "decay": 0.9}


def what_it_remembers(results, inputs):
    average, net = inputs["average"], inputs["net"]
    moved = (average[1].running_mean - net[1].running_mean).abs().max()
    return {"the parameters": as_number(nn.utils.parameters_to_vector(average.parameters())),
            "the running mean has moved": bool(moved < 4.9)}


def sure_logits():
    return {"real_logits": torch.full((4096,), 20.0)}


def about(results, inputs):
    """The loss to one decimal: which noise is drawn does not matter."""
    loss = as_number(results[0]) if results else "nothing"
    return {"the loss": loss.round(decimals=1) if isinstance(loss, torch.Tensor) else loss}


def one_generator():
    dice = torch.Generator().manual_seed(0)
    real, images = torch.randn(2, 1000, 8, generator=dice)
    return {"real": real, "ours": images, "theirs": images[:50]}


def two_distances(results):
    """The two as numbers, or None if these are not two numbers."""
    if not results or not isinstance(results[0], tuple | list) or len(results[0]) != 2:
        return None
    found = [as_number(each) for each in results[0]]
    return None if any(isinstance(each, str) or each.dim() for each in found) else found


def few_and_many(results, inputs):
    """Two booleans, since it is open which of the images are compared."""
    if (found := two_distances(results)) is None:
        return {"two distances": False}
    many, few = found
    return {"few are as good as many": bool(few < 1.5 * many),
            "many are very close": bool(many < 0.2)}


def far_and_near():
    dice = torch.Generator().manual_seed(0)
    real, ours, theirs = torch.randn(3, 200, 8, generator=dice)
    return {"real": real, "ours": ours + 3, "theirs": theirs[:100]}


def which_is_farther(results, inputs):
    if (found := two_distances(results)) is None:
        return {"two distances": False}
    return {"ours are far": bool(found[0] > 50), "theirs are near": bool(found[1] < 5)}


def real_cut(real, ours, theirs):
    n = min(len(ours), len(theirs))
    return [frechet_distance(real[:n], images) for images in (ours, theirs)]


def theirs_first(real, ours, theirs):
    return programs.compare(real, ours, theirs)[::-1]


EXERCISES = (
    mend("18.adversarial_losses", programs.adversarial_losses, two_logits, both_losses,
         programs.labels_swapped,
         "The bug is still in it: D and G pull the logit of a fake in the same direction.",
         ("Which of the two losses is the one of notebook 03?",
          "D says 1 for real images and 0 for fakes.",
          "Exchange the zeros and the ones in the line that makes D's labels."),
         Mistake("mirrored", "Now D says 1 for fakes, and G wants a 0. That is a right game in a "
                 "mirror, but the rest of the program expects 1 to mean real.",
                 like=lambda real_logits, fake_logits: (
                     programs.labels_swapped(real_logits, fake_logits)[0],
                     F.softplus(fake_logits).mean())),
         then=(OF_BOTH_LOSSES,)),
    mend("18.discriminator_step", programs.discriminator_step, players, weights_of_d,
         programs.penalty_alone,
         "The bug is still in it: D moves as if there were no fakes.",
         ("From which number do the gradients come?", "`backward` is called once, on what?",
          "Call `backward` on the sum of the loss and the penalty."),
         Mistake("no_penalty", "Now D learns from its loss, and the penalty has been lost on the "
                 "way. D should learn from both.", like=without_penalty)),
    mend("18.gradient_penalty", programs.gradient_penalty, quadratic_critic, one_loss,
         programs.over_channels,
         "The bug is still in it: the norm runs over the channels alone, at each pixel.",
         ("Of which numbers is the norm taken?", "An image has one slope, of C times H times W "
          "numbers.", "Flatten each image's slope before the norm, and keep the batch."),
         Mistake("whole_batch", "Now the norm is that of the whole batch together. Each image has "
                 "a slope of its own.", like=of_the_batch),
         then=(flowing_back(Probe(quadratic_critic, one_loss), "critic"),)),
    mend("18.r1", programs.r1, quadratic_d, one_loss, programs.slope_of_the_loss,
         "The bug is still in it: it is the slope of D's loss that is squared.",
         ("Whose slope is R1 about?", "It is about the logit, before any loss.",
          "Take the logits of D as they are, without softplus."),
         Mistake("summed", "It adds up the images, so gamma would mean twice as much in a batch of "
                 "twice the size.", like=lambda D, x: len(x) * programs.r1(D, x)),
         then=(flowing_back(Probe(quadratic_d, one_loss), "D"),)),
    mend("18.block", programs.block, two_numbers, weak_output, programs.large_eps,
         "The bug is still in it: 0.8 stands where PyTorch expects eps.",
         ("What is the second argument of `nn.BatchNorm2d`?", "It is eps, and should be tiny.",
          "Name the argument: `momentum=0.2`, or leave it out."),
         Mistake("keras_momentum", "Keras's momentum is the share that the old mean keeps; "
                 "PyTorch's is that of the new one: 0.2.",
                 when=lambda seen: seen.get("Keras's momentum", False))),
    mend("18.update_average", programs.update_average, two_networks, what_it_remembers,
         programs.parameters_only,
         "The bug is still in it: the running mean stays where it was.",
         ("What else does a network remember?", "Look at `net.buffers()`.",
          "Copy each buffer of the network into that of the average.")),
    mend("18.real_loss", programs.real_loss, sure_logits, about,
         programs.labels_above_one,
         "The bug is still in it: the labels lie above 1.",
         ("On which side of 1 do the labels lie?", "They have to lie between 0.9 and 1.",
          "Subtract the noise instead of adding it."),
         Mistake("no_noise", "Now every label is exactly 1, and the noise that was wanted is gone.",
                 like=lambda real_logits: F.softplus(-real_logits).mean()),
         then=(flowing_back(Probe(sure_logits, about), "real_logits"),)),
    Exercise(
        "18.compare", programs.compare,
        (Probe(one_generator, few_and_many,
               (Mistake("the_bug", "The bug is still in it: the same generator gets another "
                        "distance for 1,000 images than for 50.", like=programs.cut_at_the_real),
                Mistake("real_only", "Now the real features are cut to the smallest number, and "
                        "ours and theirs are still of different numbers.", like=real_cut))),
         Probe(far_and_near, which_is_farther,
               (Mistake("exchanged", "It gives theirs first. The distance of our images comes "
                        "first.", like=theirs_first),))),
        ("How many images does each distance come from?",
         "A slice that goes beyond the end gives what there is, without a word.",
         "Let n be the smallest of the three lengths.")),
)
