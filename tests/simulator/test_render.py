"""Pictures: equal for equal seeds, occlusion right, and people that a real detector finds."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]
import pytest

from simulator.backdrop import Backdrop, backdrop_of
from simulator.body import Figure
from simulator.cameras import Camera, camera_of
from simulator.looks import look_of
from simulator.plan import Scenario
from simulator.render import Renderer, Seen, Standing
from simulator.skeleton import Pose
from simulator.textures import Style
from simulator.world import simulate

Picture = npt.NDArray[np.uint8]
SURE = 0.3


@pytest.fixture(scope="module")
def cameras(scenario: Scenario) -> dict[str, Camera]:
    return {lens.id: camera_of(lens) for lens in scenario.cameras}


@pytest.fixture(scope="module")
def backdrops(scenario: Scenario, cameras: dict[str, Camera]) -> dict[str, Backdrop]:
    return {name: backdrop_of(scenario, camera, Style()) for name, camera in cameras.items()}


def person(x: float, y: float, number: int = 0) -> tuple[Standing, Figure]:
    return Standing(number, x, y, 0.4, Pose(1.0, 1.0)), Figure(look_of(number))


def test_the_floor_is_as_far_as_the_pinhole_says(
    cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    camera, backdrop = cameras["floor"], backdrops["floor"]
    rows, columns = np.nonzero(backdrop.floor)
    for row, column in list(zip(rows.tolist(), columns.tolist(), strict=True))[::5000]:
        point = camera.floor_point((column + 0.5, row + 0.5))
        assert point is not None
        _, depth = camera.project((*point, 0.0))
        assert backdrop.depth_m[row, column] == pytest.approx(depth, rel=0.03)


def test_equal_arguments_give_equal_pictures(
    cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    def draw(seed: int) -> Picture:
        renderer = Renderer(cameras["south"], backdrops["south"], Style(), seed)
        return renderer.draw([person(11, 8)], 3, "CAM")[0]

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_a_shelf_hides_who_stands_behind_it(
    scenario: Scenario, cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    renderer = Renderer(cameras["floor"], backdrops["floor"], Style())
    x0, y0, x1, y1 = next(f for f in scenario.fixtures if f.name == "shelf east").rect
    _, behind = renderer.draw([person((x0 + x1) / 2, y0 - 0.35)], 0)
    _, before = renderer.draw([person((x0 + x1) / 2, y1 + 0.5)], 0)
    assert behind[0].share < 0.7
    assert before[0].share == pytest.approx(1.0, abs=0.02)


def test_the_nearer_person_hides_the_farther_one(
    cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    camera = cameras["floor"]
    renderer = Renderer(camera, backdrops["floor"], Style())
    away = np.array([11.0, 5.0]) - camera.position_m[:2]
    near, far = ((camera.position_m[:2] + away * factor).tolist() for factor in (1.0, 1.12))
    _, seen = renderer.draw([person(near[0], near[1], 1), person(far[0], far[1], 2)], 0)
    shares = {each.person: each.share for each in seen}
    assert shares[1] == pytest.approx(1.0, abs=0.02)
    assert shares[2] < 0.6


def test_the_visible_box_lies_in_the_whole_box(
    cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    renderer = Renderer(cameras["north"], backdrops["north"], Style())
    _, seen = renderer.draw([person(4 + i, 3 - i / 2, i) for i in range(3)], 0)
    assert len(seen) == 3
    for each in seen:
        assert each.visible is not None
        assert all(a <= b + 2 for a, b in zip(each.whole[:2], each.visible[:2], strict=True))
        assert all(a >= b - 2 for a, b in zip(each.whole[2:], each.visible[2:], strict=True))


def test_feet_stand_on_the_box_of_a_standing_person(
    cameras: dict[str, Camera], backdrops: dict[str, Backdrop]
) -> None:
    """The anchor point of the rules, bottom-centre, is near the floor point of the truth."""
    camera = cameras["north"]
    renderer = Renderer(camera, backdrops["north"], Style())
    for index, (x, y) in enumerate([(4.0, 1.5), (5.0, 2.5), (4.5, 0.5)]):
        standing = Standing(index, x, y, 0.0, Pose())
        _, seen = renderer.draw([(standing, Figure(look_of(index)))], 0)
        x0, _, x1, y1 = seen[0].whole
        floor = camera.floor_point(((x0 + x1) / 2, y1))
        assert floor is not None
        assert math.dist(floor, (x, y)) < 0.35


def test_a_figure_is_as_tall_as_its_look_says() -> None:
    for seed in range(30):
        look = look_of(seed)
        tall = np.ptp(Figure(look).vertices(Pose())[:, 2])
        assert tall == pytest.approx(look.height_m, rel=0.06)
        assert 1.5 <= look.height_m <= 1.95


@pytest.mark.slow
def test_the_reference_detector_finds_the_people(
    scenario: Scenario, cameras: dict[str, Camera], backdrops: dict[str, Backdrop], rtmdet: Path
) -> None:
    session = ort.InferenceSession(str(rtmdet), providers=["CPUExecutionProvider"])
    world = simulate(scenario, 21, 20)
    figures = [Figure(look_of(look)) for look in world.looks]
    found = present = 0
    for name, camera in cameras.items():
        renderer = Renderer(camera, backdrops[name], Style())
        for frame in range(0, world.frames, 20):
            people = [(each, figures[each.person]) for each in world.people_at(frame)]
            picture, seen = renderer.draw(people, frame)
            wanted = [each for each in seen if each.share >= 0.5]
            found += matched(wanted, detect(session, picture))
            present += len(wanted)
    assert present > 80
    assert found / present > 0.8


def detect(session: ort.InferenceSession, picture: Picture) -> list[tuple[float, ...]]:
    """Boxes of the reference detector at 640 x 384, score >= `SURE`."""
    padded = np.full((384, 640, 3), 114, np.float32)
    padded[: picture.shape[0]] = picture
    mean = np.array((103.53, 116.28, 123.675), np.float32)
    deviation = np.array((57.375, 57.12, 58.395), np.float32)
    batch = ((padded - mean) / deviation).transpose(2, 0, 1)[None]
    boxes, labels = session.run(None, {"input": batch})
    return [tuple(b) for b in boxes[0][labels[0] == 0].tolist() if b[4] >= SURE]


def matched(seen: list[Seen], boxes: list[tuple[float, ...]]) -> int:
    """People with a box of their own at IoU 0.5."""
    left = list(seen)
    for box in sorted(boxes, key=lambda each: -each[4]):
        best = max(left, key=lambda each: overlap(each, box), default=None)
        if best is not None and overlap(best, box) >= 0.5:
            left.remove(best)
    return len(seen) - len(left)


def overlap(seen: Seen, box: tuple[float, ...]) -> float:
    assert seen.visible is not None
    a, b = seen.visible, box
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (areas - w * h)


def test_opencv_draws_what_we_think_it_draws() -> None:
    """Four channels and sub-pixel corners in `fillConvexPoly`, on which figures rest."""
    canvas = np.zeros((8, 8, 4), np.uint8)
    corners = np.array([[16, 16], [32, 16], [32, 32], [16, 32]], np.int32)
    cv2.fillConvexPoly(canvas, corners, (1, 2, 3, 255), cv2.LINE_8, 3)
    assert canvas[3, 3].tolist() == [1, 2, 3, 255]
    assert canvas[6, 6, 3] == 0
