"""What an agent tells of its cameras (L0): presence on the floor, coverage, states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contracts.events import CameraStatus, CoverageMinute, HeatmapTile, Payload
from simulator.days.day import Day
from simulator.days.facts import owners_of
from simulator.days.hours import utc
from simulator.days.records import CELL_M, HEAT_BLOCK_S, DayTruth
from simulator.days.watching import Watch, watches_of

MINUTE_S = 60.0
TILE_BLOCKS = 3
FROZEN_AFTER_S = 10.0
"""An agent believes so late that a picture stands still."""


@dataclass(frozen=True)
class Told:
    """An event to be: what, about what, when it happened and when it could be told."""

    at_s: float
    known_s: float
    subject: str
    payload: Payload


def camera_events(day: Day, truth: DayTruth) -> Iterator[Told]:
    """Heatmap tiles, states and minutes of coverage of every camera."""
    watches = watches_of(day)
    yield from _tiles(day, truth, watches)
    yield from _states(day, watches)
    yield from _minutes(day, watches)


def _tiles(day: Day, truth: DayTruth, watches: list[Watch]) -> Iterator[Told]:
    """Presence of a quarter of an hour, each cell told by the camera that owns it."""
    owners = owners_of(day.scenario)
    blocks = truth.heatmap_blocks
    for first in range(0, len(blocks), TILE_BLOCKS):
        begin = day.begins_at + first * HEAT_BLOCK_S
        end = min(begin + TILE_BLOCKS * HEAT_BLOCK_S, day.ends_at)
        heat = blocks[first : first + TILE_BLOCKS].sum(0)
        for watch in watches:
            share = 1 - _overlap(watch, begin, end) / (end - begin)
            cells = np.argwhere((heat * share > 0.05) & (owners == watch.number))
            if not len(cells):
                continue
            payload = HeatmapTile(
                camera=watch.camera,
                kind="presence",
                cell_m=CELL_M,
                window_start=utc(begin),
                window_end=utc(end),
                x=cells[:, 1].tolist(),
                y=cells[:, 0].tolist(),
                seconds=[round(float(heat[y, x] * share), 2) for y, x in cells.tolist()],
            )
            yield Told(begin, end + 2.0, f"camera/{watch.camera}", payload)


def _minutes(day: Day, watches: list[Watch]) -> Iterator[Told]:
    fps = day.scenario.sensing.fps
    for watch in watches:
        for at_s in np.arange(day.begins_at, day.ends_at, MINUTE_S).tolist():
            expected = min(MINUTE_S, day.ends_at - at_s)
            observed = expected - _overlap(watch, at_s, at_s + expected)
            payload = CoverageMinute(
                camera=watch.camera,
                minute=utc(at_s),
                expected_s=round(expected, 3),
                observed_s=round(observed, 3),
                frames=round(observed * fps),
            )
            yield Told(at_s, at_s + expected + 2.0, f"camera/{watch.camera}", payload)


def _states(day: Day, watches: list[Watch]) -> Iterator[Told]:
    for watch in watches:
        changes = [(day.begins_at, CameraStatus(camera=watch.camera, state="live"))]
        for begin, end in watch.dark:
            lost = CameraStatus(camera=watch.camera, state="disconnected", reason="no frames")
            changes += [(begin, lost), (end, CameraStatus(camera=watch.camera, state="live"))]
        for begin, end in watch.frozen:
            still = CameraStatus(camera=watch.camera, state="frozen", reason="picture unchanged")
            if end - begin > FROZEN_AFTER_S:
                live = CameraStatus(camera=watch.camera, state="live")
                changes += [(begin + FROZEN_AFTER_S, still), (end, live)]
        for at_s, status in changes:
            if day.begins_at <= at_s < day.ends_at:
                yield Told(at_s, at_s, f"camera/{watch.camera}", status)


def _overlap(watch: Watch, begin: float, end: float) -> float:
    """Seconds of the window in which nothing new was seen; faults may overlap."""
    seconds, done = 0.0, begin
    for first, last in sorted((*watch.dark, *watch.frozen)):
        seconds += max(0.0, min(end, last) - max(done, first))
        done = max(done, last)
    return seconds
