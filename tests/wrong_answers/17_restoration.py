"""Answers to the exercises of notebook deeper/17_restoration, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch


def squares(candidates, seen):
    return ((seen[:, None] - candidates[None]) ** 2).sum(dim=(2, 3, 4))


def by_hand(candidates, seen, sigma):
    exponents = -squares(candidates, seen) / sigma ** 2 / 2
    likelihood = torch.exp(exponents - exponents.max(dim=1, keepdim=True).values)
    return likelihood / likelihood.sum(dim=1, keepdim=True)


def by_logarithms(candidates, seen, sigma):
    logs = -squares(candidates, seen) / (2 * sigma ** 2)
    return torch.exp(logs - torch.logsumexp(logs, dim=1, keepdim=True))


def exp_first(candidates, seen, sigma):
    likelihood = torch.exp(-squares(candidates, seen) / (2 * sigma ** 2))
    return likelihood / likelihood.sum(dim=1, keepdim=True)


def of(exponent, dim=1):
    return lambda candidates, seen, sigma: torch.softmax(exponent(squares(candidates, seen), sigma), dim)


def edges(confidence, right, bins=10):
    """Bins without their lower edge, in NumPy."""
    confidence, right, total = np.array(confidence), np.array(right), 0
    for low, high in zip(np.arange(bins) / bins, (np.arange(bins) + 1) / bins, strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return total


def in_bins(add, skip=True, count=None):
    def calibration_error(confidence, right, bins=10):
        place = torch.minimum((confidence * bins).floor(), torch.tensor(bins - 1.0))
        gaps, sizes = [], []
        for k in range(bins):
            inside = place == k
            if skip and not inside.any():
                continue
            gaps.append(confidence[inside].mean() - right[inside].float().mean())
            sizes.append(inside.sum())
        return add(torch.stack(gaps), torch.stack(sizes))
    return calibration_error


def without_ones(confidence, right, bins=10):
    total = 0
    for k in range(bins):
        inside = (confidence >= k / bins) & (confidence < (k + 1) / bins)
        if inside.any():
            total += inside.float().mean() * abs(confidence[inside].mean() - right[inside].float().mean())
    return total


RIGHT = {
    "17.posterior_weights": [by_hand, by_logarithms],
    "17.calibration_error": [edges, in_bins(lambda gap, n: (n / n.sum() * gap.abs()).sum())],
}
WRONG = {
    "17.posterior_weights": {
        "transposed": [lambda candidates, seen, sigma: by_hand(candidates, seen, sigma).T],
        "for_each_pixel": [lambda candidates, seen, sigma: (-(seen[:, None] - candidates[None]) ** 2 / (2 * sigma ** 2)).softmax(1)],
        "columns": [of(lambda d, sigma: -d / (2 * sigma ** 2), dim=0)],
        "not_normalised": [lambda candidates, seen, sigma: torch.exp(-squares(candidates, seen) / (2 * sigma ** 2))],
        "logarithms": [lambda candidates, seen, sigma: -squares(candidates, seen) / (2 * sigma ** 2), lambda candidates, seen, sigma: by_hand(candidates, seen, sigma).log()],
        "sign": [of(lambda d, sigma: d / (2 * sigma ** 2))],
        "no_two": [of(lambda d, sigma: -d / sigma ** 2)],
        "sigma_once": [of(lambda d, sigma: -d / (2 * sigma)), of(lambda d, sigma: -d / sigma)],
        "no_sigma": [of(lambda d, sigma: -d), of(lambda d, sigma: -d / 2)],
        "not_squared": [of(lambda d, sigma: -d.sqrt() / (2 * sigma ** 2))],
        "mean_of_pixels": [lambda candidates, seen, sigma: torch.softmax(-((seen[:, None] - candidates[None]) ** 2).mean(dim=(2, 3, 4)) / (2 * sigma ** 2), 1)],
        "nearest": [lambda candidates, seen, sigma: torch.eye(len(candidates))[squares(candidates, seen).argmin(1)]],
        "underflow": [exp_first],
        "unknown": [of(lambda d, sigma: -3 * d)],
    },
    "17.calibration_error": {
        "always_ten": [lambda confidence, right, bins=10: edges(confidence, right, 10)],
        "no_return": [lambda confidence, right, bins=10: [edges(confidence, right, bins)].clear()],
        "empty_bins": [in_bins(lambda gap, n: (n / n.sum() * gap.abs()).sum(), skip=False)],
        "last_edge": [without_ones],
        "overall": [lambda confidence, right, bins=10: abs(confidence.mean() - right.float().mean()), in_bins(lambda gap, n: (n / n.sum() * gap).sum())],
        "unweighted": [in_bins(lambda gap, n: gap.abs().mean()), in_bins(lambda gap, n: gap.abs().sum())],
        "counts": [in_bins(lambda gap, n: (n * gap.abs()).sum())],
        "each_forecast": [lambda confidence, right, bins=10: (confidence - right.float()).abs().mean()],
        "squared": [in_bins(lambda gap, n: (n / n.sum() * gap ** 2).sum())],
        "largest": [in_bins(lambda gap, n: gap.abs().max())],
        "unknown": [in_bins(lambda gap, n: 2 * (n / n.sum() * gap.abs()).sum())],
    },
}
