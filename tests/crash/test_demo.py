"""The whole way, twice: as a newcomer runs it, and with every process of the agent killed once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.processes import PROCESSES
from trinetra.demo_run import Options, Stages, whole_way
from trinetra.status import read_health

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(420)]


def test_headless_json_is_one_object_measured_against_truth(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trinetra", "demo", "--seconds", "20", "--headless", "--json"]
    done = subprocess.run(
        [*command, "--dir", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"truth", "measured", "errors", "events", "detector", "timings"} <= set(result)
    assert result["truth"]["entries"] > 0
    assert result["measured"]["entries"] > 0
    assert result["events"]["missing"] == 0
    assert result["events"]["duplicated"] == 0
    assert result["events"]["spooled"] == result["events"]["gold"] > 0
    assert (tmp_path / "demo" / "truth" / "truth.json").exists()


def test_no_event_is_lost_or_doubled_when_every_worker_is_killed(tmp_path: Path) -> None:
    killed: dict[str, int] = {}
    with whole_way(
        Options(folder=tmp_path / "demo", seconds=25),
        Stages(lambda _: None, lambda _: None),
        during=lambda data_dir: killed.update(kill_each(data_dir)),
    ) as (result, _):
        pass
    assert {name.partition(":")[0] for name in killed} == {row.name for row in PROCESSES}
    assert result.agent["restarts"] >= len(killed)
    assert result.events["spooled"] > 0
    assert result.events["missing"] == 0
    assert result.events["invented"] == 0
    assert result.events["duplicated"] == 0


def kill_each(data_dir: Path) -> dict[str, int]:
    """SIGKILL every worker once, each only when the one before is back."""
    killed: dict[str, int] = {}
    for name in [row["name"] for row in read_health(data_dir)["workers"]]:
        pid = worker(data_dir, name)["pid"]
        os.kill(pid, signal.SIGKILL)
        killed[name] = pid
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            row = worker(data_dir, name)
            if row["alive"] and row["pid"] != pid and row["state"] != "starting":
                break
            time.sleep(0.1)
        else:
            pytest.fail(f"{name} did not come back")
    return killed


def worker(data_dir: Path, name: str) -> dict[str, Any]:
    return next(row for row in read_health(data_dir)["workers"] if row["name"] == name)
