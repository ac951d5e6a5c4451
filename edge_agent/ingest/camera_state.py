"""A camera's state and what was seen of it, second by second; pure, fed with times."""

from __future__ import annotations

import threading

from contracts.events import CameraState
from edge_agent.messages import CameraReport

STALLED_AFTER_S = 2.0  # cameras send in bursts with pauses of half a second
FROZEN_AFTER_S = 10.0
CORRUPT_AFTER_S = 1.0
REPORT_S = 1.0
_LONGEST_STEP_S = 1.0  # frames further apart leave unobserved time between them


class CameraWatch:
    """Told by the reader what happens, asked by the main thread how things are.

    *disconnected* until the first good frame; *live* while good frames come; *stalled* after
    2 s without any; *corrupt* after 1 s of frames that show nothing or are damaged; *frozen*
    while the same picture repeats for more than 10 s (network cameras only); *ended* when a
    file is over. Times are monotonic seconds, except `at` of reports.
    """

    def __init__(self, camera: str, now: float) -> None:
        self._camera = camera
        self._lock = threading.Lock()
        self._state: CameraState = "disconnected"
        self._reason = "connecting"
        self._good_at: float | None = None
        self._seen_at = now
        self._bad_since: float | None = None
        self._bad_reason = ""
        self._complaint = ""
        self._print: int | None = None
        self._print_since = now
        self._observed_s = 0.0
        self._frames = 0
        self._reported_at = now
        self._reported: tuple[str, str] = ("", "")

    @property
    def state(self) -> CameraState:
        """The state as of the last event or report."""
        with self._lock:
            return self._state

    def good_frame(self, now: float, fingerprint: int | None = None) -> bool:
        """A frame with a picture came; False if it is the same as for the last 10 s."""
        with self._lock:
            self._seen_at, self._bad_since = now, None
            if fingerprint is None or fingerprint != self._print:
                self._print, self._print_since = fingerprint, now
            if now - self._print_since > FROZEN_AFTER_S:
                self._good_at = now
                self._set("frozen", "the same picture for more than 10 s")
                return False
            if self._good_at is not None and self._state == "live":
                self._observed_s += min(max(now - self._good_at, 0.0), _LONGEST_STEP_S)
            self._good_at = now
            self._frames += 1
            self._set("live", self._complaint)
            return True

    def complain(self, complaint: str) -> None:
        """What is wrong with a camera although its picture is good; "" for nothing."""
        with self._lock:
            self._complaint = complaint

    def bad_frame(self, now: float, reason: str) -> None:
        """A frame came that is damaged or shows nothing."""
        with self._lock:
            self._seen_at = now
            if self._bad_since is None or self._bad_reason != reason:
                self._bad_since, self._bad_reason = now, reason
            if now - self._bad_since >= CORRUPT_AFTER_S:
                self._set("corrupt", reason)

    def disconnected(self, reason: str) -> None:
        """The source is closed or could not be opened."""
        with self._lock:
            self._good_at = self._bad_since = self._print = None
            self._set("disconnected", reason)

    def ended(self) -> None:
        """The file is over."""
        with self._lock:
            self._set("ended", "end of file")

    def report(self, now: float, at: float, *, last: bool = False) -> CameraReport | None:
        """The next report if one is due: each second, at once on a change, and as the `last`."""
        with self._lock:
            coming = self._state in ("live", "frozen", "corrupt")
            if coming and now - self._seen_at > STALLED_AFTER_S:
                self._set("stalled", "no frame for 2 s")
            elapsed_s = now - self._reported_at
            changed = (self._state, self._reason) != self._reported
            if elapsed_s < REPORT_S and not changed and not last:
                return None
            observed_s = min(self._observed_s, elapsed_s)
            found = CameraReport(
                camera=self._camera,
                state=self._state,
                at=at,
                frames=self._frames,
                observed_s=round(observed_s, 4),
                reason=self._reason,
            )
            # What was observed but does not fit into this report belongs to the next one.
            self._observed_s = min(self._observed_s - observed_s, _LONGEST_STEP_S)
            self._frames = 0
            self._reported_at, self._reported = now, (self._state, self._reason)
            return found

    def _set(self, state: CameraState, reason: str) -> None:
        if self._state != "ended":
            self._state, self._reason = state, reason
