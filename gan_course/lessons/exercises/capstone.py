"""Exercises of notebook 19: a threshold from the spread over seeds, a difference of two methods
with its error, and a report scored with the rubric.
"""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def threshold(scores, k):
    """What the mean of k new runs reaches nearly always, from n scores (n,) where high is good."""
    n = len(scores)
    error = scores.std() * (1 / n + 1 / k) ** 0.5
    return scores.mean() - 3 * error


def paired_difference(first, second):
    """The mean difference of two methods, second - first, and its standard error; (n,) each, run i
    of both with the same seed.
    """
    difference = second - first
    return difference.mean(), difference.std() / len(difference) ** 0.5


def points():
    """The points of the report above."""
    return {"question": 2, "baselines": 0, "seeds": 0, "measures": 2, "refutation": 2}


def with_error(error, sign=-1, centre=torch.mean):
    """A wrong threshold with this error, (scores, k) -> scalar."""
    return lambda scores, k: centre(scores) + sign * 3 * error(scores, k)


THRESHOLD_MISTAKES = (
    Mistake("worst", "This is the worst of your runs. The next run is below the worst of n with "
            "probability 1 / (n + 1), so of three runs every fourth new one misses it.",
            like=lambda scores, k: scores.min()),
    Mistake("no_margin", "This is the mean itself. Half of all new means lie below it.",
            like=lambda scores, k: scores.mean()),
    Mistake("sign", "High is good here, so a claim that is to hold needs a threshold *below* the "
            "mean.", like=with_error(lambda s, k: s.std() * (1 / len(s) + 1 / k) ** 0.5, 1)),
    Mistake("own_error", "This is how well *your* mean is known. The mean of k new runs scatters "
            "as well: its variance comes on top.",
            like=with_error(lambda s, k: s.std() / len(s) ** 0.5)),
    Mistake("new_only", "The k new runs scatter, and so do your own n, from which you know the "
            "mean. Add both variances.", like=with_error(lambda s, k: s.std() / k ** 0.5)),
    Mistake("single_run", "The standard deviation says how a single run scatters. A mean of k runs "
            "scatters less, and your own mean scatters too: divide the variance by k and by n, and "
            "add.", like=with_error(lambda s, k: s.std())),
    Mistake("errors_added", "Variances add up, standard deviations do not: take the root of the "
            "sum, not the sum of the roots.",
            like=with_error(lambda s, k: s.std() * (len(s) ** -0.5 + k ** -0.5))),
    Mistake("divided_by_n", "The standard deviation is divided by n. With few runs that is too "
            "small: `scores.std()` divides by n - 1.",
            like=with_error(lambda s, k: s.std(correction=0) * (1 / len(s) + 1 / k) ** 0.5)),
    Mistake("one_error", "One standard error below the mean is missed by about every sixth new "
            "mean. Three are asked for.",
            like=lambda s, k: s.mean() - s.std() * (1 / len(s) + 1 / k) ** 0.5),
    Mistake("variance", "The variance stands where its root belongs: it does not even have the "
            "unit of a score.",
            like=(with_error(lambda s, k: s.var() * (1 / len(s) + 1 / k)),
                  with_error(lambda s, k: s.std() * (1 / len(s) + 1 / k)))),
)
DIFFERENCE_MISTAKES = (
    Mistake("turned_round", "The difference runs the wrong way: it should be positive if the "
            "second method is better.",
            like=lambda a, b: ((a - b).mean(), (a - b).std() / len(a) ** 0.5)),
    Mistake("unpaired", "The two spreads are added as if the runs had nothing to do with each "
            "other. Run i of both began with the same seed: take the differences first.",
            like=lambda a, b: (b.mean() - a.mean(), ((a.var() + b.var()) / len(a)) ** 0.5)),
    Mistake("best", "This compares the best run of each. The best of many is a matter of luck and "
            "of how many there were.",
            like=lambda a, b: (b.max() - a.max(), (b - a).std() / len(a) ** 0.5)),
    Mistake("single_run", "This is how one difference scatters. Their mean scatters less: divide "
            "by the root of n.", like=lambda a, b: ((b - a).mean(), (b - a).std())),
    Mistake("divided_by_n", "The standard deviation of the mean shrinks with the root of n, not "
            "with n.", like=lambda a, b: ((b - a).mean(), (b - a).std() / len(a))),
    Mistake("biased", "With few runs the standard deviation has to be divided by n - 1, as "
            "`std()` does by itself.",
            like=lambda a, b: ((b - a).mean(), (b - a).std(correction=0) / len(a) ** 0.5)),
    Mistake("one_number", "Two numbers are asked for: the mean difference, and its standard "
            "error.", when=lambda seen: seen.get("how many numbers") == 1),
)
RIGHT_POINTS = points()
POINTS_MISTAKES = (
    Mistake("not_a_table", "A dictionary is asked for, with 0, 2 or 4 for each of the five "
            "criteria: question, baselines, seeds, measures, refutation.",
            when=lambda seen: not seen.get("the five criteria")),
    Mistake("levels", "A criterion has 0, 2 or 4 points, and nothing between.",
            when=lambda seen: any(seen[key] not in ("0", "2", "4") for key in RIGHT_POINTS)),
    Mistake("seeds", "Read again what became of the fourth training. A mean without the run that "
            "failed answers another question: how good is it when it works?",
            when=lambda seen: seen["seeds"] != "0"),
    Mistake("baselines", "The Fréchet distance of 11.3 stands alone. Nobody can say whether that "
            "is near: a floor is missing, real pictures against real pictures, with 200 against "
            "2,000 as here.",
            when=lambda seen: seen["baselines"] != "0"),
    Mistake("question", "There is a question, and “clearly better” was written before the run, but "
            "no number was: nearly any result would have confirmed it.",
            when=lambda seen: seen["question"] != "2"),
    Mistake("measures", "Fréchet distance and precision are two measures, and a generator that "
            "drops half of the classes or copies can please both well. Nobody looked.",
            when=lambda seen: seen["measures"] != "2"),
    Mistake("refutation", "A control is named, and was not run. The rubric has a level for that.",
            when=lambda seen: seen["refutation"] != "2"),
)


