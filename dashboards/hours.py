"""A week as its hours: what was counted, how well it was watched, and which state that is.

State of an hour: `measured` (watched for at least 95 % of it), `partial` (less: the count is a
lower bound), `estimated` (not fully watched, and the weeks before allow an estimate in a column
of its own), `missing` (nobody watched), `closed`, `ahead` (not over yet or before the first
camera). Null is not zero: only a watched hour can hold a zero.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
import polars as pl

from dashboards.opening import Opening

State = Literal["measured", "partial", "estimated", "missing", "closed", "ahead"]
TRUSTED = 0.95
"""Coverage from which a count is called measured and may be compared."""
GRACE = timedelta(hours=2)
"""How long after its end an hour's rows may still be on their way."""
_Key = tuple[date, int]


class Estimate(msgspec.Struct, frozen=True):
    """What an hour would have shown; `low` and `high` from the spread of the weeks before."""

    value: float
    low: float
    high: float


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of one business day in local time; counts are null where nobody watched."""

    day: date
    hour: int
    state: State
    entries: int | None = None
    exits: int | None = None
    watched: float | None = None
    peak: int | None = None
    visits: int | None = None
    dwell_s: float = 0.0
    dwell_visits: int = 0
    expected_min: float = 0.0
    observed_min: float = 0.0
    estimate: Estimate | None = None

    @property
    def weekday(self) -> int:
        """0 = Monday."""
        return self.day.weekday()

    @property
    def coverage(self) -> float | None:
        """Observed ÷ expected camera-minutes, null where nothing was expected."""
        return self.observed_min / self.expected_min if self.expected_min else None


class Gold(msgspec.Struct, frozen=True):
    """The answers of `queries` for one store and one span of days."""

    footfall: pl.DataFrame
    occupancy: pl.DataFrame
    zones: pl.DataFrame
    coverage: pl.DataFrame

    def days(self, begin: date, days: int = 7) -> Gold:
        """The same frames cut to some days, a week unless told otherwise."""
        inside = pl.col("business_date").is_between(begin, begin + timedelta(days=days - 1))
        frames = (self.footfall, self.occupancy, self.zones, self.coverage)
        return Gold(*(frame.filter(inside) for frame in frames))

    def first_start(self) -> datetime | None:
        """Local time of the first row of all, None without rows."""
        frames = (self.footfall, self.occupancy, self.zones, self.coverage)
        starts = [frame["local_start"].min() for frame in frames if len(frame)]
        return min((s for s in starts if isinstance(s, datetime)), default=None)


def hours_of(
    gold: Gold,
    begin: date,
    opening: Opening,
    *,
    now: datetime,
    first: datetime | None,
    days: int = 7,
) -> list[Hour]:
    """The trading hours of `days` business days from `begin`, in order.

    `now` is the store's local time; `first` is when its first row ever began: before that
    nothing is missing, there was no camera yet.
    """
    part = gold.days(begin, days)
    doors, cameras = _doors(part, opening), _cameras(part)
    zones, peaks = _zones(part), _peaks(part, opening)
    names = set(part.footfall["door"]), set(part.coverage["camera"])
    hours = []
    for day in (begin + timedelta(days=offset) for offset in range(days)):
        for hour in opening.hours():
            starts = opening.starts(day, hour)
            if first is None or starts > now or starts + timedelta(hours=1) <= first:
                hours.append(Hour(day=day, hour=hour, state="ahead"))
                continue
            key = (day, hour)
            late = starts + GRACE > now
            if late and key not in doors and key not in cameras:
                hours.append(Hour(day=day, hour=hour, state="ahead"))
                continue
            edge = late or starts <= first
            slots = len(opening.quarters(hour))
            found = doors.get(key, [])
            expected = len(found) if edge else max(len(names[0]) * slots, len(found))
            observed = cameras.get(key, {})
            seen = observed if edge else {name: observed.get(name, (0, 0)) for name in names[1]}
            minutes = [_minutes(pair, slots * 15.0, edge=edge) for pair in seen.values()]
            hours.append(_hour(key, found, expected, minutes, zones.get(key), peaks.get(key)))
    return hours


def _hour(
    key: _Key,
    found: list[tuple[int | None, int | None, float]],
    expected: int,
    minutes: list[tuple[float, float]],
    zone: tuple[int, float, int] | None,
    peak: int | None,
) -> Hour:
    entries = [row[0] for row in found if row[0] is not None]
    exits = [row[1] for row in found if row[1] is not None]
    watched = sum(row[2] for row in found) / expected if expected else 0.0
    observed_min = sum(observed for _, observed in minutes)
    state: State = "missing" if not entries else "measured" if watched >= TRUSTED else "partial"
    visits = zone[0] if zone else (0 if observed_min > 0 else None)
    return Hour(
        day=key[0],
        hour=key[1],
        state=state,
        entries=sum(entries) if entries else None,
        exits=sum(exits) if exits else None,
        watched=min(watched, 1.0),
        peak=peak,
        visits=visits,
        dwell_s=zone[1] if zone else 0.0,
        dwell_visits=zone[2] if zone else 0,
        expected_min=sum(expected for expected, _ in minutes),
        observed_min=observed_min,
    )


def _minutes(pair: tuple[float, float], open_min: float, *, edge: bool) -> tuple[float, float]:
    """(expected, observed) of one camera within the minutes that the store trades.

    In an hour at the edge (the first of all, or one still going on) only what the agent itself
    expected counts; in all others an agent that was off missed the whole hour.
    """
    expected, observed = pair
    if edge:
        whole = min(expected, open_min)
        return whole, whole * min(1.0, observed / expected) if expected else 0.0
    return open_min, open_min * min(1.0, observed / max(expected, open_min))


def _doors(gold: Gold, opening: Opening) -> dict[_Key, list[tuple[int | None, int | None, float]]]:
    found: dict[_Key, list[tuple[int | None, int | None, float]]] = defaultdict(list)
    columns = ("business_date", "local_start", "entries", "exits", "coverage")
    for day, start, entries, exits, coverage in gold.footfall.select(columns).iter_rows():
        if opening.is_open(start.hour * 60 + start.minute):
            share = 0.0 if entries is None else coverage or 0.0
            found[day, start.hour].append((entries, exits, share))
    return found


def _cameras(gold: Gold) -> dict[_Key, dict[str, tuple[float, float]]]:
    found: dict[_Key, dict[str, tuple[float, float]]] = defaultdict(dict)
    for day, start, camera, expected, observed in gold.coverage.iter_rows():
        before = found[day, start.hour].get(camera, (0.0, 0.0))
        found[day, start.hour][camera] = (before[0] + expected, before[1] + observed)
    return found


def _zones(gold: Gold) -> dict[_Key, tuple[int, float, int]]:
    """(visits, summed dwell of uncensored visits, uncensored visits) of all zones."""
    found: dict[_Key, tuple[int, float, int]] = defaultdict(lambda: (0, 0.0, 0))
    columns = ("business_date", "local_start", "visits", "censored", "mean_s")
    for day, start, visits, censored, mean_s in gold.zones.select(columns).iter_rows():
        whole = visits - censored if mean_s is not None else 0
        total, dwell_s, counted = found[day, start.hour]
        found[day, start.hour] = (
            total + visits,
            dwell_s + (mean_s or 0.0) * whole,
            counted + whole,
        )
    return found


def _peaks(gold: Gold, opening: Opening) -> dict[_Key, int]:
    found: dict[_Key, int] = {}
    columns = ("business_date", "local_start", "maximum")
    for day, start, maximum in gold.occupancy.select(columns).iter_rows():
        if opening.is_open(start.hour * 60 + start.minute):
            found[day, start.hour] = max(maximum, found.get((day, start.hour), 0))
    return found
