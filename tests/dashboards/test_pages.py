"""The pages as Streamlit runs them, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards.warehouse import Warehouse
from orchestration.storage.tables import footfall_15m
from tests.dashboards import seed

APP = Path(dashboards.__file__).with_name("app.py")
FLOOR = "app_pages/floor_plan.py"


class Reader:
    """Someone who opens the reports of one database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._environment = monkeypatch

    def open(self, url: str, *, access: str = "", page: str = "", **link: str) -> AppTest:
        self._environment.setenv("TRINETRA_DATABASE_URL", url)
        self._environment.setenv("TRINETRA_REPORT_ACCESS", access)
        app = AppTest.from_file(str(APP), default_timeout=60)
        if page:
            app.run()
            app.switch_page(page)
        for name, value in link.items():
            app.query_params[name.rstrip("_")] = value
        return app.run()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    st.cache_resource.clear()
    yield Reader(monkeypatch)
    st.cache_resource.clear()


def words_of(app: AppTest) -> str:
    assert not app.exception, app.exception
    kinds = (app.markdown, app.info, app.warning, app.error, app.caption, app.title)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def cards(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def link(app: AppTest) -> dict[str, str]:
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in app.query_params.items()
    }


def test_this_week_shows_what_the_database_holds(
    reader: Reader, gold_url: str, seed_rows: seed.Rows
) -> None:
    app = reader.open(gold_url)
    expected = sum(
        row["entries"] or 0
        for row in seed_rows[footfall_15m]
        if row["store_id"] == "alder" and row["business_date"] >= seed.LATEST
    )
    assert cards(app)["Footfall"] == f"{expected:,}"
    assert cards(app)["Coverage"] == "83 %"
    text = words_of(app)
    assert "**Friday's footfall fell by" in text
    assert "only 83 % of camera time was watched" in text
    assert "! 83 % watched" in text
    assert link(app) == {"store": "alder", "week": "2026-W45", "comparison": "previous"}


def test_the_link_chooses_store_week_and_comparison(reader: Reader, gold_url: str) -> None:
    app = reader.open(gold_url, store="alder", week="2026-W45", comparison="year")
    assert [box.value for box in app.selectbox[:3]] == ["alder", seed.LATEST, "year"]
    assert "vs a year ago" in words_of(app)
    older = reader.open(gold_url, store="birch", week="2025-W45")
    assert link(older)["week"] == "2025-W45"
    assert "first week: nothing to compare yet" in words_of(older)


def test_a_choice_is_written_into_the_link_and_survives_a_change_of_page(
    reader: Reader, gold_url: str
) -> None:
    app = reader.open(gold_url)
    app.selectbox[0].set_value("birch").run()
    assert link(app)["store"] == "birch"
    app.switch_page(FLOOR).run()
    assert app.selectbox[0].value == "birch"
    assert "No floor plan yet" in words_of(app)


@pytest.mark.parametrize("page", ["", FLOOR])
def test_an_unknown_store_in_the_link_is_named_and_another_shown(
    reader: Reader, gold_url: str, page: str
) -> None:
    app = reader.open(gold_url, page=page, store="<b>nowhere")
    if not page:
        assert "There is no store “\\<b\\>nowhere” that you may see" in words_of(app)
    assert app.selectbox[0].value == "alder"
    assert link(app)["store"] == "alder"


def test_a_store_of_someone_else_looks_like_one_that_is_not_there(
    reader: Reader, gold_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.shell._reader", lambda: "anna@example.com")
    app = reader.open(gold_url, access='{"anna@example.com": ["birch"]}', store="alder")
    assert app.selectbox[0].options == ["Birch Corner"]
    assert "There is no store “alder” that you may see" in words_of(app)
    assert "Alder Market" not in words_of(app)


def test_with_rights_set_a_stranger_sees_no_store(reader: Reader, gold_url: str) -> None:
    app = reader.open(gold_url, access='{"anna@example.com": ["birch"]}')
    assert "No store is shared with you yet" in words_of(app)
    assert not app.selectbox


def test_broken_rights_open_nothing(reader: Reader, gold_url: str) -> None:
    app = reader.open(gold_url, access="alder")
    assert "TRINETRA_REPORT_ACCESS must be JSON" in words_of(app)
    assert not app.selectbox


@pytest.mark.parametrize("page", ["", FLOOR])
def test_an_empty_database_says_what_to_do(reader: Reader, blank_url: str, page: str) -> None:
    text = words_of(reader.open(blank_url, page=page))
    assert "**No events yet.**" in text
    assert "`trinetra run --config store.toml`" in text


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("", "No database is set"),
        ("nonsense", "not a database URL"),
        ("postgresql://u:secret@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_a_database_that_is_not_there_is_one_line(reader: Reader, url: str, line: str) -> None:
    text = words_of(reader.open(url))
    assert line in text
    assert "secret" not in text


def test_three_minutes_of_a_demo_look_sensible(reader: Reader, demo_url: str) -> None:
    app = reader.open(demo_url)
    assert cards(app)["Footfall"] == "9"
    assert cards(app)["Zone visits"] == "4"
    assert [metric.delta for metric in app.metric] == [""] * 5
    text = words_of(app)
    assert text.count("first week: nothing to compare yet") == 4
    assert "is the only day measured: 9 came in" in text
    assert "You can rely on these numbers: 99 %" in text


def test_the_floor_plan_shows_zones_and_top_spot(reader: Reader, gold_url: str) -> None:
    app = reader.open(gold_url, page=FLOOR)
    assert "People spent most time **in the zone Checkout**" in words_of(app)
    zones = pl.from_pandas(app.dataframe[1].value)
    assert zones["Zone"].to_list() == ["Fresh produce", "Checkout", "Bakery"]
    assert link(app)["hours"] == "8-20"
    assert "! 83 % watched" in words_of(app), "the silent day counts"


def test_the_floor_plan_takes_days_hours_and_scale_from_the_link(
    reader: Reader, gold_url: str
) -> None:
    choice = {"from_": "2026-11-03", "to": "2026-11-03", "hours": "13-18", "scale": "log"}
    app = reader.open(gold_url, page=FLOOR, store="alder", **choice)
    assert link(app).items() >= {k.rstrip("_"): v for k, v in choice.items()}.items()
    assert "! 74 % watched" in words_of(app), "camera aisle was dark then"
    odd = {"from_": "2026-13-77", "to": "x", "hours": "25-3", "scale": "loud"}
    assert link(reader.open(gold_url, page=FLOOR, **odd))["from"] == "2026-11-02"


def test_hours_without_any_camera_are_unknown_not_empty(reader: Reader, gold_url: str) -> None:
    day = seed.SILENT_DAY.isoformat()
    app = reader.open(gold_url, page=FLOOR, store="alder", from_=day, to=day)
    assert "the floor is unknown, not empty" in words_of(app)


def test_every_question_but_the_list_of_stores_names_a_store() -> None:
    from dashboards.queries import QUESTIONS

    assert all(":store" in q.sql for name, q in QUESTIONS.items() if name != "stores")
    assert {"gold", "cells", "days", "plan"} <= set(dir(Warehouse))
