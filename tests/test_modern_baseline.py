"""R3GAN: its loss, its penalty, its game, and the exercises on them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math

import pytest
import torch
from rewritten import changed
from torch import nn
from torch.nn.functional import softplus

from gan_course import losses, nets
from gan_course.data import Batch
from gan_course.games.r3gan import R3GAN
from gan_course.lessons import exercises
from gan_course.lessons.exercises import modern_baseline, modern_baseline_step
from gan_course.lessons.exercises.modern_baseline import pairing_loss, penalty
from gan_course.lessons.exercises.modern_baseline_step import training_step


def test_only_differences_within_a_pair_count():
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.0])
    value = losses.relativistic_pairing_loss(real, fake)
    assert value.item() == pytest.approx((math.log1p(math.exp(-0.5)) + math.log1p(math.exp(3))) / 2)
    assert losses.relativistic_pairing_loss(real + 7, fake + 7).item() == pytest.approx(value.item(), rel=1e-5)
    assert losses.relativistic_pairing_loss(real, fake.flip(0)).item() != pytest.approx(value.item())


@pytest.mark.parametrize("shift", [0.0, 10.0])
@pytest.mark.parametrize("n", [1, 8])
@pytest.mark.parametrize("shape", [(3,), (2, 2, 3)])
def test_the_penalty_of_a_linear_d_is_its_squared_slope_at_any_batch_size_and_height(shape, n, shift):
    s = torch.arange(1.0, math.prod(shape) + 1).view(shape)
    x = torch.randn(n, *shape).requires_grad_(True)
    scores = (s * x).flatten(1).sum(dim=1) + shift
    assert losses.zero_centred_penalty(scores, x).item() == pytest.approx(s.square().sum().item(), rel=1e-5)


def game(**options):
    G = nets.MLPGenerator(2, (2,), 8)
    return R3GAN(G, nets.MLPDiscriminator((2,), 8), **options)


def test_d_pays_for_pairs_and_half_of_gamma_for_its_slopes():
    game_, batch = game(r1=3.0, r2=5.0), Batch(torch.randn(6, 2), torch.zeros(6))
    torch.manual_seed(0)
    terms = game_.discriminator_terms(batch)
    torch.manual_seed(0)
    fake = game_.G(game_.noise(6)).detach().requires_grad_(True)
    x = batch.x.clone().requires_grad_(True)
    assert terms["pair"].item() == pytest.approx(softplus(game_.D(fake) - game_.D(x)).mean().item(), rel=1e-5)
    for term, weight, data in (("r1", 3.0, x), ("r2", 5.0, fake)):
        slope, = torch.autograd.grad(game_.D(data).sum(), data)
        assert terms[term].item() == pytest.approx(weight / 2 * slope.square().sum(1).mean().item(), rel=1e-4)


@pytest.mark.parametrize("options, names", [
    ({}, {"pair", "r1", "r2"}), ({"r2": 0}, {"pair", "r1"}), ({"r1": 0, "r2": 0}, {"pair"}),
    ({"pairing": False}, {"real", "fake", "r1", "r2"}), ({"pairing": False, "r1": 0, "r2": 0}, {"real", "fake"}),
])
def test_each_part_can_be_left_out(options, names):
    batch = Batch(torch.randn(6, 2), torch.zeros(6))
    assert set(game(**options).discriminator_terms(batch)) == names


def test_without_pairing_and_penalties_it_is_the_game_of_2014():
    game_, batch = game(pairing=False, r1=0, r2=0), Batch(torch.randn(6, 2), torch.zeros(6))
    torch.manual_seed(0)
    paid = sum(game_.discriminator_terms(batch).values())
    torch.manual_seed(0)
    assert paid.item() == pytest.approx(losses.minimax_discriminator_loss(game_.D(batch.x), game_.D(game_.G(game_.noise(6)))).item(), rel=1e-5)
    assert game_.chance() == pytest.approx({"D": 2 * math.log(2), "G": math.log(2)}, rel=1e-5)


def test_g_gains_when_its_fakes_beat_the_real_data():
    game_, batch = game(), Batch(torch.zeros(6, 2), torch.zeros(6))
    game_.D = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    nn.init.constant_(game_.D[0].weight, 1.0)
    lost = game_.generator_terms(Batch(batch.x + 100, batch.y))["adv"].item()
    won = game_.generator_terms(Batch(batch.x - 100, batch.y))["adv"].item()
    assert won < 1e-3 and lost > 100


@pytest.mark.parametrize("size", [8, 28, 32])
def test_the_plain_discriminator_judges_each_picture_by_itself(size):
    D = nets.PlainDiscriminator(3, 4, size)
    x = torch.randn(5, 3, size, size)
    assert D(x).shape == (5,)
    assert torch.allclose(D(x)[:2], D(x[:2]), atol=1e-5)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in D.modules())


# The exercises

LOSS, SLOPE, SQUARES = "softplus(lower - higher).mean()", "scores.sum(), x, create_graph=True", "slope.flatten(1).square().sum(dim=1).mean()"
D_LOSS, G_LOSS = "pairing_loss(real_scores, fake_scores) + gamma / 2 * slopes", "pairing_loss(D(G(z)), D(x))"
BOTH = "penalty(real_scores, x) + penalty(fake_scores, fake)"
WRONG = [
    (pairing_loss, "swapped", [(LOSS, "softplus(higher - lower).mean()")]),
    (pairing_loss, "sign", [(LOSS, "-softplus(lower - higher).mean()")]),
    (pairing_loss, "separate", [(LOSS, "softplus(-higher).mean() + softplus(lower).mean()")]),
    (pairing_loss, "one_side", [(LOSS, "softplus(lower).mean()")]),
    (pairing_loss, "no_log", [(LOSS, "torch.sigmoid(lower - higher).mean()")]),
    (pairing_loss, "wasserstein", [(LOSS, "lower.mean() - higher.mean()")]),
    (pairing_loss, "sigmoids", [(LOSS, "softplus(torch.sigmoid(lower) - torch.sigmoid(higher)).mean()")]),
    (pairing_loss, "of_means", [(LOSS, "softplus(lower.mean() - higher).mean()")]),
    (pairing_loss, "all_pairs", [(LOSS, "softplus(lower[:, None] - higher).mean()")]),
    (pairing_loss, "sum", [(LOSS, "softplus(lower - higher).sum()")]),
    (pairing_loss, "vector", [(LOSS, "softplus(lower - higher)")]),
    (pairing_loss, "not_a_tensor", [(LOSS, "softplus(lower - higher).mean().item()")]),
    (pairing_loss, "detached", [(LOSS, "softplus(lower.detach() - higher).mean()")]),
    (pairing_loss, "unstable", [(LOSS, "torch.log(1 + torch.exp(lower - higher)).mean()")]),
    (penalty, "backward_inside", [("slope, = torch.autograd.grad(" + SLOPE + ")", "scores.sum().backward(create_graph=True)\n    slope = x.grad")]),
    (penalty, "not_a_scalar", [("scores.sum()", "scores")]),
    (penalty, "tuple", [("slope, =", "slope =")]),
    (penalty, "mean_of_scores", [("scores.sum()", "scores.mean()")]),
    (penalty, "through_softplus", [("scores.sum()", "softplus(-scores).sum()")]),
    (penalty, "one_centred", [(SQUARES, "(slope.flatten(1).norm(dim=1) - 1).square().mean()")]),
    (penalty, "not_squared", [(SQUARES, "slope.flatten(1).norm(dim=1).mean()")]),
    (penalty, "squared_sum", [(SQUARES, "slope.flatten(1).sum(dim=1).square().mean()")]),
    (penalty, "squared_mean", [(SQUARES, "slope.flatten(1).norm(dim=1).mean() ** 2")]),
    (penalty, "mean_over_numbers", [(SQUARES, "slope.square().mean()")]),
    (penalty, "sum", [(SQUARES, "slope.square().sum()")]),
    (penalty, "half", [(SQUARES, SQUARES + " / 2")]),
    (penalty, "sign", [(SQUARES, "-" + SQUARES)]),
    (penalty, "vector", [(".mean()", "")]),
    (penalty, "of_images", [(".flatten(1)", "")]),
    (penalty, "not_a_tensor", [(SQUARES, SQUARES + ".item()")]),
    (penalty, "no_create_graph", [(", create_graph=True", ", retain_graph=True")]),
    (training_step, "not_tracked", [("x = x.detach().requires_grad_(True)", "x = x.detach()")]),
    (training_step, "not_tracked", [(".detach().requires_grad_(True)\n    real", ".detach()\n    real")]),
    (training_step, "other_data", [("penalty(fake_scores, fake)", "penalty(real_scores, fake)")]),
    (training_step, "zero_forgotten_both", [("    optimizer_D.zero_grad()\n", ""), ("    optimizer_G.zero_grad()\n", "")]),
    (training_step, "zero_forgotten_D", [("    optimizer_D.zero_grad()\n", "")]),
    (training_step, "zero_forgotten_G", [("    optimizer_G.zero_grad()\n", "")]),
    (training_step, "same_z", [("    fake = G(torch.randn(len(x), G.z_dim, device=x.device))", "    z = torch.randn(len(x), G.z_dim)\n    fake = G(z)"), ("    z = torch.randn(len(x), G.z_dim, device=x.device)\n", "")]),
    (training_step, "no_half", [("gamma / 2", "gamma")]),
    (training_step, "no_gamma", [("gamma / 2 * slopes", "slopes")]),
    (training_step, "no_penalty", [(" + gamma / 2 * slopes", "")]),
    (training_step, "R1_only", [(BOTH, "penalty(real_scores, x)")]),
    (training_step, "R2_only", [(BOTH, "penalty(fake_scores, fake)")]),
    (training_step, "subtracted", [("+ gamma / 2", "- gamma / 2")]),
    (training_step, "D_swapped", [("pairing_loss(real_scores, fake_scores)", "pairing_loss(fake_scores, real_scores)")]),
    (training_step, "wrong_player", [(G_LOSS, "pairing_loss(D(x), D(G(z)))")]),
    (training_step, "G_not_relativistic", [(G_LOSS, "softplus(-D(G(z))).mean()")]),
    (training_step, "D_not_relativistic", [("pairing_loss(real_scores, fake_scores)", "softplus(-real_scores).mean() + softplus(fake_scores).mean()")]),
    (training_step, "losses_swapped", [("return loss_D.item(), loss_G.item()", "return loss_G.item(), loss_D.item()")]),
    (training_step, "graph_kept", [("return loss_D.item(), loss_G.item()", "return loss_D, loss_G")]),
    (training_step, "old_logits", [("    optimizer_D.step()\n\n", ""), ("    optimizer_G.zero_grad()\n", "    optimizer_D.step()\n    optimizer_G.zero_grad()\n")]),
    (training_step, "step_forgotten", [("    optimizer_G.step()\n", "")]),
    (training_step, "detached_fake", [("D(G(z))", "D(G(z).detach())")]),
]


@pytest.mark.parametrize("written, misconception, changes", WRONG, ids=[f"{written.__name__}-{said}" for written, said, _ in WRONG])
def test_each_misconception_is_recognised(written, misconception, changes):
    verdict = exercises.assess(f"15.{written.__name__}", changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("wrong", misconception), verdict.says


def test_every_message_of_its_own_is_tried():
    own = [modern_baseline.OF_THE_LOSS, modern_baseline.OF_ITS_GRADIENT, modern_baseline.AT_EXTREMES, modern_baseline.OF_THE_PENALTY,
           modern_baseline.ON_IMAGES, modern_baseline.IN_THE_GRADIENT,
           [mistake for mistake in modern_baseline_step.OF_THE_STEP if mistake not in modern_baseline_step._loops.OF_A_ROUND]]
    assert {mistake.id for mistakes in own for mistake in mistakes} <= {said for _, said, _ in WRONG}


@pytest.mark.parametrize("written, changes", [
    (pairing_loss, []), (pairing_loss, [(LOSS, "-torch.nn.functional.logsigmoid(higher - lower).mean()")]),
    (penalty, []), (penalty, [(SQUARES, "slope.square().sum() / len(x)")]), (penalty, [(SQUARES, "slope.flatten(1).norm(dim=1).square().mean()")]),
    (training_step, []), (training_step, [("gamma / 2 * slopes", "0.5 * gamma * slopes")]),
    (training_step, [("x = x.detach().requires_grad_(True)", "x.requires_grad_(True)")]),
])
def test_a_right_answer_may_be_written_in_many_ways(written, changes):
    verdict = exercises.assess(f"15.{written.__name__}", changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("right", "right"), verdict.says


def test_fakes_that_are_not_detached_are_a_remark():
    verdict = exercises.assess("15.training_step", changed(training_step, (".detach().requires_grad_(True)\n    real", "\n    real")))
    assert (verdict.outcome, verdict.id) == ("right", "harmless_no_detach"), verdict.says


# The discriminator

def discriminator(layers):
    """A learner's class with these layers: channels, width, size -> a list."""
    class Discriminator(nn.Module):
        def __init__(self, channels, width, size):
            super().__init__()
            self.layers = nn.Sequential(*layers(channels, width, size))

        def forward(self, x):
            return self.layers(x)
    return Discriminator


