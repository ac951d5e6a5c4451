from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import GeometryChanged
from dashboards import queries
from dashboards.plan import (
    Floor,
    cell_table,
    floor_of,
    plan_from,
    top_spot,
    unseen_boxes,
    zone_table,
)
from dashboards.plan_chart import percentile, plan_figure, unit_of
from tests.dashboards import seed
from tests.dashboards.build import stays


def plan(rows: list[str], **changes: Any) -> GeometryChanged:
    payload = {
        **seed.plan(seed.ALDER),
        "width_m": len(rows[0]) * 0.5,
        "depth_m": len(rows) * 0.5,
        "cell_m": 0.5,
        "seen_cells": rows,
        **changes,
    }
    found = plan_from(payload)
    assert found is not None
    return found


def cells(*rows: tuple[int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=queries.CELLS.schema, orient="row")


def test_unseen_is_nan_seen_and_empty_is_zero() -> None:
    floor = floor_of(plan(["110", "101"]), cells((0, 0, 3.0), (9, 9, 5.0)))
    assert floor.seconds[0][:2] == [3.0, 0.0]
    assert math.isnan(floor.seconds[0][2])
    assert math.isnan(floor.seconds[1][1])
    assert cell_table(floor)["seconds"].to_list() == [3.0, 0.0, None, 0.0, None, 0.0]


@given(st.lists(st.text("01", min_size=5, max_size=5), min_size=1, max_size=6))
def test_hatched_boxes_cover_exactly_the_unseen_cells(rows: list[str]) -> None:
    boxes = unseen_boxes(floor_of(plan(rows), cells()))
    for y, row in enumerate(rows):
        for x, mark in enumerate(row):
            middle = ((x + 0.5) * 0.5, (y + 0.5) * 0.5)
            inside = [b for b in boxes if b[0] < middle[0] < b[2] and b[1] < middle[1] < b[3]]
            assert len(inside) == (mark == "0")


def test_a_payload_that_is_no_plan() -> None:
    good = seed.plan(seed.ALDER)
    assert plan_from({}) is None
    assert plan_from({**good, "cell_m": 0}) is None
    assert plan_from({**good, "fixtures": [{"name": 3}]}) is None
    assert plan_from({**good, "added_later": 1}) is not None


def test_median_over_hours_is_weighted_and_censored_visits_are_left_out() -> None:
    rows = [stays(0, 9, 1, mean_s=5.0), stays(0, 10, 8, mean_s=20.0), stays(0, 11, 3, mean_s=90.0)]
    rows.append({**stays(0, 12, 6, mean_s=None), "censored": 6})
    zones = pl.DataFrame(rows, schema=queries.ZONES.schema)
    found = zone_table(zones, range(24)).to_dicts()
    assert [(r["visits"], r["median_s"], r["censored"]) for r in found] == [(18, 20.0, 6)]
    assert zone_table(zones, [9])["visits"].to_list() == [1]
    assert zone_table(zones, [3]).is_empty()


def test_the_top_spot_is_named_after_its_zone() -> None:
    whole = floor_of(
        plan_from(seed.plan(seed.ALDER)) or pytest.fail("no plan"),
        cells((22, 29, 60.0), (2, 2, 20.0)),
    )
    text = top_spot(whole)
    assert text is not None
    assert "**in the zone Checkout**: 1 min on one square metre, 75 % of all time" in text
    assert top_spot(floor_of(whole.plan, cells())) is None


def test_the_chart_is_to_scale_hatched_and_has_gaps_where_unseen() -> None:
    floor = floor_of(plan(["110", "111"]), cells((0, 0, 3.0)))
    chart = plan_figure(floor, "clip")
    heat, hatch = chart.data[0], chart.data[1]
    assert math.isnan(heat.z[0][2])
    assert heat.z[0][0] == pytest.approx(12.0), "seconds per square metre"
    assert (heat.x0, heat.dx) == (0.25, 0.5)
    assert heat.colorscale[0][1] == "rgb(0,34,78)", "not a colour that Streamlit repaints"
    assert hatch.fillpattern.shape == "/"
    assert hatch.x[:4] == (1.0, 1.5, 1.5, 1.0)
    assert chart.layout.yaxis.scaleanchor == "x"
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1], "y runs down like the plan"


def test_a_wholly_seen_floor_is_not_hatched() -> None:
    names = [trace.name for trace in plan_figure(floor_of(plan(["11"]), cells()), "log").data]
    assert "no camera looks here" not in names


def test_the_scale_is_clipped_or_logarithmic_and_says_its_unit() -> None:
    rows = ["1" * 20] * 10
    values = [(x, y, 1.0) for x in range(20) for y in range(10)]
    values[0] = (0, 0, 120.0)
    floor = floor_of(plan(rows), cells(*values))
    clipped, log = (plan_figure(floor, scale).data[0] for scale in ("clip", "log"))  # type: ignore[arg-type]
    assert clipped.zmax == pytest.approx(4.0)
    assert clipped.colorbar.ticktext[-1] == "≥ 4"
    assert log.zmax == pytest.approx(math.log10(481))
    assert clipped.colorbar.title.text == "person-seconds per m²"
    assert unit_of(Floor(floor.plan, [[v * 200 for v in row] for row in floor.seconds]))[1] == (
        "person-minutes per m²"
    )


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_the_percentile_is_one_of_the_values(values: list[float]) -> None:
    assert percentile(values, 0.99) in [*values, 0.0]
    assert percentile(values, 1.0) == max(values, default=0.0)


def test_names_are_no_markup_in_the_chart() -> None:
    shape = {"name": "<b>x</b>", "kind": "shelf", "points_m": [[0, 0], [1, 0], [1, 1]]}
    chart = plan_figure(floor_of(plan(["11"], fixtures=[shape], zones=[shape]), cells()), "clip")
    assert all("<b>x" not in note.text for note in chart.layout.annotations)
