"""The rules worker in a process of its own, on the real bus, stopped and killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from pathlib import Path

import msgspec
import pytest

from contracts.events import (
    CoverageMinute,
    Event,
    GeometryChanged,
    LineCrossed,
    OccupancySampled,
    Payload,
    ZoneVisit,
    payload_of,
)
from contracts.store import StoreConfig
from edge_agent.bus import Bus, Desk, Reader, Writer
from edge_agent.messages import CameraReport, EventsKept, Heartbeat, TrackedBox, TracksUpdated
from edge_agent.rules import worker
from edge_agent.worker import WorkerContext
from tests.rules.plans import shop

DEADLINE_S = 20.0


def run_worker(config: bytes, run_dir: str) -> None:
    """Entry of the process under test."""
    ctx = WorkerContext(
        name="rules",
        config=msgspec.json.decode(config, type=StoreConfig),
        run_id="run1",
        run_dir=Path(run_dir),
    )
    signal.signal(signal.SIGTERM, lambda *_: ctx.stop())
    worker.main(ctx)
    ctx.close()


class Agent:
    """The worker's neighbours: tracking, ingest, the spool and the supervisor."""

    def __init__(self, run_dir: Path, data_dir: Path) -> None:
        self.run_dir = run_dir
        agent = msgspec.structs.replace(shop().agent, data_dir=str(data_dir), occupancy_s=2.0)
        self.config = msgspec.structs.replace(shop(), agent=agent)
        self.bus = Bus(run_dir)
        self.tracks: Writer = self.bus.writer("tracks")
        self.cameras: Writer = self.bus.writer("cameras")
        self.desk: Desk = self.bus.desk("events")
        self.health: Reader = self.bus.reader("health")
        self.events: dict[str, Event] = {}
        self.beats: list[Heartbeat] = []
        self.process: SpawnProcess | None = None

    def start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        body = msgspec.json.encode(self.config)
        self.process = spawn.Process(target=run_worker, args=(body, str(self.run_dir)))
        self.process.start()

    def serve(self) -> None:
        """Keep and acknowledge what is offered."""
        for client, offered in self.desk.read(0.02):
            self.events[offered.event.id] = offered.event
            self.desk.ack(client, EventsKept([offered.event.id]))
        self.beats += [beat for beat in self.health.read() if isinstance(beat, Heartbeat)]
        self.tracks.flush()
        self.cameras.flush()

    def wait_for(self, kind: type[Payload], count: int = 1) -> list[Payload]:
        deadline = time.monotonic() + DEADLINE_S
        while len(self.payloads(kind)) < count:
            assert time.monotonic() < deadline, f"no {kind.__name__}"
            self.serve()
        return self.payloads(kind)

    def payloads(self, kind: type[Payload]) -> list[Payload]:
        found = [payload_of(event) for event in self.events.values()]
        return [payload for payload in found if isinstance(payload, kind)]

    def stop(self) -> int | None:
        """SIGTERM, then serve until the worker is gone; its exit code."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + DEADLINE_S
        while self.process.is_alive():
            assert time.monotonic() < deadline, "still running"
            self.serve()
        self.serve()
        return self.process.exitcode

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join(DEADLINE_S)

    def walk_in(self, track_id: int, ys: tuple[float, ...] = (0.3, 0.5, 0.7)) -> None:
        for index, y in enumerate(ys):
            at_s = time.time() + index * 0.1
            box = TrackedBox(track_id, 0.05, y - 0.3, 0.6, y, 0.9, True)
            assert self.tracks.write(TracksUpdated("left", index, at_s, at_s, [box], []))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with tempfile.TemporaryDirectory(prefix="r") as run_dir:  # a socket's path must be short
        agent = Agent(Path(run_dir), tmp_path)
        yield agent
        if agent.process and agent.process.is_alive():
            agent.kill()
        agent.bus.close()


def test_events_reach_the_spool_and_a_stop_loses_nothing(agent: Agent) -> None:
    agent.start()
    agent.wait_for(GeometryChanged)
    agent.walk_in(1)
    agent.walk_in(2, (0.45, *[0.6] * 15))
    agent.cameras.write(CameraReport("left", "live", time.time(), 10, 1.0))
    agent.wait_for(LineCrossed, 1)
    assert agent.stop() == 0
    (visit,) = agent.payloads(ZoneVisit)
    assert isinstance(visit, ZoneVisit)
    assert visit.censored
    assert len(agent.payloads(CoverageMinute)) >= 2
    last = [p for p in agent.payloads(OccupancySampled) if isinstance(p, OccupancySampled)][-1]
    assert (last.entries, last.exits) == (len(agent.payloads(LineCrossed)), 0)
    sequence = sorted(event.sequence for event in agent.events.values())
    assert sequence == list(range(len(sequence)))
    assert {event.source for event in agent.events.values()} == {"trinetra/shop/run1"}
    assert {beat.worker for beat in agent.beats} == {"rules"}
    assert agent.beats[-1].counters['crossings_total{direction="in",door="main"}'] >= 1


def test_what_waits_on_the_bus_at_the_stop_is_still_counted(agent: Agent) -> None:
    agent.start()
    agent.wait_for(GeometryChanged)
    for track_id in range(200):
        agent.walk_in(track_id)
    assert agent.tracks.flush(5.0)
    assert agent.stop() == 0
    assert len(agent.payloads(LineCrossed)) == 200


def test_a_stop_waits_until_the_spool_has_kept_everything(agent: Agent) -> None:
    """The spool loses every first offer that is made during the stop."""
    agent.start()
    agent.wait_for(GeometryChanged)
    agent.walk_in(1)
    agent.wait_for(LineCrossed)
    assert agent.process is not None
    agent.process.terminate()
    offers: Counter[str] = Counter()
    deadline = time.monotonic() + DEADLINE_S
    while agent.process.is_alive():
        assert time.monotonic() < deadline, "still running"
        for client, offered in agent.desk.read(0.02):
            offers[offered.event.id] += 1
            if offers[offered.event.id] > 1:
                agent.events[offered.event.id] = offered.event
                agent.desk.ack(client, EventsKept([offered.event.id]))
    assert agent.process.exitcode == 0
    assert offers
    assert set(offers) <= set(agent.events)


@pytest.mark.crash
def test_occupancy_goes_on_after_kill_9(agent: Agent) -> None:
    agent.start()
    agent.wait_for(GeometryChanged)
    for track_id in range(3):
        agent.walk_in(track_id)
    agent.wait_for(LineCrossed, 3)
    state = Path(agent.config.agent.data_dir) / "rules" / "occupancy.state"
    deadline = time.monotonic() + DEADLINE_S
    while not (state.exists() and b'"entries":3' in state.read_bytes()):
        assert time.monotonic() < deadline, "the tally was not saved"
        agent.serve()
    agent.kill()
    agent.events.clear()
    agent.start()
    (first,) = agent.wait_for(OccupancySampled)[:1]
    assert isinstance(first, OccupancySampled)
    assert (first.occupancy, first.entries) == (3, 3)
    agent.walk_in(9)
    agent.wait_for(LineCrossed, 4)
    assert agent.stop() == 0
    last = [p for p in agent.payloads(OccupancySampled) if isinstance(p, OccupancySampled)][-1]
    assert last.entries == 4


def test_without_acknowledgements_the_tally_is_not_written(agent: Agent) -> None:
    """What the spool does not hold must not be counted after a restart."""
    agent.start()
    agent.wait_for(GeometryChanged)
    agent.walk_in(1)
    deadline = time.monotonic() + DEADLINE_S
    offered = 0
    while not offered:
        assert time.monotonic() < deadline
        agent.tracks.flush()
        offered = sum(
            isinstance(payload_of(offer.event), LineCrossed) for _, offer in agent.desk.read(0.1)
        )
    heard, deadline = len(agent.beats), time.monotonic() + DEADLINE_S
    while len(agent.beats) < heard + 3:  # many turns later
        assert time.monotonic() < deadline
        agent.beats += [beat for beat in agent.health.read(0.1) if isinstance(beat, Heartbeat)]
    assert not (Path(agent.config.agent.data_dir) / "rules" / "occupancy.state").exists()


def test_malformed_messages_are_counted_and_the_worker_goes_on(agent: Agent) -> None:
    agent.start()
    agent.wait_for(GeometryChanged)
    for body in (b"", b"\x00" * 50, b"\xff" * 1000):
        agent.tracks._waiting.append(body)
    agent.walk_in(1)
    agent.wait_for(LineCrossed)
    assert agent.stop() == 0
    assert agent.beats[-1].counters['malformed_messages_total{topic="tracks"}'] == 3
