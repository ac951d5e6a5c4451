from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from contracts.errors import SourceError
from tests.tracking.clips import SIZE, write_clip
from trinetra.ahead import ahead
from trinetra.clip import Clip


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif"])
def test_every_frame_comes_once_and_in_time(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"walk{suffix}", lambda i: [(5 * i, 100)], frames=20, fps=10)
    clip = Clip(path)
    frames = list(clip.read())
    clip.close()
    assert (clip.width, clip.height, clip.frames) == (*SIZE, 20)
    assert [frame.index for frame in frames] == list(range(1, 21))
    assert [frame.at_s for frame in frames] == pytest.approx([i / 10 for i in range(20)], abs=0.02)
    bright = [int(np.flatnonzero(frame.image[150, :, 0] > 200)[0]) for frame in frames]
    assert bright == pytest.approx([5 * i for i in range(20)], abs=2)


def test_a_video_stored_turned_is_read_upright(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "plain.mp4", lambda _: [(0, 0)], frames=3)
    turned = tmp_path / "turned.mp4"
    with av.open(str(plain)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    body = turned.read_bytes()
    unity = bytes.fromhex("00010000 00000000 00000000 00000000 00010000".replace(" ", ""))
    quarter = bytes.fromhex("00000000 00010000 00000000 ffff0000 00000000".replace(" ", ""))
    at = body.index(b"tkhd") + 4 + 40
    assert body[at : at + 20] == unity
    turned.write_bytes(body[:at] + quarter + body[at + 20 :])
    clip = Clip(turned)
    (first, *_) = list(clip.read())
    clip.close()
    assert (clip.width, clip.height) == (SIZE[1], SIZE[0])
    corner = first.image[:30, -60:]
    assert corner.mean() > 200, "a quarter to the right: upper left becomes upper right"


def test_a_damaged_packet_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "walk.mkv", lambda i: [(5 * i, 100)], frames=30)
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0)]
    body = bytearray(path.read_bytes())
    at = body.index(packets[15][:64])
    body[at : at + len(packets[15])] = bytes(len(packets[15]))
    path.write_bytes(bytes(body))
    clip = Clip(path)
    count = len(list(clip.read()))
    clip.close()
    assert clip.damaged >= 1
    assert 15 <= count < 31


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("absent.mp4", None, "no such file"),
        ("empty.mp4", b"", "not a video"),
        ("text.mp4", b"this is a letter to a friend\n" * 50, "not a video"),
    ],
)
def test_what_is_no_video_is_told_in_one_line(
    tmp_path: Path, name: str, body: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(SourceError, match=reason) as caught:
        Clip(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="folder"):
        Clip(tmp_path)


def test_a_sound_file_holds_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="no video"):
        Clip(path)


def test_reading_ahead_keeps_the_order_and_passes_errors_on() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("broken")

    reading = ahead(items(), 2)
    assert [next(reading) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="broken"):
        next(reading)


def test_closing_early_stops_the_thread() -> None:
    before = set(threading.enumerate())
    reading = ahead(iter(range(10_000)), 3)
    assert next(reading) == 0
    (reader,) = set(threading.enumerate()) - before
    reading.close()
    assert not reader.is_alive()
