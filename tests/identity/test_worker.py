"""The identity worker answers UNKNOWN once per track, and nothing else."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from contracts.events import UNKNOWN
from edge_agent.bus import Bus
from edge_agent.identity import worker
from edge_agent.identity.worker import REMEMBERED, Desk
from edge_agent.messages import CropReady, FrameReady, IdentityAssigned, Message
from edge_agent.worker import WorkerContext
from tests.rules.plans import shop


def crop(track_id: int, camera: str = "left") -> CropReady:
    return CropReady(camera, track_id, 100.0, 2, 2, b"\0" * 12)


def test_one_answer_per_track() -> None:
    desk = Desk()
    answers = desk.answers([crop(1), crop(1), crop(2), crop(1, "right")])
    assert answers == [
        IdentityAssigned("left", 1, UNKNOWN, 0.0),
        IdentityAssigned("left", 2, UNKNOWN, 0.0),
        IdentityAssigned("right", 1, UNKNOWN, 0.0),
    ]
    assert desk.answers([crop(2)]) == []
    assert (desk.crops, desk.tracks) == (5, 3)


def test_other_messages_are_ignored() -> None:
    assert Desk().answers([FrameReady("left", 0, 0, 0, 1, 1, 0.0, 0.0)]) == []


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    desk = Desk()
    desk.answers([crop(track_id) for track_id in range(REMEMBERED + 1)])
    assert len(desk.answers([crop(0), crop(REMEMBERED)])) == 1


def test_answers_on_the_bus_until_stopped(tmp_path: Path) -> None:
    bus = Bus(tmp_path)
    crops, identities = bus.writer("crops"), bus.reader("identities")
    ctx = WorkerContext(name="identity", config=shop(), run_id="r", run_dir=tmp_path)
    thread = threading.Thread(target=worker.main, args=(ctx,))
    thread.start()
    try:
        crops.write(crop(7))
        found: list[Message] = []
        deadline = time.monotonic() + 10
        while not found and time.monotonic() < deadline:
            crops.flush()
            found = identities.read(0.05)
    finally:
        ctx.stop()
        thread.join(10)
    assert found == [IdentityAssigned("left", 7, UNKNOWN, 0.0)]
    assert not thread.is_alive()
    ctx.close()
    bus.close()
