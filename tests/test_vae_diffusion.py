"""VAE, diffusion and the bounds of their likelihoods, against what is known in closed form."""
import math

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from gan_course import bounds, losses
from gan_course.data import Batch
from gan_course.denoisers import MLPDenoiser, linear_schedule, noised
from gan_course.games.diffusion import Diffusion, Sampler
from gan_course.games.vae import VAE, Encoder, reparameterised
from gan_course.lessons.exercises import samplers as exercises
from gan_course.training import Training


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# VAE

def test_the_kl_term_is_that_of_torchs_distributions():
    mean, log_var = torch.randn(2, 50, 3)
    q, p = Normal(mean, (log_var / 2).exp()), Normal(torch.zeros(3), torch.ones(3))
    assert losses.standard_normal_kl(mean, log_var).item() == pytest.approx(kl_divergence(q, p).sum(1).mean().item(), rel=1e-5)
    assert losses.standard_normal_kl(torch.zeros(4, 3), torch.zeros(4, 3)).item() == 0


def test_a_reparameterised_draw_has_the_mean_and_variance_it_should_and_lets_gradients_through():
    mean, log_var = torch.tensor([[2.0, -1.0]]).requires_grad_(True), torch.tensor([[math.log(9.0), math.log(0.25)]]).requires_grad_(True)
    z = reparameterised(mean.expand(20_000, 2), log_var.expand(20_000, 2))
    assert z.mean(0).tolist() == pytest.approx([2, -1], abs=0.1) and z.std(0).tolist() == pytest.approx([3, 0.5], rel=0.05)
    of_mean, of_log_var = torch.autograd.grad(z.square().mean(0).sum(), (mean, log_var))
    assert of_mean[0].tolist() == pytest.approx([4, -2], rel=0.1)           # d E[z^2] / d mean = 2 mean
    assert of_log_var[0].tolist() == pytest.approx([9, 0.25], rel=0.1)      # d E[z^2] / d log_var = var


class Linear(nn.Module):
    """z -> W z + b, with weights that are given."""

    def __init__(self, W, b):
        super().__init__()
        self.W, self.b, self.z_dim = nn.Parameter(W), nn.Parameter(b), W.shape[1]

    def forward(self, z):
        return z @ self.W.T + self.b


def linear_gaussian(posterior=True):
    """x = W z + b + sigma e: its marginal and its posterior are Gaussians that are known."""
    W, b, sigma = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), torch.tensor([0.5, -1.0, 2.0]), 0.7
    marginal = MultivariateNormal(b, W @ W.T + sigma**2 * torch.eye(3))
    precision = torch.eye(2) + W.T @ W / sigma**2                           # diagonal, since W's columns are orthogonal
    G, E = Linear(W, b), Encoder(nn.Linear(3, 4))
    with torch.no_grad():
        E.net.weight.zero_(), E.net.bias.zero_()
        if posterior:
            E.net.weight[:2] = torch.linalg.solve(precision, W.T) / sigma**2
            E.net.bias[:2], E.net.bias[2:] = -E.net.weight[:2] @ b, -precision.diagonal().log()
    return E, G, torch.tensor([sigma]).log(), marginal


def test_with_the_exact_posterior_every_bound_is_the_exact_log_density():
    E, G, log_sigma, marginal = linear_gaussian()
    x = marginal.sample((20,))
    for bound in (bounds.elbo(E, G, log_sigma, x, 3), bounds.importance_weighted(E, G, log_sigma, x, 3)):
        torch.testing.assert_close(bound, marginal.log_prob(x), atol=1e-4, rtol=1e-4)


