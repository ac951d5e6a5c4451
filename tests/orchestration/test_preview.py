"""The heatmap's picture for Dagster's UI."""

from __future__ import annotations

import base64
import datetime as dt
import re

import cv2
import numpy as np

from orchestration.defs.events.preview import heatmap_preview, png
from orchestration.defs.events.regions import region_of
from tests.orchestration.conftest import Cloud
from tests.orchestration.landing import Shop

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


def test_the_picture_has_a_square_per_cell_and_white_where_nobody_was() -> None:
    picture = cv2.imdecode(np.frombuffer(png({(0, 0): 9.0, (2, 1): 0.5}), np.uint8), 1)
    assert picture is not None
    assert picture.shape == (12, 18, 3)
    assert picture[0, 0].tolist() == [37, 231, 253]  # BGR of viridis' end
    assert picture[0, 17].tolist() == [255, 255, 255]
    assert picture[11, 17].tolist() != [255, 255, 255]


def test_the_busiest_store_is_shown(cloud: Cloud) -> None:
    shop = Shop()
    cloud.land(shop, [shop.presence(NOON, [(1, 1, 5.0)])])
    assert cloud.materialize().failed == ""
    metadata = heatmap_preview(cloud.database, NOON.date(), region_of("shop"))
    text = str(metadata["preview"].value)
    assert text.endswith("shop, 2026-03-10")
    found = re.search(r"base64,([^)]+)\)", text)
    assert found is not None
    assert base64.b64decode(found[1]).startswith(b"\x89PNG")
    assert heatmap_preview(cloud.database, NOON.date(), "r15") == {}
