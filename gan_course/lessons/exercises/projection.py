"""The projection of notebook 08: how D takes the label into its logit."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called


def projection_logit(phi, y, w, b, V):
    """psi(phi) + v_y . phi for each picture.

    phi (N, d), y (N,), psi(phi) = w . phi + b, V (K, d) -> (N,).
    """
    psi = phi @ w + b                                               # (N,)
    return psi + (V[y] * phi).sum(dim=1)


def logit(term, psi=lambda phi, w, b: phi @ w + b):
    """psi plus some other term of the label."""
    return lambda phi, y, w, b, V: psi(phi, w, b) + term(phi, y, V)


def inner(phi, y, V):
    return (V[y] * phi).sum(dim=1)


def shaped(*shape):
    """Whether the result came as a table of this shape."""
    return lambda seen: isinstance(seen.get("the logit"),
                                   Tensor) and tuple(seen["the logit"].shape) == shape


N, D_FEATURES, K = 6, 5, 4

PROJECTION_MISTAKES = (
    Mistake("all_classes", "It gives a logit for every class. D is asked about one pair of a "
            "picture and a label: from each row you need the entry of that picture's own label.",
            when=shaped(N, K)),
    Mistake("all_pairs", "It pairs every label with every picture, so the answer is a table. "
            "Picture i goes with label i only: multiply entry by entry, then add up.",
            when=shaped(N, N)),
    Mistake("not_summed", "It stops before the sum: there is a number for each feature. An inner "
            "product is the sum over the features.",
            when=shaped(N, D_FEATURES)),
    Mistake("one_number", "The whole batch gets one number. Each picture has a logit of its own.",
            when=shaped()),
    Mistake("over_batch", "The sum runs over the whole batch, so each picture's logit depends on "
            "its neighbours. Along which dimension do the features lie?",
            like=(logit(lambda phi, y, V: (V[y] * phi).sum()),
                  logit(lambda phi, y, V: (V[y] * phi).mean()))),
    Mistake("mean", "It takes the mean over the features. The inner product is a sum; with the "
            "mean, the label would weigh less the more features there are.",
            like=logit(lambda phi, y, V: (V[y] * phi).mean(dim=1))),
    Mistake("no_psi", "The part without the label is missing. Then D can say whether the picture "
            "fits its label, and not whether it is a good picture.",
            like=lambda phi, y, w, b, V: inner(phi, y, V)),
    Mistake("no_bias", "The number b is missing: psi is linear with a constant.",
            like=logit(inner, lambda phi, w, b: phi @ w)),
    Mistake("blind", "The label does not count, so this D is blind to it. Which term of the "
            "formula has a y in it?",
            like=(logit(lambda phi, y, V: 0), logit(lambda phi, y, V: (phi @ V.T).sum(1)),
                  logit(lambda phi, y, V: (phi @ V.T).amax(1)),
                  logit(lambda phi, y, V: (V.mean(0) * phi).sum(1)))),
    Mistake("other_class", "It uses the row of another class. Row number y of V belongs to class "
            "y, counted from 0.",
            like=(logit(lambda phi, y, V: inner(phi, y - 1, V)),
                  logit(lambda phi, y, V: inner(phi, (y + 1) % len(V), V)),
                  logit(lambda phi, y, V: inner(phi, torch.arange(len(y)) % len(V), V)),
                  logit(lambda phi, y, V: inner(phi, 0 * y, V)))),
    Mistake("classifier", "It is how sure a classifier would be of the label, normalised over all "
            "classes. The normaliser depends on the picture only; in the derivation it has gone "
            "into psi.",
            like=(logit(lambda phi, y, V: (phi @ V.T).log_softmax(1).gather(1, y[:, None])[:, 0]),
                  logit(lambda phi, y, V: (phi @ V.T).softmax(1).gather(1, y[:, None])[:, 0]))),
    Mistake("sign", "The inner product is subtracted. It is the log of p(y|x) / q(y|x): large "
            "where the real data have this label more often than the fakes.",
            like=logit(lambda phi, y, V: -inner(phi, y, V))),
    Mistake("sigmoid", "It sends the answer through a sigmoid. Discriminators of this course give "
            "raw logits.",
            like=lambda *given: projection_logit(*given).sigmoid()),
    Mistake("cosine", "It divides by the lengths of the vectors. The inner product of the "
            "derivation has lengths: a long v_y means that the label matters much.",
            like=logit(lambda phi, y, V: torch.cosine_similarity(V[y], phi, dim=1))),
)


def pairs(number, labels):
    """Features of six pictures, their labels, psi and the directions of four classes."""
    def inputs():
        draw = torch.Generator().manual_seed(number)
        phi, V = (torch.randn(count, D_FEATURES, generator=draw) for count in (N, K))
        return {"phi": phi, "y": torch.tensor(labels), "w": torch.randn(D_FEATURES, generator=draw),
                "b": torch.tensor(0.7), "V": V}
    return Probe(inputs,
                 lambda results, inputs: number_called("the logit", results),
                 PROJECTION_MISTAKES)


EXERCISES = (
    Exercise("08.projection_logit", projection_logit,
             (pairs(1, [2, 0, 3, 3, 1, 0]), pairs(2, [3, 3, 0, 1, 2, 1])),
             ("Two parts: one for the picture alone, one for the picture with its label. Both have "
              "the shape (N,).",
              "`V[y]` picks for each picture the row of its label: (N, d). What does an inner "
              "product do with two such tables, row by row?",
              "psi is `phi @ w + b`; the other part is `V[y] * phi`, summed over the features."),
             "It costs K rows of numbers more than a D without labels, and no other layer.",
             frozenset({"D"})),
)
