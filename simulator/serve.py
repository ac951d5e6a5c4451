"""The simulated cameras on the network: starts, watches and stops `rtsp_server.py`."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import msgspec

from contracts.errors import SourceError
from simulator.film import Film

USER = "trinetra"
START_S = 20.0
STOP_S = 3.0
PYTHONS = ("/usr/bin/python3", "python3")
PROBE = (
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0'); "
    "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
    "assert all(Gst.ElementFactory.find(n) for n in ('appsrc', 'h264parse', 'rtph264pay'))"
)
PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
)


class _Said(msgspec.Struct):
    """One line of the server's stdout."""

    port: int | None = None
    started_at: float | None = None
    finished: bool = False
    error: str | None = None


@functools.cache
def _python() -> str | None:
    """An interpreter that can import GStreamer's RTSP server."""
    for name in PYTHONS:
        path = shutil.which(name)
        if path is None:
            continue
        with contextlib.suppress(subprocess.TimeoutExpired):
            probe = subprocess.run(
                [path, "-c", PROBE], capture_output=True, timeout=20, check=False
            )
            if probe.returncode == 0:
                return path
    return None


def available() -> str | None:
    """None if cameras can be served as RTSP, else why not and what would bring it."""
    if _python() is not None:
        return None
    return f"no GStreamer RTSP server here: apt-get install {PACKAGES}"


class RtspStore:
    """One RTSP mount for each film, with Digest authentication; use as a context manager.

    `go` starts all cameras at frame 0; before that each shows an unmoving scene. Every method
    raises `SourceError` once the server has died.
    """

    def __init__(self, films: Mapping[str, Film], *, port: int = 0, password: str = "") -> None:
        self.credentials = (USER, password or secrets.token_urlsafe(12))
        self._films = dict(films)
        self._wanted_port = port
        self._server: subprocess.Popen[str] | None = None
        self._port: int | None = None
        self._started_at: float | None = None
        self._finished = False
        self._error = ""
        self._news = threading.Condition()

    def __enter__(self) -> RtspStore:
        python = _python()
        if python is None:
            raise SourceError(available() or "")
        self._server = subprocess.Popen(
            [python, str(Path(__file__).with_name("rtsp_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")},
        )
        threading.Thread(target=self._listen, args=(self._server,), daemon=True).start()
        user, password = self.credentials
        mounts = {name: str(film.h264.with_suffix("")) for name, film in self._films.items()}
        options = {"user": user, "password": password, "port": self._wanted_port, "mounts": mounts}
        try:
            self._tell(msgspec.json.encode(options).decode())
            self._wait(lambda: self._port is not None)
        except SourceError:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def urls(self) -> dict[str, str]:
        """URL by camera id, without credentials."""
        return {name: f"rtsp://127.0.0.1:{self._port}/{name}" for name in self._films}

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._server is not None
        return self._server.pid

    @property
    def finished(self) -> bool:
        """True once the last frame of the film has been sent."""
        self.check()
        return self._finished

    def check(self) -> None:
        """`SourceError` if the server has died."""
        if self._server is None or self._server.poll() is not None:
            raise SourceError(self._error or "the simulated cameras' RTSP server has stopped")

    def go(self) -> float:
        """Start the film on all cameras; returns the Unix time of frame 0."""
        self._tell("go")
        self._wait(lambda: self._started_at is not None)
        assert self._started_at is not None
        return self._started_at

    def stop(self) -> None:
        """End the server and all it started; harmless when it has ended."""
        server = self._server
        if server is None:
            return
        with contextlib.suppress(OSError):
            if server.stdin:
                server.stdin.close()
        for ending in (None, signal.SIGTERM, signal.SIGKILL):
            if ending is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_S)
                break

    def _tell(self, line: str) -> None:
        self.check()
        assert self._server is not None
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(line + "\n")
            self._server.stdin.flush()
        except OSError:
            raise SourceError("the simulated cameras' RTSP server has stopped") from None

    def _wait(self, done: Callable[[], bool]) -> None:
        """Wait for news until `done()`; `SourceError` if the server dies or says nothing."""
        deadline = time.monotonic() + START_S
        with self._news:
            while not done():
                self.check()
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SourceError("the simulated cameras' RTSP server does not answer")
                self._news.wait(min(left, 0.2))

    def _listen(self, server: subprocess.Popen[str]) -> None:
        assert server.stdout is not None
        for line in server.stdout:
            try:
                said = msgspec.json.decode(line, type=_Said)
            except msgspec.MsgspecError:
                continue
            with self._news:
                self._port = said.port or self._port
                self._started_at = said.started_at or self._started_at
                self._finished = self._finished or said.finished
                self._error = said.error or self._error
                self._news.notify_all()