def halvings(c, w, leak=None, norm=None, bias=True):
    return [layer for a, b in ((c, w), (w, 2 * w))
            for layer in (nn.Conv2d(a, b, 4, 2, 1, bias=bias), *([norm(b)] if norm else []), leak or nn.LeakyReLU(0.2))]


@pytest.mark.parametrize(("id", "layers"), [
    ("right", lambda c, w, s: [*halvings(c, w), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(0)]),
    ("batchnorm_at_the_edge", lambda c, w, s: [*halvings(c, w, norm=nn.BatchNorm2d), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(0)]),
    ("sigmoid_in_D", lambda c, w, s: [*halvings(c, w), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(0), nn.Sigmoid()]),
    ("relu_for_leaky", lambda c, w, s: [*halvings(c, w, leak=nn.ReLU()), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(0)]),
    ("no_bias", lambda c, w, s: [*halvings(c, w, bias=False), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(0)]),
    ("not_a_vector", lambda c, w, s: [*halvings(c, w), nn.Conv2d(2 * w, 1, s // 4), nn.Flatten(1)]),
])
def test_a_discriminator_is_told_what_does_not_belong_there(id, layers):
    verdict = exercises.assess("15.Discriminator", discriminator(layers))
    assert (verdict.outcome, verdict.id) == ("right" if id == "right" else "wrong", id), verdict.says
