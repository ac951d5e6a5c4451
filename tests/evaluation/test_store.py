"""`trinetra eval store`: a short simulated window through the real agent."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import ConfigError, TrinetraError
from trinetra.evaluation.actual import happened_in, who_is_who
from trinetra.evaluation.app import app
from trinetra.evaluation.camera_stage import Sight
from trinetra.evaluation.happened import Passage
from trinetra.evaluation.matching import match_passages
from trinetra.evaluation.mistakes import Journal, crossing_rows, save_mistakes
from trinetra.evaluation.store import (
    StoreOptions,
    StoreResult,
    covered,
    day_of,
    evaluate_store,
)

PROMISED = {
    "scenario",
    "crossing_precision",
    "crossing_recall",
    "footfall_error_pct",
    "identity_f1",
    "heatmap_spearman",
    "queue_mae",
    "dwell_mae_s",
    "occupancy_mae",
}


@pytest.fixture(scope="module")
def result() -> StoreResult:
    return evaluate_store(StoreOptions("busy", minutes=1.0, start=time(12, 0)))


def test_a_short_window_has_every_promised_figure(result: StoreResult) -> None:
    assert set(result.told) >= PROMISED
    assert set(result.told["intervals"]) >= PROMISED - {"scenario"}
    assert result.told["minutes"] == 1.0
    assert result.run.frames > 2500
    assert result.told["crossing_recall"] is None or result.told["crossing_recall"] >= 0.8


def test_rendered_frames_come_at_their_own_rate_and_show_people() -> None:
    found = evaluate_store(
        StoreOptions("busy", minutes=0.2, start=time(12, 0), level="frames", fps=1.0)
    )
    assert found.run.frames == 3 * 12
    assert found.told["level"] == "frames"
    assert any(sight.person >= 0 for sight in found.run.sights)


def test_truth_against_itself_is_perfect(result: StoreResult) -> None:
    ours = happened_in(result.truth, result.config)
    assert ours.passages
    assert {p.door for p in ours.passages} <= {door.name for door in result.config.doors}
    who = who_is_who(result.truth)
    seen = result.truth.sightings[0]
    assert who.visit(seen.person, seen.from_at) in who.visible_s
    assert who.visit(10**9, seen.from_at) == -1


def test_minutes_that_were_not_observed_are_left_out(result: StoreResult) -> None:
    passages = result.actual.passages
    assert covered(passages, result.measured, result.config)
    blind = replace(result.measured, coverage={})
    assert covered(passages, blind, result.config) == []


def test_what_was_wrong_is_written_with_its_cause(result: StoreResult, tmp_path: Path) -> None:
    told = result.measured.happened.passages
    _, right = match_passages(result.actual.passages, told).both[0]
    rest = [passage for index, passage in enumerate(told) if index != right]
    ghost = Passage("side door", "in", told[right].at_s, who=10**6)
    happened = replace(result.measured.happened, passages=[*rest, ghost])
    spoilt = replace(result, measured=replace(result.measured, happened=happened))
    before = len(crossing_rows(result))
    assert save_mistakes(spoilt, tmp_path)["crossings"] == before + 2
    with (tmp_path / "crossings.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert any(row["kind"] == "false" and row["who"] == str(10**6) for row in rows)
    assert all(row["cause"] for row in rows)


@pytest.mark.parametrize(
    ("sights", "cause"),
    [
        ([], "not detected"),
        ([Sight("c", 10.0, -1, 5)], "not tracked"),
        ([Sight("c", 10.0, 3, 5), Sight("c", 11.0, 3, 6)], "id switch"),
        ([Sight("c", 9.0, 3, 5), Sight("c", 11.0, 4, 5)], "broken into 2"),
        ([Sight("c", 9.0 + i / 5, 3, 5) for i in range(10)], "tracked all the time"),
    ],
)
def test_causes_of_a_missed_crossing(sights: list[Sight], cause: str) -> None:
    assert cause in Journal(sights).why_missed("c", Passage("main", "in", 10.0, 5))


def test_a_window_covers_the_faults_of_its_hour() -> None:
    assert day_of(StoreOptions("quiet")).seconds == 1800
    faults = day_of(StoreOptions("faults"))
    last = max(faults.local(f.at) for f in faults.scenario.faults)
    assert faults.begins_at < last < faults.ends_at - 500


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scenario", "nosuch"],
        ["--start", "25:00"],
        ["--start", "noon"],
        ["--fps", "10"],
        ["--fps", "10", "--level", "detections"],
        ["--model", "x.onnx"],
        ["--embedder", "x.onnx"],
        ["--scenario", "quiet", "--minutes", "5", "--start", "23:59"],
    ],
)
def test_wrong_use_is_one_clear_error(arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(app, ["store", *arguments]).exception, TrinetraError)


def test_a_window_without_a_length_ends_at_midnight_but_a_given_length_is_kept() -> None:
    assert day_of(StoreOptions("quiet", start=time(23, 50))).seconds == 600
    assert day_of(StoreOptions("quiet", start=time(23, 50), minutes=10)).seconds == 600
    with pytest.raises(ConfigError, match=r"11 minutes from 23:50 .* midnight"):
        day_of(StoreOptions("quiet", start=time(23, 50), minutes=11))


def test_a_broken_scenario_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nplan = "market"\n[visits]\nper_day = "many"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        evaluate_store(StoreOptions(path))


def test_the_command_prints_one_object() -> None:
    found = CliRunner().invoke(
        app, ["store", "--scenario", "quiet", "--minutes", "0.5", "--start", "10:00", "--json"]
    )
    assert set(json.loads(found.stdout)) >= PROMISED
