"""What types alone cannot say about a `store.toml`: ranges, names, references, geometry."""

from __future__ import annotations

import ipaddress
import math
import re
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from contracts.errors import ConfigError

if TYPE_CHECKING:
    from contracts.store import Camera, Door, StoreConfig, Zone

Problem = tuple[str, str]
MAX_CELLS = 400_000
_STORE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_URL = re.compile(r"https?://[^/@]+(/|$)")
_CAMERA_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_TILES = re.compile(r"[1-8]x[1-8]|auto")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_RANGES: tuple[tuple[str, str, float, float], ...] = (
    ("agent", "port", 0, 65_535),
    ("agent", "threads", 1, 256),
    ("agent", "tile_s", 1, 3_600),
    ("agent", "occupancy_s", 1, 3_600),
    ("agent", "spool_max_mb", 1, 10_000_000),
    ("identity", "ttl_s", 10, 86_400),
    ("upload", "seal_s", 0.05, 3_600),
    ("upload", "seal_events", 1, 100_000),
)


def problems(config: StoreConfig) -> Iterator[Problem]:
    """(what is wrong, key path), the first thing to mend first."""
    infinite = next(_not_finite(msgspec.to_builtins(config), ""), None)
    if infinite is not None:
        yield "expected a number", infinite
        return
    yield from _store_problems(config)
    yield from _plan_problems(config)
    yield from _agent_problems(config)
    if not config.cameras:
        yield "at least one camera is needed", "cameras"
    names = [camera.id for camera in config.cameras]
    for index, camera in enumerate(config.cameras):
        if camera.id in names[:index]:
            yield f"camera {camera.id!r} is there twice", f"cameras[{index}].id"
        for problem, key in _camera_problems(camera):
            yield problem, f"cameras[{index}].{key}"
    yield from _place_problems(config)
    yield from _service_problems(config.zones)


def _not_finite(value: object, key: str) -> Iterator[str]:
    """Key paths of all `nan` and `inf`, which TOML knows and geometry does not."""
    if isinstance(value, float) and not math.isfinite(value):
        yield key
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _not_finite(item, f"{key}.{name}" if key else name)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{key}[{index}]" if isinstance(item, dict) else key)


