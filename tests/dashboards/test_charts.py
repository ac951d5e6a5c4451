from __future__ import annotations

import math
from datetime import datetime

import plotly.graph_objects as go
from msgspec.structs import replace

from dashboards.charts import door_bars, door_buckets, grid_columns, hour_grid
from dashboards.hours import Estimate
from dashboards.opening import Opening, opening_of
from tests.dashboards.build import MONDAY, gold, hour, quarter

SHOP = opening_of("09:00", "12:00")


def texts(chart: go.Figure) -> list[str]:
    return [text for trace in chart.data[1:] if trace.mode == "text" for text in trace.text]


def test_unwatched_hours_are_gaps_with_a_hatch_and_a_dash() -> None:
    hours = [hour(0, 9, 4), hour(0, 10, None), hour(0, 11, 0), hour(1, 9, state="ahead")]
    chart = hour_grid(hours, [9, 10, 11])
    heat, hatch = chart.data[0], chart.data[1]
    assert heat.z[0][0] == 4
    assert math.isnan(heat.z[0][1])
    assert heat.z[0][2] == 0
    assert (hatch.name, hatch.fillpattern.shape) == ("not watched", "/")
    assert [x for x in hatch.x if x is not None] == [0.54, 1.46, 1.46, 0.54, 0.54]
    assert sorted(texts(chart)) == ["0", "4", "–"]


def test_estimated_and_partial_hours_look_different() -> None:
    hours = [
        replace(hour(0, 9, None), state="estimated", estimate=Estimate(12.4, 10, 15)),
        hour(0, 10, 7, state="partial", share=0.6),
    ]
    chart = hour_grid(hours, [9, 10])
    assert sorted(texts(chart)) == ["<i>≈12</i>", "≥7"]
    assert "estimate 12 (from 10 to 15)" in chart.data[0].customdata[0][0]


def test_days_that_have_not_begun_are_not_drawn() -> None:
    hours = [hour(0, 9, state="ahead"), hour(1, 9, 4), hour(2, 9, state="ahead")]
    assert list(hour_grid(hours, [9]).layout.yaxis.ticktext) == ["Tue 3"]


def test_a_shop_that_never_closes_shows_the_hours_around_its_values() -> None:
    always = Opening(0, 1440)
    assert grid_columns([hour(0, 5, 9)], always) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert grid_columns([hour(0, 5, None)], always) == list(range(24))
    assert grid_columns([hour(0, 9, 9)], SHOP) == [9, 10, 11]


def test_buckets_are_null_only_where_nothing_was_watched() -> None:
    rows = [quarter(0, "09:00", 2), quarter(0, "09:15", None), quarter(0, "10:00", None)]
    rows += [quarter(0, "08:45", 7), quarter(1, "09:00", 8)]
    found = door_buckets(gold(rows).footfall, MONDAY, SHOP, minutes=60)
    assert [(r["start"].hour, r["entries"], r["coverage"]) for r in found.to_dicts()] == [
        (9, 2, 0.25),
        (10, None, 0.0),
    ]


def test_bars_are_stacked_by_door_and_gaps_are_hatched() -> None:
    rows = [quarter(0, "09:00", 2), quarter(0, "09:00", 3, door="<i>b"), quarter(0, "09:15", None)]
    chart = door_bars(gold(rows).footfall, MONDAY, SHOP, minutes=15)
    assert [trace.name for trace in chart.data] == ["&lt;i&gt;b", "door", "not watched"]
    assert chart.data[2].marker.pattern.shape == "/"
    assert [x.strftime("%H:%M:%S") for x in chart.data[2].x] == ["09:22:30"]
    assert chart.layout.barmode == "stack"


def test_one_bar_stays_a_bar() -> None:
    chart = door_bars(gold([quarter(0, "09:00", 2)]).footfall, MONDAY, SHOP, minutes=15)
    first, last = (datetime.fromisoformat(str(end)) for end in chart.layout.xaxis.range)
    assert (last - first).total_seconds() == 7200
