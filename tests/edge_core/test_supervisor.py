"""The supervisor with tiny workers: restarts, hangs, order of stopping, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.store import StoreConfig
from edge_agent.processes import Process
from tests.edge_core import samples
from tests.edge_core.agent_run import AgentRun, alive, row
from tests.edge_core.conftest import wait_until

pytestmark = pytest.mark.crash
Start = Callable[..., AgentRun]
RTSP = "rtsp://127.0.0.1:9/none"


@pytest.fixture
def start(run_dir: Path, tmp_path: Path) -> Iterator[Start]:
    running: list[AgentRun] = []

    def begin(*rows: Process, config: StoreConfig | None = None) -> AgentRun:
        agent = AgentRun(config or samples.store(tmp_path / "data", RTSP), list(rows), run_dir)
        running.append(agent)
        return agent

    yield begin
    for agent in running:
        if agent.child.poll() is None:
            agent.child.kill()
        agent.child.wait()


def test_a_killed_worker_is_restarted_and_counted(start: Start) -> None:
    agent = start(row("tracking", "steady"))
    agent.until_ok()
    (first,) = agent.starts("tracking")
    wait_until(lambda: frames(agent) > 10, 10, "some frames are counted")
    before = frames(agent)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(agent.starts("tracking")) == 2, 10, "a second life")
    agent.until_ok()
    assert agent.worker("tracking")["restarts"] == 1
    assert 'trinetra_worker_restarts_total{worker="tracking"} 1.0' in agent.page("/metrics")
    assert frames(agent) >= before, "counters never go back"
    assert agent.stop() == 0


def test_a_worker_that_keeps_crashing_is_restarted_later_and_later(start: Start) -> None:
    agent = start(row("rules", "crashing"))
    wait_until(lambda: len(agent.starts("rules")) >= 4, 30, "four lives")
    began = [
        json.loads(line)["ts"] for line in agent.log().splitlines() if "worker started" in line
    ]
    pauses = [late - early for early, late in pairwise(began)]
    assert pauses[-1] > pauses[0] > 0.2
    wait_until(lambda: agent.health()["status"] == "degraded", 10)
    assert agent.stop() == 0
    assert "hunter2" not in agent.log()


def test_a_stopped_worker_is_found_and_replaced(start: Start) -> None:
    agent = start(row("tracking", "steady", silent_after_s=1.0))
    agent.until_ok()
    (first,) = agent.starts("tracking")
    began = time.monotonic()
    os.kill(first, signal.SIGSTOP)
    wait_until(lambda: len(agent.starts("tracking")) == 2, 15, "replaced")
    assert time.monotonic() - began > 0.9, "it was given its time"
    assert not alive(first)
    agent.until_ok()
    assert agent.stop() == 0


def test_a_worker_that_falls_silent_after_its_first_beat_is_replaced(start: Start) -> None:
    agent = start(row("rules", "silent", silent_after_s=1.0))
    wait_until(lambda: len(agent.starts("rules")) >= 2, 15, "replaced")
    agent.until_ok()
    assert agent.stop() == 0


def test_workers_are_not_killed_because_the_whole_machine_slept(start: Start) -> None:
    agent = start(row("tracking", "steady", silent_after_s=1.0))
    agent.until_ok()
    (worker,) = agent.starts("tracking")
    os.kill(worker, signal.SIGSTOP)
    agent.child.send_signal(signal.SIGSTOP)
    time.sleep(3.0)
    agent.child.send_signal(signal.SIGCONT)
    time.sleep(0.4)
    os.kill(worker, signal.SIGCONT)
    time.sleep(1.0)
    assert agent.starts("tracking") == [worker]
    assert agent.stop() == 0


def test_sigterm_stops_rows_in_table_order_and_leaves_nothing(start: Start) -> None:
    agent = start(
        row("ingest", "camera", per_camera=True), row("tracking", "steady"), row("spool", "steady")
    )
    agent.until_ok()
    assert agent.health()["cameras"] == [{"id": "cam0", "state": "live", "fps": 9.0}]
    assert agent.health()["spool"] == {"events_total": 2.0}
    assert json.loads((agent.data_dir / "agent.json").read_text())["port"] == agent.about["port"]
    assert agent.stop() == 0
    stops = [name for word, name, _ in agent.diary() if word == "stop"]
    assert stops == ["ingest:cam0", "tracking", "spool"]
    assert agent.leftovers() == []
    assert not (agent.data_dir / "agent.json").exists()


def test_a_worker_that_does_not_listen_is_killed_after_its_time(start: Start) -> None:
    agent = start(row("tracking", "deaf", drain_s=0.5), row("spool", "steady"))
    agent.until_ok()
    assert agent.stop() == 0
    assert ("stop", "spool") in [(word, name) for word, name, _ in agent.diary()]
    assert "worker did not finish" in agent.log()


def test_a_second_interrupt_hurries(start: Start) -> None:
    agent = start(row("tracking", "deaf", drain_s=60.0))
    agent.until_ok()
    agent.child.send_signal(signal.SIGINT)
    wait_until(lambda: "agent stopping" in agent.log(), 10)
    began = time.monotonic()
    assert agent.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 10


def test_a_later_row_that_dies_while_earlier_ones_stop_is_restarted(start: Start) -> None:
    agent = start(row("tracking", "deaf", drain_s=4.0), row("spool", "steady"))
    agent.until_ok()
    agent.child.send_signal(signal.SIGTERM)
    wait_until(lambda: "agent stopping" in agent.log(), 10)
    os.kill(agent.starts("spool")[0], signal.SIGKILL)
    assert agent.child.wait(30) == 0
    assert len(agent.starts("spool")) == 2


def test_a_second_agent_on_the_same_folder_is_refused_in_one_line(start: Start) -> None:
    agent = start(row("tracking", "steady"))
    second = start(row("tracking", "steady"))
    assert second.child.wait(30) == 1
    assert second.log() == f"AgentError another agent is running on {agent.data_dir}\n"
    agent.until_ok()
    assert agent.stop() == 0
    third = start(row("tracking", "steady"))
    third.until_ok()
    assert third.stop() == 0


def test_a_port_in_use_is_one_line_and_nothing_is_started(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = samples.store(tmp_path / "data", RTSP, port=port)
        agent = start(row("tracking", "steady"), config=config)
        assert agent.child.wait(30) == 1
    assert agent.log().startswith(f"AgentError port {port} is in use")
    assert len(agent.log().splitlines()) == 1
    assert agent.diary() == []
    assert agent.leftovers() == []


def test_a_worker_that_can_never_run_ends_the_agent_with_its_own_line(start: Start) -> None:
    agent = start(row("spool", "steady"), row("tracking", "refusing"))
    assert agent.child.wait(30) == 1
    assert agent.log().splitlines()[-1] == "ModelError model nano: sha256 does not match"
    assert agent.leftovers() == []
    assert not any(alive(pid) for _, _, pid in agent.diary())


def test_killing_the_supervisor_leaves_no_child_and_the_next_start_no_file(start: Start) -> None:
    rows = (row("ingest", "camera", per_camera=True), row("tracking", "deaf"))
    agent = start(*rows)
    agent.until_ok()
    pids = [pid for _, _, pid in agent.diary()]
    assert len(pids) == 2
    agent.child.kill()
    agent.child.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids), 5, "children are gone")
    (left,) = agent.leftovers()
    (agent.data_dir / "diary").unlink()
    following = start(*rows)
    following.until_ok()
    assert following.leftovers() == [Path(following.about["run_dir"]).name] != [left]
    mode = Path(following.about["run_dir"]).stat().st_mode & 0o777
    assert mode == 0o700
    assert following.stop() == 0
    assert following.leftovers() == []


def test_when_all_files_have_ended_the_agent_drains_and_ends(
    start: Start, shared_clip: Path, tmp_path: Path
) -> None:
    config = samples.store(tmp_path / "data", str(shared_clip), str(shared_clip))
    agent = start(row("ingest", "camera", per_camera=True), row("spool", "steady"), config=config)
    agent.until_ok()
    (agent.data_dir / "end").touch()
    assert agent.child.wait(30) == 0
    stops = [name for word, name, _ in agent.diary() if word == "stop"]
    assert stops[-1] == "spool"
    assert len(agent.starts("ingest:cam0")) == 1


def test_what_workers_print_does_not_reach_stdout(start: Start) -> None:
    agent = start(row("tracking", "chatty"))
    agent.until_ok()
    assert agent.stop() == 0
    assert agent.child.stdout
    assert agent.child.stdout.read() == b""
    assert "a stray line" in agent.log()


def frames(agent: AgentRun) -> float:
    lines = agent.page("/metrics").splitlines()
    return float(next(s for s in lines if s.startswith("trinetra_frames_total")).split()[-1])
