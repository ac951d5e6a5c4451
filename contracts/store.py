"""`store.toml`: one store, its cameras, doors and zones, read once into a frozen object.

Image coordinates are fractions of the picture (0,0 = top left, 1,1 = bottom right), so that
they survive a change of resolution. Floor coordinates are metres on the plan.
"""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import Literal

import msgspec

from contracts.errors import ConfigError
from contracts.geometry import Homography, Line, LinePair, Point, Polygon, homography_from

Role = Literal["billing", "entrance", "tracking", "behavioural", "secondary"]


class Store(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who and where; `opens`, `closes` and `resets` are local times of day, HH:MM."""

    id: str
    name: str
    time_zone: str
    opens: str = "00:00"
    closes: str = "24:00"
    resets: str = "04:00"


class Fixture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shelf, till or wall on the plan, for people to look at."""

    name: str
    kind: str
    polygon_m: tuple[Point, ...]


class FloorPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The metric plan that heatmaps are drawn on; x runs right, y runs down."""

    width_m: float
    depth_m: float
    cell_m: float = 0.25
    fixtures: tuple[Fixture, ...] = ()


class Door(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line pair in one camera's picture (fractions); outer → inner is `in`."""

    name: str
    camera: str
    outer: tuple[Point, Point]
    inner: tuple[Point, Point]

    @property
    def pair(self) -> LinePair:
        """The door as geometry, in fractions of the picture."""
        return LinePair(outer=Line(*self.outer), inner=Line(*self.inner))


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area watched by one camera: on the floor (`polygon_m`) or in its picture (`polygon`)."""

    name: str
    camera: str
    polygon_m: tuple[Point, ...] = ()
    polygon: tuple[Point, ...] = ()
    min_dwell_s: float = 5.0

    @property
    def area(self) -> Polygon:
        """The polygon, in metres if `on_floor`, else in fractions of the picture."""
        return Polygon(self.polygon_m or self.polygon)

    @property
    def on_floor(self) -> bool:
        """True if the polygon is on the floor plan."""
        return bool(self.polygon_m)


class Camera(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera; `credentials` is a reference (`env:NAME` or `file:PATH`), never a secret.

    `size` is the analysis size in pixels. `image_points` and `floor_points` are four
    corresponding points that put the camera on the plan.
    """

    id: str
    url: str
    credentials: str = ""
    role: Role = "tracking"
    fps: float = 10.0
    size: tuple[int, int] = (640, 360)
    image_points: tuple[Point, ...] = ()
    floor_points: tuple[Point, ...] = ()

    @property
    def homography(self) -> Homography | None:
        """Picture fractions to floor metres, None for a camera without calibration."""
        if not self.image_points:
            return None
        return homography_from(self.image_points, self.floor_points)

    @property
    def is_file(self) -> bool:
        """True for a video file, which ends; False for a network camera, which does not."""
        return not self.url.startswith(("rtsp://", "rtsps://"))


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the agent runs on this machine."""

    data_dir: str = "var"
    port: int = 8090
    model: str = ""
    model_mirror: str = ""
    threads: int = 1
    camera_networks: tuple[str, ...] = (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
    )
    tile_s: float = 60.0
    occupancy_s: float = 60.0
    spool_max_mb: int = 2048


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where batches go; without a `url` they wait in the spool.

    `token` is a reference like a camera's `credentials`.
    """

    url: str = ""
    token: str = ""
    seal_s: float = 5.0
    seal_events: int = 5000


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in `store.toml`."""

    store: Store
    cameras: tuple[Camera, ...]
    floor_plan: FloorPlan | None = None
    doors: tuple[Door, ...] = ()
    zones: tuple[Zone, ...] = ()
    agent: Agent = Agent()
    upload: Upload = Upload()


def load_store(path: Path) -> StoreConfig:
    """Read and check `store.toml`; `ConfigError` names file, line and key.

    Relative paths in it (`agent.data_dir`, file cameras, `file:` references) are relative to
    the file's own folder.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from None
    config = parse_store(text, name=str(path))
    return _resolved(config, path.resolve().parent)


def parse_store(text: str, *, name: str = "store.toml") -> StoreConfig:
    """Check the text of a `store.toml`; `ConfigError` names `name`, line and key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_toml_message(name, str(error))) from None
    try:
        config = msgspec.convert(table, StoreConfig, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_located(name, text, str(error))) from None
    for problem, key in _problems(config):
        raise ConfigError(_located(name, text, f"{problem} - at `$.{key}`"))
    return config


def _problems(config: StoreConfig) -> list[tuple[str, str]]:
    """(what is wrong, key path) of everything that types alone cannot say."""
    found: list[tuple[str, str]] = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", config.store.id):
        found.append(("store id must be 1 to 63 of a-z 0-9 _ -", "store.id"))
    try:
        zoneinfo.ZoneInfo(config.store.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        found.append((f"unknown time zone {config.store.time_zone!r}", "store.time_zone"))
    for key in ("opens", "closes", "resets"):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", getattr(config.store, key)):
            found.append(("expected a local time like 09:30", f"store.{key}"))
    plan = config.floor_plan
    if plan and not (0 < plan.width_m <= 1000 and 0 < plan.depth_m <= 1000):
        found.append(("the plan must be between 0 and 1000 m", "floor_plan.width_m"))
    if plan and not 0.05 <= plan.cell_m <= 5:
        found.append(("cell_m must be between 0.05 and 5", "floor_plan.cell_m"))
    if not config.cameras:
        found.append(("at least one camera is needed", "cameras"))
    if not 0 <= config.agent.port <= 65535:
        found.append(("port must be between 0 and 65535", "agent.port"))
    found += _camera_problems(config)
    found += _place_problems(config)
    return found


def _camera_problems(config: StoreConfig) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for index, camera in enumerate(config.cameras):
        at = f"cameras[{index}]"
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,30}", camera.id):
            found.append(("camera id must be 1 to 31 of a-z 0-9 _ -", f"{at}.id"))
        if camera.id in seen:
            found.append((f"camera {camera.id!r} is there twice", f"{at}.id"))
        seen.add(camera.id)
        if re.match(r"^[a-z]+://[^/]*@", camera.url):
            found.append(('no password in a URL: use credentials = "env:NAME"', f"{at}.url"))
        if not 0 < camera.fps <= 60:
            found.append(("fps must be above 0 and at most 60", f"{at}.fps"))
        if not all(64 <= side <= 4096 for side in camera.size):
            found.append(("size must be between 64 and 4096 pixels", f"{at}.size"))
        if camera.credentials and not camera.credentials.startswith(("env:", "file:")):
            found.append(("credentials is env:NAME or file:PATH", f"{at}.credentials"))
        try:
            _ = camera.homography
        except ConfigError as error:
            found.append((str(error), f"{at}.image_points"))
    return found


def _place_problems(config: StoreConfig) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    cameras = {camera.id: camera for camera in config.cameras}
    groups: dict[str, tuple[Door | Zone, ...]] = {"doors": config.doors, "zones": config.zones}
    for group, places in groups.items():
        names: set[str] = set()
        for index, place in enumerate(places):
            if place.name in names:
                found.append((f"{place.name!r} is there twice", f"{group}[{index}].name"))
            names.add(place.name)
            if place.camera not in cameras:
                found.append((f"unknown camera {place.camera!r}", f"{group}[{index}].camera"))
    for index, zone in enumerate(config.zones):
        at = f"zones[{index}]"
        if bool(zone.polygon_m) == bool(zone.polygon):
            found.append(("give either polygon_m or polygon", f"{at}.name"))
        elif len(zone.polygon_m or zone.polygon) < 3:
            found.append(("a polygon needs at least three corners", f"{at}.name"))
        camera = cameras.get(zone.camera)
        if zone.on_floor and camera and not camera.image_points:
            found.append((f"camera {camera.id!r} has no floor calibration", f"{at}.camera"))
    return found


def _resolved(config: StoreConfig, folder: Path) -> StoreConfig:
    """The same configuration with its relative paths made absolute."""

    def absolute(text: str) -> str:
        return str((folder / Path(text).expanduser()).resolve())

    def reference(text: str) -> str:
        return "file:" + absolute(text[5:]) if text.startswith("file:") else text

    cameras = tuple(
        msgspec.structs.replace(
            camera,
            url=absolute(camera.url) if camera.is_file else camera.url,
            credentials=reference(camera.credentials),
        )
        for camera in config.cameras
    )
    upload = msgspec.structs.replace(config.upload, token=reference(config.upload.token))
    mirror = config.agent.model_mirror
    agent = msgspec.structs.replace(
        config.agent,
        data_dir=absolute(config.agent.data_dir),
        model_mirror=absolute(mirror) if mirror else "",
    )
    return msgspec.structs.replace(config, cameras=cameras, agent=agent, upload=upload)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unknown" if isinstance(error, OSError) else "not UTF-8 text"


def _toml_message(name: str, error: str) -> str:
    """`Expected '=' (at line 3, column 7)` → `store.toml:3: Expected '=' (column 7)`."""
    found = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", error)
    if not found:
        return f"{name}: {error}"
    line = f":{found[2]}" if found[2] else ": end of file"
    return f"{name}{line}: {found[1]}"


def _located(name: str, text: str, error: str) -> str:
    """Turn msgspec's `… - at `$.cameras[1].fps`` into `store.toml:14: cameras[1].fps: …`."""
    message, _, where = error.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    unknown = re.search(r"unknown field `(\w+)`", message)
    full = ".".join(part for part in (key, unknown[1] if unknown else "") if part)
    line = _line_of(text, full)
    at = f"{name}:{line}" if line else name
    return f"{at}: {full}: {message}" if full else f"{at}: {message}"


def _line_of(text: str, key: str) -> int | None:
    """Line of `table[n].key`, or of its table's header where the key itself is absent."""
    parts = re.findall(r"([^.\[\]]+)(?:\[(\d+)\])?", key)
    if not parts:
        return None
    table, index = parts[0][0], int(parts[0][1] or 0)
    leaf = parts[1][0] if len(parts) > 1 else ""
    header = re.compile(rf"^\s*\[\[?\s*{re.escape(table)}\s*\]\]?")
    headers = [n for n, line in enumerate(text.splitlines(), 1) if header.match(line)]
    if len(headers) <= index:
        return None
    for number, line in enumerate(text.splitlines()[headers[index] :], headers[index] + 1):
        if line.lstrip().startswith("["):
            break
        if leaf and re.match(rf"\s*\"?{re.escape(leaf)}\"?\s*=", line):
            return number
    return headers[index]
