"""Shortest ways around the fixtures: a visibility graph over their corners."""

from __future__ import annotations

import functools
import heapq
import math

from contracts.geometry import Point
from simulator.plan import Rect, Scenario

WALK_MARGIN_M = 0.32
CORNER_MARGIN_M = 0.5
DOOR_KEEP_OUT_M = 2.05


class Routes:
    """Ways across one shop. People who only cross the shop keep out of the door areas."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._solid = [fixture.rect for fixture in scenario.fixtures] + keep_out(scenario)
        corners = [
            (x, y)
            for x0, y0, x1, y1 in self._solid
            for x in (x0 - CORNER_MARGIN_M, x1 + CORNER_MARGIN_M)
            for y in (y0 - CORNER_MARGIN_M, y1 + CORNER_MARGIN_M)
        ]
        self._nodes = [corner for corner in corners if self._free(corner)]
        self._links = {
            a: [b for b in self._nodes if b != a and self.clear(a, b)] for a in self._nodes
        }
        self._seen_from = functools.lru_cache(4096)(self._corners_seen)

    def way(self, start: Point, end: Point) -> list[Point]:
        """Corners to walk by, ending in `end`; the straight line where there is no other way."""
        if self.clear(start, end):
            return [end]
        first, last = self._seen_from(start), set(self._seen_from(end))
        best: dict[Point, float] = {}
        came: dict[Point, Point] = {}
        heap = [(math.dist(start, node) + math.dist(node, end), node, start) for node in first]
        heapq.heapify(heap)
        while heap:
            cost, node, before = heapq.heappop(heap)
            if node in best:
                continue
            best[node], came[node] = cost, before
            if node == end:
                return _unwound(came, start, end)
            so_far = cost - math.dist(node, end)
            following = self._links[node] + ([end] if node in last else [])
            for other in following:
                if other not in best:
                    total = so_far + math.dist(node, other) + math.dist(other, end)
                    heapq.heappush(heap, (total, other, node))
        return [end]

    def clear(self, start: Point, end: Point) -> bool:
        """True if the straight line keeps its distance from everything solid."""
        for rect in self._solid:
            near = min(_away(rect, start), _away(rect, end))
            if _meets(rect, min(WALK_MARGIN_M, near - 0.01), start, end):
                return False
        return True

    def _corners_seen(self, point: Point) -> list[Point]:
        return [node for node in self._nodes if self.clear(point, node)]

    def _free(self, point: Point) -> bool:
        x, y = point
        scenario = self._scenario
        if not (0.3 < x < scenario.width_m - 0.3 and 0.3 < y < scenario.depth_m - 0.3):
            return False
        return all(_away(rect, point) > WALK_MARGIN_M for rect in self._solid)


def keep_out(scenario: Scenario) -> list[Rect]:
    """The floor just inside each door, which only those who pass the door walk on."""
    rects = []
    for door in scenario.doors:
        ys = sorted((door.y(scenario.depth_m, 0.0), door.y(scenario.depth_m, DOOR_KEEP_OUT_M)))
        rects.append((door.from_m - 0.4, ys[0], door.to_m + 0.4, ys[1]))
    return rects


def _away(rect: Rect, point: Point) -> float:
    """Distance from the rectangle; negative inside."""
    x0, y0, x1, y1 = rect
    dx, dy = max(x0 - point[0], point[0] - x1), max(y0 - point[1], point[1] - y1)
    return math.hypot(max(dx, 0), max(dy, 0)) if max(dx, dy) > 0 else max(dx, dy)


def _meets(rect: Rect, margin: float, start: Point, end: Point) -> bool:
    """True if the segment meets the grown rectangle (Liang and Barsky's clipping)."""
    x0, y0, x1, y1 = rect
    dx, dy = end[0] - start[0], end[1] - start[1]
    low, high = 0.0, 1.0
    for step, room in (
        (-dx, start[0] - (x0 - margin)),
        (dx, (x1 + margin) - start[0]),
        (-dy, start[1] - (y0 - margin)),
        (dy, (y1 + margin) - start[1]),
    ):
        if abs(step) < 1e-12:
            if room < 0:
                return False
            continue
        at = room / step
        if step < 0:
            low = max(low, at)
        else:
            high = min(high, at)
    return low < high


def _unwound(came: dict[Point, Point], start: Point, end: Point) -> list[Point]:
    way = [end]
    while came[way[-1]] != start:
        way.append(came[way[-1]])
    return way[::-1]
