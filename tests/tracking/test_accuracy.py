"""Floors under the accuracy that `docs/accuracy.md` reports, and a check of the scorer itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, accuracy_page
from benchmarks.mot_score import Sequence, scores


def test_the_scorer_gives_the_published_figures_for_published_tracks(shared_assets: Path) -> None:
    sequences = {}
    for name in accuracy.MOT17:
        truth = np.loadtxt(shared_assets / f"mot/MOT17/{name}/gt/gt.txt", delimiter=",")
        tracks = np.loadtxt(
            shared_assets / f"mot/reference_results/MOT17_val_half/OC-SORT/{name}.txt",
            delimiter=",",
        )
        frames = int(truth[:, 0].max())
        half = frames // 2
        second = truth[truth[:, 0] > half]
        second[:, 0] -= half
        sequences[name] = Sequence(second, tracks[:, :7], frames - half)
    combined = scores(sequences, "MOT17")["combined"]
    assert combined["HOTA"] == pytest.approx(72.32, abs=0.02)
    assert combined["IDSW"] == 95


def test_hota_on_given_detections_is_above_bytetrack_and_oc_sort(shared_assets: Path) -> None:
    found = accuracy.mot17(1, [])
    assert found["combined"]["HOTA"] >= 72.32
    assert found["combined"]["IDSW"] <= 110


def test_figures_are_written_between_their_marks_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy_page, "RESULTS", tmp_path / "figures.json")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- clips -->\nold\n<!-- end -->\nafter\n")

    def clip(people: int) -> dict[str, object]:
        return {"frames": 9, "people": people, "detections": 5, "ms_per_frame": {"cpu": 12.3}}

    accuracy_page.fill(page, {"date": "2026-01-01", "clips": {"a.mp4": {"rtmdet": clip(3)}}})
    accuracy_page.fill(
        page, {"date": "2026-01-02", "clips": {"a.mp4": {"person-trinetra-nano": clip(4)}}}
    )
    text = page.read_text()
    assert text.startswith("before\n<!-- clips -->\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert "| a.mp4 | 9 | – | 4 | 5 | 12 | 3 | 5 | 12 |" in text
