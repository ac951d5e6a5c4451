"""A video file as a camera: its frames come when their time has come, and only once.

The moment at which play began is kept in the run folder, so that a restarted worker goes on
where the file would be now, as a camera does, instead of counting the same people again.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from contracts.errors import SourceError
from edge_agent.clock import Clock
from edge_agent.ingest.publisher import Publisher
from edge_agent.ingest.sampling import Sampler
from edge_agent.ingest.source import Source, open_file

LATE_S = 1.0  # frames that could not be decoded in time are dropped from here on
START_WAIT_S = 30.0


class PlayStart(msgspec.Struct, frozen=True):
    """When play began: UNIX seconds for what is told, monotonic seconds for pacing."""

    wall_s: float
    monotonic_s: float


def play_start(note: Path, clock: Clock) -> PlayStart:
    """When play of this file began in this agent run: now, if it did not yet."""
    try:
        return msgspec.json.decode(note.read_bytes(), type=PlayStart)
    except (OSError, msgspec.MsgspecError):
        began = PlayStart(clock.now(), clock.monotonic())
    new = note.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(began))
    new.rename(note)
    return began


def wait_for_agent(go: Path, clock: Clock, stop: threading.Event) -> None:
    """Wait until the other workers are ready: a file would be half over before they are."""
    deadline = clock.monotonic() + START_WAIT_S
    while not go.exists() and clock.monotonic() < deadline:
        if stop.wait(0.05):
            return


class FilePlayer:
    """Plays one file to a publisher in real time; may be asked again after an error."""

    def __init__(self, path: str, note: Path, fps: float, clock: Clock) -> None:
        self._path = path
        self._note = note
        self._fps = fps
        self._clock = clock

    def play(self, publisher: Publisher, stop: threading.Event) -> None:
        """Publish frames until the file ends or `stop` is set; `SourceError` if unreadable."""
        source = open_file(self._path)
        try:
            began = play_start(self._note, self._clock)
            missed_s = self._clock.monotonic() - began.monotonic_s
            begin_s = missed_s if missed_s > LATE_S else 0.0
            if begin_s:
                source.seek(source.start_s + begin_s)
            seen = self._play(source, began, begin_s, publisher, stop)
        finally:
            source.close()
        if seen == 0 and missed_s < LATE_S:  # later it may just be over
            raise SourceError("there is no picture in it")

    def _play(
        self,
        source: Source,
        began: PlayStart,
        begin_s: float,
        publisher: Publisher,
        stop: threading.Event,
    ) -> int:
        """Frames read; those before `begin_s` were shown by an earlier worker or missed."""
        clock, sampler = self._clock, Sampler(self._fps)
        at_s = -source.frame_s
        seen = 0
        for decoded in source.frames():
            if stop.is_set():
                break
            seen += 1
            if decoded.frame is None:
                publisher.damaged()
                continue
            pts_s = decoded.pts_s
            at_s = at_s + source.frame_s if pts_s is None else pts_s - source.start_s
            if at_s < begin_s:
                publisher.drop("missed")
                continue
            if not sampler.wants(at_s):
                publisher.drop("sampling")
                continue
            ahead_s = began.monotonic_s + at_s - clock.monotonic()
            if ahead_s < -LATE_S:
                publisher.drop("late")
                continue
            if stop.wait(max(ahead_s, 0.0)):
                break
            publisher.publish(decoded.frame, began.wall_s + at_s, clock.now())
        return seen
