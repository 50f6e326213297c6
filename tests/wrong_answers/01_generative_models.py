"""Answers to the exercises of notebook 01 as learners write them."""
import numpy as np
import torch


def stable_by_hand(l, p):
    joint = l + p
    joint = joint - joint.max(dim=1, keepdim=True).values
    e = torch.exp(joint)
    return e / e.sum(dim=1, keepdim=True)


def naive_division(l, p):
    joint = torch.exp(l) * torch.exp(p)
    return joint / joint.sum(1, keepdim=True)


def with_epsilon(l, p):
    joint = torch.exp(l + p)
    return joint / (joint.sum(1, keepdim=True) + 1e-12)


def with_large_epsilon(l, p):
    joint = torch.exp(l.double() + p)
    return joint / (joint.sum(1, keepdim=True) + 1e-20)


def class_by_class(y, means, sds):
    return torch.stack([torch.normal(means[label], sds[label]) for label in y])


def with_numpy_by_class(y, means, sds):
    return np.random.normal(means.numpy()[y], sds.numpy()[y])


def draw_by_draw(weights, means, sds, n):
    rows = []
    for _ in range(n):
        k = torch.multinomial(weights, 1).item()
        rows.append(torch.normal(means[k], sds[k]))
    return torch.stack(rows)


def with_numpy(weights, means, sds, n):
    p = weights.numpy().astype(float)
    k = np.random.choice(len(p), size=n, p=p / p.sum())
    return np.random.normal(means.numpy()[k], sds.numpy()[k])


def by_distributions(weights, means, sds, n):
    choose = torch.distributions.Categorical(weights)
    parts = torch.distributions.Independent(torch.distributions.Normal(means, sds), 1)
    return torch.distributions.MixtureSameFamily(choose, parts).sample((n,))


def every_component(means, sds, n):
    return means + sds * torch.randn(n, *means.shape)


def pick_from_all(weights, means, sds, n):
    return every_component(means, sds, n)[torch.arange(n), torch.multinomial(weights, n, True)]


def pick(weights, n):
    return torch.multinomial(weights, n, replacement=True)


def averaged(weights, means, sds, n):
    return (every_component(means, sds, n) * weights[:, None]).sum(1)


def averaged_equally(weights, means, sds, n):
    return every_component(means, sds, n).mean(1)


def one_gaussian_in_the_middle(weights, means, sds, n):
    return weights @ means + (weights @ sds) * torch.randn(n, 2)


def chosen_once(weights, means, sds, n):
    k = pick(weights, 1)
    return means[k] + sds[k] * torch.randn(n, 2)


def most_probable(weights, means, sds, n):
    k = weights.argmax()
    return means[k] + sds[k] * torch.randn(n, 2)


def one_noise(weights, means, sds, n):
    k = pick(weights, n)
    return means[k] + sds[k] * torch.randn(2)


def equally_often(weights, means, sds, n):
    k = torch.randint(len(weights), (n,))
    return means[k] + sds[k] * torch.randn(n, 2)


def weights_squared(weights, means, sds, n):
    k = pick(weights**2, n)
    return means[k] + sds[k] * torch.randn(n, 2)


def with_spread(spread, columns=2):
    def sample_mixture(weights, means, sds, n):
        k = pick(weights, n)
        return means[k] + spread(sds, k) * torch.randn(n, columns)
    return sample_mixture


def classes_with_spread(spread, columns=2):
    def sample_naive_bayes(y, means, sds):
        return means[y] + spread(sds, y) * torch.randn(len(y), columns)
    return sample_naive_bayes


def kl(m, l):
    return -0.5 * torch.sum(1 + l - m.pow(2) - l.exp(), dim=1)


def per_dimension(m, l):
    return -0.5 * (1 + l - m.pow(2) - l.exp())


def by_library(m, l):
    normal = torch.distributions.Normal
    return torch.distributions.kl_divergence(normal(m, l.exp().sqrt()), normal(torch.zeros_like(m), torch.ones_like(m))).sum(-1)


