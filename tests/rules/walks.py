"""Walks past a door, for tests: a counter is fed a whole path at 10 frames a second."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.events import Direction
from contracts.geometry import Line, LinePair, Point
from edge_agent.rules.lines import LineCounter

FRAME_S = 0.1
DOOR = LinePair(outer=Line((0.2, 0.45), (0.8, 0.45)), inner=Line((0.2, 0.55), (0.8, 0.55)))
"""Street above 0.45, shop below 0.55, frames of the door at x = 0.2 and 0.8."""


def walk(
    counter: LineCounter,
    path: Iterable[Point],
    *,
    track_id: int = 1,
    start_s: float = 100.0,
    confirmed_from: int = 0,
) -> list[Direction]:
    """Everything that is told while the track walks the path."""
    told = [
        counter.update(track_id, place, start_s + index * FRAME_S, index >= confirmed_from)
        for index, place in enumerate(path)
    ]
    return [direction for direction in told if direction is not None]


def down(*ys: float, x: float = 0.5) -> list[Point]:
    """A path at one x."""
    return [(x, y) for y in ys]
