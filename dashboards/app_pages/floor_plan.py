"""Floor plan: where do people go and stop?"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import cast

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import cards, downloads, look, shell, tables, words
from dashboards.hours import Gold, hours_of
from dashboards.plan import cell_table, days_text, floor_of, top_spot, zone_table
from dashboards.plan_chart import Scale, plan_figure

_SCALES: dict[Scale, str] = {"clip": "Clipped at the 99th percentile", "log": "Logarithmic"}


def show() -> None:
    """Draw the page."""
    heading = st.container()
    at_store, at_days, at_hours, at_scale = st.columns([1.1, 1.2, 1.3, 1.2])
    store = shell.open_store(at_store)
    first, last = _days(at_days, store)
    hours = _hours(at_hours, store)
    scale = _scale(at_scale)
    heading.title("Floor plan")
    heading.caption(
        f"{words.plain(store.name)} · {words.plain(days_text(first, last))} · "
        f"{words.span(hours[0], hours[-1])} · times of {words.plain(store.zone)}"
    )
    gold = shell.warehouse().gold(store.id, store.zone, first, last)
    picture, side = st.columns([2, 1], gap="medium")
    with picture:
        _plan(store, first, last, hours, scale, _watched(store, gold, first, last, hours))
    with side:
        st.subheader("Zones", anchor=False)
        _zones(zone_table(gold.zones, hours), f"{store.id}-{first:%Y-%m-%d}-zones")
        shell.definition("zone_visits", "dwell", "heatmap_presence")


def _plan(
    store: shell.Store,
    first: date,
    last: date,
    hours: list[int],
    scale: Scale,
    watched: float | None,
) -> None:
    plan = shell.warehouse().plan(store.id)
    if plan is None:
        st.info(
            "**No floor plan yet.** Give `store.toml` a `[floor_plan]` and each camera its "
            "`image_points` and `floor_points`, then restart the agent."
        )
        return
    floor = floor_of(plan, shell.warehouse().cells(store.id, store.zone, first, last, hours))
    shell.coverage_badge(watched)
    if watched is None:
        st.warning("No camera was watched in these hours, so the floor is unknown, not empty.")
        return
    st.markdown(top_spot(floor) or "The cameras were watching and saw nobody in these hours.")
    chart, rows = st.tabs(["Plan", "Table"])
    with chart:
        st.plotly_chart(
            plan_figure(floor, scale, dark=shell.dark(), width_px=340 if shell.phone() else 680),
            config=look.CONFIG,
            key="plan",
            alt="Presence on the floor plan; the table tab holds the cells.",
        )
        st.caption("Hatched: no camera looks there. Dark: watched, and nobody stood there.")
    table = cell_table(floor)
    tables.show(rows, table, height=480)
    downloads.buttons(table, f"{store.id}-{first:%Y-%m-%d}-cells")


def _zones(table: pl.DataFrame, name: str) -> None:
    if table.is_empty():
        st.info("Nobody stayed in a zone in these hours, or no zone is drawn in `store.toml`.")
        return
    shown = table.select(
        pl.col("zone").alias("Zone"),
        pl.col("visits").alias("Visits"),
        *(
            pl.col(column).map_elements(words.seconds, pl.String, skip_nulls=False).alias(title)
            for column, title in (("median_s", "Median"), ("p90_s", "p90"), ("total_s", "Total"))
        ),
    )
    st.dataframe(shown, hide_index=True)
    st.caption(
        "Median and p90: the middle of the hours, weighted by visits. Stays whose end was "
        f"not seen are left out of them: {words.count(sum(table['censored']))}."
    )
    downloads.buttons(table, name)


def _days(place: DeltaGenerator, store: shell.Store) -> tuple[date, date]:
    """First and last day, from the link or the last seven days with values."""
    begin, latest = store.days[0], store.days[-1]
    default = (max(begin, latest - timedelta(days=6)), latest)
    key = f"days {store.id}"
    if key not in st.session_state:
        first, last = (_date(st.query_params.get(name)) for name in ("from", "to"))
        usable = first and last and begin <= first <= last <= latest
        st.session_state[key] = (first, last) if usable else default
    picked = place.date_input(
        "Days", min_value=begin, max_value=latest, key=key, format="DD/MM/YYYY"
    )
    chosen = cast("tuple[date, ...]", picked) or default
    shell.remember("from", chosen[0].isoformat())
    shell.remember("to", chosen[-1].isoformat())
    return chosen[0], chosen[-1]


def _hours(place: DeltaGenerator, store: shell.Store) -> list[int]:
    """Hours of the day in the order of the business day, from the link or all of them."""
    order = list(store.opening.hours())
    key = f"hours {store.id}"
    if key not in st.session_state:
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", st.query_params.get("hours", ""))
        first, last = (int(found[1]), int(found[2]) - 1) if found else (-1, -1)
        usable = first in order and last in order and order.index(first) <= order.index(last)
        ends = (order.index(first), order.index(last) + 1) if usable else (0, len(order))
        st.session_state[key] = ends
    picked = place.select_slider(
        "Hours",
        range(len(order) + 1),
        key=key,
        format_func=lambda step: words.clock((order[0] + step) * 60),
    )
    begin, end = cast("tuple[int, int]", picked)
    hours = order[begin : max(end, begin + 1)] or order[-1:]
    shell.remember("hours", f"{hours[0]}-{hours[-1] + 1}")
    return hours


def _scale(place: DeltaGenerator) -> Scale:
    return shell.pick(
        place,
        "Colour scale",
        tuple(_SCALES),
        "scale",
        text=str,
        default="clip",
        written=lambda scale: _SCALES[scale],
    )


def _watched(
    store: shell.Store, gold: Gold, first: date, last: date, hours: list[int]
) -> float | None:
    """Observed ÷ expected camera-minutes of the chosen hours."""
    days = (last - first).days + 1
    began = store.began(gold, first)
    found = hours_of(gold, first, store.opening, now=store.now(), first=began, days=days)
    return cards.coverage([hour for hour in found if hour.hour in hours])


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


show()
