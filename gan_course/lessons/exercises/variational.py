"""The exercises of notebook 16 on the VAE: a draw with gradients, and the negative ELBO."""
import math

import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)


def reparameterise(mean, log_var):
    """A draw z of N(mean, var) for each row, with gradients into both: (N, d), (N, d) -> (N, d)."""
    return mean + (log_var / 2).exp() * torch.randn_like(mean)


def negative_elbo(x, decoded, log_sigma, mean, log_var, beta=1.0):
    """-log p(x|z) + beta * KL(q(z|x) || N(0, I)) in nats, the mean over a mini-batch -> scalar."""
    squares = ((x - decoded) / log_sigma.exp()).square()
    each = squares / 2 + log_sigma + math.log(2 * math.pi) / 2
    kl = (mean.square() + log_var.exp() - log_var - 1).sum(dim=1) / 2
    return (each.flatten(1).sum(dim=1) + beta * kl).mean()


# the draw

def codes() -> dict:
    """Means and logarithms of variances of five rows, which learn.

    Fewer than 16 numbers, so that noise drawn row by row is the same as noise drawn at once.
    """
    draw = torch.Generator().manual_seed(2)
    return {"mean": torch.randn(5, 3, generator=draw).requires_grad_(True),
            "log_var": torch.randn(5, 3, generator=draw).requires_grad_(True)}


def value(results: list, inputs: dict) -> Seen:
    return number_called("z", results)


def gradients(results: list, inputs: dict) -> Seen:
    """What flows back from z into the mean and the logarithm of the variance."""
    z = results[0] if results else None
    if not isinstance(z, Tensor) or not z.requires_grad:
        return {"the gradients": "missing"}
    found = torch.autograd.grad(z.sum(), list(inputs.values()), allow_unused=True)
    return {f"the gradient for {name}": "missing" if each is None else as_number(each)
            for name, each in zip(inputs, found, strict=True)}


def with_sd(sd, noise=torch.randn_like):
    """A wrong answer: another standard deviation of log_var, or another noise."""
    return lambda mean, log_var: mean + sd(log_var) * noise(mean)


def root(log_var):
    return (log_var / 2).exp()


OF_THE_DRAW = (
    Mistake("variance_as_sd", "The noise is multiplied by the variance. `log_var` is the logarithm "
            "of the variance, and noise is scaled by the standard deviation, its root.",
            like=with_sd(torch.exp)),
    Mistake("log_as_sd", "The noise is multiplied by a logarithm, which can even be negative. Take "
            "the exponential first, and mind that it is the variance's logarithm.",
            like=(with_sd(lambda log_var: log_var), with_sd(lambda log_var: log_var / 2))),
    Mistake("squared", "The exponent is twice too large or more: the standard deviation is "
            "$e^{v/2}$, where $v$ is the logarithm of the variance.",
            like=with_sd(lambda log_var: (2 * log_var).exp())),
    Mistake("no_noise", "It gives the mean back, so the encoder is never told that it has to be "
            "sure within its own variance. A plain autoencoder does that.",
            like=lambda mean, log_var: mean.clone()),
    Mistake("no_mean", "The noise has the right size, but it lies around 0 and not around the "
            "mean.", like=lambda mean, log_var: root(log_var) * torch.randn_like(mean)),
    Mistake("uniform", "The noise comes from the uniform distribution on [0, 1). q(z|x) is a "
            "Gaussian.", like=with_sd(root, torch.rand_like)),
    Mistake("one_noise", "All rows get the same noise. Each x of the mini-batch draws its own z.",
            like=(with_sd(root, lambda mean: torch.randn(mean.shape[1])),
                  with_sd(root, lambda mean: torch.randn(1, mean.shape[1])),
                  with_sd(root, lambda mean: torch.randn(1)))),
    Mistake("one_number", "Each row gets one random number for all of its dimensions. Every number "
            "of z needs its own.",
            like=with_sd(root, lambda mean: torch.randn(len(mean), 1))),
    Mistake("minus_noise", "The noise is subtracted. Gaussian noise is symmetric, so the draws "
            "have the right distribution; but the formula has a plus, and the check compares with "
            "it number by number. Write it with a plus.",
            like=with_sd(root, lambda mean: -torch.randn_like(mean))),
)
OF_ITS_GRADIENT = (
    Mistake("no_gradient", "The numbers are right, but no gradient gets through to the encoder. A "
            "function that draws from N(mean, var) itself (`torch.normal`, `.sample()`) cuts the "
            "graph: draw noise that does not depend on anything, then scale and shift it.",
            when=lambda seen: any(not each.any() if isinstance(each, Tensor)
                                  else each == "missing" for each in seen.values())),
)


