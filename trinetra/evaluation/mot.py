"""Tracks of every sequence below a folder against its ground truth (MOTChallenge form)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.special import expit

from contracts.errors import SourceError
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.found import FARTHEST_PX
from edge_agent.tracking.kalman import Floats
from models.detections import Detections
from models.detector import Detector, load_detector
from models.embedder import Embedder, load_embedder
from trinetra.evaluation.mot_files import (
    Folder,
    folders,
    read_rows,
    read_tracks,
    read_truth,
    write_tracks,
)
from trinetra.evaluation.mot_score import Benchmark, Rows, Sequence, scores
from trinetra.following import Cues, Follower, Pixels, mot_rows

GIVEN_THRESHOLD = 0.6
"""From which score given detections are sure, where nothing else is said (ByteTrack's)."""


@dataclass(frozen=True)
class MotOptions:
    """What to measure; one of `detections` (a stem), `tracks` (a folder) or `model` (a name).

    `benchmark` None takes the rules that the ground truth's columns are written for.
    """

    root: Path
    detections: str | None = None
    tracks: Path | None = None
    model: str | None = None
    mirror: Path | None = None
    input_size: tuple[int, int] | None = None
    threshold: float | None = None
    second_half: bool = False
    benchmark: Benchmark | None = None
    threads: int = 1
    out: Path | None = None
    cues: Cues = field(default_factory=Cues)
    tracker: Callable[..., Tracker] = Tracker
    """Called with the threshold and `alike`; another one for a comparison."""


Progress = Callable[[str, int, int], None]
"""Called with a sequence's name, its frames done and its frames in all."""


def evaluate_mot(options: MotOptions, on_progress: Progress) -> dict[str, Any]:
    """Figures `combined` and by sequence, in percent; `skipped` says what was left out and why.

    They are null where the truth shows nobody; `combined` leaves such a sequence out.
    `refused` counts detections that could be of nobody (`edge_agent.tracking.found.sound`).
    With `cues.delayed_s` the figures are those of the delayed output, and `delay_s` is above 0.

    Raises:
        SourceError: no sequence can be measured, or a file of one is wrong (file and line).
        ModelError: the detector is unknown or cannot be had.
    """
    chosen, skipped = _sorted_out(options)
    detector = None
    if not (options.detections or options.tracks):
        detector = load_detector(
            options.model,
            input_size=options.input_size,
            threads=options.threads,
            mirror=options.mirror,
        )
    embedder = None
    if options.cues.embed:
        embedder = load_embedder(threads=options.threads, mirror=options.mirror)
    sequences: dict[str, Sequence] = {}
    rules: dict[str, Benchmark] = {}
    refused: dict[str, int] = {}
    for folder in chosen:
        truth, found = read_truth(folder)
        rules[folder.name] = options.benchmark or found
        tracks, refused[folder.name] = _tracks(options, folder, detector, embedder, on_progress)
        if options.out:
            write_tracks(options.out / f"{folder.name}.txt", tracks)
        sequences[folder.name] = _cut(options, folder, truth, tracks)
    figures = scores(sequences, rules)
    combined = {**figures.pop("combined"), "refused": sum(refused.values())}
    return {
        "combined": combined,
        "sequences": {name: {**figures[name], "refused": refused[name]} for name in figures},
        "detections": _source(options, detector),
        "second_half": options.second_half,
        "delay_s": options.cues.delay_s or 0.0,
        "benchmark": rules,
        "skipped": skipped,
    }


def first_frame(folder: Folder, second_half: bool) -> int:
    """Frames before the part that is measured: floor(N/2) for the second half."""
    return folder.length // 2 if second_half else 0


def _sorted_out(options: MotOptions) -> tuple[list[Folder], dict[str, str]]:
    """The sequences that can be measured, and why the others cannot."""
    chosen, skipped = [], {}
    for folder in folders(options.root):
        reason = _lack(options, folder)
        if reason:
            skipped[folder.name] = reason
        else:
            chosen.append(folder)
    if not chosen:
        reasons = "; ".join(f"{name}: {why}" for name, why in skipped.items())
        raise SourceError(f"{options.root}: nothing to measure ({reasons})")
    return chosen, skipped


def _lack(options: MotOptions, folder: Folder) -> str:
    """What this sequence lacks, or ""."""
    if not folder.truth.is_file():
        return "no gt/gt.txt"
    if options.tracks:
        ready = _ready(options.tracks, folder)
        return "" if ready.is_file() else f"no {ready.name} among the tracks"
    if options.detections:
        given = _given(folder, options.detections)
        if not given.is_file():
            return f"no det/{given.name}"
        return "no images in img1" if options.cues.pictures and not folder.images() else ""
    return "" if folder.images() else "no images in img1"


def _tracks(
    options: MotOptions,
    folder: Folder,
    detector: Detector | None,
    embedder: Embedder | None,
    on_progress: Progress,
) -> tuple[Rows, int]:
    """Rows of seven columns, frames counted from the begin of the part that is measured.

    And how many detections were refused there.
    """
    skip = first_frame(folder, options.second_half)
    length = folder.length - skip
    if options.tracks:
        return read_tracks(_ready(options.tracks, folder), length), 0
    usual = GIVEN_THRESHOLD if detector is None else detector.threshold
    threshold = options.threshold or usual
    follower, rows = Follower(threshold, options.cues, embedder, options.tracker), []
    refused = 0
    for index, (image, found) in enumerate(_seen(options, folder, detector, skip), 1):
        at_s = index / folder.fps
        if image is None:
            tracks = follower.update_blind(index, folder.size, found, at_s)
        else:
            tracks = follower.update(index, image, found, at_s)
        rows += mot_rows(index, tracks)
        refused += found.refused
        on_progress(folder.name, index, length)
    refused += follower.refused
    if options.cues.delayed_s is not None:
        return follower.delayed(folder.fps), refused
    return np.array(rows).reshape(-1, 7), refused


def _seen(
    options: MotOptions, folder: Folder, detector: Detector | None, skip: int
) -> Iterator[tuple[Pixels | None, Detections]]:
    """Frame by frame the picture, where it is needed, and what was detected in it."""
    if detector is not None:
        for image in _images(folder, skip):
            yield image, detector.detect([image])[0]
        return
    assert options.detections is not None
    given = _given_frames(_given(folder, options.detections), folder, skip)
    if options.cues.pictures:
        yield from zip(_images(folder, skip), given, strict=True)
        return
    for found in given:
        yield None, found


def _given_frames(path: Path, folder: Folder, skip: int) -> Iterator[Detections]:
    """Given detections, frame by frame; scores outside 0 to 1 are taken as log-odds (DPM)."""
    table = read_rows(path, folder.length, ids=False)
    if table.shape[1] < 7:
        raise SourceError(f"{path}:1: {table.shape[1]} columns, detections need a score as 7th")
    table = table[np.argsort(table[:, 0], kind="stable")]
    table[~(np.abs(table[:, 2:6]) <= FARTHEST_PX).all(axis=1), 2:6] = np.nan
    boxes = np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], axis=1)
    xyxy, score = boxes.astype(np.float32), _shares(table[:, 6]).astype(np.float32)
    starts = np.searchsorted(table[:, 0], np.arange(skip + 1, folder.length + 2))
    for start, end in pairwise(starts.tolist()):
        yield Detections(xyxy[start:end], score[start:end])


