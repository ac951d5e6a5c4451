from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from dashboards.estimates import with_estimates
from dashboards.hours import Hour
from tests.dashboards.build import hour


def weeks_ago(weeks: int, hours: list[Hour]) -> list[Hour]:
    return [replace(h, day=h.day - timedelta(7 * weeks)) for h in hours]


USUAL = [hour(0, 9, 10), hour(0, 10, 20), hour(0, 11, 30)]
HISTORY = weeks_ago(1, USUAL) + weeks_ago(
    2, [replace(h, entries=(h.entries or 0) + 4) for h in USUAL]
)


def test_the_usual_hour_times_how_busy_the_day_was() -> None:
    today = [hour(0, 9, 24), hour(0, 10, None), hour(0, 11, 64)]
    missing = with_estimates(today, HISTORY)[1]
    assert missing.state == "estimated"
    assert missing.entries is None, "the count stays what it was: nothing"
    ratio = (24 + 64) / (12 + 32)
    assert missing.estimate is not None
    assert (missing.estimate.value, missing.estimate.low, missing.estimate.high) == (
        22 * ratio,
        20 * ratio,
        24 * ratio,
    )


def test_what_was_counted_is_the_least_it_can_be() -> None:
    today = [hour(0, 9, 12), hour(0, 10, 90, state="partial", share=0.7), hour(0, 11, 32)]
    estimated = with_estimates(today, HISTORY)[1]
    assert (estimated.entries, estimated.estimate and estimated.estimate.value) == (90, 90)


def test_no_estimate_when_half_of_the_day_was_dark_or_history_is_short() -> None:
    mostly_dark = [hour(0, 9, 24), hour(0, 10, None), hour(0, 11, None)]
    one_gap = [hour(0, 9, 24), hour(0, 10, None), hour(0, 11, 64)]
    assert with_estimates(mostly_dark, HISTORY) == mostly_dark
    assert with_estimates(one_gap, weeks_ago(1, USUAL)) == one_gap
    assert with_estimates(one_gap, []) == one_gap


def test_badly_watched_weeks_are_no_history() -> None:
    partial = [replace(h, state="partial") for h in HISTORY]
    one_gap = [hour(0, 9, 24), hour(0, 10, None), hour(0, 11, 64)]
    assert with_estimates(one_gap, partial) == one_gap
