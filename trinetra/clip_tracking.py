"""One clip through detector, tracker and rules, frame by frame, into files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.tracking.bytetrack import Tracks
from models.detector import Detector, load_detector
from models.embedder import Embedder, load_embedder
from models.runtime.engines import REFERENCE
from models.tiling import SINGLE, Grid, detect_tiled
from trinetra.clip import Clip, ClipFrame
from trinetra.clip_outputs import DELAYED, EVENTS, TRACKS, VIDEO, Outputs
from trinetra.clip_places import LineState, NamedLine, NamedZone, Places, ZoneState
from trinetra.clip_times import clock_text
from trinetra.clip_video import VideoWriter, video_size
from trinetra.clip_view import View
from trinetra.drawing import draw
from trinetra.following import Cues, Follower

USEFUL_S = 1.0
"""Shorter confirmed tracks are not counted as people."""


@dataclass(frozen=True)
class TrackOptions:
    """What `trinetra track` was asked to do; lines, zones and tracks are in `source_size`."""

    video: Path
    out: Path
    source_size: tuple[int, int] | None = None
    model: str | None = None
    mirror: Path | None = None
    lines: tuple[NamedLine, ...] = ()
    zones: tuple[NamedZone, ...] = ()
    input_size: tuple[int, int] | None = None
    tiles: Grid | None = SINGLE
    threads: int = 1
    runtime: str = REFERENCE
    precision: str = "fp32"
    every: int = 1
    with_video: bool = True
    min_dwell_s: float = 1.0
    cues: Cues = field(default_factory=Cues)


class Stopwatch:
    """Seconds spent, by what for."""

    def __init__(self) -> None:
        self.spent_s: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count the time of the block."""
        begun = time.perf_counter()
        yield
        self.spent_s[what] += time.perf_counter() - begun


def track_clip(
    options: TrackOptions, on_begin: Callable[[Clip], None], on_frame: Callable[[int], None]
) -> dict[str, Any]:
    """Track the clip and write its files; the summary as `--json` prints it.

    `on_begin` is told the opened clip, `on_frame` each frame's index from 1. Raises
    `SourceError`, `ModelError`, `ConfigError` or `TrinetraError`; then no file is left.
    """
    clip = Clip(options.video)
    try:
        detector = load_detector(
            options.model,
            input_size=options.input_size,
            threads=options.threads,
            mirror=options.mirror,
            runtime=options.runtime,
            precision=options.precision,
        )
        embedder = None
        if options.cues.embed:
            embedder = load_embedder(threads=options.threads, mirror=options.mirror)
        on_begin(clip)
        with Outputs(options.out, options.video.stem) as outputs:
            with closing(ClipRun(options, clip, detector, embedder, outputs)) as run:
                with closing(clip.read()) as frames:
                    for frame in frames:
                        run.look(frame)
                        on_frame(frame.index)
                summary = run.finish()
            outputs.publish(summary)
        return summary
    finally:
        clip.close()


