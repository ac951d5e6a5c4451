"""A store's local day as UNIX seconds, days of 23 and 25 hours included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

QUARTER_S = 900.0
FIRST_YEAR, LAST_YEAR = 1971, 2100
"""Years whose days have UNIX times, and neighbours, in every time zone."""


def midnight(day: date, zone: ZoneInfo) -> float:
    """UNIX time at which the local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def day_span(day: date, zone: ZoneInfo) -> tuple[float, float]:
    """UNIX times between which it is `day` in `zone`: 23, 24 or 25 hours apart."""
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def at_local(day: date, text: str, zone: ZoneInfo) -> float:
    """UNIX time of a local HH:MM or HH:MM:SS of `day`; 24:00 is the next midnight.

    A time that the clocks skip comes as much later as they skip; one that they repeat is its
    first occurrence.
    """
    hour, minute, *rest = (int(part) for part in text.split(":"))
    if hour == 24:
        return midnight(day + timedelta(days=1), zone)
    second = rest[0] if rest else 0
    local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)
    return local.timestamp()


def quarters(day: date, zone: ZoneInfo) -> list[tuple[float, int]]:
    """(UNIX begin, local hour) of every quarter of an hour of the local day."""
    begin, end = day_span(day, zone)
    count = round((end - begin) / QUARTER_S)
    starts = [begin + index * QUARTER_S for index in range(count)]
    return [(start, datetime.fromtimestamp(start, zone).hour) for start in starts]


def local_date(at_s: float, zone: ZoneInfo) -> date:
    """The local date of an instant."""
    return datetime.fromtimestamp(at_s, zone).date()


def utc(at_s: float) -> datetime:
    """UNIX seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(at_s, UTC)
