"""When a frame was taken: the camera's own clock where RTCP brings it, else its arrival."""

from __future__ import annotations

import struct
from typing import Any

MAX_CLOCK_ERROR_S = 2.0
_DRIFT_PER_S = 0.0005
_MIN_STEP_S = 0.001


def wall_time_of(packet: Any) -> float | None:
    """UNIX seconds from a packet's `prft` side data (RTCP sender reports), None without."""
    for side in packet.iter_sidedata():
        if str(side.data_type) == "prft":
            (micros,) = struct.unpack_from("<q", bytes(side))
            return float(micros) / 1e6
    return None


class CameraTime:
    """Maps stream time (pts, seconds) to UNIX seconds; what it gives never goes back.

    Without sender reports the offset is the smallest (arrival − pts) seen, which takes the
    network's bursts out; it may grow by 0.5 ms/s, because clocks drift. A camera whose clock is
    more than 2 s off is not believed.
    """

    def __init__(self) -> None:
        self._arrival_offset_s: float | None = None
        self._wall_offset_s: float | None = None
        self._arrived_at = 0.0
        self._last = float("-inf")
        self.source = "arrival"

    def learn_wall(self, pts_s: float, wall_s: float) -> None:
        """A sender report says that stream time `pts_s` was `wall_s` (UNIX seconds)."""
        self._wall_offset_s = wall_s - pts_s

    def taken_at(self, pts_s: float | None, arrived_at: float) -> float:
        """UNIX seconds at which the frame with `pts_s` was taken."""
        taken = arrived_at if pts_s is None else self._mapped(pts_s, arrived_at)
        taken = max(taken, self._last + _MIN_STEP_S)
        self._last = taken
        return taken

    def _mapped(self, pts_s: float, arrived_at: float) -> float:
        offset_s = arrived_at - pts_s
        known_s = self._arrival_offset_s
        if known_s is None or abs(offset_s - known_s) > MAX_CLOCK_ERROR_S:
            known_s = offset_s  # the first frame, or the stream's time jumped
        else:
            grown_s = known_s + _DRIFT_PER_S * max(arrived_at - self._arrived_at, 0.0)
            known_s = min(grown_s, offset_s)
        self._arrival_offset_s, self._arrived_at = known_s, arrived_at
        wall_s = self._wall_offset_s
        if wall_s is not None and abs(wall_s + pts_s - arrived_at) <= MAX_CLOCK_ERROR_S:
            self.source = "camera"
            return pts_s + wall_s
        self.source = "arrival"
        return pts_s + known_s
