"""A day's picture: time on whole minutes, three charts of one unit each, names on paper."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from simulator.days import Day, DayTruth, load_scenario, simulate_day
from simulator.days.charts import GREY, MARGIN, MOST_TICKS, ticks_of
from simulator.days.picture import BLUE, GREEN, ORANGE, WIDTH, picture_of


@pytest.mark.parametrize(
    ("begin", "seconds", "step_s"),
    [("17:08", 720, 60), ("17:08:30", 720, 60), ("09:50", 3600, 300), ("00:00", 86_400, 7200)],
)
def test_ticks_are_on_whole_minutes_of_the_local_day(
    begin: str, seconds: float, step_s: int
) -> None:
    start = datetime.fromisoformat(f"2026-03-03T{begin}")
    day = simulate_day(load_scenario("quiet"), 1, start=start, seconds=seconds)
    ticks = np.array(ticks_of(day))
    assert 3 <= len(ticks) <= MOST_TICKS + 1
    assert ((ticks - day.midnight) % step_s == 0).all()
    assert (np.diff(ticks) == step_s).all()
    assert day.begins_at <= ticks[0] < day.begins_at + step_s
    assert day.ends_at - step_s < ticks[-1] <= day.ends_at


def test_entries_people_inside_and_lines_have_a_chart_each(day: Day, truth: DayTruth) -> None:
    picture = picture_of(day, truth)
    right = picture[:, WIDTH - MARGIN - 60 : WIDTH - MARGIN - 2].astype(int)
    below = picture.shape[0] - 3 * 210
    rows = [
        np.flatnonzero((right == colour).all(axis=2).any(axis=1))
        for colour in (BLUE, ORANGE, GREEN)
    ]
    entries, inside, lines = (found[found > below] for found in rows)
    assert entries.max() < inside.min() <= inside.max() < lines.min()
    assert (picture == GREY).all(axis=2).any()
