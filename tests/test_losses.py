"""A lecture on the losses, in closed form. Read it from the top."""
import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_course import losses

LOG2 = math.log(2)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def slope(loss, at: float) -> float:
    """d loss / d logit at one logit."""
    point = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    loss(point).backward()
    return point.grad.item()


def expectation(weights, values):
    return float((weights * values).sum())


# 1. A discriminator that knows nothing says 1/2, and the value of the game is -log 4.

def test_value_of_the_game_at_one_half_is_minus_log_4():
    undecided = torch.zeros(5)
    assert -losses.minimax_discriminator_loss(undecided, undecided).item() == pytest.approx(-math.log(4))


def test_chance_levels_are_what_an_undecided_discriminator_pays():
    undecided = torch.zeros(5)
    assert losses.minimax_discriminator_loss(undecided, undecided).item() == pytest.approx(losses.CHANCE["D"])
    assert losses.non_saturating_generator_loss(undecided).item() == pytest.approx(losses.CHANCE["G"])


# 2. One number proves both terms and both signs: D(x) = 2/3 on real, D(G(z)) = 1/5 on fake gives V = log(2/3) + log(4/5).

def test_discriminator_loss_is_minus_log_d_of_real_minus_log_one_minus_d_of_fake():
    real, fake = torch.tensor([logit(2 / 3)]), torch.tensor([logit(1 / 5)])
    assert losses.minimax_discriminator_loss(real, fake).item() == pytest.approx(-math.log(2 / 3) - math.log(4 / 5))


def test_losses_are_means_so_the_batch_size_does_not_matter():
    few, many = torch.tensor([0.3, -1.2]), torch.tensor([0.3, -1.2] * 7)
    for loss in (losses.log_loss_real, losses.log_loss_fake):
        assert loss(few).item() == pytest.approx(loss(many).item())


# 3. They are the field's cross-entropy with targets 1 (real) and 0 (fake).

def test_terms_are_binary_cross_entropy_with_logits():
    logits = torch.randn(100, generator=torch.Generator().manual_seed(0)) * 5
    assert torch.allclose(losses.log_loss_real(logits), binary_cross_entropy_with_logits(logits, torch.ones(100)))
    assert torch.allclose(losses.log_loss_fake(logits), binary_cross_entropy_with_logits(logits, torch.zeros(100)))


# 4. They do not overflow where D is sure of itself and wrong.

@pytest.mark.parametrize("loss", [losses.log_loss_real, losses.log_loss_fake])
def test_a_logit_of_a_thousand_costs_a_thousand_or_nothing(loss):
    costs = sorted(loss(torch.tensor([sign * 1000.0])).item() for sign in (-1, 1))
    assert costs == pytest.approx([0, 1000])


def test_losses_of_half_precision_logits_are_computed_in_float32():
    assert losses.log_loss_real(torch.zeros(3, dtype=torch.bfloat16)).dtype == torch.float32


# 5. The best discriminator is p / (p + q), and against it the value is 2 JSD(p, q) - log 4.

P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
Q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)


def repeated(at_points):
    """Ten numbers according to P, and ten according to Q, which turn the expectations into the means that a loss takes."""
    return at_points.repeat_interleave((10 * P).round().long()), at_points.repeat_interleave((10 * Q).round().long())


def value(logits):
    """V for data on three points, the logits being D's at those points."""
    return -losses.minimax_discriminator_loss(*repeated(logits)).item()


def test_value_at_the_optimal_discriminator_is_twice_the_jensen_shannon_divergence_minus_log_4():
    middle = (P + Q) / 2
    jsd = 0.5 * expectation(P, (P / middle).log()) + 0.5 * expectation(Q, (Q / middle).log())
    assert value((P / Q).log()) == pytest.approx(2 * jsd - math.log(4))


def test_no_other_discriminator_does_better():
    optimal = (P / Q).log()
    for nudge in torch.eye(3, dtype=torch.float64):
        for size in (-0.5, -0.1, 0.1, 0.5):
            assert value(optimal + size * nudge) < value(optimal)


# 6. The two generator losses. Their slopes are -D and -(1 - D): the first vanishes where the generator is worst.

@pytest.mark.parametrize("at", [-20.0, -3.0, 0.0, 2.0])
def test_minimax_generator_slope_is_minus_d(at):
    assert slope(losses.minimax_generator_loss, at) == pytest.approx(-1 / (1 + math.exp(-at)))


@pytest.mark.parametrize("at", [-20.0, -3.0, 0.0, 2.0])
def test_non_saturating_generator_slope_is_minus_one_minus_d(at):
    assert slope(losses.non_saturating_generator_loss, at) == pytest.approx(-1 / (1 + math.exp(at)))


def test_where_d_is_sure_of_a_fake_one_gradient_vanishes_and_the_other_is_full():
    assert abs(slope(losses.minimax_generator_loss, -15.0)) < 1e-6
    assert slope(losses.non_saturating_generator_loss, -15.0) == pytest.approx(-1, abs=1e-6)


def test_both_generator_losses_fall_as_d_is_fooled():
    for loss in (losses.minimax_generator_loss, losses.non_saturating_generator_loss):
        assert loss(torch.tensor([2.0])) < loss(torch.tensor([0.0])) < loss(torch.tensor([-2.0]))


