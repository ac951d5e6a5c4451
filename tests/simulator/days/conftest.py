"""One busy quarter of an hour for the whole folder."""

from __future__ import annotations

from datetime import datetime

import pytest

from simulator.days import Day, DayTruth, load_scenario, simulate_day, truth_of_day

EVENING = datetime(2026, 3, 3, 17, 0)  # noqa: DTZ001 - local time of the store


@pytest.fixture(scope="session")
def day() -> Day:
    return simulate_day(load_scenario("queue"), 3, start=EVENING, seconds=900)


@pytest.fixture(scope="session")
def truth(day: Day) -> DayTruth:
    return truth_of_day(day)
