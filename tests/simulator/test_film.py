"""Films: as many frames as promised, key frames where a client may begin, boxes on people."""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from contracts.errors import SourceError
from simulator.film import HOLD_FRAMES, Film, Packets, make_films
from simulator.plan import Scenario
from tests.simulator.conftest import FILM_SECONDS

FRAMES = round(FILM_SECONDS * 10)


def packets_of(film: Film) -> Packets:
    return msgspec.json.decode(film.h264.with_suffix(".packets.json").read_bytes(), type=Packets)


def test_every_camera_has_a_film_of_the_promised_length(films: dict[str, Film]) -> None:
    assert set(films) == {"north", "south", "floor"}
    for film in films.values():
        with av.open(str(film.mp4)) as container:
            times = [float(frame.time or 0) for frame in container.decode(video=0)]
        assert len(times) == FRAMES
        assert np.allclose(np.diff(times), 0.1)


def test_progress_reaches_the_whole_and_never_goes_back(
    films: dict[str, Film], reports: list[tuple[int, int]]
) -> None:
    assert reports[-1] == (3 * FRAMES, 3 * FRAMES)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def test_raw_units_fit_the_file_and_begin_with_key_frames(films: dict[str, Film]) -> None:
    for film in films.values():
        packets = packets_of(film)
        content = film.h264.read_bytes()
        assert sum(packets.sizes) == len(content)
        assert len(packets.sizes) == packets.frames + 2 * HOLD_FRAMES
        starts = np.cumsum([0, *packets.sizes[:-1]]).tolist()
        for number, start in enumerate(starts):
            assert content[start : start + 5] == b"\x00\x00\x00\x01\x09"
            if number <= HOLD_FRAMES or number >= HOLD_FRAMES + packets.frames:
                assert b"\x00\x00\x01\x65" in content[start : start + packets.sizes[number]]


def test_boxes_are_where_the_people_are(films: dict[str, Film]) -> None:
    """The picture inside the box of a well visible person differs from the empty shop."""
    film = films["floor"]
    with av.open(str(film.mp4)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    empty = np.median(np.stack(pictures).astype(np.float64), axis=0)
    shares = []
    for box in film.boxes.rows:
        if box.visible < 0.95 or box.frame % 10 or box.x < 0 or box.y < 0:
            continue
        part = np.s_[int(box.y) : int(box.y + box.h), int(box.x) : int(box.x + box.w)]
        change = np.abs(pictures[box.frame][part].astype(float) - empty[part]) > 25
        shares.append(change.mean())
    assert len(shares) > 5
    assert max(shares) > 0.3


def test_boxes_have_the_size_of_people(films: dict[str, Film]) -> None:
    for film in films.values():
        for box in film.boxes.rows:
            assert 0 <= box.visible <= 1
            assert 0.8 < box.h / box.w < 7


def test_a_renderer_that_dies_is_one_clear_error(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = msgspec.structs.replace(
        scenario,
        cameras=(msgspec.structs.replace(scenario.cameras[0], size=(0, 0)),),
    )
    with pytest.raises(SourceError, match="renderer stopped"):
        make_films(broken, 1, 1.0, tmp_path)
