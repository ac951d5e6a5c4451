"""The identity worker: names for whom it knows, UNKNOWN for the others, and nobody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from contracts.errors import ModelError
from contracts.events import UNKNOWN
from contracts.store import Identity
from edge_agent.bus import Bus
from edge_agent.identity import worker
from edge_agent.identity.gallery import MemoryGallery
from edge_agent.identity.worker import BATCH, IdentityWorker
from edge_agent.messages import (
    CropReady,
    Heartbeat,
    IdentityAssigned,
    Message,
    TrackedBox,
    TracksUpdated,
)
from edge_agent.worker import WorkerContext
from tests.fakes.clock import FakeClock
from tests.identity.shop_floor import NOON_S, store


class ColourEmbedder:
    """Vectors of a crop's mean colour; takes `cost_s` of the clock for each crop."""

    name = "colour"

    def __init__(self, clock: FakeClock, cost_s: float = 0.0) -> None:
        self.batches: list[int] = []
        self._clock = clock
        self._cost_s = cost_s

    def embed(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        self.batches.append(len(crops))
        self._clock.advance(self._cost_s * len(crops))
        rows = np.stack([crop.reshape(-1, 3).mean(axis=0) - 100 for crop in crops])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class BrokenEmbedder:
    """A network that returns nonsense."""

    name = "broken"

    def embed(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        raise ModelError("the network returned a vector without direction")


def crop(track_id: int, colour: tuple[int, int, int], at_s: float) -> CropReady:
    pixels = np.full((8, 4, 3), colour, dtype=np.uint8)
    return CropReady("left", track_id, at_s, 4, 8, pixels.tobytes(), 0.9)


def places(track_id: int, x: float, at_s: float) -> TracksUpdated:
    box = TrackedBox(track_id, x - 0.02, 0.3, x + 0.02, 0.5, 0.9, True)
    return TracksUpdated("left", round(at_s * 5), at_s, at_s, [box], [])


class Shop:
    """The worker, and the far ends of its topics."""

    def __init__(self, tmp_path: Path, embedder: object, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock(NOON_S)
        self.bus = Bus(tmp_path)
        self.writers = {name: self.bus.writer(name) for name in ("places", "crops")}
        self.identities = self.bus.reader("identities")
        self.health = self.bus.reader("health")
        self.ctx = WorkerContext(
            name="identity", config=store(), run_id="r", run_dir=tmp_path, clock=self.clock
        )
        self.worker = IdentityWorker(self.ctx, embedder, MemoryGallery())  # type: ignore[arg-type]

    def play(self, *messages: TracksUpdated | CropReady) -> list[Message]:
        for message in messages:
            self.writers["places" if isinstance(message, TracksUpdated) else "crops"].write(message)
        deadline = time.monotonic() + 2
        while any(not writer.flush(0.05) for writer in self.writers.values()):
            assert time.monotonic() < deadline
        self.worker.turn(0.05)
        return self.identities.read(0.0)

    def close(self) -> None:
        self.ctx.close()
        self.bus.close()


def test_a_lost_track_goes_on_under_its_name(tmp_path: Path) -> None:
    clock = FakeClock(NOON_S)
    shop = Shop(tmp_path, ColourEmbedder(clock), clock)
    answers: list[Message] = []
    for step in range(60):
        at_s = NOON_S + step / 4
        shop.clock.advance(0.25)
        track_id = 1 if step < 24 else 2
        if 24 <= step < 30:
            continue
        seen: list[TracksUpdated | CropReady] = [places(track_id, 0.5 + step / 500, at_s)]
        if step % 4 == 0:
            seen.append(crop(track_id, (200, 40, 90), at_s))
        answers += shop.play(*seen)
    named = [a for a in answers if isinstance(a, IdentityAssigned)]
    assert {a.track_id for a in named} == {1, 2}
    assert len({a.identity for a in named}) == 1
    assert named[0].identity != UNKNOWN
    shop.close()


def test_without_an_embedder_tracks_are_unknown_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path, None)
    answers: list[Message] = []
    for step in range(60):
        shop.clock.advance(0.25)
        at_s = NOON_S + step / 4
        answers += shop.play(places(1, 0.5, at_s), crop(1, (9, 9, 9), at_s))
    assert answers == [IdentityAssigned("left", 1, UNKNOWN, 0.0)]
    shop.close()


def test_a_broken_network_is_counted_and_nothing_stops(tmp_path: Path) -> None:
    shop = Shop(tmp_path, BrokenEmbedder())
    shop.play(places(1, 0.5, NOON_S), crop(1, (9, 9, 9), NOON_S))
    shop.clock.advance(1.0)
    shop.play(places(1, 0.5, NOON_S + 1))
    beats = [beat for beat in shop.health.read(0.5) if isinstance(beat, Heartbeat)]
    assert beats[-1].counters['identity_dropped_crops_total{reason="no_vector"}'] == 1
    shop.close()


def test_a_slow_network_takes_what_fits_and_drops_the_rest(tmp_path: Path) -> None:
    clock = FakeClock(NOON_S)
    embedder = ColourEmbedder(clock, cost_s=0.2)
    shop = Shop(tmp_path, embedder, clock)
    many = [crop(track_id, (200, track_id, 90), NOON_S) for track_id in range(30)]
    shop.play(*many)
    assert sum(embedder.batches) <= 2 * BATCH
    clock.advance(5.0)
    shop.play(crop(99, (200, 1, 90), NOON_S + 5))
    for _ in range(3):
        clock.advance(0.5)
        shop.play()
    assert sum(embedder.batches) < 30
    counters = shop.worker._counters()
    assert counters['identity_dropped_crops_total{reason="stale"}'] > 0
    shop.close()


def test_answers_on_the_bus_until_stopped(tmp_path: Path) -> None:
    bus = Bus(tmp_path)
    writer, identities = bus.writer("places"), bus.reader("identities")
    config = msgspec.structs.replace(store(), identity=Identity(enabled=False))
    ctx = WorkerContext(name="identity", config=config, run_id="r", run_dir=tmp_path)
    thread = threading.Thread(target=worker.main, args=(ctx,))
    thread.start()
    try:
        now_s = time.time()
        for step in range(40):
            writer.write(places(7, 0.5, now_s - 10 + step / 4))
        found: list[Message] = []
        deadline = time.monotonic() + 10
        while not found and time.monotonic() < deadline:
            writer.flush()
            found = identities.read(0.05)
    finally:
        ctx.stop()
        thread.join(10)
    assert found == [IdentityAssigned("left", 7, UNKNOWN, 0.0)]
    assert not thread.is_alive()
    ctx.close()
    bus.close()
