"""The obedience matrix of notebook 08: what was asked for, and what was drawn."""
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def obedience(asked, drawn, classes):
    """Row i, column j: of the pictures asked to be class i, the share that are class j.

    (N,), (N,) -> (classes, classes).
    """
    rows, columns = (nn.functional.one_hot(each, classes).double() for each in (asked, drawn))
    counts = rows.T @ columns                                       # (classes, classes)
    return counts / counts.sum(dim=1, keepdim=True)


def table(asked, drawn, classes):
    return one_hot(asked, classes).double().T @ one_hot(drawn, classes).double()


def per_row(counts):
    return counts / counts.sum(dim=1, keepdim=True)


def once(asked, drawn, classes):
    counts = torch.zeros(classes, classes, dtype=torch.float64)
    counts[asked, drawn] += 1
    return counts


OBEDIENCE_MISTAKES = (
    Mistake("accuracy", "It gives one number, how often the wish was granted. The matrix also says "
            "what came instead.",
            when=lambda seen: isinstance(seen.get("the matrix"), Tensor)
                              and seen["the matrix"].dim() == 0),
    Mistake("diagonal", "It gives one number for each class, the diagonal of the matrix. What was "
            "drawn instead is lost.",
            when=lambda seen: isinstance(seen.get("the matrix"), Tensor)
                              and seen["the matrix"].dim() == 1),
    Mistake("counts", "It gives counts. How large they are depends on how often a class was asked "
            "for; shares of each row can be compared.",
            like=table),
    Mistake("transposed", "Asked and drawn have changed places. A row is what was asked, a column "
            "what came; each row should sum to 1.",
            like=(lambda a, d, k: per_row(table(a, d, k)).T, lambda a, d, k: table(a, d, k).T)),
    Mistake("by_drawn", "The shares are taken of what was drawn: of all the pictures that look "
            "like class j, how many had been asked to be class i? That is the other question. "
            "Divide by how often each class was asked for.",
            like=(lambda a, d, k: table(a, d, k) / table(a, d, k).sum(0),
                  lambda a, d, k: per_row(table(d, a, k)),
                  lambda a, d, k: table(a, d, k) / table(a, d, k).sum(0).clamp(min=1))),
    Mistake("of_all", "The shares are taken of all pictures together, so a class that was asked "
            "for twice as often looks twice as obedient.",
            like=lambda a, d, k: table(a, d, k) / len(a)),
    Mistake("equal_counts", "It divides every row by the same number, as if each class had been "
            "asked for equally often. Count how often each one was.",
            like=(lambda a, d, k: table(a, d, k) * k / len(a),
                  lambda a, d, k: table(a, d, k) / table(a, d, k).sum(1).max())),
    Mistake("wrong_axis", "The row sums are right, but they divide the columns: a vector of K "
            "numbers is laid along the rows when it meets a table. Keep the dimension that you sum "
            "over.",
            like=lambda a, d, k: table(a, d, k) / table(a, d, k).sum(1)),
    Mistake("counted_once", "A pair that comes several times counts only once: `counts[asked, "
            "drawn] += 1` writes each place a single time, however often it is named. Use "
            "something that adds up.",
            like=(lambda a, d, k: per_row(once(a, d, k)), once)),
    Mistake("percent", "It is given in per cent. The course keeps shares between 0 and 1, and "
            "multiplies only for the eye.",
            like=lambda a, d, k: 100 * per_row(table(a, d, k))),
    Mistake("disobedience", "It gives the share of the others, one minus the answer.",
            like=lambda a, d, k: 1 - per_row(table(a, d, k))),
)


def wishes(asked, drawn, classes):
    """What was asked for, each class another number of times, and what came."""
    def inputs():
        return {"asked": torch.tensor(asked), "drawn": torch.tensor(drawn), "classes": classes}
    return Probe(inputs,
                 lambda results, inputs: number_called("the matrix", results),
                 OBEDIENCE_MISTAKES)


EXERCISES = (
    Exercise("08.obedience", obedience,
             (wishes([0, 0, 0, 1, 1, 2, 2, 2, 2, 2], [0, 0, 1, 1, 1, 2, 2, 0, 0, 2], 3),
              wishes([3, 3, 1, 0, 0, 0, 2, 1, 1, 1, 3, 0, 0],
                     [1, 3, 1, 0, 2, 0, 0, 1, 1, 0, 1, 0, 0], 4)),
             ("First count, for each pair of classes, how often the one was asked and the other "
              "came. Then turn counts into shares.",
              "`nn.functional.one_hot(asked, classes)` is (N, classes), and so is that of drawn. "
              "Which product of the two counts pairs?",
              "The counts are the transpose of the first times the second, `rows.T @ columns`; "
              "divide each row by its sum, with `keepdim=True`."),
             "The diagonal is obedience, class by class.",
             frozenset({"K", "the_judge"})),
)
