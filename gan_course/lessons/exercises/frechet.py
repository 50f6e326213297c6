"""The Fréchet distance by hand, and the matrix square root that it needs (notebook 06)."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def matrix_root(S):
    """The symmetric matrix R with R R = S, for a covariance S (d, d)."""
    values, vectors = torch.linalg.eigh(S)                          # S = V diag(values) V^T
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def frechet_distance(real, fake):
    """The Frechet distance of two tables of features, (N, d) and (M, d) -> scalar."""
    S_r, S_f = torch.cov(real.T), torch.cov(fake.T)                 # (d, d) each
    middle = matrix_root(S_r)
    means = (real.mean(dim=0) - fake.mean(dim=0)).square().sum()
    return means + torch.trace(S_r + S_f - 2 * matrix_root(middle @ S_f @ middle))


def squared(a, b):
    return (a - b).square().sum()


def inner(S, T):
    return matrix_root(S) @ T @ matrix_root(S)


def with_trace(of, means=squared, cov=lambda x: torch.cov(x.T)):
    """A Frechet distance whose covariances S and T go into the trace of `of(S, T)`."""
    return lambda real, fake: (means(real.mean(dim=0), fake.mean(dim=0))
                               + torch.trace(of(cov(real), cov(fake))))


def right_trace(S, T):
    return S + T - 2 * matrix_root(inner(S, T))


def pieces(build):
    """A wrong root put together from the eigenvalues and eigenvectors of S."""
    return lambda S: build(*torch.linalg.eigh(S))


ROOT_MISTAKES = (
    Mistake("not_a_matrix", "It does not give a matrix of the size of S. The root of a covariance "
            "is again a table, features by features.",
            when=lambda seen: isinstance(seen.get("the root"), torch.Tensor)
            and seen["the root"].dim() != 2),
    Mistake("root_of_entries", "It takes the root of each entry. Multiply the result by itself, as "
            "a matrix, and you do not get S back.", like=torch.sqrt),
    Mistake("no_root", "It puts S together again from its eigenvalues and eigenvectors, unchanged. "
            "Which of the two parts should get a square root?",
            like=(pieces(lambda values, V: V * values @ V.T), lambda S: S)),
    Mistake("not_turned_back", "The eigenvectors come in on the left only, so the result is not "
            "symmetric. In S = V L V^T there is one more factor.",
            like=pieces(lambda values, V: V * values.clamp(min=0).sqrt())),
    Mistake("eigenvalues_only", "The roots of the eigenvalues stand on the diagonal, and the "
            "eigenvectors are missing. That would be right only if the features did not vary "
            "together.", like=pieces(lambda values, V: torch.diag(values.clamp(min=0).sqrt()))),
    Mistake("turned_the_wrong_way", "The transpose is on the wrong side, or missing on one side. "
            "`torch.linalg.eigh` gives eigenvectors as columns: S = V L V^T.", like=(
                pieces(lambda values, V: V.T * values.clamp(min=0).sqrt() @ V),
                pieces(lambda values, V: V * values.clamp(min=0).sqrt() @ V))),
    Mistake("cholesky", "That is the Cholesky factor: it is triangular, and only its product with "
            "its own *transpose* gives S. Asked is a symmetric root, with R R = S.",
            like=(torch.linalg.cholesky, lambda S: torch.linalg.cholesky(S).T)),
    Mistake("inverse", "It is the root of the inverse. Large eigenvalues should stay large.",
            like=pieces(lambda values, V: V / values.sqrt() @ V.T)),
    Mistake("squared", "It multiplies S by itself. The root goes the other way.",
            like=lambda S: S @ S),
)


def negative(seen):
    return isinstance(seen.get("the root"), torch.Tensor) and bool(seen["the root"].isnan().any())


SINGULAR_MISTAKES = (
    Mistake("negative_eigenvalue", "For a covariance from few samples it gives NaN. Some "
            "eigenvalues are then 0, rounding leaves them a little below 0, and such a number has "
            "no square root. Cut them off at 0 first.", when=negative),
    Mistake("needs_full_rank", "It stops with an error where some eigenvalues are 0, which happens "
            "with fewer samples than features.", when=lambda seen: "the error" in seen),
    Mistake("lifted", "Eigenvalues of 0 become a small number, whose root is not so small, and "
            "R R is not S. Cut them off at 0 itself.",
            like=tuple(pieces(lambda values, V, least=least: V * values.clamp(min=least).sqrt()
                              @ V.T) for least in (1e-10, 1e-8, 1e-7, 1e-6, 1e-5))),
)

FRECHET_MISTAKES = (
    Mistake("not_reduced", "It gives a vector or a matrix. The distance is one number: a squared "
            "length for the means, and a trace for the covariances.",
            when=lambda seen: isinstance(seen.get("the distance"), torch.Tensor)
                              and seen["the distance"].dim() > 0),
    Mistake("covariance_of_images", "`torch.cov` wants one row for each variable, and here the "
            "rows are images. As it stands, it asks how images vary together instead of features.",
            like=with_trace(right_trace, cov=torch.cov)),
    Mistake("mean_not_squared", "The difference of the means goes in as a length. The formula has "
            "its square.",
            like=(with_trace(right_trace, lambda a, b: (a - b).norm()),
                  with_trace(right_trace, lambda a, b: (a - b).abs().sum()))),
    Mistake("no_means", "The means do not count. Two sets that differ by a shift alone would have "
            "distance 0.",
            like=with_trace(right_trace, lambda a, b: 0)),
    Mistake("factor_two", "The factor 2 in front of the root is missing. Try two equal sets: their "
            "distance should be 0.",
            like=with_trace(lambda S, T: S + T - matrix_root(inner(S, T)))),
    Mistake("sign", "The root is added. It has to be subtracted: for equal sets it cancels the two "
            "covariances.",
            like=with_trace(lambda S, T: S + T + 2 * matrix_root(inner(S, T)))),
    Mistake("root_of_entries", "It takes the root of each entry. The root of a covariance is the "
            "matrix which, multiplied by itself, gives the covariance; `matrix_root` computes it.",
            like=(with_trace(lambda S, T: S + T - 2 * (S @ T).sqrt()),
                  with_trace(lambda S, T: S + T - 2 * inner(S, T).sqrt()))),
    Mistake("variances_only", "Only the variances on the diagonals count, as if features did not "
            "vary together. Two sets with other correlations would have distance 0. Is there a "
            "root or a product taken entry by entry?",
            like=lambda real, fake: squared(real.mean(0), fake.mean(0))
                                    + squared(real.std(0), fake.std(0))),
    Mistake("separate_roots", "It multiplies the two roots, which is right only if both "
            "covariances have the same eigenvectors. In the formula one covariance stands between "
            "two roots of the other, and there is a root around it all.",
            like=with_trace(lambda S, T: S + T - 2 * matrix_root(S) @ matrix_root(T))),
    Mistake("unsymmetric", "The product of two covariances is not symmetric, and `matrix_root` is "
            "only for symmetric matrices. In the formula one covariance stands between two roots "
            "of the other: that product is symmetric.",
            like=(with_trace(lambda S, T: S + T - 2 * matrix_root(S @ T)),
                  with_trace(lambda S, T: S + T - 2 * matrix_root(T @ S)))),
    Mistake("no_outer_root", "The outer root is missing: the last term has the units of a "
            "covariance times a covariance. Which exponent stands behind the bracket in the "
            "formula?",
            like=with_trace(lambda S, T: S + T - 2 * inner(S, T))),
    Mistake("whole_matrix", "It adds up a whole matrix. A trace is the sum over the diagonal.",
            like=lambda real, fake: squared(real.mean(0), fake.mean(0))
                                    + right_trace(torch.cov(real.T), torch.cov(fake.T)).sum()),
    Mistake("root_of_all", "It takes the root of the whole at the end. The distance of this "
            "formula, and every FID in print, is the squared one.",
            like=lambda real, fake: frechet_distance(real, fake).sqrt()),
    Mistake("uncentred", "The means have not been taken off before the covariance is computed, so "
            "they count twice.",
            like=with_trace(right_trace, cov=lambda x: x.T @ x / (len(x) - 1))),
    Mistake("divides_by_n", "The covariance is divided by N, and not by N - 1 as `torch.cov` and "
            "`np.cov` do it. The difference is small, and it is there.",
            like=with_trace(right_trace, cov=lambda x: torch.cov(x.T, correction=0))),
)


def covariance(number, n, mistakes):
    """The covariance of n samples with five features; of fewer than six it is singular."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        mixed = torch.randn(5, 5, generator=draw, dtype=torch.float64)
        x = torch.randn(n, 5, generator=draw, dtype=torch.float64) @ mixed
        rounding = 1e-13 if n < 6 else 0.0                          # what a computer may leave
        return {"S": torch.cov(x.T) - rounding * torch.eye(5, dtype=torch.float64)}
    return Probe(inputs, lambda results, inputs: number_called("the root", results), mistakes)


