from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from contracts.errors import AgentError
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.checkpoint import OLDEST_S, VERSION, Checkpoint, load, save
from edge_agent.tracking.table import TrackerState
from tests.tracking.scenes import detections, walker

NOW_S = 7.0


def saved(path: Path) -> Tracker:
    tracker = Tracker(0.5)
    for step in range(5):
        tracker.update(detections([walker(0), walker(0, x=400)]), step / 10)
    save(path, Checkpoint("run-a", NOW_S, {"till": tracker.state()}))
    return tracker


def rewrite(path: Path, change: Callable[[dict[str, Any]], object], version: int = VERSION) -> None:
    """The same file with other numbers in it, and a checksum that fits."""
    plain = msgspec.msgpack.decode(path.read_bytes()[6:])
    change(plain["cameras"]["till"])
    body = msgspec.msgpack.encode(plain)
    path.write_bytes(struct.pack("<HI", version, zlib.crc32(body)) + body)


def test_a_restarted_worker_goes_on_with_its_tracks_and_uses_no_id_twice(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    before = saved(path)
    people = [walker(0), walker(0, x=400), walker(0, x=250)]
    before.update(detections(people), 0.5)  # id 3, after the checkpoint
    after = Tracker(0.5)
    after.restore(load(path, "run-a", NOW_S)["till"])
    ids = after.update(detections(people), 0.7).track_id.tolist()
    assert ids[:2] == [1, 2]
    assert ids[2] > 3


def test_another_agent_run_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    assert load(path, "run-a", NOW_S) == {}
    saved(path)
    assert load(path, "run-b", NOW_S) == {}


@pytest.mark.parametrize("keep", [0, 3, 6, 40, -1])
def test_a_file_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "tracking.state"
    saved(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(AgentError):
        load(path, "run-a", NOW_S)


def test_every_bit_that_flips_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    saved(path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(AgentError):
            load(path, "run-a", NOW_S)


def test_another_version_and_another_time_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    saved(path)
    assert load(path, "run-a", NOW_S + OLDEST_S)
    for now_s in (NOW_S + OLDEST_S + 1, NOW_S - 1, float("nan")):
        with pytest.raises(AgentError, match="not of the last"):
            load(path, "run-a", now_s)
    rewrite(path, lambda _: None, version=VERSION + 1)
    with pytest.raises(AgentError, match="version"):
        load(path, "run-a", NOW_S)


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "column too short": (lambda till: till["score"].pop(), "length"),
    "unknown state": (lambda till: till.update(state=[1, 9]), "state"),
    "deleted": (lambda till: till.update(state=[1, 3]), "state"),
    "order of states": (lambda till: till.update(state=[0, 1]), "tentative"),
    "same id twice": (lambda till: till.update(track_id=[2, 2]), "ids"),
    "id zero": (lambda till: till.update(track_id=[0, 1]), "ids"),
    "huge id": (lambda till: till.update(track_id=[1, 2**63]), "ids"),
    "next id zero": (lambda till: till.update(next_id=0), "ids"),
    "next id in use": (lambda till: till.update(next_id=2), "ids"),
    "next id beyond": (lambda till: till.update(next_id=2**62), "ids"),
    "never seen": (lambda till: till.update(hits=[0, 1]), "never seen"),
    "time": (lambda till: till.update(at_s=float("nan")), "time"),
    "unseen": (lambda till: till.update(unseen_s=[-1.0, 0.0]), "out of range"),
    "score": (lambda till: till.update(score=[float("nan"), 0.5]), "out of range"),
    "doubt": (lambda till: till.update(doubt=float("nan")), "out of range"),
    "jitter": (lambda till: till.update(jitter=-0.1), "out of range"),
    "camera": (lambda till: till.update(camera_power=[float("inf"), 0.0]), "out of range"),
    "motion NaN": (lambda till: till["motion"][0][1].__setitem__(0, float("nan")), "out of range"),
    "motion shape": (lambda till: till["motion"][1][1].pop(), "five rows"),
    "motion rows": (lambda till: till["motion"][1].pop(), "five rows"),
    "no width": (lambda till: till["motion"][0][0].__setitem__(2, 0.0), "without size"),
    "variance": (lambda till: till["motion"][0][2].__setitem__(0, -1.0), "below zero"),
    "looks of nobody": (lambda till: till.update(looks={7: [1.0, [1.0]]}), "nobody"),
    "looks": (lambda till: till.update(looks={1: [1.0, [float("nan")]]}), "out of range"),
    "a text": (lambda till: till.update(next_id="5"), "int"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_tracker_that_can_be_none_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tracking.state"
    saved(path)
    rewrite(path, lambda _: None)
    assert load(path, "run-a", NOW_S)
    change, why = WRONG[name]
    rewrite(path, change)
    with pytest.raises(AgentError, match=why):
        load(path, "run-a", NOW_S)


def test_a_refused_state_changes_nothing() -> None:
    tracker = Tracker(0.5)
    tracker.update(detections([walker(0)]), 0.0)
    before = tracker.state()
    with pytest.raises(ValueError, match="ids"):
        tracker.restore(msgspec.structs.replace(before, next_id=1))
    assert tracker.state() == before


def test_looks_are_never_written(tmp_path: Path) -> None:
    path = tmp_path / "tracking.state"
    tracker = Tracker(0.5)
    look = np.full((1, 4), 0.5, np.float32)
    for step in range(3):
        tracker.update(detections([walker(0)]), float(step), look=lambda _: look)
    assert tracker.state().looks, "or there would be nothing to leave out"
    save(path, Checkpoint("run-a", NOW_S, {"till": tracker.state()}))
    assert load(path, "run-a", NOW_S)["till"].looks == {}


def swaying(steps: int) -> Tracker:
    """Five who stand before a camera that sways, found by a detector that trembles."""
    rng = np.random.default_rng(1)
    tracker = Tracker(0.5)
    for step in range(steps):
        sway = 12.0 if step % 2 else -12.0
        people = [walker(0, x=60 + 110 * each + sway) for each in range(5)]
        trembling = np.array(people) + rng.normal(0, 4, (5, 1)) * (0, 1, 0, 1)
        tracker.update(detections(list(map(tuple, trembling))), step / 10)
    return tracker


def test_what_was_learned_of_detector_and_camera_comes_back() -> None:
    state, fresh = swaying(60).state(), Tracker(0.5).state()
    for name in ("doubt", "jitter", "camera_power", "camera_chance"):
        assert getattr(state, name) != getattr(fresh, name), name
    wire = msgspec.msgpack.encode(state)
    again = Tracker(0.5)
    again.restore(msgspec.msgpack.decode(wire, type=TrackerState))
    assert again.state() == state
