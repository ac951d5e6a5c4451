"""Local days have 23, 24 or 25 hours."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from simulator.days import load_scenario, simulate_day
from simulator.days.hours import at_local, day_span, local_date, quarters

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-03-30", 24), ("2026-10-25", 25)]
)
def test_a_local_day_has_its_own_length(day: str, hours: int) -> None:
    begin, end = day_span(date.fromisoformat(day), BERLIN)
    assert (end - begin) / 3600 == hours
    parts = quarters(date.fromisoformat(day), BERLIN)
    assert len(parts) == hours * 4
    assert local_date(begin, BERLIN) == local_date(end - 1, BERLIN) == date.fromisoformat(day)


def test_the_hour_that_comes_twice_is_there_twice_and_the_skipped_one_never() -> None:
    autumn = [hour for _, hour in quarters(date(2026, 10, 25), BERLIN)]
    spring = [hour for _, hour in quarters(date(2026, 3, 29), BERLIN)]
    assert autumn.count(2) == 8
    assert spring.count(2) == 0


def test_a_skipped_time_comes_later_and_a_repeated_one_is_the_first() -> None:
    skipped = at_local(date(2026, 3, 29), "02:30", BERLIN)
    assert skipped == at_local(date(2026, 3, 29), "03:30", BERLIN)
    repeated = at_local(date(2026, 10, 25), "02:30", BERLIN)
    assert at_local(date(2026, 10, 25), "03:30", BERLIN) - repeated == 2 * 3600
    assert at_local(date(2026, 10, 25), "24:00", BERLIN) == day_span(date(2026, 10, 25), BERLIN)[1]


def test_a_night_of_25_hours_is_simulated_whole() -> None:
    night = simulate_day(load_scenario("night"), 1)
    assert night.seconds == 25 * 3600
    assert night.begins_at == day_span(date(2026, 10, 25), BERLIN)[0]
