"""A video file as a camera: its frames come when their time has come, and only once.

The moment at which play began is kept in the run folder, so that a restarted worker goes on
where the file would be now, as a camera does, instead of counting the same people again.
"""

from __future__ import annotations

import threading
from pathlib import Path

from contracts.errors import SourceError
from edge_agent.clock import Clock
from edge_agent.ingest.publisher import Publisher
from edge_agent.ingest.sampling import Sampler
from edge_agent.ingest.source import Source, open_file

LATE_S = 1.0  # frames that could not be decoded in time are dropped from here on


def began_at(note: Path, clock: Clock) -> float:
    """UNIX seconds at which play of this file began in this agent run."""
    try:
        return float(note.read_text(encoding="ascii"))
    except (OSError, ValueError):
        began = clock.now()
    new = note.with_suffix(".new")
    new.write_text(repr(began), encoding="ascii")
    new.rename(note)
    return began


def play_file(
    path: str, note: Path, fps: float, publisher: Publisher, clock: Clock, stop: threading.Event
) -> None:
    """Publish the frames of `path` in real time until it ends or `stop` is set."""
    source = open_file(path)
    try:
        began = began_at(note, clock)
        missed_s = clock.now() - began
        if missed_s > LATE_S:
            source.seek(source.start_s + missed_s)
        _play(source, began, fps, publisher, clock, stop)
    finally:
        source.close()


def _play(
    source: Source,
    began: float,
    fps: float,
    publisher: Publisher,
    clock: Clock,
    stop: threading.Event,
) -> None:
    sampler = Sampler(fps)
    at_s = -source.frame_s
    seen = 0
    for decoded in source.frames():
        seen += 1
        if stop.is_set():
            return
        if decoded.frame is None:
            publisher.damaged()
            continue
        at_s = at_s + source.frame_s if decoded.pts_s is None else decoded.pts_s - source.start_s
        if not sampler.wants(at_s):
            publisher.drop("sampling")
            continue
        due = began + at_s
        if clock.now() - due > LATE_S:
            publisher.drop("late")
            continue
        if stop.wait(max(due - clock.now(), 0.0)):
            return
        publisher.publish(decoded.frame, due, clock.now())
    if seen == 0 and clock.now() - began < LATE_S:  # later it may just be over
        raise SourceError("there is no picture in it")
