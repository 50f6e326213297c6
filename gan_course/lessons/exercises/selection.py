"""The exercise of notebook deeper/17_selection: choosing on one half and reporting on the other."""
import torch

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def choose(right_a, right_b):
    """Choose the best of K classifiers on A: its accuracy there, and its accuracy on B."""
    on_a, on_b = right_a.float().mean(dim=1), right_b.float().mean(dim=1)
    best = on_a.argmax()
    return on_a[best], on_b[best]


def four_classifiers() -> dict:
    """Four classifiers: the second is best on A, the third on B, and the fourth on both together.
    """
    right_a = torch.tensor([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 1, 1, 0, 0], [1, 0, 1, 1, 1]])
    right_b = torch.tensor([[1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1, 0],
                            [1, 1, 0, 1, 1, 1, 0]])
    return {"right_a": right_a.bool(), "right_b": right_b.bool()}


def two_numbers(results: list, inputs: dict) -> Seen:
    if not results:
        return {}
    if isinstance(results[0], tuple | list) and len(results[0]) == 2:
        return (number_called("the accuracy on A", [results[0][0]])
                | number_called("the accuracy on B", [results[0][1]]))
    return number_called("the result", results)


def of(a, b):
    """Two numbers from the accuracies of each classifier on A and on B."""
    def choose(right_a, right_b):
        on_a, on_b = right_a.double().mean(dim=1), right_b.double().mean(dim=1)
        return a(on_a, on_b), b(on_a, on_b)
    return choose


OF_THE_CHOICE = (
    Mistake("not_two", "Asked are two numbers: the accuracy of the chosen classifier on A, and "
            "then that on B.", when=lambda seen: "the result" in seen),
    Mistake("best_of_both", "It takes the best on A and the best on B. These are different "
            "classifiers, and the second number was chosen on the data that it is reported on.",
            like=of(lambda a, b: a.max(), lambda a, b: b.max())),
    Mistake("chosen_on_b", "It chooses on B. Then B is the half that flatters, and A is the honest "
            "one.", like=of(lambda a, b: a[b.argmax()], lambda a, b: b.max())),
    Mistake("on_both", "It chooses by both halves together. Then no half is left that had no part "
            "in the choice.", like=of(lambda a, b: a[(a + b).argmax()],
                                      lambda a, b: b[(a + b).argmax()])),
    Mistake("mean", "The second number is the mean over all classifiers. Asked is the accuracy of "
            "the one that was chosen.", like=of(lambda a, b: a.max(), lambda a, b: b.mean())),
    Mistake("order", "The two numbers are exchanged: first A, then B.",
            like=of(lambda a, b: b[a.argmax()], lambda a, b: a.max())),
    Mistake("booleans", "A table of truth values has no mean. Turn it into numbers first.",
            when=lambda seen: "Bool" in seen.get("the error", "")),
)


EXERCISES = (
    Exercise("17.choose", choose, (Probe(four_classifiers, two_numbers, OF_THE_CHOICE),), (
        "First an accuracy for each classifier on each half; then choose with the first ones.",
        "`right_a.float().mean(dim=1)` has an accuracy for each classifier, and `argmax()` says "
        "which is best.", "`best = on_a.argmax()`, and give back `on_a[best], on_b[best]`."),
        "The second number is the one to report.", frozenset({"halves"})),
)
