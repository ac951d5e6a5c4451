from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.checkpoint import Checkpoint, load, save
from tests.tracking.scenes import detections, walker


def saved(path: Path) -> Tracker:
    tracker = Tracker(0.5)
    for step in range(5):
        tracker.update(detections([walker(0)]), step / 10)
    save(path, Checkpoint("run-a", {"till": tracker.state()}))
    return tracker


def test_a_restarted_worker_goes_on_with_its_tracks_and_uses_no_id_twice(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    before = saved(path)
    before.update(detections([walker(0), walker(0, x=300)]), 0.5)  # id 2, after the checkpoint
    after = Tracker(0.5)
    after.restore(load(path, "run-a")["till"])
    tracks = after.update(detections([walker(0), walker(0, x=300)]), 0.7)
    assert tracks.track_id.tolist()[0] == 1
    assert tracks.track_id.tolist()[1] > 2


def test_another_agent_run_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    saved(path)
    assert load(path, "run-b") == {}


@pytest.mark.parametrize("body", [b"", b"\xc1\xff", b"\x80"])
def test_a_missing_or_broken_file_means_a_fresh_start(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "tracking.state"
    assert load(path, "run-a") == {}
    path.write_bytes(body)
    assert load(path, "run-a") == {}
