"""The detector's training set: labels that fit, shops that differ, the same again by seed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from simulator.dataset import write_dataset
from simulator.variety import shop_of


def test_pictures_and_labels_come_in_pairs_and_again_the_same(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        assert write_dataset(tmp_path / folder, range(3, 5), 1) == 2
    pictures = sorted((tmp_path / "one" / "images").iterdir())
    assert len(pictures) == 2
    boxes = 0
    for path in pictures:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (360, 640, 3)
        for kind in ("labels", "ignore"):
            name = f"{kind}/{path.stem}.txt"
            text = (tmp_path / "one" / name).read_text()
            assert text == (tmp_path / "two" / name).read_text()
            for line in text.splitlines():
                category, cx, cy, w, h = (float(part) for part in line.split())
                assert category == 0
                assert -1e-4 <= cx - w / 2 < cx + w / 2 <= 1 + 1e-4
                assert -1e-4 <= cy - h / 2 < cy + h / 2 <= 1 + 1e-4
                boxes += 1
        assert path.read_bytes() == (tmp_path / "two" / "images" / path.name).read_bytes()
    assert boxes > 0


def test_shops_differ_by_seed() -> None:
    shops = [shop_of(seed) for seed in range(8)]
    assert len({shop.cameras[0].position_m for shop in shops}) == 8
    assert len({shop.width_m for shop in shops}) == 5


def test_free_plans_leave_room_to_stand() -> None:
    for seed in range(1, 21, 2):
        shop = shop_of(seed)
        grid = [
            any(f.contains(x, y) for f in shop.fixtures)
            for x in np.arange(0.5, shop.width_m, 0.5)
            for y in np.arange(0.5, shop.depth_m, 0.5)
        ]
        assert np.mean(grid) < 0.6
