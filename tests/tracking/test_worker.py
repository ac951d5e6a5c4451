from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from contracts.store import Agent, Camera, Store, StoreConfig
from edge_agent.bus import Bus, Writer
from edge_agent.messages import FrameReady, Heartbeat, TracksUpdated
from edge_agent.ring import Frame, FrameRing
from edge_agent.tracking import checkpoint, worker
from edge_agent.tracking.worker import TrackingDesk
from edge_agent.worker import WorkerContext
from models.detections import Detections
from tests.tracking import clips
from tests.tracking.clips import SIZE, BrightBoxes

DEADLINE_S = 20.0


def painted(*lefts: int) -> Frame:
    """A dark frame with a white person of 40 × 100 px at each x, striped or it would be blurred."""
    frame = clips.painted(*((left, 100) for left in lefts))
    stripes = frame[::8]
    stripes[stripes == 255] = 225
    return frame


class Stage:
    """The worker's surroundings: rings and the other ends of its topics."""

    def __init__(self, folder: Path, cameras: tuple[Camera, ...], run_id: str = "run-a") -> None:
        config = StoreConfig(
            store=Store(id="shop", name="Shop", time_zone="UTC"),
            cameras=cameras,
            agent=Agent(data_dir=str(folder / "var")),
        )
        (folder / "rings").mkdir(exist_ok=True)
        self.ctx = WorkerContext(name="tracking", config=config, run_id=run_id, run_dir=folder)
        self.rings = {
            camera.id: FrameRing.attach(path)
            if (path := self.ctx.ring_path(camera.id)).exists()
            else FrameRing.create(path, 4, *SIZE)
            for camera in cameras
        }
        self._bus = Bus(folder)
        self.frames: Writer = self._bus.writer("frames")
        self.tracks = self._bus.reader("tracks")
        self.crops = self._bus.reader("crops")
        self.health = self._bus.reader("health")
        self._index = 0

    def put(self, camera: str, frame: Frame, taken_at: float) -> FrameReady:
        """A frame in its ring, and the header that ingest would send."""
        slot, stamp = self.rings[camera].put(frame)
        self._index += 1
        now = self.ctx.clock.now()
        return FrameReady(camera, slot, stamp, self._index, *SIZE, taken_at, now)

    def show(self, camera: str, frame: Frame, taken_at: float) -> None:
        """The same, sent over the bus."""
        self.frames.write(self.put(camera, frame, taken_at))

    def turn_until(self, desk: TrackingDesk, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < deadline, "the worker did not get there"
            self.frames.flush()
            desk.turn(0.01)

    def updates_of(self, desk: TrackingDesk, count: int) -> list[TracksUpdated]:
        """Turn the worker until it has published `count` more times."""
        seen: list[TracksUpdated] = []

        def enough() -> bool:
            seen.extend(self.updates())
            return len(seen) >= count

        self.turn_until(desk, enough)
        return seen

    def updates(self, timeout_s: float = 0.05) -> list[TracksUpdated]:
        return [each for each in self.tracks.read(timeout_s) if isinstance(each, TracksUpdated)]

    def close(self) -> None:
        self._bus.close(0)
        if self.ctx._bus is not None:
            self.ctx._bus.close(0)


TILL = Camera(id="till", url="x", role="billing")
DOOR = Camera(id="door", url="x", role="entrance")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path, (TILL, DOOR))
    yield stage
    stage.close()


def test_frames_become_tracks_in_fractions_of_the_picture(stage: Stage) -> None:
    desk = TrackingDesk(stage.ctx, BrightBoxes())
    for step in range(3):
        stage.show("till", painted(80), 100.0 + step / 10)
        (last,) = stage.updates_of(desk, 1)
    (box,) = last.boxes
    assert (last.camera, last.index, last.taken_at) == ("till", 3, 100.2)
    assert (box.track_id, box.confirmed) == (1, True)
    found = (box.x1, box.y1, box.x2, box.y2)
    assert found == pytest.approx((80 / 320, 100 / 240, 120 / 320, 200 / 240), abs=0.01)
    assert stage.crops.read(1.0), "a confirmed, whole person is cropped for identity"


