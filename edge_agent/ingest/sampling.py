"""Which frames of a stream are analysed: an even grid at the wanted rate."""

from __future__ import annotations

_TOLERANCE = 0.2  # of an interval: a camera at the wanted rate may jitter without losing frames


class Sampler:
    """Keeps at most `fps` frames a second of stream time, evenly, without drift."""

    def __init__(self, fps: float) -> None:
        self._interval_s = 1.0 / fps
        self._due_s: float | None = None

    def wants(self, at_s: float) -> bool:
        """True if the frame at stream time `at_s` is to be analysed."""
        interval_s = self._interval_s
        if self._due_s is None or abs(at_s - self._due_s) > 2 * interval_s:
            self._due_s = at_s  # the first frame, or the stream's time jumped
        if at_s < self._due_s - _TOLERANCE * interval_s:
            return False
        self._due_s += interval_s
        return True
