"""The networks of notebook 08, as learners write them: right, and wrong in the ways that the checks tell apart."""
# ruff: noqa: E501 — a wrong answer reads best as one line

from functools import partial

import pytest
import rewritten
import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises.conditional_networks import (
    ConditionalBatchNorm,
    LabelEmbedding,
    ProjectionDiscriminator,
)

SUM = "sum(table(y[:, f]) for f, table in enumerate(self.tables))"
VECTORS = "[table(y[:, f]) for f, table in enumerate(self.tables)]"
HALVES = "gain, shift = self.affine(e)[:, :, None, None].chunk(2, dim=1)"
SCALED = "(1 + gain) * self.norm(h) + shift"
LOGIT = "self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(dim=1)"


changed = partial(rewritten.changed, F=F)


class ByHand(nn.Module):
    """The label first, and the two halves cut out."""

    def __init__(self, channels, dim):
        super().__init__()
        self.both, self.channels = nn.Linear(dim, 2 * channels), channels
        self.bn = nn.BatchNorm2d(channels, affine=False)

    def forward(self, h, e):
        both = self.both(e).unsqueeze(-1).unsqueeze(-1)
        h = self.bn(h)
        return h + both[:, :self.channels] * h + both[:, self.channels:]


@pytest.mark.parametrize("cls, answer", [
    (LabelEmbedding, changed(LabelEmbedding)),
    (LabelEmbedding, changed(LabelEmbedding, (SUM, f"torch.stack({VECTORS}).sum(dim=0)"))),
    (ConditionalBatchNorm, changed(ConditionalBatchNorm)), (ConditionalBatchNorm, ByHand),
    (ConditionalBatchNorm, changed(ConditionalBatchNorm, (HALVES, "h = self.norm(h); " + HALVES), ("self.norm(h) +", "h +"))),
    (ProjectionDiscriminator, changed(ProjectionDiscriminator)),
    (ProjectionDiscriminator, changed(ProjectionDiscriminator, (LOGIT, "(self.v(y) * phi).sum(1) + self.psi(phi)[:, 0]"))),
    (ProjectionDiscriminator, changed(ProjectionDiscriminator, (LOGIT, "torch.einsum('nd,nd->n', self.v(y), phi) + self.psi(phi).view(-1)"))),
])
def test_it_is_right_however_it_is_written(cls, answer):
    verdict = exercises.assess(f"08.{cls.__name__}", answer)
    assert (verdict.outcome, verdict.id) == ("right", "right"), verdict.says


@pytest.mark.parametrize("said, cls, changes", [
    ("mean", LabelEmbedding, [(SUM, f"torch.stack({VECTORS}).mean(dim=0)")]),
    ("product", LabelEmbedding, [(SUM, f"torch.stack({VECTORS}).prod(dim=0)")]),
    ("same_column", LabelEmbedding, [("y[:, f]", "y[:, 0]")]),
    ("size", LabelEmbedding, [(SUM, f"torch.cat({VECTORS}, dim=1)")]),
    ("layers", LabelEmbedding, [(SUM, "self.tables[0](y[:, 0])")]),
    ("python_list", LabelEmbedding, [("nn.ModuleList(", "list(")]),
    ("initial_weights", LabelEmbedding, [("nn.init.normal_(table.weight, 0.0, 0.02)", "pass")]),
    ("no_one", ConditionalBatchNorm, [("(1 + gain)", "gain")]),
    ("swapped", ConditionalBatchNorm, [("gain, shift =", "shift, gain =")]),
    ("no_shift", ConditionalBatchNorm, [(" + shift", "")]),
    ("no_gain", ConditionalBatchNorm, [("(1 + gain) * ", "")]),
    ("shifted_first", ConditionalBatchNorm, [(SCALED, "(1 + gain) * (self.norm(h) + shift)")]),
    ("own_affine", ConditionalBatchNorm, [(", affine=False", "")]),
    ("no_batchnorm", ConditionalBatchNorm, [("self.norm(h)", "h")]),
    ("other_numbers", ConditionalBatchNorm, [("BatchNorm2d(channels, affine=False)", "InstanceNorm2d(channels)")]),
    ("mixes_samples", ConditionalBatchNorm, [("self.norm(h)", "F.batch_norm(h, None, None, training=True)")]),
    ("error", ConditionalBatchNorm, [("[:, :, None, None]", "")]),
    ("mean", ProjectionDiscriminator, [("sum(dim=1)", "mean(dim=1)")]),
    ("minus", ProjectionDiscriminator, [("(1) + (", "(1) - (")]),
    ("times", ProjectionDiscriminator, [("(1) + (", "(1) * (")]),
    ("layers", ProjectionDiscriminator, [(LOGIT, "self.psi(phi).squeeze(1)")]),
    ("layers", ProjectionDiscriminator, [(LOGIT, "(self.v(y) * phi).sum(dim=1)")]),
    ("mixes_samples", ProjectionDiscriminator, [("sum(dim=1)", "sum()")]),
    ("size", ProjectionDiscriminator, [(".squeeze(1)", "")]),
    ("sigmoid_in_D", ProjectionDiscriminator, [("sum(dim=1)\n", "sum(dim=1).sigmoid()\n")]),
    ("no_batchnorm", ProjectionDiscriminator, [("nn.BatchNorm2d(2 * width), ", "")]),
    ("relu_for_leaky", ProjectionDiscriminator, [("LeakyReLU(0.2)", "ReLU()")]),
    ("layer_sizes", ProjectionDiscriminator, [("2 * width * (size // 4) ** 2", "2 * width * 7 * 7")]),
])
def test_each_misconception_is_recognised(said, cls, changes):
    verdict = exercises.assess(f"08.{cls.__name__}", changed(cls, *changes))
    assert (verdict.outcome, verdict.id) == ("wrong", said), verdict.says
    assert verdict.says.endswith((".", "?"))


def test_a_bias_before_batchnorm_is_worth_a_word_and_not_wrong():
    verdict = exercises.assess("08.ProjectionDiscriminator", changed(ProjectionDiscriminator, ("bias=False", "bias=True")))
    assert (verdict.outcome, verdict.id) == ("right", "bias_before_batchnorm")


def test_a_label_scales_and_shifts_its_own_sample_only():
    layer, h = ConditionalBatchNorm(4, 3), torch.randn(50, 4, 6, 6)
    e = torch.randn(50, 3)
    before, e[7] = layer(h, e), e[7] + 1
    changed_rows = (layer(h, e) - before).flatten(1).abs().sum(1) > 1e-4
    assert changed_rows.nonzero().flatten().tolist() == [7]
