"""What happened in a day, one record each; times are UNIX seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from simulator.days.paths import Array
from simulator.days.trips import Purpose

MIN_DWELL_S = 5.0
CELL_M = 0.25
HEAT_BLOCK_S = 300.0

Outcome = Literal["served", "abandoned"]


class DayCrossing(msgspec.Struct, frozen=True, kw_only=True):
    """A person passed a door; `at` (UNIX s) at the second line. `watched` if a camera sees it."""

    door: str
    direction: Literal["in", "out"]
    at: float
    person: int
    visit: int
    staff: bool
    watched: bool = True


class DayVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One person's visit; None where the window cuts it. `group` joins people who came together.

    `doors` are those of the first entry and the last exit, "" where unknown.
    """

    visit: int
    person: int
    entered_at: float | None
    exited_at: float | None
    doors: tuple[str, str]
    staff: bool
    group: int


class DayStay(msgspec.Struct, frozen=True, kw_only=True):
    """One person's time in a zone; `censored` if the window's begin or end cuts it."""

    zone: str
    person: int
    visit: int
    entered_at: float
    left_at: float
    staff: bool
    censored: bool

    @property
    def dwell_s(self) -> float:
        """Seconds inside."""
        return self.left_at - self.entered_at


class DayQueue(msgspec.Struct, frozen=True, kw_only=True):
    """One person's wait; `service_s` is the time in the service zone, None if not served."""

    zone: str
    person: int
    visit: int
    joined_at: float
    left_at: float
    outcome: Outcome
    service_s: float | None
    censored: bool


class DayTrip(msgspec.Struct, frozen=True, kw_only=True):
    """One person's coming and going, passers-by too; `visit` is -1 for those, `group` for no one.

    `paid` and `balked` (turned away from a line that was too long) are the party's.
    """

    person: int
    visit: int
    purpose: Purpose
    group: int
    child: bool
    staff: bool
    began_at: float
    ended_at: float
    paid: bool
    balked: bool


class DaySale(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as the tills' feed tells it; `paid_at` is when it really was."""

    at: float
    till: str
    visit: int
    paid_at: float


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on so many people are inside."""

    at: float
    customers: int
    staff: int


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A camera had a person in view from `from_at` to `to_at`.

    In view: a third of the body's height is not hidden by fixtures, and the box is large enough.
    """

    camera: str
    person: int
    visit: int
    from_at: float
    to_at: float


@dataclass(frozen=True)
class DayTruth:
    """Everything to measure against; `seen` is (cells down, cells across)."""

    scenario: str
    seed: int
    begins_at: float
    ends_at: float
    crossings: list[DayCrossing]
    visits: list[DayVisit]
    zone_stays: list[DayStay]
    queue_episodes: list[DayQueue]
    occupancy: list[Inside]
    transactions: list[DaySale]
    sightings: list[Sighting]
    heatmap_blocks: Array
    """(blocks, cells down, cells across): the heatmap by pieces of HEAT_BLOCK_S."""
    seen: npt.NDArray[np.bool_]
    cell_m: float = CELL_M
    min_dwell_s: float = MIN_DWELL_S
    restarts: list[tuple[float, float]] = field(default_factory=list)
    trips: list[DayTrip] = field(default_factory=list)

    @property
    def heatmap(self) -> Array:
        """Seconds on each cell, (cells down, cells across)."""
        return np.asarray(self.heatmap_blocks.sum(axis=0))

    def zone_visits(self, zone: str) -> list[DayStay]:
        """Stays in `zone` that are long enough to be visits."""
        stays = [stay for stay in self.zone_stays if stay.zone == zone]
        return [stay for stay in stays if stay.dwell_s >= self.min_dwell_s]

    def entries(self, door: str | None = None) -> int:
        """Customers who came in through watched doors, or one door."""
        return sum(
            crossing.direction == "in" and not crossing.staff and crossing.watched
            for crossing in self.crossings
            if door in (None, crossing.door)
        )
