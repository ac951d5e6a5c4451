"""The spool equals its model: append, seal, ack, refuse, lose power, fill the disk, reopen."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.batches import unpack
from edge_agent.spool.audit import segments_in, spooled_ids
from edge_agent.spool.segments import LANES, Lane
from edge_agent.spool.spool import Limits, Spool
from tests.spool.fakes import FakeClock, FaultyDisk, PowerCutError

LIMITS = Limits(seal_s=5, seal_events=6, max_bytes=1 << 30, keep_sent_s=1e9, reserve_bytes=2000)


class SpoolModel(RuleBasedStateMachine):
    """What producers and gateway know must always agree with what lies on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="spool")
        self.root = Path(self.folder.name) / "spool"
        self.clock = FakeClock()
        self.number = 0
        self.offered: dict[str, tuple[Lane, bytes]] = {}
        self.kept: list[str] = []
        self.at_gateway: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.evicted = 0
        self.open()

    def open(self) -> None:
        self.disk = FaultyDisk(self.root)
        self.spool = Spool(self.root, "shop", LIMITS, clock=self.clock, disk=self.disk)

    def teardown(self) -> None:
        self.spool.close()
        self.folder.cleanup()

    @rule(lane=st.sampled_from(LANES), size=st.integers(0, 400), count=st.integers(1, 9))
    def append(self, lane: Lane, size: int, count: int) -> None:
        for _ in range(count):
            self.number += 1
            event_id = f"e{self.number:06d}"
            line = b'{"id":"%s","x":"%s"}' % (event_id.encode(), b"x" * size)
            self.offered[event_id] = (lane, line)
            self.spool.append(lane, event_id, line)

    @rule()
    def sync(self) -> None:
        self.kept += self.spool.sync()

    @rule(seconds=st.sampled_from([0.5, 6.0]))
    def wait(self, seconds: float) -> None:
        self.clock.at += seconds
        self.spool.seal_due()

    @rule(lane=st.sampled_from(LANES), cursor_is_lost=st.booleans())
    def upload(self, lane: Lane, cursor_is_lost: bool) -> None:
        segment = self.spool.shelf.head(lane)
        if segment is None:
            return
        batch = self.spool.shelf.batch(segment)
        assert batch is not None
        for line in unpack(batch.body, sha256=batch.sha256, records=batch.records):
            self.at_gateway[line[7:14].decode()] = line
        if not cursor_is_lost:
            self.spool.shelf.ack(segment)

    @rule(lane=st.sampled_from(LANES))
    def refuse(self, lane: Lane) -> None:
        segment = self.spool.shelf.head(lane)
        if segment is not None:
            self.spool.shelf.refuse(segment)

    @rule(room=st.integers(-500, 3000))
    def fill_disk(self, room: int) -> None:
        used = sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())
        self.disk.capacity = used + room

    @rule()
    def free_disk(self) -> None:
        self.disk.capacity = None

    @rule(after=st.integers(0, 6), seed=st.integers(0, 1 << 30))
    def lose_power(self, after: int, seed: int) -> None:
        self.disk.operations_left = after
        try:
            self.kept += self.spool.sync()
            self.spool.seal_due()
        except PowerCutError:
            pass
        self._take_counts()
        self.disk.cut_power(random.Random(seed))
        os.close(self.spool._lock)
        self.open()

    @rule()
    def restart(self) -> None:
        self._take_counts()
        self.spool.close()
        self.open()

    @precondition(lambda self: self.kept)
    @invariant()
    def nothing_kept_is_lost(self) -> None:
        there = spooled_ids(self.root)
        lost = [one for one in self.kept if one not in there and one not in self.at_gateway]
        assert [one for one in lost if self.offered[one][0] == "critical"] == []
        assert len(lost) <= self.evicted + self.spool.shelf.counts.evicted_events

    @invariant()
    def nothing_is_invented_or_reordered(self) -> None:
        for segment in segments_in(self.root):
            ids = [line[7:14].decode() for line in segment.lines]
            assert ids == sorted(ids)
            for event_id, line in zip(ids, segment.lines, strict=True):
                assert self.offered[event_id] == (segment.lane, line)

    @invariant()
    def the_totals_are_those_of_the_disk(self) -> None:
        waiting = [one for one in segments_in(self.root) if one.place == "waiting"]
        held = sum(len(segment.lines) for segment in waiting)
        assert self.spool.shelf.backlog().events + self.spool.open_events == held

    def _take_counts(self) -> None:
        self.evicted += self.spool.shelf.counts.evicted_events


TestSpoolModel = SpoolModel.TestCase
TestSpoolModel.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
