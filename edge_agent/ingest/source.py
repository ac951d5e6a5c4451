"""Opening a camera or a file with PyAV, and its decoded frames one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import av

from contracts.errors import SourceError
from contracts.store import Camera
from edge_agent.credentials import read_login
from edge_agent.ingest.camera_time import wall_time_of
from edge_agent.ingest.camera_url import Address, allowed_address, parse_camera_url
from edge_agent.ingest.faults import OPEN_ERRORS, phrase_of
from edge_agent.ingest.peers import tcp_peers

TIMEOUT_S = (3.0, 3.0)  # open, read; a hang is noticed after twice that
MAX_PIXELS = 4096 * 4096  # above every camera that detection is meant for; 8K has twice that
_RTSP_OPTIONS = {
    "rtsp_transport": "tcp",
    "analyzeduration": "100000",
    "allowed_media_types": "video",
    "fflags": "nobuffer",
}


class Decoded(NamedTuple):
    """A decoded frame (None for a packet that is damaged); times in seconds."""

    frame: Any
    pts_s: float | None
    wall: tuple[float, float] | None


class Source:
    """An open camera or file; iterate over `frames()`, then `close`."""

    def __init__(self, container: Any) -> None:
        if not container.streams.video:
            container.close()
            raise SourceError("there is no video in it")
        self._container = container
        self._stream = container.streams.video[0]
        coder = self._stream.codec_context
        if (coder.width or 0) * (coder.height or 0) > MAX_PIXELS:
            container.close()
            raise SourceError("the picture is too large")
        coder.thread_count = 1  # more would add frames of delay
        # A picture that grows later is refused by the decoder, before it takes memory for it.
        coder.options = {"max_pixels": str(MAX_PIXELS)}

    @property
    def start_s(self) -> float:
        """Stream time of the first frame as the container says it."""
        start = self._stream.start_time
        return float(start * self._stream.time_base) if start is not None else 0.0

    @property
    def frame_s(self) -> float:
        """Usual time between frames, for streams whose frames carry no time."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(1 / rate) if rate else 0.04

    def seek(self, to_s: float) -> None:
        """Go to the key frame before stream time `to_s`; stays where it is if it cannot."""
        try:
            self._container.seek(int(to_s / self._stream.time_base), stream=self._stream)
        except OPEN_ERRORS:
            return

    def frames(self) -> Iterator[Decoded]:
        """Every frame in the order of display; ends with the stream, raises `SourceError`."""
        try:
            for packet in self._container.demux(self._stream):
                yield from self._decode(packet)
        except OPEN_ERRORS as error:
            raise SourceError(phrase_of(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._container.close()

    def _decode(self, packet: Any) -> Iterator[Decoded]:
        wall = None
        reported = wall_time_of(packet)
        if reported is not None and packet.pts is not None:
            wall = (float(packet.pts * packet.time_base), reported)
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            yield Decoded(None, None, None)
            return
        for frame in frames:
            yield Decoded(None if frame.is_corrupt else frame, frame.time, wall)


def open_file(path: str) -> Source:
    """Open a video file; `SourceError` with a fixed phrase."""
    try:
        # "file:" keeps a path that looks like a URL, or a playlist in a file, off the network
        opened = av.open(
            f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace"
        )
        return Source(opened)
    except OPEN_ERRORS as error:
        raise SourceError(phrase_of(error)) from None


def open_camera(camera: Camera, networks: tuple[str, ...]) -> Source:
    """Dial a network camera; `SourceError` with a fixed phrase, never with the URL."""
    url = parse_camera_url(camera.url)
    login = read_login(camera.credentials)
    address = allowed_address(url, networks)
    try:
        opened = av.open(url.dialled(address, login), options=_RTSP_OPTIONS, timeout=TIMEOUT_S)
    except OPEN_ERRORS as error:
        raise SourceError(phrase_of(error)) from None
    source = Source(opened)
    _refuse_redirect(source, address)
    return source


def _refuse_redirect(source: Source, address: Address) -> None:
    """Close a connection that FFmpeg let an RTSP 302 lead elsewhere; it offers no option."""
    if any(peer != address for peer in tcp_peers()):
        source.close()
        raise SourceError("the camera redirects to another address")
