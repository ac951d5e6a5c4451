"""A real RTSP camera: frames, passwords, reboots, hangs, pictures that show nothing."""

from __future__ import annotations

import io
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.ingest.conftest import Ingest, RtspCamera, Watch

pytestmark = pytest.mark.rtsp


def listen(ingest: Ingest) -> io.StringIO:
    """Everything that the worker logs from now on."""
    stream = io.StringIO()
    ingest.ctx.log._stream = stream
    return stream


def test_frames_arrive_whole_in_order_and_at_the_wanted_rate(
    rtsp: RtspCamera, watch: Watch
) -> None:
    rtsp.start()
    ingest = watch(rtsp.url, fps=5.0)
    ingest.until(lambda one: len(one.frames) >= 1)
    first = ingest.frames[0]
    picture = ingest.ring.view(first.slot, first.stamp)
    assert picture is not None
    assert picture.shape == (180, 320, 3)
    assert picture.max() > 150, "the white ball is there"
    began, before = time.monotonic(), len(ingest.frames)
    ingest.until(lambda one: len(one.frames) >= before + 20, 20)
    rate = (len(ingest.frames) - before) / (time.monotonic() - began)
    assert 4.0 < rate < 6.0
    frames = ingest.frames
    assert [one.index for one in frames] == list(range(len(frames)))
    taken = [one.taken_at for one in frames]
    assert taken == sorted(taken)
    assert all(abs(one.taken_at - one.arrived_at) < 1.0 for one in frames)
    live = [one for one in ingest.reports if one.state == "live"]
    assert live[-1].observed_s == pytest.approx(1.0, abs=0.3)
    dropped = ingest.counters['dropped_frames_total{camera="till",reason="sampling"}']
    assert dropped == pytest.approx(len(frames), rel=0.4)


def test_the_camera_s_own_clock_is_used_once_it_is_known(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url)
    ingest.until(lambda one: one.gauges.get('camera_rtcp_time{camera="till"}') == 1.0)
    ingest.until_frames(len(ingest.frames) + 10)
    late_s = [one.arrived_at - one.taken_at for one in ingest.frames[-5:]]
    assert all(0.0 < late < 1.0 for late in late_s)
    taken = [one.taken_at for one in ingest.frames]
    assert taken == sorted(taken)


def test_a_worker_stops_although_its_camera_hangs(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url)
    ingest.until_state("live")
    rtsp.send(signal.SIGSTOP)
    ingest.until_state("stalled", 10)
    began = time.monotonic()
    ingest.stop()
    assert time.monotonic() - began < 4.0


