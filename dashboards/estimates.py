"""What an unwatched hour would probably have shown, in a column of its own.

Median of the same weekday and hour in the weeks before × how busy that day was on its watched
hours (KPIS: imputation). Only where at least half of the day was watched; never compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from msgspec.structs import replace

from dashboards.hours import Estimate, Hour

HISTORY_WEEKS = 6
MIN_WEEKS = 2
MIN_COVERAGE = 0.5


def with_estimates(hours: Sequence[Hour], history: Iterable[Hour]) -> list[Hour]:
    """The same hours, the badly watched ones with an estimate where the rule allows one."""
    past: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hour in history:
        if hour.state == "measured" and hour.entries is not None:
            past[hour.weekday, hour.hour].append(hour.entries)
    usual = {key: counts for key, counts in past.items() if len(counts) >= MIN_WEEKS}
    ratios = {day: _ratio([h for h in hours if h.day == day], usual) for day in _days(hours)}
    return [_estimated(hour, usual, ratios[hour.day]) for hour in hours]


def _days(hours: Sequence[Hour]) -> list[object]:
    return list(dict.fromkeys(hour.day for hour in hours))


def _ratio(day: Sequence[Hour], usual: dict[tuple[int, int], list[int]]) -> float | None:
    """How busy the day was against the usual one, None where too little of it was watched."""
    over = [hour for hour in day if hour.state != "ahead"]
    watched = sum(hour.watched or 0.0 for hour in over)
    if not over or watched / len(over) < MIN_COVERAGE:
        return None
    measured = [h for h in over if h.state == "measured" and (h.weekday, h.hour) in usual]
    expected = sum(median(usual[h.weekday, h.hour]) for h in measured)
    return sum(h.entries or 0 for h in measured) / expected if expected else None


def _estimated(hour: Hour, usual: dict[tuple[int, int], list[int]], ratio: float | None) -> Hour:
    counts = usual.get((hour.weekday, hour.hour))
    if hour.state not in ("missing", "partial") or counts is None or ratio is None:
        return hour
    floor = hour.entries or 0
    guess = Estimate(*(max(floor, f(counts) * ratio) for f in (median, min, max)))
    return replace(hour, state="estimated", estimate=guess)
