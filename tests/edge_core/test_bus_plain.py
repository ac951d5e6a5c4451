"""Topics without acknowledgement: order, drops, strangers' bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import AgentError
from edge_agent import bus_wire
from edge_agent.messages import (
    CropReady,
    FrameReady,
    Heartbeat,
    TrackedBox,
    TracksJoined,
    TracksUpdated,
)
from edge_agent.topics import TOPICS, Topic, topic
from tests.edge_core import samples
from tests.edge_core.conftest import OpenBus

SMALL = (
    Topic("frames", "tracking", (FrameReady,), "newest", 8, 4_096),
    Topic("tracks", "rules", (TracksUpdated,), "all", 8),
)


def push_raw(run_dir: Path, name: str, *bodies: list[bytes]) -> None:
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect(f"ipc://{run_dir / name}.sock")
    for parts in bodies:
        socket.send_multipart(parts)
    socket.close(linger=2000)
    context.term()


def test_messages_arrive_in_order(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir)
    reader, writer = bus.reader("cameras"), bus.writer("cameras")
    sent = [samples.report(at=float(number)) for number in range(200)]
    assert all(writer.write(message) for message in sent)
    assert writer.flush(5.0)
    found: list[object] = []
    while len(found) < 200:
        read = reader.read(5.0)
        assert read, "messages are missing"
        found += read
    assert found == sent


def test_what_is_written_before_the_reader_comes_is_not_lost(
    open_bus: OpenBus, run_dir: Path
) -> None:
    bus = open_bus(run_dir)
    writer = bus.writer("cameras")
    assert writer.write(samples.report())
    assert writer.waiting == 1
    reader = bus.reader("cameras")
    assert writer.flush(5.0)
    assert reader.read(5.0) == [samples.report()]


def test_newest_topic_drops_the_oldest_while_nobody_reads(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir, topics=SMALL)
    writer = bus.writer("frames")
    for index in range(20):
        assert writer.write(samples.frame(index))
    assert writer.dropped == 12
    reader = bus.reader("frames")
    assert writer.flush(5.0)
    found = reader.read(5.0)
    while more := reader.read(0.3):
        found += more
    assert [message.index for message in found if isinstance(message, FrameReady)] == [
        *range(12, 20)
    ]
    assert bus.counters()['dropped_messages_total{topic="frames"}'] == 12


def test_newest_reader_keeps_the_newest_and_counts_the_rest(
    open_bus: OpenBus, run_dir: Path
) -> None:
    bus = open_bus(run_dir, topics=SMALL)
    reader, writer = bus.reader("frames"), bus.writer("frames")
    for index in range(30):
        writer.write(samples.frame(index))
        assert writer.flush(5.0)
    found: list[Any] = []
    while not found or found[-1].index != 29:
        read = [message for message in reader.read(5.0) if isinstance(message, FrameReady)]
        assert read
        found += read
    indexes = [message.index for message in found]
    assert indexes == sorted(indexes)
    assert len(found) + reader.dropped == 30


def test_all_topic_refuses_the_new_message_and_counts_it(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir, topics=SMALL)
    writer = bus.writer("tracks")
    updates = [TracksUpdated("till", index, 1.0, 1.0, [], []) for index in range(10)]
    assert [writer.write(update) for update in updates] == [True] * 8 + [False] * 2
    assert writer.dropped == 2


def test_malformed_messages_are_counted_and_the_next_one_passes(
    open_bus: OpenBus, run_dir: Path
) -> None:
    bus = open_bus(run_dir)
    reader = bus.reader("frames")
    nan = msgspec.structs.replace(samples.frame(), taken_at=math.nan)
    huge = msgspec.structs.replace(samples.frame(), width=10**9)
    bad: list[list[bytes]] = [
        [b""],
        [b"\xc1 nonsense"],
        [b"two", b"parts"],
        [msgspec.msgpack.encode(nan)],
        [msgspec.msgpack.encode(huge)],
        [msgspec.msgpack.encode(Heartbeat("x", 1, "ok", {}, {}))],
        [b"\xa2\xff\xfe"],
    ]
    push_raw(run_dir, "frames", *bad, [msgspec.msgpack.encode(samples.frame(5))])
    found: list[Any] = []
    while not found:
        found = reader.read(5.0)
    assert found == [samples.frame(5)]
    assert reader.malformed == len(bad)
    assert bus.counters()['malformed_messages_total{topic="frames"}'] == len(bad)


def test_a_message_beyond_the_topic_s_size_is_refused_by_both_sides(
    open_bus: OpenBus, run_dir: Path, until: Callable[..., None]
) -> None:
    bus = open_bus(run_dir)
    reader, writer = bus.reader("crops"), bus.writer("crops")
    too_large = CropReady("till", 1, 1.0, 700, 700, bytes(700 * 700 * 3))
    assert not writer.write(too_large)
    assert writer.dropped == 1
    push_raw(run_dir, "crops", [bytes(topic("crops").max_bytes + 1)])
    small = CropReady("till", 1, 1.0, 2, 1, bytes(6))
    writer.write(small)
    found: list[object] = []

    def arrived() -> bool:
        writer.flush()
        found.extend(reader.read(0.05))
        return bool(found)

    until(arrived)
    assert found == [small]


def test_the_table_says_who_may_use_what(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir)
    with pytest.raises(ValueError, match="courier"):
        bus.writer("events")
    with pytest.raises(ValueError, match="writer"):
        bus.desk("frames")
    with pytest.raises(KeyError):
        bus.reader("gossip")
    with pytest.raises(TypeError):
        bus.writer("frames").write(samples.report())
    with pytest.raises(AgentError, match="too long"):
        open_bus(run_dir / ("x" * 100)).writer("frames")


def test_every_type_that_a_topic_carries_has_its_check() -> None:
    assert {kind for row in TOPICS for kind in row.carries} <= set(bus_wire._CHECKS)


@pytest.mark.parametrize(
    ("change", "passes"),
    [({}, True), ({"at": math.nan}, False), ({"gone": -1}, False), ({"identity": ""}, False)],
)
def test_joined_tracks_are_checked_by_value(change: dict[str, Any], passes: bool) -> None:
    joined = msgspec.structs.replace(TracksJoined("till", 1, "till", 2, "a1", 5.0), **change)
    body = msgspec.msgpack.encode(joined)
    if passes:
        assert bus_wire.decode(topic("identities"), body) == joined
        return
    with pytest.raises(bus_wire.MalformedError):
        bus_wire.decode(topic("identities"), body)


@given(st.sampled_from(TOPICS), st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise_anything_but_malformed(row: Topic, body: bytes) -> None:
    try:
        bus_wire.decode(row, body)
    except bus_wire.MalformedError:
        return


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_mutated_messages_never_pass_with_numbers_out_of_range(data: st.DataObject) -> None:
    box = TrackedBox(1, 0.1, 0.1, 0.2, 0.4, 0.9, True)
    body = bytearray(
        msgspec.msgpack.encode(TracksUpdated("till", 3, 1.75e9, 1.75e9, [box, box], [7]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = bus_wire.decode(topic("tracks"), bytes(body))
    except bus_wire.MalformedError:
        return
    assert isinstance(found, TracksUpdated)
    for one in found.boxes:
        assert all(map(math.isfinite, (one.x1, one.y1, one.x2, one.y2, one.score)))
        assert one.x1 <= one.x2
        assert one.y1 <= one.y2
        assert one.track_id >= 0
    assert math.isfinite(found.taken_at)
