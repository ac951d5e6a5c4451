from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.hours import Hour, hours_of
from dashboards.opening import Opening, opening_of
from tests.dashboards.build import LATER, LONG_AGO, MONDAY, gold, quarter, stays, watched

local = datetime.fromisoformat
SHOP = opening_of("09:00", "12:00")
QUARTERS = ("00", "15", "30", "45")


def full(day: int, hour: int, entries: int) -> list[dict[str, object]]:
    return [quarter(day, f"{hour:02d}:{minute}", entries) for minute in QUARTERS]


def at(hours: list[Hour], day: int, hour: int) -> Hour:
    return next(h for h in hours if h.day == MONDAY + timedelta(day) and h.hour == hour)


def test_the_four_states_differ() -> None:
    rows = [*full(0, 9, 0), *full(0, 10, 3)[:2], *[quarter(0, f"11:{m}", None) for m in QUARTERS]]
    hours = hours_of(gold(rows), MONDAY, SHOP, now=LATER, first=LONG_AGO)
    zero, half, dark, absent = (
        at(hours, 0, 9),
        at(hours, 0, 10),
        at(hours, 0, 11),
        at(hours, 1, 9),
    )
    assert (zero.state, zero.entries, zero.watched) == ("measured", 0, 1.0)
    assert (half.state, half.entries, half.watched) == ("partial", 6, 0.5)
    assert (dark.state, dark.entries) == (absent.state, absent.entries) == ("missing", None)
    assert {h.hour for h in hours} == {9, 10, 11}, "closed hours are no hours of the table"


def test_a_door_that_was_not_watched_lowers_the_coverage_of_the_hour() -> None:
    rows = full(0, 9, 5) + [quarter(0, f"09:{m}", None, door="back") for m in QUARTERS]
    hour = at(hours_of(gold(rows), MONDAY, SHOP, now=LATER, first=LONG_AGO), 0, 9)
    assert (hour.entries, hour.watched, hour.state) == (20, 0.5, "partial")


def test_what_comes_in_while_closed_is_no_footfall() -> None:
    rows = full(0, 8, 7) + full(0, 9, 1) + full(0, 12, 9)
    hours = hours_of(gold(rows), MONDAY, SHOP, now=LATER, first=LONG_AGO)
    assert sum(h.entries or 0 for h in hours) == 4


def test_before_the_first_row_and_after_now_nothing_is_missing() -> None:
    now = local("2026-11-03T10:20")
    first = local("2026-11-02T10:30")
    rows = [quarter(0, "10:30", 2), quarter(0, "10:45", 1), quarter(1, "10:00", 4)]
    hours = hours_of(gold(rows), MONDAY, SHOP, now=now, first=first)
    states = [(h.day.day, h.hour, h.state) for h in hours if h.state != "ahead"]
    assert states == [(2, 10, "measured"), (2, 11, "missing"), (3, 10, "measured")]
    assert at(hours, 1, 9).state == "ahead", "its rows may still be on their way"


def test_an_agent_that_was_off_missed_whole_hours_of_every_camera() -> None:
    rows = [
        watched(0, 9, 60),
        watched(0, 11, 60),
        watched(0, 9, 30, camera="d"),
        watched(0, 10, 5, expected=5),
    ]
    hours = hours_of(gold(coverage=rows), MONDAY, SHOP, now=LATER, first=LONG_AGO)
    assert (at(hours, 0, 9).observed_min, at(hours, 0, 9).expected_min) == (90, 120)
    assert (at(hours, 0, 10).observed_min, at(hours, 0, 10).expected_min) == (5, 120)
    assert at(hours, 1, 9).coverage == 0


def test_three_minutes_of_a_demo_count_as_fully_watched() -> None:
    now = local("2026-11-02T09:20")
    rows = gold([quarter(0, "09:15", 2)], coverage=[watched(0, 9, 2.9, expected=3)])
    hour = at(hours_of(rows, MONDAY, Opening(0, 1440), now=now, first=now), 0, 9)
    assert hour.state == "measured"
    assert hour.coverage == pytest.approx(2.9 / 3)


def test_a_zone_nobody_stayed_in_is_zero_only_where_a_camera_watched() -> None:
    rows = gold(zones=[stays(0, 9, 4)], coverage=[watched(0, 9, 60), watched(0, 10, 60)])
    hours = hours_of(rows, MONDAY, SHOP, now=LATER, first=LONG_AGO)
    assert [at(hours, 0, h).visits for h in (9, 10, 11)] == [4, 0, None]


def test_opening_hours() -> None:
    assert opening_of("09:30", "18:00").hours() == tuple(range(9, 18))
    assert opening_of("09:30", "18:00").quarters(9) == (570, 585)
    assert opening_of("22:00", "02:00").hours() == (22, 23, 0, 1)
    assert opening_of("22:00", "02:00").starts(date(2026, 11, 2), 1) == local("2026-11-03T01:00")
    assert opening_of("00:00", "24:00").hours() == opening_of("?", "").hours() == tuple(range(24))


@given(
    opens=st.integers(0, 23),
    length=st.integers(1, 24),
    counts=st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(0, 95)),
        st.none() | st.integers(0, 50),
        max_size=60,
    ),
)
def test_no_count_is_lost_or_invented(
    opens: int, length: int, counts: dict[tuple[int, int], int | None]
) -> None:
    opening = Opening(
        opens * 60, (opens + length) * 60 if opens + length <= 24 else (opens + length - 24) * 60
    )
    rows = [quarter(d, f"{q // 4:02d}:{q % 4 * 15:02d}", n) for (d, q), n in counts.items()]
    hours = hours_of(gold(rows), MONDAY, opening, now=LATER, first=LONG_AGO)
    inside = {key: n for key, n in counts.items() if opening.is_open(key[1] * 15)}
    known = [n for n in inside.values() if n is not None]
    found = [h.entries for h in hours if h.entries is not None]
    assert sum(found) == sum(known)
    assert bool(found) == bool(known)
    assert all(h.watched is None or 0 <= h.watched <= 1 for h in hours)