# the loss

def images() -> dict:
    """A mini-batch of three small pictures, what was decoded, and q(z|x)."""
    draw = torch.Generator().manual_seed(4)
    x, decoded = torch.randn(2, 3, 1, 2, 2, generator=draw)
    mean, log_var = torch.randn(2, 3, 2, generator=draw)
    return {"x": x, "decoded": decoded, "log_sigma": torch.tensor([-0.7]), "mean": mean,
            "log_var": log_var, "beta": 3.0}


def points() -> dict:
    """A mini-batch of three points of the plane in place of pictures."""
    return {name: each.flatten(1)[:, :2] if name in ("x", "decoded") else each
            for name, each in images().items()}


def learned() -> dict:
    """The same, where everything that the networks tell wants a gradient."""
    return {name: each.requires_grad_(name != "x") if isinstance(each, Tensor) else each
            for name, each in images().items()}


def loss(results: list, inputs: dict) -> Seen:
    return number_called("the loss", results)


def loss_gradients(results: list, inputs: dict) -> Seen:
    told = {name: inputs[name] for name in ("decoded", "log_sigma", "mean", "log_var")}
    return gradients(results, told)


def squares(x, decoded, log_sigma):
    return ((x - decoded) / log_sigma.exp()).square() / 2


def each_number(x, decoded, log_sigma):
    return squares(x, decoded, log_sigma) + log_sigma + math.log(2 * math.pi) / 2


def squares_and_log(x, decoded, log_sigma):
    return squares(x, decoded, log_sigma) + log_sigma


def per_row(numbers):
    return numbers.flatten(1).sum(1)


def divergence(mean, log_var):
    return (mean.square() + log_var.exp() - log_var - 1) / 2


def wrong(likelihood=each_number, kl=divergence, over_x=per_row, over_z=per_row, beta=None,
          total=lambda rows, kl, beta: (rows + beta * kl).mean()):
    """A wrong answer: right but for what is changed."""
    def negative_elbo(x, decoded, log_sigma, mean, log_var, given):
        return total(over_x(likelihood(x, decoded, log_sigma)), over_z(kl(mean, log_var)),
                     given if beta is None else beta)
    return negative_elbo


def row_mean(numbers):
    return numbers.flatten(1).mean(1)


