"""When a frame was taken: the camera's own clock where RTCP brings it, else its arrival."""

from __future__ import annotations

import struct
from typing import Any

from edge_agent.ingest.camera_skew import SET_S, Skew

MAX_CLOCK_ERROR_S = 2.0
_DRIFT_PER_S = 0.0005
_MIN_STEP_S = 0.001
_CLOCK_SET_S = 1.0  # arrival times that go back by more: this machine's clock was set
_SLEW = 0.2  # share of the time by which a correction may move, so that steps stay steps


def wall_time_of(packet: Any) -> float | None:
    """UNIX seconds from a packet's `prft` side data (RTCP sender reports), None without."""
    for side in packet.iter_sidedata():
        if str(side.data_type) == "prft":
            (micros,) = struct.unpack_from("<q", bytes(side))
            return float(micros) / 1e6
    return None


class CameraTime:
    """Maps stream time (pts, seconds) to UNIX seconds; what it gives does not go back.

    Without sender reports the offset is the smallest (arrival − pts) seen, which takes the
    network's bursts out; it may grow by 0.5 ms/s, because clocks drift. With them it is the
    camera's own time less what is proven of its skew. A camera whose clock is more than 2 s off
    is not believed. Only when this machine's own clock is set back does time follow it.
    """

    def __init__(self, skew: Skew | None = None) -> None:
        self.skew = skew or Skew()
        self.source = "arrival"
        self.jumps = 0
        """Times that the stream's time jumped, or this machine's clock was set."""
        self._arrival_offset_s: float | None = None
        self._wall_offset_s: float | None = None
        self._stale_offset_s: float | None = None
        self._correction_s: float | None = None
        self._pts_s = float("-inf")
        self._arrived_at = float("-inf")
        self._last = float("-inf")

    def learn_wall(self, pts_s: float, wall_s: float) -> None:
        """A sender report says that stream time `pts_s` was `wall_s` (UNIX seconds)."""
        offset_s, before_s = wall_s - pts_s, self._wall_offset_s
        if self._stale_offset_s is not None and abs(offset_s - self._stale_offset_s) < _MIN_STEP_S:
            return
        if before_s is not None and abs(offset_s - before_s) > SET_S:
            self.skew.forget()  # somebody set the camera's clock
            self._correction_s = None
        self._wall_offset_s, self._stale_offset_s = offset_s, None

    def taken_at(self, pts_s: float | None, arrived_at: float) -> float:
        """UNIX seconds at which the frame with `pts_s` was taken."""
        if arrived_at < self._arrived_at - _CLOCK_SET_S:
            self._arrival_offset_s, self._last = None, float("-inf")
            self.jumps += 1
        if pts_s is not None and pts_s < self._pts_s:
            self._forget_stream()
        taken = arrived_at if pts_s is None else self._mapped(pts_s, arrived_at)
        taken = max(taken, self._last + _MIN_STEP_S)
        self._last, self._arrived_at = taken, arrived_at
        self._pts_s = self._pts_s if pts_s is None else pts_s
        return taken

    def _forget_stream(self) -> None:
        """The stream's time went back; until the next report the old one maps it wrongly."""
        self._arrival_offset_s = None
        if self._wall_offset_s is not None:
            self._stale_offset_s, self._wall_offset_s = self._wall_offset_s, None
        self.jumps += 1

    def _mapped(self, pts_s: float, arrived_at: float) -> float:
        offset_s = arrived_at - pts_s
        passed_s = max(arrived_at - self._arrived_at, 0.0)
        known_s = self._arrival_offset_s
        if known_s is None or abs(offset_s - known_s) > MAX_CLOCK_ERROR_S:
            self.jumps += known_s is not None
            known_s = offset_s
        else:
            known_s = min(known_s + _DRIFT_PER_S * passed_s, offset_s)
        self._arrival_offset_s = known_s
        if self._wall_offset_s is not None:
            camera_s = pts_s + self._wall_offset_s
            self.skew.add(camera_s, arrived_at)
            if abs(camera_s - arrived_at) <= MAX_CLOCK_ERROR_S:
                self.source = "camera"
                return camera_s - self._corrected_by(passed_s)
        self.source = "arrival"
        return pts_s + known_s

    def _corrected_by(self, passed_s: float) -> float:
        """What is taken off the camera's time: what is proven, reached at a gentle pace."""
        wanted_s = self.skew.proven_s
        if self._correction_s is None:
            self._correction_s = wanted_s
        most_s = _SLEW * min(passed_s, 1.0)
        self._correction_s += min(max(wanted_s - self._correction_s, -most_s), most_s)
        return self._correction_s
