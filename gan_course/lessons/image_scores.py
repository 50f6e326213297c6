"""The three numbers by which notebooks compare generators of images."""
from typing import NamedTuple

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor

from gan_course import judge, metrics
from gan_course.data.sets import ImageSet


class Score(NamedTuple):
    """Fréchet distance (or sliced Wasserstein distance), agreement, share of the rarest class."""

    distance: float
    agreement: float
    rarest: float


class ImageScores:
    """Scores samples of a data set: how far they are from real images, and how readable.

    The distance is the Fréchet distance between the judge's features of the samples and of `n`
    training images; compare it only between equally many samples. The agreement is the share of
    samples that the judge and a vote of five nearest training images give the same class. Where
    there is only one class, no judge can be trained: then the distance is the sliced Wasserstein
    distance of the pixels, and the others are NaN.

        score = ImageScores("glyphs", train_set, test_set)
        tables.show({"real": score.real(), "samples": score(x)}, score.columns)

    Args:
        name: what the data set is called.
        train, test: its images.
        n: how many images are compared; fewer where there are fewer.

    Attributes:
        n: how many images are compared.
        judge: the frozen classifier; None where there is one class.
        columns: the names of the three numbers.
    """

    def __init__(self, name: str, train: ImageSet, test: ImageSet, n: int = 2000):
        self.n = min(n, len(train), len(test))
        self.known, self.held_out = train.take(self.n), test.take(self.n)
        several = len(train.labels.unique()) > 1
        self.judge = judge.load_or_train(name, train, test) if several else None
        self.columns = ["Fréchet distance" if several else "sliced Wasserstein distance",
                        "agreement", "rarest class"]
        if several:
            x, y = train.draw(min(4000, len(train)))
            self.vote = KNeighborsClassifier(min(5, len(x))).fit(x.flatten(1), y)

    def __call__(self, x: Tensor) -> Score:
        """The score of samples.

        Args:
            x: images, at least two, on the CPU, in [-1, 1]; at most `n` of them are looked at.

        Returns:
            The distance, at least 0; the agreement and the share of the rarest class, 0 to 1.
        """
        x = x[:self.n]
        if self.judge is None:
            known = self.known.flatten(1)[:len(x)]
            distance = metrics.sliced_wasserstein(known, x.flatten(1))
            return Score(distance, float("nan"), float("nan"))
        distance = judge.frechet_classifier_distance(self.judge, self.known, x)
        first = self.judge.probabilities(x).argmax(1).numpy()
        agreement = (first == self.vote.predict(x.flatten(1))).mean()
        counts = np.bincount(first, minlength=self.judge.classes)
        return Score(distance, float(agreement), float(counts.min() / len(x)))

    def real(self) -> Score:
        """The score of real images that were held out: the best that a generator can expect."""
        return self(self.held_out)

    def shuffled(self) -> Score:
        """The score of images whose every pixel comes from another real image."""
        order = torch.rand(self.held_out.shape, generator=torch.Generator().manual_seed(0))
        return self(self.held_out.gather(0, order.argsort(0)))
