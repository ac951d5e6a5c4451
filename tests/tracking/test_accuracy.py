"""Floors under the accuracy that `docs/accuracy.md` reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import accuracy, accuracy_page


def test_hota_on_given_detections_is_above_every_peer(shared_assets: Path) -> None:
    found = accuracy.mot17(1, [])
    assert found["combined"]["HOTA"] >= 74.8
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
