"""A simulated day through the agent: cameras → tracks → rules and identity → facts."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from contracts.store import StoreConfig
from edge_agent.rules.facts import Fact
from simulator.days.day import Day
from simulator.days.watching import watches_of
from trinetra.evaluation.actual import Identities
from trinetra.evaluation.camera_stage import CameraStage, SeenFrame, Sight, Step
from trinetra.evaluation.node import Node

LATE_S = 1.0
"""How long after the day's end the node still waits for frames."""
FrameSource = Callable[[Day, str], Iterable[SeenFrame]]


@dataclass(frozen=True)
class DayRun:
    """What the agent told, and what the tracks lay on; `identities` by (camera, track id)."""

    facts: list[Fact]
    sights: list[Sight]
    identities: Identities
    frames: int


def run_day(
    day: Day,
    config: StoreConfig,
    source: FrameSource,
    *,
    threshold: float,
    inside: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
) -> DayRun:
    """Play the day; `on_progress` is told the share that is done.

    `threshold` is the detector's; `inside` are the people in the store when the day begins.
    """
    node = Node(config, day.begins_at, inside)
    restarts = sorted(day.restarts)
    sights: list[Sight] = []
    frames = 0
    streams = [camera_steps(day, c.id, source, threshold) for c in config.cameras]
    for step in heapq.merge(*streams, key=lambda step: step.arrived_at):
        if restarts and step.arrived_at >= restarts[0][1]:
            node.restart(restarts.pop(0)[1])
        node.take(step)
        sights += step.sights
        frames += step.update is not None
        if frames % 100 == 0:
            on_progress((step.arrived_at - day.begins_at) / day.seconds)
    node.finish(day.ends_at + LATE_S)
    return DayRun(node.facts, sights, node.identities, frames)


def camera_steps(day: Day, camera: str, source: FrameSource, threshold: float) -> Iterator[Step]:
    """One camera's day, in order of arrival; a silent camera reports every second, too."""
    (watch,) = watches_of(day, [camera])
    stage = CameraStage(camera, watch.size, threshold, day.begins_at)
    restarts = sorted(day.restarts)
    for frame in source(day, camera):
        if restarts and frame.arrived_at >= restarts[0][1]:
            yield from stage.silence(restarts[0][0])
            stage.restart(restarts.pop(0)[1])
        yield from stage.silence(frame.arrived_at)
        frozen = any(begin <= frame.taken_at < end for begin, end in watch.frozen)
        yield stage.step(frame, frozen=frozen)
    yield from stage.silence(day.ends_at)
