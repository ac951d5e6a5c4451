"""A clock that moves only when a test says so."""

from __future__ import annotations


class FakeClock:
    """Both clocks start where the test puts them; `advance` moves both, `step` the wall clock."""

    def __init__(self, now: float = 1_750_000_000.0, monotonic: float = 1_000.0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._now += seconds
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._now += seconds
