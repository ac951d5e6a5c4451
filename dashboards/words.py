"""How numbers, times and names are written for a reader."""

from __future__ import annotations

import re
from datetime import date, timedelta

NOTHING = "–"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def plain(text: str) -> str:
    """`text` for a place that reads Markdown, so that a name of a zone stays a name."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def count(value: float | None) -> str:
    """A whole number with thousands separated, or a dash for a missing one."""
    return NOTHING if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """`0.973` → `97 %`; never rounds an imperfect share up to 100 %."""
    if value is None:
        return NOTHING
    percent = round(value * 100)
    return f"{99 if percent >= 100 and value < 0.9995 else percent} %"


def change(now: float, before: float) -> str:
    """Signed relative change; the absolute one where a percentage would be absurd."""
    if before <= 0 or now > 10 * before:
        return f"{now - before:+,.0f}"
    return f"{(now - before) / before:+.0%}".replace("%", " %")


def moved(now: float, before: float) -> str:
    """`fell by 42 %`, `rose by 18`."""
    size = change(now, before)
    return f"{'fell' if size.startswith('-') else 'rose'} by {size[1:]}"


def seconds(value: float | None) -> str:
    """`83` → `1 min 23 s`."""
    if value is None:
        return NOTHING
    whole = round(value)
    if whole < 60:
        return f"{value:.1f} s" if value < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def weekday(day: date) -> str:
    """`Monday` …"""
    return _WEEKDAYS[day.weekday()]


def short_day(day: date) -> str:
    """`Mon 16 Nov`."""
    return f"{_WEEKDAYS[day.weekday()][:3]} {day.day} {day:%b}"


def week(monday: date) -> str:
    """`16–22 Nov 2026 · week 47`, as short as the months allow."""
    sunday = monday + timedelta(days=6)
    first = f"{monday.day}" if monday.month == sunday.month else f"{monday.day} {monday:%b}"
    return f"{first}–{sunday.day} {sunday:%b %Y} · week {monday.isocalendar().week}"


def clock(minute: int) -> str:
    """Minutes of the day as `09:30`."""
    hour = minute // 60
    return f"{hour if hour == 24 else hour % 24:02d}:{minute % 60:02d}"


def span(first_hour: int, last_hour: int) -> str:
    """`13:00–18:00` for the hours 13 to 17."""
    return f"{clock(first_hour * 60)}–{clock((last_hour + 1) * 60)}"


def week_id(monday: date) -> str:
    """`2026-W47`, as it stands in a link."""
    year, number, _ = monday.isocalendar()
    return f"{year}-W{number:02d}"
