"""The store's configuration that an installer would write for a scenario of days."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from contracts import store as contract
from contracts.geometry import Point
from simulator import store_file
from simulator.days.scenario import DayScenario
from simulator.days.sight import bent

DIGITS = 5


def store_config(
    scenario: DayScenario, urls: Mapping[str, str], *, fps: float | None = None
) -> contract.StoreConfig:
    """Doors, zones and calibration of the cameras in `urls` (camera id → URL).

    `fps` is the cameras' rate: without it, that of the scenario's detections (L1).

    Points are clicked in the pictures as the lenses show them, so that a bent lens leaves the
    error in the calibration that it leaves in real stores.
    """
    config = store_file.store_config(scenario.plan, urls)
    calendar = scenario.calendar
    store = msgspec.structs.replace(
        config.store, opens=calendar.opens[:5], closes=calendar.closes[:5]
    )
    sizes = {camera.id: camera.size for camera in config.cameras}

    def clicked(camera: str, points: tuple[Point, ...]) -> tuple[Point, ...]:
        k1 = next((optics.k1 for optics in scenario.optics if optics.camera == camera), 0.0)
        return tuple(_seen_at(point, sizes[camera], k1) for point in points)

    cameras = tuple(
        msgspec.structs.replace(
            camera,
            fps=fps or scenario.sensing.fps,
            image_points=clicked(camera.id, camera.image_points),
        )
        for camera in config.cameras
    )
    doors = tuple(
        msgspec.structs.replace(
            door,
            outer=clicked(door.camera, door.outer),
            inner=clicked(door.camera, door.inner),
            staff_only=door.name == scenario.staff_door,
        )
        for door in config.doors
    )
    return msgspec.structs.replace(config, store=store, cameras=cameras, doors=doors)


def _seen_at(point: Point, size: tuple[int, int], k1: float) -> Point:
    """Where the lens shows a point of the undistorted picture, both in fractions."""
    if not k1:
        return point
    x, y = bent([point[0] * size[0], point[1] * size[1]], size, k1)
    return round(float(x) / size[0], DIGITS), round(float(y) / size[1], DIGITS)
