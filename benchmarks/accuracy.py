"""How good detection and tracking are on real video with ground truth.

    TRINETRA_MODEL_MIRROR=../shared/assets/models \
        python -m benchmarks.accuracy --write docs/accuracy.md

measures everything with the bundled and the reference detector and puts the figures into the
page. `--only mot17` (no detector, seconds), `--detector NAME` and `--json` narrow it down.
The assets beside the repository are for evaluation only and are not part of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import checkout
from benchmarks.accuracy_page import fill
from edge_agent.tracking.bytetrack import Tracker, Tracks
from models.catalog import DEFAULT_DETECTOR
from models.detections import Detections
from models.detector import Detector, load_detector
from trinetra.clip import Clip, Image
from trinetra.clip_tracking import TrackOptions, track_clip
from trinetra.evaluation.mot_score import Sequence, scores

ASSETS = Path(__file__).parents[2] / "shared" / "assets"
REFERENCE = "rtmdet-nano-person"
MOT17 = {"MOT17-04": 30.0, "MOT17-05": 14.0, "MOT17-09": 30.0, "MOT17-10": 30.0}
"""Sequences with given detections, and their frames a second."""
YOLOX_THRESHOLD = 0.6
MOT15 = {"TUD-Campus": 25.0, "TUD-Stadtmitte": 25.0}
PETS, PETS_CLIP, PETS_SIZE = "PETS09-S2L1", "pets09_s2l1_480x360.mp4", (768, 576)
CHECKOUT = (
    ("retail_checkout_1080p_hevc.mp4", 416),
    ("retail_checkout_720p_h264.mp4", 416),
    ("retail_checkout_720p_h264.mp4", 640),
)
"""Clips, and the side that their frames are fitted into for the network."""
Rows = npt.NDArray[np.float64]


def main() -> None:
    """Measure what was asked for; print or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--detector", action="append", help="default: bundled and reference")
    parser.add_argument("--only", action="append", choices=sorted(SECTIONS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    asked = parser.parse_args()
    if not ASSETS.is_dir():
        sys.exit("needs the evaluation assets in ../shared, which are not part of the project")
    detectors = asked.detector or [DEFAULT_DETECTOR, REFERENCE]
    found: dict[str, Any] = {"date": str(date.today()), "machine": platform.machine()}  # noqa: DTZ011
    for name in asked.only or SECTIONS:
        measure = SECTIONS[name]
        found[name] = measure(asked.threads, detectors)
        if not asked.json:
            print(f"{name}: {json.dumps(found[name])}", flush=True)
    if asked.json:
        print(json.dumps(found))
    if asked.write:
        fill(asked.write, found)


def mot17(_threads: int, _detectors: list[str]) -> dict[str, Any]:
    """The tracker alone, on the given YOLOX detections of the second halves of MOT17."""
    sequences = {}
    for name, fps in MOT17.items():
        folder = ASSETS / "mot" / "MOT17" / name
        truth, given = _rows(folder / "gt/gt.txt"), _rows(folder / "det/yolox_x_ablation.txt")
        frames = int(truth[:, 0].max())
        half = frames // 2
        tracker, tracks = Tracker(YOLOX_THRESHOLD), []
        for frame in range(half + 1, frames + 1):
            seen = _given(given[given[:, 0] == frame])
            tracks += _mot(frame - half, tracker.update(seen, frame / fps))
        second = truth[truth[:, 0] > half] - np.array([half] + [0] * (truth.shape[1] - 1))
        sequences[name] = Sequence(second, np.array(tracks), frames - half)
    return scores(sequences, "MOT17")


def mot15(threads: int, detectors: list[str]) -> dict[str, Any]:
    """Detector and tracker on three short street scenes, network input 416."""
    result = {}
    for name in detectors:
        detector = load_detector(name, input_size=(416, 416), threads=threads, mirror=_mirror())
        sequences = {}
        for scene, fps in MOT15.items():
            folder = ASSETS / "mot" / "MOT15" / scene
            images = (cv2.imread(str(path)) for path in sorted((folder / "img1").glob("*.jpg")))
            tracks, length = _tracked(detector, images, fps)
            sequences[scene] = Sequence(_rows(folder / "gt/gt.txt"), tracks, length)
        sequences[PETS] = _pets_sequence(name, threads)
        result[name] = scores(sequences, "MOT15")
    return result


def retail(threads: int, detectors: list[str]) -> dict[str, Any]:
    """The checkout clip against its five hand-labelled frames."""
    truth = checkout.labels(ASSETS / "videos" / "retail_checkout_keyframes_gt.csv")
    result: dict[str, Any] = {}
    for name in detectors:
        for video, side in CHECKOUT:
            options = TrackOptions(
                ASSETS / "videos" / video,
                Path(),
                source_size=checkout.SIZE,
                model=name,
                mirror=_mirror(),
                input_size=(side, side),
                threads=threads,
            )
            detector = load_detector(
                name, input_size=options.input_size, threads=threads, mirror=_mirror()
            )
            clip = Clip(options.video)
            found = checkout.detection(clip, detector, truth)
            clip.close()
            summary, tracks = _clip_tracks(options)
            row = {**found, **checkout.identity(tracks, truth), "counted": summary["people"]}
            result.setdefault(name, {})[f"{video}, {side}"] = row
    return result


def clips(threads: int, detectors: list[str]) -> dict[str, Any]:
    """What `trinetra track` says about every clip, and how long a frame takes."""
    result: dict[str, Any] = {}
    videos = sorted((ASSETS / "videos").glob("*.mp4")) + sorted((ASSETS / "videos").glob("*.gif"))
    for video in videos:
        for name in detectors:
            options = TrackOptions(video, Path(), model=name, mirror=_mirror(), threads=threads)
            summary, _ = _clip_tracks(options)
            kept = ("frames", "people", "detections", "input_size", "ms_per_frame")
            result.setdefault(video.name, {})[name] = {key: summary[key] for key in kept}
    return result


def _pets_sequence(model: str, threads: int) -> Sequence:
    options = TrackOptions(
        ASSETS / "videos" / PETS_CLIP,
        Path(),
        source_size=PETS_SIZE,
        model=model,
        mirror=_mirror(),
        threads=threads,
    )
    summary, tracks = _clip_tracks(options)
    truth = _rows(ASSETS / "mot" / "MOT15" / PETS / "gt/gt.txt")
    return Sequence(truth, tracks, summary["frames"])


def _clip_tracks(options: TrackOptions) -> tuple[dict[str, Any], Rows]:
    """Summary and MOT rows of `trinetra track` without the video."""
    with tempfile.TemporaryDirectory() as folder:
        out = replace(options, out=Path(folder) / "out", with_video=False)
        summary = track_clip(out, lambda _: None, lambda _: None)
        return summary, _rows(out.out / "tracks.txt")


def _tracked(detector: Detector, images: Iterator[Any], fps: float) -> tuple[Rows, int]:
    tracker, tracks, index = Tracker(detector.threshold), [], 0
    for index, image in enumerate(images, 1):
        frame: Image = image
        (found,) = detector.detect([frame])
        tracks += _mot(index, tracker.update(found, index / fps))
    return np.array(tracks), index


def _mot(frame: int, tracks: Tracks) -> list[list[float]]:
    chosen = tracks.confirmed
    rows = zip(tracks.track_id[chosen], tracks.xyxy[chosen], tracks.score[chosen], strict=True)
    return [
        [frame, int(track_id), x1, y1, x2 - x1, y2 - y1, score]
        for track_id, (x1, y1, x2, y2), score in rows
    ]


def _given(rows: Rows) -> Detections:
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    return Detections(corners.astype(np.float32), rows[:, 6].astype(np.float32))


def _rows(path: Path) -> Rows:
    if not path.stat().st_size:
        return np.empty((0, 10))
    return np.loadtxt(path, delimiter=",", ndmin=2)


def _mirror() -> Path:
    return Path(os.environ.get("TRINETRA_MODEL_MIRROR", ASSETS / "models"))


SECTIONS: dict[str, Callable[[int, list[str]], dict[str, Any]]] = {
    "mot17": mot17,
    "mot15": mot15,
    "retail": retail,
    "clips": clips,
}


if __name__ == "__main__":
    main()