def test_with_another_posterior_the_bounds_are_ordered_and_go_to_the_log_density():
    E, G, log_sigma, marginal = linear_gaussian(posterior=False)            # q is the prior
    x = marginal.sample((300,))
    exact = marginal.log_prob(x).mean()
    elbo, few, many = (bounds.elbo(E, G, log_sigma, x, 50).mean(), bounds.importance_weighted(E, G, log_sigma, x, 5).mean(),
                       bounds.importance_weighted(E, G, log_sigma, x, 5000).mean())
    assert elbo < few - 0.5 and few < many - 0.2 and many < exact + 0.05
    assert many.item() == pytest.approx(exact.item(), abs=0.15)
    with torch.no_grad():                                                   # E[log p(x|z)] over the prior, the KL is 0
        square = (x - G.b).square().sum(1) + G.W.square().sum()
    known = -square / 2 / log_sigma.exp()**2 - 3 * (log_sigma + math.log(2 * math.pi) / 2)
    assert elbo.item() == pytest.approx(known.mean().item(), rel=0.1)


def test_the_terms_of_the_game_add_up_to_minus_the_elbo():
    E, G, log_sigma, marginal = linear_gaussian()
    game, x = VAE(E, G, sigma=0.7, learn_sigma=False), marginal.sample((4000,))
    terms = game.terms(Batch(x, torch.zeros(4000)))
    assert sum(terms.values()).item() == pytest.approx(-marginal.log_prob(x).mean().item(), abs=0.1)
    assert not game.log_sigma.requires_grad
    game.beta = 3.0
    assert game.terms(Batch(x, torch.zeros(4000)))["kl"].item() == pytest.approx(3 * terms["kl"].item(), rel=1e-5)


def test_sigma_is_learned():
    E, G, _, marginal = linear_gaussian()
    game = VAE(E, G, sigma=0.3, lr=0.02)
    training = Training(game, (Batch(marginal.sample((500,)), torch.zeros(500)) for _ in iter(int, 1)))
    for _ in range(150):
        next(training)
    assert game.log_sigma.exp().item() == pytest.approx(0.7, abs=0.05)


# diffusion

def test_the_forward_process_has_the_mean_and_variance_of_the_paper():
    alpha_bar = linear_schedule()
    x, t = torch.full((200_000, 1), 3.0), 40
    x_t = noised(x, torch.full((len(x),), t), torch.randn_like(x), alpha_bar)
    assert x_t.mean().item() == pytest.approx(3 * alpha_bar[t].sqrt().item(), abs=0.02)
    assert x_t.var().item() == pytest.approx(1 - alpha_bar[t].item(), rel=0.02)


def test_step_by_step_the_forward_process_arrives_where_the_formula_says():
    alpha_bar = linear_schedule(30)
    beta = 1 - alpha_bar / torch.cat([torch.ones(1), alpha_bar[:-1]])
    assert beta.tolist() == pytest.approx(torch.linspace(1e-4, 0.2, 30).tolist(), rel=1e-3)
    x = torch.full((100_000, 1), 2.0)
    for b in beta:
        x = (1 - b).sqrt() * x + b.sqrt() * torch.randn_like(x)
    assert x.mean().item() == pytest.approx(2 * alpha_bar[-1].sqrt().item(), abs=0.02)
    assert x.var().item() == pytest.approx(1 - alpha_bar[-1].item(), rel=0.02)


def test_at_its_end_the_schedule_has_next_to_nothing_left_of_x():
    assert linear_schedule()[-1] < 1e-4 and linear_schedule()[0] > 0.999
    assert linear_schedule(1000, 1e-4, 0.02)[-1].item() == pytest.approx(4.0e-5, rel=0.02)     # DDPM's


class Exact(nn.Module):
    """The best denoiser of data from N(m, s^2): the mean of x given x_t."""

    def __init__(self, m, s, alpha_bar):
        super().__init__()
        self.m, self.s, self.alpha_bar = m, s, alpha_bar

    def forward(self, x, t):
        abar = self.alpha_bar[t].view(-1, *[1] * (x.dim() - 1))
        return self.m + abar.sqrt() * self.s**2 * (x - abar.sqrt() * self.m) / (abar * self.s**2 + 1 - abar)


