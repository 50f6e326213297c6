"""Answers to the exercises of notebook 19, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import statistics

import torch

RIGHT_POINTS = {"question": 2, "baselines": 0, "seeds": 0, "measures": 2, "refutation": 2}


def by_hand(scores, k):
    n = len(scores)
    s = (sum((score - sum(scores) / n) ** 2 for score in scores) / (n - 1)) ** 0.5
    return sum(scores) / n - 3 * (s**2 / n + s**2 / k) ** 0.5


def plain_python(first, second):
    d = [b - a for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    return statistics.mean(d), statistics.stdev(d) / len(d) ** 0.5


def scored(**other):
    return lambda: RIGHT_POINTS | other


def both(n, k):
    return (1 / n + 1 / k) ** 0.5


RIGHT = {
    "19.threshold": [by_hand],
    "19.paired_difference": [plain_python, lambda first, second: [(second - first).mean(), (second - first).std() / 2]],
    "19.points": [scored()],
}
WRONG = {
    "19.threshold": {
        "worst": [lambda scores, k: min(scores)],
        "no_margin": [lambda scores, k: scores.mean()],
        "sign": [lambda scores, k: scores.mean() + 3 * scores.std() * both(len(scores), k)],
        "own_error": [lambda scores, k: scores.mean() - 3 * scores.std() / len(scores) ** 0.5],
        "new_only": [lambda scores, k: scores.mean() - 3 * scores.std() / k ** 0.5],
        "single_run": [lambda scores, k: scores.mean() - 3 * scores.std()],
        "errors_added": [lambda scores, k: scores.mean() - 3 * (scores.std() / len(scores) ** 0.5 + scores.std() / k ** 0.5)],
        "divided_by_n": [lambda scores, k: scores.mean() - 3 * scores.std(unbiased=False) * both(len(scores), k)],
        "one_error": [lambda scores, k: scores.mean() - scores.std() * both(len(scores), k)],
        "variance": [lambda scores, k: scores.mean() - 3 * (scores.var() / len(scores) + scores.var() / k),
                     lambda scores, k: scores.mean() - 3 * scores.std() * (1 / len(scores) + 1 / k)],
        "unknown": [lambda scores, k: scores.median() - 3 * scores.std() * both(len(scores), k)],
        "error": [lambda scores, k: scores.mean() - 3 * scores.sd()],
    },
    "19.paired_difference": {
        "turned_round": [lambda first, second: ((first - second).mean(), (first - second).std() / len(first) ** 0.5)],
        "unpaired": [lambda first, second: (second.mean() - first.mean(), (first.var() / len(first) + second.var() / len(second)).sqrt())],
        "best": [lambda first, second: (second.max() - first.max(), (second - first).std() / len(first) ** 0.5)],
        "single_run": [lambda first, second: ((second - first).mean(), (second - first).std())],
        "divided_by_n": [lambda first, second: ((second - first).mean(), (second - first).std() / len(first))],
        "biased": [lambda first, second: ((second - first).mean(), (second - first).std(unbiased=False) / len(first) ** 0.5)],
        "one_number": [lambda first, second: (second - first).mean()],
        "unknown": [lambda first, second: ((second - first).mean(), torch.tensor(0.0))],
        "error": [lambda first, second: (second - first).average()],
    },
    "19.points": {
        "not_a_table": [lambda: 6, lambda: {"question": 2}],
        "levels": [scored(question=3), scored(seeds=1)],
        "seeds": [scored(seeds=4), scored(seeds=2, baselines=2)],
        "baselines": [scored(baselines=2)],
        "question": [scored(question=0), scored(question=4)],
        "measures": [scored(measures=4)],
        "refutation": [scored(refutation=0), scored(refutation=4)],
    },
}
