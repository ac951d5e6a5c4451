"""The `store.toml` of a simulated store: what an installer would have measured and typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts import store as contract
from contracts.geometry import Point
from simulator.cameras import Camera, camera_of
from simulator.plan import Doorway, Scenario

DIGITS = 5


def store_config(
    scenario: Scenario,
    urls: Mapping[str, str],
    *,
    agent: contract.Agent | None = None,
    upload: contract.Upload | None = None,
    credentials: str = "",
) -> contract.StoreConfig:
    """Configuration for cameras at `urls` (by camera id); cameras without a URL are left out.

    `credentials` is a reference (`env:NAME`, `file:PATH`) that all cameras share.
    """
    watched = [camera_of(lens) for lens in scenario.cameras if lens.id in urls]
    ids = {camera.id for camera in watched}
    return contract.StoreConfig(
        store=contract.Store(id=scenario.id, name=scenario.name, time_zone=scenario.time_zone),
        cameras=tuple(
            _camera(scenario, camera, urls[camera.id], credentials) for camera in watched
        ),
        floor_plan=contract.FloorPlan(
            width_m=scenario.width_m,
            depth_m=scenario.depth_m,
            fixtures=tuple(
                contract.Fixture(name=item.name, kind=item.kind, polygon_m=_corners(item.rect))
                for item in scenario.fixtures
            ),
        ),
        doors=tuple(
            _door(scenario, door, camera)
            for door in scenario.doors
            for camera in watched
            if camera.id == door.camera
        ),
        zones=tuple(
            contract.Zone(
                name=zone.name,
                camera=zone.camera,
                kind=zone.kind,
                serves=zone.serves,
                polygon_m=zone.corners_m,
            )
            for zone in scenario.zones
            if zone.camera in ids
        ),
        agent=agent or contract.Agent(),
        upload=upload or contract.Upload(),
    )


def store_toml(config: contract.StoreConfig) -> str:
    """The configuration as the text of a `store.toml`; `parse_store` reads it back unchanged."""
    lines: list[str] = []
    for name, value in msgspec.json.decode(msgspec.json.encode(config)).items():
        _write_tables(lines, name, value)
    return "\n".join(lines) + "\n"


def _camera(scenario: Scenario, camera: Camera, url: str, credentials: str) -> contract.Camera:
    image, floor = camera.calibration
    guards_door = any(door.camera == camera.id for door in scenario.doors)
    return contract.Camera(
        id=camera.id,
        url=url,
        credentials=credentials,
        role="entrance" if guards_door else "tracking",
        fps=float(scenario.fps),
        size=(camera.width, camera.height),
        image_points=image,
        floor_points=floor,
    )


def _door(scenario: Scenario, door: Doorway, camera: Camera) -> contract.Door:
    def line(inside_m: float) -> tuple[Point, Point]:
        y = door.y(scenario.depth_m, inside_m)
        ends = (door.from_m - door.overhang_m, door.to_m + door.overhang_m)
        first, second = (camera.fraction(x, y) for x in ends)
        return _rounded(first), _rounded(second)

    return contract.Door(
        name=door.name, camera=camera.id, outer=line(door.outer_m), inner=line(door.inner_m)
    )


def _rounded(point: Point) -> Point:
    return round(point[0], DIGITS), round(point[1], DIGITS)


def _corners(rect: tuple[float, float, float, float]) -> tuple[Point, ...]:
    x0, y0, x1, y1 = rect
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _write_tables(lines: list[str], name: str, value: Any) -> None:
    """Tables and arrays of tables; plain keys of a table come before its sub-tables."""
    if value is None:
        return
    tables = value if isinstance(value, list) else [value]
    for table in tables:
        lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
        nested = {key: item for key, item in table.items() if _is_tables(item)}
        lines += [f"{key} = {_inline(item)}" for key, item in table.items() if key not in nested]
        for key, item in nested.items():
            _write_tables(lines, f"{name}.{key}", item)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _inline(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    # JSON strings, numbers and booleans are valid TOML, but for DEL, which TOML wants escaped
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
