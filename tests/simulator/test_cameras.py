"""Projection, its reverse, and the calibration that the agent gets agree."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.geometry import homography_from
from simulator.cameras import Camera, camera_of
from simulator.plan import Lens, Scenario

coordinate = st.floats(0.1, 15.9)


def cameras_of(scenario: Scenario) -> list[Camera]:
    return [camera_of(lens) for lens in scenario.cameras]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(x=coordinate, y=st.floats(0.1, 9.9), index=st.integers(0, 2))
def test_floor_to_pixel_and_back(scenario: Scenario, x: float, y: float, index: int) -> None:
    camera = cameras_of(scenario)[index]
    pixel, depth = camera.project((x, y, 0.0))
    if depth < 0.2:
        return
    back = camera.floor_point((float(pixel[0]), float(pixel[1])))
    assert back is not None
    assert math.dist(back, (x, y)) < 1e-6


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(x=coordinate, y=st.floats(0.1, 9.9), index=st.integers(0, 2))
def test_the_calibration_is_the_pinhole(scenario: Scenario, x: float, y: float, index: int) -> None:
    camera = cameras_of(scenario)[index]
    if not camera.sees_floor(x, y, 0.0):
        return
    found = homography_from(*camera.calibration).apply(camera.fraction(x, y))
    assert found is not None
    assert math.dist(found, (x, y)) < 1e-6


def test_axes_are_orthonormal_and_gravity_is_down(scenario: Scenario) -> None:
    for camera in cameras_of(scenario):
        assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
        head, _ = camera.project((8.0, 5.0, 1.7))
        feet, depth = camera.project((8.0, 5.0, 0.0))
        assert depth < 0 or head[1] < feet[1]


def test_who_looks_north_has_east_to_the_right() -> None:
    lens = Lens(id="a", name="A", position_m=(5, 9, 3), look_at_m=(5, 4, 1), hfov_deg=70)
    camera = camera_of(lens)
    west, _ = camera.project((3.0, 4.0, 0.0))
    east, _ = camera.project((7.0, 4.0, 0.0))
    assert west[0] < 320 < east[0]


def test_above_the_horizon_there_is_no_floor() -> None:
    lens = Lens(id="a", name="A", position_m=(5, 9, 3), look_at_m=(5, 4, 2.8), hfov_deg=70)
    assert camera_of(lens).floor_point((320, 5)) is None


def test_pitch_and_height_are_those_of_ceiling_cameras(scenario: Scenario) -> None:
    for camera in cameras_of(scenario):
        pitch = math.degrees(math.asin(-camera.axes[2, 2]))
        assert 20 <= pitch <= 45
        assert 2.8 <= camera.position_m[2] <= 3.5


def test_people_are_whole_in_the_picture_for_a_metre_on_both_sides_of_a_door(
    scenario: Scenario,
) -> None:
    cameras = {camera.id: camera for camera in cameras_of(scenario)}
    for door in scenario.doors:
        camera = cameras[door.camera]
        for inside_m in np.arange(door.outer_m - 1.6, door.inner_m + 1.1, 0.2):
            for x in np.linspace(door.from_m + 0.3, door.to_m - 0.3, 5):
                y = door.y(scenario.depth_m, float(inside_m))
                pixels, _ = camera.project([(x, y, 0.0), (x, y, 1.85)])
                assert (pixels > 5).all()
                assert (pixels < (camera.width - 5, camera.height - 5)).all()
                assert 60 <= pixels[0, 1] - pixels[1, 1] <= 200
