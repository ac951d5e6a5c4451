from __future__ import annotations

import json

import pytest

from trinetra.bench import tracker


def test_every_package_is_timed_or_said_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracker, "CROWDS", (3, 50))
    tracker.bench(frames=2, runs=1, seed=1, as_json=True)
    report = json.loads(capsys.readouterr().out)
    for row in report["us_per_frame"].values():
        assert row["trinetra"] > 0
        assert row.keys() | report["left_out"].keys() == {
            "trinetra",
            "trackers",
            "supervision",
            "ultralytics",
        }


def test_the_walkers_are_the_same_for_the_same_seed() -> None:
    first, again = tracker.walkers(5, 4, 3), tracker.walkers(5, 4, 3)
    assert all((a.xyxy == b.xyxy).all() for a, b in zip(first, again, strict=True))