def of_a_score():
    return {"scores": torch.tensor([0.71, 0.64, 0.69, 0.75, 0.58, 0.66]), "k": 3}


def of_a_distance():
    # turned into a score by its sign
    return {"scores": torch.tensor([-7.1, -6.2, -9.0]), "k": 1}


def of_two_methods():
    return {"first": torch.tensor([0.50, 0.61, 0.44, 0.58]),
            "second": torch.tensor([0.55, 0.62, 0.52, 0.61])}


def the_threshold(results, inputs):
    return number_called("the threshold", results)


def the_difference(results, inputs):
    if not results:
        return {}
    parts = list(results[0]) if isinstance(results[0], tuple | list) else [results[0]]
    seen = {"how many numbers": len(parts)}
    for name, part in zip(("the mean difference", "its standard error"), parts, strict=False):
        seen |= number_called(name, [part])
    return seen


def the_points(results, inputs):
    given = results[0] if results and isinstance(results[0], dict) else {}
    return {"the five criteria": given.keys() == RIGHT_POINTS.keys(),
            **{key: str(given.get(key)) for key in RIGHT_POINTS}}


EXERCISES = (
    Exercise("19.threshold", threshold,
             (Probe(of_a_score, the_threshold, THRESHOLD_MISTAKES),
              Probe(of_a_distance, the_threshold, THRESHOLD_MISTAKES)),
             ("Two means are compared: yours, of n runs, and that of the k runs that somebody else "
              "will make. Both scatter.",
              "The variance of a mean of n runs is s² / n. Those of the two means add up.",
              "`scores.mean() - 3 * scores.std() * (1 / n + 1 / k) ** 0.5`"),
             "For a distance, where small is good, hand over its negative."),
    Exercise("19.paired_difference", paired_difference,
             (Probe(of_two_methods, the_difference, DIFFERENCE_MISTAKES),),
             ("Both methods were run with the same seeds. What do you subtract first?",
              "`second - first` is one number for each seed. You want its mean, and how well that "
              "mean is known.",
              "`d = second - first`, then `d.mean()` and `d.std() / len(d) ** 0.5`."),
             "A difference of less than two or three standard errors says nothing yet.",
             frozenset({"difference"})),
    Exercise("19.points", points,
             (Probe(dict, the_points, POINTS_MISTAKES),),
             ("Take the criteria one by one, and look in the report for the sentence that earns "
              "the points. No sentence, no points.",
              "Which run is missing in the mean? What could 11.3 be compared with? What was "
              "written before the run?",
              "question 2, baselines 0, seeds 0; and for measures and refutation think of the "
              "middle level."),
             "6 of 20. None of its numbers is wrong; they just do not say what the title says."),
)
