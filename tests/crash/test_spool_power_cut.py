"""Power cuts: the image of an ext4 disk is copied under load and mounted again.

What was only in the kernel's memory is not in the image. A build that acknowledges after
`write()` must lose events in the same test, or the test would prove nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.spool.audit import spooled_ids
from edge_agent.spool.spool import Limits, Spool

pytestmark = [pytest.mark.crash, pytest.mark.slow]
CUTS = 12
WRITER = """
import itertools, sys, time
from pathlib import Path
from edge_agent.spool.disk import Disk
from edge_agent.spool.spool import Limits, Spool

class Hasty(Disk):
    def sync(self, descriptor): pass

folder, kind, first = sys.argv[1:]
spool = Spool(Path(folder) / "spool", "shop", Limits(seal_events=300, reserve_bytes=0),
              disk=Hasty() if kind == "hasty" else Disk())
for number in itertools.count(int(first)):
    lane = "analytics" if number % 5 == 0 else "critical"
    spool.append(lane, f"e{number:08d}", b'{"id":"e%08d","x":"%s"}' % (number, b"x" * 200))
    if number % 20 == 0:
        for event_id in spool.sync():
            print(event_id)
        sys.stdout.flush()
        time.sleep(0.001)
"""


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty ext4 file system in a file."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and e2fsprogs to mount an ext4 image: apt-get install e2fsprogs")
    path = tmp_path / "disk.img"
    run("truncate", "-s", "64M", path)
    run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
    with mounted(path, tmp_path / "probe"):
        pass
    return path


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    try:
        run("mount", "-o", "loop", image, folder)
    except subprocess.CalledProcessError:
        pytest.skip("needs the right to mount a loop device")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def cut_power(image: Path, folder: Path, kind: str, first: int, after_s: float) -> set[str]:
    """Write under load, then copy the disk as it is at that moment; the acknowledged ids."""
    with mounted(image, folder):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), kind, str(first)], stdout=subprocess.PIPE
        )
        assert writer.stdout
        lines = [writer.stdout.readline()]
        time.sleep(after_s)
        writer.send_signal(signal.SIGSTOP)
        shutil.copyfile(image, image.with_suffix(".cut"))
        writer.kill()
        lines += writer.stdout.read().splitlines()
        writer.wait()
    image.with_suffix(".cut").replace(image)
    return {line.decode().strip() for line in lines if line.strip()}


def cuts(image: Path, tmp_path: Path, kind: str, count: int) -> tuple[set[str], set[str]]:
    """Ids acknowledged and ids on the disk, after `count` power cuts on one spool."""
    draw = random.Random(3)
    acknowledged: set[str] = set()
    for number in range(count):
        folder = tmp_path / f"mount{number}"
        acknowledged |= cut_power(image, folder, kind, number * 1_000_000, draw.uniform(0.02, 0.3))
    with mounted(image, tmp_path / "after") as folder:
        Spool(folder / "spool", "shop", Limits(reserve_bytes=0)).close()
        return acknowledged, spooled_ids(folder / "spool")


def test_no_acknowledged_event_is_lost_by_power_cuts(image: Path, tmp_path: Path) -> None:
    acknowledged, there = cuts(image, tmp_path, "durable", CUTS)
    assert len(acknowledged) > 20 * CUTS
    assert acknowledged <= there


def test_the_same_cuts_catch_a_build_that_does_not_sync(image: Path, tmp_path: Path) -> None:
    acknowledged, there = cuts(image, tmp_path, "hasty", 2)
    assert acknowledged - there
