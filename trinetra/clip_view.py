"""What the annotated video shows of tracks, lines and zones: from source to image pixels."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

from contracts.geometry import Line, Point, Polygon
from edge_agent.tracking.bytetrack import Tracks
from trinetra.clip_places import LineState, Places, ZoneState
from trinetra.drawing import LineCount, Person, Scene, ZoneCount

TRAIL_S = 1.5


class View:
    """Makes scenes; remembers where people walked lately."""

    def __init__(self, scale: tuple[float, float]) -> None:
        """`scale` is source pixels per image pixel, x and y."""
        self._scale = scale
        self._trails: defaultdict[int, deque[tuple[float, Point]]] = defaultdict(deque)

    def follow(self, tracks: Tracks, at_s: float) -> None:
        """Remember where the feet of these tracks are."""
        for track_id, (x1, _, x2, y2), confirmed in _rows(tracks):
            if confirmed:
                self._trails[track_id].append((at_s, self._shown(((x1 + x2) / 2, y2))))
        for track_id in tracks.ended.tolist():
            self._trails.pop(track_id, None)

    def scene(
        self, tracks: Tracks | None, places: Places, at_s: float, header: tuple[str, ...]
    ) -> Scene:
        """What there is to draw at `at_s`."""
        return Scene(
            people=() if tracks is None else tuple(self._people(tracks, at_s)),
            lines=tuple(self._line(state) for state in places.lines),
            zones=tuple(self._zone(state, at_s) for state in places.zones),
            header=header,
        )

    def _people(self, tracks: Tracks, at_s: float) -> Iterator[Person]:
        for track_id, (x1, y1, x2, y2), confirmed in _rows(tracks):
            trail = self._trails.get(track_id, deque())
            while trail and trail[0][0] < at_s - TRAIL_S:
                trail.popleft()
            corners = (*self._shown((x1, y1)), *self._shown((x2, y2)))
            yield Person(track_id, corners, confirmed, tuple(point for _, point in trail))

    def _line(self, state: LineState) -> LineCount:
        line = state.place.line
        shown = Line(self._shown(line.start), self._shown(line.end))
        (ax, ay), (bx, by) = shown.start, shown.end
        return LineCount(
            name=state.place.name,
            line=shown,
            inward=(ay - by, bx - ax),
            entered=state.counts["in"],
            left=state.counts["out"],
        )

    def _zone(self, state: ZoneState, at_s: float) -> ZoneCount:
        stays = state.watch.stays
        text = f"{state.place.name}  {len(stays)} now"
        if stays:
            text += f"  longest {at_s - min(stays.values()):.0f} s"
        area = Polygon(tuple(self._shown(corner) for corner in state.place.area.corners))
        return ZoneCount(state.place.name, area, text)

    def _shown(self, point: Point) -> Point:
        return point[0] / self._scale[0], point[1] / self._scale[1]


def _rows(tracks: Tracks) -> Iterator[tuple[int, list[float], bool]]:
    return zip(
        tracks.track_id.tolist(), tracks.xyxy.tolist(), tracks.confirmed.tolist(), strict=True
    )