OF_THE_LOSS = (
    Mistake("vector", "There is still one number for each x. Take the mean over the mini-batch.",
            when=lambda seen: isinstance(seen.get("the loss"), Tensor)
            and seen["the loss"].dim() > 0),
    Mistake("sign", "It is the ELBO itself, or its two parts have both the wrong sign. What is "
            "minimised is the *negative* ELBO.",
            like=wrong(total=lambda rows, kl, beta: -(rows + beta * kl).mean())),
    Mistake("kl_subtracted", "The KL term is subtracted, so the encoder is paid for moving away "
            "from the prior. ELBO = log-likelihood - KL, and here everything changes its sign.",
            like=wrong(total=lambda rows, kl, beta: (rows - beta * kl).mean())),
    Mistake("reconstruction_mean", "The likelihood is averaged over the numbers of x, and the KL "
            "term is summed over those of z. Then the KL term weighs as many times too much as x "
            "has numbers: log p(x|z) is a sum.", like=wrong(over_x=row_mean)),
    Mistake("kl_mean", "The KL term is averaged over the numbers of z, so it weighs too little. "
            "The KL divergence of independent numbers is a sum.", like=wrong(over_z=row_mean)),
    Mistake("both_means", "Both terms are averages over the numbers of a row. x has more numbers "
            "than z, so the KL term weighs too much: both have to be sums.",
            like=wrong(over_x=row_mean, over_z=row_mean)),
    Mistake("batch_sum", "It adds up over the mini-batch, so a batch twice as large costs twice as "
            "much. Only over the numbers of one x and one z it is a sum.",
            like=wrong(total=lambda rows, kl, beta: (rows + beta * kl).sum())),
    Mistake("beta_on_reconstruction", "beta multiplies the reconstruction. It is the weight of the "
            "KL term.", like=wrong(total=lambda rows, kl, beta: (beta * rows + kl).mean())),
    Mistake("no_beta", "The argument beta has no effect. It multiplies the KL term.",
            like=wrong(beta=1.0)),
    Mistake("no_kl", "The KL term is missing: this is an autoencoder, and nothing makes its codes "
            "look like the prior.", like=wrong(beta=0.0)),
    Mistake("no_sigma", "sigma does not count: it is the squared error of sigma = 1. Divide the "
            "error by sigma before squaring.",
            like=(wrong(lambda x, d, s: each_number(x, d, 0 * s)),
                  wrong(lambda x, d, s: (x - d).square()),
                  wrong(lambda x, d, s: (x - d).square() / 2))),
    Mistake("sigma_as_variance", "The squared error is divided by sigma. In the density of a "
            "Gaussian stands its variance, sigma squared.",
            like=wrong(lambda x, d, s: (x - d).square() / 2 / s.exp() + s
                       + math.log(2 * math.pi) / 2)),
    Mistake("no_log_sigma", "The term log sigma is missing. Without it sigma only has to grow, and "
            "every error becomes cheap.",
            like=wrong(lambda x, d, s: each_number(x, d, s) - s)),
    Mistake("log_sigma_once", "log sigma is added once for each x. It belongs to every number of "
            "x, since each has a Gaussian of its own.",
            like=(wrong(lambda x, d, s: each_number(x, d, s) - s * (1 - 1 / x[0].numel())),
                  wrong(lambda x, d, s: squares(x, d, s)
                        + (s + math.log(2 * math.pi) / 2) / x[0].numel()))),
    Mistake("no_constant", "The gradients are right. But the constant with 2 pi is missing, and "
            "without it the number is no bound of the log-likelihood.",
            like=wrong(squares_and_log)),
    Mistake("no_half", "The squared error has no factor 1/2. In the exponent of a Gaussian stands "
            "-(x - m)² / (2 sigma²).",
            like=(wrong(lambda x, d, s: each_number(x, d, s) + squares(x, d, s)),
                  wrong(lambda x, d, s: squares_and_log(x, d, s) + squares(x, d, s)))),
    Mistake("kl_no_half", "The KL term is twice too large: a factor 1/2 stands before its sum.",
            like=wrong(kl=lambda m, v: 2 * divergence(m, v))),
    Mistake("kl_of_sd", "The KL term takes `log_var` for the logarithm of the standard deviation. "
            "It is that of the variance already.",
            like=wrong(kl=lambda m, v: divergence(m, 2 * v))),
    Mistake("kl_no_one", "The -1 of the KL term is missing, or its sign is wrong: at mean 0 and "
            "variance 1 the divergence is 0.",
            like=(wrong(kl=lambda m, v: divergence(m, v) + 0.5),
                  wrong(kl=lambda m, v: divergence(m, v) + 1))),
    Mistake("kl_log_sign", "In the KL term the logarithm has the wrong sign: a variance near 0 has "
            "to cost much.", like=wrong(kl=lambda m, v: divergence(m, v) + v)),
)
ON_POINTS = (
    Mistake("only_pictures", "It is right for pictures, (N, C, H, W). For points, (N, D), the sum "
            "runs over fewer dimensions: over all but the first, as many as x has.",
            when=lambda seen: True),
)
OF_THE_LOSS_GRADIENT = (
    Mistake("not_a_tensor", "The value is right, but no network can learn from it. Give the tensor "
            "itself back, without `.item()` or `.detach()`.",
            when=lambda seen: "missing" in [each for each in seen.values()
                                            if isinstance(each, str)]),
)

EXERCISES = (
    Exercise("16.negative_elbo", negative_elbo,
             (Probe(images, loss, OF_THE_LOSS), Probe(points, loss, ON_POINTS),
              Probe(learned, loss_gradients, OF_THE_LOSS_GRADIENT)), (
                 "Write -log N(x; decoded, sigma²) for a single number first, with its constant. "
                 "Then think about which sums and means come around it.",
                 "For one number it is half the squared error over sigma², plus log sigma, plus "
                 "half of log 2 pi. Sum it over each x, and the KL term over each z; then add, and "
                 "take the mean over the mini-batch.",
                 "`each = squares / 2 + log_sigma + math.log(2 * math.pi) / 2`, then "
                 "`each.flatten(1).sum(dim=1)`; and the KL term is "
                 "`(mean² + var - log_var - 1)`, summed over dimension 1, over 2."),
             "Two sums in nats and one mean: the KL term has the weight that you give it, and no "
             "hidden one.", frozenset({"z", "E", "G", "vae"})),
    Exercise("16.reparameterise", reparameterise,
             (Probe(codes, value, OF_THE_DRAW), Probe(codes, gradients, OF_ITS_GRADIENT)), (
                 "Draw noise from N(0, I) first, of the shape of the mean. What turns it into a "
                 "draw of N(mean, var)?",
                 "Scale by the standard deviation and shift by the mean. The standard deviation is "
                 "the root of the exponential of `log_var`.",
                 "`torch.randn_like(mean)`, times `(log_var / 2).exp()`, plus the mean."),
             "The noise comes from outside, so the gradient flows through scale and shift.",
             frozenset({"z", "noise", "sd"})),
)
