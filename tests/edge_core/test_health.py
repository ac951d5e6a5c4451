"""/health and /metrics over made-up heartbeats, checked with Prometheus' own tool."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from contracts.store import Upload
from edge_agent.messages import Heartbeat
from edge_agent.supervisor_health import Health
from edge_agent.supervisor_metrics import exposition
from edge_agent.worker_metrics import Histogram, sample
from edge_agent.worker_seat import SeatState, SeatStatus
from tests.edge_core import samples

PROMTOOL = shutil.which("promtool")


def seat(
    name: str, state: SeatState = "running", beat: str = "ok", restarts: int = 0
) -> SeatStatus:
    camera = name.partition(":")[2] or None
    return SeatStatus(
        name=name,
        camera=camera,
        pid=1,
        state=state,
        beat_state=beat,
        alive=state == "running",
        restarts=restarts,
        last_beat_age_s=0.1,
    )


def health(tmp_path: Path, upload: str = "") -> Health:
    config = samples.store(tmp_path, "rtsp://10.0.0.1/")
    return Health(msgspec.structs.replace(config, upload=Upload(url=upload)), "run", 1.0)


def beat(worker: str, pid: int = 1, **counters: float) -> Heartbeat:
    return Heartbeat(worker, pid, "ok", dict(counters), {})


def test_counters_add_up_over_lives_and_workers(tmp_path: Path) -> None:
    known = health(tmp_path)
    for frames in (5.0, 9.0):
        known.take_beat(beat("ingest:a", 1, frames_total=frames))
    known.take_beat(beat("ingest:a", 2, frames_total=3.0))
    known.take_beat(beat("ingest:b", 3, frames_total=100.0))
    assert known.counters()["frames_total"] == 112.0


@pytest.mark.parametrize(
    ("seats", "status"),
    [
        ([seat("ingest:a", beat="live"), seat("spool")], "ok"),
        ([seat("ingest:a", "finished", "ended"), seat("spool")], "ok"),
        ([seat("ingest:a", beat="stalled"), seat("spool")], "degraded"),
        ([seat("ingest:a", beat="live"), seat("spool", "waiting")], "degraded"),
        ([seat("ingest:a", "starting", "live"), seat("spool")], "degraded"),
        ([seat("ingest:a", beat="live"), seat("spool", beat="full")], "degraded"),
    ],
)
def test_status_is_ok_only_if_all_workers_and_cameras_are(
    tmp_path: Path, seats: list[SeatStatus], status: str
) -> None:
    known = health(tmp_path)
    known.take_seats(seats, {})
    assert known.report()["status"] == status


def test_a_camera_whose_worker_is_down_is_not_live(tmp_path: Path) -> None:
    known = health(tmp_path)
    known.take_seats([seat("ingest:a", "waiting", "live")], {})
    assert known.report()["cameras"] == [{"id": "a", "state": "disconnected", "fps": 0.0}]


def test_spool_and_upload_sections_come_from_samples(tmp_path: Path) -> None:
    known = health(tmp_path, upload="https://gateway.example/")
    known.take_beat(_lanes())
    found = known.report()
    assert found["spool"] == {"events_total": 10.0}
    assert found["upload"] == {"batches_total": 2.0, "configured": True}


def _lanes() -> Heartbeat:
    counters = {
        sample("spool_events_total", lane="critical"): 7.0,
        sample("spool_events_total", lane="analytics"): 3.0,
        "upload_batches_total": 2.0,
    }
    return Heartbeat("spool", 1, "ok", counters, {})


def full(tmp_path: Path) -> Health:
    latency = Histogram("detection_latency_ms", camera="a")
    latency.observe(12.0)
    known = health(tmp_path)
    known.take_beat(
        Heartbeat(
            "tracking",
            1,
            "ok",
            {
                sample("frames_total", camera="a"): 5.0,
                sample("dropped_frames_total", camera="a", reason="sampling"): 2.0,
                sample("malformed_messages_total", topic="frames"): 0.0,
                "spool_events_total": 3.0,
                **latency.samples(),
                "not a sample {": 1.0,
            },
            {
                sample("active_tracks", camera="a"): 4.0,
                "reid_match_rate": 0.5,
                "spool_backlog_events": 1.0,
            },
        )
    )
    known.take_seats([seat("tracking", restarts=2)], {})
    return known


def test_metrics_carry_every_name_that_dashboards_use(tmp_path: Path) -> None:
    text = exposition(full(tmp_path)).decode()
    for line in (
        'trinetra_frames_total{camera="a"} 5.0',
        'trinetra_dropped_frames_total{camera="a",reason="sampling"} 2.0',
        'trinetra_detection_latency_ms_bucket{camera="a",le="20"} 1.0',
        'trinetra_detection_latency_ms_count{camera="a"} 1.0',
        'trinetra_active_tracks{camera="a"} 4.0',
        "trinetra_reid_match_rate 0.5",
        'trinetra_worker_restarts_total{worker="tracking"} 2.0',
        'trinetra_worker_up{worker="tracking"} 1.0',
        "trinetra_spool_events_total 3.0",
        "trinetra_spool_backlog_events 1.0",
        'trinetra_malformed_messages_total{topic="frames"} 0.0',
        "# TYPE trinetra_detection_latency_ms histogram",
    ):
        assert line in text.splitlines(), line
    assert "not a sample" not in text


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt-get install prometheus")
def test_promtool_accepts_the_exposition(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(PROMTOOL), "check", "metrics"],
        input=exposition(full(tmp_path)),
        capture_output=True,
        timeout=30,
        check=False,
    )
    complaints = done.stderr.decode().splitlines() + done.stdout.decode().splitlines()
    # The name is given (milliseconds are what the promise is in); nothing else may be wrong.
    given = "trinetra_detection_latency_ms metric names should not contain abbreviated units"
    assert [line for line in complaints if line != given] == []
