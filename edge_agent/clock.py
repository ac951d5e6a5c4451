"""Time as the agent sees it; tests pass a fake so that nobody waits for real seconds."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall clock for what is told to others, monotonic clock for every deadline."""

    def now(self) -> float:
        """UNIX seconds, UTC; may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """UNIX seconds, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed moment of this boot."""
        return time.monotonic()
