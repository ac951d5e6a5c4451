from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from dashboards import sentences
from dashboards.hours import Hour
from tests.dashboards.build import gold, hour, stays, watched


def last_week(hours: list[Hour]) -> list[Hour]:
    return [replace(h, day=h.day - timedelta(7)) for h in hours]


def changed(now: list[Hour], then: list[Hour]) -> str:
    return sentences.biggest_change(now, then, {"now": gold(), "then": gold()}, "previous")


def test_busiest_day_and_hour() -> None:
    text = sentences.busiest([hour(0, 9, 50), hour(1, 9, 40), hour(1, 10, 30), hour(2, 9, None)])
    assert "**Tuesday** was the busiest day (70 people)" in text
    assert "**Monday 09:00–10:00**, when 50 people came in" in text


def test_one_day_is_told_as_one_day() -> None:
    assert sentences.busiest([hour(0, 9, 9), hour(0, 10, None)]) == (
        "Monday 2 November is the only day measured: 9 came in, between 09:00 and 10:00."
    )
    assert "most of them at 09:00–10:00 (9)" in sentences.busiest([hour(0, 9, 9), hour(0, 10, 1)])


def test_nobody_and_not_watched_are_different() -> None:
    assert sentences.busiest([hour(0, 9, 0)]) == "Nobody has come in so far."
    assert sentences.busiest([hour(0, 9, None)]) == "No door was watched in this week."


def test_the_change_furthest_beyond_chance_wins_over_the_largest_percentage() -> None:
    now = [hour(0, 9, 2), hour(1, 9, 600)]
    then = last_week([hour(0, 9, 1), hour(1, 9, 1000)])
    assert changed(now, then).startswith(
        "**Tuesday's footfall fell by 40 %** against the week before"
    )


def test_chance_is_called_chance() -> None:
    assert "ordinary chance" in changed([hour(0, 9, 51)], last_week([hour(0, 9, 49)]))


def test_nothing_to_compare() -> None:
    assert (
        changed([hour(0, 9, 5)], [])
        == "There is nothing to compare yet: no values from the week before."
    )
    assert "No hour was fully watched both" in changed(
        [hour(0, 9, None)], last_week([hour(0, 9, 5)])
    )


def test_a_zone_can_be_the_biggest_change_and_its_name_is_no_markup() -> None:
    now, then = [hour(0, 9, 50)], last_week([hour(0, 9, 50)])
    rows = gold(zones=[stays(0, 9, 100, zone="*Wine* $5$")])
    before = gold(zones=[stays(-7, 9, 10, zone="*Wine* $5$")])
    text = sentences.biggest_change(now, then, {"now": rows, "then": before}, "previous")
    assert text.startswith(r"**Visits to \*Wine\* \$5\$ rose by 900 %**")


def test_trust_when_all_was_watched() -> None:
    fine, text = sentences.trust([hour(0, 9, 5)], gold(), latest=True)
    assert fine
    assert "100 %" in text


def test_the_worst_camera_and_its_longest_gap_are_named() -> None:
    hours = [replace(hour(0, at, 5), expected_min=120, observed_min=60.0) for at in (9, 10, 11)]
    rows = [watched(0, at, 0 if at > 9 else 60, camera="aisle") for at in (9, 10, 11)]
    rows += [watched(0, at, 60 if at > 9 else 0, camera="till") for at in (9, 10, 11)]
    fine, text = sentences.trust(hours, gold(coverage=rows), latest=True)
    assert not fine
    assert "only 50 %" in text
    assert "Camera aisle missed most, on Mon 2 Nov 10:00–12:00" in text


def test_a_store_that_went_silent_is_told_only_for_the_newest_week() -> None:
    hours = [hour(0, 9, 5), *(hour(0, at) for at in (10, 11, 12)), hour(1, 9, state="ahead")]
    assert (
        "Nothing has arrived since Monday 10:00" in sentences.trust(hours, gold(), latest=True)[1]
    )
    old = sentences.trust(hours, gold(coverage=[watched(0, 9, 60)]), latest=False)[1]
    assert "The whole store was silent on Mon 2 Nov 10:00–13:00" in old


def test_no_camera_at_all() -> None:
    fine, text = sentences.trust([hour(0, 9, state="ahead")], gold(), latest=True)
    assert (fine, text[:9]) == (False, "No camera")
