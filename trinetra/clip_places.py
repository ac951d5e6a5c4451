"""Lines and zones given on the command line, counted by the same rules that the agent uses."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts.errors import ConfigError
from contracts.events import Direction, LineCrossed, Payload, ZoneVisit
from contracts.geometry import Line, Point, Polygon
from edge_agent.rules.lines import LineCounter, pair_around
from edge_agent.rules.zones import Visit, ZoneWatch
from edge_agent.tracking.bytetrack import Tracks
from trinetra.clip_times import instant

PAIR_WIDTH = 0.03
"""Distance between a counting line's two halves, in heights of the picture."""

LINE_FORM = "NAME=x1,y1,x2,y2"
ZONE_FORM = "NAME=x1,y1,x2,y2,x3,y3[,…]"


class NamedLine(NamedTuple):
    """A counting line in pixels of the source."""

    name: str
    line: Line


class NamedZone(NamedTuple):
    """A zone in pixels of the source."""

    name: str
    area: Polygon


def parse_line(text: str) -> NamedLine:
    """`door=100,400,500,400`; `ConfigError` says what is expected."""
    name, points = _parsed(text, "--line", LINE_FORM)
    if len(points) != 2 or points[0] == points[1]:
        raise ConfigError(f"--line {text}: expected {LINE_FORM} with two different points")
    return NamedLine(name, Line(*points))


def parse_zone(text: str) -> NamedZone:
    """`till=10,10,90,10,90,90`; `ConfigError` says what is expected."""
    name, points = _parsed(text, "--zone", ZONE_FORM)
    if len(points) < 3:
        raise ConfigError(f"--zone {text}: expected {ZONE_FORM} with at least three points")
    area = Polygon(tuple(points))
    try:
        area.check()
    except ConfigError as error:
        raise ConfigError(f"--zone {text}: {error}") from None
    return NamedZone(name, area)


def _parsed(text: str, option: str, form: str) -> tuple[str, list[Point]]:
    name, _, numbers = text.partition("=")
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if not re.fullmatch(r"[\w .-]{1,40}", name) or not values or len(values) % 2:
        raise ConfigError(f"{option} {text}: expected {form} in pixels")
    if not all(map(math.isfinite, values)):
        raise ConfigError(f"{option} {text}: expected finite numbers")
    return name, list(zip(values[::2], values[1::2], strict=True))


class Happening(NamedTuple):
    """Something that a rule saw, at `at_s` seconds of the clip."""

    payload: Payload
    subject: str
    at_s: float


@dataclass
class LineState:
    """A line and its counts so far."""

    place: NamedLine
    counter: LineCounter
    counts: Counter[Direction] = field(default_factory=Counter)


@dataclass
class ZoneState:
    """A zone and its closed visits so far."""

    place: NamedZone
    watch: ZoneWatch
    visits: list[Visit] = field(default_factory=list)


class Places:
    """All lines and zones of one clip."""

    def __init__(
        self,
        camera: str,
        lines: Iterable[NamedLine],
        zones: Iterable[NamedZone],
        *,
        size: tuple[int, int],
        min_dwell_s: float,
    ) -> None:
        """`size` is (width, height) of the source; `ConfigError` for a place outside of it."""
        self._camera = camera
        self.lines = [
            LineState(place, LineCounter(pair_around(place.line, PAIR_WIDTH * size[1])))
            for place in lines
        ]
        self.zones = [ZoneState(place, ZoneWatch(place.area, min_dwell_s)) for place in zones]
        names = [line.place.name for line in self.lines] + [z.place.name for z in self.zones]
        if len(set(names)) != len(names):
            raise ConfigError("every --line and --zone needs a name of its own")
        corners: dict[str, tuple[Point, ...]] = {
            line.place.name: (line.place.line.start, line.place.line.end) for line in self.lines
        }
        corners |= {zone.place.name: zone.place.area.corners for zone in self.zones}
        for name, points in corners.items():
            if not any(0 <= x <= size[0] and 0 <= y <= size[1] for x, y in points):
                raise ConfigError(f"{name} lies outside the picture of {size[0]}x{size[1]} pixels")

    def update(self, tracks: Tracks, at_s: float) -> list[Happening]:
        """What the tracks of this frame brought about."""
        happened: list[Happening] = []
        rows = zip(tracks.track_id.tolist(), tracks.xyxy.tolist(), tracks.confirmed, strict=True)
        for track_id, (x1, _, x2, y2), confirmed in rows:
            anchor = ((x1 + x2) / 2, y2)
            for line in self.lines:
                crossed = line.counter.update(track_id, anchor, at_s, bool(confirmed))
                happened += self._crossed(line, track_id, crossed, at_s)
            for zone in self.zones if confirmed else ():
                happened += self._visited(zone, [zone.watch.update(track_id, anchor, at_s)])
        for track_id in tracks.ended.tolist():
            happened += self._ended(track_id, at_s)
        for zone in self.zones:
            happened += self._visited(zone, zone.watch.expire(at_s))
        return happened

    def finish(self, at_s: float) -> list[Happening]:
        """What the end of the clip closes; visits that go on are censored."""
        happened = [each for z in self.zones for each in self._visited(z, z.watch.flush(at_s))]
        for line in self.lines:
            for track_id, direction in line.counter.flush():
                happened += self._crossed(line, track_id, direction, at_s)
        return happened

    def _ended(self, track_id: int, at_s: float) -> Iterator[Happening]:
        for line in self.lines:
            yield from self._crossed(line, track_id, line.counter.forget(track_id), at_s)
        for zone in self.zones:
            zone.watch.ended(track_id, at_s)

    def _crossed(
        self, line: LineState, track_id: int, direction: Direction | None, at_s: float
    ) -> Iterator[Happening]:
        if direction is None:
            return
        line.counts[direction] += 1
        name = line.place.name
        payload = LineCrossed(
            door=name, camera=self._camera, direction=direction, track_id=track_id
        )
        yield Happening(payload, f"door/{name}", at_s)

    def _visited(self, zone: ZoneState, visits: Iterable[Visit | None]) -> Iterator[Happening]:
        for visit in visits:
            if visit is None:
                continue
            zone.visits.append(visit)
            name = zone.place.name
            payload = ZoneVisit(
                zone=name,
                camera=self._camera,
                track_id=visit.track_id,
                entered_at=instant(visit.entered_at_s),
                left_at=instant(visit.left_at_s),
                dwell_s=round(visit.dwell_s, 3),
                censored=visit.censored,
            )
            yield Happening(payload, f"zone/{name}", visit.left_at_s)
