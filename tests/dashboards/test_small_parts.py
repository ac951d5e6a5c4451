"""Access, words and downloads."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConfigError
from dashboards import words
from dashboards.access import Access, parse_access
from dashboards.downloads import csv_bytes, xlsx_bytes

STORES = ("alder", "birch")


def test_without_a_mapping_every_store_is_visible() -> None:
    assert parse_access(" ").visible(None, STORES) == STORES


def test_with_a_mapping_only_the_granted_stores_are() -> None:
    access = parse_access('{"Anna@example.com": ["birch", "gone"], "head@example.com": ["*"]}')
    assert access.visible("anna@EXAMPLE.com", STORES) == ("birch",)
    assert access.visible("head@example.com", STORES) == STORES
    assert access.visible("eve@example.com", STORES) == access.visible(None, STORES) == ()
    assert Access({}).visible(None, STORES) == ()


@pytest.mark.parametrize("text", ["[]", "{", '{"a": "birch"}', '{"a": [1]}', "\udcff"])
def test_a_bad_mapping_is_refused_rather_than_opened(text: str) -> None:
    with pytest.raises(ConfigError, match="must be JSON"):
        parse_access(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.973, "97 %"),
        (0.998, "99 %"),
        (0.9999, "100 %"),
        (1.0, "100 %"),
    ],
)
def test_share(value: float | None, text: str) -> None:
    assert words.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0 s"),
        (59.4, "59 s"),
        (60.0, "1 min"),
        (83, "1 min 23 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert words.seconds(value) == text


@pytest.mark.parametrize(
    ("monday", "text"),
    [(date(2026, 11, 16), "2026-W47"), (date(2024, 12, 30), "2025-W01")],
)
def test_a_week_in_a_link(monday: date, text: str) -> None:
    assert words.week_id(monday) == text


def test_clock_knows_midnight_at_both_ends() -> None:
    assert (words.clock(0), words.clock(1440), words.clock(1500)) == ("00:00", "24:00", "01:00")


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_plain_text_holds_no_bare_markup(text: str) -> None:
    escaped = words.plain(text)
    for mark in "*_`[]$:<":
        assert escaped.count(mark) == escaped.count("\\" + mark)


TABLE = pl.DataFrame({"zone": ["=cmd()", "-1", "Äpfel"], "visits": [1, None, 0]})


def test_csv_keeps_null_apart_from_zero_and_no_formula_runs() -> None:
    assert csv_bytes(TABLE).decode() == "zone,visits\n'=cmd(),1\n'-1,\nÄpfel,0\n"


def test_xlsx_is_a_workbook_without_formulas() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes(TABLE))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<row ") == 4
