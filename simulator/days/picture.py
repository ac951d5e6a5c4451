"""One picture of a day: where people walked, what a camera saw, arrivals and lines."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from datetime import datetime

import cv2
import numpy as np
import numpy.typing as npt

from simulator.days.day import Day
from simulator.days.paths import Array
from simulator.days.records import DayTruth
from simulator.days.snapshot import fullest

Image = npt.NDArray[np.uint8]
Bgr = tuple[int, int, int]

WIDTH, MARGIN = 1440, 60
PLAN_PX = 900
CHART_PX = 200
PATHS = 160
HOURS_STEP_S, MINUTES_STEP_S, LONG_S = 900.0, 120.0, 3 * 3600.0
PAPER, INK, GREY, PALE = (250, 250, 250), (40, 40, 40), (150, 150, 150), (222, 222, 222)
SHELF: Bgr = (196, 204, 212)
BLUE, ORANGE, GREEN, RED = (180, 120, 40), (30, 120, 230), (80, 140, 50), (60, 60, 200)
QUEUE_COLOURS = (GREEN, RED, BLUE, ORANGE)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def picture_of(day: Day, truth: DayTruth) -> Image:
    """The whole picture (H, W, 3) BGR; at most PATHS people are drawn, staff in red."""
    plan = day.scenario.plan
    scale = PLAN_PX / plan.width_m
    outside = round(2.4 * scale)
    tall = round(plan.depth_m * scale) + 2 * outside
    image = np.full((tall + 2 * (CHART_PX + MARGIN) + MARGIN, WIDTH, 3), PAPER, np.uint8)
    _plan(image, day, scale, (MARGIN, outside))
    _paths(image, day, scale, (MARGIN, outside))
    _facts(image, day, truth, PLAN_PX + 2 * MARGIN)
    _view(image, day, PLAN_PX + 2 * MARGIN, tall)
    step_s = HOURS_STEP_S if day.seconds > LONG_S else MINUTES_STEP_S
    begins, entries, inside = _arrivals(day, truth, step_s)
    top = tall + MARGIN // 2
    counts = [("entries", BLUE, entries), ("customers inside", ORANGE, inside)]
    _chart(image, day, top, f"people who came in, per {step_s / 60:g} minutes", begins, counts)
    minutes, lengths = _lengths(day, truth)
    lines = [(name, QUEUE_COLOURS[i % 4], line) for i, (name, line) in enumerate(lengths.items())]
    below = top + CHART_PX + MARGIN
    _chart(image, day, below, "people in line, longest of a minute", minutes, lines)
    return image


def _plan(image: Image, day: Day, scale: float, origin: tuple[int, int]) -> None:
    plan = day.scenario.plan

    def at(x: float, y: float) -> tuple[int, int]:
        return round(origin[0] + x * scale), round(origin[1] + y * scale)

    cv2.rectangle(image, at(0, 0), at(plan.width_m, plan.depth_m), (255, 255, 255), -1)
    for zone in plan.zones:
        cv2.rectangle(image, at(*zone.rect[:2]), at(*zone.rect[2:]), (238, 244, 232), -1)
        cv2.rectangle(image, at(*zone.rect[:2]), at(*zone.rect[2:]), (170, 200, 150), 1)
    for item in plan.fixtures:
        cv2.rectangle(image, at(*item.rect[:2]), at(*item.rect[2:]), SHELF, -1)
        cv2.rectangle(image, at(*item.rect[:2]), at(*item.rect[2:]), GREY, 1)
    cv2.rectangle(image, at(0, 0), at(plan.width_m, plan.depth_m), INK, 3)
    for door in plan.doors:
        wall = 0.0 if door.wall == "north" else plan.depth_m
        cv2.line(image, at(door.from_m, wall), at(door.to_m, wall), PAPER, 7)
        for inside, colour in ((door.outer_m, ORANGE), (door.inner_m, GREEN)):
            y = door.y(plan.depth_m, inside)
            cv2.line(image, at(door.from_m, y), at(door.to_m, y), colour, 1, cv2.LINE_AA)
    for lens in plan.cameras:
        cv2.circle(image, at(*lens.position_m[:2]), 6, BLUE, -1, cv2.LINE_AA)
        there = np.array(lens.look_at_m[:2]) - lens.position_m[:2]
        tip = np.array(lens.position_m[:2]) + there / max(float(np.hypot(*there)), 1e-6)
        cv2.arrowedLine(image, at(*lens.position_m[:2]), at(*tip), BLUE, 2, cv2.LINE_AA)
    for zone in plan.zones:
        x, y = at(*zone.rect[:2])
        _text(image, zone.name, (x + 4, y + 14), 0.4, (90, 130, 70))


def _paths(image: Image, day: Day, scale: float, origin: tuple[int, int]) -> None:
    """Every nth path, each in a colour of its own, from 2.5 positions a second."""
    paths = day.motion.paths
    chosen = np.unique(np.linspace(0, max(len(paths.trip) - 1, 0), PATHS).astype(int))
    layer = image.copy()
    for path in chosen.tolist() if len(paths.trip) else []:
        begin, end = paths.begins_at[path], paths.ends_at[path]
        t = np.arange(max(begin, day.begins_at), min(end, day.ends_at), 0.4)
        if len(t) < 2:
            continue
        points = _points(day, path, t) * scale + np.array(origin)
        staff = day.life.people[int(paths.person[path])].staff
        red, green, blue = colorsys.hsv_to_rgb(path * 0.618 % 1, 0.75, 0.8)
        colour = RED if staff else (int(blue * 255), int(green * 255), int(red * 255))
        cv2.polylines(layer, [points.round().astype(np.int32)], False, colour, 1, cv2.LINE_AA)
    image[:] = cv2.addWeighted(layer, 0.6, image, 0.4, 0)


def _points(day: Day, path: int, t: Array) -> Array:
    """Where the path's knots lead at times `t`, (T, 2) m."""
    paths = day.motion.paths
    mine = slice(int(paths.first[path]), int(paths.first[path + 1]))
    x, y = (np.interp(t, paths.t[mine], paths.knots[mine, axis]) for axis in (0, 1))
    return np.column_stack([x, y])


