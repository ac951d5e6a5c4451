from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import typer
from typer.testing import CliRunner

from contracts.errors import ConfigError, TrinetraError
from contracts.events import LineCrossed, ZoneVisit, decode_event, payload_of
from contracts.geometry import Line, Polygon
from models.tiling import Grid
from tests.tracking.clips import SIZE, BrightBoxes, write_clip
from trinetra import clip_tracking
from trinetra.clip_places import NamedLine, NamedZone, parse_line, parse_zone
from trinetra.clip_tracking import TrackOptions, track_clip
from trinetra.following import Cues
from trinetra.track import parse_size, track

DOOR = NamedLine("door", Line((160.0, 0.0), (160.0, 240.0)))
"""Drawn downwards: whoever passes from its left hand (the right of the picture) is in."""
SHELF = NamedZone(
    "shelf", Polygon(((100.0, 150.0), (319.0, 150.0), (319.0, 239.0), (100.0, 239.0)))
)


@pytest.fixture(autouse=True)
def bright_boxes(monkeypatch: pytest.MonkeyPatch) -> BrightBoxes:
    finder = BrightBoxes()
    monkeypatch.setattr(clip_tracking, "load_detector", lambda *_, **__: finder)
    return finder


def run(options: TrackOptions, on_frame: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    return track_clip(options, lambda _: None, on_frame)


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """One person walks from left to right, another from right to left, 4 s."""
    return write_clip(
        tmp_path / "walk.mp4", lambda i: [(10 + 6 * i, 20), (270 - 6 * i, 130)], frames=40, fps=10
    )


def test_a_clip_becomes_tracks_events_video_and_summary(walk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "walk"
    summary = run(TrackOptions(walk, out, lines=(DOOR,), zones=(SHELF,)))
    assert summary["people"] == 2
    assert summary["frames"] == 40
    assert summary["detections"] == 80
    assert summary["lines"] == {"door": {"in": 1, "out": 1}}
    assert summary["zones"]["shelf"]["visits"] == 1
    assert json.loads((out / "summary.json").read_text()) == json.loads(json.dumps(summary))
    assert sorted(path.name for path in out.iterdir()) == [
        "annotated.mp4",
        "events.jsonl",
        "summary.json",
        "tracks.txt",
    ]


def test_tracks_are_in_mot_format_and_where_the_people_are(walk: Path, tmp_path: Path) -> None:
    run(TrackOptions(walk, tmp_path / "out"))
    rows = [
        [float(value) for value in line.split(",")]
        for line in (tmp_path / "out/tracks.txt").read_text().splitlines()
    ]
    assert all(len(row) == 10 and row[7:] == [-1, -1, -1] for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {row[0] for row in rows} == set(range(1, 41)), "the first frame's people at once"
    upper = {row[0]: row for row in rows if row[3] < 75}
    assert len({row[1] for row in upper.values()}) == 1
    assert upper[40][2:6] == pytest.approx([10 + 6 * 39, 20, 40, 100], abs=3)


def test_events_are_the_agents_own_envelopes(walk: Path, tmp_path: Path) -> None:
    run(TrackOptions(walk, tmp_path / "out", lines=(DOOR,), zones=(SHELF,)))
    lines = (tmp_path / "out/events.jsonl").read_bytes().splitlines()
    events = [decode_event(line) for line in lines]
    payloads = [payload_of(event) for event in events]
    crossings = [each for each in payloads if isinstance(each, LineCrossed)]
    (visit,) = (each for each in payloads if isinstance(each, ZoneVisit))
    assert sorted(each.direction for each in crossings) == ["in", "out"]
    assert [event.sequence for event in events] == list(range(len(events)))
    assert len({event.id for event in events}) == len(events)
    # The lower person's feet, 20 px right of its left edge, are in the zone until x = 100.
    assert visit.dwell_s == pytest.approx((290 - 100) / 60, abs=0.3)
    assert all(event.time.year == 1970 for event in events)


def test_the_annotated_video_has_every_frame_and_shows_boxes(walk: Path, tmp_path: Path) -> None:
    run(TrackOptions(walk, tmp_path / "out", lines=(DOOR,)))
    with av.open(str(tmp_path / "out/annotated.mp4")) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    assert len(frames) == 40
    assert frames[0].shape == (SIZE[1], SIZE[0], 3)
    spread = (frames[20].max(axis=2).astype(int) - frames[20].min(axis=2)).max()
    assert spread > 60, "a grey clip got coloured boxes"


def test_tracks_lines_and_zones_use_the_size_of_the_source(walk: Path, tmp_path: Path) -> None:
    door = NamedLine("door", Line((320.0, 0.0), (320.0, 480.0)))
    summary = run(TrackOptions(walk, tmp_path / "out", source_size=(640, 480), lines=(door,)))
    assert summary["lines"] == {"door": {"in": 1, "out": 1}}
    last = (tmp_path / "out/tracks.txt").read_text().splitlines()[-1].split(",")
    assert float(last[4]) == pytest.approx(80, abs=4)


def test_every_nth_frame_is_detected_and_all_are_shown(
    walk: Path, tmp_path: Path, bright_boxes: BrightBoxes
) -> None:
    summary = run(TrackOptions(walk, tmp_path / "out", every=2, lines=(DOOR,)))
    assert len(bright_boxes.batches) == 20
    assert summary["frames"] == 40
    assert summary["people"] == 2
    frames = {int(row.split(",")[0]) for row in (tmp_path / "out/tracks.txt").read_text().split()}
    assert frames == set(range(1, 40, 2))


def test_tiles_change_what_is_looked_at_and_not_who_is_counted(
    walk: Path, tmp_path: Path, bright_boxes: BrightBoxes
) -> None:
    summary = run(TrackOptions(walk, tmp_path / "out", tiles=Grid(2, 1)))
    assert bright_boxes.batches == [3] * 40
    assert (summary["people"], summary["tiles"]) == (2, "2x1")


def test_without_video_an_old_one_does_not_stay(walk: Path, tmp_path: Path) -> None:
    run(TrackOptions(walk, tmp_path / "out"))
    summary = run(TrackOptions(walk, tmp_path / "out", with_video=False))
    assert summary["outputs"]["video"] is None
    assert not (tmp_path / "out/annotated.mp4").exists()


def test_an_empty_clip_of_nobody_is_fine(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "empty.gif", lambda _: [], frames=5)
    summary = run(TrackOptions(video, tmp_path / "out"))
    assert (summary["people"], summary["detections"], summary["frames"]) == (0, 0, 5)
    assert (tmp_path / "out/tracks.txt").read_text() == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing(
    walk: Path, tmp_path: Path, error: type[BaseException]
) -> None:
    def interrupt(index: int) -> None:
        if index == 10:
            raise error

    with pytest.raises(error):
        run(TrackOptions(walk, tmp_path / "deep/out"), interrupt)
    assert not (tmp_path / "deep").exists()


def test_a_failure_keeps_what_an_earlier_run_wrote(walk: Path, tmp_path: Path) -> None:
    run(TrackOptions(walk, tmp_path / "out"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(TrackOptions(walk, tmp_path / "out"), interrupt)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_that_cannot_be_made_is_one_line(walk: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrinetraError, match="cannot be written"):
        run(TrackOptions(walk, tmp_path / "file" / "out"))


@pytest.mark.parametrize(
    "text",
    ["door", "door=", "door=1,2,3", "door=1,2,3,x", "door=1,2,1,2", "=1,2,3,4", "d=1,2,3,nan"],
)
def test_a_bad_line_says_what_is_expected(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--line .*expected"):
        parse_line(text)


@pytest.mark.parametrize("text", ["z=1,2,3,4", "z=1,2,3,4,5", "z", "z=a,b,c,d,e,f"])
def test_a_bad_zone_says_what_is_expected(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--zone .*expected"):
        parse_zone(text)


def test_good_places_are_read() -> None:
    assert parse_line("door=1,2.5,3,4") == NamedLine("door", Line((1, 2.5), (3, 4)))
    assert parse_zone("a b=0,0,9,0,9,9").area == Polygon(((0, 0), (9, 0), (9, 9)))


def test_two_places_of_one_name_are_refused(walk: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name of its own"):
        run(TrackOptions(walk, tmp_path / "out", lines=(DOOR, DOOR)))
    assert not (tmp_path / "out").exists()


def test_sizes() -> None:
    assert parse_size("1280x720", "--source-size") == (1280, 720)
    assert parse_size("640", "--input-size", square=True) == (640, 640)
    assert parse_size("", "--input-size") is None
    for text in ("640", "x", "0x5", "12x", "640x480x3"):
        with pytest.raises(ConfigError, match="--source-size"):
            parse_size(text, "--source-size")


def test_the_delayed_output_lies_beside_the_online_one_in_source_pixels(
    walk: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cues = Cues(moving_camera=True, appearance=True, delayed_s=1.0, join=True)
    size = (2 * SIZE[0], 3 * SIZE[1])
    summary = run(TrackOptions(walk, out, source_size=size, every=2, with_video=False, cues=cues))
    assert summary["outputs"]["delayed"] == str(out / "tracks_delayed.txt")
    rows = [
        [float(value) for value in line.split(",")]
        for line in (out / "tracks_delayed.txt").read_text().splitlines()
    ]
    assert [row[0] for row in rows] == [frame for frame in range(1, 40) for _ in (1, 2)]
    upper = [row for row in rows if row[3] < 3 * 75]
    assert {row[1] for row in upper} == {upper[0][1]}
    assert upper[-1][2:6] == pytest.approx([2 * (10 + 6 * 38), 60, 80, 300], abs=9)
    assert len((out / "tracks.txt").read_text().splitlines()) == 40
    run(TrackOptions(walk, out, with_video=False))
    assert not (out / "tracks_delayed.txt").exists(), "what an earlier run left is taken away"


def test_joining_is_a_matter_of_the_delayed_output() -> None:
    app = typer.Typer()
    app.command()(track)
    refused = CliRunner().invoke(app, ["any.mp4", "--join"])
    assert isinstance(refused.exception, ConfigError)
    assert "--delayed" in str(refused.exception)
