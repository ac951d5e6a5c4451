"""The five numbers of the week, each with its change, its trend and its coverage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from dashboards import words
from dashboards.hours import TRUSTED, Hour

Comparison = Literal["previous", "year"]
SHIFT = {"previous": timedelta(days=7), "year": timedelta(days=364)}
VERSUS = {"previous": "the week before", "year": "a year ago"}
_Total = Callable[[Sequence[Hour]], float | None]
_Test = Callable[[Hour], bool]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What one card shows; `value` is a dash when nothing was measured."""

    metric: str
    title: str
    value: str
    delta: str | None
    note: str
    trend: list[float]
    watched: float | None
    known: bool
    warn_down: bool = False


def footfall(hours: Sequence[Hour]) -> float | None:
    """People who came in, null when no hour was watched."""
    counts = [hour.entries for hour in hours if hour.entries is not None]
    return sum(counts) if counts else None


def dwell_s(hours: Sequence[Hour]) -> float | None:
    """Mean seconds of the uncensored visits of all zones."""
    visits = sum(hour.dwell_visits for hour in hours)
    return sum(hour.dwell_s for hour in hours) / visits if visits else None


def peak(hours: Sequence[Hour]) -> float | None:
    """Most people inside at once."""
    return max((hour.peak for hour in hours if hour.peak is not None), default=None)


def zone_visits(hours: Sequence[Hour]) -> float | None:
    """Visits of all zones, null when no camera was watching."""
    counts = [hour.visits for hour in hours if hour.visits is not None]
    return sum(counts) if counts else None


def coverage(hours: Sequence[Hour]) -> float | None:
    """Observed ÷ expected camera-minutes."""
    expected = sum(hour.expected_min for hour in hours)
    return sum(hour.observed_min for hour in hours) / expected if expected else None


def door_coverage(hours: Sequence[Hour]) -> float | None:
    """Mean share of the trading hours so far in which the doors were watched."""
    shares = [hour.watched for hour in hours if hour.watched is not None]
    return sum(shares) / len(shares) if shares else None


def matched(now: Sequence[Hour], then: Sequence[Hour], ok: _Test) -> tuple[list[Hour], list[Hour]]:
    """The hours of the week that satisfy `ok` in both weeks, so that like meets like."""
    before = {(hour.weekday, hour.hour): hour for hour in then if ok(hour)}
    pairs = [(h, before[h.weekday, h.hour]) for h in now if ok(h) and (h.weekday, h.hour) in before]
    return [a for a, _ in pairs], [b for _, b in pairs]


def doors_watched(hour: Hour) -> bool:
    """True if the count of the doors may be compared."""
    return hour.state == "measured"


def floor_watched(hour: Hour) -> bool:
    """True if the cameras of the floor saw enough of the hour to compare it."""
    return (hour.coverage or 0.0) >= TRUSTED


def cards_of(now: Sequence[Hour], then: Sequence[Hour], comparison: Comparison) -> list[Card]:
    """The five cards of a week against the week of `then` (empty: nothing to compare yet)."""
    doors, floor = door_coverage(now), coverage(now)
    rows: tuple[tuple[str, str, _Total, Callable[[float], str], _Test, float | None], ...] = (
        ("footfall", "Footfall", footfall, words.count, doors_watched, doors),
        ("dwell", "Average zone dwell", dwell_s, words.seconds, floor_watched, floor),
        ("occupancy", "Peak occupancy", peak, words.count, doors_watched, doors),
        ("zone_visits", "Zone visits", zone_visits, words.count, floor_watched, floor),
    )
    cards = []
    for metric, title, total, written, ok, watched in rows:
        delta, note = _delta(*matched(now, then, ok), total, VERSUS[comparison], bool(then))
        value = total(now)
        cards.append(
            Card(
                metric=metric,
                title=title,
                value=words.NOTHING if value is None else written(value),
                delta=delta,
                note=note,
                trend=trend(now, total),
                watched=watched,
                known=value is not None,
            )
        )
    return [*cards, _coverage_card(now, then, comparison)]


def trend(hours: Sequence[Hour], total: _Total) -> list[float]:
    """Values by day, or by hour while there is one day only; NaN where nothing was measured."""
    begun = [hour for hour in hours if hour.state != "ahead"]
    by_day = _grouped(begun, total, lambda hour: hour.day)
    if sum(not math.isnan(value) for value in by_day) > 1:
        return by_day
    return [v for v in _grouped(begun, total, lambda h: (h.day, h.hour)) if not math.isnan(v)]


def _grouped(hours: Sequence[Hour], total: _Total, key: Callable[[Hour], object]) -> list[float]:
    groups: dict[object, list[Hour]] = {}
    for hour in hours:
        groups.setdefault(key(hour), []).append(hour)
    values = (total(group) for group in groups.values())
    return [math.nan if value is None else value for value in values]


def _delta(
    now: list[Hour], then: list[Hour], total: _Total, versus: str, any_then: bool
) -> tuple[str | None, str]:
    before, after = total(then), total(now)
    if not any_then:
        return None, "first week: nothing to compare yet" if versus == VERSUS["previous"] else (
            "no values a year ago"
        )
    if before is None or after is None:
        return None, "no hour was fully watched in both weeks"
    hours = "1 hour" if len(now) == 1 else f"{len(now)} hours"
    return words.change(after, before), f"vs {versus}, on {hours} watched in both"


def _coverage_card(now: Sequence[Hour], then: Sequence[Hour], comparison: Comparison) -> Card:
    value, before = coverage(now), coverage(then)
    delta, note = None, "share of camera time that was watched"
    if value is not None and before is not None:
        points = round((value - before) * 100)
        delta, note = f"{points:+d} points", f"vs {VERSUS[comparison]}"
    return Card(
        metric="coverage",
        title="Coverage",
        value=words.share(value),
        delta=delta,
        note=note,
        trend=[share * 100 for share in trend(now, coverage)],
        watched=value,
        known=value is not None,
        warn_down=True,
    )
