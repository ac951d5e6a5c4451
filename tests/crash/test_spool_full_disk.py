"""A real disk that is full: an 8 MB tmpfs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.spool.audit import segments_in, spooled_ids
from edge_agent.spool.spool import Limits, Spool

LIMITS = Limits(seal_events=500, reserve_bytes=256 * 1024)
LINE = b'{"id":"e%07d","x":"' + b"x" * 900 + b'"}'


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 8 MB of room."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small tmpfs: run as root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def put(spool: Spool, lane: str, first: int, count: int) -> list[str]:
    kept: list[str] = []
    for number in range(first, first + count):
        if not spool.append(lane, f"e{number:07d}", LINE % number):  # type: ignore[arg-type]
            break
        if number % 50 == 0:
            kept += spool.sync()
    return kept + spool.sync()


def test_critical_events_take_the_room_of_analytics_and_then_wait(small_disk: Path) -> None:
    spool = Spool(small_disk / "spool", "shop", LIMITS)
    analytics = put(spool, "analytics", 0, 4000)
    assert len(analytics) == 4000
    critical = put(spool, "critical", 10_000, 20_000)
    assert spool.full
    assert 6_000 < len(critical) < 9_000
    there = spooled_ids(small_disk / "spool")
    assert set(critical) <= there
    assert not set(analytics) & there
    assert spool.shelf.counts.evicted_events == 4000
    assert all(not found.torn_bytes and not found.damaged for found in segments_in(spool._root))
    segment = spool.shelf.head("critical")
    assert segment
    spool.shelf.ack(segment)  # the gateway came back: what it has may go
    assert spool.sync(), "room was made for the events that waited"
    assert not spool.full
    spool.close()
    again = Spool(small_disk / "spool", "shop", LIMITS)
    assert set(critical[500:]) <= spooled_ids(small_disk / "spool")
    again.close()


def test_a_disk_that_is_full_from_the_start_keeps_nothing_half(small_disk: Path) -> None:
    root = small_disk / "spool"
    Spool(root, "shop", LIMITS).close()
    (root / "reserve").unlink()
    filler = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(filler, b"x" * 4096):
            pass
    os.close(filler)
    spool = Spool(root, "shop", LIMITS)  # it must open: what waits there has to be uploaded
    assert put(spool, "critical", 0, 1) == []
    assert spool.full
    assert spooled_ids(root) == set()
    (small_disk / "filler").unlink()
    assert spool.sync() == ["e0000000"]
    spool.close()