def _store_problems(config: StoreConfig) -> Iterator[Problem]:
    store = config.store
    if not _STORE_ID.fullmatch(store.id):
        yield "store id must be 1 to 63 of a-z 0-9 _ -", "store.id"
    if not _is_name(store.name):
        yield "a name is 1 to 63 visible characters", "store.name"
    try:
        zoneinfo.ZoneInfo(store.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield f"unknown time zone {store.time_zone[:40]!r}", "store.time_zone"
    for key in ("opens", "closes", "resets"):
        if not _TIME.fullmatch(getattr(store, key)):
            yield "expected a local time like 09:30", f"store.{key}"


def _plan_problems(config: StoreConfig) -> Iterator[Problem]:
    plan = config.floor_plan
    if plan is None:
        return
    for key in ("width_m", "depth_m"):
        if not 0 < getattr(plan, key) <= 1000:
            yield "the plan must be between 0 and 1000 m", f"floor_plan.{key}"
    if not 0.05 <= plan.cell_m <= 5:
        yield "cell_m must be between 0.05 and 5", "floor_plan.cell_m"
    elif plan.width_m * plan.depth_m / plan.cell_m**2 > MAX_CELLS:
        yield f"the plan has more than {MAX_CELLS} cells: take larger ones", "floor_plan.cell_m"
    for index, fixture in enumerate(plan.fixtures):
        if len(fixture.polygon_m) < 3:
            yield "a polygon needs at least three corners", f"floor_plan.fixtures[{index}].name"


def _agent_problems(config: StoreConfig) -> Iterator[Problem]:
    for table, key, least, most in _RANGES:
        if not least <= getattr(getattr(config, table), key) <= most:
            yield f"{key} must be between {least:g} and {most:g}", f"{table}.{key}"
    for network in config.agent.camera_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield "expected networks like 192.168.1.0/24", "agent.camera_networks"
    if config.agent.gallery and not _URL.match(config.agent.gallery):
        yield "expected http:// or https:// without a password in it", "agent.gallery"
    upload = config.upload
    if upload.url and not _URL.match(upload.url):
        yield "expected http:// or https:// without a password in it", "upload.url"
    if upload.token and not upload.token.startswith(("env:", "file:")):
        yield "token is env:NAME or file:PATH", "upload.token"


def _camera_problems(camera: Camera) -> Iterator[Problem]:
    if not _CAMERA_ID.fullmatch(camera.id):
        yield "camera id must be 1 to 31 of a-z 0-9 _ -", "id"
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*@", camera.url):
        yield 'no password in a URL: use credentials = "env:NAME"', "url"
    elif not camera.url or (camera.is_file and "://" in camera.url):
        yield "expected rtsp://…, rtsps://… or the path of a video file", "url"
    if not 0 < camera.fps <= 60:
        yield "fps must be above 0 and at most 60", "fps"
    if not all(64 <= side <= 4096 for side in camera.size):
        yield "size must be between 64 and 4096 pixels", "size"
    if not _TILES.fullmatch(camera.tiles):
        yield "tiles is COLUMNSxROWS up to 8x8, such as 3x2, or auto", "tiles"
    if camera.credentials and not camera.credentials.startswith(("env:", "file:")):
        yield "credentials is env:NAME or file:PATH", "credentials"
    if camera.floor_points and not camera.image_points:
        yield "floor_points need image_points", "floor_points"
    try:
        _ = camera.homography
    except ConfigError as error:
        yield str(error), "image_points"


def _place_problems(config: StoreConfig) -> Iterator[Problem]:
    cameras = {camera.id: camera for camera in config.cameras}
    groups: dict[str, tuple[Door | Zone, ...]] = {"doors": config.doors, "zones": config.zones}
    for group, places in groups.items():
        names = [place.name for place in places]
        for index, place in enumerate(places):
            at = f"{group}[{index}]"
            if not _is_name(place.name):
                yield "a name is 1 to 63 visible characters", f"{at}.name"
            if place.name in names[:index]:
                yield f"{place.name!r} is there twice", f"{at}.name"
            if place.camera not in cameras:
                yield f"unknown camera {place.camera[:40]!r}", f"{at}.camera"
    for index, door in enumerate(config.doors):
        for problem, key in _door_problems(door):
            yield problem, f"doors[{index}].{key}"
    for index, zone in enumerate(config.zones):
        for problem, key in _zone_problems(zone, cameras.get(zone.camera)):
            yield problem, f"zones[{index}].{key}"


def _service_problems(zones: tuple[Zone, ...]) -> Iterator[Problem]:
    queues = {zone.name for zone in zones if zone.kind == "queue"}
    for index, zone in enumerate(zones):
        if (zone.kind == "service") != bool(zone.serves):
            problem = "a service zone names the queue that it serves, and no other zone does"
            yield problem, f"zones[{index}].serves"
        elif zone.serves and zone.serves not in queues:
            yield f"no queue zone is called {zone.serves[:40]!r}", f"zones[{index}].serves"


def _door_problems(door: Door) -> Iterator[Problem]:
    for key in ("outer", "inner"):
        if not _in_picture(getattr(door, key)):
            yield "expected fractions of the picture, 0 to 1", f"{key}"
    try:
        door.pair.check()
    except ConfigError as error:
        yield str(error), "outer"


def _zone_problems(zone: Zone, camera: Camera | None) -> Iterator[Problem]:
    if bool(zone.polygon_m) == bool(zone.polygon):
        yield "give either polygon_m or polygon", "name"
    elif len(zone.polygon_m or zone.polygon) < 3:
        yield "a polygon needs at least three corners", "name"
    else:
        try:
            zone.area.check()
        except ConfigError as error:
            yield str(error), "polygon_m" if zone.on_floor else "polygon"
    if not _in_picture(zone.polygon):
        yield "expected fractions of the picture, 0 to 1", "polygon"
    if not 0 <= zone.min_dwell_s <= 3_600:
        yield "min_dwell_s must be between 0 and 3600", "min_dwell_s"
    if zone.on_floor and camera and not camera.image_points:
        yield f"camera {camera.id!r} has no floor calibration", "camera"


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= 63 and text.isprintable() and text == text.strip()


def _in_picture(points: tuple[tuple[float, float], ...]) -> bool:
    """True also for points a little outside; false for pixels."""
    return all(-1 <= part <= 2 for point in points for part in point)
