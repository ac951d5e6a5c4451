"""Tiles find small people, and nobody is found twice or cut in two."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contracts.errors import ConfigError
from models.detections import Detections
from models.nms import iou_matrix
from models.tiling import Grid, View, detect_tiled, fitting_grid, join, parse_tiles

Frame = NDArray[np.uint8]
Boxes = NDArray[np.float32]
WIDE, HIGH = 960, 540


@cache
def marked_frame() -> Frame:
    """A frame whose pixels say where they are, so that a tile knows its own corner."""
    y, x = np.mgrid[:HIGH, :WIDE]
    return np.stack([x % 256, y % 256, x // 256 + 16 * (y // 256)], -1).astype(np.uint8)


class Eyes:
    """Sees whatever part of a person lies in the picture, unless the person is too small in it."""

    input_size = (320, 320)

    def __init__(self, people: Boxes, least_px: float = 12.0, jitter: float = 0.0) -> None:
        self.people, self.least_px, self.jitter = people, least_px, jitter
        self.pictures = 0
        self.rng = np.random.default_rng(1)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.pictures += len(frames)
        return [self.look(frame) for frame in frames]

    def look(self, frame: Frame) -> Detections:
        x, y, far = (int(v) for v in frame[0, 0])
        corner = np.array([x + far % 16 * 256, y + far // 16 * 256] * 2, np.float32)
        high, wide = frame.shape[:2]
        moved = self.people - corner
        boxes = moved.clip(0, [wide, high, wide, high]).astype(np.float32)
        sides = boxes[:, 2:] - boxes[:, :2]
        scale = min(320 / wide, 320 / high)
        shown = (sides.prod(1) >= 0.2 * (moved[:, 2:] - moved[:, :2]).prod(1)) & (sides.min(1) > 2)
        shown &= sides[:, 1] * scale >= self.least_px
        boxes += (self.rng.uniform(-self.jitter, self.jitter, boxes.shape)).astype(np.float32)
        boxes = boxes.clip(0, [wide, high, wide, high]).astype(np.float32)
        return Detections(boxes[shown], np.full(int(shown.sum()), 0.8, np.float32), refused=1)


def people(*boxes: tuple[float, float, float, float]) -> Boxes:
    return np.array(boxes, np.float32).reshape(-1, 4)


def found_by(eyes: Eyes, grid: Grid | None) -> Boxes:
    found = detect_tiled(eyes, [marked_frame()], [grid])[0].xyxy
    return found[np.lexsort(found.T)]


@pytest.mark.parametrize("grid", [Grid(2, 1), Grid(3, 2), Grid(4, 4), Grid(1, 1)])
def test_tiles_of_one_size_cover_the_picture_and_overlap(grid: Grid) -> None:
    areas = grid.areas((WIDE, HIGH))
    assert len(areas) == grid.columns * grid.rows
    seen = np.zeros((HIGH, WIDE), int)
    for x1, y1, x2, y2 in areas:
        assert (x2 - x1, y2 - y1) == (areas[0, 2] - areas[0, 0], areas[0, 3] - areas[0, 1])
        seen[y1:y2, x1:x2] += 1
    assert seen.min() == 1
    assert seen.max() >= min(2, len(areas))


def test_a_small_person_is_found_in_a_tile_only() -> None:
    small = people((400, 200, 412, 230))
    assert len(found_by(Eyes(small), Grid(1, 1))) == 0
    np.testing.assert_allclose(found_by(Eyes(small), Grid(3, 2)), small)


def test_whoever_stands_on_a_border_is_found_once_and_whole() -> None:
    edge = Grid(2, 1).areas((WIDE, HIGH))[0][2]
    person = people((edge - 30, 200, edge + 60, 500))
    np.testing.assert_allclose(found_by(Eyes(person), Grid(2, 1)), person)


def test_pieces_that_no_view_saw_whole_are_joined() -> None:
    """Too small for the whole picture, wider than the overlap of the tiles: a lying person."""
    first, second = Grid(2, 1).areas((WIDE, HIGH))
    lying = people((second[0] - 60, 300, first[2] + 60, 330))
    np.testing.assert_allclose(found_by(Eyes(lying), Grid(2, 1)), lying)


def test_two_who_overlap_stay_two() -> None:
    pair = people((440, 100, 500, 260), (470, 100, 530, 260))
    assert 0.3 < iou_matrix(pair, pair)[0, 1] < 0.6
    np.testing.assert_allclose(found_by(Eyes(pair), Grid(2, 2)), pair[np.lexsort(pair.T)])


def test_of_one_person_in_two_views_the_better_box_stays() -> None:
    sure = View(
        np.array([0, 0, 100, 100]),
        Detections(people((10, 10, 30, 60)), np.array([0.9], np.float32)),
    )
    unsure = View(
        np.array([0, 0, 200, 100]), Detections(people((11, 9, 31, 62)), np.array([0.4], np.float32))
    )
    found = join([sure, unsure])
    assert found.xyxy.tolist() == [[10, 10, 30, 60]]
    assert found.score.tolist() == pytest.approx([0.9])


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(1, 4), rows=st.integers(1, 3))
def test_everybody_is_found_once_wherever_the_borders_run(
    seed: int, columns: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, [WIDE - 40, HIGH - 70], (40, 2))
    high = np.exp(rng.uniform(np.log(50), np.log(400), (40, 1)))
    crowd = np.hstack([corner, corner + np.hstack([high * 0.4, high])]).astype(np.float32)
    crowd = crowd.clip(0, [WIDE, HIGH, WIDE, HIGH]).astype(np.float32)
    apart = np.array(
        [i for i in range(40) if iou_matrix(crowd[i : i + 1], crowd[:i]).max(initial=0) < 0.3]
    )
    crowd = crowd[apart]
    found = found_by(Eyes(crowd, jitter=0.4), Grid(columns, rows))
    assert len(found) == len(crowd)
    assert (iou_matrix(crowd, found).max(1) > 0.85).all()


def test_all_tiles_of_all_frames_go_together_and_refusals_add_up() -> None:
    eyes = Eyes(people((100, 100, 160, 260)))
    found = detect_tiled(eyes, [marked_frame()] * 2, [Grid(2, 1), Grid(1, 1)])
    assert eyes.pictures == 3 + 1
    assert [f.refused for f in found] == [3, 1]
    assert [len(f) for f in found] == [1, 1]


@pytest.mark.parametrize(
    ("size", "bound", "grid"),
    [
        ((640, 360), (416, 416), Grid(1, 1)),
        ((1280, 720), (640, 640), Grid(2, 1)),
        ((1920, 1080), (640, 640), Grid(2, 1)),
        ((1920, 1080), (416, 416), Grid(3, 2)),
    ],
)
def test_auto_takes_no_more_tiles_than_it_needs(
    size: tuple[int, int], bound: tuple[int, int], grid: Grid
) -> None:
    assert fitting_grid(size, bound) == grid


def test_tiles_are_written_as_columns_and_rows() -> None:
    assert parse_tiles("3x2") == Grid(3, 2)
    assert parse_tiles("auto") is None


@pytest.mark.parametrize("text", ["", "3", "0x2", "9x1", "3x2x1", "x", "-1x2"])
def test_other_words_for_tiles_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected COLUMNSxROWS"):
        parse_tiles(text)