def features(number, n, m):
    """Two tables with means and covariances of their own, four features wide."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        mix = torch.randn(2, 4, 4, generator=draw, dtype=torch.float64)
        x, y = (torch.randn(count, 4, generator=draw, dtype=torch.float64) for count in (n, m))
        return {"real": x @ mix[0] + 0.7, "fake": y @ mix[1] - 0.4}
    return Probe(inputs,
                 lambda results, inputs: number_called("the distance", results),
                 FRECHET_MISTAKES)


EXERCISES = (
    Exercise("06.matrix_root", matrix_root, (
        covariance(3, 12, ROOT_MISTAKES), covariance(4, 3, SINGULAR_MISTAKES)), (
        "A diagonal matrix is easy: take the root of each number on the diagonal. Every covariance "
        "is a diagonal one, seen along other axes.",
        "`torch.linalg.eigh(S)` gives the eigenvalues and, as columns, the eigenvectors V, with "
        "S = V diag(values) V^T. Rounding can leave an eigenvalue a little below 0: "
        "`.clamp(min=0)`.",
        "`vectors * roots` multiplies column i by root number i; then `@ vectors.T`."),
        "Symmetric, and R R = S.", frozenset({"real", "fake", "S_r", "S_f"})),
    Exercise("06.frechet_distance", frechet_distance,
             (features(1, 9, 9), features(2, 11, 8)),
             ("You need four things first: two means, each a vector over the features, and two "
              "covariances, each features by features.",
              "`torch.cov` takes variables in rows, so it wants the table turned round. The root "
              "is your `matrix_root`, used twice.",
              "With R the root of the real covariance: `matrix_root(R @ S_f @ R)`. Then the trace "
              "of the three matrices, and the squared length of the difference of the means."),
             "For equal sets it is 0; on Inception features it would be the FID.",
             frozenset({"held_out", "fakes", "S"})),
)
