"""The floor point under a head, from nothing but a floor calibration."""

from __future__ import annotations

import math

import pytest

from contracts.geometry import Homography, homography_from
from contracts.heads import BODY_M, BODY_SPREAD_M, heads_of
from simulator.cameras import camera_of
from simulator.plan import Lens

SIZE = (640, 360)
CAMERA = camera_of(
    Lens(
        id="north",
        name="North",
        position_m=(6.9, 6.2, 3.2),
        look_at_m=(4.0, 1.2, 0.6),
        hfov_deg=78.0,
        size=SIZE,
    )
)
FLOOR = homography_from(*CAMERA.calibration)


def _picture(x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
    (x, y), _ = CAMERA.project((x_m, y_m, z_m))
    return float(x) / SIZE[0], float(y) / SIZE[1]


def test_the_whole_camera_follows_from_the_floor() -> None:
    heads = heads_of(FLOOR, SIZE)
    assert heads is not None
    assert heads.camera_m == pytest.approx((6.9, 6.2), abs=1e-6)
    assert heads.height_m == pytest.approx(3.2, abs=1e-6)


@pytest.mark.parametrize("place", [(4.0, 1.2), (5.0, 3.0), (2.0, 2.0)])
def test_people_stand_below_their_heads(place: tuple[float, float]) -> None:
    heads = heads_of(FLOOR, SIZE)
    assert heads is not None
    found = heads.floor_of(_picture(*place, BODY_M))
    assert found is not None
    assert found[0] == pytest.approx(place, abs=1e-6)
    shorter = heads.floor_of(_picture(*place, BODY_M - BODY_SPREAD_M))
    assert shorter is not None
    assert math.dist(shorter[0], place) == pytest.approx(found[1], rel=0.5)


def test_a_camera_that_looks_straight_down_tells_nothing() -> None:
    flat = homography_from([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (5, 0), (5, 4), (0, 4)])
    assert heads_of(flat, SIZE) is None
    assert heads_of(Homography((1, 0, 0, 1, 0, 0, 0, 0, 1)), SIZE) is None
