"""A scenario: the plan of a small store, its cameras and the flow of people, read from TOML.

Plan coordinates are metres, x to the right, y down the plan, z up; the shop is the rectangle
0..width x 0..depth and the street (or mall) lies beyond the north and south walls.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from contracts.errors import ConfigError

Rect = tuple[float, float, float, float]
Spot = tuple[float, float, float, float]
Vector = tuple[float, float, float]
Kind = Literal["shelf", "wall_shelf", "fridge", "till", "table", "crates", "freezer"]

SCENARIOS = Path(__file__).parent / "scenarios"


class Fixture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box on the floor: `rect` is x0, y0, x1, y1 in metres."""

    name: str
    kind: Kind
    rect: Rect
    height_m: float

    def contains(self, x: float, y: float, margin_m: float = 0.0) -> bool:
        """True if the point is less than `margin_m` from the box, or inside."""
        x0, y0, x1, y1 = self.rect
        return x0 - margin_m < x < x1 + margin_m and y0 - margin_m < y < y1 + margin_m


class Doorway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An opening in the north or south wall; the line pair lies `outer_m`, `inner_m` inside.

    A door with the camera "" is not watched: nobody is counted there.
    """

    name: str
    camera: str
    wall: Literal["north", "south"]
    from_m: float
    to_m: float
    outer_m: float = 1.0
    inner_m: float = 1.6
    overhang_m: float = 0.3

    @property
    def centre_m(self) -> float:
        """x of the middle of the opening."""
        return (self.from_m + self.to_m) / 2

    def y(self, depth_m: float, inside_m: float) -> float:
        """y of a line parallel to the wall, `inside_m` metres into the shop (< 0: outside)."""
        return inside_m if self.wall == "north" else depth_m - inside_m

    def inside_m(self, depth_m: float, y: float) -> float:
        """The reverse of `y`: how far into the shop a point lies, as seen from this wall."""
        return y if self.wall == "north" else depth_m - y


class Area(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zone: its rectangle and the spots (x, y, looks-at x, y) where people stop.

    `kind` and `serves` are those of `contracts.store.Zone`.
    """

    name: str
    camera: str
    rect: Rect
    kind: Literal["zone", "queue", "service"] = "zone"
    serves: str = ""
    spots: tuple[Spot, ...] = ()

    def contains(self, x: float, y: float) -> bool:
        """Half-open rectangle, like `contracts.geometry.Polygon`."""
        x0, y0, x1, y1 = self.rect
        return x0 <= x < x1 and y0 <= y < y1

    @property
    def corners_m(self) -> tuple[tuple[float, float], ...]:
        """The rectangle as a polygon."""
        x0, y0, x1, y1 = self.rect
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


class Lens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera: where it hangs, where it looks and how wide it sees."""

    id: str
    name: str
    position_m: Vector
    look_at_m: Vector
    hfov_deg: float
    size: tuple[int, int] = (640, 360)


class Flow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people come and go. `calm_s`: nobody starts through a door so late before the end."""

    entries_per_min: float
    exits_per_min: float
    inside_at_start: int
    busiest: int
    pair_share: float = 0.12
    u_turn_share: float = 0.06
    passers_per_min: float = 2.0
    zone_stay_s: tuple[float, float] = (6.0, 14.0)
    browse_s: tuple[float, float] = (2.0, 9.0)
    serve_s: tuple[float, float] = (5.0, 9.0)
    calm_s: float = 6.0


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in a scenario file."""

    id: str
    name: str
    time_zone: str
    width_m: float
    depth_m: float
    wall_height_m: float
    door_height_m: float
    fps: int
    fixtures: tuple[Fixture, ...]
    doors: tuple[Doorway, ...]
    zones: tuple[Area, ...]
    queue_zone: str
    browse: tuple[Spot, ...]
    cameras: tuple[Lens, ...]
    flow: Flow

    def door(self, name: str) -> Doorway:
        """The door of that name."""
        return next(door for door in self.doors if door.name == name)

    def inside(self, x: float, y: float) -> bool:
        """True if the point is on the plan (not in the street)."""
        return 0 <= x < self.width_m and 0 <= y < self.depth_m


def load_scenario(name_or_path: str = "small_store") -> Scenario:
    """Read a bundled scenario by name, or a file by path; `ConfigError` says what is wrong."""
    bundled = SCENARIOS / f"{name_or_path}.toml"
    path = bundled if bundled.is_file() else Path(name_or_path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(table, Scenario, strict=False)
    except OSError as error:
        raise ConfigError(f"no scenario {name_or_path!r}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path.name}: {error}") from None
