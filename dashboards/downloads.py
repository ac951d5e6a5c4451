"""Tables as files: CSV for machines, XLSX for people."""

from __future__ import annotations

import io

import polars as pl
import streamlit as st

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_bytes(table: pl.DataFrame) -> bytes:
    """UTF-8 with a header; null is an empty field, never a zero."""
    return _safe(table).write_csv().encode()


def xlsx_bytes(table: pl.DataFrame) -> bytes:
    """One sheet with a header row and fitted columns."""
    file = io.BytesIO()
    _safe(table).write_excel(file, worksheet="TRINETRA", autofit=True)
    return file.getvalue()


def buttons(table: pl.DataFrame, name: str) -> None:
    """Both downloads side by side; `name` without an ending."""
    with st.container(horizontal=True):
        st.download_button(
            "⬇ CSV",
            csv_bytes(table),
            f"{name}.csv",
            "text/csv",
            key=f"csv {name}",
            on_click="ignore",
        )
        st.download_button(
            "⬇ XLSX",
            lambda: xlsx_bytes(table),
            f"{name}.xlsx",
            XLSX,
            key=f"xlsx {name}",
            on_click="ignore",
        )


def _safe(table: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula get an apostrophe in front."""
    texts = pl.col(pl.String)
    return (
        table.with_columns(
            pl.when(texts.str.contains(r"^[=+\-@\t\r]"))
            .then("'" + texts)
            .otherwise(texts)
            .name.keep()
        )
        if pl.String in table.dtypes
        else table
    )
