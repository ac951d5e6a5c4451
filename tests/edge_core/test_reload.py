"""SIGHUP: what a new configuration touches changes, and nothing else does.

Ingest, rules and spool are the real workers and the cameras are on the network; only tracking is
replaced by somebody who stands in the middle of each picture every two seconds.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.events import ZoneVisit, payload_of
from contracts.store import load_store
from edge_agent.processes import PROCESSES
from tests.edge_core.agent_run import AgentRun, alive, row
from tests.edge_core.conftest import wait_until
from tests.fakes.measured import note
from tests.fakes.scripted_camera import ScriptedCamera, Wire, access_units

pytestmark = pytest.mark.crash
MIDDLE = "[[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]"
REAL = {one.name: one for one in PROCESSES}
ROWS = [
    REAL["ingest"],
    row("tracking", "strollers", restarts_on=REAL["tracking"].restarts_on),
    REAL["rules"],
    REAL["spool"],
]
Write = Callable[..., None]


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    """Three cameras that never fail."""
    units = access_units(40)

    def script(wire: Wire) -> None:
        at_s = 0.0
        while True:
            at_s = wire.play(units, 10, begin_s=at_s)

    cameras = [ScriptedCamera(script) for _ in range(3)]
    yield [camera.url for camera in cameras]
    for camera in cameras:
        camera.close()


def toml(urls: dict[str, str], zones: dict[str, str], data_dir: Path, more: str = "") -> str:
    """A store with these cameras (name to URL) and zones (name to camera)."""
    parts = ['[store]\nid = "shop"\nname = "Shop"\ntime_zone = "UTC"\n']
    parts += [f'[[cameras]]\nid = "{k}"\nurl = "{v}"\nsize = [128, 64]\n' for k, v in urls.items()]
    parts += [
        f'[[zones]]\nname = "{k}"\ncamera = "{v}"\nmin_dwell_s = 1\npolygon = {MIDDLE}\n'
        for k, v in zones.items()
    ]
    return "".join([*parts, f'[agent]\ndata_dir = "{data_dir}"\nport = 0\n', more])


class Store:
    """An agent and its store.toml."""

    def __init__(self, urls: list[str], tmp_path: Path, run_dir: Path) -> None:
        self.urls = urls
        self.cameras = {"left": urls[0], "right": urls[1]}
        self.zones = {"shelf": "left"}
        self.data_dir = tmp_path / "data"
        self.path = tmp_path / "store.toml"
        self.write()
        self.agent = AgentRun(load_store(self.path), ROWS, run_dir, self.path)

    def write(self, more: str = "") -> None:
        self.path.write_text(toml(self.cameras, self.zones, self.data_dir, more))

    def reload(self) -> float:
        """SIGHUP and wait until somebody has answered; seconds that it took."""
        before, began = self.reloads(), time.monotonic()
        self.agent.child.send_signal(signal.SIGHUP)
        wait_until(lambda: self.reloads() > before, 10, "the reload was answered")
        return time.monotonic() - began

    def reloads(self) -> float:
        name = "trinetra_config_reloads_total"
        values = [self.agent.value(f'{name}{{result="{r}"}}') for r in ("taken", "refused")]
        return sum(value or 0.0 for value in values)

    def pids(self) -> dict[str, int]:
        return {one["name"]: one["pid"] for one in self.agent.health()["workers"]}

    def until_live(self, *cameras: str) -> None:
        def done() -> bool:
            states = {c["id"]: c["state"] for c in self.agent.health()["cameras"]}
            return states == dict.fromkeys(cameras, "live")

        wait_until(done, 20, f"live: {cameras}")

    def until_counted(self, zone: str) -> None:
        sample = f'trinetra_zone_people{{zone="{zone}"}}'
        wait_until(lambda: self.agent.value(sample) == 1.0, 10, f"somebody stands in {zone}")
        wait_until(lambda: self.agent.value(sample) == 0.0, 10, f"nobody stands in {zone}")


@pytest.fixture
def store(urls: list[str], tmp_path: Path, run_dir: Path) -> Iterator[Store]:
    made = Store(urls, tmp_path, run_dir)
    made.until_live("left", "right")
    yield made
    if made.agent.child.poll() is None:
        made.agent.child.kill()
    made.agent.child.wait()


def test_a_new_zone_counts_and_no_worker_is_started_anew(store: Store) -> None:
    store.until_counted("shelf")
    before = store.pids()
    store.zones["aisle"] = "right"
    store.write()
    took_s = store.reload()
    store.until_counted("aisle")
    note("reload zone", took_s)
    assert store.pids() == before
    assert store.agent.health()["config"] == {"version": 2, "refused": ""}
    rules = 'trinetra_config_version{worker="rules"}'
    wait_until(lambda: store.agent.value(rules) == 2.0, 5)
    assert store.agent.stop() == 0
    payloads = [payload_of(event) for event in store.agent.events()]
    visits = Counter(p.zone for p in payloads if isinstance(p, ZoneVisit) and not p.censored)
    assert visits["shelf"] >= 2, "before and after"
    assert visits["aisle"] >= 1
    frames = [p.camera for p in payloads if type(p).__name__ == "CameraStatus"]
    assert Counter(frames)["left"] <= 2, "no camera was seen to come and go"
    ids = [event.id for event in store.agent.events()]
    assert len(set(ids)) == len(ids)


def test_cameras_come_and_go_while_the_others_stay(store: Store) -> None:
    before = store.pids()
    store.cameras["door"] = store.urls[2]
    store.zones["mat"] = "door"
    store.write()
    began = time.monotonic()
    store.reload()
    store.until_live("left", "right", "door")
    note("reload camera", time.monotonic() - began)
    store.until_counted("mat")
    added = store.pids()
    assert {name: added[name] for name in before} == before
    del store.cameras["left"], store.zones["shelf"]
    store.write()
    store.reload()
    wait_until(lambda: "ingest:left" not in store.pids(), 10, "the camera is gone")
    assert not alive(before["ingest:left"])
    after = store.pids()
    assert after == {name: pid for name, pid in added.items() if name != "ingest:left"}
    assert store.agent.value('trinetra_camera_live{camera="left"}') is None
    assert store.agent.health()["status"] == "ok"
    assert store.agent.stop() == 0


def test_only_the_changed_camera_is_read_anew(store: Store) -> None:
    before = store.pids()
    wide = 'size = [128, 64]\n[[cameras]]\nid = "right"'
    text = store.path.read_text()
    store.path.write_text(text.replace(wide, wide.replace("128", "256")))
    store.reload()
    wait_until(lambda: store.pids()["ingest:left"] not in (None, before["ingest:left"]), 10)
    store.until_live("left", "right")
    after = store.pids()
    assert {k: v for k, v in after.items() if k != "ingest:left"} == {
        k: v for k, v in before.items() if k != "ingest:left"
    }
    restarts = 'trinetra_worker_restarts_total{worker="ingest:left"}'
    assert store.agent.value(restarts) == 0.0, "what was asked for is no failure"
    assert store.agent.stop() == 0


def test_another_model_starts_tracking_anew_and_nobody_else(store: Store) -> None:
    before = store.pids()
    store.write(more="threads = 2\n")
    store.reload()
    wait_until(lambda: store.pids()["tracking"] not in (None, before["tracking"]), 10)
    wait_until(lambda: store.agent.health()["status"] == "ok", 10)
    after = store.pids()
    assert [name for name in before if after[name] != before[name]] == ["tracking"]
    assert store.agent.value('trinetra_worker_restarts_total{worker="tracking"}') == 0.0
    assert store.agent.stop() == 0


BREAKS: dict[str, Callable[[str], str]] = {
    "zones[0].camera": lambda text: text.replace('camera = "left"', 'camera = "lost"'),
    "Invalid value": lambda text: text + "fps = ???\n",
    "agent.port": lambda text: text.replace("port = 0", "port = 1"),
    "store.id": lambda text: text.replace('"shop"', '"mall"'),
    "cameras[0].url": lambda text: text.replace("rtsp://127.0.0.1", "rtsp://8.8.8.8", 1),
    "agent.model": lambda text: text + 'model = "no-such-model"\n',
}


def test_a_broken_configuration_is_refused_as_a_whole(store: Store) -> None:
    before = store.pids()
    store.zones["aisle"] = "right"
    store.write()
    good = store.path.read_text()
    for count, (key, break_it) in enumerate(BREAKS.items(), 1):
        bad = break_it(good)
        line = next(n for n, s in enumerate(bad.splitlines(), 1) if s not in good.splitlines())
        store.path.write_text(bad)
        store.reload()
        refused = store.agent.health()["config"]["refused"]
        assert refused.startswith(f"{store.path}:{line}: "), refused
        assert key in refused
        assert refused in store.agent.log().replace('\\"', '"')
        assert store.agent.value("trinetra_config_refused") == 1.0
        refusals = 'trinetra_config_reloads_total{result="refused"}'
        assert store.agent.value(refusals) == count
    assert store.pids() == before
    assert store.agent.value('trinetra_zone_people{zone="aisle"}') is None
    store.path.write_text(good)
    store.reload()
    assert store.agent.value("trinetra_config_refused") == 0.0
    store.until_counted("aisle")
    assert store.agent.stop() == 0
