"""The KL divergence of a Gaussian encoder from the prior, in notebook 01."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called
from gan_course.lessons.exercises._gradients import flowing_back


def gaussian_kl(mean, log_variance):
    """KL(N(mean, variance) || N(0, I)) of each example, in nats: twice (N, d) -> (N,)."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1)


KL_MISTAKES = (
    Mistake("one_number", "There is one number for the whole batch. Each example has a KL of its "
            "own: sum over its dimensions, and keep the batch.",
            like=(lambda m, l: gaussian_kl(m, l).mean(), lambda m, l: gaussian_kl(m, l).sum(),
                  lambda m, l: each(m, l).mean())),
    Mistake("not_summed", "There is still one number for each latent dimension. The KL of "
            "independent dimensions is the sum of theirs.",
            like=lambda m, l: each(m, l)),
    Mistake("mean_over_dimensions", "It takes the mean over the latent dimensions. That divides "
            "the price of z by their number, while the other term of the ELBO is a sum over "
            "pixels: the bound would be none. Sum.",
            like=lambda m, l: each(m, l).mean(1)),
    Mistake("wrong_dim", "It adds up over the batch and keeps the latent dimensions. It should be "
            "the other way round.",
            like=(lambda m, l: each(m, l).sum(0), lambda m, l: each(m, l).mean(0))),
    Mistake("half", "Off by a factor of two. What stands in front of the sum?", like=(
        lambda m, l: 2 * each(m, l).sum(1), lambda m, l: 0.5 * each(m, l).sum(1))),
    Mistake("sign", "It is negative, and a KL divergence never is. In the ELBO it is subtracted; "
            "the KL itself has the other sign.",
            like=lambda m, l: -each(m, l).sum(1)),
    Mistake("sd_for_variance", "The exponential gives the standard deviation where the variance "
            "belongs. What comes in is the logarithm of the variance.",
            like=lambda m, l: 0.5 * (m**2 + (l / 2).exp() - l - 1).sum(1)),
    Mistake("log_of_sd", "It takes the argument for the logarithm of the standard deviation. It is "
            "that of the variance: no factor of two is needed, anywhere inside.",
            like=(lambda m, l: 0.5 * (m**2 + (2 * l).exp() - 2 * l - 1).sum(1),
                  lambda m, l: 0.5 * (m**2 + l.exp() - 2 * l - 1).sum(1),
                  lambda m, l: 0.5 * (m**2 + l.exp() - l / 2 - 1).sum(1),
                  lambda m, l: 0.5 * (m**2 + (2 * l).exp() - l - 1).sum(1))),
    Mistake("log_of_log", "It takes the logarithm of something that is one already, and a log "
            "variance may be negative: that gives NaN. Which of the two, the variance or its "
            "logarithm, do you have, and which do you need where?",
            like=(lambda m, l: 0.5 * (m**2 + l - l.log() - 1).sum(1),
                  lambda m, l: 0.5 * (m**2 + l.exp() - l.log() - 1).sum(1))),
    Mistake("mean_not_squared", "The mean enters without its square, so a mean below 0 would be "
            "cheaper than one at 0. How far it is from 0 should count, in either direction.",
            like=(lambda m, l: 0.5 * (m + l.exp() - l - 1).sum(1),
                  lambda m, l: 0.5 * (m.abs() + l.exp() - l - 1).sum(1))),
    Mistake("no_mean", "The mean is missing: a Gaussian far away from 0 would cost nothing.",
            like=lambda m, l: 0.5 * (l.exp() - l - 1).sum(1)),
    Mistake("no_one", "For mean 0 and variance 1 it should be 0, since the two Gaussians are then "
            "equal. Yours is not: a constant is missing or has the wrong sign, once for each "
            "dimension.",
            like=(lambda m, l: 0.5 * (m**2 + l.exp() - l).sum(1),
                  lambda m, l: 0.5 * (m**2 + l.exp() - l + 1).sum(1),
                  lambda m, l: 0.5 * ((m**2 + l.exp() - l).sum(1) - 1))),
    Mistake("no_log", "The logarithm of the variance is missing, so that a vanishing variance "
            "would be the cheapest. It should cost infinitely much.",
            like=(lambda m, l: 0.5 * (m**2 + l.exp() - 1).sum(1),
                  lambda m, l: 0.5 * (m**2 + l.exp() + l - 1).sum(1))),
    Mistake("reversed", "This is the KL the other way round, from N(0, I) to the encoder's "
            "Gaussian. The KL is not symmetric: which of the two stands first in the formula?",
            like=lambda m, l: 0.5 * (l + (1 + m**2) / l.exp() - 1).sum(1)),
)


def each(mean, log_variance):
    """The KL of each dimension."""
    return (mean**2 + torch.exp(log_variance) - log_variance - 1) / 2


def encodings():
    return {"mean": torch.tensor([[0.5, -1.2, 0.3], [0.0, 0.8, -2.0]]),
            "log_variance": torch.tensor([[-0.7, 0.4, -2.0], [1.1, -0.3, 0.2]])}


def divergence(results: list, inputs: dict) -> Seen:
    return number_called("the KL", results)


EXERCISES = (
    Exercise("01.gaussian_kl", gaussian_kl,
             (Probe(encodings, divergence, KL_MISTAKES),
              flowing_back(Probe(encodings, divergence), "mean", "log_variance")),
             ("The formula needs v and log v. Which of the two comes in, and how does one get the "
              "other?",
              "Four terms for each latent dimension: the squared mean, the variance, minus its "
              "logarithm, minus one.",
              "`log_variance.exp()` is v. Add the four terms, sum over dim=1, take half."),
             "It is 0 for mean 0 and variance 1, and nowhere else."),
)
