"""What a tracker learns about its detector while it runs, so that no limit is set by hand.

Echoes: weak detections on people who already have a strong one. A detector that leaves many of
them (a small network, a loose NMS) would keep dead tracks alive, so `doubt` rises until at most
`ECHO_SHARE` of the people have an echo above the weakest score that is listened to: a running
quantile (Robbins and Monro 1951). Jitter: how far feet and heads jump up and down around their
smooth path, in heights of the person; the filter smooths a jittery detector more.
"""

from __future__ import annotations

from dataclasses import dataclass

ECHO_SHARE = 0.07
ECHO_STEP = 0.05
MOST_DOUBT = 0.25
JITTER_STEP = 0.05
MOST_JUMP = 0.2
LEAST_PEOPLE = 4
STEADY = 0.006
"""Jitter up to which a detector counts as steady."""
MOST_JITTER = 4.0


@dataclass
class Habits:
    """Both figures as far as they are known; the start is a detector of middle quality."""

    doubt: float = 0.1
    jitter: float = STEADY

    def heard(self, echoes: int, people: int) -> None:
        """So many weak detections lay on so many people who had a strong one."""
        step = ECHO_STEP * (echoes / people - ECHO_SHARE)
        self.doubt = min(max(self.doubt + step, 0.0), MOST_DOUBT)

    def jumped(self, heights: float) -> None:
        """So far lay steadily seen people from their expected places, up or down."""
        self.jitter += JITTER_STEP * (min(heights, MOST_JUMP) - self.jitter)

    def blur(self) -> float:
        """How much less its boxes are to be believed than those of a steady detector (≥ 1)."""
        return min(max(self.jitter / STEADY, 1.0), MOST_JITTER)
