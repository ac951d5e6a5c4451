"""Coverage: how much of each UTC minute a camera was watched, and camera states.

A network camera is expected from the start of the watch until its stop, also when it says
nothing; a file from its first picture until its end, since nothing is missed before or after.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from typing import NamedTuple

import msgspec

from contracts.events import CameraState, CameraStatus
from edge_agent.messages import CameraReport

MINUTE_S = 60.0
LATE_S = 2.0
SILENT_S = 5.0
CLOCK_STEP_S = 3600.0


class Minute(NamedTuple):
    """One camera-minute that began at `start_s` (UNIX seconds)."""

    camera: str
    start_s: float
    expected_s: float
    observed_s: float
    frames: int


class Watch(msgspec.Struct):
    """What is known of one camera; `until_s` is when it stopped being expected."""

    since_s: float
    next_s: float
    heard_s: float
    heard_steady_s: float
    until_s: float | None = None
    state: CameraState | None = None
    reason: str = ""
    observed: dict[float, float] = {}
    frames: dict[float, int] = {}


class Coverage:
    """Follows the cameras' reports from `started_s` on."""

    def __init__(
        self,
        cameras: Iterable[str],
        started_s: float,
        steady_s: float,
        files: Container[str] = (),
    ) -> None:
        """`started_s` is wall clock (UNIX), `steady_s` monotonic, as everywhere below."""
        first = _minute_of(started_s)
        self.state = {
            name: Watch(math.inf if name in files else started_s, first, started_s, steady_s)
            for name in cameras
        }

    def report(self, report: CameraReport, now_s: float, steady_s: float) -> CameraStatus | None:
        """Take one second's report; the camera's new state if it changed."""
        watch = self.state.get(report.camera)
        if watch is None:
            return None
        watch.heard_s, watch.heard_steady_s = now_s, steady_s
        if report.state == "ended":
            watch.until_s = watch.until_s or report.at
        else:
            watch.until_s = None
        if watch.since_s == math.inf and report.frames:
            watch.since_s = report.at - report.observed_s
        start_s = max(report.at - max(report.observed_s, 0.0), watch.since_s, watch.next_s)
        for minute, seconds in _split(start_s, report.at):
            watch.observed[minute] = watch.observed.get(minute, 0.0) + seconds
        if report.at >= watch.next_s:
            minute = _minute_of(report.at)
            watch.frames[minute] = watch.frames.get(minute, 0) + report.frames
        return _changed(watch, report.camera, report.state, report.reason)

    def is_blind(self, camera: str) -> bool:
        """True if the camera is known to show nothing now."""
        watch = self.state.get(camera)
        return watch is not None and watch.state not in (None, "live")

    def silent(self, steady_s: float) -> list[CameraStatus]:
        """Cameras whose reports stopped without a word: silence is never trusted."""
        found = []
        for name, watch in self.state.items():
            if watch.state != "ended" and steady_s - watch.heard_steady_s > SILENT_S:
                status = _changed(watch, name, "disconnected", "no report from ingest")
                found += [status] if status else []
        return found

    def due(self, now_s: float) -> list[Minute]:
        """Minutes that are over, oldest first.

        When the machine's clock was set by more than `CLOCK_STEP_S`, the watch begins anew:
        nobody knows what was expected in between.
        """
        found = []
        for name, watch in self.state.items():
            if not -MINUTE_S <= now_s - watch.next_s <= CLOCK_STEP_S:
                if watch.since_s != math.inf:
                    watch.since_s = now_s
                watch.next_s = _minute_of(now_s)
                watch.observed.clear()
                watch.frames.clear()
            while watch.next_s + MINUTE_S + LATE_S <= now_s:
                found += _close(name, watch, watch.next_s + MINUTE_S)
        return found

    def finish(
        self, now_s: float, steady_s: float, cameras: Container[str] | None = None
    ) -> list[Minute]:
        """The last, partial minutes at a stop, or of `cameras` that are taken away.

        Ingest stops some seconds before this worker: a camera that was heard a moment ago is
        expected until then, one that was silent before is expected until now.
        """
        found = []
        for name, watch in self.state.items():
            if cameras is not None and name not in cameras:
                continue
            fresh = steady_s - watch.heard_steady_s <= SILENT_S and watch.state is not None
            end_s = watch.heard_s if fresh else now_s
            while watch.next_s < end_s:
                found += _close(name, watch, min(end_s, watch.next_s + MINUTE_S))
        return found


def _close(name: str, watch: Watch, end_s: float) -> list[Minute]:
    """End the watch's open minute at `end_s`; nothing if nothing was expected in it."""
    start_s, watch.next_s = watch.next_s, watch.next_s + MINUTE_S
    if watch.until_s is not None:
        end_s = min(end_s, watch.until_s)
    expected_s = max(0.0, end_s - max(start_s, watch.since_s))
    observed_s = min(watch.observed.pop(start_s, 0.0), expected_s)
    frames = watch.frames.pop(start_s, 0)
    return [Minute(name, start_s, expected_s, observed_s, frames)] if expected_s > 0 else []


def _changed(watch: Watch, name: str, state: CameraState, reason: str) -> CameraStatus | None:
    told = reason if state == "live" else ""  # a live camera's reason is news of its own: its clock
    if (watch.state, watch.reason) == (state, told):
        return None
    watch.state, watch.reason = state, told
    return CameraStatus(camera=name, state=state, reason=reason)


def _split(start_s: float, end_s: float) -> list[tuple[float, float]]:
    """(minute, seconds of it) between two times."""
    parts = []
    while start_s < end_s:
        minute = _minute_of(start_s)
        stop_s = min(end_s, minute + MINUTE_S)
        parts.append((minute, stop_s - start_s))
        start_s = stop_s
    return parts


def _minute_of(at_s: float) -> float:
    return at_s // MINUTE_S * MINUTE_S
