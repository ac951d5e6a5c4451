"""Occupancy: entries minus exits since the store's local reset time, never below zero."""

from __future__ import annotations

import os
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from contracts.errors import AgentError
from contracts.events import Direction, OccupancySampled

VERSION = 1


class Tally(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts since `reset_at_s` (UNIX); `corrected` are exits of people never seen to enter."""

    reset_at_s: float
    entries: int = 0
    exits: int = 0
    corrected: int = 0
    version: int = VERSION

    @property
    def occupancy(self) -> int:
        """People inside."""
        return self.entries - self.exits + self.corrected


class Occupancy:
    """Counts one store's people; `resets` is a local time of day, HH:MM."""

    def __init__(self, time_zone: str, resets: str, tally: Tally) -> None:
        self._zone = ZoneInfo(time_zone)
        self._resets = resets
        self.tally = tally

    def count(self, direction: Direction, at_s: float) -> bool:
        """Someone went in or out; one from before the last reset no longer counts.

        True if someone went out of whom no entry was counted.
        """
        self._roll(at_s)
        if at_s < self.tally.reset_at_s:
            return False
        before = self.tally
        if direction == "in":
            self.tally = msgspec.structs.replace(before, entries=before.entries + 1)
            return False
        missed = before.occupancy == 0
        self.tally = msgspec.structs.replace(
            before, exits=before.exits + 1, corrected=before.corrected + missed
        )
        return missed

    def uncount(self, direction: Direction, at_s: float, *, missed: bool) -> None:
        """Take a crossing back; `missed` is what `count` said of it."""
        before = self.tally
        if at_s < before.reset_at_s:
            return
        if direction == "out":
            self.tally = msgspec.structs.replace(
                before,
                exits=max(0, before.exits - 1),
                corrected=max(0, before.corrected - missed),
            )
            return
        fewer = msgspec.structs.replace(before, entries=max(0, before.entries - 1))
        lacking = max(0, -fewer.occupancy)  # whom the doubled entry let go out
        self.tally = msgspec.structs.replace(fewer, corrected=fewer.corrected + lacking)

    def sample(self, now_s: float) -> OccupancySampled:
        """The count now by the machine's clock, begun anew when a reset time has passed.

        It begins anew, too, when the clock was set back to before the reset: a clock that was
        ahead would else keep everybody from being counted until its time has come.
        """
        if now_s < self.tally.reset_at_s:
            self.tally = Tally(reset_at_s=last_reset(now_s, self._zone, self._resets))
        self._roll(now_s)
        now = self.tally
        return OccupancySampled(occupancy=now.occupancy, entries=now.entries, exits=now.exits)

    def _roll(self, at_s: float) -> None:
        reset_at_s = last_reset(at_s, self._zone, self._resets)
        if reset_at_s > self.tally.reset_at_s:
            self.tally = Tally(reset_at_s=reset_at_s)


def last_reset(at_s: float, zone: ZoneInfo, resets: str) -> float:
    """UNIX time of the newest local `resets` (HH:MM) at or before `at_s`.

    A reset that the clocks skip comes as much later as they skip; one that they repeat happens
    at its first occurrence.
    """
    hour, minute = (int(part) for part in resets.split(":"))
    local = datetime.fromtimestamp(at_s, zone)
    reset = datetime(local.year, local.month, local.day, hour % 24, minute, tzinfo=zone)
    if reset.timestamp() > at_s:
        reset -= timedelta(days=1)
    return reset.timestamp()


def start_tally(path: Path, now_s: float, time_zone: str, resets: str) -> tuple[Tally, str]:
    """(tally to go on with, why the file was not used or ""); zero when there is none."""
    fresh = Tally(reset_at_s=last_reset(now_s, ZoneInfo(time_zone), resets))
    try:
        crc, _, body = path.read_bytes().partition(b" ")
        tally = msgspec.json.decode(body, type=Tally)
        sound = int(crc, 16) == zlib.crc32(body) and tally.version == VERSION
    except FileNotFoundError:
        return fresh, ""
    except (OSError, ValueError, RecursionError):
        return fresh, "unreadable or corrupt"
    if not sound or min(tally.entries, tally.exits, tally.corrected, tally.occupancy) < 0:
        return fresh, "unreadable or corrupt"
    if tally.reset_at_s != fresh.reset_at_s:
        return fresh, "from before the last reset"
    return tally, ""


def save_tally(path: Path, tally: Tally) -> None:
    """Replace the file atomically; `AgentError` when the disk refuses."""
    body = msgspec.json.encode(tally)
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(b"%08x " % zlib.crc32(body) + body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise AgentError(f"occupancy cannot be saved: {error.strerror}") from None


def utc(at_s: float) -> datetime:
    """UNIX seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(at_s, UTC)
