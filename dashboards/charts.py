"""Charts of the week: pure functions from hours and rows to figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape

import plotly.graph_objects as go
import polars as pl

from dashboards import look, words
from dashboards.hours import Hour
from dashboards.opening import QUARTER_MIN, Opening

_TEAL = [[0.0, "rgba(15,139,141,0.10)"], [1.0, "rgba(15,139,141,0.95)"]]
_ROW_PX = 40


def hour_grid(hours: Sequence[Hour], columns: Sequence[int], *, dark: bool = False) -> go.Figure:
    """Weekday × hour of entries: NaN and a hatch where nobody watched, blank where closed.

    `columns` are the hours of the day to show, in the order of the business day.
    """
    days = _days(hours)
    cells = {(h.day, h.hour): h for h in hours}
    rows = [[cells.get((day, hour)) for hour in columns] for day in days]
    values = [[_shown(cell) for cell in row] for row in rows]
    top = max((v for row in values for v in row if not math.isnan(v)), default=1.0)
    chart = look.figure(_ROW_PX * len(days) + 50, dark=dark)
    chart.update_layout(margin={"l": 8, "r": 8, "t": 36, "b": 8})
    chart.add_trace(
        go.Heatmap(
            z=values,
            colorscale=_TEAL,
            zmin=0,
            zmax=max(top, 1.0),
            showscale=False,
            xgap=3,
            ygap=3,
            hoverongaps=False,
            customdata=[[_hover(cell) for cell in row] for row in rows],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    _add_hatch(chart, rows)
    _add_texts(chart, rows, top, look.ink(dark))
    chart.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=[f"{hour:02d}" for hour in columns],
        side="top",
        range=[-0.5, len(columns) - 0.5],
    )
    chart.update_yaxes(
        tickvals=list(range(len(days))),
        ticktext=[f"{words.weekday(day)[:3]} {day.day}" for day in days],
        range=[len(days) - 0.5, -0.5],
    )
    chart.update_xaxes(showgrid=False, zeroline=False, ticks="", fixedrange=True)
    chart.update_yaxes(showgrid=False, zeroline=False, ticks="", fixedrange=True)
    return chart


def grid_columns(hours: Sequence[Hour], opening: Opening) -> list[int]:
    """Business hours; of a shop that is open for most of the day only those around its values."""
    order = list(opening.hours())
    used = [order.index(h.hour) for h in hours if h.entries is not None or h.estimate]
    if len(order) <= 16 or not used:
        return order
    first, last = max(0, min(used) - 2), min(len(order), max(used) + 3)
    while last - first < 8:
        first, last = max(0, first - 1), min(len(order), last + 1)
    return order[first:last]


def door_bars(
    rows: pl.DataFrame, day: date, opening: Opening, *, minutes: int, dark: bool = False
) -> go.Figure:
    """Entries of one day by door in buckets of `minutes`; a hatch where a door was not watched."""
    buckets = door_buckets(rows, day, opening, minutes=minutes)
    chart = look.figure(300, dark=dark)
    for index, door in enumerate(buckets["door"].unique().sort()):
        mine = buckets.filter((pl.col("door") == door) & pl.col("entries").is_not_null())
        colour = look.DOORS[index % len(look.DOORS)]
        chart.add_trace(_door_trace(mine, escape(door), colour, minutes))
    sums = buckets.group_by("start").agg(pl.col("entries").sum())["entries"].to_list()
    top = max(1, *sums) * 1.08
    chart.add_trace(_gap_trace(buckets, minutes, top))
    chart.update_layout(
        barmode="stack",
        bargap=0,
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
    )
    chart.update_xaxes(type="date", tickformat="%H:%M", showgrid=False, fixedrange=True)
    chart.update_xaxes(range=_around(buckets["start"].to_list(), minutes))
    chart.update_yaxes(title_text="people in", range=[0, top], fixedrange=True, nticks=6)
    chart.update_yaxes(gridcolor=look.FAINT, tickformat="d", dtick=1 if top <= 6 else None)
    return chart


def _door_trace(mine: pl.DataFrame, name: str, colour: str, minutes: int) -> go.Bar:
    middle = timedelta(minutes=minutes / 2)
    return go.Bar(
        x=[start + middle for start in mine["start"]],
        y=mine["entries"].to_list(),
        width=minutes * 60_000 * 0.86,
        name=name,
        marker={"color": colour, "cornerradius": 3},
        customdata=[_bucket(row, minutes) for row in mine.iter_rows(named=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _gap_trace(buckets: pl.DataFrame, minutes: int, top: float) -> go.Bar:
    """A hatch from floor to ceiling over the buckets in which a door was not watched."""
    gaps = buckets.filter(pl.col("entries").is_null())["start"].unique().sort()
    middle = timedelta(minutes=minutes / 2)
    return go.Bar(
        x=[start + middle for start in gaps],
        y=[top] * len(gaps),
        width=minutes * 60_000,
        name="not watched",
        marker={"color": "rgba(0,0,0,0)", "pattern": look.HATCH, "line": {"width": 0}},
        hovertext=[f"{start:%H:%M}: a door was not watched" for start in gaps],
        hoverinfo="text",
        showlegend=bool(len(gaps)),
    )


def door_buckets(rows: pl.DataFrame, day: date, opening: Opening, *, minutes: int) -> pl.DataFrame:
    """Columns start, door, entries, exits, coverage of one day's trading hours.

    A bucket is null when no part of it was watched; parts that were are summed.
    """
    starts = pl.col("local_start")
    minute = starts.dt.hour().cast(pl.Int64) * 60 + starts.dt.minute().cast(pl.Int64)
    inside = rows.filter(pl.col("business_date") == day).with_columns(minute=minute)
    inside = inside.filter([opening.is_open(value) for value in inside["minute"]])
    totals = [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
        for name in ("entries", "exits")
    ]
    share = pl.col("coverage").fill_null(0.0).sum() / (minutes // QUARTER_MIN)
    return (
        inside.with_columns(start=starts.dt.truncate(f"{minutes}m"))
        .group_by("start", "door")
        .agg(*totals, share.clip(0, 1).alias("coverage"))
        .sort("start", "door")
    )


def _days(hours: Sequence[Hour]) -> list[date]:
    """From the first to the last day that has begun, so that a first day is not lost in blanks."""
    begun = [hour.day for hour in hours if hour.state != "ahead"]
    days = sorted({hour.day for hour in hours})
    return [day for day in days if begun[0] <= day <= begun[-1]] if begun else days


def _shown(cell: Hour | None) -> float:
    if cell is None:
        return math.nan
    if cell.estimate:
        return cell.estimate.value
    return math.nan if cell.entries is None else float(cell.entries)


def _add_hatch(chart: go.Figure, rows: list[list[Hour | None]]) -> None:
    boxes = [
        (x - 0.46, y - 0.44, x + 0.46, y + 0.44)
        for y, row in enumerate(rows)
        for x, cell in enumerate(row)
        if cell and cell.state == "missing"
    ]
    if boxes:
        chart.add_trace(look.hatched(boxes, "not watched"))


def _add_texts(chart: go.Figure, rows: list[list[Hour | None]], top: float, ink: str) -> None:
    """Numbers in the cells: white on strong colour, `ink` elsewhere."""
    for strong in (True, False):
        found = [
            (x, y, _text(cell))
            for y, row in enumerate(rows)
            for x, cell in enumerate(row)
            if cell and (_shown(cell) > 0.7 * top) is strong and _text(cell)
        ]
        font = {"size": 13, "color": "white" if strong else ink}
        chart.add_trace(
            go.Scatter(
                x=[x for x, _, _ in found],
                y=[y for _, y, _ in found],
                text=[text for _, _, text in found],
                mode="text",
                textfont=font,
                hoverinfo="skip",
            )
        )


def _text(cell: Hour) -> str:
    if cell.estimate:
        return f"<i>≈{cell.estimate.value:.0f}</i>"
    if cell.state == "missing":
        return words.NOTHING
    if cell.entries is None:
        return ""
    return f"≥{cell.entries}" if cell.state == "partial" else f"{cell.entries}"


def _hover(cell: Hour | None) -> str:
    if cell is None or cell.state in ("ahead", "closed"):
        return ""
    at = f"<b>{words.short_day(cell.day)} {words.span(cell.hour, cell.hour)}</b>"
    watched = f"doors watched {words.share(cell.watched)}"
    counted = "not watched" if cell.entries is None else f"{cell.entries} in, {cell.exits or 0} out"
    lines = [at, counted, watched]
    if cell.estimate:
        guess = cell.estimate
        lines.append(f"estimate {guess.value:.0f} (from {guess.low:.0f} to {guess.high:.0f})")
    return "<br>".join(lines)


def _bucket(row: dict[str, object], minutes: int) -> str:
    start = row["start"]
    return (
        f"<b>{start:%H:%M}</b>, {minutes} min<br>{escape(str(row['door']))}: "
        f"{row['entries']} in, {row['exits']} out<br>"
        f"watched {words.share(float(str(row['coverage'])))}"
    )


def _around(starts: Sequence[datetime], minutes: int) -> list[datetime] | None:
    """Axis range of the values, at least two hours wide, so that two bars stay bars."""
    if not starts:
        return None
    first, last = min(starts), max(starts) + timedelta(minutes=minutes)
    spare = max(timedelta(0), timedelta(hours=2) - (last - first)) / 2
    return [first - spare, last + spare]
