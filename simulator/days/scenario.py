"""A scenario of days: how people come, stay, queue and are seen.

The file names a plan (`plan = "market"`, see `simulator.plan`) and describes life on it. Every
key has a comment in `docs/simulator.md`. Pairs like `browse_s` are (median, sigma) of a
log-normal distribution; times of day are local, HH:MM or HH:MM:SS.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from contracts.geometry import Point
from simulator.plan import Scenario, Spot

LogNormal = tuple[float, float]
FaultKind = Literal["outage", "frozen", "bumped", "clock", "restart"]


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the store is open, in its plan's time zone; `by_weekday` begins with Monday."""

    date: str = "2026-03-03"
    opens: str = "09:00"
    closes: str = "20:00"
    by_hour: tuple[float, ...] = (
        0, 0, 0, 0, 0, 0, 0, 2, 4, 6, 8, 10, 11, 10, 8, 8, 10, 13, 12, 7, 3, 1, 0, 0,
    )  # fmt: skip
    by_weekday: tuple[float, ...] = (0.9, 0.9, 0.95, 1.0, 1.2, 1.4, 0.0)
    holidays: tuple[str, ...] = ()


class Visits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Customers; shares are of parties. `per_day` counts people on a day of weekday factor 1."""

    per_day: float = 600.0
    pair_share: float = 0.18
    family_share: float = 0.06
    stops: float = 4.0
    zone_share: float = 0.5
    browse_s: LogNormal = (11.0, 0.7)
    zone_s: LogNormal = (16.0, 0.7)
    buys_share: float = 0.6
    fitting_share: float = 0.05
    fitting_s: LogNormal = (150.0, 0.5)
    u_turn_share: float = 0.05
    loiter_share: float = 0.015
    loiter_s: LogNormal = (60.0, 0.6)
    passers_per_entry: float = 0.4
    re_entry: tuple[tuple[float, float], ...] = ((1.0, 0.006), (20.0, 0.01), (200.0, 0.006))
    pace_m_s: tuple[float, float] = (1.12, 0.14)


class Till(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till: its zones on the plan, where the customer and the cashier stand, and the line."""

    queue: str
    service: str
    at: Spot
    cashier: Spot
    line: tuple[Point, ...]
    opens: str = "00:00"
    closes: str = "24:00"


class Queueing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people wait. Who meets `balk_at` rows turns away with `balk_share`, and so on."""

    service_s: LogNormal = (38.0, 0.45)
    balk_at: int = 5
    balk_share: float = 0.35
    patience_s: LogNormal = (330.0, 0.5)
    jockey_gain: int = 2
    changeover_s: float = 1.5


class Pos(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tills' feed: a sale is told `lag_s` after it, by a clock `clock_offset_s` ahead."""

    lag_s: LogNormal = (3.0, 0.6)
    clock_offset_s: float = 0.0


class Shift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`count` people at work: `post` is a till's service zone, or "" for the whole floor."""

    starts: str
    ends: str
    count: int = 1
    post: str = ""
    breaks: tuple[str, ...] = ()
    break_s: float = 1500.0


class Cabin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fitting cabin: where people stand before they go in; inside nobody sees them."""

    name: str
    at: Spot


class Sensing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a detector makes of people (L1); rates are for a whole, near, unhidden person."""

    fps: float = 15.0
    box_jitter: float = 0.018
    miss_rate: float = 0.015
    merge_overlap: float = 0.6
    false_per_hour: float = 6.0
    latency_s: tuple[float, float] = (0.08, 0.03)


class Appearance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Embeddings (L1): norms relative to a person's own part, which is about 1.

    `lookalike_share` of all people wear what many wear; the part of them that is not so has a
    norm between `lookalike_apart` and 1.
    """

    common: float = 0.75
    camera_shift: float = 0.25
    noise: float = 0.95
    occasion: float = 0.5
    pose: float = 0.45
    lookalike_share: float = 0.8
    lookalike_apart: float = 0.3


class Mannequin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something on the floor that a detector takes for a person now and then."""

    at: Point
    height_m: float = 1.75
    score: float = 0.3


class Optics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera's lens; `k1` < 0 bends straight lines outwards (barrel), of (r / half width)²."""

    camera: str
    k1: float = 0.0


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that goes wrong at the local time `at`; `camera` "" means all.

    `outage` and `frozen` last `for_s`; `restart` is an outage of the agent; `bumped` turns the
    camera by `turn_deg` (pan, tilt) from then on; `clock` puts its time stamps `offset_s` ahead
    and lets them drift by `drift_ppm` from then on.
    """

    kind: FaultKind
    at: str
    camera: str = ""
    for_s: float = 0.0
    turn_deg: tuple[float, float] = (0.0, 0.0)
    offset_s: float = 0.0
    drift_ppm: float = 0.0


class Measuring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the events of L0 differ from the truth: shares, and a log-normal factor's sigma."""

    missed: float = 0.015
    doubled: float = 0.006
    dwell_sigma: float = 0.06
    zone_missed: float = 0.03
    identity_lost: float = 0.12
    linked: float = 0.8


class DayScenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in a file of days; `plan` is the store itself."""

    name: str
    plan: Scenario
    calendar: Calendar = Calendar()
    visits: Visits = Visits()
    queueing: Queueing = Queueing()
    pos: Pos = Pos()
    sensing: Sensing = Sensing()
    appearance: Appearance = Appearance()
    measuring: Measuring = Measuring()
    staff_door: str = ""
    door_weights: tuple[float, ...] = ()
    tills: tuple[Till, ...] = ()
    shifts: tuple[Shift, ...] = ()
    cabins: tuple[Cabin, ...] = ()
    mannequins: tuple[Mannequin, ...] = ()
    optics: tuple[Optics, ...] = ()
    faults: tuple[Fault, ...] = ()
