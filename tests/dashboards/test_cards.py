from __future__ import annotations

import math
from datetime import timedelta

import pytest
from msgspec.structs import replace

from dashboards.cards import Card, cards_of, doors_watched, matched, trend
from dashboards.cards import footfall as total
from dashboards.hours import Hour
from tests.dashboards.build import hour

BEFORE = timedelta(7)


def last_week(hours: list[Hour]) -> list[Hour]:
    return [replace(h, day=h.day - BEFORE) for h in hours]


def card(name: str, now: list[Hour], then: list[Hour]) -> Card:
    return next(c for c in cards_of(now, then, "previous") if c.metric == name)


def test_only_hours_watched_in_both_weeks_are_compared() -> None:
    now = [hour(0, 9, 50), hour(0, 10, 30), hour(0, 11, None), hour(1, 9, state="ahead")]
    then = last_week([hour(0, 9, 40), hour(0, 10, None), hour(0, 11, 99), hour(1, 9, 70)])
    found = card("footfall", now, then)
    assert (found.value, found.delta) == ("80", "+25 %")
    assert found.note == "vs the week before, on 1 hour watched in both"


def test_a_partly_watched_hour_is_counted_but_not_compared() -> None:
    now = [hour(0, 9, 50, state="partial", share=0.6), hour(0, 10, 10)]
    then = last_week([hour(0, 9, 50), hour(0, 10, 20)])
    found = card("footfall", now, then)
    assert (found.value, found.delta, found.watched) == ("60", "-50 %", 0.8)


def test_the_first_week_has_nothing_to_compare() -> None:
    for found in cards_of([hour(0, 9, 5)], [], "previous")[:4]:
        assert found.delta is None
    assert card("footfall", [hour(0, 9, 5)], []).note == "first week: nothing to compare yet"


@pytest.mark.parametrize(
    ("before", "delta"),
    [(0, "+500"), (3, "+497"), (400, "+25 %"), (500, "+0 %")],
)
def test_no_absurd_change(before: int, delta: str) -> None:
    assert card("footfall", [hour(0, 9, 500)], last_week([hour(0, 9, before)])).delta == delta


def test_nothing_measured_is_a_dash_and_nobody_is_a_zero() -> None:
    assert card("footfall", [hour(0, 9, None)], []).value == "–"
    assert card("footfall", [hour(0, 9, 0)], []).value == "0"
    assert not card("dwell", [hour(0, 9, 0)], []).known


def test_coverage_changes_in_points() -> None:
    now, then = [hour(0, 9, 5, share=0.8)], last_week([hour(0, 9, 5)])
    assert (card("coverage", now, then).value, card("coverage", now, then).delta) == (
        "80 %",
        "-20 points",
    )


def test_the_trend_is_by_day_then_by_hour_with_gaps_where_nobody_watched() -> None:
    days = [hour(0, 9, 5), hour(1, 9, None), hour(2, 9, 7), hour(3, 9, state="ahead")]
    found = trend(days, total)
    assert found[::2] == [5, 7]
    assert math.isnan(found[1])
    assert trend([hour(0, 9, 5), hour(0, 10, 6), hour(0, 11, None)], total) == [5, 6]


def test_matching_is_by_weekday_and_hour() -> None:
    now, then = [hour(0, 9, 1), hour(1, 9, 2)], last_week([hour(1, 9, 3), hour(0, 10, 4)])
    assert matched(now, then, doors_watched) == ([now[1]], [then[0]])