def _shares(score: Floats) -> Floats:
    """Scores from 0 to 1; what is no number is NaN."""
    told = np.where(np.isfinite(score), score, np.nan)
    return expit(told) if ((told < 0) | (told > 1)).any() else told


def _images(folder: Folder, skip: int) -> Iterator[Pixels]:
    """Its frames after the first `skip`."""
    images = folder.images()
    if len(images) != folder.length:
        raise SourceError(
            f"{folder.path}: {len(images)} images in img1, seqinfo.ini says {folder.length}"
        )
    for path in images[skip:]:
        image = cv2.imread(str(path))
        if image is None:
            raise SourceError(f"{path}: not an image")
        yield image.astype(np.uint8, copy=False)


def _cut(options: MotOptions, folder: Folder, truth: Rows, tracks: Rows) -> Sequence:
    """Only the part that is measured, renumbered from 1."""
    skip = first_frame(folder, options.second_half)
    kept = truth[truth[:, 0] > skip]
    kept[:, 0] -= skip
    return Sequence(kept, tracks, folder.length - skip)


def _given(folder: Folder, stem: str) -> Path:
    return folder.path / "det" / f"{stem}.txt"


def _ready(tracks: Path, folder: Folder) -> Path:
    return tracks / f"{folder.name}.txt"


def _source(options: MotOptions, detector: Detector | None) -> str:
    if options.tracks:
        return "tracks"
    return detector.name if detector else "given"
