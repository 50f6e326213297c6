"""Answers to the exercises of notebook 06, as learners write them."""
import numpy as np
import scipy.linalg
import torch


def eigen_root(S):
    values, vectors = torch.linalg.eigh(S)
    return vectors @ torch.diag(values.clamp(min=0) ** 0.5) @ vectors.T


def frechet(means=lambda a, b: ((a - b) ** 2).sum(), middle=None, cov=lambda x: torch.cov(x.T), factor=2, finish=torch.trace):
    middle = middle or (lambda S, T: eigen_root(eigen_root(S) @ T @ eigen_root(S)))

    def frechet_distance(real, fake):
        S, T = cov(real), cov(fake)
        return means(real.mean(0), fake.mean(0)) + finish(S + T - factor * middle(S, T))
    return frechet_distance


def put_together(change):
    """V change(values) V^T."""
    def matrix_root(S):
        values, vectors = torch.linalg.eigh(S)
        return vectors @ torch.diag(change(values)) @ vectors.T
    return matrix_root


def singular_root(S):
    left, values, right = torch.linalg.svd(S)
    return left @ torch.diag(values.sqrt()) @ left.T


def numpy_root(S):
    values, vectors = np.linalg.eigh(S.numpy())
    return torch.tensor((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def scipy_root(S):
    return torch.from_numpy(scipy.linalg.sqrtm(S.numpy()).real)


def left_only(S):
    values, vectors = torch.linalg.eigh(S)
    return vectors @ values.clamp(min=0).sqrt().diag()


def transposed(S):
    values, vectors = torch.linalg.eigh(S)
    return vectors.T @ values.clamp(min=0).sqrt().diag() @ vectors


def not_transposed(S):
    values, vectors = torch.linalg.eigh(S)
    return vectors @ values.clamp(min=0).sqrt().diag() @ vectors


def by_newton(S):
    """Denman and Beavers' iteration, which needs an inverse."""
    Y, Z = S, torch.eye(len(S), dtype=S.dtype)
    if torch.linalg.eigvalsh(S).min() < 1e-9:
        raise ValueError("singular")
    for _ in range(50):
        Y, Z = (Y + Z.inverse()) / 2, (Z + Y.inverse()) / 2
    return Y


def by_scipy(real, fake):
    real, fake = real.numpy(), fake.numpy()
    S, T = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(S + T - 2 * scipy.linalg.sqrtm(S @ T).real)


def by_singular_values(real, fake):
    R, F = ((x - x.mean(0)) / (len(x) - 1) ** 0.5 for x in (real, fake))
    return (real.mean(0) - fake.mean(0)).norm() ** 2 + R.norm() ** 2 + F.norm() ** 2 - 2 * torch.linalg.svdvals(R @ F.T).sum()


def by_eigenvalues(real, fake):
    S, T = torch.cov(real.T), torch.cov(fake.T)
    roots = torch.linalg.eigvals(S @ T).real.clamp(min=0).sqrt().sum()
    return (real.mean(0) - fake.mean(0)) @ (real.mean(0) - fake.mean(0)) + S.trace() + T.trace() - 2 * roots


def only_spreads(real, fake):
    return ((real.mean(0) - fake.mean(0)) ** 2).sum() + ((real.var(0).sqrt() - fake.var(0).sqrt()) ** 2).sum()


def within(k):
    return (k.sum() - k.diagonal().sum()) / (len(k) ** 2 - len(k))


def mmd(own=within, mixed=lambda k: k.mean(), times=2):
    return lambda rr, ff, rf: own(rr) + own(ff) - times * mixed(rf)


def mmd_with_loops(rr, ff, rf):
    def pairs(k):
        return np.mean([float(k[i, j]) for i in range(len(k)) for j in range(len(k)) if i != j])
    return pairs(rr) + pairs(ff) - 2 * np.mean(rf.numpy())


def mmd_masked(rr, ff, rf):
    def off(k):
        return k[~torch.eye(len(k), dtype=torch.bool)].mean()
    return off(rr) + off(ff) - rf.mean() - rf.T.mean()


def half_tables(rr, ff, rf):
    n, m = len(rr), len(ff)
    return rr.triu(1).sum() * 2 / n / (n - 1) + ff.tril(-1).sum() * 2 / m / (m - 1) - 2 * rf.sum() / n / m


def fakes_counted_as_real(rr, ff, rf):
    n = len(rr)
    return ((rr.sum() - rr.trace()) + (ff.sum() - ff.trace())) / (n * (n - 1)) - 2 * rf.mean()


def apart(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(2).sqrt()


def radius(x, k):
    return apart(x, x).sort(dim=1).values[:, k]


def ball(real, fake, k):
    return apart(fake, real) < radius(real, k)


def precision_with_loops(real, fake, k):
    good = 0
    for x in fake:
        good += any((x - r).norm() < apart(real, r[None]).flatten().sort().values[k] for r in real)
    return good / len(fake)


def nearest_real_only(real, fake, k):
    nearest = apart(fake, real).argmin(1)
    return (apart(fake, real).amin(1) < radius(real, k)[nearest]).float().mean()


def auditor(*, distance=True, low=0.0, high=1.0, same_n=True, near=0.5, leak=1, slack=0.02, tolerance=0.75, n_first=True, two_sided=True, words=None):
    """The auditor with its parts to be changed; a part that is None is left out."""
    names = dict.fromkeys(("impossible", "other n", "copies", "leak", "picked run", "honest")) | (words or {})

    def find_the_lie(row, real):
        mean = np.mean(row["runs"])
        shares = [row["precision"], row["recall"]]
        off = abs(row["FCD"] - mean) if two_sided else mean - row["FCD"]
        other = ("other n", same_n and row["n"] != real["n"])
        rest = [("copies", near is not None and row["nearest"] < near * real["nearest"]),
                ("leak", leak and leak * row["FCD"] < leak * tolerance * real["FCD"]), ("picked run", slack is not None and off > slack)]
        impossible = (distance and row["FCD"] < 0) or (low is not None and min(shares) < low)
        cases = [("impossible", impossible or (high is not None and max(shares) > high))]
        cases += [other, *rest] if n_first else [*rest, other]
        said = next((word for word, holds in cases if holds), "honest")
        return names[said] or said
    return find_the_lie


def auditor_in_plain_words(row, real):
    if not (row["FCD"] >= 0 and 0 <= row["precision"] <= 1 and 0 <= row["recall"] <= 1):
        return "impossible"
    elif row["n"] != real["n"]:
        return "other n"
    elif 2 * row["nearest"] < real["nearest"]:
        return "copies"
    elif row["FCD"] < 0.75 * real["FCD"]:
        return "leak"
    elif round(abs(sum(row["runs"]) / len(row["runs"]) - row["FCD"]), 3) > 0.02:
        return "picked run"
    else:
        return "honest"


RIGHT = {
    "06.matrix_root": [eigen_root, singular_root, numpy_root, scipy_root,
                       put_together(lambda values: values.abs().sqrt())],
    "06.frechet_distance": [frechet(), by_scipy, by_singular_values, by_eigenvalues, lambda r, f: frechet()(f, r).item(),
                            frechet(means=lambda a, b: (a - b).norm().square())],
    "06.unbiased_mmd": [mmd(), mmd_with_loops, mmd_masked, half_tables],
    "06.precision": [lambda r, f, k: ball(r, f, k).any(1).float().mean(), lambda r, f, k: ball(r, f, k).any(1).sum().item() / len(f),
                     precision_with_loops, lambda r, f, k: (apart(f, r) - radius(r, k)).amin(1).lt(0).double().mean(),
                     lambda r, f, k: np.mean((apart(f, r) <= radius(r, k)).any(1).numpy())],
    "06.find_the_lie": [auditor(), auditor_in_plain_words],
}
WRONG = {
    "06.matrix_root": {
        "not_a_matrix": [lambda S: torch.linalg.eigvalsh(S).clamp(min=0).sqrt(), lambda S: S.trace() ** 0.5],
        "root_of_entries": [torch.sqrt, lambda S: S ** 0.5],
        "no_root": [put_together(lambda values: values), lambda S: S.clone()],
        "not_turned_back": [left_only],
        "eigenvalues_only": [lambda S: torch.linalg.eigvalsh(S).clamp(min=0).sqrt().diag()],
        "turned_the_wrong_way": [transposed, not_transposed],
        "cholesky": [torch.linalg.cholesky],
        "inverse": [put_together(lambda values: values ** -0.5)],
        "squared": [lambda S: S @ S],
        "lifted": [put_together(lambda values: values.clamp(min=1e-8).sqrt())],
        "negative_eigenvalue": [put_together(torch.sqrt), put_together(lambda values: values ** 0.5)],
        "needs_full_rank": [by_newton],
        "error": [lambda S: S @ S[:2]],
        "unknown": [put_together(lambda values: 2 * values.clamp(min=0).sqrt())],
    },
    "06.frechet_distance": {
        "not_reduced": [frechet(finish=lambda S: S), lambda r, f: (r.mean(0) - f.mean(0)) ** 2],
        "covariance_of_images": [frechet(cov=torch.cov)],
        "mean_not_squared": [frechet(means=lambda a, b: (a - b).norm()), frechet(means=lambda a, b: torch.dist(a, b))],
        "no_means": [frechet(means=lambda a, b: 0.0)],
        "factor_two": [frechet(factor=1)],
        "sign": [frechet(factor=-2)],
        "root_of_entries": [frechet(middle=lambda S, T: torch.sqrt(S @ T))],
        "variances_only": [only_spreads, frechet(middle=lambda S, T: torch.sqrt(S * T))],
        "separate_roots": [frechet(middle=lambda S, T: eigen_root(S) @ eigen_root(T))],
        "unsymmetric": [frechet(middle=lambda S, T: eigen_root(S @ T))],
        "no_outer_root": [frechet(middle=lambda S, T: eigen_root(S) @ T @ eigen_root(S))],
        "whole_matrix": [frechet(finish=torch.sum)],
        "root_of_all": [lambda r, f: frechet()(r, f) ** 0.5],
        "uncentred": [frechet(cov=lambda x: x.T @ x / (x.shape[0] - 1))],
        "divides_by_n": [frechet(cov=lambda x: (x - x.mean(0)).T @ (x - x.mean(0)) / len(x)),
                         frechet(cov=lambda x: torch.from_numpy(np.cov(x.numpy().T, bias=True)))],
        "error": [lambda r, f: r @ f],
        "unknown": [lambda r, f: 3 * frechet()(r, f)],
    },
    "06.unbiased_mmd": {
        "not_reduced": [lambda rr, ff, rf: rr.mean(1), lambda rr, ff, rf: rf],
        "diagonal_kept": [mmd(own=lambda k: k.mean())],
        "diagonal_counted": [mmd(own=lambda k: (k - torch.diag(torch.diag(k))).mean())],
        "diagonal_in_sum": [mmd(own=lambda k: k.sum() / len(k) / (len(k) - 1))],
        "diagonal_of_mixed": [lambda rr, ff, rf: within(rr) + within(ff) - 2 * within(rf)],
        "factor_two": [mmd(times=1)],
        "sign": [mmd(times=-2), mmd(times=-1)],
        "root": [lambda *tables: mmd()(*tables) ** 0.5],
        "clamped": [lambda *tables: torch.relu(mmd()(*tables)), lambda *tables: max(mmd()(*tables), torch.tensor(0.0))],
        "sums": [mmd(own=lambda k: k.sum() - k.diagonal().sum(), mixed=lambda k: k.sum())],
        "one_size": [fakes_counted_as_real],
        "one_kind_only": [lambda rr, ff, rf: within(rr) - 2 * rf.mean(), lambda rr, ff, rf: within(ff) - 2 * rf.mean()],
        "unknown": [lambda *tables: 7 * mmd()(*tables)],
    },
    "06.precision": {
        "itself": [lambda r, f, k: ball(r, f, k - 1).any(1).float().mean()],
        "recall": [lambda r, f, k: ball(f, r, k).any(1).float().mean()],
        "coverage": [lambda r, f, k: ball(r, f, k).any(0).float().mean()],
        "density": [lambda r, f, k: ball(r, f, k).sum(1).float().mean() / k],
        "all_balls": [lambda r, f, k: ball(r, f, k).all(1).float().mean()],
        "pairs": [lambda r, f, k: ball(r, f, k).float().mean(), lambda r, f, k: ball(r, f, k).sum() / len(f)],
        "fake_radii": [lambda r, f, k: (apart(f, r) < radius(f, k)[:, None]).any(1).float().mean()],
        "one_radius": [lambda r, f, k: (apart(f, r) < radius(r, k).mean()).any(1).float().mean(),
                       lambda r, f, k: (apart(f, r).amin(1) < radius(r, k).max()).float().mean()],
        "nearest_ball": [nearest_real_only],
        "squared": [lambda r, f, k: (apart(f, r) ** 2 < radius(r, k)).any(1).float().mean()],
        "outside": [lambda r, f, k: (~ball(r, f, k)).all(1).float().mean()],
        "count": [lambda r, f, k: ball(r, f, k).any(1).sum()],
        "each": [lambda r, f, k: ball(r, f, k).any(1)],
        "unknown": [lambda r, f, k: ball(r, f, k).any(1).float().mean() ** 2],
    },
    "06.find_the_lie": {
        "no_word": [lambda row, real: None or False, lambda row, real: "fine", lambda row, real: 3],
        "copies_of_real": [auditor(near=1.0)],
        "leak_turned_round": [auditor(leak=-1)],
        "exact_mean": [auditor(slack=0.0)],
        "negative_distance": [auditor(distance=False)],
        "share_missed": [auditor(high=None)],
        "negative_missed": [auditor(low=None)],
        "n_missed": [auditor(same_n=False)],
        "copies_missed": [auditor(near=None)],
        "near_copies_missed": [auditor(near=0.01)],
        "leak_missed": [auditor(leak=0)],
        "leak_without_tolerance": [auditor(tolerance=1.0)],
        "run_missed": [auditor(slack=None)],
        "high_missed": [auditor(two_sided=False)],
        "order": [auditor(n_first=False)],
        "wrong_word": [auditor(words={"leak": "copies"}), lambda row, real: "impossible" if row["FCD"] < 10 else "honest"],
        "no_key": [lambda row, real: "leak" if row["fcd"] < real["fcd"] else "honest", lambda row, real: row["run"]],
        "error": [lambda row, real: "leak" if row["FCD"] < real else "honest"],
    },
}
