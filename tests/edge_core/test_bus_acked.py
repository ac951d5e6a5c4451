"""Acked topics: nothing is lost when the reader is killed, nothing gets another id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import zmq

from contracts.events import payload_of
from edge_agent.bus import Courier, Desk
from edge_agent.messages import EventOffered, EventsKept
from edge_agent.topics import Topic
from tests.edge_core import samples
from tests.edge_core.conftest import OpenBus
from tests.fakes.clock import FakeClock

READER = """
import os, sys
from pathlib import Path
from edge_agent.bus import Bus
from edge_agent.messages import EventsKept
desk = Bus(Path(sys.argv[1])).desk("events")
book = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    for client, offered in desk.read(0.2):
        os.write(book, offered.event.id.encode() + b"\\n")
        os.fdatasync(book)
        desk.ack(client, EventsKept([offered.event.id]))
"""


def start_reader(run_dir: Path, book: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", READER, str(run_dir), str(book)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})


def test_offers_carry_the_event_as_it_was(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir)
    courier, desk = bus.courier("events"), bus.desk("events")
    sent = samples.event(3)
    assert courier.send(sent)
    client, offered = _read_one(courier, desk)
    assert offered == EventOffered(sent)
    assert payload_of(offered.event) == payload_of(sent)
    desk.ack(client, EventsKept([sent.id]))
    assert courier.drain(5.0)


def test_unanswered_events_are_repeated_after_the_delay(open_bus: OpenBus, run_dir: Path) -> None:
    clock = FakeClock()
    bus = open_bus(run_dir, clock=clock)
    courier, desk = bus.courier("events"), bus.desk("events")
    courier.send(samples.event(1))
    first = _read_one(courier, desk)
    courier.pump()
    assert desk.read(0.1) == []
    clock.advance(1.1)
    assert _read_one(courier, desk)[1] == first[1]
    assert (courier.repeated, courier.pending) == (1, 1)
    desk.ack(first[0], EventsKept([first[1].event.id]))
    _pump_until_empty(courier)
    clock.advance(5.0)
    courier.pump()
    assert desk.read(0.1) == []


def test_a_full_queue_refuses_and_counts(open_bus: OpenBus, run_dir: Path) -> None:
    small = Topic("events", "spool", (EventOffered,), "acked", 3, 2_000)
    bus = open_bus(run_dir, topics=(small,))
    courier = bus.courier("events")
    kept = [courier.send(samples.event(number)) for number in range(5)]
    assert kept == [True, True, True, False, False]
    assert (courier.dropped, courier.pending) == (2, 3)


def test_malformed_offers_and_answers_are_counted(open_bus: OpenBus, run_dir: Path) -> None:
    bus = open_bus(run_dir)
    courier, desk = bus.courier("events"), bus.desk("events")
    courier.send(samples.event(1))
    client, offered = _read_one(courier, desk)
    desk._socket.send_multipart([client, b"nonsense"])
    desk._socket.send_multipart([client, b'{"type":"kept","ids":[7]}'])
    desk.ack(client, EventsKept(["never-sent"]))
    desk.ack(client, EventsKept([offered.event.id]))
    _pump_until_empty(courier)
    assert courier.malformed == 2

    stranger = zmq.Context()
    socket = stranger.socket(zmq.DEALER)
    socket.connect(f"ipc://{run_dir / 'events.sock'}")
    naive = msgspec.json.encode(EventOffered(samples.event(2))).replace(b"+00:00", b"")
    for body in (b"", b"{", b"\xff\xfe", naive.replace(b'Z"', b'"')):
        socket.send(body)
    deadline = time.monotonic() + 5
    while desk.malformed < 4 and time.monotonic() < deadline:
        assert desk.read(0.1) == []
    assert desk.malformed == 4
    socket.close(linger=0)
    stranger.term()


@pytest.mark.crash
def test_no_event_is_lost_when_the_reader_is_killed_again_and_again(
    open_bus: OpenBus, run_dir: Path, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    bus = open_bus(run_dir)
    courier = bus.courier("events", resend_after_s=0.3)
    sent: list[str] = []
    reader = start_reader(run_dir, book)
    try:
        for wave in range(4):
            sent += _send(courier, wave, 400)
            before = courier.pending
            deadline = time.monotonic() + 20
            while courier.pending > before - 100 and time.monotonic() < deadline:
                courier.pump(0.01)
            assert courier.pending, "the reader must be killed in the middle"
            reader.send_signal(signal.SIGKILL)
            reader.wait()
            sent += _send(courier, wave + 100, 50)
            reader = start_reader(run_dir, book)
        assert courier.drain(30.0), f"{courier.pending} events never answered"
    finally:
        reader.kill()
        reader.wait()
    kept = book.read_text().split()
    assert set(kept) == set(sent)
    assert len(sent) == len(set(sent)) == 1800
    assert courier.dropped == 0


def _send(courier: Courier, wave: int, count: int) -> list[str]:
    events = [samples.event(wave * 1000 + number) for number in range(count)]
    assert all(courier.send(event) for event in events)
    return [event.id for event in events]


def _read_one(courier: Courier, desk: Desk) -> tuple[bytes, EventOffered]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        courier.pump()
        found = desk.read(0.05)
        if found:
            assert len(found) == 1
            return found[0]
    pytest.fail("no offer arrived")


def _pump_until_empty(courier: Courier) -> None:
    deadline = time.monotonic() + 5
    while courier.pending and time.monotonic() < deadline:
        courier.pump(0.05)
    assert courier.pending == 0
