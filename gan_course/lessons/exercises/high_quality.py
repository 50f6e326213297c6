"""The share of good points, in notebook 03."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def high_quality_share(points, centres, sd):
    """The share of points (N, d) that lie within 3 sd of the nearest of the centres (K, d): a
    number from 0 to 1.
    """
    nearest = torch.cdist(points, centres).min(dim=1).values        # (N,)
    return (nearest <= 3 * sd).float().mean().item()


def near(points, centres):
    return torch.cdist(points, centres).min(dim=1).values


def within(distance, limit):
    return (distance <= limit).float().mean()


SHARE_MISTAKES = (
    Mistake("vector", "It gives one answer for each point. The share is one number for all of "
            "them: how many of how many?",
            when=lambda seen: seen["the share"].dim() > 0
                              if isinstance(seen.get("the share"), torch.Tensor) else False),
    Mistake("mean_distance", "This is a mean distance. One stray point far away would spoil it; "
            "the share only asks of each point whether it is near enough.",
            like=(lambda p, c, sd: near(p, c).mean(), lambda p, c, sd: torch.cdist(p, c).mean(),
                  lambda p, c, sd: near(p, c).mean() / sd)),
    Mistake("squared", "It compares a squared distance with a distance that is not squared (or the "
            "other way round). Squares on both sides, or on neither.",
            like=(lambda p, c, sd: within(near(p, c) ** 2, 3 * sd),
                  lambda p, c, sd: within(near(p, c), (3 * sd) ** 2),
                  lambda p, c, sd: within(near(p, c), 3 * sd ** 2),
                  lambda p, c, sd: within(near(p, c) ** 2, 3 * sd ** 2))),
    Mistake("one_sd", "It uses another radius than 3 sd. Within 1 sd lie only 39 % of even a "
            "perfect sampler's points in the plane, within 2 sd 86 %.",
            like=(lambda p, c, sd: within(near(p, c), sd),
                  lambda p, c, sd: within(near(p, c), 2 * sd))),
    Mistake("no_sd", "The standard deviation does not count: it uses a fixed radius of 3.",
            like=lambda p, c, sd: within(near(p, c), 3)),
    Mistake("pairs", "It counts pairs of a point and a centre, so that a point between two centres "
            "counts twice. Only the nearest centre of each point matters.",
            like=(lambda p, c, sd: (torch.cdist(p, c) <= 3 * sd).sum() / len(p),
                  lambda p, c, sd: (torch.cdist(p, c) <= 3 * sd).sum(),
                  lambda p, c, sd: within(torch.cdist(p, c), 3 * sd))),
    Mistake("count", "It counts the good points. A share does not grow with the number of points "
            "drawn.",
            like=lambda p, c, sd: (near(p, c) <= 3 * sd).sum()),
    Mistake("percent", "It is given in per cent. The course keeps shares between 0 and 1, and "
            "multiplies only for the eye.",
            like=lambda p, c, sd: 100 * within(near(p, c), 3 * sd)),
    Mistake("bad_points", "This is the share of the points that are too far away. The good ones "
            "are the others.",
            like=lambda p, c, sd: 1 - within(near(p, c), 3 * sd)),
    Mistake("wrong_dim", "It looks for the nearest point of each centre, and so counts centres. "
            "For each point, the nearest centre: along which dimension is the smallest?",
            like=lambda p, c, sd: within(torch.cdist(p, c).min(0).values, 3 * sd)),
    Mistake("farthest", "It asks for the farthest centre. A good point is near one of them.",
            like=lambda p, c, sd: within(torch.cdist(p, c).max(1).values, 3 * sd)),
    Mistake("one_centre", "It compares all points with a single place, the first centre or the "
            "middle of all. Each point has a nearest centre of its own.",
            like=(lambda p, c, sd: within((p - c.mean(0)).norm(dim=1), 3 * sd),
                  lambda p, c, sd: within((p - c[0]).norm(dim=1), 3 * sd))),
    Mistake("box", "It measures each coordinate by itself (or adds the two), so its neighbourhoods "
            "are squares. The distance that goes with a round Gaussian is the Euclidean one.",
            like=(lambda p, c, sd: within((p[:, None] - c).abs().amax(2).min(1).values, 3 * sd),
                  lambda p, c, sd: within((p[:, None] - c).abs().sum(2).min(1).values, 3 * sd),
                  lambda p, c, sd: within((p[:, None] - c).sum(2).abs().min(1).values, 3 * sd))),
)


def scatter(number):
    """197 points around five centres, two of which are close to each other, and where they lie."""
    def inputs():
        generator = torch.Generator().manual_seed(number)
        centres = torch.tensor([[0.1, 0.0], [0.9, 0.1], [-1.2, 0.6], [0.6, -1.4], [5.0, -5.0]])
        noise = 1.3 * torch.randn(197, 2, generator=generator)
        points = centres[torch.randint(4, (197,), generator=generator)] + noise
        return {"points": points, "centres": centres, "sd": 0.37}
    return inputs


def share(results, inputs):
    return number_called("the share", results)


EXERCISES = (
    Exercise("03.high_quality_share", high_quality_share,
             (Probe(scatter(1), share, SHARE_MISTAKES), Probe(scatter(2), share, SHARE_MISTAKES)),
             ("First all distances: a table with a row for each point and a column for each "
              "centre. `torch.cdist` makes it.",
              "From each row you need one number, the smallest. How many of these are small "
              "enough?",
              "`min(dim=1).values`, compared with 3 sd, is true or false for each point; the mean "
              "of that as a float is a share."),
             "A perfect sampler in the plane reaches 98.89 %.",
             frozenset({"moons", "quality", "perfect"})),
)
