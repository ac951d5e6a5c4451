"""Colours and marks that the charts share; all of them work on a light and a dark page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

GREY = "rgba(128,134,138,1)"
FAINT = "rgba(128,134,138,0.14)"
HATCH = {"shape": "/", "fgcolor": "rgba(128,134,138,0.55)", "bgcolor": "rgba(0,0,0,0)", "size": 7}
DOORS = ("#0f8b8d", "#e09f3e", "#7a6fb0", "#5c8a3a", "#c8553d", "#4a7ab5")
CIVIDIS = (
    "rgb(0,34,78)",
    "rgb(35,62,108)",
    "rgb(74,88,109)",
    "rgb(110,114,118)",
    "rgb(147,141,119)",
    "rgb(189,172,103)",
    "rgb(254,232,56)",
)
STEPS = [[index / (len(CIVIDIS) - 1), colour] for index, colour in enumerate(CIVIDIS)]
CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False, "responsive": True}


def ink(dark: bool) -> str:
    """Colour of text inside a chart, where Streamlit's own grey would be too faint."""
    return "#e8ecea" if dark else "#20292e"


def figure(height: int, *, dark: bool) -> go.Figure:
    """An empty figure without frame, background or mode bar, its text in the page's ink."""
    chart = go.Figure()
    chart.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"align": "left"},
        dragmode=False,
        showlegend=False,
        legend={"font": {"color": ink(dark)}},
    )
    chart.update_xaxes(tickfont={"color": ink(dark)}, title={"font": {"color": ink(dark)}})
    chart.update_yaxes(tickfont={"color": ink(dark)}, title={"font": {"color": ink(dark)}})
    return chart


def hatched(boxes: list[tuple[float, float, float, float]], name: str) -> go.Scatter:
    """Rectangles (x0, y0, x1, y1) filled with diagonal lines: nobody looked here."""
    x: list[float | None] = []
    y: list[float | None] = []
    for x0, y0, x1, y1 in boxes:
        x += [x0, x1, x1, x0, x0, None]
        y += [y0, y0, y1, y1, y0, None]
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor="rgba(128,134,138,0.55)",
        fillpattern=HATCH,
        hoverinfo="skip",
    )
