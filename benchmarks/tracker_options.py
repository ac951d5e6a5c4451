"""What each option of the tracker is worth, alone: on or off, everything else as shipped.

    python -m benchmarks.tracker_options [--json] [--scenes FOLDER] [--row TEXT]

Two tables: from a plain ByteTrack upwards, and from the shipped tracker with one thing changed.
Given detections of MOT17 (second half; no frames at hand), MOT15 with public boxes and with those
of the reference network, and the latter two through a swaying window (`tracker_scenes`). The
microseconds are processor time per frame on MOT15 with the reference network's boxes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2

from benchmarks.tracker_scenes import GIVEN, NANO, NANO_MODEL, prepare
from benchmarks.tracker_variants import BYTETRACK, variant
from edge_agent.tracking.bytetrack import Tracker
from edge_agent.tracking.found import Limits
from models.catalog import catalog
from trinetra.evaluation.mot import MotOptions, evaluate_mot
from trinetra.following import Cues, Follower

ASSETS = Path(__file__).parents[2] / "shared" / "assets"
SETS = ("mot17", "mot15", "mot15_nano", "shaken", "shaken_nano")
KEPT = ("HOTA", "AssA", "IDF1", "IDSW")


@dataclass(frozen=True)
class Row:
    """One line of the table: a name, the tracker, and its cues."""

    name: str
    tracker: Callable[..., Tracker]
    cues: Cues = field(default_factory=Cues)


PLAIN = variant(BYTETRACK, habits=False, boxes=False)
SHIPPED = variant(Limits())
ROWS = (
    Row("ByteTrack, its own limits", PLAIN),
    Row("ByteTrack + our limits", variant(Limits(), habits=False, boxes=False)),
    Row("ByteTrack + habits", variant(BYTETRACK, boxes=False)),
    Row("ByteTrack + observation-centric recovery", variant(BYTETRACK, False, False, True)),
    Row("ByteTrack + camera motion by boxes", variant(BYTETRACK, habits=False)),
    Row("ByteTrack + camera motion by picture", PLAIN, Cues(moving_camera=True)),
    Row("ByteTrack + appearance", PLAIN, Cues(appearance=True)),
    Row("shipped: limits, habits, camera motion by boxes", SHIPPED),
    Row("shipped − limits", variant(BYTETRACK)),
    Row("shipped − habits", variant(Limits(), habits=False)),
    Row("shipped − camera motion by boxes", variant(Limits(), boxes=False)),
    Row("shipped + observation-centric recovery", variant(Limits(), recovery=True)),
    Row("shipped + camera motion by picture", SHIPPED, Cues(moving_camera=True)),
    Row("shipped + appearance", SHIPPED, Cues(appearance=True)),
    Row("shipped, 1 s late", SHIPPED, Cues(delayed_s=1.0)),
    Row("shipped, 2 s late + reconciliation", SHIPPED, Cues(delayed_s=1.0, join=True)),
    Row(
        "shipped + appearance, 2 s late + reconciliation",
        SHIPPED,
        Cues(appearance=True, delayed_s=1.0, join=True),
    ),
)


def main() -> None:
    """Measure all rows on all sets; print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scenes", type=Path, help="kept between runs, made where missing")
    parser.add_argument("--row", default="", help="only rows whose name contains this")
    asked = parser.parse_args()
    if not ASSETS.is_dir():
        sys.exit("needs the evaluation assets in ../shared, which are not part of the project")
    with tempfile.TemporaryDirectory() as folder:
        place = asked.scenes or Path(folder)
        if not (place / "shaken").is_dir():
            prepare(ASSETS, place, ASSETS / "models")
        sets = _sets(place)
        told = {
            row.name: _measured(row, sets, show=not asked.json)
            for row in ROWS
            if asked.row in row.name
        }
    if asked.json:
        print(json.dumps(told))


def _sets(scenes: Path) -> dict[str, MotOptions]:
    nano = catalog()[NANO_MODEL].threshold
    mot17 = MotOptions(ASSETS / "mot" / "MOT17", detections="yolox_x_ablation", second_half=True)
    result = {"mot17": mot17}
    for name, folder in (("mot15", "still"), ("shaken", "shaken")):
        result[name] = MotOptions(scenes / folder, detections=GIVEN)
        result[f"{name}_nano"] = MotOptions(scenes / folder, detections=NANO, threshold=nano)
    return result


def _measured(row: Row, sets: dict[str, MotOptions], *, show: bool) -> dict[str, Any]:
    """Figures by set; None where the cue needs frames that are not there."""
    told: dict[str, Any] = {}
    for name in SETS:
        if row.cues.pictures and name == "mot17":
            told[name] = None
            continue
        options = replace(sets[name], tracker=row.tracker, cues=row.cues)
        with Clock() as clock:
            found = evaluate_mot(options, lambda *_: None)["combined"]
        told[name] = {key: found[key] for key in KEPT} | {"us": round(clock.us_per_frame)}
    if show:
        cells = (f"{each['HOTA']:.2f} {each['IDF1']:.2f} {each['IDSW']}" if each else "–"
                 for each in told.values())  # fmt: skip
        print(f"| {row.name} | {' | '.join(cells)} | {told['mot15_nano']['us']} |", flush=True)
    return told


class Clock:
    """Adds up the processor time of all followers' updates, cues included, while it is entered."""

    def __init__(self) -> None:
        self._frames, self._spent_s = 0, 0.0
        self._plain = {name: getattr(Follower, name) for name in ("update", "update_blind")}

    def __enter__(self) -> Clock:
        for name, update in self._plain.items():
            setattr(Follower, name, self._timed(update))
        return self

    def __exit__(self, *_: object) -> None:
        for name, update in self._plain.items():
            setattr(Follower, name, update)

    def _timed(self, update: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.thread_time()
            tracks = update(*arguments)
            self._spent_s += time.thread_time() - began
            self._frames += 1
            return tracks

        return timed

    @property
    def us_per_frame(self) -> float:
        """Microseconds per frame so far."""
        return 1e6 * self._spent_s / max(1, self._frames)


if __name__ == "__main__":
    cv2.setNumThreads(1)  # only this thread's time is counted
    main()
