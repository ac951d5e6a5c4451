"""`trinetra eval mot`: published figures for published tracks, exact on exact ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.errors import ConfigError, ModelError, SourceError, TrinetraError
from tests.evaluation import sequences
from trinetra.evaluation.app import app
from trinetra.evaluation.mot import MotOptions, evaluate_mot

PUBLISHED = [
    ("MOT15", "MOT15", "OC-SORT"),
    ("MOT15", "MOT15", "BoT-SORT-noCMC"),
    ("MOT17_val_half", "MOT17", "BoT-SORT-noCMC"),
    ("MOT17_val_half", "MOT17", "OC-SORT"),
]


def measure(root: Path, **options: object) -> dict:  # type: ignore[type-arg]
    return evaluate_mot(MotOptions(root, **options), lambda *_: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("table", "benchmark", "tracker"), PUBLISHED)
def test_published_tracks_get_their_published_figures(
    shared_assets: Path, table: str, benchmark: str, tracker: str
) -> None:
    mot = shared_assets / "mot"
    found = measure(
        mot / benchmark,
        tracks=mot / "reference_results" / table / tracker,
        second_half=table.endswith("half"),
    )
    ours = {**found["sequences"], "COMBINED_SEQ": found["combined"]}
    with (mot / "reference_scores.csv").open(encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream) if (r["set"], r["tracker"]) == (table, tracker)]
    assert {row["sequence"] for row in rows} == set(ours)
    for row in rows:
        for key in ("HOTA", "AssA", "DetA", "MOTA", "IDF1"):
            assert ours[row["sequence"]][key] == pytest.approx(float(row[key]), abs=0.1)
        for key in ("IDSW", "FP", "FN"):
            assert ours[row["sequence"]][key] == int(row[key])


def test_exact_tracks_are_perfect_and_a_swap_costs_two_switches(tmp_path: Path) -> None:
    sequences.write(tmp_path / "data" / "deep" / "walk")
    (tmp_path / "ready").mkdir()
    (tmp_path / "ready" / "walk.txt").write_text(sequences.tracks())
    perfect = measure(tmp_path / "data", tracks=tmp_path / "ready")
    assert perfect["combined"]["HOTA"] == 100
    assert perfect["combined"]["IDSW"] == 0
    (tmp_path / "ready" / "walk.txt").write_text(sequences.tracks(swap_from=11))
    swapped = measure(tmp_path / "data", tracks=tmp_path / "ready")
    assert swapped["combined"]["DetA"] > 99
    assert swapped["combined"]["IDSW"] == 2
    assert swapped["combined"]["IDF1"] == pytest.approx(100 * 40 / 60, abs=0.1)


def test_given_boxes_are_tracked_and_can_be_scored_again_from_the_written_file(
    tmp_path: Path,
) -> None:
    sequences.write(tmp_path / "walk")
    found = measure(tmp_path, detections="exact", out=tmp_path / "out")
    assert found["detections"] == "given"
    assert found["combined"]["IDSW"] == 0
    assert found["combined"]["HOTA"] > 85
    again = measure(tmp_path, tracks=tmp_path / "out")
    assert again["combined"]["IDF1"] == found["combined"]["IDF1"]


def test_the_second_half_begins_after_the_middle_and_counts_from_one(tmp_path: Path) -> None:
    sequences.write(tmp_path / "walk")
    measure(tmp_path, detections="exact", second_half=True, out=tmp_path / "out")
    frames = np.loadtxt(tmp_path / "out" / "walk.txt", delimiter=",")[:, 0]
    assert frames.min() >= 1
    assert frames.max() == 10
    (tmp_path / "ready").mkdir()
    half = [line.split(",", 1) for line in sequences.tracks().splitlines()]
    kept = "".join(f"{int(frame) - 10},{rest}\n" for frame, rest in half if int(frame) > 10)
    (tmp_path / "ready" / "walk.txt").write_text(kept)
    assert measure(tmp_path, tracks=tmp_path / "ready", second_half=True)["combined"]["HOTA"] == 100


def test_the_middle_frame_of_an_odd_length_is_in_the_second_half(tmp_path: Path) -> None:
    odd = f"[Sequence]\nframeRate=10\nseqLength={sequences.LENGTH + 1}\n"
    sequences.write(tmp_path / "walk", seqinfo=odd)
    (tmp_path / "ready").mkdir()
    half = [line.split(",", 1) for line in sequences.tracks().splitlines()]
    kept = "".join(f"{int(frame) - 10},{rest}\n" for frame, rest in half if int(frame) > 10)
    (tmp_path / "ready" / "walk.txt").write_text(kept)
    found = measure(tmp_path, tracks=tmp_path / "ready", second_half=True)["combined"]
    assert (found["HOTA"], found["FP"], found["FN"]) == (100, 0, 0)
    online = measure(tmp_path, detections="exact", second_half=True, out=tmp_path / "out")
    assert online["combined"]["FN"] == 0
    frames = np.loadtxt(tmp_path / "out" / "walk.txt", delimiter=",")[:, 0]
    assert (frames.min(), frames.max()) == (1, 10)


def test_distractors_of_mot17_neither_help_nor_hurt(tmp_path: Path) -> None:
    truth = "".join(
        sequences.row(frame, person, "1,1,1" if person < 3 else "0,8,1")
        for frame, person in sequences.BOXES
    )
    sequences.write(tmp_path / "walk", truth=truth)
    (tmp_path / "ready").mkdir()
    (tmp_path / "ready" / "walk.txt").write_text(sequences.tracks())
    assert measure(tmp_path, tracks=tmp_path / "ready")["combined"]["FP"] == 0
    plain = measure(tmp_path, tracks=tmp_path / "ready", benchmark="MOT15")
    assert plain["combined"]["FP"] == 20


def test_our_detector_looks_at_the_images(tmp_path: Path) -> None:
    folder = sequences.write(tmp_path / "empty_room", truth="")
    (folder / "img1").mkdir()
    for frame in range(sequences.LENGTH):
        cv2.imwrite(str(folder / "img1" / f"{frame + 1:06}.jpg"), np.full((96, 128, 3), 90, "u1"))
    found = measure(tmp_path, input_size=(128, 128))
    assert found["detections"] == "person-trinetra-nano"
    assert found["sequences"]["empty_room"]["FP"] == 0


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    sequences.write(tmp_path / "walk")
    (sequences.write(tmp_path / "bare") / "det" / "exact.txt").unlink()
    (sequences.write(tmp_path / "blind") / "gt" / "gt.txt").unlink()
    found = measure(tmp_path, detections="exact")
    assert found["skipped"] == {"bare": "no det/exact.txt", "blind": "no gt/gt.txt"}
    with pytest.raises(SourceError, match="walk: no images in img1"):
        measure(tmp_path)


def test_two_sequences_of_one_name_are_told_apart(tmp_path: Path) -> None:
    sequences.write(tmp_path / "quiet" / "entrance")
    sequences.write(tmp_path / "busy" / "entrance")
    found = measure(tmp_path, detections="exact")
    assert set(found["sequences"]) == {"quiet/entrance", "busy/entrance"}


@pytest.mark.filterwarnings("error")
def test_detections_without_sense_are_counted_not_fatal(tmp_path: Path) -> None:
    folder = sequences.write(tmp_path / "walk")
    given = folder / "det" / "exact.txt"
    sound = given.read_text()
    sequences.write(tmp_path / "other")
    boxes = ["nan,1,5,5", "inf,1,5,5", "1,1,-5,5", "1,1,0,5", "1e308,1,1e308,5", "-3e38,0,6e38,9"]
    bad = [f"3,-1,{box},0.9\n" for box in boxes] + ["14,-1,1,1,5,5,nan\n", "14,-1,1,1,5,5,inf\n"]
    given.write_text("".join(bad) + sound)
    found = measure(tmp_path, detections="exact")
    assert found["sequences"]["walk"].pop("refused") == len(bad)
    assert found["sequences"]["other"].pop("refused") == 0
    assert found["sequences"]["walk"] == found["sequences"]["other"]
    assert found["combined"]["refused"] == len(bad)
    assert measure(tmp_path, detections="exact", second_half=True)["combined"]["refused"] == 2
    shown = CliRunner().invoke(app, ["mot", str(tmp_path), "--detections", "exact"])
    assert f"refused: {len(bad)} detections" in shown.stdout


def test_a_scene_without_anyone_is_left_out_of_combined(tmp_path: Path) -> None:
    sequences.write(tmp_path / "nobody", truth="")
    alone = measure(tmp_path, detections="exact")
    assert alone["sequences"]["nobody"]["FN"] == 0
    assert alone["sequences"]["nobody"]["FP"] > 50
    assert alone["sequences"]["nobody"]["MOTA"] is None
    assert {alone["combined"][key] for key in ("HOTA", "MOTA", "IDF1", "FP")} == {None}
    sequences.write(tmp_path / "walk")
    both = measure(tmp_path, detections="exact")
    assert both["combined"] == both["sequences"]["walk"]
    shown = CliRunner().invoke(app, ["mot", str(tmp_path), "--detections", "exact"])
    assert "not in combined: nobody" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["nosuch"], SourceError),
        (["."], SourceError),
        ([".", "--detections", "a", "--tracks", "b"], ConfigError),
        ([".", "--benchmark", "MOT99"], ConfigError),
    ],
)
def test_wrong_use_is_one_clear_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    kind: type[TrinetraError],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(CliRunner().invoke(app, ["mot", *arguments]).exception, kind)


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    folder = sequences.write(tmp_path / "walk")
    (folder / "img1").mkdir()
    (folder / "img1" / "1.jpg").write_bytes(b"")
    with pytest.raises(ModelError, match="nosuch"):
        measure(tmp_path, model="nosuch")


def test_json_is_one_object_with_the_promised_keys(tmp_path: Path) -> None:
    sequences.write(tmp_path / "walk")
    result = CliRunner().invoke(app, ["mot", str(tmp_path), "--detections", "exact", "--json"])
    found = json.loads(result.stdout)
    assert found["detections"] == "given"
    for figures in (found["combined"], found["sequences"]["walk"]):
        assert {"HOTA", "AssA", "DetA", "IDF1", "MOTA", "IDSW"} <= set(figures)
