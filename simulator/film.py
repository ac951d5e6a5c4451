"""Render and encode what each camera sees: MP4 files, raw H.264 for the RTSP server, true boxes.

Before frame 0 and after the last one the bitstream holds one second of the empty store each,
which the RTSP server repeats while it waits.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec

from contracts.errors import SourceError
from simulator.backdrop import backdrop_of
from simulator.body import Figure
from simulator.cameras import camera_of
from simulator.patch import Image
from simulator.plan import Lens, Scenario
from simulator.render import Renderer, Seen
from simulator.textures import Style
from simulator.world import World, simulate

HOLD_FRAMES = 10
REPORT_EVERY = 10
DELIMITER = b"\x00\x00\x01\x09"
Progress = Callable[[int, int], None]


class Box(msgspec.Struct, frozen=True, array_like=True):
    """One person's whole box in one frame (pixels, may leave the picture) and visible share."""

    frame: int
    person: int
    x: float
    y: float
    w: float
    h: float
    visible: float


class Boxes(msgspec.Struct, frozen=True):
    """All boxes of one camera."""

    width: int
    height: int
    rows: list[Box]


class Packets(msgspec.Struct, frozen=True):
    """Sizes of the access units in a `.h264` file: hold, film, hold."""

    fps: int
    hold: int
    frames: int
    sizes: list[int]


@dataclass(frozen=True)
class Film:
    """The files of one camera."""

    camera: str
    mp4: Path
    h264: Path
    boxes: Boxes


def make_films(
    scenario: Scenario, seed: int, seconds: float, folder: Path, progress: Progress | None = None
) -> dict[str, Film]:
    """Simulate and render, see `film_world`."""
    return film_world(simulate(scenario, seed, seconds), folder, progress)


def film_world(world: World, folder: Path, progress: Progress | None = None) -> dict[str, Film]:
    """Render all cameras, one process each; `progress(frames done, all frames)` as it goes on.

    `SourceError` if a renderer dies. Writes `<camera>.mp4`, `.h264`, `.packets.json` and
    `.boxes.json` into `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spawn = multiprocessing.get_context("spawn")
    reports: Any = spawn.Queue()
    lenses = world.scenario.cameras
    total = world.frames * len(lenses)
    workers = [
        spawn.Process(target=_film_one, args=(world, lens, folder, reports), daemon=True)
        for lens in lenses
    ]
    for worker in workers:
        worker.start()
    try:
        _follow(workers, reports, total, progress)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join(5)
    return {lens.id: read_film(folder, lens.id) for lens in lenses}


def read_film(folder: Path, camera: str) -> Film:
    """What `make_films` has written for one camera."""
    boxes = msgspec.json.decode((folder / f"{camera}.boxes.json").read_bytes(), type=Boxes)
    return Film(camera, folder / f"{camera}.mp4", folder / f"{camera}.h264", boxes)


def _follow(
    workers: Sequence[BaseProcess], reports: Any, total: int, progress: Progress | None
) -> None:
    done = finished = 0
    while finished < len(workers):
        try:
            frames = reports.get(timeout=0.5)
        except queue.Empty:
            if any(worker.exitcode not in (None, 0) for worker in workers):
                raise SourceError("the simulator's renderer stopped unexpectedly") from None
            continue
        if frames is None:
            finished += 1
            continue
        done += frames
        if progress:
            progress(done, total)


def _film_one(world: World, lens: Lens, folder: Path, reports: Any) -> None:
    """One renderer process."""
    cv2.setNumThreads(1)
    rows: list[Box] = []
    pictures = _pictures(world, lens, rows)
    write_film(pictures, world.frames, world.fps, lens, folder, reports.put)
    boxes = Boxes(*lens.size, rows)
    (folder / f"{lens.id}.boxes.json").write_bytes(msgspec.json.encode(boxes))
    reports.put(None)


def _pictures(world: World, lens: Lens, rows: list[Box]) -> Iterator[Image]:
    """Hold, film, hold; the boxes of the film's frames are added to `rows`.

    Nobody is there during a hold: what is seen then must not add to what the truth counts.
    """
    camera, style = camera_of(lens), Style()
    renderer = Renderer(camera, backdrop_of(world.scenario, camera, style), style, world.seed)
    figures = [Figure(look) for look in world.appearances]
    for number in range(-HOLD_FRAMES, world.frames + HOLD_FRAMES):
        frame = min(max(number, 0), world.frames - 1)
        present = world.people_at(frame) if number == frame else []
        people = [(standing, figures[standing.person]) for standing in present]
        caption = f"{lens.name}  {_clock(frame / world.fps)}"
        picture, seen = renderer.draw(people, number, caption)
        if number == frame:
            rows += [_box(frame, each) for each in seen]
        yield picture


def write_film(
    pictures: Iterator[Image],
    frames: int,
    fps: int,
    lens: Lens,
    folder: Path,
    report: Callable[[int], object] = lambda _: None,
) -> None:
    """Encode hold, `frames` of film and hold: H.264, a key frame every second, no look-ahead.

    Writes `<lens>.mp4` (film only), `.h264` (all) and `.packets.json`; `report(frames done)`.
    """
    sizes: list[int] = []
    container = av.open(str(folder / f"{lens.id}.mp4"), "w")
    stream = container.add_stream("libx264", rate=fps)
    stream.width, stream.height = lens.size
    stream.pix_fmt = "yuv420p"
    stream.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "21",
        "g": str(fps),
        "x264-params": "aud=1:repeat-headers=1:scenecut=0:threads=1",
    }
    with container, (folder / f"{lens.id}.h264").open("wb") as raw:
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            position = number - HOLD_FRAMES
            # a client that comes during a hold, or at frame 0, can begin at once
            if not 0 < position < frames:
                frame.pict_type = av.video.frame.PictureType.I
            for packet in stream.encode(frame):
                unit = bytes(packet)
                # the encoder greets before the first delimiter, where no unit may begin
                sizes.append(raw.write(b"\x00" + unit[unit.index(DELIMITER) :]))
                if 0 <= position < frames:
                    packet.pts = packet.dts = position
                    container.mux(packet)
            if position >= 0 and (position + 1) % REPORT_EVERY == 0 and position < frames:
                report(REPORT_EVERY)
    packets = Packets(fps, HOLD_FRAMES, frames, sizes)
    (folder / f"{lens.id}.packets.json").write_bytes(msgspec.json.encode(packets))


def _box(frame: int, seen: Seen) -> Box:
    x0, y0, x1, y1 = seen.whole
    return Box(frame, seen.person, x0, y0, x1 - x0, y1 - y0, seen.share)


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60):02d}:{seconds % 60:04.1f}"
