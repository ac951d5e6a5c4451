"""The frame ring: whole frames or none, whoever writes and whenever it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import AgentError
from edge_agent.ring import FrameRing
from edge_agent.ring_file import PAGE_BYTES, RingLayout, create_ring_file

# Every byte of a frame has the same value, so that a torn frame is seen at once.
WRITER = """
import sys
from pathlib import Path
import numpy as np
from edge_agent.ring import FrameRing
ring = FrameRing.attach(Path(sys.argv[1]))
frame = np.zeros((ring.height, ring.width, 3), np.uint8)
number = 0
while True:
    frame[:] = number % 251
    ring.put(frame)
    number += 1
"""


def even(ring: FrameRing, value: int) -> np.ndarray:
    return np.full((ring.height, ring.width, 3), value, np.uint8)


@given(
    slots=st.integers(1, 5),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_the_ring_equals_its_model(
    slots: int, steps: list[tuple[bool, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Model: the last `slots` frames can be read by their header, all others are gone."""
    path = tmp_path_factory.mktemp("ring") / "a.ring"
    ring, reader = FrameRing.create(path, slots, 8, 6), FrameRing.attach(path)
    headers: list[tuple[int, int, int]] = []
    for writes, number in steps:
        if writes:
            headers.append((*ring.put(even(ring, number)), number))
        elif headers:
            index = number % len(headers)
            slot, stamp, value = headers[index]
            found = reader.view(slot, stamp)
            if index >= len(headers) - slots:
                assert found is not None
                assert (found == value).all()
            else:
                assert found is None
    stamps = [stamp for _, stamp, _ in headers]
    assert len(set(stamps)) == len(stamps)
    ring.close()
    reader.close()


def test_a_slot_being_written_gives_nothing(tmp_path: Path) -> None:
    ring = FrameRing.create(tmp_path / "a.ring", 1, 8, 6)
    slot, stamp = ring.put(even(ring, 7))
    ring.open_slot(even(ring, 8))
    for guess in range(stamp + 4):
        found = ring.view(slot, guess)
        assert found is None or guess % 2 == 1, "an odd stamp is never handed out"
    assert ring.view(slot, stamp) is None


def test_a_new_writer_goes_on_above_a_dead_one(tmp_path: Path) -> None:
    first = FrameRing.create(tmp_path / "a.ring", 2, 8, 6)
    stamps = [first.put(even(first, number))[1] for number in range(5)]
    first.open_slot(even(first, 9))  # it dies here
    second = FrameRing.attach(tmp_path / "a.ring")
    slot, stamp = second.put(even(second, 3))
    assert stamp > max(stamps)
    found = first.view(slot, stamp)
    assert found is not None
    assert (found == 3).all()


@pytest.mark.crash
def test_no_torn_frame_beside_a_writer_at_full_speed_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.ring"
    create_ring_file(path, 2, 320, 180)
    reader = FrameRing.attach(path)
    out = np.empty((180, 320, 3), np.uint8)
    whole = overwritten = 0
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env=env)
        try:
            deadline = time.monotonic() + 3.0
            while time.monotonic() < deadline:
                slot = whole % 2
                stamp = int(reader._stamps[slot])
                if stamp == 0 or stamp % 2:
                    continue
                found = reader.view(slot, stamp, out)
                if found is None:
                    overwritten += 1
                    continue
                whole += 1
                assert found.min() == found.max(), "a torn frame"
                assert found[0, 0, 0] < 251
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
    assert whole > 100
    assert overwritten > 0, "the writer never got in the way: the test shows nothing"


def test_frames_of_another_shape_are_refused(tmp_path: Path) -> None:
    ring = FrameRing.create(tmp_path / "a.ring", 2, 8, 6)
    with pytest.raises(ValueError, match="ring holds"):
        ring.put(np.zeros((8, 6, 3), np.uint8))
    with pytest.raises(ValueError, match="ring holds"):
        ring.put(np.zeros((6, 8, 3), np.float32))
    assert ring.view(99, 2) is None
    assert ring.view(-1, 2) is None


def test_files_that_are_no_rings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="No such file"):
        FrameRing.attach(tmp_path / "none.ring")
    (tmp_path / "text.ring").write_text("not a ring")
    with pytest.raises(AgentError, match="not a ring"):
        FrameRing.attach(tmp_path / "text.ring")
    create_ring_file(tmp_path / "cut.ring", 2, 8, 6)
    os.truncate(tmp_path / "cut.ring", PAGE_BYTES)
    with pytest.raises(AgentError, match="not a ring"):
        FrameRing.attach(tmp_path / "cut.ring")
    with pytest.raises(AgentError, match="File exists"):
        create_ring_file(tmp_path / "cut.ring", 2, 8, 6)


def test_layout_keeps_frames_on_pages() -> None:
    layout = RingLayout(16, 640, 360)
    assert layout.frames_at % PAGE_BYTES == layout.slot_bytes % PAGE_BYTES == 0
    assert layout.slot_bytes >= layout.frame_bytes
    assert layout.total_bytes < 12 * 2**20
