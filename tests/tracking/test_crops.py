from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.tracking.bytetrack import Tracks
from edge_agent.tracking.crops import LEAST_QUALITY, CropGate
from tests.tracking.scenes import Box

FRAME = np.arange(240 * 320 * 3, dtype=np.uint32).astype(np.uint8).reshape(240, 320, 3)
PERSON = (10, 20, 50, 120)


def tracks(*boxes: Box, confirmed: bool = True, ended: tuple[int, ...] = ()) -> Tracks:
    count = len(boxes)
    return Tracks(
        track_id=np.arange(1, count + 1),
        xyxy=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        score=np.ones(count),
        confirmed=np.full(count, confirmed),
        ended=np.array(ended, dtype=np.int64),
    )


def test_a_crop_holds_the_pixels_of_the_box() -> None:
    (crop,) = CropGate("till").crops(FRAME, tracks(PERSON), 5.0)
    assert (crop.camera, crop.track_id, crop.taken_at) == ("till", 1, 5.0)
    assert (crop.width, crop.height) == (40, 100)
    assert crop.pixels == FRAME[20:120, 10:50].tobytes()
    assert crop.quality == pytest.approx(1.0)


def test_a_track_is_cropped_once_a_second_at_most() -> None:
    gate = CropGate("till")
    times_s = [0.1 * step for step in range(31)]
    taken = [t for t in times_s if list(gate.crops(FRAME, tracks(PERSON), t))]
    assert taken == pytest.approx([0.0, 1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("boxes", "why"),
    [
        (((10, 20, 20, 60),), "too narrow"),
        (((10, 20, 24, 48),), "too low"),
        (((10, 20, 110, 120),), "as wide as high: half a person or two"),
        (((-30, 20, 20, 120),), "cut in half by the left border"),
        (((10, 185, 60, 285),), "cut in half by the lower border"),
        (((10, 20, 60, 120), (30, 20, 80, 120)), "two people beside each other, in one crop"),
    ],
)
def test_poor_crops_are_left_out(boxes: tuple[Box, ...], why: str) -> None:
    assert not list(CropGate("till").crops(FRAME, tracks(*boxes), 0.0)), why


def test_who_stands_behind_somebody_is_left_out_but_not_who_stands_in_front() -> None:
    behind, in_front = (30, 20, 70, 120), (40, 30, 90, 150)
    (crop,) = CropGate("till").crops(FRAME, tracks(behind, in_front), 0.0)
    assert crop.track_id == 2


def test_a_blurred_crop_is_left_out_until_it_is_sharp() -> None:
    gate = CropGate("till")
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 12), np.uint8)
    assert not list(gate.crops(blurred, tracks(PERSON), 0.0))
    assert len(list(gate.crops(noise, tracks(PERSON), 0.1))) == 1


def test_a_tentative_track_is_not_cropped() -> None:
    assert not list(CropGate("till").crops(FRAME, tracks(PERSON, confirmed=False), 0.0))


def test_a_large_crop_is_made_smaller() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), np.uint8)
    (crop,) = CropGate("till").crops(frame, tracks((100, 10, 500, 1070)), 0.0)
    assert (crop.width, crop.height) == (97, 256)
    assert len(crop.pixels) == 97 * 256 * 3


def test_a_poorer_crop_has_less_quality() -> None:
    (whole,) = CropGate("till").crops(FRAME, tracks((10, 20, 50, 120)), 0.0)
    (cut,) = CropGate("till").crops(FRAME, tracks((-10, 20, 30, 120)), 0.0)
    assert LEAST_QUALITY <= cut.quality < whole.quality


def test_ended_tracks_are_forgotten() -> None:
    gate = CropGate("till")
    list(gate.crops(FRAME, tracks(PERSON), 0.0))
    again = list(gate.crops(FRAME, tracks(PERSON, ended=(1,)), 0.1))
    assert len(again) == 1
