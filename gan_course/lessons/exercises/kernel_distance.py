"""The unbiased estimate of the squared MMD by hand (notebook 06)."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def unbiased_mmd(rr, ff, rf):
    """KID from the kernels of all pairs: rr (N, N), ff (M, M), rf (N, M) -> scalar."""
    n, m = rf.shape
    within_real = (rr.sum() - rr.trace()) / (n * (n - 1))  # the diagonal pairs an image with itself
    within_fake = (ff.sum() - ff.trace()) / (m * (m - 1))
    return within_real + within_fake - 2 * rf.mean()


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


def kernels(number, n, m, shift):
    """The three tables of a cubic kernel; without a shift the distance comes out below 0."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        r, f = (torch.randn(count, 3, generator=draw, dtype=torch.float64) for count in (n, m))
        moved = f + shift
        return {name: (x @ y.T / 3 + 1) ** 3
                for name, x, y in (("rr", r, r), ("ff", moved, moved), ("rf", r, moved))}
    return Probe(inputs, lambda results, inputs: number_called("KID", results), MMD_MISTAKES)


EXERCISES = (
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
)
