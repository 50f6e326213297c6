"""The exercise of notebook deeper/14_stability: BigGAN's orthogonal regularisation."""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called
from gan_course.lessons.exercises._losses import of_its_gradient


def orthogonal_penalty(weight):
    """Sum of the squared inner products of different rows of weight (out, ...) -> scalar."""
    rows = weight.flatten(1)
    products = rows @ rows.T
    return (products - products.diag().diag()).square().sum()


def changed(flat=lambda weight: weight.flatten(1), away=lambda p: p.diag().diag(),
            end=lambda p: p.square().sum()):
    """A wrong penalty: other rows, something else taken away, or another end."""
    def penalty(weight):
        rows = flat(weight)
        products = rows @ rows.T
        return end(products - away(products))
    return penalty


MISTAKES = (
    Mistake("matrix", "It gives a matrix. A penalty is one number: the sum of the squares.",
            when=lambda seen: isinstance(seen.get("the penalty"), torch.Tensor)
            and seen["the penalty"].dim() > 0),
    Mistake("unit_length", "The rows are asked to have length 1, too: that is the older penalty, "
            "|W W^T - I|². BigGAN leaves the diagonal out, so that the lengths stay free.",
            like=changed(away=lambda p: torch.eye(len(p)))),
    Mistake("diagonal", "The diagonal counts, too, so the penalty makes all weights smaller. Only "
            "pairs of *different* rows count.", like=changed(away=torch.zeros_like)),
    Mistake("columns", "It compares columns. Each *row* of the weight is the filter of one output "
            "channel.", like=changed(flat=lambda weight: weight.flatten(1).T)),
    Mistake("not_squared", "Without the square, positive and negative products cancel out.",
            like=(changed(end=torch.sum), changed(end=lambda p: p.abs().sum()))),
    Mistake("root", "It takes the root of the sum. Asked is the squared norm.",
            like=changed(end=lambda p: p.square().sum().sqrt())),
    Mistake("mean", "It takes the mean. The formula has a sum.",
            like=changed(end=lambda p: p.square().mean())),
    Mistake("once", "Each pair of rows counts once. In the formula the sum runs over the whole "
            "matrix, so it counts twice.", like=changed(end=lambda p: p.triu().square().sum())),
    Mistake("cosines", "The rows are divided by their lengths first. The formula has plain inner "
            "products.", like=changed(flat=lambda weight: torch.nn.functional.normalize(
                weight.flatten(1), dim=1))),
    Mistake("not_flat", "A convolution's weight has four dimensions. Make a matrix of it first, "
            "with one row for each output channel: `weight.flatten(1)`.",
            when=lambda seen: "the error" in seen),
)


def weights(seed, *shape):
    return lambda: {"weight": torch.randn(*shape, generator=torch.Generator().manual_seed(seed))}


def the_penalty(results, inputs):
    return number_called("the penalty", results)


EXERCISES = (
    Exercise("14.orthogonal_penalty", orthogonal_penalty,
             (Probe(weights(1, 4, 6), the_penalty, MISTAKES),
              Probe(weights(2, 5, 3, 2, 2), the_penalty, MISTAKES),
              of_its_gradient(Probe(weights(1, 4, 6), the_penalty), "weight")),
             ("Make a matrix with one row for each output, and multiply it by its transpose.",
              "`rows @ rows.T` has all inner products. Those of a row with itself stand on the "
              "diagonal; take them out.",
              "`products = rows @ rows.T`, then "
              "`(products - products.diag().diag()).square().sum()`"),
             "Rows may have any length, and are asked to point in different directions."),
)
