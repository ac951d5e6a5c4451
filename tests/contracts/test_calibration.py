"""Errors in cm, the wrong pair by name, and what is refused."""

from __future__ import annotations

import math

import pytest

from contracts.calibration import calibration_of, floor_map
from contracts.errors import ConfigError
from contracts.geometry import Homography, Point

SIZE = (640, 360)
TO_PICTURE = Homography((0.05, 0.0, 0.2, 0.0, 0.04, 0.25, 0.0, -0.05, 1.0))
FLOOR: list[Point] = [(0, 0), (8, 0), (8, 8), (0, 8), (4, 3), (2, 6), (6, 5)]
IMAGE = [TO_PICTURE.apply(place) or (9.0, 9.0) for place in FLOOR]


def test_exact_pairs_have_no_error() -> None:
    found = calibration_of(IMAGE, FLOOR, SIZE)
    assert found.max_cm < 1e-4
    assert found.checked
    assert found.suspect is None
    assert [pair.number for pair in found.pairs] == [1, 2, 3, 4, 5, 6, 7]


def test_four_pairs_say_nothing_about_their_error() -> None:
    found = calibration_of(IMAGE[:4], FLOOR[:4], SIZE)
    assert not found.checked
    assert found.suspect is None
    assert all(pair.left_out_cm is None for pair in found.pairs)


@pytest.mark.parametrize("wrong", range(7))
def test_the_pair_measured_half_a_metre_off_is_named(wrong: int) -> None:
    floor = list(FLOOR)
    floor[wrong] = (floor[wrong][0] + 0.5, floor[wrong][1])
    found = calibration_of(IMAGE, floor, SIZE)
    assert found.suspect == wrong + 1
    assert found.pairs[wrong].left_out_cm == pytest.approx(50, abs=1e-3)
    assert found.max_cm > 5


def test_small_errors_everywhere_accuse_nobody() -> None:
    off = (0.002, -0.001, 0.0015, -0.002, 0.001, -0.0015, 0.002)
    image = [(x + dx, y - dx) for (x, y), dx in zip(IMAGE, off, strict=True)]
    found = calibration_of(image, FLOOR, SIZE)
    assert found.suspect is None
    assert 0.5 < found.median_cm < 20


def test_the_floor_gets_coarser_towards_the_top_and_ends_at_the_horizon() -> None:
    picture = Homography((0.5, -0.3, 0.2, 0.0, -0.2, 0.9, 0.0, -0.5, 1.0))
    floor: list[Point] = [(-1, 0), (1, 0), (1, -6), (-1, -6), (0, -2), (0.5, -4)]
    image = [picture.apply(place) or (9.0, 9.0) for place in floor]
    found = calibration_of(image, floor, SIZE)
    worth = [row.pixel_cm for row in found.floor]
    known = [cm for cm in worth if cm is not None]
    assert worth[-1] is None
    assert known == sorted(known)
    assert known[-1] > 3 * known[0]
    assert found.horizon == pytest.approx(0.4, abs=1e-6)


def test_clicks_matter_more_far_from_where_they_are() -> None:
    found = calibration_of(IMAGE, FLOOR, SIZE)
    clicks = [row.click_cm for row in found.floor]
    assert clicks[-1] is not None
    assert clicks[1] is not None
    assert clicks[-1] > clicks[1] > 0


def test_a_mirrored_floor_is_refused() -> None:
    with pytest.raises(ConfigError, match="mirrored"):
        floor_map(IMAGE, [(-x, y) for x, y in FLOOR])


def test_points_on_a_line_are_refused() -> None:
    line: list[Point] = [(k, 2 * k) for k in range(6)]
    with pytest.raises(ConfigError, match="on one line"):
        floor_map(line, line)


def test_a_refusal_names_the_one_pair_to_blame() -> None:
    floor = list(FLOOR)
    floor[4] = (4, -60)
    with pytest.raises(ConfigError, match="without pair 5 they fit"):
        floor_map(IMAGE, floor)


def test_what_is_written_is_finite_or_nothing() -> None:
    floor = [(x + 3 * math.sin(k), y) for k, (x, y) in enumerate(FLOOR)]
    found = calibration_of(IMAGE, floor, SIZE)
    numbers = [pair.error_cm for pair in found.pairs] + [pair.error_px for pair in found.pairs]
    assert all(map(math.isfinite, numbers))