def test_each_camera_has_its_own_ids(stage: Stage) -> None:
    desk = TrackingDesk(stage.ctx, BrightBoxes())
    stage.show("till", painted(80), 100.0)
    stage.show("door", painted(20, 200), 100.0)
    seen = stage.updates_of(desk, 2)
    ids = {each.camera: [box.track_id for box in each.boxes] for each in seen}
    assert ids == {"till": [1], "door": [1, 2]}


def test_what_waits_is_detected_in_one_batch(stage: Stage) -> None:
    finder = BrightBoxes()
    desk = TrackingDesk(stage.ctx, finder)
    for header in (stage.put("till", painted(80), 1.0), stage.put("door", painted(80), 1.0)):
        desk._take(header)
    desk.turn(0.0)
    assert finder.batches == [2]


def test_older_and_overwritten_frames_are_counted(stage: Stage) -> None:
    desk = TrackingDesk(stage.ctx, BrightBoxes())
    stale = stage.put("till", painted(80), 1.0)
    for _ in range(4):
        stage.rings["till"].put(painted(80))
    for header in (stale, stage.put("door", painted(80), 1.0), stage.put("door", painted(), 1.1)):
        desk._take(header)
    desk.turn(0.0)
    assert desk._waiting.dropped == {("till", "overwritten"): 1, ("door", "stale"): 1}


def test_a_camera_without_a_ring_is_counted_and_the_others_go_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, (TILL, DOOR))
    stage.ctx.ring_path("till").unlink()
    desk = TrackingDesk(stage.ctx, BrightBoxes())
    for name in ("till", "door"):
        desk._take(stage.put(name, painted(80), 1.0))
    assert [each.camera for each in stage.updates_of(desk, 1)] == ["door"]
    assert desk._waiting.dropped == {("till", "no_ring"): 1}
    stage.close()


def test_the_heartbeat_carries_the_metrics(stage: Stage) -> None:
    desk = TrackingDesk(stage.ctx, BrightBoxes())
    stage.show("till", painted(80), 1.0)
    beats: list[Heartbeat] = []

    def counted() -> bool:
        beats.extend(each for each in stage.health.read() if isinstance(each, Heartbeat))
        return bool(beats) and beats[-1].counters['detected_frames_total{camera="till"}'] == 1

    stage.turn_until(desk, counted)
    beat = beats[-1]
    assert beat.counters["detection_latency_ms_count"] == 1
    assert 0 <= beat.gauges["detection_latency_p99_ms"] < 60_000
    assert beat.gauges['active_tracks{camera="till"}'] == 1


def test_a_camera_with_tiles_is_seen_in_parts_and_whole(tmp_path: Path) -> None:
    stage = Stage(tmp_path, (Camera(id="hall", url="x", tiles="2x1"), DOOR))
    finder = BrightBoxes()
    desk = TrackingDesk(stage.ctx, finder)
    desk._take(stage.put("hall", painted(150), 1.0))
    desk._take(stage.put("door", painted(80), 1.0))
    seen = stage.updates_of(desk, 2)
    assert finder.batches == [3 + 1], "all parts of all cameras go together"
    boxes = {each.camera: [(box.x1, box.x2) for box in each.boxes] for each in seen}
    (hall,) = boxes["hall"]  # across the border of both tiles
    assert hall == pytest.approx((150 / 320, 190 / 320), abs=0.01)
    assert len(boxes["door"]) == 1
    stage.close()


def test_what_the_detector_refused_is_counted_by_camera(stage: Stage) -> None:
    class Broken(BrightBoxes):
        def detect(self, frames: Sequence[Frame]) -> list[Detections]:
            return [Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 3)]

    desk = TrackingDesk(stage.ctx, Broken())
    desk._take(stage.put("till", painted(80), 1.0))
    desk.turn(0.0)
    assert desk._refused == {"till": 3}


