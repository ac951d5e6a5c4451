"""The real agent with all its real workers on one camera: what it counts, and what kills do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contracts.agent_metrics import AGENT_METRICS, AGENT_PREFIX
from contracts.store import Agent, Camera, Door, Store, StoreConfig, Upload, Zone
from edge_agent.processes import PROCESSES
from tests.edge_core.agent_run import AgentRun, alive, row
from tests.edge_core.conftest import wait_until
from tests.fakes.measured import note
from tests.fakes.scripted_camera import ScriptedCamera, Wire, access_units, spoilt

pytestmark = pytest.mark.crash
MIDDLE = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))
INFRA = Path(__file__).parents[2] / "infra" / "prometheus"
ASKED_FOR = (
    "frames_total",
    "detection_latency_ms",
    "active_tracks",
    "reid_match_rate",
    "gpu_vram_mb",
    "dropped_frames_total",
)


def config_of(camera: str, data_dir: Path) -> StoreConfig:
    return StoreConfig(
        store=Store(id="shop", name="Shop", time_zone="UTC"),
        cameras=(Camera(id="till", url=camera, size=(320, 180), fps=5.0),),
        doors=(Door(name="door", camera="till", outer=((0, 0), (1, 0)), inner=((0, 1), (1, 1))),),
        zones=(Zone(name="queue", camera="till", kind="queue", polygon=MIDDLE),),
        agent=Agent(data_dir=str(data_dir), port=0),
        upload=Upload(url="http://127.0.0.1:9", token="env:NO_SUCH_TOKEN"),
    )


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentRun]:
    """At work: live camera, detector loaded, one damaged frame a while, sender reports."""
    units = access_units(40)
    shown = [*units[:30], *(spoilt(unit) for unit in units[30:33]), *units[35:]]

    def script(wire: Wire) -> None:
        at_s = 0.0
        while True:
            wire.report(at_s, time.time())
            at_s = wire.play(shown, 10, begin_s=at_s)

    camera = ScriptedCamera(script)
    base = Path(tempfile.mkdtemp(prefix="tec-"))
    os.environ["NO_SUCH_TOKEN"] = "nobody"
    made = AgentRun(config_of(camera.url, tmp_path_factory.mktemp("whole")), list(PROCESSES), base)
    wait_until(lambda: made.value('trinetra_detected_frames_total{camera="till"}'), 60)
    yield made
    if made.child.poll() is None:
        made.child.kill()
    made.child.wait()
    camera.close()
    shutil.rmtree(base, ignore_errors=True)


def test_everything_it_says_is_in_the_registry_and_the_other_way_round(agent: AgentRun) -> None:
    wait_until(lambda: agent.value('trinetra_corrupt_frames_total{camera="till"}'), 20)
    wait_until(
        lambda: 'trinetra_camera_clock_skew_seconds{camera="till"}' in agent.page("/metrics")
    )
    said = {
        family.name: family for family in text_string_to_metric_families(agent.page("/metrics"))
    }
    known = {AGENT_PREFIX + m.name.removesuffix("_total"): m for m in AGENT_METRICS}
    assert said.keys() - known.keys() == set()
    always = {name for name, metric in known.items() if not metric.when}
    assert always - said.keys() == set()
    for name, family in said.items():
        labels = {label for one in family.samples for label in one.labels} - {"le"}
        assert (family.type, labels) == (known[name].kind, set(known[name].labels)), name
        assert family.documentation == known[name].help


def test_the_names_that_were_asked_for_are_there() -> None:
    assert set(ASKED_FOR) <= {metric.name for metric in AGENT_METRICS}


def test_alerts_ask_for_what_exists() -> None:
    known = {AGENT_PREFIX + metric.name for metric in AGENT_METRICS}
    text = (INFRA / "trinetra.rules.yml").read_text()
    assert set(re.findall(r"\btrinetra_[a-z_]+", text)) - known == set()


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus"
)
def test_prometheus_can_read_it(agent: AgentRun) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=agent.page("/metrics"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error while linting" not in done.stderr + done.stdout
    assert done.returncode in (0, 3), done.stderr  # 3: advice on names, which the design fixes


@pytest.mark.parametrize("row", PROCESSES, ids=lambda row: row.name)
def test_a_killed_worker_is_back_at_work(agent: AgentRun, row: object) -> None:
    replaced(agent, names_of(agent)[row.name], signal.SIGKILL)  # type: ignore[attr-defined]


def test_a_hung_detector_is_killed_and_replaced(agent: AgentRun) -> None:
    """SIGSTOP: neither a beat nor a signal handler, as in a native call that never returns."""
    replaced_s = replaced(agent, "tracking", signal.SIGSTOP)
    assert replaced_s < 5.0, "found after two silent seconds; loading the model comes on top"


def names_of(agent: AgentRun) -> dict[str, str]:
    """Row name to worker name."""
    return {one["name"].split(":")[0]: one["name"] for one in agent.health()["workers"]}


def replaced(agent: AgentRun, name: str, number: int) -> float:
    """Send a signal to a worker; seconds until another one sits there, and wait for its work."""
    before, began = agent.worker(name), time.monotonic()
    os.kill(before["pid"], number)

    def is_other() -> bool:
        return agent.worker(name)["pid"] not in (None, before["pid"])

    def is_at_work() -> bool:
        now = agent.worker(name)
        return now["alive"] and now["state"] not in ("starting", "waiting", "disconnected")

    wait_until(is_other, 15, f"{name} is replaced")
    took_s = time.monotonic() - began
    wait_until(is_at_work, 30, f"{name} is at work")
    how = "hung" if number == signal.SIGSTOP else "killed"
    note(f"{how} {name.split(':')[0]} replaced", took_s)
    note(f"{how} {name.split(':')[0]} at work", time.monotonic() - began)
    assert agent.worker(name)["restarts"] == before["restarts"] + 1
    assert not alive(before["pid"])
    return took_s


def test_after_a_kill_of_everything_the_next_start_leaves_no_frame_behind(
    agent: AgentRun, tmp_path: Path
) -> None:
    workers = [one["pid"] for one in agent.health()["workers"]]
    old = Path(agent.about["run_dir"])
    for pid in (agent.child.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    agent.child.wait()
    wait_until(lambda: not any(alive(pid) for pid in workers), 5, "all are gone")
    assert list((old / "rings").iterdir()), "frames lie there still"
    began = time.monotonic()
    after = AgentRun(
        config_of("rtsp://127.0.0.1:9/none", tmp_path), [row("x", "steady")], agent.base
    )
    after.until_ok()
    note("killed all", time.monotonic() - began)
    assert not old.exists()
    assert after.leftovers() == [Path(after.about["run_dir"]).name]
    assert after.stop() == 0
    assert after.leftovers() == []
