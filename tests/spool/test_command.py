"""`trinetra spool inspect|verify` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from edge_agent.spool.spool import Limits, Spool


def trinetra(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trinetra", "spool", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


def filled(folder: Path) -> Path:
    spool = Spool(folder / "spool", "shop", Limits(reserve_bytes=0))
    for number in range(5):
        spool.append("critical", f"e{number}", b'{"id":"e%d"}' % number)
    spool.sync()
    spool.close()
    (segment,) = (folder / "spool" / "waiting" / "critical").iterdir()
    return segment


def test_inspect_and_verify_a_healthy_spool(tmp_path: Path) -> None:
    filled(tmp_path)
    for where in (tmp_path, tmp_path / "spool"):
        done = trinetra("inspect", str(where), "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert (found["segments"], found["records"], found["pending"], found["acked"]) == (
            1,
            5,
            5,
            0,
        )
    assert trinetra("verify", str(tmp_path)).returncode == 0


def test_verify_names_a_damaged_segment_and_changes_nothing(tmp_path: Path) -> None:
    segment = filled(tmp_path)
    blob = bytearray(segment.read_bytes())
    blob[20] ^= 1
    segment.write_bytes(blob)
    done = trinetra("verify", str(tmp_path), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["records"], found["damaged"]) == (4, 1)
    assert segment.name in done.stderr
    assert done.stderr.count("\n") == 1
    assert segment.read_bytes() == blob


def test_a_folder_that_is_no_spool_gives_one_line(tmp_path: Path) -> None:
    done = trinetra("inspect", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is no spool" in done.stderr
