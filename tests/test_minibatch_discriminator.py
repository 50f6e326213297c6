"""The discriminator of notebook 04, as learners write it: right, and wrong in the ways that the check tells apart."""
import math
from functools import partial

import pytest
import rewritten
import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises.minibatch_discriminator import MinibatchStdDiscriminator

KEY = "04.MinibatchStdDiscriminator"
STD, JOINED = "h.std(dim=0) ", "torch.cat([h, s.expand(len(h), -1)], dim=1)"


changed = partial(rewritten.changed, MinibatchStdDiscriminator, math=math)


class ByHand(nn.Module):
    """Functions instead of modules, and the formula instead of `std`."""

    def __init__(self, data_shape, width):
        super().__init__()
        self.first, self.second = nn.Linear(math.prod(data_shape), width), nn.Linear(width, width)
        self.third = nn.Linear(width + width, 1)

    def forward(self, x):
        h = F.leaky_relu(self.first(x.flatten(1)), 0.2)
        h = F.leaky_relu(self.second(h), 0.2)
        s = ((h - h.mean(0)).square().sum(0) / (len(h) - 1)).sqrt()
        return self.third(torch.hstack([h, s.repeat(len(h), 1)]))[:, 0]


@pytest.mark.parametrize("answer", [changed(), ByHand, changed((STD, "h.var(dim=0).sqrt() ")),
                                    changed((JOINED, "torch.cat([h, torch.ones_like(h) * s], dim=1)"))])
def test_it_is_right_however_it_is_written(answer):
    verdict = exercises.assess(KEY, answer)
    assert (verdict.outcome, verdict.id) == ("right", "right"), verdict.says


@pytest.mark.parametrize("said, answer", [
    ("divides_by_n", changed((STD, "h.std(dim=0, correction=0) "))),
    ("variance", changed((STD, "h.var(dim=0) "))),
    ("mean", changed((STD, "h.mean(dim=0) "))),
    ("in_front", changed((JOINED, "torch.cat([s.expand(len(h), -1), h], dim=1)"))),
    ("one_number", changed((STD, "h.std(dim=0).mean().expand(h.shape[1]) "))),
    ("all_at_once", changed((STD, "h.std().expand(h.shape[1]) "))),
    ("differences", changed((JOINED, "torch.cat([h, h - h.mean(0)], dim=1)"))),
    ("one_sample_each", changed((STD, "h.std(dim=1, keepdim=True) "), ("s.expand(len(h), -1)", "s.expand(-1, h.shape[1])"))),
    ("one_sample_each", changed((JOINED, "torch.cat([h, h], dim=1)"))),
    ("cut_loose", changed((STD, "h.detach().std(dim=0) "))),
    ("cut_loose", changed((STD, "torch.tensor(h.std(dim=0).tolist()) "))),
    ("mixes_samples", changed((JOINED, "torch.cat([h, h.roll(1, 0)], dim=1)"))),
    ("eval_mode", changed(("h = self.features(x) ", "self.eval(); h = self.features(x) "))),
    ("width", changed(("2 * width, 1", "width + 1, 1"), (STD, "h.std(dim=0).mean(0, keepdim=True) "))),
    ("layer_sizes", changed(("2 * width, 1", "width, 1"))),
    ("not_a_vector", changed((".squeeze(1)", ""))),
    ("sigmoid_in_D", changed((".squeeze(1)", ".squeeze(1).sigmoid()"))),
    ("relu_for_leaky", changed(("nn.LeakyReLU(0.2)", "nn.ReLU()"))),
    ("other_numbers", changed((STD, "h.std(dim=0) * 2 "))),
])
def test_each_misconception_is_recognised(said, answer):
    verdict = exercises.assess(KEY, answer)
    assert (verdict.outcome, verdict.id) == ("wrong", said), verdict.says
    assert verdict.says.endswith((".", "?")) and len(verdict.says) > 40


def test_copies_of_one_sample_get_another_logit_than_the_sample_among_others():
    D = MinibatchStdDiscriminator((2,), 16)
    x = torch.randn(50, 2)
    alone, among_others = D(x[:1].expand(50, 2)), D(x)
    assert torch.allclose(alone, alone[0]) and abs(alone[0] - among_others[0]) > 1e-3