def test_with_the_exact_score_of_a_gaussian_ddim_is_the_exact_map():
    """Each DDIM step on N(m, s^2) is linear and known; in many steps they go to x = m + s x_T."""
    alpha_bar = linear_schedule(4000, 1e-6, 0.005)
    net, noise = Exact(2.0, 0.3, alpha_bar), torch.tensor([[-2.0], [0.0], [1.5]])
    x = Sampler(net, (1,), steps=4000)(noise)
    assert x.flatten().tolist() == pytest.approx((2 + 0.3 * noise).flatten().tolist(), abs=0.01)


def test_each_ddim_step_keeps_the_course_of_the_closed_form_and_the_learners_sampler_agrees():
    alpha_bar = linear_schedule(50)
    net, noise = Exact(-1.0, 0.5, alpha_bar), torch.randn(6, 2)
    times = [49, 33, 16, 0]
    wanted, levels = noise, [*alpha_bar[times].tolist(), 1.0]
    for now, later in zip(levels, levels[1:], strict=False):                # written anew: x_t = root(a) m + root(v) u
        v, u = now * 0.25 + 1 - now, wanted + now**0.5
        clean = -1 + now**0.5 * 0.25 / v * u
        wanted = later**0.5 * clean + (1 - later)**0.5 * (1 - now)**0.5 / v * u
    torch.testing.assert_close(Sampler(net, (2,), steps=4)(noise), wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(exercises.ddim_sample(net, noise, alpha_bar, times), wanted, atol=1e-4, rtol=1e-4)


def test_ancestral_sampling_with_the_exact_score_gives_the_data_back():
    beta = torch.linspace(1e-4, 0.2, 100)
    net = Exact(1.0, 0.5, (1 - beta).cumprod(0))
    x = exercises.ddpm_sample(net, torch.randn(20_000, 1), beta)
    assert x.mean().item() == pytest.approx(1, abs=0.03) and x.std().item() == pytest.approx(0.5, rel=0.06)


def test_the_diffusion_bound_lies_below_the_log_density_and_reaches_it_with_many_steps():
    x, gaps = 2 + 0.3 * torch.randn(4000, 1), []
    exact = Normal(2.0, 0.3).log_prob(x).mean().item()
    for T, last in ((100, 0.2), (2000, 0.01)):
        alpha_bar = linear_schedule(T, 1e-5, last)
        gaps.append(exact - bounds.diffusion_elbo(Exact(2.0, 0.3, alpha_bar), alpha_bar, x).mean().item())
    assert gaps[0] > gaps[1] > -0.02 and gaps[1] < 0.05
    alpha_bar = linear_schedule()
    knows_less = bounds.diffusion_elbo(Exact(1.5, 0.6, alpha_bar), alpha_bar, x).mean().item()
    assert exact - knows_less > gaps[0] + 0.1


def test_a_network_that_tells_nothing_pays_the_mean_square_of_the_data():
    class Silent(MLPDenoiser):
        def forward(self, x, t):
            return 0 * super().forward(x, t)

    game = Diffusion(Sampler(Silent(linear_schedule(), (2,), 8), (2,)))
    assert game.terms(Batch(3 * torch.randn(20_000, 2), torch.zeros(1)))["denoising"].item() == pytest.approx(9, rel=0.03)


def test_in_one_step_every_sample_is_the_mean_of_the_data():
    net = Exact(2.0, 0.3, linear_schedule())
    assert Sampler(net, (1,), steps=1)(torch.randn(50, 1)).flatten().tolist() == pytest.approx(50 * [2], abs=0.01)


def test_the_averaged_denoiser_moves_towards_the_trained_one():
    game = Diffusion(Sampler(MLPDenoiser(linear_schedule(), (2,), 8), (2,)), ema=0.75)
    before = game.G_ema.denoiser.last.bias.clone()
    with torch.no_grad():
        game.G.denoiser.last.bias += 1
        game.after_round()
    torch.testing.assert_close(game.G_ema.denoiser.last.bias, before + 0.25)
