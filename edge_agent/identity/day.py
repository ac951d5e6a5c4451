"""The store's day, which ends at its local reset time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def next_reset_s(at_s: float, time_zone: str, resets: str) -> float:
    """First reset (UNIX seconds) after `at_s`; `resets` is a local time of day, HH:MM.

    Days of 23 and 25 hours have one reset like any other.
    """
    zone = ZoneInfo(time_zone)
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    hours, minutes = map(int, resets.split(":"))
    for days in range(-1, 3):
        day = local.date() + timedelta(days=days + hours // 24)
        reset = datetime(day.year, day.month, day.day, hours % 24, minutes, tzinfo=zone)
        if reset.timestamp() > at_s:
            return reset.timestamp()
    raise AssertionError("a reset comes every day")


def day_of(at_s: float, time_zone: str, resets: str) -> str:
    """The store's day at a time, by the date on which it ends: YYYY-MM-DD."""
    reset = datetime.fromtimestamp(next_reset_s(at_s, time_zone, resets), UTC)
    return reset.astimezone(ZoneInfo(time_zone)).date().isoformat()
