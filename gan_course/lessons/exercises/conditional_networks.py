"""The networks of notebook 08: labels as vectors, BatchNorm that follows the label, and a
discriminator that compares an image with its label.
"""
import torch
from torch import nn

from gan_course.lessons.exercises._checking import Mistake
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class LabelEmbedding(nn.Module):
    """Labels y (N, F) -> vectors (N, dim): a table for each of the F labels, and their sum."""

    def __init__(self, sizes, dim):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, 0.0, 0.02)

    def forward(self, y):
        return sum(table(y[:, f]) for f, table in enumerate(self.tables))


class ConditionalBatchNorm(nn.Module):
    """h (N, channels, H, W), e (N, dim) -> (1 + gain(e)) * normalised h + shift(e)."""

    def __init__(self, channels, dim):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(dim, 2 * channels)

    def forward(self, h, e):
        gain, shift = self.affine(e)[:, :, None, None].chunk(2, dim=1)  # (N, channels, 1, 1) each
        return (1 + gain) * self.norm(h) + shift


class ProjectionDiscriminator(nn.Module):
    """x (N, channels, size, size), y (N, F) -> logits (N,): psi(phi(x)) + v(y) . phi(x)."""

    def __init__(self, sizes, channels, width, size):
        super().__init__()
        self.phi = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2), nn.Flatten(),
        )
        features = 2 * width * (size // 4) ** 2
        self.psi, self.v = nn.Linear(features, 1), LabelEmbedding(sizes, features)

    def forward(self, x, y):
        phi = self.phi(x)                                           # (N, features)
        return self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(dim=1)


# the embedding

class _Embedding(LabelEmbedding):
    """A wrong one: `joined` puts the vectors of the labels together in another way."""

    def forward(self, y):
        return self.joined([table(y[:, f]) for f, table in enumerate(self.tables)])


class _Mean(_Embedding):
    def joined(self, vectors):
        return sum(vectors) / len(vectors)


class _Product(_Embedding):
    def joined(self, vectors):
        return torch.stack(vectors).prod(dim=0)


class _SameColumn(LabelEmbedding):
    def forward(self, y):
        return sum(table(y[:, 0]) for table in self.tables)


EMBEDDING_MISTAKES = (
    Mistake("mean", "It takes the mean of the vectors. Asked is their sum. The mean would train as "
            "well, but the check compares numbers.",
            like=_Mean),
    Mistake("product", "It multiplies the vectors entry by entry. Asked is their sum, in which "
            "each label adds its own direction, whatever the other labels are.",
            like=_Product),
    Mistake("same_column", "Every table looks up the first label. Table f belongs to label f, "
            "which is column f of y.",
            like=_SameColumn),
)


def labels(sizes, **others):
    """N rows of labels. The first label stays below every size, so that no wrong table fails."""
    columns = [torch.randint(min(sizes) if f == 0 else size, (N,)) for f, size in enumerate(sizes)]
    return torch.stack(columns, dim=1)


# conditional BatchNorm

class _Norm(ConditionalBatchNorm):
    """A wrong one: `scaled` uses the normalised h, gain and shift in another way."""

    def forward(self, h, e):
        gain, shift = self.affine(e)[:, :, None, None].chunk(2, dim=1)
        return self.scaled(self.norm(h), gain, shift)


class _NoOne(_Norm):
    def scaled(self, h, gain, shift):
        return gain * h + shift


class _Swapped(_Norm):
    def scaled(self, h, gain, shift):
        return (1 + shift) * h + gain


class _NoShift(_Norm):
    def scaled(self, h, gain, shift):
        return (1 + gain) * h


class _NoGain(_Norm):
    def scaled(self, h, gain, shift):
        return h + shift


class _ShiftedFirst(_Norm):
    def scaled(self, h, gain, shift):
        return (1 + gain) * (h + shift)


NORM_MISTAKES = (
    Mistake("no_one", "The gain itself multiplies the channels. Asked is 1 + gain, so that a gain "
            "near 0, as at the start, leaves the channels as they are. Without the 1 the untrained "
            "layer nearly switches them off.",
            like=_NoOne),
    Mistake("swapped", "Gain and shift have changed places: the first half of the outputs is the "
            "gain, the second half the shift.",
            like=_Swapped),
    Mistake("no_shift", "The shift is missing.", like=_NoShift),
    Mistake("no_gain", "The gain is missing: the label can move a channel, and not scale it.",
            like=_NoGain),
    Mistake("shifted_first", "It shifts first and scales afterwards, so the gain scales the shift "
            "as well. Asked is (1 + gain) h + shift.",
            like=_ShiftedFirst),
)


# the discriminator

class _Logit(ProjectionDiscriminator):
    """A wrong one: `joined` makes another logit of psi and the two vectors."""

    def forward(self, x, y):
        phi = self.phi(x)
        return self.joined(self.psi(phi).squeeze(1), self.v(y) * phi)


class _MeanOfFeatures(_Logit):
    def joined(self, psi, products):
        return psi + products.mean(dim=1)


class _Minus(_Logit):
    def joined(self, psi, products):
        return psi - products.sum(dim=1)


class _Times(_Logit):
    def joined(self, psi, products):
        return psi * products.sum(dim=1)


PROJECTION_MISTAKES = (
    Mistake("mean", "It takes the mean over the features. An inner product is a sum; with the mean "
            "the label would weigh less the more features there are.",
            like=_MeanOfFeatures),
    Mistake("minus", "The inner product is subtracted. It should be large where image and label "
            "belong together.",
            like=_Minus),
    Mistake("times", "The two parts are multiplied. They are logits, and logits of two questions "
            "are added.",
            like=_Times),
)


def features_and_code(channels, dim):
    """N small images of many channels, and the vectors of their labels."""
    return 2 + 3 * torch.randn(N, channels, 3, 5), torch.randn(N, dim)


def images_and_labels(sizes, channels, width, size):
    """N images and their labels."""
    return torch.randn(N, channels, size, size), labels(sizes)


EXERCISES = (
    Network("08.LabelEmbedding", LabelEmbedding,
            ({"sizes": (3, 5), "dim": 40}, {"sizes": (4, 9, 7), "dim": 23}),
            lambda **build: (labels(**build),),
            "features",
            ("One table for each label. Each table turns whole numbers into vectors of length dim.",
             "`nn.Embedding(size, dim)` is such a table. Several of them belong into an "
             "`nn.ModuleList`, where PyTorch finds their parameters. Column f of y is `y[:, f]`.",
             "`self.tables = nn.ModuleList(nn.Embedding(size, dim) for size in sizes)`, then "
             "`nn.init.normal_(table.weight, 0.0, 0.02)` for each. `forward` adds up "
             "`table(y[:, f])` over all of them."),
            std=0.02,
            mistakes=EMBEDDING_MISTAKES,
            well_done="Ten characters and two weights need 12 rows, and not 20."),
    Network("08.ConditionalBatchNorm", ConditionalBatchNorm,
            ({"channels": 8, "dim": 4}, {"channels": 5, "dim": 11}),
            features_and_code,
            "features",
            ("Two layers: a BatchNorm that has no gain and shift of its own, and a fully connected "
             "layer that makes both from e.",
             "`nn.BatchNorm2d(channels, affine=False)` and `nn.Linear(dim, 2 * channels)`. Gain "
             "and shift are two halves of the second one's output: `.chunk(2, dim=1)`.",
             "A gain of shape (N, channels) has to meet h of shape (N, channels, H, W): "
             "`gain[:, :, None, None]`. Then `(1 + gain) * self.norm(h) + shift`."),
            side_by_side=True,
            mistakes=NORM_MISTAKES,
            well_done="Each label sets its own mean and its own spread in every channel."),
    Network("08.ProjectionDiscriminator", ProjectionDiscriminator,
            ({"sizes": (3, 5), "channels": 1, "width": 4, "size": 8},
             {"sizes": (4,), "channels": 3, "width": 5, "size": 12}),
            images_and_labels,
            "discriminator",
            ("Three parts: the features phi of the image, a fully connected layer psi, and your "
             "`LabelEmbedding` with vectors as long as phi.",
             "Two halvings leave a picture of size // 4, with 2 width channels: so many features "
             "are there after `nn.Flatten()`. An inner product, row by row, is a product entry by "
             "entry and a sum over dimension 1.",
             "`return self.psi(phi).squeeze(1) + (self.v(y) * phi).sum(dim=1)`"),
            side_by_side=True,
            mistakes=PROJECTION_MISTAKES,
            well_done="It asks two questions at once: is it real, and does it suit its label?"),
)
