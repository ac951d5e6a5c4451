"""Presence drawn over the floor plan, in metres and to scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Literal

import plotly.graph_objects as go

from contracts.events import GeometryChanged, PlanShape
from dashboards import look
from dashboards.plan import Floor, unseen_boxes

Scale = Literal["clip", "log"]
_MINUTES_FROM = 600.0


def plan_figure(
    floor: Floor, scale: Scale, *, dark: bool = False, width_px: int = 680
) -> go.Figure:
    """Heatmap of presence per m² (NaN where unseen, which is hatched) under the plan's shapes."""
    plan = floor.plan
    chart = look.figure(_height(plan, width_px), dark=dark)
    chart.add_trace(_heat(floor, scale, look.ink(dark)))
    unseen = unseen_boxes(floor)
    if unseen:
        chart.add_trace(look.hatched(unseen, "no camera looks here"))
    zones = {zone.name for zone in plan.zones}
    for shape in plan.fixtures:
        _add_fixture(chart, shape, named=shape.name not in zones)
    for shape in plan.zones:
        _add_outline(chart, shape)
    for shape in plan.doors:
        _add_door(chart, shape)
    _add_walls(chart, plan)
    margin = 0.35
    chart.update_xaxes(
        range=[-margin, plan.width_m + margin],
        constrain="domain",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        ticksuffix=" m",
        nticks=8,
    )
    chart.update_yaxes(
        range=[plan.depth_m + margin, -margin],
        constrain="domain",
        constraintoward="top",
        scaleanchor="x",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        ticksuffix=" m",
        nticks=7,
    )
    return chart


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile of what is above zero; 0 where nothing is."""
    above = sorted(value for value in values if value > 0)
    return above[min(len(above) - 1, math.ceil(share * len(above)) - 1)] if above else 0.0


def unit_of(floor: Floor) -> tuple[float, str]:
    """(factor from seconds per cell, unit): minutes once seconds would need four digits."""
    values = [v / floor.cell_area_m2 for row in floor.seconds for v in row if not math.isnan(v)]
    if percentile(values, 0.99) >= _MINUTES_FROM:
        return 1 / floor.cell_area_m2 / 60, "person-minutes per m²"
    return 1 / floor.cell_area_m2, "person-seconds per m²"


def _heat(floor: Floor, scale: Scale, ink: str) -> go.Heatmap:
    factor, unit = unit_of(floor)
    values = [[value * factor for value in row] for row in floor.seconds]
    flat = [value for row in values for value in row if not math.isnan(value)]
    top = percentile(flat, 0.99) or 1.0
    cell = floor.plan.cell_m
    z, zmax, ticks = values, top, _clip_ticks(top, max(flat, default=0.0))
    if scale == "log":
        zmax = math.log10(1 + max(flat, default=1.0)) or 1.0
        z, ticks = [[math.log10(1 + value) for value in row] for row in values], _log_ticks(zmax)
    return go.Heatmap(
        z=z,
        x0=cell / 2,
        dx=cell,
        y0=cell / 2,
        dy=cell,
        zmin=0,
        zmax=zmax,
        zsmooth=False,
        colorscale=look.STEPS,
        hoverongaps=False,
        customdata=values,
        hovertemplate="%{customdata:.1f} " + unit + "<br>at %{x:.2f} m, %{y:.2f} m<extra></extra>",
        colorbar={
            "title": {"text": unit, "side": "top", "font": {"color": ink}},
            "tickfont": {"color": ink},
            "orientation": "h",
            "thickness": 12,
            "len": 0.6,
            "x": 0.5,
            "y": -0.06,
            "yanchor": "top",
            "outlinewidth": 0,
            "tickvals": [value for value, _ in ticks],
            "ticktext": [text for _, text in ticks],
        },
    )


def _clip_ticks(top: float, highest: float) -> list[tuple[float, str]]:
    """Round values below `top`, and `top` itself, marked where the scale is clipped there."""
    power = 10 ** math.floor(math.log10(top / 4))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= top / 4.5)
    ticks = [(step * n, f"{step * n:g}") for n in range(5) if step * n < 0.9 * top]
    return [*ticks, (top, f"{'≥ ' if highest > top else ''}{top:.3g}")]


def _log_ticks(zmax: float) -> list[tuple[float, str]]:
    values = [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000]
    ticks = [(math.log10(1 + value), f"{value:,}") for value in values]
    kept = [tick for tick in ticks if tick[0] <= zmax + 1e-9]
    return kept[:: max(1, len(kept) // 6)]


def _add_fixture(chart: go.Figure, shape: PlanShape, *, named: bool) -> None:
    chart.add_trace(
        go.Scatter(
            **_closed(shape),
            mode="lines",
            fill="toself",
            fillcolor="rgba(226,228,226,0.94)",
            line={"color": "rgb(120,126,130)", "width": 1},
            hoveron="fills",
            text=escape(shape.name),
            hoverinfo="text",
        )
    )
    if not named:
        return
    xs, ys = _spread(shape)
    upright = ys[1] - ys[0] > 1.4 * (xs[1] - xs[0])
    chart.add_annotation(
        x=sum(xs) / 2,
        y=sum(ys) / 2,
        text=escape(shape.name),
        showarrow=False,
        textangle=-90 if upright else 0,
        font={"size": 11, "color": "rgb(45,52,56)"},
    )


def _add_outline(chart: go.Figure, shape: PlanShape) -> None:
    for colour, width, dash in (("rgba(0,0,0,0.55)", 4, "solid"), ("white", 2, "dash")):
        chart.add_trace(
            go.Scatter(
                **_closed(shape),
                mode="lines",
                line={"color": colour, "width": width, "dash": dash},
                hoverinfo="skip",
            )
        )
    xs, ys = _spread(shape)
    chart.add_annotation(
        x=xs[0],
        y=ys[0],
        xanchor="left",
        yanchor="top",
        text=f"<b>{escape(shape.name)}</b>",
        showarrow=False,
        font={"size": 11, "color": "white"},
        bgcolor="rgba(0,0,0,0.55)",
        borderpad=3,
    )


def _add_door(chart: go.Figure, shape: PlanShape) -> None:
    """A bar where the plan has the doorway, a strip where it has the door's two lines."""
    strip = len(shape.points_m) > 2
    chart.add_trace(
        go.Scatter(
            **_closed(shape),
            mode="lines",
            fill="toself" if strip else "none",
            fillcolor="rgba(228,87,46,0.45)",
            line={"color": "#e4572e", "width": 2 if strip else 7},
            hoverinfo="text",
            text=escape(shape.name),
        )
    )
    xs, ys = _spread(shape)
    chart.add_annotation(
        x=sum(xs) / 2,
        y=sum(ys) / 2,
        text=f"<b>{escape(shape.name)}</b>",
        showarrow=False,
        font={"size": 11, "color": "white"},
        bgcolor="#c8441f",
        borderpad=3,
        yshift=14,
    )


def _add_walls(chart: go.Figure, plan: GeometryChanged) -> None:
    chart.add_shape(
        type="rect",
        x0=0,
        y0=0,
        x1=plan.width_m,
        y1=plan.depth_m,
        layer="below",
        line={"color": look.GREY, "width": 2},
    )


def _closed(shape: PlanShape) -> dict[str, list[float]]:
    points = [*shape.points_m, *shape.points_m[:1]]
    return {"x": [x for x, _ in points], "y": [y for _, y in points]}


def _spread(shape: PlanShape) -> tuple[tuple[float, float], tuple[float, float]]:
    xs, ys = [x for x, _ in shape.points_m] or [0.0], [y for _, y in shape.points_m] or [0.0]
    return (min(xs), max(xs)), (min(ys), max(ys))


def _height(plan: GeometryChanged, width_px: int) -> int:
    """Pixels that fit a plan drawn `width_px` wide, with its colour bar."""
    return round(min(820.0, max(0.8 * width_px, width_px * plan.depth_m / plan.width_m) + 85))