class ClipRun:
    """One clip on its way through: what was seen so far."""

    def __init__(
        self,
        options: TrackOptions,
        clip: Clip,
        detector: Detector,
        embedder: Embedder | None,
        outputs: Outputs,
    ) -> None:
        self._options, self._clip, self._detector = options, clip, detector
        self._outputs = outputs
        self._size = options.source_size or (clip.width, clip.height)
        self._scale = (self._size[0] / clip.width, self._size[1] / clip.height)
        self._view = View(self._scale)
        self._follower = Follower(detector.threshold, options.cues, embedder)
        self._places = Places(
            options.video.stem,
            options.lines,
            options.zones,
            size=self._size,
            min_dwell_s=options.min_dwell_s,
        )
        self._video: VideoWriter | None = None
        if options.with_video:
            size = video_size(clip.width, clip.height)
            self._video = VideoWriter(outputs.video, size, clip.fps)
        self._tracks: Tracks | None = None
        self._seen_s: dict[int, tuple[float, float]] = {}
        self._frames = self._detections = 0
        self._at_s = 0.0
        self._watch = Stopwatch()
        self._begun, self._begun_cpu = time.perf_counter(), time.process_time()

    def look(self, frame: ClipFrame) -> None:
        """Take one frame."""
        self._frames, self._at_s = frame.index, frame.at_s
        if (frame.index - 1) % self._options.every == 0:
            self._track(frame)
        if self._video is None:
            return
        with self._watch.on("draw"):
            scene = self._view.scene(self._tracks, self._places, self._at_s, self._header())
            draw(frame.image, scene)
        with self._watch.on("encode"):
            self._video.write(frame.image, frame.at_s)

    def finish(self) -> dict[str, Any]:
        """Close what is open; the summary."""
        self._outputs.add_events(self._places.finish(self._at_s))
        if self._options.cues.delayed_s is not None:
            self._outputs.add_delayed(self._follower.delayed(self._clip.fps), self._scale)
        if self._video is not None:
            with self._watch.on("encode"):
                self._video.finish()
        return self._summary()

    def close(self) -> None:
        """Let go of the video that is being written."""
        if self._video is not None:
            self._video.close()

    def _track(self, frame: ClipFrame) -> None:
        with self._watch.on("detect"):
            (found,) = detect_tiled(self._detector, [frame.image], [self._options.tiles])
        self._detections += int((found.score >= self._detector.threshold).sum())
        with self._watch.on("track"):
            tracks = self._follower.update(frame.index, frame.image, found, frame.at_s)
            tracks = tracks.scaled(*self._scale)
            self._outputs.add_tracks(frame.index, tracks)
            self._outputs.add_events(self._places.update(tracks, frame.at_s))
        self._tracks = tracks
        self._view.follow(tracks, frame.at_s)
        for track_id in tracks.track_id[tracks.confirmed].tolist():
            first_s, _ = self._seen_s.get(track_id, (frame.at_s, 0.0))
            self._seen_s[track_id] = (first_s, frame.at_s)

    def _people(self) -> int:
        """Tracks that were confirmed and stayed long enough to be believed."""
        least_s = min(USEFUL_S, self._at_s / 2)
        return sum(last_s - first_s >= least_s for first_s, last_s in self._seen_s.values())

    def _header(self) -> tuple[str, ...]:
        now = 0 if self._tracks is None else int(self._tracks.confirmed.sum())
        return (f"Now {now}", f"Total {self._people()}", clock_text(self._at_s))

    def _summary(self) -> dict[str, Any]:
        options, spent_s = self._options, self._watch.spent_s
        frames = max(1, self._frames)
        total_s = time.perf_counter() - self._begun
        cpu_s = time.process_time() - self._begun_cpu
        names = {"tracks": TRACKS, "events": EVENTS, "video": VIDEO}
        if options.cues.delayed_s is not None:
            names["delayed"] = DELAYED
        outputs = {key: str(options.out / name) for key, name in names.items()}
        return {
            "video": str(options.video),
            "frames": self._frames,
            "fps": round(self._clip.fps, 3),
            "seconds": round(self._at_s, 3),
            "people": self._people(),
            "detections": self._detections,
            "model": self._detector.name,
            "threshold": self._detector.threshold,
            "input_size": list(self._detector.input_size),
            "tiles": str(self._options.tiles or "auto"),
            "source_size": list(self._size),
            "lines": {state.place.name: _counts(state) for state in self._places.lines},
            "zones": {state.place.name: _visits(state) for state in self._places.zones},
            "outputs": outputs | ({} if options.with_video else {"video": None}),
            "ms_per_frame": {
                "all": round(1000 * total_s / frames, 2),
                "cpu": round(1000 * cpu_s / frames, 2),
                **{what: round(1000 * part / frames, 2) for what, part in spent_s.items()},
            },
            "damaged_packets": self._clip.damaged,
        }


def _counts(state: LineState) -> dict[str, int]:
    return {"in": state.counts["in"], "out": state.counts["out"]}


def _visits(state: ZoneState) -> dict[str, float | int]:
    dwell_s = [visit.dwell_s for visit in state.visits]
    return {
        "visits": len(dwell_s),
        "dwell_total_s": round(sum(dwell_s), 2),
        "dwell_mean_s": round(sum(dwell_s) / len(dwell_s), 2) if dwell_s else 0.0,
        "censored": sum(visit.censored for visit in state.visits),
    }
