"""`store.toml`: one store, its cameras, doors and zones, read once into a frozen object.

Image coordinates are fractions of the picture (0,0 = top left, 1,1 = bottom right), so that
they survive a change of resolution. Floor coordinates are metres on the plan.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from contracts.calibration import floor_map
from contracts.errors import ConfigError
from contracts.geometry import Homography, Line, LinePair, Point, Polygon
from contracts.store_checks import problems
from contracts.store_lines import located, toml_message

Role = Literal["billing", "entrance", "tracking", "behavioural", "secondary"]
Runtime = Literal[
    "auto", "onnxruntime", "openvino", "onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt"
]
Precision = Literal["auto", "fp32", "fp16", "int8"]


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
    """A line pair in one camera's picture (fractions); outer → inner is `in`.

    Who passes a `staff_only` door is staff: stored, but neither footfall nor occupancy.
    """

    name: str
    camera: str
    outer: tuple[Point, Point]
    inner: tuple[Point, Point]
    staff_only: bool = False

    @property
    def pair(self) -> LinePair:
        """The door as geometry, in fractions of the picture."""
        return LinePair(outer=Line(*self.outer), inner=Line(*self.inner))


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area watched by one camera: on the floor (`polygon_m`) or in its picture (`polygon`).

    People in a `queue` zone wait for the `service` zone whose `serves` names it.
    """

    name: str
    camera: str
    kind: Literal["zone", "queue", "service"] = "zone"
    serves: str = ""
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

    `size` is the analysis size in pixels; `tiles` (`3x2`, `auto`) lets the detector look at parts
    of it, too, where people are small in a large picture. `image_points` and `floor_points` are
    at least four corresponding points that put the camera on the plan.
    """

    id: str
    url: str
    credentials: str = ""
    role: Role = "tracking"
    fps: float = 10.0
    size: tuple[int, int] = (640, 360)
    tiles: str = "1x1"
    image_points: tuple[Point, ...] = ()
    floor_points: tuple[Point, ...] = ()

    @property
    def homography(self) -> Homography | None:
        """Picture fractions to floor metres, None for a camera without calibration."""
        if not self.image_points:
            return None
        return floor_map(self.image_points, self.floor_points)

    @property
    def is_file(self) -> bool:
        """True for a video file, which ends; False for a network camera, which does not."""
        return not self.url.startswith(("rtsp://", "rtsps://"))


class Agent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the agent runs on this machine.

    `gallery` is the URL of a Qdrant server for identities; without it they stay in memory.
    `runtime` and `precision` say how the detector computes; `auto` takes the fastest here whose
    answers are those of onnxruntime in fp32.
    """

    data_dir: str = "var"
    port: int = 8090
    model: str = ""
    model_mirror: str = ""
    runtime: Runtime = "auto"
    precision: Precision = "auto"
    threads: int = 1
    camera_networks: tuple[str, ...] = (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
    )
    gallery: str = ""
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


class Identity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Knowing people again within one visit; without it every identity is UNKNOWN.

    `model` is a person-embedding model of the catalog, the bundled one if empty. An identity that
    nobody saw for `ttl_s` is forgotten; all are at the store's reset time.
    """

    enabled: bool = True
    model: str = ""
    ttl_s: float = 10_800.0


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in `store.toml`."""

    store: Store
    cameras: tuple[Camera, ...]
    floor_plan: FloorPlan | None = None
    doors: tuple[Door, ...] = ()
    zones: tuple[Zone, ...] = ()
    agent: Agent = Agent()
    upload: Upload = Upload()
    identity: Identity = Identity()


def load_store(path: Path) -> StoreConfig:
    """Read and check `store.toml`; `ConfigError` names file, line and key.

    Relative paths in it (`agent.data_dir`, file cameras, `file:` references) are relative to
    the file's own folder.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from None
    config = parse_store(text, name=str(path))
    return _resolved(config, path.resolve().parent)


def parse_store(text: str, *, name: str = "store.toml") -> StoreConfig:
    """Check the text of a `store.toml`; `ConfigError` names `name`, line and key."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(toml_message(name, str(error))) from None
    try:
        config = msgspec.convert(table, StoreConfig, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(located(name, text, str(error))) from None
    for problem, key in problems(config):
        raise ConfigError(located(name, text, f"{problem} - at `$.{key}`"))
    return config


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


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or "unknown"
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "no path"
