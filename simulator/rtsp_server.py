"""RTSP cameras out of encoded films; runs under the system's Python, which has GStreamer.

Reads from stdin one line of JSON, `{"user", "password", "port", "mounts": {name: path without
suffix}}`, then a line `go`; ends when stdin closes. Writes JSON lines to stdout: `{"port"}`,
`{"started_at"}` (Unix seconds at frame 0), `{"finished": true}`, or `{"error"}`.

Until `go` every mount repeats the second before the film; then all play in step, one tick for
all; at the end each repeats the second after it. This file imports nothing of the project.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "viewer"
LAUNCH = (
    "( appsrc name=src is-live=true format=time do-timestamp=true block=false max-bytes=4000000 "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate={fps}/1 "
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


class Mount:
    """One camera: its access units and the sources of those who watch."""

    def __init__(self, base: str) -> None:
        table = json.loads(Path(base + ".packets.json").read_text())
        self.fps: int = table["fps"]
        self.hold: int = table["hold"]
        self.frames: int = table["frames"]
        content = Path(base + ".h264").read_bytes()
        self.units: list[bytes] = []
        start = 0
        for size in table["sizes"]:
            self.units.append(content[start : start + size])
            start += size
        self.sources: list[Any] = []

    def attach(self, _factory: Any, media: Any) -> None:
        """A first client has come: remember its source until the last has gone."""
        source = media.get_element().get_by_name("src")
        self.sources = [*self.sources, source]
        media.connect("unprepared", lambda _media: self._detach(source))

    def push(self, index: int) -> None:
        """Send one access unit to whoever watches."""
        for source in self.sources:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(self.units[index]))

    def _detach(self, source: Any) -> None:
        self.sources = [other for other in self.sources if other is not source]


class Clock:
    """Decides which access unit each tick sends; those of the holds are all key frames."""

    def __init__(self, mounts: list[Mount]) -> None:
        self.mounts = mounts
        self.fps, self.hold = mounts[0].fps, mounts[0].hold
        self.frames = mounts[0].frames
        self.told = threading.Event()
        self._started = -1

    def run(self) -> None:
        """Tick for ever on a schedule that does not drift."""
        begin = time.monotonic()
        tick = 0
        while True:
            time.sleep(max(0.0, begin + tick / self.fps - time.monotonic()))
            self.send(tick)
            tick += 1

    def send(self, tick: int) -> None:
        """One frame of every camera."""
        if self._started < 0 and self.told.is_set():
            self._started = tick
            say({"started_at": time.time()})
        played = tick - self._started
        if self._started < 0:
            index = tick % self.hold
        elif played < self.frames:
            index = self.hold + played
        else:
            index = self.hold + self.frames + (played - self.frames) % self.hold
        for mount in self.mounts:
            mount.push(index)
        if self._started >= 0 and played == self.frames:
            say({"finished": True})


def say(message: dict[str, Any]) -> None:
    """One line to whoever started us."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(options: dict[str, Any]) -> tuple[Any, Clock]:
    """A server with one authenticated mount for each film, attached to the default main loop."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.get("port", 0)))
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_digest(options["user"], options["password"], token)
    server.set_auth(auth)
    mounts = {name: Mount(base) for name, base in options["mounts"].items()}
    for name, mount in mounts.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(LAUNCH.format(fps=mount.fps))
        factory.set_shared(True)
        factory.connect("media-configure", mount.attach)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role(ROLE, "media.factory.access", True)
        permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory("/" + name, factory)
    if server.attach(None) == 0:
        raise OSError(f"port {options.get('port', 0)} is in use")
    return server, Clock(list(mounts.values()))


def obey(clock: Clock, loop: Any) -> None:
    """Wait for `go`; leave when whoever started us has gone."""
    for line in sys.stdin:
        if line.strip() == "go":
            clock.told.set()
    loop.quit()


def main() -> int:
    """Serve until stdin closes."""
    Gst.init(None)
    loop = GLib.MainLoop()
    try:
        server, clock = serve(json.loads(sys.stdin.readline()))
    except (OSError, ValueError, KeyError, GLib.Error) as error:
        say({"error": f"{type(error).__name__}: {error}"})
        return 1
    say({"port": server.get_bound_port()})
    threading.Thread(target=clock.run, daemon=True).start()
    threading.Thread(target=obey, args=(clock, loop), daemon=True).start()
    loop.run()
    return 0


if __name__ == "__main__":
    # GStreamer's threads can hold up the interpreter's own way out
    os._exit(main())
