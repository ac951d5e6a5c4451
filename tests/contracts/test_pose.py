"""A camera's pose from its floor map: a pinhole camera of the test's own is found again."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.geometry import Point
from contracts.pose import pose_of
from contracts.store import Camera

SIZE = (640, 360)


class Pinhole:
    """Hangs at (x, y, height) m, looks at a floor point; plan x right, y down, z up."""

    def __init__(self, at: tuple[float, float, float], to: Point, focal_px: float) -> None:
        self.at, self.focal_px = at, focal_px
        ahead = (to[0] - at[0], to[1] - at[1], -at[2])
        length = math.hypot(*ahead)
        self.forward = tuple(part / length for part in ahead)
        level = math.hypot(ahead[0], ahead[1])
        # The plan's frame is left-handed: seen along y, x is on the left.
        self.right = (-ahead[1] / level, ahead[0] / level, 0.0)
        f, r = self.forward, self.right
        down = (f[1] * r[2] - f[2] * r[1], f[2] * r[0] - f[0] * r[2], f[0] * r[1] - f[1] * r[0])
        self.down = down if down[2] < 0 else tuple(-part for part in down)

    def see(self, x: float, y: float, z: float) -> Point | None:
        """Picture fractions of a point in the room."""
        ray = (x - self.at[0], y - self.at[1], z - self.at[2])
        depth, right, down = (
            sum(a * b for a, b in zip(ray, axis, strict=True))
            for axis in (self.forward, self.right, self.down)
        )
        if depth < 0.1:
            return None
        return (
            0.5 + self.focal_px * right / depth / SIZE[0],
            0.5 + self.focal_px * down / depth / SIZE[1],
        )

    def camera(self, to: Point) -> Camera:
        """The camera as an installer calibrates it, around the floor point it looks at."""
        floor = [(to[0] + dx, to[1] + dy) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        image = [self.see(*point, 0.0) for point in floor]
        assert all(image)
        return Camera(
            id="a",
            url="rtsp://10.0.0.2/1",
            size=SIZE,
            image_points=tuple(point for point in image if point),
            floor_points=tuple(floor),
        )


@given(
    at=st.tuples(st.floats(0, 10), st.floats(0, 10), st.floats(2.2, 6)),
    turn=st.floats(0, 6.28),
    away=st.floats(2, 7),
    focal_px=st.floats(250, 900),
    foot=st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)),
    tall=st.floats(1.0, 2.0),
)
def test_the_pose_is_found_and_heads_tell_where_feet_are(
    at: tuple[float, float, float],
    turn: float,
    away: float,
    focal_px: float,
    foot: Point,
    tall: float,
) -> None:
    to = (at[0] + away * math.cos(turn), at[1] + away * math.sin(turn))
    hole = Pinhole(at, to, focal_px)
    pose = pose_of(hole.camera(to))
    assert pose is not None
    assert (*pose.centre_m, pose.height_m) == pytest.approx(at, abs=1e-3)
    place = (to[0] + foot[0], to[1] + foot[1])
    head, feet = hole.see(*place, tall), hole.see(*place, 0.0)
    assume(head is not None and feet is not None)
    assert head is not None
    assert pose.in_picture(place) == pytest.approx(feet, abs=1e-6)
    assert pose.under(head, tall) == pytest.approx(place, abs=1e-4)
    assert pose.height_of(place, head[1]) == pytest.approx(tall, abs=1e-4)


def test_a_camera_that_looks_straight_down_has_no_pose() -> None:
    points = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    floor = ((0.0, 0.0), (5.0, 0.0), (5.0, 4.0), (0.0, 4.0))
    camera = Camera(id="a", url="rtsp://10.0.0.2/1", image_points=points, floor_points=floor)
    assert pose_of(camera) is None


def test_without_a_calibration_there_is_no_pose() -> None:
    assert pose_of(Camera(id="a", url="rtsp://10.0.0.2/1")) is None
