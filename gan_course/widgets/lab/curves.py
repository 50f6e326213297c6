"""A curve that may grow for hours and never takes more than some kilobytes."""
from collections import deque

import numpy as np

POINTS = 600
"""A curve has fewer points than this (an even number); at least half of it, once it has grown."""

RECENT = 50
"""The number of latest values behind `BinnedCurve.recent`."""


class BinnedCurve:
    r"""Values over the rounds, as means over bins: v_k = 1/s \sum_{i = (k-1) s + 1}^{k s} value_i.

    A bin holds s = 1 value at first. Whenever there are `POINTS` bins, neighbours are merged in
    pairs and s doubles, so that the curve's length is bounded and its bins are always equal.
    """

    def __init__(self):
        self.size = 1                           # s
        self._points: list[tuple[float, float]] = []
        self._sum, self._count = 0.0, 0         # of the last bin, which is not yet full
        self._latest: deque[float] = deque(maxlen=RECENT)

    def __len__(self) -> int:
        """The number of points."""
        return len(self._points)

    def add(self, at: int, value: float) -> None:
        """Append a value.

        Args:
            at: the round where it stands, greater than that of the value before.
            value: a number; a bin with a NaN or an infinity in it has no finite mean.
        """
        self._latest.append(value)
        self._sum, self._count = self._sum + value, self._count + 1
        if self._count < self.size:
            return
        self._points.append((at, self._sum / self.size))
        self._sum, self._count = 0.0, 0
        if len(self._points) == POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [(at, (left + right) / 2) for (_, left), (at, right) in pairs]
            self.size *= 2

    def points(self) -> np.ndarray:
        """The last round and the mean of each full bin, (len(self), 2)."""
        return np.array(self._points, dtype=float).reshape(-1, 2)

    def recent(self) -> float:
        """The mean of the last `RECENT` values, or of all if there are fewer; NaN without any."""
        return float(np.mean(self._latest)) if self._latest else float("nan")
