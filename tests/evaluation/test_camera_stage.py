"""One simulated camera through the real tracker: what the agent would say, and what it lay on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trinetra.evaluation.camera_stage import MARK_S, CameraStage, Step

FPS = 10.0
SIZE = (640, 360)


@dataclass(frozen=True)
class Frame:
    camera: str
    index: int
    taken_at: float
    arrived_at: float
    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    person: npt.NDArray[np.int64]
    embedding: npt.NDArray[np.float32] | None


def frame(index: int, *, people: int = 2, late_s: float = 0.1) -> Frame:
    """People 0, 1 … who stand side by side; person 7 is a false alarm's neighbour."""
    boxes = np.array([[50 + 150 * i, 100, 110 + 150 * i, 280] for i in range(people)], np.float32)
    rows = np.eye(8, dtype=np.float32)[:people]
    at_s = 1_000_000.0 + index / FPS
    return Frame(
        "door",
        index,
        at_s,
        at_s + late_s,
        boxes.reshape(-1, 4),
        np.full(people, 0.9, np.float32),
        np.arange(people, dtype=np.int64),
        rows,
    )


def stage() -> CameraStage:
    return CameraStage("door", SIZE, 0.5, 1_000_000.0)


def played(first: int, last: int, on: CameraStage, **options: bool) -> list[Step]:
    return [on.step(frame(index), **options) for index in range(first, last)]


def test_tracks_are_told_in_fractions_with_the_people_they_lie_on() -> None:
    steps = played(0, 20, stage())
    update = steps[-1].update
    assert update is not None
    assert [(box.x1, box.y2) for box in update.boxes] == [
        (50 / 640, 280 / 360),
        (200 / 640, 280 / 360),
    ]
    sights = [sight for step in steps for sight in step.sights if sight.track_id > 0]
    assert {(sight.track_id, sight.person) for sight in sights} in (
        {(1, 0), (2, 1)},
        {(2, 0), (1, 1)},
    )
    times = sorted({sight.at_s for step in steps for sight in step.sights})
    assert all(b - a > MARK_S - 0.02 for a, b in itertools.pairwise(times))


def test_embeddings_go_with_the_track_that_lies_on_their_box() -> None:
    steps = played(0, 30, stage())
    on = {s.track_id: s.person for step in steps for s in step.sights if s.track_id > 0}
    looks = [look for step in steps for look in step.looks]
    assert len(looks) >= 4
    assert all(int(np.argmax(look.embedding)) == on[look.track_id] for look in looks)
    assert all(0.3 <= look.quality <= 1 for look in looks)


def test_a_frozen_picture_is_followed_no_longer_than_the_agent_believes_it() -> None:
    one = stage()
    played(0, 10, one)
    steps = played(10, 200, one, frozen=True)
    tracked = [step for step in steps if step.update]
    assert 9.5 <= len(tracked) / FPS <= 10.5
    assert [r.state for step in steps for r in step.reports][-1] == "frozen"


def test_a_silent_camera_reports_every_second_and_is_stalled() -> None:
    one = stage()
    played(0, 10, one)
    quiet = list(one.silence(1_000_011.0))
    assert len(quiet) == 9
    assert [r.state for step in quiet for r in step.reports][-1] == "stalled"
    assert all(step.update is None for step in quiet)


def test_after_a_restart_tracks_keep_their_ids() -> None:
    one = stage()
    before = played(0, 20, one)[-1].update
    one.restart(1_000_003.0)
    after = one.step(frame(30)).update
    assert before is not None
    assert after is not None
    assert {box.track_id for box in after.boxes} == {box.track_id for box in before.boxes}


def test_people_without_a_track_are_seen_to_be_without_one() -> None:
    one = stage()
    one.step(frame(0))
    step = one.step(frame(2, people=3))
    assert {(s.track_id > 0, s.person) for s in step.sights} == {(True, 0), (True, 1), (False, 2)}


def test_an_empty_frame_is_a_frame() -> None:
    step = stage().step(frame(0, people=0))
    assert step.update is not None
    assert step.update.boxes == []
