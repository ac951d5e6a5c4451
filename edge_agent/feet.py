"""Where people stand: below their box, or below their head while something hides their feet.

A shelf, a table, another person or the picture's edge cuts a box from below, and its bottom then
lies on floor that is metres further away. The head is still seen: with the camera's pose and the
person's height it tells the place as well. A box that is low for no such reason (a child, someone
who bends down) is taken as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from contracts.geometry import Line, Point, Polygon
from contracts.pose import Pose, pose_of
from contracts.store import Camera
from edge_agent.messages import TrackedBox

USUAL_M = 1.68
"""Height of a grown person with shoes, women and men together."""
USUAL_SPREAD_M, OWN_SPREAD_M = 0.1, 0.04
"""Standard deviations of the heights of grown people, and of one track's own."""
LEAST_M, MOST_M = 1.0, 2.1
SHORT = 0.95
"""A box below this share of the person's height is cut, if something may hide the rest."""
SURE = 5
"""Sightings of the whole body after which its own height is used."""
JITTER = (0.04, 0.03)
"""Standard deviation of the feet's place in a box, in box widths and box heights."""
MEMORY = 30
FIXTURE_M = 1.5
OVERHEAD_M = 0.5
"""A camera that hangs less than this above heads cannot tell from them where people stand."""
EDGE = 0.99
"""A box that ends below this height in the picture is cut by its edge …"""
NEAR_EDGE = 0.97
"""… and may be from here on, as boxes jitter."""
TOP_EDGE = 0.01


class Stature(msgspec.Struct):
    """Mean height (m) of one track's whole boxes."""

    height_m: float = USUAL_M
    sightings: int = 0

    def see(self, height_m: float) -> None:
        """Take one more whole box."""
        self.sightings += 1
        self.height_m += (height_m - self.height_m) / min(self.sightings, MEMORY)


class Spot(NamedTuple):
    """Where the feet are: `anchor` in the picture, `place` on the floor, None above the horizon.

    `deduced` from the head; `cut` by the picture's edge and not deduced: they are further on.
    """

    anchor: Point
    place: Point | None
    deduced: bool = False
    cut: bool = False


class Feet:
    """Finds the feet in one camera's boxes."""

    def __init__(self, camera: Camera, fixtures: Sequence[Polygon]) -> None:
        self._to_floor = camera.homography
        self._pose = pose_of(camera)
        self._fixtures = [_sides(fixture) for fixture in fixtures]
        self.statures: dict[int, Stature] = {}

    def of(self, box: TrackedBox, frame: Iterable[TrackedBox]) -> Spot:
        """The spot of one confirmed track; `frame` holds all boxes of the picture."""
        anchor = box.anchor
        below = self._to_floor.apply(anchor) if self._to_floor else None
        as_it_is = Spot(anchor, below, cut=box.y2 > EDGE)
        pose = self._pose
        if pose is None or below is None or box.y1 <= TOP_EDGE:
            return as_it_is
        tall_m = pose.height_of(below, box.y1)
        own_m = self._height_m(box.track_id)
        if tall_m is None or tall_m < SHORT * own_m:
            place = self._below_head(pose, box, own_m)
            if place and (box.y2 > NEAR_EDGE or self._is_hidden(pose, place, box, frame)):
                return Spot(pose.in_picture(place) or anchor, place, deduced=True)
        if not as_it_is.cut and tall_m is not None and LEAST_M <= tall_m <= MOST_M:
            self.statures.setdefault(box.track_id, Stature()).see(tall_m)
        return as_it_is

    def spread_m(self, box: TrackedBox, spot: Spot) -> float | None:
        """Standard deviation of the spot's place, metres; None where it has no place.

        Of feet by the box's jitter, of what was deduced by how much people's heights differ.
        """
        if self._to_floor is None or spot.place is None:
            return None
        if not spot.deduced or self._pose is None:
            noise = (JITTER[0] * (box.x2 - box.x1), JITTER[1] * (box.y2 - box.y1))
            return self._to_floor.spread_m(box.anchor, noise)
        known = self._is_known(box.track_id)
        lower_m = self._height_m(box.track_id) - (OWN_SPREAD_M if known else USUAL_SPREAD_M)
        lower = self._below_head(self._pose, box, lower_m)
        return math.dist(spot.place, lower) if lower else None

    def forget(self, track_id: int) -> None:
        """The track ended."""
        self.statures.pop(track_id, None)

    def _is_known(self, track_id: int) -> bool:
        stature = self.statures.get(track_id)
        return stature is not None and stature.sightings >= SURE

    def _height_m(self, track_id: int) -> float:
        return self.statures[track_id].height_m if self._is_known(track_id) else USUAL_M

    def _below_head(self, pose: Pose, box: TrackedBox, own_m: float) -> Point | None:
        if pose.height_m - own_m < OVERHEAD_M:
            return None
        return pose.under(((box.x1 + box.x2) / 2, box.y1), own_m)

    def _is_hidden(
        self, pose: Pose, place: Point, box: TrackedBox, frame: Iterable[TrackedBox]
    ) -> bool:
        """True if something that is known stands before feet at `place`."""
        return self._behind_fixture(pose, place) or _behind_someone(box, frame)

    def _behind_fixture(self, pose: Pose, place: Point) -> bool:
        """True if a fixture of `FIXTURE_M` at most hides the feet at `place` from the camera."""
        share = min(1.0, FIXTURE_M / pose.height_m)
        (x, y), (cx, cy) = place, pose.centre_m
        sight = ((x, y), (x + share * (cx - x), y + share * (cy - y)))
        return any(side.crossed_by(*sight) for sides in self._fixtures for side in sides)


def _behind_someone(box: TrackedBox, frame: Iterable[TrackedBox]) -> bool:
    """True if another box stands in front and covers the lower border of this one."""
    for other in frame:
        if other.track_id == box.track_id or not other.y1 < box.y2 < other.y2:
            continue
        shared = min(box.x2, other.x2) - max(box.x1, other.x1)
        if shared >= (box.x2 - box.x1) / 2:
            return True
    return False


def _sides(polygon: Polygon) -> list[Line]:
    corners = polygon.corners
    return [Line(a, b) for a, b in zip(corners, (*corners[1:], corners[0]), strict=True) if a != b]
