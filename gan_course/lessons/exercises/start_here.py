"""The exercises of notebook 00, to learn how exercises work: where a number stands, and how often a
discriminator is right.
"""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def between(value, floor, ceiling):
    """Where a number stands on the way from the floor (0) to the ceiling (1)."""
    return (value - floor) / (ceiling - floor)


def accuracy(D_on_real, D_on_fake):
    """How often D is right, 0 to 1: it should be above 1/2 on the real ones and below it on the
    fakes, equally many of each.
    """
    return ((D_on_real > 0.5).float().mean() + (D_on_fake < 0.5).float().mean()) / 2


BETWEEN_MISTAKES = (
    Mistake("no_floor", "The floor does not count here, so what one gets for nothing passes for "
            "progress. What should come out when the value is the floor itself?",
            like=(lambda v, f, c: v / c, lambda v, f, c: v)),
    Mistake("not_divided", "It says how far above the floor the value is, but not how far it could "
            "have gone. At the ceiling it should give 1.",
            like=lambda v, f, c: v - f),
    Mistake("half_a_floor", "The floor is taken off above the line or below it, but not in both "
            "places. At the ceiling it should give 1, at the floor 0.",
            like=(lambda v, f, c: (v - f) / c, lambda v, f, c: v / (c - f))),
    Mistake("turned_round", "It runs the wrong way: the better the value, the smaller the result. "
            "Which end of the way is 0?",
            like=(lambda v, f, c: (c - v) / (c - f), lambda v, f, c: c - v)),
    Mistake("brackets", "Python divides before it subtracts. Put brackets around what belongs "
            "together, above the line and below it.",
            like=(lambda v, f, c: v - f / c - f, lambda v, f, c: (v - f) / c - f,
                  lambda v, f, c: v - f / (c - f))),
    Mistake("upside_down", "What stands above the line belongs below it.",
            like=lambda v, f, c: (c - f) / (v - f)),
    Mistake("percent", "This is in percent. The share itself is asked for, from 0 to 1.",
            like=lambda v, f, c: 100 * (v - f) / (c - f)),
)
ACCURACY_MISTAKES = (
    Mistake("real_only", "Only the real ones are counted. A D that calls everything real would be "
            "perfect; what about the fakes?",
            like=lambda r, f: (r > 0.5).float().mean()),
    Mistake("fake_only", "Only the fakes are counted. A D that calls everything fake would be "
            "perfect; what about the real ones?",
            like=lambda r, f: (f < 0.5).float().mean()),
    Mistake("calls_real", "It counts how often D says real, right or wrong. When is D right about "
            "a fake?",
            like=lambda r, f: ((r > 0.5).float().mean() + (f > 0.5).float().mean()) / 2),
    Mistake("wrong_way", "It counts the mistakes of D instead of what it gets right.",
            like=lambda r, f: ((r < 0.5).float().mean() + (f > 0.5).float().mean()) / 2),
    Mistake("mean_of_probabilities", "It takes the mean of what D says. Being right is a matter of "
            "yes or no: on which side of one half?",
            like=(lambda r, f: (r.mean() + (1 - f).mean()) / 2,
                  lambda r, f: (r.mean() + f.mean()) / 2)),
    Mistake("sum_of_shares", "Two shares are added, so that a perfect D reaches 2. Real and fake "
            "are equally many: each counts for half.",
            like=lambda r, f: (r > 0.5).float().mean() + (f < 0.5).float().mean()),
    Mistake("count", "This is a count, which grows with the number of examples. A share divides it "
            "by how many there are.",
            like=lambda r, f: (r > 0.5).sum() + (f < 0.5).sum()),
    Mistake("each", "It gives an answer for each example. One number for all of them is asked for.",
            like=(lambda r, f: torch.cat([r > 0.5, f < 0.5]),
                  lambda r, f: torch.cat([r > 0.5, f < 0.5]).float())),
)


def a_score():
    return {"value": 0.7, "floor": 0.3, "ceiling": 0.95}


def a_loss():
    # of a distance, small is good: the ceiling lies below
    return {"value": 1.7, "floor": 5.0, "ceiling": 0.5}


def verdicts():
    return {"D_on_real": torch.tensor([0.9, 0.8, 0.3, 0.7, 0.6, 0.95, 0.2, 0.85]),
            "D_on_fake": torch.tensor([0.1, 0.6, 0.2, 0.4, 0.75, 0.3, 0.55, 0.05])}


def place(results, inputs):
    return number_called("the place", results)


def share(results, inputs):
    return number_called("the share", results)


EXERCISES = (
    Exercise("00.between", between,
             (Probe(a_score, place, BETWEEN_MISTAKES), Probe(a_loss, place, BETWEEN_MISTAKES)),
             ("What should come out when the value is the floor? And when it is the ceiling? Those "
              "two answers are 0 and 1.",
              "How far has the value come from the floor? How long is the whole way?",
              "The first of these divided by the second; mind the brackets."),
             "It works for distances too, where small is good and the ceiling lies below the "
             "floor."),
    Exercise("00.accuracy", accuracy,
             (Probe(verdicts, share, ACCURACY_MISTAKES),),
             ("When is D right about a real one? When about a fake? Both are comparisons with 0.5.",
              "A comparison gives True or False for each example; as floats these are 1 and 0, and "
              "their mean is a share.",
              "Two shares, one for the real ones and one for the fakes, and their mean, since both "
              "are equally many."),
             "A D that knows nothing reaches one half. That is its floor."),
)
