"""The exercise of notebook deeper/14_contrastive: ContraGAN's loss."""
import torch
from torch.nn.functional import normalize

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, number_called
from gan_course.lessons.exercises._losses import of_its_gradient


def contrastive_loss(l, e, y, t):
    """2C loss of embeddings l (N, d) with label vectors e (N, d), labels y (N,), temperature t."""
    l, e = normalize(l, dim=1), normalize(e, dim=1)
    label = ((l * e).sum(dim=1) / t).exp()
    others = (l @ l.T / t).exp() * (1 - torch.eye(len(l), device=l.device))
    same = y[:, None] == y
    return -((label + (others * same).sum(dim=1)) / (label + others.sum(dim=1))).log().mean()


def changed(unit=True, itself=0.0, with_label=(1, 1), members=True, heat=lambda t: t,
            end=torch.mean, sign=-1):
    """A wrong answer that differs from the loss in one place."""
    def loss(l, e, y, t):
        if unit:
            l, e = normalize(l, dim=1), normalize(e, dim=1)
        label = ((l * e).sum(dim=1) / heat(t)).exp()
        others = (l @ l.T / heat(t)).exp() * (1 - (1 - itself) * torch.eye(len(l)))
        above = label * with_label[0] + (others * (y[:, None] == y)).sum(dim=1) * members
        return end(sign * (above / (label * with_label[1] + others.sum(dim=1))).log())
    return loss


MISTAKES = (
    Mistake("vector", "It gives a number for each image. A loss is one number: the mean.",
            when=lambda seen: isinstance(seen.get("the loss"), torch.Tensor)
                              and seen["the loss"].dim() > 0),
    Mistake("no_cosine", "These are inner products. For a cosine both vectors have length 1, or D "
            "could lower the loss by making its embeddings longer.", like=changed(unit=False)),
    Mistake("itself", "Each image is compared with itself, too, and the cosine of that is always "
            "1. The sums leave out k = i.", like=changed(itself=1.0)),
    Mistake("no_label", "The label vector is missing. It is one more member of the class, and "
            "the only one that a class with one image in the mini-batch has.",
            like=changed(with_label=(0, 0))),
    Mistake("label_above", "The label vector stands above the line only. Above stands a part of "
            "what stands below, so that the fraction cannot be larger than 1.",
            like=changed(with_label=(1, 0))),
    Mistake("no_members", "Above the line stands the label vector alone, so two images of one "
            "class push each other away.", like=changed(members=False)),
    Mistake("temperature", "It multiplies by the temperature. Divide: a low one makes the "
            "differences larger.", like=changed(heat=lambda t: 1 / t)),
    Mistake("sum", "It sums over the mini-batch. Take the mean.", like=changed(end=torch.sum)),
    Mistake("sign", "The minus is missing: this would be lowest where the classes are mixed.",
            like=changed(sign=1)),
)


def embeddings(seed):
    def inputs():
        draw = torch.Generator().manual_seed(seed)
        l, e = torch.randn(9, 4, generator=draw), torch.randn(3, 4, generator=draw)
        y = torch.tensor([0, 1, 2, 0, 1, 0, 0, 1, 0])
        return {"l": 1.5 * l, "e": e[y], "y": y, "t": 0.5}
    return inputs


def loss_value(results, inputs):
    return number_called("the loss", results)


EXERCISES = (
    Exercise("14.contrastive_loss", contrastive_loss,
             (Probe(embeddings(1), loss_value, MISTAKES), Probe(embeddings(2), loss_value),
              of_its_gradient(Probe(embeddings(1), loss_value), "l", "e")),
             ("Make all vectors of length 1; then cosines are inner products.",
              "`l @ l.T` has all cosines between images. `1 - torch.eye(N)` takes out the "
              "diagonal, and `y[:, None] == y` says which two images are of one class.",
              "Above: `label + (others * same).sum(dim=1)`. Below: `label + others.sum(dim=1)`. "
              "Then minus the log of the fraction, and the mean."),
             "Images with one label are drawn together, and all others are pushed away."),
)
