"""Bayes' rule and sampling from known distributions, in notebook 01."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called


def bayes_rule(log_p_x_given_y, log_p_y):
    """p(y | x) for N pictures and C classes: log densities (N, C) and log priors (C,) -> (N, C)."""
    return torch.softmax(log_p_x_given_y + log_p_y, dim=1)


def sample_naive_bayes(y, means, sds):
    """An image of each class in y, whose pixels are independent Gaussians.

    y (n,), means and sds (C, d) -> (n, d).
    """
    return means[y] + sds[y] * torch.randn_like(means[y])  # one row of means and sds for each image


def sample_mixture(weights, means, sds, n):
    """n images, each from a component chosen with probability weights[k].

    weights (K,), means and sds (K, d) -> (n, d).
    """
    k = torch.multinomial(weights, n, replacement=True)  # the latent variable first: (n,)
    return means[k] + sds[k] * torch.randn_like(means[k])


BAYES_MISTAKES = (
    Mistake("no_prior", "The prior does not count here: a class that hardly ever occurs is as "
            "likely as a frequent one. Which of the two arguments has not been used?",
            like=lambda l, p: l.softmax(1)),
    Mistake("wrong_dim", "The probabilities of each class add up to 1 over the pictures. It should "
            "be the other way round: one picture, all classes, sum 1.",
            like=lambda l, p: (l + p).softmax(0)),
    Mistake("over_everything", "All the numbers together add up to 1. Each picture has a "
            "distribution of its own: one row, sum 1.",
            like=lambda l, p: (l + p).exp() / (l + p).exp().sum()),
    Mistake("joint", "This is the joint p(x, y), the part above the line of Bayes' rule. What it "
            "is divided by makes the classes of each picture add up to 1.",
            like=lambda l, p: (l + p).exp()),
    Mistake("log_joint", "This is log p(x, y), the logarithm of what stands above the line in "
            "Bayes' rule. A division by p(x) and an exponential are still missing.",
            like=lambda l, p: l + p),
    Mistake("log_posterior", "Right, but still as logarithms. The probabilities themselves are "
            "asked for.",
            like=lambda l, p: (l + p).log_softmax(1)),
    Mistake("logs_divided", "It divides logarithms by logarithms. A quotient of probabilities is a "
            "difference of logarithms.",
            like=(lambda l, p: (l + p) / (l + p).sum(1, keepdim=True),
                  lambda l, p: l * p / (l * p).sum(1, keepdim=True))),
    Mistake("log_times_log", "It multiplies two logarithms. A product of probabilities is a sum of "
            "logarithms.",
            like=(lambda l, p: (l * p).softmax(1), lambda l, p: l * p)),
    Mistake("prior_not_a_log", "One of the two is a logarithm and the other is not. The prior "
            "comes in as a logarithm already, and should stay one.",
            like=lambda l, p: (l + p.exp()).softmax(1)),
    Mistake("prior_divided", "The prior is divided out, so that rare classes become frequent. "
            "Which way does it enter Bayes' rule?",
            like=lambda l, p: (l - p).softmax(1)),
    Mistake("prior_afterwards", "The prior comes in after the division, so that a picture's "
            "probabilities no longer add up to 1. What stands below the line contains the prior "
            "too.",
            like=lambda l, p: l.softmax(1) * p.exp()),
    Mistake("class_only", "It names the most probable class. How sure one may be of it is what "
            "Bayes' rule is about: a probability for each class is asked for.",
            like=lambda l, p: (l + p).argmax(1)),
    Mistake("evidence", "This is the density of each picture, p(x), which stands below the line of "
            "Bayes' rule. A probability for each class is asked for.",
            like=(lambda l, p: (l + p).logsumexp(1), lambda l, p: (l + p).exp().sum(1))),
)

FAR_AWAY = (
    Mistake("underflow", "Right for small numbers, but e to the power of -800 rounds to 0, and 0/0 "
            "is NaN. Take the largest logarithm of each row off before the exponential, or use a "
            "function of PyTorch that does so.",
            when=lambda seen: isinstance(seen.get("p(y | x)"), Tensor)
                              and not torch.isfinite(seen["p(y | x)"]).all()),
    Mistake("padded", "Right for small numbers, but far away the answer is wrong: a small constant "
            "against a division by 0 drowns numbers that are smaller still. Subtract logarithms "
            "instead.",
            when=lambda seen: isinstance(seen.get("p(y | x)"), Tensor)),
)

NO_SPREAD = ("All {} of a {} are equal. Each needs noise of its own: n times d standard normal "
             "numbers, one for each pixel of each image.")

SPREAD_MISTAKES = (
    Mistake("together", "All pixels of an image get the same noise, so the image becomes brighter "
            "or darker as a whole. The pixels are independent: each needs a standard normal number "
            "of its own.",
            when=lambda seen: seen.get("the pixels vary") == "together"),
    Mistake("variance", "The spread is wrong: `sds` are standard deviations. A standard normal "
            "number times the standard deviation has that spread, without square or root.",
            when=lambda seen: seen.get("their spread") in ("squared", "rooted")),
    Mistake("one_sd", "Every component and every pixel has the same spread here. Each has a "
            "standard deviation of its own, as it has a mean of its own.",
            when=lambda seen: seen.get("their spread") == "the same"),
)

NAIVE_BAYES_MISTAKES = (
    Mistake("shape", "The images should come back as a tensor of shape (n, d): one row for each "
            "label in y, one column for each pixel.",
            when=lambda seen: "what it returns" in seen),
    Mistake("averaged", "The images lie between the classes, as if several had been mixed. Each "
            "image belongs to one class: take the row of `means` that its label names.",
            when=lambda seen: seen.get("where they lie") == "in the middle"),
    Mistake("other_classes", "The images are not of the classes that y asks for. Image i should "
            "have the mean of class y[i]: index `means` and `sds` with y.",
            when=lambda seen: seen.get("the classes") == "not as asked"),
    Mistake("no_spread", NO_SPREAD.format("images", "class"),
            when=lambda seen: seen.get("their spread") == "none"),
    *SPREAD_MISTAKES,
)

MIXTURE_MISTAKES = (
    Mistake("shape", "The draws should come back as a tensor of shape (n, d): one row for each "
            "draw, one column for each pixel.",
            when=lambda seen: "what it returns" in seen),
    Mistake("averaged", "It draws from every component and averages. A mixture of distributions is "
            "not an average of draws: the average of an upright and a slanted digit is neither. "
            "Each draw comes from one component only.",
            when=lambda seen: seen.get("where they lie") == "in the middle"),
    Mistake("one_component", "All draws come from the same component. The choice has to be made "
            "anew for every draw.",
            when=lambda seen: seen.get("where they lie") == "in one component"),
    Mistake("no_spread", NO_SPREAD.format("draws", "component"),
            when=lambda seen: seen.get("their spread") == "none"),
    Mistake("equal_shares", "Each component is chosen equally often. The weights say how often.",
            when=lambda seen: seen.get("the shares") == "equal"),
    Mistake("shares", "The components are not chosen as often as the weights say. "
            "`torch.multinomial` chooses by weights; does each draw have a component of its own, "
            "independent of the others?",
            when=lambda seen: seen.get("the shares") == "something else"),
    *SPREAD_MISTAKES,
)


def three_pictures():
    return {"log_p_x_given_y": torch.tensor([[-1.0, -2.5, -0.3], [-4.0, -1.2, -3.1],
                                             [-0.2, -0.9, -5.0], [-2.0, -2.0, -2.0]]),
            "log_p_y": torch.tensor([0.6, 0.3, 0.1]).log()}


def pictures_far_away():
    return {"log_p_x_given_y": torch.tensor([[-800.0, -801.5, -950.0], [-3000.0, -2998.0, -2999.0]],
                                            dtype=torch.float64),
            "log_p_y": torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64).log()}


# each draw says where it comes from
FAR_APART = {"means": torch.tensor([[-300.0, 0.0], [0.0, 400.0], [500.0, -100.0]]),
             "sds": torch.tensor([[4.0, 2.0], [1.0, 3.0], [0.25, 0.5]])}


def three_classes():
    y = torch.tensor([2, 0, 1, 1, 0, 2, 1] * 300)
    return {"y": y, **{name: value.clone() for name, value in FAR_APART.items()}}


def three_components():
    return {"weights": torch.tensor([0.15, 0.5, 0.35]),
            **{name: value.clone() for name, value in FAR_APART.items()}, "n": 3000}


def posterior(results: list, inputs: dict) -> Seen:
    return number_called("p(y | x)", results)


def what_was_drawn(results: list, inputs: dict) -> Seen:
    """The draws in words, which chance does not change: which components they come from, and how
    they spread.
    """
    if not results:
        return {}
    means, sds, asked = inputs["means"].double(), inputs["sds"].double(), inputs.get("y")
    try:
        draws = torch.as_tensor(results[0]).detach()
    except (TypeError, ValueError, RuntimeError):
        draws = torch.empty(0)
    wanted = (len(asked) if asked is not None else inputs["n"], means.shape[1])
    if draws.is_complex() or draws.shape != wanted:
        shape = f" of shape {tuple(results[0].shape)}" if hasattr(results[0], "shape") else ""
        return {"what it returns": f"a {type(results[0]).__name__}{shape}"}
    draws = draws.double()
    distance, component = torch.cdist(draws, means).min(1)
    if distance.median() > 15:
        return {"where they lie": "in the middle"}
    if asked is not None:
        seen = {"the classes": "as asked" if torch.equal(component, asked) else "not as asked"}
    else:
        shares = component.bincount(minlength=len(means)) / len(draws)
        if shares.max() > 0.99:
            return {"where they lie": "in one component"}
        wanted = {"as the weights say": inputs["weights"].double(),
                  "equal": torch.full_like(shares, 1 / len(means)).double()}
        seen = {"where they lie": "in several components",
                "the shares": _first_near(wanted, shares, 0.045)}
    if seen.get("the classes") == "not as asked":
        return seen
    noise = (draws - means[component]) / sds[component]
    spread = torch.stack([draws[component == k].std(0) for k in range(len(means))])
    together = (noise[:, 0] * noise[:, 1]).mean().abs() > 0.5 * noise.square().mean()
    seen["the pixels vary"] = "together" if together else "independently"
    seen["their spread"] = _first_near({"as the sds say": sds, "none": 0 * sds, "squared": sds**2,
                                        "rooted": sds.sqrt(),
                                        "the same": spread.mean().expand(sds.shape)},
                                       spread, 0.2 * spread)
    return seen


def _first_near(candidates: dict[str, Tensor], seen: Tensor, tolerance) -> str:
    """The name of the first candidate that what was seen is near to, number by number."""
    found = (name for name, wanted in candidates.items()
             if ((seen - wanted).abs() <= tolerance + 1e-6).all())
    return next(found, "something else")


EXERCISES = (
    Exercise("01.bayes_rule", bayes_rule,
             (Probe(three_pictures, posterior, BAYES_MISTAKES),
              Probe(pictures_far_away, posterior, FAR_AWAY)),
             ("Above the line of Bayes' rule stands a product. What does a product of "
              "probabilities become when both are logarithms?",
              "The sum of both is log p(x, y), one number for each picture and class. Taking the "
              "exponential and dividing by the sum of the row makes each row a distribution.",
              "Exponentials, divided by their sum along a dimension, are what `torch.softmax` "
              "computes, without rounding to 0. Along which dimension?"),
             "It works however small the densities are: only their ratios count."),
    Exercise("01.sample_naive_bayes", sample_naive_bayes,
             (Probe(three_classes, what_was_drawn, NAIVE_BAYES_MISTAKES),),
             ("Each image has a mean and a standard deviation for each of its pixels. Which row of "
              "`means` belongs to an image of class 7?",
              "Indexing with all labels at once, `means[y]`, gives a row for each label: a tensor "
              "of shape (n, d).",
              "A Gaussian number is its mean plus its standard deviation times a standard normal "
              "number. `torch.randn_like(means[y])` has one for each pixel of each image."),
             "You have turned a classifier into a generator: its parameters say what each class "
             "looks like."),
    Exercise("01.sample_mixture", sample_mixture,
             (Probe(three_components, what_was_drawn, MIXTURE_MISTAKES),),
             ("Two steps: first choose a component for each of the n draws, then draw from the "
              "Gaussian of that component.",
              "`torch.multinomial(weights, n, replacement=True)` gives n component numbers. "
              "Indexing with them gives each draw its own means and standard deviations.",
              "The second step is `sample_naive_bayes`, with component numbers in place of "
              "labels."),
             "The component is drawn first and then forgotten: a latent variable."),
)
