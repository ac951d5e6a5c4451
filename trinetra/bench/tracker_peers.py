"""Trackers of other packages, as far as they are installed, behind one way of calling."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from models.detections import Detections

Update = Callable[[int, Detections], object]


class Peer(NamedTuple):
    """A tracker's name, its package, and what starts a fresh one."""

    name: str
    package: str
    start: Callable[[], Update]


def peers(rate_hz: float) -> tuple[list[Peer], dict[str, str]]:
    """Those that can be measured here, and why the others cannot."""
    found: list[Peer] = []
    left_out: dict[str, str] = {}
    for package, collect in PACKAGES.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found += collect(rate_hz)
        except ImportError as error:
            left_out[package] = f"not installed ({error.name})" if error.name else str(error)
    return found, left_out


def _trackers(rate_hz: float) -> list[Peer]:
    package, sv = importlib.import_module("trackers"), importlib.import_module("supervision")

    def fresh(kind: Any, options: dict[str, Any]) -> Callable[[], Update]:
        return lambda: _fed_with_supervision(sv, kind(frame_rate=rate_hz, **options).update)

    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("SORTTracker", {}),
        ("ByteTrackTracker", {}),
        ("OCSORTTracker", {}),
        ("BoTSORTTracker", {"enable_cmc": False}),
        ("CBIoUTracker", {}),
    )
    return [
        Peer(f"trackers {name}", "trackers", fresh(getattr(package, name), options))
        for name, options in kinds
        if hasattr(package, name)
    ]


def _supervision(rate_hz: float) -> list[Peer]:
    sv = importlib.import_module("supervision")
    if not hasattr(sv, "ByteTrack"):
        raise ImportError(f"supervision {sv.__version__} has no tracker any more")

    def fresh() -> Update:
        tracker = sv.ByteTrack(frame_rate=round(rate_hz))
        return _fed_with_supervision(sv, tracker.update_with_detections)

    return [Peer("supervision ByteTrack", "supervision", fresh)]


def _fed_with_supervision(sv: ModuleType, update: Callable[[Any], object]) -> Update:
    def call(_: int, found: Detections) -> object:
        return update(
            sv.Detections(
                xyxy=found.xyxy,
                confidence=found.score,
                class_id=np.zeros(len(found), dtype=int),
            )
        )

    return call


def _ultralytics(_rate_hz: float) -> list[Peer]:
    module = importlib.import_module("ultralytics.trackers.byte_tracker")
    options = SimpleNamespace(
        track_high_thresh=0.6,
        track_low_thresh=0.1,
        new_track_thresh=0.7,
        track_buffer=30,
        match_thresh=0.8,
        fuse_score=True,
    )

    def fresh() -> Update:
        tracker = module.BYTETracker(options)
        return lambda _, found: tracker.update(_Boxes(found.xyxy, found.score))

    return [Peer("ultralytics BYTETracker", "ultralytics", fresh)]


class _Boxes:
    """What ultralytics' tracker reads of its own results, on plain arrays."""

    def __init__(self, xyxy: Any, conf: Any) -> None:
        self.xyxy, self.conf = xyxy, conf
        self.cls = np.zeros(len(conf), dtype=np.float32)
        low, high = xyxy[:, :2], xyxy[:, 2:]
        self.xywh = np.concatenate(((low + high) / 2, high - low), axis=1)

    def __getitem__(self, rows: Any) -> _Boxes:
        return _Boxes(self.xyxy[rows], self.conf[rows])

    def __len__(self) -> int:
        return len(self.conf)


PACKAGES: dict[str, Callable[[float], list[Peer]]] = {
    "trackers": _trackers,
    "supervision": _supervision,
    "ultralytics": _ultralytics,
}
