"""The pictures of a lab over a training, kept so that they can be saved as a film."""
import io

import numpy as np
from PIL import Image

MOST = 96
"""A film has fewer pictures than this; at least half of it, once the training is long enough."""


class Film:
    """Moments of one training, at even distances however long it becomes.

    When there are too many, every second one is dropped, and from then on only half as many are
    taken up.
    """

    def __init__(self):
        self.moments: list[tuple[int, bytes]] = []                  # the round, and a JPEG file
        self.offered, self.stride = 0, 1

    def add(self, number: int, jpeg: bytes) -> None:
        """Offer the picture after a round; one that shows no new round is not taken.

        Args:
            number: the round.
            jpeg: the picture.
        """
        if self.moments and number <= self.last[0]:
            return
        self.last = number, jpeg
        if self.offered % self.stride == 0:
            self.moments.append(self.last)
        self.offered += 1
        if len(self.moments) >= MOST:
            self.moments, self.stride = self.moments[::2], 2 * self.stride

    def pages(self) -> list[np.ndarray]:
        """The pictures, and at the end the latest: RGB, uint8 (height, width, 3); [] if there are
        none.
        """
        shown = [jpeg for _, jpeg in self.moments]
        if self.moments and self.last != self.moments[-1]:
            shown.append(self.last[1])
        return [np.asarray(Image.open(io.BytesIO(jpeg))) for jpeg in shown]
