"""The two pages in a real browser, against what SQL says."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from orchestration.storage.postgres import engine
from tests.dashboards import seed
from trinetra.dashboards import start_dashboards

pytestmark = [pytest.mark.browser, pytest.mark.slow]
pytest.importorskip("playwright", reason="needs playwright: it is in the dev requirements")
from playwright.sync_api import Browser, expect  # noqa: E402

from tests.browser.visit import PHONE, Visit, visit  # noqa: E402

WEEK = {"store": "alder", "first": seed.LATEST}
OPEN = "extract(hour FROM {} AT TIME ZONE 'Europe/Berlin') BETWEEN 8 AND 19"


def sql(url: str, text: str, **values: Any) -> list[Any]:
    connected = engine(url)
    with connected.connect() as connection:
        rows = list(connection.execute(sa.text(text), WEEK | values))
    connected.dispose()
    return rows


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Visit]:
    with visit(chromium) as opened:
        yield opened
        assert opened.complaints == []
        assert opened.strangers == []


def test_this_week_equals_sql(desk: Visit, reports: str, gold_url: str) -> None:
    desk.open(reports)
    where = "WHERE store_id = :store AND business_date >= :first"
    [[entries]] = sql(gold_url, f"SELECT sum(entries) FROM gold.footfall_15m {where}")
    [[visits]] = sql(gold_url, f"SELECT sum(visits) FROM gold.zone_dwell {where}")
    [[peak]] = sql(gold_url, f"SELECT max(maximum) FROM gold.occupancy_15m {where}")
    [[dwell]] = sql(
        gold_url,
        "SELECT sum(mean_s * (visits - censored)) / sum(visits - censored) "
        f"FROM gold.zone_dwell {where}",
    )
    [[watched]] = sql(
        gold_url,
        f"SELECT sum(observed_minutes) / (7 * 12 * 60 * 4) FROM gold.coverage {where}",
    )
    assert desk.metrics() == {
        "Footfall": f"{entries:,}",
        "Average zone dwell": f"{dwell:.0f} s",
        "Peak occupancy": str(peak),
        "Zone visits": f"{visits:,}",
        "Coverage": f"{watched:.0%}".replace("%", " %"),
    }


def test_the_grid_equals_sql_hour_by_hour(desk: Visit, reports: str, gold_url: str) -> None:
    desk.open(reports)
    local = "bucket_start AT TIME ZONE 'Europe/Berlin'"
    rows = sql(
        gold_url,
        f"SELECT business_date - CAST(:first AS date), extract(hour FROM {local})::int, "
        "sum(entries), bool_or(entries IS NULL) "
        "FROM gold.footfall_15m WHERE store_id = :store AND business_date >= :first "
        "GROUP BY 1, 2",
    )
    shown = desk.figure("grid")["data"][0]["z"]
    for day, hour, entries, gap in rows:
        if not gap:
            assert shown[day][hour - 8] == entries
    silent = (seed.SILENT_DAY - seed.LATEST).days
    assert shown[silent] == [None] * 12, "a silent day is no row of zeros"


def test_the_floor_plan_equals_sql_and_is_to_scale(
    desk: Visit, reports: str, gold_url: str
) -> None:
    desk.open(f"{reports}/floor-plan?store=alder")
    [[seconds]] = sql(
        gold_url,
        "SELECT sum(seconds) FROM gold.heatmap_tiles "
        f"WHERE store_id = :store AND business_date >= :first AND {OPEN.format('hour_start')}",
    )
    drawn = desk.figure("plan")
    cells = [value for row in drawn["data"][0]["z"] for value in row if value is not None]
    assert sum(cells) * 0.25**2 * 60 == pytest.approx(seconds)
    unseen = sum(row.count("0") for row in seed.plan(seed.ALDER)["seen_cells"])
    assert len(cells) == 48 * 32 - unseen
    x, y = (abs(axis["range"][1] - axis["range"][0]) / axis["length"] for axis in drawn["axes"])
    assert x == pytest.approx(y, rel=1e-3), "a metre is as wide as it is deep"


def test_a_choice_lands_in_the_link_and_survives_a_reload(desk: Visit, reports: str) -> None:
    desk.open(reports)
    alder = desk.metrics()
    desk.choose("Store", "Birch Corner")
    desk.wait_for_link(store="birch")
    desk.choose("Week", "26 Oct–1 Nov 2026 · week 44")
    desk.wait_for_link(week="2026-W44")
    desk.choose("Compare with", "364 days earlier")
    desk.wait_for_link(comparison="year")
    link, birch = desk.link(), desk.metrics()
    assert link == {"store": "birch", "week": "2026-W44", "comparison": "year"}
    assert birch != alder
    desk.page.reload()
    desk.settle()
    assert (desk.link(), desk.metrics()) == (link, birch)


def test_the_store_stays_when_the_page_changes(desk: Visit, reports: str) -> None:
    desk.open(f"{reports}/?store=birch")
    desk.page.get_by_role("link", name="Floor plan").click()
    expect(desk.page.get_by_text("No floor plan yet.")).to_be_visible()
    desk.wait_for_link(store="birch")


def test_the_csv_holds_what_sql_holds(
    desk: Visit, reports: str, gold_url: str, tmp_path: Path
) -> None:
    desk.open(reports)
    with desk.page.expect_download() as download:
        desk.page.locator(".st-key-csv-alder-2026-W45-hours button").click()
    assert download.value.suggested_filename == "alder-2026-W45-hours.csv"
    path = tmp_path / "hours.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    [[entries]] = sql(
        gold_url,
        "SELECT sum(entries) FROM gold.footfall_15m "
        "WHERE store_id = :store AND business_date >= :first",
    )
    assert len(rows) == 7 * 12
    assert sum(int(row["entries"] or 0) for row in rows) == entries
    silent = [row for row in rows if row["day"] == seed.SILENT_DAY.isoformat()]
    assert {(row["entries"], row["state"]) for row in silent} == {("", "not watched")}


def test_the_xlsx_of_cells_is_a_workbook(desk: Visit, reports: str, tmp_path: Path) -> None:
    desk.open(f"{reports}/floor-plan?store=alder")
    with desk.page.expect_download() as download:
        desk.page.locator(".st-key-xlsx-alder-2026-11-02-cells button").click()
    path = tmp_path / "cells.xlsx"
    download.value.save_as(path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as book:
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1 + 48 * 32


@pytest.mark.parametrize("path", ["", "floor-plan"])
def test_every_chart_has_a_table_beside_it(desk: Visit, reports: str, path: str) -> None:
    desk.open(f"{reports}/{path}?store=alder")
    for tabs in desk.page.get_by_test_id("stTabs").all():
        tabs.get_by_role("tab", name="Table").click()
        expect(tabs.get_by_test_id("stDataFrame").first).to_be_visible()


@pytest.mark.parametrize("path", ["", "floor-plan"])
def test_dark_and_light_are_told_apart_and_the_text_can_be_read(
    chromium: Browser, reports: str, path: str
) -> None:
    backs = {}
    for scheme in ("light", "dark"):
        with visit(chromium, color_scheme=scheme) as reader:
            reader.open(f"{reports}/{path}?store=alder")
            reader.figure("plan" if path else "grid")
            back = reader.page.get_by_test_id("stApp").evaluate(
                "e => getComputedStyle(e).backgroundColor"
            )
            texts = reader.page.locator(".js-plotly-plot text.xtick, .js-plotly-plot .xtick text")
            ink = texts.first.evaluate("e => getComputedStyle(e).fill")
            backs[scheme] = luminance(back)
            assert contrast(luminance(ink), luminance(back)) >= 4.5, "WCAG AA"
            assert (reader.complaints, reader.strangers) == ([], [])
    assert backs["light"] > 0.8 > 0.1 > backs["dark"]


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(…)` as WCAG defines it."""
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("path", ["", "floor-plan"])
def test_a_phone_does_not_scroll_sideways(chromium: Browser, reports: str, path: str) -> None:
    with visit(chromium, **PHONE) as reader:
        reader.open(f"{reports}/{path}?store=alder")
        reader.figure("plan" if path else "grid")
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert (reader.complaints, reader.strangers) == ([], [])


def test_the_empty_page_fills_itself_once_events_arrive(desk: Visit, server: str) -> None:
    connected = engine(server)
    with connected.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CREATE DATABASE filling"))
    connected.dispose()
    url = sa.make_url(server).set(database="filling").render_as_string(hide_password=False)
    with start_dashboards(url) as running:
        desk.page.goto(running.url)
        expect(desk.page.get_by_text("No events yet.")).to_be_visible()
        seed.write(engine(url), seed.demo_rows(datetime.now(UTC)))
        assert desk.metrics()["Footfall"] == "9"
        desk.settle()
