"""Three plain sentences: when it was busy, what changed, and whether to trust it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import sqrt

from dashboards import words
from dashboards.cards import VERSUS, Comparison, coverage, doors_watched, floor_watched, matched
from dashboards.hours import TRUSTED, Gold, Hour

NOTABLE = 2.5
"""Standard deviations of a Poisson count from which a change is more than chance."""


def busiest(hours: Sequence[Hour]) -> str:
    """The busiest day and hour, or what one day alone can tell."""
    counted = [hour for hour in hours if hour.entries]
    if not counted:
        watched = any(hour.entries is not None for hour in hours)
        return "Nobody has come in so far." if watched else "No door was watched in this week."
    days: dict[object, int] = defaultdict(int)
    for hour in counted:
        days[hour.day] += hour.entries or 0
    top = max(counted, key=lambda hour: hour.entries or 0)
    at = words.span(top.hour, top.hour)
    people = f"{words.count(top.entries)} people came in" if top.entries != 1 else "one came in"
    if len({hour.day for hour in hours if hour.entries is not None}) == 1:
        total = words.count(days[top.day])
        only = f"{words.weekday(top.day)} {top.day.day} {top.day:%B} is the only day measured"
        if top.entries == days[top.day]:
            return f"{only}: {total} came in, between {at.replace('–', ' and ')}."
        return f"{only}: {total} came in, most of them at {at} ({words.count(top.entries)})."
    best = max((h.day for h in counted), key=lambda day: days[day])
    return (
        f"**{words.weekday(best)}** was the busiest day ({words.count(days[best])} people); "
        f"the busiest hour was **{words.weekday(top.day)} {at}**, when {people}: "
        "have most hands on the floor then."
    )


def biggest_change(
    now: Sequence[Hour], then: Sequence[Hour], gold: Mapping[str, Gold], comparison: Comparison
) -> str:
    """The change that is furthest beyond chance, over weekdays and zones."""
    versus = VERSUS[comparison]
    if not then:
        return f"There is nothing to compare yet: no values from {versus}."
    changes = _by_weekday(now, then) + _by_zone(now, then, gold)
    if not changes:
        return f"No hour was fully watched both now and {versus}, so nothing can be compared."
    what, after, before = max(changes, key=lambda row: abs(_surprise(row[1], row[2])))
    if abs(_surprise(after, before)) < NOTABLE:
        return f"Nothing stands out against {versus}: all changes are within ordinary chance."
    return (
        f"**{what} {words.moved(after, before)}** against {versus} "
        f"({words.count(before)} → {words.count(after)}, on the hours watched both times)."
    )


def trust(hours: Sequence[Hour], gold: Gold, *, latest: bool) -> tuple[bool, str]:
    """(all is well, sentence): names the camera to look at and when it was dark.

    `latest` is true for the newest week with values: only there can silence still last.
    """
    share = coverage(hours)
    if share is None:
        return False, "No camera reported in this week: check that the agent is running."
    silent = _silent_since(hours) if latest else None
    if silent:
        since = f"{words.weekday(silent.day)} {words.clock(silent.hour * 60)}"
        return False, (
            f"**Nothing has arrived since {since}**: check that the store's agent is running and "
            f"online. {words.share(share)} of camera time was watched."
        )
    if share >= TRUSTED:
        return (
            True,
            f"You can rely on these numbers: {words.share(share)} of camera time was watched.",
        )
    worst = _worst_camera(hours, gold)
    return False, (
        f"**Read with care: only {words.share(share)} of camera time was watched.** {worst}"
    )


def outside_hours(gold: Gold, hours: Sequence[Hour]) -> int:
    """People who came in while the store was closed: stored, but no footfall."""
    total = gold.footfall["entries"].sum() or 0
    return max(0, int(total) - sum(hour.entries or 0 for hour in hours))


def _by_weekday(now: Sequence[Hour], then: Sequence[Hour]) -> list[tuple[str, int, int]]:
    after, before = matched(now, then, doors_watched)
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    names = {hour.weekday: f"{words.weekday(hour.day)}'s footfall" for hour in after}
    for a, b in zip(after, before, strict=True):
        sums[a.weekday][0] += a.entries or 0
        sums[a.weekday][1] += b.entries or 0
    return [(names[day], *pair) for day, pair in sums.items()]  # type: ignore[misc]


def _by_zone(
    now: Sequence[Hour], then: Sequence[Hour], gold: Mapping[str, Gold]
) -> list[tuple[str, int, int]]:
    after, before = matched(now, then, floor_watched)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for index, (key, hours) in enumerate((("now", after), ("then", before))):
        wanted = {(hour.day, hour.hour) for hour in hours}
        rows = gold[key].zones.select("business_date", "local_start", "zone", "visits")
        for day, start, zone, visits in rows.iter_rows():
            if (day, start.hour) in wanted:
                sums[zone][index] += visits
    return [(f"Visits to {words.plain(zone)}", a, b) for zone, (a, b) in sums.items()]


def _surprise(after: int, before: int) -> float:
    """Difference of two Poisson counts in standard deviations."""
    return (after - before) / sqrt(max(after + before, 1))


def _silent_since(hours: Sequence[Hour]) -> Hour | None:
    """The first hour of a silence of at least three hours that lasts to the end of what is over."""
    over = [hour for hour in hours if hour.state != "ahead"]
    tail: list[Hour] = []
    for hour in reversed(over):
        if hour.observed_min or hour.entries is not None:
            break
        tail.append(hour)
    return tail[-1] if len(tail) >= 3 and len(tail) < len(over) else None


def _worst_camera(hours: Sequence[Hour], gold: Gold) -> str:
    """`Camera aisle missed most: look at Tue 13:00–18:00.`"""
    dark = [hour for hour in hours if hour.expected_min and (hour.coverage or 0) < TRUSTED]
    keys = {(hour.day, hour.hour): hour for hour in dark}
    lost: dict[str, float] = defaultdict(float)
    when: dict[str, list[Hour]] = defaultdict(list)
    seen: dict[tuple[object, int], set[str]] = defaultdict(set)
    for day, start, camera, expected, observed in gold.coverage.iter_rows():
        seen[day, start.hour].add(camera)
        hour = keys.get((day, start.hour))
        if hour and observed < TRUSTED * expected:
            lost[camera] += expected - observed
            when[camera].append(hour)
    silent = [hour for key, hour in keys.items() if not seen.get(key)]
    minutes = sum(hour.expected_min for hour in silent)
    if silent and minutes >= max(lost.values(), default=0.0):
        return f"The whole store was silent on {_longest(silent)}: check the agent and its network."
    if not lost:
        return "Check that every camera is connected."
    camera = max(lost, key=lambda name: lost[name])
    at = _longest(when[camera])
    return f"Camera {words.plain(camera)} missed most, on {at}: check its power and network."


def _longest(hours: Sequence[Hour]) -> str:
    """The longest run of consecutive hours, as `Tue 3 Nov 13:00–18:00`."""
    runs: list[list[Hour]] = []
    for hour in hours:
        last = runs[-1][-1] if runs else None
        if last and last.day == hour.day and last.hour + 1 == hour.hour:
            runs[-1].append(hour)
        else:
            runs.append([hour])
    run = max(runs, key=len)
    return f"{words.short_day(run[0].day)} {words.span(run[0].hour, run[-1].hour)}"
