"""How good detection, tracking, Re-ID and a whole store are, against ground truth.

    TRINETRA_MODEL_MIRROR=../shared/assets/models \
        python -m benchmarks.accuracy --write docs/accuracy.md

measures everything with the bundled and the reference models and puts the figures into the page.
`--only mot17` (no detector, seconds), `--detector NAME` and `--json` narrow it down.
The assets beside the repository are for evaluation only and are not part of the project.
"""

from __future__ import annotations

import argparse
import csv
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
from benchmarks.accuracy_page import FIGURES, fill
from edge_agent.tracking.bytetrack import Tracker
from models.catalog import DEFAULT_DETECTOR, DEFAULT_EMBEDDER
from models.detector import Detector, load_detector
from trinetra.clip import Clip, Image
from trinetra.clip_tracking import TrackOptions, track_clip
from trinetra.evaluation.mot import MotOptions, evaluate_mot
from trinetra.evaluation.mot_score import Sequence, scores
from trinetra.evaluation.reid import evaluate_reid
from trinetra.evaluation.store import SCENARIOS, StoreOptions
from trinetra.evaluation.stores import evaluate_stores
from trinetra.following import mot_rows

ASSETS = Path(__file__).parents[2] / "shared" / "assets"
REFERENCE = "rtmdet-nano-person"
REFERENCE_EMBEDDERS = (
    "person-reid-retail-0248",
    "person-reid-retail-0287",
    "person-reid-retail-0248+person-reid-retail-0287",
)
MOT = ASSETS / "mot"
YOLOX = "yolox_x_ablation"
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
    options = MotOptions(MOT / "MOT17", detections=YOLOX, second_half=True)
    return _beside_peers(options, "MOT17_val_half")


def mot17_full(_threads: int, _detectors: list[str]) -> dict[str, Any]:
    """The same over the full length, half of which the YOLOX detector was trained on."""
    return _beside_peers(MotOptions(MOT / "MOT17", detections=YOLOX), "MOT17_full")


def mot15_given(_threads: int, _detectors: list[str]) -> dict[str, Any]:
    """The tracker alone, on the weak public detections of MOT15."""
    return _beside_peers(MotOptions(MOT / "MOT15", detections="det"), "MOT15")


def _beside_peers(options: MotOptions, name: str) -> dict[str, Any]:
    """Our figures `combined` and by sequence, and the `peers`' combined ones on the same boxes."""
    found = evaluate_mot(options, lambda *_: None)
    with (MOT / "reference_scores.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["set"] == name]
    peers = {
        row["tracker"]: {key: float(row[key]) for key in FIGURES}
        for row in rows
        if row["sequence"] == "COMBINED_SEQ"
    }
    return {"combined": found["combined"], **found["sequences"], "peers": peers}


def reid(_threads: int, _detectors: list[str]) -> dict[str, Any]:
    """Embedders on Market-1501's test crops, as they come and without each camera's mean."""
    crops = ASSETS / "reid" / "market_test100.zip"
    return {
        model: {
            way: evaluate_reid(crops, model, normalize=way == "normalized", mirror=_mirror())
            for way in ("plain", "normalized")
        }
        for model in (DEFAULT_EMBEDDER, *REFERENCE_EMBEDDERS)
    }


def store(_threads: int, _detectors: list[str]) -> dict[str, Any]:
    """`trinetra eval store` on all bundled scenarios (detections)."""
    told = evaluate_stores(
        [StoreOptions(name) for name in SCENARIOS],
        lambda name, share: print(f"\r{name} {share:4.0%}", end="", file=sys.stderr),
    )
    return {"all": {k: v for k, v in told.items() if k != "scenarios"}, **told["scenarios"]}


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
        tracks += mot_rows(index, tracker.update(found, index / fps))
    return np.array(tracks), index


def _rows(path: Path) -> Rows:
    if not path.stat().st_size:
        return np.empty((0, 10))
    return np.loadtxt(path, delimiter=",", ndmin=2)


def _mirror() -> Path:
    return Path(os.environ.get("TRINETRA_MODEL_MIRROR", ASSETS / "models"))


SECTIONS: dict[str, Callable[[int, list[str]], dict[str, Any]]] = {
    "mot17": mot17,
    "mot17_full": mot17_full,
    "mot15_given": mot15_given,
    "mot15": mot15,
    "retail": retail,
    "clips": clips,
    "reid": reid,
    "store": store,
}


if __name__ == "__main__":
    main()
