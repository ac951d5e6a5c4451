"""How far a camera's clock is from this machine's, and how fast it runs away.

A frame arrives after it was taken, late by its way through encoder and network, which varies by
half a second where cameras send in bursts. So of every few seconds only the frame with the least
delay says something: the greatest (camera time − arrival) of a window. The offset is the median of
the last windows, the drift the median of all slopes between windows (Theil, 1950; Sen, 1968), which
a few bad windows do not bend.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations
from statistics import median

WINDOW_S = 5.0
WINDOWS = 60  # five minutes
RECENT = 5
LEAST_WINDOWS = 12  # one minute, before a slope means anything
SET_S = 0.5
USUAL_DELAY_S = 0.5
"""A frame may be so late without its camera's clock being wrong."""
OFF_S = 0.5
_BACK_S = 0.1


class Skew:
    """Estimate for one camera; times are UNIX seconds, positive means the camera is ahead."""

    def __init__(self) -> None:
        self._closed: deque[tuple[float, float]] = deque(maxlen=WINDOWS)
        self._began_s = 0.0
        self._best_s: float | None = None
        self._is_off = False

    def add(self, camera_s: float, arrived_at: float) -> None:
        """A frame that was taken at `camera_s` by the camera's clock arrived."""
        ahead_s = camera_s - arrived_at
        if self._best_s is None:
            self._began_s, self._best_s = arrived_at, ahead_s
        elif 0 <= arrived_at - self._began_s < WINDOW_S:
            self._best_s = max(self._best_s, ahead_s)
        else:
            self._close(self._began_s, self._best_s)
            self._began_s, self._best_s = arrived_at, ahead_s

    def forget(self) -> None:
        """One of the two clocks was set: what was seen before says nothing."""
        self._closed.clear()
        self._best_s = None

    @property
    def seconds(self) -> float | None:
        """Camera's clock minus ours, less the least delay; None before the first report."""
        recent = [ahead_s for _, ahead_s in list(self._closed)[-RECENT:]]
        return median(recent) if recent else self._best_s

    @property
    def drift_ppm(self) -> float | None:
        """Microseconds that the camera's clock gains each second; None in the first minute."""
        if len(self._closed) < LEAST_WINDOWS:
            return None
        pairs = combinations(self._closed, 2)
        return 1e6 * median((b - a) / (tb - ta) for (ta, a), (tb, b) in pairs)

    @property
    def proven_s(self) -> float:
        """The part of the skew that no delay explains, which may be taken off a frame's time.

        Nothing arrives before it was taken, so being ahead is proof; being behind may be delay.
        """
        ahead_s = self.seconds or 0.0
        return ahead_s if ahead_s > 0 else min(ahead_s + USUAL_DELAY_S, 0.0)

    @property
    def complaint(self) -> str:
        """A phrase for the camera's status, "" for a clock that is nearly right."""
        ahead_s = self.seconds or 0.0
        off_s = abs(ahead_s if ahead_s > 0 else self.proven_s)
        self._is_off = off_s > (OFF_S - _BACK_S if self._is_off else OFF_S)
        if not self._is_off:
            return ""
        return "the camera's clock is ahead" if ahead_s > 0 else "the camera's clock is behind"

    def _close(self, began_s: float, best_s: float) -> None:
        if self._closed:
            last_s, last_best_s = self._closed[-1]
            if began_s <= last_s or abs(best_s - last_best_s) > SET_S:
                self._closed.clear()
        self._closed.append((began_s, best_s))
