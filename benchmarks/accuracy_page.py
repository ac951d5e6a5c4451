"""Puts measured figures into `docs/accuracy.md`, between its marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PUBLISHED = {
    "SORT": (67.18, 69.09, 66.02, 76.18, 73.62, 380),
    "ByteTrack": (71.10, 73.20, 69.60, 83.08, 80.33, 145),
    "OC-SORT": (72.32, 74.99, 70.17, 84.39, 81.55, 95),
    "C-BIoU": (72.89, 74.13, 72.22, 85.22, 84.87, 95),
    "BoT-SORT without camera compensation": (73.31, 74.81, 72.36, 85.50, 84.65, 107),
}
"""FIGURES of others on exactly these detections (reference_scores.csv of the assets)."""
FIGURES = ("HOTA", "AssA", "DetA", "IDF1", "MOTA", "IDSW")


def fill(page: Path, found: dict[str, Any]) -> None:
    """Replace the table of every section that was measured; the rest of the page stays."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        if name not in found:
            continue
        lines = "\n".join(table(found[name]))
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
        fresh = f"\\g<1>\nMeasured {found['date']}.\n\n{lines}\n\n\\g<2>"
        text, count = mark.subn(fresh, text)
        if not count:
            raise ValueError(f"{page}: no mark for {name}")
    page.write_text(text, encoding="utf-8")


def mot17_table(found: dict[str, Any]) -> Iterable[str]:
    """Ours beside what others reach."""
    yield from _head("tracker or sequence", *FIGURES)
    yield _row("**TRINETRA, combined**", *(found["combined"][key] for key in FIGURES))
    for name, figures in PUBLISHED.items():
        yield _row(f"{name}, combined", *figures)
    for name, figures in found.items():
        if name != "combined":
            yield _row(f"TRINETRA, {name}", *(figures[key] for key in FIGURES))


def mot15_table(found: dict[str, Any]) -> Iterable[str]:
    """One row per detector and scene."""
    yield from _head("detector", "scene", *FIGURES)
    for detector, scenes in found.items():
        for scene, figures in scenes.items():
            yield _row(detector, scene, *(figures[key] for key in FIGURES))


def retail_table(found: dict[str, Any]) -> Iterable[str]:
    """Detection and identity at the labelled frames."""
    yield from _head(
        "detector",
        "clip",
        "input",
        "AP50",
        "precision",
        "recall",
        "people followed",
        "same id 5 s later",
        "people counted (10 there)",
    )
    for detector, clips in found.items():
        for clip, row in clips.items():
            yield _row(
                detector,
                clip,
                row["input_size"][0],
                row["AP50"],
                row["precision"],
                row["recall"],
                f"{row['followed']} of {row['people']}",
                f"{row['steps_same_id']} of {row['steps_seen']} seen twice ({row['steps']} in all)",
                row["counted"],
            )


def clips_table(found: dict[str, Any]) -> Iterable[str]:
    """People, detections and time of every clip, detector beside detector."""
    detectors = list(next(iter(found.values())))
    columns = [f"{what}, {name}" for name in detectors for what in ("people", "boxes", "ms")]
    yield from _head("clip", "frames", *columns)
    for clip, rows in found.items():
        cells = [
            cell
            for row in rows.values()
            for cell in (row["people"], row["detections"], f"{row['ms_per_frame']['all']:.0f}")
        ]
        yield _row(clip, next(iter(rows.values()))["frames"], *cells)


TABLES = {
    "mot17": mot17_table,
    "mot15": mot15_table,
    "retail": retail_table,
    "clips": clips_table,
}


def _head(*cells: str) -> Iterable[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
