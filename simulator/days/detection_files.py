"""Detections of a window (L1) as files: MOTChallenge per camera, and Parquet for all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np

from simulator.days.day import Day
from simulator.days.detecting import Detector
from simulator.days.frames import CHUNK_S, CameraFrame, frames
from simulator.days.noise import Floats
from simulator.days.rows import Seen
from simulator.days.watching import Watch, watches_of

PART_FRAMES = 30_000
Report = Callable[[float], None]
"""Seconds of the window that are done."""


def write_detections(
    folder: Path, day: Day, *, embeddings: bool = False, report: Report = lambda _: None
) -> dict[str, int]:
    """`CAMERA/det/det.txt`, `CAMERA/gt/gt.txt`, `CAMERA/seqinfo.ini` and `detections/*.parquet`.

    Frame n of a camera is line number n + 1 from the window's begin, lost frames included. The
    numbers of frames, boxes and true boxes written.
    """
    written = {"frames": 0, "boxes": 0, "true_boxes": write_true_boxes(folder, day)}
    parts = _Parts(folder / "detections", embeddings)
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for watch in watches_of(day):
            path = folder / watch.camera / "det" / "det.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            files[watch.camera] = stack.enter_context(path.open("w"))
        for frame in frames(day, embed=embeddings):
            files[frame.camera].writelines(_lines(frame.index, frame.xyxy, frame.score))
            parts.add(frame)
            written["frames"] += 1
            written["boxes"] += len(frame.score)
            report(frame.arrived_at - day.begins_at)
    parts.close()
    return written


def write_true_boxes(folder: Path, day: Day) -> int:
    """`gt/gt.txt` (id = person + 1, last column = visible share) and `seqinfo.ini`."""
    watches = watches_of(day)
    detector = Detector(day, watches)
    fps = day.scenario.sensing.fps
    count = 0
    with ExitStack() as stack:
        files = {}
        for watch in watches:
            (folder / watch.camera / "gt").mkdir(parents=True, exist_ok=True)
            (folder / watch.camera / "seqinfo.ini").write_text(_seqinfo(day, watch))
            path = folder / watch.camera / "gt" / "gt.txt"
            files[watch.camera] = stack.enter_context(path.open("w"))
        for t in day.chunks(fps, CHUNK_S):
            first = round((t[0] - day.begins_at) * fps)
            for watch in watches:
                seen = detector.seen(watch, t)
                files[watch.camera].writelines(_true_lines(first, seen))
                count += len(seen.frame)
    return count


def _lines(index: int, xyxy: Floats, score: Floats) -> list[str]:
    return [
        f"{index + 1},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{sure:.4f},-1,-1,-1\n"
        for (x1, y1, x2, y2), sure in zip(xyxy.tolist(), score.tolist(), strict=True)
    ]


def _true_lines(first: int, seen: Seen) -> list[str]:
    rows = zip(
        (seen.frame + first + 1).tolist(), (seen.person + 1).tolist(), seen.xyxy.tolist(),
        seen.visible.tolist(), strict=True,
    )  # fmt: skip
    return [
        f"{frame},{person},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},1,1,{visible:.3f}\n"
        for frame, person, (x1, y1, x2, y2), visible in rows
    ]


def _seqinfo(day: Day, watch: Watch) -> str:
    fps = day.scenario.sensing.fps
    return (
        f"[Sequence]\nname={watch.camera}\nframeRate={fps:g}\n"
        f"seqLength={int(day.seconds * fps + 1e-6)}\n"
        f"imWidth={watch.size[0]}\nimHeight={watch.size[1]}\n"
    )


class _Parts:
    """Writes detections as Parquet in parts, so that memory stays bounded."""

    def __init__(self, folder: Path, embeddings: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._embeddings = folder, embeddings
        self._frames: list[CameraFrame] = []
        self._written = 0

    def add(self, frame: CameraFrame) -> None:
        self._frames.append(frame)
        if len(self._frames) >= PART_FRAMES:
            self.close()

    def close(self) -> None:
        """Write what waits."""
        import polars as pl

        if not self._frames:
            return
        held, self._frames = self._frames, []
        counts = np.array([len(frame.score) for frame in held])
        boxes = np.concatenate([frame.xyxy for frame in held])
        columns = {
            "camera": np.repeat([frame.camera for frame in held], counts),
            "frame": np.repeat([frame.index for frame in held], counts),
            "taken_at": np.repeat([frame.taken_at for frame in held], counts),
            "arrived_at": np.repeat([frame.arrived_at for frame in held], counts),
            **{name: boxes[:, i] for i, name in enumerate(("x1", "y1", "x2", "y2"))},
            "score": np.concatenate([frame.score for frame in held]),
            "person": np.concatenate([frame.person for frame in held]),
        }
        table = pl.DataFrame(columns)
        if self._embeddings:
            found = [each for frame in held if (each := frame.embedding) is not None]
            table = table.with_columns(pl.Series("embedding", np.concatenate(found)))
        table.write_parquet(self._folder / f"part-{self._written:04d}.parquet")
        self._written += 1
