"""kill -9 of the spool worker under load: every acknowledged event is there, none is invented."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from contracts.events import CameraStatus, Event, HeatmapTile, event_of
from edge_agent.bus import Bus, Courier
from edge_agent.spool.audit import spooled_ids, verify
from edge_agent.spool.spool import Spool
from tests.spool.gateways import ScriptedGateway, scripted

pytestmark = [pytest.mark.crash, pytest.mark.slow]
KILLS = 8
AT = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
WORKER = """
import signal, sys
from pathlib import Path
from contracts.store import Agent, Camera, Store, StoreConfig, Upload
from edge_agent.spool.worker import main
from edge_agent.worker import WorkerContext
folder, url = sys.argv[1:]
config = StoreConfig(
    store=Store(id="shop", name="Shop", time_zone="UTC"),
    cameras=(Camera(id="door", url="door.mp4"),),
    agent=Agent(data_dir=folder + "/var"),
    upload=Upload(url=url, token="t", seal_s=0.1, seal_events=200),
)
ctx = WorkerContext(name="spool", config=config, run_id="run", run_dir=Path(folder) / "run")
signal.signal(signal.SIGTERM, lambda *_: ctx.stop())
main(ctx)
ctx.close()
"""


def start_worker(folder: Path, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), url])


def offer(courier: Courier, sequence: int) -> Event:
    payload: CameraStatus | HeatmapTile = CameraStatus(camera="door", state="live")
    if sequence % 4 == 0:
        payload = HeatmapTile(
            camera="door", kind="presence", cell_m=0.25, window_start=AT, window_end=AT,
            x=[1], y=[1], seconds=[0.5],
        )  # fmt: skip
    event = event_of(payload, source="t", subject="door", time=AT, now=AT, sequence=sequence)
    assert courier.send(event)
    return event


def load(courier: Courier, offered: dict[str, Event], seconds: float) -> None:
    """Offer about 2,000 events a second, never more than 1,000 unanswered."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if courier.pending < 1000:
            for _ in range(20):
                event = offer(courier, len(offered))
                offered[event.id] = event
        courier.pump(0.01)


def arrived(gateway: ScriptedGateway) -> list[str]:
    return [msgspec.json.decode(line)["id"] for line in gateway.received()]


def test_no_acknowledged_event_is_lost_over_many_kills(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    root = tmp_path / "var" / "spool"
    draw = random.Random(7)
    offered: dict[str, Event] = {}
    bus = Bus(tmp_path / "run")
    courier = bus.courier("events", resend_after_s=0.3)
    with scripted() as gateway:
        for _ in range(KILLS):
            worker = start_worker(tmp_path, gateway.url)
            offer_first = offer(courier, len(offered))
            offered[offer_first.id] = offer_first
            deadline = time.monotonic() + 30
            while offer_first.id in courier._bodies:
                assert time.monotonic() < deadline, "a fresh event does not pass"
                courier.pump(0.05)
            load(courier, offered, draw.uniform(0.05, 0.6))
            worker.kill()
            worker.wait()
            acknowledged = set(offered) - set(courier._bodies)
            there = spooled_ids(root)
            assert acknowledged <= there | set(arrived(gateway))
            assert there <= set(offered)
        worker = start_worker(tmp_path, gateway.url)
        assert courier.drain(30)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        ids = arrived(gateway)
    bus.close()
    assert set(ids) == set(offered) == spooled_ids(root)
    found = verify(root)
    assert (found["pending"], found["damaged"], found["bad_events"]) == (0, 0, 0)
    lines = {msgspec.json.decode(line)["id"]: line for line in gateway.received()}
    assert all(msgspec.json.encode(offered[one]) == line for one, line in lines.items())
    assert len(offered) > 500


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    worker = start_worker(tmp_path, "")
    lock = tmp_path / "var" / "spool" / "reserve"
    deadline = time.monotonic() + 30
    while not lock.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    Spool(tmp_path / "var" / "spool", "shop").close()