def _facts(image: Image, day: Day, truth: DayTruth, left: int) -> None:
    entries = truth.entries()
    waits = [wait.left_at - wait.joined_at for wait in truth.queue_episodes]
    gone = sum(wait.outcome == "abandoned" for wait in truth.queue_episodes)
    passing = len({(trip.began_at, trip.group) for trip in truth.trips if trip.purpose == "pass"})
    lines = [
        f"{day.scenario.name}, seed {day.seed}, {day.date}",
        f"{_clock(day, day.begins_at)} to {_clock(day, day.ends_at)} {day.scenario.plan.time_zone}",
        "",
        f"entries of customers   {entries}",
        f"visits                 {len(truth.visits)}",
        f"most customers inside  {max(step.customers for step in truth.occupancy)}",
        f"parties passing by     {passing}",
        f"waits in line          {len(waits)}, {gone} given up",
        f"median wait            {np.median(waits):.0f} s" if waits else "median wait            -",
        f"sales                  {len(truth.transactions)}",
        "",
        *(
            f"{zone.name:<12} {len(stays):4d} visits, median "
            + (f"{np.median([stay.dwell_s for stay in stays]):.0f} s" if stays else "-")
            for zone in day.scenario.plan.zones
            if zone.kind == "zone"
            for stays in [truth.zone_visits(zone.name)]
        ),
    ]
    for number, line in enumerate(lines):
        _text(image, line, (left, 80 + 24 * number), 0.5, INK)


