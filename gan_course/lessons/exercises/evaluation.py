"""Exercises of notebook 06 and its deeper one: a matrix square root and three metrics by hand.

The feature network and the auditor have files of their own.
"""
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


def unbiased_mmd(rr, ff, rf):
    """KID from the kernels of all pairs: rr (N, N), ff (M, M), rf (N, M) -> scalar."""
    n, m = rf.shape
    within_real = (rr.sum() - rr.trace()) / (n * (n - 1))  # the diagonal pairs an image with itself
    within_fake = (ff.sum() - ff.trace()) / (m * (m - 1))
    return within_real + within_fake - 2 * rf.mean()


def precision(real, fake, k):
    """The share of fakes (M, d) in the ball of some real sample (N, d).

    A ball reaches to the k-th neighbour.
    """
    # (N,); the nearest of all is the sample itself
    radii = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
    inside = torch.cdist(fake, real) < radii                        # (M, N)
    return inside.any(dim=1).double().mean()


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


def off_diagonal(k):
    return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))


def mmd(within=off_diagonal, mixed=torch.mean, sign=-2):
    return lambda rr, ff, rf: within(rr) + within(ff) + sign * mixed(rf)


MMD_MISTAKES = (
    Mistake("not_reduced", "It gives a table or a vector. KID is one number: each E of the formula "
            "is a mean over pairs.",
            when=lambda seen: isinstance(seen.get("KID"), torch.Tensor) and seen["KID"].dim() > 0),
    Mistake("diagonal_kept", "The diagonals are still in: there each image is paired with itself. "
            "That is the biased version, too large on average, also for real against real.",
            like=mmd(torch.mean)),
    Mistake("diagonal_counted", "The diagonal is taken out of the sum, but still counted below the "
            "line. How many pairs of two different images are there?",
            like=mmd(lambda k: (k.sum() - k.trace()) / len(k) ** 2)),
    Mistake("diagonal_in_sum", "Below the line there are only pairs of different images, above it "
            "all pairs. Take the diagonal out of the sum as well.",
            like=mmd(lambda k: k.sum() / (len(k) * (len(k) - 1)))),
    Mistake("diagonal_of_mixed", "It also takes out the diagonal of the mixed pairs. A real image "
            "and a fake are never the same image, so all those pairs count.",
            like=(mmd(mixed=off_diagonal),
                  mmd(mixed=lambda k: (k.sum() - k.diagonal().sum()) / k.numel()))),
    Mistake("factor_two", "The mixed pairs count once. For two equal distributions all three means "
            "are the same, and they should cancel.",
            like=mmd(sign=-1)),
    Mistake("sign", "The mixed pairs have the wrong sign: the more alike real and fake are, the "
            "larger this gets.",
            like=(mmd(sign=2), mmd(sign=1))),
    Mistake("root", "It takes a square root at the end. KID is the squared distance, and it may be "
            "below 0, where there is no root.",
            like=lambda *tables: unbiased_mmd(*tables).sqrt()),
    Mistake("clamped", "It is cut off at 0. Then small samples of equal sets are above 0 on "
            "average: the cut is a bias.",
            like=lambda *tables: unbiased_mmd(*tables).clamp(min=0)),
    Mistake("sums", "It adds up over the pairs. Each E in the formula is a mean.",
            like=(mmd(lambda k: k.sum() - k.trace(), torch.sum), mmd(torch.sum, torch.sum))),
    Mistake("one_size", "It takes both sets for equally large. The fakes may be more or fewer than "
            "the real images.",
            like=lambda rr, ff, rf: off_diagonal(rr)
                                    + (ff.sum() - ff.trace()) / (len(rr) * (len(rr) - 1))
                                    - 2 * rf.mean()),
    Mistake("one_kind_only", "One of the two kinds is missing: pairs of real images and pairs of "
            "fakes both count.",
            like=(lambda rr, ff, rf: off_diagonal(rr) - 2 * rf.mean(),
                  lambda rr, ff, rf: off_diagonal(ff) - 2 * rf.mean())),
)


def reach(points, k):
    """How far each point's k-th neighbour is, itself not counted."""
    return torch.cdist(points, points).kthvalue(k + 1, dim=1).values


def among(fake, real, radii):
    return torch.cdist(fake, real) < radii


def share(inside):
    return inside.double().mean()


def in_nearest(real, fake, k):
    distance, index = torch.cdist(fake, real).min(dim=1)
    return share(distance < reach(real, k)[index])


