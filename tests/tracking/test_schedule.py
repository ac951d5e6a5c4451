from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.store import Camera, Role
from edge_agent.messages import FrameReady
from edge_agent.tracking.schedule import Waiting
from tests.tracking.scenes import calm


def header(camera: str, index: int = 0) -> FrameReady:
    return FrameReady(camera, 0, 2, index, 64, 64, 0.0, 0.0)


def cameras(**roles: Role) -> list[Camera]:
    return [Camera(id=name, url="x", role=role) for name, role in roles.items()]


def test_the_newest_frame_of_a_camera_wins_and_the_older_is_counted() -> None:
    waiting = Waiting(cameras(till="billing"))
    for index in range(3):
        waiting.add(header("till", index))
    assert [each.index for each in waiting.take(4)] == [2]
    assert waiting.dropped == {("till", "stale"): 2}
    assert waiting.take(4) == []


def test_a_batch_takes_billing_before_entrance_before_the_rest() -> None:
    waiting = Waiting(cameras(a="secondary", b="tracking", c="entrance", d="billing"))
    for name in "abcd":
        waiting.add(header(name))
    assert [each.camera for each in waiting.take(3)] == ["d", "c", "b"]


def test_a_camera_that_waited_goes_before_one_that_was_just_served() -> None:
    waiting = Waiting(cameras(till="billing", aisle="tracking"))
    served = []
    for _ in range(4):
        for name in ("till", "aisle"):
            waiting.add(header(name))
        served += [each.camera for each in waiting.take(1)]
    assert served == ["till", "aisle", "till", "aisle"]


def test_a_camera_that_nobody_configured_is_counted() -> None:
    waiting = Waiting(cameras(till="billing"))
    waiting.add(header("ghost"))
    assert len(waiting) == 0
    assert waiting.dropped == {("unknown", "unknown"): 1}


@calm
@given(st.lists(st.sampled_from("abcde"), max_size=60), st.integers(1, 4))
def test_every_header_is_either_taken_or_counted(names: list[str], most: int) -> None:
    waiting = Waiting([Camera(id=name, url="x") for name in "abcde"])
    taken = 0
    for step, name in enumerate(names):
        waiting.add(header(name, step))
        if step % 3 == 0:
            taken += len(waiting.take(most))
    assert taken + sum(waiting.dropped.values()) + len(waiting) == len(names)