def test_a_new_worker_of_the_same_run_goes_on_with_the_tracks(tmp_path: Path) -> None:
    first = Stage(tmp_path, (TILL,))
    desk = TrackingDesk(first.ctx, BrightBoxes())
    for step in range(3):
        desk._take(first.put("till", painted(80), 100.0 + step / 10))
        desk.turn(0.0)
    desk._saved_s = float("-inf")
    desk.turn(0.0)
    first.close()
    second = Stage(tmp_path, (TILL,))
    desk = TrackingDesk(second.ctx, BrightBoxes())
    desk._take(second.put("till", painted(82), 100.5))
    (update,) = second.updates_of(desk, 1)
    assert [(box.track_id, box.confirmed) for box in update.boxes] == [(1, True)]
    second.close()


def test_after_a_broken_checkpoint_it_comes_up_and_reuses_no_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Stage(tmp_path, (TILL,))
    desk = TrackingDesk(first.ctx, BrightBoxes())
    desk._take(first.put("till", painted(80), 100.0))
    desk.turn(0.0)
    state = desk._trackers["till"].state()
    broken = msgspec.structs.replace(state, score=[])
    checkpoint.save(
        desk._path, checkpoint.Checkpoint("run-a", first.ctx.clock.monotonic(), {"till": broken})
    )
    first.close()
    second = Stage(tmp_path, (TILL,))
    desk = TrackingDesk(second.ctx, BrightBoxes())
    desk._take(second.put("till", painted(80), 100.5))
    (update,) = second.updates_of(desk, 1)
    assert [box.track_id > 1_000_000 for box in update.boxes] == [True]
    warnings = [line for line in capsys.readouterr().err.splitlines() if "refused" in line]
    assert len(warnings) == 1
    assert "columns differ in length" in warnings[0]
    beats: list[Heartbeat] = []

    def told() -> bool:
        beats.extend(each for each in second.health.read() if isinstance(each, Heartbeat))
        return bool(beats)

    second.turn_until(desk, told)
    assert beats[-1].counters["refused_checkpoints_total"] == 1
    second.close()


def test_asked_to_stop_it_finishes_what_is_queued(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "load_detector", lambda *_, **__: BrightBoxes())
    thread = threading.Thread(target=worker.main, args=(stage.ctx,))
    stage.ctx.stop()
    stage.show("till", painted(80), 1.0)
    thread.start()
    deadline = time.monotonic() + DEADLINE_S
    while thread.is_alive() and time.monotonic() < deadline:
        stage.frames.flush(0.05)
    thread.join(1)
    assert not thread.is_alive()
    assert [each.camera for each in stage.updates(DEADLINE_S)] == ["till"]


def test_the_reference_detector_follows_real_people(
    tmp_path: Path, shared_assets: Path, rtmdet: Path
) -> None:
    from models.detector import load_detector

    finder = load_detector("rtmdet-nano-person", mirror=rtmdet.parent)
    pictures = sorted((shared_assets / "mot/MOT15/TUD-Campus/img1").glob("*.jpg"))[:12]
    stage = Stage(tmp_path, (TILL,))
    desk = TrackingDesk(stage.ctx, finder)
    seen: list[TracksUpdated] = []
    for step, picture in enumerate(pictures):
        image = cv2.imread(str(picture))
        assert image is not None
        frame = cv2.resize(image, SIZE).astype(np.uint8, copy=False)
        desk._take(stage.put("till", frame, 100.0 + step / 25))
        seen += stage.updates_of(desk, 1)
    confirmed = [{box.track_id for box in each.boxes if box.confirmed} for each in seen]
    assert len(seen) == len(pictures)
    assert len(confirmed[-1]) >= 3
    assert len(set.union(*confirmed)) <= 10
    stage.close()
