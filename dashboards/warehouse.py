"""The reports' view of gold: cached for a few seconds, always asked with a store's id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl
import sqlalchemy as sa
import streamlit as st

from contracts.events import GeometryChanged
from dashboards import queries
from dashboards.access import Access
from dashboards.hours import Gold
from dashboards.plan import plan_from

_FRESH = timedelta(seconds=20)


class Warehouse(msgspec.Struct, frozen=True):
    """Where gold is and who may see which store of it."""

    url: str
    access: Access

    def stores(self) -> dict[str, dict[str, Any]]:
        """All stores by id, in the order of their names."""
        rows = _frame(self.url, "stores", "", ()).to_dicts()
        return {row["store_id"]: row for row in rows}

    def days(self, store: str) -> tuple[date, ...]:
        """Business days of the store that have any row."""
        return tuple(_frame(self.url, "days", store, ())["business_date"])

    def gold(self, store: str, zone: str, first: date, last: date) -> Gold:
        """Rows of the store from business day `first` to `last`, in local time of `zone`."""
        values = (("zone", zone), ("first", first), ("last", last))
        names = ("footfall", "occupancy", "zones", "coverage")
        return Gold(*(_frame(self.url, name, store, values) for name in names))

    def cells(
        self, store: str, zone: str, first: date, last: date, hours: Sequence[int]
    ) -> pl.DataFrame:
        """Presence per cell, summed over the days and the local hours of the day."""
        values = (("zone", zone), ("first", first), ("last", last), ("hours", tuple(hours)))
        return _frame(self.url, "cells", store, values)

    def plan(self, store: str) -> GeometryChanged | None:
        """The store's plan, None where there is none that can be drawn."""
        return plan_from(_plan(self.url, store))

    def forget(self) -> None:
        """Ask the database again next time."""
        _frame.clear()
        _plan.clear()


@st.cache_resource(show_spinner=False)
def _engine(url: str) -> sa.Engine:
    return queries.connect(url)


@st.cache_resource(ttl=_FRESH, max_entries=256, show_spinner="Reading the values …")
def _frame(url: str, name: str, store: str, values: tuple[tuple[str, Any], ...]) -> pl.DataFrame:
    bound = {key: list(value) if isinstance(value, tuple) else value for key, value in values}
    named = {"store": store} if store else {}
    return queries.ask(_engine(url), queries.QUESTIONS[name], **named, **bound)


@st.cache_resource(ttl=_FRESH, max_entries=64, show_spinner=False)
def _plan(url: str, store: str) -> dict[str, Any]:
    return queries.plan_of(_engine(url), store)
