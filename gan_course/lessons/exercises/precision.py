"""Precision by hand (notebook 06)."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def precision(real, fake, k):
    """The share of fakes (M, d) in the ball of some real sample (N, d).

    A ball reaches to the k-th neighbour.
    """
    # (N,); the nearest of all is the sample itself
    radii = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
    inside = torch.cdist(fake, real) < radii                        # (M, N)
    return inside.any(dim=1).double().mean()


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
