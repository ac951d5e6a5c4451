"""The spool's promises one by one, on a real folder."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from contracts.batches import unpack
from contracts.errors import SpoolError
from edge_agent.spool.audit import inspect, segments_in, spooled_ids, verify
from edge_agent.spool.lane import SEGMENT_BYTES
from edge_agent.spool.records import record
from edge_agent.spool.segments import Lane
from edge_agent.spool.spool import Limits, Spool
from tests.spool.fakes import FakeClock, FaultyDisk

SMALL = Limits(seal_s=5, seal_events=10, reserve_bytes=0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def put(spool: Spool, lane: Lane, first: int, count: int, size: int = 20) -> list[str]:
    """Append and sync `count` events; the ids that are safe."""
    for number in range(first, first + count):
        line = b'{"id":"e%06d","x":"%s"}' % (number, b"x" * size)
        assert spool.append(lane, f"e{number:06d}", line)
    return spool.sync()


def ids(first: int, count: int) -> set[str]:
    return {f"e{number:06d}" for number in range(first, first + count)}


def test_a_second_agent_on_the_same_spool_is_refused(root: Path) -> None:
    spool = Spool(root, "shop")
    with pytest.raises(SpoolError, match="in use by another agent"):
        Spool(root, "shop")
    spool.close()
    Spool(root, "shop").close()


def test_ids_come_back_only_after_the_sync(root: Path) -> None:
    disk = FaultyDisk(root)
    spool = Spool(root, "shop", SMALL, disk=disk)
    spool.append("critical", "a", b'{"id":"a"}')
    assert spool.unsynced == 1
    assert not disk.synced_bytes
    assert spool.sync() == ["a"]
    assert list(disk.synced_bytes.values()) == [len(record(b'{"id":"a"}'))]
    assert spool.sync() == []
    spool.close()


def test_seal_by_count_age_and_bytes(root: Path) -> None:
    clock = FakeClock()
    limits = SMALL._replace(seal_events=1000)
    spool = Spool(root, "shop", limits, clock=clock)
    put(spool, "critical", 0, 1)
    spool.seal_due()
    assert spool.shelf.backlog().batches == 0, "too early"
    clock.at += 5
    spool.seal_due()
    assert spool.shelf.backlog().batches == 1, "by age"
    put(spool, "critical", 1, 1001)
    assert spool.shelf.backlog().events == 1001, "by count"
    clock.at += 5
    spool.seal_due()
    before = spool.shelf.backlog().batches
    put(spool, "critical", 2000, 11, size=SEGMENT_BYTES // 10)
    assert spool.shelf.backlog().batches == before + 1, "by bytes"
    spool.close()
    assert spooled_ids(root) == ids(0, 1002) | ids(2000, 11)


def test_names_count_from_0_within_a_boot_and_never_repeat(root: Path) -> None:
    seen = []
    for start in range(3):
        spool = Spool(root, "shop", SMALL)
        put(spool, "critical", start * 100, 25)
        put(spool, "analytics", start * 100 + 50, 5)
        spool.close()
        new = [found for found in segments_in(root) if spool.boot in found.file_name]
        assert sorted(int(found.file_name.split(".")[2]) for found in new) == [0, 1, 2, 3]
        seen += [found.file_name for found in new]
    assert len(set(seen)) == len(seen) == 12


def test_a_batch_holds_the_lines_in_order_and_an_ack_moves_it_to_sent(root: Path) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 10)
    spool.seal_all()
    segment = spool.shelf.head("critical")
    assert segment
    batch = spool.shelf.batch(segment)
    assert batch
    lines = unpack(batch.body, sha256=batch.sha256, records=10)
    assert [line[7:14].decode() for line in lines] == sorted(ids(0, 10))
    spool.shelf.ack(segment)
    assert spool.shelf.head("critical") is None
    spool.close()
    found = inspect(root)
    assert (found["pending"], found["acked"], found["records"]) == (0, 10, 10)
    assert spooled_ids(root) == ids(0, 10)


def test_sent_segments_are_kept_for_a_while_across_restarts(root: Path) -> None:
    clock = FakeClock()
    for _ in range(2):
        spool = Spool(root, "shop", SMALL._replace(keep_sent_s=3600), clock=clock)
        put(spool, "critical", 0, 10)
        spool.seal_all()
        segment = spool.shelf.head("critical")
        assert segment
        spool.shelf.ack(segment)
        sent = list((root / "sent" / "critical").iterdir())
        os.utime(sent[0], (clock.at, clock.at))
        spool.close()
    spool = Spool(root, "shop", SMALL._replace(keep_sent_s=3600), clock=clock)
    assert inspect(root)["acked"] == 20
    clock.at += 3601
    for path in (root / "sent" / "critical").iterdir():
        assert path.stat().st_mtime < clock.at
    spool.seal_due()
    assert inspect(root)["acked"] in (0, 10), "what a real clock stamped may stay"
    spool.close()


def test_recovery_uploads_what_an_earlier_boot_left_open(root: Path) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 3)
    os.close(spool._lock)  # killed: nothing was sealed
    again = Spool(root, "shop", SMALL)
    assert again.shelf.backlog()[:2] == (1, 3)
    assert again.boot != spool.boot
    again.close()


@pytest.mark.parametrize("cut_bytes", range(1, 40))
def test_recovery_cuts_a_torn_tail_off(root: Path, cut_bytes: int) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 3)
    spool.close()
    (path,) = (root / "waiting" / "critical").iterdir()
    whole = path.stat().st_size
    os.truncate(path, whole - cut_bytes)
    again = Spool(root, "shop", SMALL)
    assert again.shelf.backlog().events == 2
    assert path.stat().st_size == whole // 3 * 2
    assert again.shelf.counts.torn == 1
    again.close()
    assert verify(root)["torn"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_costs_one_event_is_counted_once_and_a_copy_is_kept(
    root: Path, seed: int
) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 10)
    spool.close()
    (path,) = (root / "waiting" / "critical").iterdir()
    blob = bytearray(path.read_bytes())
    bit = random.Random(seed).randrange(len(blob) * 8)
    blob[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(blob)
    totals = []
    for _ in range(2):
        again = Spool(root, "shop", SMALL)
        segment = again.shelf.head("critical")
        assert segment
        batch = again.shelf.batch(segment)
        assert batch
        assert batch.records == 9
        totals.append(again.shelf.counts.corrupt + again.shelf.counts.torn)
        again.close()
    assert totals == [1, 0]
    assert len(list((root / "corrupt").iterdir())) == 1
    assert len(ids(0, 10) - spooled_ids(root)) == 1


def test_files_that_vanish_are_tolerated(root: Path) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 30)
    spool.seal_all()
    first = spool.shelf.head("critical")
    assert first
    for path in (root / "waiting" / "critical").iterdir():
        path.unlink()
    assert spool.shelf.batch(first) is None
    second = spool.shelf.head("critical")
    assert second
    spool.shelf.ack(second)
    third = spool.shelf.head("critical")
    assert third
    spool.shelf.refuse(third)
    assert spool.shelf.head("critical") is None
    spool.close()


def test_foreign_files_are_left_alone(root: Path) -> None:
    spool = Spool(root, "shop", SMALL)
    put(spool, "critical", 0, 3)
    spool.close()
    for name in ("notes.txt", "a.b.seg", "A.b.000000000000.seg", "a.b.1.seg"):
        (root / "waiting" / "critical" / name).write_bytes(b"mine")
    again = Spool(root, "shop", SMALL)
    assert again.shelf.backlog().events == 3
    again.close()
    assert len(list((root / "waiting" / "critical").iterdir())) == 5


def test_a_failed_sync_acknowledges_nothing_and_a_rescan_heals(root: Path) -> None:
    disk = FaultyDisk(root)
    spool = Spool(root, "shop", SMALL, disk=disk)
    kept = put(spool, "critical", 0, 3)
    disk.sync_fails = True
    spool.append("critical", "lost", b'{"id":"lost"}')
    with pytest.raises(SpoolError, match="fdatasync failed"):
        spool.sync()
    disk.cut_power(random.Random(1))
    os.close(spool._lock)
    again = Spool(root, "shop", SMALL)
    assert set(kept) <= spooled_ids(root)
    assert put(again, "critical", 10, 1) == ["e000010"]
    again.close()


def test_the_byte_cap_evicts_sent_then_analytics_and_never_critical(root: Path) -> None:
    clock = FakeClock()
    spool = Spool(root, "shop", SMALL._replace(max_bytes=3000), clock=clock)
    put(spool, "analytics", 0, 30)
    put(spool, "critical", 100, 60)
    spool.seal_all()
    clock.at += 2
    segment = spool.shelf.head("critical")
    assert segment
    spool.shelf.ack(segment)
    assert spool.shelf.used_bytes() > 3000
    spool.seal_due()
    assert spool.shelf.counts.evicted_events == 30
    assert spooled_ids(root) == ids(110, 50), "sent went first, critical stays above the cap"
    spool.close()


def test_a_full_disk_evicts_analytics_for_critical_and_then_refuses(root: Path) -> None:
    disk = FaultyDisk(root, capacity=3000)
    spool = Spool(root, "shop", SMALL._replace(reserve_bytes=500), disk=disk)
    assert len(put(spool, "analytics", 0, 20)) == 20
    kept = put(spool, "critical", 100, 20)
    number = 120
    while len(got := put(spool, "critical", number, 1)) == 1:
        kept += got
        number += 1
    assert spool.full
    assert not (root / "reserve").exists(), "the reserve is for the last critical events"
    assert spool.shelf.counts.evicted_events == 20
    assert set(kept) == spooled_ids(root)
    assert all(found.torn_bytes == found.damaged == 0 for found in segments_in(root))
    assert set(put(spool, "analytics", 500, 2)) == ids(500, 2), "analytics are let go at once"
    assert spool.shelf.counts.evicted_events == 22
    disk.capacity = None
    assert spool.sync() == [f"e{number:06d}"], "what waited is kept as soon as there is room"
    assert not spool.full
    spool.close()


def test_a_spool_that_cannot_be_made_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SpoolError, match="cannot be opened: Not a directory"):
        Spool(tmp_path / "file" / "spool", "shop")
    with pytest.raises(SpoolError, match="is no spool"):
        inspect(tmp_path)
