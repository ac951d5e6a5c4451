"""Files play like cameras: in real time, once, to their end; bad ones are one clear line."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import ConfigError, SourceError
from edge_agent.agent import check_source, config_for_source, run_agent
from tests.edge_core import samples
from tests.fakes.clip import picture, write_clip
from tests.ingest.conftest import Watch


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at twenty frames a second, 320 × 240."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=3.0, fps=20)


def test_a_file_plays_in_real_time_and_ends(clip: Path, watch: Watch) -> None:
    ingest = watch(str(clip), fps=10.0, size=(320, 240))
    ingest.until(lambda one: len(one.frames) >= 1)
    began = time.monotonic()
    ingest.until_state("ended", 15)
    assert 2.0 < time.monotonic() - began < 5.0
    ingest.until(lambda one: not one.alive and len(one.frames) == 30)
    assert ingest.failure is None
    assert [one.index for one in ingest.frames] == list(range(30))
    steps = np.diff([one.taken_at for one in ingest.frames])
    assert steps == pytest.approx(0.1, abs=1e-6)
    ingest.until(lambda one: one.counters.get('frames_total{camera="till"}') == 30)
    assert ingest.counters['dropped_frames_total{camera="till",reason="sampling"}'] == 30
    observed = sum(one.observed_s for one in ingest.reports)
    assert observed == pytest.approx(2.9, abs=0.4)
    assert ingest.reports[-1].state == "ended"


def test_colours_and_places_survive_the_way(clip: Path, watch: Watch) -> None:
    ingest = watch(str(clip), fps=10.0, size=(320, 240))
    for checked in range(5):
        ingest.until_frames(checked + 1)
        header = ingest.frames[checked]
        found = ingest.ring.view(header.slot, header.stamp)
        assert found is not None
        wanted = picture(2 * checked).astype(int)
        assert np.abs(found.astype(int) - wanted).mean() < 6


def test_a_restarted_worker_goes_on_where_the_file_would_be(clip: Path, watch: Watch) -> None:
    first = watch(str(clip), fps=10.0)
    first.until(lambda one: len(one.frames) >= 8)
    first.close()
    seen = {round(one.taken_at, 3) for one in first.frames}
    time.sleep(1.2)
    second = watch(str(clip), fps=10.0)
    second.until(lambda one: not one.alive and one.last_state == "ended")
    again = [round(one.taken_at, 3) for one in second.frames]
    assert again, "the rest of the file was played"
    assert min(again) > max(seen) + 0.2, "no moment is seen twice"


def test_a_worker_restarted_after_the_end_just_ends(clip: Path, watch: Watch) -> None:
    first = watch(str(clip), fps=10.0)
    first.until(lambda one: len(one.frames) >= 2)
    first.close()
    time.sleep(3.5)
    second = watch(str(clip), fps=10.0)
    second.until(lambda one: not one.alive and one.last_state == "ended")
    assert second.frames == []


def test_files_that_cannot_be_played_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "empty.mp4").touch()
    for path, reason in (
        (tmp_path / "none.mp4", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "text.mp4", "not a video that can be read"),
        (tmp_path / "empty.mp4", "not a video that can be read"),
    ):
        with pytest.raises(SourceError) as caught:
            check_source(str(path))
        assert str(caught.value) == f"{path}: {reason}"


def test_a_cut_file_is_refused_or_played_to_the_cut(clip: Path, tmp_path: Path) -> None:
    whole = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError):
        check_source(str(tmp_path / "cut.mp4"))


def test_nothing_is_started_for_a_missing_file(tmp_path: Path) -> None:
    config = samples.store(tmp_path / "data", str(tmp_path / "none.mp4"))
    with pytest.raises(SourceError, match=r"camera cam0: .*no such file"):
        run_agent(config)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/video", "rtsp://8.8.8.8/x", "rtsp://u:p@10.0.0.1/", "rtsp://"]
)
def test_cameras_that_may_never_be_dialled_are_refused_before_the_start(
    url: str, tmp_path: Path
) -> None:
    config = samples.store(tmp_path / "data", url)
    with pytest.raises((SourceError, ConfigError), match="cam0"):
        run_agent(config)
    assert not (tmp_path / "data").exists()


def test_one_source_becomes_a_configuration(clip: Path, tmp_path: Path) -> None:
    config = config_for_source(str(clip), tmp_path)
    (camera,) = config.cameras
    assert (camera.size, camera.url, config.doors) == ((640, 480), str(clip), ())
    live = config_for_source("rtsp://10.0.0.1/x", tmp_path, credentials="env:LOGIN")
    assert live.cameras[0].size == (640, 360)
    assert live.cameras[0].credentials == "env:LOGIN"


def test_real_clips_of_every_kind_play(shared_assets: Path, watch: Watch) -> None:
    gif = shared_assets / "videos" / "worker_zone_480x270.gif"
    ingest = watch(str(gif), fps=8.0)
    ingest.until(lambda one: len(one.frames) >= 8)
    header = ingest.frames[-1]
    assert ingest.ring.view(header.slot, header.stamp) is not None
    assert check_source(str(gif)).width == 480
