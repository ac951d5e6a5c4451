"""Puts measured figures into `docs/accuracy.md`, between its marks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.catalog import DEFAULT_DETECTOR
from trinetra.evaluation.store_command import FIGURES as STORE_FIGURES

RESULTS = Path(__file__).with_name("accuracy.json")
BY_EYE = {
    "one_by_one_person_768x432.mp4": "6",
    "overhead_left_1280x800.mp4": "1",
    "pets09_s2l1_480x360.mp4": "19 (ground truth)",
    "retail_checkout_1080p_hevc.mp4": "10",
    "retail_checkout_720p_h264.mp4": "10",
    "bottles_and_hands_640x360.mp4": "0",
    "two_views_lab_a.mp4": "1",
    "two_views_lab_b.mp4": "2",
    "worker_zone_480x270.gif": "1",
}
TRAINED_ON = frozenset(
    {
        "bottles_and_hands_640x360.mp4",
        "faces_walking_1080p.mp4",
        "hall_walking_720p.mp4",
        "one_by_one_person_768x432.mp4",
        "worker_zone_480x270.gif",
    }
)
"""Clips with frames in the bundled detector's training set (its card)."""
FIGURES = ("HOTA", "AssA", "DetA", "IDF1", "MOTA", "IDSW")


def fill(page: Path, measured: dict[str, Any]) -> None:
    """Replace the table of every section that was measured; the rest of the page stays.

    `RESULTS` keeps all figures, so that one detector can be measured again without the others.
    """
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = _merged(before, measured)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        if name not in measured:
            continue
        lines = "\n".join(table(found[name]))
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
        fresh = f"\\g<1>\nMeasured {found['date']}.\n\n{lines}\n\n\\g<2>"
        text, count = mark.subn(fresh, text)
        if not count:
            raise ValueError(f"{page}: no mark for {name}")
    page.write_text(text, encoding="utf-8")


def given_table(found: dict[str, Any]) -> Iterable[str]:
    """Ours beside what others reach on exactly these boxes (reference_scores.csv)."""
    yield from _head("tracker or sequence", *FIGURES)
    yield _row("**TRINETRA, combined**", *(found["combined"][key] for key in FIGURES))
    for name, figures in found["peers"].items():
        cells = [int(figures[key]) if key == "IDSW" else figures[key] for key in FIGURES]
        yield _row(f"{name}, combined", *cells)
    for name, figures in found.items():
        if name not in ("combined", "peers"):
            yield _row(f"TRINETRA, {name}", *(figures[key] for key in FIGURES))


def reid_table(found: dict[str, Any]) -> Iterable[str]:
    """One row per embedder, without and with each camera's mean taken out."""
    yield from _head("embedder", "rank-1", "rank-5", "mAP", "rank-1, means out", "mAP, means out")
    for model, ways in found.items():
        plain, normalized = ways["plain"], ways["normalized"]
        cells = [plain["rank1"], plain["rank5"], plain["mAP"]]
        yield _row(model, *cells, normalized["rank1"], normalized["mAP"])


def store_table(found: dict[str, Any]) -> Iterable[str]:
    """One row per figure, one column per scenario, each with its 95 % interval."""
    days = list(found)
    yield from _head("figure", *days)
    for figure in STORE_FIGURES:
        yield _row(figure, *(_with_interval(found[day], figure) for day in days))
    for count in ("crossings", "missed", "false", "not_measured", "stays", "queue_episodes"):
        yield _row(f"{count} (number)", *(found[day]["counts"][count] for day in days))


def _with_interval(told: dict[str, Any], figure: str) -> str:
    value, interval = told[figure], told["intervals"].get(figure)
    if value is None:
        return "–"
    digits = 3 if abs(value) < 2 else 1
    bounds = f" ({interval[0]:.{digits}f} … {interval[1]:.{digits}f})" if interval else ""
    return f"{value:.{digits}f}{bounds}"


def mot15_table(found: dict[str, Any]) -> Iterable[str]:
    """One row per detector and scene."""
    yield from _head("detector", "scene", *FIGURES)
    for detector, scenes in _ordered(found):
        for scene, figures in scenes.items():
            yield _row(detector, scene, *(figures[key] for key in FIGURES))


def retail_table(found: dict[str, Any]) -> Iterable[str]:
    """Detection and identity at the labelled frames."""
    yield from _head(
        "detector",
        "clip, network input",
        "AP50",
        "precision",
        "recall",
        "people followed",
        "same id 5 s later",
        "people counted (10 there)",
    )
    for detector, clips in _ordered(found):
        for clip, row in clips.items():
            yield _row(
                detector,
                clip,
                row["AP50"],
                row["precision"],
                row["recall"],
                f"{row['followed']} of {row['people']}",
                f"{row['steps_same_id']} of {row['steps_seen']} seen twice ({row['steps']} in all)",
                row["counted"],
            )


def clips_table(found: dict[str, Any]) -> Iterable[str]:
    """People, detections and time of every clip, detector beside detector."""
    detectors = [name for name, _ in _ordered(next(iter(found.values())))]
    columns = [f"{what}, {name}" for name in detectors for what in ("people", "boxes", "ms")]
    yield from _head("clip", "frames", "by eye", *columns)
    for clip, rows in found.items():
        cells = [
            cell
            for row in (rows[name] for name in detectors)
            for cell in (row["people"], row["detections"], f"{row['ms_per_frame']['cpu']:.0f}")
        ]
        name = f"{clip} †" if clip in TRAINED_ON else clip
        yield _row(name, next(iter(rows.values()))["frames"], BY_EYE.get(clip, "–"), *cells)


TABLES = {
    "mot17": given_table,
    "mot17_full": given_table,
    "mot15_given": given_table,
    "mot15": mot15_table,
    "retail": retail_table,
    "clips": clips_table,
    "reid": reid_table,
    "store": store_table,
}


def _ordered(found: dict[str, Any]) -> list[tuple[str, Any]]:
    """By detector, the bundled one first."""
    return sorted(found.items(), key=lambda item: (item[0] != DEFAULT_DETECTOR, item[0]))


def _head(*cells: str) -> Iterable[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if value > 1 else f"{value:.3f}"
    return str(value)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`new` over `old`, key by key at every depth."""
    result = dict(old)
    for key, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(key), dict)
        result[key] = _merged(old[key], value) if both else value
    return result
