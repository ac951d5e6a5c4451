"""Steps over the time of day, and text, for a day's picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from simulator.days.day import Day

Image = npt.NDArray[np.uint8]
Bgr = tuple[int, int, int]
Series = tuple[str, Bgr, Sequence[float]]

MARGIN = 60
CHART_PX = 150
MOST_TICKS = 12
TICKS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800)
PAPER: Bgr = (250, 250, 250)
INK: Bgr = (40, 40, 40)
GREY: Bgr = (120, 120, 120)
PALE: Bgr = (222, 222, 222)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def ticks_of(day: Day) -> list[float]:
    """UNIX times in the window, at most MOST_TICKS steps, on whole minutes of the local day."""
    step = next((s for s in TICKS_S if day.seconds / s <= MOST_TICKS), TICKS_S[-1])
    first = day.midnight + ceil((day.begins_at - day.midnight) / step) * step
    return [float(at_s) for at_s in np.arange(first, day.ends_at + 1e-6, step)]


def draw_chart(
    image: Image,
    day: Day,
    top: int,
    title: str,
    begins: Sequence[float],
    series: Sequence[Series],
) -> None:
    """One unit's steps over the window, CHART_PX high; more than one series are named."""
    left, right, bottom = MARGIN, image.shape[1] - MARGIN, top + CHART_PX
    # an even end, so that the middle is a whole number, too
    highest = 2 * ceil(max([1.0, *(value for *_, values in series for value in values)]) / 2)
    high = CHART_PX - 20
    text(image, title, (left, top - 2), 0.5, INK)
    for label in (0, highest // 2, highest):
        y = round(bottom - label / highest * high)
        cv2.line(image, (left, y), (right, y), PALE, 1)
        text(image, str(label), (left - 10, y + 4), 0.4, GREY, right=True)

    def x_of(at_s: float) -> int:
        return round(left + (at_s - day.begins_at) / day.seconds * float(right - left))

    for at_s in ticks_of(day):
        cv2.line(image, (x_of(at_s), bottom), (x_of(at_s), bottom + 4), GREY, 1)
        text(image, clock(day, at_s), (x_of(at_s) - 16, bottom + 18), 0.4, GREY)
    for number, (name, colour, values) in enumerate(series):
        points = []
        for begin, end, value in zip(begins, [*begins[1:], day.ends_at], values, strict=True):
            y = round(bottom - value / highest * high)
            points += [(x_of(begin), y), (x_of(end), y)]
        cv2.polylines(image, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)
        if len(series) > 1:
            text(image, name, (right - 150 * (len(series) - 1 - number), top - 2), 0.45, colour,
                 right=True)  # fmt: skip


def clock(day: Day, at_s: float) -> str:
    """Local HH:MM."""
    return datetime.fromtimestamp(at_s, day.zone).strftime("%H:%M")


def text(
    image: Image,
    words: str,
    at: tuple[int, int],
    size: float,
    colour: Bgr,
    *,
    right: bool = False,
    plate: bool = False,
) -> None:
    """Words whose base line begins at `at`, or ends there; `plate` keeps them legible on lines."""
    (wide, high), low = cv2.getTextSize(words, FONT, size, 1)
    if right:
        at = (at[0] - wide, at[1])
    if plate:
        corners = (at[0] - 2, at[1] - high - 2), (at[0] + wide + 2, at[1] + low)
        cv2.rectangle(image, *corners, PAPER, -1)
    cv2.putText(image, words, at, FONT, size, colour, 1, cv2.LINE_AA)
