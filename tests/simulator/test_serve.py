"""The simulated cameras as RTSP, watched by the client that the product uses."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from contracts.errors import SourceError
from simulator import serve
from simulator.film import Boxes, Film, write_film
from simulator.patch import Image
from simulator.plan import Scenario
from simulator.serve import RtspStore

pytestmark = [
    pytest.mark.rtsp,
    pytest.mark.skipif(serve.available() is not None, reason=str(serve.available())),
]
FRAMES = 15
DARK, BRIGHT = 30, 200


@pytest.fixture(scope="module")
def flashes(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Film]:
    """Two films that turn from dark to bright at frame 0."""

    def pictures() -> Iterator[Image]:
        for number in range(-10, FRAMES + 10):
            yield np.full((360, 640, 3), DARK if number < 0 else BRIGHT, np.uint8)

    folder = tmp_path_factory.mktemp("flashes")
    for lens in scenario.cameras[:2]:
        write_film(pictures(), FRAMES, scenario.fps, lens, folder)
    return {lens.id: film_at(folder, lens.id) for lens in scenario.cameras[:2]}


@pytest.fixture
def store(flashes: dict[str, Film]) -> Iterator[RtspStore]:
    with RtspStore(flashes) as running:
        yield running


def watch(store: RtspStore, name: str, password: str | None = None) -> av.container.InputContainer:
    user, right = store.credentials
    url = store.urls[name].replace("rtsp://", f"rtsp://{user}:{password or right}@")
    options = {"rtsp_transport": "tcp", "analyzeduration": "100000"}
    return av.open(url, options=options, timeout=(5, 5))


def film_at(folder: Path, name: str) -> Film:
    return Film(name, folder / f"{name}.mp4", folder / f"{name}.h264", Boxes(640, 360, []))


def check_until_it_fails(store: RtspStore, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        store.check()
        time.sleep(0.02)


class Watcher(threading.Thread):
    """Reads one camera and notes when its picture turns bright."""

    def __init__(self, store: RtspStore, name: str) -> None:
        super().__init__(daemon=True)
        self._store, self._name = store, name
        self.first = threading.Event()
        self.bright_at: float | None = None

    def run(self) -> None:
        with watch(self._store, self._name) as container:
            for frame in container.decode(video=0):
                self.first.set()
                if frame.to_ndarray(format="gray").mean() > (DARK + BRIGHT) / 2:
                    self.bright_at = time.time()
                    return


def test_frames_come_with_the_right_password_only(store: RtspStore) -> None:
    with watch(store, "north") as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height) == (640, 360)
    with pytest.raises(av.error.HTTPUnauthorizedError):
        watch(store, "north", "wrong")


def test_go_starts_all_cameras_together(store: RtspStore) -> None:
    watchers = [Watcher(store, name) for name in store.urls]
    for watcher in watchers:
        watcher.start()
    assert all(watcher.first.wait(15) for watcher in watchers)
    assert [watcher.bright_at for watcher in watchers] == [None, None]
    started_at = store.go()
    for watcher in watchers:
        watcher.join(15)
    seen = [watcher.bright_at for watcher in watchers if watcher.bright_at is not None]
    assert len(seen) == 2
    assert max(seen) - min(seen) < 0.2
    assert 0 <= min(seen) - started_at < 2.0


def test_clients_come_and_go_and_the_last_picture_stays(store: RtspStore) -> None:
    store.go()
    deadline = time.monotonic() + 15
    while not store.finished:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for _ in range(2):
        with watch(store, "south") as container:
            frame = next(container.decode(video=0))
            assert frame.to_ndarray(format="gray").mean() > (DARK + BRIGHT) / 2


def test_a_killed_server_is_noticed(flashes: dict[str, Film]) -> None:
    with RtspStore(flashes) as store:
        os.kill(store.pid, signal.SIGKILL)
        with pytest.raises(SourceError, match="stopped"):
            check_until_it_fails(store, 10)
        with pytest.raises(SourceError):
            store.go()


def test_nothing_is_left_running(flashes: dict[str, Film]) -> None:
    with RtspStore(flashes) as store:
        pid = store.pid
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_a_port_in_use_and_a_missing_film_are_clear_errors(
    store: RtspStore, flashes: dict[str, Film], tmp_path: Path
) -> None:
    port = int(store.urls["north"].split(":")[2].split("/")[0])
    with pytest.raises(SourceError, match="in use"), RtspStore(flashes, port=port):
        pass
    missing = {"north": film_at(tmp_path, "north")}
    with pytest.raises(SourceError, match="FileNotFoundError"), RtspStore(missing):
        pass


def test_the_password_is_not_on_the_command_line(store: RtspStore) -> None:
    line = Path(f"/proc/{store.pid}/cmdline").read_text()
    assert "rtsp_server.py" in line
    assert store.credentials[1] not in line


def test_where_no_server_can_be_had_the_reason_names_the_packages(
    monkeypatch: pytest.MonkeyPatch, flashes: dict[str, Film]
) -> None:
    monkeypatch.setattr(serve, "_python", lambda: None)
    reason = serve.available()
    assert reason is not None
    assert "apt-get install" in reason
    with pytest.raises(SourceError, match="apt-get install"), RtspStore(flashes):
        pass
