"""A curve that may grow for hours and never takes more than a few kilobytes."""
import numpy as np

MOST = 2000
"""Points that a curve keeps at most; then neighbours are averaged in pairs."""


class Curve:
    """Means over equally many rounds: one round each at first, then two, four …

    Attributes:
        each: the number of rounds behind each point.
    """

    def __init__(self):
        self.each = 1
        self._points: list[float] = []
        self._rest: list[float] = []

    def __len__(self) -> int:
        """How many rounds have been added."""
        return len(self._points) * self.each + len(self._rest)

    def append(self, value: float) -> None:
        """Add the value of the next round."""
        self._rest.append(value)
        if len(self._rest) == self.each:
            self._points.append(sum(self._rest) / self.each)
            self._rest.clear()
        if len(self._points) == MOST:
            self._points = np.array(self._points).reshape(-1, 2).mean(1).tolist()
            self.each *= 2

    def points(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """The curve with at most `most` points, for drawing.

        Returns:
            The rounds and the means over the rounds up to each; an incomplete last group is left
            out.
        """
        together = max(1, -(-len(self._points) // most))
        groups = len(self._points) // together
        means = np.array(self._points[:groups * together]).reshape(groups, together).mean(1)
        return (np.arange(groups) + 1) * together * self.each, means

    def last(self, rounds: int = 50) -> float:
        """The mean over about the last `rounds` rounds; NaN if there were none."""
        points = self._points[-max(1, rounds // self.each):]
        values = points if self.each > 1 else [*points, *self._rest][-rounds:]
        return float(np.mean(values)) if values else float("nan")
