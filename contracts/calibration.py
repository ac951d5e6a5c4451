"""How well a camera's point pairs put it on the plan: errors in cm, the pair that looks wrong.

Four pairs fit exactly, whatever they are, so their errors say nothing; five show that something
is wrong, six show which pair it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import msgspec

from contracts.errors import ConfigError
from contracts.geometry import Homography, Point, homography_from

SUSPECT_CUT = 0.4
"""A pair looks wrong when the fit without it has less than this share of the fit's error …"""
SUSPECT_LEAST_PX = 2.0
"""… and the pair itself is at least so many pixels beside that fit."""
HEIGHTS = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)


class PairError(msgspec.Struct, frozen=True, kw_only=True):
    """One point pair (`number` counts from 1): where it should be against where the fit puts it.

    `left_out_cm` is its error when the fit is made of the others; None where they fix no floor
    or put the point above the horizon.
    """

    number: int
    image: Point
    floor_m: Point
    error_cm: float
    error_px: float
    left_out_cm: float | None


class FloorError(msgspec.Struct, frozen=True, kw_only=True):
    """Floor error at a height in the middle of the picture (0 top, 1 bottom).

    `pixel_cm` is what one pixel of the feet's place is worth there, `click_cm` what one pixel
    of standard deviation in every clicked point does to the floor there. None above the horizon.
    """

    height: float
    pixel_cm: float | None
    click_cm: float | None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one camera's floor; `checked` is false for four pairs, which always fit."""

    pairs: list[PairError]
    median_cm: float
    max_cm: float
    checked: bool
    suspect: int | None
    floor: list[FloorError]
    horizon: float | None
    """Height in the middle of the picture above which there is no floor; None if outside it."""


def floor_map(image: Sequence[Point], floor: Sequence[Point]) -> Homography:
    """As `homography_from`, and `ConfigError` for a floor that is seen mirrored.

    A plan is seen from above, x to the right and y down, and so is the picture of a camera.
    The error names the pair that is to blame where there are enough pairs to tell.
    """
    try:
        return _from_above(image, floor)
    except ConfigError as error:
        blamed = _blamed(image, floor)
        hint = f"; without pair {blamed} they fit" if blamed else ""
        raise ConfigError(f"{error}{hint}") from None


def _from_above(image: Sequence[Point], floor: Sequence[Point]) -> Homography:
    homography = homography_from(image, floor)
    a, b, c, d = homography.slope(_middle(image)) or (1.0, 0.0, 0.0, 1.0)
    if a * d - b * c < 0:
        raise ConfigError(
            "floor calibration: the floor is mirrored; on the plan x runs right and y runs down, "
            "and the pairs go round in the same direction on both"
        )
    return homography


def _blamed(image: Sequence[Point], floor: Sequence[Point]) -> int | None:
    """Number of the one pair without which the others make a floor, None if it is not one."""
    if len(image) < 6 or len(image) != len(floor):
        return None
    good = []
    for k in range(len(image)):
        try:
            _from_above([*image[:k], *image[k + 1 :]], [*floor[:k], *floor[k + 1 :]])
        except ConfigError:
            continue
        good.append(k + 1)
    return good[0] if len(good) == 1 else None


def calibration_of(
    image: Sequence[Point], floor: Sequence[Point], size: tuple[int, int]
) -> Calibration:
    """Measure the point pairs of a camera with `size` pixels; `ConfigError` as for the map."""
    fit = floor_map(image, floor)
    errors = [_errors(fit, i, f, size) for i, f in zip(image, floor, strict=True)]
    without = [_fit_without(k, image, floor) for k in range(len(image))]
    pairs = [
        PairError(
            number=k + 1,
            image=image[k],
            floor_m=floor[k],
            error_cm=errors[k][0],
            error_px=errors[k][1],
            left_out_cm=_left_out_cm(other, image[k], floor[k]),
        )
        for k, other in enumerate(without)
    ]
    return Calibration(
        pairs=pairs,
        median_cm=median(pair.error_cm for pair in pairs),
        max_cm=max(pair.error_cm for pair in pairs),
        checked=len(pairs) > 4,
        suspect=_suspect(image, floor, size, errors, without),
        floor=_growth(fit, image, floor, size),
        horizon=_horizon(fit),
    )


def _middle(points: Sequence[Point]) -> Point:
    return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)


def _errors(
    fit: Homography, image: Point, floor: Point, size: tuple[int, int]
) -> tuple[float, float]:
    """Distances (cm on the floor, pixels in the picture) between a pair under a fit."""
    place, spot = fit.apply(image), fit.inverse().apply(floor)
    cm = 100 * math.dist(place, floor) if place else math.inf
    if spot is None:
        return cm, math.inf
    return cm, math.hypot((spot[0] - image[0]) * size[0], (spot[1] - image[1]) * size[1])


def _left_out_cm(fit: Homography | None, image: Point, floor: Point) -> float | None:
    place = fit.apply(image) if fit else None
    return None if place is None else 100 * math.dist(place, floor)


def _fit_without(k: int, image: Sequence[Point], floor: Sequence[Point]) -> Homography | None:
    """The fit of all pairs but one; None when what is left fixes no floor."""
    try:
        return homography_from([*image[:k], *image[k + 1 :]], [*floor[:k], *floor[k + 1 :]])
    except ConfigError:
        return None


def _suspect(
    image: Sequence[Point],
    floor: Sequence[Point],
    size: tuple[int, int],
    errors: list[tuple[float, float]],
    without: list[Homography | None],
) -> int | None:
    """Number of the pair without which the others agree; None if none stands out."""
    if len(image) < 6:
        return None
    rest = []
    for k, other in enumerate(without):
        kept = [j for j in range(len(image)) if j != k]
        squares = [_errors(other, image[j], floor[j], size)[1] ** 2 if other else 0 for j in kept]
        rest.append(math.sqrt(sum(squares) / len(kept)) if other else math.inf)
    best = min(range(len(rest)), key=rest.__getitem__)
    other = without[best]
    whole = math.sqrt(sum(px * px for _, px in errors) / len(errors))
    if other is None or rest[best] > SUSPECT_CUT * whole:
        return None
    beside = _errors(other, image[best], floor[best], size)[1]
    return best + 1 if beside >= SUSPECT_LEAST_PX else None


def _growth(
    fit: Homography, image: Sequence[Point], floor: Sequence[Point], size: tuple[int, int]
) -> list[FloorError]:
    """What a pixel is worth from the picture's bottom to its top."""
    pixel = (1 / size[0], 1 / size[1])
    moved = []
    for k in range(len(image)):
        for axis in (0, 1):
            clicks = [list(point) for point in image]
            clicks[k][axis] += pixel[axis]
            try:
                moved.append(homography_from([(x, y) for x, y in clicks], floor))
            except ConfigError:
                continue
    rows = []
    for height in HEIGHTS:
        spread = fit.spread_m((0.5, height), pixel)
        rows.append(
            FloorError(
                height=height,
                pixel_cm=None if spread is None else 100 * spread,
                click_cm=_click_cm(fit, moved, (0.5, height)),
            )
        )
    return rows


def _click_cm(fit: Homography, moved: list[Homography], spot: Point) -> float | None:
    place = fit.apply(spot)
    others = [other.apply(spot) for other in moved]
    if place is None or not all(others):
        return None
    return 100 * math.hypot(*(math.dist(place, other) for other in others if other))


def _horizon(fit: Homography) -> float | None:
    g, h, i = fit.rows[6:]
    if abs(h) < 1e-12:
        return None
    height = -(g * 0.5 + i) / h
    return height if 0 < height < 1 else None
