"""Stores for tests: two cameras look straight down on a plan of 8 × 4 m and overlap by 2 m."""

from __future__ import annotations

from contracts.store import StoreConfig, parse_store

STORE = """
[store]
id = "shop"
name = "Corner shop"
time_zone = "Europe/Berlin"

[floor_plan]
width_m = 8.0
depth_m = 4.0
cell_m = 0.5
fixtures = [{ name = "shelf", kind = "shelf", polygon_m = [[1, 1], [2, 1], [2, 2], [1, 2]] }]

[[cameras]]
id = "left"
url = "rtsp://10.0.0.2/1"
image_points = [[0, 0], [1, 0], [1, 1], [0, 1]]
floor_points = [[0, 0], [5, 0], [5, 4], [0, 4]]

[[cameras]]
id = "right"
url = "rtsp://10.0.0.3/1"
size = [1280, 720]
image_points = [[0, 0], [1, 0], [1, 1], [0, 1]]
floor_points = [[3, 0], [8, 0], [8, 4], [3, 4]]

[[doors]]
name = "main"
camera = "left"
outer = [[0.2, 0.45], [0.8, 0.45]]
inner = [[0.2, 0.55], [0.8, 0.55]]

[[zones]]
name = "till"
camera = "left"
polygon_m = [[0, 2], [4, 2], [4, 4], [0, 4]]
min_dwell_s = 1.0

[[zones]]
name = "shelf"
camera = "right"
polygon = [[0.5, 0.0], [1.0, 0.0], [1.0, 0.5]]

[agent]
tile_s = 60.0
occupancy_s = 30.0
"""


def shop(extra: str = "") -> StoreConfig:
    """The store, with `extra` TOML appended."""
    return parse_store(STORE + extra)