PRECISION_MISTAKES = (
    Mistake("itself", "Each ball is one neighbour too small: in the table of distances within one "
            "set, the nearest to each sample is the sample itself, at distance 0.",
            like=lambda r, f, k: share(among(f, r, reach(r, k - 1)).any(1))),
    Mistake("recall", "That is recall: the share of real samples in the balls of fakes. Precision "
            "asks about fakes, in the balls of real samples.",
            like=lambda r, f, k: precision(f, r, k)),
    Mistake("coverage", "That is coverage: it counts the balls that have a fake inside. Precision "
            "counts the fakes that are inside a ball. Where does each fake have its row?",
            like=lambda r, f, k: share(among(f, r, reach(r, k)).any(0))),
    Mistake("density", "That is density: it counts in how many balls each fake lies. For precision "
            "one ball is enough, and a second adds nothing.",
            like=lambda r, f, k: among(f, r, reach(r, k)).double().sum(1).mean() / k),
    Mistake("all_balls", "It wants each fake to lie in all of the balls. One ball is enough.",
            like=lambda r, f, k: share(among(f, r, reach(r, k)).all(1))),
    Mistake("pairs", "It counts pairs of a fake and a ball. Each fake should count once, inside or "
            "not.",
            like=(lambda r, f, k: share(among(f, r, reach(r, k))),
                  lambda r, f, k: among(f, r, reach(r, k)).sum() / len(f))),
    Mistake("fake_radii", "The balls have the fakes' radii. Those around real samples reach to the "
            "k-th *real* neighbour: the fakes must have no say in what counts as real.",
            like=lambda r, f, k: share(among(f, r, reach(f, k)[:, None]).any(1))),
    Mistake("one_radius", "One radius serves for all balls. Each real sample has its own: small "
            "where real samples are dense, large where they are rare.",
            like=(lambda r, f, k: share(among(f, r, reach(r, k).mean()).any(1)),
                  lambda r, f, k: share(among(f, r, reach(r, k).max()).any(1)),
                  lambda r, f, k: share(among(f, r, reach(r, k).median()).any(1)))),
    Mistake("nearest_ball", "It only looks at the ball of the nearest real sample. A fake can be "
            "outside that one and inside the larger ball of a sample further away.",
            like=in_nearest),
    Mistake("squared", "It compares a squared distance with a radius that is not squared, or the "
            "other way round.",
            like=(lambda r, f, k: share((torch.cdist(f, r) ** 2 < reach(r, k)).any(1)),
                  lambda r, f, k: share(among(f, r, reach(r, k) ** 2).any(1)))),
    Mistake("outside", "It counts the fakes that lie in no ball. Those are the bad ones.",
            like=lambda r, f, k: 1 - precision(r, f, k)),
    Mistake("count", "It counts fakes. A share does not grow with the number of samples.",
            like=lambda r, f, k: among(f, r, reach(r, k)).any(1).sum()),
    Mistake("each", "It gives an answer for each fake. One number for all of them is asked for.",
            like=lambda r, f, k: among(f, r, reach(r, k)).any(1)),
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


def kernels(number, n, m, shift):
    """The three tables of a cubic kernel; without a shift the distance comes out below 0."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        r, f = (torch.randn(count, 3, generator=draw, dtype=torch.float64) for count in (n, m))
        moved = f + shift
        return {name: (x @ y.T / 3 + 1) ** 3
                for name, x, y in (("rr", r, r), ("ff", moved, moved), ("rf", r, moved))}
    return Probe(inputs, lambda results, inputs: number_called("KID", results), MMD_MISTAKES)


def clouds(number, k):
    """Real points, dense in the middle and sparse outside, and fakes among them and beyond."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        real, fake = (torch.randn(count, 2, generator=draw, dtype=torch.float64)
                      * torch.linspace(0.1, widest, count)[:, None]
                      for count, widest in ((41, 1.5), (83, 4.5)))
        return {"real": real, "fake": fake + 0.5, "k": k}
    return Probe(inputs,
                 lambda results, inputs: number_called("the share", results),
                 PRECISION_MISTAKES)


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
    Exercise("06.unbiased_mmd", unbiased_mmd,
             (kernels(1, 6, 6, 1.0), kernels(2, 7, 5, 1.0), kernels(4, 7, 5, 0.0)),
             ("Three means: of pairs of real images, of pairs of fakes, of mixed pairs. The first "
              "two leave something out.",
              "On the diagonal of `rr` each image meets itself. `rr.trace()` is the sum over it. "
              "How many entries are left?",
              "There are N (N - 1) entries off the diagonal of `rr`, and M (M - 1) off that of "
              "`ff`. The mixed mean counts twice, with a minus."),
             "Real against real it is 0 on average, and below 0 about half of the time.",
             frozenset({"real", "fake"})),
    Exercise("06.precision", precision,
             (clouds(2, 4), clouds(1, 4)),
             ("Two tables of distances: from real to real, for the radii, and from fake to real, "
              "to see who is inside.",
              "`torch.cdist(real, real)` has a 0 in every row. `kthvalue` counts from 1, and gives "
              "values and indices.",
              "Radii: the (k + 1)-th value of each row. A fake is good if its row of "
              "`torch.cdist(fake, real) < radii` has any True."),
             "Exchange the roles of real and fake, and you have recall.",
             frozenset({"held_out", "fakes"})),
)
