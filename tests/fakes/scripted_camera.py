"""A camera that does what a test writes: RTSP over TCP, H.264 packets as a script wants them.

GStreamer's server is the honest camera; this one is broken on purpose. It serves from threads of
the test's own process, one connection after the other, and each connection runs the script anew.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np

from tests.fakes.clip import picture

CLOCK_HZ = 90_000
_NTP_EPOCH_S = 2_208_988_800
_MOST_BYTES = 1400
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)


def access_units(count: int, width: int = 320, height: int = 180, *, gop: int = 5) -> list[bytes]:
    """H.264 access units (Annex B) of a moving picture; each key frame repeats its headers."""
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base, coder.framerate = Fraction(1, 10), Fraction(10)
    options = f"repeat-headers=1:aud=1:keyint={gop}:min-keyint={gop}:scenecut=0:slices=1"
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": options}
    small = [picture(index, 320, 180) for index in range(min(count, 40))]
    units = []
    for index in range(count):
        shown = small[index % len(small)]
        if (width, height) != (320, 180):
            shown = shown.repeat(-(-height // 180), 0).repeat(-(-width // 320), 1)
            shown = np.ascontiguousarray(shown[:height, :width])
        frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
        frame.pts = index
        units += [bytes(packet) for packet in coder.encode(frame)]
    return units + [bytes(packet) for packet in coder.encode(None)]


def spoilt(unit: bytes) -> bytes:
    """The same unit with its picture's bits turned over; start codes and headers stay."""
    half = len(unit) // 2
    return unit[:half] + bytes(byte ^ 0x5A or 1 for byte in unit[half:])


class Wire:
    """The camera's end of one connection that plays; raises OSError once the client has gone."""

    def __init__(self, client: socket.socket, stop: threading.Event) -> None:
        self.stop = stop
        self._client = client
        self._number = 0
        self._first_s = time.time()

    def frame(self, unit: bytes, pts_s: float) -> None:
        """Send one access unit."""
        nals = [nal for nal in unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if nal]
        for at, nal in enumerate(nals):
            self._nal(nal, round(pts_s * CLOCK_HZ), last=at == len(nals) - 1)

    def report(self, pts_s: float, wall_s: float) -> None:
        """Send an RTCP sender report: stream time `pts_s` was `wall_s` on the camera's clock."""
        whole = int(wall_s)
        ntp = (whole + _NTP_EPOCH_S, int((wall_s - whole) * 2**32))
        stamp = round(pts_s * CLOCK_HZ) % 2**32
        self._send(1, struct.pack(">BBHIIIIII", 0x80, 200, 6, 1, *ntp, stamp, 0, 0))

    def play(self, units: list[bytes], fps: float, *, begin_s: float = 0.0) -> float:
        """Send units at their pace; stream time after the last."""
        began = time.monotonic()
        for index, unit in enumerate(units):
            if self.stop.wait(max(began + index / fps - time.monotonic(), 0.0)):
                raise ConnectionAbortedError
            self.frame(unit, begin_s + index / fps)
        return begin_s + len(units) / fps

    def rest(self, seconds: float) -> None:
        """Say nothing; the connection stays open."""
        if self.stop.wait(seconds):
            raise ConnectionAbortedError

    def hang_up(self) -> None:
        """Close the connection and end the script."""
        self._client.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError

    def _nal(self, nal: bytes, stamp: int, *, last: bool) -> None:
        if len(nal) <= _MOST_BYTES:
            self._packet(nal, stamp, marker=last)
            return
        head, kind, body = (nal[0] & 0xE0) | 28, nal[0] & 0x1F, nal[1:]  # RFC 6184, FU-A
        for at in range(0, len(body), _MOST_BYTES):
            end = at + _MOST_BYTES >= len(body)
            flags = (0x80 if at == 0 else 0) | (0x40 if end else 0) | kind
            part = bytes((head, flags)) + body[at : at + _MOST_BYTES]
            self._packet(part, stamp, marker=last and end)

    def _packet(self, payload: bytes, stamp: int, *, marker: bool) -> None:
        kind = 96 | (0x80 if marker else 0)
        head = struct.pack(">BBHII", 0x80, kind, self._number % 2**16, stamp % 2**32, 1)
        self._number += 1
        self._send(0, head + payload)

    def _send(self, channel: int, content: bytes) -> None:
        self._client.sendall(struct.pack(">cBH", b"$", channel, len(content)) + content)


Script = Callable[[Wire], None]


class ScriptedCamera:
    """Serves on a free port of 127.0.0.1 until `close`; `connections` counts those that played."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections = 0
        self._stop = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/camera"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every connection and the server."""
        self._stop.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_played(client):
                threading.Thread(target=_drain, args=(client,), daemon=True).start()
                self.connections += 1
                self.script(Wire(client, self._stop))

    def _is_played(self, client: socket.socket) -> bool:
        """Answer requests until PLAY; False if the client leaves before."""
        heads = {
            "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
            "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000001\r\n"
            "Session: 1;timeout=60\r\n",
            "PLAY": "Session: 1\r\nRange: npt=0.000-\r\n",
        }
        while request := client.recv(4096).decode():
            verb, number = request.split()[0], request.partition("CSeq:")[2].split()[0]
            body = _SDP if verb == "DESCRIBE" else ""
            kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
            head = kind if body else heads.get(verb, "")
            client.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{head}\r\n{body}".encode())
            if verb == "PLAY":
                return True
        return False


def _drain(client: socket.socket) -> None:
    """Read keep-alives and receiver reports, so that the client's writes never wait."""
    with suppress(OSError, ValueError):
        while client.recv(4096):
            continue
