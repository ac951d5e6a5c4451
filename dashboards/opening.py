"""When a store trades: minutes of its local day, night shops included."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import msgspec

QUARTER_MIN = 15


class Opening(msgspec.Struct, frozen=True):
    """`opens` and `closes` in minutes of the day; equal means that it never closes."""

    opens: int
    closes: int

    @property
    def always(self) -> bool:
        """True for a store that never closes."""
        return (self.closes - self.opens) % 1440 == 0

    def is_open(self, minute: int) -> bool:
        """True if the store trades in the minute of the day `minute`."""
        if self.always:
            return True
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes

    def quarters(self, hour: int) -> tuple[int, ...]:
        """First minutes of the quarters of `hour` in which the store trades at all."""
        starts = range(hour * 60, hour * 60 + 60, QUARTER_MIN)
        return tuple(q for q in starts if any(map(self.is_open, range(q, q + QUARTER_MIN))))

    def hours(self) -> tuple[int, ...]:
        """Hours of the day with trade, in the order of the business day."""
        first = 0 if self.always else self.opens // 60
        order = [(first + step) % 24 for step in range(24)]
        return tuple(hour for hour in order if self.quarters(hour))

    def starts(self, day: date, hour: int) -> datetime:
        """Local time at which `hour` of the business day `day` begins."""
        night = not self.always and self.closes < self.opens and hour < self.opens // 60
        return datetime.combine(day, time(hour)) + timedelta(days=int(night))


def opening_of(opens: str, closes: str) -> Opening:
    """From `09:30` and `24:00`; anything unreadable means always open."""
    try:
        return Opening(_minutes(opens), _minutes(closes))
    except ValueError:
        return Opening(0, 1440)


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
