"""A real RTSP camera and an ingest worker in this process."""

from __future__ import annotations

import functools
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.store import Agent, Camera, Store, StoreConfig
from edge_agent.bus import Bus
from edge_agent.ingest.worker import main
from edge_agent.messages import CameraReport, FrameReady, Heartbeat
from edge_agent.ring import FrameRing
from edge_agent.ring_file import RING_SLOTS, create_ring_file
from edge_agent.worker import WorkerContext
from tests.conftest import RTSP_PACKAGES

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).parents[1] / "fakes" / "rtsp_camera.py"
PROBE = (
    "import gi\n"
    "gi.require_version('GstRtspServer', '1.0')\n"
    "from gi.repository import Gst, GstRtspServer\n"
    "Gst.init(None)\n"
    "assert Gst.ElementFactory.find('x264enc') and Gst.ElementFactory.find('rtph264pay')\n"
)


@functools.cache
def has_server() -> bool:
    """True if the system's python can serve RTSP."""
    if not Path(PYTHON).exists():
        return False
    return subprocess.run([PYTHON, "-c", PROBE], capture_output=True, check=False).returncode == 0


class RtspCamera:
    """One server process; `start` again after `kill` is a reboot."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self.port}/camera"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, pattern: str = "ball", *login: str) -> None:
        self.child = subprocess.Popen(
            [PYTHON, str(SCRIPT), str(self.port), pattern, *login], stdout=subprocess.PIPE
        )
        assert self.child.stdout
        assert self.child.stdout.readline() == b"ready\n"

    def send(self, number: int) -> None:
        assert self.child
        self.child.send_signal(number)

    def kill(self) -> None:
        if self.child:
            self.child.kill()
            self.child.wait()


@pytest.fixture
def rtsp() -> Iterator[RtspCamera]:
    if not has_server():
        pytest.skip(f"needs GStreamer's RTSP server: apt-get install {RTSP_PACKAGES}")
    camera = RtspCamera()
    yield camera
    camera.kill()


class Ingest:
    """The worker's `main` in a thread, and this test as the reader of its topics."""

    def __init__(self, folder: Path, camera: Camera, networks: tuple[str, ...]) -> None:
        config = StoreConfig(
            store=Store(id="shop", name="Shop", time_zone="UTC"),
            cameras=(camera,),
            agent=Agent(data_dir=str(folder), camera_networks=networks),
        )
        self.run_dir = folder
        self.ctx = WorkerContext(
            name=f"ingest:{camera.id}",
            config=config,
            run_id="run",
            run_dir=folder,
            camera=camera.id,
        )
        path = self.ctx.ring_path(camera.id)
        if not path.exists():
            create_ring_file(path, RING_SLOTS, *camera.size)
        self.ring = FrameRing.attach(path)
        self._bus = Bus(folder)
        self._frames = self._bus.reader("frames")
        self._reports = self._bus.reader("cameras")
        self._beats = self._bus.reader("health")
        self.frames: list[FrameReady] = []
        self.reports: list[CameraReport] = []
        self.counters: dict[str, float] = {}
        self.gauges: dict[str, float] = {}
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            main(self.ctx)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.failure = error

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def last_state(self) -> str:
        return self.reports[-1].state if self.reports else ""

    def read(self) -> None:
        """Take what is on the topics."""
        for reader in (self._frames, self._reports, self._beats):
            for message in reader.read(0.02):
                if isinstance(message, FrameReady):
                    self.frames.append(message)
                elif isinstance(message, CameraReport):
                    self.reports.append(message)
                elif isinstance(message, Heartbeat):
                    self.counters, self.gauges = message.counters, message.gauges

    def until(self, done: Callable[[Ingest], bool], timeout_s: float = 20.0) -> None:
        """Read until `done`; fail with what was seen after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not done(self):
            if time.monotonic() > deadline:
                seen = [(one.state, one.reason) for one in self.reports[-5:]]
                pytest.fail(f"not within {timeout_s} s; {len(self.frames)} frames, {seen}")
            self.read()

    def until_frames(self, count: int) -> None:
        """Read until `count` headers have come."""
        self.until(lambda one: len(one.frames) >= count)

    def until_state(self, state: str, timeout_s: float = 20.0) -> CameraReport:
        """Read until a report that comes from now on has this state."""
        after = len(self.reports)
        self.until(lambda _: any(one.state == state for one in self.reports[after:]), timeout_s)
        return next(one for one in self.reports[after:] if one.state == state)

    def stop(self) -> None:
        self.ctx.stop()
        deadline = time.monotonic() + 10
        while self.alive and time.monotonic() < deadline:
            self.read()
        assert not self.alive, "the worker did not stop"
        self.read()

    def close(self) -> None:
        if self.alive:
            self.stop()
        self.ctx.close()
        self._bus.close(0.0)


Watch = Callable[..., Ingest]


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tin-"))
    (made / "rings").mkdir()
    (made / "go").touch()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:
    running: list[Ingest] = []

    def begin(
        url: str,
        *,
        networks: tuple[str, ...] = ("127.0.0.0/8",),
        size: tuple[int, int] = (320, 180),
        **more: object,
    ) -> Ingest:
        camera = Camera(id="till", url=url, size=size, **more)  # type: ignore[arg-type]
        running.append(Ingest(folder, camera, networks))
        return running[-1]

    yield begin
    for one in running:
        one.close()