def test_the_right_password_opens_and_stays_secret(
    rtsp: RtspCamera, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    rtsp.start("ball", "admin", "hun:t@er/2")
    monkeypatch.setenv("TILL_LOGIN", "admin:hun:t@er/2")
    ingest = watch(rtsp.url, credentials="env:TILL_LOGIN")
    said = listen(ingest)
    ingest.until(lambda one: len(one.frames) > 3)
    rtsp.kill()
    ingest.until_state("disconnected")
    assert "er/2" not in said.getvalue()
    assert "er%2F2" not in said.getvalue()


@pytest.mark.parametrize("credentials", ["env:TILL_LOGIN", ""])
def test_a_wrong_password_is_said_in_words_and_ends_nothing(
    rtsp: RtspCamera, watch: Watch, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    rtsp.start("ball", "admin", "right")
    monkeypatch.setenv("TILL_LOGIN", "admin:hunter2")
    ingest = watch(rtsp.url, credentials=credentials)
    said = listen(ingest)
    ingest.until(lambda one: any(r.reason == "wrong user or password" for r in one.reports))
    assert ingest.alive
    ingest.until(lambda one: one.counters.get('camera_reconnects_total{camera="till"}', 0) >= 2, 20)
    assert "hunter2" not in said.getvalue()
    assert {one.state for one in ingest.reports} == {"disconnected"}


def test_a_rebooted_camera_is_seen_again(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url)
    ingest.until_state("live")
    rtsp.kill()
    ingest.until_state("disconnected", 10)
    time.sleep(1.0)
    rtsp.start()
    ingest.until_state("live", 30)
    before = len(ingest.frames)
    ingest.until(lambda one: len(one.frames) > before + 5)
    stamps = [one.stamp for one in ingest.frames]
    assert len(set(stamps)) == len(stamps)


def test_a_hanging_camera_is_stalled_and_lives_again(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url)
    ingest.until_state("live")
    began = time.monotonic()
    rtsp.send(signal.SIGSTOP)
    stalled = ingest.until_state("stalled", 10)
    assert 1.0 < time.monotonic() - began < 5.0
    assert stalled.observed_s < 0.9
    rtsp.send(signal.SIGCONT)
    ingest.until_state("live", 30)


def test_a_camera_that_hangs_for_long_is_dialled_again(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url)
    ingest.until_state("live")
    rtsp.send(signal.SIGSTOP)
    gone = ingest.until_state("disconnected", 15)
    assert gone.reason == "the camera does not answer"
    rtsp.send(signal.SIGCONT)
    ingest.until_state("live", 30)


def test_a_covered_camera_is_corrupt_and_its_frames_are_counted(
    rtsp: RtspCamera, watch: Watch
) -> None:
    rtsp.start("black")
    ingest = watch(rtsp.url)
    report = ingest.until_state("corrupt", 10)
    assert report.reason == "the picture shows nothing"
    assert report.observed_s == 0.0
    assert ingest.frames == []
    key = 'dropped_frames_total{camera="till",reason="no_picture"}'
    ingest.until(lambda one: one.counters.get(key, 0) > 5)


@pytest.mark.slow
def test_a_picture_that_never_changes_is_frozen(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start("smpte75")
    ingest = watch(rtsp.url, fps=5.0)
    ingest.until_state("live")
    frozen = ingest.until_state("frozen", 25)
    assert "same picture" in frozen.reason


def test_nobody_listens_there(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ingest = watch(f"rtsp://127.0.0.1:{port}/camera")
    ingest.until(lambda one: any(r.reason == "connection refused" for r in one.reports))
    assert ingest.alive


def test_a_path_that_is_not_there(rtsp: RtspCamera, watch: Watch) -> None:
    rtsp.start()
    ingest = watch(rtsp.url + "/none")
    ingest.until(lambda one: any(r.reason == "no such stream" for r in one.reports))


def test_an_address_outside_the_networks_is_never_dialled(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1.0)
        port = server.getsockname()[1]
        ingest = watch(f"rtsp://localhost:{port}/", networks=("10.0.0.0/8",))
        ingest.until(lambda one: any("camera_networks" in r.reason for r in one.reports))
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_redirect_to_another_address_is_refused(
    rtsp: RtspCamera, watch: Watch, tmp_path: Path
) -> None:
    rtsp.start()
    with socket.create_server(("127.0.0.2", 0)) as server:
        threading.Thread(target=redirect, args=(server, rtsp.url), daemon=True).start()
        port = server.getsockname()[1]
        ingest = watch(f"rtsp://127.0.0.2:{port}/camera")
        ingest.until(lambda one: any("redirects" in r.reason for r in one.reports))
        assert ingest.frames == []


def redirect(server: socket.socket, target: str) -> None:
    """Answer every OPTIONS with 200 and every DESCRIBE with 302 to `target`."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            while request := client.recv(4096).decode():
                number = request.partition("CSeq:")[2].split()[0]
                head = "200 OK" if request.startswith("OPTIONS") else "302 Moved Temporarily"
                there = "" if head == "200 OK" else f"Location: {target}\r\n"
                client.sendall(f"RTSP/1.0 {head}\r\nCSeq: {number}\r\n{there}\r\n".encode())