def _view(image: Image, day: Day, left: int, bottom: int) -> None:
    """The fullest view of a camera, beside the plan."""
    shot = fullest(day)
    high, wide = shot.picture.shape[:2]
    size = (WIDTH - MARGIN - left, round((WIDTH - MARGIN - left) * high / wide))
    top = bottom - size[1] - MARGIN // 2
    image[top : top + size[1], left : left + size[0]] = cv2.resize(
        shot.picture, size, interpolation=cv2.INTER_AREA
    )
    _text(image, f"{shot.camera}, {_clock(day, shot.at_s)}", (left, top - 8), 0.45, INK)


def _arrivals(
    day: Day, truth: DayTruth, step_s: float
) -> tuple[list[float], list[float], list[float]]:
    """Steps of time: begin, customers who came in, customers inside at its end."""
    begins = np.arange(day.begins_at, day.ends_at, step_s)
    came = [c.at for c in truth.crossings if c.direction == "in" and not c.staff and c.watched]
    entries, _ = np.histogram(came, [*begins, day.ends_at])
    steps = np.array([step.at for step in truth.occupancy])
    inside = []
    for end in np.minimum(begins + step_s, day.ends_at):
        index = int(np.searchsorted(steps, end, side="right")) - 1
        inside.append(float(truth.occupancy[max(index, 0)].customers))
    return begins.tolist(), entries.astype(float).tolist(), inside


def _lengths(day: Day, truth: DayTruth) -> tuple[list[float], dict[str, list[float]]]:
    """Per minute and queue: the most people who stood in it at once."""
    begins = np.arange(day.begins_at, day.ends_at, 60.0)
    lengths = {}
    for zone in day.scenario.plan.zones:
        if zone.kind != "queue":
            continue
        second = np.zeros(int(day.seconds) + 2)
        for wait in truth.queue_episodes:
            if wait.zone == zone.name:
                second[int(wait.joined_at - day.begins_at)] += 1
                second[int(wait.left_at - day.begins_at) + 1] -= 1
        people = np.cumsum(second)
        lengths[zone.name] = [
            float(people[int(b - day.begins_at) : int(b - day.begins_at) + 60].max())
            for b in begins
        ]
    return begins.tolist(), lengths


def _chart(
    image: Image,
    day: Day,
    top: int,
    title: str,
    begins: Sequence[float],
    series: Sequence[tuple[str, Bgr, Sequence[float]]],
) -> None:
    """Steps over the time of day; axis and unit legend beside them."""
    left, right, bottom = MARGIN, WIDTH - MARGIN, top + CHART_PX
    highest = max([1.0, *(value for *_, values in series for value in values)])
    _text(image, title, (left, top - 8), 0.5, INK)
    for share in (0.0, 0.5, 1.0):
        y = round(bottom - share * (CHART_PX - 20))
        cv2.line(image, (left, y), (right, y), PALE, 1)
        _text(image, f"{highest * share:g}", (left - 40, y + 4), 0.4, GREY)

    def x_of(at_s: float) -> int:
        return round(left + (at_s - day.begins_at) / day.seconds * (right - left))

    for number in range(9):
        at_s = day.begins_at + day.seconds * number / 8
        _text(image, _clock(day, at_s), (x_of(at_s) - 16, bottom + 16), 0.4, GREY)
    for number, (name, colour, values) in enumerate(series):
        points = []
        for begin, end, value in zip(begins, [*begins[1:], day.ends_at], values, strict=True):
            y = round(bottom - value / highest * (CHART_PX - 20))
            points += [(x_of(begin), y), (x_of(end), y)]
        cv2.polylines(image, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)
        _text(image, name, (right - 150 * (len(series) - number), top - 8), 0.45, colour)


def _clock(day: Day, at_s: float) -> str:
    return datetime.fromtimestamp(at_s, day.zone).strftime("%H:%M")


def _text(image: Image, text: str, at: tuple[int, int], size: float, colour: Bgr) -> None:
    cv2.putText(image, text, at, FONT, size, colour, 1, cv2.LINE_AA)
