"""The worker as the supervisor runs it: real bus, real folder, real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from contracts.errors import SpoolError
from contracts.events import CameraStatus, Event, HeatmapTile, event_of
from contracts.store import Agent, Camera, Store, StoreConfig, Upload
from edge_agent.bus import Bus, Courier
from edge_agent.messages import Heartbeat
from edge_agent.spool.audit import inspect, spooled_ids
from edge_agent.spool.spool import Spool
from edge_agent.spool.worker import main
from edge_agent.worker import WorkerContext
from tests.spool.gateways import ScriptedGateway, scripted

AT = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)


def event(number: int, *, analytics: bool = False) -> Event:
    payload: CameraStatus | HeatmapTile = CameraStatus(camera="door", state="live")
    if analytics:
        payload = HeatmapTile(
            camera="door",
            kind="presence",
            cell_m=0.25,
            window_start=AT,
            window_end=AT,
            x=[number],
            y=[0],
            seconds=[1.0],
        )
    return event_of(payload, source="test", subject="door", time=AT, now=AT, sequence=number)


def context(tmp_path: Path, url: str = "", *, seal_s: float = 0.2) -> WorkerContext:
    run_dir = tmp_path / "run"
    run_dir.mkdir(exist_ok=True)
    config = StoreConfig(
        store=Store(id="shop", name="Shop", time_zone="UTC"),
        cameras=(Camera(id="door", url="door.mp4"),),
        agent=Agent(data_dir=str(tmp_path / "var")),
        upload=Upload(url=url, token="secret", seal_s=seal_s),
    )
    return WorkerContext(name="spool", config=config, run_id="run", run_dir=run_dir)


@contextmanager
def running(ctx: WorkerContext) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=main, args=(ctx,), daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        ctx.stop()
        thread.join(20)
        assert not thread.is_alive()
        ctx.close()


def send(courier: Courier, *events: Event) -> None:
    for one in events:
        assert courier.send(one)
    assert courier.drain(20), "not acknowledged in time"


def wait_for(what: Callable[[], bool], limit_s: float = 15) -> None:
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def received_ids(gateway: ScriptedGateway) -> list[str]:
    return [msgspec.json.decode(line)["id"] for line in gateway.received()]


def test_offered_events_are_kept_uploaded_and_acknowledged(tmp_path: Path) -> None:
    events = [event(number, analytics=number % 3 == 0) for number in range(300)]
    with scripted() as gateway:
        ctx = context(tmp_path, gateway.url)
        bus = Bus(ctx.run_dir)
        with running(ctx):
            send(bus.courier("events"), *events)
            assert {one.id for one in events} <= spooled_ids(tmp_path / "var" / "spool")
            wait_for(lambda: len(gateway.received()) == 300)
        bus.close()
    assert sorted(received_ids(gateway)) == sorted(one.id for one in events)
    assert inspect(tmp_path / "var" / "spool")["acked"] == 300


def test_a_repeated_offer_is_acknowledged_and_kept_once(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    bus = Bus(ctx.run_dir)
    with running(ctx):
        for courier in (bus.courier("events"), bus.courier("events")):
            send(courier, event_once)
    bus.close()
    assert inspect(tmp_path / "var" / "spool")["records"] == 1


event_once = event(1)


def test_a_stop_keeps_what_producers_still_send_and_uploads_it(tmp_path: Path) -> None:
    with scripted() as gateway:
        ctx = context(tmp_path, gateway.url, seal_s=3600)
        bus = Bus(ctx.run_dir)
        courier = bus.courier("events")
        with running(ctx):
            send(courier, event(1))
            ctx.stop()
            send(courier, event(2))
        bus.close()
    assert len(received_ids(gateway)) == 2, "sealed and drained at the stop, not after an hour"


def test_without_a_gateway_batches_wait_for_the_next_start(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    bus = Bus(ctx.run_dir)
    with running(ctx):
        send(bus.courier("events"), event(1))
    assert inspect(tmp_path / "var" / "spool")["pending"] == 1
    with scripted() as gateway:
        later = context(tmp_path, gateway.url)
        with running(later):
            wait_for(lambda: len(gateway.received()) == 1)
    bus.close()


def test_payloads_with_line_ends_become_one_line(tmp_path: Path) -> None:
    pretty = msgspec.structs.replace(event(1), data=msgspec.Raw(b'{\n "camera":\n "door"\n}'))
    with scripted() as gateway:
        ctx = context(tmp_path, gateway.url)
        bus = Bus(ctx.run_dir)
        with running(ctx):
            send(bus.courier("events"), pretty)
            wait_for(lambda: len(gateway.received()) == 1)
        bus.close()
    assert received_ids(gateway) == [pretty.id]


def test_the_heartbeat_tells_backlog_and_upload_state(tmp_path: Path) -> None:
    ctx = context(tmp_path, "http://127.0.0.1:1")
    bus = Bus(ctx.run_dir)
    health = bus.reader("health")
    beats: list[Heartbeat] = []

    def offline_with_backlog() -> bool:
        beats.extend(one for one in health.read(0.05) if isinstance(one, Heartbeat))
        last = beats[-1] if beats else None
        return bool(last and last.state == "offline" and last.gauges["spool_backlog_batches"])

    with running(ctx):
        send(bus.courier("events"), event(1), event(2, analytics=True))
        wait_for(offline_with_backlog)
    bus.close()
    assert beats[0].state == "starting"
    last = beats[-1]
    assert last.counters['spool_events_total{lane="critical"}'] == 1
    assert last.counters['spool_events_total{lane="analytics"}'] == 1
    assert last.counters['upload_failures_total{reason="unreachable"}'] >= 1
    assert last.counters["upload_batches_total"] == 0
    assert last.gauges["spool_backlog_events"] == 2
    assert last.gauges["upload_up"] == 0


def test_a_second_agent_on_the_same_folder_gives_one_line(tmp_path: Path) -> None:
    holder = Spool(tmp_path / "var" / "spool", "shop")
    ctx = context(tmp_path)
    with pytest.raises(SpoolError, match="in use by another agent"):
        main(ctx)
    ctx.close()
    holder.close()
