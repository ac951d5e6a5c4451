"""When to dial again: soon the first time, then later and later with full jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.2
LOW_S = 1.0
HIGH_S = 30.0


class Backoff:
    """Delays between attempts: 0.2 s, then uniform in 0 … min(30, 2ⁿ) s.

    Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015) keeps the
    cameras of a store from dialling in step after a power cut.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._attempts = 0

    def next_delay_s(self) -> float:
        """Seconds to wait before the next attempt."""
        self._attempts += 1
        if self._attempts == 1:
            return FIRST_S
        ceiling_s = min(HIGH_S, LOW_S * 2.0 ** min(self._attempts - 2, 10))
        return ceiling_s * self._draw()

    def reset(self) -> None:
        """The camera works again."""
        self._attempts = 0