RIGHT = {
    "01.bayes_rule": [stable_by_hand, lambda l, p: (l + p - torch.logsumexp(l + p, 1, keepdim=True)).exp(),
                      lambda l, p: torch.nn.functional.softmax(l + p[None, :], -1), lambda l, p: torch.log_softmax(l + p, dim=-1).exp()],
    "01.sample_naive_bayes": [
        class_by_class, with_numpy_by_class, lambda y, m, s: torch.normal(m[y], s[y]), lambda y, m, s: class_by_class(y, m, s).tolist(),
        lambda y, m, s: torch.distributions.Normal(m[y], s[y]).sample()],
    "01.sample_mixture": [draw_by_draw, with_numpy, by_distributions, pick_from_all, lambda w, m, s, n: pick_from_all(w, m, s, n).tolist()],
    "01.gaussian_kl": [kl, by_library, lambda m, l: (m.pow(2) + l.exp() - 1 - l).sum(-1) / 2,
                       lambda m, l: torch.stack([kl(a[None], b[None])[0] for a, b in zip(m, l, strict=True)])],
}
WRONG = {
    "01.bayes_rule": {
        "no_prior": [lambda l, p: torch.softmax(l, dim=1), lambda l, p: l.exp() / l.exp().sum(1, keepdim=True)],
        "wrong_dim": [lambda l, p: torch.softmax(l + p, dim=0)],
        "over_everything": [lambda l, p: torch.softmax((l + p).flatten(), 0).view_as(l)],
        "joint": [lambda l, p: l.exp() * p.exp()],
        "log_joint": [lambda l, p: l + p],
        "log_posterior": [lambda l, p: l + p - torch.logsumexp(l + p, dim=1, keepdim=True)],
        "logs_divided": [lambda l, p: (l + p) / (l + p).sum(dim=1, keepdim=True), lambda l, p: l * p / (l * p).sum(1, keepdim=True)],
        "log_times_log": [lambda l, p: torch.softmax(l * p, 1), lambda l, p: l * p],
        "prior_not_a_log": [lambda l, p: torch.softmax(l + torch.exp(p), 1)],
        "prior_divided": [lambda l, p: torch.softmax(l - p, dim=1)],
        "prior_afterwards": [lambda l, p: torch.softmax(l, 1) * p.exp()],
        "class_only": [lambda l, p: torch.argmax(l + p, dim=1)],
        "evidence": [lambda l, p: torch.logsumexp(l + p, dim=1), lambda l, p: (l.exp() * p.exp()).sum(1)],
        "underflow": [naive_division],
        "padded": [with_epsilon, with_large_epsilon],
        "error": [lambda l, p: torch.softmax(l + p.unsqueeze(1), 1)],
        "unknown": [lambda l, p: torch.softmax(l + 2 * p, 1)],
        "no_return": [lambda l, p: print(torch.softmax(l + p, 1))],
        "changed_inputs": [lambda l, p: l.add_(p).softmax(1)],
    },
    "01.sample_naive_bayes": {
        "shape": [lambda y, m, s: torch.normal(m, s), lambda y, m, s: torch.normal(m[y], s[y]).T, lambda y, m, s: "seven",
                  lambda y, m, s: torch.normal(m[y], s[y])[:, 0]],
        "averaged": [lambda y, m, s: m.mean(0) + s[y] * torch.randn(len(y), 2)],
        "other_classes": [lambda y, m, s: torch.normal(m[y[0]].expand(len(y), 2), s[y]),
                          lambda y, m, s: torch.normal(m, s)[torch.randint(3, (len(y),))]],
        "no_spread": [lambda y, m, s: m[y], lambda y, m, s: torch.normal(m, s)[y], lambda y, m, s: m[y] + s[y] * torch.randn(2)],
        "together": [classes_with_spread(lambda s, y: s[y], columns=1)],
        "variance": [classes_with_spread(lambda s, y: s[y] ** 2), classes_with_spread(lambda s, y: s[y].sqrt())],
        "one_sd": [classes_with_spread(lambda s, y: 1.0), classes_with_spread(lambda s, y: s.mean())],
        "unknown": [classes_with_spread(lambda s, y: 3 * s[y])],
        "error": [lambda y, m, s: m[y] + s[y] * torch.randn(len(y))],
    },
    "01.sample_mixture": {
        "shape": [lambda w, m, s, n: by_distributions(w, m, s, n)[:, None], lambda w, m, s, n: by_distributions(w, m, s, 1),
                  lambda w, m, s, n: every_component(m, s, n), lambda w, m, s, n: "many"],
        "averaged": [averaged, averaged_equally, one_gaussian_in_the_middle],
        "one_component": [chosen_once, most_probable],
        "no_spread": [lambda w, m, s, n: m[pick(w, n)], lambda w, m, s, n: torch.normal(m, s)[pick(w, n)], one_noise],
        "equal_shares": [equally_often],
        "shares": [weights_squared],
        "together": [with_spread(lambda s, k: s[k], columns=1)],
        "variance": [with_spread(lambda s, k: s[k] ** 2), with_spread(lambda s, k: s[k].sqrt())],
        "one_sd": [with_spread(lambda s, k: s.mean()), with_spread(lambda s, k: 1.0)],
        "unknown": [with_spread(lambda s, k: 3 * s[k])],
        "error": [lambda w, m, s, n: m[pick(w, n)] + s * torch.randn(n, 2)],
    },
    "01.gaussian_kl": {
        "one_number": [lambda m, l: kl(m, l).mean(), lambda m, l: kl(m, l).sum(), lambda m, l: per_dimension(m, l).mean()],
        "not_summed": [per_dimension],
        "mean_over_dimensions": [lambda m, l: per_dimension(m, l).mean(dim=1)],
        "wrong_dim": [lambda m, l: per_dimension(m, l).sum(0), lambda m, l: per_dimension(m, l).mean(0)],
        "half": [lambda m, l: (m**2 + l.exp() - l - 1).sum(1), lambda m, l: kl(m, l) / 2],
        "sign": [lambda m, l: 0.5 * torch.sum(1 + l - m.pow(2) - l.exp(), dim=1)],
        "sd_for_variance": [lambda m, l: -0.5 * (1 + l - m**2 - torch.exp(0.5 * l)).sum(1)],
        "log_of_sd": [lambda m, l: -0.5 * (1 + 2 * l - m**2 - torch.exp(2 * l)).sum(1),
                      lambda m, l: -0.5 * (1 + 2 * l - m**2 - torch.exp(l)).sum(1)],
        "log_of_log": [lambda m, l: 0.5 * (m**2 + l - torch.log(l) - 1).sum(1),
                       lambda m, l: 0.5 * (m**2 + l.exp() - torch.log(l) - 1).sum(1)],
        "mean_not_squared": [lambda m, l: 0.5 * (m + l.exp() - l - 1).sum(1), lambda m, l: 0.5 * (abs(m) + l.exp() - l - 1).sum(1)],
        "no_mean": [lambda m, l: 0.5 * (l.exp() - l - 1).sum(1)],
        "no_one": [lambda m, l: 0.5 * (m**2 + l.exp() - l).sum(1), lambda m, l: 0.5 * ((m**2 + l.exp() - l).sum(1) - 1)],
        "no_log": [lambda m, l: 0.5 * (m**2 + l.exp() - 1).sum(1), lambda m, l: 0.5 * (m**2 + l.exp() + l - 1).sum(1)],
        "reversed": [lambda m, l: 0.5 * (l - 1 + (1 + m**2) * torch.exp(-l)).sum(1)],
        "not_differentiable": [lambda m, l: kl(m, l.detach()), torch.no_grad()(kl)],
        "unknown": [lambda m, l: 3 * kl(m, l)],
    },
}
