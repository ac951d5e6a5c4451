"""This week: what changed, and what do I do?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

import streamlit as st

from dashboards import cards, charts, downloads, look, sentences, shell, tables, words
from dashboards.cards import Comparison
from dashboards.estimates import HISTORY_WEEKS, with_estimates
from dashboards.hours import Gold, Hour, hours_of

_WEEK = timedelta(days=7)
_COMPARISONS = {"previous": "the week before", "year": "364 days earlier"}
_LEGEND = (
    "**12** counted · **≥ 12** partly watched, a lower bound · *≈ 12* estimated from the "
    "weeks before · **–** hatched: not watched · blank: closed or not yet"
)


def show() -> None:
    """Draw the page."""
    heading = st.container()
    at_store, at_week, at_comparison = st.columns(3)
    store = shell.open_store(at_store)
    mondays = sorted({day - timedelta(days=day.weekday()) for day in store.days}, reverse=True)
    monday = shell.pick(
        at_week,
        "Week",
        mondays,
        "week",
        text=words.week_id,
        default=mondays[0],
        written=words.week,
        refused="No values in week “{}”; this is the latest one.",
    )
    comparison = cast(
        Comparison,
        shell.pick(
            at_comparison,
            "Compare with",
            tuple(_COMPARISONS),
            "comparison",
            text=str,
            default="previous",
            written=lambda name: _COMPARISONS[name],
        ),
    )
    heading.title("This week" if monday == mondays[0] else "The week")
    heading.caption(
        f"{words.plain(store.name)} · {words.plain(words.week(monday))} · "
        f"times of {words.plain(store.zone)}"
    )
    gold, now, then, then_gold = _weeks(store, monday, comparison)
    _sentences(now, then, {"now": gold, "then": then_gold}, comparison, monday == mondays[0])
    _cards(now, then, comparison)
    _grid(now, store, monday)
    _doors(gold, store)


def _weeks(
    store: shell.Store, monday: date, comparison: Comparison
) -> tuple[Gold, list[Hour], list[Hour], Gold]:
    """(gold, hours) of the week and of the one it is compared with."""
    clock, end = store.now(), monday + timedelta(days=6)
    recent_from, other = monday - HISTORY_WEEKS * _WEEK, monday - cards.SHIFT[comparison]
    recent = _gold(store, recent_from, end)
    source = recent if other >= recent_from else _gold(store, other, other + timedelta(days=6))
    first = store.began(recent, recent_from)
    history = [
        hour
        for back in range(1, HISTORY_WEEKS + 1)
        for hour in hours_of(recent, monday - back * _WEEK, store.opening, now=clock, first=first)
    ]
    now = with_estimates(hours_of(recent, monday, store.opening, now=clock, first=first), history)
    then = hours_of(source, other, store.opening, now=clock, first=store.began(source, other))
    compared = then if any(day for day in store.days if other <= day < other + _WEEK) else []
    return recent.days(monday), now, compared, source.days(other)


def _gold(store: shell.Store, first: date, last: date) -> Gold:
    return shell.warehouse().gold(store.id, store.zone, first, last)


def _cards(now: list[Hour], then: list[Hour], comparison: Comparison) -> None:
    for column, card in zip(st.columns(5), cards.cards_of(now, then, comparison), strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.metric(
                card.title,
                card.value,
                delta=card.delta,
                delta_color="normal" if card.metric in ("footfall", "coverage") else "off",
                chart_data=card.trend if len(card.trend) > 1 else None,
                chart_type="bar",
            )
            shell.coverage_badge(card.watched if card.known else None)
            st.caption(card.note)
            shell.definition(card.metric)


def _sentences(
    now: list[Hour], then: list[Hour], gold: dict[str, Gold], comparison: Comparison, latest: bool
) -> None:
    fine, trust = sentences.trust(now, gold["now"], latest=latest)
    lines = [
        f":blue-badge[Busiest] {sentences.busiest(now)}",
        f":violet-badge[Change] {sentences.biggest_change(now, then, gold, comparison)}",
        f":{'green' if fine else 'orange'}-badge[Trust] {trust}",
    ]
    outside = sentences.outside_hours(gold["now"], now)
    if outside:
        more = f"{words.count(outside)} more came in outside business hours (not in the footfall)."
        lines.append(f":gray-badge[Closed] {more}")
    with st.container(border=True):
        st.markdown("\n\n".join(lines))


def _grid(now: list[Hour], store: shell.Store, monday: date) -> None:
    st.subheader("When people come in", anchor=False)
    table = tables.hour_table(now)
    chart, rows = st.tabs(["Chart", "Table"])
    with chart:
        columns = charts.grid_columns(now, store.opening)
        st.plotly_chart(
            charts.hour_grid(now, columns, dark=shell.dark()),
            config=look.CONFIG,
            key="grid",
            alt="People who came in by weekday and hour; the table tab holds the numbers.",
        )
        st.caption(_LEGEND)
    tables.show(rows, table)
    downloads.buttons(table, f"{store.id}-{words.week_id(monday)}-hours")


def _doors(gold: Gold, store: shell.Store) -> None:
    days = sorted(set(gold.footfall["business_date"]), reverse=True)
    if not days:
        st.info("No door has counted in this week: draw one in `store.toml` under `[[doors]]`.")
        return
    st.subheader("Through which door", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.selectbox("Day", days, format_func=words.short_day, width=200)
        wide = st.segmented_control(
            "Bars of",
            [15, 60],
            default=15,
            required=True,
            format_func=lambda value: "15 minutes" if value == 15 else "1 hour",
        )
    minutes = wide or 15
    buckets = charts.door_buckets(gold.footfall, day, store.opening, minutes=minutes)
    chart, rows = st.tabs(["Chart", "Table"])
    with chart:
        st.plotly_chart(
            charts.door_bars(gold.footfall, day, store.opening, minutes=minutes, dark=shell.dark()),
            config=look.CONFIG,
            key="doors",
            alt="People who came in by door; the table tab holds the numbers.",
        )
    tables.show(rows, buckets)
    downloads.buttons(buckets, f"{store.id}-{day:%Y-%m-%d}-doors")


show()
