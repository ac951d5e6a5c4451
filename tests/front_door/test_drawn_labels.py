"""Labels that stay legible beside the header of an annotated video."""

from __future__ import annotations

import numpy as np
import pytest

from trinetra.drawing import Image, Person, Scene, colour_of, draw

HEADER = ("Now 3", "Total 12", "00:01.5")
WIDE, HIGH = 640, 360


def drawn(corners: tuple[float, float, float, float], header: tuple[str, ...]) -> Image:
    image = np.zeros((HIGH, WIDE, 3), np.uint8)
    draw(image, Scene((Person(8, corners, confirmed=True),), (), (), header))
    return image


def paper_of(image: Image) -> int:
    """Pixels of the tag's paper, which is a little darker than the box's line."""
    near = np.abs(image.astype(int) - 0.85 * np.array(colour_of(8))).max(axis=2)
    return int((near <= 2).sum())


def test_a_person_away_from_the_header_is_drawn_as_without_it() -> None:
    away = (400.0, 100.0, 440.0, 200.0)
    with_header, alone = drawn(away, HEADER), drawn(away, ())
    assert paper_of(with_header) == paper_of(alone) > 50
    assert (with_header[60:, 300:] == alone[60:, 300:]).all()


@pytest.mark.parametrize("top", [-40.0, 0.0, 5.0, 12.0, 20.0, 30.0, 38.0, 60.0])
@pytest.mark.parametrize("left", [0.0, 20.0, 100.0])
def test_the_header_covers_no_tag(top: float, left: float) -> None:
    at = (left, top, left + 60, top + 250)
    # a tag in the box lies on two of its lines, which shine through
    assert paper_of(drawn(at, HEADER)) >= 0.6 * paper_of(drawn((400.0, 100.0, 460.0, 350.0), ()))


def test_the_tag_is_in_the_box_under_the_header() -> None:
    image = drawn((20.0, 10.0, 80.0, 300.0), HEADER)
    rows, columns = np.nonzero(
        np.abs(image.astype(int) - 0.85 * np.array(colour_of(8))).max(axis=2) <= 2
    )
    assert 20 <= np.median(columns) <= 80
    assert 20 <= np.median(rows) <= 60