def test_the_minimax_generator_loss_is_the_negative_of_the_discriminators_fake_term():
    logits = torch.tensor([0.7, -0.2, 3.0])
    assert losses.minimax_generator_loss(logits) == -losses.log_loss_fake(logits)


# 7. A critic without probabilities: only the difference counts, and adding a constant to every score changes nothing for the critic.

def test_wasserstein_losses_are_differences_of_means():
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([7.0, 11.0, 0.0])
    assert losses.wasserstein_critic_loss(real, fake).item() == 6 - 3
    assert losses.wasserstein_critic_loss(real + 5, fake + 5).item() == pytest.approx(6 - 3)
    assert losses.wasserstein_generator_loss(fake).item() == -6


def test_the_best_critic_of_slope_one_measures_how_far_a_bump_was_moved():
    x = torch.randn(1000, 1)
    assert losses.wasserstein_critic_loss(x.squeeze(1), (x - 3).squeeze(1)).item() == pytest.approx(-3, abs=1e-5)  # D(x) = x


# 8. The penalty holds the slope at 1: not the slope's square, not the batch's norm, and at points between real and fake.

@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 3.0])
def test_a_linear_critic_pays_the_square_of_its_distance_from_slope_one(slope):
    direction = slope * torch.tensor([0.6, 0.8])
    real, fake = torch.randn(2, 50, 2)
    assert losses.gradient_penalty(lambda u: u @ direction, real, fake).item() == pytest.approx((slope - 1) ** 2, abs=1e-5)


def test_the_norm_is_each_points_own_over_all_its_numbers():
    images = torch.randn(2, 4, 3, 5, 5)
    unit = 1 / math.sqrt(3 * 5 * 5)
    assert losses.gradient_penalty(lambda u: unit * u.sum((1, 2, 3)), *images).item() == pytest.approx(0, abs=1e-6)


def test_the_points_lie_between_real_and_fake_each_with_a_weight_of_its_own():
    seen = []

    def critic(u):
        seen.append(u.detach())
        return u.sum(1)

    losses.gradient_penalty(critic, torch.ones(4000, 2), torch.zeros(4000, 2))
    u = seen[0]
    assert torch.equal(u[:, 0], u[:, 1])                            # one weight for all numbers of a point
    assert 0 <= u.min() and u.max() <= 1 and u[:, 0].std().item() == pytest.approx(1 / math.sqrt(12), abs=0.02)


def test_the_penalty_teaches_the_critic_and_not_the_generator():
    D = torch.nn.Linear(2, 1)
    fake = torch.randn(9, 2, requires_grad=True)
    losses.gradient_penalty(lambda u: D(u).squeeze(1), torch.randn(9, 2), fake).backward()
    assert D.weight.grad.abs().sum() > 0 and fake.grad is None


# 9. Least squares and hinge: targets and margins.

def test_least_squares_losses_are_half_the_squared_distance_from_their_targets():
    real, fake = torch.tensor([3.0]), torch.tensor([5.0])
    assert losses.least_squares_discriminator_loss(real, fake).item() == (2**2 + 5**2) / 2
    assert losses.least_squares_generator_loss(fake).item() == 4**2 / 2
    half = torch.tensor([0.5])
    assert losses.least_squares_discriminator_loss(half, half).item() == 0.25
    assert losses.least_squares_generator_loss(half).item() == 0.125


def test_least_squares_has_the_same_best_discriminator():
    """D* = p/(p+q) is best here too; it pays half the integral of p q / (p + q), which falls as p and q part."""
    def paid(D):
        return losses.least_squares_discriminator_loss(*repeated(D)).item()

    best = P / (P + Q)
    assert paid(best) == pytest.approx(float((P * Q / (P + Q)).sum()) / 2)
    assert all(paid(best) < paid(best + shift) for shift in (-0.1, 0.1))


def test_hinge_costs_nothing_beyond_the_margins_and_two_at_zero():
    assert losses.hinge_discriminator_loss(torch.tensor([1.0, 9.0]), torch.tensor([-1.0, -5.0])).item() == 0
    assert losses.hinge_discriminator_loss(torch.zeros(3), torch.zeros(3)).item() == 2
    assert losses.hinge_discriminator_loss(torch.tensor([-1.0]), torch.tensor([0.5])).item() == 2 + 1.5


@pytest.mark.parametrize("loss", [losses.wasserstein_critic_loss, losses.least_squares_discriminator_loss, losses.hinge_discriminator_loss])
def test_scores_in_half_precision_are_summed_in_full(loss):
    real, fake = torch.randn(2, 4096)
    assert loss(real.bfloat16(), fake.bfloat16()).dtype == torch.float32


def test_the_loss_of_a_continuous_code_is_that_of_torchs_normal():
    mean, value, log_sd = torch.randn(5, 2), torch.randn(5, 2), torch.tensor([0.3, -0.7])
    expected = -torch.distributions.Normal(mean, log_sd.exp()).log_prob(value).sum(dim=1).mean()
    assert losses.gaussian_nll(mean, log_sd, value).item() == pytest.approx(expected.item(), rel=1e-6)
    assert losses.gaussian_nll(value, torch.tensor([-3.0, -3.0]), value) < 0, "a sure and right guess costs less than nothing"
